//! The judge against the files with one fault each: it finds what lies beside them, all of it and nothing else.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

use pgtls::fs::{FileEntry, Mode, Owner};
use pgtls::verify::{Exhibit, Policy, Reader, Report, Roles, Severity, check};
use pgtls::x509::Lifetime;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `expected.toml`; fixtures/README.md says what the fields mean. `tests/fixtures_faults.rs` holds its form.
#[derive(Debug, Deserialize)]
struct Expected {
    now: String,
    findings: BTreeSet<String>,
    #[serde(default)]
    notes: BTreeSet<String>,
    host: Option<String>,
    user: Option<String>,
    sslmode: Option<String>,
    libpq_version: Option<u32>,
    expires_in: Option<String>,
    #[serde(default)]
    modes: BTreeMap<String, String>,
    #[serde(default)]
    owners: BTreeMap<String, u32>,
    #[serde(default)]
    files: Files,
}

#[derive(Debug, Default, Deserialize)]
struct Files {
    server_cert: Option<String>,
    server_key: Option<String>,
    client_cert: Option<String>,
    client_key: Option<String>,
    trust: Option<String>,
    crl: Option<String>,
    crl_dir: Option<String>,
}

/// The server's user and the client's.
const SERVER: u32 = 70;
const CLIENT: u32 = 1000;

fn cases() -> Vec<(String, PathBuf, Expected)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults");
    let mut cases = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let dir = entry.unwrap().path();
        if dir.is_dir() {
            let expected = toml::from_str(&fs::read_to_string(dir.join("expected.toml")).unwrap()).unwrap();
            cases.push((dir.file_name().unwrap().to_str().unwrap().to_owned(), dir, expected));
        }
    }
    cases.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(cases.len() > 100, "{} cases", cases.len());
    cases
}

/// The files of a directory and of those in it, with the modes and owners that git does not keep.
fn exhibits(dir: &Path, below: &str, expected: &Expected) -> Vec<Exhibit> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            found.extend(exhibits(&path, &format!("{name}/"), expected));
        } else if name != "expected.toml" {
            let mode = match expected.modes.get(&name) {
                Some(mode) => Mode::from_bits(u32::from_str_radix(mode, 8).unwrap()),
                None if name.ends_with(".key") => Mode::SECRET,
                None => Mode::PUBLIC,
            };
            let user = if name == "client.key" { CLIENT } else { SERVER };
            let uid = expected.owners.get(&name).copied().unwrap_or(user);
            let entry = FileEntry::new(fs::read(&path).unwrap(), mode).owned_by(Owner { uid, gid: uid });
            found.push(Exhibit::read(&name, &entry, None));
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn judged(dir: &Path, expected: &Expected) -> Report {
    let files = &expected.files;
    let roles = Roles {
        server_certificate: files.server_cert.clone(),
        server_key: files.server_key.clone(),
        client_certificate: files.client_cert.clone(),
        client_key: files.client_key.clone(),
        client_trust: files.trust.clone(),
        server_trust: files.trust.clone(),
        crl_file: files.crl.clone(),
        crl_directory: files.crl_dir.clone(),
    };
    let mut policy = Policy::at(OffsetDateTime::parse(&expected.now, &Rfc3339).unwrap());
    policy.reader = Reader::User(SERVER);
    policy.host = expected.host.clone();
    policy.checks_host = expected.sslmode.as_deref() != Some("verify-ca");
    policy.user = expected.user.clone();
    policy.libpq = expected.libpq_version.unwrap_or(policy.libpq);
    if let Some(span) = &expected.expires_in {
        policy.expires_in = span.parse::<Lifetime>().unwrap().duration();
    }
    check(".", &exhibits(dir, "", expected), &roles, &policy).0
}

fn ids(report: &Report, is_note: bool) -> BTreeSet<String> {
    let of_kind = report.findings.iter().filter(|finding| (finding.severity == Severity::Note) == is_note);
    of_kind.map(|finding| finding.rule.id().to_owned()).collect()
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let mut wrong = Vec::new();
    for (name, dir, expected) in cases() {
        let report = judged(&dir, &expected);
        let (found, notes) = (ids(&report, false), ids(&report, true));
        if found != expected.findings || !notes.is_superset(&expected.notes) {
            let told: Vec<String> = report
                .findings
                .iter()
                .map(|finding| format!("{} {:?} {}", finding.rule, finding.files, finding.fact))
                .collect();
            let wanted = (&expected.findings, &expected.notes);
            wrong.push(format!("{name}: expected {wanted:?}\n    {}", told.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n"));
}

/// As OpenSSL has it, which `verify_postgres.rs` asked: what counts is to be on the list, not the date there.
#[test]
fn who_is_on_a_list_is_revoked_even_before_the_date_there() {
    let (_, dir, mut expected) = cases().into_iter().find(|(name, ..)| name == "client-revoked").unwrap();
    expected.now = "2026-11-01T00:00:00Z".to_owned();
    let report = judged(&dir, &expected);
    assert_eq!(ids(&report, false), expected.findings);
    let fact = "it is revoked, even before the date on the list, 2026-12-01";
    assert!(report.findings.iter().any(|finding| finding.fact.starts_with(fact)), "{:?}", report.findings);
}
