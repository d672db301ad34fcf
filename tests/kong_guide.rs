//! The page about Kong's guide: each of its commands runs, and what they write is the guide's.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{Run, scratch, text};

const PAGE: &str = include_str!("../docs/kong-guide.md");

/// Each row of the tables, left and right.
fn rows() -> Vec<(&'static str, &'static str)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.filter(|(left, _)| !left.ends_with("in the guide")).collect()
}

/// The command of a right side that is one as a whole.
fn command(right: &str) -> Option<Vec<&str>> {
    let words = right.strip_prefix("`pgtls ")?.strip_suffix('`')?;
    Some(words.split(' ').collect())
}

/// A setting: its name, and its value without quotes.
fn settings(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('\'').to_owned())).collect()
}

#[test]
fn every_command_of_the_page_runs_in_its_order() {
    let home = scratch();
    let mut ran = 0;
    for (left, right) in rows() {
        let Some(words) = command(right) else { continue };
        let output = Run::new(&words).dir(&home).output();
        assert_eq!(output.status.code(), Some(0), "{left}: {right}: {}", text(&output.stderr));
        ran += 1;
    }
    assert_eq!(ran, 22);
}

#[test]
fn what_the_guide_has_written_by_hand_stands_in_what_the_commands_write() {
    let home = scratch();
    for words in
        [&["gen", "chain", "--intermediate", "-q"][..], &["gen", "self-signed", "-q", "-D", "self-signed"]]
    {
        Run::new(words).dir(&home).code(0);
    }
    let said = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let output = Run::new(&words).dir(&home).output();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    for (command, guide) in [
        (
            "config postgresql --files-at /path/to",
            "ssl = on\nssl_cert_file = '/path/to/server.crt'\nssl_key_file = '/path/to/server.key'\n\
             ssl_ca_file = '/path/to/chain.crt'\n",
        ),
        (
            "config kong --files-at /path/to",
            "pg_ssl = on\npg_ssl_required = on\npg_ssl_verify = on\npg_ssl_version = tlsv1_2\n\
             lua_ssl_trusted_certificate = system,/path/to/chain.crt\nlua_ssl_verify_depth = 1\n\
             pg_ssl_cert = '/path/to/client.crt'\npg_ssl_cert_key = '/path/to/client.key'\n",
        ),
        ("config postgresql --files-at /path/to -D self-signed", "ssl_ca_file = '/path/to/client.crt'\n"),
        (
            "config kong --files-at /path/to -D self-signed",
            "lua_ssl_trusted_certificate = system,/path/to/server.crt\nlua_ssl_verify_depth = 0\n",
        ),
    ] {
        let written = settings(&said(command));
        for setting in settings(guide) {
            assert!(written.contains(&setting), "{command}: no {setting:?} in {written:?}");
        }
    }
    for (command, line) in [
        ("config hba --auth cert", "hostssl all all all cert"),
        ("config hba --auth clientcert-verify-full", "hostssl all all all trust clientcert=verify-full"),
    ] {
        assert!(said(command).lines().any(|found| found == line), "{command}");
    }
}

/// Of OpenSSL's depth neither the leaf nor the anchor counts, and nginx hands `lua_ssl_verify_depth` to it as it is.
#[test]
fn the_depth_for_kong_is_what_openssl_needs_and_no_more() {
    let home = scratch();
    for (layout, depth) in [(&["--intermediate"][..], 1), (&[], 0)] {
        let place = format!("pki{depth}");
        Run::new(&[&["gen", "chain", "-q", "-D", &place], layout].concat()).dir(&home).code(0);
        let output = Run::new(&["config", "kong", "-D", &place]).dir(&home).output();
        let settings = settings(&text(&output.stdout));
        let value = |name: &str| settings.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(value("lua_ssl_verify_depth"), depth.to_string());
        let trust = value("lua_ssl_trusted_certificate");
        let trust = trust.strip_prefix("system,").unwrap();
        let judged = |depth: usize| {
            let words = format!(
                "verify -verify_depth {depth} -CAfile {trust} -untrusted {place}/server.crt {place}/server.crt"
            );
            let output =
                std::process::Command::new("openssl").args(words.split(' ')).current_dir(&home).output();
            output.unwrap().status.success()
        };
        assert!(judged(depth), "{place}");
        assert!(depth == 0 || !judged(depth - 1), "{place}");
    }
}
