//! Why an index cannot be read.

use super::fields::FIELDS;
use crate::diagnosis::{Diagnosis, Failure};

/// An index that cannot be read, and the line at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {problem}")]
pub struct IndexError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: IndexProblem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexProblem {
    /// A last line that was not written to its end.
    #[error("was not written to its end")]
    Torn {
        /// What is wrong with what there is.
        problem: Box<IndexProblem>,
    },
    /// Too few fields, or too many.
    #[error("has {found} {}", if *found == 1 { "field" } else { "fields" })]
    Fields {
        /// How many.
        found: usize,
    },
    /// A NUL byte, which is what a crash of the machine leaves of bytes that did not reach the disk.
    #[error("has a NUL byte")]
    Nul,
    /// Neither `V`, `R` nor `E`.
    #[error("has the status {found:?}")]
    Status {
        /// What stands there.
        found: String,
    },
    /// An expiry that is no instant.
    #[error("has the expiry {found:?}")]
    Expiry {
        /// What stands there.
        found: String,
    },
    /// A revocation that is no instant, or has a reason that is none.
    #[error("is revoked at {found:?}")]
    Revocation {
        /// What stands there.
        found: String,
    },
    /// A revocation on a line that is not revoked.
    #[error("is not revoked, but was at {found:?}")]
    RevokedYetNot {
        /// What stands there.
        found: String,
    },
    /// A serial number that is none.
    #[error("has the serial number {found:?}")]
    Serial {
        /// What stands there.
        found: String,
    },
    /// A serial number that an earlier line has.
    #[error("has the serial number {serial} of line {first}")]
    Repeated {
        /// Its hexadecimal digits.
        serial: String,
        /// The number of the earlier line.
        first: usize,
    },
}

impl IndexProblem {
    /// What was expected, as a sentence.
    fn expected(&self) -> String {
        match self {
            Self::Torn { problem } => {
                format!("A writer was killed, or the disk was full: no line break ends it, and it {problem}.")
            }
            Self::Fields { .. } => format!(
                "OpenSSL's ca has {FIELDS}, with tabs between them: status, expiry, revocation, serial number, file, \
                 subject."
            ),
            Self::Nul => {
                "After a crash of the machine, bytes that did not reach the disk are NUL.".to_owned()
            }
            Self::Status { .. } => "It is V (valid), R (revoked) or E (expired).".to_owned(),
            Self::Expiry { .. } => "It is written YYMMDDHHMMSSZ, from 2050 on YYYYMMDDHHMMSSZ.".to_owned(),
            Self::Revocation { .. } => {
                "It is an instant, YYMMDDHHMMSSZ, and after a comma a reason such as keyCompromise."
                    .to_owned()
            }
            Self::RevokedYetNot { .. } => "Only a line with the status R has a revocation.".to_owned(),
            Self::Serial { .. } => "It is an even number of hexadecimal digits.".to_owned(),
            Self::Repeated { .. } => {
                "A CA gives a serial number once; OpenSSL's ca refuses such an index.".to_owned()
            }
        }
    }
}

impl Diagnosis for IndexError {
    fn detail(&self) -> Option<String> {
        Some(self.problem.expected())
    }

    fn hint(&self) -> Option<String> {
        Some(match &self.problem {
            IndexProblem::Torn { .. } => format!("Delete line {}: it is the last.", self.line),
            IndexProblem::RevokedYetNot { .. } => {
                format!("Write R in front of line {}, or empty its third field.", self.line)
            }
            IndexProblem::Repeated { first, .. } => {
                format!("Delete line {first} or line {}; keep the one that is revoked, if one is.", self.line)
            }
            // Whoever starts a new one forgets what is revoked.
            _ => format!(
                "Mend line {}; do not start the file anew, for it alone says what is revoked.",
                self.line
            ),
        })
    }

    fn failure(&self) -> Failure {
        Failure::Forbidden
    }
}
