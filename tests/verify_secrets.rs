//! Secrets as input of `verify`, `inspect` and `verify --against`, as kubectl writes them.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::{Run, scratch, text};
use tempfile::TempDir;

/// What kubectl prints of a Secret that holds these files under these keys.
fn kubectl(home: &Path, name: &str, form: &str, files: &[(&str, &str)]) -> String {
    let mut command = Command::new("kubectl");
    command.args(["create", "secret", "generic", name, "--dry-run=client", "-o", form]).current_dir(home);
    command.env("KUBECONFIG", "/dev/null");
    command.args(files.iter().map(|(key, file)| format!("--from-file={key}={file}")));
    let output = command.output().expect("kubectl is installed by make test");
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

const SERVER: [(&str, &str); 3] =
    [("tls.crt", "pki/server.crt"), ("tls.key", "pki/server.key"), ("ca.crt", "pki/chain.crt")];
const CLIENT: [(&str, &str); 3] =
    [("tls.crt", "pki/client.crt"), ("tls.key", "pki/client.key"), ("ca.crt", "pki/chain.crt")];

fn site() -> TempDir {
    let home = scratch();
    let words = ["gen", "chain", "--intermediate", "-q", "--server", "db1.example.com", "--client", "app"];
    Run::new(&words).dir(&home).code(0);
    home
}

/// Both Secrets of a cluster as several documents, in a file.
fn cluster(home: &TempDir, server: &[(&str, &str)], client: &[(&str, &str)]) {
    let of = |name: &str, files: &[(&str, &str)]| kubectl(home.path(), name, "yaml", files);
    let both = format!("{}---\n{}", of("postgresql-tls", server), of("replication", client));
    fs::write(home.path().join("secrets.yaml"), both).unwrap();
}

/// Exit code and both streams.
fn said(home: &TempDir, words: &[&str]) -> (i32, String) {
    let output = Run::new(words).dir(home).output();
    (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn what_is_good_in_a_directory_is_good_in_a_cluster() {
    let home = site();
    cluster(&home, &SERVER, &CLIENT);
    let questions = ["--host", "db1.example.com", "-U", "app"];
    let (code, found) = said(&home, &[&["verify", "secrets.yaml"], &questions[..]].concat());
    assert_eq!(code, 0, "{found}");
    assert!(found.starts_with("checked secrets.yaml: 4 certificates, 2 keys, "), "{found}");
    assert!(found.contains("0 errors"), "{found}");
    // Where there are no files there are no modes.
    assert!(!found.contains("mode") && !found.contains("0600"), "{found}");
    let (code, found) = said(&home, &["verify", "secrets.yaml", "--host", "other.example.com"]);
    assert!(
        code == 1 && found.contains("secret/postgresql-tls:tls.crt") && found.contains("[host-mismatch]"),
        "{found}"
    );
    let (code, found) = said(&home, &["verify", "secrets.yaml", "-U", "other"]);
    assert!(
        code == 1 && found.contains("secret/replication:tls.crt") && found.contains("[role-mismatch]"),
        "{found}"
    );
}

#[test]
fn yaml_json_a_list_and_standard_input_say_the_same() {
    let home = site();
    let [server, client] = ["server", "client"]
        .map(|name| kubectl(home.path(), name, "json", if name == "server" { &SERVER } else { &CLIENT }));
    fs::write(home.path().join("server.json"), &server).unwrap();
    fs::write(home.path().join("client.json"), &client).unwrap();
    let list = format!("{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{server}, {client}]}}");
    fs::write(home.path().join("list.json"), list).unwrap();
    cluster(&home, &SERVER, &CLIENT);
    for words in
        [&["verify", "server.json", "client.json"][..], &["verify", "list.json"], &["verify", "secrets.yaml"]]
    {
        let (code, found) = said(&home, words);
        assert!(code == 0 && found.contains("4 certificates, 2 keys"), "{words:?}\n{found}");
    }
    for file in ["list.json", "secrets.yaml"] {
        let piped = Run::new(&["verify", "-"]).dir(&home).through(&format!("\"$@\" <{file}")).output();
        assert!(piped.status.success(), "{}", text(&piped.stdout));
        assert!(text(&piped.stdout).contains("4 certificates, 2 keys"), "{}", text(&piped.stdout));
    }
}

#[test]
fn what_is_wrong_in_a_cluster_is_found_and_named_by_secret_and_key() {
    let home = site();
    Run::new(&["gen", "chain", "--intermediate", "-q", "-D", "other", "--client", "app"]).dir(&home).code(0);
    let replaced = |files: &[(&'static str, &'static str)], key: &str, file: &'static str| {
        let mut files = files.to_vec();
        files.iter_mut().filter(|(known, _)| *known == key).for_each(|entry| entry.1 = file);
        files
    };
    for (server, client, rule, file) in [
        (
            replaced(&SERVER, "tls.key", "pki/client.key"),
            CLIENT.to_vec(),
            "key-mismatch",
            "secret/postgresql-tls:tls.key",
        ),
        (
            replaced(&SERVER, "ca.crt", "pki/intermediate.crt"),
            CLIENT.to_vec(),
            "anchor-not-self-signed",
            "ca.crt",
        ),
        // A client that another CA signed, whose own Secret says so.
        (
            SERVER.to_vec(),
            vec![
                ("tls.crt", "other/client.crt"),
                ("tls.key", "other/client.key"),
                ("ca.crt", "other/chain.crt"),
            ],
            "chain-incomplete",
            "other",
        ),
        (
            replaced(&SERVER, "tls.crt", "pki/client.crt"),
            CLIENT.to_vec(),
            "key-mismatch",
            "secret/postgresql-tls",
        ),
        (
            replaced(&SERVER, "tls.crt", "pki/server.key"),
            CLIENT.to_vec(),
            "key-alone",
            "secret/postgresql-tls",
        ),
    ] {
        cluster(&home, &server, &client);
        let (code, found) = said(&home, &["verify", "secrets.yaml", "--strict"]);
        let is_named = file == "other" || found.contains(file);
        assert!(code == 1 && found.contains(rule) && is_named, "{rule} {file}\n{found}");
        // No command reaches into a cluster.
        assert!(
            !found.contains("hint: Run") && !found.contains("pgtls gen") && !found.contains("pgtls renew"),
            "{found}"
        );
    }
}

#[test]
fn a_list_of_the_revoked_in_a_secret_counts() {
    let home = site();
    Run::new(&["revoke", "client", "-q"]).dir(&home).output();
    let revoked = fs::read_dir(home.path().join("pki/revoked")).unwrap().map(|entry| entry.unwrap().path());
    for path in revoked {
        let ending = path.extension().unwrap().to_str().unwrap();
        fs::copy(&path, home.path().join("pki").join(format!("client.{ending}"))).unwrap();
    }
    let with_list = [&SERVER[..], &[("ca.crl", "pki/chain.crl")]].concat();
    cluster(&home, &with_list, &CLIENT);
    let (code, found) = said(&home, &["verify", "secrets.yaml"]);
    assert!(
        code == 1 && found.contains("[revoked]") && found.contains("secret/replication:tls.crt"),
        "{found}"
    );
}

#[test]
fn a_ca_in_a_secret_of_its_own_is_what_both_sides_trust() {
    let home = site();
    let of = |name: &str, files: &[(&str, &str)]| kubectl(home.path(), name, "yaml", files);
    let ca = of("postgresql-ca", &SERVER[2..]);
    let (server, client) = (of("hippo-tls", &SERVER[..2]), of("repl", &CLIENT[..2]));
    fs::write(home.path().join("all.yaml"), format!("{ca}---\n{server}---\n{client}")).unwrap();
    let (code, found) = said(&home, &["verify", "all.yaml"]);
    assert!(code == 0 && found.contains("secret/postgresql-ca:ca.crt"), "{found}");
    // Without it, the CA can be named, as a manifest too.
    fs::write(home.path().join("server.yaml"), &server).unwrap();
    fs::write(home.path().join("ca.yaml"), &ca).unwrap();
    assert_eq!(said(&home, &["verify", "server.yaml"]).0, 1);
    assert_eq!(said(&home, &["verify", "server.yaml", "--trust", "pki/chain.crt"]).0, 0);
    assert_eq!(said(&home, &["verify", "server.yaml", "--trust", "ca.yaml"]).0, 0);
}

#[test]
fn secrets_of_one_name_are_told_apart_by_their_namespaces_or_refused() {
    let home = site();
    let of = |namespace: &str, files: &[(&str, &str)]| {
        let text = kubectl(home.path(), "db", "yaml", files);
        text.replace("  name: db\n", &format!("  name: db\n{namespace}"))
    };
    let apart = format!("{}---\n{}", of("  namespace: one\n", &SERVER), of("  namespace: two\n", &CLIENT));
    fs::write(home.path().join("apart.yaml"), apart).unwrap();
    let (code, found) = said(&home, &["verify", "apart.yaml", "-U", "other"]);
    assert!(code == 1 && found.contains("secret/two/db:tls.crt"), "{found}");
    fs::write(home.path().join("old.yaml"), of("", &SERVER)).unwrap();
    fs::write(home.path().join("new.yaml"), of("", &CLIENT)).unwrap();
    for verb in ["verify", "inspect"] {
        let (code, found) = said(&home, &[verb, "old.yaml", "new.yaml"]);
        assert!(code == 2 && found.contains("secret \"db\" is there already"), "{verb} {found}");
    }
}

#[test]
fn what_issue_streams_as_secrets_verify_reads() {
    let home = site();
    fs::write(home.path().join("roles.txt"), "alice\nbob\n").unwrap();
    let words = ["issue", "client", "-f", "roles.txt", "--stream", "k8s", "--write", "roles.yaml", "-q"];
    assert!(Run::new(&words).dir(&home).output().status.success());
    let (code, found) = said(&home, &["verify", "roles.yaml"]);
    assert!(code == 0 && found.contains("4 certificates, 2 keys"), "{found}");
}

#[test]
fn a_manifest_of_thousands_of_secrets_is_read() {
    let home = site();
    let one = kubectl(home.path(), "role", "yaml", &CLIENT);
    let named = |at: usize| one.replace("  name: role\n", &format!("  name: role{at}\n"));
    let many: Vec<String> = (0..1_500).map(named).collect();
    fs::write(home.path().join("many.yaml"), many.join("---\n")).unwrap();
    let (code, found) = said(&home, &["verify", "many.yaml"]);
    assert!(code == 0 && found.contains("3 certificates, 1,500 keys"), "{found}");
}

#[test]
fn a_cluster_is_compared_with_a_directory() {
    let home = site();
    cluster(&home, &SERVER, &CLIENT);
    Run::new(&["export", "server", "--as", "tls", "--to", "server", "-q"]).dir(&home).output();
    let secret = kubectl(home.path(), "db", "yaml", &SERVER);
    fs::write(home.path().join("db.yaml"), &secret).unwrap();
    let (code, found) = said(&home, &["verify", "server", "--against", "db.yaml"]);
    assert_eq!(code, 0, "{found}");
    let (code, found) = said(&home, &["verify", "db.yaml", "--against", "server"]);
    assert_eq!(code, 0, "{found}");
    assert!(Run::new(&["renew", "server", "-q"]).dir(&home).output().status.success());
    assert!(
        Run::new(&["export", "server", "--as", "tls", "--to", "new", "-q"])
            .dir(&home)
            .output()
            .status
            .success()
    );
    let (code, found) = said(&home, &["verify", "new", "--against", "db.yaml"]);
    assert!(code == 1 && found.contains("renewed") && found.contains("secret/db:tls.crt"), "{found}");
}

#[test]
fn inspect_shows_what_a_secret_holds_and_never_a_key() {
    let home = site();
    cluster(&home, &SERVER, &CLIENT);
    let (code, found) = said(&home, &["inspect", "secrets.yaml"]);
    assert_eq!(code, 0, "{found}");
    for wanted in ["secret/postgresql-tls:tls.crt", "secret/replication:tls.key", "CN=db1.example.com"] {
        assert!(found.contains(wanted), "{wanted}\n{found}");
    }
    let (code, pem) = said(&home, &["inspect", "--pem", "secrets.yaml"]);
    assert!(code == 0 && pem.matches("BEGIN CERTIFICATE").count() == 4 && !pem.contains("PRIVATE"), "{pem}");
    let short = said(&home, &["inspect", "--short", "secrets.yaml"]).1;
    assert!(short.contains("secret/postgresql-tls:tls.crt"), "{short}");
}

#[test]
fn a_manifest_that_cannot_be_read_is_refused_and_shows_nothing_of_itself() {
    let home = site();
    let head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n";
    for (manifest, fact) in [
        (
            format!("{head}data:\n  tls.key: hunter2!\n"),
            "s.yaml: secret \"db\" holds no base64 under \"tls.key\"",
        ),
        (format!("{head}data: [hunter2]\n"), "s.yaml:5:7: not the YAML or JSON of a Secret"),
        ("apiVersion: v1\nkind: Pod\n".to_owned(), "s.yaml: no Secret in it"),
    ] {
        fs::write(home.path().join("s.yaml"), manifest).unwrap();
        for words in
            [&["verify", "s.yaml"][..], &["inspect", "s.yaml"], &["verify", "pki", "--against", "s.yaml"]]
        {
            let (code, found) = said(&home, words);
            assert!(code == 2 && found.contains(fact) && !found.contains("hunter2"), "{words:?}\n{found}");
        }
    }
    // One without anything of ours.
    fs::write(home.path().join("s.yaml"), format!("{head}data:\n  password: aHVudGVyMg==\n")).unwrap();
    let (code, found) = said(&home, &["verify", "s.yaml"]);
    assert!(
        code == 2 && found.contains("there is nothing to judge") && !found.contains("hunter2"),
        "{found}"
    );
}
