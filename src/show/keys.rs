//! Keys and requests beside certificates: which belong together.

use super::fits::Fits;
use super::things::{KeyFacts, PublicKeyFacts, RequestFacts};
use crate::keys::PublicKey;
use crate::verify::{Exhibit, Held};
use serde::Serialize;

/// A certificate request, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestEntry {
    /// Its file.
    pub file: String,
    /// The files of private keys that fit it.
    pub keys: Vec<String>,
    /// The files of certificates with its key.
    pub certificates: Vec<String>,
    /// What it asks for.
    #[serde(flatten)]
    pub facts: RequestFacts,
}

/// A private key, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyEntry {
    /// Its file.
    pub file: String,
    /// The files of certificates, each the one that is most their own, and of requests that it fits.
    pub fits: Vec<String>,
    /// What of it is no secret.
    #[serde(flatten)]
    pub facts: KeyFacts,
}

/// A public key by itself, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicKeyEntry {
    /// Its file.
    pub file: String,
    /// The files of certificates, requests and private keys with it.
    pub fits: Vec<String>,
    /// What it is.
    #[serde(flatten)]
    pub facts: PublicKeyFacts,
}

/// Private keys, and what has their public ones.
pub(super) struct KeysAndOwners<'a> {
    keys: Fits<'a>,
    certificates: Fits<'a>,
    requests: Fits<'a>,
}

impl<'a> KeysAndOwners<'a> {
    pub(super) fn of(exhibits: &'a [Exhibit], all: &[Held<'a>]) -> Self {
        let mut found =
            Self { keys: Fits::default(), certificates: Fits::default(), requests: Fits::default() };
        for held in all {
            found.certificates.note(PublicKey::from_spki_der(&held.certificate.public_key), held.file);
        }
        for exhibit in exhibits {
            for key in exhibit.keys.iter().filter_map(|key| key.public()) {
                found.keys.note(key.clone(), &exhibit.name);
            }
            for request in &exhibit.requests {
                found.requests.note(PublicKey::from_spki_der(&request.public_key), &exhibit.name);
            }
        }
        found
    }

    pub(super) fn keys_of(&self, spki: &[u8]) -> Vec<String> {
        self.keys.files(&PublicKey::from_spki_der(spki))
    }

    fn owners_of(&self, key: &PublicKey) -> Vec<String> {
        let mut files = self.certificates.files(key);
        files.extend(self.requests.files(key));
        files
    }
}

/// Every request, by file.
pub(super) fn requests(exhibits: &[Exhibit], keys: &KeysAndOwners<'_>) -> Vec<RequestEntry> {
    let all = exhibits.iter().flat_map(|exhibit| exhibit.requests.iter().map(move |it| (exhibit, it)));
    let entry = |(exhibit, request): (&Exhibit, _)| {
        let facts = RequestFacts::of(request);
        let key = PublicKey::from_spki_der(&request.public_key);
        let certificates = keys.certificates.files(&key);
        RequestEntry { file: exhibit.name.clone(), keys: keys.keys.files(&key), certificates, facts }
    };
    all.map(entry).collect()
}

/// Every private key, by file; `unread` are those that could not be opened.
pub(super) fn private_keys(
    exhibits: &[Exhibit],
    unread: &[String],
    keys: &KeysAndOwners<'_>,
) -> Vec<KeyEntry> {
    let all = exhibits.iter().flat_map(|exhibit| exhibit.keys.iter().map(move |key| (exhibit, key)));
    let read = all.map(|(exhibit, key)| KeyEntry {
        file: exhibit.name.clone(),
        fits: key.public().map(|public| keys.owners_of(public)).unwrap_or_default(),
        facts: KeyFacts::of(key),
    });
    let closed = unread.iter().map(|file| KeyEntry {
        file: file.clone(),
        fits: Vec::new(),
        facts: KeyFacts::not_readable(),
    });
    let mut all: Vec<KeyEntry> = read.chain(closed).collect();
    all.sort_by(|one, other| one.file.cmp(&other.file));
    all
}

/// Every public key by itself, by file.
pub(super) fn public_keys(exhibits: &[Exhibit], keys: &KeysAndOwners<'_>) -> Vec<PublicKeyEntry> {
    let all = exhibits.iter().flat_map(|exhibit| exhibit.public_keys.iter().map(move |it| (exhibit, it)));
    let entry = |(exhibit, key): (&Exhibit, &PublicKey)| {
        let mut fits = keys.owners_of(key);
        fits.extend(keys.keys.files(key));
        PublicKeyEntry { file: exhibit.name.clone(), fits, facts: PublicKeyFacts::of(key) }
    };
    all.map(entry).collect()
}
