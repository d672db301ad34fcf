//! `renew` of certificates that call themselves CAs, as `openssl req -x509` makes them all: which of them are, and which are
//! servers and clients.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod renewing;
mod support;

use renewing::{certificate, day, for_openssl, openssl, openssl_verifies, refused, renew, renewed};
use std::fs;
use support::clock::at;
use tempfile::TempDir;

/// A pair of `openssl req -x509`: CA:TRUE, and nothing that says what the key is for.
fn itself(home: &TempDir, stem: &str, name: &str, words: &str) {
    openssl(
        home,
        &format!(
            "req -x509 -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN={name} -days 30 \
             -addext basicConstraints=critical,CA:TRUE {words} -keyout {stem}.key -out {stem}.crt"
        ),
    );
}

fn chain() -> TempDir {
    let home = for_openssl();
    let pki = home.path().join("pki");
    fs::remove_dir(&pki).unwrap();
    let (code, _, stderr) = at(day(0), None, &[], &["gen", "chain", "-q", "-D", pki.to_str().unwrap()]);
    assert_eq!(code, 0, "{stderr}");
    home
}

#[test]
fn a_ca_of_openssl_that_signed_nothing_here_stays_a_ca() {
    let home = chain();
    let pki = home.path().join("pki");
    let stems = ["client-ca", "pg_client_ca", "rootCA", "trust"];
    for (stem, name) in stems.iter().zip(["X", "Y", "Z", "Clients-CA"]) {
        itself(&home, stem, name, "");
    }
    let both = [fs::read(pki.join("root.crt")).unwrap(), fs::read(pki.join("client-ca.crt")).unwrap()];
    fs::write(pki.join("chain.crt"), both.concat()).unwrap();
    let old = certificate(&home, "client-ca.crt");
    renewed(&home, 1, &["--expires-in", "40d"]);
    for stem in stems {
        let new = certificate(&home, &format!("{stem}.crt"));
        assert_eq!(new.ca, Some(true), "{stem}");
        assert!(new.extended_key_usage.is_empty() && new.window.not_after > old.window.not_after, "{stem}");
    }
    assert_eq!(renewing::certificates(&home, "chain.crt")[1], certificate(&home, "client-ca.crt"));
    refused(&home, 1, &["client-ca", "--as", "client"], 2, "\"client-ca\" is for a CA, not for a client");
}

#[test]
fn a_server_or_client_that_calls_itself_a_ca_becomes_an_end_entity() {
    let home = for_openssl();
    itself(&home, "server", "db1.example.ca", "");
    itself(&home, "client.alice", "alice", "");
    itself(&home, "db2", "db2.example.com", "-addext extendedKeyUsage=serverAuth");
    itself(&home, "db3", "db3.example.com", "-addext subjectAltName=DNS:db3.example.com");
    let (code, _, stderr) = renew(&home, 1, &["--all", "-q"]);
    assert_eq!(code, 1, "{stderr}");
    for file in ["server.crt", "client.alice.crt", "db2.crt"] {
        assert_eq!(certificate(&home, file).ca, Some(false), "{file}");
    }
    assert!(stderr.contains("db3.crt ends on ") && stderr.contains("say it with --as"), "{stderr}");
    assert_eq!(renew(&home, 1, &["db3", "--as", "server"]).0, 0, "with a warning: it is trusted by itself");
    assert_eq!(certificate(&home, "db3.crt").ca, Some(false));
}

#[test]
fn what_nothing_tells_goes_on_as_either_until_somebody_says_what_it_is() {
    let home = for_openssl();
    itself(&home, "alice", "alice", "");
    renewed(&home, 1, &["--all"]);
    let new = certificate(&home, "alice.crt");
    assert_eq!((new.ca, &new.key_usage), (Some(true), &None));
    openssl_verifies(&home, 1, "-purpose sslclient -partial_chain -CAfile alice.crt alice.crt");
    assert_eq!(renew(&home, 1, &["alice", "--as", "client"]).0, 0, "with a warning: it is trusted by itself");
    let new = certificate(&home, "alice.crt");
    assert_eq!((new.ca, new.extended_key_usage.len()), (Some(false), 1));
}
