//! Rows of a list by a text that each has, such as its subject: sixteen bytes a row, for there may be a million.

use std::hash::{BuildHasher, RandomState};

/// Hashes of the texts, each with its row, in order. Rows with one hash nearly always have one text; who asks compares.
pub(super) struct Hashed {
    hasher: RandomState,
    rows: Vec<(u64, u32)>,
}

impl Hashed {
    /// Of so many rows.
    pub(super) fn of(rows: usize, text: impl Fn(usize) -> String) -> Self {
        let hasher = RandomState::new();
        let mut rows: Vec<(u64, u32)> =
            (0..rows).map(|at| (hasher.hash_one(text(at).as_str()), at as u32)).collect();
        rows.sort_unstable();
        Self { hasher, rows }
    }

    /// The rows that may have that text, in their order.
    pub(super) fn rows(&self, text: &str) -> impl DoubleEndedIterator<Item = usize> + Clone {
        let hash = self.hasher.hash_one(text);
        let start = self.rows.partition_point(|(it, _)| *it < hash);
        let length = self.rows[start..].partition_point(|(it, _)| *it == hash);
        self.rows[start..start + length].iter().map(|(_, at)| *at as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_text_in_their_order() {
        let texts = ["b", "a", "c", "a", "", "a"];
        let hashed = Hashed::of(texts.len(), |at| texts[at].to_owned());
        let rows = |text| hashed.rows(text).filter(|at| texts[*at] == text).collect::<Vec<_>>();
        assert_eq!((rows("a"), rows("b"), rows(""), rows("d")), (vec![1, 3, 5], vec![0], vec![4], vec![]));
    }
}
