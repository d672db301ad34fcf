//! `verify` and who may read a key: as the server's user, as root, and through links.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use support::{Run, is_root, scratch, text};
use tempfile::TempDir;

fn made() -> TempDir {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "--server", "db.test"]).dir(&home).code(0);
    home
}

fn verified(home: &TempDir, words: &[&str]) -> (Option<i32>, String) {
    let output = Run::new(&[&["verify"], words].concat()).dir(home).output();
    assert_eq!(text(&output.stderr), "");
    (output.status.code(), text(&output.stdout))
}

#[test]
fn root_is_told_of_the_flag_that_says_who_the_server_is() {
    if !is_root() {
        // Whoever is not root is the server's user, and is told of nothing.
        assert!(!verified(&made(), &[]).1.contains("--server-uid"));
        return;
    }
    let home = made();
    let (code, stdout) = verified(&home, &[]);
    assert_eq!(code, Some(0), "a warning: {stdout}");
    assert!(stdout.contains("[key-not-readable]") && stdout.contains("--server-uid"), "{stdout}");
    // The server's user in the image on Alpine, in Red Hat's packages, in the image on Debian.
    for uid in ["70", "26", "999"] {
        let key = home.path().join("pki/server.key");
        let words = ["--server-uid", uid];
        chown(&key, Some(0), None).unwrap();
        let (code, stdout) = verified(&home, &words);
        assert_eq!(
            (code, stdout.contains(&format!("chown {uid} pki/server.key"))),
            (Some(1), true),
            "{stdout}"
        );
        chown(&key, Some(uid.parse().unwrap()), None).unwrap();
        let (code, stdout) = verified(&home, &words);
        assert_eq!((code, stdout.contains("[key-")), (Some(0), false), "{stdout}");
        chown(&key, Some(12_345), None).unwrap();
        let (code, stdout) = verified(&home, &words);
        assert_eq!((code, stdout.contains("[key-owner]")), (Some(1), true), "{stdout}");
    }
}

#[test]
fn of_a_linked_key_the_target_counts() {
    let home = made();
    let (link, target) = (home.path().join("pki/server.key"), home.path().join("elsewhere.key"));
    fs::rename(&link, &target).unwrap();
    symlink("../elsewhere.key", &link).unwrap();
    let (code, stdout) = verified(&home, &[]);
    assert_eq!((code, stdout.contains("[key-mode-too-open]")), (Some(0), false), "{stdout}");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, stdout) = verified(&home, &[]);
    assert_eq!((code, stdout.contains("[key-mode-too-open]")), (Some(1), true), "{stdout}");
    assert!(stdout.contains("chmod 0600 pki/server.key"), "{stdout}");
}
