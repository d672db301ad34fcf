//! Why something is not exported.

use super::Party;
use crate::diagnosis::{Diagnosis, Failure};
use crate::keys::KeyError;

/// How many names an error lists.
const MOST_NAMES: usize = 8;

/// A refusal; nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The key is a CA's.
    #[error("the key of \"{file}\" is a CA's, and never exported")]
    Authority {
        /// Its file, as the user names it.
        file: String,
    },
    /// The name is that of the other side.
    #[error("\"{file}\" is not a {party}'s")]
    OtherParty {
        /// Its file, as the user names it.
        file: String,
        /// Its stem.
        name: String,
        /// What was asked for.
        party: Party,
    },
    /// Several are meant.
    #[error("several certificates are meant by \"{name}\"")]
    Ambiguous {
        /// The name.
        name: String,
        /// Their files.
        files: Vec<String>,
    },
    /// Nobody is meant.
    #[error("no {party} \"{name}\" in \"{place}\"")]
    Unknown {
        /// The name.
        name: String,
        /// What was asked for.
        party: Party,
        /// Where it was looked for.
        place: String,
        /// The stems of those that are there.
        known: Vec<String>,
    },
    /// A certificate without its key.
    #[error("the key \"{key}\" is not there")]
    NoKey {
        /// The file that was looked for, as the user names it.
        key: String,
    },
    /// A key that cannot be read, or not be written as wished.
    #[error("key file \"{file}\" cannot be exported: {source}")]
    Key {
        /// The file, as the user names it.
        file: String,
        /// Why.
        source: KeyError,
    },
    /// The key is another certificate's.
    #[error("the key \"{key}\" does not belong to \"{certificate}\"")]
    OtherKey {
        /// The key's file, as the user names it.
        key: String,
        /// What it is.
        found: String,
        /// The certificate's file, as the user names it.
        certificate: String,
        /// What it wants.
        expected: String,
    },
    /// What was written would be lost.
    #[error("\"{first}\" exists already")]
    Exists {
        /// The first of them, as the user names it.
        first: String,
        /// How many more there are.
        more: usize,
    },
    /// Wishes that do not go together, whatever is on disk.
    #[error("{fact}")]
    Combination {
        /// Which.
        fact: String,
        /// What goes.
        hint: &'static str,
    },
}

impl ExportError {
    fn listed(names: &[String]) -> String {
        let shown = names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
        match names.len().saturating_sub(MOST_NAMES) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }
}

impl Diagnosis for ExportError {
    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::Authority { .. } => "Whoever holds it can make a login for any role.".to_owned(),
            Self::Ambiguous { files, .. } => format!("They are {}.", Self::listed(files)),
            Self::Unknown { known, party, .. } if known.is_empty() => {
                format!("There is no {party}'s certificate.")
            }
            Self::Unknown { known, .. } => format!("There are: {}.", Self::listed(known)),
            Self::OtherKey { found, expected, .. } if found == expected => {
                format!("Both are {found}, and different keys.")
            }
            Self::OtherKey { found, expected, .. } => {
                format!("The key is {found}; the certificate's is {expected}.")
            }
            Self::Exists { more: 0, .. } => "It would be overwritten; nothing was changed.".to_owned(),
            Self::Exists { more, .. } => {
                format!("It and {more} more would be overwritten; nothing was changed.")
            }
            _ => return None,
        })
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Authority { .. } => {
                "Name a server or a client; its export holds the CA's certificate, to be trusted.".to_owned()
            }
            Self::OtherParty { name, party: Party::Server, .. } => {
                format!("Run: pgtls export client {name}")
            }
            Self::OtherParty { name, party: Party::Client, .. } => {
                format!("Run: pgtls export server {name}")
            }
            Self::Ambiguous { .. } => "Name one of these files.".to_owned(),
            Self::Unknown { .. } => {
                "Give one of these names, a common name, or another directory with -D.".to_owned()
            }
            Self::NoKey { .. } => "Put it there, or export from where the key is, with -D.".to_owned(),
            Self::Key { source: KeyError::Encrypted, .. } => {
                "Give the passphrase's file with --passphrase-file.".to_owned()
            }
            Self::Key { source, .. } => return source.hint(),
            Self::OtherKey { .. } => {
                "Put the key back that belongs to it; pgtls inspect shows which key fits what.".to_owned()
            }
            Self::Exists { .. } => "Export to another place, or move away what is there.".to_owned(),
            Self::Combination { hint, .. } => (*hint).to_owned(),
        })
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Ambiguous { .. } | Self::Combination { .. } => Failure::Usage,
            Self::Key { source, .. } => source.failure(),
            Self::NoKey { .. } => Failure::System,
            _ => Failure::Forbidden,
        }
    }
}
