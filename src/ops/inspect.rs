//! `inspect`: what a directory holds, as a tree.

use crate::error::{Error, RequestError};
use crate::fs::Directory;
use crate::layout::{self, Found, Tree};
use crate::state::StateError;
use std::path::{Path, PathBuf};

/// What a directory holds.
#[derive(Debug)]
pub struct Inspection {
    /// The directory, as asked for.
    pub directory: PathBuf,
    /// Who signed whom.
    pub tree: Tree,
    /// Files whose names promise what they do not hold.
    pub problems: Vec<StateError>,
}

/// Reads a directory; writes nothing, takes no lock. Without a path it is `pki`, or the current directory where there
/// is no `pki`.
///
/// # Errors
/// [`RequestError::NoDirectory`], [`RequestError::NothingThere`], or the disk's own.
pub fn inspect(path: Option<&Path>) -> Result<Inspection, Error> {
    let (path, directory) = match path {
        Some(path) => (path, Directory::open(path)?),
        None => match Directory::open("pki")? {
            Some(directory) => (Path::new("pki"), Some(directory)),
            None => (Path::new("."), Directory::open(".")?),
        },
    };
    let shown = || path.display().to_string();
    let directory = directory.ok_or_else(|| RequestError::NoDirectory { path: shown() })?;
    let found = Found {
        path: shown(),
        names: directory.names()?.into_keys().collect(),
        files: directory.read(layout::wanted)?,
    };
    let (state, problems) = layout::restore(&found, None);
    let tree = Tree::of_state(&state);
    if tree.roots.is_empty() && problems.is_empty() {
        return Err(RequestError::NothingThere { path: shown() }.into());
    }
    Ok(Inspection { directory: path.to_owned(), tree, problems })
}
