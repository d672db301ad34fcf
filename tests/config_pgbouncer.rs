//! PgBouncer runs on what `config pgbouncer` writes, as it is, in front of a real server: it verifies the server in full,
//! shows it a certificate of its own, and wants one of its clients.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod around;
mod support;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use around::{Place, start};
use pgtls::scratch::Scratch;
use support::is_root;

/// A PgBouncer, which ends with the test.
struct Bouncer {
    process: Child,
    port: u16,
    log: PathBuf,
}

impl Bouncer {
    /// Runs it on these settings, which its own file includes.
    fn start(place: &Place, settings: &str, users: &str) -> Self {
        let file = |name: &str| place.home.path().join(name);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        fs::write(file("tls.ini"), settings).unwrap();
        fs::write(file("userlist.txt"), users).unwrap();
        let main = format!(
            "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_file = {}\n%include {}\n",
            file("userlist.txt").display(),
            file("tls.ini").display()
        );
        fs::write(file("pgbouncer.ini"), main).unwrap();
        let log = file("bouncer.log");
        let mut command = Command::new(program());
        if is_root() {
            command.args(["-u", "postgres"]);
        }
        command.arg(file("pgbouncer.ini")).stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
        let bouncer = Self { process, port, log };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "{}", bouncer.said());
            sleep(Duration::from_millis(50));
        }
        bouncer
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Who somebody is to the server who comes through it, and by which certificate; `None`: turned away.
    fn through(
        &self,
        server: &Scratch,
        keywords: &[(String, String)],
        more: &[(&str, &str)],
    ) -> Option<String> {
        let port = self.port.to_string();
        let own = keywords.iter().map(|(keyword, value)| (keyword.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> =
            own.chain([("port", port.as_str())]).chain(more.iter().copied()).collect();
        let query = "SELECT current_user, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let outcome = server.psql(&all, query).unwrap();
        outcome.ok.then_some(outcome.stdout)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server that lets in by certificates alone, and one for PgBouncer.
fn place() -> Place {
    let place = Place::new(&["chain", "--intermediate"]);
    for name in ["alice", "pool"] {
        place.pgtls(&["issue", "client", name, "-q"]);
    }
    if is_root() {
        // PgBouncer runs as the server's user here, and reads a key of its own.
        let key = place.pki.join("client.pool.key");
        support::run(place.home.path(), "chown", &["postgres", key.to_str().unwrap()]);
    }
    place
}

#[test]
fn clients_come_through_by_their_certificates_and_the_server_sees_that_of_pgbouncer() {
    let place = place();
    let server = start(place.setup("postgresql").hba(place.config("hba")).role("pool"));
    let settings = place.config(&format!(
        "pgbouncer --client pool --host localhost --port {} --dbname postgres",
        server.port()
    ));
    let users = place.config("pgbouncer --form userlist");
    let bouncer = Bouncer::start(&place, &settings, &users);
    let (kong, alice) = (place.keywords(""), place.keywords("--client alice"));
    let through =
        |keywords: &[(String, String)], more: &[(&str, &str)]| bouncer.through(&server, keywords, more);
    for own in [&kong, &alice] {
        assert_eq!(through(own, &[]).as_deref(), Some("pool|/CN=pool"), "{}{}", bouncer.said(), server.log());
    }
    assert_eq!(through(&alice, &[("user", "kong")]), None);
    assert_eq!(through(&place.keywords("--no-client-cert -U kong"), &[]), None);
    assert_eq!(through(&[], &[("user", "kong"), ("sslmode", "disable")]), None);
    drop(bouncer);
    // The server is verified: under another CA it is not spoken to.
    place.pgtls(&["verify", "-q"]);
    let other = place.home.path().join("other");
    support::Run::new(&["gen", "chain", "-q", "-D", other.to_str().unwrap()]).code(0);
    fs::copy(other.join("chain.crt"), place.home.path().join("other.crt")).unwrap();
    let trust = format!("server_tls_ca_file = {}", place.pki.join("chain.crt").display());
    let wrong = format!("server_tls_ca_file = {}", place.home.path().join("other.crt").display());
    assert!(settings.contains(&trust), "{settings}");
    let bouncer = Bouncer::start(&place, &settings.replace(&trust, &wrong), "\"kong\" \"\"\n");
    assert_eq!(bouncer.through(&server, &kong, &[]), None);
    assert!(bouncer.said().contains("certificate verify failed"), "{}", bouncer.said());
}

#[test]
fn the_list_of_roles_has_every_client_but_standbys_and_pgbouncer_reads_it() {
    let place = place();
    for words in [&["issue", "client", "Mr. \"App\"", "-q"][..], &["issue", "client", "late", "-q"]] {
        place.pgtls(words);
    }
    let server = start(place.setup("postgresql").hba(place.config("hba")).role("pool"));
    let settings =
        place.config(&format!("pgbouncer --client pool --host localhost --port {}", server.port()));
    let users = place.config("pgbouncer --form userlist");
    assert!(users.contains("\n\"Mr. \"\"App\"\"\" \"\"\n") && users.starts_with("; Made by"), "{users}");
    let bouncer = Bouncer::start(&place, &settings, &users);
    let app = place.pairs(&["--client", "Mr. \"App\"", "--dbname", "postgres"]);
    assert_eq!(bouncer.through(&server, &app, &[]).as_deref(), Some("pool|/CN=pool"), "{}", bouncer.said());
    drop(bouncer);
    // Whoever is not in it does not get in, with whatever certificate.
    let fewer: String =
        users.lines().filter(|line| !line.contains("late")).map(|line| format!("{line}\n")).collect();
    let bouncer = Bouncer::start(&place, &settings, &fewer);
    assert_eq!(bouncer.through(&server, &place.keywords("--client late"), &[]), None);
    place.pgtls(&["gen", "chain", "--intermediate", "--replication", "--if-missing", "-q"]);
    assert!(!place.config("pgbouncer --form userlist").contains("primaryuser"));
    let refused = |words: &str| {
        let words = format!("config pgbouncer --form userlist {words} -D {}", place.pki.display());
        support::Run::new(&words.split_whitespace().collect::<Vec<_>>()).output().status.code()
    };
    assert_eq!((refused("--auth scram"), refused("--host localhost")), (Some(2), Some(2)));
    let path = place.home.path().join("list.txt").display().to_string();
    for lead in ["wrote ", "unchanged: "] {
        let said = place.config(&format!("pgbouncer --form userlist --write {path}"));
        assert!(said.starts_with(lead) && said.contains(&format!(": auth_file = {path}\n")), "{said}");
    }
}

#[test]
fn roles_are_kept_where_the_server_has_a_map_for_the_certificate() {
    let place = place();
    let lines = place.config("hba --map pool");
    let map = place.config("ident --map pool --let pool=kong --let pool=alice");
    let server = start(place.setup("postgresql").hba(lines).ident(map));
    let words = format!("pgbouncer --client pool --host localhost --port {} --keep-roles", server.port());
    let bouncer = Bouncer::start(&place, &place.config(&words), "\"kong\" \"\"\n\"alice\" \"\"\n");
    for role in ["kong", "alice"] {
        let own = place.keywords(if role == "kong" { "" } else { "--client alice" });
        let found = bouncer.through(&server, &own, &[]);
        assert_eq!(found, Some(format!("{role}|/CN=pool")), "{}{}", bouncer.said(), server.log());
    }
}

#[test]
fn with_passwords_a_certificate_is_not_asked_for_and_tls_is() {
    let place = place();
    let server = start(place.setup("postgresql").hba(place.config("hba")).role("pool"));
    let words = format!("pgbouncer --auth scram --client pool --host localhost --port {}", server.port());
    let bouncer = Bouncer::start(&place, &place.config(&words), "\"kong\" \"word\"\n");
    let none = place.keywords("--no-client-cert -U kong");
    let through = |more: &[(&str, &str)]| bouncer.through(&server, &none, more);
    assert_eq!(through(&[("password", "word")]).as_deref(), Some("pool|/CN=pool"), "{}", bouncer.said());
    assert_eq!(through(&[("password", "other")]), None);
    assert_eq!(through(&[("password", "word"), ("sslmode", "disable")]), None);
}

/// Debian has it where root alone looks.
fn program() -> &'static str {
    let own = "/usr/sbin/pgbouncer";
    if Path::new(own).exists() { own } else { "pgbouncer" }
}
