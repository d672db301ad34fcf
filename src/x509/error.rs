//! What can be wrong with a name, a span of time or an encoding.

use crate::diagnosis::{Diagnosis, Failure};

/// A value that X.509, or PostgreSQL's reading of it, cannot take.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum X509Error {
    /// A distinguished name that cannot be parsed.
    #[error("invalid subject \"{text}\": {problem}")]
    Name {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A host name, address, e-mail address or URI that cannot be one.
    #[error("invalid name \"{text}\": {problem}")]
    GeneralName {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A span of time that is none.
    #[error("invalid lifetime \"{text}\": {problem}")]
    Lifetime {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A point in time that is none.
    #[error("invalid instant \"{text}\"")]
    Instant {
        /// The text as given.
        text: String,
    },
    /// An extended key usage that is neither a known name nor an object identifier.
    #[error("unknown extended key usage \"{text}\"")]
    ExtendedKeyUsage {
        /// The text as given.
        text: String,
    },
    /// A certificate whose DER cannot be read.
    #[error("it is not a certificate that can be read: {problem}")]
    Certificate {
        /// What the parser met.
        problem: String,
    },
    /// A revocation list whose DER cannot be read.
    #[error("it is not a revocation list that can be read: {part} is damaged")]
    RevocationList {
        /// Which part of it.
        part: &'static str,
    },
    /// A certificate request whose DER cannot be read.
    #[error("it is not a certificate request that can be read: {part} is damaged")]
    Request {
        /// Which part of it.
        part: &'static str,
    },
    /// Something that should hold certificates and does not.
    #[error("{problem}")]
    Delivery {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The encoder refused; a defect of ours.
    #[error("could not encode the certificate")]
    Encoding(#[source] rcgen::Error),
    /// The TBSCertificate could not be taken apart; a defect of ours.
    #[error("could not take the encoded certificate apart")]
    Rebuild(#[source] yasna::ASN1Error),
}

impl Diagnosis for X509Error {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Name { .. } => {
                "Write it like O=PGDG,OU=Engineering,CN=db1; put a backslash before a comma that belongs to a value."
            }
            Self::GeneralName { .. } => {
                "Give a host name, an IP address, an e-mail address or a URI; DNS:, IP:, email: or URI: in front \
                 forces the type."
            }
            Self::Lifetime { .. } => "Give a whole number and a unit: 12h, 90d, 52w or 20y.",
            Self::Instant { .. } => "Write it like 2027-11-21 or 2027-11-21T18:30:00Z (UTC).",
            Self::ExtendedKeyUsage { .. } => {
                "Use serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, any, or an \
                 object identifier such as 1.3.6.1.5.5.7.3.17."
            }
            Self::Certificate { .. }
            | Self::RevocationList { .. }
            | Self::Request { .. }
            | Self::Delivery { .. }
            | Self::Encoding(_)
            | Self::Rebuild(_) => return None,
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Certificate { .. }
            | Self::RevocationList { .. }
            | Self::Request { .. }
            | Self::Delivery { .. } => Failure::Forbidden,
            Self::Encoding(_) | Self::Rebuild(_) => Failure::System,
            _ => Failure::Usage,
        }
    }
}
