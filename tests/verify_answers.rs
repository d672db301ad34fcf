//! How `verify` answers: everything in one run, by severity and exit code, however many, wherever it is printed.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::{Run, names, scratch, text};
use tempfile::TempDir;

fn fixture(name: &str, file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults").join(name).join(file);
    fs::read(path).unwrap()
}

/// A directory of files of fixtures, keys closed.
fn place(files: &[(&str, &str, &str)]) -> TempDir {
    let home = scratch();
    fs::create_dir(home.path().join("pki")).unwrap();
    for (name, file, copy) in files {
        let target = home.path().join("pki").join(copy);
        fs::write(&target, fixture(name, file)).unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    }
    home
}

fn verified(directory: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = Run::new(&[&["verify"], words].concat()).dir(directory).output();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn told(stdout: &str, rule: &str) -> bool {
    stdout.contains(&format!("[{rule}]"))
}

fn json(directory: &Path, words: &[&str]) -> Value {
    let (_, stdout, stderr) = verified(directory, &[words, &["--json"]].concat());
    serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"))
}

#[test]
fn every_fault_is_told_in_one_run() {
    let base = "clean-ecdsa-p256";
    let home = place(&[
        ("server-expired", "server.crt", "server.crt"),
        (base, "client.key", "server.key"),
        ("client-without-usage", "client.crt", "client.crt"),
        ("client-key-sec1", "client.key", "client.key"),
        ("root-without-key-usage", "root.crt", "root.crt"),
        ("pem-garbled", "client.crt", "garbled.crt"),
        ("text-around-pem", "root.crt", "ca.crt"),
        ("crl-stale", "crl.pem", "crl.pem"),
    ]);
    let value = json(home.path(), &["pki", "--at", "2027-01-01"]);
    let findings = value["findings"].as_array().unwrap();
    let rules: Vec<&str> = findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    for rule in [
        "pem-damaged",
        "key-mismatch",
        "expired",
        "client-passes-as-server",
        "crl-stale",
        "key-not-pkcs8",
        "ca-key-usage-missing",
        "text-around-pem",
    ] {
        assert!(rules.contains(&rule), "{rule} is not among {rules:?}");
    }
    // Worst first, and counted.
    let severity = |word: &str| findings.iter().filter(|finding| finding["severity"] == word).count();
    for (word, field) in [("error", "errors"), ("warning", "warnings"), ("note", "notes")] {
        assert!(severity(word) > 0, "no {word}: {rules:?}");
        assert_eq!(value[field], severity(word), "{word}");
    }
    let order: Vec<&str> = findings.iter().map(|finding| finding["severity"].as_str().unwrap()).collect();
    assert!(order.is_sorted_by_key(|word| ["error", "warning", "note"].iter().position(|it| it == word)));
    // The text has the same ones.
    let (code, stdout, _) = verified(home.path(), &["pki", "--at", "2027-01-01"]);
    assert_eq!(code, Some(1));
    assert!(rules.iter().all(|rule| stdout.contains(&format!("[{rule}]"))), "{stdout}");
}

#[test]
fn the_exit_code_is_that_of_the_worst_severity_and_of_strictness() {
    let base = "clean-ecdsa-p256";
    let clean = [
        (base, "root.crt", "root.crt"),
        (base, "client.crt", "client.crt"),
        (base, "client.key", "client.key"),
    ];
    let with = |name: &'static str, file: &'static str| {
        let mut files = clean;
        files.iter_mut().filter(|(_, it, _)| *it == file).for_each(|it| it.0 = name);
        place(&files)
    };
    for (home, worst, codes) in [
        (with(base, "root.crt"), "note", [0, 0]),
        (with("client-key-sec1", "client.key"), "warning", [0, 1]),
        (with("client-expired", "client.crt"), "error", [1, 1]),
    ] {
        let at = ["pki", "--at", "2027-01-01"];
        let value = json(home.path(), &at);
        assert_eq!(value["findings"][0]["severity"], worst, "{value:#}");
        for (strict, code) in [(&[][..], codes[0]), (&["--strict"], codes[1])] {
            for form in [&[][..], &["--json"], &["-q"], &["--prometheus"]] {
                let found = verified(home.path(), &[&at[..], strict, form].concat());
                assert_eq!(found.0, Some(code), "{worst} {strict:?} {form:?}\n{}", found.1);
                assert_eq!(found.1.is_empty(), form == ["-q"]);
            }
        }
    }
}

#[test]
fn what_ends_within_the_span_is_warned_of_and_a_second_more_is_not() {
    let base = "clean-ecdsa-p256";
    let home = place(&[
        (base, "client.crt", "client.crt"),
        (base, "client.key", "client.key"),
        (base, "root.crt", "root.crt"),
    ]);
    // It ends on 2036-01-01T00:00:00Z.
    for (span, warned) in [("24h", false), ("86401s", true), ("2d", true), ("23h", false)] {
        let value = json(home.path(), &["pki", "--at", "2035-12-31", "--expires-in", span]);
        let findings = value["findings"].as_array().unwrap();
        assert_eq!(findings.iter().any(|it| it["rule"] == "expires-soon"), warned, "{span}");
    }
    for span in ["0d", "soon", "-1d"] {
        let (code, _, stderr) = verified(home.path(), &["pki", &format!("--expires-in={span}")]);
        assert_eq!(code, Some(2));
        assert!(stderr.starts_with("pgtls: error: --expires-in: "), "{stderr}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_changes_nothing_of_the_answer() {
    let home = place(&[("client-expired", "client.crt", "client.crt")]);
    let script = r#"(sleep 0.2; "$@"; echo "exit code $?" >&2) | true"#;
    for form in [&[][..], &["--json"], &["--prometheus"], &["--against", "pki/client.crt"]] {
        let code = if form.contains(&"--against") { 0 } else { 1 };
        let stderr = format!("exit code {code}\n");
        Run::new(&[&["verify", "pki/client.crt"], form].concat())
            .dir(&home)
            .through(script)
            .stderr(&stderr)
            .code(0);
    }
}

#[test]
fn a_path_that_is_no_text_is_looked_at_and_shown_as_well_as_can_be() {
    let home = place(&[("client-expired", "client.crt", "client.crt")]);
    let odd = OsStr::from_bytes(b"p\xffki");
    fs::rename(home.path().join("pki"), home.path().join(odd)).unwrap();
    for form in [&[][..], &["--json"], &["--prometheus"], &["--against", "."]] {
        fs::copy(home.path().join(odd).join("client.crt"), home.path().join("client.crt")).unwrap();
        let output =
            Run::new(&[&["verify"], form].concat()).command().arg(odd).current_dir(&home).output().unwrap();
        let stdout = text(&output.stdout);
        assert!(stdout.contains("p\u{fffd}ki"), "{form:?} {stdout}{}", text(&output.stderr));
    }
    let output = Run::new(&["verify"]).command().arg(OsStr::from_bytes(b"\xfe")).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).starts_with("pgtls: error: \"\u{fffd}\" does not exist\n"));
}

#[test]
fn neither_subjects_nor_names_send_anything_to_a_terminal() {
    let home = scratch();
    let profile = r#"
name = "odd"
[[certificate]]
name = "root"
usage = "root-ca"
subject = "CN=root\\1B[31m"
lifetime = "90d"
[[certificate]]
name = "client"
usage = "client"
issuer = "root"
subject = "CN=a\\1B[2Jb\\C2\\9Bc\\E2\\80\\AEd"
lifetime = "1d"
"#;
    fs::write(home.path().join("odd.toml"), profile).unwrap();
    Run::new(&["gen", "./odd.toml", "-q", "-D", "pki"]).dir(&home).code(0);
    let odd = "odd\u{1b}]0;x\u{7}\u{9b}\u{202e}.crt";
    fs::write(home.path().join("pki").join(odd), "nothing").unwrap();
    for words in [
        &["pki"][..],
        &["pki", "--against", "pki/client.crt"],
        &["pki/client.crt", "--trust", "pki/root.crt"],
    ] {
        for form in [&[][..], &["--json"], &["--prometheus"]] {
            if words.contains(&"--against") && form == ["--prometheus"] {
                continue;
            }
            let (_, stdout, stderr) = verified(home.path(), &[words, form].concat());
            let plain = |text: &str| text.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}'));
            assert!(!stdout.is_empty() && plain(&stdout) && plain(&stderr), "{words:?} {form:?} {stdout:?}");
        }
    }
    let value = json(home.path(), &["pki"]);
    let files = value["findings"].as_array().unwrap().iter().flat_map(|it| it["files"].as_array().unwrap());
    assert!(files.into_iter().any(|file| file == odd), "{value:#}");
}

/// Leaves under names of their own; each finding names but a few of them in the text and all in JSON.
#[test]
fn thousands_of_files_fit_a_screen_and_json_lists_all() {
    let home = place(&[("client-expired", "root.crt", "root.crt")]);
    let leaves = home.path().join("leaves");
    fs::create_dir(&leaves).unwrap();
    let expired = fixture("client-expired", "client.crt");
    for at in 0..1_500 {
        fs::write(leaves.join(format!("client.{at:04}.crt")), &expired).unwrap();
    }
    let files: Vec<String> = names(&leaves).into_iter().map(|name| format!("leaves/{name}")).collect();
    let words: Vec<&str> =
        files.iter().map(String::as_str).chain(["--trust", "pki/root.crt", "--at", "2027-01-01"]).collect();
    let (code, stdout, _) = verified(home.path(), &words);
    assert_eq!(code, Some(1));
    assert!(stdout.lines().count() < 30 && stdout.lines().all(|line| line.len() <= 80), "{stdout}");
    assert!(stdout.contains("leaves/client.0003.crt and 1,496 more\n"), "{stdout}");
    let value = json(home.path(), &words);
    let expired = value["findings"].as_array().unwrap().iter().find(|it| it["rule"] == "expired").unwrap();
    assert_eq!(expired["files"].as_array().unwrap().len(), 1_500);
}

/// Each with a date of its own, so that no two findings are one.
#[test]
fn thousands_of_different_findings_of_one_rule_are_told_by_the_first_and_a_number() {
    let home = scratch();
    let root =
        "[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\nlifetime = \"90d\"\n";
    let mut profile = format!("name = \"many\"\n{root}");
    for at in 0..40 {
        let entry = format!(
            "[[certificate]]\nname = \"client.{at}\"\nusage = \"client\"\nissuer = \"root\"\nsubject = \"CN=u{at}\"\nlifetime = \"{}h\"\n",
            24 + at
        );
        profile.push_str(&entry);
    }
    fs::write(home.path().join("many.toml"), profile).unwrap();
    Run::new(&["gen", "./many.toml", "-q", "-D", "pki"]).dir(&home).code(0);
    let (_, stdout, _) = verified(home.path(), &["pki"]);
    assert_eq!(stdout.matches("[expires-soon]").count(), 10, "{stdout}");
    assert!(stdout.contains("and 30 more files: expires-soon (--json lists all)\n"), "{stdout}");
    assert!(stdout.contains("0 errors, 40 warnings, "), "{stdout}");
    let value = json(home.path(), &["pki"]);
    let soon = value["findings"].as_array().unwrap().iter().filter(|it| it["rule"] == "expires-soon");
    assert_eq!(soon.count(), 40);
}

/// In any order, and more than once: each is looked at once, under its last spelling, and the one that is missing is
/// named.
#[test]
fn files_of_several_directories_are_judged_each_once() {
    let home = place(&[("client-expired", "root.crt", "root.crt")]);
    for (directory, file) in [("b", "client.2.crt"), ("a", "client.1.crt"), ("b", "client.1.crt")] {
        fs::create_dir_all(home.path().join(directory)).unwrap();
        fs::write(home.path().join(directory).join(file), fixture("client-expired", "client.crt")).unwrap();
    }
    let asked = ["b/client.2.crt", "a/client.1.crt", "b/client.2.crt", "b/client.1.crt", "a//client.1.crt"];
    let words = [&asked[..], &["--trust", "pki/root.crt", "--at", "2027-01-01"]].concat();
    let value = json(home.path(), &words);
    let expired = value["findings"].as_array().unwrap().iter().find(|it| it["rule"] == "expired").unwrap();
    let mut files: Vec<&str> =
        expired["files"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    files.sort_unstable();
    assert_eq!(files, ["a//client.1.crt", "b/client.1.crt", "b/client.2.crt"]);
    let (code, _, stderr) = verified(home.path(), &[&words[..], &["b/client.3.crt"]].concat());
    assert_eq!(code, Some(4));
    assert!(stderr.contains("b/client.3.crt"), "{stderr}");
}

#[test]
fn a_host_is_not_passed_over_where_no_server_is_there_to_be_asked() {
    let base = "clean-ecdsa-p256";
    let home = place(&[
        (base, "client.crt", "client.crt"),
        (base, "client.key", "client.key"),
        (base, "root.crt", "root.crt"),
    ]);
    let asked = |words: &[&str]| {
        let (code, stdout, _) = verified(home.path(), &[&["pki", "--at", "2027-01-01"], words].concat());
        assert_eq!(code, Some(0), "{stdout}");
        told(&stdout, "host-not-told")
    };
    assert!(asked(&["--host", "db.test"]));
    assert!(!asked(&[]));
    assert!(!asked(&["--host", "db.test", "--sslmode", "verify-ca"]), "then no host is compared");
    let server = home.path().join("pki/server.crt");
    fs::write(server, fixture(base, "server.crt")).unwrap();
    let (_, stdout, _) = verified(home.path(), &["pki", "--host", "db.test"]);
    assert!(!told(&stdout, "host-not-told"), "{stdout}");
}
