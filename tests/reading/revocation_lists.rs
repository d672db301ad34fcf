//! Revocation lists that OpenSSL made, as the judge reads them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use pgtls::keys::{PublicKey, SignatureCheck};
use pgtls::x509::{Certificate, RevocationList, RevocationReason, format_instant};

use crate::{damaged, openssl, openssl_output, read, scratch};

/// An authority in `ca.crt`, and what `openssl ca` wants.
fn authority(home: &Path) -> Certificate {
    let config = "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\n\
                  default_crl_days=30\n[req]\ndistinguished_name=d\nprompt=no\n[d]\nO=Acme\nCN=the CA\n";
    fs::write(home.join("ca.cnf"), config).unwrap();
    fs::write(home.join("number"), "1234\n").unwrap();
    fs::write(home.join("index.txt"), "").unwrap();
    openssl(
        home,
        "req -x509 -config ca.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout ca.key -out ca.crt \
         -addext basicConstraints=critical,CA:TRUE -addext subjectKeyIdentifier=hash",
    );
    openssl(home, "x509 -in ca.crt -outform DER -out ca.der");
    Certificate::from_der(&read(home, "ca.der")).unwrap()
}

/// The list of that index, with these lines of its extensions section.
fn list(home: &Path, index: &str, extensions: &str) -> Vec<u8> {
    fs::write(home.join("index.txt"), index).unwrap();
    fs::write(home.join("crl.cnf"), fs::read_to_string(home.join("ca.cnf")).unwrap() + "[e]\n" + extensions)
        .unwrap();
    let extensions = if extensions.is_empty() { "" } else { "-crlexts e" };
    openssl(
        home,
        &format!("ca -config crl.cnf -gencrl -keyfile ca.key -cert ca.crt {extensions} -out crl.pem"),
    );
    openssl(home, "crl -in crl.pem -outform DER -out crl.der");
    read(home, "crl.der")
}

fn line(serial: &str, reason: &str) -> String {
    format!("R\t491231000000Z\t250102030405Z{reason}\t{serial}\tunknown\t/CN=x\n")
}

#[test]
fn everything_that_openssl_prints_is_read() {
    let home = scratch();
    let ca = authority(home.path());
    let reasons = [
        ("0A", "", None),
        ("00FF", ",unspecified", Some(RevocationReason::Unspecified)),
        ("0B", ",keyCompromise", Some(RevocationReason::KeyCompromise)),
        ("0C", ",CACompromise", Some(RevocationReason::CaCompromise)),
        ("0D", ",affiliationChanged", Some(RevocationReason::AffiliationChanged)),
        ("0E", ",superseded", Some(RevocationReason::Superseded)),
        ("0F", ",cessationOfOperation", Some(RevocationReason::CessationOfOperation)),
        (
            "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
            ",certificateHold",
            Some(RevocationReason::CertificateHold),
        ),
    ];
    let index: String = reasons.iter().map(|(serial, reason, _)| line(serial, reason)).collect();
    let read = RevocationList::from_der(&list(home.path(), &index, "authorityKeyIdentifier=keyid:always\n"))
        .unwrap();
    assert_eq!((read.version, &read.issuer), (2, &ca.subject));
    assert_eq!(read.number.as_deref(), Some(&[0x12, 0x34][..]));
    assert_eq!(read.authority_key_identifier, ca.subject_key_identifier);
    assert_eq!((read.next_update.unwrap() - read.this_update).whole_days(), 30);
    assert!(!read.is_delta && read.scope.is_none() && read.algorithms_agree);
    for odd in [&read.unknown_critical_extensions, &read.repeated_extensions, &read.unreadable_extensions] {
        assert!(odd.is_empty(), "{odd:?}");
    }
    assert_eq!(read.revocations().len(), reasons.len());
    for (serial, _, reason) in reasons {
        let bytes: Vec<u8> = (0..serial.len() / 2)
            .map(|at| u8::from_str_radix(&serial[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let found = read.find(&bytes).unwrap();
        assert_eq!((format_instant(found.instant).as_str(), found.reason), ("2025-01-02T03:04:05Z", reason));
    }
    assert!(read.find(&[0x10]).is_none());
    let key = PublicKey::from_spki_der(&ca.public_key);
    let check = |message: &[u8]| key.verify(read.signed().algorithm, message, read.signed().signature);
    assert_eq!(check(read.signed().to_be_signed), SignatureCheck::Good);
    assert_eq!(check(&read.signed().to_be_signed[1..]), SignatureCheck::Bad);
}

#[test]
fn critical_extensions_are_unknown_where_openssl_does_not_handle_them() {
    let home = scratch();
    let ca = authority(home.path());
    openssl(
        home.path(),
        "req -x509 -config ca.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout x.key -out leaf.crt \
         -CA ca.crt -CAkey ca.key -subj /CN=leaf -addext basicConstraints=CA:FALSE",
    );
    for (extension, unknown, is_delta, has_point) in [
        ("1.2.3.4=critical,DER:0500", Some("1.2.3.4"), false, false),
        ("1.2.3.4=DER:0500", None, false, false),
        ("issuerAltName=critical,DNS:x", Some("2.5.29.18"), false, false),
        ("authorityKeyIdentifier=critical,keyid:always", None, false, false),
        ("2.5.29.27=critical,DER:020101", None, true, false),
        ("issuingDistributionPoint=critical,fullname:URI:http://x/", None, false, true),
    ] {
        let der = list(home.path(), &line("0A", ""), &format!("{extension}\n"));
        let read = RevocationList::from_der(&der).unwrap();
        assert_eq!(read.issuer, ca.subject);
        assert_eq!(read.unknown_critical_extensions, unknown.as_slice(), "{extension}");
        assert_eq!((read.is_delta, read.scope.is_some()), (is_delta, has_point), "{extension}");
        assert!(read.unreadable_extensions.is_empty(), "{extension}");
        let words = ["verify", "-CAfile", "ca.crt", "-CRLfile", "crl.pem", "-crl_check", "leaf.crt"];
        let judged = openssl_output(home.path(), &words);
        let refused = String::from_utf8_lossy(&judged.stderr).contains("unhandled critical CRL extension");
        assert_eq!(refused, unknown.is_some(), "{extension}: {judged:?}");
    }
}

#[test]
fn an_empty_list_is_one_and_what_is_no_list_is_refused() {
    let home = scratch();
    authority(home.path());
    let der = list(home.path(), "", "");
    let read = RevocationList::from_der(&der).unwrap();
    assert_eq!(
        (read.version, read.number.as_deref(), read.revocations().len()),
        (2, Some(&[0x12, 0x34][..]), 0)
    );
    for other in [
        read.signed().to_be_signed,
        &der[1..],
        &[&der[..], &[0]].concat(),
        b"",
        &crate::read(home.path(), "ca.der"),
    ] {
        let error = RevocationList::from_der(other).unwrap_err().to_string();
        assert!(error.starts_with("it is not a revocation list that can be read: "), "{error}");
    }
}

#[test]
fn a_hundred_thousand_entries_are_read_and_searched_at_once() {
    let home = scratch();
    authority(home.path());
    let mut index = String::new();
    for number in 0..100_000_u32 {
        // As scattered as serial numbers are.
        let serial = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
        write!(index, "{}", line(&format!("{serial:016X}"), ",superseded")).unwrap();
    }
    let der = list(home.path(), &index, "");
    let begun = Instant::now();
    let read = RevocationList::from_der(&der).unwrap();
    let parsed = begun.elapsed();
    assert_eq!(read.revocations().len(), 100_000);
    for number in 0..100_000_u64 {
        let serial = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
        assert_eq!(read.find(&serial.to_be_bytes()).unwrap().reason, Some(RevocationReason::Superseded));
    }
    // Unoptimised, on a busy machine; the aim is well under a second in a release.
    assert!(parsed < Duration::from_secs(3), "{parsed:?}");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let home = scratch();
    authority(home.path());
    let index = line("0A", ",keyCompromise") + &line("0B", "");
    let extensions =
        "authorityKeyIdentifier=keyid:always\nissuingDistributionPoint=critical,fullname:URI:http://x/\n";
    for der in damaged(&list(home.path(), &index, extensions)) {
        if let Ok(list) = RevocationList::from_der(&der) {
            let _ = (
                list.find(&[10]),
                list.revocations().count(),
                list.signed().signature,
                list.signed().to_be_signed,
            );
        }
    }
}
