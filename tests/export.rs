//! `export`: which files leave a directory for whom, what is refused, and what foreign programs say of them.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use support::{PGTLS, Run, assert_golden, is_root, masked, mode, names, run, scratch, text};
use tempfile::TempDir;
use time::OffsetDateTime;

/// `pki/` of the layout with an intermediate for the role `app`, and a file with a passphrase.
fn home() -> TempDir {
    home_with(&[])
}

fn home_with(words: &[&str]) -> TempDir {
    let home = scratch();
    let usual = ["gen", "chain", "--intermediate", "-q", "--server", "db.test", "--client", "app"];
    // Of some kinds of keys it warns.
    assert!(Run::new(&[&usual, words].concat()).dir(&home).output().status.success());
    fs::write(home.path().join("word"), "word word\n").unwrap();
    home
}

/// Every file under a directory with its mode and bytes, of which an archive's are no text.
fn everything(directory: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        found.push((
            path.clone(),
            mode(&path),
            if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() },
        ));
        if path.is_dir() {
            found.extend(everything(&path));
        }
    }
    found.sort();
    found
}

/// Exit code, standard output, standard error.
fn export(home: &TempDir, words: &str) -> (i32, String, String) {
    let words: Vec<&str> = ["export"].into_iter().chain(words.split_whitespace()).collect();
    let output = Run::new(&words).dir(home).output();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// An export that works, and has nothing to warn of.
fn exported(home: &TempDir, words: &str) -> String {
    let (code, stdout, stderr) = export(home, words);
    assert_eq!((code, stderr.as_str()), (0, ""), "export {words}");
    stdout
}

/// An export that is refused with this code, and leaves everything as it was.
fn refused(home: &TempDir, words: &str, expected: i32, fact: &str) {
    let before = everything(home.path());
    let (code, stdout, stderr) = export(home, words);
    assert_eq!((code, stdout.as_str()), (expected, ""), "export {words}: {stderr}");
    assert!(stderr.contains(fact), "export {words}: {stderr}");
    assert_eq!(everything(home.path()), before, "export {words}");
}

fn read(home: &TempDir, name: &str) -> String {
    text(&fs::read(home.path().join(name)).unwrap())
}

fn openssl(home: &TempDir, words: &str) -> String {
    run(home.path(), "openssl", &words.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn the_examples_of_the_reference_run() {
    let reference = include_str!("../docs/export.md");
    let examples: Vec<&str> = reference
        .lines()
        .filter_map(|line| line.strip_prefix("    pgtls "))
        .filter(|line| line.starts_with("export"))
        .collect();
    assert_eq!(examples.len(), 4);
    let home = home();
    for ending in ["crt", "key"] {
        let file = |stem: &str| home.path().join(format!("pki/{stem}.{ending}"));
        fs::copy(file("client"), file("client.alice")).unwrap();
    }
    for example in examples {
        let words: Vec<&str> = example
            .split_whitespace()
            .take_while(|word| !["#", "|"].contains(word))
            .chain(["--dry-run"])
            .collect();
        let output = Run::new(&words).dir(&home).output();
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""), "{example}");
    }
}

#[test]
fn each_consumer_is_told_what_to_do_next_in_less_than_thirty_lines() {
    let home = home();
    for (name, words) in [
        ("pg", "server --to out/pg"),
        ("libpq", "client --to out/libpq"),
        ("jdbc", "client --as jdbc --to out/jdbc"),
        ("p12", "client --as p12 --to out/p12"),
        ("tls", "server --as tls --to out/tls"),
        ("tar", "server --owner 999:999 --tar --write out/server.tar"),
        ("dry-run", "server --owner 999:999 --tar --dry-run"),
    ] {
        let found = masked(&exported(&home, words), OffsetDateTime::now_utc());
        assert_golden(&format!("export-{name}.txt"), &found);
        assert!(found.lines().count() < 30, "{found}");
        // A URL is one word, however long: folded it could not be pasted.
        for line in found.lines().filter(|line| !line.starts_with("  jdbc:")) {
            assert!(line.chars().count() <= 80 && line.trim_end() == line, "{line:?}");
        }
    }
    let help = masked(&text(&Run::new(&["export", "--help"]).output().stdout), OffsetDateTime::now_utc());
    assert_golden("help-export.txt", &help);
}

#[test]
fn odd_names_reach_neither_the_terminal_nor_the_shell_as_they_are() {
    let home = scratch();
    let profile = "name = \"mine\"\n[[certificate]]\nname = \"client\"\nusage = \"client\"\n\
                   subject = \"CN=a\\u001b[31m $(id)\"\n";
    fs::write(home.path().join("mine.toml"), profile).unwrap();
    Run::new(&["gen", "mine.toml", "-q"]).dir(&home).output();
    for consumer in ["libpq", "jdbc", "p12", "tls"] {
        let out = format!("out $(id) \u{1b}[31m {consumer}");
        let words = ["export", "client", "--as", consumer, "--to", &out];
        let output = Run::new(&words).dir(&home).output();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        assert!(!(stdout.clone() + &stderr).contains('\u{1b}'), "{stdout}{stderr}");
        for line in stdout.lines().filter(|line| line.starts_with("  ") && line.contains("$(id)")) {
            assert!(line.contains("\\$(id)") || line.contains("$'"), "{line}");
        }
    }
}

/// Whether a key file, as `openssl pkey` takes it with these words, is the key of a certificate.
fn is_key_of(home: &TempDir, key: &str, certificate: &str) -> bool {
    openssl(home, &format!("pkey -pubout {key}"))
        == openssl(home, &format!("x509 -noout -pubkey -in {certificate}"))
}

#[test]
fn each_consumer_gets_its_names_with_closed_keys_in_a_closed_directory() {
    let home = home();
    for (words, expected) in [
        ("server", &["root.crt", "server.crt", "server.key"][..]),
        ("client", &["postgresql.crt", "postgresql.key", "root.crt"]),
        (
            "client app --as jdbc",
            &["postgresql.crt", "postgresql.p12", "postgresql.p12.pass", "postgresql.pk8", "root.crt"],
        ),
        ("client --as p12", &["client.p12", "client.p12.pass"]),
        ("server --as tls", &["ca.crt", "tls.crt", "tls.key"]),
        ("server --as tls --format der", &["ca.crt", "key.der", "tls.crt", "tls.key"]),
        ("server --as tls --format combined", &["ca.crt", "tls-combined.pem", "tls.crt", "tls.key"]),
        ("server --format combined", &["root.crt", "server.pem"]),
        ("client --format combined", &["postgresql.pem", "root.crt"]),
    ] {
        exported(&home, &format!("{words} --to out"));
        let out = home.path().join("out");
        assert_eq!(names(&out), expected, "{words}");
        assert_eq!(mode(&out), 0o700, "{words}");
        for name in expected {
            let wanted = if name.ends_with(".crt") { 0o644 } else { 0o600 };
            assert_eq!(mode(&out.join(name)), wanted, "{words}: {name}");
        }
        fs::remove_dir_all(out).unwrap();
    }
}

#[test]
fn certificates_keys_and_trust_go_out_byte_for_byte() {
    let home = home();
    exported(&home, "server --to pg");
    exported(&home, "client --to libpq");
    exported(&home, "server --as tls --to tls");
    for (out, from) in [
        ("pg/server.crt", "pki/server.crt"),
        ("pg/server.key", "pki/server.key"),
        ("pg/root.crt", "pki/chain.crt"),
        ("libpq/postgresql.crt", "pki/client.crt"),
        ("libpq/postgresql.key", "pki/client.key"),
        ("libpq/root.crt", "pki/chain.crt"),
        ("tls/tls.crt", "pki/server.crt"),
        ("tls/tls.key", "pki/server.key"),
        ("tls/ca.crt", "pki/chain.crt"),
    ] {
        assert_eq!(read(&home, out), read(&home, from), "{out}");
    }
}

#[test]
fn what_hides_in_a_certificate_file_stays_behind() {
    let home = home();
    let all = ["server.crt", "root.crt", "root.key"].map(|name| read(&home, &format!("pki/{name}")));
    fs::write(home.path().join("pki/server.crt"), format!("a remark\n{}", all.concat())).unwrap();
    exported(&home, "server --as tls --to out");
    // Neither the key, nor the remark, nor the root, which nobody sends.
    assert_eq!(read(&home, "out/tls.crt"), all[0]);
}

#[test]
fn in_the_self_signed_layout_each_side_gets_the_certificate_of_the_other_to_trust() {
    let home = scratch();
    Run::new(&["gen", "self-signed", "-q"]).dir(&home).code(0);
    exported(&home, "server --to pg");
    exported(&home, "client --to libpq");
    assert_eq!(read(&home, "pg/root.crt"), read(&home, "pki/client.crt"));
    assert_eq!(read(&home, "libpq/root.crt"), read(&home, "pki/server.crt"));
}

#[test]
fn the_directories_of_the_guides_own_commands_are_exported_with_what_is_wrong_with_them_said() {
    for (layout, rule) in [
        ("intermediate", "server-passes-as-client"),
        ("root-only", "server-passes-as-client"),
        ("self-signed", "leaf-mints-logins"),
    ] {
        let home = scratch();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide").join(layout);
        let party = if layout == "self-signed" { "client" } else { "server" };
        let (code, stdout, stderr) = export(&home, &format!("{party} -D {} --to out", from.display()));
        assert_eq!(code, 0, "{layout}: {stderr}");
        assert!(stderr.contains(&format!("[{rule}]")), "{layout}: {stderr}");
        assert!(stdout.starts_with(&format!("exported {party}.crt (CN=")), "{stdout}");
    }
}

#[test]
fn the_key_of_a_ca_is_never_exported() {
    let home = home();
    let fact = "is a CA's, and never exported";
    for words in [
        "server root --to out",
        "client intermediate --to out",
        "server intermediate.crt --as p12 --to out",
        "client root.db.test --to out",
        "server root --tar",
    ] {
        refused(&home, words, 3, fact);
    }
    // Nor under a name that makes it pass for a server.
    for ending in ["crt", "key"] {
        let [from, to] =
            ["intermediate", "server"].map(|stem| home.path().join(format!("pki/{stem}.{ending}")));
        fs::rename(from, to).unwrap();
    }
    refused(&home, "server --to out", 3, fact);
}

#[test]
fn no_other_key_is_read_than_the_one_that_is_exported() {
    let home = home();
    for (name, mode) in [("", 0o755), ("server.key", 0o644), ("client.key", 0o000), ("root.key", 0o000)] {
        let path = home.path().join("pki").join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let output = Run::new(&["export", "server", "--to", "out"]).dir(&home).by_nobody().output();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    // What was not asked for is not even tried: else it would be the first to be told of.
    let output = Run::new(&["export", "client", "bob", "--to", "more"]).dir(&home).by_nobody().output();
    assert!(text(&output.stderr).starts_with("pgtls: error: no client \"bob\" in \"pki\"\n"));
    let output = Run::new(&["export", "client", "--to", "more"]).dir(&home).by_nobody().output();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("could not read \"pki/client.key\": permission denied"));
}

#[test]
fn a_name_is_a_stem_first_then_a_common_name_and_an_ambiguous_one_is_listed() {
    let home = home();
    let pki = home.path().join("pki");
    Run::new(&["gen", "chain", "-q", "--server", "b.test", "--client", "app", "-D", "other"])
        .dir(&home)
        .code(0);
    for (from, to) in [("client", "client.alice"), ("client", "third"), ("server", "server.db2")] {
        for ending in ["crt", "key"] {
            let from = home.path().join(format!("other/{from}.{ending}"));
            fs::copy(from, pki.join(format!("{to}.{ending}"))).unwrap();
        }
    }
    for (words, file) in [
        ("client alice", "client.alice.crt"),
        ("client client.alice", "client.alice.crt"),
        ("client pki/client.alice.crt", "client.alice.crt"),
        ("client", "client.crt"),
        ("server db2", "server.db2.crt"),
        ("server b.test", "server.db2.crt"),
        ("server db.test", "server.crt"),
    ] {
        let (code, stdout, stderr) = export(&home, &format!("{words} --dry-run --to out"));
        assert_eq!(code, 0, "{words}: {stderr}");
        assert!(stdout.starts_with(&format!("would export {file} (CN=")), "{words}: {stdout}");
    }
    refused(&home, "client app --to out", 2, "They are client.alice.crt, client.crt, third.crt.");
    refused(&home, "client bob --to out", 3, "There are: client.alice, client, third.");
    refused(&home, "client server --to out", 3, "Run: pgtls export server server");
    refused(&home, "server -D nowhere --to out", 4, "\"nowhere\" does not exist");
}

#[test]
fn nothing_that_exists_is_replaced_and_its_neighbours_stay() {
    let home = home();
    let out = home.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("postgresql.conf"), "mine").unwrap();
    exported(&home, "server --to out");
    assert_eq!(names(&out), ["postgresql.conf", "root.crt", "server.crt", "server.key"]);
    let words = "server --to out";
    refused(&home, words, 3, "\"out/root.crt\" exists already");
    refused(&home, words, 3, "It and 2 more would be overwritten; nothing was changed.");
    refused(&home, "server --to out --dry-run", 3, "\"out/root.crt\" exists already");
    fs::remove_file(out.join("root.crt")).unwrap();
    fs::remove_file(out.join("server.crt")).unwrap();
    refused(&home, words, 3, "\"out/server.key\" exists already");
    refused(&home, "server --to word", 3, "\"word\" is not a directory");
}

#[test]
fn a_key_that_is_anothers_or_missing_or_closed_is_refused_by_name() {
    let home = home();
    let key = home.path().join("pki/server.key");
    let own = fs::read(&key).unwrap();
    fs::copy(home.path().join("pki/client.key"), &key).unwrap();
    refused(&home, "server --to out", 3, "the key \"pki/server.key\" does not belong to \"pki/server.crt\"");
    refused(&home, "server --to out", 3, "Both are ECDSA P-256, and different keys.");
    fs::remove_file(&key).unwrap();
    refused(&home, "server --to out", 4, "the key \"pki/server.key\" is not there");
    fs::write(&key, "nothing\n").unwrap();
    refused(&home, "server --to out", 3, "no private key found in it");
    fs::write(home.path().join("own.key"), &own).unwrap();
    openssl(&home, "pkcs8 -topk8 -in own.key -out pki/server.key -passout file:word");
    refused(&home, "server --to out", 3, "Give the passphrase's file with --passphrase-file.");
    fs::write(home.path().join("wrong"), "other\n").unwrap();
    refused(&home, "server --passphrase-file wrong --to out", 3, "the passphrase does not open the key");
    exported(&home, "server --passphrase-file word --to out");
    assert_eq!(fs::read(home.path().join("out/server.key")).unwrap(), own, "it is open");
    exported(&home, "server --passphrase-file word --encrypt-key-file word --to closed");
    assert!(read(&home, "closed/server.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert!(is_key_of(&home, "-in closed/server.key -passin file:word", "pki/server.crt"));
}

#[test]
fn a_certificate_file_that_holds_none_is_named() {
    let home = home();
    fs::write(home.path().join("pki/server.crt"), "nothing\n").unwrap();
    refused(&home, "server --to out", 3, "certificate file \"pki/server.crt\" holds no certificate");
    let gone = home.path().join("pki/client.crt");
    fs::remove_file(&gone).unwrap();
    refused(&home, "client --to out", 3, "There is no client's certificate.");
}

#[test]
fn a_list_that_lacks_its_fellow_is_exported_with_a_warning() {
    let home = scratch();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults/clean-lists");
    let pki = home.path().join("pki");
    fs::create_dir(&pki).unwrap();
    for name in ["chain.crt", "intermediate.crt", "root.crt", "server.crt", "server.key"] {
        fs::copy(from.join(name), pki.join(name)).unwrap();
    }
    let lists = fs::read_to_string(from.join("crl.pem")).unwrap();
    let end = "-----END X509 CRL-----\n";
    fs::write(pki.join("one.crl"), lists.split_inclusive(end).next().unwrap()).unwrap();
    let (code, _, stderr) = export(&home, "server --to out");
    assert_eq!((code, stderr.contains("[crl-missing]")), (0, true), "{stderr}");
}

#[test]
fn what_has_ended_is_exported_with_a_warning() {
    let home = scratch();
    let profile = "name = \"mine\"\n[[certificate]]\nname = \"server\"\nusage = \"server\"\nsubject = \"CN=db.test\"\n\
                   san = [\"db.test\"]\nnot_before = 2020-01-01\nnot_after = 2020-06-01\n";
    fs::write(home.path().join("mine.toml"), profile).unwrap();
    Run::new(&["gen", "mine.toml", "-q"]).dir(&home).output();
    let (code, stdout, stderr) = export(&home, "server --to out");
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("pgtls: warning: server.crt: ") && stderr.contains("[expired]"), "{stderr}");
    assert!(stdout.starts_with("exported server.crt (CN=db.test, until 2020-06-01)\n"), "{stdout}");
}

#[test]
fn revocation_lists_go_along_the_newest_of_each_authority() {
    let home = scratch();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults/clean-lists");
    let (code, stdout, stderr) = export(&home, &format!("server -D {} --to out", from.display()));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("ssl_crl_file = 'root.crl'"), "{stdout}");
    let lists = fs::read_to_string(from.join("crl.pem")).unwrap();
    assert_eq!(lists.matches("BEGIN X509 CRL").count(), 2);
    assert_eq!(read(&home, "out/root.crl"), lists);
    // A stale list before the current one of the same CA stays behind.
    let aged = from.with_file_name("clean-list-beside-its-predecessor");
    export(&home, &format!("server -D {} --to newest", aged.display()));
    let both = fs::read_to_string(aged.join("crl.pem")).unwrap();
    assert_eq!(read(&home, "newest/root.crl"), both[both.rfind("-----BEGIN").unwrap()..]);
    export(&home, &format!("client -D {} --to libpq", from.display()));
    assert_eq!(read(&home, "libpq/root.crl"), lists);
    export(&home, &format!("client -D {} --as tls --to tls", from.display()));
    assert_eq!(names(&home.path().join("tls")), ["ca.crt", "tls.crt", "tls.key"]);
}

#[test]
fn every_form_of_a_key_is_one_that_openssl_reads_as_the_same_key() {
    for (kind, format, label) in [
        ("rsa-2048", "pkcs1", "RSA PRIVATE KEY"),
        ("ecdsa-p256", "sec1", "EC PRIVATE KEY"),
        ("ecdsa-p384", "sec1", "EC PRIVATE KEY"),
        ("ed25519", "combined", "PRIVATE KEY"),
    ] {
        let home = home_with(&["--key-type", kind]);
        exported(&home, &format!("server --as tls --format {format} --to out"));
        let file = if format == "combined" { "out/tls-combined.pem" } else { "out/tls.key" };
        assert!(read(&home, file).starts_with(&format!("-----BEGIN {label}-----\n")), "{kind}");
        assert!(is_key_of(&home, &format!("-in {file}"), "pki/server.crt"), "{kind}");
        exported(&home, "client --format der --to der");
        assert!(is_key_of(&home, "-inform DER -in der/postgresql.key", "pki/client.crt"), "{kind}");
        let other = if kind.starts_with("ecdsa") { "pkcs1" } else { "sec1" };
        refused(&home, &format!("server --format {other} --to no"), 3, "cannot be written as");
    }
}

#[test]
fn a_sec1_key_names_its_curve_inside() {
    let home = home();
    exported(&home, "server --format sec1 --to out");
    // Without PKCS#8 around it, nothing else says which curve it is.
    let parsed = openssl(&home, "asn1parse -in out/server.key");
    assert!(parsed.contains(":prime256v1"), "{parsed}");
    assert_eq!(read(&home, "out/server.key"), openssl(&home, "ec -in pki/server.key"));
}

#[test]
fn a_key_that_cannot_sign_here_is_passed_on_all_the_same() {
    let home = home();
    for (at, parameters) in
        ["-newkey ec -pkeyopt ec_paramgen_curve:P-521", "-newkey rsa:1024", "-newkey rsa-pss"]
            .into_iter()
            .enumerate()
    {
        let made =
            "-noenc -config /dev/null -x509 -subj /CN=old -keyout pki/client.old.key -out pki/client.old.crt";
        openssl(&home, &format!("req {parameters} {made}"));
        let (code, _, stderr) = export(&home, &format!("client old --as jdbc --to out{at}"));
        assert_eq!(code, 0, "{parameters}: {stderr}");
        assert!(is_key_of(&home, &format!("-inform DER -in out{at}/postgresql.pk8"), "pki/client.old.crt"));
    }
}

#[test]
fn a_pkcs12_archive_is_opened_by_openssl_java_and_our_own_judge() {
    let home = home();
    for (words, archive, password) in [
        ("client --as p12 --to made", "made/client.p12", "made/client.p12.pass"),
        ("client --as p12 --passphrase-file word --to given", "given/client.p12", "word"),
        ("client --as jdbc --to jdbc", "jdbc/postgresql.p12", "jdbc/postgresql.p12.pass"),
        ("client --as p12 --encrypt-key-file word --to closed", "closed/client.p12", "word"),
    ] {
        exported(&home, words);
        let opened =
            openssl(&home, &format!("pkcs12 -in {archive} -passin file:{password} -noenc -out all.pem"));
        assert_eq!(opened, "");
        assert!(is_key_of(&home, "-in all.pem", "pki/client.crt"), "{words}");
        let all = read(&home, "all.pem");
        assert_eq!(all.matches("BEGIN CERTIFICATE").count(), 2, "the leaf and the intermediate: {all}");
        let list = ["-list", "-v", "-storetype", "PKCS12", "-keystore", archive, "-storepass:file", password];
        let listed = run(home.path(), "keytool", &list);
        for line in
            ["contains 1 entry", "Alias name: user", "PrivateKeyEntry", "chain length: 2", "Owner: CN=app"]
        {
            assert!(listed.contains(line), "{line:?} is not in {listed}");
        }
        let judged =
            ["verify", archive, "--passphrase-file", password, "--trust", "pki/root.crt", "--strict"];
        let output = Run::new(&judged).dir(&home).output();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    }
    assert!(is_key_of(&home, "-inform DER -in jdbc/postgresql.pk8", "pki/client.crt"));
    let java =
        ["-importkeystore", "-srckeystore", "made/client.p12", "-srcstoretype", "PKCS12", "-destkeystore"];
    let java = [&java[..], &["copy.jks", "-deststoretype", "PKCS12", "-noprompt"]].concat();
    let passwords = ["-srcstorepass:file", "made/client.p12.pass", "-deststorepass:file", "word"];
    run(home.path(), "keytool", &[&java[..], &passwords].concat());
    exported(&home, "client --as p12 --to again");
    assert_ne!(read(&home, "made/client.p12.pass"), read(&home, "again/client.p12.pass"));
    assert_eq!(read(&home, "made/client.p12.pass").len(), 33);
}

#[test]
fn an_archive_is_never_under_a_password_that_java_would_not_take() {
    let home = home();
    for password in ["gr\u{fc}n\n", "two\u{7f}\n", "tab\there\n"] {
        fs::write(home.path().join("odd"), password).unwrap();
        refused(&home, "client --as p12 --passphrase-file odd --to out", 2, "has to be printable ASCII");
    }
}

#[test]
fn kubectl_makes_secrets_of_what_is_exported() {
    let home = home();
    let printed = exported(&home, "server --as tls --to out");
    let joined = printed.replace(" \\\n   ", "");
    let commands: Vec<&str> =
        joined.lines().filter_map(|line| line.trim().strip_prefix("kubectl ")).collect();
    assert_eq!(commands.len(), 2, "{printed}");
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().chain(["--dry-run=client", "-o", "json"]).collect();
        let secret = run(home.path(), "kubectl", &words);
        let secret: serde_json::Value = serde_json::from_str(&secret).unwrap();
        assert_eq!(secret["type"], "kubernetes.io/tls", "{command}");
        assert_eq!(secret["metadata"]["name"], "server-tls", "{command}");
        let data = secret["data"].as_object().unwrap();
        assert!(data.contains_key("tls.crt") && data.contains_key("tls.key"), "{command}");
        assert_eq!(data.contains_key("ca.crt"), command.contains("generic"), "{command}");
    }
    for words in ["--format pkcs1", "--format sec1"] {
        let kind = if words.ends_with("1") && words.contains("pkcs") { "rsa-2048" } else { "ecdsa-p256" };
        let home = home_with(&["--key-type", kind]);
        exported(&home, &format!("server --as tls {words} --to out"));
        let pair = ["--cert=out/tls.crt", "--key=out/tls.key", "--dry-run=client", "-o", "name"];
        run(home.path(), "kubectl", &[&["create", "secret", "tls", "s"], &pair[..]].concat());
    }
}

#[test]
fn an_archive_says_who_owns_the_files_without_the_caller_being_root() {
    let home = home();
    for name in ["", "server.key"] {
        let path = home.path().join("pki").join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let words = ["export", "server", "--owner", "999:998", "--key-mode", "0400", "--tar"];
    let output = Run::new(&words).dir(&home).by_nobody().output();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    fs::write(home.path().join("a.tar"), &output.stdout).unwrap();
    assert_eq!(output.stdout.len() % 10_240, 0, "whole records");
    let listed = run(home.path(), "tar", &["--numeric-owner", "-tvf", "a.tar"]);
    let shown: Vec<String> = listed
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            format!("{} {} {}", words[0], words[1], words.last().unwrap())
        })
        .collect();
    let expected =
        ["-rw-r--r-- 999/998 root.crt", "-rw-r--r-- 999/998 server.crt", "-r-------- 999/998 server.key"];
    assert_eq!(shown, expected);
    let date = run(home.path(), "date", &["+%Y-%m-%d"]);
    assert!(listed.contains(date.trim()), "{listed}");
    exported(&home, "server --to dir");
    fs::create_dir(home.path().join("unpacked")).unwrap();
    run(home.path(), "tar", &["-xf", "a.tar", "-C", "unpacked"]);
    for name in ["root.crt", "server.crt", "server.key"] {
        assert_eq!(read(&home, &format!("unpacked/{name}")), read(&home, &format!("dir/{name}")));
    }
    if is_root() {
        let key = fs::metadata(home.path().join("unpacked/server.key")).unwrap();
        assert_eq!((key.uid(), key.gid(), key.mode() & 0o777), (999, 998, 0o400));
    }
}

#[test]
fn without_an_owner_the_files_of_an_archive_are_roots() {
    let home = home();
    exported(&home, "client --tar --write out.tar");
    assert_eq!(mode(&home.path().join("out.tar")), 0o600);
    let listed = run(home.path(), "tar", &["--numeric-owner", "-tvf", "out.tar"]);
    assert_eq!(listed.lines().filter(|line| line.contains(" 0/0 ")).count(), 3, "{listed}");
    // A key of root's may be read by a group.
    exported(&home, "server --tar --key-mode 0640 --write more.tar");
    refused(&home, "server --tar --owner 999:999 --key-mode 0640 --write no.tar", 2, "key mode 0640");
    refused(&home, "client --tar --write out.tar", 3, "\"out.tar\" exists already");
    refused(&home, "client --tar --write nowhere/out.tar", 4, "\"nowhere\" does not exist");
}

#[test]
fn an_archive_goes_to_no_terminal_and_not_beside_json() {
    let home = home();
    refused(&home, "server --tar --json", 2, "cannot both go to standard output");
    let command = format!("{PGTLS} export server --tar; echo code $?");
    let shown = run(home.path(), "script", &["-qec", &command, "/dev/null"]);
    assert!(shown.contains("a tar archive is not for a terminal"), "{shown}");
    assert!(shown.contains("code 2") && !shown.contains("PRIVATE KEY"), "{shown}");
    refused(&home, "server", 2, "--to <DIR>|--tar");
    refused(&home, "server --to out --tar", 2, "cannot be used with");
    refused(&home, "server --to out --write out.tar", 2, "cannot be used with");
}

#[test]
fn owner_and_mode_of_a_directory_are_as_asked_for() {
    let home = home();
    if is_root() {
        exported(&home, "server --owner 999:998 --to out");
        let out = home.path().join("out");
        for name in ["root.crt", "server.crt", "server.key"] {
            let found = fs::metadata(out.join(name)).unwrap();
            assert_eq!((found.uid(), found.gid()), (999, 998), "{name}");
        }
        assert_eq!((mode(&out), fs::metadata(&out).unwrap().gid()), (0o750, 998));
    }
    let words = ["export", "server", "--owner", "4000:4000", "--to", "no"];
    fs::set_permissions(home.path().join("pki"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(home.path().join("pki/server.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let output = Run::new(&words).dir(&home).by_nobody().output();
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stderr).contains("Run the command as root; where --owner asks for it, leave that out.")
    );
    assert!(!home.path().join("no").exists());
    exported(&home, "client --key-mode 0400 --as p12 --to closed");
    assert_eq!(mode(&home.path().join("closed/client.p12")), 0o400);
    refused(&home, "client --key-mode 0644 --to open", 2, "key mode 0644");
}

#[test]
fn wishes_that_do_not_go_together_are_refused_before_anything_is_read() {
    let home = home();
    for (words, fact) in [
        ("client --as pg", "--as pg is not for a client"),
        ("server --as libpq", "--as libpq is not for a server"),
        ("server --as jdbc", "--as jdbc is not for a server"),
        ("server --format der", "the server reads its key as PEM alone"),
        ("client --as jdbc --format sec1", "--format sec1 does not go with --as jdbc"),
        ("server --as tls --encrypt-key-file word", "kubectl takes no encrypted key"),
        ("client --as jdbc --encrypt-key-file word", "its .pk8 would stay open"),
        ("client --format sec1 --encrypt-key-file word", "does not go with --format sec1"),
    ] {
        refused(&home, &format!("{words} --to out"), 2, fact);
    }
}

#[test]
fn a_dry_run_writes_nothing_json_says_all_and_quiet_says_nothing() {
    let home = home();
    let before = everything(home.path());
    let shown = exported(&home, "client --as jdbc --to out --dry-run");
    assert!(shown.contains("would go into out/, a new directory\n"), "{shown}");
    exported(&home, "client --tar --dry-run");
    let shown = exported(&home, "server --as tls --to out --dry-run --json");
    assert_eq!(everything(home.path()), before);
    let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&json["dry_run"], &json["created"]), (&true.into(), &false.into()));
    let shown = exported(&home, "server --as tls --to out --json");
    let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((json["as"].as_str(), json["directory"].as_str()), (Some("tls"), Some("out")));
    assert_eq!(json["certificate"], "server.crt");
    let files = json["files"].as_array().unwrap();
    let found: Vec<_> = files.iter().map(|file| (file["name"].as_str(), file["mode"].as_str())).collect();
    let expected = [("tls.crt", "0644"), ("ca.crt", "0644"), ("tls.key", "0600")];
    assert_eq!(found, expected.map(|(name, mode)| (Some(name), Some(mode))));
    assert_eq!(exported(&home, "client --to quiet -q"), "");
    assert!(home.path().join("quiet/postgresql.key").exists());
}
