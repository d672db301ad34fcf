//! Why a certificate cannot be renewed.

use crate::diagnosis::{Diagnosis, Failure};
use crate::plan::PlanError;
use crate::x509::{Name, format_date};
use time::OffsetDateTime;

/// A refusal, before anything was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewError {
    /// A directory without certificates.
    #[error("there is no certificate in \"{path}\"")]
    NoCertificates {
        /// The directory, as the user names it.
        path: String,
    },
    /// A name that no certificate has.
    #[error("there is no certificate \"{name}\" in \"{path}\"")]
    NoSuchName {
        /// As it was typed.
        name: String,
        /// The directory, as the user names it.
        path: String,
        /// The stems of those that are there.
        known: Vec<String>,
    },
    /// A name that several certificates have.
    #[error("several certificates are called \"{name}\"")]
    SeveralOfName {
        /// As it was typed.
        name: String,
        /// Their stems.
        stems: Vec<String>,
    },
    /// A certificate that was revoked.
    #[error("certificate \"{certificate}\" is revoked")]
    Revoked {
        /// Its file, as the user names it.
        certificate: String,
        /// When, where that is known.
        at: Option<OffsetDateTime>,
        /// Whether it is a CA's.
        is_ca: bool,
    },
    /// A certificate whose CA was dropped in a rotation.
    #[error("the CA of \"{certificate}\" was dropped")]
    CaDropped {
        /// Its file, as the user names it.
        certificate: String,
    },
    /// Whoever signed a certificate is not here.
    #[error("the CA of \"{certificate}\" is not here: {issuer}")]
    CaElsewhere {
        /// Its file, as the user names it.
        certificate: String,
        /// Who signed it.
        issuer: Name,
    },
    /// A self-signed certificate without its key.
    #[error("the key of \"{certificate}\" is not there, and it signs itself")]
    OwnKeyMissing {
        /// Its file, as the user names it.
        certificate: String,
        /// The key file that was looked for.
        key: String,
        /// Whether it is a CA.
        is_ca: bool,
    },
    /// A pair whose halves do not belong together.
    #[error("\"{key}\" is not the key of \"{certificate}\"")]
    OtherKey {
        /// The certificate's file, as the user names it.
        certificate: String,
        /// The key's.
        key: String,
    },
    /// A certificate that lasts as long as its CA does.
    #[error("it ends with its CA \"{ca}\"")]
    EndsWithCa {
        /// Its file, as the user names it.
        certificate: String,
        /// The stem of the first CA above it that ends.
        ca: String,
        /// When.
        ends: OffsetDateTime,
    },
    /// A certificate that has to go along with its CA, and cannot.
    #[error(
        "\"{below}\" names the serial number of \"{certificate}\", and cannot be made again with it: {problem}"
    )]
    NotTakenAlong {
        /// The CA's file, as the user names it.
        certificate: String,
        /// The stem of the other.
        below: String,
        /// Why not.
        problem: Box<PlanError>,
    },
    /// A new key for a CA.
    #[error("a CA keeps its key: \"{certificate}\"")]
    RekeyedCa {
        /// Its file, as the user names it.
        certificate: String,
    },
    /// A new key for a certificate whose key is not here.
    #[error("the key of \"{certificate}\" is not here")]
    NoKeyToReplace {
        /// Its file, as the user names it.
        certificate: String,
    },
    /// A new key in the clear in the place of an encrypted one.
    #[error("the key \"{key}\" is encrypted")]
    KeyEncrypted {
        /// Its file, as the user names it.
        key: String,
    },
    /// A new key for a certificate that also stands beside its key in another file.
    #[error("\"{certificate}\" stands in one file with its key as well")]
    BesideItsKey {
        /// Its file, as the user names it.
        certificate: String,
    },
    /// A window of no length, which cannot be had again.
    #[error("\"{certificate}\" was never valid")]
    NoLength {
        /// Its file, as the user names it.
        certificate: String,
    },
    /// A CA that would end before what it signed.
    #[error("\"{below}\" would outlive its CA \"{certificate}\"")]
    EndsBefore {
        /// The CA's file, as the user names it.
        certificate: String,
        /// What it signed.
        below: String,
        /// When that ends.
        ends: OffsetDateTime,
    },
}

impl Diagnosis for RenewError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::NoSuchName { known, .. } if !known.is_empty() => {
                Some(format!("There are: {}.", known.join(", ")))
            }
            Self::SeveralOfName { stems, .. } => Some(format!("They are: {}.", stems.join(", "))),
            Self::Revoked { at: Some(at), .. } => Some(format!("It was revoked on {}.", format_date(*at))),
            Self::OwnKeyMissing { key, .. } => Some(format!("\"{key}\" was looked for.")),
            Self::EndsBefore { ends, .. } => Some(format!("That ends on {}.", format_date(*ends))),
            Self::EndsWithCa { ends, .. } => Some(format!("That ends on {}.", format_date(*ends))),
            Self::NotTakenAlong { problem, .. } => problem.detail(),
            Self::KeyEncrypted { .. } => Some("A new one would be written in the clear.".to_owned()),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoCertificates { .. } => "Name the directory with -D.",
            Self::NoSuchName { .. } => "Name it by the stem of its file, or by its common name.",
            Self::SeveralOfName { .. } => "Name it by the stem of its file.",
            Self::Revoked { is_ca: true, .. } => {
                "Another CA takes its place: pgtls rotate intermediate add, then switch, then drop."
            }
            Self::Revoked { .. } | Self::CaDropped { .. } => {
                "Whoever is to have one again gets another: pgtls issue, after moving the old files away."
            }
            Self::CaElsewhere { .. } => {
                "Name the directory of the CA with --ca-dir. A CA of somebody else signs what pgtls csr asks for."
            }
            Self::OwnKeyMissing { is_ca: true, .. } => {
                "Put it back, or name the directory that holds it with --ca-dir."
            }
            Self::OwnKeyMissing { .. } => "Put it back, or make a new pair with pgtls gen self-signed.",
            Self::OtherKey { .. } => "Put the right one back, or make a new pair: --rekey, or pgtls issue.",
            Self::EndsWithCa { ca, .. } => {
                return Some(format!("Renew that first, with --ca-dir where its key is: pgtls renew {ca}"));
            }
            Self::NotTakenAlong { below, problem, .. } => match **problem {
                PlanError::UnknownUse { .. } => {
                    return Some(format!(
                        "Renew that first, and say what it is for: pgtls renew {below} --as server"
                    ));
                }
                _ => return problem.hint(),
            },
            Self::RekeyedCa { .. } => {
                "Leave --rekey out; another key makes another CA, to which pgtls rotate changes over."
            }
            Self::NoKeyToReplace { .. } => {
                "Leave --rekey out, or sign a new request of whoever holds it with pgtls sign."
            }
            Self::KeyEncrypted { .. } => "Give the passphrase of the new one with --encrypt-key-file.",
            Self::BesideItsKey { .. } => "Leave --rekey out, or move that file away.",
            Self::NoLength { .. } => "Say with --lifetime how long it is to be valid.",
            Self::EndsBefore { .. } => "Give a longer --lifetime.",
        };
        Some(hint.to_owned())
    }

    fn failure(&self) -> Failure {
        match self {
            Self::SeveralOfName { .. } | Self::RekeyedCa { .. } => Failure::Usage,
            Self::CaElsewhere { .. } | Self::OwnKeyMissing { .. } => Failure::System,
            Self::NotTakenAlong { problem, .. } => problem.failure(),
            _ => Failure::Forbidden,
        }
    }
}
