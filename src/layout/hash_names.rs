//! Which list lies under which name in a directory for `ssl_crl_dir`: that by which OpenSSL looks for it
//! (X509_LOOKUP_hash_dir(3)).

use super::read_lists::lists;
use crate::fs::FileSet;
use crate::keys::{PublicKey, SignatureCheck, name_hash};
use crate::pem;
use crate::plan::{ListSpec, Plan};
use crate::state::signature_by;
use crate::x509::{Name, RevocationList};
use std::collections::{BTreeMap, BTreeSet};

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
/// One that holds a list of the same CA is taken over, and one with a list that nobody looks for there; what anybody else
/// put there stays, and the next number is taken.
#[must_use]
pub fn hash_names(plan: &Plan, occupied: &BTreeSet<String>, found: &FileSet) -> Vec<HashedList> {
    let mut named: Vec<HashedList> = Vec::new();
    for list in &plan.lists {
        let hash = hash_of(&list.issuer);
        let is_free = |file: &String| {
            let gives_way = || match found.get(file).map(|entry| lists(&entry.contents)).as_deref() {
                Some([held]) => hash_of(&held.issuer) != hash || is_of(held, list, plan),
                _ => false,
            };
            !named.iter().any(|other| other.file == *file) && (!occupied.contains(file) || gives_way())
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

/// The lists of a plan one by one, by whose they are, out of the file of all of them, which has them in any order.
#[must_use]
pub fn part_lists(plan: &Plan, text: &[u8]) -> BTreeMap<String, String> {
    let mut held = lists(text);
    let mut take = |list: &ListSpec| {
        let place = held.iter().position(|held| is_of(held, list, plan))?;
        let own = held.swap_remove(place);
        Some((list.of.clone(), pem::encode_revocation_list(&own.der)))
    };
    plan.lists.iter().filter_map(|list| take(list)).collect()
}

/// Whether a list is one of the same CA: of its key where that is known, else of its name alone.
fn is_of(held: &RevocationList, list: &ListSpec, plan: &Plan) -> bool {
    let key = plan.certificate(&list.of).and_then(|spec| spec.kept.as_ref());
    let key = key.map(|certificate| PublicKey::from_spki_der(&certificate.public_key));
    let is_signed = |key: PublicKey| signature_by(&key, &held.signed()) != SignatureCheck::Bad;
    held.issuer == list.issuer && key.is_none_or(is_signed)
}

fn hash_of(issuer: &Name) -> u32 {
    name_hash(&issuer.canonical_der())
}
