//! Certificate requests that OpenSSL made, as the judge reads them.

use std::path::Path;

use pgtls::keys::{PublicKey, SignatureCheck};
use pgtls::x509::{CertificateRequest, KeyUsage, MalformedName};

use crate::{damaged, openssl, openssl_with, read, scratch};

/// The DER of a request for a key of that kind, with these extensions.
fn made(home: &Path, key: &str, extensions: &[&str]) -> Vec<u8> {
    std::fs::write(home.join("x.cnf"), "[req]\ndistinguished_name=d\nprompt=no\n[d]\nCN=x\n").unwrap();
    openssl(home, &format!("genpkey -algorithm {key} -out x.key"));
    let words = "req -new -config x.cnf -key x.key -subj /O=Acme/OU=a/OU=b/CN=db1 -outform DER -out x.der";
    let mut words: Vec<&str> = words.split(' ').collect();
    extensions.iter().for_each(|extension| words.extend(["-addext", extension]));
    openssl_with(home, &words);
    read(home, "x.der")
}

const P256: &str = "EC -pkeyopt ec_paramgen_curve:P-256";

#[test]
fn what_is_asked_for_is_read_and_the_signature_is_that_of_the_key() {
    let home = scratch();
    let san = "subjectAltName=DNS:db1,IP:10.0.0.1,email:a@b.example,URI:http://x/,RID:1.2.3";
    for key in [P256, "EC -pkeyopt ec_paramgen_curve:P-384", "ED25519", "RSA -pkeyopt rsa_keygen_bits:2048"] {
        let extensions = [san, "keyUsage=digitalSignature,decipherOnly", "extendedKeyUsage=serverAuth,1.2.3"];
        let der = made(home.path(), key, &[&extensions[..], &["basicConstraints=CA:TRUE"]].concat());
        let request = CertificateRequest::from_der(&der).unwrap();
        assert_eq!(request.subject.to_string(), "O=Acme,OU=a,OU=b,CN=db1");
        openssl(home.path(), "pkey -in x.key -pubout -outform DER -out x.pub");
        assert_eq!(request.public_key, read(home.path(), "x.pub"));
        let names: Vec<String> = request.subject_alt_names.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["DNS:db1", "IP:10.0.0.1", "email:a@b.example", "URI:http://x/"]);
        assert_eq!((request.other_alt_names, request.ca), (1, Some(true)));
        assert_eq!(request.key_usage, Some(vec![KeyUsage::DigitalSignature, KeyUsage::DecipherOnly]));
        let purposes: Vec<String> =
            request.extended_key_usage.iter().flatten().map(ToString::to_string).collect();
        assert_eq!(purposes, ["serverAuth", "1.2.3"]);
        let public = PublicKey::from_spki_der(&request.public_key);
        let check =
            |message: &[u8]| public.verify(request.signed().algorithm, message, request.signed().signature);
        assert_eq!(check(request.signed().to_be_signed), SignatureCheck::Good, "{key}");
        assert_eq!(check(&request.signed().to_be_signed[1..]), SignatureCheck::Bad, "{key}");
    }
}

#[test]
fn a_request_without_extensions_asks_for_none() {
    let home = scratch();
    let request = CertificateRequest::from_der(&made(home.path(), P256, &[])).unwrap();
    assert!(request.subject_alt_names.is_empty() && request.key_usage.is_none());
    assert!(request.extended_key_usage.is_none() && request.ca.is_none());
}

#[test]
fn malformed_names_and_unreadable_extensions_are_listed() {
    let home = scratch();
    let der = made(home.path(), P256, &["subjectAltName=DER:300782026100870101", "keyUsage=DER:0500"]);
    let request = CertificateRequest::from_der(&der).unwrap();
    assert_eq!(
        request.malformed_alt_names,
        [MalformedName::Dns(b"a\0".to_vec()), MalformedName::Ip(vec![1])]
    );
    assert_eq!(request.unreadable_extensions, ["2.5.29.15"]);
}

#[test]
fn what_is_no_request_is_refused_with_the_part_at_fault() {
    let home = scratch();
    let der = made(home.path(), P256, &[]);
    openssl(home.path(), "req -x509 -config x.cnf -key x.key -outform DER -out x.crt");
    for (bytes, part) in [
        (&der[1..], "its outer form"),
        (&[&der[..], &[0]].concat(), "its outer form"),
        (b"", "its outer form"),
        (&read(home.path(), "x.crt"), "its subject"),
    ] {
        let error = CertificateRequest::from_der(bytes).unwrap_err().to_string();
        assert_eq!(error, format!("it is not a certificate request that can be read: {part} is damaged"));
    }
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let home = scratch();
    for der in
        damaged(&made(home.path(), P256, &["subjectAltName=DNS:a,IP:::1", "keyUsage=digitalSignature"]))
    {
        if let Ok(request) = CertificateRequest::from_der(&der) {
            let _ = (request.signed().to_be_signed, request.signed().signature, request.subject.rfc2253());
            let _ = request.subject.canonical_der();
        }
    }
}
