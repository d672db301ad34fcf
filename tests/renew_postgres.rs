//! A server goes on serving while everything is renewed under it, its CAs included: whoever has old files and whoever has
//! new ones get in, in every order in which the new ones are handed out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::Place;
use pgtls::diagnosis::Diagnosis;
use pgtls::scratch::{Scratch, Setup};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const FILES: [&str; 6] = ["server.crt", "server.key", "client.crt", "client.key", "chain.crt", "root.crt"];

/// What is handed out, as it is now, into a folder.
fn handed_out(place: &Place, folder: &str) {
    fs::create_dir(place.path(folder)).unwrap();
    for file in FILES {
        let copy = place.path(folder).join(file);
        fs::copy(place.path(file), &copy).unwrap();
        let mode = if file.ends_with(".key") { 0o600 } else { 0o644 };
        fs::set_permissions(copy, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// A server with the pair of one folder and the trust of another.
fn setup(place: &Place, pair: &str, trust: &str) -> Setup {
    let file = |folder: &str, name: &str| place.path(folder).join(name);
    Setup::new(file(pair, "server.crt"), file(pair, "server.key"))
        .client_ca(file(trust, "chain.crt"))
        .role("app")
        .hba("hostssl all all all cert")
}

/// A client with the pair of one folder and the trust of another logs in, and compares the server's name.
fn logs_in(server: &Scratch, place: &Place, pair: &str, trust: &str) {
    for anchors in ["chain.crt", "root.crt"] {
        let file = |folder: &str, name: &str| place.path(folder).join(name).display().to_string();
        let (root, certificate, key) =
            (file(trust, anchors), file(pair, "client.crt"), file(pair, "client.key"));
        let keywords = [
            ("host", "localhost"),
            ("user", "app"),
            ("sslmode", "verify-full"),
            ("sslrootcert", root.as_str()),
            ("sslcert", &certificate),
            ("sslkey", &key),
        ];
        let outcome = server.psql(&keywords, "SELECT current_user").unwrap();
        assert_eq!(
            (outcome.stdout.as_str(), outcome.ok),
            ("app", true),
            "{pair} {trust} {anchors}: {}",
            outcome.stderr
        );
    }
}

fn everybody_logs_in(server: &Scratch, place: &Place) {
    for pair in ["old", "new"] {
        for trust in ["old", "new"] {
            logs_in(server, place, pair, trust);
        }
    }
}

/// The serial number of what a server serves.
fn served(server: &Scratch) -> String {
    let address = format!("{}:{}", server.host(), server.port());
    let script = format!(
        "openssl s_client -connect {address} -starttls postgres </dev/null 2>/dev/null | openssl x509 -noout -serial"
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Everything is renewed; server and clients take the new files over in any order.
fn renewed_under_way(layout: &str) {
    let place = Place::made(&format!("{layout} --server localhost --client app"));
    handed_out(&place, "old");
    let mut server = match Scratch::start(setup(&place, "old", "old")) {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.detail().unwrap_or_default()),
    };
    logs_in(&server, &place, "old", "old");
    place.pgtls_words(&["renew", "--all", "-q", "-D", "."]);
    handed_out(&place, "new");
    assert_ne!(fs::read(place.path("old/root.crt")).unwrap(), fs::read(place.path("new/root.crt")).unwrap());
    // Not yet reloaded: clients may be first.
    everybody_logs_in(&server, &place);
    for (pair, trust) in [("new", "old"), ("old", "new"), ("new", "new")] {
        server.serve(setup(&place, pair, trust)).unwrap();
        assert_eq!(served(&server), place.openssl(&format!("x509 -noout -serial -in {pair}/server.crt")));
        everybody_logs_in(&server, &place);
    }
    server.stop().unwrap();
}

#[test]
fn nobody_is_turned_away_while_a_chain_with_an_intermediate_is_renewed() {
    renewed_under_way("chain --intermediate");
}

#[test]
fn nobody_is_turned_away_while_a_chain_without_one_is_renewed() {
    renewed_under_way("chain");
}
