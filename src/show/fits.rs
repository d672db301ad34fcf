//! Which key belongs to what, looked up by the public key, however it is written.

use crate::keys::PublicKey;
use std::collections::HashMap;

/// Files by the public keys in them.
#[derive(Debug, Default)]
pub(super) struct Fits<'a> {
    by_key: HashMap<Vec<u8>, Vec<(PublicKey, Vec<&'a str>)>>,
}

impl<'a> Fits<'a> {
    /// Notes that a file has a key; twice is once.
    pub(super) fn note(&mut self, key: PublicKey, file: &'a str) {
        let alike = self.by_key.entry(key.lookup().to_vec()).or_default();
        match alike.iter_mut().find(|(known, _)| known.is_same_key(&key)) {
            Some((_, files)) if files.last() == Some(&file) => {}
            Some((_, files)) => files.push(file),
            None => alike.push((key, vec![file])),
        }
    }

    /// The files that have a key, in the order in which they were noted.
    pub(super) fn files(&self, key: &PublicKey) -> Vec<String> {
        let alike = self.by_key.get(key.lookup()).map_or(&[][..], Vec::as_slice);
        let found = alike.iter().find(|(known, _)| known.is_same_key(key));
        found.map(|(_, files)| files.iter().map(|file| (*file).to_owned()).collect()).unwrap_or_default()
    }
}
