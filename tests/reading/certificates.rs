//! Certificates: what the judge asks of them.

use std::path::Path;

use pgtls::x509::{Certificate, KeyUsage, MalformedName};

use crate::{damaged, openssl, openssl_output, openssl_with, read, scratch};

/// A self-signed certificate with these extensions and no others, as DER in `x.der`.
fn made(home: &Path, extensions: &[&str]) -> Certificate {
    made_of("/CN=x", home, extensions)
}

fn made_of(subject: &str, home: &Path, extensions: &[&str]) -> Certificate {
    let config = "[req]\ndistinguished_name=d\nprompt=no\n[d]\nCN=x\n";
    std::fs::write(home.join("x.cnf"), config).unwrap();
    let mut words: Vec<&str> =
        "req -x509 -config x.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout \
                                x.key -outform DER -out x.der -utf8 -subj"
            .split_whitespace()
            .collect();
    words.push(subject);
    extensions.iter().for_each(|extension| words.extend(["-addext", extension]));
    openssl_with(home, &words);
    Certificate::from_der(&read(home, "x.der")).unwrap()
}

#[test]
fn the_signed_part_the_algorithm_and_the_signature_are_those_of_asn1parse() {
    let home = scratch();
    let certificate = made(home.path(), &[]);
    let listing = String::from_utf8(openssl(home.path(), "asn1parse -inform DER -in x.der")).unwrap();
    // The depth-1 lines: TBSCertificate, AlgorithmIdentifier, BIT STRING; each says offset, header and length.
    let parts: Vec<&[u8]> = listing
        .lines()
        .filter(|line| line.contains("d=1 "))
        .map(|line| {
            let number = |key: &str| {
                let behind = &line[line.find(key).unwrap() + key.len()..];
                behind.split_whitespace().next().unwrap().parse::<usize>().unwrap()
            };
            let start = line.split(':').next().unwrap().trim().parse::<usize>().unwrap();
            &certificate.der[start..start + number("hl=") + number(" l=")]
        })
        .collect();
    assert_eq!(certificate.signed().to_be_signed, parts[0]);
    assert_eq!(certificate.signed().algorithm, parts[1]);
    assert_eq!([&[0], certificate.signed().signature].concat(), parts[2][2..]);
    assert!(certificate.algorithms_agree);
}

#[test]
fn algorithms_that_differ_are_told() {
    let home = scratch();
    let certificate = made(home.path(), &[]);
    // ecdsa-with-SHA256 becomes ecdsa-with-SHA384 in the outer one, the last of the two.
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let mut der = certificate.der.clone();
    let at = der.windows(oid.len()).rposition(|window| window == oid).unwrap();
    der[at + 7] = 3;
    assert!(!Certificate::from_der(&der).unwrap().algorithms_agree);
}

#[test]
fn a_signature_that_does_not_fill_its_last_byte_is_none() {
    let home = scratch();
    let certificate = made(home.path(), &[]);
    let mut der = certificate.der.clone();
    let unused = der.len() - certificate.signed().signature.len() - 1;
    der[unused] = 3;
    // DER has the unused bits at zero (X.690 §11.2.1).
    *der.last_mut().unwrap() &= 0xf8;
    assert!(Certificate::from_der(&der).unwrap().signed().signature.is_empty());
}

#[test]
fn all_nine_key_usages_are_read_and_criticality_with_them() {
    let home = scratch();
    let all: Vec<&str> = KeyUsage::ALL.iter().map(|usage| usage.id()).collect();
    let certificate = made(home.path(), &[&format!("keyUsage=critical,{}", all.join(","))]);
    assert_eq!(certificate.key_usage.as_deref(), Some(&KeyUsage::ALL[..]));
    assert!(certificate.key_usage_critical && !certificate.basic_constraints_critical);
    for usage in KeyUsage::ALL {
        let certificate =
            made(home.path(), &[&format!("keyUsage={}", usage.id()), "basicConstraints=critical,CA:TRUE"]);
        assert_eq!(certificate.key_usage, Some(vec![usage]));
        assert!(!certificate.key_usage_critical && certificate.basic_constraints_critical);
    }
}

#[test]
fn an_absent_extended_key_usage_is_not_an_empty_one() {
    let home = scratch();
    let absent = made(home.path(), &[]);
    assert!(!absent.has_extended_key_usage && absent.extended_key_usage.is_empty());
    let empty = made(home.path(), &["extendedKeyUsage=DER:3000"]);
    assert!(empty.has_extended_key_usage && empty.extended_key_usage.is_empty());
}

#[test]
fn malformed_names_are_listed_and_other_kinds_counted() {
    let home = scratch();
    // A good dNSName; one with a NUL; one that is UTF-8; one that is not; iPAddresses of 5 and 4 bytes; a directoryName
    // and a registeredID.
    let san =
        "subjectAltName=DER:302482016182036100628202c3a48201ff8705010203040587040a000001a402300088022a03";
    let certificate = made(home.path(), &[san]);
    let known: Vec<String> = certificate.subject_alt_names.iter().map(ToString::to_string).collect();
    assert_eq!(known, ["DNS:a", "DNS:a\0b", "DNS:ä", "IP:10.0.0.1"]);
    let malformed = [
        MalformedName::Dns(b"a\0b".to_vec()),
        MalformedName::Dns("ä".into()),
        MalformedName::Dns(vec![0xff]),
        MalformedName::Ip(vec![1, 2, 3, 4, 5]),
    ];
    assert_eq!(certificate.malformed_alt_names, malformed);
    assert_eq!(certificate.other_alt_names, 2);
}

#[test]
fn critical_extensions_are_unknown_where_openssl_does_not_handle_them() {
    let home = scratch();
    for (extension, unknown) in [
        ("1.2.3.4=critical,DER:0500", Some("1.2.3.4")),
        ("1.2.3.4=DER:0500", None),
        ("subjectKeyIdentifier=critical,hash", Some("2.5.29.14")),
        ("keyUsage=critical,digitalSignature", None),
        ("extendedKeyUsage=critical,serverAuth", None),
        ("certificatePolicies=critical,1.2.3", None),
        ("policyConstraints=critical,requireExplicitPolicy:3", None),
        ("inhibitAnyPolicy=critical,2", None),
        ("nsCertType=critical,server", None),
        ("noCheck=critical,ignored", None),
        ("tlsfeature=critical,status_request", Some("1.3.6.1.5.5.7.1.24")),
        ("crlDistributionPoints=critical,URI:http://x/", None),
        ("authorityInfoAccess=critical,OCSP;URI:http://x/", Some("1.3.6.1.5.5.7.1.1")),
    ] {
        let certificate = made(home.path(), &[extension]);
        assert_eq!(certificate.unknown_critical_extensions, unknown.as_slice(), "{extension}");
        openssl(home.path(), "x509 -inform DER -in x.der -out x.crt");
        let judged = openssl_output(home.path(), &["verify", "-CAfile", "x.crt", "x.crt"]);
        let refused = String::from_utf8_lossy(&judged.stderr).contains("unhandled critical extension");
        assert_eq!(refused, unknown.is_some(), "{extension}: {judged:?}");
    }
}

#[test]
fn repeated_and_unreadable_extensions_are_named_once() {
    let home = scratch();
    let mut der = made(home.path(), &["1.2.3.4=DER:0500", "1.2.3.5=DER:0500", "1.2.3.6=DER:0500"]).der;
    for last in [5, 6] {
        let at = der.windows(5).position(|window| window == [0x06, 0x03, 0x2a, 0x03, 4]);
        assert!(at.is_some());
        let at = der.windows(5).position(|window| window == [0x06, 0x03, 0x2a, 0x03, last]).unwrap();
        der[at + 4] = 4;
    }
    let certificate = Certificate::from_der(&der).unwrap();
    assert_eq!(certificate.repeated_extensions, ["1.2.3.4"]);
    assert!(certificate.unreadable_extensions.is_empty());
    let certificate = made(home.path(), &["basicConstraints=DER:0500", "keyUsage=digitalSignature"]);
    assert_eq!(certificate.unreadable_extensions, ["2.5.29.19"]);
    assert!(certificate.repeated_extensions.is_empty());
}

#[test]
fn constraints_that_we_do_not_know_are_told() {
    let home = scratch();
    for (constraints, others) in [
        ("permitted;DNS:x.example,excluded;IP:10.0.0.0/255.0.0.0", false),
        ("permitted;email:x.example", false),
        ("permitted;URI:.x.example", true),
        ("permitted;IP:10.0.0.0/255.0.255.0", true),
        // A minimum of 1 behind the name.
        ("DER:300aa00830068201788001 01", true),
        ("DER:3007a00530038201 78", false),
    ] {
        let constraints = format!("nameConstraints={}", constraints.replace(' ', ""));
        let certificate = made(home.path(), &[&constraints, "basicConstraints=critical,CA:TRUE"]);
        assert_eq!(certificate.has_other_constraints, others, "{constraints}");
    }
}

#[test]
fn a_nul_in_a_common_name_is_told_whatever_its_string_type() {
    let home = scratch();
    let certificate = made_of("/CN=db1/CN=axb", home.path(), &[]);
    assert!(!certificate.subject.common_name_has_nul());
    let mut der = certificate.der;
    let at = der.windows(3).rposition(|window| window == b"axb").unwrap();
    der[at + 1] = 0;
    assert!(Certificate::from_der(&der).unwrap().subject.common_name_has_nul());
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let home = scratch();
    let san = "subjectAltName=DNS:db1,IP:10.0.0.1,email:a@b.example,URI:http://x/,dirName:d";
    let extensions = [
        san,
        "keyUsage=critical,keyCertSign",
        "extendedKeyUsage=serverAuth,1.2.3",
        "nameConstraints=permitted;DNS:x.example,excluded;IP:10.0.0.0/255.0.0.0",
        "certificatePolicies=1.2.3",
        "crlDistributionPoints=URI:http://x/",
        "nsCertType=server",
    ];
    for der in damaged(&made(home.path(), &extensions).der) {
        if let Ok(certificate) = Certificate::from_der(&der) {
            let _ = (
                certificate.signed().to_be_signed,
                certificate.signed().signature,
                certificate.subject.common_names().collect::<Vec<_>>(),
            );
        }
    }
}
