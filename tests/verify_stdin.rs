//! `verify -`: what comes through standard input is judged like a file that has neither mode nor owner.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use support::{Run, scratch, text};
use tempfile::TempDir;

/// A directory with `pki/` in it, of the layout with an intermediate.
fn home() -> TempDir {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q", "--server", "db.test"]).dir(&home).code(0);
    home
}

/// The contents of files of `pki/`, one behind the other.
fn joined(home: &TempDir, files: &[&str]) -> Vec<u8> {
    files.iter().flat_map(|file| fs::read(home.path().join("pki").join(file)).unwrap()).collect()
}

/// Runs `pgtls verify` with this standard input; its exit code, standard output and standard error.
fn piped(home: &Path, words: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
    let run = Run::new(&[&["verify"], words].concat()).dir(home);
    let mut child =
        run.command().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Whoever is refused is not read to the end.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn openssl(home: &TempDir, words: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(words).current_dir(home).output().unwrap();
    assert!(output.status.success(), "openssl {words:?}: {}", text(&output.stderr));
    output.stdout
}

#[test]
fn a_bundle_is_judged_from_its_key_to_its_root() {
    let home = home();
    let (code, stdout, stderr) =
        piped(home.path(), &["-"], &joined(&home, &["server.crt", "server.key", "root.crt"]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let first = "checked standard input: 3 certificates, 1 key, standard input, no CRL\n";
    assert!(stdout.starts_with(first), "{stdout}");
    assert!(stdout.contains("good: every key fits its certificate\n"), "{stdout}");
    assert!(stdout.ends_with("0 errors, 0 warnings, 1 note\n"), "{stdout}");
}

#[test]
fn a_key_that_does_not_fit_is_found_in_a_bundle_too() {
    let home = home();
    let (code, stdout, _) =
        piped(home.path(), &["-"], &joined(&home, &["server.crt", "client.key", "root.crt"]));
    assert_eq!((code, stdout.contains("[key-mismatch]")), (Some(1), true), "{stdout}");
}

#[test]
fn it_stands_among_files_and_for_a_part() {
    let home = home();
    let server = joined(&home, &["server.crt"]);
    let root = joined(&home, &["root.crt"]);
    for (words, input, rule) in [
        (&["-", "--trust", "pki/root.crt"][..], &server, None),
        (&["--server-cert", "-", "--trust", "pki/root.crt", "--host", "db.test"], &server, None),
        (
            &["--server-cert", "-", "--trust", "pki/root.crt", "--host", "no.test"],
            &server,
            Some("host-mismatch"),
        ),
        (&["pki/server.crt", "--trust", "-"], &root, None),
        (&["pki/server.crt", "-", "--trust", "pki/root.crt"], &root, None),
        (&["--server-cert", "-", "--server-key", "pki/server.key", "--trust", "pki/root.crt"], &server, None),
        (
            &["--server-cert", "-", "--server-key", "pki/client.key", "--trust", "pki/root.crt"],
            &server,
            Some("key-mismatch"),
        ),
    ] {
        let (code, stdout, stderr) = piped(home.path(), words, input);
        let found = rule.is_none_or(|rule| stdout.contains(&format!("[{rule}]")));
        assert_eq!((code, found), (Some(i32::from(rule.is_some())), true), "{words:?}\n{stdout}{stderr}");
    }
}

#[test]
fn der_is_read_and_its_mend_names_no_file() {
    let home = home();
    let der = openssl(&home, &["x509", "-in", "pki/server.crt", "-outform", "DER"]);
    let (code, stdout, _) = piped(home.path(), &["-", "--trust", "pki/chain.crt"], &der);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("CN=db.test"), "{stdout}");
    assert!(stdout.contains("hint: Pipe it through openssl x509 -inform DER.\n"), "{stdout}");
}

#[test]
fn a_key_alone_has_no_mode_that_could_be_wrong() {
    let home = home();
    let (code, stdout, _) = piped(home.path(), &["pki/server.crt", "-", "--trust", "pki/root.crt"], &{
        joined(&home, &["server.key"])
    });
    assert_eq!(code, Some(0), "{stdout}");
    assert!(!stdout.contains("[key-"), "{stdout}");
    assert!(!stdout.contains("closed to others"), "{stdout}");
}

#[test]
fn standard_input_is_asked_for_once() {
    let home = home();
    for words in [&["-", "-"][..], &["-", "--trust", "-"], &["--server-cert", "-", "--server-key", "-"]] {
        let (code, stdout, stderr) = piped(home.path(), words, b"");
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(stderr.starts_with("pgtls: error: standard input is asked for twice\n"), "{stderr}");
    }
}

#[test]
fn it_is_left_alone_where_nobody_asks_for_it() {
    let home = home();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"left").unwrap();
    drop(writer);
    let run = Run::new(&["verify", "pki", "-q"]).dir(&home);
    let status = run.command().stdin(reader.try_clone().unwrap()).status().unwrap();
    assert!(status.success());
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "left");
}

#[test]
fn what_is_empty_or_without_end_gets_an_answer() {
    let home = home();
    let (code, stdout, _) = piped(home.path(), &["-"], b"");
    assert_eq!((code, stdout.contains("[file-empty]")), (Some(1), true), "{stdout}");
    let (code, _, stderr) = piped(home.path(), &["-"], &vec![b'a'; (16 << 20) + 1]);
    assert_eq!(code, Some(4));
    assert_eq!(stderr, "pgtls: error: \"standard input\" is larger than 16777216 bytes\n");
    let (code, ..) = piped(home.path(), &["./-"], b"");
    assert_eq!(code, Some(4), "./- is a file, which is not there");
}
