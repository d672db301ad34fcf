//! Which file an include means: the rules that `postgresql.conf` and `pg_hba.conf` share (conffiles.c).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use super::error::SettingsError;
use super::files::Files;
use super::setting::{Place, shown};

/// How deep includes nest below the first file (`CONF_FILE_MAX_DEPTH`).
pub(super) const MAX_DEPTH: usize = 10;

/// How many files one reading takes in; PostgreSQL has no such bound, but files that include each other ten deep and
/// many times over would keep it busy for ever.
const MAX_FILES: usize = 10_000;

/// Reads files and remembers which, in the order in which they were begun.
pub(super) struct Reader<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) read: Vec<PathBuf>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self { files, read: Vec::new() }
    }

    /// The contents of `path`, if it exists; `wanted_by` is the line that includes it.
    pub(super) fn read(
        &mut self,
        path: &Path,
        wanted_by: Option<&Place>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, SettingsError> {
        if self.read.len() >= MAX_FILES {
            return Err(SettingsError::TooManyFiles { path: path.to_owned(), limit: MAX_FILES });
        }
        let contents = self.files.read(path).map_err(|source| SettingsError::Unreadable {
            path: path.to_owned(),
            included_by: wanted_by.cloned(),
            source,
        })?;
        if contents.is_some() {
            self.read.push(path.to_owned());
        }
        Ok(contents)
    }

    /// The files of an included directory that count, in the order in which they are read: names that end in `.conf`,
    /// have something before that and no dot in front, in the order of their bytes.
    pub(super) fn conf_files(&self, directory: &Path, place: &Place) -> Result<Vec<PathBuf>, SettingsError> {
        let names = self.files.names(directory).map_err(|source| SettingsError::Unreadable {
            path: directory.to_owned(),
            included_by: Some(place.clone()),
            source,
        })?;
        let Some(mut names) = names else {
            return Err(SettingsError::Missing {
                path: directory.to_owned(),
                included_by: Some(place.clone()),
            });
        };
        names.retain(|name| {
            let name = name.as_bytes();
            name.len() > ".conf".len() && !name.starts_with(b".") && name.ends_with(b".conf")
        });
        names.sort();
        Ok(names.iter().map(|name| directory.join(name)).collect())
    }
}

/// The path that an include of `place` names: a relative one hangs from the directory of the including file.
///
/// # Errors
/// [`SettingsError::BlankInclude`] where there is nothing but blanks, which would mean the directory itself.
pub(super) fn target(name: &[u8], place: &Place) -> Result<PathBuf, SettingsError> {
    if name.iter().all(|byte| b" \t\r\n".contains(byte)) {
        return Err(SettingsError::BlankInclude { place: place.clone(), found: shown(name) });
    }
    let name = Path::new(OsStr::from_bytes(name));
    if name.is_absolute() {
        return Ok(name.to_owned());
    }
    Ok(hang(place.file.parent().unwrap_or(Path::new("")), name))
}

/// `path` as seen from `base`; `.` and `..` are taken out of the text, as PostgreSQL takes them, and no link is asked.
pub(super) fn hang(base: &Path, path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in base.join(path).components() {
        match (part, out.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                out.pop();
            }
            (part, _) => out.push(part),
        }
    }
    if out.as_os_str().is_empty() { PathBuf::from(".") } else { out }
}
