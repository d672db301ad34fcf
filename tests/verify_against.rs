//! `verify --against`: what differs between two places, by part and content, in text, JSON and exit code.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::{Run, assert_golden, names, scratch, text};
use tempfile::TempDir;

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults").join(name).display().to_string()
}

/// A copy of fixtures, each under a name of its own.
fn copies(of: &[(&str, &str)]) -> TempDir {
    let home = scratch();
    for (name, copy) in of {
        let target = home.path().join(copy);
        fs::create_dir(&target).unwrap();
        for file in names(Path::new(&fixture(name))).into_iter().filter(|file| file != "expected.toml") {
            fs::copy(Path::new(&fixture(name)).join(&file), target.join(&file)).unwrap();
            fs::set_permissions(target.join(&file), fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    home
}

fn compared(directory: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = Run::new(&[&["verify"], words].concat()).dir(directory).output();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn json(directory: &Path, words: &[&str]) -> Value {
    let (code, stdout, stderr) = compared(directory, &[words, &["--json"]].concat());
    let value: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
    let is_same = value["same"].as_bool().unwrap() && value["problems"].as_array().unwrap().is_empty();
    assert_eq!(code, Some(i32::from(!is_same)), "{stdout}");
    value
}

/// `FILE KIND FIELDS` of each difference.
fn told(value: &Value) -> Vec<String> {
    let differences = value["differences"].as_array().unwrap().iter();
    let line = |difference: &Value| {
        let file = difference["this"].as_str().or(difference["against"].as_str()).unwrap();
        let fields = difference["fields"].as_array().into_iter().flatten();
        let fields: Vec<&str> = fields.map(|field| field["field"].as_str().unwrap()).collect();
        let parts = [file, difference["kind"].as_str().unwrap(), &fields.join(",")];
        parts.join(" ").trim_end().to_owned()
    };
    differences.map(line).collect()
}

fn notes(value: &Value) -> Vec<String> {
    let notes = value["notes"].as_array().unwrap().iter();
    notes
        .map(|note| format!("{} {}", note["kind"].as_str().unwrap(), note["fact"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_copy_is_the_same_whatever_its_modes_and_names() {
    let home = copies(&[("clean-lists", "a"), ("clean-lists", "b")]);
    let said = "compared a against b: 8 files of each\n\nthe same\n";
    assert_eq!(compared(home.path(), &["a", "--against", "b"]), (Some(0), said.to_owned(), String::new()));
    fs::set_permissions(home.path().join("b/crl.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(home.path().join("b/root.crt"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::rename(home.path().join("b/server.crt"), home.path().join("b/tls.crt")).unwrap();
    let value = json(home.path(), &["a", "--against", "b"]);
    assert_eq!(notes(&value), ["mode 0600, there 0644", "name there it is tls.crt"]);
    assert_eq!(value["notes"][0]["files"], serde_json::json!(["crl.pem", "root.crt"]));
    assert_eq!((value["same"].as_bool(), value["compared"].as_u64()), (Some(true), Some(8)));
    let quiet = compared(home.path(), &["a", "--against", "b", "-q"]);
    assert_eq!(quiet, (Some(0), String::new(), String::new()));
}

#[test]
fn each_kind_of_difference_is_told_with_its_fields_and_no_other() {
    for (this, against, expected) in [
        ("server-expired", "clean-ecdsa-p256", &["server.crt certificate-renewed not_after,serial"][..]),
        (
            "clean-ed25519",
            "clean-ecdsa-p256",
            &[
                "client.crt certificate-rekeyed serial,key",
                "client.key key-changed key",
                "server.crt certificate-rekeyed serial,key",
                "server.key key-changed key",
            ],
        ),
        ("san-missing", "clean-ecdsa-p256", &["server.crt certificate-changed subject_alt_names,serial"]),
        (
            "client-without-common-name",
            "clean-ecdsa-p256",
            &["client.crt certificate-changed subject,serial"],
        ),
        ("both-usages", "clean-ecdsa-p256", &["server.crt certificate-changed serial,extended_key_usage"]),
        (
            "server-without-authority",
            "clean-ecdsa-p256",
            &["server.crt certificate-changed serial,authority_key_identifier"],
        ),
        ("signature-flipped", "clean-ecdsa-p256", &["server.crt certificate-changed signature"]),
        (
            "clean-name-constraints",
            "clean-ecdsa-p256",
            &["root.crt certificate-changed serial,name_constraints"],
        ),
        // What is known by its number alone, and what is critical.
        (
            "clean-extension-unknown",
            "clean-ecdsa-p256",
            &["server.crt certificate-changed serial,other_extensions"],
        ),
        (
            "root-constraints-not-critical",
            "clean-ecdsa-p256",
            &["root.crt certificate-changed serial,other_extensions"],
        ),
        ("anchor-of-the-same-name", "clean-ecdsa-p256", &["root.crt certificate-rekeyed serial,key"]),
        ("clean-two-roots-of-one-name", "clean-ecdsa-p256", &["root.crt certificate-only-in-this"]),
        ("clean-ecdsa-p256", "clean-two-roots-of-one-name", &["root.crt certificate-only-in-against"]),
        (
            "intermediate-not-appended",
            "clean-ecdsa-p256-intermediate",
            &["server.crt certificate-only-in-against"],
        ),
        (
            "intermediate-expired",
            "clean-ecdsa-p256-intermediate",
            &[
                "chain.crt certificate-renewed not_after,serial",
                "client.crt certificate-renewed not_after,serial",
                "intermediate.crt certificate-renewed not_after,serial",
                "server.crt certificate-renewed not_after,serial",
            ],
        ),
        ("leaf-not-first", "clean-ecdsa-p256-intermediate", &["server.crt certificate-order"]),
        ("keys-crossed", "clean-ecdsa-p256", &["client.key key-changed key", "server.key key-changed key"]),
        ("server-key-der", "clean-ecdsa-p256", &["server.key key-form form"]),
        ("client-key-encrypted", "clean-ecdsa-p256", &["client.key key-not-compared"]),
        ("client-key-encrypted", "client-key-encrypted", &[]),
        ("server-key-missing", "clean-ecdsa-p256", &["server.key only-in-against"]),
        ("ca-key-beside-shipped-files", "clean-ecdsa-p256", &["root.key only-in-this"]),
        (
            "key-in-trust-file",
            "clean-ecdsa-p256-intermediate",
            &["chain.crt key-only-in-this", "chain.crt fault"],
        ),
        // A directory without its key lacks it, even where something else bears its name.
        (
            "key-file-without-key",
            "clean-ecdsa-p256",
            &["server.key certificate-only-in-this", "server.key key-only-in-against", "server.key fault"],
        ),
        ("byte-order-mark", "clean-ecdsa-p256", &["root.crt fault"]),
        ("pem-garbled", "clean-ecdsa-p256", &["client.crt certificate-only-in-against", "client.crt fault"]),
        ("pem-garbled", "pem-garbled", &[]),
        ("client-revoked", "clean-another-is-revoked", &["crl.pem list-changed"]),
        ("crl-stale", "client-revoked", &["crl.pem list-changed next_update,revoked"]),
        // That of the intermediate was signed anew.
        ("clean-lists", "crl-of-the-root-missing", &["crl.pem list-changed", "crl.pem list-only-in-this"]),
        ("crl-of-the-root-missing", "clean-lists", &["crl.pem list-changed", "crl.pem list-only-in-against"]),
    ] {
        let value = json(Path::new("."), &[&fixture(this), "--against", &fixture(against)]);
        assert_eq!(told(&value), expected, "{this} against {against}: {value:#}");
    }
    for (this, note) in [("text-around-pem", "written"), ("client-key-sec1", "written")] {
        let value = json(Path::new("."), &[&fixture(this), "--against", &fixture("clean-ecdsa-p256")]);
        assert!(told(&value).is_empty(), "{value:#}");
        assert!(notes(&value).iter().any(|told| told.starts_with(note)), "{value:#}");
    }
}

#[test]
fn serial_numbers_that_were_revoked_or_are_no_longer_are_listed() {
    let value = json(
        Path::new("."),
        &[&fixture("client-revoked"), "--against", &fixture("clean-another-is-revoked")],
    );
    let difference = &value["differences"][0];
    let serial = |field: &str| difference[field].as_array().unwrap().len();
    assert_eq!((serial("revoked_only_in_this"), serial("revoked_only_in_against")), (1, 1), "{value:#}");
    let client = support::run(
        Path::new(&fixture("client-revoked")),
        "openssl",
        &["x509", "-in", "client.crt", "-noout", "-serial"],
    );
    let revoked = difference["revoked_only_in_this"][0].as_str().unwrap();
    assert_eq!(client.trim(), format!("serial={revoked}"));
}

#[test]
fn a_key_that_changed_says_which_certificates_it_fits() {
    let home = copies(&[("keys-crossed", "crossed"), ("clean-ecdsa-p256", "clean")]);
    let (code, stdout, _) = compared(home.path(), &["crossed", "--against", "clean"]);
    assert_eq!(code, Some(1));
    assert_golden("verify-against-crossed.txt", &stdout);
}

#[test]
fn what_changed_with_new_certificates_fits_a_terminal() {
    let home = copies(&[("clean-rsa-2048-intermediate", "new"), ("clean-ecdsa-p256-intermediate", "old")]);
    fs::remove_file(home.path().join("new/client.key")).unwrap();
    let (code, stdout, _) = compared(home.path(), &["new", "--against", "old"]);
    assert_eq!(code, Some(1));
    assert_golden("verify-against-rekeyed.txt", &stdout);
    assert!(stdout.lines().all(|line| line.chars().count() <= 80 && line.trim_end() == line), "{stdout}");
}

/// The settings of a server, its certificates under other names.
fn server(home: &Path, from: &str) {
    let data = home.join("data");
    fs::create_dir_all(&data).unwrap();
    let settings =
        "ssl = on\nssl_cert_file = 'tls.crt'\nssl_key_file = 'tls.key'\nssl_ca_file = 'root.crt'\n";
    for (file, contents) in [
        ("PG_VERSION", "15\n"),
        ("postgresql.conf", settings),
        ("postgresql.auto.conf", ""),
        ("pg_hba.conf", ""),
        ("pg_ident.conf", ""),
    ] {
        fs::write(data.join(file), contents).unwrap();
    }
    for (file, copy) in [("server.crt", "tls.crt"), ("server.key", "tls.key"), ("chain.crt", "root.crt")] {
        fs::copy(home.join(from).join(file), data.join(copy)).unwrap();
    }
}

#[test]
fn a_server_is_compared_by_what_its_settings_name_and_the_rest_is_left_out() {
    let home = copies(&[("clean-ecdsa-p256-intermediate", "pki"), ("clean-rsa-2048-intermediate", "other")]);
    server(home.path(), "pki");
    for words in [
        &["data", "--against", "pki"][..],
        &["--conf", "data/postgresql.conf", "--against", "pki"],
        &["pki", "--against", "data"],
        &["pki", "--against", "data/postgresql.conf"],
    ] {
        let value = json(home.path(), words);
        assert_eq!(told(&value), [""; 0], "{words:?} {value:#}");
        // Its root.crt is the chain, which counts more than that it bears the root's name.
        assert_eq!(value["compared"], 3, "{words:?} {value:#}");
        let left = ["client.crt", "client.key", "intermediate.crt", "root.crt"];
        assert_eq!(value["left_out"], serde_json::json!(left), "{words:?} {value:#}");
    }
    // Nothing of it has the name or the content of its counterpart: the parts that they play tell.
    let value = json(home.path(), &["data", "--against", "other"]);
    let files: Vec<&str> = value["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|difference| difference["against"].as_str().unwrap())
        .collect();
    assert_eq!(files.first(), Some(&"chain.crt"), "{value:#}");
    assert!(files.contains(&"server.crt") && files.contains(&"server.key"), "{value:#}");
    assert!(told(&value).iter().all(|line| !line.contains("only-in")), "{value:#}");
}

#[test]
fn single_files_are_compared_with_their_counterparts_and_with_each_other() {
    let home = copies(&[("clean-ecdsa-p256", "a"), ("server-expired", "b")]);
    let told_of = |words: &[&str]| told(&json(home.path(), words));
    assert_eq!(told_of(&["a/client.crt", "a/client.key", "--against", "b"]), [""; 0]);
    assert_eq!(
        told_of(&["a/server.crt", "--against", "b"]),
        ["a/server.crt certificate-renewed not_after,serial"]
    );
    assert_eq!(told_of(&["--server-cert", "a/server.crt", "--against", "b/server.key"]), [""; 0]);
    let fits = json(home.path(), &["a/server.key", "--against", "b/server.crt"]);
    assert_eq!(notes(&fits)[0], "key-fits key and certificate belong together");
    assert_eq!(told_of(&["a/client.key", "--against", "b/server.crt"]), ["a/client.key key-does-not-fit"]);
    // What was named by itself and has no counterpart is missed.
    fs::write(
        home.path().join("a/ed.key"),
        fs::read(Path::new(&fixture("clean-ed25519")).join("server.key")).unwrap(),
    )
    .unwrap();
    assert_eq!(told_of(&["a/server.key", "a/ed.key", "--against", "b"]), ["a/ed.key only-in-this"]);
    assert_eq!(told_of(&["a/server.key", "a/ed.key", "--against", "b/client.crt"]).len(), 3);
}

#[test]
fn an_encrypted_key_is_compared_once_it_is_open() {
    let home = copies(&[("clean-ecdsa-p256", "a"), ("clean-ecdsa-p256", "b")]);
    fs::write(home.path().join("pass"), "correct horse\n").unwrap();
    let lock = ["pkcs8", "-topk8", "-in", "a/client.key", "-out", "b/client.key", "-passout", "file:pass"];
    support::run(home.path(), "openssl", &lock);
    let words = ["a", "--against", "b"];
    assert_eq!(told(&json(home.path(), &words)), ["client.key key-not-compared"]);
    let open = [&words[..], &["--passphrase-file", "pass"]].concat();
    assert_eq!(told(&json(home.path(), &open)), ["client.key key-form form"]);
}

#[test]
fn a_place_that_is_not_there_or_holds_nothing_is_refused() {
    let home = copies(&[("clean-ecdsa-p256", "a")]);
    fs::create_dir(home.path().join("empty")).unwrap();
    for words in [["a", "--against", "nowhere"], ["nowhere", "--against", "a"]] {
        let (code, stdout, stderr) = compared(home.path(), &words);
        assert_eq!((code, stdout.as_str()), (Some(4), ""), "{words:?}");
        assert!(stderr.starts_with("pgtls: error: \"nowhere\" does not exist\n"), "{stderr}");
    }
    for words in [["a", "--against", "empty"], ["empty", "--against", "a"]] {
        let (code, stdout, stderr) = compared(home.path(), &words);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(stderr.starts_with("pgtls: error: there is nothing to judge in \"empty\"\n"), "{stderr}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_no_copy() {
    let home = copies(&[("clean-ecdsa-p256", "a"), ("clean-ecdsa-p256", "b")]);
    for place in ["a", "b"] {
        fs::create_dir(home.path().join(place).join("closed.crt")).unwrap();
    }
    let (code, stdout, stderr) = compared(home.path(), &["a", "--against", "b"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert_eq!(stderr.matches("pgtls: warning: ").count(), 2, "{stderr}");
}

#[test]
fn it_judges_nothing_and_takes_no_question() {
    let home = copies(&[("client-revoked", "a"), ("client-revoked", "b")]);
    assert_eq!(compared(home.path(), &["a", "--against", "b", "-q"]).0, Some(0));
    for question in [
        &["--host", "x"][..],
        &["--sslmode", "verify-ca"],
        &["--user", "x"],
        &["--libpq-version", "14"],
        &["--at", "2027-01-01"],
        &["--expires-in", "1d"],
        &["--server-uid", "70"],
        &["--strict"],
        &["--prometheus"],
    ] {
        let (code, stdout, stderr) = compared(home.path(), &[&["a", "--against", "b"], question].concat());
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{question:?}");
        let fact = format!("the argument '--against <PATH>' cannot be used with '{}", question[0]);
        assert!(stderr.contains(&fact), "{stderr}");
    }
}

/// A thousand leaves under names of their own, and a thousand others.
#[test]
fn a_thousand_differences_are_told_in_few_lines_and_listed_in_json() {
    let home = copies(&[("clean-ecdsa-p256", "clean"), ("client-expired", "expired")]);
    for (place, from) in [("a", "expired"), ("b", "clean")] {
        fs::create_dir(home.path().join(place)).unwrap();
        let certificate = fs::read(home.path().join(from).join("client.crt")).unwrap();
        for at in 0..1_000 {
            fs::write(home.path().join(place).join(format!("client.{at:04}.crt")), &certificate).unwrap();
        }
    }
    let (code, stdout, _) = compared(home.path(), &["a", "--against", "b"]);
    assert_eq!(code, Some(1));
    assert!(stdout.lines().count() < 60, "{stdout}");
    assert!(stdout.contains("and 990 more files: certificate-renewed (--json lists all)"), "{stdout}");
    let value = json(home.path(), &["a", "--against", "b"]);
    assert_eq!(value["differences"].as_array().unwrap().len(), 1_000);
    fs::remove_dir_all(home.path().join("b")).unwrap();
    fs::rename(home.path().join("clean"), home.path().join("b")).unwrap();
    let (_, stdout, _) = compared(home.path(), &["a", "--against", "b"]);
    assert!(stdout.contains("more (--json lists all)") && stdout.lines().count() < 60, "{stdout}");
}

#[test]
fn names_send_nothing_to_a_terminal() {
    let home = copies(&[("clean-ecdsa-p256", "a"), ("clean-ecdsa-p256", "b")]);
    let odd = "odd\u{1b}[31m\u{9b}.key";
    fs::rename(home.path().join("a/server.key"), home.path().join("a").join(odd)).unwrap();
    fs::write(home.path().join("a\u{7}.crt"), fs::read(home.path().join("a/root.crt")).unwrap()).unwrap();
    for words in
        [&["a", "--against", "b"][..], &["a", "--against", "a\u{7}.crt"], &["a\u{7}.crt", "--against", "b"]]
    {
        for form in [&[][..], &["--json"]] {
            let (_, stdout, stderr) = compared(home.path(), &[words, form].concat());
            let plain = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
            assert!(plain(&stdout) && plain(&stderr), "{stdout:?}{stderr:?}");
        }
    }
    let value = json(home.path(), &["a", "--against", "b"]);
    assert_eq!(value["notes"][0]["files"][0], odd);
}
