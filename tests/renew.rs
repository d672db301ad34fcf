//! `renew`: what is due and what a name means, what stays and what changes, what is refused, and the command afterwards.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod renewing;
mod support;

use pgtls::index::{Index, Status};
use renewing::{
    certificate, certificates, day, findings, made, openssl, openssl_verifies, refused, renew, renewed,
    text_of,
};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use support::clock::at;
use support::{Run, is_root, names, scratch, snapshot, text};
use tempfile::TempDir;
use time::Duration;

const INTERMEDIATE: &[&str] = &["chain", "--intermediate", "--server", "db1.example.com", "--client", "app"];
const ROOT_ONLY: &[&str] = &["chain", "--server", "db1.example.com", "--client", "app"];

/// The words of `pgtls` at day 0, in the directory `pki`; they have to succeed.
fn pgtls(home: &TempDir, days: i64, words: &[&str]) {
    let pki = format!("{}/pki", home.path().display());
    let all: Vec<&str> = words.iter().copied().chain(["-q", "-D", &pki]).collect();
    let (code, stdout, stderr) = at(day(days), None, &[], &all);
    assert_eq!(code, 0, "{stdout}{stderr}");
}

fn file(home: &TempDir, name: &str) -> String {
    fs::read_to_string(home.path().join("pki").join(name)).unwrap()
}

// What is due

#[test]
fn nothing_due_is_one_line_that_says_when_and_silence_when_asked_to_be_quiet() {
    let home = made(ROOT_ONLY);
    let before = snapshot(home.path());
    let line = renewed(&home, 200, &[]);
    assert_eq!(line, "nothing is due in pki/; next client.crt from 2027-08-01 on, which ends 2027-12-01\n");
    assert_eq!(renewed(&home, 200, &["-q"]), "");
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn what_is_in_the_last_third_of_its_life_is_due() {
    let home = made(INTERMEDIATE);
    let before = certificate(&home, "intermediate.crt");
    let said = renewed(&home, 250, &[]);
    assert!(said.starts_with("renewed 2 certificates in pki/\n"), "{said}");
    for file in ["server.crt", "client.crt"] {
        let new = certificate(&home, file);
        assert_eq!(new.window.not_before, day(250) - Duration::HOUR, "{file}");
        assert_eq!(new.window.length(), Duration::days(365) + Duration::HOUR);
    }
    assert_eq!(certificate(&home, "intermediate.crt"), before, "it has four years to go");
    assert!(renewed(&home, 250, &[]).starts_with("nothing is due"));
}

#[test]
fn another_bound_finds_what_ends_sooner_than_that() {
    let home = made(ROOT_ONLY);
    assert!(renewed(&home, 330, &["--expires-in", "30d", "--dry-run"]).starts_with("nothing is due"));
    assert!(renewed(&home, 336, &["--expires-in", "30d"]).starts_with("renewed 2 certificates"));
    assert!(renewed(&home, 336, &["--expires-in", "366d"]).starts_with("renewed 2 certificates"));
}

#[test]
fn a_ca_whose_key_is_here_is_due_like_anything_else_and_all_is_everything() {
    let home = made(INTERMEDIATE);
    let said = renewed(&home, 1700, &[]);
    assert!(said.starts_with("renewed 3 certificates"), "the intermediate too:\n{said}");
    openssl_verifies(&home, 1700, "-CAfile root.crt -untrusted server.crt server.crt");
    let said = renewed(&home, 1700, &["--all"]);
    assert!(said.starts_with("renewed 4 certificates"), "{said}");
    openssl_verifies(&home, 5000, "-CAfile root.crt root.crt");
}

#[test]
fn expired_certificates_are_renewed_too() {
    let home = made(ROOT_ONLY);
    let said = renewed(&home, 1000, &[]);
    assert!(said.starts_with("renewed 2 certificates"), "{said}");
    openssl_verifies(&home, 1000, "-CAfile root.crt server.crt client.crt");
}

// What a name means

#[test]
fn a_name_is_a_stem_or_a_common_name_that_one_alone_has() {
    let home = made(ROOT_ONLY);
    pgtls(&home, 0, &["issue", "client", "alice"]);
    for name in ["client.alice", "client.alice.crt", "alice"] {
        let before = certificate(&home, "client.alice.crt").serial;
        renewed(&home, 1, &[name]);
        assert_ne!(certificate(&home, "client.alice.crt").serial, before, "{name}");
    }
    pgtls(&home, 0, &["issue", "client", "app"]);
    refused(
        &home,
        1,
        &["app"],
        2,
        "several certificates are called \"app\"\npgtls: detail: They are: client, client.app.",
    );
    refused(&home, 1, &["nobody"], 3, "there is no certificate \"nobody\" in \"pki\"");
}

#[test]
fn two_names_of_one_certificate_renew_it_once() {
    let home = made(ROOT_ONLY);
    assert!(renewed(&home, 1, &["client", "app", "client"]).starts_with("renewed 1 certificate "));
}

// What stays, and what changes

#[test]
fn to_openssl_nothing_but_serial_number_and_window_is_another() {
    let home = made(&[
        "chain",
        "--intermediate",
        "--server",
        "db1.example.com",
        "--server",
        "10.0.0.5",
        "--key-type",
        "rsa-2048",
    ]);
    let files = ["server.crt", "client.crt", "intermediate.crt", "root.crt"];
    let before: Vec<String> = files.iter().map(|file| text_of(&home, file)).collect();
    let keys: Vec<String> =
        ["server.key", "client.key", "intermediate.key", "root.key"].map(|name| file(&home, name)).to_vec();
    renewed(&home, 100, &["--all"]);
    for (file, before) in files.iter().zip(before) {
        assert_eq!(text_of(&home, file), before, "{file}");
    }
    assert_eq!(
        ["server.key", "client.key", "intermediate.key", "root.key"].map(|name| file(&home, name)).to_vec(),
        keys
    );
    openssl_verifies(
        &home,
        100,
        "-x509_strict -purpose sslserver -CAfile root.crt -untrusted server.crt server.crt",
    );
    openssl_verifies(
        &home,
        100,
        "-x509_strict -purpose sslclient -CAfile root.crt -untrusted client.crt client.crt",
    );
}

#[test]
fn the_difference_shows_what_changes_and_nothing_else() {
    let home = made(ROOT_ONLY);
    let old = pgtls::x509::format_serial(&certificate(&home, "server.crt").serial);
    let said = renewed(&home, 100, &["server"]);
    let new = pgtls::x509::format_serial(&certificate(&home, "server.crt").serial);
    let expected = format!(
        "renewed 1 certificate in pki/\n\n  server.crt  CN=db1.example.com  server\n    \
         valid          - 2026-11-30 to 2027-12-01\n                   + 2027-03-10 to 2028-03-10\n    \
         serial number  - {old}\n                   + {new}\n\nwrote:  server.crt\n\
         reload: SELECT pg_reload_conf(); what is connected stays connected\nnext:   pgtls verify pki\n\
         expiry: server.crt on 2028-03-10\n"
    );
    assert_eq!(without_instants(&said), without_instants(&expected));
}

/// The hour of the day decides whether an hour back is the day before.
fn without_instants(text: &str) -> String {
    let shape = |word: &str| word.len() == 10 && word.as_bytes()[4] == b'-';
    text.lines()
        .map(|line| {
            line.split(' ').map(|word| if shape(word) { "DATE" } else { word }).collect::<Vec<_>>().join(" ")
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let home = made(INTERMEDIATE);
    let before = snapshot(home.path());
    let said = renewed(&home, 250, &["--dry-run", "--exec", "touch /nowhere/at/all"]);
    assert!(said.starts_with("would renew 2 certificates in pki/\n"), "{said}");
    assert!(said.contains("+ new\n") && said.contains("\nfiles, with mode and content\n"), "{said}");
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn json_has_every_change_and_every_file() {
    let home = made(ROOT_ONLY);
    let (code, stdout, _) = renew(&home, 300, &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, report["dry_run"].as_bool()), (0, Some(false)));
    let server =
        report["renewed"].as_array().unwrap().iter().find(|it| it["file"] == "server.crt").unwrap().clone();
    let fields: Vec<&str> =
        server["changes"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["valid", "serial number"]);
    let written: Vec<&str> =
        report["files"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(written, ["root.index", "root.index.attr", "client.crt", "server.crt"]);
    assert_eq!(report["not_renewed"].as_array().unwrap().len(), 0);
}

#[test]
fn a_ca_signed_again_stands_in_every_file_where_it_stood_and_leaves_stay_valid() {
    let home = made(INTERMEDIATE);
    pgtls(&home, 0, &["issue", "client", "alice"]);
    let pki = home.path().join("pki");
    let old = fs::read(pki.join("intermediate.crt")).unwrap();
    fs::write(pki.join("trust.pem"), [b"# ours\r\n", old.as_slice(), b"# end"].concat()).unwrap();
    openssl(&home, "x509 -in intermediate.crt -outform der -out intermediate.der");
    let leaf = certificate(&home, "server.crt");
    let said = renewed(&home, 100, &["root", "intermediate"]);
    let wrote = "wrote:  chain.crt client.alice.crt client.crt intermediate.crt intermediate.der\n        \
                 root.crt server.crt trust.pem\n";
    assert!(said.contains(wrote), "{said}");
    let (root, intermediate) = (certificate(&home, "root.crt"), certificate(&home, "intermediate.crt"));
    assert_eq!(certificates(&home, "chain.crt"), [intermediate.clone(), root]);
    assert_eq!(certificates(&home, "server.crt"), [leaf, intermediate.clone()]);
    assert_eq!(certificates(&home, "client.alice.crt")[1], intermediate);
    assert_eq!(fs::read(pki.join("intermediate.der")).unwrap(), intermediate.der);
    let new = fs::read(pki.join("intermediate.crt")).unwrap();
    assert_eq!(fs::read(pki.join("trust.pem")).unwrap(), [b"# ours\r\n", new.as_slice(), b"# end"].concat());
    openssl_verifies(&home, 100, "-CAfile root.crt -untrusted server.crt server.crt");
    // The old root still lets the new intermediate in, and the other way round.
    openssl_verifies(&home, 100, "-CAfile chain.crt client.alice.crt");
}

#[test]
fn files_keep_the_modes_and_owners_that_they_have() {
    let home = made(ROOT_ONLY);
    let pki = home.path().join("pki");
    let set =
        |name: &str, mode| fs::set_permissions(pki.join(name), fs::Permissions::from_mode(mode)).unwrap();
    set("server.crt", 0o640);
    set("server.key", 0o400);
    set("root.crt", 0o444);
    if is_root() {
        for name in ["server.crt", "server.key"] {
            std::os::unix::fs::chown(pki.join(name), Some(1234), Some(4321)).unwrap();
        }
    }
    renewed(&home, 1, &["server", "root", "--lifetime", "400d"]);
    renewed(&home, 1, &["server", "--rekey"]);
    let of = |name: &str| {
        let found = fs::metadata(pki.join(name)).unwrap();
        (found.permissions().mode() & 0o7777, found.uid(), found.gid())
    };
    let (uid, gid) = if is_root() { (1234, 4321) } else { (of("root.crt").1, of("root.crt").2) };
    assert_eq!(of("server.crt"), (0o640, uid, gid));
    assert_eq!(of("server.key"), (0o400, uid, gid));
    assert_eq!(of("root.crt").0, 0o444);
}

#[test]
fn who_may_not_give_files_away_changes_none_of_somebody_elses() {
    if !is_root() {
        return;
    }
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    let pki = home.path().join("pki");
    let nobody = |path: &std::path::Path| std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
    nobody(&pki);
    names(&pki).iter().filter(|name| *name != "server.crt").for_each(|name| nobody(&pki.join(name)));
    let before = snapshot(&pki);
    let run = |name: &str| Run::new(&["renew", name, "-q"]).dir(&home).by_nobody().output();
    let refused = run("server");
    assert_eq!(refused.status.code(), Some(4));
    let stderr = text(&refused.stderr);
    assert!(
        stderr.contains("could not change owner of \"pki/server.crt\"") && stderr.contains("as root"),
        "{stderr}"
    );
    assert_eq!(snapshot(&pki), before);
    assert_eq!(run("client").status.code(), Some(0));
    assert_eq!(fs::metadata(pki.join("client.crt")).unwrap().uid(), 65534);
}

#[test]
fn what_is_renewed_is_in_the_index_of_its_ca_beside_the_old_one() {
    let home = made(INTERMEDIATE);
    let old = certificate(&home, "server.crt");
    renewed(&home, 10, &["server", "root"]);
    let index = Index::parse(file(&home, "intermediate.index").as_bytes()).unwrap();
    let new = certificate(&home, "server.crt");
    assert_eq!(new.window.length(), old.window.length());
    for certificate in [&old, &new] {
        assert_eq!(index.line_of(&certificate.serial).unwrap().status, Status::Valid);
    }
    // A root is nobody's entry.
    assert!(!home.path().join("pki/root.index").exists());
}

#[test]
fn a_new_key_comes_with_its_certificate_and_is_of_the_kind_that_the_old_one_was() {
    let home = made(&["chain", "--server", "db1.example.com", "--key-type", "rsa-2048"]);
    let (old, key) = (certificate(&home, "server.crt"), file(&home, "server.key"));
    let said = renewed(&home, 1, &["server", "--rekey"]);
    assert!(
        said.contains("key            - RSA 2048\n") && said.contains("+ a new one, RSA 2048\n"),
        "{said}"
    );
    let new = certificate(&home, "server.crt");
    assert_eq!((new.public_key == old.public_key, file(&home, "server.key") == key), (false, false));
    assert_eq!(
        openssl(&home, "x509 -noout -pubkey -in server.crt"),
        openssl(&home, "pkey -pubout -in server.key")
    );
    assert_eq!(
        (&new.subject, &new.subject_alt_names, &new.extended_key_usage),
        (&old.subject, &old.subject_alt_names, &old.extended_key_usage)
    );
    let faults: Vec<String> = findings(&home, 1).into_iter().filter(|it| !it.starts_with("note")).collect();
    assert_eq!(faults, [""; 0]);
    // Of another kind on request; what only RSA keys are used for goes.
    renewed(&home, 1, &["server", "--rekey", "--key-type", "ecdsa-p256"]);
    assert!(!text_of(&home, "server.crt").contains("Key Encipherment"));
    openssl_verifies(&home, 1, "-x509_strict -purpose sslserver -CAfile root.crt server.crt");
}

#[test]
fn new_keys_are_for_end_entities_and_an_encrypted_one_is_not_followed_by_one_in_the_clear() {
    let home = made(ROOT_ONLY);
    refused(&home, 1, &["root", "--rekey"], 2, "a CA keeps its key: \"pki/root.crt\"");
    refused(&home, 1, &["root", "--as", "server"], 2, "\"root\" is for a CA, not for a server");
    let pass = home.path().join("pass");
    fs::write(&pass, "secret\n").unwrap();
    let pass = pass.to_str().unwrap();
    pgtls(&home, 0, &["issue", "client", "etl", "--encrypt-key-file", pass]);
    refused(&home, 1, &["etl", "--rekey"], 3, "the key \"pki/client.etl.key\" is encrypted");
    renewed(&home, 1, &["etl", "--rekey", "--encrypt-key-file", pass]);
    openssl(&home, &format!("pkey -noout -passin file:{pass} -in client.etl.key"));
    assert!(file(&home, "client.etl.key").contains("ENCRYPTED PRIVATE KEY"));
    // Without a new key the old one is not even opened.
    renewed(&home, 1, &["etl"]);
    // Everything: CAs keep their keys, and the rest gets new ones.
    let key = file(&home, "root.key");
    renewed(&home, 1, &["--all", "--rekey", "--encrypt-key-file", pass]);
    assert_eq!(file(&home, "root.key"), key);
    openssl_verifies(&home, 1, "-CAfile root.crt server.crt client.crt client.etl.crt");
}

#[test]
fn a_certificate_whose_key_is_elsewhere_is_renewed_all_the_same() {
    let home = made(ROOT_ONLY);
    let at_home = |words: &[&str]| {
        let (code, _, stderr) = at(day(0), None, &[], words);
        assert_eq!(code, 0, "{stderr}");
    };
    let (theirs, pki) =
        (format!("{}/theirs", home.path().display()), format!("{}/pki", home.path().display()));
    at_home(&["csr", "client", "bob", "-q", "-D", &theirs]);
    at_home(&["sign", &format!("{theirs}/client.csr"), "--as", "client", "-q", "-D", &pki]);
    let old = certificate(&home, "client.bob.crt");
    renewed(&home, 1, &["bob"]);
    let new = certificate(&home, "client.bob.crt");
    assert_eq!(new.public_key, old.public_key);
    assert!(!home.path().join("pki/client.bob.key").exists());
    refused(&home, 1, &["bob", "--rekey"], 3, "the key of \"pki/client.bob.crt\" is not here");
}

// How long

#[test]
fn nothing_outlives_its_ca_and_what_was_asked_for_is_refused_with_what_fits() {
    let home = made(&["chain", "--server", "db1.example.com", "--ca-lifetime", "400d"]);
    let (code, stdout, stderr) = renew(&home, 100, &["server"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(
        stderr, "pgtls: warning: server.crt lives until 2028-01-05 alone, when root.crt ends\n",
        "{stdout}"
    );
    assert_eq!(
        certificate(&home, "server.crt").window.not_after,
        certificate(&home, "root.crt").window.not_after
    );
    refused(&home, 100, &["server", "--lifetime", "301d"], 3, "--lifetime 300d is the longest that fits");
    renewed(&home, 100, &["server", "--days", "300"]);
    // Together with its CA it lives as long as before, whenever that ended.
    renewed(&home, 300, &["server", "root"]);
    assert_eq!(certificate(&home, "server.crt").window.length(), Duration::days(300) + Duration::HOUR);
}

#[test]
fn a_lifetime_without_names_is_for_end_entities_and_no_ca_ends_before_what_it_signed() {
    let home = made(INTERMEDIATE);
    renewed(&home, 1, &["--all", "--lifetime", "30d"]);
    assert_eq!(certificate(&home, "server.crt").window.not_after, day(31));
    assert_eq!(certificate(&home, "root.crt").window.length(), Duration::days(3650) + Duration::HOUR);
    refused(
        &home,
        1,
        &["intermediate", "--lifetime", "29d"],
        3,
        "would outlive its CA \"pki/intermediate.crt\"",
    );
    renewed(&home, 1, &["intermediate", "--lifetime", "31d"]);
}

// What is refused, and what cannot be renewed here

#[test]
fn a_revoked_certificate_is_refused_by_name_and_left_out_otherwise() {
    let home = made(ROOT_ONLY);
    let index = home.path().join("pki/root.index");
    pgtls(&home, 0, &["issue", "client", "alice"]);
    let serial = pgtls::x509::format_serial(&certificate(&home, "client.alice.crt").serial);
    let line = |text: String| {
        let lines = text.lines().map(|line| match line.contains(&serial) {
            true => line.replacen("V\t", "R\t", 1).replacen("\t\t", "\t261202000000Z,keyCompromise\t", 1),
            false => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    fs::write(&index, line(fs::read_to_string(&index).unwrap())).unwrap();
    refused(
        &home,
        5,
        &["alice"],
        3,
        "certificate \"pki/client.alice.crt\" is revoked\npgtls: detail: It was revoked on 2026-12-02.",
    );
    let said = renewed(&home, 5, &["--all"]);
    assert!(said.starts_with("renewed 3 certificates") && !said.contains("alice"), "{said}");
    // Put away as well, it is refused by both its names.
    pgtls(&home, 5, &["issue", "client", "bob"]);
    pgtls(&home, 5, &["revoke", "bob"]);
    refused(
        &home,
        6,
        &["bob"],
        3,
        "certificate \"bob\" is revoked\npgtls: detail: It was revoked on 2026-12-06.",
    );
    refused(&home, 6, &["client.bob"], 3, "certificate \"client.bob\" is revoked");
}

#[test]
fn a_clock_before_the_beginning_of_the_ca_is_refused() {
    let home = made(ROOT_ONLY);
    refused(
        &home,
        -10,
        &["server"],
        3,
        "the existing CA \"pki/root.crt\" cannot sign: it is valid from 2026-",
    );
    refused(&home, -10, &["root"], 3, "by the clock of this machine it is 2026-11-21");
}

#[test]
fn a_ca_key_that_is_away_is_asked_for_by_name_and_told_without() {
    let home = made(ROOT_ONLY);
    let safe = home.path().join("safe");
    fs::create_dir(&safe).unwrap();
    for name in ["root.key", "root.crt"] {
        fs::copy(home.path().join("pki").join(name), safe.join(name)).unwrap();
    }
    fs::remove_file(home.path().join("pki/root.key")).unwrap();
    refused(&home, 300, &["server"], 4, "the key of the CA \"pki/root.crt\" is not there");
    let before = snapshot(home.path());
    let (code, stdout, stderr) = renew(&home, 300, &[]);
    assert_eq!((code, stdout.as_str()), (1, "nothing could be renewed in pki/\n"), "{stderr}");
    assert!(
        stderr.contains("warning: server.crt ends on 2027-12-01 and was not renewed: the key of the CA"),
        "{stderr}"
    );
    assert!(stderr.contains("--ca-dir"), "{stderr}");
    assert_eq!(snapshot(home.path()), before);
    // It is there: the CA's copies lie in both, its index with its key.
    let safe = safe.to_str().unwrap();
    renewed(&home, 300, &["--all", "--ca-dir", safe]);
    assert_eq!(
        fs::read(home.path().join("pki/root.crt")).unwrap(),
        fs::read(home.path().join("safe/root.crt")).unwrap()
    );
    assert!(names(&home.path().join("safe")).contains(&"root.index".to_owned()));
    openssl_verifies(&home, 300, "-CAfile chain.crt server.crt client.crt");
}

#[test]
fn copies_of_a_ca_that_was_renewed_from_another_directory_are_brought_up_to_date() {
    let home = made(ROOT_ONLY);
    let safe = home.path().join("safe");
    fs::create_dir(&safe).unwrap();
    for name in ["root.key", "root.crt"] {
        fs::copy(home.path().join("pki").join(name), safe.join(name)).unwrap();
    }
    fs::remove_file(home.path().join("pki/root.key")).unwrap();
    let safe_path = safe.to_str().unwrap();
    let (code, _, stderr) = at(day(50), None, &[], &["renew", "root", "-q", "-D", safe_path]);
    assert_eq!(code, 0, "{stderr}");
    let old = fs::read(home.path().join("pki/root.crt")).unwrap();
    let said = renewed(&home, 60, &["--ca-dir", safe_path]);
    assert!(said.starts_with("brought older copies of CAs in pki/ up to date\n"), "{said}");
    let new = fs::read(safe.join("root.crt")).unwrap();
    assert_ne!(old, new);
    for name in ["root.crt", "chain.crt"] {
        assert_eq!(fs::read(home.path().join("pki").join(name)).unwrap(), new, "{name}");
    }
    assert!(renewed(&home, 60, &["--ca-dir", safe_path]).starts_with("nothing is due"));
}

#[test]
fn a_directory_without_certificates_and_one_that_is_not_there_are_refused() {
    let home = made(ROOT_ONLY);
    for name in names(&home.path().join("pki")) {
        fs::remove_file(home.path().join("pki").join(name)).unwrap();
    }
    refused(&home, 0, &[], 3, "there is no certificate in \"pki\"");
    fs::remove_dir(home.path().join("pki")).unwrap();
    refused(&home, 0, &[], 4, "\"pki\" does not exist");
}

#[test]
fn flags_that_say_two_things_are_refused() {
    let home = made(ROOT_ONLY);
    for words in [
        &["server", "--all"][..],
        &["--all", "--expires-in", "3d"],
        &["server", "--expires-in", "3d"],
        &["--key-type", "rsa-2048"],
        &["--encrypt-key-file", "x"],
        &["--lifetime", "3d", "--days", "3"],
        &["--expires-in", "soon"],
        &["--days", "0"],
    ] {
        let before = snapshot(home.path());
        assert_eq!(renew(&home, 0, words).0, 2, "{words:?}");
        assert_eq!(snapshot(home.path()), before);
    }
}

#[test]
fn in_the_midst_of_a_rotation_everything_is_renewed_but_the_ca_that_comes_or_goes() {
    let home = made(INTERMEDIATE);
    pgtls(&home, 0, &["rotate", "root", "add"]);
    let said = renewed(&home, 10, &["--all"]);
    assert!(said.starts_with("renewed 4 certificates") && !said.contains("root.next.crt  "), "{said}");
    assert!(renewed(&home, 10, &["root.next"]).contains("root.next.crt  "));
    pgtls(&home, 10, &["rotate", "root", "switch", "--trust-is-distributed"]);
    let said = renewed(&home, 20, &["--all"]);
    assert!(said.starts_with("renewed 4 certificates") && !said.contains("root.prev.crt  "), "{said}");
    openssl_verifies(&home, 20, "-CAfile root.crt -untrusted server.crt server.crt");
    assert!(renewed(&home, 20, &["root.prev"]).contains("root.prev.crt  "));
    pgtls(&home, 20, &["rotate", "root", "drop"]);
    assert_eq!(findings(&home, 20).iter().filter(|it| it.starts_with("error")).count(), 0);
}

// Revocation lists

#[test]
fn lists_that_are_due_are_made_in_the_same_run_and_one_stays_good_under_a_renewed_root() {
    let home = made(INTERMEDIATE);
    pgtls(&home, 0, &["issue", "client", "alice"]);
    pgtls(&home, 0, &["revoke", "alice"]);
    let lists = |home: &TempDir| ["root.crl", "intermediate.crl"].map(|name| file(home, name));
    let before = lists(&home);
    renewed(&home, 100, &["root", "intermediate"]);
    assert_eq!(lists(&home), before, "neither was due");
    openssl_verifies(
        &home,
        100,
        "-crl_check_all -CRLfile chain.crl -CAfile root.crt -untrusted server.crt server.crt",
    );
    assert!(renewed(&home, 200, &[]).contains("; next client.crt from 2027-08-01 on"));
    // Whatever is named, or nothing: in the last third of a list another one is made.
    let said = renewed(&home, 250, &["server"]);
    assert!(said.contains("\n  intermediate.crl  a new revocation list until 2028-08-07\n"), "{said}");
    assert!(lists(&home)[0] != before[0] && lists(&home)[1] != before[1]);
    openssl_verifies(
        &home,
        300,
        "-crl_check_all -CRLfile chain.crl -CAfile root.crt -untrusted server.crt server.crt",
    );
    let numbers = openssl(&home, "crl -noout -crlnumber -in intermediate.crl");
    assert_eq!(numbers.trim(), "crlNumber=0x02");
    // Alone they are a change, too.
    renewed(&home, 250, &["--all"]);
    let log = home.path().join("log");
    let said = renewed(&home, 500, &["--expires-in", "1d", "--exec", &format!("touch {}", log.display())]);
    assert!(said.starts_with("renewed the revocation lists of pki/\n"), "{said}");
    assert!(log.exists());
}

#[test]
fn a_list_whose_ca_is_away_is_told_as_a_certificate_is() {
    let home = made(ROOT_ONLY);
    pgtls(&home, 0, &["crl"]);
    fs::remove_file(home.path().join("pki/root.key")).unwrap();
    let (code, _, stderr) = renew(&home, 300, &["-q", "--expires-in", "1d"]);
    assert_eq!(code, 1);
    let told = "pgtls: warning: root.crl ends on 2027-12-01 and was not renewed: the key of the CA \"pki/root.crt\" is not there\n";
    assert!(stderr.contains(told), "{stderr}");
}

// The command afterwards

#[test]
fn the_command_runs_once_after_a_change_with_what_changed() {
    let home = made(INTERMEDIATE);
    let log = home.path().join("log");
    let command =
        format!("echo \"$PGTLS_DIR: $PGTLS_CHANGED $PGTLS_CHANGED_COUNT\" >>'{}'; echo heard", log.display());
    renewed(&home, 200, &["--exec", &command]);
    assert!(!log.exists(), "nothing changed");
    let said = renewed(&home, 300, &["--exec", &command]);
    assert!(!said.contains("heard") && !said.contains("reload:"), "{said}");
    let line = format!(
        "{}/pki: intermediate.index\nintermediate.index.attr\nclient.crt\nserver.crt 4\n",
        home.path().display()
    );
    assert_eq!(fs::read_to_string(&log).unwrap(), line);
}

#[test]
fn a_command_that_fails_leaves_the_change_and_is_told() {
    let home = made(ROOT_ONLY);
    let before = certificate(&home, "server.crt");
    let (code, _, stderr) = renew(&home, 300, &["-q", "--exec", "exit 7"]);
    assert_eq!(code, 4);
    let told = "pgtls: error: \"exit 7\" failed: exit status: 7\n\
                pgtls: detail: The certificates are renewed all the same; it alone was not done.\n";
    assert!(stderr.starts_with(told), "{stderr}");
    assert_ne!(certificate(&home, "server.crt"), before);
}
