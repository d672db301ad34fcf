//! Why a plan cannot be written down as openssl commands.

use crate::diagnosis::{Diagnosis, Failure};
use crate::x509::{ExtendedKeyUsage, ExtensionKind};
use std::fmt;

/// A plan that cannot become a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// One of its certificates is more than the commands can say.
    #[error("profile \"{profile}\" cannot be written as openssl commands")]
    Inexpressible {
        /// The profile's name.
        profile: String,
        /// The certificate's stem.
        certificate: String,
        /// What cannot be said.
        obstacle: Obstacle,
    },
    /// A path that a script in UTF-8 cannot name.
    #[error("path \"{path}\" is not UTF-8")]
    PathEncoding {
        /// The path, with stand-ins for what is not UTF-8.
        path: String,
    },
}

/// What a script cannot say, or not with certainty. Shown as what follows `Certificate "NAME"` in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// It exists; the script makes everything anew.
    Kept,
    /// X.509 v1.
    Bare,
    /// nameConstraints.
    NameConstraints,
    /// cRLDistributionPoints.
    CrlDistributionPoints,
    /// A `critical` flag set by hand.
    Criticality(ExtensionKind),
    /// A purpose beyond those of its usage.
    ExtendedKeyUsage(ExtendedKeyUsage),
    /// A random serial number of another length.
    SerialBits(u8),
    /// An attribute type that only an object identifier names; `openssl req` leaves out those that it does not know.
    AttributeType(String),
    /// An attribute without a value, which `openssl req` leaves out.
    EmptyAttribute(String),
    /// A value above the bound that OpenSSL keeps.
    LongAttribute {
        /// The attribute's short name.
        kind: String,
        /// The bound.
        most_characters: usize,
    },
    /// A zero byte, which no argument of a command can hold.
    ZeroByte,
    /// A string of another type than the usual one.
    StringType,
    /// A key under a passphrase that no file holds.
    NoPassphraseFile,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("exists already and is kept"),
            Self::Bare => f.write_str("is of usage bare, X.509 v1"),
            Self::NameConstraints => f.write_str("has name constraints"),
            Self::CrlDistributionPoints => f.write_str("has CRL distribution points"),
            Self::Criticality(kind) => write!(f, "sets by hand whether {} is critical", kind.id()),
            Self::ExtendedKeyUsage(usage) => write!(f, "has the further extended key usage {usage}"),
            Self::SerialBits(bits) => write!(f, "has a serial number of {bits} random bits, not 128"),
            Self::AttributeType(kind) => {
                write!(f, "has the attribute type {kind} in its subject, for which openssl has no short name")
            }
            Self::EmptyAttribute(kind) => {
                write!(f, "has an empty {kind} in its subject, which openssl leaves out")
            }
            Self::LongAttribute { kind, most_characters } => {
                write!(f, "has a {kind} of over {most_characters} characters, which openssl refuses")
            }
            Self::ZeroByte => f.write_str("has a zero byte in its subject"),
            Self::StringType => f.write_str("has a string of an unusual type in its subject"),
            Self::NoPassphraseFile => f.write_str("has a key under a passphrase that is in no file"),
        }
    }
}

impl Diagnosis for RecipeError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::Inexpressible { certificate, obstacle, .. } => {
                Some(format!("Certificate \"{certificate}\" {obstacle}."))
            }
            Self::PathEncoding { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Inexpressible { .. } => "Leave --as-openssl out: gen makes it itself.".to_owned(),
            Self::PathEncoding { .. } => "Give a path in UTF-8.".to_owned(),
        })
    }

    fn failure(&self) -> Failure {
        Failure::Forbidden
    }
}
