//! What is wrong with a profile, and where.

use crate::diagnosis::{Diagnosis, Failure};
use crate::keys::KeyError;
use crate::x509::X509Error;
use std::fmt;

/// A place in the text; both count from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

impl Position {
    /// The place of a byte offset.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// A profile that cannot be taken: which one, where in it, and why.
#[derive(Debug)]
pub struct ProfileError {
    /// The file or the built-in's name.
    pub origin: String,
    /// Where; `None` where it concerns no place in the text.
    pub position: Option<Position>,
    /// What is wrong.
    pub problem: ProfileProblem,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            // A flag is nothing that the profile says.
            None if matches!(self.problem, ProfileProblem::Flag { .. }) => write!(f, "{}", self.problem),
            Some(Position { line, column }) => write!(f, "{}:{line}:{column}: {}", self.origin, self.problem),
            None => write!(f, "{}: {}", self.origin, self.problem),
        }
    }
}

impl std::error::Error for ProfileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problem.source()
    }
}

/// What is wrong with a profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileProblem {
    /// Not TOML.
    #[error("{0}")]
    Syntax(String),
    /// A word that is not one of those known here: a key, a usage, a rule, an entry's name.
    #[error("unknown {what} \"{found}\"")]
    Unknown {
        /// What the word should be.
        what: &'static str,
        /// The word.
        found: String,
        /// What is known, in the order worth showing.
        known: Vec<String>,
    },
    /// A key that is not known, in the place of one that must be there.
    #[error("unknown key \"{found}\"")]
    Misspelt {
        /// The key as it is written.
        found: String,
        /// The one that is missing.
        meant: &'static str,
    },
    /// A key that must be there.
    #[error("\"{key}\" is missing in {table}")]
    Missing {
        /// The key.
        key: &'static str,
        /// The table.
        table: &'static str,
    },
    /// A value of another type.
    #[error("\"{key}\" is {found}, not {expected}")]
    Type {
        /// The key.
        key: String,
        /// What it should be, with an article.
        expected: &'static str,
        /// TOML's name of what it is, with an article.
        found: String,
    },
    /// A number outside its bounds.
    #[error("\"{key}\" is {found}; it can be {expected}")]
    Range {
        /// The key.
        key: &'static str,
        /// The value.
        found: String,
        /// The bounds.
        expected: &'static str,
    },
    /// A name, usage, span or instant that is none.
    #[error("{0}")]
    Value(#[from] X509Error),
    /// A key type that is none.
    #[error("{0}")]
    KeyType(#[from] KeyError),
    /// A file name that could leave the directory or hide in it.
    #[error("\"{found}\" cannot be the name of a file here")]
    FileName {
        /// The name.
        found: String,
    },
    /// Two entries write one file.
    #[error("two entries for the file \"{file}\"")]
    TwoForOneFile {
        /// The file.
        file: String,
    },
    /// Entries that issue each other.
    #[error("the issuers form a cycle: {path}")]
    Cycle {
        /// `a -> b -> a`.
        path: String,
    },
    /// Keys that exclude each other, or a usage that excludes a key.
    #[error("{what}")]
    Conflict {
        /// The fact.
        what: String,
        /// The mend.
        hint: &'static str,
    },
    /// A flag or a setting that this profile has no use for.
    #[error("{what}")]
    Flag {
        /// The fact.
        what: String,
        /// The mend.
        hint: String,
    },
}

impl Diagnosis for ProfileError {
    fn detail(&self) -> Option<String> {
        match &self.problem {
            // The certificates of a large profile are its author's own, and would bury the hint.
            ProfileProblem::Unknown { what: "certificate", known, .. } if known.len() > 10 => None,
            ProfileProblem::Unknown { known, .. } if !known.is_empty() => {
                Some(format!("Known here: {}.", known.join(", ")))
            }
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.problem {
            ProfileProblem::Syntax(_) => {
                Some("A profile is TOML; see \"pgtls profiles intermediate\".".to_owned())
            }
            ProfileProblem::Unknown { found, known, .. } => Some(nearest(found, known).map_or_else(
                || "See \"pgtls profiles intermediate\" for an example.".to_owned(),
                |near| format!("Did you mean \"{near}\"?"),
            )),
            ProfileProblem::Misspelt { meant, .. } => Some(format!("Did you mean \"{meant}\"?")),
            ProfileProblem::Missing { key, .. } if key.starts_with('[') => {
                Some(format!("Add a table {key}."))
            }
            ProfileProblem::Missing { key, .. } => Some(format!("Add a line {key} = ...")),
            ProfileProblem::Value(error) => error.hint(),
            ProfileProblem::KeyType(error) => error.hint(),
            ProfileProblem::FileName { .. } => Some(
                "Use letters, digits, dot, hyphen and underscore, and begin with a letter or a digit."
                    .to_owned(),
            ),
            ProfileProblem::TwoForOneFile { .. } => Some("Give each entry a name of its own.".to_owned()),
            ProfileProblem::Cycle { .. } => {
                Some("Let one of them sign itself: leave its \"issuer\" out.".to_owned())
            }
            ProfileProblem::Conflict { hint, .. } => Some((*hint).to_owned()),
            ProfileProblem::Flag { hint, .. } => Some(hint.clone()),
            ProfileProblem::Type { .. } | ProfileProblem::Range { .. } => None,
        }
    }

    fn failure(&self) -> Failure {
        Failure::Usage
    }
}

/// The known word nearest to what was found, where one is near enough to have been meant.
#[must_use]
pub fn nearest<'a>(found: &str, known: &'a [String]) -> Option<&'a str> {
    let near = |word: &&String| strsim::damerau_levenshtein(&found.to_lowercase(), &word.to_lowercase());
    let best = known.iter().min_by_key(near)?;
    (near(&best) <= 1 + found.len() / 4).then_some(best.as_str())
}
