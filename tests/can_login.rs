//! `can-login`: what it prints, what it refuses, and the commands of its page.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use support::{Run, scratch, text};
use tempfile::TempDir;

const PAGE: &str = include_str!("../docs/can-login.md");

/// The text of an indented block of the page, without its first line and indentation.
fn block(first: &str) -> String {
    let lines = PAGE.lines().skip_while(|line| line.trim() != first).skip(1);
    let lines = lines.take_while(|line| line.starts_with("    "));
    lines.map(|line| format!("{}\n", &line[4..])).collect()
}

/// The files of the page.
fn site() -> TempDir {
    let home = scratch();
    for name in ["pg_hba.conf", "pg_ident.conf"] {
        fs::write(home.path().join(name), block(&format!("# {name}"))).unwrap();
    }
    fs::write(home.path().join("broken.conf"), "hostssl all all all  scram\n").unwrap();
    for words in
        [&["gen", "chain", "-q", "--client", "bob"][..], &["issue", "client", "alice@example.com", "-q"]]
    {
        assert!(Run::new(words).dir(&home).output().status.success());
    }
    home
}

/// Exit code and both streams.
fn said(home: &TempDir, words: &[&str]) -> (i32, String, String) {
    let output = Run::new(&[&["can-login"], words].concat()).dir(home).output();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Dates depend on the day.
fn dateless(text: &str) -> String {
    let is_date = |word: &&str| word.len() >= 10 && word.starts_with("20") && word.as_bytes()[4] == b'-';
    let words = text.split_inclusive([' ', '\n']);
    words
        .map(|word| if is_date(&word) { word.replace(&word[..10], "DATE") } else { word.to_owned() })
        .collect()
}

#[test]
fn the_page_shows_what_is_printed() {
    let home = site();
    let mut count = 0;
    for part in PAGE.split("\n    $ pgtls ").skip(1) {
        let (command, rest) = part.split_once('\n').unwrap();
        let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
        let wanted: Vec<&str> = lines.map(|line| line.get(4..).unwrap_or_default()).collect();
        let words: Vec<&str> = command.split(' ').collect();
        let output = Run::new(&words).dir(&home).output();
        let found = text(&output.stdout) + &text(&output.stderr);
        let wanted = wanted.join("\n");
        assert!(
            dateless(&found).starts_with(&dateless(wanted.trim_end())),
            "{command}\n{found}\n---\n{wanted}"
        );
        count += 1;
    }
    assert_eq!(count, 5);
}

#[test]
fn exit_codes_tell_yes_from_all_else() {
    let home = site();
    let hba = ["--hba", "pg_hba.conf"];
    for (words, code) in [
        (&["bob", "--from", "192.0.2.9"][..], 0),
        (&["bob", "--from", "192.0.2.9", "-q"], 0),
        (&["bob", "--from", "192.0.2.9", "--plain"], 1),
        (&["bob", "--from", "192.0.2.9", "--without-cert"], 1),
        (&["bob", "--from", "local"], 1),
        (&["bob", "--from", "local", "--account", "bob"], 0),
        (&["app@app", "--from", "10.0.0.7"], 1),
        (&["app@app", "--from", "10.0.0.7", "--member-of", "none"], 0),
        (&["app@app", "--from", "10.0.0.7", "--member-of", "a,interns"], 1),
        (&["app@app", "--from", "10.0.0.7", "--member-of", "a", "--member-of", "interns"], 1),
        (&["bob", "--from", "192.0.2.9", "--at", "2099-01-01"], 1),
        (&["bob", "--from", "192.0.2.9", "-D", "nowhere"], 4),
        (&["bob", "--from", "192.0.2.9", "--client-cert", "nowhere.crt"], 4),
        (&["bob", "--from", "192.0.2.9", "--client-cert", "pg_hba.conf"], 2),
    ] {
        let (found, stdout, stderr) = said(&home, &[words, &hba].concat());
        assert_eq!(found, code, "{words:?}\n{stdout}{stderr}");
        assert!(!words.contains(&"-q") || stdout.is_empty());
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_a_file_is_read() {
    let home = scratch();
    let long = "x".repeat(64);
    for (words, fact) in [
        (&["bob", "--from", "10.0.0"][..], "--from: \"10.0.0\" is no address"),
        (&["bob", "--from", ""], "--from: \"\" is no address"),
        (&["", "--from", "::1"], "\"\" is no name of a role"),
        (&["@db", "--from", "::1"], "\"\" is no name of a role"),
        (&["bob@", "--from", "::1"], "\"\" is no name of a database"),
        (&[&long, "--from", "::1"], "is over 63 bytes, and no role has such a name"),
        (&["bob", "--from", "local", "--plain"], "a Unix-domain socket has neither TLS"),
        (&["bob", "--from", "::1", "--interface", "10.0.0.1"], "--interface: \"10.0.0.1\" is no address"),
        (&["bob", "--from", "::1", "--at", "tomorrow"], "--at: "),
        (&["bob", "--from", "::1"], "which pg_hba.conf counts is not told"),
        (&["bob", "--from", "::1", "--plain", "--gssenc"], "cannot be used with"),
        (&["bob", "--from", "::1", "--postgresql-version", "9"], "9 is not in 12..=99"),
        (&["bob"], "--from <ADDR>"),
        (&["bob", "--from", "::1", "--member-of", "none", "--member-of", "x"], "none means that there is no"),
    ] {
        let (code, stdout, stderr) = said(&home, words);
        assert_eq!((code, stdout.as_str()), (2, ""), "{words:?}\n{stderr}");
        assert!(stderr.contains(fact), "{words:?}\n{stderr}");
    }
    let (code, _, stderr) = said(&home, &["bob", "--from", "::1", "--hba", "nowhere.conf"]);
    assert_eq!(code, 4);
    assert!(stderr.contains("configuration file \"nowhere.conf\" does not exist"), "{stderr}");
}

#[test]
fn where_what_the_server_trusts_is_not_told_nothing_is_claimed() {
    let home = site();
    fs::rename(home.path().join("pki"), home.path().join("elsewhere")).unwrap();
    let words =
        ["bob", "--from", "192.0.2.9", "--hba", "pg_hba.conf", "--client-cert", "elsewhere/client.crt"];
    let (code, stdout, _) = said(&home, &words);
    assert!(code == 1 && stdout.starts_with("cannot tell") && stdout.contains("--trust"), "{stdout}");
    let trusted = [&words[..], &["--trust", "elsewhere/chain.crt"]].concat();
    assert_eq!(said(&home, &trusted).0, 0);
    // What has ended nobody takes, whatever is trusted.
    let (_, stdout, _) = said(&home, &[&words[..], &["--at", "2099-01-01"]].concat());
    assert!(stdout.starts_with("no: ") && stdout.contains("[expired]"), "{stdout}");
    // Nobody's certificate is sent where none is named, and no line that needs one lets anybody in.
    let (code, stdout, _) = said(&home, &words[..5]);
    assert!(code == 1 && stdout.contains("hint: Name the client's certificate"), "{stdout}");
}

#[test]
fn of_several_certificates_in_a_directory_the_one_of_the_role_is_sent() {
    let home = site();
    fs::write(home.path().join("all.conf"), "hostssl all all all cert\n").unwrap();
    let asked = |role: &str| said(&home, &[role, "--dbname", "x", "--from", "::1", "--hba", "all.conf"]);
    let (code, stdout, _) = asked("alice@example.com");
    assert!(code == 0 && stdout.contains("client.alice@example.com.crt"), "{stdout}");
    let (code, stdout, _) = asked("carol");
    assert!(code == 1 && stdout.contains("client.crt"), "{stdout}");
    fs::rename(home.path().join("pki/client.crt"), home.path().join("pki/client.bob.crt")).unwrap();
    let (code, stdout, _) = asked("carol");
    assert!(code == 1 && stdout.contains("which of several certificates is sent"), "{stdout}");
    assert_eq!(asked("bob").0, 0);
}

/// What a server's own settings name, and its version.
#[test]
fn a_data_directory_tells_the_files_the_trust_and_the_version() {
    let home = site();
    let data = home.path().join("data");
    fs::create_dir(&data).unwrap();
    for file in ["server.crt", "server.key", "chain.crt"] {
        fs::copy(home.path().join("pki").join(file), data.join(file)).unwrap();
    }
    let write = |name: &str, text: &str| fs::write(data.join(name), text).unwrap();
    let asked = |more: &[&str]| {
        let words = ["bob", "--from", "::1", "-D", "data", "--client-cert", "pki/client.crt"];
        said(&home, &[&words[..], more].concat())
    };
    write("PG_VERSION", "15\n");
    write("pg_hba.conf", "hostssl all /^b all trust\nhostssl all all all cert map=m\n");
    write("pg_ident.conf", "m bob +bob\n");
    write("postgresql.conf", "ssl = on\nssl_ca_file = 'chain.crt'\n");
    // In 15 a slash and a plus begin a name, from 16 on an expression and a group.
    let (code, stdout, _) = asked(&[]);
    assert!(
        code == 1 && stdout.contains("data/pg_hba.conf:2 decides") && stdout.contains("no line of the map"),
        "{stdout}"
    );
    let (code, stdout, _) = asked(&["--postgresql-version", "16"]);
    assert!(code == 0 && stdout.contains("data/pg_hba.conf:1 decides"), "{stdout}");
    write("pg_hba.conf", "hostssl all all all cert map=m\n");
    let (code, stdout, _) = asked(&["--postgresql-version", "16"]);
    assert!(code == 0 && stdout.contains("data/pg_ident.conf:1"), "{stdout}");
    fs::remove_file(data.join("pg_ident.conf")).unwrap();
    let (code, stdout, _) = asked(&[]);
    assert!(code == 1 && stdout.contains("there is no pg_ident.conf"), "{stdout}");
    write("pg_hba.conf", "hostssl all all all cert\n");
    assert_eq!(asked(&[]).0, 0);
    write("postgresql.conf", "ssl = on\n");
    let (code, stdout, _) = asked(&[]);
    assert!(code == 1 && stdout.contains("no ssl_ca_file"), "{stdout}");
    write("postgresql.conf", "ssl = off\nssl_ca_file = 'chain.crt'\n");
    let (code, stdout, _) = asked(&[]);
    assert!(code == 1 && stdout.contains("ssl is off"), "{stdout}");
    // Of a server's own directory no certificate of a client is taken.
    write("postgresql.conf", "ssl = on\nssl_ca_file = 'chain.crt'\n");
    let (code, stdout, _) = said(&home, &["bob", "--from", "::1", "-D", "data"]);
    assert!(code == 1 && stdout.contains("no certificate is sent"), "{stdout}");
    // A broken pg_ident.conf is an error where a line names a map, and else nobody's affair.
    write("pg_ident.conf", "m bob\n");
    assert_eq!(asked(&[]).0, 0);
    write("pg_hba.conf", "hostssl all all all cert map=m\n");
    let (code, _, stderr) = asked(&[]);
    assert!(code == 2 && stderr.contains("data/pg_ident.conf:1:6: missing entry"), "{stderr}");
}

#[test]
fn the_other_flags_reach_the_walk() {
    let home = site();
    Run::new(&["crl", "-q", "--hash-dir", "lists"]).dir(&home).code(0);
    fs::create_dir(home.path().join("empty")).unwrap();
    for (line, more, code) in [
        ("host all all .example.com trust", &["--from-host", "a.example.com"][..], 0),
        ("host all all .example.com trust", &["--from-host", "a.example.org"], 1),
        ("host all all samenet trust", &["--interface", "10.0.0.5/24"], 0),
        ("host all all samenet trust", &["--interface", "10.0.1.5/24"], 1),
        ("hostgssenc all all all trust", &["--gssenc"], 0),
        ("hostgssenc all all all trust", &[], 1),
        ("host replication all all trust", &["--replication"], 0),
        ("host replication all all trust", &[], 1),
        ("host app all all trust", &["--dbname", "app"], 0),
        // A file that is named and not there, as with --trust; its lists under hash names.
        ("hostssl all all all cert", &["--crl", "pki/none.crl"], 4),
        ("hostssl all all all cert", &["--crl", "lists"], 0),
        ("hostssl all all all cert", &["--crl", "empty"], 1),
    ] {
        fs::write(home.path().join("one.conf"), format!("{line}\n")).unwrap();
        let words = ["bob", "--from", "10.0.0.7", "--hba", "one.conf"];
        let (found, stdout, stderr) = said(&home, &[&words[..], more].concat());
        assert_eq!(found, code, "{line} {more:?}\n{stdout}{stderr}");
    }
}

#[test]
fn json_tells_the_same() {
    let home = site();
    let words = ["app@app", "--from", "10.0.0.7", "--hba", "pg_hba.conf", "--json"];
    let (code, stdout, stderr) = said(&home, &words);
    assert_eq!((code, stderr.as_str()), (1, ""));
    let found: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(found["answer"], "cannot-tell");
    assert_eq!((&found["role"], &found["database"]), (&"app".into(), &"app".into()));
    assert_eq!((&found["from"], &found["connection"]), (&"10.0.0.7".into(), &"tls".into()));
    let lines = found["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["line"], &lines[0]["answer"]), (&2.into(), &"no".into()));
    assert_eq!(lines[0]["doubts"][0], "whether app is a member of interns");
    assert_eq!((&lines[1]["line"], &lines[1]["is_certain"]), (&3.into(), &true.into()));
    assert_eq!(lines[1]["mapped_by"], "pg_ident.conf:2");
    assert_eq!(found["certificate"]["standing"], "accepted");
    let replication = said(&home, &[&words[..], &["--replication"]].concat()).1;
    assert!(!replication.contains("\"database\""), "{replication}");
    // An error is JSON too.
    let (code, _, stderr) = said(&home, &["bob", "--from", "::1", "--hba", "broken.conf", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!((code, &error["exit_code"]), (2, &2.into()));
}

#[test]
fn names_and_lines_of_others_do_not_reach_the_terminal_as_they_are() {
    let home = scratch();
    fs::write(home.path().join("h.conf"), "host \"\u{1b}[31m\",all all all trust\n").unwrap();
    let (_, stdout, _) = said(&home, &["bob", "--from", "::1", "--hba", "h.conf"]);
    assert!(stdout.contains("\\u{1b}[31m") && !stdout.contains('\u{1b}'), "{stdout}");
    let (_, _, stderr) = said(&home, &["bob\u{1b}", "--from", "::1", "--hba", "h.conf"]);
    assert!(!stderr.contains('\u{1b}'), "{stderr}");
}

#[test]
fn a_line_of_output_fits_a_terminal() {
    let home = site();
    for words in
        [&["app@app", "--from", "10.0.0.7"][..], &["bob", "--from", "192.0.2.9"], &["x", "--from", "local"]]
    {
        let (_, stdout, _) = said(&home, &[words, &["--hba", "pg_hba.conf"]].concat());
        assert!(stdout.lines().all(|line| line.chars().count() <= 80), "{stdout}");
    }
}
