//! The cases of `fixtures/faults`, as the judge is asked about them.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]
#![allow(dead_code, reason = "each test looks at some of the fields")]

use pgtls::fs::{FileEntry, Mode, Owner};
use pgtls::verify::{Exhibit, Policy, Reader, Roles};
use pgtls::x509::Lifetime;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `expected.toml`; fixtures/README.md says what the fields mean. `tests/fixtures_faults.rs` holds its form.
#[derive(Debug, Deserialize)]
pub(crate) struct Expected {
    pub(crate) now: String,
    pub(crate) findings: BTreeSet<String>,
    #[serde(default)]
    pub(crate) notes: BTreeSet<String>,
    pub(crate) host: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) sslmode: Option<String>,
    pub(crate) libpq_version: Option<u32>,
    pub(crate) expires_in: Option<String>,
    #[serde(default)]
    pub(crate) modes: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) owners: BTreeMap<String, u32>,
    #[serde(default)]
    pub(crate) files: Files,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Files {
    pub(crate) server_cert: Option<String>,
    pub(crate) server_key: Option<String>,
    pub(crate) client_cert: Option<String>,
    pub(crate) client_key: Option<String>,
    pub(crate) trust: Option<String>,
    pub(crate) crl: Option<String>,
    pub(crate) crl_dir: Option<String>,
}

/// The server's user and the client's.
const SERVER: u32 = 70;
const CLIENT: u32 = 1000;

/// Every case: its name, its directory, what is expected.
pub(crate) fn cases() -> Vec<(String, PathBuf, Expected)> {
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
pub(crate) fn exhibits(dir: &Path, below: &str, expected: &Expected) -> Vec<Exhibit> {
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

/// Which file plays which part.
pub(crate) fn roles(expected: &Expected) -> Roles {
    let files = &expected.files;
    Roles {
        server_certificate: files.server_cert.clone(),
        server_key: files.server_key.clone(),
        client_certificate: files.client_cert.clone(),
        client_key: files.client_key.clone(),
        client_trust: files.trust.clone(),
        server_trust: files.trust.clone(),
        crl_file: files.crl.clone(),
        crl_directory: files.crl_dir.clone(),
    }
}

/// The questions of a case.
pub(crate) fn policy(expected: &Expected) -> Policy {
    let mut policy = Policy::at(OffsetDateTime::parse(&expected.now, &Rfc3339).unwrap());
    policy.reader = Reader::User(SERVER);
    policy.host = expected.host.clone();
    policy.checks_host = expected.sslmode.as_deref() != Some("verify-ca");
    policy.user = expected.user.clone();
    policy.libpq = expected.libpq_version.unwrap_or(policy.libpq);
    if let Some(span) = &expected.expires_in {
        policy.expires_in = span.parse::<Lifetime>().unwrap().duration();
    }
    policy
}
