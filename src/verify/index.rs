//! Certificates and keys by what they are looked up by, so that thousands of files cost no more than each by itself.

use super::chain::Held;
use super::exhibit::Exhibit;
use super::scene::TRUST_NAMES;
use crate::keys::{PublicKey, SignatureCheck};
use crate::x509::Certificate;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The files of a run, looked up.
#[derive(Debug)]
pub struct Index<'a> {
    /// Every certificate once, under the file that is most its own.
    pub all: Vec<Held<'a>>,
    /// The place of each certificate in `all`.
    places: EndMap<ByEnd<'a>, usize>,
    by_issuer: HashMap<&'a [u8], Vec<&'a Certificate>>,
    by_subject: HashMap<&'a [u8], Vec<Held<'a>>>,
    exhibits: &'a [Exhibit],
    /// The places of the files of each stem; asked for where a key is missing.
    by_stem: OnceLock<HashMap<String, Vec<usize>>>,
    keys_by_stem: HashMap<&'a str, &'a Exhibit>,
    keys_by_public: HashMap<&'a [u8], &'a Exhibit>,
    /// What was found of the signature of each certificate in `all`, by the place of the issuer: it is checked once, however
    /// many chains lead over it and files hold it.
    checks: Vec<Mutex<Vec<(usize, SignatureCheck)>>>,
}

impl<'a> Index<'a> {
    /// Looks through all files.
    #[must_use]
    pub fn of(exhibits: &'a [Exhibit]) -> Self {
        // Nearly every file brings one certificate that no other has.
        let mut places = EndMap::with_capacity_and_hasher(exhibits.len(), BuildHasherDefault::default());
        let mut homes: Vec<(&Certificate, &Exhibit)> = Vec::with_capacity(exhibits.len());
        for exhibit in exhibits {
            for certificate in &exhibit.certificates {
                let place = *places.entry(ByEnd(&certificate.der)).or_insert(homes.len());
                match homes.get_mut(place) {
                    None => homes.push((certificate, exhibit)),
                    Some((_, best)) if rank(exhibit, certificate) < rank(best, certificate) => {
                        *best = exhibit
                    }
                    Some(_) => {}
                }
            }
        }
        let held = |(place, (certificate, home)): (usize, (&'a Certificate, &'a Exhibit))| Held {
            certificate,
            file: &home.name,
            place,
        };
        let mut index = Self {
            checks: homes.iter().map(|_| Mutex::default()).collect(),
            all: homes.into_iter().enumerate().map(held).collect(),
            places,
            by_issuer: HashMap::new(),
            by_subject: HashMap::with_capacity(exhibits.len()),
            exhibits,
            by_stem: OnceLock::new(),
            keys_by_stem: HashMap::new(),
            keys_by_public: HashMap::new(),
        };
        for held in &index.all {
            let namesakes = index.by_subject.entry(held.certificate.subject.as_der());
            namesakes.or_insert_with(|| Vec::with_capacity(1)).push(*held);
            if !held.certificate.is_own_issuer() {
                index.by_issuer.entry(held.certificate.issuer.as_der()).or_default().push(held.certificate);
            }
        }
        // A file of its own comes before an archive, which few can read.
        let holds_key = |exhibit: &&&Exhibit| !exhibit.keys.is_empty();
        let (archives, files): (Vec<_>, Vec<_>) =
            exhibits.iter().partition(|exhibit| exhibit.archive.is_some());
        for exhibit in files.iter().chain(&archives).filter(holds_key) {
            index.keys_by_stem.entry(exhibit.stem()).or_insert(exhibit);
            for public in exhibit.keys.iter().filter_map(|key| key.public()) {
                index.keys_by_public.entry(public.spki_der()).or_insert(exhibit);
            }
        }
        index
    }

    /// A certificate of these files, under the one that is most its own.
    #[must_use]
    pub fn held(&self, certificate: &Certificate) -> Option<Held<'a>> {
        let place = self.places.get(&ByEnd(&certificate.der))?;
        self.all.get(*place).copied()
    }

    /// The file that is most a certificate's own.
    #[must_use]
    pub fn home(&self, certificate: &Certificate) -> &'a str {
        self.held(certificate).map_or("", |held| held.file)
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

    /// Whether another certificate of the same authority leads on: it was signed by two, and one of them
    /// is enough. With one serial number it is no other certificate, but a damaged copy.
    #[must_use]
    pub fn has_twin(&self, held: Held<'_>) -> bool {
        let Certificate { subject, public_key, serial, .. } = held.certificate;
        let named = self.by_subject.get(subject.as_der()).into_iter().flatten();
        let twins = named.filter(|twin| {
            twin.place != held.place
                && twin.certificate.public_key == *public_key
                && twin.certificate.serial != *serial
        });
        let leads_on = |twin: &Held<'_>| self.issuers_of(twin.certificate).next().is_some();
        twins.copied().any(|twin| leads_on(&twin))
    }

    /// The other files whose names differ from that of a file in their ending alone.
    pub fn namesakes(&self, exhibit: &Exhibit) -> impl Iterator<Item = &'a Exhibit> {
        let by_stem = self.by_stem.get_or_init(|| {
            let mut by_stem: HashMap<String, Vec<usize>> = HashMap::new();
            for (place, exhibit) in self.exhibits.iter().enumerate() {
                by_stem.entry(exhibit.stem().to_owned()).or_default().push(place);
            }
            by_stem
        });
        let places = by_stem.get(exhibit.stem()).into_iter().flatten();
        places.filter_map(|place| self.exhibits.get(*place)).filter(|other| other.name != exhibit.name)
    }

    /// The key of a certificate file: the one of its stem, or one that fits, or the one that lies in the file itself; that
    /// of an archive lies in it.
    #[must_use]
    pub fn key_of(&self, exhibit: &'a Exhibit, leaf: &Certificate) -> Option<&'a Exhibit> {
        if exhibit.archive.is_some() && !exhibit.keys.is_empty() {
            return Some(exhibit);
        }
        let named = self.keys_by_stem.get(exhibit.stem()).filter(|other| other.name != exhibit.name);
        let fitting = named.or_else(|| self.keys_by_public.get(leaf.public_key.as_slice())).copied();
        fitting.or_else(|| (!exhibit.keys.is_empty()).then_some(exhibit))
    }

    /// Whether the key of a certificate is here.
    #[must_use]
    pub fn has_key(&self, certificate: &Certificate) -> bool {
        self.keys_by_public.contains_key(certificate.public_key.as_slice())
    }

    /// The public keys of all certificates.
    #[must_use]
    pub fn public_keys(&self) -> HashSet<&'a [u8]> {
        self.all.iter().map(|held| held.certificate.public_key.as_slice()).collect()
    }

    /// Whether the signature of a certificate was checked already, and is good.
    #[must_use]
    pub fn is_known_good(&self, child: Held<'_>) -> bool {
        let checks = self.checks.get(child.place).map(|checks| checks.lock());
        let checks = checks.map(|checks| checks.unwrap_or_else(PoisonError::into_inner));
        checks.is_some_and(|checks| checks.iter().any(|(_, check)| *check == SignatureCheck::Good))
    }

    /// Whether the issuer's key made the signature of a certificate.
    #[must_use]
    pub fn signature(&self, child: Held<'_>, issuer: Held<'_>) -> SignatureCheck {
        let checks = self.checks.get(child.place);
        let checks = || checks.map(|checks| checks.lock().unwrap_or_else(PoisonError::into_inner));
        let known = checks().and_then(|checks| {
            checks.iter().find(|(place, _)| *place == issuer.place).map(|(_, check)| check.clone())
        });
        if let Some(known) = known {
            return known;
        }
        // Not under the lock: it is what takes the time.
        let key = PublicKey::from_spki_der(&issuer.certificate.public_key);
        let signed = child.certificate.signed();
        let check = key.verify(signed.algorithm, signed.to_be_signed, signed.signature);
        if let Some(mut checks) = checks() {
            if checks.is_empty() {
                // Nearly always the only one.
                checks.reserve_exact(1);
            }
            checks.push((issuer.place, check.clone()));
        }
        check
    }
}

/// The DER of a certificate, looked up by its last bytes: they are a signature's, and so tell certificates apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByEnd<'a>(pub(super) &'a [u8]);

impl Hash for ByEnd<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.last_chunk::<8>().map_or(&[], |end| end.as_slice()));
    }
}

/// Takes the end of what it is given for the hash: a signature is as good as random, and looking certificates up costs
/// nothing then. Whoever makes thousands that end alike makes their own run slow.
#[derive(Debug, Default)]
pub(super) struct EndHasher(u64);

impl Hasher for EndHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.last_chunk().map_or(0, |end| u64::from_ne_bytes(*end));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What is looked up by the ends of certificates.
pub(super) type EndMap<K, V> = HashMap<K, V, BuildHasherDefault<EndHasher>>;
/// The ends of certificates that were met.
pub(super) type EndSet<'a> = HashSet<ByEnd<'a>, BuildHasherDefault<EndHasher>>;

/// How little a file is a certificate's own: it stands first in its own, and few others follow.
fn rank<'e>(exhibit: &'e Exhibit, certificate: &Certificate) -> (bool, bool, usize, &'e str) {
    let first = exhibit.certificates.first().is_some_and(|first| first.der == certificate.der);
    let bundle = TRUST_NAMES.contains(&exhibit.name.as_str()) && exhibit.name != "root.crt";
    (!first, bundle, exhibit.certificates.len(), exhibit.name.as_str())
}
