//! Which file of one place belongs to which of the other: by name, by content, by the part that it plays, and at last by
//! kinship (the same key, the same subject, the same issuer of a list). Each step is one pass over the files.

use super::Shelf;
use crate::keys::{KeyContent, KeyFile};
use crate::verify::exhibit::Exhibit;
use crate::verify::roles::Roles;
use crate::verify::scene::{Identity, Scene, Side};
use crate::verify::severity::Severity;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A place with what is looked up in it.
pub(super) struct Sheet<'a> {
    pub(super) shelf: &'a Shelf<'a>,
    /// The file of each public key that is certified here.
    pub(super) certified: HashMap<&'a [u8], &'a str>,
    /// The part of each file that plays one alone.
    parts: HashMap<usize, Part>,
    /// The certificate file of each key file.
    certificate_of_key: HashMap<usize, usize>,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    ServerCertificate,
    ServerKey,
    ClientCertificate,
    ClientKey,
    Trust,
    RevocationLists,
}

impl<'a> Sheet<'a> {
    pub(super) fn of((shelf, scene): (&'a Shelf<'a>, &Scene<'a>)) -> Self {
        let places: HashMap<&str, usize> =
            shelf.exhibits.iter().enumerate().map(|(at, exhibit)| (exhibit.name.as_str(), at)).collect();
        let place = |name: &str| places.get(name).copied();
        let pairs = scene
            .identities
            .iter()
            .filter_map(|identity| Some((place(&identity.key?.name)?, place(&identity.exhibit.name)?)));
        let certified = scene.certificates().iter();
        Self {
            shelf,
            certified: certified.map(|held| (held.certificate.public_key.as_slice(), held.file)).collect(),
            parts: parts(shelf.roles, scene)
                .into_iter()
                .filter_map(|(name, part)| Some((place(name)?, part)))
                .collect(),
            certificate_of_key: pairs.collect(),
        }
    }

    fn exhibit(&self, at: usize) -> &'a Exhibit {
        &self.shelf.exhibits[at]
    }

    fn base(&self, at: usize) -> &'a str {
        base(&self.exhibit(at).name)
    }

    pub(super) fn content(&self, at: usize) -> Option<Content<'a>> {
        let exhibit = self.exhibit(at);
        let publics =
            exhibit.keys.iter().map(|key| Some(key.public()?.spki_der())).collect::<Option<Vec<_>>>();
        let is_sound = exhibit.findings.iter().all(|finding| finding.severity != Severity::Error);
        match publics {
            // An index is a counterpart of another by its name, or to the byte.
            Some(keys) if is_sound && exhibit.issued.is_none() => Some(Content::Read {
                certificates: exhibit.certificates.iter().map(|it| it.der.as_slice()).collect(),
                keys,
                lists: exhibit.lists.iter().map(|it| it.der.as_slice()).collect(),
            }),
            _ => Some(Content::Bytes(self.bytes(at)?)),
        }
    }

    pub(super) fn bytes(&self, at: usize) -> Option<&'a [u8]> {
        self.shelf.files.get(&self.exhibit(at).name).map(|entry| entry.contents.as_slice())
    }
}

/// A name without the directories above it.
pub(super) fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// What a file holds, to be compared and looked up as a whole.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Content<'a> {
    Read { certificates: Vec<&'a [u8]>, keys: Vec<&'a [u8]>, lists: Vec<&'a [u8]> },
    Bytes(&'a [u8]),
}

/// The parts that were said, else those that one file alone can play.
fn parts<'a>(roles: &'a Roles, scene: &Scene<'a>) -> Vec<(&'a str, Part)> {
    let only = |wanted: fn(&Identity<'_>) -> bool| {
        let mut fitting = scene.identities.iter().filter(|identity| wanted(identity));
        fitting.next().filter(|_| fitting.next().is_none())
    };
    let server = only(|identity| identity.serves);
    let client = only(|identity| identity.logs_in);
    let file = |identity: Option<&Identity<'a>>| identity.map(|identity| identity.exhibit.name.as_str());
    let key = |identity: Option<&Identity<'a>>| Some(identity?.key?.name.as_str());
    let or = |said: &'a Option<String>, found: Option<&'a str>| said.as_deref().or(found);
    let trust = or(&roles.client_trust, scene.trust_file(Side::Client));
    let found = [
        (or(&roles.server_certificate, file(server)), Part::ServerCertificate),
        (or(&roles.server_key, key(server)), Part::ServerKey),
        (or(&roles.client_certificate, file(client)), Part::ClientCertificate),
        (or(&roles.client_key, key(client)), Part::ClientKey),
        (trust, Part::Trust),
        (roles.crl_file.as_deref(), Part::RevocationLists),
    ];
    found.into_iter().filter_map(|(name, part)| Some((name?, part))).collect()
}

/// Who belongs to whom, as places in the lists of files.
pub(super) struct Matched {
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) only_in_this: Vec<usize>,
    pub(super) only_in_against: Vec<usize>,
}

/// Pairs the files of two places.
pub(super) fn pair(this: &Sheet<'_>, against: &Sheet<'_>) -> Matched {
    let mut matcher = Matcher {
        this,
        against,
        is_free: [vec![true; this.shelf.exhibits.len()], vec![true; against.shelf.exhibits.len()]],
        pairs: Vec::new(),
    };
    let is_selection = this.shelf.is_selection || against.shelf.is_selection;
    // Whoever names one file and one other means the two.
    if is_selection && this.shelf.exhibits.len() == 1 && against.shelf.exhibits.len() == 1 {
        matcher.by(|_, _| Some(()));
    }
    matcher.by(|sheet, at| Some((sheet.base(at), sheet.content(at)?)));
    // In a directory a file is what its name says; a file that was picked may have been given another one on its way.
    if is_selection {
        matcher.by(|sheet, at| sheet.content(at));
        // What settings or flags say of a file counts more than its name.
        if [this, against].iter().any(|sheet| sheet.shelf.roles.files().next().is_some()) {
            matcher.by(|sheet, at| sheet.parts.get(&at).copied());
        }
        matcher.by(|sheet, at| Some(sheet.base(at)));
    } else {
        matcher.by(|sheet, at| Some(sheet.base(at)));
        matcher.by(|sheet, at| sheet.content(at));
    }
    matcher.by(|sheet, at| sheet.parts.get(&at).copied());
    matcher.by(|sheet, at| Some(sheet.exhibit(at).certificates.first()?.public_key.as_slice()));
    matcher.by(|sheet, at| Some(sheet.exhibit(at).certificates.first()?.subject.as_der()));
    matcher.by(|sheet, at| Some(public_key_of(sheet.exhibit(at))?.spki_der()));
    matcher.keys_after_their_certificates();
    matcher.by(|sheet, at| Some(sheet.exhibit(at).lists.first()?.issuer.as_der()));
    let left = |is_free: &[bool]| (0..is_free.len()).filter(|at| is_free[*at]).collect();
    Matched {
        only_in_this: left(&matcher.is_free[0]),
        only_in_against: left(&matcher.is_free[1]),
        pairs: matcher.pairs,
    }
}

/// The key of a file that holds keys alone.
fn public_key_of(exhibit: &Exhibit) -> Option<&crate::keys::PublicKey> {
    exhibit.keys.first().filter(|_| exhibit.certificates.is_empty()).and_then(KeyFile::public)
}

struct Matcher<'m, 'a> {
    this: &'m Sheet<'a>,
    against: &'m Sheet<'a>,
    is_free: [Vec<bool>; 2],
    pairs: Vec<(usize, usize)>,
}

impl<'a> Matcher<'_, 'a> {
    /// Pairs those that have no counterpart yet and share a mark, in the order of the files.
    fn by<K: Eq + Hash>(&mut self, mark: impl Fn(&Sheet<'a>, usize) -> Option<K>) {
        self.by_each(|sheet, at| mark(sheet, at), |sheet, at| mark(sheet, at));
    }

    fn by_each<K: Eq + Hash>(
        &mut self,
        of_this: impl Fn(&Sheet<'a>, usize) -> Option<K>,
        of_against: impl Fn(&Sheet<'a>, usize) -> Option<K>,
    ) {
        let mut waiting: HashMap<K, VecDeque<usize>> = HashMap::new();
        for at in (0..self.is_free[1].len()).filter(|at| self.is_free[1][*at]) {
            if let Some(mark) = of_against(self.against, at) {
                waiting.entry(mark).or_default().push_back(at);
            }
        }
        for at in 0..self.is_free[0].len() {
            if !self.is_free[0][at] || waiting.is_empty() {
                continue;
            }
            let fitting = of_this(self.this, at).and_then(|mark| waiting.get_mut(&mark)?.pop_front());
            if let Some(other) = fitting {
                self.is_free[0][at] = false;
                self.is_free[1][other] = false;
                self.pairs.push((at, other));
            }
        }
    }

    /// A new key beside a new certificate: the keys belong together because their certificates do.
    fn keys_after_their_certificates(&mut self) {
        let counterparts: HashMap<usize, usize> = self.pairs.iter().copied().collect();
        self.by_each(
            |sheet, at| counterparts.get(sheet.certificate_of_key.get(&at)?).copied(),
            |sheet, at| sheet.certificate_of_key.get(&at).copied(),
        );
    }
}

/// Whether nothing of a key could be seen.
pub(super) fn is_closed(key: &KeyFile) -> bool {
    !matches!(key.content, KeyContent::Public(_))
}
