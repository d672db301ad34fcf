//! `crl --hash-dir`: in whatever order the lists stand elsewhere, OpenSSL finds each under its own name.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;

use support::{Run, names, run, scratch, snapshot};
use tempfile::TempDir;

fn made(home: &TempDir, words: &str) {
    let words: Vec<&str> = words.split_whitespace().chain(["-q"]).collect();
    Run::new(&words).dir(home).code(0);
}

fn directory() -> TempDir {
    let home = scratch();
    made(&home, "gen chain --intermediate --server db1.example.com");
    made(&home, "crl --hash-dir crl.d");
    home
}

fn openssl(home: &TempDir, words: &str) -> String {
    run(home.path(), "openssl", &words.split_whitespace().collect::<Vec<_>>())
}

/// The server's certificate with every list above it, and each list under its own hash.
fn assert_found(home: &TempDir) {
    openssl(
        home,
        "verify -crl_check_all -CApath crl.d -CAfile pki/chain.crt -untrusted pki/server.crt pki/server.crt",
    );
    for name in names(&home.path().join("crl.d")) {
        let hash = openssl(home, &format!("crl -in crl.d/{name} -noout -hash"));
        assert!(name.starts_with(hash.trim()), "{name} holds the list of {hash}");
    }
}

#[test]
fn after_a_rotation_each_list_lies_under_its_own_name() {
    let home = directory();
    made(&home, "rotate root add");
    made(&home, "crl --refresh --hash-dir crl.d");
    assert_found(&home);
    // From here on the file of all has another order than the CAs.
    made(&home, "rotate root switch --trust-is-distributed");
    made(&home, "crl --refresh --hash-dir crl.d");
    assert_found(&home);
    made(&home, "rotate root drop");
    made(&home, "crl --hash-dir crl.d");
    assert_found(&home);
}

#[test]
fn lists_that_lie_under_the_names_of_others_give_way() {
    let home = directory();
    let found = names(&home.path().join("crl.d"));
    let [one, other] = [0, 1].map(|at| home.path().join("crl.d").join(&found[at]));
    let spare = home.path().join("spare");
    fs::rename(&one, &spare).unwrap();
    fs::rename(&other, &one).unwrap();
    fs::rename(&spare, &other).unwrap();
    made(&home, "crl --refresh --hash-dir crl.d");
    assert_eq!(names(&home.path().join("crl.d")), found);
    assert_found(&home);
    let before = snapshot(home.path());
    made(&home, "crl --refresh --hash-dir crl.d");
    assert_eq!(snapshot(home.path()), before);
}
