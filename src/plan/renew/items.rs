//! What there is to be renewed: every CA and every end-entity of a directory once, and which of them a name means.

use super::RenewError;
use super::signer::was_revoked;
use crate::pg::{certificate_file, key_file};
use crate::plan::authorities::{Authority, age, is_same_ca};
use crate::state::State;
use crate::x509::Certificate;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A certificate of the directory.
#[derive(Debug, Clone)]
pub(super) struct Item<'s> {
    /// The stem of its files; of a CA without a file of its own the bundle that holds it and its place there.
    pub(super) stem: String,
    pub(super) certificate: &'s Certificate,
    pub(super) is_ca: bool,
}

impl Item<'_> {
    /// Its file as the user would name it.
    pub(super) fn shown(&self, state: &State) -> String {
        state.shown_pair(self.is_ca, &certificate_file(&self.stem))
    }

    pub(super) fn is(&self, certificate: &Certificate) -> bool {
        self.certificate.der == certificate.der
    }
}

/// Everything: the CAs, of several certificates of one CA the newest, then the end-entities in the order of their files.
pub(super) fn items<'s>(state: &'s State, found: &[Authority<'s>]) -> Vec<Item<'s>> {
    let is_newest = |one: &&Authority<'_>| {
        !found.iter().any(|other| {
            is_same_ca(other.certificate, one.certificate) && age(other.certificate) > age(one.certificate)
        })
    };
    let cas = found.iter().filter(is_newest);
    let mut items: Vec<Item<'_>> =
        cas.map(|ca| Item { stem: ca.stem.clone(), certificate: ca.certificate, is_ca: true }).collect();
    let authorities: BTreeSet<&[u8]> = found.iter().map(|ca| ca.certificate.der.as_slice()).collect();
    let mut places = std::collections::BTreeMap::new();
    for (file, list) in &state.certificates {
        let Some(stem) = file.strip_suffix(".crt") else { continue };
        let has_key = state.keys.contains_key(&key_file(stem));
        let mut leaves =
            list.iter().enumerate().filter(|(_, found)| !authorities.contains(found.der.as_slice()));
        // What stands behind another one, and has no key, is a copy.
        let Some((_, certificate)) = leaves.next().filter(|(at, _)| *at == 0 || has_key) else { continue };
        let item = Item { stem: stem.to_owned(), certificate, is_ca: false };
        match places.get(certificate.der.as_slice()) {
            None => {
                places.insert(certificate.der.as_slice(), (items.len(), has_key));
                items.push(item);
            }
            // Of two files that hold it the one with the key is its own.
            Some((at, false)) if has_key => {
                let at = *at;
                places.insert(certificate.der.as_slice(), (at, true));
                items[at] = item;
            }
            Some(_) => {}
        }
    }
    items
}

/// The places of what the names mean, each once.
pub(super) fn named(
    names: &[String],
    items: &[Item<'_>],
    state: &State,
) -> Result<BTreeSet<usize>, RenewError> {
    names.iter().map(|name| one_named(name, items, state)).collect()
}

/// A stem, with the ending of its file or without; else a common name that one alone has.
fn one_named(name: &str, items: &[Item<'_>], state: &State) -> Result<usize, RenewError> {
    let is_stem = |stem: &str| items.iter().position(|item| item.stem == stem);
    if let Some(at) = is_stem(name).or_else(|| is_stem(name.strip_suffix(".crt")?)) {
        return Ok(at);
    }
    let is_called =
        |item: &Item<'_>| item.certificate.subject.common_names().any(|own: Cow<'_, str>| own == name);
    let called: Vec<usize> = (0..items.len()).filter(|at| is_called(&items[*at])).collect();
    match called.as_slice() {
        [one] => Ok(*one),
        [] if let Some(at) = was_revoked(name, state) => {
            Err(RenewError::Revoked { certificate: name.to_owned(), at, is_ca: false })
        }
        [] => Err(RenewError::NoSuchName {
            name: name.to_owned(),
            path: state.path.clone(),
            known: items.iter().map(|item| item.stem.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
        }),
        several => {
            let mut stems: Vec<String> = several.iter().map(|at| items[*at].stem.clone()).collect();
            stems.sort_unstable();
            Err(RenewError::SeveralOfName { name: name.to_owned(), stems })
        }
    }
}
