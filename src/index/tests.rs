//! Indexes as OpenSSL and easy-rsa write them, and as hands and crashes leave them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::diagnosis::{Diagnosis, Failure};
use crate::x509::{RevocationReason, format_instant};

const PLAIN: &str = "V\t271121091555Z\t\t616B04\tunknown\t/O=Acme/CN=alice\n";
const REVOKED: &str = "R\t271121091555Z\t261201120000Z,keyCompromise\t01\tunknown\t/CN=bob\n";
const EXPIRED: &str = "E\t20500101000000Z\t\t00\tunknown\t/CN=old\n";

fn parsed(text: &str) -> Index {
    Index::parse(text.as_bytes()).unwrap()
}

fn refused(text: impl AsRef<[u8]>) -> IndexError {
    let error = Index::parse(text.as_ref()).unwrap_err();
    assert_eq!(error.failure(), Failure::Forbidden);
    assert!(error.detail().is_some_and(|detail| detail.ends_with('.')), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains(&error.line.to_string())), "{error:?}");
    error
}

#[test]
fn the_fields_of_each_line_are_read() {
    let index = parsed(&[PLAIN, REVOKED, EXPIRED].concat());
    let [alice, bob, old] = index.lines() else { panic!("{index:?}") };
    assert_eq!((alice.status, bob.status, old.status), (Status::Valid, Status::Revoked, Status::Expired));
    assert_eq!(format_instant(alice.not_after), "2027-11-21T09:15:55Z");
    assert_eq!(format_instant(old.not_after), "2050-01-01T00:00:00Z");
    assert_eq!((alice.revoked, old.revoked), (None, None));
    let revoked = bob.revoked.unwrap();
    assert_eq!(format_instant(revoked.at), "2026-12-01T12:00:00Z");
    assert_eq!(revoked.reason, Some(RevocationReason::KeyCompromise));
    assert_eq!(
        (&alice.serial[..], &bob.serial[..], &old.serial[..]),
        (&[0x61, 0x6b, 4][..], &[1][..], &[][..])
    );
    assert_eq!((alice.file(), alice.subject.as_str()), ("unknown", "/O=Acme/CN=alice"));
}

#[test]
fn what_is_read_is_written_back_byte_for_byte() {
    for text in [
        String::new(),
        [PLAIN, REVOKED, EXPIRED].concat(),
        ["# made by hand\n", PLAIN, "#\n# two\n", REVOKED, "# last\n"].concat(),
        [PLAIN, REVOKED].concat().replace('\n', "\r\n"),
        PLAIN.trim_end().to_owned(),
        ["# no end", ""].concat(),
        PLAIN.replace("616B04", "00616b04"),
        PLAIN.replace("616B04", "-01"),
        PLAIN.replace("unknown", "certs/a\\\tb.pem"),
        PLAIN.replace("unknown", ""),
        PLAIN.replace("alice", "\\x00\\x41\\\\ \\/ \\+ zoë"),
        REVOKED.replace(",keyCompromise", ""),
        REVOKED.replace("keyCompromise", "KEYcompromise"),
        REVOKED.replace("keyCompromise", "holdInstruction,1.2.840.10040.2.2"),
        REVOKED.replace("keyCompromise", "keyTime,20261101000000Z"),
        REVOKED.replace("261201120000Z", "20261201120000Z"),
        REVOKED.replace("261201120000Z", "2612011200Z"),
    ] {
        assert_eq!(String::from_utf8(parsed(&text).to_text()).unwrap(), text);
    }
    let latin = [PLAIN.trim_end().as_bytes(), b"\xe9\n"].concat();
    assert_eq!(Index::parse(&latin).unwrap().to_text(), latin);
}

#[test]
fn a_line_that_changes_keeps_the_rest_of_it_as_it_was() {
    let text = "V\t20271121091555Z\t\t00ab\tcerts/a\\\tb.pem\t/CN=zoë\r\n# end\n";
    let mut index = parsed(text);
    let revoked = Revoked {
        at: parsed(REVOKED).lines()[0].revoked.unwrap().at,
        reason: Some(RevocationReason::CaCompromise),
    };
    assert!(index.revoke(&[0, 0xab], revoked));
    let written = String::from_utf8(index.to_text()).unwrap();
    assert_eq!(
        written,
        "R\t20271121091555Z\t261201120000Z,CACompromise\t00ab\tcerts/a\\\tb.pem\t/CN=zoë\r\n# end\n"
    );
    assert_eq!(parsed(&written).lines()[0].revoked, Some(revoked));
    // The first revocation stays; another serial number is not there.
    assert!(!index.revoke(&[0xab], Revoked { reason: None, ..revoked }) && !index.revoke(&[1], revoked));
    assert_eq!(index.to_text(), written.as_bytes());
}

#[test]
fn a_serial_number_is_found_whatever_zeros_stand_before_it() {
    let index = parsed(&[PLAIN, &REVOKED.replace("\t01\t", "\t0001\t"), EXPIRED].concat());
    assert_eq!(index.line_of(&[0, 0, 1]).unwrap().subject, "/CN=bob");
    assert_eq!(index.line_of(&[0x61, 0x6b, 4]).unwrap().subject, "/O=Acme/CN=alice");
    assert_eq!(index.line_of(&[0]).unwrap().subject, "/CN=old");
    assert!(index.line_of(&[2]).is_none() && index.line_of(&[1, 0]).is_none());
    let negative = parsed(&PLAIN.replace("616B04", "-0100"));
    // As DER has -256.
    assert!(negative.line_of(&[0xff, 0]).is_some());
}

#[test]
fn the_reasons_of_openssl_are_read_with_and_without_their_last_part() {
    use RevocationReason as Reason;
    for (text, reason) in [
        ("", None),
        (",unspecified", Some(Reason::Unspecified)),
        (",superseded", Some(Reason::Superseded)),
        (",CACompromise", Some(Reason::CaCompromise)),
        (",cessationOfOperation", Some(Reason::CessationOfOperation)),
        (",affiliationChanged", Some(Reason::AffiliationChanged)),
        (",certificateHold", Some(Reason::CertificateHold)),
        (",removeFromCRL", Some(Reason::RemoveFromCrl)),
        (",holdInstruction,1.2.840.10040.2.2", Some(Reason::CertificateHold)),
        (",keyTime,20261101000000Z", Some(Reason::KeyCompromise)),
        (",CAkeyTime,20261101000000Z", Some(Reason::CaCompromise)),
    ] {
        let index = parsed(&REVOKED.replace(",keyCompromise", text));
        assert_eq!(index.lines()[0].revoked.unwrap().reason, reason, "{text}");
    }
}

#[test]
fn lines_that_openssl_refuses_are_refused_with_their_number_and_field() {
    for (bad, said) in [
        ("\n".to_owned(), "has 1 field"),
        (PLAIN.replace("unknown\t", ""), "has 5 fields"),
        (PLAIN.replace("unknown", "a\tb"), "has 7 fields"),
        (PLAIN.replacen('V', "X", 1), "has the status \"X\""),
        (PLAIN.replacen('V', "", 1), "has the status \"\""),
        (PLAIN.replace("271121", "271321"), "has the expiry \"271321091555Z\""),
        (PLAIN.replace("271121091555Z", ""), "has the expiry \"\""),
        (REVOKED.replace("261201120000Z,keyCompromise", ""), "is revoked at \"\""),
        (REVOKED.replace("keyCompromise", "boredom"), "is revoked at \"261201120000Z,boredom\""),
        (REVOKED.replacen('R', "V", 1), "is not revoked, but was at \"261201120000Z,keyCompromise\""),
        (PLAIN.replace("616B04", "616B0"), "has the serial number \"616B0\""),
        (PLAIN.replace("616B04", ""), "has the serial number \"\""),
        (PLAIN.replace("616B04", "-"), "has the serial number \"-\""),
        (PLAIN.replace("616B04", "6x"), "has the serial number \"6x\""),
        (PLAIN.replace("alice", "al\0ice"), "has a NUL byte"),
        (REVOKED.replace("\t01\t", "\t0001\t").replace("bob", "eve"), "has the serial number 01 of line 2"),
    ] {
        let error = refused(["# first\n", REVOKED, &bad, EXPIRED].concat());
        assert_eq!((error.line, error.to_string()), (3, format!("line 3 {said}")));
    }
}

#[test]
fn a_tab_is_found_wherever_it_stands_in_a_line_of_the_usual_length() {
    let usual = "R\t361101000000Z\t261101000000Z\t4123456789ABCDEF0123456789ABCDEF\tunknown\t/CN=alice";
    assert_eq!(parsed(&format!("{usual}\n")).lines()[0].subject, "/CN=alice");
    // One tab too many, in the place of each other byte.
    for at in (0..usual.len()).filter(|at| usual.as_bytes()[*at] != b'\t') {
        let line = format!("{}\t{}\n", &usual[..at], &usual[at + 1..]);
        assert_eq!(refused(line).problem.to_string(), "has 7 fields", "{at}");
    }
    // One too few.
    for at in (0..usual.len()).filter(|at| usual.as_bytes()[*at] == b'\t') {
        let line = format!("{}x{}\n", &usual[..at], &usual[at + 1..]);
        assert_eq!(refused(line).problem.to_string(), "has 5 fields", "{at}");
    }
    for serial in ["0A", "7F00", "0123456789AB", "4123456789ABCDEF0123456789ABCDEF01"] {
        let line = format!("V\t361101000000Z\t\t{serial}\tunknown\t/CN=bob\n");
        let index = parsed(&line);
        assert_eq!((index.lines()[0].serial_hex(), index.to_text()), (serial.to_owned(), line.into_bytes()));
    }
}

#[test]
fn a_last_line_that_a_killed_writer_left_is_named_as_such() {
    let whole = [REVOKED, PLAIN].concat();
    // To the last tab something is missing; behind it a subject may be whole.
    let last_tab = whole.rfind('\t').unwrap();
    for end in REVOKED.len() + 1..=last_tab {
        let error = refused(&whole[..end]);
        assert_eq!(error.to_string(), "line 2 was not written to its end");
        assert!(error.hint().unwrap().contains("Delete line 2"));
    }
    let zeros = [whole.as_bytes(), &[0; 7]].concat();
    assert!(
        matches!(refused(zeros).problem, IndexProblem::Torn { problem } if *problem == IndexProblem::Nul)
    );
    // What has its end is not torn.
    assert!(matches!(refused([REVOKED, "V\n"].concat()).problem, IndexProblem::Fields { found: 1 }));
}

#[test]
fn a_last_line_without_its_end_is_said_to_be_open_until_the_next_is_recorded() {
    let mut index = parsed(REVOKED.trim_end());
    assert!(index.is_open() && !parsed(REVOKED).is_open() && !Index::default().is_open());
    assert!(index.record(&certificate("CN=carol", &[7])));
    let text = String::from_utf8(index.to_text()).unwrap();
    assert!(text.starts_with(REVOKED) && text.ends_with("/CN=carol\n") && !index.is_open());
    let mut commented = parsed("# all of them");
    assert!(commented.record(&certificate("CN=carol", &[7])));
    assert!(String::from_utf8(commented.to_text()).unwrap().starts_with("# all of them\nV\t"));
}

#[test]
fn a_certificate_is_recorded_once_with_what_openssl_would_write() {
    let mut index = Index::default();
    let carol = certificate("O=Acme,CN=carol", &[0, 0xab, 0xcd]);
    assert!(index.record(&carol) && !index.record(&carol));
    assert_eq!(
        String::from_utf8(index.to_text()).unwrap(),
        "V\t491231235959Z\t\tABCD\tunknown\t/O=Acme/CN=carol\n"
    );
    assert_eq!(Index::parse(&index.to_text()).unwrap(), index);
}

#[test]
fn an_index_is_rebuilt_with_the_oldest_first_and_each_serial_number_once() {
    let dated = |serial: &[u8], year: i32| {
        let mut certificate = certificate("CN=x", serial);
        certificate.window.not_before = certificate.window.not_before.replace_year(year).unwrap();
        certificate
    };
    let (young, old, twin) = (dated(&[1], 2026), dated(&[2], 2024), dated(&[0, 2], 2024));
    let index = Index::rebuilt([&young, &old, &twin]);
    let serials: Vec<String> = index.lines().iter().map(Line::serial_hex).collect();
    assert_eq!(serials, ["02", "01"]);
    assert_eq!(index.line_of(&[1]).unwrap().serial_hex(), "01");
}

/// A certificate whose signature nobody asks for.
fn certificate(subject: &str, serial: &[u8]) -> Certificate {
    let pem = include_bytes!("../../fixtures/guide/root-only/server.crt");
    let blocks = crate::pem::decode(pem).unwrap();
    let mut certificate = Certificate::from_der(&blocks[0].der).unwrap();
    certificate.subject = crate::x509::Name::parse(subject).unwrap();
    certificate.serial = serial.to_vec();
    certificate.window.not_after = crate::x509::parse_instant("2049-12-31T23:59:59Z").unwrap();
    certificate
}

#[test]
fn subjects_are_unique_unless_the_attributes_deny_it_as_openssl_reads_them() {
    for (attributes, expected) in [
        ("unique_subject = no\n", false),
        ("# made by hand\nunique_subject=No # twice\n", false),
        ("unique_subject = 0", false),
        ("unique_subject = false", false),
        ("unique_subject = yes\nunique_subject = no\n", false),
        ("unique_subject = no\nunique_subject = yes\n", true),
        ("unique_subject = yes\n", true),
        ("unique_subject = perhaps\n", true),
        ("# unique_subject = no\n", true),
        ("", true),
    ] {
        assert_eq!(wants_unique_subjects(attributes.as_bytes()), expected, "{attributes}");
    }
}

#[test]
fn a_serial_number_that_is_there_twice_is_told_by_both_lines() {
    let text = ["# pgtls: delivering 1\n", PLAIN, "# noted\n", EXPIRED, REVOKED, PLAIN, EXPIRED].concat();
    let error = Index::parse(text.as_bytes()).unwrap_err();
    let expected = IndexProblem::Repeated { serial: "616B04".to_owned(), first: 2 };
    assert_eq!((error.line, error.problem), (6, expected));
}

#[test]
fn what_was_issued_again_is_told_from_another_of_the_same_subject() {
    let text = "V\t271121091555Z\t\t01\tunknown\t/CN=a\nV\t271121091555Z\t\t02\tunknown\t/CN=a\n\
                V\t271121091555Z\t\t0a\tcerts/a.pem\t/CN=a\n";
    let mut index = Index::parse(text.as_bytes()).unwrap();
    index.replace(&[0, 1], &[0x1f]);
    index.replace(&[1], &[0x20]);
    index.replace(&[10], &[0x21]);
    index.replace(&[9], &[0x22]);
    let written = String::from_utf8(index.to_text()).unwrap();
    assert_eq!(
        written,
        text.replacen("unknown", "replaced:1F,20", 1),
        "where somebody keeps a file, it stays"
    );
    let again = Index::parse(written.as_bytes()).unwrap();
    let replaced = |serial: u8| again.line_of(&[serial]).unwrap().replaced_by().collect::<Vec<_>>();
    assert_eq!((replaced(1), replaced(2).len(), replaced(10).len()), (vec!["1F", "20"], 0, 0));
}
