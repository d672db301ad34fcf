//! A real server starts on what `config` writes, as it is, and lets in whom it should and nobody else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod around;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use around::{Place, start};
use pgtls::scratch::{ClientOutcome, Scratch, Setup};
use support::text;

fn psql(server: &Scratch, keywords: &[(String, String)], more: &[(&str, &str)]) -> ClientOutcome {
    let own = keywords.iter().map(|(keyword, value)| (keyword.as_str(), value.as_str()));
    server.psql(&own.chain(more.iter().copied()).collect::<Vec<_>>(), "SELECT current_user").unwrap()
}

/// Whether that gets in, as that role.
#[track_caller]
fn expects(server: &Scratch, keywords: &[(String, String)], more: &[(&str, &str)], role: Option<&str>) {
    let outcome = psql(server, keywords, more);
    let found = outcome.ok.then_some(outcome.stdout.as_str());
    assert_eq!(found, role, "{keywords:?} {more:?}: {}\n{}", outcome.stderr, server.log());
}

#[test]
fn the_server_starts_on_the_settings_as_they_are_in_every_layout() {
    for (layout, trust) in [
        (&["chain", "--intermediate"][..], "chain.crt"),
        (&["chain"], "chain.crt"),
        (&["self-signed"], "client.crt"),
    ] {
        let place = Place::new(layout);
        let server = start(place.setup("postgresql").hba(place.config("hba")));
        let show = |name: &str| server.administer(&format!("SHOW {name}")).unwrap();
        let file = |name: &str| place.pki.join(name).display().to_string();
        assert_eq!(show("ssl_cert_file"), file("server.crt"));
        assert_eq!(show("ssl_key_file"), file("server.key"));
        assert_eq!(show("ssl_ca_file"), file(trust), "{layout:?}");
        assert_eq!(show("ssl_min_protocol_version"), "TLSv1.2");
        let kong = place.keywords("");
        expects(&server, &kong, &[], Some("kong"));
        expects(&server, &kong, &[("user", "alice")], None);
    }
}

#[test]
fn names_of_directories_may_have_anything_in_them_that_a_line_can_hold() {
    let place = Place::called(r#"it's "a" \ #1 $x"#, &["chain", "--intermediate"]);
    let server = start(place.setup("postgresql").hba(place.config("hba")));
    let port = server.port().to_string();
    let query = "SELECT current_user";
    for form in ["keywords", "uri", "env", "service"] {
        let said = place.config(&format!("libpq --host localhost --dbname postgres --form {form}"));
        let mut command = Command::new("sh");
        command.env("HOME", place.home.path()).env("PGPORT", &port).current_dir(&place.home);
        fs::write(place.home.path().join("said"), said.trim_end()).unwrap();
        command.args([
            "-ec",
            match form {
                "keywords" | "uri" => r#"exec psql -XAtw -c "$0" "$(cat said)""#,
                "env" => r#"set -a; . ./said; set +a; exec psql -XAtw -c "$0""#,
                _ => r#"PGSERVICEFILE=said exec psql -XAtw -c "$0" service=kong"#,
            },
        ]);
        let output = command.arg(query).output().unwrap();
        assert_eq!(text(&output.stdout), "kong\n", "{form}: {said}{}", text(&output.stderr));
    }
}

#[test]
fn each_way_lets_in_whom_it_says_and_nobody_else() {
    let place = Place::new(&["chain", "--intermediate"]);
    place.pgtls(&["issue", "client", "alice", "-q"]);
    let server = start(place.setup("postgresql"));
    server.administer("ALTER ROLE kong PASSWORD 'word'").unwrap();
    let mut server = server;
    let (own, none) = (place.keywords(""), place.keywords("--no-client-cert -U kong"));
    let alices = place.keywords("--client alice");
    let (kong, word) = (("user", "kong"), ("password", "word"));
    let plain = [kong, word, ("sslmode", "disable")];
    // Own certificate; and a password; none; none and a password; alice's as kong; and a password.
    for (way, lets_in) in [
        ("cert", [true, true, false, false, false, false]),
        ("clientcert-verify-full", [true, true, false, false, false, false]),
        ("clientcert-verify-full --with-password", [false, true, false, false, false, false]),
        ("clientcert-verify-ca", [false, true, false, false, false, true]),
        ("scram", [false, true, false, true, false, true]),
    ] {
        for tls_only in ["", " --tls-only"] {
            let lines = place.config(&format!("hba --auth {way}{tls_only}"));
            server.serve(place.setup("postgresql").hba(&lines)).unwrap();
            let role = |at: usize| lets_in[at].then_some("kong");
            expects(&server, &own, &[], role(0));
            expects(&server, &own, &[word], role(1));
            expects(&server, &none, &[], role(2));
            expects(&server, &none, &[word], role(3));
            expects(&server, &alices, &[kong], role(4));
            expects(&server, &alices, &[kong, word], role(5));
            expects(&server, &[], &plain, None);
        }
    }
}

#[test]
fn tls_only_turns_plain_connections_away_whatever_the_lines_below_it_say() {
    let place = Place::new(&["chain"]);
    let own = "host all all all trust\nhost replication all all trust\n";
    let mut server = start(place.setup("postgresql").hba(place.config("hba") + own));
    let plain = [("user", "kong"), ("sslmode", "disable")];
    expects(&server, &[], &plain, Some("kong"));
    server.serve(place.setup("postgresql").hba(place.config("hba --tls-only") + own)).unwrap();
    expects(&server, &[], &plain, None);
    expects(&server, &place.keywords(""), &[], Some("kong"));
    let target = place.home.path().join("copy");
    let standby = [("user", "primaryuser"), ("sslmode", "disable")];
    assert!(!server.basebackup(&standby, &target).unwrap().ok);
}

#[test]
fn a_standby_gets_in_by_its_own_line_alone() {
    let place = Place::new(&["chain", "--intermediate", "--replication"]);
    let lines = place.config("hba");
    let mut server = start(place.setup("postgresql").hba(&lines));
    let keywords = place.keywords("--client replication");
    let keywords: Vec<(&str, &str)> = keywords.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let target = |name: &str| place.home.path().join(name);
    let copied = server.basebackup(&keywords, &target("one")).unwrap();
    assert!(copied.ok, "{}", copied.stderr);
    let without: Vec<&str> = lines.lines().filter(|line| !line.contains("primaryuser")).collect();
    server.serve(place.setup("postgresql").hba(without.join("\n"))).unwrap();
    assert!(!server.basebackup(&keywords, &target("two")).unwrap().ok);
}

#[test]
fn a_map_leads_from_a_name_to_a_role_and_leaves_the_others_theirs() {
    let place = Place::new(&["chain", "--intermediate"]);
    for name in ["alice", "Mr. App", "bob@example.com", "malice"] {
        place.pgtls(&["issue", "client", name, "-q"]);
    }
    let setup = || place.setup("postgresql").role("app").role("bob");
    let mut server = start(setup());
    let app = place.pairs(&["--client", "Mr. App", "--mapped", "-U", "app"]);
    for (form, hba) in [("", ""), (" --dn", " --dn")] {
        let mut words =
            vec!["config", "ident", "--map", "the apps", "--let", "Mr. App=app", "--let", "alice=app"];
        if form.is_empty() {
            words.extend(["--pattern", r"(.*)@example\.com=\1"]);
        } else {
            words.push("--dn");
        }
        let ident = place.pgtls(&words);
        let mut lines = vec!["config", "hba", "--map", "the apps"];
        lines.extend(hba.split_whitespace());
        server.serve(setup().hba(place.pgtls(&lines)).ident(&ident)).unwrap();
        expects(&server, &app, &[], Some("app"));
        let alice = place.keywords("--client alice");
        expects(&server, &alice, &[("user", "app")], Some("app"));
        expects(&server, &alice, &[], None);
        expects(&server, &place.keywords("--client malice"), &[("user", "app")], None);
        expects(&server, &place.keywords(""), &[], Some("kong"));
        let bob = place.keywords("--client bob@example.com --mapped -U bob");
        expects(&server, &bob, &[], form.is_empty().then_some("bob"));
    }
}

#[test]
fn a_pattern_is_taken_by_the_server_whatever_it_begins_with() {
    let place = Place::new(&["chain", "--intermediate"]);
    for name in ["alice", "malice"] {
        place.pgtls(&["issue", "client", name, "-q"]);
    }
    let setup = || place.setup("postgresql").role("app").hba("hostssl all all all cert map=m");
    let mut server = start(setup());
    for pattern in ["(?i)ALICE", "(?i)^aLice|bob$", "***:al(.)ce", "***:(?i)ALICE", r"[](]|alice|a\\$"] {
        let ident = place.pgtls(&["config", "ident", "--map", "m", "--pattern", &format!("{pattern}=app")]);
        server.serve(setup().ident(&ident)).unwrap();
        let faults = "SELECT count(*) FROM pg_ident_file_mappings WHERE error IS NOT NULL";
        assert_eq!(server.administer(faults).unwrap().trim(), "0", "{ident}");
        expects(&server, &place.keywords("--client alice"), &[("user", "app")], Some("app"));
        expects(&server, &place.keywords("--client malice"), &[("user", "app")], None);
    }
}

#[test]
fn whoever_is_on_a_list_is_turned_away_by_the_file_and_by_the_directory() {
    let place = Place::new(&["chain", "--intermediate"]);
    place.pgtls(&["issue", "client", "alice", "-q"]);
    let alice = place.keywords("--client alice");
    let copies = place.home.path().join("copies");
    fs::create_dir(&copies).unwrap();
    for name in ["client.alice.crt", "client.alice.key"] {
        fs::copy(place.pki.join(name), copies.join(name)).unwrap();
    }
    let alice: Vec<(String, String)> = alice
        .into_iter()
        .map(|(keyword, value)| {
            let name = Path::new(&value).file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_own = name.starts_with("client.alice");
            (keyword, if is_own { copies.join(name).display().to_string() } else { value })
        })
        .collect();
    let mut server = start(place.setup("postgresql").hba(place.config("hba")));
    expects(&server, &alice, &[], Some("alice"));
    let directory = place.home.path().join("lists");
    let directory = directory.to_str().unwrap();
    place.pgtls(&["revoke", "alice", "-q"]);
    place.pgtls(&["crl", "-q", "--hash-dir", directory]);
    for words in ["postgresql --crl", &format!("postgresql --crl-dir {directory}")] {
        server.serve(place.setup(words).hba(place.config("hba"))).unwrap();
        expects(&server, &alice, &[], None);
        // Who is on no list gets in: all of the lists are there.
        let kong = place.keywords("");
        assert!(kong.iter().any(|(keyword, _)| keyword == "sslcrl"), "{kong:?}");
        expects(&server, &kong, &[], Some("kong"));
    }
}

#[test]
fn a_file_of_its_own_is_read_by_the_main_file_through_one_line() {
    let place = Place::new(&["chain", "--intermediate"]);
    let main = place.home.path().join("main.conf");
    fs::write(&main, "# mine\nwork_mem = '8MB'").unwrap();
    let own = place.home.path().join("own.conf");
    let words =
        ["config", "postgresql", "--write", own.to_str().unwrap(), "--include-in", main.to_str().unwrap()];
    place.pgtls(&words);
    let pair = ["server.crt", "server.key"].map(|name| place.pki.join(name));
    let [certificate, key] = pair;
    let setup = Setup::new(certificate, key).setting("include", main.display().to_string());
    let server = start(setup);
    let show = |name: &str| server.administer(&format!("SHOW {name}")).unwrap();
    assert_eq!(show("work_mem"), "8MB");
    assert_eq!(show("ssl_ca_file"), place.pki.join("chain.crt").display().to_string());
}
