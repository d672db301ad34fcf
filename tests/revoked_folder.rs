//! The folder for what was revoked: whose it is, and what keeps it from being used.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use support::{Run, run, scratch, snapshot, text};
use tempfile::TempDir;

fn directory() -> TempDir {
    let home = scratch();
    for words in ["gen chain --server db1.example.com", "issue client alice", "issue client bob"] {
        Run::new(&[words.split(' ').collect::<Vec<_>>(), vec!["-q"]].concat()).dir(&home).code(0);
    }
    home
}

/// Expects the same refusal with and without `--dry-run`, and that nothing changed.
fn refused(home: &TempDir, fact: &str, hint: &str) {
    let before = snapshot(home.path());
    for words in [&["revoke", "alice"][..], &["revoke", "alice", "--dry-run"]] {
        let output = Run::new(words).dir(home).output();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {said}");
        assert!(said.contains(fact) && said.contains(hint), "{words:?}: {said}");
        assert_eq!(snapshot(home.path()), before, "a refusal changed something");
    }
}

#[test]
fn a_folder_that_root_makes_is_the_owners_who_goes_on_with_it() {
    assert_eq!(run(std::path::Path::new("."), "id", &["-u"]).trim(), "0", "run the tests as root");
    let home = directory();
    let pki = home.path().join("pki");
    run(home.path(), "chown", &["-R", "65534:65534", "pki"]);
    Run::new(&["revoke", "bob", "-q"]).dir(&home).code(0);
    let folder = fs::metadata(pki.join("revoked")).unwrap();
    assert_eq!((folder.uid(), folder.gid(), folder.mode() & 0o7777), (65_534, 65_534, 0o700));
    Run::new(&["revoke", "alice", "-q"]).dir(&home).by_nobody().code(0);
    // One that an earlier run of root's left closed keeps nobody from what puts nothing away.
    chown(pki.join("revoked"), Some(0), Some(0)).unwrap();
    for words in [&["crl", "-q"][..], &["renew", "--all", "-q"], &["issue", "client", "carol", "-q"]] {
        Run::new(words).dir(&home).by_nobody().code(0);
    }
    let output = Run::new(&["revoke", "carol"]).dir(&home).by_nobody().output();
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("\"pki/revoked\": permission denied"), "{output:?}");
}

#[test]
fn what_is_in_the_way_is_told_and_a_look_ahead_refuses_it_too() {
    let home = directory();
    let folder = home.path().join("pki/revoked");
    let in_the_way = |why| format!("\"pki/revoked\" is in the way: {why}\n");
    symlink("elsewhere", &folder).unwrap();
    refused(&home, &in_the_way("it is a symbolic link"), "Remove or rename \"pki/revoked\".");
    fs::remove_file(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    refused(&home, &in_the_way("it is no folder"), "Remove or rename \"pki/revoked\".");
    fs::remove_file(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    refused(&home, &in_the_way("others may write to it"), "run chmod 0700 \"pki/revoked\".");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    chown(&folder, Some(65_534), Some(65_534)).unwrap();
    refused(&home, &in_the_way("it belongs to another user"), "Remove or rename \"pki/revoked\".");
}

#[test]
fn what_was_put_away_before_is_not_overwritten() {
    let home = directory();
    let folder = home.path().join("pki/revoked");
    Run::new(&["revoke", "alice", "--dry-run", "-q"]).dir(&home).code(0);
    let shown = text(&Run::new(&["inspect", "pki/client.alice.crt", "--json"]).dir(&home).output().stdout);
    let at = shown.find("\"serial\"").unwrap();
    let serial: String =
        shown[at + 8..].chars().skip_while(|c| !c.is_ascii_hexdigit()).take_while(|c| *c != '"').collect();
    let serial = serial.replace(':', "");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let key = folder.join(format!("client.alice-{serial}.key"));
    fs::write(&key, "another").unwrap();
    let fact = format!("\"pki/revoked/client.alice-{serial}.key\" exists already");
    refused(&home, &fact, "Rename \"pki/revoked/client.alice-");
    // The same is no other.
    fs::copy(home.path().join("pki/client.alice.key"), &key).unwrap();
    Run::new(&["revoke", "alice", "-q"]).dir(&home).code(0);
}

#[test]
fn a_recorded_change_that_meets_a_link_there_names_it() {
    let home = directory();
    let record = home.path().join("pki/.pgtls-commit");
    fs::create_dir(&record).unwrap();
    fs::set_permissions(&record, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(record.join(".pgtls-revoked-a.crt"), "a").unwrap();
    symlink("elsewhere", home.path().join("pki/revoked")).unwrap();
    let output = Run::new(&["issue", "client", "carol"]).dir(&home).output();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(text(&output.stderr).contains("\"pki/revoked\""), "{output:?}");
}
