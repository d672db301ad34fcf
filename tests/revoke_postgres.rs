//! A real server turns away whom `revoke` shut out, and nobody else; and everybody, where the lists are not what they
//! have to be, which `verify` tells before.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::Place;
use pgtls::diagnosis::Diagnosis;
use pgtls::scratch::{Scratch, Setup};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// A directory with an intermediate, and copies elsewhere of the pairs that log in: alice before and after a renewal that
/// keeps her key, and bob.
struct Home {
    place: Place,
}

impl Home {
    fn new() -> Self {
        let place = Place::made("chain --intermediate -q");
        place.pgtls("issue client alice -D . -q");
        place.pgtls("issue client bob -D . -q");
        fs::create_dir(place.path("held")).unwrap();
        let home = Self { place };
        home.hold("client.alice.crt", "before.crt");
        home.hold("client.alice.key", "alice.key");
        fs::remove_file(home.place.path("client.alice.crt")).unwrap();
        home.place.openssl("req -new -config /dev/null -subj /CN=alice -key client.alice.key -out alice.csr");
        home.place.pgtls("sign alice.csr --as client -D . -q");
        home.hold("client.alice.crt", "after.crt");
        home.hold("client.bob.crt", "bob.crt");
        home.hold("client.bob.key", "bob.key");
        home.place.pgtls("crl -D . -q");
        home
    }

    fn hold(&self, name: &str, held: &str) {
        fs::copy(self.place.path(name), self.place.path("held").join(held)).unwrap();
    }

    /// A server that looks at no list yet.
    fn setup(&self) -> Setup {
        Setup::new(self.place.path("server.crt"), self.place.path("server.key"))
            .client_ca(self.place.path("chain.crt"))
            .hba("hostssl all all all cert")
            .role("alice")
            .role("bob")
    }

    fn keywords(&self, certificate: &str) -> Vec<(&'static str, String)> {
        let role = if certificate == "bob" { "bob" } else { "alice" };
        let held = |name: String| self.place.path("held").join(name).display().to_string();
        vec![
            ("user", role.to_owned()),
            ("sslmode", "verify-full".to_owned()),
            ("sslrootcert", self.place.text("chain.crt")),
            ("sslcert", held(format!("{certificate}.crt"))),
            ("sslkey", held(format!("{role}.key"))),
            // Over TLS 1.3 a client may be gone before it reads why.
            ("ssl_max_protocol_version", "TLSv1.2".to_owned()),
        ]
    }

    /// What each of the three is told; "" where it gets in.
    fn told(&self, server: &Scratch, more: &[(&'static str, String)]) -> [String; 3] {
        ["before", "after", "bob"].map(|certificate| {
            let mut keywords = self.keywords(certificate);
            keywords.extend_from_slice(more);
            let keywords: Vec<(&str, &str)> =
                keywords.iter().map(|(keyword, value)| (*keyword, value.as_str())).collect();
            let outcome = server.psql(&keywords, "SELECT 1").unwrap();
            assert_eq!(outcome.ok, outcome.stderr.is_empty(), "{}", outcome.stderr);
            outcome.stderr
        })
    }
}

fn started(setup: Setup) -> Scratch {
    match Scratch::start(setup) {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.detail().unwrap_or_default()),
    }
}

#[track_caller]
fn all_in(told: &[String; 3]) {
    assert!(told.iter().all(String::is_empty), "{told:?}");
}

#[track_caller]
fn nobody_in(told: &[String; 3], words: &str) {
    assert!(told.iter().all(|told| told.contains(words)), "{told:?}");
}

/// Both certificates of alice are turned away as revoked, and bob gets in.
#[track_caller]
fn alice_is_out(told: &[String; 3]) {
    let [before, after, bob] = told;
    assert!(
        before.contains("alert certificate revoked") && after.contains("alert certificate revoked"),
        "{told:?}"
    );
    assert_eq!(bob, "");
}

#[test]
fn both_certificates_of_a_revoked_key_are_turned_away_and_nobody_else() {
    let home = Home::new();
    let mut server = started(home.setup().crl(home.place.path("chain.crl")));
    all_in(&home.told(&server, &[]));
    let said = home.place.pgtls("revoke alice --reason keyCompromise -D .");
    // Until somebody copies the list, nothing has happened.
    all_in(&home.told(&server, &[]));
    server.serve(home.setup().crl(home.place.path("chain.crl"))).unwrap();
    alice_is_out(&home.told(&server, &[]));
    // The statement that is printed is one that the server takes.
    let (_, statement) = said.stdout.split_once("\n  SELECT pg_terminate_backend").unwrap();
    let statement = format!("SELECT pg_terminate_backend{statement}");
    assert_eq!(server.administer(&statement).unwrap().trim(), "");
}

#[test]
fn the_serial_numbers_in_the_statement_are_those_that_the_server_shows() {
    let home = Home::new();
    let server = started(home.setup());
    let serials = ["before", "after"].map(|certificate| {
        let keywords = home.keywords(certificate);
        let keywords: Vec<(&str, &str)> = keywords.iter().map(|(it, value)| (*it, value.as_str())).collect();
        let query = "SELECT client_serial FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        server.psql(&keywords, query).unwrap().stdout
    });
    let said = home.place.pgtls("revoke alice -D .").stdout;
    for serial in serials {
        assert!(said.contains(&format!("    {serial}")), "{serial} is not in {said}");
    }
}

#[test]
fn with_the_list_of_the_intermediate_alone_everybody_is_turned_away_and_verify_says_so_before() {
    let home = Home::new();
    for file in ["chain.crl", "root.crl"] {
        fs::remove_file(home.place.path(file)).unwrap();
    }
    let verified = home.place.try_pgtls(&["verify", "."]);
    assert_eq!(verified.code, Some(1), "{}", verified.stdout);
    assert!(verified.stdout.contains("[crl-missing]"), "{}", verified.stdout);
    let server = started(home.setup().crl(home.place.path("intermediate.crl")));
    nobody_in(&home.told(&server, &[]), "alert unknown ca");
    home.place.pgtls("crl --refresh -D . -q");
    assert_eq!(home.place.try_pgtls(&["verify", "."]).code, Some(0));
}

#[test]
fn with_a_stale_list_everybody_is_turned_away_and_verify_says_so() {
    let home = Home::new();
    home.place.pgtls("crl --lifetime 1s -D . -q");
    sleep(Duration::from_millis(2500));
    let verified = home.place.try_pgtls(&["verify", "."]);
    assert_eq!(verified.code, Some(1), "{}", verified.stdout);
    assert!(verified.stdout.contains("[crl-stale]"), "{}", verified.stdout);
    let mut server = started(home.setup().crl(home.place.path("chain.crl")));
    nobody_in(&home.told(&server, &[]), "alert certificate expired");
    home.place.pgtls("crl --refresh -D . -q");
    server.serve(home.setup().crl(home.place.path("chain.crl"))).unwrap();
    all_in(&home.told(&server, &[]));
}

#[test]
fn a_directory_of_hash_names_works_for_server_and_clients_and_counts_at_once() {
    let home = Home::new();
    let open = tempfile::tempdir().unwrap();
    fs::set_permissions(open.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let lists = open.path().join("crl.d");
    let crl = |words: &str| home.place.pgtls(&format!("crl {words} -D . -q --hash-dir {}", lists.display()));
    crl("");
    let server = started(home.setup().setting("ssl_crl_dir", quoted(&lists)));
    all_in(&home.told(&server, &[("sslcrldir", lists.display().to_string())]));
    home.place.pgtls("revoke alice -D . -q");
    crl("--refresh");
    // No reload.
    alice_is_out(&home.told(&server, &[]));
    // A client asks them about the server.
    home.place.pgtls("revoke server -D . -q");
    crl("--refresh");
    let told = home.told(&server, &[("sslcrldir", lists.display().to_string())]);
    assert!(told[2].contains("SSL error: certificate verify failed"), "{told:?}");
    alice_is_out(&home.told(&server, &[]));
}

/// A value of postgresql.conf.
fn quoted(path: &Path) -> String {
    path.display().to_string()
}
