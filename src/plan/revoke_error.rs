//! Why nothing is revoked.

use super::PlanError;
use crate::diagnosis::{Diagnosis, Failure};

/// A refusal, before anything was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// A name that several have.
    #[error("\"{name}\" fits several certificates")]
    Several {
        /// The name, as typed.
        name: String,
        /// What each is called.
        fitting: Vec<String>,
    },
    /// Nothing of that name was issued here.
    #[error("no CA here issued \"{name}\"")]
    NeverIssued {
        /// The name or serial number, as typed.
        name: String,
        /// What was looked through.
        looked: Vec<String>,
    },
    /// A certificate whose CA is not here.
    #[error("\"{name}\" was issued by {issuer}, who is not here")]
    IssuerElsewhere {
        /// The certificate, as typed.
        name: String,
        /// Who issued it.
        issuer: String,
    },
    /// A certificate that no CA issued.
    #[error("\"{name}\" signed itself, and nobody but its CA revokes a certificate")]
    SelfSigned {
        /// The certificate, as typed.
        name: String,
        /// Whether it is that of a CA.
        ca: bool,
    },
    /// A serial number that is no positive one.
    #[error("\"{name}\" has a negative serial number")]
    NegativeSerial {
        /// The certificate, as typed.
        name: String,
    },
    /// All of them have expired.
    #[error("\"{name}\" has expired, on {not_after}")]
    Expired {
        /// The certificate, as typed.
        name: String,
        /// The last day.
        not_after: String,
    },
    /// The lists that would name it.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Diagnosis for RevokeError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::Several { fitting, .. } => Some(format!("It is one of: {}.", fitting.join(", "))),
            Self::NeverIssued { looked, .. } => match looked.as_slice() {
                [] => Some(
                    "There is no index here, and no certificate of that name or serial number.".to_owned(),
                ),
                looked => Some(format!("Looked through: {}.", looked.join(", "))),
            },
            Self::Plan(error) => error.detail(),
            Self::NegativeSerial { .. } => Some(
                "RFC 5280 forbids it, and by a list of ours another certificate would be meant; nothing was changed."
                    .to_owned(),
            ),
            Self::Expired { .. } => Some("Nobody accepts it any more; nothing was changed.".to_owned()),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Several { .. } => "Give the first word of one of these, or the certificate's file.",
            Self::NeverIssued { .. } => {
                "pgtls inspect --issued lists what each CA issued; -D and --ca-dir name the directories."
            }
            Self::IssuerElsewhere { .. } => {
                "Name the directory of that CA with --ca-dir, or ask whoever runs it to revoke it."
            }
            Self::SelfSigned { ca: false, .. } => {
                "Make it anew with gen --force, and take the old one out of every ssl_ca_file and sslrootcert."
            }
            Self::SelfSigned { ca: true, .. } => {
                "Take it out of every ssl_ca_file and sslrootcert, and make a new CA in another directory."
            }
            Self::NegativeSerial { .. } => {
                "openssl ca -revoke writes such a number; renew it first, so that nobody needs this one."
            }
            Self::Expired { .. } => return None,
            Self::Plan(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Several { .. } => Failure::Usage,
            Self::Plan(error) => error.failure(),
            _ => Failure::Forbidden,
        }
    }
}
