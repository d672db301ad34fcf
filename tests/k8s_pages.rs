//! The pages about Kubernetes: the commands run, the guide's own and those that replace them make the same objects, and
//! what is named exists.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod support;

use cluster::{kubectl_secret, made, objects};
use std::fs;
use std::path::Path;
use support::{Run, run, scratch, text};

const GUIDE: &str = include_str!("../docs/pgo.md");
const REFERENCE: &str = include_str!("../docs/kubernetes.md");

/// The commands of a text that stand in backticks.
fn quoted<'t>(text: &'t str, program: &str) -> Vec<&'t str> {
    let parts = text.split('`').skip(1).step_by(2);
    parts.filter(|part| part.starts_with(&format!("{program} "))).collect()
}

/// Runs a command of `pgtls` up to a pipe, and returns what it prints.
fn ran(home: &Path, command: &str) -> String {
    let words = command.split(" \\| ").next().unwrap().split(" | ").next().unwrap();
    let words: Vec<&str> = words.split_whitespace().skip(1).collect();
    let output = Run::new(&words).dir(home).output();
    assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn each_step_of_the_guide_does_what_the_command_beside_it_does() {
    let home = scratch();
    let (mut steps, mut same) = (0, 0);
    for row in GUIDE.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let (left, right) = row.trim_matches('|').split_once(" | ").unwrap();
        let commands = quoted(right, "pgtls");
        assert_eq!(commands.len(), 1, "{row}");
        let printed = ran(home.path(), commands[0]);
        steps += 1;
        for theirs in quoted(left, "kubectl") {
            let files = theirs.replace("/path/to/ca.", "pki/chain.").replace("/path/to/", "pki/");
            let words: Vec<&str> = files.split(' ').skip(3).collect();
            let document = kubectl_secret(home.path(), &words);
            assert!(
                printed.split("---\n").any(|ours| ours == document),
                "{theirs}\n{document}\nnot in\n{printed}"
            );
            same += 1;
        }
        if left.contains("pgo create cluster hippo") {
            let forms = printed.matches("pgo create cluster hippo -n pgo \\\n").count();
            assert_eq!(forms, if left.contains("--replica-count") { 3 } else { 2 }, "{printed}");
        }
    }
    assert_eq!((steps, same), (14, 4));
}

#[test]
fn every_command_of_the_reference_runs() {
    let home = scratch();
    let blocks = REFERENCE
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with("pgtls "));
    let blocks: Vec<&str> = blocks.collect();
    assert_eq!(blocks.len(), 14);
    blocks.iter().for_each(|command| drop(ran(home.path(), command)));
    let home = scratch();
    made(home.path(), "gen pgo-v5 --set cluster=hippo --set namespace=pgo");
    made(home.path(), "issue client client");
    fs::rename(home.path().join("pki/client.client.crt"), home.path().join("pki/client.crt")).unwrap();
    fs::rename(home.path().join("pki/client.client.key"), home.path().join("pki/client.key")).unwrap();
    made(home.path(), "issue node n1");
    made(home.path(), "crl");
    let (_, others) = REFERENCE.split_once("## Others").unwrap();
    let rows: Vec<&str> = others.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert_eq!(rows.len(), 8);
    for (row, keys) in rows.into_iter().zip([
        "ca.crt tls.crt tls.key; ca.crt tls.crt tls.key",
        "ca.crt tls.crt tls.key; ca.crt tls.crt tls.key; root.crt root.key",
        "tls.crt tls.key",
        "ca.crl ca.crt tls.crt tls.key",
        "ca.crl ca.crt tls.crt tls.key",
        "root.crl root.crt server.crt server.key",
        "ca.crt tls-combined.pem tls.crt tls.key",
        "ca.crt tls.crt tls.key",
    ]) {
        assert_eq!(served(home.path(), row), keys, "{row}");
    }
    for (dir, words) in [
        ("haproxy", "verify -CAfile ca.crt -untrusted tls-combined.pem -purpose sslclient tls-combined.pem"),
        ("haproxy", "pkey -in tls-combined.pem -noout"),
        ("stackgres", "verify -CAfile ca.crt -untrusted tls.crt -purpose sslserver tls.crt"),
        ("kong", "verify -CAfile ca.crt -untrusted tls.crt -purpose sslclient tls.crt"),
        (
            "pgpool",
            "verify -CAfile root.crt -untrusted server.crt -purpose sslserver -crl_check_all -CRLfile root.crl server.crt",
        ),
    ] {
        run(&home.path().join(dir), "openssl", &words.split(' ').collect::<Vec<_>>());
    }
    // The probes of Bitnami's charts show it as a client's.
    for purpose in ["sslserver", "sslclient"] {
        let words = format!("verify -CAfile pki/chain.crt -purpose {purpose} pki/node.n1.crt");
        run(home.path(), "openssl", &words.split(' ').collect::<Vec<_>>());
    }
}

/// Runs the commands of a row, and says which keys its Secrets have, or else which files there are.
fn served(home: &Path, row: &str) -> String {
    let (_, commands) = row.trim_end_matches(['|', ' ']).rsplit_once(" | ").unwrap();
    let [command] = quoted(commands, "pgtls")[..] else { panic!("{row}") };
    let printed = ran(home, command);
    let keys_of = |objects: Vec<serde_json::Value>| {
        let secrets = objects.iter().filter(|object| object["kind"] == "Secret");
        let keys = secrets.map(|secret| {
            assert!(REFERENCE.contains(secret["metadata"]["name"].as_str().unwrap()), "{row}");
            secret["data"].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
        });
        keys.collect::<Vec<_>>().join("; ")
    };
    if command.contains(" k8s ") {
        return keys_of(objects(home, &printed));
    }
    if let [create] = quoted(commands, "kubectl")[..] {
        let words: Vec<&str> = create.split(' ').skip(3).collect();
        return keys_of(objects(home, &kubectl_secret(home, &words)));
    }
    let (_, to) = command.rsplit_once("--to ").unwrap();
    support::names(&home.join(to)).join(" ")
}

/// It takes fields away, with `--server-side` too: what is piped into it has the part as a comment, and goes on to a patch.
#[test]
fn each_pipe_of_an_operators_secrets_is_followed_by_the_patch_that_names_them() {
    let readme = include_str!("../README.md");
    let help = text(&Run::new(&["k8s", "--help"]).output().stdout);
    for page in [REFERENCE, readme, &help] {
        assert!(!page.contains("--field-manager"), "{page}");
        // A command may go on in the next line.
        let lines = page.replace(" \\\n", " ").replace("merge\n    clusters", "merge clusters");
        let patch = "--patch | kubectl patch --type=merge clusters.postgresql.cnpg.io db -n prod --patch-file=/dev/stdin";
        let squeezed = lines.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(patch), "{page}");
    }
}

#[test]
fn every_flag_of_the_pages_is_one_of_the_verb_and_every_field_of_its_json_is_named() {
    let help =
        ["k8s", "gen", "export"].map(|verb| text(&Run::new(&[verb, "--help"]).output().stdout)).concat();
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        words.filter(|word| word.starts_with("--") && word.len() > 3).map(str::to_owned).collect::<Vec<_>>()
    };
    let known = words(&help);
    // Those of kubectl and pgo, which are named too.
    let theirs = [
        "--from-file",
        "--cert",
        "--key",
        "--tls-only",
        "--replication-tls-secret",
        "--custom-config",
        "--short",
        "--dry-run",
        "--server-side",
        "--type",
        "--patch-file",
    ];
    for page in [GUIDE, REFERENCE] {
        let unknown =
            words(page).into_iter().filter(|flag| !known.contains(flag) && !theirs.contains(&flag.as_str()));
        assert_eq!(unknown.collect::<Vec<_>>(), [""; 0]);
    }
    let home = scratch();
    made(home.path(), "gen pgo-v4");
    let json = Run::new(&["k8s", "pgo-v4", "--dry-run", "--json"]).dir(&home).output().stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let fields =
        [&json, &json["objects"][0]].into_iter().flat_map(|object| object.as_object().unwrap().keys());
    for field in fields {
        assert!(REFERENCE.contains(&format!("`{field}`")), "docs/kubernetes.md does not name {field}");
    }
}

#[test]
fn the_command_that_the_page_about_profiles_names_for_two_cas_issues_from_one_of_them() {
    let page = include_str!("../docs/profiles.md");
    let words = "--ca pki/ca-client.crt --ca-key pki/ca-client.key";
    assert!(page.contains(words));
    let home = scratch();
    made(home.path(), "gen split-ca");
    made(home.path(), &format!("issue client alice {words} -D pki"));
    let words = "verify -CAfile pki/ca-client.crt -purpose sslclient pki/client.alice.crt";
    run(home.path(), "openssl", &words.split(' ').collect::<Vec<_>>());
    ran(home.path(), "pgtls verify pki");
}
