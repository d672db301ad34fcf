//! User maps: what `verify` says of a server's `pg_hba.conf` and `pg_ident.conf`, with a real server and psql as judges of
//! who is let in.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::PathBuf;

use pgtls::scratch::{Scratch, Setup};
use support::{Run, scratch, text};
use tempfile::TempDir;

/// A server on what `gen` made, with the client `alice` of organisation "Acme, Inc".
struct Site {
    home: TempDir,
}

const PROFILE: &str = r#"
name = "mine"
[[certificate]]
name = "root"
usage = "root-ca"
subject = "CN=root"
lifetime = "365d"
[[certificate]]
name = "server"
usage = "server"
issuer = "root"
subject = "CN=localhost"
san = ["localhost"]
lifetime = "90d"
[[certificate]]
name = "client"
usage = "client"
issuer = "root"
subject = "O=Acme\\, Inc,OU=Zoë,CN=alice"
lifetime = "90d"
"#;

impl Site {
    fn new() -> Self {
        let home = scratch();
        fs::write(home.path().join("mine.toml"), PROFILE).unwrap();
        Run::new(&["gen", "./mine.toml", "-q", "-D", "pki"]).dir(&home).code(0);
        Self { home }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join("pki").join(name)
    }

    fn setup(&self, hba: &str, ident: &str) -> Setup {
        let setup =
            Setup::new(self.file("server.crt"), self.file("server.key")).client_ca(self.file("root.crt"));
        ["alice", "app", "malice", "all"].into_iter().fold(setup, Setup::role).hba(hba).ident(ident)
    }

    /// Whether psql gets in with the client's certificate.
    fn enters(&self, server: &Scratch, role: &str) -> bool {
        let file = |name: &str| self.file(name).to_str().unwrap().to_owned();
        let (certificate, key) = (file("client.crt"), file("client.key"));
        let keywords = [("user", role), ("sslmode", "require"), ("sslcert", &certificate), ("sslkey", &key)];
        server.psql(&keywords, "SELECT 1").unwrap().ok
    }

    /// `verify` of the server's configuration, with the client's certificate.
    fn verified(&self, server: &Scratch, words: &[&str]) -> String {
        let files = server.directory().join("files");
        // The server's files lie apart from its data, which alone say its version.
        fs::copy(server.directory().join("data/PG_VERSION"), files.join("PG_VERSION")).unwrap();
        let configuration = files.join("postgresql.conf");
        let server = ["verify", "--conf", configuration.to_str().unwrap()];
        let client = ["--client-cert", "pki/client.crt", "--client-key", "pki/client.key"];
        let output = Run::new(&[&server[..], &client, words].concat()).dir(&self.home).output();
        text(&output.stdout) + &text(&output.stderr)
    }
}

fn found(stdout: &str, rule: &str) -> bool {
    stdout.contains(&format!("[{rule}]"))
}

const DN: &str = r#""CN=alice,OU=Zo\C3\AB,O=Acme\, Inc""#;

#[test]
fn a_role_is_refused_by_the_judge_where_the_server_refuses_it() {
    let site = Site::new();
    let mut server = Scratch::start(site.setup("hostssl all all all cert", "")).unwrap();
    let mapped = "hostssl all all all cert map=m";
    let whole = "hostssl all all all cert clientname=DN";
    let whole_mapped = "hostssl all all all cert clientname=DN map=m";
    let with_dn = format!("m {DN} app");
    // Of a role that is let in or not, the judge says nothing, that it is refused, or that it cannot tell.
    for (hba, ident, role, rule) in [
        ("hostssl all all all cert", "", "alice", None),
        ("hostssl all all all cert", "", "app", Some("role-mismatch")),
        (mapped, "m alice app", "app", None),
        (mapped, "m alice app", "alice", Some("role-mismatch")),
        (mapped, "m bob app\nn alice app\nm alice app", "app", None),
        (mapped, "m bob app\nn alice app", "app", Some("role-mismatch")),
        (mapped, "m Alice app", "app", Some("role-mismatch")),
        (mapped, "m alice all", "app", Some("role-mismatch")),
        (mapped, "m alice all", "all", None),
        (mapped, "m /^alice$ app", "app", Some("role-not-told")),
        (mapped, "m /^bob$ app\nm alice app", "app", None),
        (mapped, "m broken", "app", Some("role-mismatch")),
        (whole, "", "alice", Some("role-mismatch")),
        (whole_mapped, with_dn.as_str(), "app", None),
        (whole_mapped, "m alice app", "app", Some("role-mismatch")),
        (whole_mapped, r#"m "O=Acme\, Inc,OU=Zo\C3\AB,CN=alice" app"#, "app", Some("role-mismatch")),
        ("hostssl all alice all cert\nhostssl all app all cert map=m", "m alice app", "app", None),
        ("hostssl all alice all cert\nhostssl all app all cert map=m", "m alice app", "alice", None),
        ("hostssl all all all trust clientcert=verify-full", "", "alice", None),
        ("hostssl all all all trust clientcert=verify-full", "", "app", Some("role-mismatch")),
        ("hostssl all all all trust clientcert=verify-ca", "", "app", Some("role-not-told")),
        ("hostssl all \"all\" all cert\nhostssl all all all trust", "", "app", Some("role-not-told")),
    ] {
        // From 16 on, `all` is no name there.
        let version = fs::read_to_string(server.directory().join("data/PG_VERSION")).unwrap();
        if ident.ends_with(" all") && version.trim().parse::<u32>().unwrap() > 15 {
            continue;
        }
        server.serve(site.setup(hba, ident)).unwrap_or_else(|error| {
            // A broken pg_ident.conf is told on a reload, and the server goes on with the maps that it had.
            assert!(ident.contains("broken"), "{hba} {ident}: {error}");
        });
        if ident.contains("broken") {
            server = Scratch::start(site.setup(hba, ident)).unwrap();
        }
        let enters = site.enters(&server, role);
        let stdout = site.verified(&server, &["-U", role]);
        let case = format!("{hba}\n{ident}\n{role}, who enters: {enters}\n{stdout}");
        assert_eq!(found(&stdout, "role-mismatch"), rule == Some("role-mismatch"), "{case}");
        assert_eq!(found(&stdout, "role-not-told"), rule == Some("role-not-told"), "{case}");
        match rule {
            Some("role-mismatch") => assert!(!enters, "{case}"),
            None => assert!(enters, "{case}"),
            _ => {}
        }
    }
}

/// A data directory without a server, of that major version, with these files.
fn data(site: &Site, version: u32, hba: &str, ident: &str) -> String {
    let data = site.home.path().join("data");
    let _ = fs::remove_dir_all(&data);
    fs::create_dir(&data).unwrap();
    for (file, contents) in [
        ("PG_VERSION", format!("{version}\n")),
        ("postgresql.conf", "ssl = on\nssl_ca_file = 'root.crt'\n".to_owned()),
        ("pg_hba.conf", format!("{hba}\n")),
        ("pg_ident.conf", format!("{ident}\n")),
    ] {
        fs::write(data.join(file), contents).unwrap();
    }
    for file in ["server.crt", "server.key", "root.crt"] {
        fs::copy(site.file(file), data.join(file)).unwrap();
    }
    let output = Run::new(&["verify", "data"]).dir(&site.home).output();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn maps_that_do_not_do_what_they_seem_to_are_found() {
    let site = Site::new();
    let mapped = "hostssl all all all cert map=m";
    for (version, hba, ident, rule) in [
        (15, mapped, "m alice app", None),
        (15, mapped, "", Some("map-missing")),
        (15, mapped, "n alice app", Some("map-missing")),
        (15, "local all all peer map=m", "", Some("map-missing")),
        (15, "hostssl all all all cert", "", None),
        (15, mapped, "m /alice app", Some("map-not-anchored")),
        (15, mapped, "m /^alice$ app", None),
        (15, mapped, "m alice app\nn /alice app", None),
        (15, "local all all peer map=m", "m /alice app", None),
        (
            15,
            "hostssl all all all gss clientcert=verify-full map=m",
            "m /alice app",
            Some("map-not-anchored"),
        ),
        (15, mapped, "m alice all", Some("map-role-literal")),
        (15, mapped, "m alice \"all\"", None),
        (15, mapped, "m alice +staff", Some("map-role-literal")),
        (15, mapped, "m alice /^a", Some("map-role-literal")),
        (16, mapped, "m alice all", None),
        (16, mapped, "m alice +staff", None),
        (15, mapped, "m alice", Some("ident-refused")),
        (
            15,
            "hostssl all all all scram-sha-256 clientcert=verify-full map=m",
            "m alice app",
            Some("hba-refused"),
        ),
        (15, "hostssl all all all cert clientcert=verify-ca", "", Some("hba-refused")),
    ] {
        let stdout = data(&site, version, hba, ident);
        let case = format!("{version} {hba}\n{ident}\n{stdout}");
        for other in ["map-missing", "map-not-anchored", "map-role-literal", "ident-refused", "hba-refused"] {
            assert_eq!(found(&stdout, other), rule == Some(other), "{other}: {case}");
        }
    }
}

#[test]
fn a_line_that_is_told_names_a_role_with_a_slash_as_the_server_of_that_version_reads_it() {
    let site = Site::new();
    let words = ["verify", "data", "--client-cert", "pki/client.crt", "--client-key", "pki/client.key"];
    for (version, role) in [(15, "/app"), (16, "\"/^/app$\"")] {
        data(&site, version, "hostssl all all all cert", "");
        let asked = [&words[..], &["-U", "/app"]].concat();
        let stdout = text(&Run::new(&asked).dir(&site.home).output().stdout);
        assert!(stdout.contains(&format!("  {role}  # clientname=CN, the default\n")), "{version}: {stdout}");
        let stdout = text(&Run::new(&[&asked[..], &["--json"]].concat()).dir(&site.home).output().stdout);
        let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        let line = json["logins"][0]["pg_ident_cn"].as_str().unwrap();
        assert!(line.ends_with(&format!("  {role}")), "{version}: {line}");
    }
}

#[test]
fn a_refused_line_is_told_in_the_words_of_the_server() {
    let site = Site::new();
    let hba = "hostssl all all all scram-sha-256 clientcert=verify-full map=m";
    let refused = Scratch::start(site.setup(hba, "")).unwrap_err();
    let stdout = data(&site, 15, hba, "");
    let words = "authentication option \"map\"";
    let theirs = format!("{refused} {:?}", pgtls::diagnosis::Diagnosis::detail(&refused));
    let said = theirs.replace("\\\"", "\"");
    assert!(said.contains(words), "{said}");
    assert!(stdout.contains(&format!("data/pg_hba.conf:1:58: {words}")), "{stdout}");
    assert!(stdout.contains("hint: Take it out"), "{stdout}");
    let stdout = data(&site, 15, "hostssl all all all cert map=m", "m alice\n");
    assert!(stdout.contains("error: data/pg_ident.conf:1:8: missing entry at end of line"), "{stdout}");
}

#[test]
fn where_the_lines_are_not_there_nothing_is_claimed() {
    let site = Site::new();
    data(&site, 15, "hostssl all all all cert", "");
    fs::remove_file(site.home.path().join("data/pg_hba.conf")).unwrap();
    let words =
        ["verify", "data", "--client-cert", "pki/client.crt", "--client-key", "pki/client.key", "-U", "app"];
    let stdout = text(&Run::new(&words).dir(&site.home).output().stdout);
    assert!(found(&stdout, "role-not-told") && !found(&stdout, "role-mismatch"), "{stdout}");
    // Without a server's files the question is whether the method cert would take it.
    let words = ["verify", "pki/client.crt", "--trust", "pki/root.crt", "-U", "app"];
    let stdout = text(&Run::new(&words).dir(&site.home).output().stdout);
    assert!(found(&stdout, "role-mismatch"), "{stdout}");
}
