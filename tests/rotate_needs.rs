//! Who keeps `rotate`'s `drop` from forgetting them: holders of one name with keys of their own, directories that share a
//! CA, what has no subject, CAs that have ended; and who does not, because something took their place.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;

use support::clock::at;
use support::{Run, names, run, scratch, snapshot, text};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

const SWITCH: &str = "--trust-is-distributed";

fn made(layout: &[&str]) -> TempDir {
    let home = scratch();
    Run::new(&[&["gen", "chain", "-q"], layout].concat()).dir(&home).code(0);
    home
}

/// Runs it with that exit code, and returns what it says on standard error.
fn go(home: &TempDir, words: &[&str], code: i32) -> String {
    let output = Run::new(words).dir(home).output();
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

#[test]
fn a_holder_of_the_same_name_with_another_key_keeps_the_old_ca() {
    let home = made(&[]);
    let request =
        "openssl req -new -newkey rsa:2048 -nodes -subj /CN=kong -keyout k -out client.kong.csr 2>/dev/null";
    run(home.path(), "sh", &["-ec", request]);
    go(&home, &["sign", "client.kong.csr", "--as", "client", "-q"], 0);
    fs::remove_file(home.path().join("pki/client.kong.crt")).unwrap();
    go(&home, &["rotate", "root", "add", "-q"], 0);
    go(&home, &["rotate", "root", "switch", SWITCH, "-q"], 0);
    let said = go(&home, &["rotate", "root", "drop"], 3);
    assert!(said.contains("needed by 1 certificate\n") && said.contains("/CN=kong (serial "), "{said}");
    go(&home, &["sign", "client.kong.csr", "--as", "client", "-q"], 0);
    go(&home, &["rotate", "root", "drop", "-q"], 0);
}

#[test]
fn what_a_renewal_or_the_switch_took_the_place_of_keeps_nothing() {
    let home = made(&[]);
    go(&home, &["renew", "--all", "-q"], 0);
    go(&home, &["renew", "client", "-q"], 0);
    go(&home, &["rotate", "root", "add", "-q"], 0);
    go(&home, &["rotate", "root", "switch", SWITCH, "-q"], 0);
    let index = fs::read_to_string(home.path().join("pki/root.prev.index")).unwrap();
    let open: Vec<&str> = index.lines().filter(|line| line.contains("\tunknown\t")).collect();
    assert!(open.iter().all(|line| line.ends_with("/CN=root.yourdomain.com")), "{index}");
    assert!(index.lines().count() >= 5, "{index}");
    go(&home, &["rotate", "root", "drop", "-q"], 0);
}

#[test]
fn what_has_no_subject_is_known_by_its_serial_number_and_shown_by_its_name() {
    let home = made(&[]);
    let script = "cd pki && openssl req -new -key server.key -subj / -out r 2>/dev/null &&
        printf 'subjectAltName=critical,DNS:db7.acme.test\\nextendedKeyUsage=serverAuth\\n' >e &&
        openssl x509 -req -in r -CA root.crt -CAkey root.key -set_serial 77 -days 9 -extfile e 2>/dev/null >server.crt &&
        rm r e";
    run(home.path(), "sh", &["-ec", script]);
    go(&home, &["rotate", "root", "add", "-q"], 0);
    let output = Run::new(&["rotate", "root", "switch", SWITCH]).dir(&home).output();
    assert!(text(&output.stdout).contains("  server.crt  DNS:db7.acme.test  "), "{}", text(&output.stdout));
    go(&home, &["rotate", "root", "drop", "-q"], 0);
    let output = Run::new(&["renew", "server"]).dir(&home).output();
    assert!(text(&output.stdout).contains("  server.crt  DNS:db7.acme.test  "), "{}", text(&output.stdout));
}

#[test]
fn an_intermediate_that_has_ended_is_brought_along_and_can_be_renewed() {
    let home = scratch();
    let pki = home.path().join("pki").display().to_string();
    let then = OffsetDateTime::now_utc() - Duration::days(20);
    let lives = ["--intermediate-lifetime", "10d", "--lifetime", "5d", "-q", "-D", &pki];
    let (code, _, stderr) = at(then, None, &[], &[&["gen", "chain", "--intermediate"], &lives[..]].concat());
    assert_eq!(code, 0, "{stderr}");
    go(&home, &["rotate", "root", "add", "-q"], 0);
    go(&home, &["rotate", "root", "switch", SWITCH, "-q"], 0);
    go(&home, &["rotate", "root", "drop", "-q"], 0);
    go(&home, &["renew", "intermediate", "-q"], 0);
    run(home.path(), "openssl", &["verify", "-CAfile", "pki/root.crt", "pki/intermediate.crt"]);
}

#[test]
fn directories_with_the_same_names_under_one_ca_wait_for_each_other() {
    let home = scratch();
    let ca = ["--ca-dir", "ca", "-q"];
    let both = |words: &[&str], code| go(&home, &[words, &ca].concat(), code);
    for directory in ["db1", "db2"] {
        both(&["gen", "chain", "-D", directory], 0);
    }
    both(&["rotate", "root", "add", "-D", "db1"], 0);
    both(&["rotate", "root", "switch", SWITCH, "-D", "db1"], 0);
    let said = both(&["rotate", "root", "drop", "-D", "db1"], 3);
    assert!(said.contains("needed by 2 certificates"), "{said}");
    // Whatever else is tried there, it is told how to follow.
    let said = both(&["issue", "client", "alice", "-D", "db2"], 3).replace('\n', " ");
    assert!(said.contains("pgtls rotate root switch --trust-is-distributed -D db2 --ca-dir ca"), "{said}");
    both(&["rotate", "root", "switch", SWITCH, "-D", "db2"], 0);
    both(&["rotate", "root", "drop", "-D", "db2"], 0);
    both(&["rotate", "root", "drop", "-D", "db1"], 0);
    for directory in ["db1", "db2"] {
        go(&home, &["verify", directory, "-q"], 0);
    }
}

#[test]
fn a_directory_that_was_passed_over_follows_after_the_drop() {
    let home = scratch();
    let ca = ["--ca-dir", "ca", "-q"];
    let both = |words: &[&str], code| go(&home, &[words, &ca].concat(), code);
    for directory in ["db1", "db2"] {
        both(&["gen", "chain", "-D", directory], 0);
    }
    run(home.path(), "cp", &["-r", "db2", "kept"]);
    both(&["rotate", "root", "add", "-D", "db1"], 0);
    for phase in [&["switch", SWITCH][..], &["drop"]] {
        for directory in ["db1", "db2"] {
            both(&[&["rotate", "root"], phase, &["-D", directory]].concat(), 0);
        }
    }
    // As it was before, and its leaves gone.
    fs::remove_dir_all(home.path().join("db2")).unwrap();
    fs::rename(home.path().join("kept"), home.path().join("db2")).unwrap();
    for file in ["server.crt", "server.key", "client.crt", "client.key"] {
        fs::remove_file(home.path().join("db2").join(file)).unwrap();
    }
    let said = both(&["rotate", "root", "drop", "-D", "db2"], 3).replace('\n', " ");
    assert!(said.contains("rotate root switch --trust-is-distributed -D db2 --ca-dir ca"), "{said}");
    both(&["rotate", "root", "switch", SWITCH, "-D", "db2"], 0);
    both(&["issue", "client", "alice", "-D", "db2"], 0);
    both(&["rotate", "root", "drop", "-D", "db2"], 0);
    assert!(!names(&home.path().join("db2")).iter().any(|name| name.contains(".prev")));
    assert!(!names(&home.path().join("ca")).iter().any(|name| name.contains(".prev")));
    for place in ["db2/root.crt", "db2/chain.crt"] {
        let [new, own] = ["ca/root.crt", place].map(|file| fs::read(home.path().join(file)).unwrap());
        assert_eq!(new, own, "{place}");
    }
}

#[test]
fn a_ca_that_is_called_like_a_successor_and_is_none_has_not_been_dropped() {
    let home = scratch();
    let script = "mkdir pki && cd pki && openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=Acme G2' -days 400 \
                  -keyout root.key -out root.crt 2>/dev/null && chmod 0600 root.key";
    run(home.path(), "sh", &["-ec", script]);
    let before = snapshot(home.path());
    let said = go(&home, &["rotate", "root", "drop"], 3);
    assert!(said.contains("no rotation of \"root\" has begun"), "{said}");
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn what_is_valid_still_though_its_renewal_was_revoked_keeps_the_old_ca() {
    let home = made(&[]);
    go(&home, &["renew", "client", "-q"], 0);
    let serial = run(home.path(), "openssl", &["x509", "-noout", "-serial", "-in", "pki/client.crt"]);
    go(&home, &["revoke", serial.trim(), "-q"], 0);
    go(&home, &["rotate", "root", "add", "-q"], 0);
    go(&home, &["rotate", "root", "switch", SWITCH, "-q"], 0);
    let said = go(&home, &["rotate", "root", "drop"], 3);
    assert!(said.contains("needed by 1 certificate\n") && said.contains("/CN=kong (serial "), "{said}");
    go(&home, &["revoke", "kong", "-q"], 0);
    go(&home, &["rotate", "root", "drop", "-q"], 0);
}
