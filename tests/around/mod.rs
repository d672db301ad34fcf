//! Certificates where a server's user can read them, and what `config` says of them, for live servers.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use pgtls::diagnosis::Diagnosis as _;
use pgtls::scratch::{Scratch, Setup};
use tempfile::TempDir;

use crate::support::{Run, is_root, scratch, text};

/// A directory that the server's user can enter, with certificates that it can read.
pub(crate) struct Place {
    pub(crate) home: TempDir,
    pub(crate) pki: PathBuf,
}

impl Place {
    pub(crate) fn new(layout: &[&str]) -> Self {
        Self::called("pki", layout)
    }

    pub(crate) fn called(name: &str, layout: &[&str]) -> Self {
        let home = scratch();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let pki = home.path().join(name);
        let place = Self { home, pki };
        let owner: &[&str] = if is_root() { &["--owner", "postgres"] } else { &[] };
        place.pgtls(&[&["gen"], layout, &["-q"], owner].concat());
        place
    }

    /// A command about it; what it prints.
    pub(crate) fn pgtls(&self, words: &[&str]) -> String {
        let words = [words, &["-D", self.pki.to_str().unwrap()]].concat();
        let output = Run::new(&words).dir(&self.home).output();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    pub(crate) fn config(&self, words: &str) -> String {
        self.pgtls(&[&["config"], &words.split_whitespace().collect::<Vec<_>>()[..]].concat())
    }

    /// What is wished of a server on its settings, a file of which not a letter is changed.
    pub(crate) fn setup(&self, words: &str) -> Setup {
        let file = self.home.path().join("tls.conf");
        fs::write(&file, self.config(words)).unwrap();
        let file = file.display().to_string();
        let pair = ["server.crt", "server.key"].map(|name| self.pki.join(name));
        let [certificate, key] = pair;
        Setup::new(certificate, key)
            .setting("include", file)
            .role("kong")
            .role("alice")
            .replication_role("primaryuser")
    }

    /// What `config libpq` says, as pairs.
    pub(crate) fn keywords(&self, words: &str) -> Vec<(String, String)> {
        self.pairs(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn pairs(&self, words: &[&str]) -> Vec<(String, String)> {
        let said =
            self.pgtls(&[&["config", "libpq", "--form", "service", "--host", "localhost"], words].concat());
        let pairs = said
            .lines()
            .filter(|line| !line.starts_with(['#', '[']))
            .map(|line| line.split_once('=').unwrap());
        pairs.map(|(keyword, value)| (keyword.to_owned(), value.to_owned())).collect()
    }
}

/// Starts a server, or says why it does not.
pub(crate) fn start(setup: Setup) -> Scratch {
    match Scratch::start(setup) {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.detail().unwrap_or_default()),
    }
}
