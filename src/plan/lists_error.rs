//! Why revocation lists are not made.

use crate::diagnosis::{Diagnosis, Failure};
use crate::state::UnusableKey;

/// A refusal, before any list was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListsError {
    /// A file that would be written over holds something that cannot be read.
    #[error("revocation list \"{path}\" cannot be read: {problem}")]
    Unreadable {
        /// The file, as the user names it.
        path: String,
        /// What is wrong, and where.
        problem: String,
    },
    /// An index has a negative serial number, which would come onto the list as another one.
    #[error("\"{path}\" has a certificate with a negative serial number, that of {subject}")]
    NegativeSerial {
        /// The index, as the user names it.
        path: String,
        /// Its subject as the index has it.
        subject: String,
    },
    /// The key of a CA is not there, and no list of it counts.
    #[error("the key of the CA \"{certificate}\" is not there")]
    KeyMissing {
        /// The CA's certificate file, as the user names it.
        certificate: String,
        /// The key file that was looked for.
        key: String,
        /// The file that its list would have.
        list: String,
    },
    /// The key of a CA is there and of no use, and no list of it counts, or somebody is to come onto it.
    #[error("the key of the CA \"{certificate}\" cannot be used: {}", why.problem)]
    KeyUnusable {
        /// The CA.
        certificate: String,
        /// The file of the key, as the user names it.
        key: String,
        /// The file of the list that it has to sign.
        list: String,
        /// What is wrong with the key.
        why: Box<UnusableKey>,
    },
    /// There is an index of which nobody says whose it is, beside a CA without one.
    #[error("\"{path}\" lists certificates, and by its name nobody knows which CA's")]
    NamelessIndex {
        /// The file, as the user names it.
        path: String,
        /// The file that it is to be.
        wanted: String,
    },
    /// No CA is there.
    #[error("there is no CA in \"{path}\"")]
    NoCa {
        /// The directory, as the user names it.
        path: String,
    },
    /// A file that would be written over holds a list under the name of a CA that is here, by another key.
    #[error("\"{path}\" holds a list of {issuer} that another key signed")]
    OtherKey {
        /// The file, as the user names it.
        path: String,
        /// The name of the CA.
        issuer: String,
    },
}

/// How to go on with a key that is of no use; where each CA has a passphrase of its own, no run opens all of them.
fn another_key(hint: Option<&str>) -> String {
    let mend = hint.unwrap_or("Put back a copy of it that can be used.");
    format!(
        "{mend} Where each CA has a passphrase of its own (--ca-passphrase-file), make the first list of the highest with \
         the keys of those below moved away (pgtls crl), and put them back one by one."
    )
}

impl Diagnosis for ListsError {
    fn detail(&self) -> Option<String> {
        let detail = match self {
            Self::KeyMissing { key, .. } => return Some(format!("\"{key}\" was looked for.")),
            Self::KeyUnusable { key, list, .. } => {
                return Some(format!("\"{key}\" has to sign the list \"{list}\"."));
            }
            Self::NoCa { .. } => return None,
            Self::NamelessIndex { .. } => {
                "Whom it calls revoked would be let in again, or renewed; nothing was changed."
            }
            Self::NegativeSerial { .. } => {
                "RFC 5280 forbids it, and by a list of ours another certificate would be meant; nothing was changed."
            }
            Self::Unreadable { .. } => "Whom it alone revokes would be let in again; nothing was changed.",
            Self::OtherKey { .. } => "It would be overwritten; nothing was changed.",
        };
        Some(detail.to_owned())
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::KeyMissing { list, .. } => {
                return Some(format!(
                    "Put it back, or name the directory that holds it with --ca-dir. Of a CA whose key is elsewhere put its \
                     own list here, as \"{list}\"."
                ));
            }
            Self::KeyUnusable { why, .. } => return Some(another_key(why.hint.as_deref())),
            Self::NamelessIndex { path, wanted } => {
                return Some(format!(
                    "Give it the name of its CA's: cp {path} {wanted}  Or move it away, where it is of none that is here."
                ));
            }
            Self::NoCa { .. } => {
                "Name the directory of one with -D, or make one with: pgtls gen chain --intermediate"
            }
            Self::Unreadable { .. } => {
                "Put back a copy of it, such as the one that servers have; or move it away, and the next list is without \
                 whom it alone knows."
            }
            Self::NegativeSerial { .. } => {
                "Make this CA's lists with openssl ca -gencrl, which writes such a number, or begin anew with a CA that has none."
            }
            Self::OtherKey { .. } => "Move it away: whoever trusts the CA that is here takes no such list.",
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        match self {
            // Who is revoked is not known then, as with an index.
            Self::Unreadable { .. } | Self::KeyMissing { .. } => Failure::System,
            Self::OtherKey { .. }
            | Self::NegativeSerial { .. }
            | Self::NoCa { .. }
            | Self::NamelessIndex { .. } => Failure::Forbidden,
            Self::KeyUnusable { why, .. } => why.failure,
        }
    }
}
