//! Why a rotation does not go on.

use super::Need;
use crate::diagnosis::{Diagnosis, Failure};
use crate::plan::PlanError;
use crate::x509::{Name, format_date};

/// How many of those that still need a CA an error names.
const NAMED: usize = 5;

/// A refusal, before anything was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// No CA of that name.
    #[error("there is no CA \"{stem}\" in \"{path}\"")]
    NoSuchCa {
        /// The stem that was asked for.
        stem: String,
        /// The directory, as the user names it.
        path: String,
        /// The stems of the CAs that are there.
        others: Vec<String>,
    },
    /// Another certificate of a CA that is here, under the same key.
    #[error("\"{file}\" holds another certificate of the CA \"{stem}\" than \"{own}\"")]
    OtherCopy {
        /// The CA.
        stem: String,
        /// The file of its certificate, as the user names it.
        own: String,
        /// That of the other one.
        file: String,
        /// The command that brings it up to date, where it is the older one.
        command: Option<String>,
    },
    /// Files of a rotation that has and has not been switched.
    #[error("\"{next}\" and \"{previous}\" are both there")]
    Both {
        /// The certificate of the CA to come, as the user names it.
        next: String,
        /// That of the CA that was.
        previous: String,
    },
    /// The switch or the drop of a rotation that has not begun.
    #[error("no rotation of \"{stem}\" has begun")]
    NotBegun {
        /// The CA.
        stem: String,
        /// The command that begins one.
        command: String,
    },
    /// The drop before the switch.
    #[error("\"{stem}\" has not been switched yet")]
    NotSwitched {
        /// The CA.
        stem: String,
        /// The command that switches it.
        command: String,
    },
    /// A new rotation before the end of the last.
    #[error("the last rotation of \"{stem}\" has not ended: \"{previous}\" is still trusted")]
    NotDropped {
        /// The CA.
        stem: String,
        /// The certificate of the CA that was there before, as the user names it.
        previous: String,
        /// The command that ends it.
        command: String,
    },
    /// Another CA is being rotated.
    #[error("the rotation of \"{other}\" is half-way")]
    OtherHalfWay {
        /// That CA.
        other: String,
        /// The command that tells how far it is.
        command: String,
    },
    /// Nobody has said that peers trust the new CA.
    #[error("it is not said that every peer trusts \"{next}\" by now")]
    Undistributed {
        /// The command that says so.
        command: String,
        /// The certificate of the CA to come, as the user names it.
        next: String,
        /// The files that peers must have first, as the user names them.
        files: Vec<String>,
    },
    /// Certificates that end with the CA above them.
    #[error("\"{previous}\" is still needed by {}", counted(needs.len()))]
    StillNeeded {
        /// The command that issues again what is here.
        command: String,
        /// The CA that was to be dropped.
        previous: String,
        /// Who needs it.
        needs: Vec<Need>,
    },
    /// The CA above an intermediate is not here.
    #[error("the CA above \"{stem}\" is not here: {issuer}")]
    SignerElsewhere {
        /// The CA.
        stem: String,
        /// Who signed it.
        issuer: Name,
    },
    /// A CA key whose signatures libpq cannot bind a password login to.
    #[error("a CA with an Ed25519 key cannot sign servers")]
    Ed25519,
    /// Anything that keeps what is made from being made.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

fn counted(number: usize) -> String {
    if number == 1 { "1 certificate".to_owned() } else { format!("{number} certificates") }
}

/// The first few, and how many more there are.
fn named(needs: &[Need]) -> String {
    let name = |need: &Need| {
        let whom = need.file.clone().unwrap_or_else(|| format!("{} (serial {})", need.subject, need.serial));
        format!("{whom} until {}", format_date(need.not_after))
    };
    let more = needs.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("{}{more}.", needs.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", "))
}

impl Diagnosis for RotateError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::Both { .. } => Some(
                "Of one rotation the first is there before the switch and the second after it, so these are of two."
                    .to_owned(),
            ),
            Self::OtherCopy { .. } => {
                Some("Who trusts the CA by that file would not get to know the one that comes.".to_owned())
            }
            Self::NotSwitched { .. } => {
                Some("Until the switch everything hangs from the CA that would be dropped.".to_owned())
            }
            Self::OtherHalfWay { .. } => {
                Some("Two at once would have peers change twice what they trust.".to_owned())
            }
            Self::Undistributed { files, .. } => Some(format!(
                "A peer that knows the old CA alone refuses what the new one signs: every server and client needs {} \
                 first.",
                files.join(" and ")
            )),
            Self::StillNeeded { needs, .. } => Some(named(needs)),
            Self::Ed25519 => {
                Some("SCRAM cannot bind to an EdDSA signature: every libpq login with a password fails.".to_owned())
            }
            Self::Plan(source) => source.detail(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoSuchCa { others, .. } if others.is_empty() => {
                "Name the directory of the CA with -D, and that of its key with --ca-dir.".to_owned()
            }
            Self::NoSuchCa { others, .. } => format!("There is {}.", others.join(", ")),
            Self::OtherCopy { command: Some(command), .. } => {
                format!("Bring that file up to date first: {command}")
            }
            Self::OtherCopy { own, file, .. } => {
                format!("Have the newer one of the two in \"{own}\", and no other in \"{file}\".")
            }
            Self::Both { next, previous } => format!(
                "See with pgtls inspect which of \"{next}\" and \"{previous}\" is of use, and move the other away with \
                 its key."
            ),
            Self::NotBegun { command, .. } => format!("Begin with: {command}"),
            Self::NotSwitched { command, .. } => format!("Run: {command}"),
            Self::NotDropped { command, .. } => format!("End it with: {command}"),
            Self::OtherHalfWay { command, .. } => format!("End that first; see: {command}"),
            Self::Undistributed { command, .. } => format!("Copy, reload, and then run: {command}"),
            Self::StillNeeded { command, needs, .. } if needs.iter().any(|need| need.file.is_some()) => {
                format!(
                    "Repeat \"{command}\", which issues again what is here; revoke the others, or wait for \
                 their end."
                )
            }
            Self::StillNeeded { .. } => {
                "Issue them again under the new CA, revoke them, or wait for their end.".to_owned()
            }
            Self::SignerElsewhere { .. } => {
                "Put its certificate into the directory, and give the directory of its key with --ca-dir."
                    .to_owned()
            }
            Self::Ed25519 => "Leave --key-type at ecdsa-p256; an Ed25519 leaf under it works.".to_owned(),
            Self::Plan(source) => return source.hint(),
        };
        Some(hint)
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Ed25519 => Failure::Usage,
            Self::Plan(source) => source.failure(),
            _ => Failure::Forbidden,
        }
    }
}
