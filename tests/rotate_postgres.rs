//! A CA is rotated under a server that runs and a client that logs in all the while, with `verify-full`, a client
//! certificate and revocation lists on both sides: whatever is copied first, no login fails. And the contrary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use pgtls::diagnosis::Diagnosis;
use pgtls::scratch::{Scratch, Setup};
use support::{Run, scratch};
use tempfile::TempDir;

/// What is copied at once: of one peer what it shows, or what it trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    ServerShows,
    ServerTrusts,
    ClientShows,
    ClientTrusts,
}

const UNITS: [Unit; 4] = [Unit::ServerShows, Unit::ServerTrusts, Unit::ClientShows, Unit::ClientTrusts];

impl Unit {
    fn peer(self) -> &'static str {
        if matches!(self, Self::ServerShows | Self::ServerTrusts) { "server" } else { "client" }
    }

    fn files(self) -> &'static [&'static str] {
        match self {
            Self::ServerShows => &["server.crt"],
            Self::ClientShows => &["client.crt"],
            Self::ServerTrusts | Self::ClientTrusts => &["chain.crt", "chain.crl"],
        }
    }
}

/// A directory of CAs, a server and a client with copies of their own.
struct Field {
    home: TempDir,
    server: Scratch,
}

impl Field {
    fn new(layout: &[&str]) -> Self {
        let home = scratch();
        Run::new(&[&["gen", "chain", "-q"], layout].concat()).dir(&home).code(0);
        Run::new(&["crl", "-q"]).dir(&home).code(0);
        let place = |peer: &str, file: &str| home.path().join(peer).join(file);
        for (peer, key) in [("server", "server.key"), ("client", "client.key")] {
            fs::create_dir(home.path().join(peer)).unwrap();
            fs::copy(place("pki", key), place(peer, key)).unwrap();
        }
        for (unit, file) in UNITS.iter().flat_map(|unit| unit.files().iter().map(move |file| (unit, file))) {
            fs::copy(place("pki", file), place(unit.peer(), file)).unwrap();
        }
        let setup = Setup::new(place("server", "server.crt"), place("server", "server.key"))
            .client_ca(place("server", "chain.crt"))
            .crl(place("server", "chain.crl"))
            .role("kong")
            .hba("hostssl all all all cert");
        let server = Scratch::start(setup);
        let server = server.unwrap_or_else(|error| panic!("{error}\n{}", error.detail().unwrap_or_default()));
        Self { home, server }
    }

    fn place(&self, peer: &str) -> PathBuf {
        self.home.path().join(peer)
    }

    fn rotate(&self, words: &[&str]) {
        Run::new(&[&["rotate"], words, &["-q"]].concat()).dir(&self.home).code(0);
    }

    /// Copies what is new; a server takes it over.
    fn update(&mut self, unit: Unit, backwards: bool) {
        let mut files = unit.files().to_vec();
        if backwards {
            files.reverse();
        }
        for file in files {
            fs::copy(self.place("pki").join(file), self.place(unit.peer()).join(file)).unwrap();
            if unit.peer() == "server" {
                self.server.reload().unwrap();
            }
        }
    }

    /// `None`, or what psql says that it was turned away with.
    fn login(&self) -> Option<String> {
        let file = |name: &str| self.place("client").join(name).display().to_string();
        let (certificate, key) = (file("client.crt"), file("client.key"));
        let (trust, lists) = (file("chain.crt"), file("chain.crl"));
        let keywords = [
            ("user", "kong"),
            ("sslmode", "verify-full"),
            ("sslcert", certificate.as_str()),
            ("sslkey", key.as_str()),
            ("sslrootcert", trust.as_str()),
            ("sslcrl", lists.as_str()),
        ];
        let query = "SELECT current_user || ' ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let outcome = self.server.psql(&keywords, query).unwrap();
        if outcome.ok {
            assert_eq!(outcome.stdout, "kong true");
        }
        (!outcome.ok).then_some(outcome.stderr)
    }

    /// What both peers have, to be put back.
    fn copies(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let of = |peer: &str| fs::read_dir(self.place(peer)).unwrap().map(|entry| entry.unwrap().path());
        let paths: Vec<PathBuf> = of("server").chain(of("client")).collect();
        paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    fn put_back(&mut self, copies: &[(PathBuf, Vec<u8>)]) {
        copies.iter().for_each(|(path, contents)| fs::write(path, contents).unwrap());
        self.server.reload().unwrap();
    }

    /// Hands what a phase brought to both peers in every order, with a login after each step; the last order stays.
    fn hand_out_in_every_order(&mut self, phase: &str) {
        assert_eq!(self.login(), None, "{phase}: before anything is copied");
        let before = self.copies();
        for (number, order) in orders(&UNITS).into_iter().enumerate() {
            self.put_back(&before);
            for unit in &order {
                self.update(*unit, number % 2 == 1);
                assert_eq!(self.login(), None, "{phase}: at {unit:?} of {order:?}\n{}", self.server.log());
            }
        }
    }

    /// The phases of a rotation, one after the other.
    fn roll(&mut self, ca: &str) {
        self.rotate(&[ca, "add"]);
        self.hand_out_in_every_order("add");
        self.rotate(&[ca, "switch", "--trust-is-distributed"]);
        self.hand_out_in_every_order("switch");
        self.rotate(&[ca, "drop"]);
        self.hand_out_in_every_order("drop");
        Run::new(&["verify", "pki", "--host", "localhost", "-U", "kong", "-q"]).dir(&self.home).code(0);
    }
}

/// Every order of these.
fn orders(units: &[Unit]) -> Vec<Vec<Unit>> {
    let [] = units else {
        let with_first = |at: usize| {
            let mut rest = units.to_vec();
            let first = rest.remove(at);
            orders(&rest).into_iter().map(move |rest| [&[first], rest.as_slice()].concat())
        };
        return (0..units.len()).flat_map(with_first).collect();
    };
    vec![Vec::new()]
}

#[test]
fn while_a_root_is_rotated_no_login_fails_whatever_is_copied_first() {
    Field::new(&[]).roll("root");
}

#[test]
fn while_a_root_above_an_intermediate_is_rotated_no_login_fails_whatever_is_copied_first() {
    Field::new(&["--intermediate"]).roll("root");
}

#[test]
fn while_an_intermediate_is_rotated_no_login_fails_whatever_is_copied_first() {
    Field::new(&["--intermediate"]).roll("intermediate");
}

#[test]
fn a_switch_before_trust_is_distributed_turns_logins_away_on_either_side() {
    for (layout, ca, reason) in [
        (&[][..], "root", "unknown ca"),
        // The root is trusted; what is missing is the list of the new intermediate.
        (&["--intermediate"], "intermediate", "unknown ca"),
    ] {
        let mut field = Field::new(layout);
        field.rotate(&[ca, "add"]);
        field.rotate(&[ca, "switch", "--trust-is-distributed"]);
        let before = field.copies();
        field.update(Unit::ClientShows, false);
        let refusal = field.login().unwrap();
        assert!(refusal.contains(reason), "{ca}: {refusal}\n{}", field.server.log());
        field.update(Unit::ServerTrusts, false);
        assert_eq!(field.login(), None, "{ca}: what was missing");
        field.put_back(&before);
        field.update(Unit::ServerShows, false);
        let refusal = field.login().unwrap();
        assert!(refusal.contains("certificate verify failed"), "{ca}: {refusal}");
        field.update(Unit::ClientTrusts, false);
        assert_eq!(field.login(), None, "{ca}: what was missing");
    }
}

#[test]
fn a_peer_that_was_forgotten_at_the_switch_is_turned_away_after_the_drop() {
    let mut field = Field::new(&[]);
    for phase in [&["root", "add"][..], &["root", "switch", "--trust-is-distributed"]] {
        field.rotate(phase);
        field.update(Unit::ServerShows, false);
        field.update(Unit::ServerTrusts, false);
        field.update(Unit::ClientTrusts, false);
    }
    assert_eq!(field.login(), None, "the old client certificate is good until then");
    field.rotate(&["root", "drop"]);
    field.update(Unit::ServerTrusts, false);
    assert!(field.login().unwrap().contains("unknown ca"));
    field.update(Unit::ClientShows, false);
    assert_eq!(field.login(), None);
}

/// Nothing of the field is left where it is not looked for.
#[test]
fn the_files_of_a_rotation_are_those_that_it_began_with() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    let names = |path: &Path| {
        let names =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.contains(".index")).collect();
        names.sort();
        names
    };
    let before = names(&home.path().join("pki"));
    for words in [&["root", "add"][..], &["root", "switch", "--trust-is-distributed"], &["root", "drop"]] {
        Run::new(&[&["rotate"], words, &["-q"]].concat()).dir(&home).code(0);
    }
    let mut after = names(&home.path().join("pki"));
    after.retain(|name| name != "revoked");
    assert_eq!(after, before);
}
