//! `rotate` where the keys of CAs lie in a directory of their own: two directories are changed one after the other, and
//! several may share one CA.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;

use support::{Run, names, run, scratch, text};

const SWITCH: &str = "--trust-is-distributed";

#[test]
fn with_keys_apart_each_directory_follows_in_its_own_time() {
    let home = scratch();
    fs::write(home.path().join("pass"), "word\n").unwrap();
    let apart = ["--ca-dir", "ca", "--ca-passphrase-file", "pass"];
    let go = |words: &[&str], code: i32| {
        let output = Run::new(&[words, &apart, &["-q"]].concat()).dir(&home).output();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", text(&output.stderr));
        text(&output.stderr)
    };
    for (directory, client) in [("pki", "one"), ("two", "two")] {
        go(&["gen", "chain", "-D", directory, "--client", client], 0);
    }
    go(&["rotate", "root", "add"], 0);
    let key = fs::read_to_string(home.path().join("ca/root.next.key")).unwrap();
    assert!(key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{key}");
    assert!(!home.path().join("pki/root.next.key").exists());
    // The other directory goes straight on from where it is.
    go(&["rotate", "root", "switch", SWITCH], 0);
    let refusal = go(&["rotate", "root", "drop"], 3);
    assert!(refusal.contains("/CN=two (serial "), "{refusal}");
    go(&["rotate", "root", "switch", "-D", "two"], 0);
    for file in ["root.crt", "root.prev.crt"] {
        let [ca, two] = ["ca", "two"].map(|place| fs::read(home.path().join(place).join(file)).unwrap());
        assert_eq!(ca, two, "{file}");
    }
    let trusted = fs::read_to_string(home.path().join("two/chain.crt")).unwrap();
    assert_eq!(trusted.matches("BEGIN CERTIFICATE").count(), 2);
    go(&["rotate", "root", "drop", "-D", "two"], 0);
    assert_eq!(names(&home.path().join("ca/revoked")).len(), 3);
    go(&["rotate", "root", "drop"], 0);
    for directory in ["pki", "two"] {
        assert!(!names(&home.path().join(directory)).iter().any(|name| name.contains(".prev")));
        Run::new(&["verify", directory, "-q"]).dir(&home).code(0);
    }
}

#[test]
fn a_switch_that_was_killed_between_two_directories_goes_on() {
    let home = scratch();
    let apart = ["--ca-dir", "ca", "-q"];
    Run::new(&[&["gen", "chain", "--intermediate"], &apart[..]].concat()).dir(&home).code(0);
    for (ca, phase) in [("root", "add"), ("root", "switch"), ("root", "drop")] {
        let words: &[&str] = if phase == "switch" { &[ca, phase, SWITCH] } else { &[ca, phase] };
        let words = [&["rotate"], words, &apart].concat();
        run(home.path(), "cp", &["-a", "pki", "before"]);
        Run::new(&words).dir(&home).code(0);
        // The directory of CA keys is the first to be changed, and the other was not reached.
        fs::remove_dir_all(home.path().join("pki")).unwrap();
        fs::rename(home.path().join("before"), home.path().join("pki")).unwrap();
        Run::new(&words).dir(&home).code(0);
        Run::new(&["verify", "pki", "--host", "localhost", "-U", "kong", "-q"]).dir(&home).code(0);
        let again = Run::new(&[&["rotate"], &words[1..3], &["--ca-dir", "ca"]].concat()).dir(&home).output();
        assert!(text(&again.stdout).contains(" already, "), "{phase}: {}", text(&again.stdout));
    }
    let left = names(&home.path().join("pki"));
    assert!(!left.iter().any(|name| name.contains(".prev") || name.contains(".next")), "{left:?}");
}
