//! Which row of a long list has which name, at a few bytes a row.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// Places of rows by the stems of their files. Stems are hashed, and looked at again in the list where two hashes meet.
#[derive(Debug, Default)]
pub(super) struct Places {
    hasher: RandomState,
    by_hash: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
}

/// The hash of what is a hash.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Nothing but 64 bits is asked for; this keeps whatever else it may be apart as well.
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Places {
    /// Takes a stem for a row; `Some` with the row that has it already.
    pub(super) fn take(&mut self, stem: &str, at: usize, stem_of: impl Fn(usize) -> String) -> Option<usize> {
        let hash = self.hasher.hash_one(stem);
        match self.by_hash.get(&hash) {
            None => {
                self.by_hash.insert(hash, at as u32);
                None
            }
            Some(first) if stem_of(*first as usize) == stem => Some(*first as usize),
            // Of two stems with one hash the second has no place of its own, and is looked for among all.
            Some(_) => (0..at).find(|place| stem_of(*place) == stem),
        }
    }

    /// The row that has a stem.
    pub(super) fn find(&self, stem: &str, stem_of: impl Fn(usize) -> String) -> Option<usize> {
        let place = *self.by_hash.get(&self.hasher.hash_one(stem))? as usize;
        (stem_of(place) == stem).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn a_name_is_taken_once_and_found_where_it_was() {
        let names: Vec<String> = (0..2000).map(|at| format!("client.user{}", at % 1500)).collect();
        let name = |at: usize| names[at].clone();
        let mut places = Places::default();
        for (at, taken) in names.iter().enumerate() {
            assert_eq!(places.take(taken, at, name), (at >= 1500).then(|| at - 1500));
        }
        assert_eq!(places.find("client.user7", name), Some(7));
        assert_eq!(places.find("client.user1500", name), None);
    }
}
