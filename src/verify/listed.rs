//! Which of several revocation lists of a CA is the newest, and which files still hold an older one.

use super::chain::Held;
use super::mend::new_list;
use super::report::Finding;
use super::revocation::{HeldList, is_in, lists};
use super::roles::Roles;
use super::rules::Rule;
use super::scene::Scene;
use crate::keys::{PublicKey, SignatureCheck};
use crate::pg::LISTS_FILE;
use crate::x509::{RevocationList, RevocationReason, serial_order, significant};
use std::cmp::Ordering;

/// The newest whole list that a CA signed.
pub(super) fn newest<'a>(authority: Held<'_>, all: &[HeldList<'a>]) -> Option<HeldList<'a>> {
    let subject = &authority.certificate.subject;
    let own = all.iter().copied().filter(|held| held.list.issuer == *subject && is_whole(held.list));
    let mut own: Vec<HeldList<'a>> = own.collect();
    own.sort_by(|one, other| age_order(other.list, one.list));
    let key = PublicKey::from_spki_der(&authority.certificate.public_key);
    own.into_iter().find(|held| {
        let signed = held.list.signed();
        key.verify(signed.algorithm, signed.to_be_signed, signed.signature) == SignatureCheck::Good
    })
}

/// Whether a list turns somebody away.
pub(super) fn shuts_out(list: &RevocationList, serial: &[u8]) -> bool {
    list.find(serial).is_some_and(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl))
}

/// Every file that is loaded for all its lists, against those beside it. In a directory of lists the newest counts,
/// whatever lies beside it.
pub(super) fn behind(scene: &Scene<'_>, roles: &Roles, found: &mut Vec<Finding>) {
    let all = lists(scene, roles);
    let whole: Vec<HeldList<'_>> = all.iter().copied().filter(|held| is_whole(held.list)).collect();
    let is_in_directory =
        |file: &str| roles.crl_directory.as_ref().is_some_and(|directory| is_in(file, directory));
    let is_bundle = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or_default();
        name == LISTS_FILE || all.iter().filter(|held| held.file == file).count() > 1
    };
    for held in whole.iter().filter(|held| is_bundle(held.file) && !is_in_directory(held.file)) {
        let of_same = whole.iter().filter(|other| is_of_same_ca(other.list, held.list));
        let newest = of_same.max_by(|one, other| age_order(one.list, other.list));
        let Some(newest) = newest.filter(|newest| age_order(newest.list, held.list).is_gt()) else {
            continue;
        };
        // Of two in one file OpenSSL takes the newer one.
        let has_newest =
            |other: &HeldList<'_>| other.file == held.file && age_order(other.list, newest.list).is_eq();
        if whole.iter().any(|other| is_of_same_ca(other.list, held.list) && has_newest(other)) {
            continue;
        }
        let issuer = &held.list.issuer;
        let fact = format!("its list of {issuer} is older than the one in {}", newest.file);
        let detail = "Whoever loads this file lets in everybody who was revoked in between.";
        let put = format!("Put the list that is in {} in its place, or a new one", scene.path(newest.file));
        let hint = new_list(issuer, &put, scene);
        found.push(Finding::new(Rule::CrlBehind, held.file, fact).detail(detail).hint(hint));
    }
}

/// Whether a list is about everything that its CA issued.
fn is_whole(list: &RevocationList) -> bool {
    !list.is_delta && list.scope.is_none()
}

fn is_of_same_ca(one: &RevocationList, other: &RevocationList) -> bool {
    let same_key = match (&one.authority_key_identifier, &other.authority_key_identifier) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    one.issuer == other.issuer && same_key
}

/// The later of two lists has the higher number; two that are made in one second differ in it alone.
fn age_order(one: &RevocationList, other: &RevocationList) -> Ordering {
    let numbers = match (&one.number, &other.number) {
        (Some(one), Some(other)) => serial_order(significant(one), significant(other)),
        _ => Ordering::Equal,
    };
    numbers.then(one.this_update.cmp(&other.this_update))
}
