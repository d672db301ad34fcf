//! Revocation lists beside certificates: whose key made them, and whom of those here they revoke.

use super::things::{ListFacts, SignatureWord};
use crate::keys::PublicKey;
use crate::verify::{Exhibit, Held};
use crate::x509::{RevocationList, serialize_instant};
use serde::Serialize;
use std::collections::HashMap;
use time::OffsetDateTime;

/// A revocation list, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListEntry {
    /// Its file.
    pub file: String,
    /// The file of the certificate whose key made it; `null`: none that is here.
    pub signed_by: Option<String>,
    /// Whether the key of its issuer made it; `null`: the issuer is not here.
    pub signature: Option<SignatureWord>,
    /// The files of those that it revokes and that are here.
    pub revoked_here: Vec<String>,
    /// What it says.
    #[serde(flatten)]
    pub facts: ListFacts,
}

/// That a list revokes a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revoked {
    /// The file of the list.
    pub by: String,
    /// Since when.
    #[serde(serialize_with = "serialize_instant")]
    pub since: OffsetDateTime,
}

/// Every list, by file.
pub(super) fn lists(exhibits: &[Exhibit], all: &[Held<'_>], at: OffsetDateTime) -> Vec<ListEntry> {
    let of_file = |exhibit: &Exhibit, list: &RevocationList| {
        let checks = all.iter().filter(|held| held.certificate.subject == list.issuer).map(|held| {
            let key = PublicKey::from_spki_der(&held.certificate.public_key);
            let check =
                key.verify(list.signed().algorithm, list.signed().to_be_signed, list.signed().signature);
            (SignatureWord::from(&check), held.file)
        });
        let best = checks.min_by_key(|(word, _)| match word {
            SignatureWord::Good => 0,
            SignatureWord::NotChecked => 1,
            SignatureWord::Bad => 2,
        });
        let signer = best.filter(|(word, _)| *word == SignatureWord::Good).map(|(_, file)| file.to_owned());
        ListEntry {
            file: exhibit.name.clone(),
            signed_by: signer,
            signature: best.map(|(word, _)| word),
            revoked_here: Vec::new(),
            facts: ListFacts::of(list, at),
        }
    };
    let mut lists: Vec<ListEntry> = exhibits
        .iter()
        .flat_map(|exhibit| exhibit.lists.iter().map(move |list| of_file(exhibit, list)))
        .collect();
    for (entry, list) in lists.iter_mut().zip(exhibits.iter().flat_map(|exhibit| &exhibit.lists)) {
        let here = all.iter().filter(|held| {
            held.certificate.issuer == list.issuer && list.find(&held.certificate.serial).is_some()
        });
        entry.revoked_here = here.map(|held| held.file.to_owned()).collect();
    }
    lists
}

/// Which certificates are revoked, by their places; a list that another key signed revokes nobody.
pub(super) fn revocations(
    exhibits: &[Exhibit],
    entries: &[ListEntry],
    all: &[Held<'_>],
) -> HashMap<usize, Revoked> {
    let mut revoked = HashMap::new();
    for (entry, list) in entries.iter().zip(exhibits.iter().flat_map(|exhibit| &exhibit.lists)) {
        if entry.signature == Some(SignatureWord::Bad) {
            continue;
        }
        for (place, held) in all.iter().enumerate() {
            if held.certificate.issuer != list.issuer {
                continue;
            }
            if let Some(found) = list.find(&held.certificate.serial) {
                let by = entry.file.clone();
                revoked.entry(place).or_insert(Revoked { by, since: found.instant });
            }
        }
    }
    revoked
}
