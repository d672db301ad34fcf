//! `renew` of whatever is due, as from a timer: one certificate that cannot be renewed stops no other, and nothing is made
//! again for nothing.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod renewing;
mod support;

use renewing::{certificate, day, for_openssl, made, openssl, openssl_verifies, refused, renew, renewed};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::clock::at;
use support::snapshot;
use tempfile::TempDir;

const CHAIN: &[&str] = &["chain", "--intermediate", "--server", "db1.example.com", "--client", "app"];

fn pgtls(home: &TempDir, days: i64, words: &[&str]) {
    let pki = format!("{}/pki", home.path().display());
    let all: Vec<&str> = words.iter().copied().chain(["-q", "-D", &pki]).collect();
    let (code, stdout, stderr) = at(day(days), None, &[], &all);
    assert_eq!(code, 0, "{words:?}: {stdout}{stderr}");
}

/// `renew` of what is due, which leaves something out, with these words, and renews these files.
fn renews_the_rest(home: &TempDir, days: i64, words: &[&str], told: &[&str], files: &[&str]) {
    let serials = || files.iter().map(|file| certificate(home, file).serial).collect::<Vec<_>>();
    let before = serials();
    let (code, _, stderr) = renew(home, days, words);
    assert_eq!(code, 1, "{stderr}");
    for told in told {
        assert!(stderr.contains(told), "{stderr}\nis without\n{told}");
    }
    let pairs = before.iter().zip(serials());
    pairs.zip(files).for_each(|((before, after), file)| assert_ne!(*before, after, "{file}\n{stderr}"));
}

fn write(home: &TempDir, name: &str, text: &[u8], mode: u32) {
    let path = home.path().join("pki").join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn read(home: &TempDir, name: &str) -> Vec<u8> {
    fs::read(home.path().join("pki").join(name)).unwrap()
}

#[test]
fn a_leaf_that_cannot_go_along_with_its_ca_keeps_that_ca_and_nothing_else() {
    let home = for_openssl();
    let pair = |stem: &str, words: &str| {
        openssl(
            &home,
            &format!(
                "req -x509 -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 90 {words} \
                 -keyout {stem}.key -out {stem}.crt"
            ),
        );
    };
    let usage = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign,cRLSign";
    pair("root", &format!("-subj /CN=root {usage}"));
    pair("other", &format!("-subj /CN=other {usage}"));
    write(&home, "leaf.ext", b"authorityKeyIdentifier = keyid,issuer:always\n", 0o644);
    openssl(
        &home,
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=web -keyout web.key -out web.csr",
    );
    openssl(
        &home,
        "x509 -req -in web.csr -CA root.crt -CAkey root.key -CAcreateserial -days 80 -extfile leaf.ext -out web.crt",
    );
    refused(
        &home,
        1,
        &["root"],
        2,
        "pgtls: hint: Renew that first, and say what it is for: pgtls renew web --as",
    );
    let before = certificate(&home, "root.crt");
    let told = [
        "root.crt ends on ",
        "was not renewed: \"web\" names the serial number of \"pki/root.crt\", and cannot be made again with it",
    ];
    renews_the_rest(&home, 70, &["-q"], &told, &["other.crt"]);
    assert_eq!(certificate(&home, "root.crt"), before);
    assert_eq!(renew(&home, 70, &["web", "--as", "server"]).0, 0);
    renewed(&home, 70, &["root"]);
    openssl_verifies(&home, 71, "-CAfile root.crt web.crt");
}

#[test]
fn a_pair_of_two_keys_is_told_and_keeps_nothing_else_from_being_renewed() {
    let home = made(CHAIN);
    pgtls(&home, 0, &["issue", "client", "bob"]);
    write(&home, "client.key", &read(&home, "client.bob.key"), 0o600);
    let before = certificate(&home, "client.crt");
    let told = ["client.crt ends on ", "\"pki/client.key\" is not the key of \"pki/client.crt\""];
    renews_the_rest(&home, 300, &[], &told, &["server.crt", "client.bob.crt"]);
    assert_eq!(certificate(&home, "client.crt"), before);
    refused(&home, 300, &["client"], 3, "\"pki/client.key\" is not the key of \"pki/client.crt\"");
    renewed(&home, 300, &["client", "--rekey"]);
    // That of a root, which signs nothing in this run.
    write(&home, "root.key", &read(&home, "client.bob.key"), 0o600);
    renewed(&home, 301, &["server"]);
}

#[test]
fn a_file_of_a_certificate_and_its_key_is_brought_up_to_date_as_it_is() {
    let home = made(CHAIN);
    let both = [read(&home, "server.key"), read(&home, "server.crt")].concat();
    write(&home, "server-combined.pem", &both, 0o600);
    renewed(&home, 1, &["--all"]);
    assert_eq!(renewing::certificates(&home, "server-combined.pem")[0], certificate(&home, "server.crt"));
    pgtls(&home, 1, &["rotate", "intermediate", "add"]);
    pgtls(&home, 1, &["rotate", "intermediate", "switch", "--trust-is-distributed"]);
    assert_eq!(renewing::certificates(&home, "server-combined.pem")[0], certificate(&home, "server.crt"));
}

#[test]
fn a_stray_file_and_a_key_that_signs_nothing_here_are_in_the_way_of_what_needs_them_alone() {
    let home = made(CHAIN);
    openssl(&home, "x509 -in server.crt -outform DER -out x.crt");
    renewed(&home, 300, &[]);
    // Beside a key it is one that somebody expects to be renewed.
    write(&home, "x.key", &read(&home, "server.key"), 0o600);
    renews_the_rest(&home, 600, &[], &["x.crt was not renewed: ", "is DER, not PEM"], &["server.crt"]);
    for name in ["x.crt", "x.key"] {
        fs::remove_file(home.path().join("pki").join(name)).unwrap();
    }
    openssl(&home, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out root.key");
    renewed(&home, 900, &["server"]);
    refused(&home, 900, &["root"], 3, "its key \"pki/root.key\" cannot be used");
    renews_the_rest(
        &home,
        900,
        &["--all"],
        &["root.crt ends on ", "\"pki/root.key\" cannot be used"],
        &["intermediate.crt"][..0],
    );
}

#[test]
fn what_ends_with_its_ca_is_not_made_again_every_day() {
    let home = made(&[
        "chain",
        "--intermediate",
        "--server",
        "db1.example.com",
        "--ca-lifetime",
        "400d",
        "--intermediate-lifetime",
        "400d",
    ]);
    let safe = home.path().join("safe");
    fs::create_dir(&safe).unwrap();
    fs::rename(home.path().join("pki/root.key"), safe.join("root.key")).unwrap();
    let log = home.path().join("log");
    let exec = format!("echo >>'{}'", log.display());
    let words = ["--expires-in", "366d", "-q", "--exec", &exec];
    // Once it comes to last as long as its CA, and then no more.
    renews_the_rest(&home, 380, &words, &[], &["server.crt"]);
    let before = snapshot(home.path());
    let (code, _, stderr) = renew(&home, 381, &words);
    assert_eq!(code, 1);
    assert!(
        stderr.contains("server.crt ends on ") && stderr.contains("it ends with its CA \"root\""),
        "{stderr}"
    );
    assert!(stderr.contains("with --ca-dir where its key is: pgtls renew root"), "{stderr}");
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn half_way_through_a_rotation_the_new_ca_signs_what_was_left_under_the_old_one() {
    let home = made(&["chain", "--server", "db1.example.com", "--client", "app"]);
    pgtls(&home, 0, &["issue", "client", "bob", "--lifetime", "10d"]);
    pgtls(&home, 20, &["rotate", "root", "add"]);
    pgtls(&home, 20, &["rotate", "root", "switch", "--trust-is-distributed"]);
    assert_eq!(certificate(&home, "client.bob.crt").issuer, certificate(&home, "root.prev.crt").subject);
    renewed(&home, 20, &[]);
    openssl_verifies(&home, 20, "-CAfile root.crt client.bob.crt");
    pgtls(&home, 20, &["rotate", "root", "drop"]);
}

#[test]
fn a_ca_without_its_key_is_told_where_to_look_for_it() {
    let home = made(CHAIN);
    fs::remove_file(home.path().join("pki/root.key")).unwrap();
    refused(
        &home,
        0,
        &["root"],
        4,
        "pgtls: hint: Put it back, or name the directory that holds it with --ca-dir.",
    );
}

#[test]
fn a_ca_that_has_ended_is_to_be_renewed_and_one_that_has_not_begun_asks_for_the_clock() {
    let home = made(CHAIN);
    refused(
        &home,
        4000,
        &["server"],
        3,
        "pgtls: hint: Renew it first: pgtls renew root intermediate -D pki\n",
    );
    pgtls(&home, 4000, &["renew", "root", "intermediate"]);
    renewed(&home, 4000, &["server"]);
    refused(&home, -10, &["server"], 3, "pgtls: hint: Set the clock of this machine");
    refused(&home, -10, &["root"], 3, "pgtls: hint: Set the clock of this machine");
}

#[test]
fn a_ca_that_stands_in_a_bundle_alone_is_called_by_that_file() {
    let home = made(CHAIN);
    for name in ["root.crt", "root.key", "intermediate.crt", "intermediate.key"] {
        fs::remove_file(home.path().join("pki").join(name)).unwrap();
    }
    refused(&home, 300, &["server"], 4, "the key of the CA \"pki/chain.crt\" is not there");
}

#[test]
fn a_ca_that_was_dropped_is_not_signed_again_for_what_was_left_under_it() {
    let home = made(CHAIN);
    pgtls(&home, 0, &["issue", "client", "bob", "--lifetime", "2d"]);
    for words in [&["add"][..], &["switch", "--trust-is-distributed"], &["drop"]] {
        pgtls(&home, 5, &[&["rotate", "intermediate"], words].concat());
    }
    let dropped = renewing::certificates(&home, "client.bob.crt").remove(1);
    // As from a timer: nobody can renew bob, and nothing else is due.
    renewed(&home, 5, &[]);
    renewed(&home, 5, &["--all"]);
    assert_eq!(renewing::certificates(&home, "client.bob.crt").remove(1), dropped);
    openssl_verifies(&home, 5, "-CAfile chain.crt -untrusted server.crt server.crt");
    refused(&home, 5, &["client.bob"], 3, "the CA of \"pki/client.bob.crt\" was dropped");
}
