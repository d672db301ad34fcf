//! Holdings as a nested tree, for JSON. The names of the fields are an interface.

use super::certificate::CertificateFacts;
use super::holdings::{CertificateEntry, Holdings};
use super::lists::Revoked;
use super::signed::Signed;
use crate::x509::GeneralName;
use serde::Serialize;

/// A certificate and what stands under it.
#[derive(Debug, Serialize)]
pub struct Node<'a> {
    file: &'a str,
    also_in: &'a [String],
    keys: &'a [String],
    signature: &'static str,
    signed_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_checked_because: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<&'a Revoked>,
    other_names: &'a [GeneralName],
    #[serde(flatten)]
    facts: &'a CertificateFacts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    issued: Vec<Node<'a>>,
}

impl Holdings {
    /// The certificates at the top, each with what stands under it.
    #[must_use]
    pub fn nodes(&self) -> Vec<Node<'_>> {
        self.tops().filter_map(|place| self.node(place)).collect()
    }

    fn node(&self, place: usize) -> Option<Node<'_>> {
        let entry = self.certificates.get(place)?;
        let (signature, signed_by, not_checked_because) = match &entry.signed {
            Signed::ByItself => ("good", Some(entry.file.as_str()), None),
            Signed::By(_) => ("good", self.signer(entry).map(|it| it.file.as_str()), None),
            Signed::Unchecked { reason, .. } => ("not-checked", None, Some(reason.as_str())),
            Signed::ByAnotherKey => ("not-by-those-here", None, None),
            Signed::Elsewhere => ("issuer-not-here", None, None),
        };
        Some(Node {
            file: &entry.file,
            also_in: &entry.also_in,
            keys: &entry.keys,
            signature,
            signed_by,
            not_checked_because,
            revoked: entry.revoked.as_ref(),
            other_names: &entry.other_names,
            facts: &entry.facts,
            issued: entry.issued.iter().filter_map(|place| self.node(*place)).collect(),
        })
    }

    /// The one whose key signed a certificate, or that is named where that could not be checked.
    #[must_use]
    pub fn signer(&self, entry: &CertificateEntry) -> Option<&CertificateEntry> {
        match &entry.signed {
            Signed::By(by) | Signed::Unchecked { by, .. } => self.certificates.get(*by),
            Signed::ByItself | Signed::ByAnotherKey | Signed::Elsewhere => None,
        }
    }
}
