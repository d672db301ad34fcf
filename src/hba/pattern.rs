//! Regular expressions as PostgreSQL's authentication reads them: its advanced dialect, unanchored, byte by byte in the C
//! collation, for no database has given an encoding yet (functions-matching, "Regular Expression Details").
//!
//! What is common to it and `regex-lite` is translated. What is not, back references and looking around among it, is never
//! guessed at: [`Fault::NotJudged`]. Bytes go as the characters of their numbers, as in Latin-1.

use super::dialect::{self, Group, Translated};
use regex_lite::{Regex, RegexBuilder};
use std::collections::HashSet;

/// A regular expression that can be judged.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    group: FirstGroup,
}

/// Why a regular expression cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It may be right, and mean what is not known here.
    #[error("{0} is not judged here")]
    NotJudged(&'static str),
    /// PostgreSQL refuses it, in its words.
    #[error("invalid regular expression: {0}")]
    Broken(&'static str),
}

/// The first subexpression in brackets.
#[derive(Debug)]
enum FirstGroup {
    /// There is none.
    Absent,
    /// What stands before it, in it, and behind it.
    Parts(Box<[Regex; 3]>),
    /// It stands where more than one thing decides what it takes.
    Entangled,
}

/// What the first subexpression took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    /// There is none.
    Nothing,
    /// That.
    Bytes(Vec<u8>),
    /// It could have taken one thing or another, and which one is the dialect's affair.
    NotTold,
}

/// Beyond so many ways to take a name apart nobody looks.
const MOST_WAYS: usize = 10_000;

impl Pattern {
    /// Reads an expression, without the slash in front of it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Fault> {
        let Translated { out, group, is_split } = dialect::translated(text)?;
        let build = |text: &str| {
            // Cases are spelt out: outside of ASCII regex-lite folds none.
            let built = RegexBuilder::new(text).dot_matches_new_line(true).build();
            built.map_err(|_| Fault::NotJudged("an expression so large"))
        };
        let group = match group {
            None => FirstGroup::Absent,
            Some(Group { start, end: Some(end), is_plain: true }) if !is_split => {
                let (before, inner, behind) = (&out[..start], &out[start + 1..end - 1], &out[end..]);
                let is_simple = !before.contains('$') && !inner.contains(['^', '$']) && !behind.contains('^');
                // Hexadecimal escapes are all that other characters are written as.
                match is_simple {
                    true => FirstGroup::Parts(Box::new([
                        build(&format!("(?:{before})$"))?,
                        build(&format!("^(?:{inner})$"))?,
                        build(&format!("^(?:{behind})"))?,
                    ])),
                    false => FirstGroup::Entangled,
                }
            }
            Some(_) => FirstGroup::Entangled,
        };
        Ok(Self { regex: build(&out)?, group })
    }

    /// Whether it has a subexpression in brackets.
    pub(super) fn has_group(&self) -> bool {
        !matches!(self.group, FirstGroup::Absent)
    }

    /// Whether it fits a part of the name.
    pub(super) fn is_match(&self, name: &[u8]) -> bool {
        self.regex.is_match(&as_text(name))
    }

    /// What its first subexpression takes of a name that it fits. Where that could be one thing or another, nobody is told:
    /// the dialects differ in what they prefer.
    pub(super) fn first_group(&self, name: &[u8]) -> Taken {
        let [before, inner, behind] = match &self.group {
            FirstGroup::Absent => return Taken::Nothing,
            FirstGroup::Entangled => return Taken::NotTold,
            FirstGroup::Parts(parts) => &**parts,
        };
        let starts: Vec<usize> =
            (0..=name.len()).filter(|at| before.is_match(&as_text(&name[..*at]))).collect();
        let ends: Vec<usize> =
            (0..=name.len()).filter(|at| behind.is_match(&as_text(&name[*at..]))).collect();
        if starts.len().saturating_mul(ends.len()) > MOST_WAYS {
            return Taken::NotTold;
        }
        let mut ways: HashSet<&[u8]> = HashSet::new();
        for start in &starts {
            let taken = ends.iter().filter(|end| *end >= start).map(|end| &name[*start..*end]);
            ways.extend(taken.filter(|taken| inner.is_match(&as_text(taken))));
        }
        match ways.into_iter().collect::<Vec<_>>().as_slice() {
            [one] => Taken::Bytes(one.to_vec()),
            _ => Taken::NotTold,
        }
    }
}

/// Bytes as the characters of their numbers.
fn as_text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests;
