//! The whole way with somebody else's CA: requests, its certificates, and a real server that starts on what `import` made
//! of them and lets a client in.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;
mod other_ca;

use foreign::Place;
use pgtls::scratch::{Scratch, Setup};

const QUERY: &str = "SELECT current_user, ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/// A server on the files of a directory, and what psql says as a role with the files of a stem.
fn login(place: &Place, role: &str, stem: &str) -> pgtls::scratch::ClientOutcome {
    let file = |name: &str| place.path("pki").join(name);
    let setup = Setup::new(file("server.crt"), file("server.key"))
        .client_ca(file("chain.crt"))
        .hba("hostssl all all all cert")
        .role("alice")
        .role("kong");
    let server = Scratch::start(setup).unwrap_or_else(|error| panic!("{error}"));
    let text = |name: &str| file(name).display().to_string();
    let (trust, certificate, key) =
        (text("chain.crt"), text(&format!("{stem}.crt")), text(&format!("{stem}.key")));
    let keywords = [
        ("host", "localhost"),
        ("user", role),
        ("sslmode", "verify-full"),
        ("sslrootcert", &trust),
        ("sslcert", &certificate),
        ("sslkey", &key),
    ];
    let outcome = server.psql(&keywords, QUERY).unwrap();
    assert!(outcome.ok, "{}\n{}", outcome.stderr, server.log());
    outcome
}

#[test]
fn a_server_starts_on_what_another_ca_signed_and_its_client_logs_in() {
    for form in ["PEM", "DER", "P7B"] {
        let place = other_ca::place();
        place.pgtls("csr server localhost 127.0.0.1 ::1");
        place.pgtls("csr client alice");
        for stem in ["server", "client"] {
            let signed = format!("{stem}.pem");
            other_ca::signed(&place, &format!("pki/{stem}.csr"), &signed, "");
            match form {
                "PEM" => place.pgtls(&format!("import {signed} --chain issuing.pem --chain root.pem")),
                "DER" => {
                    place.openssl(&format!("x509 -in {signed} -outform DER -out {stem}.cer"));
                    place.pgtls(&format!("import {stem}.cer --chain issuing.pem --chain root.pem"))
                }
                _ => {
                    other_ca::bundled(&place, &["root.pem", &signed, "issuing.pem"], "all.p7b", "DER");
                    place.pgtls("import all.p7b")
                }
            };
        }
        assert_eq!(login(&place, "alice", "client").stdout, "alice|t|/CN=alice", "{form}");
    }
}

#[test]
fn a_client_of_another_ca_logs_in_beside_those_of_the_directorys_own() {
    let place = other_ca::place();
    place.pgtls("gen chain --intermediate --server localhost -q -D pki");
    place.pgtls("csr client alice");
    other_ca::signed(&place, "pki/client.alice.csr", "alice.pem", "");
    place.pgtls("import alice.pem --chain issuing.pem --chain root.pem");
    assert_eq!(login(&place, "alice", "client.alice").stdout, "alice|t|/CN=alice");
    assert_eq!(login(&place, "kong", "client").stdout, "kong|t|/CN=kong");
}
