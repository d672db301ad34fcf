//! `renew` of what others made: the guide's own commands, openssl with extensions of all kinds, CAs that name serial
//! numbers, CAs that are elsewhere. openssl makes and judges.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod renewing;
mod support;

use pgtls::x509::ExtensionKind;
use renewing::{
    certificate, certificates, day, findings, for_openssl, guide, made, openssl, openssl_verifies, refused,
    renew, renewed, text_of,
};
use std::fs;
use std::process::Command;
use support::clock::at;
use tempfile::TempDir;

fn serious(home: &TempDir, days: i64) -> Vec<String> {
    findings(home, days).into_iter().filter(|finding| !finding.starts_with("note")).collect()
}

/// A self-signed CA by openssl, `STEM.crt` and `STEM.key`, with these extensions.
fn openssl_ca(home: &TempDir, stem: &str, extensions: &str) {
    let text = format!(
        "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ca\n[dn]\n1.DC = com\n2.DC = example\n1.OU = A\n2.OU = B\nCN = Corp {stem}\n[ca]\n{extensions}\n"
    );
    fs::write(home.path().join("pki").join(format!("{stem}.cnf")), text).unwrap();
    openssl(
        home,
        &format!(
            "req -x509 -config {stem}.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout {stem}.key -out {stem}.crt -days 900"
        ),
    );
}

/// A certificate under it, with these extensions.
fn openssl_leaf(home: &TempDir, stem: &str, subject: &str, ca: &str, extensions: &str) {
    fs::write(home.path().join("pki").join(format!("{stem}.ext")), format!("{extensions}\n")).unwrap();
    openssl(
        home,
        &format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj {subject} -keyout {stem}.key -out {stem}.csr"
        ),
    );
    openssl(
        home,
        &format!(
            "x509 -req -in {stem}.csr -CA {ca}.crt -CAkey {ca}.key -CAcreateserial -days 365 -extfile {stem}.ext -out {stem}.crt"
        ),
    );
}

const CA: &str = "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash";

// The guide's own commands

#[test]
fn the_guides_directories_become_as_good_as_our_own_and_nothing_is_named_otherwise() {
    for layout in ["intermediate", "root-only", "self-signed"] {
        let home = guide(layout);
        let files: &[&str] = match layout {
            "intermediate" => &["server", "client", "intermediate", "root"],
            "root-only" => &["server", "client", "root"],
            _ => &["server", "client"],
        };
        assert!(serious(&home, 0).len() >= 3, "{layout}");
        let keep = |stem: &&str| {
            let certificate = certificate(&home, &format!("{stem}.crt"));
            let key = fs::read(home.path().join("pki").join(format!("{stem}.key"))).unwrap();
            (
                certificate.subject.as_der().to_vec(),
                certificate.issuer.as_der().to_vec(),
                certificate.public_key,
                key,
            )
        };
        let before: Vec<_> = files.iter().map(keep).collect();
        let (code, said, warned) = renew(&home, 0, files);
        let of_peers = warned.matches("is its own trust anchor").count();
        assert_eq!((code, of_peers), (0, if layout == "self-signed" { 2 } else { 0 }), "{layout}: {warned}");
        assert_eq!(files.iter().map(keep).collect::<Vec<_>>(), before, "{layout}");
        assert!(
            said.contains("extended key usage        + clientAuth\n")
                || said.contains("extended key usage  + clientAuth\n"),
            "{said}"
        );
        assert!(said.contains("+ dbhost.yourdomain.com\n"), "{said}");
        assert_eq!(serious(&home, 0), [""; 0], "{layout}");
        // The old ones of a CA are to be revoked; those that signed themselves nobody can revoke.
        let revoked: Vec<&str> =
            said.lines().filter_map(|line| line.strip_prefix("  pgtls revoke ")).collect();
        assert_eq!(revoked.len(), if layout == "self-signed" { 0 } else { 2 }, "{said}");
        for words in revoked {
            let pki = format!("{}/pki", home.path().display());
            let serial = words.split(' ').next().unwrap();
            let (code, _, stderr) = at(day(0), None, &[], &["revoke", serial, "-q", "-D", &pki]);
            assert_eq!(code, 0, "{stderr}");
            assert!(
                home.path().join("pki/server.crt").exists() && home.path().join("pki/client.key").exists()
            );
        }
        assert_eq!(serious(&home, 0), [""; 0], "{layout}: the new ones are not revoked");
        let text = text_of(&home, "server.crt");
        assert!(
            text.contains("Version: 3")
                && text.contains("TLS Web Server Authentication")
                && text.contains("DNS:dbhost.yourdomain.com"),
            "{text}"
        );
        assert!(!text.contains("TLS Web Client Authentication"), "{text}");
        if layout != "self-signed" {
            openssl_verifies(
                &home,
                0,
                "-x509_strict -purpose sslserver -CAfile root.crt -untrusted server.crt server.crt",
            );
            openssl_verifies(
                &home,
                0,
                "-x509_strict -purpose sslclient -CAfile root.crt -untrusted client.crt client.crt",
            );
        }
    }
}

#[test]
fn the_guides_leaves_are_renewed_under_cas_that_stay_and_when_they_have_ended() {
    let home = guide("intermediate");
    let cas = [certificate(&home, "root.crt"), certificate(&home, "intermediate.crt")];
    renewed(&home, 800, &["server", "client"]);
    assert_eq!([certificate(&home, "root.crt"), certificate(&home, "intermediate.crt")], cas);
    openssl_verifies(&home, 800, "-purpose sslserver -CAfile root.crt -untrusted server.crt server.crt");
    // The other way round: CAs alone, and leaves stay as they were.
    let home = guide("intermediate");
    let leaf = certificate(&home, "server.crt");
    let said = renewed(&home, 0, &["root", "intermediate"]);
    assert!(said.contains("basic constraints  - CA\n                       + CA, path length 0\n"), "{said}");
    assert_eq!(certificate(&home, "server.crt"), leaf);
    openssl_verifies(&home, 0, "-CAfile root.crt -untrusted server.crt server.crt");
    let chain = certificates(&home, "chain.crt");
    assert_eq!(chain, [certificate(&home, "intermediate.crt"), certificate(&home, "root.crt")]);
}

#[test]
fn self_signed_certificates_sign_themselves_again_with_their_copies_in_other_files() {
    let home = guide("self-signed");
    let pki = home.path().join("pki");
    let both =
        [fs::read(pki.join("server.crt")).unwrap(), fs::read(pki.join("client.crt")).unwrap()].concat();
    fs::write(pki.join("trust.pem"), both).unwrap();
    assert_eq!(renew(&home, 0, &["client"]).0, 0);
    let client = certificate(&home, "client.crt");
    assert_eq!(client.ca, Some(false));
    assert_eq!(certificates(&home, "trust.pem")[1], client);
    openssl_verifies(&home, 0, "-CAfile client.crt client.crt");
    // Who pinned the one before refuses it, and that is said.
    let (_, _, warned) = renew(&home, 0, &["client", "server", "-q"]);
    for setting in ["before in ssl_ca_file", "before in sslrootcert, or lua_ssl_trusted_certificate of Kong,"]
    {
        assert!(warned.contains(setting), "{warned}");
    }
    fs::remove_file(pki.join("server.key")).unwrap();
    refused(&home, 0, &["server"], 4, "the key of \"pki/server.crt\" is not there, and it signs itself");
    // Without names it is nobody's here.
    assert_eq!(renew(&home, 0, &["--all"]).0, 0);
}

#[test]
fn what_nothing_says_the_use_of_is_asked_for_and_what_says_it_is_not_changed() {
    let home = for_openssl();
    openssl_ca(&home, "root", CA);
    openssl_leaf(&home, "etl", "/CN=etl", "root", "basicConstraints = CA:FALSE");
    refused(&home, 0, &["etl"], 2, "nothing says what \"etl\" is for");
    let (code, _, stderr) = renew(&home, 300, &["-q"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("etl.crt ends on ") && stderr.contains("say it with --as"), "{stderr}");
    renewed(&home, 0, &["etl", "--as", "client"]);
    openssl_verifies(&home, 0, "-purpose sslclient -CAfile root.crt etl.crt");
    refused(&home, 0, &["etl", "--as", "server"], 2, "\"etl\" is for a client, not for a server");
    renewed(&home, 0, &["etl", "--as", "client"]);
}

#[test]
fn a_fault_that_time_brings_is_mended_by_what_verify_says_of_it() {
    let home = made(&["chain", "--server", "db1.example.com"]);
    let pki = format!("{}/pki", home.path().display());
    for (days, rule) in [(350, "expires-soon"), (800, "expired")] {
        let (_, said, _) = at(day(days), None, &[], &["verify", "--json", &pki]);
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        let found = report["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == rule);
        let hints: Vec<String> = found.map(|it| it["hint"].as_str().unwrap().to_owned()).collect();
        assert!(!hints.is_empty(), "{rule}: {said}");
        for hint in hints {
            let words: Vec<&str> = hint.split_whitespace().skip(1).collect();
            let (code, _, stderr) = at(day(days), None, &[], &words);
            assert_eq!(code, 0, "{hint}\n{stderr}");
        }
        assert_eq!(serious(&home, days), [""; 0]);
    }
}

// Extensions of all kinds

#[test]
fn every_extension_is_carried_over_byte_for_byte_and_no_name_is_lost() {
    let home = for_openssl();
    openssl_ca(
        &home,
        "root",
        &format!(
            "{CA}\nnameConstraints = critical,permitted;DNS:example.com,permitted;email:example.com,permitted;dirName:dn\n"
        ),
    );
    let text = "subjectAltName = DNS:db.example.com,email:a@example.com,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:x@y,dirName:dir\n\
                keyUsage = digitalSignature,nonRepudiation\nextendedKeyUsage = critical,serverAuth,emailProtection,1.2.3.4\n\
                crlDistributionPoints = URI:http://crl.example.com/a.crl,URI:ldap://x/b\nauthorityInfoAccess = OCSP;URI:http://ocsp.example.com\n\
                certificatePolicies = 1.2.3.4.5\n1.2.3.4.5.6 = ASN1:UTF8String:something of our own\n2.5.29.9 = critical,DER:30:03:01:01:ff\n\
                subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\nbasicConstraints = CA:FALSE\n[dir]\nCN = elsewhere";
    openssl_leaf(&home, "server", "/DC=com/O=Acme+OU=x/OU=y/CN=db.example.com", "root", text);
    let (before, old) = (text_of(&home, "server.crt"), certificate(&home, "server.crt"));
    renewed(&home, 0, &["server"]);
    let new = certificate(&home, "server.crt");
    assert_eq!(new.carried_extensions(), old.carried_extensions());
    assert!(old.carried_extensions().len() == 11, "{before}");
    assert_eq!((new.subject.as_der(), new.issuer.as_der()), (old.subject.as_der(), old.issuer.as_der()));
    assert_eq!(text_of(&home, "server.crt"), before);
    assert_ne!(new.serial, old.serial);
    // With another key the two extensions that name keys change, and nothing else.
    renewed(&home, 0, &["server", "--rekey"]);
    let others = |certificate: &pgtls::x509::Certificate| {
        let all = certificate.carried_extensions().into_iter();
        all.filter(|it| !it.is(ExtensionKind::SubjectKeyIdentifier)).collect::<Vec<_>>()
    };
    let rekeyed = certificate(&home, "server.crt");
    assert_eq!(others(&rekeyed), others(&old));
    assert_ne!(rekeyed.subject_key_identifier, old.subject_key_identifier);
}

#[test]
fn what_holds_for_one_certificate_alone_is_refused() {
    let home = for_openssl();
    openssl_ca(&home, "root", CA);
    openssl_leaf(
        &home,
        "server",
        "/CN=db.example.com",
        "root",
        "extendedKeyUsage = serverAuth\n1.3.6.1.4.1.11129.2.4.2 = DER:04:02:00:00",
    );
    refused(
        &home,
        0,
        &["server"],
        3,
        "\"server\" cannot be made again as it is: its extension 1.3.6.1.4.1.11129.2.4.2",
    );
}

#[test]
fn a_path_length_that_is_there_stays_and_one_is_not_given_where_cas_are_below() {
    let home = for_openssl();
    openssl_ca(&home, "root", CA);
    let text = |length: &str| {
        format!(
            "basicConstraints = critical,CA:TRUE{length}\nkeyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid"
        )
    };
    openssl_leaf(&home, "policy", "/CN=Policy", "root", &text(""));
    openssl_leaf(&home, "issuing", "/CN=Issuing", "policy", &text(",pathlen:3"));
    openssl_leaf(
        &home,
        "server",
        "/CN=db.example.com",
        "issuing",
        "extendedKeyUsage = serverAuth\nsubjectAltName = DNS:db.example.com",
    );
    // By then none of the three, made one after the other, ends later than the one above it.
    renewed(&home, 1, &["policy", "issuing", "root"]);
    assert_eq!(certificate(&home, "policy.crt").path_length, None);
    assert_eq!(certificate(&home, "issuing.crt").path_length, Some(3));
    let all = ["policy.crt", "issuing.crt"]
        .map(|file| fs::read(home.path().join("pki").join(file)).unwrap())
        .concat();
    fs::write(home.path().join("pki/between.pem"), all).unwrap();
    openssl_verifies(&home, 1, "-CAfile root.crt -untrusted between.pem server.crt");
}

// CAs that are named by their serial numbers, and CAs elsewhere

#[test]
fn what_names_the_serial_number_of_its_ca_goes_along_to_the_same_end() {
    let home = for_openssl();
    openssl_ca(&home, "root", &format!("{CA}\nauthorityKeyIdentifier = keyid,issuer:always"));
    let leaf = "authorityKeyIdentifier = keyid,issuer:always\nextendedKeyUsage = serverAuth\nsubjectAltName = DNS:db.example.com";
    openssl_leaf(&home, "server", "/CN=db.example.com", "root", leaf);
    let old = certificate(&home, "server.crt");
    assert!(old.authority_serial.is_some());
    let (code, said, stderr) = renew(&home, 0, &["root"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stderr.contains("warning: server.crt names the serial number of root.crt, so it was made again too"),
        "{stderr}"
    );
    assert!(said.contains("authority key identifier  - with the serial number of its CA"), "{said}");
    let new = certificate(&home, "server.crt");
    assert_eq!((new.window, &new.authority_serial, &new.public_key), (old.window, &None, &old.public_key));
    openssl_verifies(&home, 0, "-CAfile root.crt server.crt");
    // From then on it stays.
    renewed(&home, 0, &["root"]);
    openssl_verifies(&home, 0, "-CAfile root.crt server.crt");
}

#[test]
fn a_leaf_of_a_ca_that_is_not_here_is_told_apart_from_one_whose_key_is_away() {
    let home = for_openssl();
    openssl_ca(&home, "corp", CA);
    openssl_leaf(
        &home,
        "server",
        "/CN=db.example.com",
        "corp",
        "extendedKeyUsage = serverAuth\nsubjectAltName = DNS:db.example.com",
    );
    let pki = home.path().join("pki");
    fs::create_dir(home.path().join("away")).unwrap();
    for name in ["corp.key", "corp.crt"] {
        fs::rename(pki.join(name), home.path().join("away").join(name)).unwrap();
    }
    refused(
        &home,
        0,
        &["server"],
        4,
        "the CA of \"pki/server.crt\" is not here: DC=com,DC=example,OU=A,OU=B,CN=Corp corp",
    );
    let (code, _, stderr) = renew(&home, 300, &["-q"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("--ca-dir") && stderr.contains("pgtls csr"), "{stderr}");
    // As an import leaves it: the CA's certificate alone.
    fs::copy(home.path().join("away/corp.crt"), pki.join("chain.crt")).unwrap();
    refused(&home, 0, &["server"], 4, "--ca-dir");
    renewed(&home, 0, &["server", "--ca-dir", home.path().join("away").to_str().unwrap()]);
    openssl_verifies(&home, 0, "-CAfile chain.crt server.crt");
}

#[test]
fn an_encrypted_ca_key_is_opened_with_its_passphrase() {
    let home = for_openssl();
    openssl_ca(&home, "root", CA);
    openssl_leaf(
        &home,
        "server",
        "/CN=db.example.com",
        "root",
        "extendedKeyUsage = serverAuth\nsubjectAltName = DNS:db.example.com",
    );
    let pki = home.path().join("pki");
    openssl(&home, "pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret -in root.key -out closed.key");
    fs::rename(pki.join("closed.key"), pki.join("root.key")).unwrap();
    refused(&home, 0, &["server"], 3, "the key of the CA \"root\" cannot be used");
    let pass = home.path().join("pass");
    fs::write(&pass, "secret\n").unwrap();
    renewed(&home, 0, &["server", "root", "--ca-passphrase-file", pass.to_str().unwrap()]);
    openssl_verifies(&home, 0, "-CAfile root.crt server.crt");
}

#[test]
fn openssl_goes_on_with_the_index() {
    let home = made(&["chain", "--server", "db1.example.com"]);
    renewed(&home, 10, &["--all"]);
    let pki = home.path().join("pki");
    fs::write(pki.join("ca.cnf"), "[ca]\ndefault_ca = x\n[x]\ndatabase = root.index\ncertificate = root.crt\nprivate_key = root.key\ndefault_md = sha256\ndefault_crl_days = 30\n").unwrap();
    openssl(&home, "ca -config ca.cnf -revoke server.crt");
    openssl(&home, "ca -config ca.cnf -gencrl -out root.crl");
    let output = Command::new("openssl")
        .current_dir(&pki)
        .args(["crl", "-noout", "-text", "-in", "root.crl"])
        .output()
        .unwrap();
    let serial = pgtls::x509::format_serial(&certificate(&home, "server.crt").serial);
    assert!(String::from_utf8_lossy(&output.stdout).contains(&serial));
    refused(&home, 20, &["server"], 3, "is revoked");
}

#[test]
fn a_root_of_x509_v1_is_not_taken_for_an_end_entity() {
    let home = for_openssl();
    openssl(
        &home,
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=old -keyout server.key -out server.csr",
    );
    openssl(&home, "x509 -req -in server.csr -signkey server.key -days 900 -out server.crt");
    openssl_leaf(&home, "client", "/CN=app", "server", "extendedKeyUsage = clientAuth");
    refused(&home, 0, &["server"], 3, "it issued others, and does not say that it is a CA");
}
