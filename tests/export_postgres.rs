//! A real server starts on what is exported for it, and `psql` finds what is exported for it by itself, in
//! `~/.postgresql`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use pgtls::diagnosis::Diagnosis;
use pgtls::scratch::{Scratch, Setup};
use support::{Run, scratch, text};
use tempfile::TempDir;

/// `pki/` for the role `app`, exported as asked for.
fn exported(layout: &[&str], exports: &[&str]) -> TempDir {
    let home = scratch();
    Run::new(&[&["gen", "-q"], layout].concat()).dir(&home).code(0);
    for words in exports {
        let words: Vec<&str> = ["export"].into_iter().chain(words.split_whitespace()).chain(["-q"]).collect();
        Run::new(&words).dir(&home).code(0);
    }
    home
}

fn started(home: &TempDir, certificate: &str, key: &str) -> Scratch {
    let file = |name: &str| home.path().join("pg").join(name);
    let setup = Setup::new(file(certificate), file(key)).client_ca(file("root.crt")).role("kong");
    match Scratch::start(setup.hba("hostssl all all all cert")) {
        Ok(server) => server,
        Err(error) => panic!("{error}\n{}", error.detail().unwrap_or_default()),
    }
}

/// `psql` of a user with this home and nothing else to say but host, role and mode, and what is added.
fn psql(server: &Scratch, home: &Path, more: &str) -> Output {
    let port = server.port();
    let connection =
        format!("host=localhost port={port} user=kong dbname=postgres sslmode=verify-full {more}");
    let query = "SELECT current_user || ' ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let mut command = Command::new("psql");
    let variables = std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("PG"));
    command.env_clear().envs(variables).env("HOME", home).args(["-XAt", "-d", &connection, "-c", query]);
    command.output().unwrap()
}

fn logs_in(server: &Scratch, home: &Path, more: &str) {
    let output = psql(server, home, more);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(said, "kong true\n", "{more}: {}", server.log());
}

#[test]
fn a_server_and_psql_use_what_was_exported_for_them_in_every_layout() {
    for layout in [&["chain", "--intermediate"][..], &["chain"], &["self-signed"]] {
        // libpq reads the directory by its name alone.
        let home = exported(layout, &["server --to pg", "client --to user/.postgresql"]);
        let server = started(&home, "server.crt", "server.key");
        logs_in(&server, &home.path().join("user"), "");
        // Without it nobody gets in, so it was read.
        let other = scratch();
        let output = psql(&server, other.path(), "");
        assert!(!output.status.success(), "{layout:?}: {}", text(&output.stdout));
    }
}

#[test]
fn every_form_of_a_key_that_is_offered_for_them_works_for_them() {
    for (kind, format) in [("ecdsa-p256", "sec1"), ("rsa-2048", "pkcs1")] {
        let layout = ["chain", "--intermediate", "--key-type", kind];
        let server = format!("server --format {format} --to pg");
        let client = format!("client --format {format} --to user/.postgresql");
        let home = exported(&layout, &[&server, &client]);
        logs_in(&started(&home, "server.crt", "server.key"), &home.path().join("user"), "");
    }
    let exports = [
        "server --format combined --to pg",
        "client --format combined --to one",
        "client --format der --to user/.postgresql",
    ];
    let home = exported(&["chain", "--intermediate"], &exports);
    let server = started(&home, "server.pem", "server.pem");
    logs_in(&server, &home.path().join("user"), "");
    let file = |name: &str| home.path().join("one").join(name).display().to_string();
    let (pair, trust) = (file("postgresql.pem"), file("root.crt"));
    let nobody = scratch();
    logs_in(&server, nobody.path(), &format!("sslcert={pair} sslkey={pair} sslrootcert={trust}"));
}

#[test]
fn an_encrypted_key_is_opened_by_libpq_with_its_passphrase_alone() {
    let home = exported(&["chain", "--intermediate"], &["server --to pg"]);
    fs::write(home.path().join("word"), "word\n").unwrap();
    let words = ["export", "client", "--encrypt-key-file", "word", "--to", "user/.postgresql", "-q"];
    Run::new(&words).dir(&home).code(0);
    let server = started(&home, "server.crt", "server.key");
    let user = home.path().join("user");
    logs_in(&server, &user, "sslpassword=word");
    assert!(!psql(&server, &user, "sslpassword=other").status.success());
}

#[test]
fn the_printed_commands_put_the_files_where_libpq_looks() {
    let home = exported(&["chain", "--intermediate"], &["server --to pg"]);
    let output = Run::new(&["export", "client", "--to", "out"]).dir(&home).output();
    let printed = text(&output.stdout);
    let commands: Vec<&str> = printed
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("install ") || line.starts_with("cp "))
        .collect();
    assert_eq!(commands.len(), 2, "{printed}");
    let user = home.path().join("user");
    fs::create_dir(&user).unwrap();
    let mut shell = Command::new("sh");
    let status =
        shell.args(["-ec", &commands.join("\n")]).env("HOME", &user).current_dir(home.path()).status();
    assert!(status.unwrap().success(), "{commands:?}");
    let key = fs::metadata(user.join(".postgresql/postgresql.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    logs_in(&started(&home, "server.crt", "server.key"), &user, "");
}
