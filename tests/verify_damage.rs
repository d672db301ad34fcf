//! Damaged files: never a panic, never a silent "all is well".

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

use pgtls::fs::{FileEntry, Mode, Owner};
use pgtls::verify::{Exhibit, Policy, Reader, Report, Roles, Severity, check};
use pgtls::x509::Certificate;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

const UID: u32 = 70;
const TRUNCATIONS: usize = 20;
const FLIPS: usize = 200;

/// 2027-01-01, when every clean set is valid.
fn policy() -> Policy {
    let mut policy = Policy::at(OffsetDateTime::from_unix_timestamp(1_798_761_600).unwrap());
    policy.reader = Reader::User(UID);
    policy
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The bytes of every file of a directory, and of those in it.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else if !["expected.toml", "make.sh", "README.md"].contains(&name.as_str()) {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn exhibit(name: &str, bytes: &[u8]) -> Exhibit {
    let mode = if name.ends_with(".key") { Mode::SECRET } else { Mode::PUBLIC };
    Exhibit::read(name, &FileEntry::new(bytes, mode).owned_by(Owner { uid: UID, gid: UID }), None)
}

fn judged(files: &BTreeMap<String, Vec<u8>>) -> (Report, Vec<Exhibit>) {
    let exhibits: Vec<Exhibit> = files.iter().map(|(name, bytes)| exhibit(name, bytes)).collect();
    (check(".", &exhibits, &Roles::default(), &policy()).0, exhibits)
}

/// A sequence of numbers that is the same in every run (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }
}

fn truncated(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..TRUNCATIONS).map(move |at| bytes[..bytes.len() * at / TRUNCATIONS].to_vec())
}

fn flipped(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    for _ in 0..FLIPS {
        let at = chance.below(damaged.len());
        damaged[at] ^= 1 << chance.below(8);
    }
    damaged
}

fn one_flipped(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    let at = chance.below(damaged.len());
    damaged[at] ^= 1 << chance.below(8);
    damaged
}

/// What of the certificates, keys and lists anybody looks at: of a root its own signature is not.
fn substance(exhibits: &[Exhibit]) -> Vec<Vec<u8>> {
    let certificate = |certificate: &Certificate| match certificate.is_own_issuer() {
        true => certificate.signed().to_be_signed.to_vec(),
        false => certificate.der.clone(),
    };
    let mut parts = Vec::new();
    for exhibit in exhibits {
        parts.extend(exhibit.certificates.iter().map(certificate));
        parts.extend(exhibit.lists.iter().map(|list| list.der.clone()));
        parts.extend(
            exhibit.keys.iter().filter_map(|key| key.public().map(|public| public.spki_der().to_vec())),
        );
    }
    parts
}

#[test]
fn no_damaged_file_of_any_fixture_stops_the_reader_or_passes_for_nothing() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    for (name, bytes) in files(&fixtures()) {
        if bytes.is_empty() {
            continue;
        }
        let base = name.rsplit('/').next().unwrap();
        let damaged = truncated(&bytes).chain([flipped(&bytes, &mut chance)]);
        for damaged in damaged {
            let read = exhibit(base, &damaged);
            let something = !read.certificates.is_empty() || !read.keys.is_empty() || !read.lists.is_empty();
            assert!(
                something || !read.findings.is_empty(),
                "{name}: nothing is said of {} bytes",
                damaged.len()
            );
            let files = BTreeMap::from([(base.to_owned(), damaged)]);
            judged(&files);
        }
    }
}

#[test]
fn a_damaged_file_of_a_clean_set_is_a_finding_unless_nothing_of_it_changed() {
    let mut chance = Chance(0xD1B5_4A32_D192_ED03);
    for case in ["clean-ecdsa-p256-intermediate", "clean-lists", "clean-rsa-2048", "clean-ed25519"] {
        let clean = files(&fixtures().join("faults").join(case));
        let (report, exhibits) = judged(&clean);
        assert_eq!(report.count(Severity::Error) + report.count(Severity::Warning), 0, "{case}: {report:?}");
        let sound = substance(&exhibits);
        for (name, bytes) in &clean {
            let flips: Vec<Vec<u8>> = (0..40).map(|_| one_flipped(bytes, &mut chance)).collect();
            for damaged in truncated(bytes).chain(flips) {
                let mut files = clean.clone();
                files.insert(name.clone(), damaged.clone());
                let (report, exhibits) = judged(&files);
                if report.findings.iter().all(|finding| finding.severity == Severity::Note) {
                    let text = String::from_utf8_lossy(&damaged);
                    assert!(substance(&exhibits) == sound, "{case}: nothing is said of {name}:\n{text}");
                }
            }
        }
    }
}
