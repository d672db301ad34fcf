//! `rotate` of CAs, and beside certificates, that others made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;

use support::{Run, run, scratch, text};
use tempfile::TempDir;

const SWITCH: &str = "--trust-is-distributed";

/// `pki/` with a CA as `openssl req -x509` makes it, without a key usage, and a server under it.
fn made() -> TempDir {
    let home = scratch();
    let script = "mkdir pki && cd pki && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=X -days 400 \
                  -keyout rootCA.key -out rootCA.crt 2>/dev/null && chmod 0600 rootCA.key";
    run(home.path(), "sh", &["-ec", script]);
    Run::new(&[
        "issue",
        "server",
        "db.acme.test",
        "--ca",
        "pki/rootCA.crt",
        "--ca-key",
        "pki/rootCA.key",
        "-q",
    ])
    .dir(&home)
    .code(0);
    home
}

fn rotate(home: &TempDir, words: &[&str]) {
    Run::new(&[&["rotate"], words, &["-q"]].concat()).dir(home).code(0);
}

fn count(home: &TempDir, file: &str) -> usize {
    let text = fs::read_to_string(home.path().join("pki").join(file)).unwrap();
    text.matches("BEGIN CERTIFICATE").count()
}

#[test]
fn a_ca_without_a_key_usage_is_rotated_to_the_end() {
    let home = made();
    rotate(&home, &["rootCA", "add"]);
    rotate(&home, &["rootCA", "switch", SWITCH]);
    let output = Run::new(&["rotate", "rootCA", "switch", SWITCH]).dir(&home).output();
    assert!(text(&output.stdout).contains(" already, nothing was changed"), "{output:?}");
    rotate(&home, &["rootCA", "drop"]);
    assert_eq!(count(&home, "chain.crt"), 1);
    Run::new(&["verify", "pki", "-q"]).dir(&home).code(0);
}
