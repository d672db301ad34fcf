//! Files in which certificates take the places of others: which they are, and what they become. All else in them stays to
//! the byte, and so do their modes and owners.

use super::outline::{Content, Outline, OutlineFile, Place};
use crate::fs::{FileEntry, FileSet};
use crate::pem::{self, BlockKind, Coming};
use crate::pg::certificate_file;
use crate::pki::Issued;
use crate::plan::{CertificateSpec, Plan, Succession, Trusted, is_of_trust};
use crate::x509::Certificate;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// The files among these that a plan's certificates come into, or one goes out of, each with the stems of those that come.
#[must_use]
pub fn rewritten(plan: &Plan, files: &FileSet, place: Place) -> Vec<OutlineFile> {
    if rewrites_nothing(plan) {
        return Vec::new();
    }
    let comers = comers(plan);
    let outlined = files.iter().filter_map(|(name, entry)| {
        let rules = Rules::of(plan, &comers, name, &entry.contents);
        let met = RefCell::new(None);
        // What is asked for is what would be changed; the answer is of no use here.
        let _ = pem::edit_certificates(&entry.contents, |der| {
            let coming = rules.coming(der)?;
            let stems = coming.into_iter().flatten().map(str::to_owned);
            met.borrow_mut().get_or_insert_with(BTreeSet::new).extend(stems);
            None
        });
        Some(OutlineFile {
            name: name.to_owned(),
            place,
            content: Content::Rewritten(met.into_inner()?.into_iter().collect()),
            mode: entry.mode,
            owner: entry.owner,
        })
    });
    outlined.collect()
}

/// What these files become.
#[must_use]
pub fn rewrite(plan: &Plan, issued: &Issued, files: &FileSet) -> FileSet {
    if rewrites_nothing(plan) {
        return FileSet::default();
    }
    let comers = comers(plan);
    let changed = files.iter().filter_map(|(name, entry)| {
        let rules = Rules::of(plan, &comers, name, &entry.contents);
        let contents = pem::edit_certificates(&entry.contents, |der| {
            let coming = rules.coming(der)?.into_iter().map(|stem| match stem {
                None => Some(Coming::Itself),
                Some(stem) => issued.certificates.get(stem).map(|made| Coming::Other(&made.der)),
            });
            coming.collect()
        })?;
        let FileEntry { mode, owner, .. } = *entry;
        Some((name.to_owned(), FileEntry { owner, ..FileEntry::new(contents, mode) }))
    });
    changed.collect()
}

fn rewrites_nothing(plan: &Plan) -> bool {
    plan.replaced.is_empty() && succession(plan).is_none()
}

fn succession(plan: &Plan) -> Option<&Succession> {
    plan.rotation.as_ref()?.succession.as_ref()
}

/// What becomes of the certificates of one file.
struct Rules<'p> {
    comers: &'p Comers<'p>,
    /// What is done to a CA that is being rotated, of this file.
    rotated: Option<(&'p Succession, Rotated)>,
}

/// What is done in a file to a CA that is being rotated.
#[derive(Clone, Copy)]
enum Rotated {
    /// The other comes behind it.
    Joined,
    /// It goes.
    Leaves,
    /// The other takes its place.
    Succeeded,
}

impl<'p> Rules<'p> {
    fn of(plan: &'p Plan, comers: &'p Comers<'p>, name: &str, text: &[u8]) -> Self {
        let rotated =
            succession(plan).and_then(|it| Some((it, Self::rotated(it, plan, comers, name, text)?)));
        Self { comers, rotated }
    }

    /// What peers trust is not the file of one CA; what follows a leaf follows the one that is issued
    /// again.
    fn rotated(
        succession: &Succession,
        plan: &Plan,
        comers: &Comers<'_>,
        name: &str,
        text: &[u8],
    ) -> Option<Rotated> {
        let blocks = pem::scan(text).blocks;
        let is_certificate = |kind| matches!(kind, BlockKind::Certificate | BlockKind::OldCertificate);
        let certificates = blocks.iter().filter(|block| is_certificate(block.kind));
        let all: Vec<Certificate> =
            certificates.map(|block| Certificate::from_der(&block.der).ok()).collect::<Option<_>>()?;
        let new = plan.certificate(&succession.new).and_then(|spec| spec.kept.as_ref());
        let holds_new = all.iter().any(|certificate| Some(certificate) == new);
        let of_ca = |spec: &CertificateSpec| spec.usage.is_ca() && certificate_file(&spec.stem) == name;
        let is_own = plan.certificates.iter().any(of_ca)
            || plan.moved_files.values().chain(plan.moved_ca_files.values()).any(|from| from == name);
        let is_trusted = !is_own && is_of_trust(name, &all);
        let is_replaced = |certificate: &Certificate| comers.contains_key(certificate.der.as_slice());
        match succession.trusted {
            Trusted::Both if is_trusted && !holds_new => Some(Rotated::Joined),
            Trusted::NewAlone if is_trusted && holds_new => Some(Rotated::Leaves),
            _ if succession.follows && !is_trusted && !is_own && all.iter().any(is_replaced) => {
                Some(Rotated::Succeeded)
            }
            _ => None,
        }
    }

    /// What comes into the place of a certificate: stems, and `None` for itself. Nothing is said of one that stays.
    fn coming(&self, der: &[u8]) -> Option<Vec<Option<&'p str>>> {
        if let Some(by) = self.comers.get(der) {
            return Some(vec![Some(*by)]);
        }
        let (succession, rotated) = self.rotated.filter(|(succession, _)| succession.old == der)?;
        Some(match rotated {
            Rotated::Joined => vec![None, Some(succession.new.as_str())],
            Rotated::Leaves => Vec::new(),
            Rotated::Succeeded => vec![Some(succession.new.as_str())],
        })
    }
}

/// Which certificates take the places of which: their stems, by the DER of the old ones.
type Comers<'p> = HashMap<&'p [u8], &'p str>;

fn comers(plan: &Plan) -> Comers<'_> {
    plan.replaced.iter().map(|it| (it.old.as_slice(), it.by.as_str())).collect()
}

impl Outline {
    /// Lets files that exist keep the modes and owners that they have there.
    pub fn keep_attributes(&mut self, directory: &FileSet, ca_directory: &FileSet) {
        for file in &mut self.files {
            let set = match file.place {
                Place::Directory => directory,
                Place::CaDirectory => ca_directory,
            };
            if let Some(entry) = set.get(&file.name) {
                (file.mode, file.owner) = (entry.mode, entry.owner);
            }
        }
    }
}
