//! Damaged files: never a panic, never an allocation out of proportion, never a silent "all is well".

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod chance;

use chance::Chance;
mod faults;

use faults::{Case, cases};
use pgtls::fs::{FileEntry, Mode, Owner};
use pgtls::verify::{Exhibit, Finding, Policy, Reader, Report, Roles, Severity, check};
use pgtls::x509::Certificate;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};
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
        } else if !["toml", "sh", "md", "conf"].iter().any(|ending| name.ends_with(ending)) {
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

/// What of the certificates, keys and lists anybody looks at, each once: of a root its own signature is not.
fn substance(exhibits: &[Exhibit]) -> BTreeSet<Vec<u8>> {
    let certificate = |certificate: &Certificate| match certificate.is_own_issuer() {
        true => certificate.signed().to_be_signed.to_vec(),
        false => certificate.der.clone(),
    };
    let mut parts = BTreeSet::new();
    for exhibit in exhibits {
        parts.extend(exhibit.certificates.iter().map(|held| certificate(held)));
        parts.extend(exhibit.lists.iter().map(|list| list.der.clone()));
        parts.extend(
            exhibit.keys.iter().filter_map(|key| key.public().map(|public| public.spki_der().to_vec())),
        );
    }
    parts
}

/// Does work on all processors; a panic in it is one here.
fn on_all_processors<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let take = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item);
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..processors).for_each(|_| drop(scope.spawn(take))));
}

/// What the test itself, its threads and all fixtures take, and room for what a damaged file may take at most: an
/// allocation out of proportion to files of a few kilobytes ends the process.
const ADDRESS_SPACE_KIB: u64 = 192 << 10;
/// Says that this process is the one that is held to it.
const HELD: &str = "PGTLS_DAMAGE_HELD";

/// Runs a test of this program again in a process with little memory, which does the work.
fn in_little_memory(test: &str, work: impl FnOnce()) {
    if env::var_os(HELD).is_some() {
        return work();
    }
    let script = format!("ulimit -v {ADDRESS_SPACE_KIB} && exec \"$0\" --exact {test} --nocapture");
    let mut child = Command::new("sh");
    child.arg("-c").arg(script).arg(env::current_exe().unwrap()).env(HELD, "1");
    // An arena for each thread takes up address space that nobody uses.
    let output = child.env("MALLOC_ARENA_MAX", "1").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let ran = output.status.success() && said.contains("1 passed");
    assert!(ran, "{}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// A file of the fixtures, each content once.
fn different_files() -> Vec<(String, Vec<u8>)> {
    let mut met = HashSet::new();
    let files = files(&fixtures()).into_iter().filter(|(_, bytes)| !bytes.is_empty());
    let files: Vec<_> = files.filter(|(_, bytes)| met.insert(bytes.clone())).collect();
    assert!(files.len() > 200, "{} files", files.len());
    files
}

/// Every file cut off at 20 places, with 200 random bytes flipped at once, and 200 times with one.
#[test]
fn no_damaged_file_of_any_fixture_stops_the_reader_or_passes_for_nothing() {
    in_little_memory("no_damaged_file_of_any_fixture_stops_the_reader_or_passes_for_nothing", || {
        on_all_processors(&different_files(), |(name, bytes)| {
            let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ bytes.len() as u64);
            let base = name.rsplit('/').next().unwrap();
            let mut flips: Vec<Vec<u8>> = (0..FLIPS).map(|_| one_flipped(bytes, &mut chance)).collect();
            flips.push(flipped(bytes, &mut chance));
            for damaged in truncated(bytes).chain(flips) {
                let size = damaged.len();
                let (report, read) = judged(&BTreeMap::from([(base.to_owned(), damaged)]));
                let something =
                    !read[0].certificates.is_empty() || !read[0].keys.is_empty() || !read[0].lists.is_empty();
                let named =
                    report.findings.iter().any(|finding| finding.files.iter().any(|file| file == base));
                assert!(something || named, "{name}: nothing is said of {size} bytes: {report:?}");
            }
        });
    });
}

/// Clean cases with a certificate or a list that nobody looks at, so that nobody minds its damage: an old one beside its
/// successor, a foreign one.
const NOT_ALL_COUNTS: [&str; 2] = ["clean-list-beside-its-predecessor", "clean-newer-list-tells-otherwise"];

/// Whether a finding is about the file, or tells of it.
fn names_file(finding: &Finding, file: &str) -> bool {
    let told = [Some(&finding.fact), finding.detail.as_ref(), finding.hint.as_ref()];
    finding.files.iter().any(|other| other == file)
        || told.into_iter().flatten().any(|text| text.contains(file))
}

#[test]
fn a_damaged_file_of_a_clean_set_is_a_finding_that_names_it_unless_nothing_of_it_changed() {
    in_little_memory(
        "a_damaged_file_of_a_clean_set_is_a_finding_that_names_it_unless_nothing_of_it_changed",
        || {
            let clean = |case: &Case| {
                case.name.starts_with("clean-") && !NOT_ALL_COUNTS.contains(&case.name.as_str())
            };
            let cases: Vec<Case> = cases().into_iter().filter(clean).collect();
            assert!(cases.len() > 40);
            on_all_processors(&cases, |case| {
                let name = &case.name;
                let mut chance = Chance(0xD1B5_4A32_D192_ED03 ^ name.len() as u64);
                let clean: BTreeMap<String, Vec<u8>> = case
                    .files()
                    .into_iter()
                    .map(|file| (file.clone(), fs::read(case.dir.join(file)).unwrap()))
                    .collect();
                let judged = |files: &BTreeMap<String, Vec<u8>>| {
                    let exhibits: Vec<Exhibit> =
                        files.iter().map(|(file, bytes)| case.exhibit(file, bytes.clone())).collect();
                    (check(".", &exhibits, &case.roles(), &case.policy()).0, exhibits)
                };
                let (report, exhibits) = judged(&clean);
                assert_eq!(
                    report.count(Severity::Error) + report.count(Severity::Warning),
                    0,
                    "{name}: {report:?}"
                );
                let sound = substance(&exhibits);
                for (file, bytes) in &clean {
                    let flips: Vec<Vec<u8>> = (0..40).map(|_| one_flipped(bytes, &mut chance)).collect();
                    for damaged in truncated(bytes).chain(flips) {
                        let mut files = clean.clone();
                        files.insert(file.clone(), damaged.clone());
                        let (report, exhibits) = judged(&files);
                        let serious = |finding: &&Finding| finding.severity != Severity::Note;
                        if !report.findings.iter().filter(serious).any(|finding| names_file(finding, file)) {
                            let text = String::from_utf8_lossy(&damaged);
                            let told: Vec<&Finding> = report.findings.iter().filter(serious).collect();
                            assert!(
                                substance(&exhibits) == sound,
                                "{name}: nothing is said of {file}: {told:#?}\n{text}"
                            );
                        }
                    }
                }
            });
        },
    );
}
