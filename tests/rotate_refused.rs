//! What `rotate` refuses, with which exit code, and that it changes nothing then.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;

use support::clock::at;
use support::{Run, run, scratch, snapshot, text};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

const SWITCH: &str = "--trust-is-distributed";

fn made(layout: &[&str]) -> TempDir {
    let home = scratch();
    Run::new(&[&["gen", "chain", "-q"], layout].concat()).dir(&home).code(0);
    home
}

fn rotate(home: &TempDir, words: &[&str]) {
    Run::new(&[&["rotate"], words, &["-q"]].concat()).dir(home).code(0);
}

/// What it says where it refuses, and that nothing has changed.
fn refused(home: &TempDir, words: &[&str], code: i32) -> String {
    let before = snapshot(home.path());
    let output = Run::new(&[&["rotate"], words].concat()).dir(home).output();
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(code), ""), "{words:?}: {said}");
    assert_eq!(snapshot(home.path()), before, "{words:?}");
    said
}

fn says(said: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(said.contains(part), "{part:?} is not in: {said}"));
}

#[test]
fn a_phase_out_of_its_turn_is_refused_with_the_one_whose_turn_it_is() {
    let home = made(&["--intermediate"]);
    for phase in [&["root", "switch", SWITCH][..], &["root", "drop"]] {
        says(&refused(&home, phase, 3), &["no rotation of \"root\" has begun", "pgtls rotate root add"]);
    }
    rotate(&home, &["root", "add"]);
    let told = refused(&home, &["root", "drop"], 3);
    says(&told, &["has not been switched yet", "pgtls rotate root switch"]);
    assert!(!told.contains(SWITCH), "whoever pastes that has assured what nobody asked: {told}");
    says(
        &refused(&home, &["intermediate", "add"], 3),
        &["the rotation of \"root\" is half-way", "pgtls rotate root status"],
    );
    rotate(&home, &["root", "switch", SWITCH]);
    says(
        &refused(&home, &["root", "add"], 3),
        &["\"pki/root.prev.crt\" is still trusted", "rotate root drop"],
    );
}

#[test]
fn a_switch_asks_whether_peers_trust_the_new_ca_and_names_the_files_for_them() {
    let home = made(&["--intermediate"]);
    Run::new(&["crl", "-q"]).dir(&home).code(0);
    rotate(&home, &["intermediate", "add"]);
    let said = refused(&home, &["intermediate", "switch"], 3);
    says(&said, &["pki/chain.crt and pki/chain.crl first", "refuses what the new one signs", SWITCH]);
    rotate(&home, &["intermediate", "switch", SWITCH]);
}

#[test]
fn nothing_is_dropped_that_somebody_needs() {
    let home = made(&[]);
    for client in ["alice", "bob", "carol"] {
        Run::new(&["issue", "client", client, "-q"]).dir(&home).code(0);
    }
    // Handed out and not here any more; and one whose key somebody else has.
    for file in
        ["client.alice.crt", "client.alice.key", "client.bob.key", "client.carol.crt", "client.carol.key"]
    {
        fs::remove_file(home.path().join("pki").join(file)).unwrap();
    }
    rotate(&home, &["root", "add"]);
    rotate(&home, &["root", "switch", SWITCH]);
    let status = text(&Run::new(&["rotate", "root", "status"]).dir(&home).output().stdout);
    says(&status, &["still needed by:\n  /CN=alice", "  /CN=carol", "when nothing needs the old one"]);
    assert!(!status.contains("bob"), "issued again for the key that it has: {status}");
    let said = refused(&home, &["root", "drop"], 3);
    says(
        &said,
        &["\"pki/root.prev.crt\" is still needed by 2 certificates", "/CN=alice (serial ", "revoke them"],
    );
    // One gets another under the new CA, the other is shut out.
    Run::new(&["issue", "client", "alice", "-q"]).dir(&home).code(0);
    assert!(!refused(&home, &["root", "drop"], 3).contains("alice"));
    let index = fs::read_to_string(home.path().join("pki/root.prev.index")).unwrap();
    let line = index.lines().find(|line| line.ends_with("/CN=carol")).unwrap();
    Run::new(&["revoke", line.split('\t').nth(3).unwrap(), "-q"]).dir(&home).code(0);
    rotate(&home, &["root", "drop"]);
}

#[test]
fn a_leaf_of_the_old_ca_that_came_back_after_the_switch_is_brought_over_by_another_one() {
    let home = made(&[]);
    run(home.path(), "cp", &["pki/server.crt", "kept"]);
    rotate(&home, &["root", "add"]);
    rotate(&home, &["root", "switch", SWITCH]);
    run(home.path(), "cp", &["kept", "pki/server.crt"]);
    says(&refused(&home, &["root", "drop"], 3), &["server.crt until ", "\"pgtls rotate root switch\""]);
    rotate(&home, &["root", "switch"]);
    rotate(&home, &["root", "drop"]);
}

#[test]
fn a_rotated_intermediate_keeps_nobody_from_dropping_the_root_above_it() {
    let home = made(&["--intermediate"]);
    for ca in ["intermediate", "root"] {
        for phase in [&["add"][..], &["switch", SWITCH], &["drop"]] {
            rotate(&home, &[&[ca], phase].concat());
        }
    }
}

#[test]
fn what_has_ended_or_is_revoked_is_left_as_it_is_and_keeps_nothing() {
    let home = made(&[]);
    for (client, more) in
        [("old", &["--not-before", "2020-01-01", "--not-after", "2020-02-01"][..]), ("bad", &[])]
    {
        Run::new(&[&["issue", "client", client, "-q"], more].concat()).dir(&home).code(0);
    }
    run(home.path(), "cp", &["pki/client.bad.crt", "kept"]);
    Run::new(&["revoke", "bad", "-q"]).dir(&home).code(0);
    run(home.path(), "cp", &["kept", "pki/client.bad.crt"]);
    rotate(&home, &["root", "add"]);
    let output = Run::new(&["rotate", "root", "switch", SWITCH]).dir(&home).output();
    says(
        &text(&output.stdout),
        &[
            "left as it is: client.bad.crt (it is revoked)\n",
            "left as it is: client.old.crt (it has ended)\n",
        ],
    );
    rotate(&home, &["root", "drop"]);
}

#[test]
fn a_leaf_that_cannot_be_issued_again_is_left_and_keeps_the_old_ca() {
    let home = made(&[]);
    // What a log is promised of one certificate holds for no other.
    let script = "cd pki && openssl req -new -key client.key -subj /CN=kong -out r 2>/dev/null &&
        printf 'extendedKeyUsage=clientAuth\\n1.3.6.1.4.1.11129.2.4.3=ASN1:NULL\\n' >e &&
        openssl x509 -req -in r -CA root.crt -CAkey root.key -set_serial 77 -days 9 -extfile e 2>/dev/null >c &&
        mv c client.crt && rm r e";
    run(home.path(), "sh", &["-ec", script]);
    rotate(&home, &["root", "add"]);
    let output = Run::new(&["rotate", "root", "switch", SWITCH]).dir(&home).output();
    let stdout = text(&output.stdout);
    says(&stdout.replace('\n', " "), &["left as it is: client.crt (", "11129.2.4.3", "  server.crt  "]);
    says(&refused(&home, &["root", "drop"], 3), &["client.crt until "]);
    Run::new(&["issue", "client", "kong", "-q"]).dir(&home).code(0);
    fs::remove_file(home.path().join("pki/client.crt")).unwrap();
    rotate(&home, &["root", "drop"]);
}

#[test]
fn a_key_that_is_away_is_asked_for_with_its_name() {
    let home = scratch();
    let apart = ["--ca-dir", "ca", "-q"];
    Run::new(&[&["gen", "chain", "--intermediate"], &apart[..]].concat()).dir(&home).code(0);
    for ca in ["root", "intermediate"] {
        let said = refused(&home, &[ca, "add"], 4);
        says(&said, &[&format!("\"pki/{ca}.key\" was looked for"), "--ca-dir"]);
    }
    Run::new(&[&["rotate", "intermediate", "add"], &apart[..]].concat()).dir(&home).code(0);
    says(&refused(&home, &["intermediate", "switch", SWITCH], 4), &["intermediate.next.key", "--ca-dir"]);
    // That of the root alone, which signs the new intermediate.
    let home = made(&["--intermediate"]);
    fs::rename(home.path().join("pki/root.key"), home.path().join("root.key")).unwrap();
    says(
        &refused(&home, &["intermediate", "add"], 4),
        &["the key of the CA \"pki/root.crt\"", "pki/root.key"],
    );
}

#[test]
fn a_new_key_is_closed_like_the_old_one_or_not_made() {
    let home = scratch();
    fs::write(home.path().join("pass"), "word\n").unwrap();
    fs::write(home.path().join("other"), "other\n").unwrap();
    Run::new(&["gen", "chain", "-q", "--ca-passphrase-file", "pass"]).dir(&home).code(0);
    says(&refused(&home, &["root", "add"], 3), &["no passphrase was given", "--ca-passphrase-file"]);
    refused(&home, &["root", "add", "--ca-passphrase-file", "other"], 3);
    rotate(&home, &["root", "add", "--ca-passphrase-file", "pass"]);
    let key = fs::read_to_string(home.path().join("pki/root.next.key")).unwrap();
    assert!(key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    refused(&home, &["root", "switch", SWITCH], 3);
    rotate(&home, &["root", "switch", SWITCH, "--ca-passphrase-file", "pass"]);
}

#[test]
fn where_there_is_no_such_ca_the_others_are_named() {
    let home = made(&[]);
    for step in [&["add"][..], &["switch", SWITCH], &["drop"], &["status"]] {
        let said = refused(&home, &[&["intermediate"], step].concat(), 3);
        says(&said, &["there is no CA \"intermediate\" in \"pki\"", "hint: There is root."]);
        // A server is none.
        says(&refused(&home, &[&["server"], step].concat(), 3), &["there is no CA \"server\""]);
    }
    fs::create_dir(home.path().join("empty")).unwrap();
    says(&refused(&home, &["root", "add", "-D", "empty"], 3), &["there is no CA \"root\"", "-D"]);
    says(&refused(&home, &["root", "add", "-D", "missing"], 4), &["missing"]);
}

#[test]
fn files_of_two_rotations_are_told_apart_by_nobody() {
    let home = made(&[]);
    rotate(&home, &["root", "add"]);
    for ending in ["crt", "key"] {
        let place = |stem: &str| home.path().join(format!("pki/{stem}.{ending}"));
        fs::copy(place("root"), place("root.prev")).unwrap();
    }
    for step in [&["add"][..], &["switch", SWITCH], &["drop"], &["status"]] {
        let said = refused(&home, &[&["root"], step].concat(), 3);
        says(
            &said,
            &["\"pki/root.next.crt\" and \"pki/root.prev.crt\" are both there", "move the other away"],
        );
    }
}

#[test]
fn a_clock_before_the_beginning_of_the_ca_is_refused() {
    let home = made(&["--intermediate"]);
    let pki = home.path().join("pki").display().to_string();
    let early = OffsetDateTime::now_utc() - Duration::days(2);
    for ca in ["root", "intermediate"] {
        let (code, _, stderr) = at(early, None, &[], &["rotate", ca, "add", "-D", &pki]);
        assert_eq!(code, 3, "{stderr}");
        says(&stderr, &["by the clock of this machine it is ", "it begins at "]);
    }
    rotate(&home, &["root", "add"]);
    let words = ["rotate", "root", "switch", SWITCH, "-D", &pki];
    let (code, _, stderr) = at(early, None, &[], &words);
    assert_eq!(code, 3, "{stderr}");
}

#[test]
fn a_life_that_does_not_fit_is_refused_and_one_that_was_is_made_to() {
    let home = made(&["--intermediate"]);
    let said = refused(&home, &["intermediate", "add", "--lifetime", "20y"], 3);
    says(&said, &["certificate \"intermediate.next\" would outlive its CA", "d is the longest that fits"]);
    let pki = home.path().join("pki").display().to_string();
    let late = OffsetDateTime::now_utc() + Duration::days(1820);
    let (code, stdout, stderr) =
        at(late, None, &[], &["rotate", "intermediate", "add", "-D", &pki, "--days", "30"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("intermediate.next.crt"), "{stdout}");
    let home = made(&["--intermediate", "--ca-lifetime", "1900d"]);
    let pki = home.path().join("pki").display().to_string();
    let late = OffsetDateTime::now_utc() + Duration::days(300);
    let (code, _, stderr) = at(late, None, &[], &["rotate", "intermediate", "add", "-D", &pki]);
    assert_eq!(code, 0, "{stderr}");
    says(&stderr, &["warning: intermediate.next.crt ", "root.crt"]);
}

#[test]
fn flags_and_key_types_that_do_not_belong_are_refused_whatever_is_on_disk() {
    let home = made(&[]);
    says(&refused(&home, &["root", "add", "--key-type", "ed25519"], 2), &["Ed25519", "ecdsa-p256"]);
    refused(&home, &["root", "add", "--key-type", "rsa-1"], 2);
    refused(&home, &["root", "add", "--lifetime", "1y", "--days", "3"], 2);
    refused(&home, &["root", "add", "--days", "0"], 2);
    refused(&home, &["root", "turn"], 2);
    for (words, flag) in [
        (&["root", "add", SWITCH][..], SWITCH),
        (&["root", "drop", "--days", "3"], "--days"),
        (&["root", "switch", "--key-type", "rsa-2048"], "--key-type"),
        (&["root", "status", "--lifetime", "1y"], "--lifetime"),
        (&["root", "status", "--dry-run"], "--dry-run"),
    ] {
        says(&refused(&home, words, 2), &[flag]);
    }
}

#[test]
fn a_new_ca_that_cannot_sign_is_named_by_its_own_files() {
    let home = made(&[]);
    rotate(&home, &["root", "add", "--days", "30"]);
    let pki = home.path().join("pki").display().to_string();
    let late = OffsetDateTime::now_utc() + Duration::days(40);
    let (code, _, stderr) = at(late, None, &[], &["rotate", "root", "switch", SWITCH, "-D", &pki]);
    assert_eq!(code, 3, "{stderr}");
    says(&stderr, &["root.next.crt", "pgtls renew root.next"]);
    fs::copy(home.path().join("pki/root.key"), home.path().join("pki/root.next.key")).unwrap();
    let said = refused(&home, &["root", "switch", SWITCH], 3);
    says(&said, &["root.next.crt", "its key is the key of another certificate"]);
}

#[test]
fn a_pair_of_two_keys_is_left_and_stops_nobody_else() {
    let home = made(&["--intermediate"]);
    let pki = home.path().join("pki");
    for name in ["bob", "dora"] {
        Run::new(&["issue", "client", name, "-q"]).dir(&home).code(0);
    }
    fs::copy(pki.join("client.dora.key"), pki.join("client.bob.key")).unwrap();
    rotate(&home, &["intermediate", "add"]);
    let dry = text(
        &Run::new(&["rotate", "intermediate", "switch", SWITCH, "--dry-run"]).dir(&home).output().stdout,
    );
    says(&dry, &["client.bob.crt", "the key beside it is another's"]);
    let said = text(&Run::new(&["rotate", "intermediate", "switch", SWITCH]).dir(&home).output().stdout);
    says(&said, &["client.bob.crt", "the key beside it is another's"]);
    says(&refused(&home, &["intermediate", "drop"], 3), &["client.bob.crt"]);
}
