//! Private keys of every kind and encoding that OpenSSL writes: told apart, and their public keys found.

use std::path::Path;

use pgtls::keys::{KeyContent, KeyEncoding, KeyEncryption, KeyFile, KeyForm, LockReason, PublicKey};

use crate::{damaged, openssl, read, scratch};

/// The public key that OpenSSL finds in `x.key`.
fn public(home: &Path) -> PublicKey {
    openssl(home, "pkey -in x.key -pubout -outform DER -out x.pub");
    PublicKey::from_spki_der(&read(home, "x.pub"))
}

/// What is found in `NAME`, as PEM and as DER.
#[track_caller]
fn both_forms(home: &Path, name: &str, encoding: KeyEncoding) -> KeyContent {
    let pem = KeyFile::read(&read(home, name), None).unwrap();
    assert_eq!((pem.encoding, pem.encryption), (encoding, KeyEncryption::None));
    let der = pgtls::pem::scan(&read(home, name)).blocks.last().unwrap().der.clone();
    let der = KeyFile::read(&der, None).unwrap();
    assert!(matches!(pem.form, KeyForm::Pem { .. }));
    assert_eq!(der, KeyFile { form: KeyForm::Der, ..pem.clone() });
    pem.content
}

/// What `genpkey` makes, its name, and the encoding that it has beside PKCS#8.
const KINDS: [(&str, &str, Option<KeyEncoding>); 17] = [
    ("RSA -pkeyopt rsa_keygen_bits:512", "RSA 512", Some(KeyEncoding::Pkcs1)),
    ("RSA -pkeyopt rsa_keygen_bits:1024", "RSA 1024", Some(KeyEncoding::Pkcs1)),
    ("RSA -pkeyopt rsa_keygen_bits:2048", "RSA 2048", Some(KeyEncoding::Pkcs1)),
    ("RSA -pkeyopt rsa_keygen_bits:1024 -pkeyopt rsa_keygen_primes:3", "RSA 1024", Some(KeyEncoding::Pkcs1)),
    ("RSA-PSS -pkeyopt rsa_keygen_bits:1024", "RSA-PSS 1024", None),
    ("RSA-PSS -pkeyopt rsa_keygen_bits:1024 -pkeyopt rsa_pss_keygen_md:sha256", "RSA-PSS 1024", None),
    ("EC -pkeyopt ec_paramgen_curve:P-224", "ECDSA P-224", Some(KeyEncoding::Sec1)),
    ("EC -pkeyopt ec_paramgen_curve:P-256", "ECDSA P-256", Some(KeyEncoding::Sec1)),
    ("EC -pkeyopt ec_paramgen_curve:P-384", "ECDSA P-384", Some(KeyEncoding::Sec1)),
    ("EC -pkeyopt ec_paramgen_curve:P-521", "ECDSA P-521", Some(KeyEncoding::Sec1)),
    ("EC -pkeyopt ec_paramgen_curve:secp256k1", "ECDSA secp256k1", Some(KeyEncoding::Sec1)),
    ("EC -pkeyopt ec_paramgen_curve:brainpoolP256r1", "ECDSA brainpoolP256r1", Some(KeyEncoding::Sec1)),
    (
        "EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
        "ECDSA over an unknown curve",
        Some(KeyEncoding::Sec1),
    ),
    ("ED25519", "Ed25519", None),
    ("ED448", "Ed448", None),
    ("X25519", "X25519", None),
    ("X448", "X448", None),
];

#[test]
fn the_public_key_is_that_of_openssl_for_every_kind_and_encoding() {
    let home = scratch();
    for (kind, name, traditional) in KINDS {
        openssl(home.path(), &format!("genpkey -algorithm {kind} -out x.key"));
        let public = public(home.path());
        assert_eq!(public.to_string(), name);
        let found = both_forms(home.path(), "x.key", KeyEncoding::Pkcs8);
        if ["Ed448", "X25519", "X448"].contains(&name) {
            assert_eq!(found, KeyContent::Underivable { kind: name.to_owned() });
            continue;
        }
        assert_eq!(found, KeyContent::Public(public.clone()), "{kind}");
        if let Some(encoding) = traditional {
            openssl(home.path(), "pkey -in x.key -traditional -out y.key");
            let found = both_forms(home.path(), "y.key", encoding);
            assert_eq!(found, KeyContent::Public(public), "{kind}");
        }
    }
}

#[test]
fn dsa_is_read_where_its_public_key_is_stored() {
    let home = scratch();
    openssl(home.path(), "genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out dsa.pem");
    openssl(home.path(), "genpkey -paramfile dsa.pem -out x.key");
    let public = public(home.path());
    assert_eq!((public.to_string().as_str(), public.security_bits()), ("DSA 1024", Some(80)));
    openssl(home.path(), "pkey -in x.key -traditional -out y.key");
    assert_eq!(both_forms(home.path(), "y.key", KeyEncoding::Dsa), KeyContent::Public(public));
    let underivable = KeyContent::Underivable { kind: "DSA".to_owned() };
    assert_eq!(both_forms(home.path(), "x.key", KeyEncoding::Pkcs8), underivable);
}

#[test]
fn points_that_are_compressed_or_absent_are_found_too() {
    let home = scratch();
    for curve in ["P-256", "P-384", "P-521", "secp256k1"] {
        openssl(home.path(), &format!("ecparam -genkey -name {curve} -out x.key"));
        // Behind an EC PARAMETERS block, as this command writes it.
        let public = public(home.path());
        assert_eq!(KeyFile::read(&read(home.path(), "x.key"), None).unwrap().public(), Some(&public));
        openssl(home.path(), "ec -in x.key -no_public -out y.key");
        let found = both_forms(home.path(), "y.key", KeyEncoding::Sec1);
        if cfg!(feature = "rsa") {
            assert_eq!(found, KeyContent::Public(public.clone()), "{curve}");
        } else {
            assert_eq!(found, KeyContent::Underivable { kind: public.to_string() });
        }
        openssl(home.path(), "ec -in x.key -conv_form compressed -out y.key");
        let compressed = KeyFile::read(&read(home.path(), "y.key"), None).unwrap();
        let compressed = compressed.public().unwrap();
        assert!(compressed != &public && compressed.is_same_key(&public) && public.is_same_key(compressed));
    }
    openssl(home.path(), "ecparam -genkey -name P-224 -out x.key");
    openssl(home.path(), "ec -in x.key -no_public -out y.key");
    let underivable = KeyContent::Underivable { kind: "ECDSA P-224".to_owned() };
    assert_eq!(both_forms(home.path(), "y.key", KeyEncoding::Sec1), underivable);
}

#[test]
fn other_keys_are_not_the_same() {
    let home = scratch();
    for kind in ["EC -pkeyopt ec_paramgen_curve:P-256", "RSA -pkeyopt rsa_keygen_bits:512", "ED25519"] {
        let made = || {
            openssl(home.path(), &format!("genpkey -algorithm {kind} -out x.key"));
            public(home.path())
        };
        let (one, two) = (made(), made());
        assert!(one.is_same_key(&one) && !one.is_same_key(&two));
    }
}

#[test]
fn encrypted_keys_are_told_and_opened_with_their_passphrase() {
    let home = scratch();
    let path = home.path();
    openssl(path, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out x.key");
    let public = public(path);
    for scheme in ["-v2 aes-256-cbc", "-v2 aes-128-cbc -v2prf hmacWithSHA512", "-scrypt"] {
        for form in ["PEM", "DER"] {
            openssl(
                path,
                &format!("pkcs8 -topk8 -in x.key {scheme} -passout pass:secret -outform {form} -out y.key"),
            );
            let file = read(path, "y.key");
            let content = |passphrase: Option<&[u8]>| {
                let read = KeyFile::read(&file, passphrase).unwrap();
                assert_eq!((read.encoding, read.encryption), (KeyEncoding::Pkcs8, KeyEncryption::Pkcs8));
                read.content
            };
            assert_eq!(content(None), KeyContent::Locked(LockReason::NoPassphrase));
            assert_eq!(content(Some(b"wrong")), KeyContent::Locked(LockReason::WrongPassphrase));
            assert_eq!(content(Some(b"secret")), KeyContent::Public(public.clone()), "{scheme} {form}");
        }
    }
}

#[test]
fn what_costs_out_of_proportion_to_open_stays_locked() {
    let home = scratch();
    let path = home.path();
    openssl(path, "genpkey -algorithm ED25519 -out x.key");
    for (scheme, found, patched) in [
        // N = 16,384 and r = 8 are 16 MiB; an r of 127 makes 254 of them.
        ("-scrypt", &[2, 1, 8, 2, 1, 1][..], &[2, 1, 0x7f, 2, 1, 1][..]),
        // 8,388,608 rounds, a few seconds, become 16,711,680.
        ("-iter 8388608", &[2, 4, 0, 0x80, 0, 0], &[2, 4, 0, 0xff, 0, 0]),
    ] {
        openssl(path, &format!("pkcs8 -topk8 -in x.key {scheme} -passout pass:x -outform DER -out y.key"));
        let mut file = read(path, "y.key");
        let at = file.windows(found.len()).position(|window| window == found).unwrap();
        file[at..at + found.len()].copy_from_slice(patched);
        let answer = KeyFile::read(&file, Some(b"x")).unwrap().content;
        assert_eq!(answer, KeyContent::Locked(LockReason::Unsupported), "{scheme}");
    }
}

#[test]
fn the_traditional_encryption_is_named_and_not_opened() {
    let home = scratch();
    let kinds = [("RSA", KeyEncoding::Pkcs1), ("EC -pkeyopt ec_paramgen_curve:P-256", KeyEncoding::Sec1)];
    for (kind, encoding) in kinds {
        openssl(home.path(), &format!("genpkey -algorithm {kind} -out x.key"));
        openssl(home.path(), "pkey -in x.key -traditional -aes256 -passout pass:secret -out y.key");
        let file = KeyFile::read(&read(home.path(), "y.key"), Some(b"secret")).unwrap();
        assert_eq!((file.encoding, file.encryption), (encoding, KeyEncryption::Traditional));
        assert_eq!(file.content, KeyContent::Locked(LockReason::Unsupported));
    }
}

#[test]
fn what_is_no_key_is_none_and_nothing_secret_is_shown() {
    let home = scratch();
    openssl(home.path(), "genpkey -algorithm ED25519 -out x.key");
    openssl(home.path(), "pkey -in x.key -pubout -outform DER -out x.pub");
    openssl(home.path(), "req -x509 -key x.key -subj /CN=x -outform DER -out x.der");
    for name in ["x.pub", "x.der"] {
        assert_eq!(KeyFile::read(&read(home.path(), name), None), None);
    }
    assert_eq!(KeyFile::read(b"", None), None);
    let der = pgtls::pem::scan(&read(home.path(), "x.key")).blocks[0].der.clone();
    let shown = format!("{:?}", KeyFile::read(&der, None).unwrap());
    let seed: Vec<String> = der[der.len() - 4..].iter().map(u8::to_string).collect();
    assert!(!shown.contains(&seed.join(", ")), "{shown}");
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let home = scratch();
    for kind in ["RSA -pkeyopt rsa_keygen_bits:512", "EC -pkeyopt ec_paramgen_curve:P-256", "ED25519"] {
        openssl(home.path(), &format!("genpkey -algorithm {kind} -out x.key"));
        openssl(home.path(), "pkey -in x.key -outform DER -out x.der");
        openssl(home.path(), "pkey -in x.key -traditional -outform DER -out y.der");
        for name in ["x.key", "x.der", "y.der"] {
            for bytes in damaged(&read(home.path(), name)) {
                let _ = KeyFile::read(&bytes, None);
            }
        }
        let words = "pkcs8 -topk8 -in x.key -iter 1 -passout pass:secret -outform DER -out z.der";
        openssl(home.path(), words);
        // Not with each change: some ask for millions of rounds.
        for bytes in damaged(&read(home.path(), "z.der")).filter(|bytes| bytes.len() < 60) {
            let _ = KeyFile::read(&bytes, Some(b"secret"));
        }
    }
}
