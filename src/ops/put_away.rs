//! The folder of a directory for what is put away: which names are in it, and whether more may go there.

use crate::error::Error;
use crate::fs::{Directory, EntryKind, FileSet, FsError};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

/// The names as they are in the folder: `revoked/NAME` is `NAME`. Of one that may not be looked into none is known: whoever
/// puts something there is refused then, and nobody else needs them.
pub(super) fn names(
    listed: Result<BTreeMap<String, EntryKind>, FsError>,
) -> Result<BTreeSet<String>, FsError> {
    let listed = match listed {
        Err(FsError::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => BTreeMap::new(),
        listed => listed?,
    };
    let inside = |name: String| name.rsplit_once('/').map_or(name.clone(), |(_, inside)| inside.to_owned());
    Ok(listed.into_keys().map(inside).collect())
}

/// The names in the folder of the directory of a path; none where there is no such directory.
pub(super) fn names_at(path: &Path) -> Result<BTreeSet<String>, FsError> {
    Directory::open(path)?.map_or(Ok(BTreeSet::new()), |directory| names(directory.revoked_names(|_| true)))
}

/// Refuses moves as the change itself would, of files as they were read: the new name of each, and the one that goes.
pub(super) fn refuse(
    path: &Path,
    moved: &BTreeMap<String, String>,
    removed: &BTreeSet<String>,
    read: &[&FileSet],
) -> Result<(), Error> {
    let entry = |from: &str| read.iter().find_map(|files| files.get(from));
    let files: FileSet =
        moved.iter().filter_map(|(name, from)| Some((name.clone(), entry(from)?.clone()))).collect();
    match Directory::open(path)?.filter(|_| !files.is_empty()) {
        Some(directory) => Ok(directory.refuse_change(&files, removed)?),
        None => Ok(()),
    }
}
