//! Signatures that OpenSSL made, with every kind of key and digest, checked by us; and strengths, beside OpenSSL's.

use std::path::Path;
use std::time::Instant;

use pgtls::keys::{PublicKey, SignatureAlgorithm, SignatureCheck, UncheckedReason};
use pgtls::x509::Certificate;

use crate::{damaged, openssl, openssl_output, read, scratch};

/// A key of that kind in `x.key`, and its self-signed certificate in `x.crt`.
fn made(home: &Path, key: &str, signature: &str) -> Certificate {
    std::fs::write(home.join("x.cnf"), "[req]\ndistinguished_name=d\nprompt=no\n[d]\nCN=x\n").unwrap();
    openssl(home, &format!("genpkey -algorithm {key} -out x.key"));
    openssl(home, &format!("req -x509 -config x.cnf -key x.key -out x.crt {signature}"));
    openssl(home, "x509 -in x.crt -outform DER -out x.der");
    Certificate::from_der(&read(home, "x.der")).unwrap()
}

fn check(certificate: &Certificate) -> SignatureCheck {
    let key = PublicKey::from_spki_der(&certificate.public_key);
    let (algorithm, message) = (certificate.signed().algorithm, certificate.signed().to_be_signed);
    key.verify(algorithm, message, certificate.signed().signature)
}

const RSA: &str = "RSA -pkeyopt rsa_keygen_bits";
const EC: &str = "EC -pkeyopt ec_paramgen_curve";
const PSS: &str = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen";

#[test]
fn a_signature_is_good_and_one_changed_bit_makes_it_bad() {
    let home = scratch();
    for (key, signature, name, key_name) in [
        (format!("{RSA}:2048"), "-sha256".to_owned(), "RSA with SHA-256", "RSA 2048"),
        (format!("{RSA}:2048"), "-sha384".to_owned(), "RSA with SHA-384", "RSA 2048"),
        (format!("{RSA}:2048"), "-sha512".to_owned(), "RSA with SHA-512", "RSA 2048"),
        (format!("{RSA}:2048"), "-sha1".to_owned(), "RSA with SHA-1", "RSA 2048"),
        (format!("{RSA}:1024"), "-sha256".to_owned(), "RSA with SHA-256", "RSA 1024"),
        (format!("{RSA}:1500"), "-sha512".to_owned(), "RSA with SHA-512", "RSA 1500"),
        (
            format!("{RSA}:2048 -pkeyopt rsa_keygen_pubexp:3"),
            "-sha256".to_owned(),
            "RSA with SHA-256",
            "RSA 2048",
        ),
        (format!("{RSA}:2048"), format!("-sha256 {PSS}:digest"), "RSA-PSS with SHA-256", "RSA 2048"),
        (format!("{RSA}:2048"), format!("-sha512 {PSS}:digest"), "RSA-PSS with SHA-512", "RSA 2048"),
        (
            "RSA-PSS -pkeyopt rsa_keygen_bits:2048".to_owned(),
            format!("-sha384 {PSS}:48"),
            "RSA-PSS with SHA-384",
            "RSA-PSS 2048",
        ),
        (format!("{EC}:P-256"), "-sha256".to_owned(), "ECDSA with SHA-256", "ECDSA P-256"),
        (format!("{EC}:P-256"), "-sha384".to_owned(), "ECDSA with SHA-384", "ECDSA P-256"),
        (format!("{EC}:P-384"), "-sha256".to_owned(), "ECDSA with SHA-256", "ECDSA P-384"),
        (format!("{EC}:P-384"), "-sha384".to_owned(), "ECDSA with SHA-384", "ECDSA P-384"),
        ("ED25519".to_owned(), String::new(), "Ed25519", "Ed25519"),
    ] {
        good_and_bad(home.path(), &key, &signature, name, key_name);
    }
}

#[cfg(feature = "rsa")]
#[test]
fn what_ring_cannot_check_the_other_provider_can() {
    let home = scratch();
    for (key, signature, name, key_name) in [
        (format!("{RSA}:2048"), format!("-sha256 {PSS}:20"), "RSA-PSS with SHA-256", "RSA 2048"),
        (format!("{RSA}:2048"), format!("-sha256 {PSS}:max"), "RSA-PSS with SHA-256", "RSA 2048"),
        (format!("{RSA}:2048"), format!("-sha512 {PSS}:0"), "RSA-PSS with SHA-512", "RSA 2048"),
        (format!("{EC}:P-256"), "-sha1".to_owned(), "ECDSA with SHA-1", "ECDSA P-256"),
        (format!("{EC}:P-256"), "-sha512".to_owned(), "ECDSA with SHA-512", "ECDSA P-256"),
        (format!("{EC}:P-384"), "-sha512".to_owned(), "ECDSA with SHA-512", "ECDSA P-384"),
        (format!("{EC}:P-521"), "-sha256".to_owned(), "ECDSA with SHA-256", "ECDSA P-521"),
        (format!("{EC}:P-521"), "-sha512".to_owned(), "ECDSA with SHA-512", "ECDSA P-521"),
        (format!("{EC}:secp256k1"), "-sha256".to_owned(), "ECDSA with SHA-256", "ECDSA secp256k1"),
    ] {
        good_and_bad(home.path(), &key, &signature, name, key_name);
    }
}

#[cfg(feature = "rsa")]
#[test]
fn a_compressed_key_is_as_good() {
    let home = scratch();
    made(home.path(), &format!("{EC}:P-256"), "");
    openssl(home.path(), "ec -in x.key -conv_form compressed -out y.key");
    openssl(home.path(), "req -x509 -config x.cnf -key y.key -outform DER -out y.der");
    let certificate = Certificate::from_der(&read(home.path(), "y.der")).unwrap();
    assert!(certificate.public_key.len() < 65, "it is compressed");
    assert_eq!(check(&certificate), SignatureCheck::Good);
}

#[track_caller]
fn good_and_bad(home: &Path, key: &str, signature: &str, name: &str, key_name: &str) {
    let certificate = made(home, key, signature);
    let algorithm = SignatureAlgorithm::from_der(certificate.signed().algorithm).unwrap();
    let public = PublicKey::from_spki_der(&certificate.public_key);
    assert_eq!((algorithm.to_string().as_str(), public.to_string().as_str()), (name, key_name));
    assert_eq!(check(&certificate), SignatureCheck::Good, "{key} {signature}");
    for message in [&certificate.signed().to_be_signed[1..], b""] {
        let answer = public.verify(certificate.signed().algorithm, message, certificate.signed().signature);
        assert_eq!(answer, SignatureCheck::Bad, "{key} {signature}");
    }
    let mut changed = certificate.signed().signature.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    for signature in [&changed[..], &changed[1..], b""] {
        let message = certificate.signed().to_be_signed;
        let answer = public.verify(certificate.signed().algorithm, message, signature);
        assert_eq!(answer, SignatureCheck::Bad, "{key} {signature:?}");
    }
}

#[test]
fn what_nobody_can_check_is_not_called_good() {
    let home = scratch();
    for (key, signature, told) in [
        (format!("{EC}:P-224"), "-sha256", "pgtls cannot check ECDSA with SHA-256 by a key ECDSA P-224"),
        (format!("{EC}:brainpoolP256r1"), "-sha256", "ECDSA with SHA-256 by a key ECDSA brainpoolP256r1"),
        (
            format!("{EC}:P-256 -pkeyopt ec_param_enc:explicit"),
            "-sha256",
            "by a key ECDSA over an unknown curve",
        ),
        (format!("{RSA}:2048"), "-md5", "RSA with MD5 by a key RSA 2048"),
        (format!("{RSA}:2048"), "-sha224", "RSA with SHA-224 by a key RSA 2048"),
        (format!("{RSA}:2048"), "-sha3-256", "RSA with SHA3-256 by a key RSA 2048"),
        (format!("{RSA}:600"), "-sha256", "RSA with SHA-256 by a key RSA 600"),
        ("ED448".to_owned(), "", "Ed448 by a key Ed448"),
    ] {
        let certificate = made(home.path(), &key, signature);
        let SignatureCheck::NotChecked { reason } = check(&certificate) else {
            panic!("{key} {signature}: {:?}", check(&certificate));
        };
        assert!(reason.to_string().contains(told), "{reason}");
    }
}

#[test]
fn an_algorithm_that_the_key_cannot_have_makes_the_signature_bad() {
    let home = scratch();
    let keys = [format!("{EC}:P-256"), "ED25519".to_owned(), format!("{RSA}:2048"), "RSA-PSS".to_owned()];
    let made: Vec<Certificate> = keys.iter().map(|key| made(home.path(), key, "")).collect();
    for (at, signer) in made.iter().enumerate() {
        for (other, holder) in made.iter().enumerate() {
            let key = PublicKey::from_spki_der(&holder.public_key);
            let answer = key.verify(
                signer.signed().algorithm,
                signer.signed().to_be_signed,
                signer.signed().signature,
            );
            let expected = if at == other { SignatureCheck::Good } else { SignatureCheck::Bad };
            // A key for RSA may well sign with PSS; this one did not, with whatever salt.
            assert_eq!(answer, expected, "{} {}", keys[at], keys[other]);
        }
    }
}

#[test]
fn what_cannot_be_read_is_not_checked() {
    let home = scratch();
    let certificate = made(home.path(), &format!("{EC}:P-256"), "");
    let key = PublicKey::from_spki_der(&certificate.public_key);
    let unreadable = |reason| SignatureCheck::NotChecked { reason };
    assert_eq!(key.verify(&[5, 0], b"", b""), unreadable(UncheckedReason::UnreadableAlgorithm));
    let algorithm = certificate.signed().algorithm;
    let broken = PublicKey::from_spki_der(&certificate.public_key[1..]);
    assert_eq!(broken.verify(algorithm, b"", b""), unreadable(UncheckedReason::UnreadableKey));
    assert_eq!((broken.to_string().as_str(), broken.security_bits()), ("unreadable key", None));
}

#[test]
fn no_damage_to_key_algorithm_or_signature_is_good_or_panics() {
    let home = scratch();
    for (key, signature) in [
        (format!("{EC}:P-256"), String::new()),
        (format!("{EC}:P-521"), String::new()),
        (format!("{RSA}:1024"), String::new()),
        ("RSA-PSS -pkeyopt rsa_pss_keygen_md:sha256".to_owned(), format!("-sha256 {PSS}:40")),
    ] {
        let certificate = made(home.path(), &key, &signature);
        let (message, signature) = (certificate.signed().to_be_signed, certificate.signed().signature);
        for spki in damaged(&certificate.public_key) {
            // Change nothing, and it is good; change the parameters of RSA, and OpenSSL takes it too.
            let answer =
                PublicKey::from_spki_der(&spki).verify(certificate.signed().algorithm, message, signature);
            let same_key = certificate.public_key.ends_with(&spki[spki.len().saturating_sub(60)..]);
            assert!(answer != SignatureCheck::Good || same_key, "{spki:02x?}");
        }
        let public = PublicKey::from_spki_der(&certificate.public_key);
        for algorithm in damaged(certificate.signed().algorithm) {
            let _ = public.verify(&algorithm, message, signature);
        }
        for changed in damaged(signature).filter(|changed| changed != signature) {
            assert_ne!(
                public.verify(certificate.signed().algorithm, message, &changed),
                SignatureCheck::Good
            );
        }
    }
}

/// The highest security level at which OpenSSL verifies, 5 at most.
fn level(home: &Path, trusted: &str, certificate: &str) -> usize {
    let verifies = |level: &usize| {
        let level = level.to_string();
        let words = ["verify", "-auth_level", &level, "-CAfile", trusted, certificate];
        openssl_output(home, &words).status.success()
    };
    (0..=5).take_while(verifies).last().unwrap()
}

/// The level that these bits reach (crypto/x509/x509_vfy.c, `minbits_table`).
fn reached(bits: u32) -> usize {
    [80, 112, 128, 192, 256].iter().take_while(|least| bits >= **least).count()
}

#[test]
fn the_strength_of_a_key_reaches_the_level_that_openssl_grants() {
    let home = scratch();
    let rsa = [512, 1000, 1024, 1500, 1900, 2000, 2040, 2048, 3000, 3072].map(|bits| format!("{RSA}:{bits}"));
    let curves =
        ["P-192", "P-224", "P-256", "P-384", "P-521", "secp256k1", "brainpoolP320r1", "brainpoolP512r1"];
    let others = ["ED25519", "ED448", "RSA-PSS -pkeyopt rsa_keygen_bits:1024"].map(str::to_owned);
    for key in rsa.into_iter().chain(curves.map(|curve| format!("{EC}:{curve}"))).chain(others) {
        let certificate = made(home.path(), &key, "");
        let bits = PublicKey::from_spki_der(&certificate.public_key).security_bits().unwrap();
        assert_eq!(reached(bits), level(home.path(), "x.crt", "x.crt"), "{key}: {bits}");
    }
}

#[test]
fn the_strength_of_a_signature_reaches_the_level_that_openssl_grants() {
    let home = scratch();
    let (ec, rsa) = (format!("{EC}:P-521"), format!("{RSA}:3072"));
    for (key, digests) in [(ec, &["sha1", "sha224", "sha256", "sha384", "sha512"][..]), (rsa, &["md5"])] {
        made(home.path(), &key, "-addext basicConstraints=critical,CA:TRUE");
        for digest in digests {
            openssl(home.path(), "req -new -config x.cnf -key x.key -subj /CN=leaf -out leaf.csr");
            let signed = "x509 -req -in leaf.csr -CA x.crt -CAkey x.key -CAcreateserial -outform DER";
            openssl(home.path(), &format!("{signed} -{digest} -out leaf.der"));
            openssl(home.path(), "x509 -inform DER -in leaf.der -out leaf.crt");
            let leaf = Certificate::from_der(&read(home.path(), "leaf.der")).unwrap();
            let algorithm = SignatureAlgorithm::from_der(leaf.signed().algorithm).unwrap();
            let bits = algorithm.security_bits().unwrap();
            assert_eq!(reached(bits), level(home.path(), "x.crt", "leaf.crt"), "{algorithm}: {bits}");
        }
    }
}

#[test]
fn a_check_costs_hardly_more_than_that_of_the_provider() {
    let home = scratch();
    let certificate = made(home.path(), &format!("{EC}:P-256"), "");
    // The point is the last 65 bytes of the SubjectPublicKeyInfo.
    let point = &certificate.public_key[certificate.public_key.len() - 65..];
    let (message, signature) = (certificate.signed().to_be_signed, certificate.signed().signature);
    let raw = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_ASN1, point);
    let public = PublicKey::from_spki_der(&certificate.public_key);
    let time = |check: &dyn Fn() -> bool| {
        let begun = Instant::now();
        assert!((0..250).all(|_| check()));
        begun.elapsed()
    };
    // The least of several runs, for the machine may be busy. An unoptimised build reads DER about as long as the
    // provider, always optimised, checks the signature.
    let least = |check: &dyn Fn() -> bool| (0..4).map(|_| time(check)).min().unwrap();
    let ours =
        least(&|| public.verify(certificate.signed().algorithm, message, signature) == SignatureCheck::Good);
    let theirs = least(&|| raw.verify(message, signature).is_ok());
    assert!(ours < theirs * if cfg!(debug_assertions) { 6 } else { 2 }, "{ours:?}, {theirs:?}");
}
