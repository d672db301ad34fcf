//! Why what a CA sent is not taken.

use crate::diagnosis::{Diagnosis, Failure};
use crate::x509::{Usage, Window, X509Error, format_instant};

/// A refusal, before anything was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file is none that certificates come in.
    #[error("\"{file}\" cannot be imported: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: X509Error,
    },
    /// Only CAs are in it.
    #[error("\"{file}\" holds no certificate of a server or client")]
    NoLeaf {
        /// The file.
        file: String,
        /// Whom the certificates in it name.
        subjects: Vec<String>,
    },
    /// Its key is not here.
    #[error("no key in \"{path}\" belongs to the certificate in \"{file}\"")]
    NoKey {
        /// The file.
        file: String,
        /// Whom the certificate names.
        subject: String,
        /// The keys that are here.
        keys: Vec<String>,
        /// The directory.
        path: String,
    },
    /// The request is here, and its key is not.
    #[error("the certificate is what \"{request}\" asked for, whose key is not here")]
    KeyGone {
        /// The request.
        request: String,
    },
    /// The key has its name, and cannot be looked into.
    #[error("\"{key}\" cannot be read, and the certificate is what \"{request}\" asked for")]
    KeyUnread {
        /// The key.
        key: String,
        /// The request.
        request: String,
    },
    /// The key has its name, and is damaged or another one.
    #[error("\"{key}\" is not the key for which \"{request}\" asked for the certificate")]
    NotItsKey {
        /// The key.
        key: String,
        /// The request.
        request: String,
    },
    /// Certificates of several keys are in it.
    #[error("\"{file}\" holds certificates for {} and {}", keys.0, keys.1)]
    SeveralCertificates {
        /// The file.
        file: String,
        /// Two of their keys.
        keys: (String, String),
    },
    /// Several keys are meant.
    #[error("\"{file}\" belongs to {}", keys.join(" and to "))]
    SeveralKeys {
        /// The file.
        file: String,
        /// The keys.
        keys: Vec<String>,
    },
    /// It is over.
    #[error("the certificate in \"{file}\" ended on {ended}")]
    Ended {
        /// The file.
        file: String,
        /// When.
        ended: String,
    },
    /// No CA signed it.
    #[error("the certificate in \"{file}\" is signed by its own key, and by no CA")]
    SelfSigned {
        /// The file.
        file: String,
    },
    /// It is for something else.
    #[error("the certificate in \"{file}\" is not for a {usage}, which {key} is for")]
    WrongUsage {
        /// The file.
        file: String,
        /// The key that it belongs to.
        key: String,
        /// What that is for.
        usage: Usage,
        /// The purpose that is lacking.
        purpose: String,
        /// The purposes that are there.
        granted: Vec<String>,
    },
    /// Nobody here signed it.
    #[error("no CA here signed the certificate in \"{file}\"")]
    NoIssuer {
        /// The file.
        file: String,
        /// Who did.
        issuer: String,
        /// Whether one of that name is here.
        is_named: bool,
    },
    /// A CA above it is none, or not now.
    #[error("the CA {subject} cannot stand above it: {problem}")]
    UnusableCa {
        /// The CA.
        subject: String,
        /// Why not.
        problem: String,
    },
    /// Something else has the name of a file to be written.
    #[error("\"{file}\" is no file of certificates")]
    InTheWay {
        /// The file.
        file: String,
        /// Whether it was not even read.
        is_unread: bool,
    },
    /// The certificate that is here is for another key.
    #[error("\"{file}\" is the certificate of another key than {key}")]
    OtherKey {
        /// The certificate that is here.
        file: String,
        /// The key.
        key: String,
    },
    /// The certificate that is here is newer.
    #[error("\"{file}\" is newer")]
    Older {
        /// The certificate that is here.
        file: String,
        /// From when to when it counts.
        existing: Window,
        /// From when to when the other one does.
        imported: Window,
    },
}

impl Diagnosis for ImportError {
    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::NoLeaf { subjects, .. } => format!("It holds the CAs {}.", subjects.join("; ")),
            Self::NoKey { subject, keys, .. } if keys.is_empty() => {
                format!("It names {subject}; there is no key at all.")
            }
            Self::NoKey { subject, keys, .. } => {
                format!("It names {subject}; the keys here are {}.", keys.join(", "))
            }
            Self::WrongUsage { purpose, granted, .. } => {
                format!("It is for {} alone, and lacks {purpose}.", granted.join(", "))
            }
            Self::NoIssuer { issuer, is_named: false, .. } => {
                format!("It was signed by {issuer}, whose certificate is neither there nor in the directory.")
            }
            Self::NoIssuer { issuer, .. } => {
                format!("A CA named {issuer} is here, but its key did not make the signature.")
            }
            Self::Older { existing, imported, .. } => format!(
                "It counts from {} until {}, and the one to be imported from {} until {}; nothing was changed.",
                format_instant(existing.not_before),
                format_instant(existing.not_after),
                format_instant(imported.not_before),
                format_instant(imported.not_after)
            ),
            Self::NotItsKey { .. } => "It is another key, or damaged; nothing was changed.".to_owned(),
            Self::KeyUnread { .. } => {
                "It is a link, which is not followed, or not for this user to read.".to_owned()
            }
            Self::InTheWay { is_unread: true, .. } => {
                "It is a link or a directory, or not for this user to read; nothing was changed.".to_owned()
            }
            Self::InTheWay { .. } | Self::OtherKey { .. } => "Nothing was changed.".to_owned(),
            _ => return None,
        })
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreadable { .. } => "Give what the CA sent, as PEM, DER or P7B.",
            Self::NoLeaf { .. } => "Give the certificate itself; those of CAs go with --chain.",
            Self::NoKey { keys, .. } if keys.iter().any(|key| key.ends_with("(encrypted)")) => {
                "Give the directory that holds its key with -D, or the passphrase of an encrypted key with \
                 --passphrase-file."
            }
            Self::NoKey { .. } => "Give the directory that holds its key with -D.",
            Self::KeyGone { .. } => "Put the key back beside it.",
            Self::NotItsKey { .. } => "Put the key back that the request was made with.",
            Self::KeyUnread { .. } => "Put the key itself in its place, or run the command as its owner.",
            Self::SeveralCertificates { .. } => "Take them apart, and import one at a time.",
            Self::SeveralKeys { .. } => "Move the copies away, and import one certificate at a time.",
            Self::Ended { .. } | Self::SelfSigned { .. } | Self::WrongUsage { .. } => {
                "Send the request to the CA again."
            }
            Self::NoIssuer { .. } => "Give the certificates of its CAs with --chain.",
            Self::UnusableCa { .. } => "Ask the CA for its current certificates, and give them with --chain.",
            Self::InTheWay { .. } | Self::OtherKey { .. } => "Move it away, and import again.",
            Self::Older { .. } => "Move it away where the older one is meant.",
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        Failure::Forbidden
    }
}
