//! Files -> what they hold: the reverse of `fill`.

use crate::fs::FileSet;
use crate::keys::StoredKey;
use crate::pem::{self, BlockKind};
use crate::state::{State, StateError};
use crate::x509::Certificate;
use std::collections::BTreeSet;

/// A directory as it was read.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// As the user named it.
    pub path: String,
    /// Every name in it.
    pub names: BTreeSet<String>,
    /// The files that were read.
    pub files: FileSet,
}

/// Whether a file of that name is one that [`restore`] reads.
#[must_use]
pub fn wanted(name: &str) -> bool {
    name.ends_with(".crt") || name.ends_with(".key")
}

/// Reads what a directory, and the directory of its CA keys where that is another, hold.
///
/// # Errors
/// [`StateError`] where a `*.crt` or `*.key` is none.
pub fn restore(directory: &Found, ca_directory: Option<&Found>) -> Result<State, StateError> {
    let mut state = State {
        path: directory.path.clone(),
        occupied: directory.names.clone(),
        ca_path: ca_directory.map(|found| found.path.clone()).unwrap_or_default(),
        ca_occupied: ca_directory.map(|found| found.names.clone()),
        ..State::default()
    };
    take(&mut state, directory)?;
    // The CA's own directory is read last: where both have a file, its copy counts.
    ca_directory.map_or(Ok(()), |found| take(&mut state, found))?;
    Ok(state)
}

fn take(state: &mut State, found: &Found) -> Result<(), StateError> {
    for (name, entry) in found.files.iter() {
        let here = State { path: found.path.clone(), ..State::default() };
        let path = here.shown(name);
        if name.ends_with(".crt") {
            state.certificates.insert(name.to_owned(), certificates(&entry.contents, path)?);
        } else if name.ends_with(".key") {
            let key = StoredKey::from_pem(&entry.contents).map_err(|source| StateError::Key { path, source })?;
            state.keys.insert(name.to_owned(), key);
        }
    }
    Ok(())
}

fn certificates(text: &[u8], path: String) -> Result<Vec<Certificate>, StateError> {
    let blocks = match pem::decode(text) {
        Ok(blocks) => blocks,
        Err(source) => return Err(StateError::Pem { path, source }),
    };
    let certificates = blocks.iter().filter(|block| block.kind == BlockKind::Certificate);
    let parsed = certificates.map(|block| Certificate::from_der(&block.der)).collect::<Result<Vec<_>, _>>();
    match parsed {
        Err(source) => Err(StateError::Certificate { path, source }),
        Ok(list) if list.is_empty() => Err(StateError::Empty { path }),
        Ok(list) => Ok(list),
    }
}
