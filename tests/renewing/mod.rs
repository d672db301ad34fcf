//! What the tests of `renew` share: directories, runs at any instant, and openssl as the judge.
#![allow(dead_code, reason = "each test program uses a part of it")]

use crate::support::clock::{at, fixture, now};
use crate::support::{run, scratch, snapshot};
use pgtls::pem;
use pgtls::x509::Certificate;
use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

thread_local! {
    /// Day 0 of a test.
    static START: Cell<OffsetDateTime> = Cell::new(now());
}

/// So many days after the fixtures were made; after this moment in a test in which openssl makes certificates, for that
/// goes by the real clock.
pub(crate) fn day(days: i64) -> OffsetDateTime {
    START.get() + Duration::days(days)
}

/// A scratch directory with an empty `pki`, in which openssl makes certificates.
pub(crate) fn for_openssl() -> TempDir {
    // What is made in the next moments has begun by then.
    START.set(OffsetDateTime::now_utc() + Duration::MINUTE);
    let home = scratch();
    fs::create_dir(home.path().join("pki")).unwrap();
    home
}

/// A scratch directory with `pki` in it, made on day 0 by these words of `gen`.
pub(crate) fn made(words: &[&str]) -> TempDir {
    let home = scratch();
    let pki = format!("{}/pki", home.path().display());
    let all: Vec<&str> = ["gen"].iter().chain(words).copied().chain(["-q", "-D", &pki]).collect();
    let (code, _, stderr) = at(day(0), None, &[], &all);
    assert_eq!(code, 0, "{stderr}");
    home
}

/// The directories of the guide, each a copy, its keys as closed as they have to be.
pub(crate) fn guide(layout: &str) -> TempDir {
    copied(&format!("guide/{layout}"))
}

/// A copy of a fixture as `pki`.
pub(crate) fn copied(path: &str) -> TempDir {
    let home = scratch();
    let pki = home.path().join("pki");
    fs::create_dir(&pki).unwrap();
    for entry in fs::read_dir(fixture(path)).unwrap() {
        let (from, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        if from.is_file() {
            let to = pki.join(&name);
            fs::copy(&from, &to).unwrap();
            let mode = if name.to_string_lossy().ends_with(".key") { 0o600 } else { 0o644 };
            fs::set_permissions(to, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    home
}

/// `renew` with these words in the `pki` of a scratch directory, so many days later: exit code and both streams.
pub(crate) fn renew(home: &TempDir, days: i64, words: &[&str]) -> (u8, String, String) {
    let pki = format!("{}/pki", home.path().display());
    let all: Vec<&str> = ["renew"].iter().chain(words).copied().chain(["-D", &pki]).collect();
    let (code, stdout, stderr) = at(day(days), None, &[], &all);
    let plain = |text: String| text.replace(&format!("{}/", home.path().display()), "");
    (code, plain(stdout), plain(stderr))
}

/// The same, which has to succeed without a warning.
pub(crate) fn renewed(home: &TempDir, days: i64, words: &[&str]) -> String {
    let (code, stdout, stderr) = renew(home, days, words);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    stdout
}

/// The same, which has to be refused with this code and these words, change nothing, and say how to mend it.
pub(crate) fn refused(home: &TempDir, days: i64, words: &[&str], code: u8, message: &str) {
    let before = snapshot(home.path());
    let (found, _, stderr) = renew(home, days, words);
    assert_eq!(found, code, "{words:?}\n{stderr}");
    assert!(stderr.contains(message), "{stderr}\nis without\n{message}");
    assert!(stderr.contains("pgtls: hint: "), "{stderr}\nsays not how to mend it");
    assert_eq!(snapshot(home.path()), before, "a refusal changed something");
}

/// The certificates of a file of `pki`.
pub(crate) fn certificates(home: &TempDir, file: &str) -> Vec<Certificate> {
    let text = fs::read(home.path().join("pki").join(file)).unwrap();
    let blocks = pem::scan(&text).blocks;
    blocks
        .iter()
        .filter_map(|block| block.certificate_der())
        .map(|der| Certificate::from_der(der).unwrap())
        .collect()
}

/// The first certificate of a file of `pki`.
pub(crate) fn certificate(home: &TempDir, file: &str) -> Certificate {
    certificates(home, file).remove(0)
}

/// `openssl` with these words, in `pki`; it has to succeed.
pub(crate) fn openssl(home: &TempDir, words: &str) -> String {
    run(&home.path().join("pki"), "openssl", &words.split_whitespace().collect::<Vec<_>>())
}

/// `openssl verify` so many days later.
pub(crate) fn openssl_verifies(home: &TempDir, days: i64, words: &str) {
    let instant = day(days).unix_timestamp();
    openssl(home, &format!("verify -attime {instant} {words}"));
}

/// The findings of `pgtls verify` so many days later, as `SEVERITY RULE FILE`; that a key is root's alone left out, which
/// it is where the test is root's.
pub(crate) fn findings(home: &TempDir, days: i64) -> Vec<String> {
    let pki = format!("{}/pki", home.path().display());
    let (_, stdout, stderr) = at(day(days), None, &[], &["verify", "--json", &pki]);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"));
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().unwrap().iter();
    let all =
        all.map(|it| format!("{} {} {}", word(&it["severity"]), word(&it["rule"]), word(&it["files"][0])));
    all.filter(|it| !it.contains(" key-not-readable ")).collect()
}

/// What `openssl x509 -text` says of a file, without what every renewal changes.
pub(crate) fn text_of(home: &TempDir, file: &str) -> String {
    let text = openssl(home, &format!("x509 -noout -text -certopt no_sigdump -in {file}"));
    let mut lines: Vec<&str> = Vec::new();
    let mut skipped = false;
    for line in text.lines() {
        let word = line.trim();
        if word.starts_with("Serial Number") {
            skipped = true;
            continue;
        }
        // The number stands in the line below where it is long.
        let is_number = skipped && !word.starts_with("Signature Algorithm");
        skipped = false;
        if !is_number && !word.starts_with("Not Before") && !word.starts_with("Not After") {
            lines.push(line);
        }
    }
    lines.join("\n")
}
