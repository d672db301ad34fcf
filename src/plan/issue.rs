//! `issue`'s first step: names, and a directory with a CA -> a plan for what they get under it.

use super::authorities::{self, Authority};
use super::build::{long_lived, p384_client, wish};
use super::{
    BundleSpec, CertificateSpec, IndexSpec, IssuerRef, LeafNames, Notice, Plan, PlanError, is_of_trust,
    issuers, rules, trust,
};
use crate::keys::{KeyType, PublicKey};
use crate::pg::{certificate_file, key_file};
use crate::profile::{CertificateEntry, Profile, Validity};
use crate::state::State;
use crate::x509::{BasicConstraints, Extensions, SerialNumber, Usage};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// One certificate that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Whom it names, and what its files are called.
    pub names: LeafNames,
    /// When it is valid.
    pub validity: Validity,
    /// Its key.
    pub key_type: KeyType,
    /// Whether the certificates of the CAs below the root follow it in its file.
    pub appends: bool,
}

/// Plans certificates under the lowest CA of a directory, or under the one whose stem is `ca`.
///
/// # Errors
/// [`PlanError`]: a name that is no file's, files in the way, no CA or several, what a rule or the CA forbids.
pub fn issue(
    wishes: &[Wish],
    ca: Option<&str>,
    state: &State,
    now: OffsetDateTime,
) -> Result<Plan, PlanError> {
    under(ca, state, now, |issuer, append| {
        let entries: Vec<_> = wishes.iter().map(|wish| entry(wish, issuer, append)).collect();
        refuse_taken(&entries, state)?;
        Ok(entries)
    })
}

/// What plans of this verb are called.
const ISSUE: &str = "issue";

/// The CA that signs, those above it, and what there is of them in the directory.
pub(super) struct Footing {
    /// The CAs as parts of a plan, the highest first: the last one signs.
    pub(super) authorities: Vec<CertificateSpec>,
    /// The stem of the one that signs.
    pub(super) issuer: String,
    /// The stems of the CAs that follow a leaf in its file.
    pub(super) append: Vec<String>,
    bundles: Vec<BundleSpec>,
    kept_files: BTreeSet<String>,
    elsewhere: BTreeMap<String, String>,
    notice: Option<Notice>,
}

impl Footing {
    /// Finds the lowest CA of a directory, or the one whose stem is `ca`.
    pub(super) fn find(ca: Option<&str>, state: &State) -> Result<Self, PlanError> {
        let found = authorities::of(state, ca);
        let chain = authorities::above(authorities::issuer(&found, ca, state)?, &found);
        let authorities: Vec<_> = chain.iter().map(kept_spec).collect();
        let issuer = authorities.last().map(|spec| spec.stem.clone()).unwrap_or_default();
        // The root is what a peer trusts, and so is not sent.
        let below_root = authorities.iter().rev().filter(|spec| spec.usage != Usage::RootCa);
        let append = below_root.map(|spec| spec.stem.clone()).collect();
        let (mut bundles, lacking) = trust::bundles(bundles(state, &chain, &found), &chain, state);
        let mut kept_files: BTreeSet<String> =
            chain.iter().map(|(link, _)| certificate_file(&link.stem)).collect();
        kept_files.extend(bundles.iter().map(|bundle| bundle.file.clone()));
        bundles.extend(lacking);
        let elsewhere =
            chain.iter().filter_map(|(link, _)| Some((link.stem.clone(), link.elsewhere.clone()?)));
        let (elsewhere, notice) = (elsewhere.collect(), trust::notice(&chain));
        Ok(Self { issuer, append, bundles, kept_files, elsewhere, notice, authorities })
    }

    /// The plan of what stands on it: its own certificates, and more of them.
    pub(super) fn plan(
        self,
        certificates: Vec<CertificateSpec>,
        mut notices: Vec<Notice>,
        state: &State,
    ) -> Plan {
        notices.extend(self.notice);
        Plan {
            indexes: vec![IndexSpec::of(&self.issuer, state, &certificates)],
            certificates,
            bundles: self.bundles,
            kept_files: self.kept_files,
            elsewhere: self.elsewhere,
            notices,
            ..Plan::named(ISSUE)
        }
    }
}

/// Plans entries under a CA of the directory; `entries` is told its stem, and those of the CAs to be appended.
pub(super) fn under(
    ca: Option<&str>,
    state: &State,
    now: OffsetDateTime,
    entries: impl FnOnce(&str, &[String]) -> Result<Vec<CertificateEntry>, PlanError>,
) -> Result<Plan, PlanError> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let mut footing = Footing::find(ca, state)?;
    let mut specs = std::mem::take(&mut footing.authorities);
    let entries = entries(&footing.issuer, &footing.append)?;
    for entry in &entries {
        specs.push(wish(entry, now)?);
    }
    rules::check(&profile(entries), &mut specs, now)?;
    issuers::check(&specs, state, now)?;
    let mut notices: Vec<_> = specs.iter().filter_map(|spec| long_lived(spec, now)).collect();
    notices.extend(specs.iter().filter_map(p384_client));
    Ok(footing.plan(specs, notices, state))
}

/// Entries as a profile has them, for the rules.
pub(super) fn profile(certificates: Vec<CertificateEntry>) -> Profile {
    Profile {
        name: ISSUE.to_owned(),
        summary: String::new(),
        source: String::new(),
        certificates,
        bundles: Vec::new(),
    }
}

/// What is asked for in the words of a profile.
fn entry(wish: &Wish, issuer: &str, append: &[String]) -> CertificateEntry {
    let Wish { names, validity, key_type, appends } = wish;
    CertificateEntry {
        validity: *validity,
        append: if *appends { append.to_vec() } else { Vec::new() },
        ..names.entry(&names.stem, *key_type, Some(issuer.to_owned()))
    }
}

fn refuse_taken(entries: &[CertificateEntry], state: &State) -> Result<(), PlanError> {
    let mut met = BTreeSet::new();
    for entry in entries {
        if !met.insert(entry.name.as_str()) {
            return Err(PlanError::AskedTwice { stem: entry.name.clone() });
        }
        let files = [certificate_file(&entry.name), key_file(&entry.name)];
        if let Some(file) = files.iter().find(|file| state.occupied.contains(*file)) {
            return Err(PlanError::Issued { file: state.shown(file), stem: entry.name.clone() });
        }
    }
    Ok(())
}

/// A CA as a part of a plan in which it stays as it is.
pub(super) fn kept_spec((authority, issuer): &(&Authority<'_>, IssuerRef)) -> CertificateSpec {
    let certificate = authority.certificate;
    let path_length = certificate.path_length.map(|length| u8::try_from(length).unwrap_or(u8::MAX));
    CertificateSpec {
        stem: authority.stem.clone(),
        usage: if *issuer == IssuerRef::Itself { Usage::RootCa } else { Usage::IntermediateCa },
        subject: certificate.subject.clone(),
        issuer: issuer.clone(),
        key_type: PublicKey::from_spki_der(&certificate.public_key).key_type().unwrap_or_default(),
        window: certificate.window,
        fixed_end: false,
        serial: SerialNumber::Given(certificate.serial.clone()),
        extensions: Extensions {
            basic_constraints: BasicConstraints::Ca { path_length },
            ..Extensions::default()
        },
        append: Vec::new(),
        waived: Vec::new(),
        existing_key: None,
        reissue: None,
        kept: Some(certificate.clone()),
    }
}

/// The files of the directory that hold CAs of this chain alone: what peers are given to trust. While one of them is
/// rotated, the other of the two is in them as well, and so may be whom else peers trust.
fn bundles(state: &State, chain: &[(&Authority<'_>, IssuerRef)], found: &[Authority<'_>]) -> Vec<BundleSpec> {
    let stem_of = |der: &[u8]| {
        chain.iter().find(|(link, _)| link.certificate.der == der).map(|(link, _)| link.stem.clone())
    };
    let is_beside = |der: &[u8]| {
        let mut beside = found.iter().filter(|ca| ca.certificate.der == der);
        beside.any(|ca| authorities::is_beside(&ca.stem, found))
    };
    let is_own =
        |file: &str| found.iter().any(|ca| certificate_file(&ca.stem) == file && ca.elsewhere.is_none());
    let others = state.certificates.iter().filter(|(file, list)| !is_own(file) && !list.is_empty());
    others
        .filter_map(|(file, list)| {
            // Then it is the one that peers are to have, whoever else they trust by it.
            let is_given = is_of_trust(file, list) && list.iter().any(|it| is_beside(&it.der));
            let counting =
                list.iter().filter(|it| stem_of(&it.der).is_some() || !(is_given || is_beside(&it.der)));
            let certificates = counting.map(|it| stem_of(&it.der)).collect::<Option<Vec<_>>>()?;
            (!certificates.is_empty()).then(|| BundleSpec { file: file.clone(), certificates })
        })
        .collect()
}
