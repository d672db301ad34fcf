//! `k8s pgo-v4`: what the guide's `kubectl create secret` commands make, to the byte, and what it refuses.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod support;

use cluster::{all_values, kubectl_secret, made, object, objects, pgtls, printed, value};
use std::fs;
use std::path::Path;
use support::{Run, mode, names, run, scratch, text};

const SERVICES: &str = "hippo hippo.pgo hippo.pgo.svc hippo.pgo.svc.cluster.local hippo-replica hippo-replica.pgo \
                        hippo-replica.pgo.svc hippo-replica.pgo.svc.cluster.local";

/// A directory for the cluster hippo, so that there is nothing to warn of.
fn fitting(home: &Path) {
    let names: Vec<String> = SERVICES.split(' ').map(|name| format!("--server {name}")).collect();
    made(home, &format!("gen chain --intermediate --replication {}", names.join(" ")));
}

/// What the guide's three commands make of the files.
fn of_kubectl(home: &Path, namespace: &[&str], has_lists: bool) -> String {
    let mut ca = vec!["generic", "postgresql-ca", "--from-file=ca.crt=pki/chain.crt"];
    ca.extend(has_lists.then_some("--from-file=ca.crl=pki/chain.crl"));
    let server = ["tls", "hippo-tls-keypair", "--cert=pki/server.crt", "--key=pki/server.key"];
    let replication =
        ["tls", "hippo-tls-replication-keypair", "--cert=pki/replication.crt", "--key=pki/replication.key"];
    let made =
        [&ca[..], &server, &replication].map(|words| kubectl_secret(home, &[words, namespace].concat()));
    made.join("---\n")
}

#[test]
fn the_secrets_are_to_the_byte_what_kubectl_makes_of_the_same_files() {
    let home = scratch();
    for layout in ["chain --intermediate", "chain", "chain --intermediate --key-type rsa-2048"] {
        let _ = fs::remove_dir_all(home.path().join("pki"));
        made(home.path(), &format!("gen {layout} --replication"));
        assert_eq!(printed(home.path(), "pgo-v4 -n pgo"), of_kubectl(home.path(), &["-n", "pgo"], false));
        assert_eq!(printed(home.path(), "pgo-v4"), of_kubectl(home.path(), &[], false), "{layout}");
        made(home.path(), "crl");
        assert_eq!(printed(home.path(), "pgo-v4 -n pgo"), of_kubectl(home.path(), &["-n", "pgo"], true));
    }
}

#[test]
fn a_namespace_that_yaml_takes_for_something_else_is_quoted_as_kubectl_quotes_it() {
    let home = scratch();
    made(home.path(), "gen chain --replication");
    for namespace in
        ["on", "y", "null", "true", "123", "1e3", "0x1f", "2026-11-22", "1abc", "0b12", "no", "089"]
    {
        let ours = printed(home.path(), &format!("pgo-v4 -n {namespace}"));
        assert_eq!(ours, of_kubectl(home.path(), &["-n", namespace], false), "{namespace}");
    }
}

/// openssl's own directory, by the guide of Kong: X.509 v1, text around the blocks, line ends of Windows.
#[test]
fn files_of_openssl_go_in_as_they_are() {
    let home = scratch();
    let openssl = |words: &str| run(home.path(), "openssl", &words.split(' ').collect::<Vec<_>>());
    fs::create_dir(home.path().join("pki")).unwrap();
    openssl("req -new -x509 -nodes -subj /CN=root.test -days 30 -keyout pki/root.key -out pki/chain.crt");
    for (name, subject, kind) in [("server", "/CN=hippo", "ec"), ("replication", "/CN=primaryuser", "rsa")] {
        match kind {
            "ec" => openssl(&format!("ecparam -name prime256v1 -genkey -out pki/{name}.key")),
            _ => openssl(&format!("genrsa -traditional -out pki/{name}.key 2048")),
        };
        openssl(&format!("req -new -key pki/{name}.key -subj {subject} -out pki/{name}.csr"));
        openssl(&format!(
            "x509 -req -in pki/{name}.csr -CA pki/chain.crt -CAkey pki/root.key -days 9 -text -out pki/{name}.crt"
        ));
    }
    let server = fs::read_to_string(home.path().join("pki/server.crt")).unwrap();
    fs::write(home.path().join("pki/server.crt"), server.replace('\n', "\r\n")).unwrap();
    let output = pgtls(home.path(), "k8s pgo-v4 -n pgo");
    assert_eq!(
        text(&output.stdout),
        of_kubectl(home.path(), &["-n", "pgo"], false),
        "{}",
        text(&output.stderr)
    );
    // It works, and says what is wrong with certificates that are for everything.
    assert!(text(&output.stderr).contains("[client-passes-as-server]"), "{}", text(&output.stderr));
}

#[test]
fn labels_and_annotations_are_those_that_kubectl_sets() {
    let home = scratch();
    fitting(home.path());
    let words = "pgo-v4 -n pgo --label app=hippo --label a.b/c=on --annotation note=a:b --annotation x/y=1e3";
    let ours = printed(home.path(), words);
    let plain = printed(home.path(), "pgo-v4 -n pgo");
    let theirs = plain.split("---\n").map(|document| {
        fs::write(home.path().join("plain.yaml"), document).unwrap();
        let labels = ["label", "--local", "-f", "plain.yaml", "app=hippo", "a.b/c=on", "-o", "yaml"];
        fs::write(home.path().join("labelled.yaml"), run(home.path(), "kubectl", &labels)).unwrap();
        let annotations = ["annotate", "--local", "-f", "labelled.yaml", "note=a:b", "x/y=1e3", "-o", "yaml"];
        run(home.path(), "kubectl", &annotations).replace("  creationTimestamp: null\n", "")
    });
    assert_eq!(ours, theirs.collect::<Vec<_>>().join("---\n"));
}

#[test]
fn the_commands_make_the_same_secrets_and_name_them_to_pgo() {
    let home = scratch();
    fitting(home.path());
    made(home.path(), "crl");
    let commands = printed(home.path(), "pgo-v4 -n pgo --commands --replica-count 3");
    let dry_run = "--dry-run=client -o yaml";
    let (secrets, clusters) = commands.split_once("# one of these").unwrap();
    let secrets: Vec<&str> = secrets.split("\n\n").filter(|command| !command.is_empty()).collect();
    let made = secrets
        .iter()
        .map(|command| run(home.path(), "sh", &["-c", &format!("{} {dry_run}", command.trim_end())]));
    let made: Vec<String> = made.collect();
    let made = made.join("---\n").replace("  creationTimestamp: null\n", "");
    assert_eq!(made, printed(home.path(), "pgo-v4 -n pgo"));
    // What a shell makes of the others.
    let said = "pgo() { echo pgo \"$@\"; }\n# one of these".to_owned() + clusters;
    let said = run(home.path(), "sh", &["-c", &said]);
    let expected = "\
pgo create cluster hippo -n pgo --server-ca-secret=postgresql-ca --server-tls-secret=hippo-tls-keypair
pgo create cluster hippo -n pgo --tls-only --server-ca-secret=postgresql-ca --server-tls-secret=hippo-tls-keypair
pgo create cluster hippo -n pgo --tls-only --server-ca-secret=postgresql-ca --server-tls-secret=hippo-tls-keypair \
--replication-tls-secret=hippo-tls-replication-keypair --replica-count=3
";
    assert_eq!(said, expected);
}

#[test]
fn names_are_settable_and_no_key_of_a_ca_is_in_it() {
    let home = scratch();
    fitting(home.path());
    let words = "pgo-v4 --cluster db --ca-secret ca --server-secret s --replication-secret r";
    let objects = objects(home.path(), &printed(home.path(), words));
    assert_eq!(objects.len(), 3);
    let read = |file: &str| fs::read(home.path().join("pki").join(file)).unwrap();
    for (name, key, file) in [
        ("ca", "ca.crt", "chain.crt"),
        ("s", "tls.crt", "server.crt"),
        ("s", "tls.key", "server.key"),
        ("r", "tls.crt", "replication.crt"),
        ("r", "tls.key", "replication.key"),
    ] {
        assert_eq!(value(object(&objects, "Secret", name), key), read(file));
    }
    let ca_keys = [read("root.key"), read("intermediate.key")];
    assert!(all_values(&objects).iter().all(|value| !ca_keys.contains(value)));
    let keys = object(&objects, "Secret", "ca")["data"].as_object().unwrap().len();
    assert_eq!(keys, 1, "PGO projects it beside the server's Secret: nothing else may be in it");
}

#[test]
fn a_file_is_born_private_and_never_in_the_place_of_another() {
    let home = scratch();
    fitting(home.path());
    let before = names(home.path());
    let text = "would write all.yaml (0600), for pgo-v4, out of pki\n\n  Secret  postgresql-ca: ca.crt\n  \
                Secret  hippo-tls-keypair: tls.crt tls.key\n  Secret  hippo-tls-replication-keypair: tls.crt tls.key\n";
    let words = ["k8s", "pgo-v4", "-n", "pgo", "--write", "all.yaml"];
    let told =
        |more: &[&str]| Run::new(&[&words[..], more].concat()).dir(&home).through("umask 0; exec \"$@\"");
    told(&["--dry-run"]).stdout(text).code(0);
    assert_eq!(names(home.path()), before);
    let wrote = text.replace("would write", "wrote") + "\nnext:   kubectl apply -f all.yaml\n";
    told(&[]).stdout(&wrote).code(0);
    assert_eq!(mode(&home.path().join("all.yaml")), 0o600);
    let written = fs::read_to_string(home.path().join("all.yaml")).unwrap();
    assert_eq!(written, printed(home.path(), "pgo-v4 -n pgo"));
    let refused = "pgtls: error: \"all.yaml\" exists already\n\
                   pgtls: detail: It would be overwritten; nothing was changed.\n\
                   pgtls: hint: Export to another place, or move away what is there.\n";
    told(&[]).stderr(refused).code(3);
    let json = told(&["--dry-run", "--json"]).output();
    assert_eq!(json.status.code(), Some(3));
    // A directory that is not there is no file.
    let absent = "pgtls: error: \"new/\" does not exist\npgtls: hint: Give the path of a directory or file that exists.\n";
    Run::new(&["k8s", "pgo-v4", "--write", "new/"]).dir(&home).stderr(absent).code(4);
    assert!(!home.path().join("new").exists());
    let json = Run::new(&["k8s", "pgo-v4", "--dry-run", "--json"]).dir(&home).output();
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["objects"][0]["keys"], serde_json::json!(["ca.crt"]));
}

#[test]
fn without_a_certificate_for_the_standbys_it_names_the_command_that_makes_one() {
    let home = scratch();
    made(home.path(), &format!("gen chain {}", "--server hippo --server hippo-replica"));
    let refused = "pgtls: error: no client's certificate in \"pki\" is for replication\n\
                   pgtls: detail: pgo-v4 has its standbys log in as primaryuser. Without one: --no-replication.\n\
                   pgtls: hint: Run: pgtls issue client primaryuser -D pki\n";
    Run::new(&["k8s", "pgo-v4"]).dir(&home).stderr(refused).code(3);
    let two = objects(home.path(), &printed(home.path(), "pgo-v4 --no-replication"));
    assert_eq!(two.len(), 2);
    assert!(!printed(home.path(), "pgo-v4 --no-replication --commands").contains("replica"));
    made(home.path(), "issue client primaryuser -D pki");
    assert_eq!(objects(home.path(), &printed(home.path(), "pgo-v4")).len(), 3);
}

#[test]
fn hosts_that_the_server_does_not_name_are_a_warning_whose_command_mends_it() {
    let home = scratch();
    made(home.path(), "gen chain --intermediate --replication");
    let output = pgtls(home.path(), "k8s pgo-v4 -n pgo");
    let expected = format!(
        "pgtls: warning: pki/server.crt does not name hippo and 7 more hosts of the cluster: verify-full fails there\n\
         pgtls: hint: Run: pgtls issue server {SERVICES} -D pki, and give --server hippo\n"
    );
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), expected));
    made(home.path(), &format!("issue server {SERVICES} -D pki"));
    let output = pgtls(home.path(), "k8s pgo-v4 -n pgo --server hippo");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn names_that_no_object_has_are_refused_as_usage() {
    let home = scratch();
    fitting(home.path());
    for (flag, name) in [
        ("--cluster", "Hippo"),
        ("--cluster", "a.b"),
        ("--namespace", "my_ns"),
        ("--ca-secret", "-ca"),
        ("--server-secret", ""),
        ("--replication-secret", "x.y"),
    ] {
        let output = Run::new(&["k8s", "pgo-v4", &format!("{flag}={name}")]).dir(&home).output();
        assert_eq!(output.status.code(), Some(2), "{flag} {name}");
        let fact = format!("pgtls: error: {flag}: \"{name}\" is no DNS label\n");
        assert!(text(&output.stderr).starts_with(&fact), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "");
    }
    // Long enough that a name made of it is none.
    let long = "x".repeat(60);
    assert_eq!(pgtls(home.path(), &format!("k8s pgo-v4 --cluster {long}")).status.code(), Some(2));
    assert_eq!(pgtls(home.path(), "k8s pgo-v4 --label app").status.code(), Some(2));
    let foreign = pgtls(home.path(), "k8s cnpg --commands");
    assert_eq!(foreign.status.code(), Some(2));
    assert!(text(&foreign.stderr).contains("--commands does not go with cnpg"), "{}", text(&foreign.stderr));
}

#[test]
fn more_than_a_cluster_stores_is_refused() {
    let home = scratch();
    fitting(home.path());
    let chain = home.path().join("pki/chain.crt");
    let padded = "# a line of no use\n".repeat(60_000) + &fs::read_to_string(&chain).unwrap();
    fs::write(&chain, &padded).unwrap();
    let output = pgtls(home.path(), "k8s pgo-v4");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let fact = format!("pgtls: error: the Secret \"postgresql-ca\" would hold {} bytes\n", padded.len());
    assert!(text(&output.stderr).starts_with(&fact), "{}", text(&output.stderr));
}

#[test]
fn what_would_shut_everybody_out_is_refused_with_the_command_that_mends_it() {
    let home = scratch();
    fitting(home.path());
    made(home.path(), "crl");
    // The list of the root is missing: with CRL_CHECK_ALL nobody gets in.
    fs::copy(home.path().join("pki/intermediate.crl"), home.path().join("pki/chain.crl")).unwrap();
    fs::remove_file(home.path().join("pki/root.crl")).unwrap();
    let output = pgtls(home.path(), "k8s pgo-v4");
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).contains("pgtls: hint: Run: pgtls crl -D pki\n"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(text(&output.stdout), "");
    made(home.path(), "crl -D pki");
    printed(home.path(), "pgo-v4");
    // Another CA's certificate in the place of the standbys'.
    made(home.path(), "gen chain --replication -D other");
    for file in ["replication.crt", "replication.key"] {
        fs::copy(home.path().join("other").join(file), home.path().join("pki").join(file)).unwrap();
    }
    let output = pgtls(home.path(), "k8s pgo-v4");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("replication.crt: "), "{}", text(&output.stderr));
}

#[test]
fn a_key_under_a_passphrase_goes_in_open_and_is_no_file_for_kubectl() {
    let home = scratch();
    fitting(home.path());
    fs::write(home.path().join("pass"), "correct horse\n").unwrap();
    let key = fs::read(home.path().join("pki/server.key")).unwrap();
    let words = "pkcs8 -topk8 -in pki/server.key -out pki/closed -passout file:pass";
    run(home.path(), "openssl", &words.split(' ').collect::<Vec<_>>());
    fs::rename(home.path().join("pki/closed"), home.path().join("pki/server.key")).unwrap();
    let refused = pgtls(home.path(), "k8s pgo-v4");
    assert_ne!(refused.status.code(), Some(0));
    assert!(text(&refused.stderr).contains("--passphrase-file"), "{}", text(&refused.stderr));
    let objects = objects(home.path(), &printed(home.path(), "pgo-v4 --passphrase-file pass"));
    assert_eq!(value(object(&objects, "Secret", "hippo-tls-keypair"), "tls.key"), key);
    let commands = pgtls(home.path(), "k8s pgo-v4 --passphrase-file pass --commands");
    assert_eq!(commands.status.code(), Some(3), "{}", text(&commands.stderr));
}

/// To a reader of PEM it is text; whoever reads the Secret has it all the same.
#[test]
fn a_key_that_is_hidden_beside_certificates_is_left_out() {
    let home = scratch();
    fitting(home.path());
    made(home.path(), "crl");
    let read = |file: &str| fs::read_to_string(home.path().join("pki").join(file)).unwrap();
    let key = read("root.key");
    let secret = key.lines().nth(1).unwrap();
    let behind = |prefix: &str| key.lines().map(|line| format!("{prefix}{line}\n")).collect::<String>();
    let hidden = [behind(" "), behind("# "), key.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY")];
    for file in ["chain.crt", "server.crt", "chain.crl"] {
        let plain = read(file);
        for text in &hidden {
            fs::write(home.path().join("pki").join(file), format!("{plain}{text}")).unwrap();
            let found = objects(home.path(), &printed(home.path(), "pgo-v4"));
            let held = all_values(&found);
            let leaks = held.iter().any(|value| String::from_utf8_lossy(value).contains(secret));
            assert!(!leaks, "{file}: {text}");
        }
        fs::write(home.path().join("pki").join(file), plain).unwrap();
    }
}

#[test]
fn a_path_that_kubectl_would_take_apart_is_no_command() {
    let home = scratch();
    for place in ["a=b", "a,b", "a\"b"] {
        let made = Run::new(&["gen", "pgo-v4", "-D", place, "-q"]).dir(&home).output();
        assert_eq!(made.status.code(), Some(0));
        let output = Run::new(&["k8s", "pgo-v4", "-D", place, "--commands"]).dir(&home).output();
        assert_eq!(output.status.code(), Some(3), "{place}: {}", text(&output.stdout));
        assert!(text(&output.stderr).ends_with("hint: Leave --commands out: the manifests hold it.\n"));
        let printed = Run::new(&["k8s", "pgo-v4", "-D", place]).dir(&home).output();
        assert_eq!(printed.status.code(), Some(0), "{place}");
    }
}
