//! `config` and certificates that nobody takes: out of their time, revoked, without their key.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::path::PathBuf;

use support::{Run, clock, scratch, text};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

struct Site {
    home: TempDir,
    pki: PathBuf,
}

impl Site {
    fn new(layout: &[&str]) -> Self {
        let home = scratch();
        let pki = home.path().join("pki");
        let site = Self { home, pki };
        site.run(&[&["gen"], layout].concat());
        site
    }

    fn run(&self, words: &[&str]) {
        let output = Run::new(&[words, &["-q"]].concat()).dir(&self.home).output();
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    }

    /// `config` that many days from now.
    fn config(&self, days: i64, words: &str) -> (u8, String, String) {
        let mut all = vec!["config"];
        all.extend(words.split_whitespace());
        all.extend(["-D", self.pki.to_str().unwrap()]);
        clock::at(OffsetDateTime::now_utc() + Duration::days(days), None, &[], &all)
    }

    /// A refusal and its hint, as they begin.
    #[track_caller]
    fn refused(&self, days: i64, words: &str, fact: &str, hint: &str) {
        let (code, stdout, stderr) = self.config(days, words);
        let place = self.pki.display().to_string();
        let said = stderr.replace(&place, "pki");
        assert_eq!((code, stdout.as_str()), (3, ""), "{words}: {said}");
        assert!(said.contains(&format!("pgtls: error: {fact}")), "{words}: {said}");
        assert!(said.contains(hint), "{words}: {said}");
    }

    fn put_back(&self, stem: &str, revoke: &str) {
        let files = [".crt", ".key"].map(|end| self.pki.join(format!("{stem}{end}")));
        let bytes = files.clone().map(|file| fs::read(file).unwrap());
        self.run(&["revoke", revoke]);
        for (file, bytes) in files.iter().zip(bytes) {
            fs::write(file, bytes).unwrap();
        }
    }
}

const SERVERS: [&str; 3] = ["postgresql", "docker", "hosts"];
const LINKS: [&str; 3] = ["libpq", "kong --files-at /a", "pgbouncer"];

#[test]
fn a_pair_that_has_ended_is_refused_with_the_command_that_renews_it() {
    let site = Site::new(&["chain", "--intermediate"]);
    for words in SERVERS.iter().chain(&LINKS) {
        assert_eq!(site.config(0, words).0, 0, "{words}");
        site.refused(400, words, "\"pki/server.crt\" ended on ", "hint: Run: pgtls renew server -D");
        site.refused(-400, words, "\"pki/server.crt\" is not valid before ", "hint: Run: pgtls verify");
    }
    let year_on = OffsetDateTime::now_utc() + Duration::days(300);
    let words = ["renew", "server", "-q", "-D", site.pki.to_str().unwrap()];
    assert_eq!(clock::at(year_on, None, &[], &words).0, 0);
    for words in SERVERS {
        assert_eq!(site.config(400, words).0, 0, "{words}");
    }
    for words in LINKS {
        site.refused(400, words, "\"pki/client.crt\" ended on ", "hint: Run: pgtls renew client -D");
    }
    assert_eq!(site.config(400, "libpq --no-client-cert -U app").0, 0);
}

#[test]
fn a_ca_that_has_ended_takes_those_below_it_along() {
    let site = Site::new(&["chain"]);
    // A leaf that outlives the CA above it.
    let profile = site.home.path().join("short.toml");
    fs::write(
        &profile,
        "name = \"short\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\n\
         not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2021-01-01T00:00:00Z\"\n[[certificate]]\n\
         name = \"server\"\nusage = \"server\"\nissuer = \"root\"\nsubject = \"CN=db\"\nsan = [\"db\"]\n\
         not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2045-01-01T00:00:00Z\"\n\
         waive = [\"leaf-outlives-ca\"]\n[[bundle]]\nfile = \"chain.crt\"\ncertificates = [\"root\"]\n",
    )
    .unwrap();
    fs::remove_dir_all(&site.pki).unwrap();
    site.run(&["gen", profile.to_str().unwrap()]);
    let fact = "\"pki/server.crt\" hangs from root.crt, which ended on 2021-01-01";
    site.refused(0, "postgresql", fact, "pgtls verify");
}

#[test]
fn a_pair_that_is_revoked_is_refused_with_the_command_that_makes_another() {
    let site = Site::new(&["chain", "--intermediate"]);
    site.put_back("client", "client");
    let hint = "Take it and its key away, and make another pair: pgtls issue client kong -D";
    for words in LINKS {
        site.refused(0, words, "\"pki/client.crt\" is revoked", hint);
    }
    site.put_back("server", "server");
    for words in SERVERS.iter().chain(&LINKS) {
        site.refused(
            0,
            words,
            "\"pki/server.crt\" is revoked",
            "make another pair: pgtls issue server dbhost.",
        );
    }
    for name in ["server.crt", "server.key", "client.crt", "client.key"] {
        fs::remove_file(site.pki.join(name)).unwrap();
    }
    site.run(&["issue", "server", "dbhost.yourdomain.com"]);
    site.run(&["issue", "client", "kong"]);
    for words in SERVERS.iter().chain(&LINKS) {
        assert_eq!(site.config(0, words).0, 0, "{words}: {}", site.config(0, words).2);
    }
}

#[test]
fn a_client_that_the_server_will_refuse_is_told_where_others_are_let_in() {
    let site = Site::new(&["chain", "--intermediate", "--client", "app"]);
    site.run(&["issue", "client", "alice"]);
    site.put_back("client.alice", "alice");
    let warning = "client.alice.crt is revoked, and whoever looks into the lists refuses it";
    for words in ["postgresql", "hba", "docker", "ident --let app=app"] {
        let (code, _, stderr) = site.config(0, words);
        assert!(code == 0 && stderr.contains(warning), "{words}: {stderr}");
    }
    // PgBouncer looks into no list, so that its own has to do.
    let (code, users, stderr) = site.config(0, "pgbouncer --form userlist");
    let left_out = "client.alice.crt is revoked, and its role is not in the list by it";
    assert!(code == 0 && users.contains("\"app\"") && !users.contains("alice"), "{users}");
    assert!(stderr.contains(left_out), "{stderr}");
    let (code, _, stderr) = site.config(400, "hba");
    let warning = "client.crt ended on ";
    assert!(code == 0 && stderr.contains(warning) && stderr.contains(": pgtls renew client -D"), "{stderr}");
    assert_eq!(site.config(0, "libpq --client app").0, 0);
}

#[test]
fn where_a_key_is_lost_the_command_that_is_advised_brings_another_pair() {
    for (layout, stem, words, hint) in [
        (
            &["chain", "--intermediate"][..],
            "server",
            "postgresql",
            "pgtls issue server dbhost.yourdomain.com",
        ),
        (&["chain"], "client", "libpq", "pgtls issue client kong"),
        (&["self-signed"], "server", "postgresql", "pgtls gen self-signed --force"),
        (&["self-signed"], "client", "libpq", "pgtls gen self-signed --force"),
    ] {
        let site = Site::new(layout);
        fs::remove_file(site.pki.join(format!("{stem}.key"))).unwrap();
        let fact = format!("the key \"pki/{stem}.key\" is not there");
        site.refused(0, words, &fact, hint);
        let hint = site.config(0, words).2;
        let command = hint.split("make another pair: pgtls ").nth(1).unwrap().lines().next().unwrap();
        fs::remove_file(site.pki.join(format!("{stem}.crt"))).unwrap();
        site.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(site.config(0, words).0, 0, "{command}");
    }
}
