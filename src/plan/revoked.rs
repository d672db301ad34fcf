//! Whether a certificate that is here was revoked.

use crate::index::Status;
use crate::keys::{PublicKey, SignatureCheck};
use crate::state::{State, signature_by};
use crate::x509::{Certificate, RevocationReason};
use time::OffsetDateTime;

/// That it is revoked, and since when, where that is known: by the index of its CA, whose files have that `stem`, or by a list
/// that the CA signed. `None`: it is not.
pub(super) fn revoked_since(
    certificate: &Certificate,
    stem: &str,
    ca: &Certificate,
    state: &State,
) -> Option<Option<OffsetDateTime>> {
    let line = state.indexes.get(stem).and_then(|index| index.line_of(&certificate.serial));
    if let Some(line) = line.filter(|line| line.status == Status::Revoked) {
        return Some(line.revoked.map(|revoked| revoked.at));
    }
    let key = PublicKey::from_spki_der(&ca.public_key);
    let own = state.lists.iter().filter(|list| list.issuer == ca.subject && !list.is_delta);
    // Few lists have it, and to check the signature of a long one takes its time.
    let entries = own.filter_map(|list| Some((list, list.find(&certificate.serial)?)));
    let mut shut_out = entries.filter(|(_, entry)| entry.reason != Some(RevocationReason::RemoveFromCrl));
    let found = shut_out.find(|(list, _)| signature_by(&key, &list.signed()) == SignatureCheck::Good);
    found.map(|(_, entry)| Some(entry.instant))
}
