//! `psql` says which servers and files it would use. What answers it is no server: it agrees to TLS and says no more,
//! for by then the client has opened its files.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use pgtls::scratch::Programs;
use pgtls::settings::SettingsError;
use pgtls::settings::libpq::{self, ClientSettings, Request, TrustAnchors};
use tempfile::TempDir;

use crate::Disk;

/// A client with a home of its own.
struct Client {
    home: TempDir,
    environment: BTreeMap<OsString, OsString>,
}

impl Client {
    fn new(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut client = Self { home, environment: BTreeMap::new() };
        for (name, contents) in files {
            let path = client.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, client.filled(contents)).unwrap();
        }
        for (name, value) in variables {
            let value = client.filled(value);
            client.environment.insert(name.into(), value.into());
        }
        client
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The text with the home's path for each `~`.
    fn filled(&self, text: &str) -> String {
        text.replace('~', self.home.path().to_str().unwrap())
    }

    /// What `psql` says, who never gets in.
    fn psql(&self, connection: &str) -> String {
        let mut command = Command::new(Programs::find().unwrap().directory().join("psql"));
        command.args(["-X", "-w", "-c", "", "-d"]).arg(self.filled(connection)).stdin(Stdio::null());
        command.env_clear().env("LC_ALL", "C").env("HOME", self.home.path()).envs(&self.environment);
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{connection}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn settings(&self, connection: &str) -> Result<ClientSettings, SettingsError> {
        let connection = self.filled(connection);
        let request = Request {
            connection: Some(OsStr::new(&connection)),
            environment: &self.environment,
            home: Some(self.home.path()),
            account: Some(OsStr::new("root")),
            system_directory: Some(Path::new("/nowhere")),
        };
        libpq::read(&request, &Disk)
    }
}

/// Agrees to TLS with whoever comes, and waits for him to go.
fn agreeable_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut request = [0; 8];
            if stream.read_exact(&mut request).is_ok() && stream.write_all(b"S").is_ok() {
                let _ = stream.read_to_end(&mut Vec::new());
            }
        }
    });
    port
}

fn shown(path: Option<&Path>) -> String {
    path.unwrap().display().to_string()
}

#[test]
fn the_servers_are_those_that_psql_tries() {
    let service = ("~", "");
    let files = [(".pg_service.conf", "[db]\nhost=127.0.0.1\nport=3\n[more]\nport=4\n")];
    for (connection, variables) in [
        ("host=127.0.0.1 port=1", [service, ("PGPORT", "2")]),
        ("host = '127.0.0.1'", [("PGHOST", "/tmp"), ("PGPORT", "2")]),
        ("service=db", [("PGHOST", "127.0.0.2"), ("PGPORT", "2")]),
        ("service=more", [("PGHOST", "127.0.0.2"), ("PGSERVICE", "db")]),
        ("user=a", [("PGSERVICE", "db"), service]),
        ("postgresql://127.0.0.1:1,127.0.0.2:2/d", [service, service]),
        ("postgresql://u:p%2f@%31%32%37.0.0.1:%31", [service, service]),
        ("postgresql://u@:1?host=127.0.0.1", [service, service]),
        ("postgresql://127.0.0.1?port=1&port=2&", [service, service]),
        ("host=127.0.0.1,127.0.0.2 port=1", [service, service]),
        ("host=,x hostaddr=127.0.0.1,127.0.0.2 port=1,2", [service, service]),
        (r"host=~ port=1 user=a\ b", [service, service]),
    ] {
        let client = Client::new(&variables, &files);
        let said = client.psql(connection);
        let found = client.settings(connection).unwrap();
        for host in &found.hosts {
            let name = host.hostaddr.clone().or_else(|| host.host.clone()).unwrap().into_string().unwrap();
            let wanted = match host.is_socket() {
                true => format!("connection to server on socket \"{name}/.s.PGSQL.{}\" failed", host.port),
                false => format!("connection to server at \"{name}\""),
            };
            assert!(said.contains(&wanted), "{connection}: {wanted}\n{said}");
            assert!(host.is_socket() || said.contains(&format!("port {} failed", host.port)), "{said}");
        }
    }
}

#[test]
fn the_files_are_those_that_psql_opens() {
    let port = agreeable_port();
    let none: [(&str, &str); 2] = [("~", ""), ("~~", "")];
    let service = (".pg_service.conf", "[db]\nsslrootcert=~/service.crt\nsslmode=verify-ca");
    for (connection, variables) in [
        ("sslmode=verify-ca", none),
        ("sslmode=verify-full sslrootcert=''", [("PGSSLROOTCERT", "/env.crt"), none[0]]),
        ("sslmode=verify-ca sslrootcert='~/my root.crt'", [("PGSSLROOTCERT", "/env.crt"), none[0]]),
        ("user=a", [("PGSSLROOTCERT", "/env.crt"), ("PGSSLMODE", "verify-ca")]),
        ("service=db", [("PGSSLROOTCERT", "/env.crt"), ("PGSSLMODE", "disable")]),
        ("service=db sslrootcert=/own.crt", none),
    ] {
        let connection = format!("{connection} host=127.0.0.1 port={port}");
        let client = Client::new(&variables, &[service]);
        let found = client.settings(&connection).unwrap();
        let Some(TrustAnchors::File(path)) = found.sslrootcert.value else { panic!("{connection}") };
        let wanted = format!("root certificate file \"{}\" does not exist", path.display());
        let said = client.psql(&connection);
        assert!(said.contains(&wanted), "{connection}: {wanted}\n{said}");
    }
}

#[test]
fn certificate_and_key_are_those_that_psql_opens() {
    let port = agreeable_port();
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide/root-only/client.crt");
    let certificate = fs::read_to_string(good).unwrap();
    let files =
        [(".postgresql/postgresql.crt", certificate.as_str()), ("other.crt", &certificate), ("bad.crt", "~")];
    let none = [("~", "")];
    for (connection, variables, readable) in [
        ("sslmode=require", none, true),
        ("sslmode=require sslcert=~/other.crt", none, true),
        ("sslmode=require sslcert=~/other.crt", [("PGSSLKEY", "/env.key")], true),
        ("sslmode=require sslkey=/own.key", [("PGSSLKEY", "/env.key")], true),
        ("requiressl=1 sslcert=~/bad.crt", none, false),
        ("user=a sslmode=require", [("PGSSLCERT", "~/bad.crt")], false),
        ("sslcert='' sslmode=require", [("PGSSLCERT", "~/bad.crt")], true),
    ] {
        let connection = format!("{connection} host=127.0.0.1 port={port}");
        let client = Client::new(&variables, &files);
        let found = client.settings(&connection).unwrap();
        let wanted = if readable {
            format!(
                "certificate present, but not private key file \"{}\"",
                shown(found.sslkey.value.as_deref())
            )
        } else {
            format!("could not read certificate file \"{}\"", shown(found.sslcert.value.as_deref()))
        };
        let said = client.psql(&connection);
        assert!(said.contains(&wanted), "{connection}: {wanted}\n{said}");
    }
}

#[test]
fn what_we_refuse_psql_refuses_before_it_connects() {
    let none = ("~", "");
    for (connection, variable) in [
        ("user=a db x=1", none),
        ("user='a", none),
        ("hots=a", none),
        ("HOST=a", none),
        ("=a", none),
        ("sslmode=''", none),
        ("sslmode=Require", none),
        ("user=a", ("PGSSLMODE", "")),
        ("user=a", ("PGSSLMODE", "on")),
        ("channel_binding=1", none),
        ("ssl_min_protocol_version=1.2", none),
        ("ssl_max_protocol_version=tlsv1.1", none),
        ("host=a,b hostaddr=::1", none),
        ("host=a,b,c port=1,2", none),
        ("host=127.0.0.1 port=0", none),
        ("host=127.0.0.1 port=65536", none),
        ("postgresql://[::1", none),
        ("postgresql://[]", none),
        ("postgresql://[::1]x", none),
        ("postgresql://h?x", none),
        ("postgresql://h?a=b=c", none),
        ("postgresql://h?zap=1", none),
        ("postgresql://h%zz", none),
        ("postgresql://h/%00", none),
        ("service=none", none),
        ("service=bare", none),
        ("service=spaced", none),
        ("service=nested", none),
        ("service=old", none),
        ("service=bare", ("PGSERVICEFILE", "/none")),
    ] {
        let services = "[bare]\nport\n[spaced]\nport = 1\n[nested]\nservice=bare\n[old]\nrequiressl=1\n";
        let client = Client::new(&[variable], &[(".pg_service.conf", services)]);
        let said = client.psql(connection);
        assert!(!said.contains("connection to server"), "{connection}: {said}");
        assert!(client.settings(connection).is_err(), "{connection}: {said}");
    }
}

/// Connection strings put together by chance, from what libpq tells apart.
#[test]
fn chance_strings_are_refused_where_psql_refuses_them() {
    let pairs =
        ["'", "\\", " ", "\t", "=", "a", "user", "user=", "sslcert=", "password='", "options =", "x=1"];
    let uri = [
        "@",
        ":",
        "/",
        "?",
        "&",
        "=",
        "%41",
        "%",
        "%0",
        "%00",
        "a",
        "[",
        "]",
        "[::1]",
        "user=a",
        "sslcert=b",
        "ssl=true",
        "1",
    ];
    let mut chance: u32 = 20_260_103;
    let mut next = |bound: usize| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (chance >> 16) as usize % bound
    };
    // With an address, no name is looked up.
    let client = Client::new(&[("PGHOSTADDR", "127.0.0.1"), ("PGPORT", "1")], &[]);
    let (mut taken, mut refused) = (0, 0);
    for round in 0..200 {
        let (prefix, pieces) =
            if round % 2 == 0 { ("user=a ", pairs.as_slice()) } else { ("postgresql://", uri.as_slice()) };
        let chosen: String = (0..=next(6)).map(|_| pieces[next(pieces.len())]).collect();
        let connection = format!("{prefix}{chosen}");
        let theirs = client.psql(&connection);
        let ours = client.settings(&connection);
        assert_eq!(ours.is_ok(), theirs.contains("connection to server"), "{connection}: {ours:?}\n{theirs}");
        *(if ours.is_ok() { &mut taken } else { &mut refused }) += 1;
    }
    assert!(taken > 40 && refused > 40, "{taken} were taken, {refused} refused");
}
