//! `k8s cert-manager`: the objects that reproduce a profile on a cluster, and those that hand a CA over.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod support;

use cluster::{all_values, made, object, objects, pgtls, printed, value};
use serde_json::{Value, json};
use std::fs;
use support::{names, run, scratch, text};

/// Profiles that cert-manager can reproduce.
const PROFILES: [&str; 8] =
    ["intermediate", "root-only", "split-ca", "pgo-v4", "pgo-v5", "cnpg", "zalando", "patroni"];

/// The fields of a `Certificate` that are written, as its definition has them.
fn check_certificate(spec: &Value) {
    for (key, value) in spec.as_object().unwrap() {
        let is_it = match key.as_str() {
            "commonName" => value.as_str().is_some_and(|name| (1..=64).contains(&name.len())),
            "secretName" => value.is_string(),
            "duration" => {
                let hours = value.as_str().unwrap().strip_suffix('h').unwrap();
                hours.parse::<u32>().is_ok_and(|hours| hours >= 1)
            }
            "isCA" => value.is_boolean(),
            "dnsNames" | "ipAddresses" | "usages" => {
                value.as_array().unwrap().iter().all(|item| item.is_string())
            }
            "issuerRef" => value["group"] == "cert-manager.io" && value["name"].is_string(),
            "privateKey" => ["Always", "Never"].contains(&value["rotationPolicy"].as_str().unwrap()),
            "secretTemplate" => value["labels"].is_object(),
            _ => false,
        };
        assert!(is_it, "{key}: {value}");
    }
}

#[test]
fn every_issuer_that_is_named_is_there_and_finds_the_secret_of_its_ca() {
    let home = scratch();
    for profile in PROFILES {
        let stream = printed(home.path(), &format!("cert-manager --profile {profile} --cluster db -n prod"));
        let objects = objects(home.path(), &stream);
        let of_kind = |kind: &'static str| objects.iter().filter(move |object| object["kind"] == kind);
        assert_eq!(of_kind("Secret").count(), 0, "{profile}: no key is in it");
        for certificate in of_kind("Certificate") {
            let spec = &certificate["spec"];
            check_certificate(spec);
            let reference = &spec["issuerRef"];
            let kind = reference["kind"].as_str().unwrap();
            let issuer = object(&objects, kind, reference["name"].as_str().unwrap());
            let own = &certificate["metadata"]["namespace"];
            if kind == "Issuer" {
                assert_eq!(&issuer["metadata"]["namespace"], own, "an Issuer serves its own namespace alone");
            } else {
                assert!(issuer["metadata"]["namespace"].is_null());
            }
        }
        for issuer in of_kind("Issuer").chain(of_kind("ClusterIssuer")) {
            let Some(secret) = issuer["spec"]["ca"]["secretName"].as_str() else { continue };
            let ca = object(&objects, "Certificate", secret);
            assert_eq!(ca["spec"]["isCA"], true);
            assert_eq!(ca["spec"]["privateKey"]["rotationPolicy"], "Never");
            let where_it_looks = match issuer["kind"].as_str().unwrap() {
                "ClusterIssuer" => "cert-manager",
                _ => "prod",
            };
            assert_eq!(ca["metadata"]["namespace"], where_it_looks);
        }
    }
    assert_eq!(names(home.path()), ["stream.yaml"], "nothing was made here");
}

/// The same names, usages and lifetimes as `gen` gives, told by openssl.
#[test]
fn the_certificates_are_those_that_gen_makes_of_the_profile() {
    let home = scratch();
    made(home.path(), "gen patroni --set cluster=db --set namespace=prod --set n1=10.0.0.11");
    let words = "cert-manager --profile patroni --cluster db -n prod --set n1=10.0.0.11";
    let objects = objects(home.path(), &printed(home.path(), words));
    for (stem, name) in [
        ("root", "prod.db-tls-root"),
        ("intermediate", "db-tls-intermediate"),
        ("node.n1", "db-tls-node-n1"),
        ("replication", "db-tls-replication"),
    ] {
        let spec = &object(&objects, "Certificate", name)["spec"];
        let shown =
            run(home.path(), "openssl", &["x509", "-in", &format!("pki/{stem}.crt"), "-noout", "-text"]);
        assert!(
            shown.contains(&format!("Subject: CN = {}\n", spec["commonName"].as_str().unwrap())),
            "{shown}"
        );
        for (field, prefix) in [("dnsNames", "DNS:"), ("ipAddresses", "IP Address:")] {
            let held = spec[field].as_array().cloned().unwrap_or_default();
            // openssl spells addresses of version 6 out.
            let told = held.iter().filter_map(Value::as_str).filter(|name| !name.contains("::"));
            told.for_each(|name| assert!(shown.contains(&format!("{prefix}{name}")), "{name}: {shown}"));
        }
        let uses = |word: &str| spec["usages"].as_array().unwrap().contains(&json!(word));
        for (word, shown_as) in [
            ("digital signature", "Digital Signature"),
            ("key encipherment", "Key Encipherment"),
            ("cert sign", "Certificate Sign"),
            ("crl sign", "CRL Sign"),
            ("server auth", "TLS Web Server Authentication"),
            ("client auth", "TLS Web Client Authentication"),
        ] {
            assert_eq!(uses(word), shown.contains(shown_as), "{stem}: {word}");
        }
    }
    for (name, hours) in
        [("prod.db-tls-root", "87600h"), ("db-tls-intermediate", "43800h"), ("db-tls-node-n1", "8760h")]
    {
        assert_eq!(object(&objects, "Certificate", name)["spec"]["duration"], hours);
    }
}

#[test]
fn an_adopted_ca_keeps_its_key_and_the_root_alone_is_its_ca() {
    let home = scratch();
    made(home.path(), "gen cnpg --set cluster=db --set namespace=prod");
    let words = "cert-manager --profile cnpg --cluster db -n prod --adopt";
    let found = objects(home.path(), &printed(home.path(), words));
    let secret = object(&found, "Secret", "db-tls-intermediate");
    let read = |file: &str| fs::read(home.path().join("pki").join(file)).unwrap();
    assert_eq!(secret["type"], "kubernetes.io/tls");
    assert_eq!(value(secret, "tls.crt"), read("intermediate.crt"));
    assert_eq!(value(secret, "tls.key"), read("intermediate.key"));
    assert_eq!(value(secret, "ca.crt"), read("root.crt"));
    assert!(all_values(&found).iter().all(|value| *value != read("root.key")), "the root's key stays here");
    assert_eq!(
        object(&found, "Issuer", "db-tls-intermediate")["spec"]["ca"]["secretName"],
        "db-tls-intermediate"
    );
    let leaves: Vec<&Value> = found.iter().filter(|object| object["kind"] == "Certificate").collect();
    assert_eq!(leaves.len(), 3);
    for leaf in leaves {
        assert_eq!(leaf["spec"]["issuerRef"]["name"], "db-tls-intermediate");
        assert!(leaf["spec"]["isCA"].is_null());
        assert_eq!(leaf["spec"]["secretTemplate"]["labels"]["cnpg.io/reload"], "");
    }
    assert!(!found.iter().any(|object| object["kind"] == "ClusterIssuer"));
}

#[test]
fn a_ca_that_cannot_sign_on_is_not_adopted() {
    let home = scratch();
    made(home.path(), "gen chain --intermediate");
    let pki = home.path().join("pki");
    let refused = |words: &str, fact: &str| {
        let output = pgtls(home.path(), words);
        let said = text(&output.stderr);
        assert!(said.starts_with(&format!("pgtls: error: {fact}\n")), "{said}");
        assert_eq!(text(&output.stdout), "");
        output.status.code()
    };
    let words = "k8s cert-manager -n prod --adopt";
    fs::rename(pki.join("root.crt"), pki.join("away")).unwrap();
    fs::rename(pki.join("chain.crt"), pki.join("away.too")).unwrap();
    assert_eq!(refused(words, "the root above \"pki/intermediate.crt\" is not there"), Some(3));
    fs::rename(pki.join("away"), pki.join("root.crt")).unwrap();
    fs::rename(pki.join("intermediate.key"), pki.join("away")).unwrap();
    assert_eq!(refused(words, "\"pki/intermediate.key\" is not there"), Some(3));
    fs::copy(pki.join("client.key"), pki.join("intermediate.key")).unwrap();
    assert_eq!(refused(words, "\"pki/intermediate.crt\" cannot sign"), Some(3));
    fs::rename(pki.join("away"), pki.join("intermediate.key")).unwrap();
    printed(home.path(), "cert-manager -n prod --adopt");
    let split = "the profile \"split-ca\" has no single CA above all others";
    assert_eq!(refused(&format!("{words} --profile split-ca"), split), Some(3));
}

#[test]
fn what_cert_manager_has_no_field_for_is_refused() {
    let home = scratch();
    let refused = |words: &str, fact: &str| {
        let output = pgtls(home.path(), &format!("k8s cert-manager {words}"));
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(
            text(&output.stderr).starts_with(&format!("pgtls: error: {fact}")),
            "{}",
            text(&output.stderr)
        );
    };
    refused(
        "-n prod --profile self-signed",
        "cert-manager cannot say that certificate \"server\" signs itself",
    );
    let profile = |line: &str| {
        let root = "[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\n";
        fs::write(home.path().join("mine.toml"), format!("name = \"mine\"\n{root}{line}\n")).unwrap();
    };
    for (line, problem) in [
        ("path_length = 2", "has a path length of its own"),
        ("not_after = 2040-01-01", "ends at an instant"),
        ("permitted_names = [\"DNS:example.com\"]", "has name constraints"),
        ("crl_distribution_points = [\"http://a.test/x\"]", "names places of revocation lists"),
        ("serial = 7", "has a serial number of its own"),
    ] {
        profile(line);
        refused(
            "-n prod --profile mine.toml",
            &format!("cert-manager cannot say that certificate \"root\" {problem}"),
        );
    }
    refused("--cluster db", "cert-manager has its root in another namespace than the database");
    refused("-n prod -D pki", "-D does not go with cert-manager");
    refused("-n prod --server x", "--server does not go with cert-manager");
}

/// What trust-manager takes: exactly one kind of source in each, and a key in the target (its Bundle of v1alpha1).
fn sources(bundle: &Value) -> Vec<&Value> {
    assert_eq!(bundle["apiVersion"], "trust.cert-manager.io/v1alpha1");
    assert!(bundle["metadata"]["namespace"].is_null(), "it is of the whole cluster");
    assert_eq!(bundle["spec"]["target"], json!({ "configMap": { "key": "ca.crt" } }));
    let sources: Vec<&Value> = bundle["spec"]["sources"].as_array().unwrap().iter().collect();
    assert!(sources.iter().all(|source| source.as_object().unwrap().len() == 1), "{sources:?}");
    sources
}

#[test]
fn a_bundle_hands_out_the_roots_above_servers_and_no_others() {
    let home = scratch();
    for profile in PROFILES {
        let words = format!("cert-manager --profile {profile} --cluster db -n prod");
        let without = printed(home.path(), &words);
        assert!(!without.contains("Bundle"), "{profile}");
        let found = objects(home.path(), &printed(home.path(), &format!("{words} --bundle")));
        let sources = sources(object(&found, "Bundle", "prod.db-tls-trust"));
        let [Value::Object(source)] = sources[..] else { panic!("{profile}: {sources:?}") };
        assert_eq!(source["secret"]["key"], "ca.crt");
        let name = source["secret"]["name"].as_str().unwrap();
        let root = object(&found, "Certificate", name);
        assert_eq!(root["metadata"]["namespace"], "cert-manager", "trust-manager reads no other");
        assert_eq!(root["spec"]["isCA"], true);
        assert_eq!(root["spec"]["issuerRef"]["name"], "prod.db-tls-selfsigned", "{profile}: it is a root");
        if profile == "split-ca" {
            assert_eq!(name, "prod.db-tls-ca-server", "whoever has the CA of clients is no server");
        }
    }
}

#[test]
fn an_adopted_root_stands_in_the_bundle_itself() {
    let home = scratch();
    made(home.path(), "gen chain --intermediate");
    let found = objects(home.path(), &printed(home.path(), "cert-manager -n prod --adopt --bundle"));
    let sources = sources(object(&found, "Bundle", "prod.hippo-tls-trust"));
    let root = fs::read_to_string(home.path().join("pki/root.crt")).unwrap();
    assert_eq!(sources, [&json!({ "inLine": root })]);
}

#[test]
fn a_bundle_without_servers_and_one_for_an_operator_are_refused() {
    let home = scratch();
    let root = "[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\n";
    let client = "[[certificate]]\nname = \"a\"\nusage = \"client\"\nissuer = \"root\"\nsubject = \"CN=a\"\n";
    fs::write(home.path().join("mine.toml"), format!("name = \"mine\"\n{root}{client}")).unwrap();
    for (words, fact) in [
        ("cert-manager -n prod --profile mine.toml --bundle", "the profile \"mine\" has no server"),
        ("cnpg --bundle", "--bundle does not go with cnpg"),
    ] {
        let output = pgtls(home.path(), &format!("k8s {words}"));
        assert_eq!(output.status.code(), Some(2), "{words}");
        let said = text(&output.stderr);
        assert!(said.starts_with(&format!("pgtls: error: {fact}\n")), "{said}");
    }
    printed(home.path(), "cert-manager -n prod --profile mine.toml");
}

/// Else the second would have cert-manager issue the first one's root again, under another name.
#[test]
fn clusters_of_one_name_in_two_namespaces_share_no_object() {
    let home = scratch();
    let of = |namespace: &str| {
        let words = format!("cert-manager --profile cnpg --cluster db -n {namespace} --bundle");
        let found = objects(home.path(), &printed(home.path(), &words));
        let named = |object: &Value| {
            let metadata = &object["metadata"];
            format!("{} {} {}", object["kind"], metadata["namespace"], metadata["name"])
        };
        found.iter().map(named).collect::<Vec<String>>()
    };
    let (one, other) = (of("a"), of("b"));
    assert_eq!(one.len(), 9);
    assert!(one.iter().all(|name| !other.contains(name)), "{one:?} {other:?}");
}

/// It lies in the namespace of the database, where an Issuer finds it.
#[test]
fn a_root_that_is_adopted_is_the_issuer_that_its_leaves_name() {
    let home = scratch();
    made(home.path(), "gen chain");
    let words = "cert-manager --profile root-only --cluster db -n prod --adopt";
    let found = objects(home.path(), &printed(home.path(), words));
    assert_eq!(object(&found, "Secret", "db-tls-root")["metadata"]["namespace"], "prod");
    assert_eq!(object(&found, "Issuer", "db-tls-root")["spec"]["ca"]["secretName"], "db-tls-root");
    let leaves: Vec<&Value> = found.iter().filter(|object| object["kind"] == "Certificate").collect();
    assert_eq!(leaves.len(), 2);
    for leaf in leaves {
        let issuer = &leaf["spec"]["issuerRef"];
        assert_eq!((&issuer["kind"], &issuer["name"]), (&json!("Issuer"), &json!("db-tls-root")));
    }
}
