//! What differs between two places that hold certificates, keys and revocation lists: by the part that a file plays and
//! by what it holds, not by its name alone. It judges nothing.
//!
//! `pairing` says which file of the one place belongs to which of the other, `content` what differs between the two,
//! `certificate` which fields of two certificates do.

mod certificate;
mod content;
mod index;
mod pairing;

use super::exhibit::Exhibit;
use super::policy::Policy;
use super::roles::Roles;
use super::scene::Scene;
use crate::fs::{FileSet, Mode, Owner};
use crate::keys::KeyFile;
use crate::x509::{Name, format_date};
use pairing::{Matched, Sheet};
use serde::{Serialize, Serializer};
use std::collections::HashMap;
use std::fmt;
use time::OffsetDateTime;

/// One of the two places.
#[derive(Debug, Clone, Copy)]
pub struct Shelf<'a> {
    /// Where it is, as the user named it.
    pub place: &'a str,
    /// Its files.
    pub exhibits: &'a [Exhibit],
    /// Their bytes, for what cannot be told from what was read: keys under a passphrase, damaged files.
    pub files: &'a FileSet,
    /// Which file plays which part, where that was said.
    pub roles: &'a Roles,
    /// Whether these are files that were picked, one by one or by a server's settings, and not a whole directory: then
    /// what lies beside their twins is nobody's loss.
    pub is_selection: bool,
}

/// How two places differ. `this` is the one that was asked about, `against` the one that it is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The place that was asked about.
    pub this: String,
    /// The place that it is held against.
    pub against: String,
    /// Whether there is no difference.
    pub same: bool,
    /// How many files have their counterpart.
    pub compared: usize,
    /// What differs, in the order of the files.
    pub differences: Vec<Difference>,
    /// What is worth knowing and makes no difference.
    pub notes: Vec<Remark>,
    /// Files that were not compared, because the other place is a selection.
    pub left_out: Vec<String>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Of which kind.
    pub kind: DifferenceKind,
    /// The file that was asked about; `None` where there is none.
    #[serde(rename = "this")]
    pub this_file: Option<String>,
    /// The file that it is held against.
    #[serde(rename = "against")]
    pub against_file: Option<String>,
    /// Whom the certificate names, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Name>,
    /// One line, lower case, no full stop.
    pub fact: String,
    /// More of it, as sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Serial numbers that only the list asked about revokes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revoked_only_in_this: Vec<String>,
    /// Serial numbers that only the other list revokes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revoked_only_in_against: Vec<String>,
}

/// A field that differs; the empty text is a field that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub field: &'static str,
    /// What it is in the place that was asked about.
    pub this: String,
    /// What it is in the other.
    pub against: String,
}

/// Something that makes no difference, and the files that it is true of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Of which kind.
    pub kind: RemarkKind,
    /// One line, lower case, no full stop.
    pub fact: String,
    /// The files, by their names in the place that was asked about.
    pub files: Vec<String>,
}

/// Declares words that stand in the JSON.
macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $variant:ident => $id:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its stable name.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$variant => $id,)+
                }
            }

            /// What it means to a user.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii_start(),)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.id())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.id())
            }
        }
    };
}

words! {
    /// What can differ.
    DifferenceKind {
        /// Only the place asked about has such a file.
        OnlyInThis => "only-in-this",
        /// Only the other place has such a file.
        OnlyInAgainst => "only-in-against",
        /// A certificate for the same names and the same key, with another serial number or window.
        Renewed => "certificate-renewed",
        /// A certificate for the same names, with another key.
        Rekeyed => "certificate-rekeyed",
        /// A certificate that says something else.
        Changed => "certificate-changed",
        /// A file holds a certificate that its counterpart does not.
        CertificateOnlyInThis => "certificate-only-in-this",
        /// A file lacks a certificate that its counterpart holds.
        CertificateOnlyInAgainst => "certificate-only-in-against",
        /// The same certificates, another one first.
        Order => "certificate-order",
        /// Another key.
        KeyChanged => "key-changed",
        /// Keys under a passphrase or of an unknown kind, written otherwise: whether they are one cannot be told.
        KeyNotCompared => "key-not-compared",
        /// The same key, in another form: PEM or DER, under a passphrase or not. Not everybody reads each.
        KeyForm => "key-form",
        /// Only the file of the place asked about holds a key.
        KeyOnlyInThis => "key-only-in-this",
        /// Only the file of the other place holds a key.
        KeyOnlyInAgainst => "key-only-in-against",
        /// A key beside a certificate that it does not belong to: single files of two kinds.
        KeyDoesNotFit => "key-does-not-fit",
        /// A revocation list of the same issuer that says something else.
        ListChanged => "list-changed",
        /// Only the file of the place asked about holds a list of that issuer.
        ListOnlyInThis => "list-only-in-this",
        /// Only the file of the other place holds a list of that issuer.
        ListOnlyInAgainst => "list-only-in-against",
        /// An index of a CA that lists other certificates, or says something else of one.
        IndexChanged => "index-changed",
        /// What could be read is the same; one of the two has a fault that the other has not.
        Fault => "fault",
        /// Other bytes, of which nothing could be read.
        NotRead => "not-read",
    }
}

words! {
    /// What makes no difference.
    RemarkKind {
        /// The files have other modes.
        Mode => "mode",
        /// The files have other owners.
        Owner => "owner",
        /// The file has another name in the other place.
        Name => "name",
        /// The same, written otherwise: text around the blocks, another order of anchors, SEC1 for PKCS#8.
        Written => "written",
        /// A key and the certificate that it belongs to: single files of two kinds.
        KeyFits => "key-fits",
    }
}

impl Difference {
    fn new(kind: DifferenceKind, fact: impl Into<String>) -> Self {
        Self {
            kind,
            this_file: None,
            against_file: None,
            subject: None,
            fact: fact.into(),
            detail: None,
            fields: Vec::new(),
            revoked_only_in_this: Vec::new(),
            revoked_only_in_against: Vec::new(),
        }
    }
}

/// Compares; in both places the instant serves but to tell which file plays which part.
#[must_use]
pub fn compare(this: &Shelf<'_>, against: &Shelf<'_>, at: OffsetDateTime) -> Comparison {
    let policy = Policy::at(at);
    let scenes = [this, against].map(|shelf| Scene::of(shelf.place, shelf.exhibits, shelf.roles, &policy));
    let [this_sheet, against_sheet] = [(this, &scenes[0]), (against, &scenes[1])].map(Sheet::of);
    let matched = pairing::pair(&this_sheet, &against_sheet);
    let mut found: Vec<(&str, Vec<Difference>)> = Vec::new();
    let mut remarks = Remarks::default();
    for (one, other) in &matched.pairs {
        let pair = content::Pair { this: &this_sheet, one: *one, against: &against_sheet, other: *other };
        let differences = content::differences(&pair, &mut remarks);
        let (one, other) = (&this.exhibits[*one], &against.exhibits[*other]);
        // A key is closed and its certificate is not.
        if one.keys.is_empty() == other.keys.is_empty() {
            attributes(one, other, &mut remarks);
        }
        found.push((&one.name, differences));
    }
    let left_out = alone([&this_sheet, &against_sheet], &matched, &mut found);
    found.sort_by_key(|(name, _)| *name);
    let differences: Vec<Difference> = found.into_iter().flat_map(|(_, differences)| differences).collect();
    Comparison {
        this: this.place.to_owned(),
        against: against.place.to_owned(),
        same: differences.is_empty(),
        compared: matched.pairs.len(),
        differences,
        notes: remarks.list,
        left_out,
    }
}

/// Files without a counterpart: differences, or where the other place is a selection left out, which is what is returned.
fn alone<'a>(
    [this, against]: [&Sheet<'a>; 2],
    matched: &Matched,
    found: &mut Vec<(&'a str, Vec<Difference>)>,
) -> Vec<String> {
    let mut left_out = Vec::new();
    let both = this.shelf.is_selection && against.shelf.is_selection;
    let sides = [
        (DifferenceKind::OnlyInThis, this, against, &matched.only_in_this),
        (DifferenceKind::OnlyInAgainst, against, this, &matched.only_in_against),
    ];
    for (kind, own, others, files) in sides {
        for exhibit in files.iter().map(|at| &own.shelf.exhibits[*at]) {
            if others.shelf.is_selection && !both {
                left_out.push(exhibit.name.clone());
            } else {
                found.push((&exhibit.name, vec![lone(kind, exhibit, own, others)]));
            }
        }
    }
    left_out
}

/// A file without a counterpart.
fn lone(kind: DifferenceKind, exhibit: &Exhibit, own: &Sheet<'_>, others: &Sheet<'_>) -> Difference {
    let mut difference = Difference::new(kind, described(exhibit));
    difference.subject = exhibit.certificates.first().map(|certificate| certificate.subject.clone());
    let key = exhibit.keys.first().filter(|_| exhibit.certificates.is_empty());
    // That it belongs to a certificate beside it goes without saying.
    let is_told = |key: &&KeyFile| {
        let certified =
            |sheet: &Sheet<'_>| key.public().is_some_and(|key| sheet.certified.contains_key(key.spki_der()));
        certified(others) || !certified(own)
    };
    difference.detail = key.filter(is_told).and_then(|key| content::fit("It", key, [own, others]));
    match kind {
        DifferenceKind::OnlyInThis => difference.this_file = Some(exhibit.name.clone()),
        _ => difference.against_file = Some(exhibit.name.clone()),
    }
    difference
}

/// What a file holds, in a few words.
fn described(exhibit: &Exhibit) -> String {
    match (&exhibit.certificates[..], &exhibit.lists[..], exhibit.keys.is_empty()) {
        ([one, rest @ ..], _, _) => {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
            format!("a certificate until {}{more}", format_date(one.window.not_after))
        }
        ([], [], false) => "a key".to_owned(),
        ([], [list, ..], _) => format!("a revocation list of {}", list.issuer),
        ([], [], true) => index::described(exhibit).unwrap_or("nothing that could be read".to_owned()),
    }
}

/// Modes and owners, where both files were read from a disk.
fn attributes(one: &Exhibit, other: &Exhibit, remarks: &mut Remarks) {
    let (Some(owner), Some(others)) = (one.owner, other.owner) else { return };
    let modes = |one: Mode, other: Mode| format!("{one}, there {other}");
    let owners =
        |one: Owner, other: Owner| format!("{}:{}, there {}:{}", one.uid, one.gid, other.uid, other.gid);
    if one.mode != other.mode {
        remarks.add(RemarkKind::Mode, modes(one.mode, other.mode), &one.name);
    }
    if owner != others {
        remarks.add(RemarkKind::Owner, owners(owner, others), &one.name);
    }
}

/// Remarks, each once with all its files.
#[derive(Debug, Default)]
struct Remarks {
    list: Vec<Remark>,
    places: HashMap<(RemarkKind, String), usize>,
}

impl Remarks {
    fn add(&mut self, kind: RemarkKind, fact: String, file: &str) {
        let place = *self.places.entry((kind, fact.clone())).or_insert(self.list.len());
        match self.list.get_mut(place) {
            Some(remark) => remark.files.push(file.to_owned()),
            None => self.list.push(Remark { kind, fact, files: vec![file.to_owned()] }),
        }
    }
}
