//! What `inspect` says of every fixture, field by field, against what OpenSSL says of it.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{PGTLS, Run, run, scratch, text};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every file below a directory with one of these endings.
fn files(directory: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What `inspect --json` says of each file.
fn inspected(files: &[PathBuf]) -> Vec<Value> {
    let output = Command::new(PGTLS).args(["inspect", "--json"]).args(files).output().unwrap();
    let mut json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told = json["files"].as_array_mut().unwrap().drain(..).collect::<Vec<_>>();
    assert_eq!(told.len(), files.len());
    told
}

/// What `openssl` prints, both streams; empty where it cannot read the file.
fn openssl(words: &[&str], file: &Path) -> String {
    let output = Command::new("openssl").args(words).arg("-in").arg(file).output().unwrap();
    if output.status.success() { text(&output.stdout) + &text(&output.stderr) } else { String::new() }
}

/// The values of `name=value` lines.
fn value<'t>(printed: &'t str, name: &str) -> &'t str {
    printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or("").trim()
}

fn string<'v>(fact: &'v Value, name: &str) -> &'v str {
    fact[name].as_str().unwrap_or_default()
}

/// `2026-01-01 00:00:00Z` -> `2026-01-01T00:00:00Z`.
fn instant(text: &str) -> String {
    text.replace(' ', "T")
}

const KEY_USAGES: [(&str, &str); 9] = [
    ("digitalSignature", "Digital Signature"),
    ("nonRepudiation", "Non Repudiation"),
    ("keyEncipherment", "Key Encipherment"),
    ("dataEncipherment", "Data Encipherment"),
    ("keyAgreement", "Key Agreement"),
    ("keyCertSign", "Certificate Sign"),
    ("cRLSign", "CRL Sign"),
    ("encipherOnly", "Encipher Only"),
    ("decipherOnly", "Decipher Only"),
];
const PURPOSES: [(&str, &str); 4] = [
    ("serverAuth", "TLS Web Server Authentication"),
    ("clientAuth", "TLS Web Client Authentication"),
    ("OCSPSigning", "OCSP Signing"),
    ("any", "Any Extended Key Usage"),
];

/// The line below a heading of `-text`, with whether the heading says critical.
fn extension<'t>(all: &'t str, name: &str) -> Option<(bool, &'t str)> {
    let mut lines = all.lines().map(str::trim);
    let head = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some((head.trim() == "critical", lines.next().unwrap_or_default()))
}

#[test]
fn every_certificate_has_the_fields_that_openssl_prints() {
    let files = files(&fixtures(), &["crt"]);
    let mut compared = 0;
    for (file, told) in files.iter().zip(inspected(&files)) {
        let words = "x509 -noout -subject -nameopt RFC2253 -serial -fingerprint -sha256 -dates -dateopt iso_8601 -text";
        let all = openssl(&words.split(' ').collect::<Vec<_>>(), file);
        let fact = told["holds"].as_array().unwrap().iter().find(|it| it["kind"] == "certificate");
        let Some(fact) = fact.filter(|_| !all.is_empty()) else { continue };
        compared += 1;
        let name = file.display();
        assert_eq!(string(fact, "postgres_dn"), value(&all, "subject"), "{name}");
        assert_eq!(string(fact, "sha256"), value(&all, "sha256 Fingerprint"), "{name}");
        assert_eq!(string(fact, "serial").replace(':', ""), value(&all, "serial"), "{name}");
        assert_eq!(string(fact, "not_before"), instant(value(&all, "notBefore")), "{name}");
        assert_eq!(string(fact, "not_after"), instant(value(&all, "notAfter")), "{name}");
        assert!(all.contains(&format!("Version: {} ", fact["version"])), "{name}");
        extensions(fact, &all, &name.to_string());
    }
    assert!(compared > 450, "{compared}");
}

fn extensions(fact: &Value, all: &str, name: &str) {
    let critical: Vec<&str> =
        fact["critical"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect();
    let found = |heading: &str, kind: &str| {
        let found = extension(all, heading);
        assert_eq!(found.is_some_and(|(critical, _)| critical), critical.contains(&kind), "{name}: {kind}");
        found.map(|(_, value)| value)
    };
    let own = found("X509v3 Subject Key Identifier", "subjectKeyIdentifier");
    assert_eq!(fact["subject_key_identifier"].as_str(), own, "{name}");
    let issuers = found("X509v3 Authority Key Identifier", "authorityKeyIdentifier");
    let issuers = issuers.map(|it| it.strip_prefix("keyid:").unwrap_or(it));
    assert_eq!(fact["authority_key_identifier"].as_str(), issuers, "{name}");
    let constraints = match (&fact["ca"], &fact["path_length"]) {
        (Value::Bool(ca), Value::Number(length)) => {
            Some(format!("CA:{}, pathlen:{length}", ca.to_string().to_uppercase()))
        }
        (Value::Bool(ca), _) => Some(format!("CA:{}", ca.to_string().to_uppercase())),
        _ => None,
    };
    let printed = found("X509v3 Basic Constraints", "basicConstraints");
    assert_eq!(constraints.as_deref(), printed, "{name}");
    let usages = |field: &str, names: &[(&str, &str)]| {
        let list = fact[field].as_array()?;
        let long = |short: &str| {
            names.iter().find(|(known, _)| *known == short).map_or(short, |(_, long)| long).to_owned()
        };
        Some(list.iter().map(|usage| long(usage.as_str().unwrap())).collect::<Vec<_>>().join(", "))
    };
    assert_eq!(usages("key_usage", &KEY_USAGES).as_deref(), found("X509v3 Key Usage", "keyUsage"), "{name}");
    assert_eq!(
        usages("extended_key_usage", &PURPOSES).as_deref(),
        found("X509v3 Extended Key Usage", "extendedKeyUsage"),
        "{name}"
    );
    let malformed = fact["malformed_alt_names"].as_array().unwrap();
    if let Some(printed) =
        found("X509v3 Subject Alternative Name", "subjectAltName").filter(|_| malformed.is_empty())
    {
        let names = fact["subject_alt_names"].as_array().unwrap();
        // OpenSSL prints an IPv6 address in full, and a word where there is no name.
        let printed = printed.split(", ").filter(|it| *it != "<EMPTY>");
        let printed: Vec<&str> = printed.map(|it| it.trim_start_matches("IP Address:")).collect();
        let told: Vec<String> = names
            .iter()
            .map(|it| match it.as_str().unwrap().strip_prefix("IP:") {
                Some(address) if address.contains(':') => {
                    let address: std::net::Ipv6Addr = address.parse().unwrap();
                    address.segments().map(|part| format!("{part:X}")).to_vec().join(":")
                }
                Some(address) => address.to_owned(),
                None => it.as_str().unwrap().to_owned(),
            })
            .collect();
        assert_eq!(told, printed, "{name}");
    }
}

#[test]
fn every_list_has_the_fields_and_entries_that_openssl_prints() {
    let files = files(&fixtures(), &["pem", "crl", "r0"]);
    let mut compared = 0;
    for (file, told) in files.iter().zip(inspected(&files)) {
        let words = "crl -noout -issuer -nameopt RFC2253 -lastupdate -nextupdate -fingerprint -sha256 -dateopt iso_8601 -text";
        let all = openssl(&words.split(' ').collect::<Vec<_>>(), file);
        let fact = told["holds"].as_array().unwrap().iter().find(|it| it["kind"] == "revocation-list");
        let Some(fact) = fact.filter(|_| !all.is_empty()) else { continue };
        compared += 1;
        let name = file.display();
        assert_eq!(string(fact, "issuer"), value(&all, "issuer"), "{name}");
        assert!(all.contains(&format!(" Fingerprint={}\n", string(fact, "sha256"))), "{name}");
        assert_eq!(string(fact, "this_update"), instant(value(&all, "lastUpdate")), "{name}");
        assert_eq!(string(fact, "not_after"), instant(value(&all, "nextUpdate")), "{name}");
        let serials = all.lines().filter_map(|line| line.trim().strip_prefix("Serial Number: "));
        let mut serials: Vec<String> = serials.map(str::to_owned).collect();
        serials.sort_by_key(|serial| (serial.len(), serial.clone()));
        let entries = fact["entries"].as_array().unwrap();
        let told: Vec<String> = entries.iter().map(|it| string(it, "serial").replace(':', "")).collect();
        assert_eq!((told, fact["revoked"].as_u64()), (serials.clone(), Some(serials.len() as u64)), "{name}");
    }
    assert!(compared >= 10, "{compared}");
}

#[test]
fn every_request_has_the_subject_the_key_and_the_signature_that_openssl_finds() {
    let files = files(&fixtures(), &["csr"]);
    for (file, told) in files.iter().zip(inspected(&files)) {
        let words = "req -noout -subject -nameopt RFC2253 -verify";
        let all = openssl(&words.split(' ').collect::<Vec<_>>(), file);
        let fact = &told["holds"][0];
        assert_eq!(string(fact, "postgres_dn"), value(&all, "subject"));
        assert!(all.contains("verify OK"), "{all}");
        assert_eq!(string(fact, "signature"), "good");
    }
    assert_eq!(files.len(), 14);
}

#[test]
fn a_request_that_another_key_signed_is_not_good() {
    let home = scratch();
    let pem = fs::read_to_string(fixtures().join("guide/root-only/server.csr")).unwrap();
    fs::write(home.path().join("a.csr"), pem).unwrap();
    run(home.path(), "openssl", &"req -in a.csr -outform DER -out a.der".split(' ').collect::<Vec<_>>());
    let mut der = fs::read(home.path().join("a.der")).unwrap();
    let last = der.len() - 1;
    der[last] ^= 1;
    fs::write(home.path().join("a.der"), der).unwrap();
    let told = text(&Run::new(&["inspect", "a.der"]).dir(&home).output().stdout);
    assert!(
        told.contains("\n  signature          RSA with SHA-256, not good: this key did not make it\n"),
        "{told}"
    );
}

#[test]
fn every_key_is_told_by_the_public_key_that_openssl_derives_and_never_by_itself() {
    let files = files(&fixtures(), &["key"]);
    let mut seen = std::collections::HashMap::new();
    let mut locked = 0;
    for (file, told) in files.iter().zip(inspected(&files)) {
        let fact = told["holds"].as_array().unwrap().iter().find(|it| it["kind"] == "private-key");
        let Some(fact) = fact else { continue };
        locked += u32::from(fact["encrypted"] == true);
        let Some(sha256) = fact["key_sha256"].as_str() else { continue };
        let contents = fs::read(file).unwrap();
        let public = seen.entry(contents).or_insert_with(|| {
            let home = scratch();
            let key = file.to_str().unwrap();
            run(home.path(), "openssl", &["pkey", "-in", key, "-pubout", "-outform", "DER", "-out", "p"]);
            run(home.path(), "openssl", &["dgst", "-sha256", "-r", "p"])
        });
        let digest = public.split(' ').next().unwrap().to_uppercase();
        assert_eq!(sha256.replace(':', ""), digest, "{}", file.display());
    }
    assert!(seen.len() > 20 && locked >= 2, "{} {locked}", seen.len());
}
