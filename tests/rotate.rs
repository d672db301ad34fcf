//! `rotate`: what each phase makes, changes and leaves alone, what it says, and what it does when it is repeated, or goes
//! on where it was left. That no login fails meanwhile is tried in `rotate_postgres`, what is refused in `rotate_refused`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pgtls::pem;
use pgtls::x509::Certificate;
use serde_json::Value;
use support::clock::{at, fixture, now};
use support::{Run, assert_golden, masked, mode, names, run, scratch, snapshot, text};
use tempfile::TempDir;
use time::OffsetDateTime;

/// `pki/` of that layout.
fn made(layout: &[&str]) -> TempDir {
    let home = scratch();
    Run::new(&[&["gen", "chain", "-q"], layout].concat()).dir(&home).code(0);
    home
}

fn rotate(home: &TempDir, words: &[&str]) {
    Run::new(&[&["rotate"], words, &["-q"]].concat()).dir(home).code(0);
}

const SWITCH: &str = "--trust-is-distributed";

/// The certificates of a file of `pki/`, in order.
fn certificates(home: &TempDir, file: &str) -> Vec<Certificate> {
    let text = fs::read(home.path().join("pki").join(file)).unwrap();
    let blocks = pem::decode(&text).unwrap();
    blocks.iter().map(|block| Certificate::from_der(&block.der).unwrap()).collect()
}

fn subjects(home: &TempDir, file: &str) -> Vec<String> {
    certificates(home, file).iter().map(|certificate| certificate.subject.to_string()).collect()
}

/// What the command prints, with instants masked.
fn said(home: &TempDir, words: &[&str]) -> String {
    let clock = OffsetDateTime::now_utc();
    let output = Run::new(&[&["rotate"], words].concat()).dir(home).output();
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
    let serial = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let printed = masked(&text(&output.stdout), clock);
    let words = printed.split(' ').map(|word| if serial(word) { "SERIAL" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_new_ca_has_a_key_and_a_name_of_its_own_and_all_else_of_the_old_one() {
    let home = made(&["--intermediate"]);
    rotate(&home, &["intermediate", "add"]);
    let [old] = &certificates(&home, "intermediate.crt")[..] else { panic!() };
    let [new] = &certificates(&home, "intermediate.next.crt")[..] else { panic!() };
    assert_eq!(new.subject.to_string(), "CN=intermediate.yourdomain.com G2");
    assert_ne!(new.public_key, old.public_key);
    assert_ne!(new.serial, old.serial);
    assert_eq!((new.ca, new.path_length, &new.key_usage), (old.ca, old.path_length, &old.key_usage));
    assert_eq!(new.path_length, Some(0));
    assert_eq!((&new.issuer, new.window.length()), (&old.issuer, old.window.length()));
    assert_ne!(new.subject_key_identifier, old.subject_key_identifier);
    assert_eq!(mode(&home.path().join("pki/intermediate.next.key")), 0o600);
    assert_eq!(
        subjects(&home, "chain.crt"),
        ["CN=intermediate.yourdomain.com", "CN=intermediate.yourdomain.com G2", "CN=root.yourdomain.com"]
    );
    let index = fs::read_to_string(home.path().join("pki/root.index")).unwrap();
    assert_eq!(index.lines().count(), 2, "the root signed both: {index}");
    run(home.path(), "openssl", &["verify", "-CAfile", "pki/root.crt", "pki/intermediate.next.crt"]);
}

#[test]
fn adding_touches_no_leaf_and_nothing_signs_with_the_new_ca_yet() {
    let home = made(&["--intermediate"]);
    let leaves = || ["server.crt", "client.crt"].map(|file| certificates(&home, file));
    let before = leaves();
    rotate(&home, &["intermediate", "add"]);
    assert_eq!(leaves(), before);
    Run::new(&["issue", "client", "alice", "-q"]).dir(&home).code(0);
    assert_eq!(certificates(&home, "client.alice.crt")[0].issuer, before[0][0].issuer);
    rotate(&home, &["intermediate", "switch", SWITCH]);
    Run::new(&["issue", "client", "bob", "-q"]).dir(&home).code(0);
    for file in ["client.alice.crt", "client.bob.crt"] {
        let [leaf, ca] = &certificates(&home, file)[..] else { panic!() };
        assert_eq!(leaf.issuer.to_string(), "CN=intermediate.yourdomain.com G2", "{file}");
        assert_eq!(vec![ca.clone()], certificates(&home, "intermediate.crt"), "{file}");
    }
}

#[test]
fn the_switch_keeps_keys_names_usages_and_lengths_and_has_openssl_take_the_chain() {
    for (layout, ca) in [(&[][..], "root"), (&["--intermediate"], "intermediate")] {
        let home = made(layout);
        let leaves = ["server.crt", "client.crt"];
        let before = leaves.map(|file| certificates(&home, file).remove(0));
        let keys =
            ["server.key", "client.key"].map(|key| fs::read(home.path().join("pki").join(key)).unwrap());
        rotate(&home, &[ca, "add"]);
        let trust = fs::read(home.path().join("pki/chain.crt")).unwrap();
        let next = fs::read(home.path().join(format!("pki/{ca}.next.key"))).unwrap();
        rotate(&home, &[ca, "switch", SWITCH]);
        for (old, file) in before.iter().zip(leaves) {
            let new = certificates(&home, file).remove(0);
            assert_eq!((&new.subject, &new.public_key), (&old.subject, &old.public_key));
            assert_eq!(new.subject_alt_names, old.subject_alt_names);
            assert_eq!(new.extended_key_usage, old.extended_key_usage);
            assert_eq!(new.window.length(), old.window.length());
            assert_ne!((&new.serial, &new.issuer), (&old.serial, &old.issuer));
        }
        let after =
            ["server.key", "client.key"].map(|key| fs::read(home.path().join("pki").join(key)).unwrap());
        assert_eq!(after, keys);
        assert_eq!(fs::read(home.path().join("pki/chain.crt")).unwrap(), trust, "peers trust what they did");
        assert_eq!(fs::read(home.path().join(format!("pki/{ca}.key"))).unwrap(), next);
        // Both halves are in an index: the old leaves in that of the old CA, the new ones in that of the new.
        for name in [format!("{ca}.index"), format!("{ca}.prev.index")] {
            let index = fs::read_to_string(home.path().join("pki").join(&name)).unwrap();
            assert_eq!(index.lines().count(), 2, "{name}: {index}");
        }
        for leaf in leaves {
            let leaf = format!("pki/{leaf}");
            run(home.path(), "openssl", &["verify", "-CAfile", "pki/chain.crt", "-untrusted", &leaf, &leaf]);
        }
        Run::new(&["verify", "pki", "--host", "localhost", "-U", "kong", "-q"]).dir(&home).code(0);
    }
}

#[test]
fn above_an_intermediate_the_root_signs_it_again_and_every_copy_of_it_is_the_new_one() {
    let home = made(&["--intermediate"]);
    let old = certificates(&home, "intermediate.crt").remove(0);
    let leaf = certificates(&home, "server.crt").remove(0);
    rotate(&home, &["root", "add"]);
    rotate(&home, &["root", "switch", SWITCH]);
    let new = certificates(&home, "intermediate.crt").remove(0);
    assert_eq!((&new.subject, &new.public_key), (&old.subject, &old.public_key));
    assert_eq!(new.issuer.to_string(), "CN=root.yourdomain.com G2");
    assert_eq!(certificates(&home, "server.crt"), [leaf, new.clone()], "the leaf itself stays");
    assert_eq!(certificates(&home, "client.crt")[1], new);
    let chain = certificates(&home, "chain.crt");
    assert_eq!(chain[0], new);
    assert_eq!(
        subjects(&home, "chain.crt")[1..],
        ["CN=root.yourdomain.com", "CN=root.yourdomain.com G2"],
        "the old one first"
    );
    rotate(&home, &["root", "drop"]);
    assert_eq!(subjects(&home, "chain.crt"), ["CN=intermediate.yourdomain.com", "CN=root.yourdomain.com G2"]);
    run(
        home.path(),
        "openssl",
        &["verify", "-CAfile", "pki/root.crt", "-untrusted", "pki/client.crt", "pki/client.crt"],
    );
}

/// What openssl and easy-rsa write with `authorityKeyIdentifier = keyid,issuer`.
#[test]
fn a_leaf_that_names_the_serial_number_of_its_intermediate_goes_along_when_that_is_signed_again() {
    let home = made(&["--intermediate"]);
    let script = "cd pki && openssl req -new -key client.key -subj /CN=kong -out r 2>/dev/null &&
        printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid,issuer:always\n' >e &&
        openssl x509 -req -in r -CA intermediate.crt -CAkey intermediate.key -set_serial 77 -days 9 -extfile e 2>/dev/null >c &&
        cat c intermediate.crt >client.crt && rm r e c";
    run(home.path(), "sh", &["-ec", script]);
    let old = certificates(&home, "client.crt").remove(0);
    assert!(old.authority_serial.is_some());
    rotate(&home, &["root", "add"]);
    rotate(&home, &["root", "switch", SWITCH]);
    let new = certificates(&home, "client.crt").remove(0);
    assert_eq!((new.window, &new.public_key), (old.window, &old.public_key), "to the same end");
    rotate(&home, &["root", "drop"]);
    let leaf = "pki/client.crt";
    run(
        home.path(),
        "openssl",
        &["verify", "-x509_strict", "-CAfile", "pki/root.crt", "-untrusted", leaf, leaf],
    );
    let index = fs::read_to_string(home.path().join("pki/intermediate.index")).unwrap();
    assert_eq!(index.matches("/CN=kong").count(), 2, "{index}");
}

#[test]
fn dropping_puts_the_old_ca_away_whole_and_another_rotation_may_follow() {
    let home = made(&[]);
    let pair = |stem: &str| {
        let file = |ending: &str| fs::read(home.path().join(format!("pki/{stem}.{ending}"))).unwrap();
        [file("crt"), file("key")]
    };
    let old = pair("root");
    rotate(&home, &["root", "add"]);
    rotate(&home, &["root", "switch", SWITCH]);
    assert_eq!(pair("root.prev"), old);
    rotate(&home, &["root", "drop"]);
    let away = names(&home.path().join("pki/revoked"));
    let [certificate, index, key] = &away[..] else { panic!("{away:?}") };
    assert!(certificate.starts_with("root-") && index.ends_with(".index") && key.ends_with(".key"));
    assert_eq!(pair(&format!("revoked/{}", certificate.trim_end_matches(".crt"))), old);
    assert_eq!(mode(&home.path().join("pki/revoked").join(key)), 0o600);
    assert!(!names(&home.path().join("pki")).iter().any(|name| name.contains(".prev")));
    for words in [&["root", "add"][..], &["root", "switch", SWITCH], &["root", "drop"]] {
        rotate(&home, words);
    }
    assert_eq!(subjects(&home, "chain.crt"), ["CN=root.yourdomain.com G3"]);
    assert_eq!(names(&home.path().join("pki/revoked")).len(), 6);
    Run::new(&["verify", "pki", "-q"]).dir(&home).code(0);
}

#[test]
fn a_phase_that_is_done_is_said_to_be_and_changes_nothing() {
    let home = made(&["--intermediate"]);
    for words in [&["root", "add"][..], &["root", "switch", SWITCH], &["root", "drop"]] {
        rotate(&home, words);
        let before = snapshot(&home.path().join("pki"));
        for again in [&words[..2], words] {
            assert!(said(&home, again).contains(" already, nothing was changed\n"), "{words:?}");
            rotate(&home, again);
        }
        assert_eq!(snapshot(&home.path().join("pki")), before, "{words:?}");
    }
}

#[test]
fn verify_says_which_phase_a_rotation_is_in_and_nothing_of_a_client_that_is_called_so() {
    let home = made(&[]);
    let found = || {
        let output = Run::new(&["verify", "pki", "--json"]).dir(&home).output();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let of_rule = |finding: &&Value| finding["rule"] == "rotation-half-way";
        let found = report["findings"].as_array().unwrap().iter().filter(of_rule);
        found
            .map(|it| (it["files"][0].clone(), it["detail"].clone(), it["severity"].clone()))
            .collect::<Vec<_>>()
    };
    for name in ["next", "prev"] {
        Run::new(&["issue", "client", name, "-q"]).dir(&home).code(0);
    }
    assert_eq!(found(), []);
    for (words, file, next) in [
        (&["root", "add"][..], "root.next.crt", "rotate root switch --trust-is-distributed, once every peer"),
        (&["root", "switch", SWITCH], "root.prev.crt", "rotate root drop, once nothing needs it."),
    ] {
        rotate(&home, words);
        let [(found, detail, severity)] = &found()[..] else { panic!("{words:?}") };
        assert_eq!((found, severity), (&file.into(), &"note".into()));
        assert!(detail.as_str().unwrap().contains(next), "{detail}");
    }
    rotate(&home, &["root", "drop"]);
    assert_eq!(found(), []);
}

#[test]
fn revocation_lists_keep_up_where_they_are_in_use_and_are_not_made_where_not() {
    let home = made(&["--intermediate"]);
    let issuers = || {
        let listed = run(
            home.path(),
            "sh",
            &[
                "-c",
                "csplit -s -z -f l pki/chain.crl '/-----BEGIN/' '{*}'; for f in l*; do openssl crl -in $f -noout -issuer; done; rm l*",
            ],
        );
        let mut names: Vec<String> =
            listed.lines().filter_map(|line| Some(line.rsplit_once("= ")?.1.to_owned())).collect();
        names.sort();
        names
    };
    rotate(&home, &["root", "add"]);
    assert!(!home.path().join("pki/chain.crl").exists());
    Run::new(&["crl", "-q"]).dir(&home).code(0);
    for words in [&["root", "switch", SWITCH][..], &["root", "drop"]] {
        rotate(&home, words);
    }
    let (int, root) = ("intermediate.yourdomain.com", "root.yourdomain.com G2");
    assert_eq!(issuers(), [int, root]);
    rotate(&home, &["intermediate", "add"]);
    assert_eq!(issuers(), [int, "intermediate.yourdomain.com G2", root]);
    rotate(&home, &["intermediate", "switch", SWITCH]);
    assert_eq!(issuers(), [int, "intermediate.yourdomain.com G2", root]);
    let own = run(home.path(), "openssl", &["crl", "-in", "pki/intermediate.crl", "-noout", "-issuer"]);
    assert!(own.trim_end().ends_with("G2"), "{own}");
    rotate(&home, &["intermediate", "drop"]);
    assert_eq!(issuers(), ["intermediate.yourdomain.com G2", root]);
    Run::new(&["verify", "pki", "-q"]).dir(&home).code(0);
}

#[test]
fn comments_modes_and_certificates_of_others_stay_where_they_are() {
    let home = made(&["--intermediate"]);
    let place = |file: &str| home.path().join("pki").join(file);
    Run::new(&["gen", "chain", "-q", "-D", "other", "--domain", "other.test"]).dir(&home).code(0);
    let other = fs::read_to_string(home.path().join("other/root.crt")).unwrap();
    let chain = fs::read_to_string(place("chain.crt")).unwrap();
    fs::write(place("chain.crt"), format!("# of ours\n{chain}# of the partner\n{other}")).unwrap();
    fs::set_permissions(place("server.crt"), fs::Permissions::from_mode(0o640)).unwrap();
    for words in [&["root", "add"][..], &["root", "switch", SWITCH], &["root", "drop"]] {
        rotate(&home, words);
        let chain = fs::read_to_string(place("chain.crt")).unwrap();
        assert!(chain.starts_with("# of ours\n") && chain.ends_with(&format!("# of the partner\n{other}")));
    }
    assert_eq!(mode(&place("server.crt")), 0o640);
}

#[test]
fn a_directory_without_a_file_of_trust_gets_one() {
    let home = made(&[]);
    fs::remove_file(home.path().join("pki/chain.crt")).unwrap();
    rotate(&home, &["root", "add"]);
    assert_eq!(subjects(&home, "chain.crt"), ["CN=root.yourdomain.com", "CN=root.yourdomain.com G2"]);
}

#[test]
fn the_guides_own_directory_is_rotated_and_its_leaves_become_ours() {
    let home = scratch();
    let from = fixture("guide/intermediate");
    run(home.path(), "cp", &["-r", &from, "pki"]);
    run(home.path(), "sh", &["-c", "chmod 0600 pki/*.key"]);
    let pki = home.path().join("pki").display().to_string();
    for ca in ["root", "intermediate"] {
        for words in [&["add"][..], &["switch", SWITCH], &["drop"]] {
            let words = [&["rotate", ca], words, &["-q", "-D", &pki]].concat();
            let (code, stdout, stderr) = at(now(), None, &[], &words);
            assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "", ""), "{words:?}");
        }
    }
    let server = certificates(&home, "server.crt").remove(0);
    assert_eq!((server.version, server.issuer.to_string().ends_with(" G2")), (3, true));
    let (code, stdout, _) = at(now(), None, &[], &["verify", &pki]);
    assert_eq!(code, 0, "{stdout}");
}

#[test]
fn each_phase_tells_what_to_copy_where_and_what_comes_next() {
    let home = made(&["--intermediate"]);
    Run::new(&["crl", "-q"]).dir(&home).code(0);
    let mut all = String::new();
    for words in [
        &["intermediate", "status"][..],
        &["intermediate", "add"],
        &["intermediate", "status"],
        &["intermediate", "switch", SWITCH],
        &["intermediate", "status"],
        &["intermediate", "drop"],
        &["intermediate", "drop"],
    ] {
        all.push_str(&format!("$ pgtls rotate {}\n{}\n", words.join(" "), said(&home, words)));
    }
    assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
    assert_golden("rotate.txt", &all);
}

#[test]
fn a_dry_run_writes_nothing_and_quiet_says_nothing() {
    let home = made(&[]);
    for words in [&["root", "add"][..], &["root", "switch", SWITCH], &["root", "drop"]] {
        let before = snapshot(&home.path().join("pki"));
        let dry = said(&home, &[words, &["--dry-run"]].concat());
        assert!(dry.starts_with("would ") && dry.contains("\nfiles, with mode and content\n"), "{dry}");
        assert!(dry.lines().all(|line| line.chars().count() <= 80), "{dry}");
        assert_eq!(snapshot(&home.path().join("pki")), before, "{words:?}");
        rotate(&home, words);
    }
}

#[test]
fn the_json_of_a_phase_and_of_the_status_says_it_all() {
    let home = made(&[]);
    let json = |words: &[&str]| -> Value {
        let output = Run::new(&[&["rotate"], words, &["--json"]].concat()).dir(&home).output();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let added = json(&["root", "add"]);
    assert_eq!(added["rotation"]["before"], "none");
    assert_eq!(added["rotation"]["after"], "added");
    assert_eq!(added["copy"]["trust"][0], "chain.crt");
    assert_eq!(added["changed"], true);
    assert_eq!(json(&["root", "add"])["changed"], false);
    let status = json(&["root", "status"]);
    assert_eq!((&status["phase"], &status["beside"]["stem"]), (&"added".into(), &"root.next".into()));
    let switched = json(&["root", "switch", SWITCH]);
    assert_eq!(switched["copy"]["certificates"], serde_json::json!(["client.crt", "server.crt"]));
    assert_eq!(json(&["root", "status"])["needs"], serde_json::json!([]));
}

#[test]
fn a_change_is_all_or_nothing_for_readers_of_the_directory() {
    let home = made(&[]);
    rotate(&home, &["root", "add"]);
    // A file that cannot be replaced stops it before anything is changed.
    let place = home.path().join("pki");
    fs::create_dir(place.join("root.prev.crt")).unwrap();
    let before = snapshot(&place);
    let output = Run::new(&["rotate", "root", "switch", SWITCH]).dir(&home).output();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert_eq!(snapshot(Path::new(&place)), before);
}

#[test]
fn of_many_leaves_the_first_ten_are_named_and_the_others_counted() {
    let home = made(&[]);
    let roles: String = (10..30).map(|at| format!("role{at}\n")).collect();
    fs::write(home.path().join("roles"), roles).unwrap();
    Run::new(&["issue", "client", "-f", "roles", "-q"]).dir(&home).code(0);
    rotate(&home, &["root", "add"]);
    let switched = said(&home, &["root", "switch", SWITCH]);
    assert_eq!(switched.matches(" -> ").count(), 10, "{switched}");
    assert_eq!(switched.matches("and 12 more").count(), 2, "{switched}");
}

#[test]
fn the_command_that_shuts_out_what_an_old_intermediate_signs_revokes_every_certificate_of_it() {
    let home = made(&["--intermediate"]);
    Run::new(&["renew", "intermediate", "-q"]).dir(&home).code(0);
    rotate(&home, &["intermediate", "add"]);
    rotate(&home, &["intermediate", "switch", SWITCH]);
    let printed = said(&home, &["intermediate", "drop"]).replace("\\\n", " ");
    let command = printed.lines().find_map(|line| line.trim().strip_prefix("pgtls ")).unwrap_or(&printed);
    Run::new(&command.split_whitespace().collect::<Vec<_>>()).dir(&home).output();
    let list = run(home.path(), "openssl", &["crl", "-noout", "-text", "-in", "pki/root.crl"]);
    assert_eq!(list.matches("Serial Number: ").count(), 2, "{command}\n{list}");
}

#[test]
fn commands_that_are_printed_name_the_directories() {
    let home = made(&["--intermediate", "-D", "d b", "--ca-dir", "ca"]);
    let place = ["-D", "d b", "--ca-dir", "ca"];
    let whole = |step: &[&str]| said(&home, &[&["intermediate"], step, &place].concat()).replace("\\\n", " ");
    let is_placed = |printed: &str| {
        let words: Vec<&str> = printed.split_whitespace().collect();
        words.join(" ").contains("-D 'd b' --ca-dir ca")
    };
    for step in [&["add"][..], &["status"], &["switch", SWITCH]] {
        let printed = whole(step);
        assert!(is_placed(&printed), "{printed}");
    }
    let printed = whole(&["drop"]);
    assert!(printed.contains("pgtls revoke ca/revoked/intermediate-") && is_placed(&printed), "{printed}");
}

#[test]
fn where_there_is_no_pki_it_is_the_current_directory() {
    let home = made(&[]);
    let pki = home.path().join("pki");
    let output = Run::new(&["rotate", "root", "add"]).dir(&pki).output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("pgtls rotate root switch --trust-is-distributed -D ."),
        "{output:?}"
    );
    let output = Run::new(&["rotate", "root", "drop"]).dir(&pki).output();
    let hint = "pgtls rotate root switch -D .";
    assert!(text(&output.stderr).contains(hint), "{output:?}");
}
