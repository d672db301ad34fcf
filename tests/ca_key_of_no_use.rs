//! The key of a CA that is here and of no use (closed, damaged, of a kind that signs nothing here) stops what needs it, and
//! nothing else: all that is done where it is away is done then too.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod renewing;
mod support;

use renewing::{day, made};
use std::fs;
use support::clock::at;
use support::{run, snapshot};
use tempfile::TempDir;

const CHAIN: [&str; 6] = ["chain", "--intermediate", "--server", "db1.example.com", "--client", "alice"];

/// `pgtls` with these words so many days later, in a directory of the home: exit code and standard error.
fn pgtls(home: &TempDir, directory: &str, days: i64, words: &str) -> (u8, String) {
    let path = home.path().display().to_string();
    let place = format!("{path}/{directory}");
    let words: Vec<String> = words.split(' ').map(|word| word.replace('~', &path)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["-q", "-D", &place]).collect();
    let (code, _, stderr) = at(day(days), None, &[], &words);
    (code, stderr.replace(&format!("{path}/"), ""))
}

fn done(home: &TempDir, days: i64, words: &str) -> String {
    let (code, stderr) = pgtls(home, "pki", days, words);
    assert_eq!(code, 0, "{words}: {stderr}");
    stderr
}

/// Refused with that code and these words, and nothing changed.
fn refused(home: &TempDir, days: i64, words: &str, code: u8, parts: &[&str]) {
    let before = snapshot(home.path());
    let (found, said) = pgtls(home, "pki", days, words);
    assert_eq!(found, code, "{words}: {said}");
    parts.iter().for_each(|part| assert!(said.contains(part), "{words}: {said}\nis without\n{part}"));
    assert_eq!(snapshot(home.path()), before, "{words}");
}

fn openssl(home: &TempDir, words: &str) {
    run(home.path(), "openssl", &words.split(' ').collect::<Vec<_>>());
}

/// Closes the key of a CA with a passphrase, which lies in a file of that name.
fn close(home: &TempDir, stem: &str, passphrase: &str) {
    openssl(home, &format!("pkcs8 -topk8 -in pki/{stem}.key -out closed -passout pass:{passphrase}"));
    fs::rename(home.path().join("closed"), home.path().join(format!("pki/{stem}.key"))).unwrap();
    fs::write(home.path().join(passphrase), format!("{passphrase}\n")).unwrap();
}

/// Directories beside `pki`, which get the same and in which the key of the root is away or of no use.
fn beside(home: &TempDir) -> [(&'static str, &'static str); 4] {
    run(home.path(), "cp", &["-a", "pki", "away"]);
    fs::remove_file(home.path().join("away/root.key")).unwrap();
    let cases = [
        ("closed", "the key is encrypted, and no passphrase was given"),
        ("kind", "cannot sign"),
        ("damaged", "PEM text is damaged"),
        ("missed", "the passphrase does not open the key"),
    ];
    for (directory, _) in cases {
        run(home.path(), "cp", &["-a", "pki", directory]);
    }
    for directory in ["closed", "missed"] {
        openssl(home, &format!("pkcs8 -topk8 -in pki/root.key -out {directory}/root.key -passout pass:one"));
    }
    openssl(home, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out kind/root.key");
    fs::write(home.path().join("damaged/root.key"), "-----BEGIN PRIVATE KEY-----\nAA\n").unwrap();
    fs::write(home.path().join("two"), "two\n").unwrap();
    cases
}

/// The files of a directory that hold what is told apart: names, and the sizes of lists, which grow by who is revoked.
fn written(home: &TempDir, directory: &str, since: &[String]) -> Vec<String> {
    let path = home.path().join(directory);
    let now = contents(home, directory);
    let changed = now.into_iter().filter(|it| !since.contains(it));
    let names = changed.map(|it| it.split(':').next().unwrap().to_owned());
    names.filter(|name| path.join(name).exists()).collect()
}

fn contents(home: &TempDir, directory: &str) -> Vec<String> {
    let path = home.path().join(directory);
    let files = support::names(&path).into_iter().filter(|name| path.join(name).is_file());
    files.map(|name| format!("{name}:{:?}", fs::read(path.join(&name)).unwrap())).collect()
}

#[test]
fn what_is_done_where_the_key_is_away_is_done_where_it_is_of_no_use() {
    for verb in ["renew", "renew server", "revoke alice", "crl", "crl --refresh", "rotate root status"] {
        let home = made(&CHAIN);
        done(&home, 0, "crl");
        let cases = beside(&home);
        let before = contents(&home, "away");
        let (code, said) = pgtls(&home, "away", 300, verb);
        assert!(code < 2, "{verb}: {said}");
        let expected = written(&home, "away", &before);
        for (directory, problem) in cases {
            let before = contents(&home, directory);
            let passphrase = if directory == "missed" { " --ca-passphrase-file ~/two" } else { "" };
            let (found, said) = pgtls(&home, directory, 300, &format!("{verb}{passphrase}"));
            assert_eq!(found, code, "{verb} {directory}: {said}");
            assert_eq!(written(&home, directory, &before), expected, "{verb} {directory}");
            let is_told = !["crl", "rotate root status"].contains(&verb);
            assert!(!is_told || said.contains(problem), "{verb} {directory}: {said}");
        }
    }
}

#[test]
fn a_leaf_is_renewed_though_a_ca_above_it_is_due_and_the_key_for_that_is_closed() {
    let home = made(&[&CHAIN[..], &["--intermediate-lifetime", "400d"]].concat());
    close(&home, "root", "one");
    let (code, said) = pgtls(&home, "pki", 300, "renew");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("intermediate.crt ends on "), "{said}");
    assert!(said.contains("\"pki/root.key\" cannot be used: the key is encrypted"), "{said}");
    assert!(said.contains("Give the passphrase's file with --ca-passphrase-file."), "{said}");
    assert!(renewing::certificate(&home, "server.crt").window.not_before > day(299));
    refused(
        &home,
        301,
        "renew intermediate",
        3,
        &["the key of the CA \"root\" cannot be used: the key is encr"],
    );
}

#[test]
fn a_key_whose_list_is_needed_is_named_with_what_opens_it() {
    let home = made(&CHAIN);
    close(&home, "root", "one");
    let needed = [
        "the key of the CA \"root\" cannot be used: the key is encrypted, and no passphrase was given",
        "\"pki/root.key\" has to sign the list \"pki/root.crl\"",
        "--ca-passphrase-file",
        "moved away",
    ];
    // There is none yet.
    for verb in ["crl", "crl --refresh", "revoke alice"] {
        refused(&home, 0, verb, 3, &needed);
    }
    // There is one, and it has run out.
    done(&home, 0, "crl --lifetime 30d --ca-passphrase-file ~/one");
    for verb in ["crl", "crl --refresh", "revoke alice"] {
        refused(&home, 40, verb, 3, &needed);
    }
    done(&home, 40, "crl --ca-passphrase-file ~/one");
    // Whoever is revoked comes onto the list of who issued it, whatever becomes of the others.
    close(&home, "intermediate", "two");
    refused(
        &home,
        300,
        "revoke alice --ca-passphrase-file ~/one",
        3,
        &["the key of the CA \"intermediate\" cannot"],
    );
    fs::write(home.path().join("pki/intermediate.key"), "nothing\n").unwrap();
    refused(
        &home,
        300,
        "revoke alice",
        3,
        &["the key of the CA \"intermediate\" cannot be used: no private key"],
    );
}

#[test]
fn where_each_ca_has_a_passphrase_of_its_own_lists_come_to_be_as_the_refusal_says() {
    let home = made(&CHAIN);
    close(&home, "root", "one");
    close(&home, "intermediate", "two");
    for passphrase in ["one", "two"] {
        refused(&home, 0, &format!("revoke alice --ca-passphrase-file ~/{passphrase}"), 3, &["moved away"]);
    }
    let key = home.path().join("pki/intermediate.key");
    fs::rename(&key, home.path().join("safe")).unwrap();
    done(&home, 0, "crl --ca-passphrase-file ~/one");
    fs::rename(home.path().join("safe"), &key).unwrap();
    assert_eq!(done(&home, 0, "revoke alice --ca-passphrase-file ~/two"), "");
    let said = done(&home, 300, "crl --refresh --ca-passphrase-file ~/two");
    assert!(said.contains("the revocation list of root.crt is due, ends on "), "{said}");
    assert!(said.contains("its key cannot be used to make the next: the passphrase does not open"), "{said}");
    let instant = day(300).unix_timestamp();
    openssl(
        &home,
        &format!(
            "verify -attime {instant} -crl_check_all -CRLfile pki/chain.crl -CAfile pki/root.crt -untrusted \
             pki/intermediate.crt pki/server.crt"
        ),
    );
}

#[test]
fn a_root_is_rotated_whatever_the_key_of_the_intermediate_is() {
    for passphrase in [Some("two"), None] {
        let home = made(&CHAIN);
        done(&home, 0, "crl");
        match passphrase {
            Some(passphrase) => close(&home, "intermediate", passphrase),
            None => fs::write(home.path().join("pki/intermediate.key"), "nothing\n").unwrap(),
        }
        for phase in ["add", "switch --trust-is-distributed", "drop"] {
            let said = done(&home, 300, &format!("rotate root {phase}"));
            assert!(said.contains("its key cannot be used to make the next"), "{phase}: {said}");
        }
        let instant = day(300).unix_timestamp();
        openssl(
            &home,
            &format!(
                "verify -attime {instant} -CAfile pki/chain.crt -untrusted pki/server.crt pki/server.crt"
            ),
        );
        let parts = [
            "the existing CA \"pki/intermediate.crt\" cannot sign",
            "\"pki/intermediate.key\" cannot be used",
        ];
        match passphrase {
            Some(_) => refused(
                &home,
                301,
                "rotate intermediate add",
                3,
                &["the key of the CA \"intermediate\" cannot"],
            ),
            None => refused(&home, 301, "rotate intermediate add", 3, &parts),
        }
    }
}
