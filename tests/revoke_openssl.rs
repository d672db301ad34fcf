//! OpenSSL judges our lists, makes the same ones from our indexes, and what it revoked is never lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::Place;
use pgtls::pem;
use pgtls::x509::{RevocationList, RevocationReason, format_serial};
use std::fs;
use time::OffsetDateTime;

/// What `openssl ca` needs to be told of the root in a directory, whose database that is.
fn configuration(database: &str) -> String {
    format!(
        "[ca]\ndefault_ca = root\n[root]\ndatabase = {database}\ncertificate = root.crt\nprivate_key = root.key\n\
         new_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\ndefault_days = 30\ndefault_crl_days = 30\n\
         crlnumber = crlnumber\ncrl_extensions = list\npolicy = any\n[any]\ncommonName = supplied\n\
         [list]\nauthorityKeyIdentifier = keyid\n"
    )
}

/// A root with a server and the clients alice, bob and carol.
fn directory() -> Place {
    let place = Place::made("chain -q");
    for name in ["alice", "bob", "carol"] {
        place.pgtls(&format!("issue client {name} -D . -q"));
    }
    place.write("ca.cnf", &configuration("root.index"));
    place.write("crlnumber", "1000\n");
    place
}

/// Who is on the one list of a file: serial number, instant, reason.
fn entries(place: &Place, file: &str) -> Vec<(String, OffsetDateTime, Option<RevocationReason>)> {
    let blocks = pem::scan(place.read(file).as_bytes()).blocks;
    let list = RevocationList::from_der(&blocks[0].der).unwrap();
    let known = |reason: Option<RevocationReason>| reason.filter(|it| *it != RevocationReason::Unspecified);
    list.revocations().map(|it| (format_serial(it.serial), it.instant, known(it.reason))).collect()
}

fn number(place: &Place, file: &str) -> u64 {
    let said = place.openssl(&format!("crl -in {file} -noout -crlnumber"));
    u64::from_str_radix(said.trim().strip_prefix("crlNumber=0x").unwrap(), 16).unwrap()
}

fn serial(place: &Place, file: &str) -> String {
    place.certificate(file).serial.to_uppercase()
}

#[test]
fn of_our_index_openssl_makes_the_list_that_we_make() {
    let place = directory();
    for (name, reason) in [("alice", "keyCompromise"), ("bob", "unspecified"), ("carol", "certificateHold")] {
        place.pgtls(&format!("revoke {name} --reason {reason} -D . -q"));
    }
    place.openssl("ca -config ca.cnf -gencrl -out theirs.crl");
    let ours = entries(&place, "root.crl");
    assert_eq!((ours.len(), &ours), (3, &entries(&place, "theirs.crl")));
    for file in ["root.crl", "chain.crl"] {
        place.openssl(&format!("crl -in {file} -verify -CAfile root.crt -noout"));
    }
    let identifier = |file: &str| {
        let text = place.openssl(&format!("crl -in {file} -noout -text"));
        let (_, rest) = text.split_once("Authority Key Identifier:").unwrap();
        rest.split_whitespace().next().unwrap().trim_start_matches("keyid:").to_owned()
    };
    assert_eq!(identifier("root.crl"), identifier("theirs.crl"));
}

#[test]
fn openssl_refuses_who_is_revoked_and_nobody_else() {
    let place = Place::made("chain --intermediate -q");
    place.pgtls("issue client alice -D . -q");
    place.pgtls("issue client bob -D . -q");
    fs::copy(place.path("client.alice.crt"), place.path("copy.pem")).unwrap();
    place.pgtls("revoke alice -D . -q");
    let words = "verify -x509_strict -crl_check_all -CAfile root.crt -untrusted intermediate.crt";
    place.openssl_refuses(&format!("{words} -CRLfile chain.crl copy.pem"), "certificate revoked");
    for file in ["client.bob.crt", "server.crt", "client.crt"] {
        place.openssl(&format!("{words} -CRLfile chain.crl {file}"));
        place.openssl_refuses(
            &format!("{words} -CRLfile intermediate.crl {file}"),
            "unable to get certificate CRL",
        );
    }
    place.pgtls("revoke intermediate -D . -q");
    place.openssl_refuses(&format!("{words} -CRLfile chain.crl server.crt"), "certificate revoked");
}

#[test]
fn what_openssl_revoked_in_our_index_is_on_our_next_list() {
    let place = directory();
    place.pgtls("revoke alice -D . -q");
    place.openssl("ca -config ca.cnf -revoke client.bob.crt -crl_reason superseded");
    place.pgtls("crl --refresh -q -D .");
    place.openssl("ca -config ca.cnf -gencrl -out theirs.crl");
    assert_eq!(
        (entries(&place, "root.crl").len(), entries(&place, "root.crl")),
        (2, entries(&place, "theirs.crl"))
    );
    // It goes on with the index after us, and we after it.
    place.pgtls("revoke carol -D . -q");
    place.openssl("ca -config ca.cnf -updatedb");
    assert_eq!(entries(&place, "root.crl").len(), 3);
}

#[test]
fn what_stands_on_a_list_of_openssl_alone_stays_revoked_for_ever() {
    let place = directory();
    // Another index, which knows alice, and somebody of whom nothing else is here.
    place.write("ca.cnf", &configuration("other.txt"));
    let alice = serial(&place, "client.alice.crt");
    place.write(
        "other.txt",
        &format!(
            "R\t301122000000Z\t261101101112Z,keyCompromise\t{alice}\tunknown\t/CN=alice\n\
             R\t201122000000Z\t191101101112Z\t0ABC\tunknown\t/CN=gone\n"
        ),
    );
    place.write("other.txt.attr", "unique_subject = no\n");
    place.openssl("ca -config ca.cnf -gencrl -out root.crl");
    let theirs = entries(&place, "root.crl");
    fs::remove_file(place.path("other.txt")).unwrap();
    assert_eq!((theirs.len(), number(&place, "root.crl")), (2, 0x1000));
    place.pgtls("revoke bob -D . -q");
    let bob =
        entries(&place, "root.crl").into_iter().filter(|entry| !theirs.contains(entry)).collect::<Vec<_>>();
    assert_eq!((entries(&place, "root.crl").len(), bob.len(), number(&place, "root.crl")), (3, 1, 0x1001));
    // The index knows alice by now; the other lives on from list to list.
    assert!(place.read("root.index").contains(&format!("261101101112Z,keyCompromise\t{alice}")));
    fs::remove_file(place.path("chain.crl")).unwrap();
    place.pgtls("crl -D . -q");
    assert_eq!((entries(&place, "root.crl").len(), number(&place, "root.crl")), (3, 0x1002));
    assert!(theirs.iter().all(|entry| entries(&place, "root.crl").contains(entry)));
}

#[test]
fn a_directory_of_the_guides_own_commands_gets_index_and_lists() {
    let place = Place::new();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/guide/intermediate");
    fs::create_dir(place.path("pki")).unwrap();
    for entry in fs::read_dir(fixture).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), place.path("pki").join(entry.file_name())).unwrap();
    }
    fs::copy(place.path("pki/client.crt"), place.path("copy.pem")).unwrap();
    place.pgtls("revoke client -q");
    assert!(place.read("pki/intermediate.index").contains("R\t"));
    let words =
        "verify -crl_check_all -CAfile pki/root.crt -untrusted pki/intermediate.crt -CRLfile pki/chain.crl";
    place.openssl_refuses(&format!("{words} copy.pem"), "certificate revoked");
    place.openssl(&format!("{words} pki/server.crt"));
}

#[test]
fn the_list_of_every_kind_of_ca_key_is_taken() {
    for kind in ["ecdsa-p384", "rsa-2048", "rsa-4096"] {
        let place = Place::made(&format!("chain --ca-key-type {kind} -q"));
        place.pgtls("revoke client -D . -q");
        place.openssl("crl -in root.crl -verify -CAfile root.crt -noout");
    }
}
