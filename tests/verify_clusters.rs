//! Secrets of several clusters in one look: each is judged by what it trusts itself, and nobody by what another trusts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod support;

use cluster::{kubectl_secret, made, printed};
use std::fs;
use std::path::Path;
use support::{Run, scratch, text};
use tempfile::TempDir;

/// A Secret as kubectl makes it, out of files under `pki` of a directory: `KEY=DIR/FILE`.
fn secret(home: &Path, name: &str, files: &str) -> String {
    let files: Vec<String> = files.split(' ').map(|file| format!("--from-file={file}")).collect();
    let words: Vec<&str> = ["generic", name].into_iter().chain(files.iter().map(String::as_str)).collect();
    kubectl_secret(home, &words)
}

#[test]
fn a_ca_in_a_secret_of_its_own_serves_its_namespace_alone() {
    let home = scratch();
    let of = |namespace: &str, directory: &str| {
        printed(home.path(), &format!("cnpg --cluster db -n {namespace} -D {directory} --secrets-only"))
    };
    for directory in ["a", "b"] {
        made(home.path(), &format!("gen cnpg --set cluster=db --set namespace=prod -D {directory}"));
    }
    let (one, two) = (of("one", "a"), of("two", "b"));
    let (code, said) = judged(&home, &[&format!("{one}---\n{two}")], &["--host", "db-rw"]);
    assert_eq!((code, said.contains("8 certificates, 4 keys, 2 trust files")), (0, true), "{said}");
    // The certificates of the first, under the CA of the second: somewhere else their own is there.
    let (ca, _) = two.split_once("---\n").unwrap();
    let (_, pairs) = one.split_once("---\n").unwrap();
    let third = format!("{ca}---\n{pairs}").replace("namespace: one", "namespace: three");
    let third = third.replace("namespace: two", "namespace: three");
    let (code, said) = judged(&home, &[&format!("{one}---\n{two}---\n{third}")], &[]);
    assert!(code == 1 && said.contains("\nsecret/three/db-tls-"), "{said}");
    assert!(!said.contains("secret/one/") && !said.contains("secret/two/"), "{said}");
}

/// Exit code and what is said of these manifests, given as one file each and as one of several documents.
fn judged(home: &TempDir, manifests: &[&str], words: &[&str]) -> (i32, String) {
    let files: Vec<String> = (0..manifests.len()).map(|at| format!("{at}.yaml")).collect();
    files.iter().zip(manifests).for_each(|(file, text)| fs::write(home.path().join(file), text).unwrap());
    fs::write(home.path().join("all.yaml"), manifests.join("---\n")).unwrap();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let said = |files: &[&str]| {
        let output = Run::new(&[&["verify"], files, words].concat()).dir(home).output();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    };
    let (apart, together) = (said(&files), said(&["all.yaml"]));
    let behind = |said: &str| said.split_once('\n').map(|(_, rest)| rest.to_owned());
    assert_eq!((apart.0, behind(&apart.1)), (together.0, behind(&together.1)));
    together
}

#[test]
fn a_secret_whose_own_ca_is_of_others_is_refused_whoever_lies_beside_it() {
    let home = scratch();
    made(home.path(), "gen chain --intermediate --server one -D a");
    made(home.path(), "issue server two -D a");
    made(home.path(), "gen chain --intermediate --server one -D b");
    let good = secret(home.path(), "good", "tls.crt=a/server.crt tls.key=a/server.key ca.crt=a/root.crt");
    let files = "tls.crt=a/server.two.crt tls.key=a/server.two.key ca.crt=b/root.crt";
    let bad = secret(home.path(), "bad", files);
    assert_eq!(judged(&home, &[&good], &[]).0, 0);
    assert_eq!(judged(&home, &[&bad], &[]).0, 1);
    for both in [[good.as_str(), &bad], [&bad, &good]] {
        let (code, said) = judged(&home, &both, &[]);
        assert!(
            code == 1 && said.contains("secret/bad:tls.crt") && said.contains("[chain-incomplete]"),
            "{said}"
        );
        assert!(
            said.starts_with("checked all.yaml: 5 certificates, 2 keys, 2 trust files, no CRL\n"),
            "{said}"
        );
    }
}

#[test]
fn good_clusters_of_other_cas_are_good_together() {
    let home = scratch();
    let mut all = Vec::new();
    for (target, cluster) in
        [("zalando", "a"), ("zalando", "b"), ("pgo-v5", "c"), ("pgo-v5", "d"), ("pgo-v4", "e")]
    {
        made(home.path(), &format!("gen {target} --set cluster={cluster} -D {cluster}"));
        let names = if target == "pgo-v4" { "" } else { " --secrets-only" };
        all.push(printed(home.path(), &format!("{target} --cluster {cluster} -D {cluster}{names}")));
    }
    // Each side of these trusts the certificate of the other itself.
    for pair in ["f", "g"] {
        made(home.path(), &format!("gen self-signed -D {pair}"));
        for (own, other) in [("server", "client"), ("client", "server")] {
            let files =
                format!("tls.crt={pair}/{own}.crt tls.key={pair}/{own}.key ca.crt={pair}/{other}.crt");
            all.push(secret(home.path(), &format!("{pair}-{own}"), &files));
        }
    }
    for manifest in &all[..5] {
        assert_eq!(judged(&home, &[manifest], &[]).0, 0);
    }
    let manifests: Vec<&str> = all.iter().map(String::as_str).collect();
    let (code, said) = judged(&home, &manifests, &["--drivers"]);
    assert_eq!((code, said.contains("0 errors")), (0, true), "{said}");
    assert!(
        said.contains("\ngood: leaf first; every chain reaches what is trusted in its own cluster\n"),
        "{said}"
    );
    // Whoever asks for a role is told of everybody who has it not, and once that nobody is there.
    let (code, said) = judged(&home, &manifests[..2], &["-U", "nobody"]);
    assert_eq!((code, said.matches("[role-not-told]").count()), (0, 1), "{said}");
    let (_, said) = judged(&home, &manifests[..3], &["-U", "_crunchyrepl"]);
    assert_eq!(said.matches("[role-not-told]").count(), 0, "{said}");
}

#[test]
fn what_is_wrong_in_one_cluster_is_found_beside_others() {
    let home = scratch();
    for cluster in ["a", "b"] {
        made(home.path(), &format!("gen pgo-v5 --set cluster={cluster} -D {cluster}"));
    }
    let of = |cluster: &str| {
        printed(home.path(), &format!("pgo-v5 --cluster {cluster} -D {cluster} --secrets-only"))
    };
    let (good, other) = (of("a"), of("b"));
    // Standbys whose Secret trusts the CA of another cluster, which PGO 5 refuses.
    let (server, _) = other.split_once("---\n").unwrap();
    let files = "tls.crt=b/replication.crt tls.key=b/replication.key ca.crt=a/root.crt";
    let standbys = secret(home.path(), "b-replication-tls", files);
    let (code, said) = judged(&home, &[&good, server, &standbys], &[]);
    assert!(code == 1 && said.contains("secret/b-replication-tls"), "{said}");
    let files = "tls.crt=b/replication.crt tls.key=b/replication.key ca.crt=a/chain.crt";
    let standbys = secret(home.path(), "b-replication-tls", files);
    let (code, said) = judged(&home, &[server, &standbys], &[]);
    let fact = "error: the issuer of CN=intermediate.b.pgo is not in\n  secret/b-replication-tls:ca.crt ";
    assert!(code == 1 && said.contains(fact) && said.contains(", in secret/b-tls:ca.crt;"), "{said}");
    assert!(said.contains("hint: Mend the files that the Secret \"b-replication-tls\" is made of"), "{said}");
    // Who is on a list of its own cluster.
    made(home.path(), "gen zalando --set cluster=z -D z");
    made(home.path(), "crl -D z");
    made(home.path(), "gen zalando --set cluster=y -D y");
    let pair =
        ["server.crt", "server.key"].map(|file| (file, fs::read(home.path().join("z").join(file)).unwrap()));
    made(home.path(), "revoke server -D z");
    pair.iter().for_each(|(file, text)| fs::write(home.path().join("z").join(file), text).unwrap());
    let files = "tls.crt=z/server.crt tls.key=z/server.key ca.crt=z/chain.crt";
    let revoked = secret(home.path(), "z-tls", files);
    let lists = secret(home.path(), "z-lists", "ca.crl=z/chain.crl");
    let beside = printed(home.path(), "zalando --cluster y -D y --secrets-only");
    assert_eq!(judged(&home, &[&revoked, &beside], &[]).0, 0);
    let (code, said) = judged(&home, &[&revoked, &beside, &lists], &[]);
    assert!(code == 1 && said.contains("[revoked]") && said.contains("secret/z-tls:tls.crt"), "{said}");
}

#[test]
fn of_a_manifest_that_tells_what_is_trusted_nobody_judges_the_rest() {
    let home = scratch();
    made(home.path(), "gen chain --intermediate --server one -D a");
    made(home.path(), "issue server two -D a");
    let of = |name: &str, stem: &str| {
        let text = secret(
            home.path(),
            name,
            &format!("tls.crt=a/{stem}.crt tls.key=a/{stem}.key ca.crt=a/root.crt"),
        );
        fs::write(home.path().join(format!("{name}.yaml")), text).unwrap();
    };
    of("s1", "server");
    of("s2", "server.two");
    let said = |words: &str| {
        let output = Run::new(&words.split(' ').collect::<Vec<_>>()).dir(&home).output();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    };
    let (code, found) = said("verify --server-cert s2.yaml --server-key s2.yaml --trust s1.yaml");
    assert!(code == 0 && !found.contains("s1:tls") && found.contains("secret/s1:ca.crt"), "{found}");
    // Who gives it as a place too has it judged.
    let (_, found) = said("verify s1.yaml s2.yaml --trust s1.yaml --json");
    assert!(found.contains("secret/s1:tls.crt") && found.contains("secret/s2:tls.crt"), "{found}");
}
