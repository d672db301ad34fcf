//! Patroni runs on what `config patroni` writes, as it is: two nodes, whose standby comes with a certificate of its own,
//! and whose API is called with one. And what the directory lacks is said with the command that makes it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod around;
mod support;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use around::Place;
use pgtls::scratch::Programs;
use support::{Run, assert_golden, is_root, run, scratch, snapshot, text};

/// The addresses of the nodes, in the network of this machine alone.
const NODES: [&str; 2] = ["127.0.0.11", "127.0.0.12"];

/// Two nodes, which end with the test.
struct Cluster {
    place: Place,
    /// Of PostgreSQL, of the API, of Raft.
    ports: [u16; 3],
    running: Vec<Child>,
}

impl Cluster {
    fn new() -> Self {
        let [n1, n2] = NODES.map(|node| format!("={node}"));
        let (n1, n2) = (format!("n1{n1}"), format!("n2{n2}"));
        let place = Place::new(&["patroni", "--set", &n1, "--set", &n2]);
        let free = || TcpListener::bind((NODES[0], 0)).unwrap().local_addr().unwrap().port();
        Self { place, ports: [free(), free(), free()], running: Vec::new() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.home.path().join(name)
    }

    /// Writes the two files of a node: its own, and ours, of which not a letter is changed.
    fn configure(&self, at: usize) {
        let [port, api, raft] = self.ports;
        let (node, folder) = (NODES[at], self.file(&format!("n{at}")));
        fs::create_dir(&folder).unwrap();
        fs::create_dir(self.file(&format!("s{at}"))).unwrap();
        let partners = if at == 0 {
            format!("self_addr: '{node}:{raft}', partner_addrs: []")
        } else {
            format!("partner_addrs: ['{}:{raft}']", NODES[0])
        };
        let home = self.place.home.path().display().to_string();
        let programs = Programs::find().unwrap();
        let own = format!(
            "scope: hippo\nname: n{at}\nrestapi: {{listen: '{node}:{api}'}}\n\
             raft: {{data_dir: '{home}/raft{at}', {partners}}}\n\
             bootstrap:\n  dcs: {{ttl: 20, loop_wait: 1, retry_timeout: 3}}\n  initdb: [no-sync]\n  \
             pg_hba: [local all all peer]\n\
             postgresql:\n  listen: '{node}:{port}'\n  data_dir: '{home}/data{at}'\n  bin_dir: '{}'\n  \
             use_pg_rewind: true\n  parameters: {{unix_socket_directories: '{home}/s{at}', fsync: 'off'}}\n",
            programs.directory().display()
        );
        fs::write(folder.join("node.yml"), own).unwrap();
        let ours = folder.join("tls.yml").display().to_string();
        self.place.config(&format!(
            "patroni --host {node} --port {port} --api-port {api} --superuser {} --tls-only --write {ours}",
            user()
        ));
        if is_root() {
            run(self.place.home.path(), "chown", &["-R", "postgres", &home]);
        }
    }

    /// A command of the server's user.
    fn command(&self, words: &[&str]) -> Command {
        let own = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"];
        let words = if is_root() { [&own, words].concat() } else { words.to_vec() };
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(&self.place.home).stdin(Stdio::null());
        command.env("HOME", self.place.home.path());
        command
    }

    fn start(&mut self, at: usize) {
        self.configure(at);
        let folder = self.file(&format!("n{at}")).display().to_string();
        // It knows no node that is not of the Raft itself, as the second one.
        if at == 0 {
            let checked = self.command(&["patroni", "--validate-config", &folder]).output().unwrap();
            assert!(checked.status.success(), "{}", said(&checked));
        }
        let log = fs::File::create(self.file(&format!("log{at}"))).unwrap();
        let mut command = self.command(&["patroni", &folder]);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.running.push(command.spawn().unwrap());
    }

    fn log(&self, at: usize) -> String {
        fs::read_to_string(self.file(&format!("log{at}"))).unwrap()
    }

    /// What a query says at a node's socket.
    fn query(&self, at: usize, query: &str) -> Output {
        let (socket, port) = (self.file(&format!("s{at}")), self.ports[0].to_string());
        let words =
            ["psql", "-XAtwq", "-h", socket.to_str().unwrap(), "-p", &port, "-d", "postgres", "-c", query];
        self.command(&words).output().unwrap()
    }

    /// Waits until a query says something.
    fn wait(&self, at: usize, query: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let found = self.query(at, query);
            if found.status.success() && !found.stdout.is_empty() {
                return text(&found.stdout);
            }
            assert!(Instant::now() < deadline, "{}{}", said(&found), self.log(at));
            sleep(Duration::from_millis(100));
        }
    }

    fn patronictl(&self, configuration: &Path, words: &[&str]) -> Output {
        let words = [&["timeout", "30", "patronictl", "-c", configuration.to_str().unwrap()], words].concat();
        self.command(&words).output().unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It stops its server before it ends.
        for process in self.running.iter_mut().rev() {
            let _ = Command::new("kill").arg(process.id().to_string()).status();
            let deadline = Instant::now() + Duration::from_secs(30);
            while Instant::now() < deadline && matches!(process.try_wait(), Ok(None)) {
                sleep(Duration::from_millis(50));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        for data in ["data0", "data1"] {
            // Where it did not.
            let Ok(found) = fs::read_to_string(self.file(data).join("postmaster.pid")) else { continue };
            let _ = Command::new("kill").args(["-QUIT", found.lines().next().unwrap_or_default()]).status();
        }
    }
}

fn user() -> String {
    if is_root() { "postgres".to_owned() } else { run(Path::new("."), "id", &["-un"]).trim().to_owned() }
}

fn said(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn two_nodes_replicate_and_call_each_other_by_certificates_and_nobody_without_gets_in() {
    let mut cluster = Cluster::new();
    cluster.start(0);
    cluster.wait(0, "SELECT 1 FROM pg_roles WHERE rolname = 'replicator' AND NOT pg_is_in_recovery()");
    cluster.start(1);
    let standby = "SELECT usename, client_dn FROM pg_stat_replication JOIN pg_stat_ssl USING (pid) \
                   WHERE state = 'streaming'";
    assert_eq!(cluster.wait(0, standby), "replicator|/CN=replicator\n", "{}", cluster.log(1));
    assert!(cluster.wait(1, "SHOW primary_conninfo").contains("sslmode=verify-full"));
    // The role of pg_rewind logs in with what Patroni gives it.
    let [port, api, _] = cluster.ports.map(|port| port.to_string());
    let pki = cluster.place.pki.display().to_string();
    let rewind = format!(
        "host={} port={port} user=replicator dbname=postgres sslmode=verify-full sslrootcert={pki}/chain.crt",
        NODES[0]
    );
    let by_certificate = format!("{rewind} sslcert={pki}/replication.crt sslkey={pki}/replication.key");
    let rewinds = |conninfo: &str| {
        let query = "SELECT length(pg_read_binary_file('PG_VERSION')) > 0";
        cluster.command(&["psql", "-XAtwq", "-d", conninfo, "-c", query]).output().unwrap()
    };
    assert_eq!(said(&rewinds(&by_certificate)), "t\n");
    assert!(said(&rewinds(&rewind)).contains("connection requires a valid client certificate"));
    // A change is asked for by the API of each node.
    let reloaded = cluster.patronictl(&cluster.file("n0"), &["reload", "hippo", "--force"]);
    assert_eq!(said(&reloaded).matches("Reload request received").count(), 2, "{}", said(&reloaded));
    let bare = cluster.file("bare.yml");
    let found = fs::read_to_string(cluster.file("n0/node.yml")).unwrap();
    let found = found.replace(&format!("restapi: {{listen: '{}:{api}'}}\n", NODES[0]), "");
    fs::write(&bare, format!("{found}ctl: {{cacert: '{pki}/chain.crt'}}\n")).unwrap();
    let refused = cluster.patronictl(&bare, &["reload", "hippo", "--force"]);
    let refused = said(&refused);
    assert!(
        refused.contains("certificate required") && !refused.contains("Reload request received"),
        "{refused}"
    );
}

/// Runs `config patroni`, in a directory.
fn patroni(home: &Path, words: &str) -> Output {
    let words: Vec<&str> = ["config", "patroni"].into_iter().chain(words.split_whitespace()).collect();
    Run::new(&words).dir(home).output()
}

fn done(home: &Path, words: &str) -> String {
    let output = patroni(home, words);
    assert_eq!(output.status.code(), Some(0), "{words}: {}", said(&output));
    text(&output.stdout)
}

#[test]
fn a_node_is_written_as_recorded() {
    let home = scratch();
    Run::new(&["gen", "patroni", "-q"]).dir(&home).code(0);
    assert_golden(
        "config-patroni.txt",
        &done(home.path(), "--server n1 --files-at /etc/patroni/tls --tls-only"),
    );
    let words = "--host 192.0.2.12 --files-at /tls --auth scram --verify-client none --min-protocol TLSv1.3";
    assert_golden("config-patroni-scram.txt", &done(home.path(), words));
    assert!(done(home.path(), "--server n2 --host ::1").contains("connect_address: \"[::1]:8008\""));
    // One certificate of several is for that host, and is found by it.
    assert!(done(home.path(), "--host 192.0.2.13").contains("/node.n3.crt\""));
}

#[test]
fn what_a_node_lacks_is_named_with_the_command_that_makes_it() {
    for (words, facts) in [
        (
            "",
            &[
                "\"pki/server.crt\" is a server's alone, and nodes show theirs to each other",
                "there is no client's certificate for the role \"replicator\" in \"pki\"",
            ][..],
        ),
        ("--host 192.0.2.99 --replication kong", &["\"pki/server.crt\" is not for the host \"192.0.2.99\""]),
        ("--server n9 --replication kong", &["there is no server's certificate for \"n9\" in \"pki\""]),
        (
            "--ctl kong --replication kong --rewind rewinder",
            &["there is no client's certificate for the role \"rewinder\" in \"pki\""],
        ),
        ("--ctl kong --replication kong --crl", &["there is no revocation list in \"pki\""]),
        (
            "--ctl operator --replication kong",
            &["there is no client's certificate for \"operator\" in \"pki\""],
        ),
    ] {
        let home = scratch();
        Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
        for fact in facts {
            let before = snapshot(home.path());
            let output = patroni(home.path(), words);
            assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(3), ""), "{words}");
            let said = text(&output.stderr);
            assert!(said.starts_with(&format!("pgtls: error: {fact}\n")), "{words}: {said}");
            assert_eq!(snapshot(home.path()), before);
            let command = said.split("Run: pgtls ").nth(1).unwrap().lines().next().unwrap();
            let command: Vec<&str> = command.split(';').next().unwrap().split(' ').chain(["-q"]).collect();
            let mended = Run::new(&command).dir(&home).output();
            assert_eq!(mended.status.code(), Some(0), "{command:?}: {}", text(&mended.stderr));
        }
        done(home.path(), words);
    }
}

#[test]
fn an_address_has_to_be_one_among_the_names_as_python_compares_them() {
    let home = scratch();
    Run::new(&["gen", "patroni", "-q"]).dir(&home).code(0);
    // libpq takes an address that stands there as a host name.
    Run::new(&["issue", "node", "n9.example.com", "DNS:192.0.2.9", "-q"]).dir(&home).code(0);
    let output = patroni(home.path(), "--server n9.example.com --host 192.0.2.9");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let output = patroni(home.path(), "--server n9.example.com");
    assert!(
        said(&output).contains("is not for localhost, by which Patroni calls its own"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_superuser_with_a_certificate_shows_it_and_lists_and_passwords_are_told() {
    let home = scratch();
    Run::new(&["gen", "patroni", "-q"]).dir(&home).code(0);
    for words in [&["issue", "client", "postgres", "-q"][..], &["crl", "-q"]] {
        Run::new(words).dir(&home).code(0);
    }
    let output = patroni(home.path(), "--server n1 --files-at /tls --auth clientcert-verify-ca");
    let found = text(&output.stdout);
    let roles = found.split("authentication:\n").nth(1).unwrap().split("  parameters:").next().unwrap();
    assert_eq!(roles.matches("sslcrl: \"/tls/chain.crl\"").count(), 3, "{found}");
    assert!(roles.contains("sslcert: \"/tls/client.postgres.crt\""), "{found}");
    assert_eq!(roles.matches("password is yours to add").count(), 2, "{found}");
    assert!(found.contains("    ssl_crl_file: \"/tls/chain.crl\"\n"), "{found}");
    assert!(text(&output.stderr).contains("Patroni's API looks into no revocation list"));
    let output = patroni(home.path(), "--server n1 --no-client-cert");
    assert_eq!(output.status.code(), Some(2), "a flag of another target is none of this");
}
