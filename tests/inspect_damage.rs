//! Damaged files under `inspect`: never a panic, never silence about what could not be read.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod chance;

use chance::Chance;
use pgtls::fs::{FileEntry, Mode};
use pgtls::show::{Holdings, listing, unreadable};
use pgtls::verify::Exhibit;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

const TRUNCATIONS: usize = 20;
const FLIPS: usize = 60;

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_798_761_600).unwrap()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every file below a directory that holds something, each content once.
fn files(directory: &Path, met: &mut HashSet<Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(fixtures()).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path, met));
        } else if ["crt", "key", "csr", "crl", "pem", "r0"].iter().any(|ending| name.ends_with(ending)) {
            let bytes = fs::read(&path).unwrap();
            if !bytes.is_empty() && met.insert(bytes.clone()) {
                found.insert(name, bytes);
            }
        }
    }
    found
}

fn flipped(bytes: &[u8], count: usize, chance: &mut Chance) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    for _ in 0..count {
        let at = chance.below(damaged.len());
        damaged[at] ^= 1 << chance.below(8);
    }
    damaged
}

/// Shows a file in every way, as JSON too; the number of things in it, and what is said to be unreadable.
fn shown(name: &str, bytes: &[u8]) -> (usize, usize) {
    let exhibits = [Exhibit::read(name, &FileEntry::new(bytes, Mode::PUBLIC), None)];
    let told = listing(&exhibits, now());
    let holdings = Holdings::of(&exhibits, &[], now());
    let nodes = serde_json::to_string(&(holdings.nodes(), holdings.endings(), &told)).unwrap();
    assert!(!nodes.is_empty() && holdings.chain_order().len() == holdings.certificates.len());
    (told[0].holds.len(), unreadable(&exhibits).len())
}

#[test]
fn no_damaged_file_of_any_fixture_stops_inspect_or_passes_for_nothing() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let files = files(&fixtures(), &mut HashSet::new());
    assert!(files.len() > 100, "{}", files.len());
    for (name, bytes) in &files {
        let (whole, _) = shown(name, bytes);
        let cut = (0..TRUNCATIONS).map(|at| bytes[..bytes.len() * at / TRUNCATIONS].to_vec());
        let flips: Vec<Vec<u8>> = (0..FLIPS).map(|at| flipped(bytes, 1 + at * at / 4, &mut chance)).collect();
        for damaged in cut.chain(flips) {
            let (held, unreadable) = shown(name, &damaged);
            let text = String::from_utf8_lossy(&damaged);
            // What lost the line that begins it is text between blocks.
            let begins = |text: &str| text.matches("-----BEGIN ").count();
            let is_lost = begins(&text) < begins(&String::from_utf8_lossy(bytes));
            assert!(held >= whole || unreadable > 0 || is_lost, "{name}:\n{text}");
            assert!(held > 0 || unreadable > 0, "{name}: nothing is said of\n{text}");
        }
    }
}

#[test]
fn damaged_der_inside_whole_armour_is_shown_or_named() {
    let mut chance = Chance(0xD1B5_4A32_D192_ED03);
    for (label, file) in [
        ("CERTIFICATE", "guide/root-only/server.crt"),
        ("CERTIFICATE", "faults/name-constraints/root.crt"),
        ("CERTIFICATE REQUEST", "guide/root-only/server.csr"),
        ("X509 CRL", "faults/client-revoked/crl.pem"),
        ("PRIVATE KEY", "guide/root-only/server.key"),
        ("PUBLIC KEY", "guide/root-only/server.key"),
    ] {
        let pem = fs::read(fixtures().join(file)).unwrap();
        let der = pgtls::pem::scan(&pem).blocks.first().unwrap().der.to_vec();
        for round in 0..400 {
            let damaged = flipped(&der, 1 + round % 3, &mut chance);
            for form in [armoured(label, &damaged), damaged] {
                let (held, unreadable) = shown("a.pem", &form);
                assert!(held + unreadable > 0, "{label}");
            }
        }
    }
}

/// The bytes as PEM of that label.
fn armoured(label: &str, der: &[u8]) -> Vec<u8> {
    let certificate = pgtls::pem::encode_certificate(der);
    certificate.replace(" CERTIFICATE-", &format!(" {label}-")).into_bytes()
}
