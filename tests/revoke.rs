//! `revoke`: what is shut out by which word, what goes where, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;

use pgtls::index::{Index, Status};
use pgtls::pem;
use pgtls::x509::{Certificate, RevocationList, RevocationReason, format_serial};
use support::{Run, mode, names, run, scratch, snapshot, text};
use tempfile::TempDir;

/// A directory `pki` with an intermediate and a client alice.
fn directory() -> TempDir {
    let home = scratch();
    made(&home, &["gen", "chain", "--intermediate", "--server", "db1.example.com"]);
    made(&home, &["issue", "client", "alice"]);
    home
}

/// Runs it, quietly.
fn made(home: &TempDir, words: &[&str]) {
    Run::new(&[words, &["-q"]].concat()).dir(home).code(0);
}

/// Runs `revoke`, which has to succeed, and returns what it says.
fn revoked(home: &TempDir, words: &[&str]) -> String {
    let output = Run::new(&[&["revoke"], words].concat()).dir(home).output();
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Expects a refusal of that code with these words, and that nothing changed.
fn refused(home: &TempDir, words: &[&str], code: i32, message: &str) -> String {
    let before = snapshot(home.path());
    let output = Run::new(&[&["revoke"], words].concat()).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}\n{stderr}");
    assert!(stderr.contains(message), "{stderr}\nis without\n{message}");
    assert_eq!(snapshot(home.path()), before, "a refusal changed something");
    stderr
}

fn certificate(home: &TempDir, file: &str) -> Certificate {
    let text = fs::read(home.path().join(file)).unwrap();
    Certificate::from_der(&pem::scan(&text).blocks[0].der).unwrap()
}

fn serial(home: &TempDir, file: &str) -> String {
    format_serial(&certificate(home, file).serial)
}

fn lists(home: &TempDir, file: &str) -> Vec<RevocationList> {
    let text = fs::read(home.path().join(file)).unwrap();
    let blocks = pem::scan(&text).blocks;
    blocks.iter().map(|block| RevocationList::from_der(&block.der).unwrap()).collect()
}

/// The serial numbers on the one list of a file.
fn listed(home: &TempDir, file: &str) -> Vec<String> {
    let [list] = lists(home, file).try_into().unwrap();
    list.revocations().map(|entry| format_serial(entry.serial)).collect()
}

fn index(home: &TempDir, file: &str) -> Index {
    Index::parse(&fs::read(home.path().join(file)).unwrap()).unwrap()
}

/// Another certificate for the key of alice, as a renewal makes one; the one before goes to `before.crt`.
fn renew_alice(home: &TempDir) {
    let pki = home.path().join("pki");
    fs::rename(pki.join("client.alice.crt"), pki.join("before.crt")).unwrap();
    let words = "req -new -config /dev/null -subj /CN=alice -key pki/client.alice.key -out alice.csr";
    run(home.path(), "openssl", &words.split(' ').collect::<Vec<_>>());
    made(home, &["sign", "alice.csr", "--as", "client"]);
}

#[test]
fn a_revoked_certificate_is_on_the_list_and_in_the_index_and_its_pair_is_put_away() {
    let home = directory();
    let number = serial(&home, "pki/client.alice.crt");
    revoked(&home, &["client.alice", "--reason", "KEYcompromise"]);
    assert_eq!(listed(&home, "pki/intermediate.crl"), [number.as_str()]);
    assert_eq!(listed(&home, "pki/root.crl"), [""; 0], "the empty one is there too");
    let all = lists(&home, "pki/chain.crl");
    let own = ["intermediate.crl", "root.crl"].map(|file| lists(&home, &format!("pki/{file}")).remove(0));
    assert_eq!(all, own, "as in chain.crt, the root last");
    assert_eq!(all[0].revocations().next().unwrap().reason, Some(RevocationReason::KeyCompromise));
    let index = index(&home, "pki/intermediate.index");
    let marked: Vec<_> = index.lines().iter().filter(|line| line.status == Status::Revoked).collect();
    assert_eq!(marked.iter().map(|line| line.serial_hex()).collect::<Vec<_>>(), [number.as_str()]);
    assert_eq!(marked[0].revoked.unwrap().reason, Some(RevocationReason::KeyCompromise));
    let away = home.path().join("pki/revoked");
    let pair = [format!("client.alice-{number}.crt"), format!("client.alice-{number}.key")];
    assert_eq!(names(&away), pair);
    assert_eq!((mode(&away), mode(&away.join(&pair[1])), mode(&away.join(&pair[0]))), (0o700, 0o600, 0o644));
    assert!(!names(&home.path().join("pki")).iter().any(|name| name.starts_with("client.alice")));
    let verified = Run::new(&["verify", "pki"]).dir(&home).output();
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stdout));
}

#[test]
fn what_it_says_fits_a_terminal_and_names_all_that_is_to_be_done() {
    let home = directory();
    let number = serial(&home, "pki/client.alice.crt");
    let decimal = run(home.path(), "openssl", &["x509", "-in", "pki/client.alice.crt", "-noout", "-serial"]);
    assert_eq!(decimal.trim_end(), format!("serial={number}"));
    let said = revoked(&home, &["alice", "--reason", "superseded"]);
    assert!(said.starts_with("revoked in pki/: a certificate of /CN=alice, superseded\n"), "{said}");
    for part in [
        format!("\n  {number}  until "),
        "\nmoved to pki/revoked/: client.alice.crt client.alice.key\n".to_owned(),
        "\n  intermediate.crl  number 1, revokes 1, until ".to_owned(),
        "\n  root.crl          number 1, revokes nobody, until ".to_owned(),
        "copy                 pki/chain.crl, into its data directory\n".to_owned(),
        "ssl_crl_file = 'chain.crl'\n".to_owned(),
        "SELECT pg_reload_conf();\n".to_owned(),
        "sslcrl".to_owned(),
        "pg_terminate_backend".to_owned(),
    ] {
        assert!(said.contains(&part), "{said}\nis without\n{part}");
    }
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn every_certificate_of_the_key_goes_and_those_of_other_keys_stay() {
    let home = directory();
    let first = serial(&home, "pki/client.alice.crt");
    renew_alice(&home);
    let second = serial(&home, "pki/client.alice.crt");
    // One of the same subject and with a key of its own.
    made(&home, &["issue", "server", "alice"]);
    let said = revoked(&home, &["client.alice"]);
    assert!(said.starts_with("revoked in pki/: 2 certificates of /CN=alice\n"), "{said}");
    let mut both = [first, second];
    both.sort();
    let mut found = listed(&home, "pki/intermediate.crl");
    found.sort();
    assert_eq!(found, both);
    let left = names(&home.path().join("pki"));
    assert!(
        left.contains(&"server.alice.crt".to_owned()) && !left.contains(&"before.crt".to_owned()),
        "{left:?}"
    );
    assert_eq!(names(&home.path().join("pki/revoked")).len(), 3, "the key lay beside the second");
}

#[test]
fn a_renewal_that_is_known_to_the_index_alone_goes_too() {
    let home = directory();
    let first = serial(&home, "pki/client.alice.crt");
    renew_alice(&home);
    fs::remove_file(home.path().join("pki/before.crt")).unwrap();
    revoked(&home, &["alice"]);
    assert!(listed(&home, "pki/intermediate.crl").contains(&first));
}

#[test]
fn a_serial_number_takes_that_one_alone_and_says_what_stays() {
    let home = directory();
    let first = serial(&home, "pki/client.alice.crt");
    renew_alice(&home);
    let second = serial(&home, "pki/client.alice.crt");
    let pairs: Vec<String> = first.as_bytes().chunks(2).map(|pair| text(pair).to_lowercase()).collect();
    let output = Run::new(&["revoke", &pairs.join(":")]).dir(&home).output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let left = format!("pgtls: warning: {second} of /CN=alice stays valid, until ");
    assert!(text(&output.stderr).starts_with(&left), "{}", text(&output.stderr));
    assert_eq!(listed(&home, "pki/intermediate.crl"), [first]);
    let there = names(&home.path().join("pki"));
    assert!(there.contains(&"client.alice.crt".to_owned()) && !there.contains(&"before.crt".to_owned()));
}

#[test]
fn a_file_that_lies_elsewhere_names_what_is_here() {
    let home = directory();
    fs::copy(home.path().join("pki/client.alice.crt"), home.path().join("backup.pem")).unwrap();
    let number = serial(&home, "backup.pem");
    revoked(&home, &["./backup.pem"]);
    assert_eq!(listed(&home, "pki/intermediate.crl"), [number]);
    assert!(!home.path().join("pki/client.alice.key").exists());
}

#[test]
fn what_no_index_lists_is_recorded_and_revoked_by_its_file() {
    let home = directory();
    fs::rename(home.path().join("pki/client.alice.crt"), home.path().join("alone.crt")).unwrap();
    let number = serial(&home, "alone.crt");
    let path = home.path().join("pki/intermediate.index");
    let kept: String = fs::read_to_string(&path)
        .unwrap()
        .lines()
        .filter(|it| !it.contains(&number))
        .map(|it| format!("{it}\n"))
        .collect();
    fs::write(&path, kept).unwrap();
    refused(&home, &[&number], 3, "no CA here issued");
    revoked(&home, &["alone.crt"]);
    assert_eq!(listed(&home, "pki/intermediate.crl"), [number.as_str()]);
    let index = index(&home, "pki/intermediate.index");
    let line = index.lines().iter().find(|line| line.serial_hex() == number).unwrap();
    assert_eq!((line.status, line.subject.as_str()), (Status::Revoked, "/CN=alice"));
}

#[test]
fn revoking_twice_is_done_and_said() {
    let home = directory();
    let number = serial(&home, "pki/client.alice.crt");
    revoked(&home, &["client.alice"]);
    let before = snapshot(home.path());
    for word in ["client.alice", "alice", &number] {
        let said = revoked(&home, &[word]);
        assert!(
            said.starts_with(&format!("{number} of /CN=alice is revoked already, since")),
            "{word}: {said}"
        );
        assert_eq!(snapshot(home.path()), before, "{word}");
    }
    // Who comes under that name later is somebody else.
    made(&home, &["issue", "client", "alice"]);
    let next = serial(&home, "pki/client.alice.crt");
    let said = revoked(&home, &["client.alice"]);
    assert!(said.contains(&next) && !said.starts_with(&number), "{said}");
}

#[test]
fn a_pair_that_was_left_in_its_place_is_put_away_later() {
    let home = directory();
    let pki = home.path().join("pki");
    fs::create_dir(home.path().join("copy")).unwrap();
    for name in ["client.alice.crt", "client.alice.key"] {
        fs::copy(pki.join(name), home.path().join("copy").join(name)).unwrap();
    }
    revoked(&home, &["alice"]);
    for name in ["client.alice.crt", "client.alice.key"] {
        fs::rename(home.path().join("copy").join(name), pki.join(name)).unwrap();
    }
    let verified = Run::new(&["verify", "pki"]).dir(&home).output();
    assert_eq!(verified.status.code(), Some(1), "{}", text(&verified.stdout));
    assert!(
        text(&verified.stdout).contains("hint: Run pgtls revoke -D pki client.alice.\n"),
        "{}",
        text(&verified.stdout)
    );
    let said = revoked(&home, &["-D", "pki", "client.alice"]);
    assert!(said.contains("is revoked already") && said.contains("moved to pki/revoked/"), "{said}");
    assert!(!pki.join("client.alice.key").exists());
    assert_eq!(Run::new(&["verify", "pki"]).dir(&home).output().status.code(), Some(0));
}

#[test]
fn verify_tells_how_a_list_that_lacks_somebody_or_has_ended_is_made_anew() {
    let home = directory();
    revoked(&home, &["alice"]);
    for file in ["intermediate.crl", "chain.crl"] {
        fs::remove_file(home.path().join("pki").join(file)).unwrap();
    }
    let said = text(&Run::new(&["verify", "pki"]).dir(&home).output().stdout);
    assert!(said.contains("[crl-missing]") && said.contains("Run pgtls crl -D pki --refresh.\n"), "{said}");
    made(&home, &["crl", "-D", "pki", "--refresh"]);
    assert_eq!(Run::new(&["verify", "pki"]).dir(&home).output().status.code(), Some(0));
    // Where the key is elsewhere, whoever has it is told.
    for key in ["root.key", "intermediate.key"] {
        fs::rename(home.path().join("pki").join(key), home.path().join(key)).unwrap();
    }
    fs::remove_file(home.path().join("pki/root.crl")).unwrap();
    fs::copy(home.path().join("pki/intermediate.crl"), home.path().join("pki/chain.crl")).unwrap();
    let said = text(&Run::new(&["verify", "pki"]).dir(&home).output().stdout).replace("\n    ", " ");
    assert!(said.contains("pgtls crl, where its key is."), "{said}");
}

#[test]
fn an_intermediate_is_revoked_by_the_root_and_its_files_stay() {
    let home = directory();
    let number = serial(&home, "pki/intermediate.crt");
    revoked(&home, &["intermediate", "--reason", "cacompromise"]);
    assert_eq!(listed(&home, "pki/root.crl"), [number]);
    assert_eq!(listed(&home, "pki/intermediate.crl"), [""; 0]);
    assert!(home.path().join("pki/intermediate.key").exists() && !home.path().join("pki/revoked").exists());
    run(home.path(), "openssl", &["crl", "-in", "pki/root.crl", "-CAfile", "pki/root.crt", "-noout"]);
}

#[test]
fn a_root_is_not_revoked() {
    let home = directory();
    let said =
        refused(&home, &["root"], 3, "\"root\" signed itself, and nobody but its CA revokes a certificate");
    assert!(said.contains("Take it out of every ssl_ca_file and sslrootcert"), "{said}");
}

#[test]
fn a_pair_that_signed_itself_is_made_anew_instead() {
    let home = scratch();
    made(&home, &["gen", "self-signed"]);
    let said = refused(&home, &["server"], 3, "\"server\" signed itself");
    assert!(said.contains("pgtls: hint: Make it anew with gen --force, and take"), "{said}");
}

#[test]
fn a_name_that_fits_two_is_refused_with_both() {
    let home = directory();
    made(&home, &["issue", "server", "alice"]);
    let said = refused(&home, &["alice"], 2, "\"alice\" fits several certificates");
    assert!(said.contains("pgtls: detail: It is one of: client.alice, server.alice.\n"), "{said}");
}

#[test]
fn what_was_never_issued_is_refused_with_what_was_looked_through() {
    let home = directory();
    for word in ["4F2A", "4f:2a", "nobody", "nothing.crt"] {
        let said = refused(&home, &[word], 3, &format!("no CA here issued \"{word}\""));
        assert!(
            said.contains("Looked through: pki/intermediate.index.") && said.contains("inspect --issued"),
            "{said}"
        );
    }
}

#[test]
fn what_another_ca_issued_is_refused_with_its_name() {
    let home = directory();
    made(&home, &["gen", "chain", "-D", "other", "--set", "domain=example.org"]);
    refused(&home, &["other/client.crt"], 3, "was issued by CN=root.example.org, who is not here");
}

#[test]
fn a_reason_is_one_of_rfc_5280() {
    let home = directory();
    let said = refused(
        &home,
        &["alice", "--reason", "keyCompromize"],
        2,
        "--reason: unknown reason \"keyCompromize\"",
    );
    assert!(said.contains("pgtls: hint: Did you mean keyCompromise?\n"), "{said}");
    let said = refused(&home, &["alice", "--reason", "x"], 2, "unknown reason");
    assert!(said.contains("keyCompromise, cACompromise, affiliationChanged,"), "{said}");
    refused(&home, &["alice", "--reason", "removeFromCRL"], 2, "removeFromCRL takes a revocation back");
}

#[test]
fn a_reason_that_openssl_has_no_word_for_is_on_the_list_and_stays_there() {
    let home = directory();
    revoked(&home, &["alice", "--reason", "privilegeWithdrawn"]);
    let reason = |home: &TempDir| {
        let [list] = lists(home, "pki/intermediate.crl").try_into().unwrap();
        list.revocations().next().unwrap().reason
    };
    assert_eq!(reason(&home), Some(RevocationReason::PrivilegeWithdrawn));
    made(&home, &["crl"]);
    assert_eq!(reason(&home), Some(RevocationReason::PrivilegeWithdrawn));
    assert_eq!(
        index(&home, "pki/intermediate.index").lines().iter().find_map(|it| it.revoked).unwrap().reason,
        None
    );
}

#[test]
fn an_index_with_a_broken_line_is_the_systems_refusal_with_its_number() {
    let home = directory();
    let path = home.path().join("pki/intermediate.index");
    let mut lines = fs::read(&path).unwrap();
    lines.extend_from_slice(b"V\tnonsense\n");
    fs::write(&path, lines).unwrap();
    refused(&home, &["alice"], 4, "index \"pki/intermediate.index\" cannot be read: line 4 has 2 fields");
}

#[test]
fn a_dry_run_shows_all_and_writes_nothing() {
    let home = directory();
    let before = snapshot(home.path());
    let said = revoked(&home, &["alice", "--dry-run"]);
    assert!(said.starts_with("would revoke in pki/: a certificate of /CN=alice\n"), "{said}");
    assert!(
        said.contains("would move to pki/revoked/") && said.contains("client.alice.crt, moved"),
        "{said}"
    );
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn as_json_it_says_serial_numbers_lists_and_what_moved() {
    let home = directory();
    let number = serial(&home, "pki/client.alice.crt");
    let said = revoked(&home, &["alice", "--json", "--reason", "superseded"]);
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(value["plan"]["revocations"][0]["serial"], number.as_str());
    assert_eq!(value["plan"]["revocations"][0]["reason"], "superseded");
    assert_eq!(value["plan"]["lists"][1]["of"], "intermediate");
    assert_eq!(
        (&value["plan"]["lists"][1]["kept"], &value["plan"]["lists"][1]["number"]),
        (&false.into(), &"01".into())
    );
    assert_eq!(value["plan"]["removed_files"], serde_json::json!(["client.alice.crt", "client.alice.key"]));
    assert_eq!(value["changed"], true);
}

#[test]
fn the_files_of_a_pair_keep_their_modes() {
    let home = directory();
    use std::os::unix::fs::PermissionsExt;
    let key = home.path().join("pki/client.alice.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
    let number = serial(&home, "pki/client.alice.crt");
    revoked(&home, &["alice"]);
    assert_eq!(mode(&home.path().join(format!("pki/revoked/client.alice-{number}.key"))), 0o400);
}
