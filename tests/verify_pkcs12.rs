//! `verify` of PKCS#12 archives: those that OpenSSL (as it is, and in its old ways) and Java made are opened and judged like
//! PEM, and by what pgJDBC wants of them.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use pgtls::fs::{FileEntry, Mode};
use pgtls::verify::{Exhibit, Policy, Roles, check};
use support::{Run, run, scratch, text};
use tempfile::TempDir;
use time::OffsetDateTime;

/// `pki/` of the layout with an intermediate for the role `app`, and files with passwords.
fn home() -> TempDir {
    let home = scratch();
    let words = ["gen", "chain", "--intermediate", "-q", "--server", "db.test", "--client", "app"];
    Run::new(&words).dir(&home).code(0);
    fs::write(home.path().join("word"), "word\n").unwrap();
    fs::write(home.path().join("other"), "other\n").unwrap();
    home
}

/// An archive of `pki/client.crt` and its key, with more words for `openssl pkcs12`.
fn export(home: &TempDir, words: &[&str], name: &str) {
    let client = ["pkcs12", "-export", "-in", "pki/client.crt", "-inkey", "pki/client.key"];
    run(home.path(), "openssl", &[&client, words, &["-out", name]].concat());
}

fn verified(home: &TempDir, words: &[&str]) -> (Option<i32>, String) {
    let output = Run::new(&[&["verify"], words].concat()).dir(home).output();
    assert_eq!(text(&output.stderr), "", "{words:?}");
    (output.status.code(), text(&output.stdout))
}

/// The rules of the errors and warnings, which stand at the ends of lines.
fn problems(stdout: &str) -> Vec<String> {
    let mut is_problem = false;
    let mut rules = Vec::new();
    for line in stdout.lines() {
        match line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) {
            Some(first) if first.starts_with("error: ") || first.starts_with("warning: ") => {
                is_problem = true
            }
            Some(first) if first.starts_with("note: ") => is_problem = false,
            _ => {}
        }
        let rule =
            line.strip_suffix(']').and_then(|line| line.rsplit_once('[')).map(|(_, rule)| rule.to_owned());
        rules.extend(rule.filter(|_| is_problem));
    }
    rules
}

const USER: [&str; 4] = ["-name", "user", "-passout", "pass:word"];
const TRUST: [&str; 2] = ["--trust", "pki/root.crt"];

#[test]
fn what_openssl_makes_in_all_its_ways_is_opened_and_has_no_fault() {
    let home = home();
    for (name, words) in [
        ("new.p12", &[][..]),
        ("old.pfx", &["-legacy"]),
        ("triple.p12", &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]),
        ("aes128.p12", &["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha512"]),
        ("open-certificates.p12", &["-certpbe", "NONE"]),
        ("without-mac.p12", &["-nomac"]),
        ("with-root.p12", &["-certfile", "pki/chain.crt"]),
    ] {
        export(&home, &[&USER, words].concat(), name);
        let (code, stdout) =
            verified(&home, &[&[name, "--passphrase-file", "word", "--strict"], &TRUST[..]].concat());
        assert_eq!(code, Some(0), "{name}\n{stdout}");
        assert!(
            stdout.starts_with(&format!("checked {name}: 3 certificates, 1 key, pki/root.crt, no CRL\n")),
            "{stdout}"
        );
        assert!(stdout.contains("good: every key fits its certificate\n"), "{stdout}");
    }
}

#[test]
fn what_java_makes_is_opened_too() {
    let home = home();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fs::copy(fixtures.join("pkcs12/java.p12"), home.path().join("java.p12")).unwrap();
    fs::copy(fixtures.join("faults/clean-ecdsa-p256/root.crt"), home.path().join("root.crt")).unwrap();
    fs::write(home.path().join("wordword"), "wordword\n").unwrap();
    let words = [
        "java.p12",
        "--passphrase-file",
        "wordword",
        "--trust",
        "root.crt",
        "--at",
        "2027-01-01",
        "--strict",
    ];
    let (code, stdout) = verified(&home, &words);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.starts_with("checked java.p12: 2 certificates, 1 key, root.crt, no CRL\n"), "{stdout}");
}

#[test]
fn each_thing_that_pgjdbc_wants_is_a_warning_where_it_is_not_so() {
    let home = home();
    for (name, words, rules) in [
        ("alias.p12", &["-name", "app", "-passout", "pass:word"][..], &["pkcs12-alias"][..]),
        ("no-alias.p12", &["-passout", "pass:word"], &["pkcs12-alias"]),
        // Java does not look at the case of an alias.
        ("capitals.p12", &["-name", "USER", "-passout", "pass:word"], &[]),
        ("client.keystore", &USER, &["pkcs12-ending"]),
        ("client.P12", &USER, &["pkcs12-ending"]),
        ("empty.p12", &["-name", "user", "-passout", "pass:"], &["pkcs12-no-password"]),
        (
            "open.p12",
            &["-name", "user", "-passout", "pass:", "-keypbe", "NONE", "-certpbe", "NONE", "-nomac"],
            &["pkcs12-no-password"],
        ),
    ] {
        export(&home, words, name);
        let (code, stdout) = verified(&home, &[&[name, "--passphrase-file", "word"], &TRUST[..]].concat());
        assert_eq!(
            (code, problems(&stdout)),
            (Some(0), rules.iter().map(ToString::to_string).collect()),
            "{stdout}"
        );
    }
    let (_, stdout) = verified(&home, &[&["empty.p12"], &TRUST[..]].concat());
    assert_eq!(problems(&stdout), ["pkcs12-no-password"], "the empty password is tried unasked\n{stdout}");
}

#[test]
fn one_that_stays_closed_says_so_and_nothing_else() {
    let home = home();
    export(&home, &USER, "client.p12");
    let closed = [&["client.p12"], &TRUST[..]].concat();
    let (code, stdout) = verified(&home, &closed);
    assert_eq!((code, problems(&stdout)), (Some(0), vec!["pkcs12-locked".to_owned()]), "{stdout}");
    assert!(stdout.contains("hint: Give its password: --passphrase-file FILE.\n"), "{stdout}");
    let (code, stdout) = verified(&home, &[&closed[..], &["--passphrase-file", "other"]].concat());
    assert_eq!((code, problems(&stdout)), (Some(1), vec!["pkcs12-locked".to_owned()]), "{stdout}");
    assert!(stdout.contains("error: the password that was given does not open it"), "{stdout}");
}

#[test]
fn what_is_in_one_is_judged_like_pem() {
    let home = home();
    export(&home, &USER, "client.p12");
    let leaf = ["x509", "-in", "pki/client.crt", "-out", "leaf.crt"];
    run(home.path(), "openssl", &leaf);
    let alone = ["pkcs12", "-export", "-in", "leaf.crt", "-inkey", "pki/client.key"];
    run(home.path(), "openssl", &[&alone, &USER[..], &["-out", "alone.p12"]].concat());
    let server = ["pkcs12", "-export", "-in", "pki/server.crt", "-inkey", "pki/server.key"];
    run(home.path(), "openssl", &[&server, &USER[..], &["-out", "server.p12"]].concat());
    for (words, rules) in [
        (&["client.p12", "-U", "bob"][..], &["role-mismatch"][..]),
        (&["client.p12", "--at", "2099-01-01"], &["expired"]),
        (&["alone.p12"], &["chain-incomplete"]),
        (&["server.p12", "--host", "other.test"], &["host-mismatch"]),
    ] {
        let (code, stdout) = verified(&home, &[words, &["--passphrase-file", "word"], &TRUST[..]].concat());
        assert_eq!(code, Some(1), "{stdout}");
        assert!(
            rules.iter().all(|rule| problems(&stdout).contains(&rule.to_string())),
            "{words:?}\n{stdout}"
        );
        let jdbc = problems(&stdout).iter().any(|rule| rule.starts_with("pkcs12"));
        assert!(!jdbc, "{words:?}\n{stdout}");
    }
}

#[test]
fn one_beside_pem_files_takes_nothing_from_them() {
    let home = home();
    export(&home, &["-name", "app", "-passout", "pass:word"], "pki/client.p12");
    for file in ["root.key", "intermediate.key"] {
        fs::remove_file(home.path().join("pki").join(file)).unwrap();
    }
    let (code, stdout) = verified(&home, &["pki", "--passphrase-file", "word"]);
    let found = problems(&stdout);
    assert!(code == Some(0) && found.contains(&"pkcs12-alias".to_owned()), "{stdout}");
    let of_keys: Vec<&String> =
        found.iter().filter(|rule| rule.starts_with("key-mi") || *rule == "key-alone").collect();
    assert!(of_keys.is_empty() && stdout.starts_with("checked pki: 4 certificates, 3 keys,"), "{stdout}");
    // A key of another certificate is told by the archive's own.
    fs::copy(home.path().join("pki/server.key"), home.path().join("pki/client.key")).unwrap();
    let (_, stdout) = verified(&home, &["pki", "--passphrase-file", "word"]);
    assert_eq!(stdout.matches("[key-mismatch]").count(), 1, "{stdout}");
    assert!(!stdout.contains("client.crt, client.p12"), "{stdout}");
}

#[test]
fn where_the_server_or_libpq_would_read_it_it_is_an_error() {
    let home = home();
    export(&home, &USER, "client.p12");
    let home_variable = home.path().to_str().unwrap();
    for words in [
        &["--client-cert", "client.p12"][..],
        &["--client-cert", "pki/client.crt", "--client-key", "client.p12"],
        &["--server-cert", "client.p12"],
        &["pki/client.crt", "--trust", "client.p12"],
        &["--libpq=sslcert=client.p12 sslkey=pki/client.key"],
    ] {
        for password in [&["--passphrase-file", "word"][..], &[]] {
            let output = Run::new(&[&["verify"], words, password].concat())
                .dir(&home)
                .env("HOME", home_variable)
                .output();
            let stdout = text(&output.stdout);
            let found = problems(&stdout).contains(&"pkcs12-not-read".to_owned());
            assert_eq!((output.status.code(), found), (Some(1), true), "{words:?}\n{stdout}");
        }
    }
    // OpenSSL, by which both read, finds no PEM in it.
    let read = Command::new("openssl")
        .args(["x509", "-inform", "PEM", "-in", "client.p12"])
        .current_dir(&home)
        .output();
    assert!(!read.unwrap().status.success());
}

#[test]
fn it_is_told_by_its_content_and_from_standard_input() {
    let home = home();
    export(&home, &USER, "client.p12");
    let shell = "\"$@\" <client.p12";
    let words = [&["verify", "-", "--passphrase-file", "word", "--strict"], &TRUST[..]].concat();
    let output = Run::new(&words).through(shell).dir(&home).output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    fs::write(home.path().join("text.p12"), fs::read(home.path().join("pki/client.crt")).unwrap()).unwrap();
    let (code, stdout) = verified(&home, &[&["text.p12"], &TRUST[..]].concat());
    assert_eq!((code, problems(&stdout)), (Some(1), vec!["block-unreadable".to_owned()]), "{stdout}");
}

/// A damaged archive is never a panic, and never passes for a sound one where it is protected by a MAC.
#[test]
fn a_damaged_one_is_never_sound() {
    let home = home();
    export(&home, &USER, "client.p12");
    let whole = fs::read(home.path().join("client.p12")).unwrap();
    let mut chance: u32 = 20_261_122;
    let mut next = |bound: usize| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (chance >> 8) as usize % bound
    };
    let mut damaged: Vec<Vec<u8>> = (0..40).map(|part| whole[..whole.len() * part / 40].to_vec()).collect();
    for _ in 0..200 {
        let mut flipped = whole.clone();
        flipped[next(whole.len())] ^= 1 << next(8);
        damaged.push(flipped);
    }
    let mut sound = 0;
    for bytes in damaged {
        let exhibit = Exhibit::read("client.p12", &FileEntry::new(bytes, Mode::SECRET), Some(b"word"));
        let policy = Policy::at(OffsetDateTime::now_utc());
        let (report, _) = check(".", &[exhibit], &Roles::default(), &policy);
        sound +=
            usize::from(!report.findings.iter().any(|finding| {
                finding.rule.id() == "pkcs12-locked" || finding.rule.id() == "block-unreadable"
            }));
    }
    // Some bits carry nothing: parameters that are absent, the attributes of a MAC.
    assert!(sound <= 10, "{sound} of 240 pass for sound");
}
