//! A file of its own that may hold a key: born 0600, whole or not at all, and never in the place of another.

use crate::error::{Error, RequestError};
use crate::fs::{Contents, Directory, DirectoryAttributes, FileEntry, FileSet, Mode, Target};
use crate::layout::export::ExportError;
use std::path::Path;

/// Writes it; with `dry_run` only looks whether it could.
pub(super) fn write_new(path: &Path, contents: Contents, dry_run: bool) -> Result<(), Error> {
    let missing = |path: &Path| RequestError::NoSuchFile { path: path.display().to_string() };
    // What ends with a slash is a directory, and would silently be a file.
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(missing(path).into());
    }
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| missing(path))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = Directory::open(parent)?.ok_or_else(|| missing(parent))?;
    let refuse = |is_there: bool| match is_there {
        true => Err(ExportError::Exists { first: path.display().to_string(), more: 0 }),
        false => Ok(()),
    };
    if dry_run {
        return Ok(refuse(directory.names()?.contains_key(name))?);
    }
    let target = Target::lock(parent)?;
    refuse(target.names()?.contains_key(name))?;
    let mut files = FileSet::default();
    files.insert(name, FileEntry { contents, mode: Mode::SECRET, owner: None });
    target.stage(&files, DirectoryAttributes { mode: Mode::DIRECTORY, gid: None })?.commit()?;
    Ok(())
}
