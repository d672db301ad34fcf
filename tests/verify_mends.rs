//! The mends that `verify` prints: every error and warning has one, and those that are commands are run, literally and
//! where they say, and mend the fault.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod faults;

use faults::{Case, cases, names, rule, tree};
use nix::unistd::geteuid;
use pgtls::cli::{Process, run};
use pgtls::fs::{FileEntry, Mode, Owner};
use pgtls::keys::SystemKeys;
use pgtls::verify::{Exhibit, Finding, Report, Rule, Severity, check, concerns};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

/// The command of a hint that is one.
fn command(finding: &Finding) -> Option<&str> {
    let hint = finding.hint.as_deref()?;
    hint.strip_prefix("Run ")?.strip_suffix('.')
}

fn serious(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| finding.severity != Severity::Note)
}

/// What the judge says of the files as they lie on the disk now, links followed.
fn judged(case: &Case, dir: &Path) -> Report {
    let own = |name: &String| name.rsplit('/').next().is_some_and(concerns);
    let exhibit = |name: String| {
        let metadata = fs::metadata(dir.join(&name)).unwrap();
        let mut owner = Owner { uid: metadata.uid(), gid: metadata.gid() };
        if !geteuid().is_root() {
            // Nobody else gives files away.
            owner.uid = case.owner(&name);
        }
        let entry = FileEntry::new(fs::read(dir.join(&name)).unwrap(), Mode::from_bits(metadata.mode()));
        Exhibit::read(&name, &entry.owned_by(owner), None)
    };
    let exhibits: Vec<Exhibit> = tree(dir).into_iter().filter(own).map(exhibit).collect();
    check(".", &exhibits, &case.roles(), &case.policy()).0
}

fn ids(report: &Report) -> BTreeSet<Rule> {
    serious(report).map(|finding| finding.rule).collect()
}

/// Our own program, at an instant when the guide's certificates are valid.
fn pgtls(words: &str) -> (u8, String) {
    pgtls_at(words, datetime!(2026-12-01 00:00 UTC))
}

fn pgtls_at(words: &str, now: OffsetDateTime) -> (u8, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let code = run(Process {
        arguments: words.split_whitespace().map(Into::into).collect(),
        variable: &|_| None,
        now,
        keys: &SystemKeys,
        stdin: &mut std::io::empty(),
        terminal: None,
        stderr_is_terminal: false,
        stdout: &mut stdout,
        stderr: &mut stderr,
    });
    (code, String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

#[test]
fn what_renews_the_guides_certificates_mends_all_their_faults_each_by_itself_and_all_together() {
    for layout in ["intermediate", "root-only", "self-signed"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide").join(layout);
        let fresh = || {
            let home = tempfile::tempdir().unwrap();
            for name in names(&source) {
                fs::copy(source.join(&name), home.path().join(&name)).unwrap();
                let mode = if name.ends_with(".key") { 0o600 } else { 0o644 };
                fs::set_permissions(home.path().join(&name), fs::Permissions::from_mode(mode)).unwrap();
            }
            home
        };
        let faults = |home: &Path| -> Vec<(String, String)> {
            let (_, said) = pgtls(&format!("pgtls verify --json {}", home.display()));
            let said: serde_json::Value = serde_json::from_str(&said).unwrap();
            let word = |it: &serde_json::Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
            let found = said["findings"].as_array().unwrap().iter().filter(|it| it["severity"] != "note");
            let found = found.map(|it| (word(it, "rule"), word(it, "hint")));
            found.filter(|(rule, _)| rule != "key-not-readable").collect()
        };
        let home = fresh();
        let before = faults(home.path());
        assert!(before.len() >= 3, "{layout}: {before:?}");
        for (rule, hint) in &before {
            assert!(hint.starts_with("pgtls renew "), "{layout}: {rule}: {hint}");
            let (code, said) = pgtls(hint);
            assert_eq!(code, 0, "{hint}\n{said}");
        }
        assert_eq!(faults(home.path()), [], "{layout}");
        // The last line but one says it at once.
        let home = fresh();
        let (_, said) = pgtls(&format!("pgtls verify {}", home.path().display()));
        let said = said.replace(" \\\n    ", " ");
        let all = said.split("so that what runs now keeps running:\n").nth(1).unwrap();
        let (code, said) = pgtls(all.lines().next().unwrap().trim());
        assert_eq!(code, 0, "{said}");
        assert_eq!(faults(home.path()), [], "{layout}");
    }
}

#[test]
fn every_error_and_warning_says_how_it_is_mended() {
    for case in cases() {
        for finding in serious(&case.judged()) {
            let hint = finding.hint.as_deref().unwrap_or_else(|| panic!("{}: {finding:#?}", case.name));
            let is_sentence = hint.ends_with('.');
            assert!(
                is_sentence
                    || ["pgtls gen ", "pgtls renew ", "openssl "]
                        .iter()
                        .any(|command| hint.contains(command)),
                "{hint}"
            );
            assert!(!hint.contains("  ") && !hint.contains('\n'), "{}: {hint:?}", case.name);
        }
    }
}

#[test]
fn a_renewal_that_is_printed_mends_the_fault() {
    let mut ran = BTreeSet::new();
    for case in cases() {
        for finding in serious(&case.judged()) {
            let hint = finding.hint.as_deref().unwrap_or_default();
            let Some(words) = hint.strip_prefix("pgtls renew ").filter(|words| !words.contains("--ca-dir"))
            else {
                continue;
            };
            let copy = case.copied();
            let (words, at) = (words.replace(" -D .", ""), case.policy().at);
            let (code, said) = pgtls_at(&format!("pgtls renew {words} -D {}", copy.path().display()), at);
            assert_eq!(code, 0, "{}: {hint}\n{said}", case.name);
            let after = judged(&case, copy.path());
            let stays = |other: &&Finding| other.rule == finding.rule && other.files == finding.files;
            assert!(!serious(&after).any(|other| stays(&other)), "{}: {hint}: {after:#?}", case.name);
            ran.insert(finding.rule.id());
        }
    }
    for id in ["x509-v1", "san-missing", "server-passes-as-client"] {
        assert!(ran.contains(id), "no renewal for {id} was run: {ran:?}");
    }
}

#[test]
fn the_command_that_is_printed_mends_the_fault_and_makes_no_other() {
    let mut ran = BTreeSet::new();
    for case in cases() {
        let hinted = case.judged();
        for finding in serious(&hinted) {
            let Some(command) = command(finding) else { continue };
            if command.contains("chown") && !geteuid().is_root() {
                continue;
            }
            let copy = case.copied();
            let before = judged(&case, copy.path());
            assert_eq!(ids(&before), ids(&hinted), "{}", case.name);
            let output = Command::new("sh").args(["-c", command]).current_dir(&copy).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{}: {command}\n{said}", case.name);
            let after = judged(&case, copy.path());
            let told = || serious(&after).map(|finding| format!("{finding:#?}")).collect::<String>();
            let gone =
                !serious(&after).any(|other| other.rule == finding.rule && other.files == finding.files);
            assert!(gone, "{}: {command} does not mend it: {}", case.name, told());
            assert!(
                ids(&after).is_subset(&ids(&before)),
                "{}: {command} makes it worse: {}",
                case.name,
                told()
            );
            ran.insert(finding.rule.id());
        }
    }
    let wanted = "anchor-not-self-signed byte-order-mark ca-in-crl-file chain-order crl-hash-name der-not-pem \
                  intermediate-not-appended key-mismatch key-mode-too-open key-not-pkcs8 leaf-not-first not-trusted \
                  trusted-certificate";
    for id in wanted.split_whitespace() {
        assert!(rule(id).is_some() && ran.contains(id), "no command of {id} was run: {ran:?}");
    }
    if geteuid().is_root() {
        assert!(ran.contains("key-owner") && ran.contains("key-not-readable"), "{ran:?}");
    }
}

/// What is shown is pasted from where the user stands, into a shell.
#[test]
fn the_command_names_the_directory_of_single_files_and_quotes_what_was_asked() {
    let home = tempfile::tempdir().unwrap();
    let pki = home.path().join("pki").display().to_string();
    assert_eq!(pgtls(&format!("pgtls gen chain -q -D {pki} --server db.test")).0, 0);
    let named =
        format!("--client-cert {pki}/client.crt --client-key {pki}/client.key --trust {pki}/root.crt");
    let (code, said) = pgtls(&format!("pgtls verify {named} -U we'ird;"));
    assert_eq!(code, 1, "{said}");
    // As the shell reads it.
    let said = said.replace(" \\\n    ", " ");
    let command = said.lines().find(|line| line.starts_with("  pgtls gen ")).unwrap();
    assert!(command.contains(&format!(" -D {pki} ")), "{command}");
    assert!(command.ends_with(r" --client 'we'\''ird;'"), "{command}");
    let (_, said) = pgtls(&format!("pgtls verify {pki} -U="));
    assert!(said.lines().all(|line| !line.contains("--client  ")), "{said}");
}

/// A directory with a client and one more, who is revoked and whose files were put back.
fn with_revoked(stem: &str) -> (TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let pki = home.path().join("pki").display().to_string();
    let ok = |words: &str| assert_eq!(pgtls(words).0, 0, "{words}");
    ok(&format!("pgtls gen chain --intermediate -q -D {pki} --server db.test --client alice"));
    ok(&format!("pgtls issue client bob --lifetime 2d -q -D {pki}"));
    let pair = [".crt", ".key"].map(|end| format!("{pki}/{stem}{end}"));
    let held = pair.clone().map(|file| fs::read(file).unwrap());
    ok(&format!("pgtls revoke {stem} -q -D {pki}"));
    for (file, text) in pair.iter().zip(held) {
        fs::write(file, text).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    (home, pki)
}

#[test]
fn whoever_is_revoked_is_not_made_anew_and_in_nobodys_place() {
    let (_home, pki) = with_revoked("client.bob");
    let before = fs::read(format!("{pki}/client.crt")).unwrap();
    // Ended too.
    let later = datetime!(2026-12-06 00:00 UTC);
    let (code, said) = pgtls_at(&format!("pgtls verify {pki}"), later);
    assert!(code == 1 && said.contains("[expired]") && !said.contains("pgtls gen"), "{said}");
    let (_, said) = pgtls_at(&format!("pgtls verify --json {pki}"), later);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let found = said["findings"].as_array().unwrap().iter();
    let of_bob: Vec<_> = found.filter(|it| it["files"][0] == "client.bob.crt").collect();
    let hint = format!("Run pgtls revoke -D {pki} client.bob.");
    assert!(of_bob.len() == 2 && of_bob.iter().all(|it| it["hint"] == hint.as_str()), "{of_bob:?}");
    assert_eq!(pgtls_at(&format!("pgtls revoke -D {pki} client.bob"), later).0, 0);
    let (_, said) = pgtls_at(&format!("pgtls verify {pki}"), later);
    assert!(!said.contains("bob"), "{said}");
    assert_eq!(fs::read(format!("{pki}/client.crt")).unwrap(), before);
}

#[test]
fn a_command_for_the_set_lets_nobody_in_again_who_is_revoked() {
    let (_home, pki) = with_revoked("client");
    fs::remove_file(format!("{pki}/server.key")).unwrap();
    let (_, said) = pgtls(&format!("pgtls verify {pki}"));
    assert!(said.contains("--client ROLE") && !said.contains("--client alice"), "{said}");
}

#[test]
fn one_of_several_is_made_anew_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let pki = home.path().join("pki").display().to_string();
    assert_eq!(pgtls(&format!("pgtls gen chain -q -D {pki} --server db.test --client alice")).0, 0);
    assert_eq!(pgtls(&format!("pgtls issue client bob -q -D {pki}")).0, 0);
    let others = ["client.crt", "client.key", "server.crt", "server.key"].map(|file| format!("{pki}/{file}"));
    let before = others.clone().map(|file| fs::read(file).unwrap());
    fs::remove_file(format!("{pki}/client.bob.key")).unwrap();
    let said = pgtls(&format!("pgtls verify {pki}")).1.split_whitespace().collect::<Vec<_>>().join(" ");
    let command = format!("pgtls issue client bob -D {pki}");
    let hint = format!("take {pki}/client.bob.crt away, and make both anew: {command}");
    assert!(said.contains(&hint) && !said.contains("pgtls gen"), "{said}");
    fs::remove_file(format!("{pki}/client.bob.crt")).unwrap();
    assert_eq!(pgtls(&command).0, 0);
    let (_, said) = pgtls(&format!("pgtls verify {pki}"));
    assert!(!said.contains("[key-missing]") && said.contains("every key fits"), "{said}");
    assert_eq!(others.map(|file| fs::read(file).unwrap()), before);
    // Another role is another client.
    let (_, said) = pgtls(&format!("pgtls verify --json --client-cert {pki}/client.bob.crt -U carol"));
    assert!(said.contains(&format!("\"hint\": \"pgtls issue client carol -D {pki}")), "{said}");
}
