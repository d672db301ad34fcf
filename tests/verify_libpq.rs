//! `verify --libpq`: what a libpq client would use here and now, with psql itself as the judge of what it does with it.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use pgtls::scratch::{Scratch, Setup};
use support::{Run, is_root, run, scratch, text};
use tempfile::TempDir;

/// A client's home with `~/.postgresql` in it, made by `gen` for the role `app`, and revocation lists of all its CAs.
struct Client {
    home: TempDir,
}

impl Client {
    fn new() -> Self {
        let home = scratch();
        let words = ["gen", "chain", "--intermediate", "-q", "--server", "localhost", "--client", "app"];
        Run::new(&words).dir(&home).code(0);
        let client = Self { home };
        fs::create_dir(client.path(".postgresql")).unwrap();
        for (from, to) in
            [("client.crt", "postgresql.crt"), ("client.key", "postgresql.key"), ("root.crt", "root.crt")]
        {
            fs::copy(client.path(&format!("pki/{from}")), client.own(to)).unwrap();
        }
        client
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A file of `~/.postgresql`.
    fn own(&self, name: &str) -> PathBuf {
        self.path(".postgresql").join(name)
    }

    /// An empty revocation list of each of these CAs, in `NAME.crl`.
    fn lists(&self, authorities: &[&str]) {
        let settings =
            "[ca]\ndefault_ca = it\n[it]\ndatabase = index\ndefault_md = sha256\ndefault_crl_days = 9\n";
        fs::write(self.path("ca.cnf"), settings).unwrap();
        fs::write(self.path("index"), "").unwrap();
        for name in authorities {
            let (certificate, key, out) =
                (format!("pki/{name}.crt"), format!("pki/{name}.key"), format!("{name}.crl"));
            let words =
                ["ca", "-config", "ca.cnf", "-gencrl", "-cert", &certificate, "-keyfile", &key, "-out", &out];
            run(self.home.path(), "openssl", &words);
        }
    }

    /// A server on the same CA that lets `app` in by its certificate.
    fn server(&self) -> Scratch {
        let file = |name: &str| self.path("pki").join(name);
        let setup = Setup::new(file("server.crt"), file("server.key")).client_ca(file("root.crt"));
        Scratch::start(setup.hba("hostssl all all all cert").role("app").role("bob")).unwrap()
    }

    /// psql with this connection string and these variables, and nothing else of this environment.
    fn psql(&self, connection: &str, variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new("psql");
        command.args(["-Xw", "-d", connection, "-Atc", "SELECT current_user"]).stdin(Stdio::null());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("HOME", self.home.path());
        command.envs(variables.iter().copied()).current_dir(self.home.path()).output().unwrap()
    }

    /// `pgtls verify --libpq=CONNECTION` in the same environment, with more words: its exit code and what it prints.
    fn verified(
        &self,
        connection: &str,
        variables: &[(&str, &str)],
        words: &[&str],
    ) -> (Option<i32>, String) {
        let libpq = match connection {
            "" => "--libpq".to_owned(),
            connection => format!("--libpq={connection}"),
        };
        let run = Run::new(&[&["verify", libpq.as_str()], words].concat()).dir(&self.home);
        let mut command = run.command();
        command.env_clear().env("HOME", self.home.path()).envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert_eq!(text(&output.stderr), "", "{connection}");
        (output.status.code(), text(&output.stdout))
    }
}

fn found(stdout: &str, rule: &str) -> bool {
    stdout.contains(&format!("[{rule}]"))
}

/// A change to the files, the connection string, the rule that is found, what psql says; `{home}` is the client's home.
struct Case {
    name: &'static str,
    change: fn(&Client),
    connection: &'static str,
    rule: &'static str,
    psql: &'static str,
}

fn case(
    name: &'static str,
    change: fn(&Client),
    connection: &'static str,
    rule: &'static str,
    psql: &'static str,
) -> Case {
    Case { name, change, connection, rule, psql }
}

const FULL: &str = "host=localhost user=app sslmode=verify-full";

fn nothing(_: &Client) {}

fn without_trust(client: &Client) {
    fs::remove_file(client.own("root.crt")).unwrap();
}

/// What psql refuses, with the rule that says so.
fn refused() -> Vec<Case> {
    vec![
        case(
            "no root file",
            without_trust,
            FULL,
            "root-file-missing",
            "root certificate file \"{home}/.postgresql/root.crt\" does not exist",
        ),
        case(
            "no key",
            |client| fs::remove_file(client.own("postgresql.key")).unwrap(),
            FULL,
            "key-missing",
            "certificate present, but not private key file \"{home}/.postgresql/postgresql.key\"",
        ),
        case(
            "a key for all to read",
            |client| {
                fs::set_permissions(client.own("postgresql.key"), fs::Permissions::from_mode(0o644)).unwrap()
            },
            FULL,
            "key-mode-too-open",
            "has group or world access",
        ),
        case(
            "a key of another certificate",
            |client| assert!(fs::copy(client.path("pki/server.key"), client.own("postgresql.key")).is_ok()),
            FULL,
            "key-mismatch",
            "key values mismatch",
        ),
        case(
            "no certificate, and one is wanted",
            |client| fs::remove_file(client.own("postgresql.crt")).unwrap(),
            "host=localhost user=app sslmode=verify-full sslcert={home}/nowhere.crt",
            "no-client-certificate",
            "connection requires a valid client certificate",
        ),
        case("another role", nothing, "host=localhost user=bob sslmode=verify-full", "role-mismatch", "bob"),
        case(
            "an address alone",
            nothing,
            "hostaddr=127.0.0.1 user=app sslmode=verify-full",
            "host-missing",
            "host name must be specified for a verified SSL connection",
        ),
        case(
            "an intermediate for an anchor",
            |client| assert!(fs::copy(client.path("pki/intermediate.crt"), client.own("root.crt")).is_ok()),
            FULL,
            "anchor-not-self-signed",
            "certificate verify failed",
        ),
        case(
            "lists of the intermediate alone",
            |client| {
                client.lists(&["intermediate"]);
                fs::copy(client.path("intermediate.crl"), client.own("root.crl")).unwrap();
            },
            FULL,
            "crl-missing",
            "certificate verify failed",
        ),
        case(
            "a directory of lists that is not there",
            nothing,
            "host=localhost user=app sslmode=verify-full sslcrldir={home}/nowhere",
            "crl-directory-unusable",
            "certificate verify failed",
        ),
        case(
            "a directory of lists with none in it",
            |client| fs::create_dir(client.path("empty")).unwrap(),
            "host=localhost user=app sslmode=verify-full sslcrldir={home}/empty",
            "crl-directory-unusable",
            "certificate verify failed",
        ),
        case(
            "a certificate in DER",
            |client| {
                let (from, to) = (client.path("pki/client.crt"), client.own("postgresql.crt"));
                let words =
                    ["x509", "-in", from.to_str().unwrap(), "-outform", "DER", "-out", to.to_str().unwrap()];
                run(client.home.path(), "openssl", &words);
            },
            FULL,
            "der-not-pem",
            "could not read certificate file",
        ),
    ]
}

/// What psql takes, with what is to be known of it; "" for nothing.
fn taken() -> Vec<Case> {
    vec![
        case("all in order", nothing, FULL, "", "app"),
        case("by a URI", nothing, "postgresql://app@localhost/?sslmode=verify-full", "", "app"),
        case("a weak mode", nothing, "host=localhost user=app", "server-not-verified", "app"),
        case(
            "require without anchors",
            without_trust,
            "host=localhost user=app sslmode=require",
            "server-not-verified",
            "app",
        ),
        case(
            "require with anchors",
            nothing,
            "host=localhost user=app sslmode=require",
            "host-not-compared",
            "app",
        ),
        case("verify-ca", nothing, "host=localhost user=app sslmode=verify-ca", "host-not-compared", "app"),
        case(
            "a list that is not there",
            nothing,
            "host=localhost user=app sslmode=verify-full sslcrl={home}/nowhere.crl",
            "crl-not-loaded",
            "app",
        ),
        case(
            "a bad list beside a directory",
            |client| fs::create_dir(client.path("empty")).unwrap(),
            "host=localhost user=app sslmode=verify-full sslcrl={home}/nowhere.crl sslcrldir={home}/empty",
            "crl-file-and-directory",
            "app",
        ),
        case(
            "all lists",
            |client| {
                client.lists(&["root", "intermediate"]);
                let both = ["root.crl", "intermediate.crl"].map(|name| fs::read(client.path(name)).unwrap());
                fs::write(client.own("root.crl"), both.concat()).unwrap();
            },
            FULL,
            "",
            "app",
        ),
        case(
            "another user's key",
            |client| {
                if is_root() {
                    chown(client.own("postgresql.key"), Some(65_534), None).unwrap();
                }
            },
            FULL,
            "",
            "app",
        ),
        case(
            "an encrypted key and its password",
            |client| {
                let (from, to) = (client.path("pki/client.key"), client.own("postgresql.key"));
                let paths = [from.to_str().unwrap(), to.to_str().unwrap()];
                let words = ["pkcs8", "-topk8", "-in", paths[0], "-out", paths[1], "-passout", "pass:word"];
                run(client.home.path(), "openssl", &words);
            },
            "host=localhost user=app sslmode=verify-full sslpassword=word",
            "",
            "app",
        ),
    ]
}

/// Tries each case and tells all that went wrong at once.
fn hold(cases: Vec<Case>, is_refused: bool) {
    let sound = Client::new();
    let server = sound.server();
    let port = server.port().to_string();
    let port = [("PGPORT", port.as_str()), ("PGDATABASE", "postgres")];
    let mut wrong = Vec::new();
    for Case { name, change, connection, rule, psql } in cases {
        let home = tempfile::tempdir().unwrap();
        run(sound.home.path(), "cp", &["-rp", ".", home.path().to_str().unwrap()]);
        let client = Client { home };
        change(&client);
        let filled = |words: &str| words.replace("{home}", client.home.path().to_str().unwrap());
        let connection = filled(connection);
        let output = client.psql(&connection, &port);
        let said = text(&output.stdout) + &text(&output.stderr);
        let (code, stdout) = client.verified(&connection, &port, &[]);
        let problems = stdout.matches("\n  error: ").count() + stdout.matches("\n  warning: ").count();
        let as_said = output.status.success() != is_refused && said.contains(&filled(psql));
        let as_found = match rule {
            "" => problems == 0,
            rule => found(&stdout, rule),
        };
        // A file that was named and is missing is no error: not every server wants a certificate.
        let as_ended = code == Some(i32::from(is_refused && rule != "no-client-certificate"));
        if !(as_said && as_found && as_ended) {
            wrong.push(format!("{name}: {connection}\npsql: {said}\npgtls: {code:?}\n{stdout}"));
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_psql_refuses_is_found() {
    hold(refused(), true);
}

#[test]
fn what_psql_takes_is_no_error() {
    hold(taken(), false);
}

#[test]
fn each_setting_is_named_with_whoever_made_it() {
    let client = Client::new();
    let home = client.home.path().display();
    fs::write(client.path(".pg_service.conf"), "[db]\nhost=localhost\nsslmode=verify-ca\n").unwrap();
    let other = client.path("other.crt");
    fs::copy(client.own("postgresql.crt"), &other).unwrap();
    let variables = [
        ("PGSERVICE", "db"),
        ("PGSSLCERT", other.to_str().unwrap()),
        ("PGUSER", "app"),
        ("PGSSLCRL", "/nowhere"),
    ];
    let (code, stdout) = client.verified("sslmode=verify-full", &variables, &[]);
    assert_eq!(code, Some(0), "{stdout}");
    let wanted = format!(
        "checked libpq: 3 certificates, 1 key, {home}/.postgresql/root.crt, no CRL
  host         localhost  (service \"db\" at {home}/.pg_service.conf:2)
  user         app  (environment variable PGUSER)
  sslmode      verify-full  (connection string)
  sslcert      {home}/other.crt  (environment variable PGSSLCERT)
  sslkey       {home}/.postgresql/postgresql.key  (default)
  sslrootcert  {home}/.postgresql/root.crt  (default)
  sslcrl       /nowhere  (environment variable PGSSLCRL, not there)
"
    );
    assert!(stdout.starts_with(&wanted), "{stdout}");
    let (_, json) = client.verified("", &variables, &["--json"]);
    let line = "\"origin\": \"environment variable PGSSLCRL\",\n      \"absent\": true";
    assert!(json.contains(line) && json.matches("absent").count() == 1, "{json}");
}

#[test]
fn without_files_and_settings_it_says_what_is_not_there() {
    let client = Client::new();
    fs::remove_dir_all(client.path(".postgresql")).unwrap();
    let (code, stdout) = client.verified("", &[], &[]);
    assert_eq!(code, Some(0), "{stdout}");
    for rule in ["server-not-verified", "no-client-certificate", "socket-without-tls"] {
        assert!(found(&stdout, rule), "{rule}\n{stdout}");
    }
    assert!(stdout.contains("/.postgresql/postgresql.crt  (default, not there)\n"), "{stdout}");
    assert!(stdout.ends_with("0 errors, 1 warning, 2 notes\n"), "{stdout}");
    // Before version 15, HOME did not count, and whoever runs this may have files of his own.
    let (_, stdout) = client.verified("", &[], &["--libpq-version", "14"]);
    assert!(!stdout.contains(client.home.path().to_str().unwrap()), "{stdout}");
}

#[test]
fn what_the_user_asks_counts_more_than_what_libpq_is_set_to() {
    let client = Client::new();
    let server = ["--server-cert", "pki/server.crt"];
    for (connection, words, rule) in [
        (FULL, &["-U", "app"][..], None),
        ("host=localhost user=bob sslmode=verify-full", &["-U", "app"], None),
        (FULL, &["-U", "bob"], Some("role-mismatch")),
        ("host=db.test sslmode=verify-full", &[], Some("host-mismatch")),
        ("host=db.test sslmode=verify-full", &["--host", "localhost"], None),
        ("host=db.test sslmode=verify-full", &["--sslmode", "verify-ca"], None),
        ("host=db.test sslmode=verify-ca", &[], None),
        ("host=db.test sslmode=verify-ca", &["--sslmode", "verify-full"], Some("host-mismatch")),
        ("sslmode=require", &["--host", "db.test"], Some("host-mismatch")),
        (FULL, &["--trust", "pki/client.crt"], Some("anchor-not-self-signed")),
        (FULL, &["--trust", "pki/root.crt"], None),
    ] {
        let (code, stdout) = client.verified(connection, &[], &[&server, words].concat());
        assert_eq!(code, Some(i32::from(rule.is_some())), "{connection} {words:?}\n{stdout}");
        assert!(rule.is_none_or(|rule| found(&stdout, rule)), "{connection} {words:?}\n{stdout}");
    }
    let (_, stdout) = client.verified(FULL, &[], &["--trust", "pki/root.crt"]);
    assert!(!found(&stdout, "client-trust-unknown"), "{stdout}");
}

#[test]
fn words_with_a_meaning_of_their_own_are_taken_as_libpq_takes_them() {
    let client = Client::new();
    let (code, stdout) = client.verified("host=localhost sslrootcert=system sslcrl=/nowhere", &[], &[]);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(found(&stdout, "system-trust") && !found(&stdout, "root-file-missing"), "{stdout}");
    assert!(stdout.contains("  sslrootcert  system  (connection string)\n"), "{stdout}");
    assert!(stdout.contains("  sslmode      verify-full  (default)\n"), "{stdout}");
    let (code, stdout) = client.verified("host=localhost sslmode=verify-full sslkey=pkcs11:slot1", &[], &[]);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(found(&stdout, "key-not-checked") && !found(&stdout, "key-missing"), "{stdout}");
    let (_, stdout) = client.verified("host=localhost sslcertmode=disable", &[], &[]);
    assert!(stdout.contains("sslcertmode=disable: no certificate is sent"), "{stdout}");
    assert!(!stdout.contains("postgresql.crt"), "{stdout}");
    let (code, stdout) = client.verified("host=localhost sslcertmode=require sslcert=/nowhere", &[], &[]);
    assert_eq!((code, found(&stdout, "no-client-certificate")), (Some(1), true), "{stdout}");
}

#[test]
fn what_libpq_would_not_connect_with_is_an_error_without_its_secrets() {
    let client = Client::new();
    fs::create_dir(client.path("data")).unwrap();
    fs::write(client.path("data/PG_VERSION"), "15\n").unwrap();
    for (words, code, fact) in [
        (&["--libpq=sslmode=verify"][..], 2, "invalid sslmode value"),
        (&["--libpq=service=none"], 2, "definition of service \"none\" not found"),
        (&["--libpq=postgresql://app:s3cret/x@localhost/db"], 2, "invalid port number"),
        (&["--libpq", "--conf", "postgresql.conf"], 2, "cannot be used with"),
        (&["--libpq", "data"], 2, "--libpq judges a client's files, and \"data\" is a server's"),
    ] {
        let run = Run::new(&[&["verify"], words].concat()).dir(&client.home);
        let output =
            run.command().env("HOME", client.home.path()).env_remove("PGSERVICEFILE").output().unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {stderr}");
        assert!(stderr.contains(fact) && !stderr.contains("s3cret"), "{words:?}: {stderr}");
    }
}

/// Every variable that could change the answer is asked for, and none that holds a secret.
#[test]
fn the_variables_that_are_asked_for_are_those_of_libpq() {
    let names: Vec<&str> = pgtls::settings::libpq::variables().collect();
    for name in ["PGSSLMODE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGREQUIRESSL", "PGSSLCRLDIR", "PGHOSTADDR"] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(!names.contains(&"PGPASSWORD"));
}
