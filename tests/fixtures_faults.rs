//! The files with one fault each: what lies beside them is complete, `openssl verify` says what is claimed of it, and
//! `fixtures/faults/make.sh` makes the same files again.

mod faults;

use faults::{Case, Expected, Files, cases, faults, names, rule, tree};
use pgtls::verify::{Finding, Rule, Severity};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// Where one of these is found, `openssl verify` does not accept, unless `openssl` says why it differs.
const REFUSED_BY_OPENSSL: &str = "\
    anchor-not-self-signed block-unreadable ca-usage-forbids chain-incomplete critical-extension-unknown crl-hash-name \
    crl-directory-unusable crl-missing crl-not-yet-valid crl-scope crl-signature-bad crl-stale digest-too-weak expired explicit-curve issuer-cannot-sign issuer-not-ca \
    key-too-small leaf-not-first name-constraints not-for-clients not-for-servers not-trusted not-yet-valid \
    path-length-exceeded pem-damaged revoked signature-bad";

/// Rules about a client's or a server's settings, about archives and about indexes, which a directory of fixtures cannot
/// hold as they are found: the tests that have their cases.
const CASES_ELSEWHERE: [(&str, &str); 6] = [
    (
        "verify_libpq.rs",
        "root-file-missing host-missing server-not-verified host-not-compared client-trust-unknown no-client-certificate \
         socket-without-tls",
    ),
    (
        "verify_maps.rs",
        "role-not-told hba-refused ident-refused map-missing map-not-anchored map-role-literal",
    ),
    ("verify_answers.rs", "host-not-told"),
    ("verify_index.rs", "index-damaged index-revoked not-in-index indexed-elsewhere"),
    ("verify_lists.rs", "crl-behind"),
    ("rotate.rs", "rotation-half-way"),
    ("verify_pkcs12.rs", "pkcs12-locked pkcs12-not-read pkcs12-alias pkcs12-ending pkcs12-no-password"),
];

/// The same where the judge calls one of these an error; where it warns, OpenSSL lets it pass.
const REFUSED_AS_ERROR: &str =
    "algorithms-differ extension-repeated extension-unreadable no-digital-signature";

/// Where one of these is found, `openssl verify -x509_strict`, which Python 3.13 switches on, does not accept.
const REFUSED_BY_STRICT: &str = "\
    authority-key-identifier-missing ca-constraints-missing ca-constraints-not-critical ca-key-identifier-missing \
    ca-key-usage-missing leaf-like-ca san-empty san-not-critical subject-empty";

/// Of X.509 v1 the strict verification refuses CAs, what could be one, and extensions, and the rule is about all leaves; and
/// it looks at the algorithms of an anchor.
const STRICT_BESIDES: [&str; 4] = ["root-v1", "root-algorithms-differ", "self-signed-server-v1", "server-v2"];

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
        let is_note = |id: &String| rule(id).map(|rule| rule.severity() == Severity::Note);
        assert!(findings.iter().all(|id| is_note(id) == Some(false)), "{name}: {findings:?}");
        assert!(notes.iter().all(|id| is_note(id) == Some(true)), "{name}: {notes:?}");
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
    let elsewhere: BTreeSet<&str> = CASES_ELSEWHERE.iter().flat_map(|(_, ids)| words(ids)).collect();
    let lacking: Vec<&str> = Rule::ALL
        .iter()
        .map(|rule| rule.id())
        .filter(|id| found.contains(id) == elsewhere.contains(id))
        .collect();
    assert_eq!(lacking, [""; 0]);
    for (file, ids) in CASES_ELSEWHERE {
        let test = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
        let test = fs::read_to_string(&test).unwrap_or_else(|error| panic!("{file}: {error}"));
        for id in words(ids) {
            assert!(test.contains(&format!("\"{id}\"")), "{file} has no case of {id}");
        }
    }
}

#[test]
fn the_lists_of_what_others_refuse_name_rules() {
    let unknown = [REFUSED_BY_OPENSSL, REFUSED_AS_ERROR, REFUSED_BY_STRICT]
        .into_iter()
        .flat_map(words)
        .filter(|id| rule(id).is_none());
    assert_eq!(unknown.collect::<Vec<_>>(), [""; 0]);
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
        let refusable = has_one_of(&case, REFUSED_BY_OPENSSL) || has_error_of(&case, REFUSED_AS_ERROR);
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
        let expected = has_one_of(&case, REFUSED_BY_STRICT) || STRICT_BESIDES.contains(&case.name.as_str());
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

fn has_one_of(case: &Case, rules: &'static str) -> bool {
    words(rules).any(|rule| case.expected.findings.iter().any(|found| found == rule))
}

/// Whether the judge finds one of the rules, and calls it an error.
fn has_error_of(case: &Case, rules: &'static str) -> bool {
    let is_one = |finding: &Finding| words(rules).any(|rule| rule == finding.rule.id());
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    case.judged().findings.iter().any(|finding| is_one(finding) && is_error(finding))
}

/// What each side trusts: the bundle where there is one.
fn trust(case: &Case) -> &str {
    let usual = || if case.dir.join("chain.crt").exists() { "chain.crt" } else { "root.crt" };
    case.expected.files.trust.as_deref().unwrap_or_else(usual)
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
        let files = ["-CAfile", trust(case), "-untrusted", leaf, leaf];
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

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_whitespace()
}
