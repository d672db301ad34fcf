//! `crl`: which lists there are, when they are made anew, where they lie, and that nobody who was revoked is forgotten.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;

use pgtls::pem;
use pgtls::x509::{RevocationList, format_serial};
use support::{Run, mode, names, run, scratch, snapshot, text};
use tempfile::TempDir;
use time::Duration;

fn made(home: &TempDir, words: &[&str]) {
    Run::new(&[words, &["-q"]].concat()).dir(home).code(0);
}

fn directory(words: &[&str]) -> TempDir {
    let home = scratch();
    made(&home, &[&["gen", "chain", "--server", "db1.example.com"], words].concat());
    home
}

fn crl(home: &TempDir, words: &[&str]) -> String {
    let output = Run::new(&[&["crl"], words].concat()).dir(home).output();
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn refused(home: &TempDir, words: &[&str], code: i32, messages: &[&str]) {
    let before = snapshot(home.path());
    let output = Run::new(&[&["crl"], words].concat()).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}\n{stderr}");
    messages.iter().for_each(|message| assert!(stderr.contains(message), "{stderr}\nis without\n{message}"));
    assert_eq!(snapshot(home.path()), before, "a refusal changed something");
}

fn lists(path: &Path) -> Vec<RevocationList> {
    let blocks = pem::scan(&fs::read(path).unwrap()).blocks;
    blocks.iter().map(|block| RevocationList::from_der(&block.der).unwrap()).collect()
}

fn list(home: &TempDir, file: &str) -> RevocationList {
    let [list] = lists(&home.path().join(file)).try_into().unwrap();
    list
}

fn number(home: &TempDir, file: &str) -> Vec<u8> {
    list(home, file).number.unwrap()
}

fn openssl(home: &TempDir, words: &str) -> String {
    run(home.path(), "openssl", &words.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn every_ca_gets_a_list_the_empty_ones_too_and_all_are_in_one_file() {
    let home = directory(&["--intermediate"]);
    let said = crl(&home, &[]);
    assert!(said.starts_with("wrote into pki/: 2 revocation lists\n"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    for (file, authority) in [("root.crl", "root.crt"), ("intermediate.crl", "intermediate.crt")] {
        let list = list(&home, &format!("pki/{file}"));
        assert_eq!((list.version, list.revocations().len()), (2, 0));
        assert_eq!(list.next_update.unwrap() - list.this_update, Duration::days(365));
        openssl(&home, &format!("crl -in pki/{file} -CAfile pki/{authority} -verify -noout"));
        assert_eq!(mode(&home.path().join("pki").join(file)), 0o644);
    }
    let all = lists(&home.path().join("pki/chain.crl"));
    assert_eq!(all, [list(&home, "pki/intermediate.crl"), list(&home, "pki/root.crl")]);
    openssl(
        &home,
        "verify -crl_check_all -CRLfile pki/chain.crl -CAfile pki/root.crt -untrusted pki/intermediate.crt pki/server.crt",
    );
}

#[test]
fn a_root_alone_has_its_list_in_the_file_of_all_as_well() {
    let home = directory(&[]);
    crl(&home, &[]);
    assert_eq!(lists(&home.path().join("pki/chain.crl")), [list(&home, "pki/root.crl")]);
}

#[test]
fn numbers_rise_with_every_list() {
    let home = directory(&["--intermediate"]);
    for expected in [1, 2, 3] {
        crl(&home, &[]);
        assert_eq!(number(&home, "pki/intermediate.crl"), [expected]);
    }
    // One that is higher, and that only the file of all knows.
    fs::remove_file(home.path().join("pki/intermediate.crl")).unwrap();
    fs::remove_file(home.path().join("pki/root.crl")).unwrap();
    crl(&home, &[]);
    assert_eq!(number(&home, "pki/intermediate.crl"), [4]);
}

#[test]
fn a_list_counts_as_long_as_is_asked_for_and_no_longer_than_its_ca() {
    let home = directory(&["--intermediate", "--ca-lifetime", "3000d", "--intermediate-lifetime", "1000d"]);
    crl(&home, &["--lifetime", "30d"]);
    let of = |file: &str| list(&home, file).next_update.unwrap() - list(&home, file).this_update;
    assert_eq!(of("pki/root.crl"), Duration::days(30));
    crl(&home, &["--lifetime", "5y"]);
    assert_eq!(of("pki/root.crl"), Duration::days(5 * 365));
    let end = openssl(&home, "x509 -in pki/intermediate.crt -noout -enddate");
    let next = openssl(&home, "crl -in pki/intermediate.crl -noout -nextupdate");
    assert_eq!(end.split_once('=').unwrap().1, next.split_once('=').unwrap().1);
    refused(&home, &["--lifetime", "0d"], 2, &["--lifetime"]);
}

#[test]
fn refresh_makes_what_is_due_and_nothing_else() {
    let home = directory(&["--intermediate"]);
    crl(&home, &["--refresh"]);
    let before = snapshot(home.path());
    Run::new(&["crl", "--refresh", "-q"]).dir(&home).code(0);
    let said = crl(&home, &["--refresh"]);
    assert!(said.starts_with("pki/: no revocation list is due before "), "{said}");
    assert_eq!(snapshot(home.path()), before);
    // The file of all is not there, or not what it should be.
    for text in [None, Some("")] {
        match text {
            None => fs::remove_file(home.path().join("pki/chain.crl")).unwrap(),
            Some(text) => fs::write(home.path().join("pki/chain.crl"), text).unwrap(),
        }
        crl(&home, &["--refresh"]);
        assert_eq!(lists(&home.path().join("pki/chain.crl")).len(), 2);
        assert_eq!(number(&home, "pki/intermediate.crl"), [1]);
    }
}

#[test]
fn refresh_makes_a_list_anew_that_lacks_somebody_or_has_another_key_identifier() {
    let home = directory(&["--intermediate"]);
    made(&home, &["issue", "client", "alice"]);
    crl(&home, &[]);
    let path = home.path().join("pki/intermediate.index");
    let text = fs::read_to_string(&path).unwrap();
    let (line, rest) = text.split_once('\n').unwrap();
    let fields: Vec<&str> = line.split('\t').collect();
    fs::write(
        &path,
        format!(
            "R\t{}\t261101000000Z,superseded\t{}\t{}\t{}\n{rest}",
            fields[1], fields[3], fields[4], fields[5]
        ),
    )
    .unwrap();
    let said = crl(&home, &["--refresh"]);
    assert!(said.starts_with("wrote into pki/: 1 revocation list\n"), "{said}");
    let found = list(&home, "pki/intermediate.crl");
    assert_eq!(found.revocations().map(|it| format_serial(it.serial)).collect::<Vec<_>>(), [fields[3]]);
    assert_eq!((number(&home, "pki/intermediate.crl"), number(&home, "pki/root.crl")), (vec![2], vec![1]));
}

#[test]
fn where_the_keys_are_elsewhere_index_and_lists_are_kept_there_too() {
    let home = scratch();
    made(&home, &["gen", "chain", "--intermediate", "--ca-dir", "safe"]);
    made(&home, &["revoke", "client", "--ca-dir", "safe"]);
    for file in ["root.crl", "intermediate.crl"] {
        assert_eq!(list(&home, &format!("safe/{file}")), list(&home, &format!("pki/{file}")));
    }
    assert!(!names(&home.path().join("pki")).iter().any(|name| name.ends_with(".index")));
    assert!(fs::read_to_string(home.path().join("safe/intermediate.index")).unwrap().contains("R\t"));
    // What is shipped was lost; what lies with the keys knows the number.
    ["root.crl", "intermediate.crl", "chain.crl"]
        .iter()
        .for_each(|file| fs::remove_file(home.path().join("pki").join(file)).unwrap());
    made(&home, &["crl", "--refresh", "--ca-dir", "safe"]);
    assert_eq!(number(&home, "pki/intermediate.crl"), [1]);
    assert_eq!(lists(&home.path().join("pki/chain.crl")).len(), 2);
    made(&home, &["crl", "--ca-dir", "safe"]);
    assert_eq!(
        (number(&home, "pki/intermediate.crl"), number(&home, "safe/intermediate.crl")),
        (vec![2], vec![2])
    );
}

#[test]
fn a_key_that_is_away_is_told_with_what_to_give() {
    let home = scratch();
    made(&home, &["gen", "chain", "--intermediate", "--ca-dir", "safe"]);
    let told = ["the key of the CA \"pki/root.crt\" is not there", "--ca-dir"];
    refused(&home, &[], 4, &told);
    made(&home, &["crl", "--ca-dir", "safe"]);
    refused(&home, &[], 4, &["the key of the CA \"pki/intermediate.crt\" is not there", "--ca-dir"]);
    Run::new(&["crl", "--refresh", "-q"]).dir(&home).code(0);
}

#[test]
fn a_root_whose_key_is_offline_keeps_its_list_while_that_is_not_due() {
    let home = directory(&["--intermediate"]);
    crl(&home, &[]);
    fs::rename(home.path().join("pki/root.key"), home.path().join("root.key")).unwrap();
    made(&home, &["revoke", "client"]);
    assert_eq!((number(&home, "pki/intermediate.crl"), number(&home, "pki/root.crl")), (vec![2], vec![1]));
    assert_eq!(lists(&home.path().join("pki/chain.crl")).len(), 2);
    fs::remove_file(home.path().join("pki/root.crl")).unwrap();
    fs::remove_file(home.path().join("pki/chain.crl")).unwrap();
    refused(
        &home,
        &[],
        4,
        &["the key of the CA \"pki/root.crt\" is not there", "\"pki/root.key\" was looked for"],
    );
}

#[test]
fn a_closed_key_is_opened_by_its_passphrase() {
    let home = scratch();
    fs::write(home.path().join("pass"), "secret\n").unwrap();
    made(&home, &["gen", "chain", "--ca-passphrase-file", "pass"]);
    refused(&home, &[], 3, &["the key of the CA \"root\" cannot be used", "--ca-passphrase-file"]);
    crl(&home, &["--ca-passphrase-file", "pass"]);
    Run::new(&["crl", "-q"]).env("PGTLS_CA_PASSPHRASE", "secret").dir(&home).code(0);
    assert_eq!(number(&home, "pki/root.crl"), [2]);
}

#[test]
fn a_ca_that_may_not_sign_lists_is_refused() {
    let home = scratch();
    fs::create_dir(home.path().join("pki")).unwrap();
    openssl(
        &home,
        "req -x509 -config /dev/null -noenc -subj /CN=ca -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
         -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout pki/ca.key -out pki/ca.crt",
    );
    refused(&home, &[], 3, &["the existing CA \"pki/ca.crt\" cannot sign: its key usage is without cRLSign"]);
}

#[test]
fn a_directory_without_a_ca_has_no_lists() {
    let home = scratch();
    made(&home, &["gen", "self-signed"]);
    refused(&home, &[], 3, &["there is no CA in \"pki\"", "Name the directory of one with -D"]);
    refused(&home, &["-D", "none"], 4, &["\"none\" does not exist"]);
}

#[test]
fn the_list_of_a_ca_that_is_not_here_stays_among_all() {
    let home = directory(&["--intermediate"]);
    let other = directory(&["-D", "other", "--set", "domain=example.org"]);
    crl(&other, &["-D", "other"]);
    fs::copy(other.path().join("other/root.crl"), home.path().join("pki/partner.crl")).unwrap();
    crl(&home, &[]);
    let theirs = list(&home, "pki/partner.crl");
    assert_eq!(lists(&home.path().join("pki/chain.crl"))[2], theirs);
    fs::remove_file(home.path().join("pki/partner.crl")).unwrap();
    crl(&home, &[]);
    let all = lists(&home.path().join("pki/chain.crl"));
    assert_eq!((all.len(), &all[2]), (3, &theirs));
}

#[test]
fn a_ca_that_is_only_trusted_here_is_told_and_keeps_nobody_from_having_lists() {
    let home = directory(&["--intermediate"]);
    let other = directory(&["-D", "other", "--set", "domain=example.org"]);
    fs::copy(other.path().join("other/root.crt"), home.path().join("pki/partner.crt")).unwrap();
    let output = Run::new(&["crl", "-q"]).dir(&home).output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let warning = "pgtls: warning: the revocation list of partner.crt is not here, nor is its key";
    assert!(text(&output.stderr).starts_with(warning), "{}", text(&output.stderr));
    assert_eq!(lists(&home.path().join("pki/chain.crl")).len(), 2);
}

#[test]
fn a_ca_that_stands_in_a_bundle_alone_is_told_by_its_name() {
    let home = directory(&["--intermediate"]);
    let other = directory(&["-D", "other", "--set", "domain=example.org"]);
    crl(&other, &["-D", "other"]);
    let theirs = fs::read_to_string(other.path().join("other/root.crt")).unwrap();
    let bundle = fs::read_to_string(home.path().join("pki/chain.crt")).unwrap() + &theirs;
    fs::write(home.path().join("pki/chain.crt"), bundle).unwrap();
    fs::copy(other.path().join("other/root.crl"), home.path().join("pki/partner.crl")).unwrap();
    let said = crl(&home, &[]);
    assert!(said.contains("  CN=root.example.org  ") && !said.contains('#'), "{said}");
}

#[test]
fn after_a_switch_to_another_ca_no_list_is_due() {
    let home = directory(&["--intermediate"]);
    crl(&home, &[]);
    made(&home, &["rotate", "root", "add"]);
    made(&home, &["rotate", "root", "switch", "--trust-is-distributed"]);
    let before = snapshot(home.path());
    let said = crl(&home, &["--refresh"]);
    assert!(said.starts_with("pki/: no revocation list is due before "), "{said}");
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn a_list_that_is_made_for_days_is_no_warning_before_it_is_due() {
    let home = directory(&[]);
    for lifetime in ["12h", "5d", "20d"] {
        crl(&home, &["--lifetime", lifetime]);
        let told = text(&Run::new(&["verify", "pki"]).dir(&home).output().stdout);
        assert!(!told.contains("[crl-expires-soon]"), "{lifetime}: {told}");
    }
}

#[test]
fn a_dry_run_says_what_would_be_made() {
    let home = directory(&["--intermediate"]);
    let before = snapshot(home.path());
    let said = crl(&home, &["--dry-run", "--hash-dir", "crl.d"]);
    assert!(said.starts_with("would write into pki/: 2 revocation lists\n"), "{said}");
    assert!(said.contains("whom root revoked") && said.contains("in crl.d/ the lists would be\n"), "{said}");
    assert_eq!(snapshot(home.path()), before);
    let value: serde_json::Value = serde_json::from_str(&crl(&home, &["--json"])).unwrap();
    assert_eq!(
        (&value["changed"], &value["plan"]["list_bundles"][0]["file"]),
        (&true.into(), &"chain.crl".into())
    );
}

#[test]
fn under_hash_names_lists_lie_where_openssl_looks_and_what_others_put_there_stays() {
    let home = directory(&["--intermediate"]);
    crl(&home, &[]);
    let hash = openssl(&home, "crl -in pki/root.crl -noout -hash").trim().to_owned();
    let intermediate = openssl(&home, "crl -in pki/intermediate.crl -noout -hash").trim().to_owned();
    let place = home.path().join("crl.d");
    fs::create_dir(&place).unwrap();
    // Of another CA with the same name, and something that is no list.
    let other = directory(&[]);
    crl(&other, &[]);
    fs::copy(other.path().join("pki/root.crl"), place.join(format!("{hash}.r0"))).unwrap();
    fs::write(place.join(format!("{intermediate}.r0")), "mine").unwrap();
    crl(&home, &["--hash-dir", "crl.d"]);
    let mut expected = ["r0", "r1"].map(|end| format!("{hash}.{end}")).to_vec();
    expected.extend(["r0", "r1"].map(|end| format!("{intermediate}.{end}")));
    expected.sort();
    assert_eq!(names(&place), expected);
    assert_eq!(lists(&place.join(format!("{hash}.r0"))), [list(&other, "pki/root.crl")]);
    assert_eq!(fs::read_to_string(place.join(format!("{intermediate}.r0"))).unwrap(), "mine");
    assert_eq!(lists(&place.join(format!("{hash}.r1"))), [list(&home, "pki/root.crl")]);
    // Its own earlier ones give way, and nothing is written for nothing.
    crl(&home, &["--hash-dir", "crl.d"]);
    assert_eq!(names(&place), expected);
    assert_eq!(lists(&place.join(format!("{hash}.r1"))), [list(&home, "pki/root.crl")]);
    let before = snapshot(home.path());
    crl(&home, &["--refresh", "--hash-dir", "crl.d"]);
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn the_setting_that_is_printed_can_be_pasted_into_the_configuration() {
    let home = directory(&["--intermediate"]);
    let said = crl(&home, &["--hash-dir", "it's here/crl.d"]);
    let place = home.path().canonicalize().unwrap().join("it''s here/crl.d");
    assert!(said.contains(&format!("ssl_crl_dir = '{}'\n", place.display())), "{said}");
    assert!(said.contains("every directory above it"), "{said}");
}

#[test]
fn where_the_directory_of_hash_names_cannot_be_written_it_is_said_that_the_lists_are_made() {
    let home = directory(&[]);
    fs::write(home.path().join("crl.d"), "a file").unwrap();
    let output = Run::new(&["crl", "--hash-dir", "crl.d"]).dir(&home).output();
    assert_ne!(output.status.code(), Some(0));
    let said = text(&output.stderr);
    assert!(said.contains("The lists in \"pki\" are made by now") && said.contains("--refresh"), "{said}");
    assert_eq!(number(&home, "pki/root.crl"), [1]);
}

#[test]
fn a_list_that_ends_within_two_days_is_told_with_the_time_and_the_columns_agree() {
    let home = directory(&[]);
    let said = crl(&home, &["--lifetime", "12h"]);
    let column = |word: &str| said.lines().find_map(|line| line.find(word)).unwrap();
    assert!(said.lines().any(|line| line.contains(", until ") && line.ends_with('Z')), "{said}");
    assert_eq!(column("number 1"), column("all of these"), "{said}");
}

#[test]
fn a_new_directory_of_hash_names_is_open_to_the_server() {
    let home = directory(&["--intermediate"]);
    crl(&home, &["--hash-dir", "crl.d"]);
    assert_eq!(mode(&home.path().join("crl.d")), 0o755);
    openssl(
        &home,
        "verify -crl_check_all -CApath crl.d -CAfile pki/root.crt -untrusted pki/intermediate.crt pki/server.crt",
    );
    refused(&home, &["--hash-dir", "pki"], 2, &["--hash-dir names \"pki\", which is -D or --ca-dir"]);
}
