//! `renew`, `revoke`, `rotate` and `crl` write the file of all revocation lists alike, so that a renewal of nothing changes
//! nothing.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod renewing;
mod support;

use renewing::{day, made, renewed};
use std::fs;
use support::clock::at;
use tempfile::TempDir;

fn pgtls(home: &TempDir, words: &[&str]) {
    let pki = format!("{}/pki", home.path().display());
    let all: Vec<&str> = words.iter().copied().chain(["-q", "-D", &pki]).collect();
    let (code, stdout, stderr) = at(day(0), None, &[], &all);
    assert_eq!(code, 0, "{words:?}: {stdout}{stderr}");
}

#[test]
fn no_verb_puts_the_lists_of_another_into_another_order() {
    let home = made(&["chain", "--intermediate", "--server", "db1.example.com"]);
    let file = home.path().join("pki/chain.crl");
    pgtls(&home, &["crl"]);
    pgtls(&home, &["issue", "client", "bob"]);
    let steps: [&[&str]; 7] = [
        &["revoke", "bob"],
        &["rotate", "root", "add"],
        &["rotate", "root", "switch", "--trust-is-distributed"],
        &["rotate", "root", "drop"],
        &["rotate", "intermediate", "add"],
        &["rotate", "intermediate", "switch", "--trust-is-distributed"],
        &["rotate", "intermediate", "drop"],
    ];
    for step in steps {
        pgtls(&home, step);
        let before = fs::read_to_string(&file).unwrap();
        let said = renewed(&home, 0, &["--exec", "exit 9"]);
        assert!(said.starts_with("nothing is due"), "{step:?}: {said}");
        pgtls(&home, &["crl", "--refresh"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), before, "{step:?}");
    }
}

#[test]
fn whoever_makes_the_lists_anew_puts_the_lowest_ca_first_and_the_one_that_comes_last() {
    let home = made(&["chain", "--intermediate", "--server", "db1.example.com"]);
    pgtls(&home, &["crl"]);
    pgtls(&home, &["rotate", "root", "add"]);
    let issuers = || {
        let lists = pgtls::pem::scan(&fs::read(home.path().join("pki/chain.crl")).unwrap()).blocks;
        let lists = lists.iter().map(|list| pgtls::x509::RevocationList::from_der(&list.der).unwrap());
        lists.map(|list| list.issuer.to_string()).collect::<Vec<_>>()
    };
    let expected = ["CN=intermediate.example.com", "CN=root.example.com", "CN=root.example.com G2"];
    assert_eq!(issuers(), expected, "rotate");
    pgtls(&home, &["crl"]);
    assert_eq!(issuers(), expected, "crl");
    renewed(&home, 300, &[]);
    assert_eq!(issuers(), expected, "renew");
}

#[test]
fn a_file_of_lists_in_another_order_is_left_alone() {
    let home = made(&["chain", "--intermediate", "--server", "db1.example.com"]);
    pgtls(&home, &["crl"]);
    let pki = home.path().join("pki");
    let text = ["root.crl", "intermediate.crl"].map(|name| fs::read_to_string(pki.join(name)).unwrap());
    assert_ne!(fs::read_to_string(pki.join("chain.crl")).unwrap(), text.concat());
    fs::write(pki.join("chain.crl"), text.concat()).unwrap();
    assert!(renewed(&home, 0, &[]).starts_with("nothing is due"));
    assert_eq!(fs::read_to_string(pki.join("chain.crl")).unwrap(), text.concat());
}

#[test]
fn a_ca_that_is_only_trusted_here_keeps_no_renewal_from_succeeding() {
    let home = made(&["chain", "--intermediate", "--server", "db1.example.com"]);
    let other = made(&["chain", "--server", "db2.example.com"]);
    fs::copy(other.path().join("pki/root.crt"), home.path().join("pki/foreign.crt")).unwrap();
    pgtls(&home, &["crl"]);
    let (code, _, told) = renewing::renew(&home, 0, &["-q"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("foreign"), "it is told: {told}");
    // One that signed something here is due like anything else.
    fs::remove_file(home.path().join("pki/root.key")).unwrap();
    let (code, _, told) = renewing::renew(&home, 300, &["-q"]);
    assert!(code == 1 && told.contains("root.crl"), "{told}");
}
