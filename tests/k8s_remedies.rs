//! What `k8s` says where a directory lacks what a target needs: exit code 3, and a command that, typed as it stands, mends it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod support;

use cluster::{made, pgtls};
use std::fs;
use std::path::Path;
use support::{scratch, text};

/// Runs `k8s WORDS`, which is refused with that fact; types the command of its hint, gives the flag that it names, and is
/// answered.
fn mended(home: &Path, words: &str, fact: &str) {
    let refused = pgtls(home, &format!("k8s {words}"));
    let said = text(&refused.stderr);
    assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(3), String::new()), "{words}: {said}");
    assert!(said.starts_with(&format!("pgtls: error: {fact}\n")), "{words}: {said}");
    let (_, hint) = said.trim_end().rsplit_once("\npgtls: hint: Run: pgtls ").unwrap();
    let (command, flags) = hint.split_once(", and give ").unwrap_or((hint, ""));
    made(home, command);
    // A flag that is given again takes the place of the first.
    let mut all: Vec<&str> = words.split(' ').collect();
    if let Some((flag, name)) = flags.split_once(' ') {
        if let Some(at) = all.iter().position(|word| *word == flag) {
            all.drain(at..at + 2);
        }
        all.extend([flag, name]);
    }
    let answered = pgtls(home, &format!("k8s {}", all.join(" ")));
    assert_eq!(answered.status.code(), Some(0), "{command}: {}", text(&answered.stderr));
}

#[test]
fn standbys_without_a_certificate() {
    for (target, role) in
        [("pgo-v4", "primaryuser"), ("pgo-v5", "_crunchyrepl"), ("cnpg", "streaming_replica")]
    {
        let home = scratch();
        made(home.path(), "gen chain --server hippo-primary");
        mended(home.path(), target, "no client's certificate in \"pki\" is for replication");
        assert!(home.path().join(format!("pki/client.{role}.crt")).exists());
    }
}

#[test]
fn a_server_that_is_not_there_or_is_somebody_else() {
    let home = scratch();
    made(home.path(), "gen pgo-v5");
    mended(home.path(), "pgo-v5 -n pgo --server replication", "\"pki/replication.crt\" is not a server's");
    mended(home.path(), "pgo-v5 --replication server", "\"pki/server.crt\" is not a client's");
    let home = scratch();
    made(home.path(), "gen pgo-v5");
    mended(home.path(), "pgo-v5 --server root", "\"pki/root.crt\" is a CA's");
    fs::remove_file(home.path().join("pki/server.hippo-primary.crt")).unwrap();
    fs::remove_file(home.path().join("pki/server.hippo-primary.key")).unwrap();
    fs::remove_file(home.path().join("pki/server.crt")).unwrap();
    mended(home.path(), "pgo-v5", "there is no server's certificate in \"pki\"");
}

#[test]
fn standbys_of_another_name_where_there_is_no_map() {
    let home = scratch();
    made(home.path(), "gen pgo-v5");
    made(home.path(), "issue client bob");
    mended(home.path(), "pgo-v5 --replication bob", "\"pki/client.bob.crt\" logs in as \"bob\"");
}

/// Nobody there can issue another.
#[test]
fn a_directory_of_certificates_that_sign_themselves() {
    for target in ["pgo-v4", "pgo-v5", "cnpg"] {
        let home = scratch();
        made(home.path(), "gen self-signed --server hippo-primary");
        let fact = "no client's certificate in \"pki\" is for replication";
        mended(home.path(), &format!("{target} -n prod --cluster db"), fact);
    }
}

/// `issue` has to be told which of them.
#[test]
fn a_directory_with_a_ca_for_servers_and_another_for_clients() {
    for (target, names) in
        [("pgo-v4", "--server hippo"), ("pgo-v5", "--server hippo-primary"), ("cnpg", "--server hippo-rw")]
    {
        let home = scratch();
        made(home.path(), &format!("gen split-ca {names}"));
        mended(home.path(), target, "no client's certificate in \"pki\" is for replication");
    }
    let home = scratch();
    made(home.path(), "gen split-ca --server other --replication=_crunchyrepl");
    mended(home.path(), "pgo-v5", "\"pki/server.crt\" does not name \"hippo-primary\"");
}

#[test]
fn a_certificate_that_has_ended() {
    let home = scratch();
    made(home.path(), "gen cnpg");
    for file in ["replication.crt", "replication.key"] {
        fs::remove_file(home.path().join("pki").join(file)).unwrap();
    }
    made(home.path(), "issue client streaming_replica --not-before 2020-01-01 --not-after 2020-02-01 -D pki");
    mended(home.path(), "cnpg", "client.streaming_replica.crt: it has ended, at 2020-02-01T00:00:00Z");
}

#[test]
fn lists_of_which_one_is_missing() {
    for target in ["pgo-v4", "zalando"] {
        let home = scratch();
        made(home.path(), &format!("gen {target} --set cluster=db"));
        made(home.path(), "crl");
        fs::remove_file(home.path().join("pki/root.crl")).unwrap();
        fs::copy(home.path().join("pki/intermediate.crl"), home.path().join("pki/chain.crl")).unwrap();
        let fact =
            "ca.crl: no revocation list of CN=root.db.pgo is here that counts, and all it issued need one";
        mended(home.path(), &format!("{target} --cluster db"), fact);
    }
}

#[test]
fn a_name_that_pgbouncer_is_reached_by_or_that_it_reaches_the_server_by() {
    let home = scratch();
    made(home.path(), "gen pgo-v5 --set cluster=other");
    mended(home.path(), "pgo-v5 -n pgo", "\"pki/server.crt\" does not name \"hippo-primary\"");
    let fact = "no server's certificate in \"pki\" names \"hippo-pgbouncer\"";
    mended(home.path(), "pgo-v5 -n pgo --server hippo-primary --pgbouncer-tls-secret p", fact);
}

#[test]
fn a_directory_whose_name_has_to_be_quoted_is_quoted() {
    let home = scratch();
    made(home.path(), "gen chain");
    fs::rename(home.path().join("pki"), home.path().join("my pki's")).unwrap();
    let refused = support::Run::new(&["k8s", "cnpg", "-D", "my pki's"]).dir(&home).output();
    let said = text(&refused.stderr);
    let (_, command) = said.trim_end().rsplit_once("hint: Run: pgtls ").unwrap();
    let typed = format!("{} {command} -q", env!("CARGO_BIN_EXE_pgtls"));
    support::run(home.path(), "sh", &["-c", &typed]);
    let answered = support::Run::new(&["k8s", "cnpg", "-D", "my pki's"]).dir(&home).output();
    assert_eq!(answered.status.code(), Some(0), "{}", text(&answered.stderr));
}
