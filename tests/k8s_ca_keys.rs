//! `k8s --with-ca-key`: whose key goes into which Secret, in which form, and that none does without it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod support;

use cluster::{all_values, made, object, objects, pgtls, printed, value};
use std::fs;
use std::path::Path;
use support::{Run, mode, run, scratch, text};

const WARNING: &str =
    "pgtls: hint: Let nobody but who signs with it read it, and keep no copy of the manifest.\n";
const COMMENT: &str = "# It holds the key of a CA: whoever reads it can make a login for any role.\n";

/// The public key of a private one, by openssl.
fn public_of(home: &Path, key: &[u8]) -> String {
    fs::write(home.join("asked.key"), key).unwrap();
    run(home, "openssl", &["pkey", "-in", "asked.key", "-pubout"])
}

/// That of the first certificate of a text.
fn certified(home: &Path, certificates: &[u8]) -> String {
    fs::write(home.join("asked.crt"), certificates).unwrap();
    run(home, "openssl", &["x509", "-in", "asked.crt", "-noout", "-pubkey"])
}

/// What `k8s WORDS` refuses: its code, and what it says.
fn refused(home: &Path, words: &str) -> (Option<i32>, String) {
    let output = pgtls(home, &format!("k8s {words}"));
    assert_eq!(text(&output.stdout), "", "{words}");
    (output.status.code(), text(&output.stderr))
}

/// Also in another form than that of its file, and behind every flag that changes what is printed.
#[test]
fn no_manifest_of_any_target_holds_the_key_of_a_ca_unless_that_was_asked_for() {
    for (target, more) in [
        ("pgo-v4", "--pgbouncer-tls-secret pooler --replica-sslmode verify-ca"),
        ("pgo-v5", "--secrets-only"),
        ("cnpg", "--label a=b"),
        ("zalando", "--secrets-only"),
    ] {
        let home = scratch();
        made(home.path(), &format!("gen {target} --set cluster=db"));
        made(home.path(), "crl");
        let read = |file: &str| fs::read(home.path().join("pki").join(file)).unwrap();
        let forbidden = ["root.key", "intermediate.key"].map(|file| public_of(home.path(), &read(file)));
        let mut keys = 0;
        for words in ["", more] {
            let stream = printed(home.path(), format!("{target} --cluster db {words}").trim_end());
            assert!(!stream.contains(COMMENT), "{target}");
            for value in all_values(&objects(home.path(), &stream)) {
                if String::from_utf8_lossy(&value).contains("PRIVATE KEY") {
                    keys += 1;
                    assert!(!forbidden.contains(&public_of(home.path(), &value)), "{target} {words}");
                }
            }
        }
        assert!(keys >= 2, "{target}");
        let stream = printed(home.path(), &format!("cert-manager --profile {target} --cluster db -n prod"));
        assert!(!stream.contains("kind: Secret"), "{target}");
    }
}

#[test]
fn cnpg_gets_the_key_of_the_first_certificate_beside_it_in_sec1() {
    let home = scratch();
    for (layout, ca) in [("gen cnpg", "intermediate"), ("gen chain --replication=streaming_replica", "root")]
    {
        let _ = fs::remove_dir_all(home.path().join("pki"));
        made(home.path(), layout);
        let output = pgtls(home.path(), "k8s cnpg -n pgo --with-ca-key");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let said = "pgtls: warning: the Secret hippo-tls-ca holds the key of a CA, which can make a login for any role\n";
        assert!(text(&output.stderr).contains(&format!("{said}{WARNING}")), "{}", text(&output.stderr));
        let stream = text(&output.stdout);
        assert!(stream.starts_with(COMMENT) && stream.matches(COMMENT).count() == 1, "{stream}");
        let found = objects(home.path(), &stream);
        let secret = object(&found, "Secret", "hippo-tls-ca");
        let (key, certificates) = (value(secret, "ca.key"), value(secret, "ca.crt"));
        assert!(key.starts_with(b"-----BEGIN EC PRIVATE KEY-----\n"));
        assert_eq!(public_of(home.path(), &key), certified(home.path(), &certificates));
        let file = fs::read(home.path().join(format!("pki/{ca}.key"))).unwrap();
        assert_eq!(public_of(home.path(), &key), public_of(home.path(), &file));
        assert_eq!(certificates, fs::read(home.path().join("pki/chain.crt")).unwrap());
        assert_eq!(secret["metadata"]["labels"]["cnpg.io/reload"], "");
    }
}

/// What `kubectl cnpg certificate` makes with it: a leaf without the CA above it behind it.
#[test]
fn what_is_signed_with_the_key_is_trusted_by_what_lies_beside_it() {
    let home = scratch();
    made(home.path(), "gen cnpg");
    let found = objects(home.path(), &printed(home.path(), "cnpg --with-ca-key"));
    let secret = object(&found, "Secret", "hippo-tls-ca");
    for key in ["ca.crt", "ca.key"] {
        fs::write(home.path().join(key), value(secret, key)).unwrap();
    }
    for words in [
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=alice -keyout a.key -out a.csr",
        "x509 -req -in a.csr -CA ca.crt -CAkey ca.key -days 1 -out a.crt",
        "verify -CAfile ca.crt -purpose sslclient a.crt",
    ] {
        run(home.path(), "openssl", &words.split(' ').collect::<Vec<_>>());
    }
}

#[test]
fn of_two_cas_cnpg_gets_the_key_of_that_of_clients_alone() {
    let home = scratch();
    let names = "--server hippo-rw --server hippo-ro --server hippo-r --replication=streaming_replica";
    made(home.path(), &format!("gen split-ca {names}"));
    let found = objects(home.path(), &printed(home.path(), "cnpg --with-ca-key"));
    let of_clients = object(&found, "Secret", "hippo-tls-ca-client");
    let key = public_of(home.path(), &value(of_clients, "ca.key"));
    assert_eq!(key, certified(home.path(), &fs::read(home.path().join("pki/ca-client.crt")).unwrap()));
    assert_eq!(object(&found, "Secret", "hippo-tls-ca-server")["data"].as_object().unwrap().len(), 1);
}

#[test]
fn pgo_5_gets_the_root_alone_under_the_name_that_it_looks_for() {
    let home = scratch();
    made(home.path(), "gen pgo-v5");
    let found = objects(home.path(), &printed(home.path(), "pgo-v5 -n pgo --with-ca-key"));
    let secret = object(&found, "Secret", "pgo-root-cacert");
    assert_eq!(secret["metadata"]["namespace"], "pgo");
    assert_eq!(secret["data"].as_object().unwrap().len(), 2);
    let key = value(secret, "root.key");
    assert!(key.starts_with(b"-----BEGIN EC PRIVATE KEY-----\n"));
    assert_eq!(value(secret, "root.crt"), fs::read(home.path().join("pki/root.crt")).unwrap());
    assert_eq!(public_of(home.path(), &key), certified(home.path(), &value(secret, "root.crt")));
    // The other two are as without it.
    let plain = printed(home.path(), "pgo-v5 -n pgo --secrets-only");
    let whole = printed(home.path(), "pgo-v5 -n pgo --secrets-only --with-ca-key");
    assert_eq!(whole.split(&format!("---\n{COMMENT}")).next().unwrap(), plain);
}

/// `gen --ca-dir`, its keys under a passphrase, which a flag or a variable opens.
#[test]
fn a_key_that_lies_apart_under_a_passphrase_is_found_and_opened() {
    let home = scratch();
    fs::write(home.path().join("pass"), "correct horse\n").unwrap();
    made(home.path(), "gen cnpg --ca-dir ca --ca-passphrase-file pass");
    let (code, said) = refused(home.path(), "cnpg --with-ca-key");
    let expected = "pgtls: error: \"pki/intermediate.key\" is not there\n\
                    pgtls: detail: It is what --with-ca-key hands over.\n\
                    pgtls: hint: Name the directory of the CA's key with --ca-dir, or run, to see what is there: \
                    pgtls inspect pki\n";
    assert_eq!((code, said.as_str()), (Some(3), expected));
    let (code, said) = refused(home.path(), "cnpg --with-ca-key --ca-dir ca");
    assert_eq!(code, Some(3));
    assert!(said.contains("ca/intermediate.key") && said.contains("--ca-passphrase-file"), "{said}");
    let by_flag = printed(home.path(), "cnpg --with-ca-key --ca-dir ca --ca-passphrase-file pass");
    let key = value(object(&objects(home.path(), &by_flag), "Secret", "hippo-tls-ca"), "ca.key");
    let certificate = fs::read(home.path().join("pki/intermediate.crt")).unwrap();
    assert_eq!(public_of(home.path(), &key), certified(home.path(), &certificate));
    let by_variable = Run::new(&["k8s", "cnpg", "--with-ca-key"])
        .dir(&home)
        .env("PGTLS_CA_DIR", "ca")
        .env("PGTLS_CA_PASSPHRASE", "correct horse")
        .output();
    assert_eq!(text(&by_variable.stdout), by_flag, "{}", text(&by_variable.stderr));
    let words = "cert-manager --profile cnpg -n pgo --adopt --ca-dir ca --ca-passphrase-file pass";
    let adopted = pgtls(home.path(), &format!("k8s {words}"));
    assert!(text(&adopted.stderr).contains("holds the key of a CA"), "{}", text(&adopted.stderr));
    assert!(text(&adopted.stdout).starts_with(COMMENT));
    let adopted = objects(home.path(), &text(&adopted.stdout));
    let key = value(object(&adopted, "Secret", "hippo-tls-intermediate"), "tls.key");
    assert!(key.starts_with(b"-----BEGIN PRIVATE KEY-----\n"), "PKCS#8, and open");
}

#[test]
fn a_key_that_the_operator_cannot_read_is_refused_with_the_command_that_makes_one() {
    let home = scratch();
    made(home.path(), "gen cnpg --ca-key-type rsa-2048");
    let (code, said) = refused(home.path(), "cnpg --with-ca-key -n pgo");
    let expected = "pgtls: error: the key of \"pki/intermediate.crt\" is RSA 2048\n\
                    pgtls: detail: cnpg reads no key of a CA but one of ECDSA, in SEC1.\n\
                    pgtls: hint: Run: pgtls gen cnpg --set cluster=hippo --set namespace=pgo -D hippo-pki, and give -D \
                    hippo-pki\n";
    assert_eq!((code, said.as_str()), (Some(3), expected));
    made(home.path(), "gen cnpg --set cluster=hippo --set namespace=pgo -D hippo-pki");
    printed(home.path(), "cnpg --with-ca-key -n pgo -D hippo-pki");
    fs::copy(home.path().join("hippo-pki/client.key"), home.path().join("hippo-pki/intermediate.key"))
        .unwrap();
    let (code, said) = refused(home.path(), "cnpg --with-ca-key -D hippo-pki");
    assert_eq!(code, Some(3));
    assert!(said.starts_with("pgtls: error: \"hippo-pki/intermediate.crt\" cannot sign\n"), "{said}");
}

#[test]
fn a_target_that_signs_nothing_takes_no_key_and_a_flag_that_does_nothing_is_refused() {
    let home = scratch();
    made(home.path(), "gen pgo-v4");
    for (words, fact) in [
        ("pgo-v4 --with-ca-key", "--with-ca-key does not go with pgo-v4"),
        ("zalando --with-ca-key", "--with-ca-key does not go with zalando"),
        ("cert-manager -n pgo --with-ca-key", "--with-ca-key does not go with cert-manager"),
        ("pgo-v4 --ca-dir pki", "--ca-dir does not go with pgo-v4"),
        ("cnpg --ca-passphrase-file pki", "--ca-passphrase-file does not go with cnpg"),
        (
            "cert-manager -n pgo --adopt --passphrase-file pki",
            "--passphrase-file does not go with cert-manager",
        ),
    ] {
        let (code, said) = refused(home.path(), words);
        assert_eq!(code, Some(2), "{words}");
        assert!(said.starts_with(&format!("pgtls: error: {fact}\n")), "{said}");
    }
}

#[test]
fn a_file_with_it_is_private_says_so_above_it_and_can_be_judged() {
    let home = scratch();
    made(home.path(), "gen cnpg");
    let output = Run::new(&["k8s", "cnpg", "--with-ca-key", "--write", "db.yaml"])
        .dir(&home)
        .through("umask 0; exec \"$@\"")
        .output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("holds the key of a CA"), "{}", text(&output.stderr));
    assert_eq!(mode(&home.path().join("db.yaml")), 0o600);
    assert!(fs::read_to_string(home.path().join("db.yaml")).unwrap().starts_with(COMMENT));
    let judged = pgtls(home.path(), "verify db.yaml");
    assert!(text(&judged.stdout).contains("[ca-key-present]"), "{}", text(&judged.stdout));
}

#[test]
fn two_objects_of_one_name_are_refused_for_a_cluster_would_keep_the_last() {
    let home = scratch();
    made(home.path(), "gen cnpg");
    let (code, said) = refused(home.path(), "cnpg --ca-secret one --server-secret one");
    assert_eq!(code, Some(2));
    assert!(said.starts_with("pgtls: error: two objects would be the Secret \"one\"\n"), "{said}");
    made(home.path(), "gen pgo-v5 -D p5");
    let (code, _) = refused(home.path(), "pgo-v5 -D p5 --with-ca-key --server-secret pgo-root-cacert");
    assert_eq!(code, Some(2));
    printed(home.path(), "pgo-v5 -D p5 --server-secret pgo-root-cacert");
}
