//! Certificates and keys by what they are looked up by, so that thousands of files cost no more than each by itself.

use super::chain::Held;
use super::exhibit::Exhibit;
use super::scene::TRUST_NAMES;
use crate::keys::{PublicKey, SignatureCheck};
use crate::x509::Certificate;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// The files of a run, looked up.
#[derive(Debug)]
pub struct Index<'a> {
    /// Every certificate once, under the file that is most its own.
    pub all: Vec<Held<'a>>,
    /// The place of each certificate in `all`.
    places: HashMap<&'a [u8], usize>,
    by_issuer: HashMap<&'a [u8], Vec<&'a Certificate>>,
    by_subject: HashMap<&'a [u8], Vec<Held<'a>>>,
    keys_by_stem: HashMap<&'a str, &'a Exhibit>,
    keys_by_public: HashMap<&'a [u8], &'a Exhibit>,
    /// A signature is checked once, however many chains lead over it and files hold it.
    checks: Mutex<HashMap<(usize, usize), SignatureCheck>>,
}

impl<'a> Index<'a> {
    /// Looks through all files.
    #[must_use]
    pub fn of(exhibits: &'a [Exhibit]) -> Self {
        let mut homes: HashMap<&[u8], &Exhibit> = HashMap::new();
        let mut order: Vec<&Certificate> = Vec::new();
        for exhibit in exhibits {
            for certificate in &exhibit.certificates {
                let der = certificate.der.as_slice();
                match homes.get_mut(der) {
                    None => {
                        homes.insert(der, exhibit);
                        order.push(certificate);
                    }
                    Some(best) if rank(exhibit, certificate) < rank(best, certificate) => *best = exhibit,
                    Some(_) => {}
                }
            }
        }
        let home =
            |certificate: &Certificate| homes.get(certificate.der.as_slice()).map_or("", |home| &home.name);
        let mut index = Self {
            all: order.iter().map(|certificate| Held { certificate, file: home(certificate) }).collect(),
            places: order
                .iter()
                .enumerate()
                .map(|(at, certificate)| (certificate.der.as_slice(), at))
                .collect(),
            by_issuer: HashMap::new(),
            by_subject: HashMap::new(),
            keys_by_stem: HashMap::new(),
            keys_by_public: HashMap::new(),
            checks: Mutex::default(),
        };
        for held in &index.all {
            index.by_subject.entry(held.certificate.subject.as_der()).or_default().push(*held);
            if !held.certificate.is_own_issuer() {
                index.by_issuer.entry(held.certificate.issuer.as_der()).or_default().push(held.certificate);
            }
        }
        for exhibit in exhibits.iter().filter(|exhibit| !exhibit.keys.is_empty()) {
            index.keys_by_stem.entry(exhibit.stem()).or_insert(exhibit);
            for public in exhibit.keys.iter().filter_map(|key| key.public()) {
                index.keys_by_public.entry(public.spki_der()).or_insert(exhibit);
            }
        }
        index
    }

    /// The file that is most a certificate's own.
    #[must_use]
    pub fn home(&self, certificate: &Certificate) -> &'a str {
        let place = self.places.get(certificate.der.as_slice());
        place.and_then(|at| self.all.get(*at)).map_or("", |held| held.file)
    }

    /// Whether it may have issued another one that is here.
    #[must_use]
    pub fn has_issued(&self, certificate: &Certificate) -> bool {
        let named = self.by_issuer.get(certificate.subject.as_der());
        named
            .into_iter()
            .flatten()
            .any(|other| other.der != certificate.der && certificate.may_have_issued(other))
    }

    /// Those that may have issued a certificate.
    pub fn issuers_of(&self, child: &Certificate) -> impl Iterator<Item = Held<'a>> {
        let named = self.by_subject.get(child.issuer.as_der());
        named.into_iter().flatten().copied().filter(|held| held.certificate.may_have_issued(child))
    }

    /// The key of a certificate file: the one of its stem, or one that fits.
    #[must_use]
    pub fn key_of(&self, exhibit: &Exhibit, leaf: &Certificate) -> Option<&'a Exhibit> {
        let named = self.keys_by_stem.get(exhibit.stem()).filter(|other| other.name != exhibit.name);
        named.or_else(|| self.keys_by_public.get(leaf.public_key.as_slice())).copied()
    }

    /// The public keys of all certificates.
    #[must_use]
    pub fn public_keys(&self) -> HashSet<&'a [u8]> {
        self.all.iter().map(|held| held.certificate.public_key.as_slice()).collect()
    }

    /// Whether the issuer's key made the signature of a certificate.
    #[must_use]
    pub fn signature(&self, child: &Certificate, issuer: &Certificate) -> SignatureCheck {
        let place = |certificate: &Certificate| self.places.get(certificate.der.as_slice()).copied();
        let pair = place(child).zip(place(issuer));
        let checks = || self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(check) = pair.and_then(|pair| checks().get(&pair).cloned()) {
            return check;
        }
        // Not under the lock: it is what takes the time.
        let key = PublicKey::from_spki_der(&issuer.public_key);
        let signed = child.signed();
        let check = key.verify(signed.algorithm, signed.to_be_signed, signed.signature);
        if let Some(pair) = pair {
            checks().insert(pair, check.clone());
        }
        check
    }
}

/// How little a file is a certificate's own: it stands first in its own, and few others follow.
fn rank<'e>(exhibit: &'e Exhibit, certificate: &Certificate) -> (bool, bool, usize, &'e str) {
    let first = exhibit.certificates.first().is_some_and(|first| first.der == certificate.der);
    let bundle = TRUST_NAMES.contains(&exhibit.name.as_str()) && exhibit.name != "root.crt";
    (!first, bundle, exhibit.certificates.len(), exhibit.name.as_str())
}
