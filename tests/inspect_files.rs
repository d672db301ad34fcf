//! What `inspect` prints of files, and how: field by field, one line each, as PEM, by expiry.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use support::clock::{at, fixture, now};
use support::{Run, assert_golden, run, scratch, text};

/// `openssl` with these words.
fn openssl(home: &Path, words: &str) {
    run(home, "openssl", &words.split_whitespace().collect::<Vec<_>>());
}

/// What is printed of fixtures, on no terminal, with the folder of the fixtures left out.
fn shown(words: &[&str]) -> String {
    let (code, stdout, stderr) = at(now(), None, &[], &[&["inspect"], words].concat());
    assert_eq!((code, stderr.as_str()), (0, ""), "{words:?}");
    stdout.replace(&fixture(""), "")
}

// Whole outputs

#[test]
fn the_guide_s_own_directory_is_a_tree_with_its_requests() {
    assert_golden("inspect-guide-intermediate.txt", &shown(&[&fixture("guide/intermediate")]));
    assert_golden("inspect-guide-self-signed.txt", &shown(&[&fixture("guide/self-signed")]));
}

#[test]
fn lists_stand_below_the_tree_and_whom_they_revoke_is_told() {
    assert_golden("inspect-revoked.txt", &shown(&[&fixture("faults/client-revoked")]));
}

#[test]
fn files_are_told_field_by_field_in_the_order_in_which_they_were_named() {
    let files = [
        "guide/intermediate/server.csr",
        "guide/intermediate/server.crt",
        "guide/intermediate/server.key",
        "faults/client-revoked/crl.pem",
        "faults/name-constraints/root.crt",
        "faults/client-key-encrypted/client.key",
        "faults/critical-extension-unknown/server.crt",
    ];
    let files = files.map(fixture);
    assert_golden("inspect-files.txt", &shown(&files.each_ref().map(String::as_str)));
}

#[test]
fn one_line_each_has_five_fields_with_tabs_between_them() {
    let found = shown(&["--short", &fixture("faults/client-revoked")]);
    assert_golden("inspect-short.txt", &found);
    assert!(found.lines().all(|line| line.split('\t').count() == 5), "{found}");
    let files = shown(&[
        "--short",
        &fixture("guide/intermediate/chain.crt"),
        &fixture("guide/intermediate/server.csr"),
    ]);
    let firsts: Vec<&str> = files.lines().map(|line| line.split('\t').nth(1).unwrap()).collect();
    assert_eq!(
        firsts,
        ["CN=intermediate.yourdomain.com", "CN=root.yourdomain.com", "CN=dbhost.yourdomain.com"]
    );
}

#[test]
fn what_ends_first_comes_first_and_revocation_lists_are_among_it() {
    let found = shown(&["--sort", "expiry", &fixture("faults/crl-expires-soon")]);
    assert_golden("inspect-sort.txt", &found);
    let days: Vec<&str> = found.lines().map(|line| &line[..10]).collect();
    assert!(days.is_sorted() && found.contains("  CRL "), "{found}");
    let short = shown(&["--sort", "expiry", "--short", &fixture("faults/crl-expires-soon")]);
    assert!(short.lines().map(|line| line.split('\t').nth(3).unwrap()).eq(days), "{short}");
    let json = shown(&["--sort", "expiry", "--json", &fixture("faults/crl-expires-soon")]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["by_expiry"].as_array().unwrap().len(), short.lines().count());
}

// PEM

#[test]
fn pem_is_every_certificate_once_before_its_issuer_and_never_a_key() {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
    let pem = |file: &str| text(&Run::new(&["inspect", "--pem", file]).dir(&home).output().stdout);
    let own = |file: &str| {
        let text = fs::read_to_string(home.path().join("pki").join(file)).unwrap();
        text.split_inclusive("-----END CERTIFICATE-----\n").map(str::to_owned).collect::<Vec<_>>()
    };
    let (server, client) = (&own("server.crt")[0], &own("client.crt")[0]);
    let (intermediate, root) = (&own("intermediate.crt")[0], &own("root.crt")[0]);
    assert_eq!(pem("pki"), [server, client, intermediate, root].map(String::as_str).concat());
    assert_eq!(pem("pki/chain.crt"), [intermediate, root].map(String::as_str).concat());
    // A bundle with a key in it, upside down.
    let key = fs::read_to_string(home.path().join("pki/server.key")).unwrap();
    fs::write(
        home.path().join("all.pem"),
        [root, &key, intermediate, server, root].map(String::as_str).concat(),
    )
    .unwrap();
    assert_eq!(pem("all.pem"), [server, intermediate, root].map(String::as_str).concat());
    fs::write(home.path().join("chain.pem"), pem("all.pem")).unwrap();
    run(
        home.path(),
        "openssl",
        &["verify", "-CAfile", "pki/root.crt", "-untrusted", "chain.pem", "chain.pem"],
    );
}

#[test]
fn no_form_of_output_has_a_secret() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    let key = fs::read_to_string(home.path().join("pki/server.key")).unwrap();
    fs::write(
        home.path().join("pki/server.pem"),
        key.clone() + &fs::read_to_string(home.path().join("pki/server.crt")).unwrap(),
    )
    .unwrap();
    let secrets: Vec<&str> = key.lines().filter(|line| !line.starts_with('-')).collect();
    for target in ["pki", "pki/server.key", "pki/server.pem"] {
        for form in [&[][..], &["--json"], &["--short"], &["--pem"], &["--sort", "expiry"]] {
            let output = Run::new(&[&["inspect", target], form].concat()).dir(&home).output();
            let all = text(&output.stdout) + &text(&output.stderr);
            assert!(!secrets.iter().any(|line| all.contains(line)) && !all.contains("PRIVATE KEY"), "{all}");
        }
    }
}

// Keys

#[test]
fn an_encrypted_key_is_said_to_be_and_a_passphrase_opens_it() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    fs::write(home.path().join("pass"), "correct horse\n").unwrap();
    fs::write(home.path().join("wrong"), "battery staple\n").unwrap();
    openssl(home.path(), "pkcs8 -topk8 -in server.key -out new.key -passout file:pass");
    fs::rename(home.path().join("new.key"), home.path().join("server.key")).unwrap();
    for (words, told) in [
        (&["inspect", "."][..], "\n  server.key  key under a passphrase\n"),
        (&["inspect", ".", "--passphrase-file", "wrong"], "\n  server.key  key under another passphrase\n"),
        (&["inspect", ".", "--passphrase-file", "pass"], " days left; key server.key\n"),
        (&["inspect", "server.key"], "  written as         PKCS#8 PEM, under a passphrase\n"),
        (
            &["inspect", "server.key", "server.crt", "--passphrase-file", "pass"],
            "  fits               server.crt\n",
        ),
    ] {
        let output = Run::new(words).dir(&home).output();
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
        assert!(text(&output.stdout).contains(told), "{words:?}: {}", text(&output.stdout));
    }
}

#[test]
fn a_key_fits_its_certificate_however_its_point_is_written() {
    let home = scratch();
    let made =
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout a.key -out a.crt -subj /CN=a";
    openssl(home.path(), made);
    openssl(home.path(), "ec -in a.key -out short.key -conv_form compressed");
    fs::rename(home.path().join("short.key"), home.path().join("a.key")).unwrap();
    let stdout = text(&Run::new(&["inspect"]).dir(&home).output().stdout);
    assert!(stdout.contains("; key a.key\n"), "{stdout}");
}

#[test]
fn a_public_key_by_itself_is_told_by_what_fits_it() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    openssl(home.path(), "pkey -in server.key -pubout -out server.pub");
    let stdout = text(&Run::new(&["inspect"]).dir(&home).output().stdout);
    assert!(
        stdout.ends_with("\n  server.pub  public key, ECDSA P-256, fits server.crt server.key\n"),
        "{stdout}"
    );
    let stdout = text(&Run::new(&["inspect", "server.pub", "server.key"]).dir(&home).output().stdout);
    assert!(
        stdout.starts_with("server.pub: public key\n")
            && stdout.contains("  private key        server.key\n"),
        "{stdout}"
    );
}

// What is read

#[test]
fn anybody_s_names_are_read_and_told_by_what_is_inside() {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q"]).dir(&home).code(0);
    let names = [
        ("server.crt", "tls.crt"),
        ("server.key", "tls.key"),
        ("root.crt", "ca.pem"),
        ("client.crt", "postgresql.cer"),
        ("intermediate.crt", "5f15c80c.0"),
    ];
    for (from, to) in names {
        fs::copy(home.path().join("pki").join(from), home.path().join(to)).unwrap();
    }
    fs::write(home.path().join("notes.txt"), "nothing\n").unwrap();
    fs::remove_dir_all(home.path().join("pki")).unwrap();
    let (code, stdout) = {
        let output = Run::new(&["inspect"]).dir(&home).output();
        (output.status.code(), text(&output.stdout))
    };
    let files: Vec<&str> = stdout
        .lines()
        .filter(|line| line.contains("  until "))
        .map(|line| line.split("  CN=").next().unwrap().trim_end())
        .collect();
    assert_eq!(
        (code, files),
        (Some(0), vec!["  ca.pem", "  └ 5f15c80c.0", "    ├ tls.crt", "    └ postgresql.cer"]),
        "{stdout}"
    );
}

#[test]
fn several_directories_are_one_tree_under_their_paths() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "db", "--ca-dir", "ca"]).dir(&home).code(0);
    let stdout = text(&Run::new(&["inspect", "db", "ca"]).dir(&home).output().stdout);
    assert!(stdout.starts_with("db ca: 3 certificates, 3 keys\n\n  ca/root.crt "), "{stdout}");
    assert!(
        stdout.contains("  ├ db/server.crt ") && stdout.contains("; key ca/root.key; also in\n"),
        "{stdout}"
    );
}

#[test]
fn standard_input_and_pipes_are_read() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "."]).dir(&home).code(0);
    let mut child = Run::new(&["inspect", "-", "server.key"])
        .dir(&home)
        .command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(home.path().join("server.crt")).unwrap()).unwrap();
    let stdout = text(&child.wait_with_output().unwrap().stdout);
    assert!(stdout.starts_with("standard input: certificate\n"), "{stdout}");
    assert!(stdout.contains("  fits               standard input\n"), "{stdout}");
    let piped = Run::new(&["inspect", "/dev/stdin"]).dir(&home).through("cat root.crt | \"$@\"").output();
    assert!(text(&piped.stdout).starts_with("/dev/stdin: certificate\n"), "{}", text(&piped.stderr));
}

#[test]
fn files_that_a_server_s_settings_name_are_shown_with_its_data_directory() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q", "-D", "tls"]).dir(&home).code(0);
    fs::create_dir(home.path().join("data")).unwrap();
    fs::write(home.path().join("data/PG_VERSION"), "15\n").unwrap();
    let tls = home.path().join("tls");
    let settings = format!(
        "ssl = on\nssl_cert_file = '{0}/server.crt'\nssl_key_file = '{0}/server.key'\nssl_ca_file = 'root.crt'\n",
        tls.display()
    );
    fs::write(home.path().join("data/postgresql.conf"), settings).unwrap();
    fs::write(home.path().join("data/pg_hba.conf"), "").unwrap();
    fs::copy(tls.join("root.crt"), home.path().join("data/root.crt")).unwrap();
    let output = Run::new(&["inspect", "data"]).dir(&home).output();
    let stdout = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.starts_with("data/: 2 certificates, 1 key\n\n  root.crt "), "{stdout}");
    assert!(stdout.contains(&format!("  └ {}/server.crt ", tls.display())), "{stdout}");
}

// Exit codes

#[test]
fn what_is_not_there_is_4_nothing_is_2_and_a_broken_promise_1() {
    let home = scratch();
    fs::write(home.path().join("empty.crt"), "").unwrap();
    fs::write(home.path().join("notes"), "nothing\n").unwrap();
    fs::create_dir(home.path().join("bare")).unwrap();
    symlink("nowhere", home.path().join("link.crt")).unwrap();
    for (words, code, stderr) in [
        (&["inspect", "gone.crt"][..], 4, "pgtls: error: \"gone.crt\" does not exist\n"),
        (&["inspect", "empty.crt", "gone.crt"], 4, "pgtls: error: \"gone.crt\" does not exist\n"),
        (
            &["inspect", "bare"],
            2,
            "pgtls: error: no certificate, key, request or revocation list in \"bare\"\n",
        ),
        (&["inspect", "empty.crt"], 1, "pgtls: warning: empty.crt: it holds no certificate\n"),
        (
            &["inspect", "notes"],
            1,
            "pgtls: warning: notes: it holds no certificate, key, request or revocation list\n",
        ),
        (&["inspect", "--pem", "--json", "bare"], 2, "\"exit_code\":2}"),
        (&["inspect", "--pem", "--sort", "expiry", "bare"], 2, "cannot be used with"),
        (&["inspect", "--pem", "--short", "bare"], 2, "cannot be used with"),
        (&["inspect", "--short", "--json", "bare"], 2, "\"exit_code\":2}"),
        (&["inspect", "--sort", "name", "bare"], 2, "invalid value 'name'"),
        (&["inspect", "-", "-"], 2, "pgtls: error: standard input is asked for twice\n"),
    ] {
        let output = Run::new(words).dir(&home).output();
        let found = text(&output.stderr);
        assert!(output.status.code() == Some(code) && found.contains(stderr), "{words:?}: {found}");
        assert_eq!(text(&output.stdout), "", "{words:?}");
    }
}

// Documentation

/// Every name of a field in a JSON, and of the fields inside.
fn fields(json: &serde_json::Value, found: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::Object(members) => members.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            fields(value, found);
        }),
        serde_json::Value::Array(members) => members.iter().for_each(|member| fields(member, found)),
        _ => {}
    }
}

#[test]
fn every_field_of_the_json_is_in_the_documentation() {
    let mut found = BTreeSet::new();
    let revoked = fixture("faults/client-revoked");
    for words in [
        &[&fixture("guide/intermediate")[..]][..],
        &[&revoked],
        &[&fixture("faults/client-signed-with-md5")],
        &[
            &fixture("faults/critical-extension-unknown/server.crt"),
            &fixture("faults/name-constraints/root.crt"),
        ],
        &[&format!("{revoked}/crl.pem"), &fixture("guide/intermediate/server.csr")],
        &["--sort", "expiry", &revoked],
    ] {
        fields(&serde_json::from_str(&shown(&[&["--json"], words].concat())).unwrap(), &mut found);
    }
    let told = include_str!("../docs/inspect.md");
    assert!(found.len() > 55, "{found:?}");
    for field in found {
        assert!(told.contains(&format!("`{field}`")), "docs/inspect.md does not say what {field} is");
    }
}
