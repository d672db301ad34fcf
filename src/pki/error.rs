//! What can go wrong while certificates are made.

use crate::diagnosis::{Diagnosis, Failure};
use crate::keys::KeyError;
use crate::x509::X509Error;

/// A certificate that could not be made, and which.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// Its key, or the key that signs it, failed.
    #[error("could not make \"{certificate}\": {source}")]
    Key {
        /// The stem of the certificate whose key it is.
        certificate: String,
        /// Why.
        source: KeyError,
    },
    /// The key of an existing CA cannot be used.
    #[error("the key of the CA \"{certificate}\" cannot be used: {source}")]
    CaKey {
        /// The CA's stem.
        certificate: String,
        /// Why.
        source: KeyError,
    },
    /// The encrypted key of an existing CA belongs to another certificate.
    #[error("the key of the CA \"{certificate}\" is the key of another certificate")]
    ForeignCaKey {
        /// The CA's stem.
        certificate: String,
    },
    /// The encoder failed; a defect.
    #[error("could not encode \"{certificate}\": {source}")]
    Encoding {
        /// The stem.
        certificate: String,
        /// Why.
        source: X509Error,
    },
    /// Every serial number of so few bits is taken.
    #[error("no serial number of {bits} bits is left for \"{certificate}\"")]
    SerialsSpent {
        /// The stem.
        certificate: String,
        /// How many bits were asked for.
        bits: u8,
    },
    /// A plan whose issuer is neither made nor kept; a defect of whoever built it.
    #[error("the plan names no issuer for \"{certificate}\"")]
    NoIssuer {
        /// The stem.
        certificate: String,
    },
}

impl Diagnosis for IssueError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Key { source, .. } | Self::CaKey { source, .. } => source.hint(),
            Self::ForeignCaKey { .. } => Some("Put the key back that belongs to it.".to_owned()),
            Self::SerialsSpent { .. } => Some("Give it more serial_bits; 128 are usual.".to_owned()),
            _ => None,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Key { source, .. } | Self::CaKey { source, .. } => source.failure(),
            Self::ForeignCaKey { .. } => Failure::Forbidden,
            Self::SerialsSpent { .. } => Failure::Usage,
            _ => Failure::System,
        }
    }
}
