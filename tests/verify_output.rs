//! What `verify` prints, whole, against `tests/golden/` (rewritten with `PGTLS_BLESS=1`), and its exit codes.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use support::{Run, assert_golden, is_root, names, scratch, text};
use tempfile::TempDir;

/// Whom key files belong to where root can give them away, and the words that tell it; else whoever runs this.
const SERVER_UID: u32 = 65_534;

fn server() -> Vec<String> {
    if is_root() { vec!["--server-uid".to_owned(), SERVER_UID.to_string()] } else { Vec::new() }
}

/// A copy of a directory of `fixtures/`, keys 0600 and their server's.
fn fixture(from: &str) -> TempDir {
    let home = scratch();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(from);
    fs::create_dir(home.path().join("pki")).unwrap();
    for name in names(&source).into_iter().filter(|name| name != "expected.toml") {
        let target = home.path().join("pki").join(&name);
        fs::copy(source.join(&name), &target).unwrap();
        let mode = if name.ends_with(".key") { 0o600 } else { 0o644 };
        fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
        if is_root() {
            chown(&target, Some(SERVER_UID), None).unwrap();
        }
    }
    home
}

fn verified(home: &TempDir, words: &[&str]) -> (Option<i32>, String, String) {
    let server = server();
    let server = server.iter().map(String::as_str);
    let words: Vec<&str> = ["verify"].into_iter().chain(words.iter().copied()).chain(server).collect();
    let output = Run::new(&words).dir(home).output();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_guides_own_directories_are_refused_and_say_why() {
    for layout in ["intermediate", "root-only", "self-signed"] {
        let home = fixture(&format!("guide/{layout}"));
        let (code, stdout, stderr) = verified(&home, &["--at", "2026-12-01"]);
        assert_eq!((code, stderr.as_str()), (Some(1), ""), "{layout}");
        assert_golden(&format!("verify-guide-{layout}.txt"), &stdout);
        for line in stdout.lines() {
            assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
            assert_eq!(line.trim_end(), line);
        }
    }
}

#[test]
fn what_gen_makes_has_no_fault() {
    for layout in [&["chain", "--intermediate"][..], &["chain"], &["self-signed"]] {
        for key_type in ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"] {
            if (layout, key_type) == (&["self-signed"][..], "ed25519") {
                // Refused by gen: SCRAM cannot bind to it.
                continue;
            }
            let home = scratch();
            let words = [&["gen"], layout, &["-q", "--key-type", key_type]].concat();
            // With a word on P-384 clients.
            assert!(Run::new(&words).dir(&home).output().status.success(), "{words:?}");
            let output =
                Run::new(&["verify", "--json", "--host", "localhost", "-U", "kong"]).dir(&home).output();
            let stdout = text(&output.stdout);
            let expected = if is_root() { r#""rule": "key-not-readable""# } else { r#""warnings": 0"# };
            let p384 = key_type == "ecdsa-p384";
            let clean = stdout.contains(r#""errors": 0"#) && (p384 || stdout.contains(expected));
            assert!(clean && output.status.code() == Some(0), "{words:?}\n{stdout}");
            assert_eq!(stdout.contains("p384-client"), p384, "{words:?}\n{stdout}");
        }
    }
}

#[test]
fn warnings_fail_only_where_it_is_strict() {
    let home = fixture("faults/server-is-ca");
    let at = ["--at", "2027-01-01"];
    assert_eq!(verified(&home, &at).0, Some(0));
    assert_eq!(
        verified(&home, &[&at[..], &["--strict", "-q"]].concat()),
        (Some(1), String::new(), String::new())
    );
}

#[test]
fn single_files_are_judged_by_what_is_said_of_them() {
    let home = fixture("faults/clean-ecdsa-p256");
    let parts =
        ["--server-cert", "pki/server.crt", "--server-key", "pki/server.key", "--trust", "pki/root.crt"];
    let at = ["--at", "2027-01-01"];
    let (code, stdout, stderr) = verified(&home, &[&parts[..], &at].concat());
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.starts_with("checked .: 2 certificates, 1 key, pki/root.crt, no CRL\n"), "{stdout}");
    let crossed =
        ["--server-cert", "pki/server.crt", "--server-key", "pki/client.key", "--trust", "pki/root.crt"];
    let (code, stdout, _) = verified(&home, &[&crossed[..], &at].concat());
    assert_eq!(code, Some(1));
    assert!(stdout.contains("[key-mismatch]"), "{stdout}");
}

#[test]
fn certificates_named_alone_are_judged_without_their_keys() {
    let home = fixture("faults/clean-ecdsa-p256-intermediate");
    let at = ["--trust", "pki/chain.crt", "--at", "2027-01-01", "--strict"];
    for files in [&["pki/server.crt"][..], &["pki/server.crt", "pki/client.crt"]] {
        let (code, stdout, stderr) = verified(&home, &[files, &at].concat());
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    }
    let (code, stdout, _) = verified(&home, &[&["pki/server.crt", "pki/client.key"][..], &at].concat());
    assert_eq!((code, stdout.contains("[key-missing]")), (Some(1), true), "{stdout}");
    let (code, _, stderr) = verified(&home, &[&["pki/server.crt", "pki/nowhere.crt"][..], &at].concat());
    assert_eq!((code, stderr.contains("\"pki/nowhere.crt\" does not exist")), (Some(4), true), "{stderr}");
}

#[test]
fn the_questions_are_answered() {
    let home = fixture("faults/clean-ecdsa-p256");
    for (words, rule) in [
        (&["--host", "db.test"][..], None),
        (&["--host", "other.test"], Some("host-mismatch")),
        (&["--host", "other.test", "--sslmode", "verify-ca"], None),
        (&["-U", "app"], None),
        (&["-U", "App"], Some("role-mismatch")),
        (&["--host", "127.0.0.1", "--libpq-version", "14"], Some("host-mismatch")),
        (&["--expires-in", "10y"], None),
        (&["--at", "2036-01-02"], Some("expired")),
        (&["--at", "2025-12-31"], Some("not-yet-valid")),
    ] {
        let at: &[&str] = if words.contains(&"--at") { &[] } else { &["--at", "2027-01-01"] };
        let (code, stdout, stderr) = verified(&home, &[words, at].concat());
        assert_eq!((code, stderr.as_str()), (Some(i32::from(rule.is_some())), ""), "{words:?}\n{stdout}");
        assert!(rule.is_none_or(|rule| stdout.contains(&format!("[{rule}]"))), "{words:?}\n{stdout}");
    }
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let home = scratch();
    let (code, _, stderr) = verified(&home, &["nowhere"]);
    assert_eq!((code, stderr.lines().next()), (Some(4), Some("pgtls: error: \"nowhere\" does not exist")));
    let (code, _, stderr) = verified(&home, &[]);
    let fact = "pgtls: error: there is nothing to judge in \".\"";
    assert_eq!((code, stderr.lines().next()), (Some(2), Some(fact)));
    let (code, _, _) = verified(&home, &["--at", "someday"]);
    assert_eq!(code, Some(2));
}

#[test]
fn json_has_every_finding_with_its_parts() {
    let home = fixture("guide/self-signed");
    let (code, stdout, _) = verified(&home, &["--json", "--at", "2026-12-01"]);
    assert_eq!(code, Some(1));
    assert_golden("verify-guide-self-signed.json", &stdout);
}

#[test]
fn the_table_of_client_stacks_says_who_connects_and_why_the_others_do_not() {
    for layout in ["intermediate", "self-signed"] {
        let home = fixture(&format!("guide/{layout}"));
        let (code, stdout, stderr) = verified(&home, &["--at", "2026-12-01", "--drivers"]);
        assert_eq!((code, stderr.as_str()), (Some(1), ""), "{layout}");
        let table = stdout.split_inclusive("\n\n").find(|part| part.starts_with("drivers ")).unwrap();
        assert_golden(&format!("verify-drivers-{layout}.txt"), table);
        for line in table.lines() {
            assert!(line.chars().count() <= 80 && line.trim_end() == line, "{line}");
        }
    }
}

/// What only some stacks refuse is a warning, whether they are asked for or not.
#[test]
fn asking_for_client_stacks_changes_no_exit_code() {
    for (name, code, summary) in [
        ("clean-ecdsa-p256", 0, Some("good: 14 of 14 clients connect")),
        ("san-missing", 0, Some("good: 11 of 14 clients connect; not rustls, Go (2)")),
        ("server-signed-by-ed25519", 1, None),
        ("server-expired", 1, None),
        ("client-certificate-missing", 0, None),
    ] {
        let home = fixture(&format!("faults/{name}"));
        let at = ["--at", "2027-01-01"];
        let (plain, text, _) = verified(&home, &at);
        let (asked, table, _) = verified(&home, &[&at[..], &["--drivers"]].concat());
        assert_eq!((plain, asked), (Some(code), Some(code)), "{name}");
        let line = |text: &str| text.lines().find(|line| line.contains("clients connect")).map(str::to_owned);
        let flagged = summary.map(|line| format!("{line:<69}[--drivers]"));
        assert_eq!(line(&text), flagged, "{name}");
        assert_eq!(line(&table).as_deref(), summary, "{name}");
    }
}

#[test]
fn what_is_the_same_of_every_stack_is_said_once() {
    let home = fixture("faults/server-expired");
    let (_, stdout, _) = verified(&home, &["--at", "2027-01-01", "--drivers"]);
    let expected = "  all of them           no      yes     it has ended, at 2026-06-01T00:00:00Z\n";
    assert!(stdout.contains(expected) && !stdout.contains("psql ("), "{stdout}");
    let home = fixture("faults/client-certificate-missing");
    let (_, stdout, _) = verified(&home, &["--at", "2027-01-01", "--drivers"]);
    assert!(stdout.contains("  all of them           yes     -\n"), "{stdout}");
}

#[test]
fn json_has_the_client_stacks_where_they_are_asked_for() {
    let home = fixture("guide/intermediate");
    let json = |words: &[&str]| -> serde_json::Value {
        let (_, stdout, _) = verified(&home, &[&["--json", "--at", "2026-12-01"], words].concat());
        serde_json::from_str(&stdout).unwrap()
    };
    assert!(json(&[]).get("drivers").is_none() && json(&[]).get("logins").is_none());
    let rows = json(&["--drivers"])["drivers"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 14);
    let strict = serde_json::json!({
        "driver": "asyncpg-python-3.13",
        "version": "asyncpg 0.32, flags of Python 3.13",
        "server": {
            "answer": "refuses",
            "file": "intermediate.crt",
            "rule": "ca-key-usage-missing",
            "why": "CA cert does not include key usage extension",
        },
        "client": { "answer": "accepts" },
    });
    assert_eq!(rows[3], strict);
    assert_eq!(rows[12]["lua_ssl_verify_depth"], 1);
    assert_eq!(rows[5]["needs"].as_str().unwrap().split(' ').next(), Some("openssl"));
}

#[test]
fn a_role_is_answered_with_the_lines_that_pg_ident_wants() {
    let home = fixture("faults/two-common-names");
    let (_, stdout, _) = verified(&home, &["--at", "2027-01-01", "-U", "all"]);
    let expected = "client.crt as all, in pg_ident.conf for map=tls:\n\
        \x20 tls  app  \"all\"  # clientname=CN, the default\n\
        \x20 tls  \"CN=admin,CN=app\"  \"all\"  # clientname=DN\n\n";
    assert!(stdout.contains(expected), "{stdout}");
    let (_, stdout, _) = verified(&home, &["--at", "2027-01-01", "-U", "app", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let expected = serde_json::json!([{
        "file": "client.crt",
        "role": "app",
        "common_name": "app",
        "distinguished_name": "CN=admin,CN=app",
        "pg_ident_cn": "tls  app  app",
        "pg_ident_dn": "tls  \"CN=admin,CN=app\"  app",
    }]);
    assert_eq!(json["logins"], expected);
    let (_, stdout, _) = verified(&fixture("faults/client-without-common-name"), &["--json", "-U", "app"]);
    assert!(stdout.contains("\"pg_ident_cn\": null"), "{stdout}");
}

#[test]
fn two_questions_answered_with_no_have_one_command() {
    let home = fixture("faults/clean-ecdsa-p256");
    let (code, stdout, _) = verified(&home, &["--host", "db9", "-U", "bob", "--at", "2027-01-01"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert_eq!(stdout.matches("pgtls gen").count(), 1, "{stdout}");
    assert!(stdout.contains(" --client bob") && stdout.contains(" --server db9"), "{stdout}");
}

#[test]
fn keys_that_lie_crossed_are_swapped_by_one_command() {
    let home = fixture("faults/keys-crossed");
    let (_, stdout, _) = verified(&home, &["--at", "2027-01-01"]);
    assert_eq!(stdout.matches("cp -p ").count(), 1, "{stdout}");
    assert_eq!(stdout.matches("    hint: as above\n").count(), 1, "{stdout}");
}

#[test]
fn good_is_said_of_what_was_read_alone() {
    for (case, unsaid) in [
        ("leaf-not-first", "good: leaf first"),
        ("pem-truncated", "every key fits"),
        ("pem-truncated", "every chain"),
        ("pem-truncated", "all in their time"),
        ("name-constraints", "every chain"),
        ("extension-twice", "every chain"),
    ] {
        let (code, stdout, _) = verified(&fixture(&format!("faults/{case}")), &["--at", "2027-01-01"]);
        assert_eq!(code, Some(1), "{case}: {stdout}");
        assert!(!stdout.contains(unsaid) && stdout.contains("good: "), "{case}: {stdout}");
    }
}

#[test]
fn the_command_is_for_the_files_and_leaves_out_names_that_are_at_fault() {
    let home = fixture("faults/keys-crossed");
    let parts =
        ["--server-cert", "pki/server.crt", "--server-key", "pki/server.key", "--trust", "pki/root.crt"];
    let (_, stdout, _) = verified(&home, &[&parts[..], &["--at", "2027-01-01"]].concat());
    assert!(stdout.contains(" -D pki"), "{stdout}");
    for (case, has, has_not) in [
        ("pem-truncated", " --server HOST", "dbhost"),
        ("wildcard-top-level", " --server db.test", "'*.test'"),
        ("name-constraints", "hint: Leave the name out", "pgtls gen"),
    ] {
        let (_, stdout, _) = verified(&fixture(&format!("faults/{case}")), &["--at", "2027-01-01"]);
        assert!(stdout.contains(has) && !stdout.contains(has_not), "{case}: {stdout}");
    }
    fs::write(home.path().join("text"), "no certificate\n").unwrap();
    let (code, stdout, _) = verified(&home, &["text"]);
    assert_eq!((code, stdout.contains("pgtls gen")), (Some(1), false), "{stdout}");
}

#[test]
fn a_leafs_own_file_is_not_what_the_other_side_trusts() {
    let home = fixture("faults/clean-ecdsa-p256-intermediate");
    let (code, stdout, _) = verified(&home, &["pki/client.crt", "--at", "2027-01-01"]);
    assert_eq!((code, stdout.contains("[chain-incomplete]")), (Some(1), true), "{stdout}");
    assert!(stdout.contains("\npki/client.crt  CN=app, until"), "{stdout}");
}

/// With an intermediate behind the leaf, and the key too: the leaf names the file, and nothing good is said of the key.
#[test]
fn a_file_of_several_is_headed_by_its_leaf_and_a_key_in_it_is_not_closed() {
    let home = scratch();
    Run::new(&["gen", "chain", "--intermediate", "-q", "--server", "db.test"]).dir(&home).code(0);
    let pki = home.path().join("pki");
    let mut file = fs::read(pki.join("server.crt")).unwrap();
    file.extend(fs::read(pki.join("server.key")).unwrap());
    fs::write(pki.join("server.crt"), file).unwrap();
    let (_, stdout, _) =
        verified(&home, &["--server-cert", "pki/server.crt", "--trust", "pki/root.crt", "--host", "x.test"]);
    assert!(stdout.contains("\npki/server.crt  CN=db.test, until "), "{stdout}");
    assert!(stdout.contains("[key-in-public-file]"), "{stdout}");
    assert!(!stdout.contains("is closed to others"), "{stdout}");
}
