//! Whether what a CA sent fits what lies in the directory: the key, the use, the time, and the files that are there.

use super::{Delivery, ImportError};
use crate::keys::{KeyContent, PublicKey};
use crate::pg::{CHAIN_FILE, certificate_file, key_file, request_file};
use crate::plan::Inventory;
use crate::x509::{Certificate, CertificateRequest, ExtendedKeyUsage, Usage, format_date};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// The end-entity of a delivery, and the stem of its key in the directory.
pub(super) fn leaf<'d>(
    delivery: &'d Delivery,
    inventory: &Inventory,
) -> Result<(&'d Certificate, String), ImportError> {
    let file = || delivery.shown.clone();
    let ends: Vec<&Certificate> =
        delivery.certificates.iter().filter(|found| found.ca != Some(true)).collect();
    if ends.is_empty() {
        let subjects = delivery.certificates.iter().map(|found| found.subject.to_string()).collect();
        return Err(ImportError::NoLeaf { file: file(), subjects });
    }
    let mut fitting: Vec<(&Certificate, Vec<String>)> = Vec::new();
    for found in &ends {
        let stems = stems_of(&PublicKey::from_spki_der(&found.public_key), inventory)?;
        if !stems.is_empty() {
            fitting.push((found, stems));
        }
    }
    let stems: BTreeSet<&String> = fitting.iter().flat_map(|(_, stems)| stems).collect();
    let mut stems = stems.into_iter();
    match (stems.next(), stems.next()) {
        (None, _) => Err(ImportError::NoKey {
            file: file(),
            subject: ends[0].subject.to_string(),
            keys: keys_here(inventory),
            path: inventory.path.clone(),
        }),
        (Some(one), Some(other)) => {
            let (one, other) = (key_file(one), key_file(other));
            Err(match fitting.iter().any(|(_, stems)| stems.len() > 1) {
                true => ImportError::SeveralKeys { file: file(), keys: vec![one, other] },
                false => ImportError::SeveralCertificates { file: file(), keys: (one, other) },
            })
        }
        (Some(stem), None) => {
            // Of several for one key, the one that was made last.
            let newest = fitting.iter().max_by_key(|(found, _)| found.window.not_before);
            newest
                .map(|(found, _)| (*found, stem.clone()))
                .ok_or_else(|| ImportError::NoLeaf { file: file(), subjects: Vec::new() })
        }
    }
}

/// The stems whose key it is; where a key cannot be looked into, its request speaks for it.
fn stems_of(public: &PublicKey, inventory: &Inventory) -> Result<Vec<String>, ImportError> {
    let mut stems = Vec::new();
    for file in &inventory.files {
        let Some(stem) = file.name.strip_suffix(".key") else { continue };
        let is_it = match file.keys.first().map(|key| &key.content) {
            Some(KeyContent::Public(own)) => own.is_same_key(public),
            None | Some(KeyContent::Damaged) => false,
            Some(_) => request(inventory, stem).is_some_and(|request| asks_for(request, public)),
        };
        if is_it {
            stems.push(stem.to_owned());
        }
    }
    if stems.is_empty() {
        let asked = inventory.files.iter().find(|file| file.requests.iter().any(|one| asks_for(one, public)));
        if let Some(file) = asked {
            let key = key_file(file.name.trim_end_matches(".csr"));
            let request = inventory.shown(&file.name);
            let shown = inventory.shown(&key);
            return Err(match (inventory.unread.contains(&key), inventory.occupied.contains(&key)) {
                (true, _) => ImportError::KeyUnread { key: shown, request },
                (false, true) => ImportError::NotItsKey { key: shown, request },
                (false, false) => ImportError::KeyGone { request },
            });
        }
    }
    Ok(stems)
}

fn asks_for(request: &CertificateRequest, public: &PublicKey) -> bool {
    PublicKey::from_spki_der(&request.public_key).is_same_key(public)
}

/// The request that lies beside a key.
pub(super) fn request<'i>(inventory: &'i Inventory, stem: &str) -> Option<&'i CertificateRequest> {
    inventory.file(&request_file(stem))?.requests.first()
}

/// The keys that a certificate could have been for, and which of them stay closed.
fn keys_here(inventory: &Inventory) -> Vec<String> {
    let keys = inventory.files.iter().filter(|file| file.name.ends_with(".key"));
    let shown = keys.map(|file| match file.keys.first().map(|key| &key.content) {
        Some(KeyContent::Locked(_)) => format!("{} (encrypted)", file.name),
        _ => file.name.clone(),
    });
    shown.collect()
}

/// A certificate whose time is over is of no use to anybody; one whose time begins soon may be meant.
pub(super) fn check_window(
    delivery: &Delivery,
    leaf: &Certificate,
    now: OffsetDateTime,
) -> Result<(), ImportError> {
    if leaf.window.not_after < now {
        let (file, ended) = (delivery.shown.clone(), format_date(leaf.window.not_after));
        return Err(ImportError::Ended { file, ended });
    }
    Ok(())
}

/// What the files of a stem are for: by their name, else by what was asked for; `None` where neither says it.
fn wanted(stem: &str, inventory: &Inventory) -> Option<Usage> {
    let is = |usage: Usage| stem.split('.').next() == Some(usage.id());
    if let Some(named) = [Usage::Server, Usage::Client, Usage::Node].into_iter().find(|usage| is(*usage)) {
        return Some(named);
    }
    let asked = request(inventory, stem)?.extended_key_usage.as_ref()?;
    let has = |purpose: ExtendedKeyUsage| asked.contains(&purpose);
    match (has(ExtendedKeyUsage::server_auth()), has(ExtendedKeyUsage::client_auth())) {
        (true, true) => Some(Usage::Node),
        (true, false) => Some(Usage::Server),
        (false, true) => Some(Usage::Client),
        (false, false) => None,
    }
}

/// A server's certificate serves, a client's logs in, a node's does both; without an extended key usage one does all.
pub(super) fn check_usage(
    delivery: &Delivery,
    leaf: &Certificate,
    stem: &str,
    inventory: &Inventory,
) -> Result<(), ImportError> {
    let Some(wanted) = wanted(stem, inventory) else { return Ok(()) };
    let lacks = |purpose: ExtendedKeyUsage| {
        let is_granted = !leaf.has_extended_key_usage || leaf.extended_key_usage.contains(&purpose);
        (!is_granted).then(|| purpose.to_string())
    };
    let serves = wanted.serves().then(ExtendedKeyUsage::server_auth);
    let logs_in = (wanted != Usage::Server).then(ExtendedKeyUsage::client_auth);
    match serves.into_iter().chain(logs_in).find_map(lacks) {
        None => Ok(()),
        Some(purpose) => {
            let (file, key) = (delivery.shown.clone(), key_file(stem));
            let granted = leaf.extended_key_usage.iter().map(ToString::to_string).collect();
            Err(ImportError::WrongUsage { file, key, usage: wanted, purpose, granted })
        }
    }
}

/// What the certificate takes the place of: nothing, itself, or an older one for the same key.
pub(super) fn check_existing<'i>(
    leaf: &Certificate,
    stem: &str,
    inventory: &'i Inventory,
) -> Result<Option<&'i Certificate>, ImportError> {
    let name = certificate_file(stem);
    if !inventory.occupied.contains(&name) {
        return Ok(None);
    }
    let file = inventory.shown(&name);
    let Some(existing) = inventory.file(&name).and_then(|file| file.certificates.first()) else {
        return Err(ImportError::InTheWay { file, is_unread: inventory.unread.contains(&name) });
    };
    if existing == leaf {
        return Ok(None);
    }
    let key = |certificate: &Certificate| PublicKey::from_spki_der(&certificate.public_key);
    if !key(existing).is_same_key(&key(leaf)) {
        return Err(ImportError::OtherKey { file, key: key_file(stem) });
    }
    let age = |certificate: &Certificate| (certificate.window.not_before, certificate.window.not_after);
    if age(leaf) <= age(existing) {
        return Err(ImportError::Older { file, existing: existing.window, imported: leaf.window });
    }
    Ok(Some(existing))
}

/// Whether the certificate's own file changes, and what comes to `chain.crt`: the CAs up to the root, where that is here,
/// as far as they are not in it. What is in it stays, for others may depend on it.
pub(super) fn changes<'a>(
    leaf: &Certificate,
    stem: &str,
    intermediates: &[&'a Certificate],
    root: Option<&'a Certificate>,
    inventory: &Inventory,
) -> Result<(bool, Vec<&'a Certificate>), ImportError> {
    let own = inventory.file(&certificate_file(stem));
    let wished = || std::iter::once(leaf).chain(intermediates.iter().copied());
    let writes = !own.is_some_and(|file| file.is_bundle && file.certificates.iter().eq(wished()));
    let chain = inventory.file(CHAIN_FILE);
    if inventory.occupied.contains(CHAIN_FILE) && !chain.is_some_and(|file| file.is_bundle) && root.is_some()
    {
        let (file, is_unread) = (inventory.shown(CHAIN_FILE), inventory.unread.contains(CHAIN_FILE));
        return Err(ImportError::InTheWay { file, is_unread });
    }
    let is_there = |found: &Certificate| chain.is_some_and(|file| file.certificates.contains(found));
    let all = intermediates.iter().copied().chain(root).filter(|_| root.is_some());
    let trusted: Vec<&Certificate> = all.filter(|found| !is_there(found)).collect();
    Ok((writes, trusted))
}
