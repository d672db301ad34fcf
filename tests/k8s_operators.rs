//! `k8s pgo-v5`, `cnpg` and `zalando`: each one's Secrets, and the part of its resource that names them, out of what its
//! profile makes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod support;

use cluster::{all_values, made, object, objects, pgtls, printed, value, with_part};
use serde_json::{Value, json};
use std::fs;
use support::{Run, run, scratch, text};

/// Target, file of the standbys, and how many objects.
const TARGETS: [(&str, usize); 4] = [("pgo-v4", 3), ("pgo-v5", 3), ("cnpg", 4), ("zalando", 2)];

/// What a value is, as a schema of a resource has it. Those of the projects are larger; these are the fields that are
/// written, by their own documentation.
fn is_of(value: &Value, schema: &Value, path: &str) {
    if let Some(fields) = schema.as_object() {
        let held = value.as_object().unwrap_or_else(|| panic!("{path} is no mapping"));
        for (key, value) in held {
            let inner =
                fields.get(key).or(fields.get("*")).unwrap_or_else(|| panic!("{path}.{key} is unknown"));
            is_of(value, inner, &format!("{path}.{key}"));
        }
    } else if let Some(items) = schema.as_array() {
        let held = value.as_array().unwrap_or_else(|| panic!("{path} is no list"));
        held.iter().for_each(|item| is_of(item, &items[0], &format!("{path}[]")));
    } else {
        let is_it = match schema.as_str().unwrap() {
            "integer" => value.is_i64(),
            _ => value.is_string(),
        };
        assert!(is_it, "{path} is {value}");
    }
}

/// The fields that are written, with their types.
fn schema(kind: &str) -> Value {
    let reference = json!({ "name": "string" });
    match kind {
        "PostgresCluster" => json!({ "customTLSSecret": reference, "customReplicationTLSSecret": reference }),
        "Cluster" => json!({
            "certificates": {
                "serverCASecret": "string",
                "serverTLSSecret": "string",
                "clientCASecret": "string",
                "replicationTLSSecret": "string",
            },
            "postgresql": { "pg_ident": ["string"] },
        }),
        "postgresql" => json!({
            "spiloFSGroup": "integer",
            "tls": { "secretName": "string", "caFile": "string" },
            "postgresql": { "parameters": { "*": "string" } },
        }),
        other => panic!("{other}"),
    }
}

#[test]
fn what_the_profile_of_a_target_makes_is_what_the_target_takes() {
    for (target, count) in TARGETS {
        let home = scratch();
        made(home.path(), &format!("gen {target} --set cluster=db --set namespace=prod"));
        let words = format!("{target} --cluster db -n prod");
        let objects = match target {
            "pgo-v4" => objects(home.path(), &printed(home.path(), &words)),
            _ => with_part(home.path(), &words),
        };
        let output = pgtls(home.path(), &format!("k8s {words} --secrets-only"));
        assert_eq!(text(&output.stderr).matches("warning").count(), 0, "{target}");
        assert_eq!(objects.len(), count, "{target}");
        assert!(objects.iter().all(|object| object["metadata"]["namespace"] == "prod"), "{target}");
        let read = |file: &str| fs::read(home.path().join("pki").join(file)).unwrap();
        let forbidden = [read("root.key"), read("intermediate.key")];
        assert!(all_values(&objects).iter().all(|value| !forbidden.contains(value)), "{target}");
        for resource in objects.iter().filter(|object| object["kind"] != "Secret") {
            let kind = resource["kind"].as_str().unwrap();
            assert_eq!(resource["metadata"]["name"], "db");
            is_of(&resource["spec"], &schema(kind), kind);
        }
        // openssl's word on every pair, as the cluster would have them.
        for secret in objects.iter().filter(|object| object["data"]["tls.crt"].is_string()) {
            fs::write(home.path().join("tls.crt"), value(secret, "tls.crt")).unwrap();
            let words = "verify -CAfile pki/root.crt -untrusted tls.crt tls.crt";
            run(home.path(), "openssl", &words.split(' ').collect::<Vec<_>>());
        }
    }
}

#[test]
fn pgo_5_gets_both_secrets_with_the_same_ca_and_names_them() {
    let home = scratch();
    made(home.path(), "gen pgo-v5");
    let objects = with_part(home.path(), "pgo-v5 -n pgo");
    let read = |file: &str| fs::read(home.path().join("pki").join(file)).unwrap();
    for (name, stem) in [("hippo-tls", "server"), ("hippo-replication-tls", "replication")] {
        let secret = object(&objects, "Secret", name);
        assert_eq!(secret["type"], "kubernetes.io/tls");
        assert_eq!(value(secret, "ca.crt"), read("chain.crt"));
        assert_eq!(value(secret, "tls.crt"), read(&format!("{stem}.crt")));
        assert_eq!(value(secret, "tls.key"), read(&format!("{stem}.key")));
    }
    let cluster = object(&objects, "PostgresCluster", "hippo");
    assert_eq!(cluster["apiVersion"], "postgres-operator.crunchydata.com/v1beta1");
    let expected = json!({
        "customReplicationTLSSecret": { "name": "hippo-replication-tls" },
        "customTLSSecret": { "name": "hippo-tls" },
    });
    assert_eq!(cluster["spec"], expected);
    let secrets = printed(home.path(), "pgo-v5 -n pgo --secrets-only");
    assert!(!secrets.contains("PostgresCluster") && secrets.matches("kind: Secret").count() == 2);
}

#[test]
fn pgo_5_is_refused_a_server_that_its_pgbouncer_would_not_take_and_standbys_of_another_name() {
    let home = scratch();
    made(home.path(), "gen pgo-v5 --set cluster=other");
    let refused = "pgtls: error: \"pki/server.crt\" does not name \"hippo-primary\"\n\
                   pgtls: detail: The cluster's pgBouncer connects to it with sslmode=verify-full.\n\
                   pgtls: hint: Run: pgtls issue server hippo-primary hippo-replicas -D pki, and give --server \
                   hippo-primary\n";
    Run::new(&["k8s", "pgo-v5"]).dir(&home).stderr(refused).code(3);
    made(home.path(), "issue server hippo-primary hippo-replicas -D pki");
    printed(home.path(), "pgo-v5 --server hippo-primary");
    let home = scratch();
    made(home.path(), "gen pgo-v5 --replication=primaryuser");
    let refused = "pgtls: error: \"pki/replication.crt\" logs in as \"primaryuser\"\n\
                   pgtls: detail: pgo-v5 has its standbys log in as _crunchyrepl, without a user map.\n\
                   pgtls: hint: Run: pgtls issue client _crunchyrepl -D pki\n";
    Run::new(&["k8s", "pgo-v5"]).dir(&home).stderr(refused).code(3);
    made(home.path(), "issue client _crunchyrepl -D pki");
    printed(home.path(), "pgo-v5");
}

#[test]
fn cnpg_gets_secrets_that_it_reloads_and_a_map_for_standbys_of_another_name() {
    let home = scratch();
    made(home.path(), "gen cnpg");
    let objects_of = |words: &str| with_part(home.path(), words);
    let objects = objects_of("cnpg -n pgo");
    for object in objects.iter().filter(|object| object["kind"] == "Secret") {
        assert_eq!(object["metadata"]["labels"]["cnpg.io/reload"], "", "{object}");
        assert!(object["data"]["ca.key"].is_null());
    }
    assert_eq!(object(&objects, "Secret", "hippo-tls-ca")["type"], Value::Null);
    let expected = json!({ "certificates": {
        "clientCASecret": "hippo-tls-ca",
        "replicationTLSSecret": "hippo-tls-replication",
        "serverCASecret": "hippo-tls-ca",
        "serverTLSSecret": "hippo-tls-server",
    }});
    assert_eq!(object(&objects, "Cluster", "hippo")["spec"], expected);
    let mapped = objects_of("cnpg -n pgo --replication client");
    let line = "cnpg_streaming_replica  app  streaming_replica";
    assert_eq!(object(&mapped, "Cluster", "hippo")["spec"]["postgresql"]["pg_ident"], json!([line]));
    // It has no place for revocation lists.
    made(home.path(), "crl");
    assert!(!printed(home.path(), "cnpg -n pgo").contains("ca.crl"));
}

#[test]
fn cas_of_servers_and_clients_stay_apart_where_the_target_has_a_place_for_each() {
    let home = scratch();
    let names = "--server hippo-rw --server hippo-ro --server hippo-r --replication=streaming_replica";
    made(home.path(), &format!("gen split-ca {names}"));
    let of = |words: &str| with_part(home.path(), words);
    let found = of("cnpg");
    let read = |file: &str| fs::read(home.path().join("pki").join(file)).unwrap();
    let spec = &object(&found, "Cluster", "hippo")["spec"]["certificates"];
    for (field, name, file) in [
        ("serverCASecret", "hippo-tls-ca-server", "ca-server.crt"),
        ("clientCASecret", "hippo-tls-ca-client", "ca-client.crt"),
    ] {
        assert_eq!(spec[field], name);
        assert_eq!(value(object(&found, "Secret", name), "ca.crt"), read(file));
    }
    // One place for both.
    let both = [read("ca-server.crt"), read("ca-client.crt")].concat();
    assert_eq!(value(object(&of("zalando"), "Secret", "hippo-tls"), "ca.crt"), both);
}

#[test]
fn zalando_gets_one_secret_a_group_that_can_read_it_and_lists_where_there_are_some() {
    let home = scratch();
    made(home.path(), "gen zalando");
    let of = |words: &str| with_part(home.path(), words);
    let objects = of("zalando --cluster acid-hippo -n pgo");
    let expected =
        json!({ "spiloFSGroup": 103, "tls": { "caFile": "ca.crt", "secretName": "acid-hippo-tls" } });
    assert_eq!(object(&objects, "postgresql", "acid-hippo")["spec"], expected);
    made(home.path(), "crl");
    let objects = of("zalando --cluster acid-hippo -n pgo");
    let read = |file: &str| fs::read(home.path().join("pki").join(file)).unwrap();
    assert_eq!(value(object(&objects, "Secret", "acid-hippo-tls"), "ca.crl"), read("chain.crl"));
    let spec = &object(&objects, "postgresql", "acid-hippo")["spec"];
    assert_eq!(spec["postgresql"]["parameters"]["ssl_crl_file"], "/tls/ca.crl");
    let foreign = pgtls(home.path(), "k8s zalando --replication client");
    assert_eq!(foreign.status.code(), Some(2));
}

/// A cluster as `kubectl get` shows it.
const LIVE: &str = "apiVersion: VERSION\nkind: KIND\nmetadata:\n  name: db\nspec:\n  instances: 3\n  storage: {size: 100Gi}\n  \
                    postgresql: {parameters: {max_connections: '200'}}\n";

/// `kubectl apply`, by itself and with `--server-side`, takes from a cluster that it made every field that is not in the
/// text: what is piped into it is to hold no part of a resource.
#[test]
fn the_pipe_to_kubectl_apply_touches_no_cluster_and_the_patch_leaves_every_other_field() {
    for (target, kind, resource) in [
        ("pgo-v5", "PostgresCluster", "postgresclusters.postgres-operator.crunchydata.com"),
        ("cnpg", "Cluster", "clusters.postgresql.cnpg.io"),
        ("zalando", "postgresql", "postgresqls.acid.zalan.do"),
    ] {
        let home = scratch();
        made(home.path(), &format!("gen {target} --set cluster=db --set namespace=prod"));
        made(home.path(), "crl");
        let output = pgtls(home.path(), &format!("k8s {target} --cluster db -n prod"));
        let patch = format!("kubectl patch {resource} db -n prod --type=merge --patch-file=");
        let note = format!(
            "pgtls: note: the part of the {kind} is a comment, which kubectl apply leaves out\n\
             pgtls: hint: Print it with --patch, and pipe it into: {patch}/dev/stdin\n"
        );
        assert_eq!(text(&output.stderr), note);
        let stream = text(&output.stdout);
        let applied = objects(home.path(), &stream);
        assert!(!applied.is_empty() && applied.iter().all(|object| object["kind"] == "Secret"), "{target}");
        // The comment is the patch, to the letter.
        let part = printed(home.path(), &format!("{target} --cluster db -n prod --patch"));
        let comment: String = stream
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(comment.ends_with(&part) && comment.contains(&format!("{patch}FILE\n")), "{comment}");
        let version = part.lines().next().unwrap().trim_start_matches("apiVersion: ");
        let live = LIVE.replace("VERSION", version).replace("KIND", kind);
        fs::write(home.path().join("live.yaml"), live).unwrap();
        let told =
            text(&pgtls(home.path(), &format!("k8s {target} --cluster db --patch --write p.yaml")).stdout);
        let next = format!("\nnext:   {}p.yaml\n", patch.replace(" -n prod", ""));
        assert!(told.ends_with(&next), "{told}");
        let words = "patch --local -f live.yaml --type=merge --patch-file=p.yaml -o json";
        let patched = run(home.path(), "kubectl", &words.split(' ').collect::<Vec<_>>());
        let patched: Value = serde_json::from_str(&patched).unwrap();
        let spec = &patched["spec"];
        assert_eq!(spec["instances"], 3, "{target}");
        assert_eq!(spec["storage"]["size"], "100Gi");
        assert_eq!(spec["postgresql"]["parameters"]["max_connections"], "200");
        let asks = ["customTLSSecret", "certificates", "tls"].iter().filter(|key| spec[*key].is_object());
        assert_eq!(asks.count(), 1, "{spec}");
    }
}

#[test]
fn the_secrets_alone_have_no_comment_and_a_patch_that_replaces_a_list_says_so() {
    let home = scratch();
    made(home.path(), "gen cnpg");
    let output = pgtls(home.path(), "k8s cnpg --secrets-only");
    assert_eq!((text(&output.stderr), text(&output.stdout).contains('#')), (String::new(), false));
    let output = pgtls(home.path(), "k8s cnpg --patch");
    assert_eq!((text(&output.stderr), text(&output.stdout).contains('#')), (String::new(), false));
    let output = pgtls(home.path(), "k8s cnpg --patch --replication client");
    let said = "pgtls: warning: the patch puts its line in the place of the whole list postgresql.pg_ident\n\
                pgtls: hint: Add the lines that the Cluster has there already.\n";
    assert_eq!(text(&output.stderr), said);
    let told = text(&pgtls(home.path(), "k8s cnpg --write all.yaml -q").stderr);
    assert_eq!(told, "");
    let told = text(&pgtls(home.path(), "k8s cnpg --dry-run").stdout);
    assert!(told.contains("  Cluster  hippo, as a comment: see --patch\n"), "{told}");
    let json: Value =
        serde_json::from_slice(&pgtls(home.path(), "k8s cnpg --dry-run --json").stdout).unwrap();
    let parts = json["objects"].as_array().unwrap().iter().map(|it| it["part"] == json!(true));
    assert_eq!(parts.collect::<Vec<_>>(), [false, false, false, true]);
    assert_eq!(pgtls(home.path(), "k8s pgo-v4 --patch").status.code(), Some(2));
    assert_eq!(pgtls(home.path(), "k8s cnpg --patch --secrets-only").status.code(), Some(2));
}

#[test]
fn a_revoked_certificate_is_refused_also_where_the_operator_reads_no_list() {
    for (target, role, says) in [
        ("cnpg", "streaming_replica", "cnpg reads no list, and would let it in [revoked]."),
        ("pgo-v4", "primaryuser", "In a cluster of pgo-v4 nobody would get past it [revoked]."),
    ] {
        let home = scratch();
        made(home.path(), &format!("gen {target}"));
        let pki = home.path().join("pki");
        let pair =
            ["replication.crt", "replication.key"].map(|file| (file, fs::read(pki.join(file)).unwrap()));
        made(home.path(), "crl");
        printed(home.path(), target);
        made(home.path(), "revoke replication");
        // Out of a backup, say.
        pair.iter().for_each(|(file, contents)| fs::write(pki.join(file), contents).unwrap());
        fs::set_permissions(pki.join("replication.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        let output = pgtls(home.path(), &format!("k8s {target}"));
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), String::new()), "{said}");
        assert!(said.contains(&format!("pgtls: detail: {says}\n")), "{said}");
        let mend = format!("pgtls issue client {role} -D pki");
        assert!(said.ends_with(&format!("hint: Run: {mend}, and give --replication {role}\n")), "{said}");
        // The index alone knows it where there is no list.
        for list in ["chain.crl", "root.crl", "intermediate.crl"] {
            fs::remove_file(pki.join(list)).unwrap();
        }
        let output = pgtls(home.path(), &format!("k8s {target}"));
        let said = text(&output.stderr);
        let says = "No list that goes there names it, and it would be let in [index-revoked].";
        assert!(output.status.code() == Some(3) && said.contains(says) && said.contains(&mend), "{said}");
        made(home.path(), mend.strip_prefix("pgtls ").unwrap());
        printed(home.path(), &format!("{target} --replication {role}"));
    }
    // What the operator does not get shuts nobody out, however old it is.
    let home = scratch();
    made(home.path(), "gen cnpg");
    made(home.path(), "crl");
    fs::remove_file(home.path().join("pki/root.crl")).unwrap();
    fs::copy(home.path().join("pki/intermediate.crl"), home.path().join("pki/chain.crl")).unwrap();
    printed(home.path(), "cnpg");
}

/// Of `{cluster}-rw` it would leave `-rw`.
#[test]
fn a_name_of_nothing_is_no_name_of_a_cluster() {
    let home = scratch();
    for words in [
        "gen cnpg --set cluster=",
        "gen cnpg --set cluster=db --set namespace=",
        "k8s cert-manager -n a --set cluster=",
    ] {
        let output = pgtls(home.path(), words);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(text(&output.stderr).contains("\" has no value\n"), "{}", text(&output.stderr));
    }
    assert!(!home.path().join("pki").exists());
}
