//! What to know of a certificate that goes in: what was asked for and not granted, what it takes the place of, whom its
//! root lets in.

use super::ImportPlan;
use super::fit::request;
use crate::keys::{KeyContent, KeyFile, LockReason};
use crate::pg::{CHAIN_FILE, key_file};
use crate::plan::Inventory;
use crate::x509::GeneralName;
use serde::Serialize;
use std::fmt;

/// Something to know about an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "notice")]
pub enum ImportNotice {
    /// Names that were asked for and are not in the certificate.
    NotGranted {
        /// The names.
        names: Vec<GeneralName>,
    },
    /// Names in the certificate that were not asked for.
    NotAsked {
        /// The names.
        names: Vec<GeneralName>,
    },
    /// Another common name than was asked for.
    OtherCommonName {
        /// What was asked for.
        asked: String,
        /// What it has; empty where it has none.
        granted: String,
    },
    /// The key stayed closed, and its request spoke for it.
    KeyClosed {
        /// The key.
        file: String,
        /// Whether a passphrase was given that does not open it.
        wrong_passphrase: bool,
    },
    /// The root is not here, so nobody is told to trust it.
    NoRoot {
        /// The issuer of the last certificate.
        issuer: String,
    },
    /// `chain.crt` trusts another CA already, and trusts this one too from now on.
    TrustsMore {
        /// The roots that it trusted before.
        already: Vec<String>,
        /// The root that comes to it.
        new: String,
    },
}

impl ImportNotice {
    /// Whether it is a warning, and not only said in passing.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        !matches!(self, Self::NotAsked { .. } | Self::KeyClosed { wrong_passphrase: false, .. })
    }
}

impl fmt::Display for ImportNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |names: &[GeneralName]| names.iter().map(GeneralName::short).collect::<Vec<_>>().join(", ");
        match self {
            Self::NotGranted { names } => {
                write!(f, "asked for, and not in the certificate: {}", list(names))
            }
            Self::NotAsked { names } => {
                write!(f, "in the certificate without being asked for: {}", list(names))
            }
            Self::OtherCommonName { asked, granted } if granted.is_empty() => {
                write!(f, "the certificate has no common name; \"{asked}\" was asked for")
            }
            Self::OtherCommonName { asked, granted } => {
                write!(f, "the common name is \"{granted}\"; \"{asked}\" was asked for")
            }
            Self::KeyClosed { file, wrong_passphrase: true } => {
                write!(f, "the passphrase does not open {file}; that it fits was told from its request")
            }
            Self::KeyClosed { file, .. } => {
                write!(f, "{file} is encrypted; that it fits was told from its request")
            }
            Self::NoRoot { issuer } => write!(
                f,
                "the root is not here, so {CHAIN_FILE} was not written; import again with --chain and the \
                 certificate of {issuer}"
            ),
            Self::TrustsMore { already, new } => write!(
                f,
                "{CHAIN_FILE} trusts {} already, and now {new} too: where it is ssl_ca_file, the clients of both \
                 may log in",
                already.join(" and ")
            ),
        }
    }
}

/// Everything to know about an import.
pub(super) fn notices(plan: &ImportPlan, inventory: &Inventory) -> Vec<ImportNotice> {
    let mut notices = asked_and_granted(plan, inventory);
    let key = key_file(&plan.stem);
    let is_open = |file: &crate::plan::InventoryFile| {
        file.keys.first().is_some_and(|key| KeyFile::public(key).is_some())
    };
    if !inventory.file(&key).is_some_and(is_open) {
        let content = inventory.file(&key).and_then(|file| file.keys.first()).map(|key| &key.content);
        let wrong_passphrase = content == Some(&KeyContent::Locked(LockReason::WrongPassphrase));
        notices.push(ImportNotice::KeyClosed { file: key, wrong_passphrase });
    }
    match &plan.root {
        None => {
            let last = plan.intermediates.last().unwrap_or(&plan.leaf);
            notices.push(ImportNotice::NoRoot { issuer: last.issuer.to_string() });
        }
        Some(root) if plan.trusted.contains(root) => {
            let trusted =
                inventory.file(CHAIN_FILE).map(|file| file.certificates.as_slice()).unwrap_or_default();
            let roots =
                trusted.iter().filter(|found| found.is_own_issuer() && found.public_key != root.public_key);
            let already: Vec<String> = roots.map(|found| found.subject.to_string()).collect();
            if !already.is_empty() {
                notices.push(ImportNotice::TrustsMore { already, new: root.subject.to_string() });
            }
        }
        Some(_) => {}
    }
    notices
}

/// Where the request is still here, what became of it.
fn asked_and_granted(plan: &ImportPlan, inventory: &Inventory) -> Vec<ImportNotice> {
    let Some(asked) = request(inventory, &plan.stem) else { return Vec::new() };
    let mut notices = Vec::new();
    let common_name = |name: &crate::x509::Name| name.common_names().next().unwrap_or_default().into_owned();
    let (wished, granted) = (common_name(&asked.subject), common_name(&plan.leaf.subject));
    if wished != granted {
        notices.push(ImportNotice::OtherCommonName { asked: wished, granted });
    }
    let without = |names: &[GeneralName], others: &[GeneralName]| -> Vec<GeneralName> {
        names.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let (asked, granted) = (&asked.subject_alt_names, &plan.leaf.subject_alt_names);
    let missing = without(asked, granted);
    if !missing.is_empty() {
        notices.push(ImportNotice::NotGranted { names: missing });
    }
    let added = without(granted, asked);
    if !added.is_empty() {
        notices.push(ImportNotice::NotAsked { names: added });
    }
    notices
}
