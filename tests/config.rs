//! `config`: its texts whole, its refusals and the commands that mend them, and the files that it writes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use support::{Run, assert_golden, mode, names, scratch, snapshot, text};
use tempfile::TempDir;

const PAGE: &str = include_str!("../docs/config.md");

/// A directory with `pki/` of that layout.
fn made(layout: &[&str]) -> TempDir {
    let home = scratch();
    Run::new(&[&["gen"], layout, &["-q"]].concat()).dir(&home).code(0);
    home
}

fn intermediate() -> TempDir {
    made(&["chain", "--intermediate"])
}

fn config(home: &Path, words: &str) -> String {
    let words: Vec<&str> = std::iter::once("config").chain(words.split_whitespace()).collect();
    let output = Run::new(&words).dir(home).output();
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The message, the detail and the hint of a refusal, and nothing on standard output.
#[track_caller]
fn refused(home: &Path, words: &str, code: i32) -> String {
    let words: Vec<&str> = std::iter::once("config").chain(words.split_whitespace()).collect();
    let before = snapshot(home);
    let output = Run::new(&words).dir(home).output();
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(code), ""), "{words:?}: {said}");
    assert_eq!(snapshot(home), before, "{words:?}");
    said
}

/// Runs the command of a hint.
fn mend(home: &Path, said: &str) {
    let command = said.split("Run: pgtls ").nth(1).unwrap().lines().next().unwrap();
    let command = command.split(';').next().unwrap();
    let words: Vec<&str> = command.split(' ').chain(["-q"]).collect();
    let output = Run::new(&words).dir(home).output();
    assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output.stderr));
}

#[test]
fn each_target_is_written_as_recorded() {
    let home = made(&["chain", "--intermediate", "--replication"]);
    for (name, words) in [
        ("postgresql", "postgresql --files-at /etc/postgresql/tls"),
        ("hba", "hba --tls-only"),
        ("ident", r"ident --map apps --let kong=app --pattern (.*)@example\.com=\1"),
        ("libpq-keywords", "libpq --files-at /home/kong/.postgresql --port 5433"),
        ("libpq-uri", "libpq --form uri --host ::1 --dbname a/b --files-at ."),
        ("libpq-env", "libpq --form env --files-at /tls"),
        ("libpq-service", "libpq --form service --service db1 --files-at /tls"),
        ("kong", "kong --files-at /etc/kong/tls --ro-host ro.example.com"),
        ("kong-env", "kong --files-at /etc/kong/tls --form env"),
        ("pgbouncer", "pgbouncer --files-at /etc/pgbouncer/tls --host localhost --port 5432"),
        ("pgbouncer-scram", "pgbouncer --files-at /etc/pgbouncer/tls --auth scram --keep-roles --dbname app"),
        ("docker", "docker --files-at /tls"),
        ("hosts", "hosts --files-at /etc/postgresql/tls --default server"),
    ] {
        let place = fs::canonicalize(home.path()).unwrap().display().to_string();
        assert_golden(&format!("config-{name}.txt"), &config(home.path(), words).replace(&place, "/HOME"));
    }
    Run::new(&["crl", "-q"]).dir(&home).code(0);
    assert_golden(
        "config-postgresql-crl.txt",
        &config(home.path(), "postgresql --files-at . --min-protocol TLSv1.3"),
    );
    assert!(config(home.path(), "libpq --files-at /tls").contains(" sslcrl=/tls/chain.crl\n"));
}

#[test]
fn what_the_directory_lacks_is_named_with_the_command_that_makes_it() {
    for (words, fact) in [
        ("libpq --host db2.example.com", "\"pki/server.crt\" is not for the host \"db2.example.com\""),
        ("libpq -U alice --client alice", "there is no client's certificate for \"alice\" in \"pki\""),
        ("kong -U alice", "\"pki/client.crt\" is for the role \"kong\", not \"alice\""),
        ("hba --replication standby", "there is no client's certificate for the role \"standby\" in \"pki\""),
        ("ident --let alice=app", "there is no client's certificate for \"alice\" in \"pki\""),
        ("postgresql --crl", "there is no revocation list in \"pki\""),
        ("postgresql --server db2", "there is no server's certificate for \"db2\" in \"pki\""),
    ] {
        let home = intermediate();
        let said = refused(home.path(), words, 3);
        assert!(said.starts_with(&format!("pgtls: error: {fact}\n")), "{words}: {said}");
        mend(home.path(), &said);
        let words = words.replace("kong -U alice", "kong --client alice");
        config(home.path(), &words);
    }
}

#[test]
fn where_each_side_has_a_ca_of_its_own_the_command_names_it() {
    for (words, ca) in [
        ("libpq --client alice", "--ca pki/ca-client.crt --ca-key pki/ca-client.key"),
        ("libpq --host db2.example.com", "--ca pki/ca-server.crt --ca-key pki/ca-server.key"),
    ] {
        let home = made(&["split-ca"]);
        let said = refused(home.path(), words, 3);
        assert!(said.contains(ca), "{said}");
        mend(home.path(), &said);
        config(home.path(), words);
    }
}

#[test]
fn where_nobody_issues_the_command_makes_a_directory_in_which_somebody_does() {
    for (words, mended) in [
        ("libpq --host db2.example.com", "libpq --host db2.example.com -D chain"),
        ("kong --client alice", "kong --client alice -D chain"),
        ("hba --replication standby", "hba --replication standby -D chain"),
        ("postgresql --crl", "postgresql -D chain"),
        ("patroni", "patroni --server n1 -D cluster"),
    ] {
        let home = made(&["self-signed"]);
        mend(home.path(), &refused(home.path(), words, 3));
        config(home.path(), mended);
    }
}

#[test]
fn a_certificate_that_is_not_in_its_time_is_told_with_the_command_that_mends_it() {
    let home = intermediate();
    let instants = ["--not-before", "2024-01-01T00:00:00Z", "--not-after", "2024-02-01T00:00:00Z"];
    let late = Run::new(&[&["issue", "client", "late", "-q"], &instants[..]].concat()).dir(&home).output();
    assert_eq!(late.status.code(), Some(0), "{}", text(&late.stderr));
    let told = || text(&Run::new(&["config", "hba"]).dir(&home).output().stderr);
    let said = told();
    let note = "client.late.crt ended on 2024-02-01, and nobody takes it: pgtls renew client.late\n";
    assert!(said.contains(note), "{said}");
    Run::new(&["renew", "client.late", "-q"]).dir(&home).code(0);
    assert_eq!(told(), "");
}

#[test]
fn a_name_of_two_servers_is_no_line_of_pg_hosts_conf() {
    let home = intermediate();
    Run::new(&["issue", "server", "db2.example.com", "LOCALHOST", "10.0.0.5", "-q"]).dir(&home).code(0);
    let said = refused(home.path(), "hosts", 3);
    assert!(said.contains("\"localhost\" is a name of"), "{said}");
    let lines = config(home.path(), "hosts --files-at /a --server db2.example.com");
    let line = lines.lines().find(|line| line.starts_with("db2")).unwrap();
    let stem = "server.db2.example.com";
    assert!(line.contains(&format!(" /a/{stem}.crt /a/{stem}.key /a/chain.crt")), "{line}");
    assert!(
        line.to_lowercase().starts_with("db2.example.com,localhost ") && !lines.contains("10.0.0.5"),
        "{line}"
    );
}

#[test]
fn a_pair_that_the_other_side_would_refuse_is_not_configured() {
    let home = intermediate();
    Run::new(&["gen", "chain", "-q", "-D", "other"]).dir(&home).code(0);
    fs::copy(home.path().join("other/client.crt"), home.path().join("pki/client.crt")).unwrap();
    let said = refused(home.path(), "kong", 3);
    assert!(said.contains("\"pki/client.crt\" does not lead to anything in \"pki/chain.crt\""), "{said}");
    let words = ["config", "postgresql", "--files-at", "/tls"];
    let output = Run::new(&words).dir(&home).output();
    let warning = "warning: client.crt does not lead to anything in chain.crt; the server refuses it";
    assert!(text(&output.stderr).contains(warning) && output.status.success(), "{}", text(&output.stderr));
    fs::copy(home.path().join("other/server.crt"), home.path().join("pki/server.crt")).unwrap();
    for words in [&["config", "postgresql"][..], &["config", "docker"]] {
        let said = text(&Run::new(words).dir(&home).output().stderr);
        assert!(
            said.contains("server.crt does not lead to anything in chain.crt: by that file no client"),
            "{said}"
        );
    }
    let said = refused(home.path(), "libpq --no-client-cert -U kong", 3);
    assert!(said.contains("\"pki/server.crt\" does not lead to anything"), "{said}");
}

#[test]
fn a_key_that_is_not_there_is_missed() {
    let home = intermediate();
    for (file, words) in [("server.key", "postgresql"), ("client.key", "kong")] {
        fs::remove_file(home.path().join("pki").join(file)).unwrap();
        let said = refused(home.path(), words, 3);
        assert!(said.contains(&format!("the key \"pki/{file}\" is not there")), "{said}");
    }
}

#[test]
fn revocation_lists_that_would_turn_everybody_away_are_refused() {
    let home = intermediate();
    Run::new(&["crl", "-q"]).dir(&home).code(0);
    let list = |name: &str| home.path().join("pki").join(name);
    let lists = home.path().join("lists");
    Run::new(&["crl", "-q", "--hash-dir", "lists"]).dir(&home).code(0);
    let here = fs::canonicalize(&lists).unwrap().display().to_string();
    for (more, said) in [("", here.as_str()), (" --files-at /tls", "/tls/lists"), (" --files-at .", "lists")]
    {
        let found = config(home.path(), &format!("postgresql --crl-dir lists/{more}"));
        assert!(found.contains(&format!("ssl_crl_dir = '{said}'\n")), "{more}: {found}");
    }
    let one = fs::read_dir(&lists).unwrap().next().unwrap().unwrap().path();
    fs::rename(&one, lists.join("00000000.r0")).unwrap();
    let said = refused(home.path(), "postgresql --crl-dir lists", 3);
    assert!(said.contains("would turn everybody away: none is of CN="), "{said}");
    fs::remove_file(list("root.crl")).unwrap();
    fs::rename(list("intermediate.crl"), list("chain.crl")).unwrap();
    for words in ["postgresql", "libpq"] {
        let said = refused(home.path(), words, 3);
        let fact = "the revocation lists in \"pki/chain.crl\" would turn everybody away: none is of CN=root.yourdomain.com";
        assert!(said.contains(fact), "{said}");
    }
    mend(home.path(), &refused(home.path(), "postgresql", 3));
    config(home.path(), "postgresql --crl");
}

#[test]
fn wishes_that_make_no_sense_are_refused_whatever_is_there() {
    let home = intermediate();
    for words in [
        "hba --auth scram --map apps",
        "hba --dn",
        "hba --auth cert --with-password",
        "ident --let kong",
        "ident --let-group kong=staff",
        r"ident --pattern .*=\1",
        r"ident --pattern [](]x=\1",
        "ident --pattern (a=app",
        "ident --pattern a**=app",
        "ident --pattern ***=alice=app",
        r"ident --pattern (.*)=\1\1 --postgresql-version 18",
        "ident",
        "kong --files-at tls",
        "kong --files-at /a,b",
        "libpq --service db1",
        "libpq --no-client-cert",
        "postgresql --include-in main.conf",
        "postgresql --crl --crl-dir x",
        "pgbouncer --dbname pgbouncer",
        "docker --files-at tls",
        "docker --files-at /",
        "docker --files-at /./",
        "docker --files-at /tls/..",
    ] {
        refused(home.path(), words, 2);
    }
    let output = Run::new(&["config", "docker", "--service", ""]).dir(&home).output();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let said = refused(home.path(), "kong --verify-depth 0", 3);
    assert!(said.contains("a chain of 1 intermediate CAs does not fit into a depth of 0"), "{said}");
    let output = Run::new(&["config", "postgresql", "--files-at", "/a\nb"]).dir(&home).output();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

#[test]
fn a_version_of_the_server_decides_what_a_role_of_a_map_can_say() {
    let home = intermediate();
    let line = |words: &str| {
        let said = config(home.path(), &format!("ident --map m {words}"));
        said.lines().find(|line| line.starts_with("m ")).unwrap().to_owned()
    };
    assert_eq!(line("--let kong=/app"), "m  kong  /app");
    assert_eq!(line("--let kong=/app --postgresql-version 16"), r#"m  kong  "/^/app$""#);
    assert_eq!(line("--let kong=+app"), r#"m  kong  "+app""#);
    assert_eq!(line("--let kong=all"), r#"m  kong  "all""#);
    assert_eq!(line("--let-group kong=staff --postgresql-version 16"), "m  kong  +staff");
    assert_eq!(line(r"--pattern (.*)=\1\1 --postgresql-version 19"), r#"m  "/^(.*)$"  \1\1"#);
    assert_eq!(line("--let kong=app --dn"), "m  CN=kong  app");
}

#[test]
fn a_value_that_is_empty_is_no_value() {
    let home = intermediate();
    for words in [
        &["config", "hba", "--map", ""][..],
        &["config", "ident", "--let", "kong=app", "--map", ""],
        &["config", "postgresql", "--passphrase-command", ""],
    ] {
        let output = Run::new(words).dir(&home).output();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", text(&output.stdout));
    }
}

#[test]
fn several_certificates_of_one_name_are_one_line_of_a_map() {
    let home = intermediate();
    Run::new(&["issue", "client", "kong", "-q"]).dir(&home).code(0);
    let said = config(home.path(), r"ident --map m --pattern (.*)@example[.]com=\1");
    assert_eq!(said.lines().filter(|line| line.starts_with("m  kong")).count(), 1, "{said}");
}

#[test]
fn a_file_of_its_own_is_written_once_and_never_in_the_place_of_another() {
    let home = intermediate();
    let path = home.path().join("tls.conf");
    let words = "postgresql --files-at /tls --write tls.conf";
    let said = config(home.path(), words);
    assert!(
        said.starts_with("wrote tls.conf\nnext:   postgresql.conf, at its end: include_if_exists '/"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), config(home.path(), "postgresql --files-at /tls"));
    assert_eq!(mode(&path), 0o644);
    let before = snapshot(home.path());
    assert!(config(home.path(), words).starts_with("unchanged: tls.conf\n"));
    assert_eq!(snapshot(home.path()), before);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let other = words.replace("/tls ", "/other ");
    let before = snapshot(home.path());
    assert!(config(home.path(), &format!("{other} --dry-run")).starts_with("would write tls.conf\n"));
    assert_eq!(snapshot(home.path()), before);
    assert!(config(home.path(), &other).starts_with("wrote tls.conf\n"));
    assert_eq!(mode(&path), 0o640, "it keeps its mode");
    assert!(fs::read_to_string(&path).unwrap().contains("'/other/server.crt'"));
    // Another target's file is read by another program.
    let said = refused(home.path(), "hba --write tls.conf", 3);
    assert!(
        said.contains("\"tls.conf\" exists, and its first line does not say that pgtls config hba"),
        "{said}"
    );
    fs::write(&path, "# mine\n").unwrap();
    let said = refused(home.path(), words, 3);
    assert!(
        said.contains("\"tls.conf\" exists, and its first line does not say that pgtls config postgresql"),
        "{said}"
    );
    let said = refused(home.path(), "libpq --write tls.conf", 3);
    assert!(
        said.contains("\"tls.conf\" exists, and its first line does not say that pgtls config wrote"),
        "{said}"
    );
    fs::remove_file(&path).unwrap();
    symlink("elsewhere", &path).unwrap();
    refused(home.path(), words, 3);
    refused(home.path(), &format!("{words} --dry-run"), 3);
    refused(home.path(), "postgresql --write no/such/tls.conf", 4);
    fs::create_dir(home.path().join("folder")).unwrap();
    let said = refused(home.path(), "postgresql --write folder/", 3);
    assert!(said.contains("\"folder\" is a directory"), "{said}");
    let said = config(home.path(), "postgresql --write new.conf/");
    assert!(said.starts_with("wrote new.conf\n") && said.contains("/new.conf'\n"), "{said}");
}

#[test]
fn a_main_file_gets_one_line_at_its_end_and_keeps_the_rest() {
    let home = intermediate();
    let main = home.path().join("postgresql.conf");
    fs::write(&main, "work_mem = '8MB'").unwrap();
    fs::set_permissions(&main, fs::Permissions::from_mode(0o600)).unwrap();
    let words = "postgresql --write tls.conf --include-in postgresql.conf";
    let said = config(home.path(), &format!("{words} --dry-run"));
    assert_eq!(said, "would write tls.conf\nwould add a line to postgresql.conf\n");
    assert_eq!(fs::read_to_string(&main).unwrap(), "work_mem = '8MB'");
    assert_eq!(config(home.path(), words), "wrote tls.conf\nadded a line to postgresql.conf\n");
    let file = fs::canonicalize(home.path()).unwrap().join("tls.conf");
    let expected = format!("work_mem = '8MB'\ninclude_if_exists '{}'\n", file.display());
    assert_eq!(fs::read_to_string(&main).unwrap(), expected);
    assert_eq!(mode(&main), 0o600);
    assert_eq!(config(home.path(), words), "unchanged: tls.conf\nunchanged: postgresql.conf\n");
    assert_eq!(fs::read_to_string(&main).unwrap(), expected);
    // Without the main file nothing is written at all.
    fs::remove_file(home.path().join("tls.conf")).unwrap();
    refused(home.path(), &words.replace("postgresql.conf", "absent.conf"), 4);
    assert!(!names(home.path()).contains(&"tls.conf".to_owned()));
}

#[test]
fn a_main_file_behind_a_link_is_refused_before_anything_is_written() {
    let home = intermediate();
    fs::write(home.path().join("real.conf"), "work_mem = '8MB'\n").unwrap();
    symlink("real.conf", home.path().join("postgresql.conf")).unwrap();
    for more in ["", " --dry-run"] {
        let words = format!("postgresql --write tls.conf --include-in postgresql.conf{more}");
        let said = refused(home.path(), &words, 3);
        assert!(said.contains("\"postgresql.conf\" is a symbolic link"), "{said}");
    }
}

#[test]
fn a_list_that_another_key_of_the_name_signed_is_taken_for_none() {
    let home = intermediate();
    for words in [&["gen", "chain", "--intermediate", "-q", "-D", "other"][..], &["crl", "-q", "-D", "other"]]
    {
        Run::new(words).dir(&home).code(0);
    }
    Run::new(&["crl", "-q", "-D", "other", "--hash-dir", "lists"]).dir(&home).code(0);
    fs::copy(home.path().join("other/chain.crl"), home.path().join("pki/chain.crl")).unwrap();
    let signed = "yourdomain.com was not signed with its key";
    for words in ["postgresql --crl", "postgresql", "libpq", "docker", "postgresql --crl-dir lists"] {
        let said = refused(home.path(), words, 3);
        let file = if words.ends_with("lists") { "lists" } else { "pki/chain.crl" };
        let hint = format!("hint: Move {file} away, then run: pgtls crl");
        assert!(said.contains(signed) && said.contains(&hint), "{words}: {said}");
    }
    // Of a directory of lists the file is not asked.
    fs::rename(home.path().join("lists"), home.path().join("old")).unwrap();
    fs::rename(home.path().join("pki/chain.crl"), home.path().join("old.crl")).unwrap();
    Run::new(&["crl", "-q", "--hash-dir", "lists"]).dir(&home).code(0);
    config(home.path(), "postgresql --crl");
    fs::rename(home.path().join("old.crl"), home.path().join("pki/chain.crl")).unwrap();
    config(home.path(), "postgresql --crl-dir lists");
}

#[test]
fn a_hint_that_is_typed_makes_what_was_missing() {
    let home = intermediate();
    let said = refused(home.path(), "postgresql --crl-dir nodir", 3);
    assert!(said.contains("hint: Run: pgtls crl --hash-dir nodir\n"), "{said}");
    mend(home.path(), &said);
    config(home.path(), "postgresql --crl-dir nodir");
    let said = refused(home.path(), "jdbc --host localhost", 3);
    mend(home.path(), &said);
    let next = said.split("then: pgtls config ").nth(1).unwrap().lines().next().unwrap();
    assert_eq!(next, "jdbc -D jdbc --host localhost");
    config(home.path(), next);
}

#[test]
fn lists_that_are_asked_for_need_somebody_to_be_verified() {
    let home = made(&["self-signed"]);
    fs::remove_file(home.path().join("pki/client.crt")).unwrap();
    config(home.path(), "postgresql");
    let said = refused(home.path(), "postgresql --crl", 3);
    assert!(said.contains("there is nothing in \"pki\" by which clients could be verified"), "{said}");
}

#[test]
fn the_role_that_is_named_chooses_the_certificate() {
    let home = intermediate();
    for name in ["alice", "bob"] {
        Run::new(&["issue", "client", name, "-q"]).dir(&home).code(0);
    }
    for (words, file) in [
        ("-U alice", "client.alice.crt"),
        ("-U kong", "client.crt"),
        ("", "client.crt"),
        ("-U alice --mapped", "client.crt"),
        ("-U bob --client bob", "client.bob.crt"),
    ] {
        let said = config(home.path(), &format!("libpq {words}"));
        assert!(said.contains(&format!("/{file} ")), "{words}: {said}");
    }
    let said = refused(home.path(), "libpq -U alice --client bob", 3);
    assert!(said.contains("is for the role \"bob\", not \"alice\""), "{said}");
}

#[test]
fn json_has_the_text_and_what_became_of_the_file() {
    let home = intermediate();
    let json =
        |words: &str| -> serde_json::Value { serde_json::from_str(&config(home.path(), words)).unwrap() };
    let said = json("hba --json");
    assert_eq!(said["text"], config(home.path(), "hba"));
    assert!(said.get("written").is_none());
    let said = json("hba --json --write hba.conf");
    assert_eq!(
        (said["written"]["file"].as_str(), said["written"]["changed"].as_bool()),
        (Some("hba.conf"), Some(true))
    );
    for field in said.as_object().unwrap().keys() {
        assert!(PAGE.contains(&format!("`{field}`")), "{field}");
    }
}

#[test]
fn every_command_of_the_page_runs_and_every_target_stands_on_it() {
    let home = intermediate();
    let commands: Vec<&str> = PAGE.lines().filter_map(|line| line.strip_prefix("    pgtls ")).collect();
    for command in &commands {
        // As a shell takes it, to which it is pasted.
        let output = Run::new(&[]).through(&format!("\"$1\" {command}")).dir(&home).output();
        assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output.stderr));
    }
    assert!(commands.len() > 15);
    let help = text(&Run::new(&["config", "--help"]).output().stdout);
    let targets = help.split("Targets:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    for target in targets.lines().filter_map(|line| line.trim().split(' ').next()) {
        assert!(PAGE.contains(&format!("| `{target}` |")), "{target}");
        assert!(PAGE.contains(&format!("\n## {target}\n")), "{target}");
        let help = text(&Run::new(&["config", target, "--help"]).output().stdout);
        assert!(help.contains("--write <PATH>"), "{target}");
    }
}
