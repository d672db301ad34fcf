//! Real servers and real clients judge what we make: who gets in, and who is turned away by which side in which words.
//!
//! The servers and clients are set up from what `gen` prints, so what it prints is judged too.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::{Place, Said};
use pgtls::diagnosis::Diagnosis;
use pgtls::scratch::{ClientOutcome, Role, Scratch, Setup};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What the server's own certificate is called, as a role; so its certificate as a client's fails for no lack of one.
const HOST_ROLE: &str = "dbhost.yourdomain.com";

/// A directory of ours, with what was printed about it.
struct Made {
    place: Place,
    printed: String,
}

impl Made {
    fn new(words: &str) -> Self {
        let place = Place::new();
        let Said { stdout, .. } = place.pgtls(&format!("gen {words} -D ."));
        Self { place, printed: stdout }
    }

    /// A file that the printed postgresql.conf names.
    fn setting(&self, name: &str) -> String {
        let found =
            self.printed.split_once(&format!("{name} = '")).and_then(|(_, rest)| rest.split_once('\''));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.printed)).0.to_owned()
    }

    /// The printed pg_hba.conf.
    fn hba(&self) -> String {
        let at = |line: &str| line.find("hostssl ").map(|at| line[at..].to_owned());
        let lines: Vec<String> = self.printed.lines().filter_map(at).collect();
        assert!(!lines.is_empty(), "{}", self.printed);
        lines.join("\n")
    }

    /// The printed connection string of a client program, its files as absolute paths.
    fn connection(&self, program: &str) -> Vec<(String, String)> {
        let (_, rest) = self.printed.split_once(&format!("  {program} ")).unwrap();
        let (_, rest) = rest.split_once('"').unwrap();
        let (text, _) = rest.split_once('"').unwrap();
        let keywords = ["host", "user", "sslmode", "sslrootcert", "sslcert", "sslkey"].map(|keyword| {
            let (_, value) = text.split_once(&format!("{keyword}=")).unwrap();
            let value = match value.strip_prefix('\'') {
                Some(quoted) => quoted.split('\'').next().unwrap(),
                None => value.split_whitespace().next().unwrap(),
            };
            let is_file = keyword.starts_with("ssl") && keyword != "sslmode";
            (keyword.to_owned(), if is_file { self.place.text(value) } else { value.to_owned() })
        });
        keywords.to_vec()
    }

    /// The printed server, with the roles that the tests know.
    fn setup(&self) -> Setup {
        let file = |name: &str| self.place.path(&self.setting(name));
        roles(Setup::new(file("ssl_cert_file"), file("ssl_key_file")).client_ca(file("ssl_ca_file")))
            .hba(self.hba())
    }

    /// The client's certificate in the server's place.
    fn impostor(&self) -> Setup {
        roles(Setup::new(self.place.path("client.crt"), self.place.path("client.key")))
    }

    /// The printed client with changes; a value of "" takes the keyword out.
    fn client(&self, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut keywords = self.connection("psql");
        for (keyword, value) in changes {
            keywords.retain(|(found, _)| found != keyword);
            if !value.is_empty() {
                keywords.push(((*keyword).to_owned(), (*value).to_owned()));
            }
        }
        keywords
    }
}

fn roles(setup: Setup) -> Setup {
    setup.role("kong").role("alice").role(HOST_ROLE).with_role(Role {
        name: "boss".to_owned(),
        replication: false,
        superuser: true,
    })
}

fn started(setup: Setup) -> Scratch {
    match Scratch::start(setup) {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.detail().unwrap_or_default()),
    }
}

fn pairs(keywords: &[(String, String)]) -> Vec<(&str, &str)> {
    keywords.iter().map(|(keyword, value)| (keyword.as_str(), value.as_str())).collect()
}

fn accepted(server: &Scratch, keywords: &[(String, String)], expected: &str) {
    let query = "SELECT current_user, ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let outcome = server.psql(&pairs(keywords), query).unwrap();
    assert!(outcome.ok, "{keywords:?}: {}\n{}", outcome.stderr, server.log());
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), (expected, ""), "{keywords:?}");
}

/// Which side refuses.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    /// The client is told, in the server's own words or by a TLS alert.
    Server,
    /// The client says it itself.
    Client,
}

/// Somebody is turned away: by whom, in the client's words, in the words of the server's log ("": none).
#[derive(Debug)]
struct Refusal<'a> {
    by: By,
    client: &'a str,
    log: &'a str,
}

impl Refusal<'_> {
    /// Whether the client hears of it by a TLS alert.
    fn is_alert_to_client(&self) -> bool {
        self.by == By::Server && self.client.starts_with("alert ")
    }
}

const fn refusal<'a>(by: By, client: &'a str, log: &'a str) -> Refusal<'a> {
    Refusal { by, client, log }
}

const NO_CERTIFICATE: Refusal<'_> = refusal(
    By::Server,
    "FATAL:  connection requires a valid client certificate",
    "FATAL:  connection requires a valid client certificate",
);
const UNTRUSTED_CLIENT: Refusal<'_> =
    refusal(By::Server, "alert unknown ca", "could not accept SSL connection: certificate verify failed");
const CLIENT_OF_WRONG_PURPOSE: Refusal<'_> = refusal(
    By::Server,
    "alert unsupported certificate",
    "could not accept SSL connection: certificate verify failed",
);
const UNTRUSTED_SERVER: Refusal<'_> =
    refusal(By::Client, "SSL error: certificate verify failed", "alert unknown ca");
const SERVER_OF_WRONG_PURPOSE: Refusal<'_> =
    refusal(By::Client, "SSL error: certificate verify failed", "alert unsupported certificate");
const PLAIN: Refusal<'_> = refusal(By::Server, "no encryption", "no pg_hba.conf entry for host");
const WRONG_HOST: Refusal<'_> = refusal(By::Client, "does not match host name \"db.example.com\"", "");

fn refused(server: &Scratch, keywords: &[(String, String)], expected: &Refusal<'_>) {
    let mut keywords = pairs(keywords);
    if expected.is_alert_to_client() {
        // Over TLS 1.3 a client has said its all before its certificate is judged, and the connection may be closed
        // under it before it reads the alert. So there the server's log alone is held to its words.
        let before = server.log().len();
        let outcome = server.psql(&keywords, "SELECT 1").unwrap();
        assert!(!outcome.ok && outcome.stdout.is_empty(), "{expected:?}, but: {}", outcome.stdout);
        log_since(server, before, expected);
        keywords.push(("ssl_max_protocol_version", "TLSv1.2"));
    }
    let before = server.log().len();
    let outcome = server.psql(&keywords, "SELECT 1").unwrap();
    assert_refused(server, before, &outcome, expected);
}

fn assert_refused(server: &Scratch, before: usize, outcome: &ClientOutcome, expected: &Refusal<'_>) {
    assert!(!outcome.ok && outcome.stdout.is_empty(), "{expected:?}, but: {}", outcome.stdout);
    assert!(outcome.stderr.contains(expected.client), "{expected:?}, but: {}", outcome.stderr);
    let told = outcome.stderr.contains("FATAL:  ") || outcome.stderr.contains(" alert ");
    assert_eq!(told, expected.by == By::Server, "{expected:?}, but: {}", outcome.stderr);
    let log = log_since(server, before, expected);
    assert!(
        expected.by == By::Server || !log.contains("FATAL:"),
        "{expected:?}, but the server's log: {log}"
    );
}

/// What the server has logged since, which has what is expected in it; the client may be gone before it is written.
fn log_since(server: &Scratch, before: usize, expected: &Refusal<'_>) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let log = server.log().split_off(before);
        if log.contains(expected.log) {
            return log;
        }
        assert!(Instant::now() < deadline, "{expected:?}, but the server's log: {log}");
        sleep(Duration::from_millis(20));
    }
}

/// A certificate for a superuser that the holder of `client.key` signs, and all that could make it chain behind it.
fn forge(place: &Place) {
    place.openssl(
        "req -new -noenc -config /dev/null -subj /CN=boss -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
         -keyout forged.key -out forged.csr",
    );
    place.write("forged.cnf", "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n");
    place.openssl(
        "x509 -req -in forged.csr -CA client.crt -CAkey client.key -CAcreateserial -days 30 \
         -extfile forged.cnf -out forged.crt",
    );
    let chain = place.read("forged.crt") + &place.read("client.crt");
    place.write("forged.crt", &chain);
}

/// Everything that one layout with one kind of key has to stand, on one server.
fn stand_all(layout: &str, key_type: &str) {
    let made = Made::new(&format!("{layout} --key-type {key_type}"));
    let other = Made::new(&format!("{layout} --key-type {key_type}"));
    let mut server = started(made.setup());
    check_logins(&server, &made, &other);
    server.serve(made.setup().hba("hostssl all all all trust clientcert=verify-full")).unwrap();
    check_verify_full(&server, &made, &other);
    check_wrong_purposes(&mut server, &made);
    check_standby(&mut server, &Made::new(&format!("{layout} --key-type {key_type} --replication")));
}

/// `hostssl all all all cert`, as it is printed.
fn check_logins(server: &Scratch, made: &Made, other: &Made) {
    let kong = "kong|t|/CN=kong";
    accepted(server, &made.client(&[]), kong);
    for mode in ["require", "verify-ca", "verify-full"] {
        accepted(server, &made.client(&[("sslmode", mode)]), kong);
        refused(server, &made.client(&[("sslmode", mode), ("sslcert", ""), ("sslkey", "")]), &NO_CERTIFICATE);
    }
    // Kong's own choice of version.
    accepted(server, &made.client(&[("ssl_max_protocol_version", "TLSv1.2")]), kong);
    // A client that trusts nobody beforehand may still log in, where it asks for no more than encryption.
    accepted(server, &made.client(&[("sslmode", "require"), ("sslrootcert", "")]), kong);
    for (host, address) in [(HOST_ROLE, "127.0.0.1"), ("127.0.0.1", "127.0.0.1")] {
        accepted(server, &made.client(&[("host", host), ("hostaddr", address)]), kong);
    }
    refused(server, &made.client(&[("sslmode", "disable")]), &PLAIN);
    let elsewhere = [("host", "db.example.com"), ("hostaddr", "127.0.0.1")];
    refused(server, &made.client(&elsewhere), &WRONG_HOST);
    accepted(server, &made.client(&[&elsewhere[..], &[("sslmode", "verify-ca")]].concat()), kong);
    let words = "FATAL:  certificate authentication failed for user \"alice\"";
    let log = "provided user name (alice) and authenticated user name (kong) do not match";
    refused(server, &made.client(&[("user", "alice")]), &refusal(By::Server, words, log));
    check_strangers(server, made, other);
}

/// What another directory of the same names brings is not trusted, in either direction.
fn check_strangers(server: &Scratch, made: &Made, other: &Made) {
    let (certificate, key) = (other.place.text("client.crt"), other.place.text("client.key"));
    let stranger = made.client(&[("sslcert", &certificate), ("sslkey", &key)]);
    refused(server, &stranger, &UNTRUSTED_CLIENT);
    let trust = other.connection("psql").into_iter().find(|(keyword, _)| keyword == "sslrootcert").unwrap().1;
    for mode in ["require", "verify-ca", "verify-full"] {
        // `require` verifies too where there is a root file.
        refused(server, &made.client(&[("sslmode", mode), ("sslrootcert", &trust)]), &UNTRUSTED_SERVER);
    }
    forge(&made.place);
    let (certificate, key) = (made.place.text("forged.crt"), made.place.text("forged.key"));
    let forged = made.client(&[("user", "boss"), ("sslcert", &certificate), ("sslkey", &key)]);
    refused(server, &forged, &UNTRUSTED_CLIENT);
}

/// `hostssl all all all trust clientcert=verify-full`.
fn check_verify_full(server: &Scratch, made: &Made, other: &Made) {
    for mode in ["require", "verify-ca", "verify-full"] {
        accepted(server, &made.client(&[("sslmode", mode)]), "kong|t|/CN=kong");
    }
    refused(server, &made.client(&[("sslmode", "disable")]), &PLAIN);
    refused(server, &made.client(&[("sslcert", ""), ("sslkey", "")]), &NO_CERTIFICATE);
    let words = "FATAL:  \"trust\" authentication failed for user \"alice\"";
    let log = "certificate validation (clientcert=verify-full) failed for user \"alice\": CN mismatch";
    refused(server, &made.client(&[("user", "alice")]), &refusal(By::Server, words, log));
    check_strangers(server, made, other);
}

/// The client's certificate does not serve, and the server's does not log in, even where its role exists.
fn check_wrong_purposes(server: &mut Scratch, made: &Made) {
    let place = &made.place;
    // Nothing but the anchors is trusted, so that intermediates come from the peer; and all of them are, so that nothing
    // but their purpose stands in the way.
    let all = place.text("anchors.crt");
    let anchors = match place.path("root.crt").exists() {
        true => place.read("root.crt"),
        false => place.read("client.crt") + &place.read("server.crt"),
    };
    place.write("anchors.crt", &anchors);
    server.serve(made.setup().client_ca(&all)).unwrap();
    accepted(server, &made.client(&[("sslrootcert", &all)]), "kong|t|/CN=kong");
    let (certificate, key) = (place.text("server.crt"), place.text("server.key"));
    let changes = [("user", HOST_ROLE), ("sslcert", &certificate), ("sslkey", &key)];
    refused(server, &made.client(&changes), &CLIENT_OF_WRONG_PURPOSE);
    server.serve(made.impostor()).unwrap();
    for mode in ["verify-ca", "verify-full"] {
        refused(server, &made.client(&[("sslmode", mode), ("sslrootcert", &all)]), &SERVER_OF_WRONG_PURPOSE);
    }
}

/// `pg_basebackup` as the standby's role, with everything as it is printed.
fn check_standby(server: &mut Scratch, made: &Made) {
    assert!(made.hba().ends_with("\nhostssl replication primaryuser all cert"), "{}", made.hba());
    server.serve(made.setup().replication_role("primaryuser")).unwrap();
    let standby = made.connection("pg_basebackup -D NEW -d");
    let target = made.place.path("NEW");
    let outcome = server.basebackup(&pairs(&standby), &target).unwrap();
    assert!(outcome.ok, "{}\n{}", outcome.stderr, server.log());
    assert!(target.join("PG_VERSION").exists());
    accepted(server, &made.client(&[]), "kong|t|/CN=kong");
    let line = refusal(
        By::Server,
        "no pg_hba.conf entry for replication connection from host",
        "no pg_hba.conf entry for replication connection from host",
    );
    backup_refused(server, made, &made.client(&[]), &line);
    let words = "FATAL:  certificate authentication failed for user \"primaryuser\"";
    let log = "provided user name (primaryuser) and authenticated user name (kong) do not match";
    backup_refused(server, made, &made.client(&[("user", "primaryuser")]), &refusal(By::Server, words, log));
    let bare: Vec<_> = standby
        .into_iter()
        .filter(|(keyword, _)| !["sslcert", "sslkey"].contains(&keyword.as_str()))
        .collect();
    backup_refused(server, made, &bare, &NO_CERTIFICATE);
}

fn backup_refused(server: &Scratch, made: &Made, keywords: &[(String, String)], expected: &Refusal<'_>) {
    let before = server.log().len();
    let target = made.place.path("NEVER");
    let outcome = server.basebackup(&pairs(keywords), &target).unwrap();
    assert_refused(server, before, &outcome, expected);
    assert!(is_empty(&target), "something is in {}", target.display());
}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_none())
}

#[test]
fn the_chain_with_an_intermediate_stands_with_ecdsa_keys() {
    stand_all("chain --intermediate", "ecdsa-p256");
}

#[test]
fn the_chain_with_an_intermediate_stands_with_rsa_keys() {
    stand_all("chain --intermediate", "rsa-2048");
}

#[test]
fn the_chain_without_intermediate_stands_with_ecdsa_keys() {
    stand_all("chain", "ecdsa-p256");
}

#[test]
fn the_chain_without_intermediate_stands_with_rsa_keys() {
    stand_all("chain", "rsa-2048");
}

#[test]
fn the_self_signed_pair_stands_with_ecdsa_keys() {
    stand_all("self-signed", "ecdsa-p256");
}

#[test]
fn the_self_signed_pair_stands_with_rsa_keys() {
    stand_all("self-signed", "rsa-2048");
}

#[test]
fn the_forged_login_works_against_the_guides_own_self_signed_client() {
    let made = Made::new("self-signed");
    let place = &made.place;
    // The guide's command; what OpenSSL makes of it is a CA, which is why ours is not made like that.
    place.openssl(
        "req -new -x509 -utf8 -nodes -subj /CN=kong -config /dev/null -addext basicConstraints=critical,CA:TRUE \
         -days 365 -keyout client.key -out client.crt",
    );
    forge(place);
    let server = started(made.setup());
    let (certificate, key) = (place.text("forged.crt"), place.text("forged.key"));
    let forged = made.client(&[("user", "boss"), ("sslcert", &certificate), ("sslkey", &key)]);
    accepted(&server, &forged, "boss|t|/CN=boss");
}

#[test]
fn roles_of_any_name_log_in_and_replicate() {
    let role = "süd pole #1";
    let place = Place::new();
    let replication = format!("--replication={role}");
    let said = place.pgtls_words(&["gen", "chain", "--client", "O'Neil \"x\", y", &replication, "-D", "."]);
    let made = Made { place, printed: said.stdout };
    assert!(made.hba().ends_with("\nhostssl replication \"süd pole #1\" all cert"), "{}", made.hba());
    let setup = made.setup().replication_role(role).role("O'Neil \"x\", y").role("primaryuser");
    let server = started(setup);
    let standby = made.connection("pg_basebackup -D NEW -d");
    let outcome = server.basebackup(&pairs(&standby), &made.place.path("NEW")).unwrap();
    assert!(outcome.ok, "{}\n{}", outcome.stderr, server.log());
    let (certificate, key) = (made.place.text("client.crt"), made.place.text("client.key"));
    let mut client = standby;
    client.extend(
        [("user", "O'Neil \"x\", y"), ("sslcert", &certificate), ("sslkey", &key)]
            .map(|(keyword, value)| (keyword.to_owned(), value.to_owned())),
    );
    accepted(&server, &client, r#"O'Neil "x", y|t|/CN=O'Neil \"x\"\, y"#);
}

#[test]
fn leaves_of_the_other_key_types_serve_and_log_in() {
    let first = Made::new("chain --intermediate --key-type ecdsa-p384");
    let mut server = started(first.setup());
    accepted(&server, &first.client(&[]), "kong|t|/CN=kong");
    // What `gen` warns of for a P-384 client, and its mend.
    let older = first.client(&[("ssl_max_protocol_version", "TLSv1.2")]);
    let wrong_curve = refusal(By::Server, "alert", "could not accept SSL connection: wrong curve");
    refused(&server, &older, &wrong_curve);
    server.serve(first.setup().setting("ssl_ecdh_curve", "secp384r1")).unwrap();
    accepted(&server, &older, "kong|t|/CN=kong");
    for words in [
        "chain --intermediate --key-type ed25519",
        "chain --key-type ed25519 --ca-key-type rsa-3072",
        "chain --key-type rsa-4096 --ca-key-type ecdsa-p384",
        "self-signed --key-type ecdsa-p384",
    ] {
        let made = Made::new(words);
        server.serve(made.setup()).unwrap();
        accepted(&server, &made.client(&[]), "kong|t|/CN=kong");
    }
}

#[test]
fn passwords_bind_to_the_servers_certificate() {
    let first = Made::new("chain --intermediate");
    let scram = |made: &Made| made.setup().hba("hostssl all all all scram-sha-256");
    let mut server = started(scram(&first));
    server
        .administer("SET password_encryption = 'scram-sha-256'; ALTER ROLE alice PASSWORD 'correct horse'")
        .unwrap();
    let changes = [
        ("user", "alice"),
        ("password", "correct horse"),
        ("sslcert", ""),
        ("sslkey", ""),
        ("channel_binding", "require"),
    ];
    accepted(&server, &first.client(&changes), "alice|t|");
    let mut wrong = changes;
    wrong[1].1 = "battery staple";
    let words = "FATAL:  password authentication failed for user \"alice\"";
    refused(&server, &first.client(&wrong), &refusal(By::Server, words, words));
    for words in ["chain --key-type rsa-2048", "chain --intermediate --key-type ed25519", "self-signed"] {
        let made = Made::new(words);
        server.serve(scram(&made)).unwrap();
        accepted(&server, &made.client(&changes), "alice|t|");
    }
    // What the rule about Ed25519 signatures on servers is for: without it, no password works.
    let place = Place::of_profile(
        "[[certificate]]\nname='server'\nusage='server'\nsubject='CN=localhost'\nsan=['localhost']\n\
         key_type='ed25519'\nwaive=['eddsa-signs-server']\n",
    );
    let setup = Setup::new(place.path("server.crt"), place.path("server.key"));
    server.serve(roles(setup).hba("hostssl all all all scram-sha-256")).unwrap();
    let trust = place.text("server.crt");
    let mut client = first.client(&changes);
    client.push(("sslrootcert".to_owned(), trust));
    refused(&server, &client, &refusal(By::Client, "digest", ""));
}

#[test]
fn files_made_apart_from_their_ca_serve() {
    let made = Made::new("chain --intermediate --ca-dir safe");
    assert!(!made.place.path("root.key").exists() && made.place.path("safe/root.key").exists());
    let server = started(made.setup());
    accepted(&server, &made.client(&[]), "kong|t|/CN=kong");
    refused(&server, &made.client(&[("sslcert", ""), ("sslkey", "")]), &NO_CERTIFICATE);
}

#[test]
fn files_given_to_the_servers_account_serve_from_where_they_are() {
    let mut server = started(Made::new("chain").setup());
    let account = std::fs::metadata(format!("/proc/{}", server.pid().unwrap())).unwrap();
    let owner = format!("{}:{}", account.uid(), account.gid());
    // The account has to get to the directory, which it then enters by its group.
    let place = Place::new();
    std::fs::set_permissions(place.root(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let Said { stdout: printed, .. } = place.pgtls(&format!("gen chain --owner {owner} -D pki"));
    let made = Made { place, printed };
    let served = |setting| made.place.path("pki").join(made.setting(setting));
    let mut setup = roles(Setup::new(served("ssl_cert_file"), served("ssl_key_file"))).hba(made.hba());
    for setting in ["ssl_cert_file", "ssl_key_file", "ssl_ca_file"] {
        setup = setup.setting(setting, served(setting).display().to_string());
    }
    server.serve(setup).unwrap();
    assert_eq!(server.administer("SHOW ssl_key_file").unwrap(), made.place.text("pki/server.key"));
    let [trust, certificate, key] =
        ["chain.crt", "client.crt", "client.key"].map(|name| made.place.text(&format!("pki/{name}")));
    let files = [("sslrootcert", trust.as_str()), ("sslcert", &certificate), ("sslkey", &key)];
    accepted(&server, &made.client(&files), "kong|t|/CN=kong");
}
