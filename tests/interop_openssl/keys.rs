//! CA keys as other programs left them: what is opened, what is completed, and what is refused by its name.

use crate::foreign::{Place, split};

const ASKED: [&str; 8] = ["gen", "chain", "--ca-dir", "ca", "-D", "out", "--ca-passphrase-file", "pass"];

/// A CA in `ca/` whose key is as `openssl genpkey` makes it with these words, and a passphrase's file.
fn authority(key: &str) -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path("ca")).unwrap();
    place.write("pass", "secret\n");
    place.openssl(&format!("genpkey {key} -out ca/root.key"));
    let mut words =
        split("req -x509 -key ca/root.key -out ca/root.crt -config /dev/null -subj /CN=ca -days 3650");
    words.extend(["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "subjectKeyIdentifier=hash"]);
    words.extend(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    place.openssl_words(&words);
    place
}

const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

/// Passes the CA's key through `openssl` with these words.
fn rewrite(place: &Place, words: &str) {
    place.openssl(&format!("{words} -in ca/root.key -out new.key"));
    std::fs::rename(place.path("new.key"), place.path("ca/root.key")).unwrap();
}

fn refused(place: &Place, fact: &str, hint: &str) {
    let said = place.try_pgtls(&ASKED);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains(fact) && said.stderr.contains(hint), "{}", said.stderr);
    assert!(!said.stderr.contains("-nocrypt"), "{}", said.stderr);
}

#[test]
fn keys_that_old_programs_encrypted_are_opened() {
    for scheme in [
        "-v2 aes-256-cbc -v2prf hmacWithSHA1",
        "-v2 des3 -v2prf hmacWithSHA256",
        "-v2 des3 -v2prf hmacWithSHA1",
    ] {
        let place = authority(P256);
        rewrite(&place, &format!("pkcs8 -topk8 {scheme} -passout file:pass"));
        place.pgtls_words(&ASKED);
        place.openssl(&crate::verify("-CAfile ca/root.crt out/server.crt"));
    }
}

#[test]
fn a_scheme_that_is_not_read_is_no_wrong_passphrase() {
    for scheme in ["-v1 PBE-SHA1-3DES", "-v2 camellia-256-cbc"] {
        let place = authority(P256);
        rewrite(&place, &format!("pkcs8 -topk8 {scheme} -passout file:pass"));
        let fact = "is encrypted in a way that pgtls does not read";
        refused(
            &place,
            fact,
            "openssl pkcs8 -provider legacy -provider default -topk8 -v2 aes-256-cbc -in OLD.key -out NEW.key",
        );
    }
}

#[test]
fn an_ecdsa_key_without_its_public_part_or_with_a_compressed_one_signs() {
    for curve in ["P-256", "P-384"] {
        for words in ["ec -no_public", "ec -conv_form compressed"] {
            let place = authority(&format!("-algorithm EC -pkeyopt ec_paramgen_curve:{curve}"));
            rewrite(&place, words);
            for _ in ["traditional", "PKCS#8"] {
                place.pgtls("gen chain --ca-dir ca -D out");
                place.openssl(&crate::verify("-CAfile ca/root.crt out/server.crt"));
                std::fs::remove_dir_all(place.path("out")).unwrap();
                rewrite(&place, "pkcs8 -topk8 -nocrypt");
            }
        }
    }
}

#[test]
fn a_kind_that_cannot_sign_is_called_by_its_name() {
    let kinds = [
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "ECDSA P-521"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "ECDSA secp256k1"),
        ("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "RSA-PSS"),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "RSA of fewer than 2,048 or more than 4,096 bits"),
    ];
    for (key, name) in kinds {
        let fact = format!("pgtls cannot sign with a key of its kind: {name}\n");
        refused(
            &authority(key),
            &fact,
            "hint: Use ECDSA P-256 or P-384, Ed25519, or RSA of 2,048 to 4,096 bits.",
        );
    }
}
