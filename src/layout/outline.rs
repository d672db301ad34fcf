//! Plan -> files: names, places, modes, owners and what goes into each.

use crate::fs::{Mode, Owner};
use crate::index::{attributes_file, index_file};
use crate::pg::{certificate_file, key_file, list_file};
use crate::plan::{IndexSpec, Plan};
use serde::Serialize;
use std::collections::HashSet;
use std::slice;

/// How the user wants files to lie, beyond what the plan says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrangement {
    /// CA keys and copies of CA certificates go into a directory of their own.
    pub separate_ca: bool,
    /// Who owns the keys and certificates of end-entities; `None`: whoever runs this.
    pub owner: Option<Owner>,
    /// Mode of end-entity keys; `None`: 0600.
    pub key_mode: Option<Mode>,
    /// CA keys are under a passphrase.
    pub encrypted_ca: bool,
    /// So are the keys of end-entities.
    pub encrypted_keys: bool,
}

impl Arrangement {
    /// The mode and the group of a new directory. With an owner, the owner's group may enter; the keys of CAs are 0600
    /// inside all the same.
    #[must_use]
    pub fn directory(&self) -> (Mode, Option<u32>) {
        match self.owner {
            Some(owner) => (Mode::DIRECTORY_SHARED, Some(owner.gid)),
            None => (Mode::DIRECTORY, None),
        }
    }
}

/// The files that a plan becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outline {
    /// In the order of the plan: each certificate's files, then the bundles.
    pub files: Vec<OutlineFile>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutlineFile {
    /// Its name.
    pub name: String,
    /// In which directory.
    pub place: Place,
    /// What it holds.
    #[serde(flatten)]
    pub content: Content,
    /// Its mode.
    pub mode: Mode,
    /// Its owner; `None`: whoever runs this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

/// In which directory a file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The directory of `-D`.
    Directory,
    /// The directory of `--ca-dir`.
    CaDirectory,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The private key of a certificate.
    Key {
        /// Whose.
        of: String,
        /// Whether it is under a passphrase.
        encrypted: bool,
    },
    /// Certificates, in order.
    Certificates(Vec<String>),
    /// What it held, with these certificates in the places of others.
    Rewritten(Vec<String>),
    /// The index of a CA.
    Index {
        /// Whose.
        of: String,
    },
    /// The revocation list of a CA.
    List {
        /// Whose.
        of: String,
    },
    /// The revocation lists of several CAs, in order.
    Lists(Vec<String>),
    /// What another file of the directory holds, which goes; its mode and owner stay, whatever is said here.
    Moved {
        /// That file.
        from: String,
    },
    /// What OpenSSL's `ca` has to know about an index.
    IndexAttributes {
        /// Whose.
        of: String,
    },
    /// The request for a certificate.
    Request {
        /// The stem of the certificate that is asked for.
        of: String,
    },
}

/// Lays a plan out. Only files that are going to be written are in it.
#[must_use]
pub fn outline(plan: &Plan, arrangement: &Arrangement) -> Outline {
    let replacing: HashSet<&str> = plan.replaced.iter().map(|it| it.by.as_str()).collect();
    let mut files = Vec::with_capacity(2 * plan.certificates.len() + plan.bundles.len());
    for spec in &plan.certificates {
        let is_ca = spec.usage.is_ca();
        let own_place = if is_ca && arrangement.separate_ca { Place::CaDirectory } else { Place::Directory };
        let owner = arrangement.owner.filter(|_| !is_ca);
        if spec.kept.is_none() && spec.existing_key.is_none() {
            files.push(OutlineFile {
                name: key_file(&spec.stem),
                place: own_place,
                content: Content::Key {
                    of: spec.stem.clone(),
                    encrypted: if is_ca { arrangement.encrypted_ca } else { arrangement.encrypted_keys },
                },
                mode: if is_ca { Mode::SECRET } else { arrangement.key_mode.unwrap_or(Mode::SECRET) },
                owner,
            });
        }
        if replacing.contains(spec.stem.as_str()) {
            continue;
        }
        let certificate = |place| OutlineFile {
            name: certificate_file(&spec.stem),
            place,
            content: Content::Certificates([slice::from_ref(&spec.stem), spec.append.as_slice()].concat()),
            mode: Mode::PUBLIC,
            owner,
        };
        if own_place == Place::CaDirectory && spec.kept.is_none() {
            files.push(certificate(Place::CaDirectory));
        }
        let certificate = certificate(Place::Directory);
        // What stands in a bundle alone has no file of its own, and gets none.
        if !plan.kept_files.contains(&certificate.name) && !plan.elsewhere.contains_key(&spec.stem) {
            files.push(certificate);
        }
    }
    let bundles = plan.bundles.iter().filter(|bundle| !plan.kept_files.contains(&bundle.file));
    files.extend(bundles.map(|bundle| OutlineFile {
        name: bundle.file.clone(),
        place: Place::Directory,
        content: Content::Certificates(bundle.certificates.clone()),
        mode: Mode::PUBLIC,
        owner: None,
    }));
    files.extend(lists(plan, arrangement));
    let moved = |place| {
        move |(name, from): (&String, &String)| OutlineFile {
            name: name.clone(),
            place,
            content: Content::Moved { from: from.clone() },
            mode: if from.ends_with(".key") { Mode::SECRET } else { Mode::PUBLIC },
            owner: None,
        }
    };
    files.extend(plan.moved_ca_files.iter().map(moved(Place::CaDirectory)));
    files.extend(plan.moved_files.iter().map(moved(Place::Directory)));
    files.extend(plan.indexes.iter().flat_map(|index| index_files(index, arrangement)));
    Outline { files }
}

/// Each CA's own list, which it keeps with its key where that is in a directory of its own, and the file of all.
fn lists(plan: &Plan, arrangement: &Arrangement) -> Vec<OutlineFile> {
    let file = |name, place, content| OutlineFile { name, place, content, mode: Mode::PUBLIC, owner: None };
    let mut files = Vec::new();
    for list in plan.lists.iter().filter(|list| plan.certificate(&list.of).is_some()) {
        let has_file = !plan.elsewhere.contains_key(&list.of);
        let name = list_file(&list.of);
        let content = || Content::List { of: list.of.clone() };
        if list.kept.is_none() && arrangement.separate_ca {
            files.push(file(name.clone(), Place::CaDirectory, content()));
        }
        if has_file && !plan.kept_files.contains(&name) {
            files.push(file(name, Place::Directory, content()));
        }
    }
    let bundles = plan.list_bundles.iter().filter(|bundle| !plan.kept_files.contains(&bundle.file));
    files.extend(bundles.map(|it| file(it.file.clone(), Place::Directory, Content::Lists(it.lists.clone()))));
    files
}

fn index_files(index: &IndexSpec, arrangement: &Arrangement) -> Vec<OutlineFile> {
    let file = |name, content| OutlineFile {
        name,
        place: if arrangement.separate_ca { Place::CaDirectory } else { Place::Directory },
        content,
        mode: Mode::PUBLIC,
        owner: None,
    };
    let of = || index.of.clone();
    let attributes =
        index.attributes.then(|| file(attributes_file(&index.of), Content::IndexAttributes { of: of() }));
    std::iter::once(file(index_file(&index.of), Content::Index { of: of() })).chain(attributes).collect()
}
