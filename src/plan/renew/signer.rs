//! Who signs what is renewed, and whether it is revoked.

use super::RenewError;
use super::items::Item;
use crate::index::{Line, Status};
use crate::keys::{PublicKey, SignatureCheck};
use crate::pg::{previous_stem, rotated_stem};
use crate::plan::authorities::{self, Authority};
use crate::plan::revoked::revoked_since;
use crate::state::{State, issued, signature_by};
use crate::x509::Certificate;
use time::OffsetDateTime;

/// Who is to sign.
pub(super) enum Signer<'f, 's> {
    /// Its own key.
    Itself,
    /// A CA that is here, with its key or without.
    Ca(&'f Authority<'s>),
    /// Nobody who is here.
    Elsewhere,
}

/// Who signed it, and is to sign it again. Of several certificates of one CA the one with a key, then the newest.
pub(super) fn signer<'f, 's>(item: &Item<'_>, found: &'f [Authority<'s>], state: &State) -> Signer<'f, 's> {
    if item.certificate.is_own_issuer() && issued(item.certificate, item.certificate) {
        return Signer::Itself;
    }
    let signed =
        found.iter().filter(|ca| !item.is(ca.certificate) && is_issuer(ca.certificate, item.certificate));
    let rank = |ca: &&Authority<'_>| {
        (state.key(&ca.stem).is_some(), ca.elsewhere.is_none(), authorities::age(ca.certificate))
    };
    signed.max_by_key(rank).map_or(Signer::Elsewhere, Signer::Ca)
}

/// Who signs in the place of a CA: itself, or the one that came after it in a rotation that is half-way.
pub(super) fn successor<'f, 's>(ca: &'f Authority<'s>, found: &'f [Authority<'s>]) -> &'f Authority<'s> {
    let own = rotated_stem(&ca.stem).filter(|own| ca.elsewhere.is_none() && ca.stem == previous_stem(own));
    let next = own.and_then(|own| found.iter().find(|other| other.stem == own && other.elsewhere.is_none()));
    next.unwrap_or(ca)
}

/// Whether a CA issued it: by the name and by the signature. A serial number by which it names its issuer's certificate is
/// that of an earlier one, once the CA was renewed.
fn is_issuer(ca: &Certificate, certificate: &Certificate) -> bool {
    let key = PublicKey::from_spki_der(&ca.public_key);
    ca.subject == certificate.issuer && signature_by(&key, &certificate.signed()) != SignatureCheck::Bad
}

/// Whether a name that nobody has any more is that of a certificate which was revoked, and since when, where that is known:
/// its pair lies among the revoked ones, or an index has the common name.
pub(super) fn was_revoked(name: &str, state: &State) -> Option<Option<OffsetDateTime>> {
    let lines = state.indexes.values().flat_map(|index| index.lines());
    let mut revoked = lines.filter(|line| line.status == Status::Revoked);
    let is_called = |line: &&Line| line.subject.rsplit_once("/CN=").is_some_and(|(_, own)| own == name);
    if let Some(line) = revoked.find(is_called) {
        return Some(line.revoked.map(|revoked| revoked.at));
    }
    let stem = |file: &'_ String| Some(file.strip_suffix(".crt")?.rsplit_once('-')?.0 == name);
    state.revoked.iter().any(|file| stem(file) == Some(true)).then_some(None)
}

/// The refusal of a revoked one: by the index of its CA, or by a list that this signed.
pub(super) fn refuse_revoked(item: &Item<'_>, ca: &Authority<'_>, state: &State) -> Result<(), RenewError> {
    match revoked_since(item.certificate, &ca.stem, ca.certificate, state) {
        None => Ok(()),
        Some(at) => Err(RenewError::Revoked { certificate: item.shown(state), at, is_ca: item.is_ca }),
    }
}
