//! What `config` says beside its text: what became of the file, and how it is put to use.

use super::text::path_word;
use super::words::harmless;
use crate::ops::{Configured, Written};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// `config --json`; the field names are an interface.
#[derive(Serialize)]
pub(super) struct ConfiguredJson<'a> {
    text: &'a str,
    notes: Vec<String>,
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<WrittenJson<'a>>,
}

#[derive(Serialize)]
struct WrittenJson<'a> {
    file: Cow<'a, str>,
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    included_in: Option<Cow<'a, str>>,
    include_added: bool,
    uses: &'a [String],
}

impl<'a> ConfiguredJson<'a> {
    pub(super) fn of(configured: &'a Configured, dry_run: bool) -> Self {
        let written = configured.written.as_ref().map(|written| WrittenJson {
            file: written.file.to_string_lossy(),
            changed: written.is_changed,
            included_in: written.include.as_ref().map(|(path, _)| path.to_string_lossy()),
            include_added: written.include.as_ref().is_some_and(|(_, is_added)| *is_added),
            uses: &written.uses,
        });
        let notes = notes(configured).collect();
        Self { text: &configured.text, notes, dry_run, written }
    }
}

/// What is worth knowing, each a line: files that could not be read first.
pub(super) fn notes(configured: &Configured) -> impl Iterator<Item = String> {
    let problems = configured.problems.iter().map(ToString::to_string);
    problems.chain(configured.notes.iter().cloned())
}

/// What became of the file.
pub(super) fn written(written: &Written, dry_run: bool) -> String {
    let mut out = String::new();
    let verb = |is_changed: bool, done: &str, would: &str| match (is_changed, dry_run) {
        (false, _) => "unchanged:".to_owned(),
        (true, false) => done.to_owned(),
        (true, true) => format!("would {would}"),
    };
    let shown = |path: &Path| path_word(path);
    let _ = writeln!(out, "{} {}", verb(written.is_changed, "wrote", "write"), shown(&written.file));
    if let Some((main, is_added)) = &written.include {
        let lead = verb(*is_added, "added a line to", "add a line to");
        let _ = writeln!(out, "{lead} {}", shown(main));
    }
    for (at, line) in written.uses.iter().enumerate() {
        let lead = if at == 0 { "next:   " } else { "        " };
        // Whole, for it is to be copied.
        let _ = writeln!(out, "{lead}{}", harmless(line));
    }
    out
}
