//! Under which name each list lies in a directory for `ssl_crl_dir`: that by which OpenSSL looks for it
//! (X509_LOOKUP_hash_dir(3)).

use super::read_lists::lists;
use crate::fs::FileSet;
use crate::keys::{PublicKey, SignatureCheck, name_hash};
use crate::plan::{ListSpec, Plan};
use crate::state::signature_by;
use crate::x509::{Name, RevocationList};
use std::collections::BTreeSet;

/// A list and the name that it has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedList {
    /// `9d66eef0.r0`.
    pub file: String,
    /// Whose list it is, as in [`ListSpec::of`].
    pub of: String,
    /// Who signed it.
    pub issuer: Name,
}

/// Names for the lists of a plan, given all names that are taken in the directory and the files under names of this kind.
/// One that holds a list of the same CA is taken over; one of anybody else stays, and the next number is taken.
#[must_use]
pub fn hash_names(plan: &Plan, occupied: &BTreeSet<String>, found: &FileSet) -> Vec<HashedList> {
    let mut named: Vec<HashedList> = Vec::new();
    for list in &plan.lists {
        let hash = name_hash(&list.issuer.canonical_der());
        let is_free = |file: &String| {
            let is_own = || found.get(file).is_some_and(|entry| is_earlier(&entry.contents, list, plan));
            !named.iter().any(|other| other.file == *file) && (!occupied.contains(file) || is_own())
        };
        // One of them is free: no directory has as many files.
        let file = (0..=u32::MAX).map(|number| format!("{hash:08x}.r{number}")).find(is_free);
        let of = list.of.clone();
        named.extend(file.map(|file| HashedList { file, of, issuer: list.issuer.clone() }));
    }
    named
}

/// Whether a name is of this kind.
#[must_use]
pub fn is_hash_name(name: &str) -> bool {
    let Some((hash, number)) = name.split_once(".r") else { return false };
    hash.len() == 8
        && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
        && !number.is_empty()
        && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether a file holds a list of the same CA: of its key where that is known, else of its name alone.
fn is_earlier(text: &[u8], list: &ListSpec, plan: &Plan) -> bool {
    let held = lists(text);
    let key = plan.certificate(&list.of).and_then(|spec| spec.kept.as_ref());
    let key = key.map(|certificate| PublicKey::from_spki_der(&certificate.public_key));
    let is_signed = |held: &RevocationList| {
        key.as_ref().is_none_or(|key| signature_by(key, &held.signed()) != SignatureCheck::Bad)
    };
    matches!(held.as_slice(), [held] if held.issuer == list.issuer && is_signed(held))
}
