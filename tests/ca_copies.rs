//! Files that peers trust with more in them than the CAs that have files of their own: somebody else's CA, and certificates
//! of a CA from before its renewal. Each CA has one list, nothing gets a file of its own for it, and no phase of a rotation
//! passes such a file over.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod renewing;
mod support;

use renewing::{certificates, day, made, openssl_verifies};
use std::fs;
use support::clock::at;
use support::{names, run, scratch, snapshot};
use tempfile::TempDir;

const CHAIN: [&str; 6] = ["chain", "--intermediate", "--server", "db1.example.com", "--client", "alice"];

/// `pgtls` with these words so many days later, in directories of the home: exit code and standard error.
fn pgtls(home: &TempDir, days: i64, words: &str) -> (u8, String) {
    let path = home.path().display().to_string();
    let words: Vec<String> = words.split(' ').map(|word| word.replace('~', &path)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["-q"]).collect();
    let (code, _, stderr) = at(day(days), None, &[], &words);
    (code, stderr.replace(&format!("{path}/"), ""))
}

fn done(home: &TempDir, days: i64, words: &str) -> String {
    let (code, stderr) = pgtls(home, days, words);
    assert_eq!(code, 0, "{words}: {stderr}");
    stderr
}

/// What a file of lists holds: the issuers.
fn issuers(home: &TempDir, file: &str) -> Vec<String> {
    let text = fs::read(home.path().join(file)).unwrap();
    let lists = pgtls::pem::scan(&text).blocks;
    let lists = lists.iter().map(|list| pgtls::x509::RevocationList::from_der(&list.der).unwrap());
    lists.map(|list| list.issuer.to_string()).collect()
}

fn has_no_file_of_a_place(home: &TempDir) {
    let names = names(&home.path().join("pki"));
    assert!(!names.iter().any(|name| name.contains('#')), "{names:?}");
}

#[test]
fn a_ca_that_only_a_bundle_holds_gets_no_file_of_its_own_from_any_verb() {
    let home = made(&CHAIN);
    let path = home.path();
    let words = "req -x509 -newkey rsa:2048 -noenc -subj /CN=X -days 9000 -keyout x.key -out x.pem";
    run(path, "openssl", &words.split(' ').collect::<Vec<_>>());
    let chain = path.join("pki/chain.crt");
    let both = ["pki/chain.crt", "x.pem"].map(|file| fs::read_to_string(path.join(file)).unwrap()).concat();
    fs::write(&chain, both).unwrap();
    for verb in [
        "crl",
        "crl --refresh",
        "revoke alice",
        "rotate root add",
        "rotate root switch --trust-is-distributed",
        "rotate root drop",
        "rotate intermediate add",
        "rotate intermediate switch --trust-is-distributed",
        "rotate intermediate drop",
    ] {
        let said = done(&home, 0, &format!("{verb} -D ~/pki"));
        has_no_file_of_a_place(&home);
        assert!(!said.contains(".crt#3.crt"), "{verb}: {said}");
        assert!(verb != "crl" || said.contains("the revocation list of chain.crt#3 is not here"), "{said}");
    }
    assert!(certificates(&home, "chain.crt").iter().any(|ca| ca.subject.to_string() == "CN=X"));
}

/// A directory whose CAs were renewed, and its `chain.crt` put back as it was before.
fn put_back() -> TempDir {
    let home = made(&CHAIN);
    let chain = home.path().join("pki/chain.crt");
    let before = fs::read(&chain).unwrap();
    done(&home, 1, "renew root intermediate -D ~/pki");
    assert_ne!(fs::read(&chain).unwrap(), before);
    fs::write(&chain, before).unwrap();
    home
}

#[test]
fn a_ca_has_one_list_however_many_certificates_of_it_there_are() {
    let home = put_back();
    let expected = ["CN=intermediate.example.com", "CN=root.example.com"];
    for (days, verb) in
        [(1, "crl"), (2, "crl"), (2, "crl --refresh"), (3, "revoke alice"), (4, "renew --all")]
    {
        let said = done(&home, days, &format!("{verb} -D ~/pki"));
        assert_eq!(
            (issuers(&home, "pki/chain.crl").as_slice(), said.as_str()),
            (&expected.map(String::from)[..], ""),
            "{verb}"
        );
        has_no_file_of_a_place(&home);
    }
    assert!(!home.path().join("pki/client.crt").exists(), "revoked");
}

#[test]
fn a_rotation_is_refused_while_a_file_has_an_older_certificate_of_a_ca_and_told_how_to_mend_it() {
    let home = put_back();
    for verb in ["rotate root add", "rotate intermediate add"] {
        let before = snapshot(home.path());
        let (code, said) = pgtls(&home, 1, &format!("{verb} -D ~/pki"));
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("\"pki/chain.crt\" holds another certificate of the CA \""), "{said}");
        assert!(said.contains("up to date first: pgtls renew -D pki\n"), "{said}");
        assert_eq!(snapshot(home.path()), before);
    }
    done(&home, 1, "renew -D ~/pki");
    for phase in ["add", "switch --trust-is-distributed", "drop"] {
        done(&home, 1, &format!("rotate root {phase} -D ~/pki"));
        openssl_verifies(&home, 1, "-CAfile chain.crt -untrusted server.crt server.crt");
    }
    assert_eq!(certificates(&home, "chain.crt").len(), 2);
}

#[test]
fn a_newer_certificate_than_that_of_the_ca_is_named_too() {
    let home = made(&CHAIN);
    let root = home.path().join("pki/root.crt");
    let before = fs::read(&root).unwrap();
    done(&home, 1, "renew root -D ~/pki");
    fs::write(&root, before).unwrap();
    let (code, said) = pgtls(&home, 1, "rotate root add -D ~/pki");
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("Have the newer one of the two in \"pki/root.crt\""), "{said}");
}

#[test]
fn of_two_directories_the_one_that_lags_behind_the_renewal_of_a_shared_ca_is_brought_up_to_date_first() {
    let home = scratch();
    for directory in ["db1", "db2"] {
        let words = "gen chain --intermediate --server db.example.com --client alice --ca-dir ~/ca -D ~/";
        done(&home, 0, &format!("{words}{directory}"));
    }
    done(&home, 1, "renew root intermediate -D ~/db2 --ca-dir ~/ca");
    let add = "rotate root add -D ~/db1 --ca-dir ~/ca";
    let (code, said) = pgtls(&home, 1, add);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("pgtls renew -D db1 --ca-dir ca\n"), "{said}");
    done(&home, 1, "renew -D ~/db1 --ca-dir ~/ca");
    // The second goes straight on.
    done(&home, 1, add);
    for phase in ["switch --trust-is-distributed", "drop"] {
        for directory in ["db1", "db2"] {
            let words = format!("rotate root {phase} -D ~/{directory} --ca-dir ~/ca");
            done(&home, 1, &words);
        }
        let instant = day(1).unix_timestamp();
        for directory in ["db1", "db2"] {
            let words = format!(
                "verify -attime {instant} -CAfile {directory}/chain.crt -untrusted {directory}/server.crt {directory}/server.crt"
            );
            run(home.path(), "openssl", &words.split(' ').collect::<Vec<_>>());
        }
    }
    let [ca, one, two] = ["ca/intermediate.crt", "db1/intermediate.crt", "db2/intermediate.crt"]
        .map(|file| fs::read(home.path().join(file)).unwrap());
    assert!(ca == one && ca == two, "an intermediate was signed twice");
    assert!(!home.path().join("db1/trust.crt").exists());
}
