//! A certificate that opens nothing, although it leads to what the other side trusts: out of its time, or revoked.

use super::check::{anew, word};
use super::error::ConfigError;
use super::site::{Member, Site};
use crate::layout::export::Party;
use std::collections::BTreeSet;

/// Why the other side refuses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not in its time, or a CA above it is not.
    Time {
        /// The file of that CA; `None`: it is the certificate itself.
        authority: Option<String>,
        /// What is wrong, said of it: `ended on 2027-11-21`.
        said: String,
        /// Whether it has ended, and not yet to begin.
        has_ended: bool,
    },
    /// It is revoked.
    Revoked,
}

impl Fault {
    /// What is wrong, said of the certificate.
    fn said(&self) -> String {
        match self {
            Self::Time { authority: None, said, .. } => said.clone(),
            Self::Time { authority: Some(file), said, .. } => format!("hangs from {file}, which {said}"),
            Self::Revoked => "is revoked".to_owned(),
        }
    }
}

impl Site {
    /// Every certificate that nobody takes, a line each.
    #[must_use]
    pub fn faults(&self) -> BTreeSet<String> {
        let line = |member: &Member| {
            let fault = member.fault.as_ref()?;
            let (file, said) = (&member.file, fault.said());
            Some(match fault {
                Fault::Revoked => format!("{file} {said}, and whoever looks into the lists refuses it"),
                Fault::Time { .. } => {
                    format!("{file} {said}, and nobody takes it: {}", command(self, member, fault))
                }
            })
        };
        self.servers.iter().chain(&self.clients).filter_map(line).collect()
    }
}

/// The command that mends it, or tells how.
fn command(site: &Site, member: &Member, fault: &Fault) -> String {
    match fault {
        Fault::Time { authority: None, has_ended: true, .. } => {
            site.command(&["pgtls", "renew", member.stem()])
        }
        _ => format!("pgtls verify {}", word(&site.place)),
    }
}

/// Refuses a certificate with which nothing would connect.
pub(super) fn refuse(site: &Site, member: &Member, party: Party) -> Result<(), ConfigError> {
    let Some(fault) = &member.fault else { return Ok(()) };
    let mend = match fault {
        Fault::Time { .. } => format!("Run: {}", command(site, member, fault)),
        Fault::Revoked => {
            format!("Take it and its key away, and make another pair: {}", anew(site, member, party))
        }
    };
    Err(ConfigError::Refused { file: site.shown(&member.file), said: fault.said(), mend })
}
