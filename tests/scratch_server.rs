//! The throw-away server: it serves what it is given, says why when it cannot, and leaves nothing behind.
//!
//! The certificates are made by OpenSSL, so that nothing here depends on our own making of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use pgtls::diagnosis::{Diagnosis, Failure};
use pgtls::scratch::{Programs, Role, Scratch, ScratchError, Setup};
use tempfile::TempDir;

/// A CA, a server certificate for `localhost` and a client certificate for `alice`, as files.
struct Files {
    directory: TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { directory: tempfile::tempdir().unwrap() };
        files.self_signed("root");
        files.issued("server", "localhost", "serverAuth", "DNS:localhost,DNS:db.test,IP:127.0.0.1");
        files.issued("alice", "alice", "clientAuth", "email:alice@example.test");
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn self_signed(&self, name: &str) {
        let subject = format!("/CN={name} CA");
        let ca = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
        self.request(name, &subject, &ca, &[]);
    }

    fn issued(&self, name: &str, common_name: &str, usage: &str, san: &str) {
        let subject = format!("/CN={common_name}");
        let (usage, san) = (format!("extendedKeyUsage={usage}"), format!("subjectAltName={san}"));
        let extensions = [
            "basicConstraints=critical,CA:FALSE",
            "keyUsage=critical,digitalSignature",
            usage.as_str(),
            san.as_str(),
        ];
        let (ca, key) = (self.text("root.crt"), self.text("root.key"));
        self.request(name, &subject, &extensions, &["-CA", &ca, "-CAkey", &key]);
    }

    /// `openssl req -x509` into NAME.crt and NAME.key, signed by itself or by what `issuer` names.
    fn request(&self, name: &str, subject: &str, extensions: &[&str], issuer: &[&str]) {
        // An empty configuration, or the machine's own would add extensions of its choice.
        let configuration = self.path("openssl.cnf");
        fs::write(&configuration, "[req]\ndistinguished_name = dn\n[dn]\n").unwrap();
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        command.args(["-noenc", "-sha256", "-days", "30", "-subj", subject]).args(issuer);
        command.arg("-config").arg(configuration);
        for extension in extensions {
            command.args(["-addext", extension]);
        }
        command.arg("-keyout").arg(self.path(&format!("{name}.key")));
        command.arg("-out").arg(self.path(&format!("{name}.crt")));
        let output = command.output().expect("openssl is needed (Debian: apt-get install openssl)");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A server that lets in who has a certificate of the CA, as the role it names.
    fn setup(&self) -> Setup {
        Setup::new(self.path("server.crt"), self.path("server.key"))
            .client_ca(self.path("root.crt"))
            .hba("hostssl all all all cert")
            .role("alice")
    }

    /// `alice` as she should come: certificate, key, and the server's CA to check against.
    fn alice(&self) -> [String; 5] {
        [
            "alice".to_owned(),
            "verify-full".to_owned(),
            self.text("root.crt"),
            self.text("alice.crt"),
            self.text("alice.key"),
        ]
    }
}

/// Connection keywords for what `Files::alice` says.
fn keywords(values: &[String; 5]) -> [(&'static str, &str); 5] {
    let names = ["user", "sslmode", "sslrootcert", "sslcert", "sslkey"];
    std::array::from_fn(|index| (names[index], values[index].as_str()))
}

fn started(setup: Setup) -> Scratch {
    match Scratch::start(setup) {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.detail().unwrap_or_default()),
    }
}

fn refused(setup: Setup) -> ScratchError {
    match Scratch::start(setup) {
        Ok(_) => panic!("the server started"),
        Err(error) => error,
    }
}

fn is_alive(pid: u32) -> bool {
    // The state letter follows the name in parentheses; a zombie (Z) is dead, it only waits to be asked.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in:\n{text}");
}

#[test]
fn a_client_with_a_certificate_of_the_ca_logs_in_with_verify_full() {
    let files = Files::new();
    let server = started(files.setup());
    let query = "SELECT current_user, version, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let outcome = server.psql(&keywords(&files.alice()), query).unwrap();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("alice|TLSv1.3|/CN=alice", ""));
    assert!(outcome.ok);
}

#[test]
fn both_loopback_addresses_and_other_names_of_the_certificate_lead_to_the_server() {
    let files = Files::new();
    let server = started(files.setup());
    let alice = files.alice();
    let mut ways = vec![("127.0.0.1", "127.0.0.1"), ("db.test", "127.0.0.1")];
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        ways.push(("localhost", "::1"));
    }
    for (host, address) in ways {
        let mut words = keywords(&alice).to_vec();
        words.extend([("host", host), ("hostaddr", address)]);
        let outcome = server.psql(&words, "SELECT inet_server_addr()").unwrap();
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), (address, ""));
    }
}

#[test]
fn a_client_without_a_certificate_is_turned_away_in_the_servers_words() {
    let files = Files::new();
    let server = started(files.setup());
    let outcome = server.psql(&keywords(&files.alice())[..3], "SELECT 1").unwrap();
    assert!(!outcome.ok);
    assert_contains(&outcome.stderr, "FATAL:  connection requires a valid client certificate");
}

#[test]
fn a_plain_connection_is_refused_where_only_hostssl_lines_are() {
    let files = Files::new();
    let server = started(files.setup());
    let outcome = server.psql(&[("user", "alice"), ("sslmode", "disable")], "SELECT 1").unwrap();
    assert!(!outcome.ok);
    assert_contains(&outcome.stderr, "no pg_hba.conf entry for host");
    assert_contains(&outcome.stderr, "no encryption");
}

#[test]
fn a_client_that_checks_the_name_refuses_a_name_not_in_the_certificate() {
    let files = Files::new();
    let server = started(files.setup());
    let alice = files.alice();
    let mut words = keywords(&alice).to_vec();
    words.extend([("host", "other.test"), ("hostaddr", "127.0.0.1")]);
    let outcome = server.psql(&words, "SELECT 1").unwrap();
    assert_contains(&outcome.stderr, "does not match host name \"other.test\"");
}

#[test]
fn a_key_with_an_open_mode_is_served_as_a_private_copy() {
    let files = Files::new();
    fs::set_permissions(files.path("server.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let server = started(files.setup());
    let copy = PathBuf::from(server.administer("SHOW ssl_key_file").unwrap());
    let (original, copy) = (fs::metadata(files.path("server.key")).unwrap(), fs::metadata(&copy).unwrap());
    assert_eq!(copy.mode() & 0o7777, 0o600);
    assert_eq!(original.mode() & 0o7777, 0o644, "the original is not ours to change");
    assert_ne!(copy.ino(), original.ino());
}

#[test]
fn the_server_opens_nothing_in_the_callers_directory() {
    let files = Files::new();
    let server = started(files.setup());
    for setting in ["ssl_cert_file", "ssl_key_file", "ssl_ca_file", "hba_file", "ident_file", "config_file"] {
        let path = server.administer(&format!("SHOW {setting}")).unwrap();
        assert!(Path::new(&path).starts_with(server.directory()), "{setting} is {path}");
    }
}

#[test]
fn a_broken_key_is_an_error_in_the_servers_words_and_leaves_nothing() {
    let files = Files::new();
    fs::write(files.path("server.key"), "-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----\n")
        .unwrap();
    let error = refused(files.setup());
    assert!(matches!(error, ScratchError::Refused { .. }), "{error:?}");
    assert_contains(&error.to_string(), "PostgreSQL refuses to start: could not load private key file");
    assert_contains(&error.detail().unwrap(), "FATAL:  could not load private key file");
    assert_eq!(error.failure(), Failure::System);
    let key = error.to_string().split('"').nth(1).map(PathBuf::from).unwrap();
    assert!(key.ends_with("files/server.key"), "{}", key.display());
    assert!(!key.parent().unwrap().parent().unwrap().exists(), "{} is still there", key.display());
}

#[test]
fn a_key_of_another_certificate_is_refused_as_a_mismatch() {
    let files = Files::new();
    let error = refused(Setup::new(files.path("server.crt"), files.path("alice.key")));
    assert_contains(&error.to_string(), "key values mismatch");
}

#[test]
fn a_wrong_hba_line_is_an_error_that_quotes_the_servers_complaint() {
    let files = Files::new();
    let error = refused(files.setup().hba("hostssl all all all certificate"));
    assert_contains(&error.detail().unwrap(), "invalid authentication method \"certificate\"");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let files = Files::new();
    let error = refused(files.setup().crl(files.path("root.crl")));
    let expected = format!("could not read \"{}\": ", files.text("root.crl"));
    assert_contains(&error.to_string(), &expected);
}

#[test]
fn a_directory_in_place_of_a_key_is_named() {
    let files = Files::new();
    let error = refused(Setup::new(files.path("server.crt"), files.directory.path()));
    let expected = format!("could not read \"{}\": not a regular file", files.directory.path().display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn after_drop_the_server_and_all_its_files_are_gone() {
    let files = Files::new();
    let server = started(files.setup());
    let (pid, directory) = (server.pid().unwrap(), server.directory().to_owned());
    assert!(is_alive(pid) && directory.join("data/PG_VERSION").exists());
    drop(server);
    assert!(!is_alive(pid), "process {pid} is alive");
    assert!(!directory.exists(), "{} is still there", directory.display());
}

#[test]
fn stop_says_that_all_went_well_and_closes_open_sessions() {
    let files = Files::new();
    let server = started(files.setup());
    let (pid, directory) = (server.pid().unwrap(), server.directory().to_owned());
    let mut session = Command::new(Programs::find().unwrap().directory().join("psql"));
    session.arg("-h").arg(server.socket_directory()).arg("-p").arg(server.port().to_string());
    session.args(["-X", "-U", "postgres", "-c", "SELECT pg_sleep(600)"]);
    let mut session = session.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'";
    while server.administer(sleeping).unwrap() != "1" {
        sleep(Duration::from_millis(20));
    }
    server.stop().unwrap();
    assert!(!session.wait().unwrap().success());
    assert!(!is_alive(pid) && !directory.exists());
}

#[test]
fn the_server_runs_neither_as_root_nor_in_a_group_of_roots() {
    let files = Files::new();
    let server = started(files.setup());
    let process = format!("/proc/{}", server.pid().unwrap());
    let uid = fs::metadata(&process).unwrap().uid();
    assert_ne!(uid, 0);
    let socket = server.socket_directory().join(format!(".s.PGSQL.{}", server.port()));
    assert_eq!(fs::metadata(socket).unwrap().uid(), uid);
    // Groups matter where root gave the server away; an ordinary user keeps his, whatever they are.
    if fs::metadata(files.directory.path()).unwrap().uid() == 0 {
        let status = fs::read_to_string(format!("{process}/status")).unwrap();
        let is_group = |line: &&str| line.starts_with("Gid:") || line.starts_with("Groups:");
        for line in status.lines().filter(is_group) {
            assert!(!line.split_whitespace().any(|group| group == "0"), "{line}");
        }
    }
}

#[test]
fn nobody_else_can_reach_the_socket_or_read_the_key() {
    let files = Files::new();
    let server = started(files.setup());
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(server.socket_directory()), 0o700);
    assert_eq!(mode(&server.directory().join("files")), 0o711);
    for file in fs::read_dir(server.directory().join("files")).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    assert_eq!(mode(&server.directory().join("log")), 0o600);
}

#[test]
fn roles_have_the_rights_they_were_given_and_odd_names_are_quoted() {
    let files = Files::new();
    let setup = files
        .setup()
        .replication_role("standby")
        .role("O'Neil \"x\"")
        .role("alice")
        .with_role(Role { name: "boss".to_owned(), replication: false, superuser: true });
    let server = started(setup);
    let roles = "SELECT rolname, rolcanlogin, rolreplication, rolsuper FROM pg_roles
                 WHERE oid >= 16384 ORDER BY rolname COLLATE \"C\"";
    let expected = "O'Neil \"x\"|t|f|f\nalice|t|f|f\nboss|t|f|t\nstandby|t|t|f";
    assert_eq!(server.administer(roles).unwrap(), expected);
}

#[test]
fn a_role_name_the_server_reserves_is_an_error_in_its_words() {
    let files = Files::new();
    let error = refused(files.setup().role("pg_mine"));
    assert!(matches!(error, ScratchError::Statement { .. }), "{error:?}");
    assert_contains(&error.to_string(), "role name \"pg_mine\" is reserved");
}

#[test]
fn a_user_map_and_a_setting_reach_the_server() {
    let files = Files::new();
    let setup = files
        .setup()
        .hba("hostssl all all all cert map=people")
        .ident("people alice bob")
        .role("bob")
        .setting("application_name", r"it's a \ test");
    let server = started(setup);
    let alice = files.alice();
    let mut words = keywords(&alice).to_vec();
    words.extend([("user", "bob"), ("fallback_application_name", "")]);
    let outcome = server.psql(&words, "SELECT current_user").unwrap();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("bob", ""));
    let setting = "SELECT setting FROM pg_file_settings WHERE name = 'application_name'";
    assert_eq!(server.administer(setting).unwrap(), r"it's a \ test");
}

#[test]
fn a_base_backup_travels_over_tls_with_a_client_certificate() {
    let files = Files::new();
    files.issued("standby", "standby", "clientAuth", "email:standby@example.test");
    let setup = files.setup().hba("hostssl replication all all cert").replication_role("standby");
    let server = started(setup);
    let (certificate, key) = (files.text("standby.crt"), files.text("standby.key"));
    let root = files.text("root.crt");
    let words = [("user", "standby"), ("sslmode", "verify-full"), ("sslrootcert", root.as_str())];
    let target = files.path("backup");
    let turned_away = server.basebackup(&words, &target).unwrap();
    assert!(!turned_away.ok);
    assert_contains(&turned_away.stderr, "connection requires a valid client certificate");
    let mut words = words.to_vec();
    words.extend([("sslcert", certificate.as_str()), ("sslkey", key.as_str())]);
    let outcome = server.basebackup(&words, &target).unwrap();
    assert!(outcome.ok, "{}", outcome.stderr);
    assert!(target.join("PG_VERSION").exists() && !target.join("server.key").exists());
}

#[test]
fn reload_serves_the_files_as_they_are_now() {
    let files = Files::new();
    let mut server = started(files.setup());
    let alice = files.alice();
    files.issued("server", "localhost", "serverAuth", "DNS:elsewhere.test");
    assert!(server.psql(&keywords(&alice), "SELECT 1").unwrap().ok, "not yet reloaded");
    server.reload().unwrap();
    let outcome = server.psql(&keywords(&alice), "SELECT 1").unwrap();
    assert_contains(&outcome.stderr, "for \"elsewhere.test\" does not match host name \"localhost\"");
}

#[test]
fn a_reload_the_server_rejects_is_an_error_and_the_old_files_stay_in_force() {
    let files = Files::new();
    let mut server = started(files.setup());
    fs::copy(files.path("alice.key"), files.path("server.key")).unwrap();
    let error = server.reload().unwrap_err();
    assert!(matches!(error, ScratchError::NotReloaded { .. }), "{error:?}");
    assert_contains(&error.to_string(), "could not load private key file");
    assert!(server.psql(&keywords(&files.alice()), "SELECT 1").unwrap().ok);
}

#[test]
fn a_running_server_takes_another_setup_with_new_roles() {
    let files = Files::new();
    let mut server = started(Setup::new(files.path("server.crt"), files.path("server.key")));
    assert_eq!(server.administer("SHOW ssl_ca_file").unwrap(), "");
    server.serve(files.setup()).unwrap();
    let outcome = server.psql(&keywords(&files.alice()), "SELECT current_user").unwrap();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("alice", ""));
}

#[test]
fn two_servers_run_side_by_side() {
    let files = Files::new();
    let (one, two) = (started(files.setup()), started(files.setup()));
    assert_ne!(one.port(), two.port());
    assert_ne!(one.directory(), two.directory());
    drop(one);
    assert!(two.psql(&keywords(&files.alice()), "SELECT 1").unwrap().ok);
}

#[test]
fn the_log_holds_what_the_server_said() {
    let files = Files::new();
    let server = started(files.setup());
    server.psql(&keywords(&files.alice())[..3], "SELECT 1").unwrap();
    let log = server.log();
    assert_contains(&log, "LOG:  database system is ready to accept connections");
    assert_contains(&log, "FATAL:  connection requires a valid client certificate");
}

#[test]
fn programs_that_are_not_there_are_named_with_the_package_and_the_places_looked_at() {
    let empty = tempfile::tempdir().unwrap();
    let error = Programs::in_directory(empty.path()).unwrap_err();
    assert_eq!(error.to_string(), "could not find the PostgreSQL program \"initdb\"");
    assert_eq!(error.detail().unwrap(), format!("Looked in {}.", empty.path().display()));
    assert_contains(&error.hint().unwrap(), "apt-get install postgresql");
    assert_eq!(error.failure(), Failure::System);
}

#[test]
fn environment_variables_and_dot_postgresql_of_the_caller_have_no_say() {
    let files = Files::new();
    let home = files.path("home/.postgresql");
    fs::create_dir_all(&home).unwrap();
    fs::copy(files.path("alice.crt"), home.join("postgresql.crt")).unwrap();
    fs::copy(files.path("alice.key"), home.join("postgresql.key")).unwrap();
    let status = again("child_without_certificate", &files)
        .env("HOME", files.path("home"))
        .env("PGSSLCERT", files.path("alice.crt"))
        .env("PGSSLKEY", files.path("alice.key"))
        .env("PGPORT", "1")
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
}

#[test]
#[ignore = "a part of environment_variables_and_dot_postgresql_of_the_caller_have_no_say, run in a process of its own"]
fn child_without_certificate() {
    let Some(root) = std::env::var_os("TEST_FILES").map(PathBuf::from) else {
        return;
    };
    let setup = Setup::new(root.join("server.crt"), root.join("server.key"))
        .client_ca(root.join("root.crt"))
        .hba("hostssl all all all cert");
    let server = started(setup);
    let outcome = server.psql(&[("user", "postgres"), ("sslmode", "require")], "SELECT 1").unwrap();
    assert_contains(&outcome.stderr, "connection requires a valid client certificate");
}

#[test]
fn a_process_that_is_killed_leaves_neither_server_nor_files() {
    let files = Files::new();
    let mut child = again("child_that_waits_to_be_killed", &files).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.map(Result::unwrap).find(|line| line.starts_with("server ")).unwrap();
    let (pid, directory) = line["server ".len()..].split_once(' ').unwrap();
    let (pid, home) = (pid.parse().unwrap(), Path::new(directory).parent().unwrap().to_owned());
    assert!(is_alive(pid) && home.exists());
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    let deadline = Instant::now() + Duration::from_secs(20);
    while (is_alive(pid) || home.exists()) && Instant::now() < deadline {
        sleep(Duration::from_millis(50));
    }
    assert!(!is_alive(pid), "process {pid} is alive");
    assert!(!home.exists(), "{} is still there", home.display());
}

#[test]
#[ignore = "a part of a_process_that_is_killed_leaves_neither_server_nor_files, run in a process of its own"]
#[allow(clippy::print_stdout, reason = "how the parent learns about the server")]
fn child_that_waits_to_be_killed() {
    let Some(root) = std::env::var_os("TEST_FILES").map(PathBuf::from) else {
        return;
    };
    let server = started(Setup::new(root.join("server.crt"), root.join("server.key")));
    // On a line of its own: the test harness has begun one.
    println!("\nserver {} {}", server.pid().unwrap(), server.directory().display());
    sleep(Duration::from_secs(600));
}

/// This test program again, to run one of its parts in a process of its own.
fn again(test: &str, files: &Files) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "--nocapture", test]).env("TEST_FILES", files.directory.path());
    command.stdin(Stdio::null());
    command
}
