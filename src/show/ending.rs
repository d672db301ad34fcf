//! What ends when.

use super::holdings::Holdings;
use super::life::Life;
use crate::x509::Name;
use serde::Serialize;

/// Something that ends, for a list of what ends first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// Its file.
    pub file: String,
    /// Whom it names; for a revocation list its issuer.
    pub subject: Name,
    /// What it is for: `CA`, `server`, `client`, `node`, `any use`, `other`, `CRL`.
    pub usage: &'static str,
    /// When it ends.
    #[serde(flatten)]
    pub life: Life,
}

impl Holdings {
    /// Certificates and revocation lists by when they end, the soonest first.
    #[must_use]
    pub fn endings(&self) -> Vec<Ending> {
        let certificates = self.certificates.iter().map(|entry| Ending {
            file: entry.file.clone(),
            subject: entry.facts.subject.clone(),
            usage: entry.facts.usage_word(),
            life: entry.facts.life,
        });
        let lists = self.lists.iter().filter_map(|entry| {
            let (subject, life) = (entry.facts.issuer.clone(), entry.facts.life?);
            Some(Ending { file: entry.file.clone(), subject, usage: "CRL", life })
        });
        let mut endings: Vec<Ending> = certificates.chain(lists).collect();
        endings.sort_by(|one, other| {
            let key = |ending: &Ending| ending.life.window.not_after;
            key(one).cmp(&key(other)).then_with(|| one.file.cmp(&other.file))
        });
        endings
    }
}
