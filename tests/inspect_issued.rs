//! What `inspect --issued` lists: indexes, and what they would be where there are none.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use pgtls::index::{Index, Revoked};
use pgtls::pem::decode;
use pgtls::x509::{Certificate, RevocationReason};
use serde_json::Value;
use std::fs;
use std::path::Path;
use support::clock::{at, fixture, now};
use support::{Run, scratch, text};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

const LOST: &str = "V\t291121091555Z\t\t0A\tunknown\t/O=Acme/CN=lost\n";
const OLD: &str = "V\t200101000000Z\t\t0B\tunknown\t/CN=old\n";

fn certificate(directory: &Path, name: &str) -> Certificate {
    Certificate::from_der(&decode(&fs::read(directory.join(name)).unwrap()).unwrap()[0].der).unwrap()
}

/// A copy of the guide's directory with the index of its intermediate: the server and the client, which is revoked, one
/// that is lost and one that has ended.
fn guide() -> (TempDir, String) {
    let home = scratch();
    for entry in fs::read_dir(fixture("guide/intermediate")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), home.path().join(entry.file_name())).unwrap();
    }
    let both = ["server.crt", "client.crt"].map(|name| certificate(home.path(), name));
    let mut index = Index::parse([LOST, OLD].concat().as_bytes()).unwrap();
    both.iter().for_each(|certificate| assert!(index.record(certificate)));
    let revoked = Revoked { at: now() - Duration::days(3), reason: Some(RevocationReason::Superseded) };
    assert!(index.revoke(&both[1].serial, revoked));
    fs::write(home.path().join("intermediate.index"), index.to_text()).unwrap();
    let path = home.path().to_str().unwrap().to_owned();
    (home, path)
}

/// The serial number of a certificate as the index has it.
fn serial(directory: &str, name: &str) -> String {
    let line = Index::rebuilt([&certificate(Path::new(directory), name)]);
    line.lines()[0].serial_hex()
}

#[test]
fn an_index_is_listed_in_its_order_with_the_files_that_are_here_and_a_missing_one_is_rebuilt() {
    let (_home, path) = guide();
    let (server, client, ca) =
        (serial(&path, "server.crt"), serial(&path, "client.crt"), serial(&path, "intermediate.crt"));
    let width = server.len();
    let expected = format!(
        "intermediate.index: 4 certificates (1 revoked, 1 expired) issued by CN=intermediate.yourdomain.com\n\n  \
           valid    {lost:width$}  /O=Acme/CN=lost\n           until 2029-11-21, 1086 days left  -\n  \
           expired  {old:width$}  /CN=old\n           until 2020-01-01T00:00:00Z, expired 2526 days ago  -\n  \
           valid    {server}  /CN=dbhost.yourdomain.com\n           until 2027-11-21, 355 days left  server.crt\n  \
           revoked  {client}  /CN=kong\n           until 2027-11-21, 355 days left  client.crt\n           \
                    revoked 2026-11-28T00:00:00Z, superseded\n\n\
         no root.index is here; rebuilt from what is here, it would list\n\
         1 certificate issued by CN=root.yourdomain.com\n\n  \
           valid    {ca}  /CN=intermediate.yourdomain.com\n           until 2031-11-20, 1815 days left  intermediate.crt\n",
        lost = "0A",
        old = "0B",
    );
    assert_eq!(at(now(), None, &[], &["inspect", "--issued", &path]), (0, expected, String::new()));
}

#[test]
fn by_expiry_what_ends_first_comes_first() {
    let (_home, path) = guide();
    let (_, stdout, _) = at(now(), None, &[], &["inspect", "--issued", "--sort", "expiry", "--short", &path]);
    let subjects: Vec<&str> = stdout.lines().map(|line| line.split('\t').nth(4).unwrap()).collect();
    assert_eq!(subjects[..2], ["/CN=old", "/CN=dbhost.yourdomain.com"]);
    assert_eq!(subjects[2..], ["/CN=kong", "/O=Acme/CN=lost", "/CN=intermediate.yourdomain.com"]);
}

#[test]
fn a_line_for_each_has_tabs_where_another_program_reads() {
    let (_home, path) = guide();
    let (_, stdout, _) = at(now(), None, &[], &["inspect", "--issued", "--short", &path]);
    let client = serial(&path, "client.crt");
    let line = format!(
        "revoked\t2027-11-21\t355 days left\tclient.crt\t/CN=kong\t{client}\t2026-11-28T00:00:00Z\tsuperseded\t\
         intermediate.index\n"
    );
    assert!(stdout.contains(&line), "{stdout}");
    assert!(
        stdout.starts_with("valid\t2029-11-21\t1086 days left\t-\t/O=Acme/CN=lost\t0A\t\t\t"),
        "{stdout}"
    );
}

#[test]
fn json_tells_each_part_by_itself() {
    let (_home, path) = guide();
    let (code, stdout, _) = at(now(), None, &[], &["inspect", "--issued", "--json", &path]);
    let value: Value = serde_json::from_str(&stdout).unwrap();
    let [intermediate, root] = &value["issued_by"].as_array().unwrap()[..] else { panic!("{stdout}") };
    assert_eq!((code, &intermediate["index"]), (0, &"intermediate.index".into()));
    assert_eq!((&intermediate["source"], &root["source"]), (&"index".into(), &"certificates".into()));
    assert_eq!(intermediate["issuer"], "CN=intermediate.yourdomain.com");
    let expected = serde_json::json!({
        "status": "valid", "serial": "0A", "subject": "/O=Acme/CN=lost", "not_after": "2029-11-21T09:15:55Z",
        "days_left": 1086, "revoked": null, "file": null,
    });
    assert_eq!(intermediate["issued"][0], expected);
    let revoked = serde_json::json!({"since": "2026-11-28T00:00:00Z", "reason": "superseded"});
    assert_eq!(intermediate["issued"][3]["revoked"], revoked);
    assert_eq!(intermediate["issued"][3]["file"], "client.crt");
    assert_eq!(intermediate["issued"][1]["days_left"], 0);
}

#[test]
fn an_index_that_cannot_be_read_is_a_problem_and_what_is_here_is_listed() {
    let (home, path) = guide();
    fs::write(home.path().join("intermediate.index"), [OLD, "V\t2711"].concat()).unwrap();
    let (code, stdout, stderr) = at(now(), None, &[], &["inspect", "--issued", &path]);
    assert_eq!(code, 1);
    assert!(stderr.contains("/intermediate.index: line 2 was not written to its end"), "{stderr}");
    let head = "intermediate.index cannot be read; rebuilt from what is here, it would list\n\
                2 certificates issued by CN=intermediate.yourdomain.com\n";
    assert!(stdout.starts_with(head) && !stdout.contains("/CN=old"), "{stdout}");
    // The tree tells the problem too, and shows what it showed.
    let (code, stdout, stderr) = at(now(), None, &[], &["inspect", &path]);
    assert!(code == 1 && stderr.contains("line 2") && stdout.contains("client.crt"), "{stdout}{stderr}");
}

#[test]
fn the_directory_of_the_cas_is_looked_at_too() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "db", "--ca-dir", "ca"]).dir(&home).code(0);
    let leaves = ["server.crt", "client.crt"].map(|name| certificate(&home.path().join("db"), name));
    fs::write(home.path().join("ca/root.index"), Index::rebuilt(&leaves).to_text()).unwrap();
    let listed = |words: &[&str], variable: &str| {
        let run = Run::new(&[&["inspect", "--issued"], words].concat()).dir(&home);
        let output = run.env("PGTLS_CA_DIR", variable).output();
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
        text(&output.stdout)
    };
    let apart = listed(&["db", "--ca-dir", "ca"], "");
    assert!(apart.starts_with("ca/root.index: 2 certificates issued by CN=root.yourdomain.com\n"), "{apart}");
    assert!(apart.contains("  db/client.crt\n") && apart.contains("  db/server.crt\n"), "{apart}");
    assert_eq!(listed(&["db"], "ca"), apart);
    assert_eq!(listed(&["db", "ca"], ""), apart);
    // The certificate of the CA is beside the leaves too.
    assert!(listed(&["db"], "").starts_with("no root.index is here; rebuilt"), "without it");
    let output = Run::new(&["inspect", "--ca-dir", "ca"]).dir(&home).output();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_index_by_itself_is_listed_without_being_asked_and_among_others_is_a_note() {
    let (home, path) = guide();
    let index = format!("{path}/intermediate.index");
    let (code, stdout, _) = at(now(), None, &[], &["inspect", &index]);
    assert!(
        code == 0 && stdout.contains("4 certificates (1 revoked, 1 expired) issued by a CA that is not here")
    );
    let (_, stdout, _) = at(now(), None, &[], &["inspect", &index, &format!("{path}/root.crt")]);
    assert!(stdout.contains("intermediate.index: index of a CA\n"), "{stdout}");
    assert!(stdout.contains("4, of which 1 is revoked; pgtls inspect --issued lists them\n"), "{stdout}");
    let (_, json, _) = at(now(), None, &[], &["inspect", "--json", &index, &format!("{path}/root.crt")]);
    let value: Value = serde_json::from_str(&json).unwrap();
    let held = serde_json::json!([{"kind": "index", "certificates": 4, "revoked": 1}]);
    assert_eq!(value["files"][0]["holds"], held);
    let fixture = fixture("easy-rsa/index.txt");
    fs::copy(fixture, home.path().join("easy.index")).unwrap();
    let (_, stdout, _) = at(now(), None, &[], &["inspect", "--issued", &format!("{path}/easy.index")]);
    assert!(stdout.contains(": 7 certificates (1 revoked) issued by a CA that is not here"), "{stdout}");
}

#[test]
fn certificates_that_another_key_signed_under_that_name_are_not_its() {
    let (home, path) = guide();
    let other = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q", "-D", "."]).dir(&other).code(0);
    fs::copy(other.path().join("client.crt"), home.path().join("foreign.crt")).unwrap();
    fs::remove_file(home.path().join("intermediate.index")).unwrap();
    let (_, stdout, _) = at(OffsetDateTime::now_utc(), None, &[], &["inspect", "--issued", &path]);
    let (ours, theirs) = stdout.split_once("no index of the CA is here; rebuilt").expect(&stdout);
    assert!(
        ours.contains("2 certificates issued by CN=intermediate") && !ours.contains("foreign.crt"),
        "{ours}"
    );
    // Its CA is here only where it was appended, so that nothing says what its index would be called.
    assert!(
        theirs.contains("1 certificate issued by CN=intermediate") && theirs.contains("foreign.crt"),
        "{theirs}"
    );
}

#[test]
fn no_line_is_wider_than_its_terminal_and_nothing_in_it_is_obeyed() {
    let (home, path) = guide();
    let name = "\u{1b}[31m".to_owned() + &"very-long-name".repeat(12);
    let line = format!(
        "R\t291121091555Z\t261201000000Z,holdInstruction,1.2.840.10040.2.2\t0C\tunknown\t/CN={name}\n"
    );
    fs::write(home.path().join("root.index"), line).unwrap();
    for words in [&["inspect", "--issued", &path][..], &["inspect", "--issued", "--short", &path]] {
        for width in [40, 80, 120] {
            let (_, stdout, _) = at(now(), Some(width), &[("NO_COLOR", "1")], words);
            assert!(!stdout.contains('\u{1b}') && stdout.contains('…'), "{stdout}");
            for line in stdout.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
    let (_, toned, _) = at(now(), Some(80), &[], &["inspect", "--issued", &path]);
    assert!(
        toned.contains("\u{1b}[31mrevoked\u{1b}[0m") && toned.contains("\u{1b}[32mvalid  \u{1b}[0m"),
        "{toned}"
    );
    let (_, whole, _) = at(now(), None, &[], &["inspect", "--issued", &path]);
    assert!(whole.contains("certificateHold") && whole.contains(&"very-long-name".repeat(12)), "{whole}");
}

#[test]
fn where_no_ca_issued_anything_it_says_so() {
    let home = scratch();
    Run::new(&["gen", "self-signed", "-q", "-D", "."]).dir(&home).code(0);
    Run::new(&["inspect", "--issued", "."])
        .dir(&home)
        .stdout("no index is here, and no CA that issued what is here\n")
        .code(0);
}
