//! Files -> what they hold: the reverse of `fill`.

use super::read_lists::{ReadLists, lists, read_lists};
use crate::fs::FileSet;
use crate::index::{ATTRIBUTES_SUFFIX, INDEX_SUFFIX, Index, OPENSSL_INDEX_FILE, wants_unique_subjects};
use crate::keys::StoredKey;
use crate::pem::{self, BlockKind};
use crate::pg::{LIST_SUFFIX, key_file};
use crate::plan;
use crate::state::{DamagedLists, State, StateError, UnusableKey, shown_in};
use crate::x509::Certificate;
use std::collections::BTreeSet;
use std::path::Path;

/// A directory as it was read.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// As the user named it.
    pub path: String,
    /// Every name in it.
    pub names: BTreeSet<String>,
    /// The files that were read.
    pub files: FileSet,
    /// Every name in its folder of revoked pairs, where somebody asks for it.
    pub revoked: BTreeSet<String>,
    /// Of a directory of CA keys what else was read there: it may be one with servers and clients of its own, whose
    /// files have the names of others.
    pub beside: FileSet,
    /// Whether only CAs are asked for: the keys of certificates that say that they are none are passed over, for to open
    /// each takes longer than many a verb's own work.
    pub cas_alone: bool,
    /// The names of the key files that the caller may not read, and that are not among `files`.
    pub closed: BTreeSet<String>,
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
        revoked: ca_directory
            .iter()
            .flat_map(|found| &found.revoked)
            .chain(&directory.revoked)
            .cloned()
            .collect(),
        ca_path: ca_directory.map(|found| found.path.clone()).unwrap_or_default(),
        ca_occupied: ca_directory.map(|found| found.names.clone()),
        ..State::default()
    };
    let mut problems = Vec::new();
    // The CA's own directory is read last: where both have a file, its copy counts.
    for found in [Some(directory), ca_directory].into_iter().flatten() {
        // The file of all lists is the longest of them, and is told from the others.
        let mut files: Vec<_> = found.files.iter().collect();
        files.sort_by_key(|(name, entry)| name.ends_with(LIST_SUFFIX).then_some(entry.contents.len()));
        // A certificate comes before its key, and says whose that is.
        for (name, entry) in files {
            if let Err(problem) = take(&mut state, found, name, &entry.contents) {
                problems.push(problem);
            }
        }
        problems.extend(take_closed(&mut state, found));
    }
    if let Some(found) = ca_directory {
        problems.extend(take_beside(&mut state, found));
    }
    for problem in &mut problems {
        if let StateError::OtherCa { path, follow, .. } = problem {
            let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            *follow = plan::following_command(stem, &state);
        }
    }
    (state, problems)
}

/// The keys that may not be read, but for those that nobody asks for.
fn take_closed(state: &mut State, found: &Found) -> Vec<StateError> {
    let is_passed_over = |name: &&String| found.cas_alone && is_of_a_leaf(state, name);
    let asked_for: Vec<String> = found.closed.iter().filter(|name| !is_passed_over(name)).cloned().collect();
    let problems = asked_for.into_iter().map(|name| {
        let closed = StateError::Closed { path: shown_in(&found.path, &name) };
        state.unusable_keys.insert(name, UnusableKey::new(&closed));
        closed
    });
    problems.collect()
}

/// Whether a key is that of a certificate that says that it is no CA's.
fn is_of_a_leaf(state: &State, key: &str) -> bool {
    let stem = key.strip_suffix(".key").unwrap_or_default();
    state.certificate(stem).is_some_and(|of| of.ca == Some(false))
}

/// Of what lies beside CA keys the CAs count as such, with their keys, and the rest for what they signed alone.
fn take_beside(state: &mut State, found: &Found) -> Vec<StateError> {
    let mut problems = Vec::new();
    for (name, entry) in found.beside.iter() {
        if name.ends_with(LIST_SUFFIX) {
            let places = add_lists(state, found, name, &entry.contents);
            state.ca_list_files.insert(name.to_owned(), places);
        } else if !promises_certificates(name) && !name.ends_with(".key") {
            state.others.extend(readable_certificates(&entry.contents));
            state.add_lists(lists(&entry.contents));
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
        // A CA that was renewed from elsewhere keeps its name and its key; of one that is being rotated a copy may lag.
        let is_same = copy.subject == newer.subject && copy.public_key == newer.public_key;
        state.stale.push(copy);
        if is_same {
            return Ok(());
        }
        let (path, ca_path) = (state.shown(name), state.shown_pair(true, name));
        return Err(StateError::OtherCa { path, ca_path, follow: None });
    } else if name.ends_with(".key") {
        if found.cas_alone && is_of_a_leaf(state, name) {
            return Ok(());
        }
        let key = StoredKey::from_pem(text).map_err(|source| {
            state.unusable_keys.insert(name.to_owned(), UnusableKey::new(&source));
            StateError::Key { path, source }
        })?;
        state.unusable_keys.remove(name);
        state.keys.insert(name.to_owned(), key);
    } else if let Some(stem) = name.strip_suffix(INDEX_SUFFIX) {
        let index = Index::parse(text).map_err(|source| StateError::Index { path, source })?;
        state.indexes.insert(stem.to_owned(), index);
    } else if name == OPENSSL_INDEX_FILE {
        // What is no index is somebody's own business.
        state.nameless_index = Index::parse(text).ok().map(|index| (path, index));
    } else if let Some(stem) = name.strip_suffix(ATTRIBUTES_SUFFIX) {
        if wants_unique_subjects(text) {
            state.unique_subjects.insert(stem.to_owned());
        }
    } else if name.ends_with(LIST_SUFFIX) {
        take_lists(state, found, name, text);
    } else {
        // A bundle may have any name; a name that promises nothing is no problem where something else is inside.
        let list = readable_certificates(text);
        // As the judge has it; nobody writes into such a file.
        state.add_lists(lists(text));
        let is_secret = pem::scan(text).blocks.iter().any(|block| block.kind.is_private_key());
        if is_secret || pem::looks_like_der(text) {
            let before = state.others.len();
            state.others.extend(list);
            state.other_files.insert(name.to_owned(), before..state.others.len());
        } else if !list.is_empty() {
            state.certificates.insert(name.to_owned(), list);
        }
    }
    Ok(())
}

/// The lists of a file of the directory. Those of one with very many entries stand in two files, their CA's and the one of
/// all CAs, and are read once.
fn take_lists(state: &mut State, found: &Found, name: &str, text: &[u8]) {
    let others = state.list_files.iter().filter_map(|(other, places)| {
        let text = found.files.get(other).map(|entry| entry.contents.as_slice())?;
        (!text.is_empty() && text.ends_with(b"\n")).then_some((text, places))
    });
    let places = joined(text, &others.collect::<Vec<_>>());
    let places = places.unwrap_or_else(|| add_lists(state, found, name, text));
    state.list_files.insert(name.to_owned(), places);
}

/// Takes what can be read in a file of lists, and notes where something else is in it.
fn add_lists(state: &mut State, found: &Found, name: &str, text: &[u8]) -> Vec<usize> {
    let ReadLists { lists, problem } = read_lists(text);
    if let Some(problem) = problem {
        let path = shown_in(&found.path, name);
        state.damaged_lists.push(DamagedLists { name: name.to_owned(), path, problem });
    }
    state.add_lists(lists)
}

/// What a text holds that is made of whole other texts; `None` where it is not.
fn joined(text: &[u8], parts: &[(&[u8], &Vec<usize>)]) -> Option<Vec<usize>> {
    let (mut places, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (part, held) = parts.iter().find(|(part, _)| rest.starts_with(part))?;
        places.extend_from_slice(held);
        rest = &rest[part.len()..];
    }
    Some(places)
}

/// The certificates of a file that need hold none, as PEM or DER.
fn readable_certificates(text: &[u8]) -> Vec<Certificate> {
    match Certificate::from_der(text) {
        Ok(certificate) => vec![certificate],
        Err(_) => read_certificates(text, String::new()).unwrap_or_default(),
    }
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
