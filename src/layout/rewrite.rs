//! Files in which certificates take the places of others: which they are, and what they become. All else in them stays to
//! the byte, and so do their modes and owners.

use super::outline::{Content, Outline, OutlineFile, Place};
use crate::fs::{FileEntry, FileSet};
use crate::pem;
use crate::pki::Issued;
use crate::plan::Plan;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// The files among these that a plan's certificates come into, each with the stems of those.
#[must_use]
pub fn rewritten(plan: &Plan, files: &FileSet, place: Place) -> Vec<OutlineFile> {
    if plan.replaced.is_empty() {
        return Vec::new();
    }
    let comers = Comers::of(plan);
    let outlined = files.iter().filter_map(|(name, entry)| {
        let stems = comers.in_text(&entry.contents);
        let content = || Content::Rewritten(stems.iter().map(|stem| (*stem).to_owned()).collect());
        (!stems.is_empty()).then(|| OutlineFile {
            name: name.to_owned(),
            place,
            content: content(),
            mode: entry.mode,
            owner: entry.owner,
        })
    });
    outlined.collect()
}

/// What these files become.
#[must_use]
pub fn rewrite(plan: &Plan, issued: &Issued, files: &FileSet) -> FileSet {
    if plan.replaced.is_empty() {
        return FileSet::default();
    }
    let comers = Comers::of(plan);
    let new = |der: &[u8]| {
        let stem = comers.by_old.get(der)?;
        issued.certificates.get(*stem).map(|made| made.der.as_slice())
    };
    let changed = files.iter().filter_map(|(name, entry)| {
        let contents = pem::replace_certificates(&entry.contents, new)?;
        let FileEntry { mode, owner, .. } = *entry;
        Some((name.to_owned(), FileEntry { owner, ..FileEntry::new(contents, mode) }))
    });
    changed.collect()
}

/// Which certificates take the places of which: their stems, by the DER of the old ones.
struct Comers<'p> {
    by_old: HashMap<&'p [u8], &'p str>,
}

impl<'p> Comers<'p> {
    fn of(plan: &'p Plan) -> Self {
        let by_old = plan.replaced.iter().map(|it| (it.old.as_slice(), it.by.as_str())).collect();
        Self { by_old }
    }

    /// The stems of those that come into a text.
    fn in_text(&self, text: &[u8]) -> BTreeSet<&'p str> {
        let met = RefCell::new(BTreeSet::new());
        // What is asked for is what would be replaced; the answer is of no use here.
        let _ = pem::replace_certificates(text, |der| {
            met.borrow_mut().extend(self.by_old.get(der));
            None
        });
        met.into_inner()
    }
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
