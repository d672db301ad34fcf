//! Every decision, before a key exists: issuers, names, usages, windows, what is made and what is kept. Pure: time is
//! an argument, and equal inputs give an equal plan.

mod authorities;
mod build;
mod command;
mod companions;
mod error;
mod evidence;
mod import;
mod inventory;
mod issue;
mod issuers;
mod leaf;
mod list_error;
mod list_guard;
mod list_spec;
mod list_standing;
mod lists;
mod lists_error;
mod notice;
mod places;
mod reissue;
mod renew;
mod request;
mod revoke;
mod revoke_error;
mod revoked;
mod rotate;
mod rules;
mod series;
mod sign;
mod trust;
mod unchanged;
mod window;

pub use build::build;
pub use error::PlanError;
pub use import::{Delivery, ImportError, ImportNotice, ImportPlan, import};
pub use inventory::{Inventory, InventoryFile};
pub use issue::{Wish, issue};
pub use leaf::{LEAF_PREFIXES, LeafNames, stem};
pub use list_error::{ListError, RowError};
pub use list_spec::{ListSpec, ListsSpec, RevocationSpec};
pub use lists::{Which, lists, refresh};
pub use lists_error::ListsError;
pub use notice::Notice;
pub use reissue::{Reissue, Reissued, leaf_usage, reissue};
pub use renew::{
    Blocked, Difference, Due, NextDue, Rekey, RenewError, RenewWish, Renewal, differences, renew,
};
pub use request::{RequestSpec, request};
pub use revoke::{RevokeTarget, RevokeWish, revoke};
pub use revoke_error::RevokeError;
pub use rotate::{
    Left, Need, RotateError, RotateWish, RotatedCa, RotationPhase, RotationSpec, RotationStatus,
    RotationStep, Succession, Trusted, following_command, rotate, rotation_status,
};
pub use series::{Draft, Series, SeriesError, SeriesWish, series};
pub use sign::{SignWish, sign};
pub use trust::is_of_trust;

use crate::index::{Status, attributes_file};
use crate::keys::KeyType;
use crate::profile::Rule;
use crate::state::State;
use crate::x509::{Certificate, Extensions, Name, SerialNumber, Usage, Window};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// What is going to be made, decided to the last field but keys and random serial numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The profile's name.
    pub profile: String,
    /// Every certificate, an issuer always before what it issues.
    pub certificates: Vec<CertificateSpec>,
    /// Files of several certificates.
    pub bundles: Vec<BundleSpec>,
    /// Files that stay as they are.
    pub kept_files: BTreeSet<String>,
    /// Certificates that give their place to one of these, in every file where they stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replacement>,
    /// The indexes of CAs, in which what they sign is recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<IndexSpec>,
    /// CAs that have no file of their own, each with the bundle that holds it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub elsewhere: BTreeMap<String, String>,
    /// What is revoked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revocations: Vec<RevocationSpec>,
    /// Revocation lists, those that are made and those of the same CAs that stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<ListSpec>,
    /// Files of several lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub list_bundles: Vec<ListsSpec>,
    /// Files of the directory that get another name there, mode and owner as they are: the new name, and the one that goes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub moved_files: BTreeMap<String, String>,
    /// Files of the directory that go, those that are moved among them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub removed_files: BTreeSet<String>,
    /// The same of the directory of CA keys, where that is another one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub moved_ca_files: BTreeMap<String, String>,
    /// Files of that directory that go.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub removed_ca_files: BTreeSet<String>,
    /// The CA that is rotated, and how far that comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationSpec>,
    /// What the user should know, though nothing is refused.
    pub notices: Vec<Notice>,
}

impl Plan {
    /// A plan of that name, in which nothing is done.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            profile: name.to_owned(),
            certificates: Vec::new(),
            bundles: Vec::new(),
            kept_files: BTreeSet::new(),
            replaced: Vec::new(),
            indexes: Vec::new(),
            elsewhere: BTreeMap::new(),
            revocations: Vec::new(),
            lists: Vec::new(),
            list_bundles: Vec::new(),
            moved_files: BTreeMap::new(),
            removed_files: BTreeSet::new(),
            moved_ca_files: BTreeMap::new(),
            removed_ca_files: BTreeSet::new(),
            rotation: None,
            notices: Vec::new(),
        }
    }

    /// The certificate of that stem.
    #[must_use]
    pub fn certificate(&self, stem: &str) -> Option<&CertificateSpec> {
        self.certificates.iter().find(|spec| spec.stem == stem)
    }
}

/// A certificate that gives its place to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replacement {
    /// The one that goes, as DER; all else in its files stays as it is, to the byte.
    #[serde(skip)]
    pub old: Vec<u8>,
    /// The stem of the one that comes.
    pub by: String,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateSpec {
    /// File stem.
    pub stem: String,
    /// What it is for.
    pub usage: Usage,
    /// Whom it names.
    pub subject: Name,
    /// Who signs it.
    pub issuer: IssuerRef,
    /// Its key; of a requested one what comes nearest.
    pub key_type: KeyType,
    /// When it is valid.
    #[serde(flatten)]
    pub window: Window,
    /// Whether its end is an instant that was asked for, and not so long from now.
    pub fixed_end: bool,
    /// Its serial number.
    pub serial: SerialNumber,
    /// Its extensions; [`Usage::Bare`] has none.
    pub extensions: Extensions,
    /// Certificates that follow it in its file.
    pub append: Vec<String>,
    /// Rules that it breaks and that its entry waives.
    pub waived: Vec<Rule>,
    /// The SubjectPublicKeyInfo of a key that exists already, byte for byte: of a request, or of the certificate that is
    /// issued again. `None`: the key is made, or the certificate is kept.
    #[serde(skip)]
    pub existing_key: Option<Vec<u8>>,
    /// What it has of another certificate, where it is that one issued again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reissue: Option<Reissue>,
    /// The certificate that exists and is kept; `None`: it is made.
    #[serde(serialize_with = "serialize_kept")]
    pub kept: Option<Certificate>,
}

impl CertificateSpec {
    /// The certificate that this one is again, with the same key; `None` where that is new.
    #[must_use]
    pub fn reissued_with_its_key(&self) -> Option<&Certificate> {
        self.reissue.as_ref().map(|reissue| &reissue.of).filter(|_| self.existing_key.is_some())
    }

    /// The certificate that exists of its key: the one that is kept, or that is issued again.
    #[must_use]
    pub fn existing(&self) -> Option<&Certificate> {
        self.kept.as_ref().or_else(|| self.reissued_with_its_key())
    }

    /// The one among these that signs it; `None` where it signs itself, or its issuer is not here.
    fn issuer_in<'a>(&self, specs: &'a [Self]) -> Option<&'a Self> {
        let stem = self.issuer.stem()?;
        specs.iter().find(|other| other.stem == stem)
    }
}

fn serialize_kept<S: Serializer>(kept: &Option<Certificate>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(kept.is_some())
}

/// Who signs a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerRef {
    /// Its own key.
    Itself,
    /// The certificate of that stem in the same plan.
    Certificate(String),
    /// Whoever it is, there is no certificate of it here; only what is kept has such an issuer.
    Elsewhere,
}

/// The stem, or null for its own key and for one that is not here.
impl Serialize for IssuerRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Itself | Self::Elsewhere => serializer.serialize_none(),
            Self::Certificate(stem) => serializer.serialize_str(stem),
        }
    }
}

impl IssuerRef {
    /// The stem of another certificate of the plan.
    #[must_use]
    pub fn stem(&self) -> Option<&str> {
        match self {
            Self::Itself | Self::Elsewhere => None,
            Self::Certificate(stem) => Some(stem),
        }
    }

    /// Whether it is the certificate of that stem.
    #[must_use]
    pub fn is(&self, stem: &str) -> bool {
        self.stem() == Some(stem)
    }
}

/// A file of several certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BundleSpec {
    /// The file's name.
    pub file: String,
    /// Stems, in order.
    pub certificates: Vec<String>,
}

/// The index of a CA: what it issued, in the form of OpenSSL's `ca`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexSpec {
    /// The CA's stem.
    pub of: String,
    /// Whether the file of its attributes is made too; one that is there stays, unless OpenSSL would read the index no
    /// more with it.
    pub attributes: bool,
}

impl IndexSpec {
    /// The index of a CA in a directory, which these are to be recorded in.
    fn of(stem: &str, state: &State, specs: &[CertificateSpec]) -> Self {
        let is_there = state.holdings(true).contains(&attributes_file(stem));
        let is_in_the_way = || state.unique_subjects.contains(stem) && repeats(stem, state, specs);
        Self { of: stem.to_owned(), attributes: !is_there || is_in_the_way() }
    }
}

/// Whether a subject would be in the index of a CA twice, and not revoked.
fn repeats(stem: &str, state: &State, specs: &[CertificateSpec]) -> bool {
    let index = state.indexes.get(stem);
    let is_listed = |serial: &[u8]| index.is_some_and(|index| index.line_of(serial).is_some());
    let lines = index.iter().flat_map(|index| index.lines());
    let listed = lines.filter(|line| line.status == Status::Valid).map(|line| line.subject.to_string());
    let here = state.issued_by(stem).into_iter().filter(|here| !is_listed(&here.serial));
    let new = specs.iter().filter(|spec| spec.kept.is_none() && spec.issuer.is(stem));
    let to_be_listed = here.map(|here| here.subject.oneline()).chain(new.map(|spec| spec.subject.oneline()));
    let mut met = BTreeSet::new();
    // Of an empty subject the serial number is listed, of which there are no two.
    listed.chain(to_be_listed.filter(|subject| !subject.is_empty())).any(|subject| !met.insert(subject))
}

/// What to do where a file exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse to overwrite anything.
    Refuse,
    /// Keep what equals the plan, make what is absent, refuse what differs.
    Keep,
    /// Replace end-entities and their keys, never a CA.
    Replace,
}
