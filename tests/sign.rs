//! `sign`: requests of others get what their names and keys say, and of the rest what we say.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;

use pgtls::index::Index;
use pgtls::pem;
use pgtls::x509::{Certificate, CertificateRequest, GeneralName};
use support::{Run, run, scratch, snapshot, text};
use tempfile::TempDir;

fn openssl(at: &Path, words: &str) {
    run(at, "openssl", &words.split_whitespace().collect::<Vec<_>>());
}

/// A directory `pki` with an intermediate, and `x.csr` with `x.key` beside it, made by these words of `openssl req`.
fn with_request(words: &str) -> TempDir {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q", "--server", "db1.example.com"]).dir(&home).code(0);
    openssl(home.path(), &format!("req -new -noenc -keyout x.key -out x.csr {words}"));
    home
}

const P256: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";

fn signed(home: &TempDir, words: &[&str]) -> String {
    let output = Run::new(&[&["sign"], words].concat()).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""), "{words:?}");
    text(&output.stdout)
}

/// Runs it, expects a refusal of that code whose message has these words, and that nothing changed.
fn refused(home: &TempDir, words: &[&str], code: i32, message: &str) {
    let before = snapshot(&home.path().join("pki"));
    let output = Run::new(&[&["sign"], words].concat()).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}\n{stderr}");
    assert!(stderr.contains(message), "{stderr}\nis without\n{message}");
    assert_eq!(snapshot(&home.path().join("pki")), before, "a refusal changed something");
}

fn leaf(home: &TempDir, file: &str) -> Certificate {
    let text = fs::read(home.path().join(file)).unwrap();
    Certificate::from_der(&pem::scan(&text).blocks[0].der).unwrap()
}

fn request(home: &TempDir) -> CertificateRequest {
    let text = fs::read(home.path().join("x.csr")).unwrap();
    CertificateRequest::from_der(&pem::scan(&text).blocks[0].der).unwrap()
}

#[test]
fn the_names_and_the_key_are_those_of_the_request_and_all_else_is_ours() {
    let home = with_request(&format!(
        "{P256} -subj /O=Acme/OU=One/OU=Two/CN=alice -addext subjectAltName=DNS:alice.test \
         -addext extendedKeyUsage=serverAuth,clientAuth -addext basicConstraints=CA:TRUE -addext 1.2.3.4=ASN1:NULL"
    ));
    let stdout = signed(&home, &["x.csr", "--as", "client"]);
    assert!(stdout.contains("O=Acme,OU=One,OU=Two,CN=alice"), "the names are shown: {stdout}");
    let unwrapped = stdout.replace('\n', " ");
    for asked in [
        "to be a CA",
        "the extended key usage serverAuth",
        "the name DNS:alice.test",
        "the extension 1.2.3.4",
    ] {
        assert!(unwrapped.contains(asked), "{asked} is not told: {stdout}");
    }
    let made = leaf(&home, "pki/client.alice.crt");
    let asked = request(&home);
    assert_eq!(made.subject.as_der(), asked.subject.as_der());
    assert_eq!(made.public_key, asked.public_key);
    assert_eq!(made.ca, Some(false));
    assert_eq!(made.extended_key_usage.iter().map(ToString::to_string).collect::<Vec<_>>(), ["clientAuth"]);
    assert!(made.subject_alt_names.is_empty());
    assert!(!home.path().join("pki/client.alice.key").exists(), "the key is somebody else's");
    let pki = home.path().join("pki");
    openssl(
        &pki,
        "verify -x509_strict -purpose sslclient -CAfile root.crt -untrusted client.alice.crt client.alice.crt",
    );
    let index = Index::parse(&fs::read(pki.join("intermediate.index")).unwrap()).unwrap();
    assert!(index.line_of(&made.serial).is_some());
    let judged = Run::new(&[
        "verify",
        "--client-cert",
        "pki/client.alice.crt",
        "--client-key",
        "x.key",
        "--trust",
        "pki/chain.crt",
    ])
    .dir(&home)
    .output();
    assert_eq!(judged.status.code(), Some(0), "{}", text(&judged.stdout));
}

#[test]
fn a_server_gets_its_common_name_as_a_name_too_and_other_names_in_its_place() {
    let home = with_request(&format!("{P256} -subj /CN=db2.example.com"));
    signed(&home, &["x.csr", "--as", "server"]);
    let made = leaf(&home, "pki/server.db2.example.com.crt");
    assert_eq!(made.subject_alt_names, [GeneralName::Dns("db2.example.com".to_owned())]);
    signed(&home, &["x.csr", "--as", "server", "db3.example.com", "10.0.0.3"]);
    let made = leaf(&home, "pki/server.db3.example.com.crt");
    assert_eq!(made.subject.to_string(), "CN=db3.example.com");
    assert_eq!(made.subject_alt_names.len(), 2);
    signed(&home, &["x.csr", "--as", "node", "--cn", "walsender"]);
    assert_eq!(leaf(&home, "pki/node.walsender.crt").subject.to_string(), "CN=walsender");
}

/// What rcgen's own parser corrupts or refuses, and keys that this crate does not make.
#[test]
fn forms_of_other_programs_are_signed_right() {
    for (name, words) in [
        ("sha-384 over P-256", format!("{P256} -sha384 -subj /CN=x")),
        ("P-521", "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -subj /CN=x".to_owned()),
        ("RSA", "-newkey rsa:2048 -subj /CN=x".to_owned()),
        ("RSA signed by PSS", "-newkey rsa:2048 -sigopt rsa_padding_mode:pss -subj /CN=x".to_owned()),
        ("Ed25519", "-newkey ed25519 -subj /CN=x".to_owned()),
        (
            "a key identifier, as keytool has it",
            format!("{P256} -addext subjectKeyIdentifier=hash -subj /CN=x"),
        ),
        ("several attributes in an RDN", format!("{P256} -subj /O=A/CN=x+serialNumber=7")),
    ] {
        let home = with_request(&words);
        let stdout = signed(&home, &["x.csr", "--as", "client"]);
        assert!(!stdout.contains("does not get"), "{name}: {stdout}");
        let made = leaf(&home, "pki/client.x.crt");
        assert_eq!(made.public_key, request(&home).public_key, "{name}");
        openssl(
            &home.path().join("pki"),
            "verify -x509_strict -purpose sslclient -CAfile root.crt -untrusted client.x.crt client.x.crt",
        );
    }
    let home = with_request(&format!("{P256} -outform DER -subj /CN=x"));
    signed(&home, &["x.csr", "--as", "client"]);
}

/// `fixtures/requests`: the exact subject and key of each go into a certificate that OpenSSL takes.
#[test]
fn requests_of_certtool_go_and_keytool_are_signed_and_what_they_do_not_get_is_said() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/requests");
    let certtool: &[&str] = &["the extension 1.2.3.4.5.6.7"];
    let go: &[&str] = &["the extension 1.2.3.4.5"];
    let of_keytool = [
        "to be a CA",
        "the key usage keyCertSign",
        "the extended key usage codeSigning",
        "1 names of other types",
    ];
    for (name, names, not_granted) in [
        ("certtool-p256-sha384", 2, certtool),
        ("certtool-p521", 2, certtool),
        ("certtool-rsa-pss", 2, certtool),
        ("go-ed25519", 4, go),
        ("go-p256-sha384", 4, go),
        ("go-p521-sha512", 4, go),
        ("keytool-p521-sha384", 1, &[]),
        ("keytool-rsa-by-pss", 1, &[]),
        ("keytool-rsa", 2, &of_keytool),
    ] {
        let home = with_request(&format!("{P256} -subj /CN=x"));
        fs::copy(fixtures.join(format!("{name}.csr")), home.path().join("x.csr")).unwrap();
        let stdout = signed(&home, &["x.csr", "--as", "server"]).replace('\n', " ");
        for words in not_granted {
            assert!(stdout.contains(words), "{name}: {words} is not told: {stdout}");
        }
        assert_eq!(stdout.contains("does not get"), !not_granted.is_empty(), "{name}: {stdout}");
        let host = request(&home).subject.common_names().next().unwrap().into_owned();
        let file = format!("server.{host}.crt");
        let (made, asked) = (leaf(&home, &format!("pki/{file}")), request(&home));
        assert_eq!(made.subject.as_der(), asked.subject.as_der(), "{name}");
        assert_eq!(made.public_key, asked.public_key, "{name}");
        assert_eq!(made.subject_alt_names.len(), names, "{name}");
        let words =
            format!("verify -x509_strict -purpose sslserver -CAfile root.crt -untrusted {file} {file}");
        openssl(&home.path().join("pki"), &words);
    }
}

#[test]
fn a_request_for_a_key_that_is_here_makes_a_pair_of_it() {
    let home = with_request(&format!("{P256} -subj /CN=elsewhere"));
    Run::new(&["csr", "client", "alice", "-q", "-D", "pki"]).dir(&home).code(0);
    let file =
        ["pki/client.csr", "pki/client.alice.csr"].into_iter().find(|file| home.path().join(file).exists());
    let file = file.unwrap();
    signed(&home, &[file, "--as", "client"]);
    assert!(home.path().join(file.replace(".csr", ".crt")).exists());
    fs::write(home.path().join("pass"), "words\n").unwrap();
    Run::new(&["csr", "client", "bob", "-q", "-D", "pki", "--encrypt-key-file", "pass"]).dir(&home).code(0);
    let words = ["pki/client.bob.csr", "--as", "client"];
    refused(&home, &words, 3, "\"pki/client.bob.key\" is encrypted, so nobody sees whether it is its key");
    let elsewhere = ["pki/client.bob.csr", "--as", "client", "--ca-dir", "pki", "-D", "out"];
    signed(&home, &elsewhere);
    let closed = "pgtls: warning: client.bob.key: it is under a passphrase [key-encrypted]\n";
    Run::new(&["import", "out/client.bob.crt", "-q", "-D", "pki"]).dir(&home).stderr(closed).code(0);
}

#[test]
fn what_cannot_be_signed_is_refused() {
    let home = with_request(&format!("{P256} -subj /CN=alice"));
    let mut der = pem::scan(&fs::read(home.path().join("x.csr")).unwrap()).blocks[0].der.clone();
    let place = der.windows(5).position(|window| window == b"alice").unwrap();
    der[place] = b'A';
    fs::write(home.path().join("altered.csr"), der).unwrap();
    refused(&home, &["altered.csr", "--as", "client"], 3, "its signature was not made by its own key");
    openssl(home.path(), "req -new -noenc -newkey rsa:1024 -keyout w.key -out weak.csr -subj /CN=alice");
    refused(&home, &["weak.csr", "--as", "client"], 3, "its key is too weak: RSA 1024");
    refused(&home, &["pki/root.crt", "--as", "client"], 3, "\"pki/root.crt\" is no certificate request");
    refused(&home, &["nowhere.csr", "--as", "client"], 4, "could not read \"nowhere.csr\"");
    refused(&home, &["x.csr", "--as", "client", "a", "b"], 2, "a client takes one name, and 2 are given");
    refused(&home, &["x.csr", "--as", "client", "--cn", "../x"], 2, "cannot name files: it has a slash");
    openssl(home.path(), "req -new -key x.key -out nobody.csr -subj /O=Acme");
    refused(&home, &["nobody.csr", "--as", "client"], 2, "the request names nobody");
    let json: serde_json::Value =
        serde_json::from_str(&signed(&home, &["x.csr", "--as", "client", "--json"])).unwrap();
    assert_eq!(json["plan"]["profile"], "sign");
    refused(&home, &["x.csr", "--as", "client"], 3, "\"pki/client.alice.crt\" exists already");
}

#[test]
fn a_server_gets_no_certificate_that_names_no_host() {
    let home = with_request(&format!("{P256} -subj /CN=My_Server -addext subjectAltName=email:a@x.test"));
    refused(
        &home,
        &["x.csr", "--as", "server", "--cn", "My Server"],
        3,
        "cannot be signed: it names no host",
    );
    signed(&home, &["x.csr", "--as", "server"]);
    let made = leaf(&home, "pki/server.My_Server.crt");
    assert!(made.subject_alt_names.contains(&GeneralName::Dns("My_Server".to_owned())));
    signed(&home, &["x.csr", "--as", "client", "--cn", "My Server"]);
}

#[test]
fn names_that_are_none_are_refused_unless_others_are_given_in_their_place() {
    for (name, message) in [
        ("DNS:db..test", "it asks for the name \"DNS:db..test\", which is none"),
        // Three bytes of an address.
        ("DER:30058703010203", "some of its names or extensions cannot be read"),
    ] {
        let home = with_request(&format!("{P256} -subj /CN=x"));
        openssl(
            home.path(),
            &format!("req -new -key x.key -subj /CN=x -addext subjectAltName={name} -out x.csr"),
        );
        refused(&home, &["x.csr", "--as", "server"], 3, message);
        let stdout = signed(&home, &["x.csr", "--as", "server", "db1.test"]);
        assert!(stdout.contains("does not get what was asked for"), "{stdout}");
        assert_eq!(leaf(&home, "pki/server.db1.test.crt").subject_alt_names.len(), 1);
        signed(&home, &["x.csr", "--as", "client"]);
    }
}

#[test]
fn key_usages_that_are_asked_for_and_not_given_are_said() {
    let usages = "keyUsage=digitalSignature,keyEncipherment,keyCertSign";
    let home = with_request(&format!("-newkey rsa:2048 -subj /CN=db9.test -addext {usages}"));
    let stdout = signed(&home, &["x.csr", "--as", "server"]).replace('\n', " ");
    assert!(stdout.contains("asked for: the key usage keyCertSign "), "{stdout}");
    let stdout = signed(&home, &["x.csr", "--as", "client"]).replace('\n', " ");
    assert!(stdout.contains("the key usage keyEncipherment; the key usage keyCertSign"), "{stdout}");
}

#[test]
fn a_request_for_the_key_of_a_ca_is_refused() {
    let home = with_request(&format!("{P256} -subj /CN=x"));
    for ca in ["root", "intermediate"] {
        openssl(home.path(), &format!("req -new -key pki/{ca}.key -subj /CN=x -out ca.csr"));
        refused(
            &home,
            &["ca.csr", "--as", "client"],
            3,
            &format!("its key is that of the CA CN={ca}.example.com"),
        );
    }
}

#[test]
fn a_request_comes_through_standard_input_too() {
    let home = with_request(&format!("{P256} -subj /CN=alice"));
    let output =
        Run::new(&["sign", "-", "--as", "client", "-q"]).dir(&home).through("exec \"$@\" <x.csr").output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(home.path().join("pki/client.alice.crt").exists());
}
