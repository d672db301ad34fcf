//! The Makefile's promises: certs-* make exactly the guide's files and may be repeated, install puts one file in place,
//! help lists what there is. The binary is the test's own, so that nothing is built.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::{PGTLS, mode, names, run, scratch, snapshot, text};

/// Runs `make` on the Makefile of this repository, with our binary for the release build, which counts as fresh.
fn make(arguments: &[&str]) -> Output {
    Command::new("make")
        .args(["--no-print-directory", "--old-file", PGTLS, &format!("BIN={PGTLS}")])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("MAKEFLAGS")
        .env_remove("PGTLS_DIR")
        .env_remove("PGTLS_CA_DIR")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn made(arguments: &[&str]) -> String {
    let output = make(arguments);
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "make {}: {stderr}", arguments.join(" "));
    assert_eq!(stderr, "");
    text(&output.stdout)
}

/// A variable on make's command line.
fn variable(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

const TARGETS: [(&str, &[&str]); 3] = [
    (
        "certs-intermediate",
        &[
            "chain.crt",
            "client.crt",
            "client.key",
            "intermediate.crt",
            "intermediate.key",
            "root.crt",
            "root.key",
            "server.crt",
            "server.key",
        ],
    ),
    (
        "certs-root-only",
        &["chain.crt", "client.crt", "client.key", "root.crt", "root.key", "server.crt", "server.key"],
    ),
    ("certs-self-signed", &["client.crt", "client.key", "server.crt", "server.key"]),
];

#[test]
fn each_layout_is_made_with_the_guides_files_and_stays_when_repeated() {
    for (target, files) in TARGETS {
        let home = scratch();
        let out = home.path().join("made by make");
        let arguments = [target, &variable("OUT", &out)];
        let first = made(&arguments);
        assert!(first.contains("\ncreated "), "{first}");
        assert_eq!(names(&out), files, "{target}");
        let before = snapshot(&out);
        let second = made(&arguments);
        assert!(second.contains(" is complete: "), "{second}");
        assert_eq!(snapshot(&out), before, "{target} is not safe to repeat");
        assert_eq!(names(home.path()), ["made by make"]);
    }
}

#[test]
fn the_chains_are_the_guides() {
    for (target, chain) in [
        ("certs-intermediate", &["intermediate.yourdomain.com", "root.yourdomain.com"][..]),
        ("certs-root-only", &["root.yourdomain.com"]),
    ] {
        let home = scratch();
        made(&[target, &variable("OUT", home.path())]);
        let printed = run(home.path(), "openssl", &["storeutl", "-certs", "-noout", "-text", "chain.crt"]);
        // Some releases of openssl put spaces around the sign.
        let printed = printed.replace(" = ", "=");
        let subjects = printed.lines().filter_map(|line| line.trim().strip_prefix("Subject: CN="));
        let subjects: Vec<_> = subjects.collect();
        assert_eq!(subjects, chain, "{target}: {printed}");
        run(home.path(), "openssl", &["verify", "-CAfile", "chain.crt", "server.crt", "client.crt"]);
    }
}

#[test]
fn what_is_absent_is_made_again_and_more_arguments_are_passed_on() {
    let home = scratch();
    let out = home.path().join("pki");
    let out = variable("OUT", &out);
    let arguments = ["certs-root-only", &out, "ARGS=--server db1.example.com --client alice"];
    made(&arguments);
    let pki = home.path().join("pki");
    let subject = run(&pki, "openssl", &["x509", "-in", "client.crt", "-noout", "-subject"]);
    assert_eq!(subject.replace(' ', ""), "subject=CN=alice\n");
    let server = fs::read(pki.join("server.crt")).unwrap();
    for name in ["client.crt", "client.key"] {
        fs::remove_file(pki.join(name)).unwrap();
    }
    made(&arguments);
    assert!(pki.join("client.crt").exists());
    assert_eq!(fs::read(pki.join("server.crt")).unwrap(), server);
    // Without the arguments it is another directory than the one that is there; make passes the refusal on.
    let output = make(&["certs-root-only", &out]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("differs in its subject"), "{stderr}");
    assert!(stderr.contains("Error 3"), "{stderr}");
}

#[test]
fn install_puts_one_program_below_destdir_and_prefix() {
    let home = scratch();
    made(&["install", "PREFIX=/opt/pg tls", &variable("DESTDIR", home.path())]);
    let bin = home.path().join("opt/pg tls/bin");
    assert_eq!(names(&bin), ["pgtls"]);
    assert_eq!(mode(&bin.join("pgtls")), 0o755);
    let version = run(&bin, "./pgtls", &["--version"]);
    assert_eq!(version, concat!("pgtls ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn help_lists_every_target_and_no_other() {
    let help = made(&["help"]);
    let listed: Vec<&str> = help.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    let makefile = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Makefile")).unwrap();
    let phony = makefile.lines().find_map(|line| line.strip_prefix(".PHONY: ")).unwrap();
    let mut targets: Vec<&str> = phony.split_whitespace().filter(|target| *target != "help").collect();
    let mut found: Vec<&str> = listed.iter().copied().filter(|target| *target != "help").collect();
    targets.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, targets);
    for line in help.lines() {
        assert!(line.starts_with("  make ") && line.split_whitespace().count() > 3, "{line}");
        assert!(line.chars().count() <= 100, "{line}");
    }
}
