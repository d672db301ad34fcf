//! The documented layouts: purposes, chains, every field of the certificate profile, keys, the order in files.

use crate::assert_pair;
use crate::foreign::{LAYOUTS, Place};
use crate::verify;
use std::collections::BTreeMap;
use std::time::SystemTime;
use time::{Duration, OffsetDateTime};

/// Every layout with every kind of key; a server that signs itself with Ed25519 is refused, so that pair is left out.
fn cases() -> Vec<(&'static str, &'static str)> {
    let key_types = ["ecdsa-p256", "rsa-2048", "ecdsa-p384", "ed25519"];
    let all = LAYOUTS.into_iter().flat_map(|layout| key_types.map(|key_type| (layout, key_type)));
    all.filter(|case| *case != ("self-signed", "ed25519")).collect()
}

fn made((layout, key_type): (&str, &str)) -> Place {
    Place::made(&format!("{layout} --key-type {key_type}"))
}

#[test]
fn strict_verification_accepts_each_leaf_for_its_purpose_and_for_no_other() {
    for case in cases() {
        let place = made(case);
        let trust = |leaf: &str| match case.0 {
            "self-signed" => format!("-CAfile {leaf}.crt"),
            _ => "-CAfile chain.crt".to_owned(),
        };
        for (leaf, own, other) in [("server", "sslserver", "sslclient"), ("client", "sslclient", "sslserver")]
        {
            let trust = trust(leaf);
            let said = place.openssl(&verify(&format!("-purpose {own} {trust} {leaf}.crt")));
            assert_eq!(said, format!("{leaf}.crt: OK\n"), "{case:?}");
            let words = verify(&format!("-purpose {other} {trust} {leaf}.crt"));
            place.openssl_refuses(&words, "certificate purpose");
        }
        let names =
            ["-verify_hostname dbhost.yourdomain.com", "-verify_hostname localhost", "-verify_ip ::1"];
        for name in names {
            place.openssl(&verify(&format!("-purpose sslserver {} {name} server.crt", trust("server"))));
        }
        let words = verify(&format!("{} -verify_hostname db.example.com server.crt", trust("server")));
        place.openssl_refuses(&words, "ostname mismatch");
    }
}

#[test]
fn the_root_alone_is_enough_where_the_intermediate_comes_with_the_leaf() {
    for key_type in ["ecdsa-p256", "rsa-2048", "ed25519"] {
        let place = made(("chain --intermediate", key_type));
        for (leaf, purpose) in [("server", "sslserver"), ("client", "sslclient")] {
            let words =
                |rest: &str| verify(&format!("-purpose {purpose} -CAfile root.crt {rest} {leaf}.crt"));
            place.openssl(&words("-untrusted intermediate.crt"));
            // As a peer sends it: leaf and intermediate from the same file.
            place.openssl(&words(&format!("-untrusted {leaf}.crt")));
            place.openssl_refuses(&words(""), "unable to get local issuer certificate");
        }
    }
}

#[test]
fn no_leaf_verifies_under_the_ca_of_another_run_or_under_another_leaf() {
    for layout in ["chain --intermediate", "chain"] {
        let (one, two) = (made((layout, "ecdsa-p256")), made((layout, "ecdsa-p256")));
        one.openssl_refuses(
            &verify(&format!("-CAfile {} server.crt", two.text("chain.crt"))),
            "unable to get local issuer certificate",
        );
    }
    let place = made(("self-signed", "ecdsa-p256"));
    place.openssl_refuses(&verify("-CAfile server.crt client.crt"), "self");
    place.openssl_refuses(&verify("-CAfile client.crt server.crt"), "self");
}

/// The extensions that a file has in a layout, but for the two identifiers.
fn expected_extensions(file: &str, key_type: &str) -> BTreeMap<&'static str, &'static str> {
    let ca = "critical; Certificate Sign, CRL Sign";
    let server_usage = match key_type {
        "rsa-2048" => "critical; Digital Signature, Key Encipherment",
        _ => "critical; Digital Signature",
    };
    let names = "DNS:dbhost.yourdomain.com, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1";
    let list: &[(&str, &str)] = match file {
        "root.crt" => &[("Basic Constraints", "critical; CA:TRUE"), ("Key Usage", ca)],
        "intermediate.crt" => &[("Basic Constraints", "critical; CA:TRUE, pathlen:0"), ("Key Usage", ca)],
        "server.crt" => &[
            ("Basic Constraints", "critical; CA:FALSE"),
            ("Key Usage", server_usage),
            ("Extended Key Usage", "TLS Web Server Authentication"),
            ("Subject Alternative Name", names),
        ],
        _ => &[
            ("Basic Constraints", "critical; CA:FALSE"),
            ("Key Usage", "critical; Digital Signature"),
            ("Extended Key Usage", "TLS Web Client Authentication"),
        ],
    };
    list.iter().copied().collect()
}

/// The files of a layout, each with its subject, issuer and lifetime in days.
fn documented(layout: &str) -> Vec<(&'static str, &'static str, &'static str, i64)> {
    let [root, intermediate, server, client] =
        ["CN=root.yourdomain.com", "CN=intermediate.yourdomain.com", "CN=dbhost.yourdomain.com", "CN=kong"];
    match layout {
        "chain --intermediate" => vec![
            ("root.crt", root, root, 3650),
            ("intermediate.crt", intermediate, root, 1825),
            ("server.crt", server, intermediate, 365),
            ("client.crt", client, intermediate, 365),
        ],
        "chain" => vec![
            ("root.crt", root, root, 3650),
            ("server.crt", server, root, 365),
            ("client.crt", client, root, 365),
        ],
        _ => vec![("server.crt", server, server, 365), ("client.crt", client, client, 365)],
    }
}

#[test]
fn every_field_of_every_certificate_is_what_the_profile_says() {
    for case in cases() {
        let before = second(SystemTime::now().into());
        let place = made(case);
        let after = second(SystemTime::now().into());
        let (layout, key_type) = case;
        let leaf_key = key_text(key_type);
        let ca_key = if key_type == "ed25519" { key_text("ecdsa-p256") } else { leaf_key };
        for (file, subject, issuer, days) in documented(layout) {
            let facts = place.certificate(file);
            let is_ca = ["root.crt", "intermediate.crt"].contains(&file);
            let (key, signer) = match is_ca || layout == "self-signed" {
                true => (if is_ca { ca_key } else { leaf_key }, if is_ca { ca_key } else { leaf_key }),
                false => (leaf_key, ca_key),
            };
            let found = (facts.version.as_str(), facts.key.as_str(), facts.signature.as_str());
            assert_eq!(found, ("3", key, signature_text(signer)), "{case:?} {file}");
            assert_eq!((facts.subject.as_str(), facts.issuer.as_str()), (subject, issuer), "{case:?} {file}");
            let extensions = facts.extensions_but_identifiers();
            assert_eq!(extensions, expected_extensions(file, key_type), "{case:?} {file}");
            let began = facts.not_before + Duration::HOUR;
            assert!((before..=after).contains(&began), "{case:?} {file}: {began} is not now");
            assert_eq!(facts.not_after - began, Duration::days(days), "{case:?} {file}");
        }
    }
}

fn second(instant: OffsetDateTime) -> OffsetDateTime {
    instant.replace_nanosecond(0).unwrap()
}

/// A key type as OpenSSL prints it.
fn key_text(key_type: &str) -> &'static str {
    match key_type {
        "ecdsa-p256" => "id-ecPublicKey 256",
        "ecdsa-p384" => "id-ecPublicKey 384",
        "ed25519" => "ED25519",
        _ => "rsaEncryption 2048",
    }
}

/// What a key of that kind signs with.
fn signature_text(key: &str) -> &'static str {
    match key {
        "id-ecPublicKey 256" => "ecdsa-with-SHA256",
        "id-ecPublicKey 384" => "ecdsa-with-SHA384",
        "ED25519" => "ED25519",
        _ => "sha256WithRSAEncryption",
    }
}

#[test]
fn key_identifiers_are_those_that_openssl_computes_and_lead_to_the_issuer() {
    for case in cases() {
        let place = made(case);
        let mut subject_ids = BTreeMap::new();
        for (file, subject, issuer, _) in documented(case.0) {
            let facts = place.certificate(file);
            let own = facts.extension("Subject Key Identifier").to_owned();
            let key = file.replace(".crt", ".key");
            // OpenSSL makes a certificate of the same key, and with it its own identifier.
            let words = format!(
                "req -x509 -new -key {key} -subj /CN=x -addext subjectKeyIdentifier=hash -out again.pem"
            );
            place.openssl(&words);
            assert_eq!(
                own,
                place.certificate("again.pem").extension("Subject Key Identifier"),
                "{case:?} {file}"
            );
            subject_ids.insert(subject, own.clone());
            // RFC 5280 §4.2.1.1 lets a root leave it out, and it alone.
            let authority = facts.extensions.get("Authority Key Identifier");
            let expected = (file != "root.crt").then(|| &subject_ids[issuer]);
            assert_eq!(authority, expected, "{case:?} {file}");
        }
    }
}

#[test]
fn serial_numbers_are_positive_long_and_never_the_same() {
    let mut seen = Vec::new();
    for layout in LAYOUTS.into_iter().chain(LAYOUTS) {
        let place = Place::made(layout);
        for (file, ..) in documented(layout) {
            let serial = place.certificate(file).serial;
            assert!(!serial.contains('-') && serial.chars().all(|c| c.is_ascii_hexdigit()), "{serial}");
            // 128 random bits; fewer than 13 octets of them would be one chance in 2^32.
            assert!((24..=40).contains(&serial.len()), "{serial}");
            assert!(!seen.contains(&serial), "{serial} twice");
            seen.push(serial);
        }
    }
}

#[test]
fn openssl_reads_every_key_as_pkcs8_and_it_is_the_key_of_its_certificate() {
    for case in cases() {
        let place = made(case);
        for name in place.names().into_iter().filter(|name| name.ends_with(".key")) {
            let text = place.read(&name);
            assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{case:?} {name}: {text:.40}");
            assert_pair(&place, &name.replace(".key", ".crt"), &name);
            if case.1 != "ed25519" {
                place.openssl(&format!("pkey -noout -check -in {name}"));
            }
        }
    }
}

#[test]
fn files_of_several_certificates_stand_in_the_documented_order() {
    let [root, intermediate, server, client] =
        ["CN=root.yourdomain.com", "CN=intermediate.yourdomain.com", "CN=dbhost.yourdomain.com", "CN=kong"];
    let (two, three) = (Place::made("chain"), Place::made("chain --intermediate --replication"));
    assert_eq!(three.subjects("chain.crt"), [intermediate, root]);
    assert_eq!(three.subjects("server.crt"), [server, intermediate]);
    assert_eq!(three.subjects("client.crt"), [client, intermediate]);
    assert_eq!(three.subjects("replication.crt"), ["CN=primaryuser", intermediate]);
    assert_eq!(three.subjects("intermediate.crt"), [intermediate]);
    assert_eq!(three.subjects("root.crt"), [root]);
    assert_eq!(two.subjects("chain.crt"), [root]);
    assert_eq!(two.subjects("server.crt"), [server]);
    assert_eq!(two.subjects("client.crt"), [client]);
    let one = Place::made("self-signed --replication");
    assert_eq!(one.subjects("clients.crt"), [client, "CN=primaryuser"]);
    assert!(!one.path("chain.crt").exists());
}

#[test]
fn without_its_appendix_a_leaf_needs_the_chain_for_its_trust() {
    for (flag, bare, full) in [("server", "server", "client"), ("client", "client", "server")] {
        let place = Place::made(&format!("chain --intermediate --no-append {flag}"));
        assert_eq!(place.subjects(&format!("{bare}.crt")).len(), 1);
        assert_eq!(place.subjects(&format!("{full}.crt")).len(), 2);
        place.openssl(&verify(&format!("-CAfile chain.crt {bare}.crt")));
        let alone = verify(&format!("-CAfile root.crt -untrusted {bare}.crt {bare}.crt"));
        place.openssl_refuses(&alone, "unable to get local issuer certificate");
    }
    let place = Place::made("chain --intermediate --no-append server,client");
    assert_eq!([place.subjects("server.crt").len(), place.subjects("client.crt").len()], [1, 1]);
}

#[test]
fn ca_keys_open_with_their_passphrase_and_with_no_other() {
    let place = Place::new();
    place.write("secret", "correct horse\n");
    place.write("wrong", "battery staple\n");
    place.pgtls("gen chain --intermediate -D . --ca-passphrase-file secret");
    for ca in ["root", "intermediate"] {
        assert!(place.read(&format!("{ca}.key")).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        place.openssl_refuses(&format!("pkey -noout -in {ca}.key -passin file:wrong"), "rror");
        place.openssl(&format!("pkey -in {ca}.key -passin file:secret -out {ca}.open"));
        assert_pair(&place, &format!("{ca}.crt"), &format!("{ca}.open"));
    }
    assert!(place.read("server.key").starts_with("-----BEGIN PRIVATE KEY-----\n"));
}
