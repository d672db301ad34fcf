//! `issue -f` into files: what a list may look like, what is made of it, and under which CAs.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod lists;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lists::{
    bought, command, common_names, directory, fed, in_pki, issued, openssl, pairs, roles, serials,
    serials_of, sorted, subjects, verified, write,
};
use pgtls::x509::{GeneralName, format_serial};
use support::clock::{at, now};
use support::{Run, mode, names, scratch, snapshot, text};
use tempfile::TempDir;

#[test]
fn a_plain_list_is_a_name_a_line_among_comments_and_the_marks_of_windows() {
    let home = directory("--intermediate");
    let list = "\u{feff}# who logs in\r\nalice\r\n\r\n  bob \t\r\n#carol\r\nd\u{e4}n #1";
    let output = issued(&home, "client", list);
    let made = pairs(&home.path().join("pki"), "client.");
    assert_eq!(sorted(common_names(&made)), ["alice", "bob", "d\u{e4}n #1"]);
    let pki = home.path().join("pki");
    let files: Vec<String> = names(&pki)
        .into_iter()
        .filter(|name| name.starts_with("client.") && name.ends_with(".crt"))
        .collect();
    verified(
        &pki,
        "sslclient",
        "-CAfile root.crt -untrusted intermediate.crt",
        &["client.alice.crt".to_owned()],
    );
    assert_eq!(files.len(), 4, "with that of gen: {files:?}");
    assert_eq!((mode(&pki.join("client.bob.key")), mode(&pki.join("client.bob.crt"))), (0o600, 0o644));
    assert_eq!(in_pki(&home, "client.alice.crt").len(), 2, "the intermediate follows");
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("issued 3 client certificates into pki/\n"), "{stdout}");
    assert_eq!(Run::new(&["verify", "pki"]).dir(&home).output().status.code(), Some(0));
}

#[test]
fn the_columns_of_csv_say_names_and_a_lifetime_of_each() {
    let home = directory("");
    let list = "Lifetime, name ,san,cn\n90d,alice,,\n,bob,\"bob@example.com URI:urn:x\",\"Doe, \"\"Bob\"\"\"\n12h,carol,,\n";
    let output = issued(&home, "client", list);
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| {
        let file = format!("client.{name}.crt");
        in_pki(&home, &file).remove(0)
    });
    let life = |certificate: &pgtls::x509::Certificate| {
        certificate.window.not_after - time::OffsetDateTime::now_utc()
    };
    assert_eq!((life(&alice).whole_hours() + 1) / 24, 90);
    assert_eq!((life(&bob).whole_hours() + 1) / 24, 365);
    assert_eq!(life(&carol).whole_hours() + 1, 12);
    assert_eq!(common_names(std::slice::from_ref(&bob)), ["Doe, \"Bob\""]);
    let names = [GeneralName::Email("bob@example.com".to_owned()), GeneralName::Uri("urn:x".to_owned())];
    assert_eq!(bob.subject_alt_names, names);
    assert_eq!(alice.subject_alt_names, []);
    // The first and the last end of them.
    let stdout = support::masked(&text(&output.stdout), time::OffsetDateTime::now_utc());
    assert!(stdout.contains(" to  +365 days\n"), "{stdout}");
    verified(&home.path().join("pki"), "sslclient", "-CAfile root.crt", &["client.bob.crt".to_owned()]);
}

#[test]
fn servers_and_nodes_have_their_names_on_the_line_or_in_the_column() {
    let home = directory("");
    issued(&home, "server", "db2.example.com 10.0.0.6 ::1\n*.apps.example.com\n");
    issued(&home, "node", "name,san,cn\nn1.example.com,10.0.0.7 n1,walsender\nn2.example.com,,\n");
    let ip = |text: &str| GeneralName::Ip(text.parse().unwrap());
    let dns = |text: &str| GeneralName::Dns(text.to_owned());
    for (file, names) in [
        ("server.db2.example.com", vec![dns("db2.example.com"), ip("10.0.0.6"), ip("::1")]),
        ("server._wildcard.apps.example.com", vec![dns("*.apps.example.com")]),
        ("node.n1.example.com", vec![dns("n1.example.com"), ip("10.0.0.7"), dns("n1")]),
        ("node.n2.example.com", vec![dns("n2.example.com")]),
    ] {
        assert_eq!(in_pki(&home, &format!("{file}.crt"))[0].subject_alt_names, names, "{file}");
        verified(&home.path().join("pki"), "sslserver", "-CAfile root.crt", &[format!("{file}.crt")]);
    }
    let node = [String::from("node.n1.example.com.crt")];
    verified(&home.path().join("pki"), "sslclient", "-CAfile root.crt", &node);
    assert_eq!(common_names(&in_pki(&home, &node[0])), ["walsender"]);
    let order = ["/CN=db2.example.com", "/CN=*.apps.example.com", "/CN=walsender", "/CN=n2.example.com"];
    assert_eq!(subjects(&home, "pki/root.index")[2..], order);
}

#[test]
fn three_thousand_are_all_valid_all_different_and_all_in_the_index() {
    let home = directory("--intermediate");
    let output = issued(&home, "client", roles(3000));
    assert!(text(&output.stdout).starts_with("issued 3,000 client certificates into pki/\n"));
    let pki = home.path().join("pki");
    let made = pairs(&pki, "client.role");
    let files: Vec<String> = (1..=3000).map(|at| format!("client.role{at}.crt")).collect();
    verified(&pki, "sslclient", "-CAfile root.crt -untrusted intermediate.crt", &files);
    let mut expected = serials_of(&made);
    let keys: BTreeSet<&[u8]> = made.iter().map(|leaf| leaf.public_key.as_slice()).collect();
    assert_eq!((expected.len(), keys.len()), (3000, 3000));
    expected.extend(["server.crt", "client.crt"].map(|file| format_serial(&in_pki(&home, file)[0].serial)));
    assert!(serials(&home, "pki/intermediate.index") == expected, "the index has others");
    // Threads hand their work over in the order of the list.
    let order: Vec<String> = (1..=3000).map(|at| format!("/CN=role{at}")).collect();
    assert_eq!(subjects(&home, "pki/intermediate.index")[2..], order);
    // No comments: the files tell by themselves what has come.
    assert!(!text(&fs::read(pki.join("intermediate.index")).unwrap()).contains('#'));
}

#[test]
fn a_dry_run_says_what_it_would_do_and_writes_nothing() {
    let home = directory("");
    write(&home, "list", "name,lifetime\nalice,1d\nbob,\n");
    let before = snapshot(home.path());
    let printed = "
would issue 2 client certificates into pki/
signed by root.crt (CN=root.example.com)
expiry:    +1 days to  +365 days
index:  pki/root.index
";
    command(&home, "client -f list --dry-run").stdout(printed).code(0);
    let printed = printed.replace("into pki/", "to standard output");
    command(&home, "client -f list --dry-run --stream tar").stdout(&printed).code(0);
    let printed = printed.replace("to standard output", "into new/out.tar");
    command(&home, "client -f list --dry-run --stream tar --write new/out.tar").stdout(&printed).code(0);
    assert_eq!(snapshot(home.path()), before);
    write(&home, "list", "alice\n../x\n");
    assert_eq!(command(&home, "client -f list --dry-run").output().status.code(), Some(2));
}

#[test]
fn json_counts_what_was_done_and_quiet_says_nothing() {
    let home = directory("");
    let output = issued(&home, "client --json", "alice\nbob\n");
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let clock = time::OffsetDateTime::now_utc();
    let ending = |name: &str| support::masked(value[name].as_str().unwrap(), clock);
    assert_eq!(
        (ending("first_not_after"), ending("last_not_after")),
        ("<+365d>".to_owned(), "<+365d>".to_owned())
    );
    for (name, expected) in [
        ("usage", serde_json::json!("client")),
        ("issuer", "root".into()),
        ("issued", 2.into()),
        ("skipped", 0.into()),
        ("left", 0.into()),
        ("directory", "pki".into()),
        ("archive", serde_json::Value::Null),
        ("index", "pki/root.index".into()),
        ("dry_run", false.into()),
    ] {
        assert_eq!(value[name], expected, "{name}");
    }
    let output = issued(&home, "client --json --skip-issued", "alice\nbob\n");
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&value["issued"], &value["skipped"]), (&0.into(), &2.into()));
    assert_eq!(value["last_not_after"], serde_json::Value::Null);
    let output = issued(&home, "client -q", "carol\n");
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), String::new()));
    let refused = fed(&command(&home, "client --json -f -"), "alice\n../x\n");
    let value: serde_json::Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{value}");
    assert!(value.to_string().contains("Line 2: "), "{value}");
}

#[test]
fn keys_are_encrypted_and_open_to_a_group_where_that_is_asked_for() {
    let home = directory("--intermediate");
    write(&home, "pass", "of the leaf\n");
    issued(
        &home,
        "client --no-append --encrypt-key-file pass --key-mode 0400 --key-type ed25519",
        "alice\nbob\n",
    );
    let pki = home.path().join("pki");
    for name in ["alice", "bob"] {
        let key = format!("client.{name}.key");
        assert_eq!(mode(&pki.join(&key)), 0o400);
        assert!(
            fs::read_to_string(pki.join(&key)).unwrap().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        );
        let public = openssl(&pki, &format!("pkey -pubout -in {key} -passin file:../pass"));
        assert_eq!(public, openssl(&pki, &format!("x509 -noout -pubkey -in client.{name}.crt")));
        assert_eq!(in_pki(&home, &format!("client.{name}.crt")).len(), 1, "without the intermediate");
    }
    if support::is_root() {
        use std::os::unix::fs::MetadataExt as _;
        issued(&home, "client --owner 0:71 --key-mode 0640", "carol\n");
        let key = fs::metadata(pki.join("client.carol.key")).unwrap();
        assert_eq!((key.uid(), key.gid(), key.mode() & 0o777), (0, 71, 0o640));
    }
}

#[test]
fn a_ca_that_lies_elsewhere_keeps_the_index_and_the_new_directory_gets_what_to_trust() {
    let home = directory("--intermediate --ca-dir ca");
    issued(&home, "client -D app --ca-dir ca", "alice\nbob\n");
    let app = home.path().join("app");
    let files: Vec<String> = names(&app);
    let made = ["chain.crt", "client.alice.crt", "client.alice.key", "client.bob.crt", "client.bob.key"];
    assert_eq!((files, mode(&app)), (made.map(str::to_owned).to_vec(), 0o700));
    assert_eq!(subjects(&home, "ca/intermediate.index")[2..], ["/CN=alice", "/CN=bob"]);
    verified(&app, "sslclient", "-CAfile chain.crt", &["client.alice.crt".to_owned()]);
    bought(&home.path().join("safe"));
    issued(&home, "client -D safest --ca safe/ca.crt --ca-key safe/ca.key", "alice\nbob\n");
    assert_eq!(subjects(&home, "safe/ca.index"), ["/CN=alice", "/CN=bob"]);
    let safest = home.path().join("safest");
    verified(&safest, "sslclient", "-CAfile chain.crt", &["client.bob.crt".to_owned()]);
    assert!(!safest.join("ca.index").exists() && !safest.join("ca.key").exists());
}

/// Runs it in process at the instant of the fixtures, on a copy of one of the guide's directories.
fn of_the_guide(layout: &str) -> TempDir {
    let home = scratch();
    let (pki, list) = (home.path().join("pki"), home.path().join("list"));
    fs::create_dir(&pki).unwrap();
    let fixture = support::clock::fixture(&format!("guide/{layout}"));
    for name in names(Path::new(&fixture)) {
        fs::copy(Path::new(&fixture).join(&name), pki.join(&name)).unwrap();
    }
    fs::write(&list, "alice\nbob\n").unwrap();
    let words = ["issue", "client", "-q", "-D", pki.to_str().unwrap(), "-f", list.to_str().unwrap()];
    let (code, _, stderr) = at(now(), None, &[], &words);
    assert_eq!(code, 0, "{layout}: {stderr}");
    home
}

#[test]
fn the_directories_of_the_guides_own_commands_are_ones_to_issue_from() {
    for (layout, ca, trust) in [
        ("intermediate", "intermediate", "-CAfile root.crt -untrusted intermediate.crt"),
        ("root-only", "root", "-CAfile root.crt"),
    ] {
        let home = of_the_guide(layout);
        let pki = home.path().join("pki");
        let made = pairs(&pki, "client.");
        assert_eq!(sorted(common_names(&made)), ["alice", "bob"]);
        let instant = now().unix_timestamp();
        openssl(
            &pki,
            &format!("verify -attime {instant} -purpose sslclient {trust} client.alice.crt client.bob.crt"),
        );
        // The first index tells of what the guide's commands had signed.
        assert_eq!(subjects(&home, &format!("pki/{ca}.index"))[2..], ["/CN=alice", "/CN=bob"], "{layout}");
        let issuer = in_pki(&home, &format!("{ca}.crt"));
        assert!(made.iter().all(|leaf| leaf.issuer.as_der() == issuer[0].subject.as_der()));
    }
}

#[test]
fn a_bought_ca_signs_a_list_with_its_name_to_the_byte() {
    let home = scratch();
    let pki = home.path().join("pki");
    bought(&pki);
    issued(&home, "client", "alice\nbob\n");
    let [ca] = in_pki(&home, "ca.crt").try_into().unwrap();
    for leaf in pairs(&pki, "client.") {
        assert_eq!(leaf.issuer.as_der(), ca.subject.as_der());
        assert_eq!(leaf.authority_key_identifier, ca.subject_key_identifier);
    }
    verified(
        &pki,
        "sslclient",
        "-CAfile ca.crt",
        &["client.alice.crt".to_owned(), "client.bob.crt".to_owned()],
    );
}

#[test]
fn an_encrypted_ca_is_opened_once_by_file_or_by_variable() {
    let home = scratch();
    write(&home, "right", "secret words\n");
    write(&home, "wrong", "other words\n");
    let words = ["gen", "chain", "-q", "--ca-passphrase-file", "right", "--server", "db1.example.com"];
    Run::new(&words).dir(&home).code(0);
    let before = snapshot(home.path());
    for (words, code) in [("client -f -", 3), ("client -f - --ca-passphrase-file wrong", 3)] {
        let output = fed(&command(&home, words), "alice\n");
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(
            stderr.contains("the key of the CA \"root\" cannot be used") && !stderr.contains("words"),
            "{stderr}"
        );
    }
    assert_eq!(snapshot(home.path()), before);
    issued(&home, "client --ca-passphrase-file right", "alice\n");
    let by_variable = command(&home, "client -f -").env("PGTLS_CA_PASSPHRASE", "secret words");
    assert_eq!(fed(&by_variable, "bob\n").status.code(), Some(0));
    assert_eq!(sorted(common_names(&pairs(&home.path().join("pki"), "client."))), ["alice", "bob"]);
}
