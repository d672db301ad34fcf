//! What a change reads of a directory, and what it lets go of again.

use crate::fs::{Contents, EntryKind, FileSet, FsError};
use crate::index::INDEX_SUFFIX;
use crate::layout::Found;
use crate::pem;
use crate::pg::LIST_SUFFIX;
use crate::plan::Plan;
use crate::state::{StateError, shown_in};
use std::collections::BTreeMap;
use std::path::Path;

/// What gets another name is copied.
pub(super) fn refuse_closed(moved: &BTreeMap<String, String>, found: &Found) -> Result<(), StateError> {
    match moved.values().find(|from| found.closed.contains(*from)) {
        Some(from) => Err(StateError::Closed { path: shown_in(&found.path, from) }),
        None => Ok(()),
    }
}

/// The key files among the names of a directory.
pub(super) fn keys(names: &BTreeMap<String, EntryKind>) -> impl Iterator<Item = &str> {
    let files = names.iter().filter(|(_, kind)| **kind == EntryKind::File);
    files.map(|(name, _)| name.as_str()).filter(|name| name.ends_with(".key"))
}

/// A look follows links where a writer refuses them.
pub(super) fn refuse_links(
    path: &Path,
    names: &BTreeMap<String, EntryKind>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<(), FsError> {
    match names.iter().find(|(name, kind)| **kind == EntryKind::Symlink && wanted(name)) {
        Some((name, _)) => Err(FsError::Symlink { path: path.join(name) }),
        None => Ok(()),
    }
}

pub(super) fn found(path: &Path, names: BTreeMap<String, EntryKind>, files: FileSet) -> Found {
    let (path, names) = (path.display().to_string(), names.into_keys().collect());
    Found { path, names, files, ..Found::default() }
}

/// The directory of CA keys, with what is not the CA's own and was only read beside it apart.
pub(super) fn parted(found: Found, is_of_ca: impl Fn(&str) -> bool) -> Found {
    let (files, beside): (Vec<_>, Vec<_>) = found.files.into_iter().partition(|(name, _)| is_of_ca(name));
    Found { files: files.into_iter().collect(), beside: beside.into_iter().collect(), ..found }
}

/// Lets go of the texts of indexes and lists, which may be long and have been read.
pub(super) fn forget_bulk(found: &mut Found, plan: &Plan) {
    let is_bulk = |name: &&str| name.ends_with(INDEX_SUFFIX) || name.ends_with(LIST_SUFFIX);
    let moved = || plan.moved_files.values().chain(plan.moved_ca_files.values());
    let is_moved = |name: &&str| moved().any(|from| from == name);
    let names = found.files.names().filter(|name| is_bulk(name) && !is_moved(name));
    for name in names.map(ToOwned::to_owned).collect::<Vec<_>>() {
        let text = found.files.remove(&name).map(|entry| entry.contents);
        // To wipe it takes as long as to read it. An index was read to its end, and every line of it is one.
        let is_index = name.ends_with(INDEX_SUFFIX);
        let is_text =
            |text: &Contents| is_index || (!pem::looks_like_der(text) && !pem::names_private_key(text));
        drop(text.filter(is_text).map(Contents::known_public));
    }
}
