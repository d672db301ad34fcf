//! Texts as people have them: joined, edited, cut, sent by mail.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::{BlockKind, OddityKind, Scan, encode_certificate, looks_like_der, scan};

/// A block of that label around `30 03 02 01 <number>`.
fn block(label: &str, number: u8) -> String {
    encode_certificate(&[0x30, 3, 2, 1, number]).replace("CERTIFICATE", label)
}

fn found(scan: &Scan) -> Vec<(&str, usize)> {
    scan.blocks.iter().map(|block| (block.label.as_str(), block.line)).collect()
}

fn oddities(scan: &Scan) -> Vec<(usize, OddityKind)> {
    scan.oddities.iter().map(|oddity| (oddity.line, oddity.kind.clone())).collect()
}

fn owned(label: &str) -> String {
    label.to_owned()
}

#[test]
fn every_label_has_its_kind_and_blocks_stand_in_order_with_their_lines() {
    let labels = [
        ("CERTIFICATE", BlockKind::Certificate),
        ("X509 CERTIFICATE", BlockKind::OldCertificate),
        ("TRUSTED CERTIFICATE", BlockKind::TrustedCertificate),
        ("X509 CRL", BlockKind::RevocationList),
        ("CERTIFICATE REQUEST", BlockKind::Request),
        ("NEW CERTIFICATE REQUEST", BlockKind::Request),
        ("PUBLIC KEY", BlockKind::PublicKey),
        ("PRIVATE KEY", BlockKind::Pkcs8),
        ("ENCRYPTED PRIVATE KEY", BlockKind::EncryptedPkcs8),
        ("RSA PRIVATE KEY", BlockKind::Pkcs1),
        ("EC PRIVATE KEY", BlockKind::Sec1),
        ("DSA PRIVATE KEY", BlockKind::OtherKey),
        ("EC PARAMETERS", BlockKind::Other),
    ];
    let text: String = (0..).zip(labels).map(|(number, (label, _))| block(label, number)).collect();
    let scan = scan(text.as_bytes());
    assert_eq!(scan.oddities, []);
    assert_eq!(scan.blocks.len(), labels.len());
    for (at, (block, (label, kind))) in scan.blocks.iter().zip(labels).enumerate() {
        assert_eq!((block.label.as_str(), block.kind, block.line), (label, kind, 3 * at + 1));
        assert_eq!(block.der, [0x30, 3, 2, 1, at as u8]);
        let is_certificate = label.ends_with("CERTIFICATE");
        assert_eq!(block.certificate_der(), is_certificate.then_some(block.der.as_slice()));
    }
}

#[test]
fn a_damaged_block_is_named_and_hides_no_other() {
    let good = block("CERTIFICATE", 1);
    let other = || owned("X509 CRL");
    for (damaged, oddity) in [
        ("-----BEGIN X509 CRL-----\nMAMC\n", OddityKind::Unended { label: other() }),
        (
            "-----BEGIN X509 CRL-----\nMAMC\n-----END X509 CRL----- x\n",
            OddityKind::Unended { label: other() },
        ),
        (
            "-----BEGIN X509 CRL-----\nM!MC\n-----END X509 CRL-----\n",
            OddityKind::NotBase64 { label: other() },
        ),
        ("-----BEGIN X509 CRL-----\nMAM\n-----END X509 CRL-----\n", OddityKind::NotBase64 { label: other() }),
        (
            "-----BEGIN X509 CRL-----\nA: b\n-----END X509 CRL-----\n",
            OddityKind::NotBase64 { label: other() },
        ),
        ("-----BEGIN X509 CRL-----\n\n-----END X509 CRL-----\n", OddityKind::Empty { label: other() }),
        (
            "-----BEGIN X509 CRL-----\nMAMC\n-----END CERTIFICATE-----\n",
            OddityKind::MismatchedEnd { label: other(), end: owned("CERTIFICATE") },
        ),
        ("-----BEGIN X509 CRL----- MAMC -----END X509 CRL-----\n", OddityKind::DamagedBegin),
        ("-----BEGIN X509 CRL\n", OddityKind::DamagedBegin),
        ("-----END X509 CRL-----\n", OddityKind::StrayEnd),
    ] {
        let scan = scan(format!("{good}{damaged}{good}").as_bytes());
        let last = 4 + damaged.lines().count();
        assert_eq!(found(&scan), [("CERTIFICATE", 1), ("CERTIFICATE", last)], "{damaged}");
        assert_eq!(oddities(&scan), [(4, oddity)], "{damaged}");
    }
}

#[test]
fn a_block_that_the_end_of_the_text_cuts_is_named() {
    let text = block("CERTIFICATE", 1);
    let cut = scan(&text.as_bytes()[..text.len() - 10]);
    assert_eq!(found(&cut), []);
    assert_eq!(oddities(&cut), [(1, OddityKind::Unended { label: owned("CERTIFICATE") })]);
    let without_line_end = scan(text.trim_end().as_bytes());
    assert_eq!((found(&without_line_end).len(), without_line_end.oddities.len()), (1, 0));
}

#[test]
fn marks_line_ends_and_text_around_are_odd_and_do_no_harm() {
    let good = block("CERTIFICATE", 1);
    let marked = format!("\u{feff}{good}");
    assert_eq!(oddities(&scan(marked.as_bytes())), [(1, OddityKind::ByteOrderMark)]);
    let carriage_returns = good.replace('\n', "\r\n");
    assert_eq!(oddities(&scan(carriage_returns.as_bytes())), [(1, OddityKind::CarriageReturns)]);
    let around = format!("\nsubject=CN = x\n{good}issuer=CN = y\n \n");
    assert_eq!(oddities(&scan(around.as_bytes())), [(2, OddityKind::TextOutside { lines: 2 })]);
    for text in [marked, carriage_returns, around] {
        assert_eq!(scan(text.as_bytes()).blocks[0].der, [0x30, 3, 2, 1, 1]);
    }
}

#[test]
fn utf16_is_named_as_such() {
    let good = block("CERTIFICATE", 1);
    let little: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = good.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for text in [&[&[0xff, 0xfe], &little[..]].concat(), &[&[0xfe, 0xff], &big[..]].concat(), &little, &big] {
        let scan = scan(text);
        assert_eq!((found(&scan).len(), oddities(&scan)), (0, vec![(1, OddityKind::Utf16)]));
    }
}

#[test]
fn a_key_encrypted_in_the_traditional_form_is_told_from_one_that_is_not() {
    let header = "-----BEGIN RSA PRIVATE KEY-----\n";
    let encrypted = format!("{header}Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n");
    let text = block("RSA PRIVATE KEY", 1).replace(header, &encrypted);
    let scan = scan(format!("{text}{}", block("RSA PRIVATE KEY", 2)).as_bytes());
    let kinds: Vec<BlockKind> = scan.blocks.iter().map(|block| block.kind).collect();
    assert_eq!(kinds, [BlockKind::TraditionalEncrypted, BlockKind::Pkcs1]);
    assert_eq!((scan.oddities.len(), scan.blocks[1].line), (0, 7));
}

#[test]
fn nothing_of_a_key_is_in_what_is_printed() {
    let text = block("PRIVATE KEY", 1);
    let inside = text.lines().nth(1).unwrap();
    for text in [text.clone(), text.replace('\n', " "), text.replace("-----END", "!\n-----END")] {
        assert!(!format!("{:?}", scan(text.as_bytes())).contains(inside));
    }
}

#[test]
fn a_trusted_certificate_is_taken_out_of_its_notes() {
    let text = encode_certificate(&[0x30, 1, 7, 0x30, 0]).replace("CERTIFICATE", "TRUSTED CERTIFICATE");
    let scan = scan(text.as_bytes());
    assert_eq!(scan.blocks[0].certificate_der(), Some(&[0x30, 1, 7][..]));
}

#[test]
fn der_is_one_sequence_to_the_last_byte() {
    let long = [&[0x30, 0x81, 0x80][..], &[0; 128]].concat();
    for (bytes, is_der) in [
        (&[0x30, 1, 7][..], true),
        (&long, true),
        (&long[..130], false),
        (&[0x30, 1, 7, 0], false),
        (&[0x30, 0x80, 0, 0], false),
        (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], false),
        (&[0x30], false),
        (b"", false),
        (b"0\n", false),
        (b"-----BEGIN", false),
    ] {
        assert_eq!(looks_like_der(bytes), is_der, "{bytes:?}");
    }
}

#[test]
fn no_damage_makes_the_scanner_panic() {
    let header = "-----BEGIN RSA PRIVATE KEY-----\n";
    let encrypted =
        block("RSA PRIVATE KEY", 1).replace(header, &format!("{header}Proc-Type: 4,ENCRYPTED\n\n"));
    let good = format!("text\r\n{}{encrypted}", block("TRUSTED CERTIFICATE", 1));
    for at in 0..good.len() {
        let _ = scan(&good.as_bytes()[..at]);
        for byte in [0, b'\n', b'\r', b'-', b'=', b':', b' ', 0xff] {
            let mut bytes = good.clone().into_bytes();
            bytes[at] = byte;
            for block in scan(&bytes).blocks {
                let _ = block.certificate_der();
            }
        }
    }
}

#[test]
fn certificates_of_every_length_are_written_as_another_encoder_writes_them() {
    let der: Vec<u8> = (0..=255).collect();
    for length in 0..=der.len() {
        let config = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
        let other = ::pem::encode_config(&::pem::Pem::new("CERTIFICATE", &der[..length]), config);
        let text = encode_certificate(&der[..length]);
        assert_eq!(text, other);
        assert!(text.capacity() < text.len() + 8, "{length}: it never grew");
    }
}
