//! `revoke`: which certificates a word means, where several could be meant, and that nobody who is meant stays in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::{Place, Said};
use pgtls::pem;
use std::fs;

/// A chain with a root, an intermediate and the clients bob and carol, each with a copy in `kept`.
fn directory() -> Place {
    let place = Place::made("chain --intermediate -q");
    fs::create_dir(place.path("kept")).unwrap();
    for name in ["bob", "carol"] {
        place.pgtls(&format!("issue client {name} -D . -q"));
        let file = format!("client.{name}.crt");
        fs::copy(place.path(&file), place.path("kept").join(file)).unwrap();
    }
    place
}

/// Another certificate for the key of bob, by a CA that is asked for.
fn signed_again(place: &Place, subject: &str, ca: &str) {
    place.openssl_words(&["req", "-new", "-key", "client.bob.key", "-subj", subject, "-out", "bob.csr"]);
    place.pgtls(&format!("sign bob.csr --as client --ca {ca}.crt --ca-key {ca}.key -D . -q"));
}

/// A line of an index that says nothing but that.
fn line(place: &Place, index: &str, serial: &str, subject: &str) {
    let text = fs::read_to_string(place.path(index)).unwrap_or_default();
    place.write(index, &format!("{text}V\t351101101112Z\t\t{serial}\tunknown\t{subject}\n"));
}

fn revoked(place: &Place, words: &[&str]) -> Said {
    place.pgtls_words(&[&["revoke", "-D", "."], words].concat())
}

fn refused(place: &Place, words: &[&str], code: i32, parts: &[&str]) {
    let before = place.names();
    let said = place.try_pgtls(&[&["revoke", "-D", "."], words].concat());
    assert_eq!(said.code, Some(code), "{words:?}: {}{}", said.stdout, said.stderr);
    for part in parts {
        assert!(said.stderr.contains(part), "{words:?}: {}\nis without\n{part}", said.stderr);
    }
    assert_eq!(place.names(), before, "{words:?}");
}

/// Whether the one line with that in it is revoked.
fn is_revoked(place: &Place, index: &str, part: &str) -> bool {
    let text = place.read(index);
    let mut lines = text.lines().filter(|line| line.contains(part));
    let line = lines.next().unwrap_or_else(|| panic!("{text} is without {part}"));
    assert_eq!(lines.next(), None, "{text}");
    line.starts_with('R')
}

#[test]
fn the_same_key_under_any_two_cas_is_revoked_by_both() {
    let place = directory();
    fs::rename(place.path("client.bob.crt"), place.path("other.crt")).unwrap();
    signed_again(&place, "/CN=bob", "root");
    fs::copy(place.path("client.bob.crt"), place.path("kept/of_root.crt")).unwrap();
    revoked(&place, &["client.bob"]);
    place.write("trust", &(place.read("chain.crt") + &place.read("chain.crl")));
    for file in ["kept/client.bob.crt", "kept/of_root.crt"] {
        place.openssl_refuses(&format!("verify -crl_check_all -CAfile trust {file}"), "certificate revoked");
    }
    place.openssl("verify -crl_check_all -CAfile trust client.carol.crt");
    for word in ["bob", "client.bob"] {
        assert!(revoked(&place, &[word]).stdout.contains("is revoked already"), "{word}");
    }
}

#[test]
fn digits_that_mean_one_certificate_as_openssl_shows_it_and_another_as_psql_does_are_refused_with_both() {
    let place = directory();
    line(&place, "intermediate.index", "10", "/CN=gus");
    line(&place, "intermediate.index", "0A", "/CN=ann");
    let both =
        ["0x10 (/CN=gus of intermediate), 0A (/CN=ann of intermediate)", "hint: Give the first word of"];
    refused(&place, &["10"], 2, &both);
    revoked(&place, &["0x10"]);
    assert!(is_revoked(&place, "intermediate.index", "/CN=gus"));
    assert!(!is_revoked(&place, "intermediate.index", "/CN=ann"));
    revoked(&place, &["0A"]);
    assert!(is_revoked(&place, "intermediate.index", "/CN=ann"));
}

#[test]
fn a_serial_number_as_psql_shows_it_is_found() {
    let place = directory();
    line(&place, "intermediate.index", "0A", "/CN=ann");
    revoked(&place, &["10"]);
    assert!(is_revoked(&place, "intermediate.index", "/CN=ann"));
    let said = revoked(&place, &["carol"]).stdout;
    let decimal = said.lines().last().unwrap().trim().trim_end_matches(");");
    assert!(revoked(&place, &[decimal]).stdout.contains("/CN=carol is revoked already"), "{decimal}");
}

#[test]
fn a_common_name_of_two_subjects_is_refused_with_both() {
    let place = directory();
    line(&place, "intermediate.index", "1234", "/O=Other/CN=bob");
    refused(&place, &["bob"], 2, &["client.bob, 0x1234 (/O=Other/CN=bob of intermediate)"]);
    refused(&place, &["bob"], 2, &["\"bob\" fits several certificates"]);
    revoked(&place, &["0x1234"]);
    // One that is revoked is nobody any more who could be meant.
    revoked(&place, &["bob"]);
    assert!(is_revoked(&place, "intermediate.index", "\t/CN=bob"));
}

#[test]
fn a_common_name_of_two_cas_is_refused_with_both_where_only_indexes_know_it() {
    let place = directory();
    line(&place, "root.index", "1234", "/CN=eve");
    line(&place, "intermediate.index", "ABCD", "/CN=eve");
    refused(&place, &["eve"], 2, &["ABCD (/CN=eve of intermediate), 0x1234 (/CN=eve of root)"]);
}

#[test]
fn a_common_name_that_is_not_ascii_or_has_a_slash_is_found_in_the_index() {
    for name in ["J\u{fc}rgen", "a/b"] {
        let place = directory();
        place.pgtls_words(&["issue", "client", "app", "--cn", name, "-D", ".", "-q"]);
        revoked(&place, &[name]);
        assert!(revoked(&place, &[name]).stdout.contains("is revoked already"), "{name}");
    }
}

#[test]
fn what_lies_in_the_current_directory_is_not_taken_for_files_of_the_ca() {
    let place = Place::new();
    place.pgtls("gen chain -q");
    for name in ["bob", "carol"] {
        place.pgtls(&format!("issue client {name} -q"));
    }
    for name in ["client.bob", "client.bob.crt"] {
        fs::copy(place.path("pki/client.carol.crt"), place.path(name)).unwrap();
    }
    for word in ["client.bob", "client.bob.crt"] {
        let said = place.pgtls(&format!("revoke {word} --dry-run"));
        assert!(said.stdout.contains("of /CN=bob\n"), "{word}: {}", said.stdout);
    }
    assert!(place.pgtls("revoke ./client.bob.crt --dry-run").stdout.contains("of /CN=carol\n"));
    fs::remove_file(place.path("client.bob")).unwrap();
    fs::create_dir(place.path("client.bob")).unwrap();
    place.pgtls("revoke client.bob");
}

#[test]
fn a_path_where_nothing_is_does_not_exist() {
    let place = directory();
    refused(&place, &["./nofile.crt"], 4, &["\"./nofile.crt\" does not exist"]);
}

#[test]
fn who_is_revoked_by_the_subject_alone_is_told() {
    let place = directory();
    line(&place, "intermediate.index", "1234", "/CN=bob");
    let said = revoked(&place, &["kept/client.bob.crt"]).stdout;
    assert!(is_revoked(&place, "intermediate.index", "\t1234\t"));
    assert!(
        said.contains("1234 is of the same subject, /CN=bob; which key it has is not known here\n"),
        "{said}"
    );
    assert_eq!(said.matches("is of the same subject").count(), 1, "{said}");
}

#[test]
fn another_reason_than_it_has_is_told_to_stay() {
    let place = directory();
    revoked(&place, &["bob", "--reason", "keyCompromise"]);
    revoked(&place, &["carol"]);
    let said = |words: &[&str]| revoked(&place, words).stdout.replace('\n', " ");
    let again = said(&["bob", "--reason", "superseded"]);
    assert!(again.contains("; its reason stays keyCompromise"), "{again}");
    assert!(said(&["carol", "--reason", "superseded"]).contains("; its reason stays unspecified"));
    for words in [&["bob"][..], &["bob", "--reason", "keyCompromise"]] {
        assert!(!said(words).contains("its reason stays"), "{words:?}");
    }
}

#[test]
fn for_a_server_it_is_the_clients_that_need_the_list_and_no_session_is_ended() {
    let place = directory();
    let server = revoked(&place, &["server"]).stdout;
    assert!(!server.contains("pg_terminate_backend") && !server.contains("pg_reload_conf"), "{server}");
    let clients = server.find("at every client").unwrap_or_else(|| panic!("{server}"));
    assert!(clients < server.find("sslcrl=chain.crl").unwrap(), "{server}");
    assert!(server.lines().all(|line| line.chars().count() <= 80), "{server}");
    assert!(revoked(&place, &["bob"]).stdout.contains("pg_terminate_backend"));
}

#[test]
fn a_copy_that_another_program_made_is_named_and_verify_wants_no_new_one() {
    let place = directory();
    fs::copy(place.path("client.bob.crt"), place.path("10.pem")).unwrap();
    let said = revoked(&place, &["client.bob"]).stdout;
    assert!(said.contains("\n10.pem holds what is revoked too, and stays: take it away\n"), "{said}");
    assert!(place.path("10.pem").exists() && !said.contains("carol"), "{said}");
    let said = place.try_pgtls(&["verify", "."]).stdout;
    assert!(said.contains("[revoked]") && said.contains("Take its file away"), "{said}");
    assert!(!said.contains("key-missing") && !said.contains("--force"), "{said}");
}

#[test]
fn files_with_others_in_them_or_with_what_is_trusted_stay_and_so_do_copies_of_every_form() {
    let place = directory();
    let read = |name: &str| fs::read(place.path(name)).unwrap();
    let together = |names: &[&str]| names.iter().flat_map(|name| read(name)).collect::<Vec<u8>>();
    fs::write(place.path("clients.crt"), together(&["client.bob.crt", "client.carol.crt"])).unwrap();
    fs::write(place.path("pinned.crt"), together(&["client.bob.crt", "root.crt"])).unwrap();
    fs::write(place.path("again.crt"), together(&["client.bob.crt"])).unwrap();
    fs::write(place.path("bob-combined.pem"), together(&["client.bob.crt", "client.bob.key"])).unwrap();
    fs::write(place.path("bob.der"), &pem::scan(&read("client.bob.crt")).blocks[0].der).unwrap();
    let said = revoked(&place, &["client.bob"]).stdout;
    for stays in ["clients.crt", "pinned.crt", "bob-combined.pem", "bob.der"] {
        assert!(said.contains(&format!("\n{stays} holds what is revoked too, and stays")), "{stays}: {said}");
        assert!(place.path(stays).exists(), "{stays}");
    }
    for gone in ["client.bob.crt", "client.bob.key", "again.crt"] {
        assert!(!place.path(gone).exists(), "{gone}");
    }
}

#[test]
fn where_nothing_is_nobody_is_revoked_though_the_ca_is_elsewhere() {
    let place = Place::new();
    place.pgtls("gen chain --server db1.example.com --client alice --ca-dir ca -D pki -q");
    let said = place.try_pgtls(&["revoke", "alice", "-D", "typo", "--ca-dir", "ca"]);
    assert_eq!(said.code, Some(4), "{}", said.stderr);
    assert!(!place.path("typo").exists());
}

#[test]
fn a_negative_serial_number_is_refused_for_the_list_would_name_another() {
    let place = directory();
    place.openssl_words(&["req", "-new", "-key", "client.bob.key", "-subj", "/CN=neg", "-out", "neg.csr"]);
    let sign =
        "x509 -req -in neg.csr -CA intermediate.crt -CAkey intermediate.key -set_serial -5 -out neg.crt";
    place.openssl_words(&sign.split(' ').collect::<Vec<_>>());
    let said = place.try_pgtls(&["revoke", "./neg.crt", "-D", "."]);
    assert_eq!(said.code, Some(3), "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains("has a negative serial number"), "{}", said.stderr);
    assert!(place.path("neg.crt").exists() && !place.path("chain.crl").exists());
}

#[test]
fn a_negative_serial_number_of_an_index_comes_onto_no_list_as_another() {
    let place = directory();
    let index = place.path("intermediate.index");
    let text = fs::read_to_string(&index).unwrap();
    let line =
        |status: &str, revoked: &str| format!("{status}\t301122000000Z\t{revoked}\t-05\tunknown\t/CN=neg\n");
    // One that is good is on no list.
    fs::write(&index, text.clone() + &line("V", "")).unwrap();
    let said = place.try_pgtls(&["crl", "-D", "."]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    fs::write(&index, text + &line("R", "261101000000Z")).unwrap();
    let before = fs::read(place.path("chain.crl")).unwrap();
    let said = place.try_pgtls(&["crl", "-D", "."]);
    assert_eq!(said.code, Some(3), "{}{}", said.stdout, said.stderr);
    let expected =
        "\"intermediate.index\" has a certificate with a negative serial number, that of /CN=neg\n";
    assert!(said.stderr.contains(expected), "{}", said.stderr);
    assert_eq!(fs::read(place.path("chain.crl")).unwrap(), before);
}

#[test]
fn the_name_of_a_bundle_is_not_that_of_the_ca_which_stands_first_in_it() {
    let place = directory();
    let said = place.try_pgtls(&["revoke", "chain", "-D", "."]);
    assert_eq!(said.code, Some(3), "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains("no CA here issued \"chain\""), "{}", said.stderr);
    assert!(!place.path("chain.crl").exists());
    revoked(&place, &["intermediate"]);
}
