//! A directory for `ssl_crl_dir`: lists under the names by which OpenSSL looks for them.

use super::generate::Generated;
use super::issue::CaRequest;
use crate::error::{Error, RequestError};
use crate::fs::{Contents, Directory, DirectoryAttributes, FileEntry, FileSet, Mode, Target, same_directory};
use crate::layout::{HashedList, hash_names, is_hash_name, part_lists};
use crate::pg::LISTS_FILE;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Lists are no secret, and the server that reads them is somebody else.
const OPEN: DirectoryAttributes = DirectoryAttributes { mode: Mode::from_bits(0o755), gid: None };

/// What went into such a directory, or would.
#[derive(Debug)]
pub struct Hashed {
    /// The directory.
    pub directory: PathBuf,
    /// The same from the root of the file system: a server begins in a directory of its own.
    pub absolute: PathBuf,
    /// Every list of the directory of certificates, under its name.
    pub lists: Vec<HashedList>,
    /// The names of those that are new, or not what was there.
    pub written: Vec<String>,
}

/// Refuses a directory that is one of the others: one lock is held on each.
pub(super) fn refuse(path: &Path, under: &CaRequest) -> Result<(), RequestError> {
    let others = std::iter::once(&under.directory).chain(&under.ca_directory);
    match others.into_iter().find(|other| same_directory(path, other)) {
        Some(_) => Err(RequestError::HashDirectory { path: path.display().to_string() }),
        None => Ok(()),
    }
}

/// Puts the lists of a directory, which are made by now, there.
pub(super) fn put(path: &Path, made: &Generated, dry_run: bool) -> Result<Hashed, Error> {
    if dry_run {
        let (occupied, found) = match Directory::open(path)? {
            Some(directory) => (directory.names()?.into_keys().collect(), directory.read(is_hash_name)?),
            None => (BTreeSet::new(), FileSet::default()),
        };
        let lists = hash_names(&made.plan, &occupied, &found);
        let written = lists.iter().map(|list| list.file.clone()).collect();
        return Ok(hashed(path, lists, written));
    }
    let texts = texts(made)?;
    let target = Target::lock(path)?;
    let found = target.read(is_hash_name)?;
    let lists = hash_names(&made.plan, &target.names()?.into_keys().collect(), &found);
    let mut files = FileSet::default();
    for list in &lists {
        let Some(text) = texts.get(&list.of) else { continue };
        let is_there = found.get(&list.file).is_some_and(|entry| *entry.contents == *text.as_bytes());
        if !is_there {
            let contents = Contents::public(text.as_str());
            files.insert(list.file.clone(), FileEntry { contents, mode: Mode::PUBLIC, owner: None });
        }
    }
    let written = files.names().map(ToOwned::to_owned).collect();
    if !files.is_empty() {
        target.stage(&files, OPEN)?.commit()?;
    }
    Ok(hashed(path, lists, written))
}

fn hashed(path: &Path, lists: Vec<HashedList>, written: Vec<String>) -> Hashed {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Hashed { directory: path.to_path_buf(), absolute, lists, written }
}

/// The lists one by one, by whose they are.
fn texts(made: &Generated) -> Result<BTreeMap<String, String>, Error> {
    let Some(directory) = Directory::open(&made.directory)? else { return Ok(BTreeMap::new()) };
    let files = directory.read(|name| name == LISTS_FILE)?;
    let text = files.get(LISTS_FILE).map(|entry| &entry.contents);
    Ok(text.map(|text| part_lists(&made.plan, text)).unwrap_or_default())
}
