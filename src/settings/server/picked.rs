//! Picks the line that counts for a parameter, and reads its value as one of PostgreSQL's types (config-setting,
//! "Parameter Names and Values").

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::NamedPath;
use crate::settings::error::SettingsError;
use crate::settings::include::hang;
use crate::settings::setting::{Assignment, Origin, Setting, shown};

/// All lines that set something, in the order in which they count.
pub(super) struct Picked<'a> {
    pub(super) assignments: &'a [Assignment],
}

impl<'a> Picked<'a> {
    /// The last line for one of `names`, which are names of one parameter.
    pub(super) fn last(&self, names: &[&str]) -> Setting<Option<&'a Assignment>> {
        let named = |line: &&Assignment| names.iter().any(|name| line.name.eq_ignore_ascii_case(name));
        let mut lines: Vec<&Assignment> = self.assignments.iter().filter(named).collect();
        let last = lines.pop();
        let origin = last.map_or(Origin::Default, |line| Origin::File(line.place.clone()));
        Setting { value: last, origin, overridden: lines.into_iter().cloned().collect() }
    }

    pub(super) fn text(&self, names: &[&str], default: &str) -> Setting<OsString> {
        self.last(names).map(|line| line.map_or_else(|| default.into(), |line| line.value.clone()))
    }

    /// A file within the data directory, or anywhere.
    pub(super) fn path(&self, name: &str, default: &str, data: &Path) -> Setting<Option<NamedPath>> {
        self.text(&[name], default).map(|written| {
            let path = hang(data, Path::new(&written));
            (!written.is_empty()).then_some(NamedPath { written, path, guessed: false })
        })
    }

    /// A boolean that is off unless it is switched on.
    pub(super) fn switch(&self, name: &'static str) -> Result<Setting<bool>, SettingsError> {
        self.read(
            name,
            false,
            boolean,
            "on, off, true, false, yes, no, 1, 0 or an unambiguous beginning of one",
        )
    }

    /// The value as `read` takes it; `expected` is what to say where it does not.
    pub(super) fn read<T>(
        &self,
        name: &'static str,
        default: T,
        read: impl Fn(&[u8]) -> Option<T>,
        expected: &'static str,
    ) -> Result<Setting<T>, SettingsError> {
        let Setting { value, origin, overridden } = self.last(&[name]);
        let value = match value {
            None => default,
            Some(line) => read(line.value.as_bytes()).ok_or_else(|| SettingsError::Value {
                place: line.place.clone(),
                name,
                found: shown(line.value.as_bytes()),
                expected,
            })?,
        };
        Ok(Setting { value, origin, overridden })
    }
}

/// As `parse_bool` (bool.c): any unambiguous beginning, in any case.
fn boolean(value: &[u8]) -> Option<bool> {
    let begins = |word: &str, at_least: usize| {
        let beginning = word.as_bytes().get(..value.len());
        value.len() >= at_least && beginning.is_some_and(|begin| begin.eq_ignore_ascii_case(value))
    };
    let any = |words: [(&str, usize); 4]| words.iter().any(|(word, at_least)| begins(word, *at_least));
    // Of "o" alone nobody knows which it is.
    if any([("true", 1), ("yes", 1), ("on", 2), ("1", 1)]) {
        Some(true)
    } else if any([("false", 1), ("no", 1), ("off", 2), ("0", 1)]) {
        Some(false)
    } else {
        None
    }
}
