//! The judge on what is about to be written.

use crate::error::Error;
use crate::fs::{FileEntry, FileSet, Mode};
use crate::layout::export::{ExportContent, ExportOutline, Goods, Party};
use crate::pem::{encode_certificate, encode_revocation_list};
use crate::verify::{self, Exhibit, Finding, Policy, Roles, Rule, Severity};
use time::OffsetDateTime;

/// Under which name the judge is shown what the other side trusts: no file of the export.
const OTHERS_TRUST: &str = "what the other side trusts";
/// The same for what its own side trusts, where that is no file either.
const OWN_TRUST: &str = "what it trusts";

/// The same for the lists that the other side looks into.
const OTHERS_LISTS: &str = "what the other side has revoked";

/// What the other side knows by itself: DER.
pub(super) struct OtherSide {
    /// What it trusts.
    pub(super) trust: Vec<Vec<u8>>,
    /// Its revocation lists.
    pub(super) lists: Vec<Vec<u8>>,
}

/// Judges what is about to be written; what is left are the errors, and what ends soon.
pub(super) fn judge(
    outline: &ExportOutline,
    files: &FileSet,
    goods: &Goods,
    others: &OtherSide,
    party: Party,
    now: OffsetDateTime,
) -> Result<Vec<Finding>, Error> {
    let others_trust: String = others.trust.iter().map(|der| encode_certificate(der)).collect();
    let own: String = goods.trust.iter().map(|der| encode_certificate(der)).collect();
    let mut shown = FileSet::default();
    let concerned = files.iter().filter(|(name, _)| verify::concerns(name));
    shown
        .extend(concerned.map(|(name, entry)| (name.to_owned(), FileEntry { owner: None, ..entry.clone() })));
    let trust = outline.file(|content| content == ExportContent::Trust);
    let trust = trust.unwrap_or(OWN_TRUST).to_owned();
    shown.insert(trust.clone(), FileEntry::new(own, Mode::PUBLIC));
    shown.insert(OTHERS_TRUST, FileEntry::new(others_trust, Mode::PUBLIC));
    let mut exhibits = Exhibit::read_all(shown.iter(), Some(&goods.password));
    let file = |name: Option<&str>| name.map(str::to_owned);
    let crl = shown.names().find(|name| *name == "root.crl").map(str::to_owned);
    let mut roles = Roles { crl_file: crl, ..Roles::default() };
    let (certificate, key) = (file(outline.certificate()), file(outline.key()));
    match party {
        Party::Server => {
            (roles.server_certificate, roles.server_key) = (certificate, key);
            (roles.client_trust, roles.server_trust) = (Some(trust), Some(OTHERS_TRUST.to_owned()));
        }
        Party::Client => {
            (roles.client_certificate, roles.client_key) = (certificate, key);
            (roles.server_trust, roles.client_trust) = (Some(trust), Some(OTHERS_TRUST.to_owned()));
        }
    }
    let mut policy = Policy::at(now);
    policy.waived = outline.files.iter().map(|file| (file.name.clone(), Rule::KeyInPublicFile)).collect();
    let (report, _) = verify::check("", &exhibits, &roles, &policy);
    let mut findings = verify::pass(report)?.findings;
    // What is revoked nobody lets in, whether or not this side gets lists of its own.
    let lists: String = others.lists.iter().map(|der| encode_revocation_list(der)).collect();
    exhibits.push(Exhibit::read(OTHERS_LISTS, &FileEntry::new(lists, Mode::PUBLIC), None));
    roles.crl_file = Some(OTHERS_LISTS.to_owned());
    let (revoked, _) = verify::check("", &exhibits, &roles, &policy);
    let is_new = |finding: &Finding| finding.rule == Rule::Revoked && !findings.contains(finding);
    let revoked: Vec<Finding> = revoked.findings.into_iter().filter(is_new).collect();
    findings.splice(0..0, revoked);
    let tells = |finding: &Finding| {
        let is_worth = finding.severity == Severity::Error || finding.rule == Rule::ExpiresSoon;
        is_worth && finding.files.iter().any(|file| files.get(file).is_some())
    };
    Ok(findings.into_iter().filter(tells).collect())
}
