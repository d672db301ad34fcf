//! What a finding does to the stacks: who fails, in which words, and of whom it cannot be told.

use super::catalogue::{Driver, Set};

/// What a finding is about, on the way from a leaf to the trust of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Leaf,
    Intermediate,
    Anchor,
    /// The file of the leaf.
    OwnFile,
    /// The file of its key.
    Key,
    /// What the other side trusts.
    Trust,
    /// Revocation lists.
    Lists,
    /// The settings that name the files.
    Settings,
}

/// Who fails for a finding, in which words, and of whom it cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) refused: Set,
    pub(super) unknown: Set,
    /// The words of those that have some of their own; the others fail in the finding's.
    words: &'static [(Set, &'static str)],
}

pub(super) const NOBODY: Effect = Effect { refused: Set::NONE, unknown: Set::NONE, words: &[] };
pub(super) const ALL: Effect = by(Set::ALL);
pub(super) const DOUBT: Effect = NOBODY.doubtful(Set::ALL);

pub(super) const fn by(refused: Set) -> Effect {
    Effect { refused, ..NOBODY }
}

impl Effect {
    pub(super) const fn doubtful(self, unknown: Set) -> Self {
        Self { unknown, ..self }
    }

    pub(super) const fn saying(self, words: &'static [(Set, &'static str)]) -> Self {
        Self { words, ..self }
    }

    /// Whether no stack gets past it.
    pub(super) fn stops_all(&self) -> bool {
        self.refused == Set::ALL
    }

    /// What a stack says in its own words.
    pub(super) fn words(&self, driver: Driver) -> Option<&'static str> {
        self.words.iter().find(|(set, _)| set.has(driver)).map(|(_, words)| *words)
    }
}
