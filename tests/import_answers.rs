//! What a script and a sleepy reader learn of an `import`: its exit code, what is said under `-q`, mends that can be
//! done where the CA is somebody else's, and refusals that name what is really wrong. The other CA is openssl.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;
mod other_ca;
mod support;

use foreign::{Place, Said};
use other_ca::{bundled, place, signed};
use std::fs;
use std::os::unix::fs::symlink;
use support::snapshot;

const CHAIN: &str = "--chain issuing.pem --chain root.pem";

/// A place with the other CA, `pki/server.key` and what it sent for `pki/server.csr`, alone: `signed.pem`.
fn with_server() -> Place {
    let place = place();
    place.pgtls("csr server db1.example.com 10.0.0.5");
    signed(&place, "pki/server.csr", "signed.pem", "");
    place
}

fn import(place: &Place, words: &str) -> Said {
    place.try_pgtls(&["import"].into_iter().chain(words.split_whitespace()).collect::<Vec<_>>())
}

/// It says this as its error, and changes nothing.
#[track_caller]
fn refused(place: &Place, words: &str, error: &str) {
    let before = snapshot(&place.path("pki"));
    let said = import(place, words);
    assert_eq!((said.code, said.stdout.as_str()), (Some(3), ""), "{}", said.stderr);
    assert!(said.stderr.starts_with(&format!("pgtls: error: {error}")), "{}", said.stderr);
    assert_eq!(snapshot(&place.path("pki")), before, "{words}");
}

#[test]
fn what_is_written_and_does_not_work_as_it_lies_ends_with_1_and_says_so_under_quiet_too() {
    let place = with_server();
    // The root is not here yet: neither side could check it.
    let said = import(&place, "signed.pem --chain issuing.pem -q");
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{}", said.stderr);
    let error =
        |line: &str| line.starts_with("pgtls: error: server.crt: ") && line.ends_with(" [chain-incomplete]");
    assert!(said.stderr.lines().any(error), "{}", said.stderr);
    assert!(place.path("pki/server.crt").exists());
    // With it all is well, and warnings are no error.
    let said = import(&place, "signed.pem --chain root.pem -q");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    // What nobody asked for lets the server log in as a client.
    place.pgtls("csr server db2.example.com -D other");
    signed(&place, "other/server.csr", "bare.pem", "-copy_extensions none");
    for words in ["--dry-run", "--dry-run --json", "--dry-run -q", ""] {
        let said = import(&place, &format!("bare.pem {CHAIN} -D other {words}"));
        assert_eq!(said.code, Some(1), "{words}: {}", said.stderr);
        let all = said.stdout + &said.stderr;
        assert!(all.contains("can log in as role"), "{words}: {all}");
    }
}

#[test]
fn what_another_ca_signed_is_mended_by_that_ca_and_never_by_a_command_that_wants_its_key() {
    let place = place();
    place.pgtls("csr server db1.example.com");
    signed(&place, "pki/server.csr", "bare.pem", "-copy_extensions none");
    let hint = "hint: Send pki/server.csr to the CA again, and import what comes back.\n";
    let imported = import(&place, &format!("bare.pem {CHAIN}")).stdout;
    // A key that still waits for its certificate is one that is waiting.
    place.pgtls("csr client app");
    let verified = place.try_pgtls(&["verify", "pki"]).stdout;
    for printed in [&imported, &verified] {
        assert!(printed.contains(hint) && !printed.contains("pgtls gen"), "{printed}");
    }
    let waits = "hint: When the CA has signed pki/client.csr, put its answer beside it: pgtls\n    import SIGNED -D pki\n";
    assert!(verified.contains(waits), "{verified}");
    // The names that are asked about are in no request that was made.
    let asked = place.try_pgtls(&["verify", "pki", "--host", "db9.example.com"]).stdout;
    let hint = "hint: Ask their CA for others: pgtls csr makes a new request, in another\n    directory.\n";
    assert!(asked.contains(hint) && !asked.contains("pgtls gen"), "{asked}");
}

#[test]
fn where_the_key_of_the_ca_is_here_requests_that_lie_beside_change_no_mend() {
    let place = Place::made("chain -q --lifetime 20d");
    place.openssl("req -new -key server.key -subj /CN=x -config /dev/null -out server.csr");
    let printed = place.pgtls("verify .").stdout;
    assert!(
        printed.contains("pgtls renew client server -D .") && !printed.contains("to the CA again"),
        "{printed}"
    );
}

#[test]
fn what_is_in_its_place_already_is_done_and_judged_again() {
    let place = with_server();
    let words = format!("signed.pem {CHAIN}");
    place.pgtls(&format!("import {words}"));
    let before = snapshot(&place.path("pki"));
    // As after a run that was killed once it had begun to commit, or from a Makefile.
    let said = import(&place, &words);
    let line = "server.crt in pki/ is that certificate already; nothing was changed\n";
    assert!(said.code == Some(0) && said.stdout.starts_with(line), "{}{}", said.stdout, said.stderr);
    let said = import(&place, &format!("{words} --json"));
    let value: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.code, &value["files"]), (Some(0), &serde_json::json!([])));
    assert_eq!(snapshot(&place.path("pki")), before);
    // Without the root it works no better the second time.
    fs::remove_file(place.path("pki/chain.crt")).unwrap();
    assert_eq!(import(&place, "signed.pem").code, Some(1));
}

#[test]
fn certificates_of_two_keys_are_told_from_one_key_under_two_names() {
    let place = with_server();
    place.pgtls("csr client app");
    signed(&place, "pki/client.csr", "app.pem", "");
    bundled(&place, &["signed.pem", "app.pem", "issuing.pem", "root.pem"], "both.p7b", "PEM");
    refused(
        &place,
        "both.p7b",
        "\"both.p7b\" holds certificates for client.key and server.key\npgtls: hint: Take them apart, and import one at \
         a time.\n",
    );
}

#[test]
fn a_key_that_is_a_link_or_damaged_is_not_called_absent_or_encrypted() {
    let place = with_server();
    let key = place.path("pki/server.key");
    fs::rename(&key, place.path("real.key")).unwrap();
    let words = format!("signed.pem {CHAIN}");
    refused(&place, &words, "the certificate is what \"pki/server.csr\" asked for, whose key is not here\n");
    symlink("../real.key", &key).unwrap();
    refused(
        &place,
        &words,
        "\"pki/server.key\" cannot be read, and the certificate is what \"pki/server.csr\" asked for\npgtls: detail: It \
         is a link, which is not followed, or not for this user to read.\n",
    );
    fs::remove_file(&key).unwrap();
    let damaged = place.read("real.key").replace("MIGH", "MIGX");
    let other = place.read("issuing.private");
    for content in ["", "hello\n", &damaged, &other] {
        fs::write(&key, content).unwrap();
        let error =
            "\"pki/server.key\" is not the key for which \"pki/server.csr\" asked for the certificate\n";
        refused(&place, &words, error);
    }
}

#[test]
fn pkcs7_with_open_lengths_is_read_as_openssl_writes_it() {
    let place = with_server();
    place.write("text", "text\n");
    place.write("both.pem", &(place.read("issuing.pem") + &place.read("root.pem")));
    for form in ["DER", "PEM"] {
        place.openssl(&format!(
            "cms -sign -nodetach -stream -in text -signer signed.pem -inkey pki/server.key -certfile both.pem \
             -outform {form} -out open.{form}"
        ));
    }
    let open = fs::read(place.path("open.DER")).unwrap();
    assert!(open.starts_with(&[0x30, 0x80]), "openssl leaves no length open any more");
    for form in ["DER", "PEM"] {
        let said = place.pgtls(&format!("import open.{form} --dry-run"));
        assert!(said.stdout.starts_with("would import server.crt into pki/"), "{}", said.stdout);
    }
    for cut in 0..open.len() {
        assert!(pgtls::x509::delivered(&open[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn der_that_was_cut_off_is_not_called_text_without_a_certificate() {
    let place = with_server();
    place.openssl("x509 -in signed.pem -outform DER -out signed.der");
    let whole = fs::read(place.path("signed.der")).unwrap();
    let error =
        "\"part.der\" cannot be imported: it is DER that ends too early, or has something behind it\n";
    for part in [&whole[..200], &[&whole[..], &whole[..]].concat()] {
        fs::write(place.path("part.der"), part).unwrap();
        refused(&place, "part.der", error);
    }
}
