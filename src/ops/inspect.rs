//! `inspect`: what a directory holds, as a tree.

use crate::error::{Error, RequestError};
use crate::fs::{Directory, FileSet, FsError};
use crate::layout::{self, Found, Tree};
use crate::state::StateError;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a directory holds.
#[derive(Debug)]
pub struct Inspection {
    /// The directory, as asked for.
    pub directory: PathBuf,
    /// Who signed whom.
    pub tree: Tree,
    /// Files that could not be read, and files whose names promise what they do not hold.
    pub problems: Vec<Error>,
}

/// Reads the certificates of a directory; of keys it asks only whether they are there, so that whoever may not read
/// them, or has no passphrase, can look too. Writes nothing, takes no lock. Without a path it is `pki`, or the current directory where there
/// is no `pki`.
///
/// # Errors
/// [`RequestError::NoDirectory`], [`RequestError::NothingThere`], or the disk's own.
pub fn inspect(path: Option<&Path>) -> Result<Inspection, Error> {
    let (path, directory) = directory_or_default(path)?;
    let shown = || path.display().to_string();
    let names: BTreeSet<String> = directory.names()?.into_keys().collect();
    let wanted: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| layout::promises_certificates(name)).collect();
    let mut problems = Vec::new();
    let files = read(&directory, &wanted, &mut problems)?;
    let (state, more) = layout::restore(&Found { path: shown(), names, files }, None);
    problems.extend(more.into_iter().map(Error::from));
    let tree = Tree::of_state(&state);
    if tree.roots.is_empty() && problems.is_empty() {
        return Err(RequestError::NothingThere { path: shown() }.into());
    }
    Ok(Inspection { directory: path.to_owned(), tree, problems })
}

/// Opens a directory to look at: without a path `pki`, or the current one where there is no `pki`.
pub(super) fn directory_or_default(path: Option<&Path>) -> Result<(&Path, Directory), Error> {
    let (path, directory) = match path {
        Some(path) => (path, Directory::open(path)?),
        None => match Directory::open("pki")? {
            Some(directory) => (Path::new("pki"), Some(directory)),
            None => (Path::new("."), Directory::open(".")?),
        },
    };
    let directory =
        directory.ok_or_else(|| RequestError::NoDirectory { path: path.display().to_string() })?;
    Ok((path, directory))
}

/// Reads those files; one that cannot be read becomes a problem. They are read at once, as one state of the directory;
/// where that fails, each half is read alone, until the file at fault is.
pub(super) fn read(
    directory: &Directory,
    names: &[&str],
    problems: &mut Vec<Error>,
) -> Result<FileSet, Error> {
    let mut files = match directory.read(|name| names.binary_search(&name).is_ok()) {
        Ok(files) => {
            let absent = names.iter().filter(|name| files.get(name).is_none());
            let path = |name: &&str| directory.path().join(name).display().to_string();
            problems.extend(absent.map(|name| StateError::NoFile { path: path(name) }.into()));
            return Ok(files);
        }
        Err(error @ (FsError::Changing { .. } | FsError::Unfinished { .. })) => return Err(error.into()),
        Err(error) => match names {
            [] => return Err(error.into()),
            [_] => {
                problems.push(error.into());
                return Ok(FileSet::default());
            }
            [_, _, ..] => FileSet::default(),
        },
    };
    let (first, second) = names.split_at(names.len() / 2);
    for half in [first, second] {
        files.extend(read(directory, half, problems)?);
    }
    Ok(files)
}
