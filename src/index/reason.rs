//! The revocation field: an instant, and after a comma the reason in OpenSSL's words (apps/ca.c, `crl_reasons`).

use super::line::Revoked;
use crate::x509::{RevocationReason, format_asn1_time, parse_asn1_time, parse_der_time};

/// OpenSSL's words; it compares them without regard to case. The last three take one more part, which is kept as it is.
const WORDS: [(&str, RevocationReason); 11] = [
    ("unspecified", RevocationReason::Unspecified),
    ("keyCompromise", RevocationReason::KeyCompromise),
    ("CACompromise", RevocationReason::CaCompromise),
    ("affiliationChanged", RevocationReason::AffiliationChanged),
    ("superseded", RevocationReason::Superseded),
    ("cessationOfOperation", RevocationReason::CessationOfOperation),
    ("certificateHold", RevocationReason::CertificateHold),
    ("removeFromCRL", RevocationReason::RemoveFromCrl),
    ("holdInstruction", RevocationReason::CertificateHold),
    ("keyTime", RevocationReason::KeyCompromise),
    ("CAkeyTime", RevocationReason::CaCompromise),
];

/// How long a time is that tells the year by two digits: `261122091555Z`.
const UTC_TIME_LENGTH: usize = 13;

/// `261122091555Z`, `261122091555Z,keyCompromise`, `261122091555Z,holdInstruction,1.2.840.10040.2.1`.
pub(super) fn parse(text: &str) -> Option<Revoked> {
    let mut parts = text.splitn(3, ',');
    let at = parts.next().and_then(parse_asn1_time)?;
    let reason = match parts.next() {
        None => None,
        Some(word) => Some(WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word))?.1),
    };
    Some(Revoked { at, reason })
}

/// The same of a field that is just what [`format`] writes for it, and of no other.
pub(super) fn parse_usual(text: &str) -> Option<Revoked> {
    let (instant, word) = match text.split_at_checked(UTC_TIME_LENGTH) {
        Some((instant, "")) => (instant, None),
        Some((instant, rest)) if rest.starts_with(',') => (instant, rest.get(1..)),
        _ => text.split_once(',').map_or((text, None), |(instant, word)| (instant, Some(word))),
    };
    let at = parse_der_time(instant)?;
    let Some(word) = word else { return Some(Revoked { at, reason: None }) };
    // What stands first for a reason is what is written for it.
    let reason = WORDS.iter().find(|(known, _)| *known == word)?.1;
    let (first, _) = WORDS.iter().find(|(_, known)| *known == reason)?;
    (*first == word).then_some(Revoked { at, reason: Some(reason) })
}

/// The field of a revocation. OpenSSL has no word for privilegeWithdrawn and aACompromise, and refuses an index with a
/// word that it does not know: these are left out.
pub(super) fn format(revoked: Revoked) -> String {
    let word = WORDS.iter().find(|(_, known)| Some(*known) == revoked.reason).map(|(word, _)| *word);
    let instant = format_asn1_time(revoked.at);
    word.map_or_else(|| instant.clone(), |word| format!("{instant},{word}"))
}
