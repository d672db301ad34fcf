//! Where an export goes: a directory, an archive, or back to whoever called. Nothing that exists is replaced.

use super::{Destination, ExportRequest};
use crate::error::Error;
use crate::fs::{Directory, DirectoryAttributes, FileEntry, FileSet, FsError, Mode, Owner, Target, tarball};
use crate::layout::Arrangement;
use crate::layout::export::ExportError;
use crate::ops::single_file::write_new;
use std::path::Path;
use time::OffsetDateTime;

/// How often to start over where another run made the directory meanwhile.
const ATTEMPTS: u32 = 5;

/// What became of it.
pub(super) struct Written {
    /// Whether a directory was made.
    pub(super) created: bool,
    /// The archive, where it is to be handed back.
    pub(super) archive: Option<FileEntry>,
}

/// Writes.
pub(super) fn write(
    request: &ExportRequest,
    files: &FileSet,
    owner: Option<Owner>,
    now: OffsetDateTime,
) -> Result<Written, Error> {
    let archive = || match tarball(files, now.unix_timestamp()) {
        Some(contents) => Ok(FileEntry { contents: contents.into(), mode: Mode::SECRET, owner: None }),
        None => {
            let longest = files.names().max_by_key(|name| name.len()).unwrap_or_default();
            Err(FsError::BadName { name: longest.to_owned() })
        }
    };
    match &request.destination {
        Destination::Stream => Ok(Written { created: false, archive: Some(archive()?) }),
        Destination::Directory(path) => {
            let (mode, gid) = Arrangement { owner, ..Arrangement::default() }.directory();
            let created = put(path, files, DirectoryAttributes { mode, gid }, request.dry_run)?;
            Ok(Written { created, archive: None })
        }
        Destination::Archive(path) => {
            write_new(path, archive()?.contents, request.dry_run)?;
            Ok(Written { created: false, archive: None })
        }
    }
}

/// Puts files into a directory in which none of them may exist; whether it was made.
fn put(path: &Path, files: &FileSet, attributes: DirectoryAttributes, dry_run: bool) -> Result<bool, Error> {
    let refuse = |names: &mut dyn Iterator<Item = String>| -> Result<(), ExportError> {
        let mut taken = names.filter(|name| files.get(name).is_some());
        let Some(first) = taken.next() else { return Ok(()) };
        let first = path.join(first).display().to_string();
        let first = first.strip_prefix("./").map(str::to_owned).unwrap_or(first);
        Err(ExportError::Exists { first, more: taken.count() })
    };
    if dry_run {
        let directory = Directory::open(path)?;
        if let Some(directory) = &directory {
            refuse(&mut directory.names()?.into_keys())?;
        }
        return Ok(directory.is_none());
    }
    let mut attempt = 1;
    loop {
        let target = Target::lock(path)?;
        refuse(&mut target.names()?.into_keys())?;
        match target.stage(files, attributes)?.commit() {
            Err(FsError::Appeared { .. }) if attempt < ATTEMPTS => attempt += 1,
            other => return Ok(other?.created),
        }
    }
}
