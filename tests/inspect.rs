//! What `inspect` makes of directories that others filled: files that it cannot read, and authorities of every shape.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use support::{Run, run, scratch, text};

/// What `inspect` says of that directory: exit code, standard output and standard error.
fn inspected(home: &Path) -> (Option<i32>, String, String) {
    let output = Run::new(&["inspect"]).dir(home).output();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The files of the tree, each with the branch before it.
fn branches(stdout: &str) -> Vec<&str> {
    let lines = stdout.lines().skip(2).filter(|line| line.contains(".crt"));
    lines.map(|line| line.split_inclusive(".crt").next().unwrap()).collect()
}

/// `openssl` with these words, a line of them.
fn openssl(home: &Path, words: &str) {
    run(home, "openssl", &words.split_whitespace().collect::<Vec<_>>());
}

// Files

#[test]
fn a_key_is_not_opened() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    fs::write(home.path().join("root.key"), "no key at all\n").unwrap();
    openssl(home.path(), "ecparam -genkey -name secp521r1 -noout -out client.key");
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(branches(&stdout), ["  root.crt", "  ├ server.crt", "  └ client.crt"]);
}

#[test]
fn a_key_that_may_not_be_read_hides_nothing() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    let output = Run::new(&["inspect"]).dir(&home).by_nobody().output();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    assert!(text(&output.stdout).starts_with("./: 3 certificates\n"));
}

#[test]
fn a_certificate_that_may_not_be_read_is_a_problem_and_the_others_are_shown() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    fs::set_permissions(home.path().join("client.crt"), fs::Permissions::from_mode(0)).unwrap();
    let output = Run::new(&["inspect"]).dir(&home).by_nobody().output();
    let stderr = "pgtls: warning: could not read \"./client.crt\": permission denied\n";
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(1), stderr));
    assert_eq!(branches(&text(&output.stdout)), ["  root.crt", "  └ server.crt"]);
}

#[test]
fn a_file_above_the_limit_is_a_problem_and_the_others_are_shown() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    let large = fs::File::create(home.path().join("all.crt")).unwrap();
    large.set_len(17 << 20).unwrap();
    let (code, stdout, stderr) = inspected(home.path());
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(stderr.starts_with("pgtls: warning: ") && stderr.contains("all.crt"), "{stderr}");
    assert_eq!(branches(&stdout), ["  root.crt", "  ├ server.crt", "  └ client.crt"]);
}
