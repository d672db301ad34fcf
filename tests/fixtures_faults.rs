//! The files with one fault each: what lies beside them is complete, `openssl verify` says what is claimed of it, and
//! `fixtures/faults/make.sh` makes the same files again.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Every error and every warning that can be found.
const PROBLEMS: &str = "\
    address-old-libpq anchor-not-self-signed authority-key-identifier-missing block-unreadable \
    byte-order-mark ca-constraints-missing ca-constraints-not-critical ca-in-crl-file ca-key-identifier-missing \
    ca-key-usage-missing ca-usage-forbids chain-incomplete chain-order client-passes-as-server common-name-missing \
    common-name-not-in-san critical-extension-unknown crl-expires-soon crl-file-and-directory crl-hash-name \
    crl-missing crl-not-loaded crl-not-yet-valid crl-only-in-trust crl-signature-bad crl-stale der-not-pem \
    digest-too-weak eddsa-breaks-scram expired expires-soon file-empty host-mismatch intermediate-not-appended \
    issuer-cannot-sign issuer-not-ca key-alone key-encrypted key-encrypted-der key-in-public-file \
    key-mismatch key-missing key-mode-too-open key-not-pkcs8 key-not-readable key-owner key-too-small \
    leaf-is-ca leaf-mints-logins leaf-not-first name-constraints no-digital-signature not-for-clients \
    not-for-servers not-trusted not-yet-valid nul-in-name outlives-issuer p384-client path-length-exceeded \
    pem-damaged revoked role-mismatch role-name-too-long san-malformed san-missing serial-malformed serial-twice \
    server-passes-as-client several-common-names signature-bad signature-not-checked system-trust trailing-dot \
    trusted-certificate wildcard-top-level wildcard-unusable x509-v1";

/// Every note.
const NOTES: &str =
    "both-usages ca-key-present certificate-twice crl-none no-client-trust path-length text-around-pem";

/// Rules of which no files can have the fault.
const WITHOUT_CASE: [(&str, &str); 1] =
    [("no-client-trust", "it is the server's settings that name a CA file for clients or do not")];

/// Where one of these is found, `openssl verify` does not accept, unless `openssl` says why it differs.
const REFUSED_BY_OPENSSL: &str = "\
    anchor-not-self-signed block-unreadable ca-usage-forbids chain-incomplete critical-extension-unknown crl-hash-name \
    crl-missing crl-not-yet-valid crl-signature-bad crl-stale digest-too-weak expired issuer-cannot-sign issuer-not-ca \
    key-too-small leaf-not-first name-constraints not-for-clients not-for-servers not-trusted not-yet-valid \
    path-length-exceeded pem-damaged revoked signature-bad";

/// Where one of these is found, `openssl verify -x509_strict`, which Python 3.13 switches on, does not accept.
const REFUSED_BY_STRICT: &str = "\
    authority-key-identifier-missing ca-constraints-missing ca-constraints-not-critical ca-key-identifier-missing \
    ca-key-usage-missing";

/// Of X.509 v1 the strict verification refuses CAs alone, and the rule is about leaves too.
const STRICT_BESIDES: [&str; 1] = ["root-v1"];

/// The clean sets of each type of key, and what `openssl x509 -text` says of the server's.
const KEY_TYPES: [(&str, &str); 8] = [
    ("clean-ecdsa-p256", "NIST CURVE: P-256"),
    ("clean-ecdsa-p256-intermediate", "NIST CURVE: P-256"),
    ("clean-ecdsa-p384", "NIST CURVE: P-384"),
    ("clean-ed25519", "ED25519 Public-Key"),
    ("clean-rsa-2048", "Public-Key: (2048 bit)"),
    ("clean-rsa-2048-intermediate", "Public-Key: (2048 bit)"),
    ("clean-rsa-3072", "Public-Key: (3072 bit)"),
    ("clean-rsa-4096", "Public-Key: (4096 bit)"),
];

/// `expected.toml`; ../fixtures/README.md says what the fields mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    about: String,
    now: String,
    findings: Vec<String>,
    openssl: String,
    #[serde(default)]
    notes: Vec<String>,
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

/// Which file plays which part, where its name does not say it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    server_cert: Option<String>,
    server_key: Option<String>,
    client_cert: Option<String>,
    client_key: Option<String>,
    trust: Option<String>,
    crl: Option<String>,
    crl_dir: Option<String>,
}

struct Case {
    name: String,
    dir: PathBuf,
    expected: Expected,
}

/// What `openssl` claims.
enum Verdict<'a> {
    Accepts,
    Refuses(&'a str),
    Differs,
    NotAsked,
}

#[test]
fn every_directory_says_what_has_to_be_found_in_it() {
    for Case { name, dir, expected } in cases() {
        let Expected { about, findings, notes, .. } = &expected;
        assert!(
            about.ends_with('.') && about.starts_with(|c: char| c.is_ascii_alphabetic()),
            "{name}: {about}"
        );
        assert!(findings.is_sorted() && notes.is_sorted(), "{name}: {findings:?} {notes:?}");
        assert_eq!(unknown(findings, PROBLEMS), [""; 0], "{name}");
        assert_eq!(unknown(notes, NOTES), [""; 0], "{name}");
        assert_eq!(
            name.starts_with("clean-"),
            findings.is_empty() && notes.is_empty(),
            "{name}: {findings:?}"
        );
        for file in expected.modes.keys().chain(expected.owners.keys()) {
            assert!(dir.join(file).is_file(), "{name}: there is no {file}");
        }
    }
}

#[test]
fn the_parts_that_files_play_and_the_questions_are_ones_that_can_be_asked() {
    for Case { name, dir, expected } in cases() {
        let Expected { modes, sslmode, expires_in, host, user, libpq_version, files, .. } = &expected;
        for mode in modes.values() {
            assert!(mode.len() == 4 && u32::from_str_radix(mode, 8).is_ok(), "{name}: {mode}");
        }
        let known = ["verify-ca", "verify-full"];
        assert!(sslmode.as_deref().is_none_or(|mode| known.contains(&mode)), "{name}: {sslmode:?}");
        let days = |text: &str| text.strip_suffix('d').is_some_and(|days| days.parse::<u16>().is_ok());
        assert!(expires_in.as_deref().is_none_or(days), "{name}: {expires_in:?}");
        assert!([host, user].iter().all(|asked| asked.as_deref() != Some("")), "{name}");
        assert!(libpq_version.is_none_or(|version| (10..=18).contains(&version)), "{name}");
        let Files { server_cert, server_key, client_cert, client_key, trust, crl, crl_dir } = files;
        let absent = |file: &&String| !dir.join(file).exists();
        let parts = [server_cert, server_key, client_cert, client_key, trust, crl, crl_dir];
        let absent: Vec<&str> = parts.into_iter().flatten().filter(absent).map(String::as_str).collect();
        match expected.findings.first().map(String::as_str) {
            Some("crl-not-loaded") => assert_eq!(absent, ["crl.pem"], "{name}"),
            Some("system-trust") => assert_eq!(absent, ["system"], "{name}"),
            _ => assert_eq!(absent, [""; 0], "{name}"),
        }
    }
}

#[test]
fn every_rule_has_a_directory_with_its_fault() {
    let cases = cases();
    let found = cases.iter().flat_map(|case| case.expected.findings.iter().chain(&case.expected.notes));
    let found: BTreeSet<&str> = found.map(String::as_str).collect();
    let known: BTreeSet<&str> = words(PROBLEMS).chain(words(NOTES)).collect();
    let lacking: Vec<&str> = known.difference(&found).copied().collect();
    assert_eq!(lacking, WITHOUT_CASE.map(|(rule, _)| rule));
    let faults = cases.iter().filter(|case| !case.name.starts_with("clean-")).count();
    assert!(faults >= 45, "{faults} faults");
}

#[test]
fn a_clean_set_of_each_type_of_key_is_there() {
    let cases = cases();
    for (name, key) in KEY_TYPES {
        let case = cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no {name}"));
        let text = openssl(&case.dir, &["x509", "-noout", "-text", "-in", "server.crt"]);
        assert!(text.status.success() && said(&text).contains(key), "{name}: {}", said(&text));
    }
}

#[test]
fn only_the_case_about_ca_keys_holds_one() {
    for Case { name, dir, .. } in cases() {
        let keys = names(&dir).into_iter().filter(|file| file.ends_with(".key"));
        let others: Vec<String> = keys.filter(|file| file != "server.key" && file != "client.key").collect();
        let expected: &[&str] = if name == "ca-key-beside-shipped-files" { &["root.key"] } else { &[] };
        assert_eq!(others, expected, "{name}");
    }
}

#[test]
fn openssl_verify_says_what_is_claimed_of_each() {
    for case in cases() {
        let name = &case.name;
        let verdict = verdict(&case);
        if matches!(verdict, Verdict::NotAsked) {
            continue;
        }
        let refusals = refusals(&case, &[]);
        let complaint = refusals.join("\n");
        let refusable = case.has_one_of(REFUSED_BY_OPENSSL);
        match verdict {
            Verdict::Accepts => {
                assert!(refusals.is_empty(), "{name}: {complaint}");
                assert!(
                    !refusable,
                    "{name}: OpenSSL accepts, and {:?} should stop it",
                    case.expected.findings
                );
            }
            Verdict::Refuses(words) => {
                assert!(
                    refusals.iter().any(|text| text.contains(words)),
                    "{name}: no \"{words}\" in {complaint}"
                );
                assert!(
                    refusable,
                    "{name}: OpenSSL refuses, and {:?} should not stop it",
                    case.expected.findings
                );
            }
            Verdict::Differs => {
                assert_eq!(refusals.is_empty(), refusable, "{name} does not differ: {complaint}")
            }
            Verdict::NotAsked => {}
        }
    }
}

#[test]
fn strict_verification_refuses_what_is_said_of_python_and_nothing_else() {
    for case in cases().into_iter().filter(|case| matches!(verdict(case), Verdict::Accepts)) {
        let refusals = refusals(&case, &["-x509_strict"]);
        let expected = case.has_one_of(REFUSED_BY_STRICT) || STRICT_BESIDES.contains(&case.name.as_str());
        assert_eq!(!refusals.is_empty(), expected, "{}: {}", case.name, refusals.join("\n"));
    }
}

#[test]
fn the_script_makes_the_same_files_again() {
    let remade = TempDir::new().expect("temporary directory");
    fs::copy(faults().join("make.sh"), remade.path().join("make.sh")).expect("script can be copied");
    let output = Command::new("sh").arg("make.sh").current_dir(&remade).stdin(Stdio::null()).output();
    let output = output.expect("a shell runs");
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(names(remade.path()), names(&faults()));
    for case in cases() {
        let again = remade.path().join(&case.name);
        assert_eq!(tree(&again), tree(&case.dir), "{}", case.name);
        let text =
            |dir: &Path| fs::read_to_string(dir.join("expected.toml")).expect("expectation can be read");
        assert_eq!(text(&again), text(&case.dir), "{}", case.name);
    }
}

impl Case {
    fn has_one_of(&self, rules: &'static str) -> bool {
        words(rules).any(|rule| self.expected.findings.iter().any(|found| found == rule))
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::parse(&self.expected.now, &Rfc3339)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// What each side trusts: the bundle where there is one.
    fn trust(&self) -> &str {
        let usual = || if self.dir.join("chain.crt").exists() { "chain.crt" } else { "root.crt" };
        self.expected.files.trust.as_deref().unwrap_or_else(usual)
    }
}

fn verdict(case: &Case) -> Verdict<'_> {
    let text = case.expected.openssl.as_str();
    match text.split_once(": ") {
        None if text == "ok" => Verdict::Accepts,
        Some(("fails", words)) => Verdict::Refuses(words),
        Some(("differs", _)) => Verdict::Differs,
        Some(("not asked", _)) => Verdict::NotAsked,
        _ => panic!("{}: {text} is no verdict", case.name),
    }
}

/// What `openssl verify` says of the leaves that it does not accept, asked as PostgreSQL and libpq ask its library: at
/// security level 2, with the lists of every issuer where there are any that can be loaded.
fn refusals(case: &Case, extra: &[&str]) -> Vec<String> {
    let at = case.now().unix_timestamp().to_string();
    let Files { server_cert, client_cert, crl, crl_dir, .. } = &case.expected.files;
    let list = crl.as_deref().filter(|file| case.dir.join(file).exists());
    let lists: Vec<&str> = match (list, crl_dir.as_deref()) {
        (None, None) => vec!["-no-CApath"],
        (Some(file), None) => vec!["-no-CApath", "-crl_check_all", "-CRLfile", file],
        (None, Some(dir)) => vec!["-crl_check_all", "-CApath", dir],
        (Some(file), Some(dir)) => vec!["-crl_check_all", "-CRLfile", file, "-CApath", dir],
    };
    let leaves = [
        ("sslserver", server_cert.as_deref().unwrap_or("server.crt")),
        ("sslclient", client_cert.as_deref().unwrap_or("client.crt")),
    ];
    let mut refusals = Vec::new();
    for (purpose, leaf) in leaves {
        if fs::metadata(case.dir.join(leaf)).map_or(0, |metadata| metadata.len()) == 0 {
            continue;
        }
        let fixed = ["verify", "-no-CAstore", "-auth_level", "2", "-attime", &at, "-purpose", purpose];
        let files = ["-CAfile", case.trust(), "-untrusted", leaf, leaf];
        let output = openssl(&case.dir, &[&fixed, extra, lists.as_slice(), &files].concat());
        if !output.status.success() {
            refusals.push(said(&output));
        }
    }
    refusals
}

fn openssl(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(dir).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("could not run openssl (package openssl): {error}"))
}

/// Both streams of a program.
fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn faults() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults")
}

/// Every directory with what is expected of it.
fn cases() -> Vec<Case> {
    let directories = names(&faults()).into_iter().filter(|name| name != "make.sh");
    let case = |name: String| {
        let dir = faults().join(&name);
        let text =
            fs::read_to_string(dir.join("expected.toml")).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Case { name, dir, expected }
    };
    directories.map(case).collect()
}

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_whitespace()
}

/// Those that are not on the list.
fn unknown<'a>(ids: &'a [String], list: &'static str) -> Vec<&'a str> {
    ids.iter().map(String::as_str).filter(|id| !words(list).any(|known| known == *id)).collect()
}

/// Names in a directory, sorted.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("directory can be listed");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("entry can be read").file_name();
    let mut names: Vec<String> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The files in a directory and in those under it.
fn tree(dir: &Path) -> Vec<String> {
    let under = |name: String| match dir.join(&name) {
        path if path.is_dir() => tree(&path).into_iter().map(|below| format!("{name}/{below}")).collect(),
        _ => vec![name],
    };
    names(dir).into_iter().flat_map(under).collect()
}
