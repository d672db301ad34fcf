//! What hangs from a CA that is there already: nothing is made that no peer would accept, and no CA is replaced.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::path::Path;

use support::{Run, run, scratch, snapshot, text};
use tempfile::TempDir;

/// Runs it, expects a refusal of that code whose message has these words, and that nothing changed.
fn refused(home: &TempDir, arguments: &[&str], code: i32, words: &str) {
    let before = snapshot(home.path());
    let output = Run::new(arguments).dir(home).output();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{stderr}");
    assert!(stderr.contains(words), "{stderr}\nis without\n{words}");
    assert_eq!(snapshot(home.path()), before, "a refusal changed something");
}

fn made(home: &TempDir, arguments: &[&str]) {
    Run::new(arguments).dir(home).code(0);
}

fn copy(home: &TempDir, from: &str, to: &str) {
    fs::copy(home.path().join(from), home.path().join(to)).unwrap();
}

/// `root.key` and `root.crt` by openssl, in a new directory, with these extensions.
fn openssl_root(at: &Path, extensions: &[&str]) {
    fs::create_dir(at).unwrap();
    let mut words =
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=theirs -days 3650 \
                     -keyout root.key -out root.crt"
            .split_whitespace()
            .collect::<Vec<_>>();
    extensions.iter().for_each(|extension| words.extend(["-addext", extension]));
    run(at, "openssl", &words);
}

#[test]
fn an_intermediate_of_another_root_is_refused() {
    let home = scratch();
    for at in ["one", "two"] {
        made(&home, &["gen", "chain", "--intermediate", "-q", "-D", at]);
    }
    for file in ["intermediate.crt", "intermediate.key"] {
        copy(&home, &format!("two/{file}"), &format!("one/{file}"));
    }
    let words = "the existing CA \"one/root.crt\" cannot sign: it did not issue intermediate.crt";
    refused(&home, &["gen", "chain", "--intermediate", "-q", "-D", "one", "--force"], 3, words);
}

#[test]
fn a_root_that_somebody_else_issued_is_no_anchor() {
    let home = scratch();
    made(&home, &["gen", "chain", "--intermediate", "-q"]);
    fs::create_dir(home.path().join("sub")).unwrap();
    copy(&home, "pki/intermediate.crt", "sub/root.crt");
    copy(&home, "pki/intermediate.key", "sub/root.key");
    let words = "cannot sign: it is no trust anchor: CN=root.yourdomain.com issued it";
    refused(&home, &["gen", "chain", "-q", "-D", "sub", "--force"], 3, words);
}

#[test]
fn a_root_that_has_expired_is_refused_though_a_valid_intermediate_signs() {
    let home = scratch();
    let at = home.path().join("pki");
    openssl_root(&at, &["basicConstraints=critical,CA:TRUE"]);
    let profile = "name = \"old\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=r\"\n\
                   not_before = 2020-01-01\nnot_after = 2021-01-01\n\
                   [[certificate]]\nname = \"intermediate\"\nusage = \"intermediate-ca\"\nissuer = \"root\"\n\
                   subject = \"CN=i\"\nwaive = [\"leaf-outlives-ca\"]\n";
    fs::write(home.path().join("old.toml"), profile).unwrap();
    made(&home, &["gen", "old.toml", "-q", "-D", "aged"]);
    let words = "the existing CA \"aged/root.crt\" cannot sign: it is valid from 2020-01-01T00:00:00Z";
    refused(&home, &["gen", "chain", "--intermediate", "-q", "-D", "aged", "--force"], 3, words);
}

#[test]
fn a_ca_for_clients_alone_issues_no_server() {
    let home = scratch();
    let extensions = ["basicConstraints=critical,CA:TRUE", "extendedKeyUsage=clientAuth"];
    openssl_root(&home.path().join("pki"), &extensions);
    let words = "cannot sign: its extended key usage does not allow serverAuth";
    refused(&home, &["gen", "chain", "-q", "--force"], 3, words);
}

#[test]
fn a_name_outside_the_constraints_of_a_ca_is_refused_and_one_inside_verifies() {
    let home = scratch();
    let extensions =
        ["basicConstraints=critical,CA:TRUE", "nameConstraints=critical,permitted;DNS:corp.example"];
    openssl_root(&home.path().join("pki"), &extensions);
    let words = "the name constraints of \"root\" do not allow DNS:db.other.com";
    refused(&home, &["gen", "chain", "-q", "--force", "--server", "db.other.com"], 3, words);
    made(&home, &["gen", "chain", "-q", "--force", "--server", "db.corp.example"]);
    run(&home.path().join("pki"), "openssl", &["verify", "-CAfile", "chain.crt", "server.crt"]);
}

#[test]
fn a_profiles_own_constraints_hold_for_its_own_leaves() {
    let home = scratch();
    let profile = |waive: &str| {
        format!(
            "name = \"mine\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=r\"\n\
             excluded_names = [\"10.0.0.0/8\"]\n[[certificate]]\nname = \"server\"\nusage = \"server\"\n\
             issuer = \"root\"\nsubject = \"CN=db\"\nsan = [\"10.1.2.3\"]\n{waive}\n"
        )
    };
    fs::write(home.path().join("mine.toml"), profile("")).unwrap();
    refused(&home, &["gen", "mine.toml"], 2, "the name constraints of \"root\" do not allow IP:10.1.2.3");
    fs::write(home.path().join("mine.toml"), profile("waive = [\"outside-name-constraints\"]")).unwrap();
    made(&home, &["gen", "mine.toml", "-q"]);
}

#[test]
fn a_certificate_named_like_its_ca_is_refused() {
    let home = scratch();
    let words = "certificate \"server\" would have the name of its CA, CN=root.example.com";
    refused(&home, &["gen", "chain", "--server", "root.example.com"], 2, words);
    made(&home, &["gen", "chain", "-q", "--server", "root.example.com", "--domain", "ca.example.com"]);
}

#[test]
fn force_replaces_no_ca_whatever_a_profile_calls_it() {
    let home = scratch();
    made(&home, &["gen", "chain", "-q"]);
    let profile = "name = \"e\"\n[[certificate]]\nname = \"root\"\nusage = \"server\"\nsubject = \"CN=x\"\n";
    fs::write(home.path().join("e.toml"), profile).unwrap();
    refused(&home, &["gen", "e.toml", "-q", "--force"], 3, "\"pki/root.crt\" exists already");
}

#[test]
fn force_replaces_no_file_that_is_no_bundle() {
    let home = scratch();
    made(&home, &["gen", "chain", "-q"]);
    fs::write(home.path().join("pki/postgresql.conf"), "ssl = on\n").unwrap();
    let profile = include_str!("../profiles/root-only.toml").replace("chain.crt", "postgresql.conf");
    fs::write(home.path().join("mine.toml"), profile).unwrap();
    refused(&home, &["gen", "mine.toml", "-q", "--force"], 3, "\"pki/postgresql.conf\" exists already");
}

#[test]
fn force_still_replaces_the_guides_self_signed_pairs() {
    let home = scratch();
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide/self-signed");
    fs::create_dir(home.path().join("pki")).unwrap();
    for file in ["server.crt", "server.key", "client.crt", "client.key"] {
        fs::copy(guide.join(file), home.path().join("pki").join(file)).unwrap();
    }
    made(&home, &["gen", "self-signed", "-q", "--force"]);
    let shown = run(&home.path().join("pki"), "openssl", &["x509", "-in", "client.crt", "-noout", "-text"]);
    assert!(shown.contains("CA:FALSE"), "{shown}");
}

#[test]
fn a_wrong_passphrase_is_told_by_a_dry_run_and_before_any_key_is_made() {
    let home = scratch();
    fs::write(home.path().join("right"), "correct horse\n").unwrap();
    fs::write(home.path().join("wrong"), "battery staple\n").unwrap();
    made(&home, &["gen", "chain", "-q", "--ca-passphrase-file", "right"]);
    let again = ["gen", "chain", "-q", "--force", "--dry-run", "--ca-passphrase-file"];
    refused(&home, &[&again[..], &["wrong"]].concat(), 3, "the passphrase does not open the key");
    refused(&home, &["gen", "chain", "-q", "--force", "--dry-run"], 3, "no passphrase was given");
    made(&home, &[&again[..], &["right"]].concat());
}

#[test]
fn a_passphrase_that_openssl_would_read_as_another_is_refused() {
    let home = scratch();
    for line in ["x".repeat(1024), "a\0b".to_owned()] {
        fs::write(home.path().join("pass"), line).unwrap();
        let words = "passphrase file \"pass\" begins with a line that openssl cannot take";
        refused(&home, &["gen", "chain", "--ca-passphrase-file", "pass"], 2, words);
    }
    fs::write(home.path().join("pass"), "x".repeat(1023)).unwrap();
    made(&home, &["gen", "chain", "-q", "--ca-passphrase-file", "pass"]);
    run(home.path(), "openssl", &["pkey", "-in", "pki/root.key", "-passin", "file:pass", "-noout"]);
}

#[test]
fn flags_for_a_ca_are_refused_where_there_is_none() {
    let home = scratch();
    fs::write(home.path().join("pass"), "secret\n").unwrap();
    for flag in [["--ca-dir", "safe"], ["--ca-passphrase-file", "pass"]] {
        let words = format!("{} is given, but the profile \"self-signed\" has no CA", flag[0]);
        refused(&home, &[&["gen", "self-signed"][..], &flag].concat(), 2, &words);
    }
    Run::new(&["gen", "self-signed", "-q"]).env("PGTLS_CA_DIR", "safe").dir(&home).code(0);
    assert!(!home.path().join("safe").exists());
}

#[test]
fn leaving_an_appendix_out_where_there_is_none_is_refused() {
    let home = scratch();
    let words = "--no-append client is given, but nothing is appended to client.crt";
    refused(&home, &["gen", "chain", "--no-append", "client"], 2, words);
}

#[test]
fn an_address_comes_first_in_either_form() {
    for (address, ca) in
        [("fd00::5", "CN=root.fd00-5"), ("::1", "CN=root.1"), ("10.0.0.5", "CN=root.10.0.0.5")]
    {
        for layout in [&["chain", "--intermediate"][..], &["self-signed"]] {
            let home = scratch();
            made(&home, &[&["gen", "-q", "--server", address][..], layout].concat());
            let shown = text(&Run::new(&["inspect"]).dir(&home).output().stdout);
            assert!(shown.contains(&format!("CN={address}")), "{shown}");
            assert!(layout.len() == 1 || shown.contains(ca), "{shown}");
        }
    }
}

#[test]
fn the_number_that_chown_takes_for_nobody_is_no_owner() {
    let home = scratch();
    for owner in ["4294967295:1", "1:4294967295"] {
        refused(&home, &["gen", "chain", "--owner", owner], 2, "\"4294967295\"");
    }
}

#[test]
fn a_root_whose_usages_are_any_is_refused_as_openssl_refuses_what_it_signs() {
    let home = scratch();
    openssl_root(&home.path().join("pki"), &["extendedKeyUsage=anyExtendedKeyUsage"]);
    let words = "cannot sign: its extended key usage does not allow serverAuth";
    refused(&home, &["gen", "chain", "-q", "--force"], 3, words);
}

#[test]
fn a_leaf_outlives_no_authority_above_it() {
    let home = scratch();
    let profile = "name = \"short\"\n[[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=r\"\n\
                   lifetime = \"10d\"\n[[certificate]]\nname = \"intermediate\"\nusage = \"intermediate-ca\"\n\
                   issuer = \"root\"\nsubject = \"CN=i\"\nlifetime = \"2000d\"\nwaive = [\"leaf-outlives-ca\"]\n";
    fs::write(home.path().join("short.toml"), profile).unwrap();
    made(&home, &["gen", "short.toml", "-q"]);
    let words = "\"root\" ends at";
    refused(&home, &["gen", "chain", "--intermediate", "-q", "--force", "--lifetime", "30d"], 3, words);
    made(&home, &["gen", "chain", "--intermediate", "-q", "--force", "--lifetime", "9d"]);
}

#[test]
fn a_role_with_a_dot_is_a_host_to_name_constraints() {
    let home = scratch();
    openssl_root(&home.path().join("pki"), &["nameConstraints=permitted;DNS:corp.example"]);
    let gen_for =
        |client| ["gen", "chain", "-q", "--force", "--server", "db.corp.example", "--client", client];
    let words = "the name constraints of \"root\" do not allow DNS:alice.smith";
    refused(&home, &gen_for("alice.smith"), 3, words);
    made(&home, &gen_for("alice"));
}

#[test]
fn a_root_that_did_not_sign_its_intermediate_is_found_where_nothing_but_the_signature_tells() {
    let home = scratch();
    let at = home.path().join("pki");
    let anonymous = ["subjectKeyIdentifier=none", "authorityKeyIdentifier=none"];
    openssl_root(&at, &anonymous);
    let words = "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=int -keyout intermediate.key -out i.csr";
    run(&at, "openssl", &words.split_whitespace().collect::<Vec<_>>());
    fs::write(
        at.join("i.ext"),
        "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n",
    )
    .unwrap();
    let words =
        "x509 -req -in i.csr -CA root.crt -CAkey root.key -days 2000 -extfile i.ext -out intermediate.crt";
    run(&at, "openssl", &words.split_whitespace().collect::<Vec<_>>());
    made(&home, &["gen", "chain", "--intermediate", "-q", "--force"]);
    // Another root of the same name.
    let other = home.path().join("other");
    openssl_root(&other, &anonymous);
    for file in ["root.crt", "root.key"] {
        copy(&home, &format!("other/{file}"), &format!("pki/{file}"));
    }
    let words = "\"intermediate.crt\" would not work: its signature was not made by the key of CN=theirs";
    refused(&home, &["gen", "chain", "--intermediate", "-q", "--force"], 3, words);
}
