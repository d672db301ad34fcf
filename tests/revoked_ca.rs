//! A CA that is revoked signs nothing more: each verb refuses, and says what to do.

mod support;

use std::fs;

use support::{Run, scratch, snapshot, text};
use tempfile::TempDir;

/// A directory `pki` whose intermediate is revoked.
fn directory() -> TempDir {
    let home = scratch();
    for words in ["gen chain --intermediate --server db.acme.test --client alice", "revoke intermediate"] {
        made(&home, words);
    }
    home
}

fn made(home: &TempDir, words: &str) {
    Run::new(&[words.split(' ').collect::<Vec<_>>(), vec!["-q"]].concat()).dir(home).code(0);
}

/// Expects a refusal, and that nothing changed; gives back its words.
fn refused(home: &TempDir, words: &str) -> String {
    let before = snapshot(home.path());
    let output = Run::new(&words.split(' ').collect::<Vec<_>>()).dir(home).output();
    assert_eq!(output.status.code(), Some(3), "{words}: {output:?}");
    assert_eq!(snapshot(home.path()), before, "a refusal changed something");
    text(&output.stderr)
}

#[test]
fn nothing_is_made_under_a_revoked_ca() {
    let home = directory();
    fs::write(home.path().join("roles"), "dave\nerin\n").unwrap();
    made(&home, "csr client zoe -D asked");
    for words in [
        "issue client dave",
        "issue client dave --dry-run",
        "issue client -f roles",
        "sign asked/client.csr --as client -D pki",
        "renew server",
        "gen chain --intermediate --server db.acme.test --client alice --replication=rep --if-missing",
    ] {
        let said = refused(&home, words);
        assert!(said.contains("error: the CA \"pki/intermediate.crt\" is revoked\n"), "{words}: {said}");
        assert!(said.contains("detail: It was revoked on 20"), "{words}: {said}");
        assert!(said.contains("hint: Another CA takes its place: pgtls rotate intermediate add"), "{said}");
    }
    made(&home, "crl");
    made(&home, "rotate intermediate add");
    made(&home, "rotate intermediate switch --trust-is-distributed");
    made(&home, "issue client dave");
    made(&home, "renew server");
}

#[test]
fn a_list_alone_is_enough_to_say_so() {
    let home = directory();
    fs::remove_file(home.path().join("pki/root.index")).unwrap();
    assert!(refused(&home, "issue client dave").contains("\"pki/intermediate.crt\" is revoked"));
}

#[test]
fn a_revoked_ca_that_is_to_be_renewed_is_rotated_instead() {
    let said = refused(&directory(), "renew intermediate");
    assert!(said.contains("certificate \"pki/intermediate.crt\" is revoked"), "{said}");
    assert!(said.contains("pgtls rotate intermediate add") && !said.contains("pgtls issue"), "{said}");
}
