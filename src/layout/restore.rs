//! Files -> what they hold: the reverse of `fill`.

use crate::fs::FileSet;
use crate::index::{ATTRIBUTES_SUFFIX, INDEX_SUFFIX, Index, wants_unique_subjects};
use crate::keys::StoredKey;
use crate::pem::{self, BlockKind};
use crate::pg::key_file;
use crate::state::{State, StateError};
use crate::x509::{Certificate, RevocationList};
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
    /// Of a directory of CA keys what else was read there: it may be one with servers and clients of its own, whose
    /// files have the names of others.
    pub beside: FileSet,
}

/// Whether the name of a file promises certificates.
fn promises_certificates(name: &str) -> bool {
    name.ends_with(".crt")
}

/// Reads what a directory, and the directory of its CA keys where that is another, hold; beside it the files that
/// could not be read, which are left out.
#[must_use]
pub fn restore(directory: &Found, ca_directory: Option<&Found>) -> (State, Vec<StateError>) {
    let mut state = State {
        path: directory.path.clone(),
        occupied: directory.names.clone(),
        ca_path: ca_directory.map(|found| found.path.clone()).unwrap_or_default(),
        ca_occupied: ca_directory.map(|found| found.names.clone()),
        ..State::default()
    };
    let mut problems = Vec::new();
    // The CA's own directory is read last: where both have a file, its copy counts.
    for found in [Some(directory), ca_directory].into_iter().flatten() {
        for (name, entry) in found.files.iter() {
            if let Err(problem) = take(&mut state, found, name, &entry.contents) {
                problems.push(problem);
            }
        }
    }
    if let Some(found) = ca_directory {
        problems.extend(take_beside(&mut state, found));
    }
    (state, problems)
}

/// Of what lies beside CA keys the CAs count as such, with their keys, and the rest for what they signed alone.
fn take_beside(state: &mut State, found: &Found) -> Vec<StateError> {
    let mut problems = Vec::new();
    for (name, entry) in found.beside.iter() {
        if name.ends_with(".crl") {
            state.lists.extend(lists(&entry.contents));
        } else if !promises_certificates(name) && !name.ends_with(".key") {
            state.others.extend(readable_certificates(&entry.contents));
        }
    }
    for (name, entry) in found.beside.iter().filter(|(name, _)| promises_certificates(name)) {
        let key = name.strip_suffix(".crt").map(key_file).unwrap_or_default();
        let list = read_certificates(&entry.contents, state.shown_pair(true, name));
        match list {
            Ok(list) if list.first().is_some_and(|first| first.ca == Some(true)) => {
                problems.extend(take(state, found, name, &entry.contents).err());
                if let Some(entry) = found.beside.get(&key) {
                    problems.extend(take(state, found, &key, &entry.contents).err());
                }
            }
            Ok(list) => state.others.extend(list),
            // It may be a CA's, and the next one up would sign in its place.
            Err(problem) if found.beside.get(&key).is_some() => problems.push(problem),
            Err(_) => {}
        }
    }
    problems
}

fn take(state: &mut State, found: &Found, name: &str, text: &[u8]) -> Result<(), StateError> {
    let path = State { path: found.path.clone(), ..State::default() }.shown(name);
    if promises_certificates(name) {
        let list = read_certificates(text, path)?;
        let newer = list.first().cloned();
        let Some(copy) = state.certificates.insert(name.to_owned(), list) else { return Ok(()) };
        let (Some(copy), Some(newer)) = (copy.into_iter().next(), newer) else { return Ok(()) };
        if copy.der == newer.der {
            return Ok(());
        }
        // A CA that was renewed from elsewhere keeps its name and its key.
        if copy.subject == newer.subject && copy.public_key == newer.public_key {
            state.stale.push(copy);
            return Ok(());
        }
        return Err(StateError::OtherCa { path: state.shown(name), ca_path: state.shown_pair(true, name) });
    } else if name.ends_with(".key") {
        let key = StoredKey::from_pem(text).map_err(|source| StateError::Key { path, source })?;
        state.keys.insert(name.to_owned(), key);
    } else if let Some(stem) = name.strip_suffix(INDEX_SUFFIX) {
        let index = Index::parse(text).map_err(|source| StateError::Index { path, source })?;
        state.indexes.insert(stem.to_owned(), index);
    } else if let Some(stem) = name.strip_suffix(ATTRIBUTES_SUFFIX) {
        if wants_unique_subjects(text) {
            state.unique_subjects.insert(stem.to_owned());
        }
    } else if name.ends_with(".crl") {
        state.lists.extend(lists(text));
    } else {
        // A bundle may have any name; a name that promises nothing is no problem where something else is inside.
        let list = readable_certificates(text);
        let is_secret = pem::scan(text).blocks.iter().any(|block| block.kind.is_private_key());
        if is_secret || pem::looks_like_der(text) {
            state.others.extend(list);
        } else if !list.is_empty() {
            state.certificates.insert(name.to_owned(), list);
        }
    }
    Ok(())
}

/// The certificates of a file that need hold none, as PEM or DER.
fn readable_certificates(text: &[u8]) -> Vec<Certificate> {
    match Certificate::from_der(text) {
        Ok(certificate) => vec![certificate],
        Err(_) => read_certificates(text, String::new()).unwrap_or_default(),
    }
}

/// The revocation lists of a file, as PEM or DER.
fn lists(text: &[u8]) -> Vec<RevocationList> {
    let scanned = pem::scan(text);
    let blocks = scanned.blocks.iter().filter(|block| block.kind == BlockKind::RevocationList);
    let in_pem = blocks.map(|block| block.der.as_slice());
    let in_der = Some(text).filter(|text| pem::looks_like_der(text));
    in_pem.chain(in_der).filter_map(|der| RevocationList::from_der(der).ok()).collect()
}

/// The certificates of a file that is to hold some, as PEM; `path` is what messages call it.
///
/// # Errors
/// [`StateError`] for what is no PEM, damaged, or without a certificate.
pub fn read_certificates(text: &[u8], path: String) -> Result<Vec<Certificate>, StateError> {
    if pem::holds_trusted_certificate(text) {
        return Err(StateError::Trusted { path });
    }
    if Certificate::from_der(text).is_ok() {
        return Err(StateError::Der { path });
    }
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
