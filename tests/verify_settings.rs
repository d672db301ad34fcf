//! `verify` of a server by its own settings: the files that are live, and what the server does with them.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::chown;

use support::{Run, is_root, scratch, text};
use tempfile::TempDir;

const SERVER_UID: u32 = 65_534;

/// A data directory with certificates in it, and these lines of configuration.
fn data_directory(settings: &str, hba: &str) -> TempDir {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "data", "--server", "db.test"]).dir(&home).code(0);
    let data = home.path().join("data");
    for (file, contents) in [
        ("PG_VERSION", "15\n"),
        ("postgresql.conf", settings),
        ("postgresql.auto.conf", ""),
        ("pg_hba.conf", hba),
        ("pg_ident.conf", ""),
    ] {
        fs::write(data.join(file), contents).unwrap();
    }
    if is_root() {
        chown(data.join("server.key"), Some(SERVER_UID), None).unwrap();
    }
    home
}

fn verified(home: &TempDir, words: &[&str]) -> (Option<i32>, String) {
    let uid = SERVER_UID.to_string();
    let server: &[&str] = if is_root() { &["--server-uid", &uid] } else { &[] };
    let output = Run::new(&[&["verify"], words, server].concat()).dir(home).output();
    assert_eq!(text(&output.stderr), "");
    (output.status.code(), text(&output.stdout))
}

const CERT: &str = "hostssl all all all cert\n";
const SCRAM: &str = "hostssl all all all scram-sha-256\n";

#[test]
fn the_files_that_are_live_are_named_with_the_line_that_says_so() {
    let settings = "ssl = off\nssl_cert_file = 'old.crt'\nSSL on\nssl_cert_file = 'server.crt'\nssl_ca_file='chain.crt'\n";
    let home = data_directory(settings, CERT);
    for words in [&["data"][..], &["--conf", "data/postgresql.conf"], &["-D", "data"]] {
        let (code, stdout) = verified(&home, words);
        assert_eq!(code, Some(0), "{words:?}\n{stdout}");
        for line in [
            "  ssl            on  (data/postgresql.conf:3)",
            "  ssl_cert_file  data/server.crt  (data/postgresql.conf:4)",
            "  ssl_key_file   data/server.key  (default)",
            "  ssl_ca_file    data/chain.crt  (data/postgresql.conf:5)",
        ] {
            assert!(stdout.contains(&format!("{line}\n")), "{line} is not in\n{stdout}");
        }
        assert!(stdout.contains("0 errors, 0 warnings"), "{stdout}");
        assert!(stdout.contains("[server-trust-unknown]"), "{stdout}");
    }
    let (code, stdout) = verified(&home, &["data", "--trust", "data/root.crt", "--host", "other.test"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("[host-mismatch]") && !stdout.contains("[server-trust-unknown]"), "{stdout}");
}

#[test]
fn what_the_settings_forbid_is_found() {
    for (settings, hba, rule) in [
        ("ssl = off\nssl_ca_file = 'root.crt'\n", SCRAM, Some("ssl-off")),
        ("ssl = on\n", CERT, Some("client-trust-missing")),
        (
            "ssl = on\n",
            "hostssl all all all scram-sha-256 clientcert=verify-ca\n",
            Some("client-trust-missing"),
        ),
        ("ssl = on\n", SCRAM, None),
        ("ssl = on\nssl_key_file = 'client.key'\n", SCRAM, Some("key-mismatch")),
        (
            "ssl = on\nssl_ca_file = 'root.crt'\nssl_crl_dir = 'nowhere'\n",
            SCRAM,
            Some("crl-directory-unusable"),
        ),
        ("ssl = on\nssl_ca_file = 'root.crt'\nssl_crl_file = 'root.crt'\n", SCRAM, Some("crl-not-loaded")),
        ("ssl = on\nssl_ca_file = 'root.crt'\nssl_crl_file = 'nowhere.crl'\n", SCRAM, Some("crl-not-loaded")),
    ] {
        let home = data_directory(settings, hba);
        let (_, stdout) = verified(&home, &["data"]);
        let problems =
            stdout.lines().filter(|line| line.starts_with("  error: ") || line.starts_with("  warning: "));
        let found = rule.is_some_and(|rule| stdout.contains(&format!("[{rule}]")));
        assert_eq!(
            (problems.count() > 0, found),
            (rule.is_some(), rule.is_some()),
            "{settings}{hba}{stdout}"
        );
    }
}

/// A client goes on without lists; a server does not start, which is no warning.
#[test]
fn a_list_file_that_cannot_be_loaded_is_an_error_of_a_server() {
    let home = data_directory("ssl = on\nssl_ca_file = 'root.crt'\nssl_crl_file = 'nowhere.crl'\n", SCRAM);
    for words in [&["data"][..], &["--server-cert", "data/server.crt", "--crl", "data/server.key"]] {
        let (code, stdout) = verified(&home, words);
        assert_eq!(
            (code, stdout.contains("  error: no revocation list can be")),
            (Some(1), true),
            "{stdout}"
        );
    }
}

/// The command that renews them names the directory of the files, not the file of the settings.
#[test]
fn the_mend_of_what_a_file_of_settings_names_is_where_they_lie() {
    let home = data_directory("ssl = on\nssl_ca_file = 'root.crt'\n", SCRAM);
    let (code, stdout) = verified(&home, &["--conf", "data/postgresql.conf", "--at", "2050-01-01"]);
    assert_eq!(code, Some(1), "{stdout}");
    let command = stdout.lines().find(|line| line.contains("pgtls renew ")).unwrap();
    assert!(
        command.contains("data --ca-dir ") && !command.contains("postgresql.conf"),
        "{command}\n{stdout}"
    );
}

#[test]
fn a_setting_that_the_server_would_not_start_with_is_an_error_with_its_line() {
    let home = data_directory("ssl = perhaps\n", SCRAM);
    let output = Run::new(&["verify", "data"]).dir(&home).output();
    let stderr = text(&output.stderr);
    assert!(stderr.contains("data/postgresql.conf:1"), "{stderr}");
    assert_ne!(output.status.code(), Some(0));
    let missing = Run::new(&["verify", "--conf", "nowhere.conf"]).dir(&home).output();
    assert!(text(&missing.stderr).contains("nowhere.conf"), "{}", text(&missing.stderr));
    assert_eq!(missing.status.code(), Some(4));
}

#[test]
fn a_server_that_was_just_set_up_is_told_that_it_speaks_no_tls() {
    let home = data_directory("", SCRAM);
    for file in ["server.crt", "server.key", "client.crt", "client.key", "root.crt", "root.key"] {
        fs::remove_file(home.path().join("data").join(file)).unwrap();
    }
    let (code, stdout) = verified(&home, &["data"]);
    assert_eq!((code, stdout.contains("[ssl-off]")), (Some(1), true), "{stdout}");
    assert!(stdout.contains("  ssl_cert_file  data/server.crt  (default, not there)\n"), "{stdout}");
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_line_that_names_it() {
    let home = data_directory("ssl = on\nssl_cert_file = 'own.crt'\n", CERT);
    let output = Run::new(&["verify", "data"]).dir(&home).output();
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(
        text(&output.stderr),
        "pgtls: error: ssl_cert_file is \"data/own.crt\", which does not exist\n\
         pgtls: detail: It is named by data/postgresql.conf:2; the server does not start without it.\n\
         pgtls: hint: Put the file there, or set the parameter to where it is.\n"
    );
}

#[test]
fn a_role_is_not_passed_over_where_no_client_is_there_to_be_asked() {
    let home = data_directory("ssl = on\nssl_ca_file = 'root.crt'\n", CERT);
    let (code, stdout) = verified(&home, &["data", "-U", "bob"]);
    assert_eq!((code, stdout.contains("[role-not-told]")), (Some(0), true), "{stdout}");
}
