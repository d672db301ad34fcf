//! `crl` and `revoke` among lists that others made or that were damaged: nobody who was revoked is let in again in silence.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;

use pgtls::pem;
use pgtls::x509::{RevocationList, format_serial};
use support::{Run, run, scratch, snapshot, text};
use tempfile::TempDir;

fn made(home: &TempDir, words: &[&str]) {
    Run::new(&[words, &["-q"]].concat()).dir(home).code(0);
}

/// A directory `pki` with an intermediate that revoked alice.
fn directory() -> TempDir {
    let home = scratch();
    made(&home, &["gen", "chain", "--intermediate", "--server", "db1.example.com", "--client", "alice"]);
    made(&home, &["issue", "client", "bob"]);
    made(&home, &["revoke", "alice"]);
    home
}

fn read(home: &TempDir, file: &str) -> String {
    fs::read_to_string(home.path().join("pki").join(file)).unwrap()
}

fn write(home: &TempDir, file: &str, text: &str) {
    fs::write(home.path().join("pki").join(file), text).unwrap();
}

/// What a run that ends with that code says on its standard error; unless it succeeds it changes nothing.
fn said(home: &TempDir, words: &[&str], code: i32) -> String {
    let before = snapshot(home.path());
    let output = Run::new(words).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}\n{stderr}");
    if code != 0 {
        assert_eq!(snapshot(home.path()), before, "a refusal changed something");
    }
    stderr.replace("\npgtls:   ", " ")
}

fn lists(home: &TempDir, file: &str) -> Vec<RevocationList> {
    let blocks = pem::scan(read(home, file).as_bytes()).blocks;
    blocks.iter().map(|block| RevocationList::from_der(&block.der).unwrap()).collect()
}

/// The serial numbers on the first list of a file, and its number.
fn listed(home: &TempDir, file: &str) -> (Vec<String>, Vec<u8>) {
    let list = lists(home, file).remove(0);
    (list.revocations().map(|it| format_serial(it.serial)).collect(), list.number.unwrap())
}

fn verdict(home: &TempDir) -> String {
    let said = text(&Run::new(&["verify", "pki"]).dir(home).output().stdout);
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `openssl ca` needs to be told; the database is its own.
fn configure(home: &TempDir, of: &str, more: &str) {
    let text = format!(
        "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nnew_certs_dir=.\ndefault_md=sha256\ndefault_crl_days=300\n\
         crlnumber=crlnumber\ncertificate=pki/{of}.crt\nprivate_key=pki/{of}.key\ncrl_extensions=list\n\
         [list]\nauthorityKeyIdentifier=keyid\n{more}"
    );
    fs::write(home.path().join("ca.cnf"), text).unwrap();
    fs::write(home.path().join("crlnumber"), "1000\n").unwrap();
    fs::write(home.path().join("index.txt"), "").unwrap();
}

fn openssl(home: &TempDir, words: &str) -> String {
    run(home.path(), "openssl", &words.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn a_list_that_cannot_be_read_is_not_written_over() {
    let home = directory();
    let whole = read(&home, "intermediate.crl");
    let lines: Vec<&str> = whole.lines().collect();
    let damaged = |at: usize, line: &str| {
        let line = |(number, own): (usize, &&str)| format!("{}\n", if number == at { line } else { own });
        lines.iter().enumerate().map(line).collect::<String>()
    };
    let texts = [
        damaged(4, "!no base64"),
        damaged(0, "----BEGIN X509 CRL-----"),
        damaged(2, ""),
        whole[..200].to_owned(),
        whole[..20].to_owned(),
        "nothing of the kind\n".to_owned(),
    ];
    for text in &texts {
        write(&home, "intermediate.crl", text);
        for words in [["crl", "-q"], ["crl", "--refresh"], ["revoke", "bob"]] {
            let told = said(&home, &words, 4);
            let fact = "pgtls: error: revocation list \"pki/intermediate.crl\" cannot be read: ";
            assert!(told.starts_with(fact) && told.contains("or move it away"), "{told}\nof\n{text}");
        }
    }
    // What is moved away counts no more, and the file of all has it still.
    fs::remove_file(home.path().join("pki/intermediate.crl")).unwrap();
    said(&home, &["crl", "-q"], 0);
    let (entries, number) = listed(&home, "intermediate.crl");
    assert_eq!((entries.len(), number), (1, vec![2]));
}

#[test]
fn a_damaged_list_that_nobody_writes_over_is_no_trouble() {
    let home = directory();
    write(&home, "partner.crl", "-----BEGIN X509 CRL-----\nMII!\n-----END X509 CRL-----\n");
    said(&home, &["crl", "-q"], 0);
    assert!(read(&home, "partner.crl").contains("MII!"));
}

#[test]
fn beside_the_keys_of_cas_a_damaged_list_is_not_written_over_either() {
    let home = scratch();
    made(&home, &["gen", "chain", "--intermediate", "--ca-dir", "safe"]);
    made(&home, &["crl", "--ca-dir", "safe"]);
    let path = home.path().join("safe/intermediate.crl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..200]).unwrap();
    let told = said(&home, &["crl", "--ca-dir", "safe"], 4);
    assert!(told.contains("\"safe/intermediate.crl\" cannot be read: line 1 is damaged"), "{told}");
}

#[test]
fn who_is_on_a_list_whose_signature_cannot_be_checked_here_stays_revoked() {
    let home = directory();
    let (before, _) = listed(&home, "intermediate.crl");
    configure(&home, "intermediate", "");
    openssl(&home, "ca -config ca.cnf -revoke pki/client.bob.crt");
    openssl(&home, "ca -config ca.cnf -gencrl -md sha3-256 -out theirs.crl");
    fs::copy(home.path().join("theirs.crl"), home.path().join("pki/intermediate.crl")).unwrap();
    let theirs = listed(&home, "intermediate.crl");
    let told = verdict(&home);
    assert!(told.contains("[signature-not-checked]") && !told.contains("[crl-signature-bad]"), "{told}");
    assert!(told.contains("openssl crl -in pki/intermediate.crl -CAfile pki/intermediate.crt"), "{told}");
    said(&home, &["crl", "-q"], 0);
    let (after, number) = listed(&home, "intermediate.crl");
    assert!(theirs.0.iter().chain(&before).all(|serial| after.contains(serial)), "{after:?}");
    assert_eq!(number, [0x10, 0x01]);
}

#[test]
fn a_list_of_another_key_under_the_name_of_a_ca_is_not_dropped_in_silence() {
    let home = directory();
    let other = directory();
    let theirs = read(&other, "root.crl");
    write(&home, "chain.crl", &(read(&home, "chain.crl") + &theirs));
    let told = verdict(&home);
    assert!(told.contains("hint: Move pki/chain.crl away. Run pgtls crl -D pki --refresh."), "{told}");
    let told = said(&home, &["crl", "--refresh"], 3);
    assert!(
        told.contains("\"pki/chain.crl\" holds a list of CN=root.example.com that another key"),
        "{told}"
    );
    assert!(told.contains("hint: Move it away"), "{told}");
    fs::remove_file(home.path().join("pki/chain.crl")).unwrap();
    write(&home, "root.crl", &theirs);
    assert!(said(&home, &["revoke", "bob"], 3).contains("\"pki/root.crl\" holds a list"));
    // Where it stays it is in nobody's way.
    fs::remove_file(home.path().join("pki/root.crl")).unwrap();
    write(&home, "before.crl", &theirs);
    said(&home, &["crl", "-q"], 0);
    assert_eq!(read(&home, "before.crl"), theirs);
}

#[test]
fn a_list_in_a_bundle_of_any_name_counts_as_it_does_for_the_judge() {
    let home = directory();
    let (before, _) = listed(&home, "intermediate.crl");
    fs::rename(home.path().join("pki/intermediate.crl"), home.path().join("pki/crl.pem")).unwrap();
    fs::remove_file(home.path().join("pki/chain.crl")).unwrap();
    fs::remove_file(home.path().join("pki/intermediate.index")).unwrap();
    said(&home, &["crl", "-q"], 0);
    assert_eq!(listed(&home, "intermediate.crl"), (before, vec![2]));
}

#[test]
fn a_list_that_openssl_refuses_is_due() {
    let home = directory();
    configure(&home, "root", "1.2.3.4=critical,ASN1:NULL\n");
    openssl(&home, "ca -config ca.cnf -gencrl -out pki/root.crl");
    fs::remove_file(home.path().join("pki/chain.crl")).unwrap();
    said(&home, &["crl", "--refresh", "-q"], 0);
    let list = lists(&home, "root.crl").remove(0);
    assert_eq!((list.number, list.unknown_critical_extensions), (Some(vec![0x10, 0x01]), vec![]));
}

#[test]
fn a_number_above_what_rfc_5280_allows_is_told() {
    let home = directory();
    configure(&home, "root", "");
    fs::write(home.path().join("crlnumber"), format!("{}\n", "FF".repeat(20))).unwrap();
    openssl(&home, "ca -config ca.cnf -gencrl -out pki/root.crl");
    fs::remove_file(home.path().join("pki/chain.crl")).unwrap();
    let told = said(&home, &["crl", "-q"], 0);
    assert!(told.contains("the number of the revocation list of root.crt is longer than the 20"), "{told}");
    openssl(&home, "crl -in pki/root.crl -CAfile pki/root.crt -verify -noout");
}

#[test]
fn beside_an_index_without_the_name_of_its_ca_nothing_is_listed_revoked_renewed_or_rotated() {
    let home = directory();
    let place = |file: &str| home.path().join("pki").join(file);
    fs::rename(place("intermediate.index"), place("index.txt")).unwrap();
    for list in ["root.crl", "intermediate.crl", "chain.crl"] {
        fs::remove_file(place(list)).unwrap();
    }
    let all: [&[&str]; 5] = [
        &["crl", "-q"],
        &["crl", "--refresh", "-q"],
        &["revoke", "bob"],
        &["renew", "--all"],
        &["rotate", "intermediate", "add"],
    ];
    for words in all {
        let told = said(&home, words, 3);
        assert!(told.contains("\"pki/index.txt\" lists certificates"), "{words:?} {told}");
        assert!(told.contains("cp pki/index.txt pki/intermediate.index"), "{words:?} {told}");
    }
    fs::copy(place("index.txt"), place("intermediate.index")).unwrap();
    said(&home, &["crl", "-q"], 0);
    assert_eq!(listed(&home, "intermediate.crl").0.len(), 1, "alice");
    // The copy is no second book.
    said(&home, &["revoke", "bob", "-q"], 0);
    assert_eq!(listed(&home, "intermediate.crl").0.len(), 2);
    // Nor is somebody's own text.
    fs::remove_file(place("intermediate.index")).unwrap();
    fs::write(place("index.txt"), "what is in here\n").unwrap();
    said(&home, &["crl", "-q"], 0);
}
