//! A file that promises certificates, and of which none can be read, is in the way of nothing that does not need it.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::process::Command;

use support::{Run, run, scratch, text};
use tempfile::TempDir;

/// A directory with lists, a copy of a certificate in DER, and junk.
fn directory() -> TempDir {
    let home = scratch();
    said(&home, "gen chain --intermediate --server db1.example.com --client alice -q", 0);
    said(&home, "crl -q", 0);
    openssl(&home, "x509 -in pki/server.crt -outform DER -out pki/x.crt");
    fs::write(home.path().join("pki/junk.crt"), "no certificate\n").unwrap();
    home
}

fn openssl(home: &TempDir, words: &str) -> String {
    run(home.path(), "openssl", &words.split_whitespace().collect::<Vec<_>>())
}

/// What a run that ends with that code says on its standard error.
fn said(home: &TempDir, words: &str, code: i32) -> String {
    let output = Run::new(&words.split_whitespace().collect::<Vec<_>>()).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words}\n{stderr}");
    stderr.replace("\npgtls:   ", " ")
}

#[test]
fn somebody_is_shut_out_and_lists_go_on() {
    let home = directory();
    assert_eq!(said(&home, "crl --refresh -q", 0), "", "a timer would tell of it every day");
    let alice = fs::read(home.path().join("pki/client.crt")).unwrap();
    fs::write(home.path().join("alice.crt"), alice).unwrap();
    let told = said(&home, "revoke alice -q", 0);
    for file in ["x.crt", "junk.crt"] {
        let warning = format!("pgtls: warning: {file} cannot be read, and is passed over");
        assert!(told.contains(&warning), "{told}");
    }
    let words = "verify -crl_check_all -CRLfile pki/chain.crl -CAfile pki/chain.crt alice.crt";
    let output = Command::new("openssl").args(words.split(' ')).current_dir(&home).output().unwrap();
    assert!(text(&output.stderr).contains("certificate revoked"), "{output:?}");
}

#[test]
fn a_ca_is_rotated_beside_it() {
    let home = directory();
    assert!(said(&home, "rotate root add -q", 0).contains("warning: x.crt cannot be read"));
    said(&home, "rotate root status", 0);
    said(&home, "rotate root switch --trust-is-distributed -q", 0);
    said(&home, "rotate root drop -q", 0);
    openssl(&home, "verify -CAfile pki/chain.crt -untrusted pki/server.crt pki/server.crt");
}

#[test]
fn where_it_is_needed_it_is_told() {
    let home = directory();
    for name in ["x", "x.crt", "pki/x.crt"] {
        assert!(said(&home, &format!("revoke {name}"), 3).contains("is DER, not PEM"), "{name}");
    }
    // Peers may trust somebody by one that is damaged.
    let chain = fs::read_to_string(home.path().join("pki/chain.crt")).unwrap();
    fs::write(home.path().join("pki/damaged.crt"), &chain[..300]).unwrap();
    said(&home, "crl --refresh -q", 0);
    assert!(said(&home, "rotate root add", 3).contains("\"pki/damaged.crt\" cannot be read"));
    fs::remove_file(home.path().join("pki/damaged.crt")).unwrap();
    // Beside a key, an index or a list it is a pair, or a CA's.
    for end in ["key", "index", "crl"] {
        let text = fs::read(home.path().join(format!("pki/intermediate.{end}"))).unwrap_or_default();
        let beside = home.path().join(format!("pki/junk.{end}"));
        fs::write(&beside, text).unwrap();
        for words in ["crl --refresh", "revoke alice", "rotate root add"] {
            assert!(
                said(&home, words, 3).contains("\"pki/junk.crt\" holds no certificate"),
                "{end}: {words}"
            );
        }
        fs::remove_file(beside).unwrap();
    }
}
