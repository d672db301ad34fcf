//! Which of several revocation lists OpenSSL takes for a certificate (`get_crl_sk`, crypto/x509/x509_vfy.c).

use crate::x509::{Certificate, RevocationList};
use time::OffsetDateTime;

/// What there is for one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice<'a> {
    /// The list that counts; no other is looked at.
    Taken(&'a RevocationList),
    /// A list of its issuer, which is not about such certificates.
    OutOfScope(&'a RevocationList),
    /// None.
    Missing,
}

/// Of the lists in their order, the one that counts for a certificate: of its issuer's name and key; best one without
/// unknown parts, about such certificates, current; of those the newest, and of equals the first.
pub(super) fn choose<'a>(
    certificate: &Certificate,
    issuer: &Certificate,
    lists: impl Iterator<Item = &'a RevocationList>,
    at: OffsetDateTime,
) -> Choice<'a> {
    let covers = |list: &RevocationList| {
        let is_authority = certificate.ca == Some(true);
        list.scope.as_ref().is_none_or(|scope| scope.covers(is_authority, &certificate.distribution_points))
    };
    let rank = |list: &RevocationList| {
        (list.unknown_critical_extensions.is_empty(), covers(list), is_current(list, at), list.this_update)
    };
    let fitting = lists.filter(|list| {
        let same_key = match (&issuer.subject_key_identifier, &list.authority_key_identifier) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        let is_plain = list.scope.as_ref().is_none_or(|scope| scope.is_plain());
        list.issuer == certificate.issuer && same_key && is_plain
    });
    // The last of equals is the one that `max_by_key` gives.
    let fitting: Vec<&RevocationList> = fitting.collect();
    match fitting.into_iter().rev().max_by_key(|list| rank(list)) {
        None => Choice::Missing,
        Some(list) if covers(list) => Choice::Taken(list),
        Some(list) => Choice::OutOfScope(list),
    }
}

/// Whether a list counts at an instant.
pub(super) fn is_current(list: &RevocationList, at: OffsetDateTime) -> bool {
    list.this_update <= at && list.next_update.is_none_or(|next| at <= next)
}
