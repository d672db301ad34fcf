//! A certificate that opens nothing, although it leads to what the other side trusts: out of its time, or revoked.

use super::check::{anew, word};
use super::error::ConfigError;
use super::site::{Member, Site};
use crate::layout::export::Party;

/// Why the other side refuses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not in its time, or a CA above it is not.
    Time {
        /// The file of that CA; `None`: it is the certificate itself.
        authority: Option<String>,
        /// What is wrong, said of it: `has ended, at ...`.
        said: String,
        /// Whether it has ended, and not yet to begin.
        has_ended: bool,
    },
    /// It is revoked.
    Revoked,
}

impl Fault {
    /// What is wrong, said of the certificate.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Time { authority: None, said, .. } => said.clone(),
            Self::Time { authority: Some(file), said, .. } => format!("hangs from {file}, which {said}"),
            Self::Revoked => "is revoked".to_owned(),
        }
    }
}

/// Refuses a certificate with which nothing would connect.
pub(super) fn refuse(site: &Site, member: &Member, party: Party) -> Result<(), ConfigError> {
    let Some(fault) = &member.fault else { return Ok(()) };
    let mend = match fault {
        Fault::Time { authority: None, has_ended: true, .. } => {
            format!("Run: {}", site.command(&["pgtls", "renew", member.stem()]))
        }
        Fault::Time { .. } => format!("Run: pgtls verify {}", word(&site.place)),
        Fault::Revoked => {
            format!("Take it and its key away, and make another pair: {}", anew(site, member, party))
        }
    };
    Err(ConfigError::Refused { file: site.shown(&member.file), said: fault.said(), mend })
}

/// Clients whom the server would turn away, a line each.
pub(super) fn strangers(site: &Site) -> Vec<String> {
    let Some(trust) = &site.client_trust else {
        return match site.clients.is_empty() {
            true => Vec::new(),
            false => {
                vec!["no client can show a certificate: there is nothing for the server to trust".to_owned()]
            }
        };
    };
    let said = |client: &Member| match (&client.fault, client.intermediates) {
        (Some(fault), _) => Some(fault.said()),
        (None, None) => Some(format!("does not lead to anything in {trust}")),
        (None, Some(_)) => None,
    };
    let line = |client: &Member| {
        said(client).map(|said| format!("{} {said}; the server refuses it", client.file))
    };
    site.clients.iter().filter_map(line).collect()
}
