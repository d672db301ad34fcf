//! `k8s --pgbouncer-tls-secret`: whose pair pgBouncer gets, where it is named, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod support;

use cluster::{kubectl_secret, made, object, pgtls, printed, value, with_part};
use serde_json::json;
use std::fs;
use support::{Run, run, scratch, text};

#[test]
fn pgo_4_gets_the_pair_of_the_server_where_that_names_the_service_and_the_flags_that_name_it() {
    let home = scratch();
    made(home.path(), "gen pgo-v4");
    let words = "pgo-v4 -n pgo --pgbouncer-tls-secret hippo-pooler";
    let theirs = "tls hippo-pooler -n pgo --cert=pki/server.crt --key=pki/server.key";
    let theirs = kubectl_secret(home.path(), &theirs.split(' ').collect::<Vec<_>>());
    assert!(printed(home.path(), words).split("---\n").any(|ours| ours == theirs));
    let commands = printed(home.path(), &format!("{words} --commands"));
    let created = "kubectl create secret tls hippo-pooler -n pgo \\\n  --cert=pki/server.crt \\\n  --key=pki/server.key\n";
    assert!(commands.contains(created), "{commands}");
    let said =
        run(home.path(), "sh", &["-c", &format!("kubectl() {{ :; }}; pgo() {{ echo \"$@\"; }}\n{commands}")]);
    let each: Vec<&str> = said.lines().collect();
    assert_eq!(each.len(), 3, "{said}");
    for form in each {
        assert!(
            form.contains("--server-ca-secret=postgresql-ca --server-tls-secret=hippo-tls-keypair"),
            "{form}"
        );
        assert!(form.ends_with(" --pgbouncer --pgbouncer-tls-secret=hippo-pooler"), "{form}");
    }
    assert!(!printed(home.path(), "pgo-v4 -n pgo --commands").contains("pgbouncer"));
}

#[test]
fn a_certificate_that_lacks_hosts_makes_room_for_the_one_that_has_them() {
    let home = scratch();
    made(home.path(), "gen pgo-v5");
    made(home.path(), "issue server hippo-pgbouncer");
    let words = ["k8s", "pgo-v5", "-n", "pgo", "--pgbouncer-tls-secret", "pooler"];
    let warned = text(&Run::new(&words).dir(&home).output().stderr);
    let hint = "hint: Move pki/server.hippo-pgbouncer.crt and its key away, then run: pgtls ";
    let mend = warned.split_once(hint).unwrap_or_else(|| panic!("{warned}")).1;
    for ending in ["crt", "key"] {
        fs::remove_file(home.path().join("pki").join(format!("server.hippo-pgbouncer.{ending}"))).unwrap();
    }
    made(home.path(), mend.split_once(", and give ").unwrap().0);
    assert!(!text(&Run::new(&words).dir(&home).output().stderr).contains("hippo-pgbouncer"));
}

#[test]
fn pgo_5_gets_three_keys_and_the_field_that_names_them() {
    let home = scratch();
    made(home.path(), "gen pgo-v5");
    let refused = "pgtls: error: no server's certificate in \"pki\" names \"hippo-pgbouncer\"\n\
                   pgtls: detail: Clients reach the cluster's pgBouncer by that name.\n\
                   pgtls: hint: Run: pgtls issue server hippo-pgbouncer hippo-pgbouncer.pgo hippo-pgbouncer.pgo.svc \
                   hippo-pgbouncer.pgo.svc.cluster.local -D pki, and give --pgbouncer hippo-pgbouncer\n";
    let words = ["k8s", "pgo-v5", "-n", "pgo", "--pgbouncer-tls-secret", "pooler"];
    Run::new(&words).dir(&home).stderr(refused).code(3);
    let mend = refused.trim_end().rsplit_once("Run: pgtls ").unwrap().1;
    // It is found by the name of its service too.
    made(home.path(), mend.split_once(", and give ").unwrap().0);
    let found = with_part(home.path(), &words[1..].join(" "));
    let secret = object(&found, "Secret", "pooler");
    let read = |file: &str| fs::read(home.path().join("pki").join(file)).unwrap();
    assert_eq!(secret["type"], "kubernetes.io/tls");
    assert_eq!(value(secret, "ca.crt"), read("chain.crt"));
    assert_eq!(value(secret, "tls.crt"), read("server.hippo-pgbouncer.crt"));
    assert_eq!(value(secret, "tls.key"), read("server.hippo-pgbouncer.key"));
    let spec = &object(&found, "PostgresCluster", "hippo")["spec"];
    assert_eq!(spec["proxy"], json!({ "pgBouncer": { "customTLSSecret": { "name": "pooler" } } }));
    assert_eq!(spec["customTLSSecret"]["name"], "hippo-tls");
}

#[test]
fn a_pair_that_is_named_is_taken_and_what_it_lacks_is_said() {
    let home = scratch();
    made(home.path(), "gen pgo-v5");
    made(home.path(), "issue server pooler.example.com");
    let words = "k8s pgo-v5 --pgbouncer-tls-secret p --pgbouncer pooler.example.com --patch";
    let output = pgtls(home.path(), words);
    let said = "pgtls: warning: pki/server.pooler.example.com.crt does not name hippo-pgbouncer: verify-full fails \
                there\npgtls: hint: Run: pgtls issue server hippo-pgbouncer -D pki, and give --pgbouncer \
                hippo-pgbouncer\n";
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), said.to_owned()));
    // One of another CA, which nobody in the cluster trusts.
    made(home.path(), "gen chain -D other --server hippo-pgbouncer");
    for ending in ["crt", "key"] {
        let (from, to) = (format!("other/server.{ending}"), format!("pki/server.strange.{ending}"));
        fs::copy(home.path().join(from), home.path().join(to)).unwrap();
    }
    let output = pgtls(home.path(), "k8s pgo-v5 --pgbouncer-tls-secret p --pgbouncer strange");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), String::new()));
    assert!(
        text(&output.stderr).starts_with("pgtls: error: server.strange.crt: "),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn it_is_refused_to_targets_without_it_and_so_are_names_of_no_use() {
    let home = scratch();
    made(home.path(), "gen cnpg");
    for (words, fact) in [
        ("k8s cnpg --pgbouncer-tls-secret p", "error: --pgbouncer-tls-secret does not go with cnpg\n"),
        (
            "k8s pgo-v4 --pgbouncer-tls-secret My.Pooler",
            "error: --pgbouncer-tls-secret: \"My.Pooler\" is no DNS label\n",
        ),
        ("k8s pgo-v4 --pgbouncer x", "--pgbouncer-tls-secret <NAME>"),
    ] {
        let output = pgtls(home.path(), words);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(text(&output.stderr).contains(fact), "{}", text(&output.stderr));
    }
}
