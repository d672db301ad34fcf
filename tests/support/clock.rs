//! Runs the command line inside the test: at any instant, on a terminal of any width.

use std::ffi::OsString;
use std::path::Path;

use super::text;
use pgtls::cli::{Process, run as command_line};
use pgtls::keys::SystemKeys;
use time::OffsetDateTime;

/// The path of a fixture.
pub(crate) fn fixture(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path).to_str().unwrap().to_owned()
}

/// 2026-12-01, when the fixtures are valid.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_796_083_200).unwrap()
}

/// Runs the command line at that instant, on a terminal of that width where one is given.
pub(crate) fn at(
    now: OffsetDateTime,
    terminal: Option<usize>,
    set: &[(&str, &str)],
    words: &[&str],
) -> (u8, String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let code = command_line(Process {
        arguments: std::iter::once("pgtls").chain(words.iter().copied()).map(OsString::from).collect(),
        variable: &|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()),
        now,
        keys: &SystemKeys,
        stdin: &mut std::io::empty(),
        terminal,
        stderr_is_terminal: false,
        stdout: &mut stdout,
        stderr: &mut stderr,
    });
    (code, text(&stdout), text(&stderr))
}
