//! The judge as a gate: what was made, and would not work, is not written.

use super::exhibit::Exhibit;
use super::report::{Finding, Report};
use super::roles::Roles;
use super::rules::Rule;
use super::scene::Scene;
use super::{Policy, keyfiles, path};
use crate::diagnosis::{Diagnosis, Failure};
use crate::fs::{FileEntry, FileSet};
use crate::keys::{KeyFile, PublicKey, SignatureCheck};
use crate::pg::LIST_SUFFIX;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// What no wish of a profile can ask for: only a defect of the maker, or an existing authority that is not what it seems.
const NEVER_WANTED: [Rule; 6] = [
    Rule::BlockUnreadable,
    Rule::PemDamaged,
    Rule::KeyMismatch,
    Rule::LeafNotFirst,
    Rule::KeyInPublicFile,
    Rule::SignatureBad,
];

/// What no peer accepts of a certificate, beside what breaks its chain.
const TOO_WEAK: [Rule; 2] = [Rule::KeyTooSmall, Rule::DigestTooWeak];

/// A product that the judge refuses.
#[derive(Debug, thiserror::Error)]
#[error("\"{file}\" would not work: {}", finding.fact)]
pub struct VerifyError {
    file: String,
    /// Boxed, so that every result with an error in it stays small.
    finding: Box<Finding>,
    hint: &'static str,
}

impl Diagnosis for VerifyError {
    fn detail(&self) -> Option<String> {
        let detail = self.finding.detail.as_deref().map(|detail| format!("{detail} ")).unwrap_or_default();
        Some(format!("{detail}Found by the rule {}; nothing was written.", self.finding.rule))
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint.to_owned())
    }

    fn failure(&self) -> Failure {
        Failure::Forbidden
    }
}

/// Judges a certificate request and its key in memory before they are written: it is signed by the key that it names, and
/// a key that can be looked into is that key.
///
/// # Errors
/// [`VerifyError`] for a request that no CA would take.
pub fn gate_request(files: &FileSet) -> Result<(), VerifyError> {
    let exhibits = Exhibit::read_all(files.iter(), None);
    let mut found: Vec<Finding> = exhibits.iter().flat_map(|exhibit| exhibit.findings.clone()).collect();
    for exhibit in &exhibits {
        for request in &exhibit.requests {
            let (public, signed) = (PublicKey::from_spki_der(&request.public_key), request.signed());
            let check = public.verify(signed.algorithm, signed.to_be_signed, signed.signature);
            if check == SignatureCheck::Bad {
                found.push(Finding::new(
                    Rule::SignatureBad,
                    &exhibit.name,
                    "its signature is not by its own key",
                ));
            }
            let keys = exhibits.iter().flat_map(|exhibit| &exhibit.keys).filter_map(KeyFile::public);
            if keys.into_iter().any(|key| !key.is_same_key(&public)) {
                found.push(Finding::new(Rule::KeyMismatch, &exhibit.name, "it asks for another key"));
            }
        }
    }
    pass(Report::of(found)).map(drop)
}

/// Judges files in memory before they are written; of two of one name the later set's counts. Revocation lists are
/// [`gate_lists`](super::gate_lists)'s.
///
/// # Errors
/// [`VerifyError`] for the worst finding that no wish can ask for.
pub fn gate(sets: &[&FileSet], now: OffsetDateTime) -> Result<(), VerifyError> {
    pass(judged(sets, now)).map(drop)
}

/// The same of a change to a directory, which has no part in what was at fault before: a key in a file that was there beside
/// its certificate, and faults of files that are not written. `before` are the files as they were.
///
/// # Errors
/// [`VerifyError`] for the worst finding that no wish can ask for, and that the change brings.
pub fn gate_change(
    before: &[&FileSet],
    kept: &[&FileSet],
    written: &[&FileSet],
    now: OffsetDateTime,
) -> Result<(), VerifyError> {
    let sets: Vec<&FileSet> = kept.iter().chain(written).copied().collect();
    let report = judged(&sets, now);
    if !report.findings.iter().any(|finding| NEVER_WANTED.contains(&finding.rule)) {
        return Ok(());
    }
    let before = judged(before, now);
    let is_written = |file: &String| written.iter().any(|files| files.get(file).is_some());
    let was_so = |finding: &Finding, file: &String| {
        let is_it = |old: &Finding| old.rule == finding.rule && old.fact == finding.fact;
        let mut known = before.findings.iter().filter(|old| is_it(old));
        known.any(|old| old.files.contains(file))
            && (finding.rule == Rule::KeyInPublicFile || !is_written(file))
    };
    let is_new = |finding: &&Finding| {
        NEVER_WANTED.contains(&finding.rule)
            && (finding.files.is_empty() || finding.files.iter().any(|file| !was_so(finding, file)))
    };
    report.findings.iter().find(is_new).map_or(Ok(()), |finding| Err(refuse(finding.clone())))
}

/// What is found of them.
fn judged(sets: &[&FileSet], now: OffsetDateTime) -> Report {
    let files: BTreeMap<&str, &FileEntry> = sets.iter().flat_map(|files| files.iter()).collect();
    let files = files.into_iter().filter(|(name, _)| super::concerns(name) && !name.ends_with(LIST_SUFFIX));
    let exhibits = Exhibit::read_all(files, None);
    let policy = Policy::at(now);
    let scene = Scene::of(".", &exhibits, &Roles::default(), &policy);
    let mut found: Vec<Finding> = exhibits.iter().flat_map(|exhibit| exhibit.findings.clone()).collect();
    scene.identities.iter().for_each(|identity| keyfiles::judge(identity, &scene, &policy, &mut found));
    path::signatures(&scene, &mut found);
    Report::of(found)
}

/// A finding as a refusal.
pub(super) fn refuse(finding: Finding) -> VerifyError {
    let file = finding.files.first().cloned().unwrap_or_default();
    VerifyError { file, finding: Box::new(finding), hint: "Look at what exists with pgtls verify." }
}

/// Looks through what was found of files that somebody else's CA signed, before they are written.
///
/// # Errors
/// [`VerifyError`] for the worst finding about that file with which no peer accepts it.
pub fn gate_chain(report: &Report, file: &str) -> Result<(), VerifyError> {
    let is_about = |finding: &&Finding| {
        let is_grave = finding.rule.breaks_chain() || TOO_WEAK.contains(&finding.rule);
        is_grave && finding.files.iter().any(|name| name == file)
    };
    match report.findings.iter().find(is_about) {
        None => Ok(()),
        Some(finding) => {
            let (file, finding) = (file.to_owned(), Box::new(finding.clone()));
            Err(VerifyError { file, finding, hint: "Show it to whoever runs the CA." })
        }
    }
}

/// Hands back a report in which nothing forbids that its files are written.
///
/// # Errors
/// [`VerifyError`] for the worst finding that no wish can ask for.
pub fn pass(report: Report) -> Result<Report, VerifyError> {
    match report.findings.iter().find(|finding| NEVER_WANTED.contains(&finding.rule)) {
        None => Ok(report),
        Some(finding) => Err(refuse(finding.clone())),
    }
}
