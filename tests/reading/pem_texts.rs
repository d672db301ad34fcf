//! PEM texts: what OpenSSL reads of them, and what the scanner finds.

use std::fs;

use pgtls::pem::{BlockKind, scan};

use crate::{openssl, openssl_output, read, scratch};

#[test]
fn a_block_is_found_where_openssl_finds_it() {
    let home = scratch();
    openssl(home.path(), "req -x509 -newkey ed25519 -noenc -keyout x.key -subj /CN=x -out x.crt");
    openssl(home.path(), "x509 -in x.crt -outform DER -out x.der");
    let good = String::from_utf8(read(home.path(), "x.crt")).unwrap();
    let (der, joined) = (read(home.path(), "x.der"), good.lines().collect::<String>());
    for (what, text) in [
        ("as it is", good.clone()),
        ("carriage returns", good.replace('\n', "\r\n")),
        ("text before", format!("subject=CN = x\n{good}")),
        ("a space before the first line", format!(" {good}")),
        ("spaces behind lines", good.replace('\n', "  \n")),
        ("no last line end", good.trim_end().to_owned()),
        ("all in one line", joined),
        ("no end", good.replace("-----END", "----END")),
        ("another end", good.replace("END CERTIFICATE", "END X509 CRL")),
        ("an old label", good.replace("CERTIFICATE", "X509 CERTIFICATE")),
        ("a letter lost", good.replacen("MII", "MI", 1)),
        ("a damaged one before", format!("-----BEGIN X509 CRL-----\nMII\n{good}")),
    ] {
        fs::write(home.path().join("y.crt"), &text).unwrap();
        let reads = openssl_output(home.path(), &["x509", "-in", "y.crt", "-noout"]).status.success();
        let scan = scan(text.as_bytes());
        let found = scan.blocks.iter().any(|block| block.certificate_der() == Some(&der));
        // Where one of them sees more it is the scanner, which goes on behind damage.
        assert_eq!(found, reads || what == "a damaged one before", "{what}: {scan:?}");
    }
}

#[test]
fn a_byte_order_mark_is_passed_over_and_told() {
    let home = scratch();
    openssl(home.path(), "req -x509 -newkey ed25519 -noenc -keyout x.key -subj /CN=x -out x.crt");
    let marked = [b"\xef\xbb\xbf", &read(home.path(), "x.crt")[..]].concat();
    fs::write(home.path().join("y.crt"), &marked).unwrap();
    openssl(home.path(), "x509 -in y.crt -noout");
    assert_eq!((scan(&marked).blocks.len(), scan(&marked).oddities.len()), (1, 1));
}

#[test]
fn what_openssl_writes_has_its_kinds() {
    let home = scratch();
    openssl(home.path(), "req -x509 -newkey rsa:2048 -noenc -keyout x.key -subj /CN=x -out x.crt");
    openssl(home.path(), "x509 -in x.crt -outform DER -out x.der");
    openssl(home.path(), "x509 -in x.crt -addtrust serverAuth -trustout -out trusted.crt");
    openssl(home.path(), "rsa -in x.key -traditional -aes128 -passout pass:secret -out traditional.key");
    openssl(home.path(), "pkey -in x.key -aes128 -passout pass:secret -out encrypted.key");
    openssl(home.path(), "pkey -in x.key -pubout -out public.key");
    openssl(home.path(), "req -new -key x.key -subj /CN=x -out x.csr");
    for (name, kind) in [
        ("x.crt", BlockKind::Certificate),
        ("trusted.crt", BlockKind::TrustedCertificate),
        ("x.key", BlockKind::Pkcs8),
        ("traditional.key", BlockKind::TraditionalEncrypted),
        ("encrypted.key", BlockKind::EncryptedPkcs8),
        ("public.key", BlockKind::PublicKey),
        ("x.csr", BlockKind::Request),
    ] {
        let scan = scan(&read(home.path(), name));
        assert_eq!((scan.blocks.len(), scan.blocks[0].kind, scan.oddities.len()), (1, kind, 0), "{name}");
        if name.ends_with(".crt") {
            assert_eq!(scan.blocks[0].certificate_der(), Some(read(home.path(), "x.der").as_slice()));
        }
    }
}
