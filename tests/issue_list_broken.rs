//! `issue -f` where something is broken: lists that are none, streams that an earlier run did not finish or did not write,
//! an index of many years.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};

use support::{Run, run, scratch, snapshot, text};
use tempfile::TempDir;

/// A directory `pki`, and beside it the list `names`.
fn directory(names: impl AsRef<[u8]>) -> TempDir {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "--server", "db1.example.com"]).dir(&home).code(0);
    fs::write(home.path().join("names"), names).unwrap();
    home
}

/// `issue USAGE -f names` and these words; standard output and standard error, and that the code is this one.
fn issue(home: &TempDir, usage: &str, words: &[&str], code: i32) -> (String, String) {
    let output = Run::new(&[&["issue", usage, "-f", "names"], words].concat()).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}\n{stderr}");
    (text(&output.stdout), stderr)
}

/// The same, where it changes nothing.
fn refused(home: &TempDir, usage: &str, words: &[&str], code: i32, message: &str) {
    let before = snapshot(home.path());
    let (stdout, stderr) = issue(home, usage, words, code);
    assert!(stderr.contains(message), "{stderr}\nis without\n{message}");
    assert_eq!((stdout.as_str(), snapshot(home.path())), ("", before), "a refusal changed something");
}

/// A file of the caller's alone.
fn private(home: &TempDir, name: &str, contents: &[u8]) {
    let path = home.path().join(name);
    fs::write(&path, contents).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// What a stream names, each as often as it does, in order.
fn named(form: &str, stream: &[u8]) -> Vec<String> {
    if form == "tar" {
        let mut archive = tar::Archive::new(stream);
        let path = |entry: tar::Entry<'_, &[u8]>| entry.path().unwrap().display().to_string();
        return archive.entries().unwrap().map(|entry| path(entry.unwrap())).collect();
    }
    let text = text(stream);
    let (begin, end) = match form {
        "pem" => ("# ", ""),
        "jsonl" => ("{\"name\":\"", "\","),
        _ => ("  name: ", ""),
    };
    let rest = text.lines().filter_map(|line| line.strip_prefix(begin));
    let names = rest.map(|rest| if end.is_empty() { rest } else { rest.split(end).next().unwrap() });
    names.map(str::to_owned).collect()
}

#[test]
fn a_stream_is_taken_up_again_wherever_it_was_torn() {
    let home = directory("alice\nd\u{fc}rer\n");
    for form in ["tar", "pem", "jsonl", "k8s"] {
        let words = ["--stream", form, "--write", "out", "--skip-issued", "-q"];
        let path = home.path().join("out");
        issue(&home, "client", &words, 0);
        let whole = fs::read(&path).unwrap();
        let expected = named(form, &whole);
        assert_eq!(expected.len(), if form == "tar" { 4 } else { 2 });
        let in_name = whole.iter().position(|byte| *byte == 0xc3).unwrap_or(1) + 1;
        let zeros = [&whole[..500], &[0; 100]].concat();
        let mut torn: Vec<Vec<u8>> =
            (0..whole.len()).step_by(whole.len() / 9).map(|end| whole[..end].to_vec()).collect();
        torn.extend([whole[..1].to_vec(), whole[..in_name].to_vec(), whole[..whole.len() - 1].to_vec()]);
        torn.extend((form != "tar").then_some(zeros));
        for torn in torn {
            private(&home, "out", &torn);
            issue(&home, "client", &words, 0);
            assert_eq!(named(form, &fs::read(&path).unwrap()), expected, "{form} of {} bytes", torn.len());
        }
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_file_that_no_such_run_wrote_is_left_as_it_is() {
    let home = directory("alice\n");
    for form in ["tar", "pem", "jsonl", "k8s"] {
        issue(&home, "client", &["--stream", form, "--write", form], 0);
    }
    let read = |name: &str| fs::read(home.path().join(name)).unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_path_with_name(home.path().join("pki/server.key"), "server.key").unwrap();
    archive.append_path_with_name(home.path().join("names"), "names").unwrap();
    let archive = archive.into_inner().unwrap();
    let secret = "kind: Secret\nmetadata:\n  name: mine\ntype: kubernetes.io/tls\n";
    let others = [
        ("tar", archive),
        ("tar", [read("tar"), vec![1; 512]].concat()),
        ("tar", b"Nothing like an archive, and longer than the header of one. ".repeat(20)),
        ("k8s", format!("{secret}---\nkind: ConfigMap\n").into_bytes()),
        ("k8s", [read("k8s"), b"---\nkind: ConfigMap\n".to_vec()].concat()),
        ("pem", [read("pem"), b"and a remark\n".to_vec()].concat()),
        ("pem", fs::read(home.path().join("pki/server.key")).unwrap()),
        ("pem", read("jsonl")),
        ("jsonl", b"{\"name\":\"mine\"}\n".to_vec()),
        ("jsonl", [read("jsonl"), b"mine".to_vec()].concat()),
    ];
    for (form, contents) in others {
        private(&home, "out", &contents);
        let words = ["--stream", form, "--write", "out", "--skip-issued"];
        refused(&home, "client", &words, 3, "\"out\" is no stream of that form");
    }
}

#[test]
fn keys_are_added_to_no_file_that_others_read_or_write_to() {
    let home = directory("alice\n");
    let words = ["--stream", "pem", "--write", "out", "--skip-issued"];
    private(&home, "out", b"");
    let path = home.path().join("out");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    refused(&home, "client", &words, 3, "\"out\" can be read or changed by others");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let taken = File::open(&path).unwrap();
    taken.lock().unwrap();
    refused(&home, "client", &words, 3, "\"out\" is being written by another process");
    drop(taken);
    symlink("out", home.path().join("link")).unwrap();
    refused(
        &home,
        "client",
        &["--stream", "pem", "--write", "link", "--skip-issued"],
        3,
        "\"link\" is a symbolic link",
    );
    run(home.path(), "mkfifo", &["pipe"]);
    let words = ["issue", "client", "-f", "names", "--stream", "pem", "--write", "pipe", "--skip-issued"];
    let output = Run::new(&words).dir(&home).output();
    assert!(text(&output.stderr).contains("it is no regular file"), "{output:?}");
}

#[test]
fn a_file_that_cannot_be_made_leaves_no_trace_of_the_run() {
    let home = directory("alice\n");
    // The first index of this CA would be made.
    refused(&home, "client", &["--stream", "tar", "--write", "no/out"], 4, "could not create \"no/out\"");
}

#[test]
fn what_left_for_one_use_is_not_skipped_for_another() {
    let home = directory("db2.example.com\ndb3.example.com\n");
    issue(&home, "server", &["--stream", "pem"], 0);
    let words = ["--stream", "pem", "--skip-issued"];
    assert_eq!(issue(&home, "client", &words, 0).0.matches("# client.").count(), 2);
    assert_eq!(issue(&home, "client", &words, 0).0, "");
    assert_eq!(issue(&home, "server", &words, 0).0, "");
}

#[test]
fn of_rows_with_one_subject_as_many_are_skipped_as_have_left() {
    let home = directory("name,cn\na,app\nb,app\n");
    issue(&home, "client", &["--stream", "pem"], 0);
    fs::write(home.path().join("names"), "name,cn\na,app\nb,app\nc,app\n").unwrap();
    let (stream, _) = issue(&home, "client", &["--stream", "pem", "--skip-issued"], 0);
    assert_eq!(named("pem", stream.as_bytes()), ["client.c"]);
}

#[test]
fn an_index_of_hundreds_of_thousands_of_lines_is_one_for_every_verb() {
    let home = directory("alice\n");
    issue(&home, "client", &["-q"], 0);
    let path = home.path().join("pki/root.index");
    let mut index = fs::read_to_string(&path).unwrap();
    for number in 0..150_000 {
        let subject =
            format!("/O=A company with a name of some length/OU=Department {number}/CN=user {number}");
        index += &format!("V\t400101000000Z\t\t{number:032X}\tunknown\t{subject}\n");
    }
    assert!(index.len() > 16 * 1024 * 1024);
    fs::write(&path, index).unwrap();
    Run::new(&["issue", "client", "bob", "-q"]).dir(&home).code(0);
    assert!(Run::new(&["verify", "pki"]).dir(&home).output().status.success());
    let listed = Run::new(&["inspect", "--issued", "pki", "--json"]).dir(&home).output();
    assert!(listed.status.success() && text(&listed.stdout).contains("user 149999"));
    fs::write(home.path().join("names"), "alice\ncarol\n").unwrap();
    issue(&home, "client", &["--skip-issued", "-q"], 0);
    assert!(home.path().join("pki/client.carol.crt").exists());
}

#[test]
fn what_a_spreadsheet_writes_without_commas_in_utf_8_names_nobody() {
    let home = directory("");
    let utf_16: Vec<u8> = "\u{feff}name\nalice\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (list, message) in [
        (&b"name;lifetime\nalice;90d\n"[..], "Line 1: the header separates its columns by semicolons"),
        (b"Name\tlifetime\nalice\t90d\n", "Line 1: the header separates its columns by tabs"),
        (b"lifetime, name\n90d, \"alice\"\n", "Line 2: it has a space before a quotation mark"),
        (b"bob\n\"alice\"\n", "Line 2: it begins with a quotation mark"),
        (&utf_16, "Line 1: the list is UTF-16, and must be UTF-8"),
    ] {
        fs::write(home.path().join("names"), list).unwrap();
        let (_, stderr) = issue(&home, "client", &[], 2);
        assert!(stderr.contains(message), "{stderr}\nis without\n{message}");
    }
    assert!(!home.path().join("pki/root.index").exists());
}

#[test]
fn a_list_without_an_end_is_not_read_to_it() {
    let home = directory("");
    let output = Run::new(&["issue", "client", "-f", "/dev/zero"]).dir(&home).output();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Line 1: it is longer than 256 MiB"), "{output:?}");
}

#[test]
fn two_names_of_one_file_are_told_by_the_file() {
    let home = directory("fe80::1\nfe80--1\nFE80::1\n");
    refused(&home, "server", &[], 2, "Line 2: its files would be those of line 1, server.fe80--1.crt.");
    fs::write(home.path().join("names"), "alice\nalice\n").unwrap();
    refused(&home, "client", &[], 2, "Line 2: line 1 has the same name.");
}

#[test]
fn a_ca_whose_files_are_called_as_those_of_a_client_is_found_as_issue_finds_it() {
    let home = directory("alice\n");
    for ending in ["crt", "key"] {
        let at = |stem: &str| home.path().join(format!("pki/{stem}.{ending}"));
        fs::rename(at("root"), at("client.my-ca")).unwrap();
    }
    let (stdout, _) = issue(&home, "client", &[], 0);
    assert!(stdout.contains("signed by client.my-ca.crt"), "{stdout}");
}

#[test]
fn a_dry_run_needs_to_write_nowhere() {
    let home = directory("alice\n");
    issue(&home, "client", &["-q"], 0);
    for entry in fs::read_dir(home.path().join("pki")).unwrap() {
        fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    let words = ["issue", "client", "-f", "names", "--skip-issued", "--dry-run", "-D", "pki"];
    let mode = |mode| fs::set_permissions(home.path().join("pki"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    let output = Run::new(&words).dir(&home).by_nobody().output();
    mode(0o755);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn what_is_for_lists_is_refused_beside_a_name() {
    let home = directory("");
    for words in [&["--skip-issued"][..], &["--stream", "tar"], &["--stream", "tar", "--write", "out"]] {
        let before = snapshot(home.path());
        let output = Run::new(&[&["issue", "client", "alice"], words].concat()).dir(&home).output();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert_eq!(snapshot(home.path()), before);
    }
}
