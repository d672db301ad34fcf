//! Programs that still read PEM with `rustls-pemfile` get from our files what its successor gives: the same items, of
//! the same kind and bytes, in the same order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::{LAYOUTS, Place};
use rustls_pemfile::Item;
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::io::BufReader;

/// What one reader takes out of a file: kind and DER, in order.
type Items = Vec<(String, Vec<u8>)>;

fn by_pemfile(text: &[u8]) -> Items {
    let mut reader = BufReader::new(text);
    rustls_pemfile::read_all(&mut reader)
        .map(Result::unwrap)
        .map(|item| match item {
            Item::X509Certificate(der) => ("Certificate".to_owned(), der.to_vec()),
            Item::Pkcs8Key(der) => ("PrivateKey".to_owned(), der.secret_pkcs8_der().to_vec()),
            other => panic!("we write no {other:?}"),
        })
        .collect()
}

fn by_successor(text: &[u8]) -> Items {
    let sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text).map(Result::unwrap);
    sections.map(|(kind, der)| (format!("{kind:?}"), der)).collect()
}

/// The kinds of the blocks in a file, by the labels that anybody sees.
fn labels(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")).collect()
}

/// Compares the readers over every PEM file of a place, and returns how many files there were.
fn compare(place: &Place, case: &str) -> usize {
    let names = place.names();
    let files = names.iter().filter(|name| name.ends_with(".crt") || name.ends_with(".key"));
    files
        .map(|name| {
            let text = place.read(name);
            let items = by_pemfile(text.as_bytes());
            assert_eq!(items, by_successor(text.as_bytes()), "{case}: {name}");
            let kind = |label| match label {
                "CERTIFICATE" => Some("Certificate"),
                "PRIVATE KEY" => Some("PrivateKey"),
                // Neither reader has a type for it: both pass over it as if it were not there.
                "ENCRYPTED PRIVATE KEY" => None,
                other => panic!("{case}: {name} holds a {other}"),
            };
            let expected: Vec<&str> = labels(&text).into_iter().filter_map(kind).collect();
            let found: Vec<&str> = items.iter().map(|(kind, _)| kind.as_str()).collect();
            assert_eq!(found, expected, "{case}: {name}");
            assert_the_usual_calls_agree(&text, &items, &format!("{case}: {name}"));
        })
        .count()
}

/// `certs` and `private_key` are what programs call most.
fn assert_the_usual_calls_agree(text: &str, items: &Items, case: &str) {
    let mut old = text.as_bytes();
    let old: Vec<CertificateDer<'_>> = rustls_pemfile::certs(&mut old).map(Result::unwrap).collect();
    let new: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(text.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(old, new, "{case}");
    let is_key = |(kind, _): &&(String, Vec<u8>)| kind == "PrivateKey";
    assert_eq!(old.len(), items.len() - items.iter().filter(is_key).count(), "{case}");
    let old = rustls_pemfile::private_key(&mut text.as_bytes()).unwrap();
    let new = PrivateKeyDer::from_pem_slice(text.as_bytes()).ok();
    assert_eq!(old, new, "{case}");
    assert_eq!(old.is_some(), items.iter().any(|item| is_key(&item)), "{case}");
}

/// How many `.crt` and `.key` files a layout has.
fn count(layout: &str) -> usize {
    match layout {
        "chain --intermediate" => 9,
        "chain" => 7,
        _ => 4,
    }
}

#[test]
fn both_readers_get_the_same_from_every_layout_and_key_type() {
    for layout in LAYOUTS {
        for key_type in ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072"] {
            if (layout, key_type) != ("self-signed", "ed25519") {
                let case = format!("{layout} --key-type {key_type}");
                assert_eq!(compare(&Place::made(&case), &case), count(layout), "{case}");
            }
        }
    }
}

#[test]
fn both_readers_get_the_same_where_the_standby_has_its_files() {
    for layout in LAYOUTS {
        let more = if layout == "self-signed" { 3 } else { 2 };
        let case = format!("{layout} --replication");
        assert_eq!(compare(&Place::made(&case), &case), count(layout) + more, "{case}");
    }
}

#[test]
fn both_readers_see_nothing_in_a_closed_key() {
    for layout in &LAYOUTS[..2] {
        let place = Place::new();
        place.write("secret", "correct horse\n");
        place.pgtls(&format!("gen {layout} -D . --ca-passphrase-file secret"));
        assert_eq!(compare(&place, layout), count(layout), "{layout}");
        let text = place.read("root.key");
        assert_eq!(labels(&text), ["ENCRYPTED PRIVATE KEY"]);
        assert_eq!(by_pemfile(text.as_bytes()), []);
        assert_eq!(rustls_pemfile::private_key(&mut text.as_bytes()).unwrap(), None);
        let error = PrivateKeyDer::from_pem_slice(text.as_bytes()).unwrap_err();
        assert!(matches!(error, rustls_pki_types::pem::Error::NoItemsFound), "{error:?}");
    }
}

#[test]
fn both_readers_get_the_same_from_certificates_of_every_kind() {
    let place = Place::of_profile(
        "[[certificate]]\nname='root'\nusage='root-ca'\nsubject='DC=com,DC=example,O=Größe,CN=ca'\n\
         [[certificate]]\nname='bare'\nusage='bare'\nissuer='root'\nsubject='CN=bare'\nappend=['root']\n\
         [[certificate]]\nname='node'\nusage='node'\nissuer='root'\nsubject=''\nsan=['db', '::1']\n\
         [[bundle]]\nfile='all.crt'\ncertificates=['node', 'bare', 'root', 'node']\n",
    );
    assert_eq!(compare(&place, "profile"), 7);
    assert_eq!(by_pemfile(place.read("all.crt").as_bytes()).len(), 4);
}
