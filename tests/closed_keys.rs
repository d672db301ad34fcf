//! Keys that the caller may not read, as a server's is that belongs to its user: what does not need them goes on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use support::{Run, names, run, scratch, snapshot, text};
use tempfile::TempDir;

/// A directory of somebody who may not read these keys.
struct Site {
    home: TempDir,
}

impl Site {
    fn new(closed: &[&str]) -> Self {
        let site = Self { home: scratch() };
        site.does("gen chain --intermediate --client alice", 0);
        site.does("issue client bob", 0);
        closed.iter().for_each(|name| site.close(name, 0o000));
        site
    }

    fn close(&self, name: &str, mode: u32) {
        fs::set_permissions(self.home.path().join("pki").join(name), fs::Permissions::from_mode(mode))
            .unwrap();
    }

    /// What a command says, and that it ends like this.
    fn does(&self, words: &str, code: i32) -> String {
        let words: Vec<&str> = words.split_whitespace().chain(["-D", "pki"]).collect();
        let output = Run::new(&words).dir(&self.home).by_nobody().output();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        said
    }

    /// That it is refused for want of a key, and nothing changes.
    fn refuses(&self, words: &str, key: &str) {
        let before = snapshot(&self.home.path().join("pki"));
        let said = self.does(words, 4);
        let expected = format!(
            "pgtls: error: could not read \"pki/{key}\": permission denied\n\
             pgtls: hint: Make \"pki/{key}\" readable, or run the command as its owner.\n"
        );
        assert_eq!(said, expected, "{words}");
        assert_eq!(snapshot(&self.home.path().join("pki")), before, "{words}");
    }
}

#[test]
fn verbs_go_on_without_the_keys_of_servers_and_clients() {
    let site = Site::new(&["server.key", "client.bob.key"]);
    for words in [
        "crl --refresh",
        "crl",
        "renew server client.bob",
        "renew --all",
        "issue client carol",
        "revoke alice",
        "rotate intermediate add",
        "rotate intermediate switch --trust-is-distributed",
        "rotate intermediate drop",
    ] {
        site.does(words, 0);
    }
    // The keys that nobody could read are the old ones, and are still closed.
    for name in ["server", "client.bob"] {
        let file = |ending: &str| site.home.path().join("pki").join(format!("{name}.{ending}"));
        assert_eq!(fs::metadata(file("key")).unwrap().permissions().mode() & 0o777, 0, "{name}");
        site.close(&format!("{name}.key"), 0o600);
        let public = |what: &str, ending: &str| {
            run(site.home.path(), "openssl", &[what, "-in", file(ending).to_str().unwrap(), "-pubout"])
        };
        let of_certificate = run(
            site.home.path(),
            "openssl",
            &["x509", "-in", file("crt").to_str().unwrap(), "-noout", "-pubkey"],
        );
        assert_eq!(public("pkey", "key"), of_certificate, "{name}");
    }
}

#[test]
fn what_needs_a_closed_key_says_which_and_changes_nothing() {
    let site = Site::new(&["client.bob.key", "client.key"]);
    // It would be moved.
    site.refuses("revoke bob", "client.bob.key");
    site.refuses("gen chain --intermediate --client alice --if-missing", "client.key");
    assert!(!names(&site.home.path().join("pki")).contains(&"revoked".to_owned()));
}

#[test]
fn the_key_of_a_ca_is_closed_to_what_it_has_to_sign_alone() {
    let site = Site::new(&["root.key"]);
    site.does("renew server", 0);
    site.does("issue client carol", 0);
    site.close("intermediate.key", 0o000);
    for words in ["issue client dave", "renew server", "rotate intermediate add"] {
        let said = site.does(words, 4);
        assert!(said.contains("/intermediate.key\": permission denied"), "{words}: {said}");
    }
    site.close("intermediate.key", 0o600);
    let said = site.does("renew intermediate", 4);
    assert!(said.contains("\"pki/root.key\" cannot be used"), "{said}");
    assert!(said.contains("\"pki/root.key\": permission denied"), "{said}");
    let said = site.does("crl", 4);
    assert!(said.contains("\"pki/root.key\": permission denied"), "{said}");
}

#[test]
fn verify_calls_a_closed_key_unread_and_not_missing() {
    let site = Site::new(&["server.key"]);
    let said = site.does("verify", 1);
    assert!(said.contains("could not read \"pki/server.key\": permission denied"), "{said}");
    assert!(!said.contains("key-missing"), "{said}");
    // One that is away is missing.
    fs::remove_file(site.home.path().join("pki/server.key")).unwrap();
    assert!(site.does("verify", 1).contains("key-missing"));
}
