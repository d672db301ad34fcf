//! `can-login` beside a running server: for every case psql tries to get in, and the two answers have to be one.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use pgtls::scratch::{Scratch, Setup};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::{fs, io, thread};
use support::{Run, clock, scratch};
use tempfile::TempDir;
use time::OffsetDateTime;

/// One CA for the server and its clients; one client's certificate has ended.
const PROFILE: &str = r#"
name = "mine"
[[certificate]]
name = "root"
usage = "root-ca"
subject = "CN=root"
not_before = "2019-01-01T00:00:00Z"
not_after = "2045-01-01T00:00:00Z"
[[certificate]]
name = "server"
usage = "server"
issuer = "root"
subject = "CN=localhost"
san = ["localhost", "127.0.0.1"]
lifetime = "90d"
[[certificate]]
name = "client.alice"
usage = "client"
issuer = "root"
subject = "O=Acme\\, Inc,OU=Zoë,CN=alice"
lifetime = "90d"
[[certificate]]
name = "client.mail"
usage = "client"
issuer = "root"
subject = "CN=bob@example.com"
lifetime = "90d"
[[certificate]]
name = "client.old"
usage = "client"
issuer = "root"
subject = "CN=alice"
not_before = "2020-01-01T00:00:00Z"
not_after = "2021-01-01T00:00:00Z"
"#;

const PASSWORD: &str = "let me in";

/// The roles, and all that each is a member of.
const ROLES: [(&str, &[&str]); 4] =
    [("alice", &["staff", "people"]), ("bob", &["people"]), ("all", &[]), ("Alice", &[])];

struct Site {
    home: TempDir,
    server: Scratch,
    version: String,
    addresses: Vec<&'static str>,
    /// A port from where one is taken to the server with the address [`ELSEWHERE`].
    detour: String,
}

/// An address that a client has by a detour alone: who connects to it directly has 127.0.0.1.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Takes whoever connects to the port that is returned on to the server, with the address [`ELSEWHERE`].
fn detour(server: u16) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || pass_on(client, server));
        }
    });
    port
}

fn pass_on(client: TcpStream, server: u16) -> io::Result<()> {
    let onward = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&onward, &SocketAddr::V4(SocketAddrV4::new(ELSEWHERE, 0)))?;
    connect(&onward, &SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, server)))?;
    let onward = TcpStream::from(onward);
    let (mut from_client, mut to_server) = (client.try_clone()?, onward.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        to_server.shutdown(std::net::Shutdown::Write)
    });
    let (mut from_server, mut to_client) = (onward, client);
    io::copy(&mut from_server, &mut to_client)?;
    to_client.shutdown(std::net::Shutdown::Both)
}

impl Site {
    fn start() -> Self {
        let home = scratch();
        fs::write(home.path().join("mine.toml"), PROFILE).unwrap();
        let run = |words: &[&str]| assert!(Run::new(words).dir(&home).output().status.success(), "{words:?}");
        run(&["gen", "./mine.toml", "-q", "-D", "pki"]);
        run(&["issue", "client", "gone", "-q", "-D", "pki"]);
        for file in ["client.gone.crt", "client.gone.key"] {
            fs::copy(home.path().join("pki").join(file), home.path().join(file)).unwrap();
        }
        run(&["revoke", "gone", "-q", "-D", "pki"]);
        run(&["gen", "chain", "-q", "-D", "other", "--client", "alice"]);
        let has_v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
        let mut addresses = vec!["127.0.0.1", "127.0.0.2"];
        addresses.extend(has_v6.then_some("::1"));
        let server = Scratch::start(setup(home.path(), "hostssl all all all trust", "")).unwrap();
        let statements = [
            "CREATE ROLE staff; CREATE ROLE people; GRANT people TO staff; GRANT people TO bob; GRANT staff TO alice",
            "CREATE DATABASE app",
            "CREATE DATABASE alice",
            "CREATE DATABASE staff",
        ];
        statements.iter().for_each(|sql| drop(server.administer(sql).unwrap()));
        for (role, _) in ROLES {
            server.administer(&format!("ALTER ROLE \"{role}\" PASSWORD '{PASSWORD}'")).unwrap();
        }
        let number: u32 = server.administer("SHOW server_version_num").unwrap().trim().parse().unwrap();
        let detour = detour(server.port()).to_string();
        Self { home, server, version: (number / 10_000).to_string(), addresses, detour }
    }

    fn path(&self, file: &str) -> String {
        self.home.path().join(file).to_str().unwrap().to_owned()
    }

    fn serve(&mut self, hba: &str, ident: &str) {
        let setup = setup(self.home.path(), hba, ident);
        self.server.serve(setup).unwrap_or_else(|error| panic!("{hba}\n{ident}\n{error}"));
    }

    /// Whether psql gets in, and what it says.
    fn enters(&self, case: &Case) -> (bool, String) {
        let files =
            case.certificate.map(|stem| [".crt", ".key"].map(|end| self.path(&format!("{stem}{end}"))));
        let is_elsewhere = case.from == ELSEWHERE.to_string();
        let port = self.server.port().to_string();
        let mut words = vec![
            ("hostaddr", if is_elsewhere { "127.0.0.1" } else { case.from }),
            ("port", if is_elsewhere { &self.detour } else { &port }),
            ("user", case.role),
            ("dbname", case.database),
            ("password", PASSWORD),
            ("sslmode", if case.way == "tls" { "require" } else { "disable" }),
        ];
        if let Some([certificate, key]) = files.as_ref().filter(|_| case.way == "tls") {
            words.extend([("sslcert", certificate.as_str()), ("sslkey", key.as_str())]);
        }
        let outcome = self.server.psql(&words, "SELECT 1").unwrap();
        (outcome.ok, outcome.stderr)
    }

    /// What `can-login` says: its exit code and its text.
    fn asked(&self, case: &Case, more: &[&str]) -> (u8, String) {
        let files = self.server.directory().join("files");
        let [hba, ident] =
            ["pg_hba.conf", "pg_ident.conf"].map(|name| files.join(name).display().to_string());
        let (trust, lists) = (self.path("pki/root.crt"), self.path("pki/chain.crl"));
        let whom = format!("{}@{}", case.role, case.database);
        let mut words = vec!["can-login", &whom, "--from", case.from, "--hba", &hba, "--ident", &ident];
        words.extend(["--trust", &trust, "--crl", &lists, "--postgresql-version", &self.version]);
        let certificate = case.certificate.map(|stem| self.path(&format!("{stem}.crt")));
        match &certificate {
            Some(file) => words.extend(["--client-cert", file]),
            None => words.push("--without-cert"),
        }
        if case.way == "plain" {
            words.push("--plain");
        }
        words.extend(more);
        let (code, stdout, stderr) = clock::at(OffsetDateTime::now_utc(), None, &[], &words);
        (code, stdout + &stderr)
    }
}

fn setup(home: &Path, hba: &str, ident: &str) -> Setup {
    let file = |name: &str| -> PathBuf { home.join("pki").join(name) };
    let setup = Setup::new(file("server.crt"), file("server.key")).client_ca(file("root.crt"));
    let setup = ROLES.iter().fold(setup, |setup, (role, _)| setup.role(*role));
    setup.crl(file("chain.crl")).hba(hba).ident(ident)
}

/// One login.
#[derive(Debug, Clone, Copy)]
struct Case {
    role: &'static str,
    database: &'static str,
    from: &'static str,
    way: &'static str,
    certificate: Option<&'static str>,
}

const CERTIFICATES: [Option<&str>; 7] = [
    Some("pki/client.alice"),
    None,
    Some("pki/client.mail"),
    Some("pki/client.old"),
    Some("client.gone"),
    Some("other/client"),
    Some("pki/server"),
];

/// Every login in turn, so far apart that all dimensions are mixed.
fn cases(addresses: &[&'static str], from: usize, count: usize) -> Vec<Case> {
    let databases = ["app", "alice", "staff", "postgres"];
    let case = |at: usize| Case {
        role: ROLES[at % 7 % ROLES.len()].0,
        database: databases[at / 3 % databases.len()],
        from: addresses[at / 2 % addresses.len()],
        way: if at % 5 == 3 { "plain" } else { "tls" },
        certificate: match at % 3 {
            0 => Some("pki/client.alice"),
            1 => Some("pki/client.mail"),
            _ => CERTIFICATES[at / 3 % CERTIFICATES.len()],
        },
    };
    (from..from + count).map(case).collect()
}

const DN: &str = r#""CN=alice,OU=Zo\C3\AB,O=Acme\, Inc""#;

/// `pg_hba.conf` and `pg_ident.conf`.
fn variants() -> Vec<(String, String)> {
    let mapped = "hostssl all all all cert map=m";
    let whole = "hostssl all all all cert clientname=DN map=m";
    let pair = |hba: &str, ident: &str| (hba.to_owned(), ident.to_owned());
    vec![
        pair("hostssl all all all cert", ""),
        pair("host all all all scram-sha-256", ""),
        pair("hostssl all all all scram-sha-256 clientcert=verify-full\nhostnossl all all all md5", ""),
        pair(
            "hostssl all alice 127.0.0.1/32 trust clientcert=verify-ca\nhost all all 127.0.0.0/8 password",
            "",
        ),
        pair(
            "hostnossl all all all trust\nhostssl app,staff bob,alice all cert\nhostssl all all ::1/128 trust",
            "",
        ),
        pair("host sameuser all all trust\nhost samerole all 127.0.0.2 255.255.255.255 trust", ""),
        pair(
            "host samegroup +people all trust\nhost \"all\" all all trust\nhost all \"all\" samehost trust",
            "",
        ),
        pair(
            "host all +staff all reject\nhost all +people 127.0.0.1/31 trust\nhostssl all all samenet cert",
            "",
        ),
        pair(
            "host replication all all trust\nhost \"app\" Alice,\"+people\" all trust\nhost app +alice all trust",
            "",
        ),
        pair(mapped, "m bob@example.com bob\nm alice alice\nn alice bob"),
        pair(mapped, r"m /^(.*)@example\.com$ \1"),
        pair(
            mapped,
            r"m /^(.*)@example\.com$ \1
m /^[[:alpha:]]{5}$ bob
m /(?i)^ALICE$ Alice",
        ),
        pair(
            mapped,
            r"m /^alice$ \1
m alice alice",
        ),
        pair(
            mapped,
            r"m /^(alice|bob)(@.*)?$ \1
m alice +people
m alice all",
        ),
        pair(
            mapped,
            r"m /^(b)ob@.*$ \1ob
m /^.l.ce$ alice",
        ),
        pair(whole, &format!("m {DN} alice\nm CN=bob@example.com bob")),
        pair(
            whole,
            r#"m "/^CN=([^,@]+)[,@]" \1
m /^CN=bob@example\.com$ Alice"#,
        ),
        pair(&format!("hostssl @databases @roles all cert\n{mapped}"), r"m /^(\w+)(@example\.com|)$ \1"),
        pair(
            "hostssl \\\n all all \\\n all cert # comment\nhost app all 127.0.0.0 255.255.255.253 trust",
            "",
        ),
        pair("host all all .invalid trust\nhost all all 0.0.0.0/0 reject\nhost all all all trust", ""),
    ]
}

#[test]
fn a_running_server_gives_the_same_answer_in_every_case() {
    let mut site = Site::start();
    let files = site.server.directory().join("files");
    fs::write(files.join("databases"), "app, staff\n\"alice\"").unwrap();
    fs::write(files.join("roles"), "alice\n\n+nobody").unwrap();
    let (mut yes, mut no) = (0, 0);
    for (at, (hba, ident)) in variants().into_iter().enumerate() {
        site.serve(&hba, &ident);
        for case in cases(&site.addresses, at * 17, 12) {
            let (enters, words) = site.enters(&case);
            let groups = ROLES.iter().find(|(role, _)| *role == case.role).unwrap().1;
            let groups = if groups.is_empty() { "none".to_owned() } else { groups.join(",") };
            // No address here has such a name.
            let more =
                ["--member-of", groups.as_str(), "--from-host", "localhost", "--interface", "127.0.0.1/8"];
            let (code, answer) = site.asked(&case, &more);
            let shown = format!("{hba}\n{ident}\n{case:?}\npsql {enters}: {words}\n{answer}");
            assert_eq!(code, u8::from(!enters), "{shown}");
            assert_eq!(answer.starts_with("yes"), enters, "{shown}");
            assert!(!answer.starts_with("cannot tell"), "{shown}");
            // What is not told makes no other answer, but at most none.
            let (_, unsure) = site.asked(&case, &[]);
            let first = |text: &str| text.split([':', ',', ' ']).next().unwrap().to_owned();
            assert!([first(&answer), "cannot".to_owned()].contains(&first(&unsure)), "{shown}\n{unsure}");
            if enters { yes += 1 } else { no += 1 }
        }
    }
    assert!(yes >= 40 && no >= 40, "{yes} times yes, {no} times no");
}

#[test]
fn a_server_that_asks_for_no_certificate_lets_nobody_in_who_needs_one() {
    let mut site = Site::start();
    let file = |name: &str| site.home.path().join("pki").join(name);
    let without = |hba: &str| Setup::new(file("server.crt"), file("server.key")).hba(hba).role("alice");
    let data = site.server.directory().join("data");
    let [configuration, hba_file] =
        ["postgresql.conf", "pg_hba.conf"].map(|name| site.server.directory().join("files").join(name));
    let hba_file = hba_file.to_str().unwrap();
    let case = Case {
        role: "alice",
        database: "postgres",
        from: "127.0.0.1",
        way: "tls",
        certificate: Some("pki/client.alice"),
    };
    for (hba, wanted) in [
        ("hostssl all all all cert", false),
        ("hostssl all all all trust clientcert=verify-ca", false),
        ("hostssl all all all trust", true),
    ] {
        site.server.serve(without(hba)).unwrap();
        assert_eq!(site.enters(&case).0, wanted, "{hba}");
        let certificate = site.path("pki/client.alice.crt");
        let (data, configuration) = (data.to_str().unwrap(), configuration.to_str().unwrap());
        let words =
            ["can-login", "alice@postgres", "--from", "127.0.0.1", "-D", data, "--conf", configuration];
        // The server is told of its pg_hba.conf on its command line.
        let words = [&words[..], &["--client-cert", &certificate, "--hba", hba_file]].concat();
        let (code, stdout, stderr) = clock::at(OffsetDateTime::now_utc(), None, &[], &words);
        assert_eq!(code, u8::from(!wanted), "{hba}\n{stdout}{stderr}");
        assert_eq!(stdout.contains("the server has no ssl_ca_file"), !wanted, "{stdout}");
    }
}

/// Options of another method, and methods without what they need: the two say the same words.
#[test]
fn an_option_that_the_server_refuses_is_refused_in_its_words() {
    let mut site = Site::start();
    for (rest, words) in [
        (
            "trust ldaptls=1",
            "authentication option \"ldaptls\" is only valid for authentication methods ldap",
        ),
        ("pam include_realm=1", "\"include_realm\" is only valid for authentication methods gssapi and sspi"),
        ("gss upn_username=1", "\"upn_username\" is only valid for authentication methods sspi"),
        ("trust radiussecrets=x", "\"radiussecrets\" is only valid for authentication methods radius"),
        ("radius radiussecrets=x", "\"radius\" requires argument \"radiusservers\" to be set"),
        (
            "ldap ldapserver=x",
            "requires argument \"ldapbasedn\", \"ldapprefix\", or \"ldapsuffix\" to be set",
        ),
        (
            "trust map=m",
            "\"map\" is only valid for authentication methods ident, peer, gssapi, sspi, and cert",
        ),
        ("ldap ldapbasedn=a ldapsearchattribute=b ldapsearchfilter=c", "ldapsearchattribute together with"),
    ] {
        let hba = format!("hostssl all all all {rest}");
        let refused = site.server.serve(setup(site.home.path(), &hba, ""));
        let theirs = format!("{refused:?} {}", site.server.log()).replace("\\\"", "\"");
        assert!(refused.is_err() && theirs.contains(words), "{rest}\n{theirs}");
        let file = site.home.path().join("refused.conf");
        fs::write(&file, hba + "\n").unwrap();
        let words_of_ours =
            ["can-login", "alice", "--from", "::1", "--hba", file.to_str().unwrap(), "--without-cert"];
        let known = ["--postgresql-version", &site.version];
        let (code, stdout, stderr) =
            clock::at(OffsetDateTime::now_utc(), None, &[], &[&words_of_ours[..], &known].concat());
        assert_eq!((code, stdout.as_str()), (2, ""), "{rest}\n{stderr}");
        let said = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(words), "{rest}\n{stderr}");
    }
    // What is not refused there is none here.
    for rest in ["trust", "gss include_realm=2 krb_realm=X", "pam pamservice=x", "ldap ldapbasedn=x"] {
        site.serve(&format!("hostssl all all all {rest}"), "");
        let (code, said) = site.asked(&cases(&site.addresses, 0, 1)[0], &[]);
        assert!(code < 2, "{rest}\n{said}");
    }
}

/// What a server does not start with is no answer.
#[test]
fn a_line_that_the_server_refuses_is_an_error_here() {
    let mut site = Site::start();
    for (hba, ident, wanted) in [
        ("hostssl all all all crt", "", ":3:21: invalid authentication method \"crt\""),
        ("hostssl all all all cert map=m", "m alice /x\nm /( alice", ":2: invalid regular expression \"(\""),
        ("hostssl all all all cert map=m", "m alice", ":1:8: missing entry at end of line"),
        ("hostssl all all all cert map=m", "m /a** alice", ":1: invalid regular expression \"a**\""),
        ("hostssl all all all cert map=m", "m /a{300} alice", ":1: invalid regular expression \"a{300}\""),
    ] {
        let setup = setup(site.home.path(), hba, ident);
        let refused = site.server.serve(setup).is_err();
        let log = site.server.log();
        assert!(refused || log.contains("invalid regular expression"), "{hba} {ident}\n{log}");
        let case = cases(&site.addresses, 0, 1)[0];
        let (code, said) = site.asked(&case, &[]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(wanted), "{said}");
    }
}
