//! CA keys in a directory of their own: two directories change together, or neither does.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Child, Stdio};

use support::{Run, is_root, names, scratch, text};
use tempfile::TempDir;

const CA: [&str; 4] = ["root.crt", "root.index", "root.index.attr", "root.key"];

/// Starts `gen chain -q` with more words.
fn start(home: &TempDir, more: &[&str]) -> Child {
    let words = [&["gen", "chain", "-q"][..], more].concat();
    Run::new(&words).dir(home).command().stderr(Stdio::null()).spawn().unwrap()
}

fn codes(children: Vec<Child>) -> Vec<Option<i32>> {
    children.into_iter().map(|mut child| child.wait().unwrap().code()).collect()
}

/// Runs it, and expects a refusal with these words that leaves only what was there.
fn refused(home: &TempDir, more: &[&str], code: i32, words: &str) {
    let before = names(home.path());
    let output = Run::new(&[&["gen", "chain", "-q"][..], more].concat()).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{more:?}\n{stderr}");
    assert!(stderr.contains(words), "{stderr}\nis without\n{words}");
    assert_eq!(names(home.path()), before, "{more:?} left something");
}

#[test]
fn runs_that_make_what_is_missing_all_succeed_wherever_the_ca_lies() {
    // `ca` comes before `x`, and is absent when it is asked for the lock.
    for _ in 0..25 {
        let home = scratch();
        let more = ["-D", "q/x", "--ca-dir", "q/ca", "--if-missing"];
        let children = (0..6).map(|_| start(&home, &more)).collect();
        assert_eq!(codes(children), [Some(0); 6]);
    }
}

#[test]
fn of_two_runs_that_use_two_new_directories_the_other_way_round_no_half_is_left() {
    for _ in 0..25 {
        let home = scratch();
        let children =
            [["-D", "x", "--ca-dir", "y", "--if-missing"], ["-D", "y", "--ca-dir", "x", "--if-missing"]];
        codes(children.iter().map(|more| start(&home, more)).collect());
        let held: Vec<Vec<String>> =
            names(home.path()).iter().map(|at| names(&home.path().join(at))).collect();
        // One is the CA's and the other has its leaves, or both were given up.
        let whole = held.iter().any(|files| files.contains(&"server.crt".to_owned()));
        assert!(held.is_empty() || (held.len() == 2 && whole), "{held:?}");
    }
}

#[test]
fn a_new_ca_goes_again_where_its_directory_cannot_be_made() {
    let home = scratch();
    fs::create_dir(home.path().join("pki")).unwrap();
    fs::write(home.path().join("pki/.pgtls-commit"), "").unwrap();
    refused(&home, &["-D", "pki", "--ca-dir", "ca"], 3, "\"pki/.pgtls-commit\" is in the way");
    symlink("nowhere", home.path().join("link")).unwrap();
    for link in ["link", "link/", "link/."] {
        refused(&home, &["-D", link, "--ca-dir", "ca"], 3, "is a symbolic link to nothing");
        refused(&home, &["-D", "new", "--ca-dir", link], 3, "is a symbolic link to nothing");
        refused(&home, &["-D", link, "--dry-run"], 3, "is a symbolic link to nothing");
    }
}

#[test]
fn a_directory_that_is_mounted_twice_is_one() {
    let home = scratch();
    for name in ["x", "y"] {
        fs::create_dir(home.path().join(name)).unwrap();
    }
    let user = if is_root() { "" } else { "--user --map-root-user " };
    Run::new(&["gen", "chain", "-q", "-D", "x", "--ca-dir", "y"])
        .dir(&home)
        .through("mount --bind x y && exec timeout 60 \"$@\"")
        .through(&format!("exec unshare {user}--mount \"$@\""))
        .stderr(
            "pgtls: error: --ca-dir and -D name the same directory, \"y\"\n\
             pgtls: hint: Leave --ca-dir out, or give it another directory.\n",
        )
        .code(2);
}

#[test]
fn a_ca_directory_that_was_there_keeps_what_it_had() {
    let home = scratch();
    start(&home, &["-D", "one", "--ca-dir", "ca"]).wait().unwrap();
    fs::create_dir(home.path().join("two")).unwrap();
    fs::write(home.path().join("two/.pgtls-commit"), "").unwrap();
    refused(&home, &["-D", "two", "--ca-dir", "ca"], 3, "is in the way");
    assert_eq!(names(&home.path().join("ca")), CA);
}
