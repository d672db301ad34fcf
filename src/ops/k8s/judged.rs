//! The judge on what goes into a cluster: what would shut somebody out is refused, what else is an error is said.

use super::Found;
use super::remedy::Remedy;
use crate::error::Error;
use crate::fs::{FileEntry, FileSet, Mode};
use crate::k8s::{Goods, KeyPair, KubernetesError, Part};
use crate::verify::{self, Exhibit, Finding, NEWEST_LIBPQ, Policy, Roles, Rule, Severity};
use crate::x509::{Certificate, GeneralName};
use std::net::IpAddr;
use time::OffsetDateTime;

/// What nobody in the cluster gets past.
const SHUTS_OUT: [Rule; 15] = [
    Rule::ChainIncomplete,
    Rule::AnchorNotSelfSigned,
    Rule::NotTrusted,
    Rule::Expired,
    Rule::NotYetValid,
    Rule::KeyTooSmall,
    Rule::DigestTooWeak,
    Rule::ExplicitCurve,
    Rule::NotForServers,
    Rule::NotForClients,
    Rule::Revoked,
    Rule::CrlStale,
    Rule::CrlNotYetValid,
    Rule::CrlMissing,
    Rule::CrlSignatureBad,
];

/// Under which names the judge is shown what is trusted and revoked: those of the keys of the Secret.
const TRUST: &str = "ca.crt";
const OF_SERVERS: &str = "ca.crt of servers";
const OF_CLIENTS: &str = "ca.crt of clients";
const LISTS: &str = "ca.crl";

/// A remark and its mend.
pub(super) type Warning = (String, Option<String>);

/// What is judged: who is shown to whom, and by what they are trusted.
pub(super) struct Scenery<'f> {
    pub(super) server: &'f Found,
    pub(super) replication: Option<&'f Found>,
    pub(super) goods: &'f Goods,
    /// The lists that are here, whether the cluster gets them or not: who is on one is not to log in there.
    pub(super) lists: Option<&'f Part>,
    /// The hosts that the server is reached by.
    pub(super) hosts: Vec<String>,
    /// The flag that names it.
    pub(super) flag: &'static str,
}

/// Judges pgBouncer's pair in the server's place, by what is trusted and revoked for both; of the rest was told already.
pub(super) fn judge_pooler(
    remedy: &Remedy<'_>,
    pooler: &Found,
    scenery: &Scenery<'_>,
    now: OffsetDateTime,
) -> Result<Vec<Warning>, Error> {
    let Some(pair) = &scenery.goods.pgbouncer else { return Ok(Vec::new()) };
    let goods = Goods { server: pair.clone(), replication: None, ..scenery.goods.clone() };
    let hosts = super::pooler::hosts(remedy.request);
    let scenery =
        Scenery { server: pooler, replication: None, goods: &goods, hosts, flag: "--pgbouncer", ..*scenery };
    let warnings = judge(remedy, &scenery, now)?;
    let is_own = |(fact, _): &Warning| fact.contains(&pooler.chosen.file);
    Ok(warnings.into_iter().filter(is_own).collect())
}

/// Judges; what is left are the errors that shut nobody out, and what ends soon.
pub(super) fn judge(
    remedy: &Remedy<'_>,
    scenery: &Scenery<'_>,
    now: OffsetDateTime,
) -> Result<Vec<Warning>, Error> {
    let (files, roles) = scene(scenery);
    let exhibits = Exhibit::read_all(files.iter(), None);
    let mut policy = Policy::at(now);
    policy.waived = files.names().map(|name| (name.to_owned(), Rule::KeyInPublicFile)).collect();
    let (report, _) = verify::check("", &exhibits, &roles, &policy);
    let mut findings = verify::pass(report)?.findings;
    // A list that the cluster does not get shuts nobody out there, however old it is.
    findings.retain(|it| remedy.request.target.reads_lists() || !it.rule.to_string().starts_with("crl-"));
    let refused = findings.iter().find(|finding| {
        finding.severity == Severity::Error
            && (SHUTS_OUT.contains(&finding.rule) || finding.rule.breaks_chain())
    });
    if let Some(finding) = refused.cloned().or_else(|| revoked_by_index(scenery, remedy.place, now)) {
        return Err(refusal(&finding, scenery, remedy).into());
    }
    let tells = |finding: &&Finding| finding.severity == Severity::Error || finding.rule == Rule::ExpiresSoon;
    // The judge was shown no directory, so that its own mends would lead nowhere.
    let said = |finding: &Finding| {
        (format!("{}: {} [{}]", finding.files.join(", "), finding.fact, finding.rule), None)
    };
    Ok(findings.iter().filter(tells).map(said).collect())
}

/// Whom an index of the directory calls revoked, though no list says so.
fn revoked_by_index(scenery: &Scenery<'_>, place: &str, now: OffsetDateTime) -> Option<Finding> {
    let exhibits = Exhibit::read_all(scenery.server.chosen.files.iter(), None);
    let policy = Policy { wants_keys: false, ..Policy::at(now) };
    let (report, _) = verify::check(place, &exhibits, &Roles::default(), &policy);
    let given = |file: &String| {
        let is_it = |found: &Found| found.chosen.file == *file;
        is_it(scenery.server) || scenery.replication.is_some_and(is_it)
    };
    report.findings.into_iter().find(|it| it.rule == Rule::IndexRevoked && it.files.iter().any(given))
}

/// The files as the cluster would have them.
fn scene(scenery: &Scenery<'_>) -> (FileSet, Roles) {
    let Scenery { server, replication, goods, lists, .. } = *scenery;
    let (mut files, mut roles) = (FileSet::default(), Roles::default());
    let mut put = |name: &str, part: &Part, mode| {
        let entry = FileEntry { contents: part.contents.clone(), mode, owner: None };
        files.insert(name, entry);
        Some(name.to_owned())
    };
    let mut pair = |found: &Found, pair: &KeyPair| {
        let certificate = put(&found.chosen.file, &pair.certificate, Mode::PUBLIC);
        (certificate, put(&format!("{}.key", stem(found)), &pair.key, Mode::SECRET))
    };
    (roles.server_certificate, roles.server_key) = pair(server, &goods.server);
    if let (Some(found), Some(keys)) = (replication, &goods.replication) {
        (roles.client_certificate, roles.client_key) = pair(found, keys);
    }
    let trusted = [(&goods.server_trust, OF_SERVERS), (&goods.client_trust, OF_CLIENTS)];
    let [of_servers, of_clients] = trusted.map(|(part, name)| match part {
        Some(part) => put(name, part, Mode::PUBLIC),
        None => put(TRUST, &goods.trust, Mode::PUBLIC),
    });
    (roles.server_trust, roles.client_trust) = (of_servers, of_clients);
    roles.crl_file = lists.and_then(|lists| put(LISTS, lists, Mode::PUBLIC));
    (files, roles)
}

fn stem(found: &Found) -> &str {
    crate::ops::found::stem_of(&found.chosen.file)
}

fn refusal(finding: &Finding, scenery: &Scenery<'_>, remedy: &Remedy<'_>) -> KubernetesError {
    let detail = finding.detail.as_deref().map(|detail| format!("{detail} ")).unwrap_or_default();
    let lists = [Rule::CrlStale, Rule::CrlNotYetValid, Rule::CrlMissing, Rule::CrlSignatureBad];
    let place = super::command_word(remedy.place);
    let target = remedy.request.target;
    let hint = match finding.rule {
        rule if lists.contains(&rule) => format!("Run: pgtls crl -D {place}"),
        Rule::Expired => format!("Run: pgtls renew -D {place}"),
        Rule::Revoked | Rule::IndexRevoked => another(finding, scenery, remedy),
        _ => format!("Run, to see all that is wrong with it: pgtls verify {place}"),
    };
    let word = target.word();
    let so = match finding.rule {
        Rule::IndexRevoked => "No list that goes there names it, and it would be let in".to_owned(),
        Rule::Revoked if !target.reads_lists() => format!("{word} reads no list, and would let it in"),
        _ => format!("In a cluster of {word} nobody would get past it"),
    };
    KubernetesError::Lacking {
        fact: format!("{}: {}", finding.files.join(", "), finding.fact),
        detail: format!("{detail}{so} [{}].", finding.rule),
        hint,
    }
}

/// The command that makes another in the place of one that is revoked.
fn another(finding: &Finding, scenery: &Scenery<'_>, remedy: &Remedy<'_>) -> String {
    let target = remedy.request.target;
    let is_of = |found: &Found| finding.files.contains(&found.chosen.file);
    match target.replication_role() {
        Some(role) if scenery.replication.is_some_and(is_of) => remedy.another_standby(role),
        _ => remedy.server(&scenery.hosts, scenery.flag),
    }
}

/// Whether a client of today takes the certificate for that host.
pub(super) fn accepts(certificate: &Certificate, host: &str) -> bool {
    verify::accepts_host(certificate, host, NEWEST_LIBPQ)
}

/// Whether it names an address that another machine can have.
pub(super) fn names_address(certificate: &Certificate) -> bool {
    let is_remote = |address: &IpAddr| !address.is_loopback() && !address.is_unspecified();
    certificate
        .subject_alt_names
        .iter()
        .any(|name| matches!(name, GeneralName::Ip(address) if is_remote(address)))
}
