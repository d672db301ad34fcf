//! A replica streams from a PostgreSQL primary with what `k8s pgo-v4` prints, as PGO 4 configures both: the HBA lines and
//! the sslmode of its containers, the files out of the Secrets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod support;

use cluster::{made, object, objects, printed, value};
use pgtls::diagnosis::Diagnosis as _;
use pgtls::scratch::{Programs, Scratch, Setup};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{is_root, scratch};
use tempfile::TempDir;

/// What PGO 4 has where replicas log in by certificate (postgres-ha-pghba-tls-auth.yaml).
const HBA: &str = "hostssl replication primaryuser 0.0.0.0/0 cert\nhostssl all primaryuser 0.0.0.0/0 reject\n\
                   hostssl all all 0.0.0.0/0 md5";

/// Whom root gives servers to.
fn account() -> Option<nix::unistd::User> {
    is_root().then(|| nix::unistd::User::from_name("postgres").unwrap().unwrap())
}

/// The files of the Secrets where PGO's containers have them, owned by whom the replica runs as.
fn unpacked(home: &Path, objects: &[Value]) {
    let put = |name: &str, secret: &str, key: &str| {
        let path = home.join(name);
        fs::write(&path, value(object(objects, "Secret", secret), key)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some(user) = account() {
            chown(&path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
        }
    };
    put("ca.crt", "postgresql-ca", "ca.crt");
    put("ca.crl", "postgresql-ca", "ca.crl");
    put("tls.crt", "hippo-tls-keypair", "tls.crt");
    put("tls.key", "hippo-tls-keypair", "tls.key");
    put("tls-replication.crt", "hippo-tls-replication-keypair", "tls.crt");
    put("tls-replication.key", "hippo-tls-replication-keypair", "tls.key");
}

/// A primary on them.
fn primary(home: &Path, hba: &str, ident: &str) -> Scratch {
    let setup = Setup::new(home.join("tls.crt"), home.join("tls.key"))
        .client_ca(home.join("ca.crt"))
        .crl(home.join("ca.crl"))
        .hba(hba)
        .ident(ident)
        .replication_role("primaryuser");
    match Scratch::start(setup) {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.detail().unwrap_or_default()),
    }
}

/// How a replica connects: by the address of the primary's pod, as Patroni has it.
fn connection(home: &Path, sslmode: &str, host: &str) -> Vec<(String, String)> {
    let file = |name: &str| home.join(name).display().to_string();
    [
        ("host", host.to_owned()),
        ("user", "primaryuser".to_owned()),
        ("sslmode", sslmode.to_owned()),
        ("sslcert", file("tls-replication.crt")),
        ("sslkey", file("tls-replication.key")),
        ("sslrootcert", file("ca.crt")),
        ("sslcrl", file("ca.crl")),
    ]
    .map(|(keyword, value)| (keyword.to_owned(), value))
    .to_vec()
}

/// A running replica, which ends with its test.
struct Replica(Child);

impl Drop for Replica {
    fn drop(&mut self) {
        // What has ended already needs no end.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// Copies the primary and starts a replica of it.
fn replica(server: &Scratch, home: &TempDir, keywords: &[(String, String)]) -> Replica {
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data: PathBuf = home.path().join("replica");
    let pairs: Vec<(&str, &str)> = keywords.iter().map(|(keyword, value)| (&**keyword, &**value)).collect();
    let outcome = server.basebackup(&pairs, &data).unwrap();
    assert!(outcome.ok, "{}\n{}", outcome.stderr, server.log());
    fs::write(data.join("standby.signal"), "").unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = Command::new(Programs::find().unwrap().directory().join("postgres"));
    if let Some(user) = account() {
        let owner = format!("{}:{}", user.uid, user.gid);
        support::run(home.path(), "chown", &["-R", &owner, "replica"]);
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    let port = server.port().to_string();
    let info =
        keywords.iter().map(|(keyword, value)| format!("{keyword}='{value}'")).collect::<Vec<_>>().join(" ");
    let settings = [
        format!("primary_conninfo={info} port={port} application_name=replica"),
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories={}", data.display()),
        "logging_collector=off".to_owned(),
    ];
    command.arg("-D").arg(&data).current_dir(&data);
    command.args(settings.iter().flat_map(|setting| ["-c", setting.as_str()]));
    let log = fs::File::create(home.path().join("replica.log")).unwrap();
    Replica(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
}

/// What the primary says of it, once it streams.
fn streams(server: &Scratch, home: &TempDir) -> String {
    let query = "SELECT r.usename, r.state, s.ssl, s.client_dn FROM pg_stat_replication r \
                 JOIN pg_stat_ssl s USING (pid) WHERE r.application_name = 'replica'";
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let said = server.administer(query).unwrap();
        if said.contains("streaming") {
            return said;
        }
        let log = fs::read_to_string(home.path().join("replica.log")).unwrap_or_default();
        assert!(Instant::now() < end, "it does not stream: {said}\n{log}\n{}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_replica_streams_by_certificate_with_verify_ca_and_verify_full() {
    let home = scratch();
    // The address stands for that of the primary's pod.
    made(home.path(), "gen pgo-v4 --set cluster=hippo --set namespace=pgo --san 127.0.0.1 --san 192.0.2.10");
    made(home.path(), "crl");
    for sslmode in ["verify-ca", "verify-full"] {
        let words = format!("pgo-v4 -n pgo --replica-sslmode {sslmode}");
        let found = objects(home.path(), &printed(home.path(), &words));
        let place = scratch();
        unpacked(place.path(), &found);
        let configuration = found.iter().find(|object| object["kind"] == "ConfigMap");
        let text = configuration.map(|object| object["data"]["postgres-ha.yaml"].as_str().unwrap());
        let expected = "postgresql:\n  authentication:\n    replication:\n      sslmode: verify-full\n";
        assert_eq!(text, (sslmode == "verify-full").then_some(expected));
        let server = primary(place.path(), HBA, "");
        let keywords = connection(place.path(), sslmode, "127.0.0.1");
        let _replica = replica(&server, &place, &keywords);
        assert_eq!(streams(&server, &place), "primaryuser|streaming|t|/CN=primaryuser");
    }
}

#[test]
fn a_standby_of_another_name_streams_by_the_lines_of_the_custom_configuration() {
    let home = scratch();
    made(home.path(), "gen pgo-v4 --set cluster=hippo --set namespace=pgo");
    made(home.path(), "issue client standby");
    made(home.path(), "crl");
    let found = objects(home.path(), &printed(home.path(), "pgo-v4 -n pgo --replication standby"));
    let place = scratch();
    unpacked(place.path(), &found);
    let text = object(&found, "ConfigMap", "hippo-tls-config")["data"]["postgres-ha.yaml"].as_str().unwrap();
    let list = |key: &str| {
        let (_, rest) = text.split_once(&format!("  {key}:\n")).unwrap();
        let lines = rest.lines().map_while(|line| line.strip_prefix("  - "));
        // Ours come first and are for the test's own questions.
        lines.filter(|line| !line.starts_with("local ")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(list("pg_ident"), "replication  standby  primaryuser");
    let server = primary(place.path(), &list("pg_hba"), &list("pg_ident"));
    let keywords = connection(place.path(), "verify-ca", "127.0.0.1");
    let _replica = replica(&server, &place, &keywords);
    assert_eq!(streams(&server, &place), "primaryuser|streaming|t|/CN=standby");
    // Without the map the same certificate is turned away.
    let strict = primary(place.path(), HBA, "");
    let pairs: Vec<(&str, &str)> = keywords.iter().map(|(keyword, value)| (&**keyword, &**value)).collect();
    let outcome = strict.basebackup(&pairs, &place.path().join("never")).unwrap();
    let words = "certificate authentication failed for user \"primaryuser\"";
    assert!(!outcome.ok && outcome.stderr.contains(words), "{}", outcome.stderr);
}
