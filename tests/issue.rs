//! `issue`: one more server, client or node under the CA of a directory, whoever made that.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use pgtls::index::Index;
use pgtls::keys::PublicKey;
use pgtls::pem;
use pgtls::x509::{Certificate, GeneralName};
use support::{Run, run, scratch, snapshot, text};
use tempfile::TempDir;

/// A directory `pki` with these words of `gen chain`.
fn directory(words: &[&str]) -> TempDir {
    let home = scratch();
    Run::new(&[&["gen", "chain", "-q", "--server", "db1.example.com"], words].concat()).dir(&home).code(0);
    home
}

fn issued(home: &TempDir, words: &[&str]) {
    Run::new(&[&["issue"], words, &["-q"]].concat()).dir(home).code(0);
}

/// Runs it, expects a refusal of that code whose message has these words, and that nothing changed.
fn refused(home: &TempDir, words: &[&str], code: i32, message: &str) {
    let before = snapshot(home.path());
    let output = Run::new(&[&["issue"], words].concat()).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}\n{stderr}");
    assert!(stderr.contains(message), "{stderr}\nis without\n{message}");
    assert!(stderr.contains("pgtls: hint: "), "{stderr}\nsays not how to mend it");
    assert_eq!(snapshot(home.path()), before, "a refusal changed something");
}

fn certificates(home: &TempDir, file: &str) -> Vec<Certificate> {
    let text = fs::read(home.path().join(file)).unwrap();
    let blocks = pem::scan(&text).blocks;
    blocks.iter().map(|block| Certificate::from_der(&block.der).unwrap()).collect()
}

fn openssl(at: &Path, words: &str) {
    run(at, "openssl", &words.split_whitespace().collect::<Vec<_>>());
}

/// A CA of somebody else: `DC=example,DC=com`, two `OU`s, an RDN of two attributes. Files `ca.key` and `ca.crt`.
fn bought(at: &Path, extensions: &str) {
    let configuration = format!(
        "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ca\n\
         [dn]\n1.DC = com\n2.DC = example\n1.OU = Engineering\n2.OU = Testing\nCN = Corp CA\n+serialNumber = 7\n\
         [ca]\n{extensions}\n"
    );
    fs::create_dir_all(at).unwrap();
    fs::write(at.join("ca.cnf"), configuration).unwrap();
    openssl(
        at,
        "req -x509 -config ca.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout ca.key -out ca.crt -days 900",
    );
}

const CA: &str = "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n\
                  subjectKeyIdentifier = hash";

#[test]
fn a_client_is_issued_by_the_lowest_ca_and_openssl_takes_it() {
    let home = directory(&["--intermediate"]);
    issued(&home, &["client", "alice"]);
    let pki = home.path().join("pki");
    openssl(
        &pki,
        "verify -x509_strict -purpose sslclient -CAfile root.crt -untrusted client.alice.crt client.alice.crt",
    );
    let mode = |file: &str| fs::metadata(pki.join(file)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("client.alice.key"), mode("client.alice.crt")), (0o600, 0o644));
    let list = certificates(&home, "pki/client.alice.crt");
    let [intermediate] = certificates(&home, "pki/intermediate.crt").try_into().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list[0].subject.to_string(), "CN=alice");
    assert_eq!((&list[0].issuer, &list[1]), (&intermediate.subject, &intermediate));
    let key = pgtls::keys::KeyFile::read(&fs::read(pki.join("client.alice.key")).unwrap(), None).unwrap();
    assert!(key.public().unwrap().is_same_key(&PublicKey::from_spki_der(&list[0].public_key)));
    let (code, report) = verified(&home);
    assert_eq!(code, Some(0), "{report}");
}

fn verified(home: &TempDir) -> (Option<i32>, String) {
    let output = Run::new(&["verify", "pki"]).dir(home).output();
    (output.status.code(), text(&output.stdout))
}

#[test]
fn it_says_what_goes_where() {
    let home = directory(&["--intermediate"]);
    let output = Run::new(&["issue", "client", "alice"]).dir(&home).output();
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("wrote into pki/: 1 certificate and its key (ECDSA P-256)\n\n"), "{stdout}");
    assert!(stdout.contains("client, role alice: client.alice.crt client.alice.key chain.crt\n"), "{stdout}");
    assert!(stdout.contains("user=alice sslmode=verify-full sslrootcert=chain.crt"), "{stdout}");
    assert!(!stdout.contains("client.crt"), "who was not issued is not named: {stdout}");
}

#[test]
fn names_are_typed_and_the_first_is_the_common_name() {
    let home = directory(&[]);
    issued(&home, &["server", "db2.example.com", "10.0.0.6", "::1"]);
    let [leaf] = certificates(&home, "pki/server.db2.example.com.crt").try_into().unwrap();
    let ip = |text: &str| GeneralName::Ip(text.parse().unwrap());
    let names = [GeneralName::Dns("db2.example.com".to_owned()), ip("10.0.0.6"), ip("::1")];
    assert_eq!(leaf.subject_alt_names, names);
    assert_eq!(leaf.subject.to_string(), "CN=db2.example.com");
    issued(&home, &["node", "n1.example.com", "--cn", "walsender"]);
    let [node] = certificates(&home, "pki/node.n1.example.com.crt").try_into().unwrap();
    assert_eq!(node.subject.to_string(), "CN=walsender");
    assert_eq!(node.extended_key_usage.len(), 2, "it serves and logs in");
}

#[test]
fn a_window_may_lie_in_the_past_and_never_beyond_the_ca() {
    let home = directory(&["--ca-lifetime", "400d"]);
    issued(&home, &["client", "old", "--not-before", "2020-01-01", "--not-after", "2020-02-01T00:00:00Z"]);
    let [old] = certificates(&home, "pki/client.old.crt").try_into().unwrap();
    assert_eq!((old.window.not_before.year(), old.window.not_after.year()), (2020, 2020));
    refused(
        &home,
        &["client", "long", "--lifetime", "500d"],
        3,
        "certificate \"client.long\" would outlive its CA",
    );
    let output = Run::new(&["issue", "client", "long", "--lifetime", "500d"]).dir(&home).output();
    let stderr = text(&output.stderr);
    let fits = stderr.split("--lifetime ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    issued(&home, &["client", "long", "--lifetime", fits]);
    let backwards = ["client", "x", "--not-before", "2027-01-01", "--not-after", "2026-12-01"];
    refused(&home, &backwards, 2, "would end before it begins");
}

#[test]
fn what_exists_is_not_replaced() {
    let home = directory(&[]);
    issued(&home, &["client", "alice"]);
    refused(&home, &["client", "alice"], 3, "\"pki/client.alice.crt\" exists already");
    fs::remove_file(home.path().join("pki/client.alice.crt")).unwrap();
    refused(&home, &["client", "alice"], 3, "\"pki/client.alice.key\" exists already");
}

#[test]
fn names_that_cannot_be_are_refused() {
    let home = directory(&[]);
    for (words, message) in [
        (&["client", "../alice"][..], "cannot name files: it has a slash"),
        (&["client", ".."], "cannot name files"),
        (&["client", "a\nb"], "cannot be the name of a role"),
        (&["client", "alice", "bob"], "a client takes one name, and 2 are given"),
        (&["server", "db 1"], "invalid name \"db 1\": it contains a space"),
        (&["server", "a.*.example.com"], "has a wildcard where none works"),
        (&["client", "alice", "--key-type", "dsa"], "--key-type"),
        (&["client", "alice", "--lifetime", "0d"], "--lifetime"),
        (&["client", "alice", "--not-before", "soon"], "--not-before"),
    ] {
        refused(&home, words, 2, message);
    }
}

#[test]
fn a_bought_ca_signs_with_its_name_to_the_byte() {
    let home = scratch();
    let pki = home.path().join("pki");
    bought(&pki, CA);
    issued(&home, &["server", "db1.example.com"]);
    issued(&home, &["client", "alice"]);
    let [ca] = certificates(&home, "pki/ca.crt").try_into().unwrap();
    let [alice] = certificates(&home, "pki/client.alice.crt").try_into().unwrap();
    assert_eq!(alice.issuer.as_der(), ca.subject.as_der());
    assert_eq!(alice.authority_key_identifier, ca.subject_key_identifier);
    openssl(&pki, "verify -x509_strict -purpose sslserver -CAfile ca.crt server.db1.example.com.crt");
    openssl(&pki, "verify -x509_strict -purpose sslclient -CAfile ca.crt client.alice.crt");
}

#[test]
fn the_directory_of_the_guides_commands_is_one_to_issue_from() {
    let home = scratch();
    let pki = home.path().join("pki");
    fs::create_dir(&pki).unwrap();
    // The commands of the guide, shortened: a root, an intermediate without key usage, a leaf of X.509 v1.
    openssl(
        &pki,
        "req -x509 -newkey rsa:2048 -noenc -subj /CN=root -days 900 -keyout root.key -out root.crt",
    );
    fs::write(pki.join("ca.ext"), "basicConstraints=CA:TRUE\n").unwrap();
    for (stem, issuer, extra) in
        [("intermediate", "root", " -extfile ca.ext"), ("server", "intermediate", "")]
    {
        openssl(
            &pki,
            &format!("req -newkey rsa:2048 -noenc -subj /CN={stem}.test -keyout {stem}.key -out {stem}.csr"),
        );
        openssl(
            &pki,
            &format!(
                "x509 -req -in {stem}.csr -CA {issuer}.crt -CAkey {issuer}.key -CAcreateserial -days 800 -out {stem}.crt{extra}"
            ),
        );
    }
    issued(&home, &["client", "alice"]);
    let list = certificates(&home, "pki/client.alice.crt");
    assert_eq!(list[0].issuer.to_string(), "CN=intermediate.test");
    assert_eq!(list.len(), 2, "the intermediate follows");
    openssl(&pki, "verify -purpose sslclient -CAfile root.crt -untrusted intermediate.crt client.alice.crt");
}

#[test]
fn a_ca_that_cannot_sign_is_refused() {
    for (extensions, message) in [
        ("basicConstraints = critical,CA:FALSE", "there is no CA in \"pki\""),
        (
            "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,cRLSign",
            "cannot sign: its key usage is without keyCertSign",
        ),
        (
            "basicConstraints = critical,CA:TRUE\nextendedKeyUsage = serverAuth",
            "cannot sign: its extended key usage does not allow clientAuth",
        ),
    ] {
        let home = scratch();
        bought(&home.path().join("pki"), extensions);
        refused(&home, &["client", "alice"], 3, message);
    }
    let home = scratch();
    let profile = "name = \"old\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=old\"\n\
                   not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2021-01-01T00:00:00Z\"\n";
    fs::write(home.path().join("old.toml"), profile).unwrap();
    Run::new(&["gen", "./old.toml", "-q"]).dir(&home).code(0);
    let window = ["client", "alice", "--not-before", "2020-02-01", "--not-after", "2020-03-01"];
    refused(&home, &window, 3, "cannot sign: it is valid from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z");
}

#[test]
fn a_ca_below_one_that_allows_none_is_refused() {
    let home = scratch();
    let profile = "name = \"spent\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\n\
                   lifetime = \"900d\"\npath_length = 0\n[[certificate]]\nname = \"intermediate\"\n\
                   usage = \"intermediate-ca\"\nissuer = \"root\"\nsubject = \"CN=intermediate\"\n\
                   lifetime = \"800d\"\nwaive = [\"path-length-spent\"]\n";
    fs::write(home.path().join("spent.toml"), profile).unwrap();
    Run::new(&["gen", "./spent.toml", "-q"]).dir(&home).code(0);
    let message = "\"pki/root.crt\" cannot sign: its path length is 0, and 1 CA follows it";
    refused(&home, &["client", "alice"], 3, message);
    issued(&home, &["client", "bob", "--ca", "pki/root.crt", "--ca-key", "pki/root.key"]);
}

#[test]
fn the_key_of_the_ca_has_to_be_there_and_its_own() {
    let home = directory(&["--intermediate"]);
    let pki = home.path().join("pki");
    fs::rename(pki.join("intermediate.key"), home.path().join("away.key")).unwrap();
    refused(&home, &["client", "alice"], 4, "the key of the CA \"pki/intermediate.crt\" is not there");
    let root_only = directory(&[]);
    fs::remove_file(root_only.path().join("pki/root.key")).unwrap();
    refused(&root_only, &["client", "alice"], 4, "the key of the CA \"pki/root.crt\" is not there");
    fs::copy(pki.join("client.key"), pki.join("intermediate.key")).unwrap();
    refused(&home, &["client", "alice"], 3, "its key is the key of another certificate");
}

#[test]
fn an_encrypted_key_of_a_ca_is_opened_by_file_and_by_variable() {
    let home = scratch();
    for (file, passphrase) in [("right", "secret words\n"), ("wrong", "other words\n")] {
        fs::write(home.path().join(file), passphrase).unwrap();
    }
    let words = ["gen", "chain", "-q", "--ca-passphrase-file", "right", "--server", "db1.example.com"];
    Run::new(&words).dir(&home).code(0);
    refused(&home, &["client", "alice"], 3, "the key of the CA \"root\" cannot be used");
    refused(&home, &["client", "alice", "--ca-passphrase-file", "wrong"], 3, "cannot be used");
    refused(&home, &["client", "alice", "--ca-passphrase-file", "nowhere"], 4, "could not read \"nowhere\"");
    issued(&home, &["client", "alice", "--ca-passphrase-file", "right"]);
    let by_variable = |value: &str, name: &str| {
        Run::new(&["issue", "client", name, "-q"]).dir(&home).env("PGTLS_CA_PASSPHRASE", value).output()
    };
    assert_eq!(by_variable("other words", "bob").status.code(), Some(3));
    assert_eq!(by_variable("secret words", "bob").status.code(), Some(0));
    let shown = text(&by_variable("other words", "carol").stderr);
    assert!(!shown.contains("other words"), "{shown}");
    // OpenSSL would read the first as another one, and no file could hold the second.
    for value in ["x".repeat(1024).as_str(), "secret words\n"] {
        let refused = by_variable(value, "carol");
        let shown = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{shown}");
        assert!(
            shown.contains("variable PGTLS_CA_PASSPHRASE holds no passphrase that openssl can take"),
            "{shown}"
        );
    }
}

#[test]
fn what_is_named_as_a_ca_and_holds_none_is_told_by_its_flag() {
    let home = directory(&[]);
    for (certificate, key, message) in [
        ("root.key", "root.key", "--ca: certificate file \"pki/root.key\" holds no certificate"),
        (
            "root.crt",
            "root.crt",
            "--ca-key: key file \"pki/root.crt\" cannot be read: no private key found in it",
        ),
    ] {
        let (certificate, key) = (format!("pki/{certificate}"), format!("pki/{key}"));
        refused(&home, &["client", "alice", "-D", "new", "--ca", &certificate, "--ca-key", &key], 3, message);
    }
}

#[test]
fn a_new_key_is_encrypted_where_that_is_asked_for() {
    let home = directory(&[]);
    fs::write(home.path().join("pass"), "of the leaf\n").unwrap();
    issued(&home, &["client", "alice", "--encrypt-key-file", "pass"]);
    let pki = home.path().join("pki");
    let key = fs::read_to_string(pki.join("client.alice.key")).unwrap();
    assert!(key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{key}");
    openssl(&pki, "pkey -in client.alice.key -passin file:../pass -noout");
}

#[test]
fn of_several_cas_one_is_named() {
    let home = directory(&[]);
    let pki = home.path().join("pki");
    bought(&pki, CA);
    refused(&home, &["client", "alice"], 3, "several CAs could sign: pki/ca.crt, pki/root.crt");
    issued(&home, &["client", "alice", "--ca", "pki/ca.crt", "--ca-key", "pki/ca.key"]);
    let [alice] = certificates(&home, "pki/client.alice.crt").try_into().unwrap();
    assert!(alice.issuer.to_string().contains("Corp CA"), "{}", alice.issuer);
    fs::remove_file(pki.join("ca.key")).unwrap();
    issued(&home, &["client", "bob"]);
    let [bob] = certificates(&home, "pki/client.bob.crt").try_into().unwrap();
    assert_eq!(bob.issuer.to_string(), "CN=root.example.com", "the other has no key here");
    fs::remove_file(pki.join("root.key")).unwrap();
    refused(&home, &["client", "carol"], 3, "several CAs could sign: pki/ca.crt, pki/root.crt");
}

/// As `openssl req -x509` makes one: CA:TRUE, no key usage, and nothing signed yet. Its name says nothing either.
#[test]
fn a_ca_that_is_named_is_taken_for_one_and_refused_for_what_it_lacks() {
    let home = directory(&[]);
    let safe = home.path().join("safe");
    bought(&safe, "basicConstraints = critical,CA:TRUE");
    fs::rename(safe.join("ca.crt"), safe.join("corp.crt")).unwrap();
    let words = ["client", "alice", "-D", "app", "--ca", "safe/corp.crt", "--ca-key", "safe/ca.key"];
    issued(&home, &words);
    assert!(certificates(&home, "app/client.alice.crt")[0].issuer.to_string().contains("Corp CA"));
    for file in ["root.crt", "root.key"] {
        fs::copy(home.path().join("pki").join(file), safe.join(file.replace("root", "zroot"))).unwrap();
    }
    issued(&home, &["client", "bob", "--ca", "safe/zroot.crt", "--ca-key", "safe/zroot.key"]);
    let message = "\"pki/server.crt\" cannot sign: it is no CA (basicConstraints)";
    let words = ["client", "x", "-D", "new", "--ca", "pki/server.crt", "--ca-key", "pki/server.key"];
    refused(&home, &words, 3, message);
}

#[test]
fn a_ca_that_lies_elsewhere_begins_a_directory() {
    let home = scratch();
    bought(&home.path().join("safe"), CA);
    let words = ["client", "alice", "-D", "app", "--ca", "safe/ca.crt", "--ca-key", "safe/ca.key"];
    issued(&home, &words);
    let app = home.path().join("app");
    openssl(&app, "verify -purpose sslclient -CAfile chain.crt client.alice.crt");
    openssl(&app, "verify -purpose sslclient -CAfile ../safe/ca.crt client.alice.crt");
    assert_eq!(Run::new(&["verify", "app"]).dir(&home).output().status.code(), Some(0));
    let trust = fs::read(app.join("chain.crt")).unwrap();
    issued(&home, &["server", "db2.test", "-D", "app", "--ca", "safe/ca.crt", "--ca-key", "safe/ca.key"]);
    assert_eq!(fs::read(app.join("chain.crt")).unwrap(), trust);
    assert!(!app.join("ca.key").exists(), "the key of a CA stays where it is");
    let mode = fs::metadata(&app).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o700);
    refused(&home, &["client", "alice", "-D", "nowhere"], 4, "\"nowhere\" does not exist");
}

#[test]
fn what_peers_are_to_trust_is_there_or_its_lack_is_told() {
    let home = directory(&["--intermediate", "--ca-dir", "ca"]);
    issued(&home, &["client", "alice", "--ca-dir", "ca", "-D", "app"]);
    let names = |file: &str| {
        let list = certificates(&home, file).into_iter();
        list.map(|certificate| certificate.subject.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names("app/chain.crt"), ["CN=intermediate.example.com", "CN=root.example.com"]);
    // The bundle of another CA stays what it is.
    bought(&home.path().join("safe"), CA);
    let output = Run::new(&["issue", "client", "bob", "--ca", "safe/ca.crt", "--ca-key", "safe/ca.key"]);
    let stdout = text(&output.dir(&home).output().stdout);
    assert!(stdout.contains("sslrootcert=trust.crt"), "{stdout}");
    assert_eq!(names("pki/trust.crt").len(), 1);
    assert_eq!(names("pki/chain.crt").len(), 2);
    fs::copy(home.path().join("ca/root.crt"), home.path().join("pki/ca.crt")).unwrap();
    let words = ["client", "carol", "--ca", "safe/ca.crt", "--ca-key", "safe/ca.key"];
    refused(&home, &words, 3, "certificate file \"pki/ca.crt\" is not the one in \"safe/ca.crt\"");
    let intermediate = ["--ca", "ca/intermediate.crt", "--ca-key", "ca/intermediate.key"];
    let output = Run::new(&[&["issue", "client", "dora", "-D", "new"], &intermediate[..]].concat())
        .dir(&home)
        .output();
    assert_eq!(output.status.code(), Some(0));
    let warning = "warning: CN=root.example.com, who signed intermediate.crt, is in no file here";
    assert!(text(&output.stderr).contains(warning), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("sslrootcert"), "{}", text(&output.stdout));
}

#[test]
fn a_dry_run_says_all_and_writes_nothing() {
    let home = directory(&["--intermediate"]);
    let before = snapshot(home.path());
    let output = Run::new(&["issue", "client", "alice", "--dry-run", "--json"]).dir(&home).output();
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["dry_run"], true);
    let files: Vec<&str> =
        value["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert!(files.contains(&"client.alice.key") && files.contains(&"client.alice.crt"), "{files:?}");
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn runs_at_once_lose_nothing() {
    let home = directory(&["--intermediate"]);
    thread::scope(|scope| {
        for at in 0..12 {
            let home = &home;
            scope.spawn(move || issued(home, &["client", &format!("role{at}")]));
        }
    });
    for at in 0..12 {
        assert_eq!(certificates(&home, &format!("pki/client.role{at}.crt")).len(), 2);
    }
    let (code, report) = verified(&home);
    assert_eq!(code, Some(0), "{report}");
}

/// The subjects in an index, in its order.
fn recorded(home: &TempDir, file: &str) -> Vec<String> {
    let index = Index::parse(&fs::read(home.path().join(file)).unwrap()).unwrap();
    index.lines().iter().map(|line| line.subject.to_string()).collect()
}

#[test]
fn the_first_index_tells_of_all_that_is_here_and_later_ones_go_on() {
    let home = directory(&["--intermediate"]);
    assert!(!home.path().join("pki/intermediate.index").exists(), "the files of a new directory tell all");
    issued(&home, &["client", "alice"]);
    let mut first = recorded(&home, "pki/intermediate.index");
    assert_eq!(first.pop().as_deref(), Some("/CN=alice"));
    first.sort();
    assert_eq!(first, ["/CN=db1.example.com", "/CN=kong"]);
    let attributes = home.path().join("pki/intermediate.index.attr");
    assert_eq!(fs::read_to_string(&attributes).unwrap(), "unique_subject = no\n");
    fs::write(&attributes, "unique_subject = yes\n").unwrap();
    // What was issued and is away stays recorded.
    for file in ["client.alice.crt", "client.alice.key"] {
        fs::remove_file(home.path().join("pki").join(file)).unwrap();
    }
    issued(&home, &["client", "bob"]);
    assert_eq!(fs::read_to_string(&attributes).unwrap(), "unique_subject = yes\n", "it is the user's");
    issued(&home, &["client", "alice"]);
    let later = recorded(&home, "pki/intermediate.index");
    assert_eq!(later[2..], ["/CN=alice", "/CN=bob", "/CN=alice"]);
    assert_eq!(
        fs::read_to_string(&attributes).unwrap(),
        "unique_subject = no\n",
        "OpenSSL takes no two of a name"
    );
    let configuration = "[ca]\ndefault_ca = d\n[d]\ndatabase = intermediate.index\ncertificate = intermediate.crt\n\
                         private_key = intermediate.key\ndefault_md = sha256\ndefault_crl_days = 9\n";
    fs::write(home.path().join("ca.cnf"), configuration).unwrap();
    openssl(&home.path().join("pki"), "ca -config ../ca.cnf -revoke client.alice.crt");
    openssl(&home.path().join("pki"), "ca -config ../ca.cnf -gencrl -out ../x.crl");
    let index = fs::read(home.path().join("pki/intermediate.index")).unwrap();
    let [alice, _] = certificates(&home, "pki/client.alice.crt").try_into().unwrap();
    assert!(Index::parse(&index).unwrap().line_of(&alice.serial).is_some());
}

/// What `inspect --issued` says that an index would list is what the first one does.
#[test]
fn the_first_index_tells_of_certificates_under_any_name_and_of_what_lists_revoke() {
    let home = directory(&[]);
    let pki = home.path().join("pki");
    for name in ["alice", "bob", "carol"] {
        issued(&home, &["client", name]);
    }
    let configuration = "[ca]\ndefault_ca = d\n[d]\ndatabase = root.index\ncertificate = root.crt\n\
                         private_key = root.key\ndefault_md = sha256\ndefault_crl_days = 9\n";
    fs::write(home.path().join("ca.cnf"), configuration).unwrap();
    openssl(&pki, "ca -config ../ca.cnf -revoke client.alice.crt -crl_reason keyCompromise");
    openssl(&pki, "ca -config ../ca.cnf -gencrl -out root.crl");
    for file in fs::read_dir(&pki).unwrap() {
        let path = file.unwrap().path();
        if path.to_str().unwrap().contains("root.index") {
            fs::remove_file(path).unwrap();
        }
    }
    openssl(&pki, "x509 -in client.bob.crt -outform DER -out bob.cer");
    fs::remove_file(pki.join("client.bob.crt")).unwrap();
    let combined =
        [fs::read(pki.join("client.carol.key")).unwrap(), fs::read(pki.join("client.carol.crt")).unwrap()];
    fs::write(pki.join("carol.pem"), combined.concat()).unwrap();
    fs::remove_file(pki.join("client.carol.crt")).unwrap();
    let told = || {
        let output = Run::new(&["inspect", "--issued", "--short", "pki"]).dir(&home).output();
        let lines = text(&output.stdout);
        let field = |line: &str, at: usize| line.split('\t').nth(at).unwrap_or_default().to_owned();
        let mut told: Vec<_> =
            lines.lines().map(|line| [field(line, 0), field(line, 4), field(line, 7)]).collect();
        told.sort();
        told
    };
    let before = told();
    assert!(before.contains(&["revoked", "/CN=alice", "keyCompromise"].map(str::to_owned)), "{before:?}");
    assert_eq!(before.len(), 5, "{before:?}");
    issued(&home, &["client", "dave"]);
    let mut after = told();
    after.retain(|line| line[1] != "/CN=dave");
    assert_eq!(after, before);
    // What the index says later is not changed by an old list.
    let index = fs::read_to_string(pki.join("root.index")).unwrap();
    let place = index.find("\nR\t").map_or(0, |at| at + 1);
    let held: Vec<&str> = index[place..].split('\t').collect();
    let line = index[place..].lines().next().unwrap();
    let valid = line.replacen('R', "V", 1).replacen(held[2], "", 1);
    fs::write(pki.join("root.index"), index.replace(line, &valid)).unwrap();
    issued(&home, &["client", "erin"]);
    assert!(told().contains(&["valid", "/CN=alice", ""].map(str::to_owned)), "{:?}", told());
}

#[test]
fn gen_records_what_it_replaces_and_what_it_makes() {
    let home = directory(&[]);
    let [old] = certificates(&home, "pki/server.crt").try_into().unwrap();
    Run::new(&["gen", "chain", "-q", "--server", "db1.example.com", "--force"]).dir(&home).code(0);
    let [new] = certificates(&home, "pki/server.crt").try_into().unwrap();
    let index = Index::parse(&fs::read(home.path().join("pki/root.index")).unwrap()).unwrap();
    assert_eq!(index.lines().len(), 4, "two of each");
    for certificate in [&old, &new] {
        assert!(index.line_of(&certificate.serial).is_some());
    }
}

#[test]
fn the_index_of_a_ca_that_lies_apart_is_with_its_key() {
    let home = directory(&["--intermediate", "--ca-dir", "ca"]);
    assert_eq!(recorded(&home, "ca/root.index"), ["/CN=intermediate.example.com"]);
    issued(&home, &["client", "alice", "--ca-dir", "ca"]);
    Run::new(&["issue", "client", "bob", "-q", "-D", "other", "--ca-dir", "ca"]).dir(&home).code(0);
    let all = ["/CN=db1.example.com", "/CN=kong", "/CN=alice", "/CN=bob"];
    assert_eq!(recorded(&home, "ca/intermediate.index"), all);
    assert!(!home.path().join("pki/intermediate.index").exists());
    bought(&home.path().join("safe"), CA);
    issued(&home, &["client", "carol", "--ca", "safe/ca.crt", "--ca-key", "safe/ca.key"]);
    assert_eq!(recorded(&home, "safe/ca.index"), ["/CN=carol"]);
}

#[test]
fn a_damaged_index_is_refused_with_its_line() {
    let home = directory(&[]);
    fs::write(home.path().join("pki/root.index"), "V\t271121000000Z\t\t01\tunknown\t/CN=x\nnonsense\n")
        .unwrap();
    refused(&home, &["client", "alice"], 4, "index \"pki/root.index\" cannot be read: ");
}

#[test]
fn the_faults_of_others_keep_nobody_from_being_issued() {
    let home = directory(&[]);
    issued(&home, &["client", "alice"]);
    issued(&home, &["client", "bob"]);
    let pki = home.path().join("pki");
    fs::copy(pki.join("client.bob.key"), pki.join("client.alice.key")).unwrap();
    issued(&home, &["client", "carol"]);
    let (code, report) = verified(&home);
    assert!(code == Some(1) && report.contains("[key-mismatch]"), "{report}");
    // Nor a key of a kind that signs nothing here.
    openssl(&pki, "ecparam -name secp521r1 -genkey -noout -out server.key");
    openssl(&pki, "genpkey -algorithm ed448 -out elsewhere.key");
    issued(&home, &["client", "dave"]);
    let key = fs::read(pki.join("root.key")).unwrap();
    fs::write(pki.join("root.key"), "damaged").unwrap();
    refused(&home, &["client", "erin"], 3, "key file \"pki/root.key\" cannot be read");
    fs::write(pki.join("root.key"), key).unwrap();
    fs::write(pki.join("server.crt"), "damaged").unwrap();
    refused(&home, &["client", "erin"], 3, "certificate file \"pki/server.crt\" holds no certificate");
    // Where the CA is named, what else is there does not count.
    bought(&home.path().join("safe"), CA);
    issued(&home, &["client", "erin", "--ca", "safe/ca.crt", "--ca-key", "safe/ca.key"]);
}

/// Both have a `server.crt` of their own.
#[test]
fn a_whole_directory_may_be_that_of_the_ca() {
    let home = directory(&["--intermediate"]);
    let words = ["gen", "chain", "--intermediate", "-q", "-D", "db2", "--ca-dir", "pki"];
    Run::new(&words).dir(&home).code(0);
    Run::new(&["issue", "client", "alice", "-q", "-D", "db2", "--ca-dir", "pki"]).dir(&home).code(0);
    let mut subjects = recorded(&home, "pki/intermediate.index");
    assert_eq!(subjects.pop().as_deref(), Some("/CN=alice"));
    subjects.sort();
    let names = ["/CN=db1.example.com", "/CN=dbhost.yourdomain.com", "/CN=kong", "/CN=kong"];
    assert_eq!(subjects, names, "those of both directories");
    let pki = home.path().join("pki");
    fs::write(pki.join("intermediate.crt"), "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
        .unwrap();
    refused(
        &home,
        &["client", "bob", "-D", "db2", "--ca-dir", "pki"],
        3,
        "\"pki/intermediate.crt\" cannot be read",
    );
}
