//! `issue -f --stream`: other people's programs read what leaves in one stream.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod lists;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use lists::{
    certificates, command, common_names, directory, fed, in_pki, issued, openssl, pair, pairs, roles,
    serials, serials_of, sorted, subjects, verified, write,
};
use pgtls::diagnosis::Diagnosis;
use pgtls::scratch::{Scratch, Setup};
use pgtls::x509::format_serial;
use rustls_pemfile::Item;
use support::{Run, mode, names, run, text};
use tempfile::TempDir;

/// What GNU tar makes of an archive, in the directory `out`.
fn unpacked(home: &TempDir, archive: &str) {
    fs::create_dir(home.path().join("out")).unwrap();
    run(home.path(), "tar", &["-xpf", archive, "-C", "out"]);
}

#[test]
fn tar_lists_and_unpacks_an_archive_in_the_order_of_the_list() {
    let home = directory("--intermediate");
    let list = roles(2500);
    let output = issued(&home, "client --stream tar", &list);
    assert!(text(&output.stderr).starts_with("issued 2,500 client certificates to standard output\n"));
    write(&home, "out.tar", &output.stdout);
    let listed = run(home.path(), "tar", &["-tf", "out.tar"]);
    let expected: String =
        list.lines().map(|name| format!("client.{name}.crt\nclient.{name}.key\n")).collect();
    assert!(listed == expected, "another order, or other names");
    unpacked(&home, "out.tar");
    let made = pairs(&home.path().join("out"), "client.");
    let files: Vec<String> = list.lines().map(|name| format!("client.{name}.crt")).collect();
    let trust = "-CAfile ../pki/root.crt -untrusted ../pki/intermediate.crt";
    verified(&home.path().join("out"), "sslclient", trust, &files);
    let mut expected = serials_of(&made);
    expected.extend(["server.crt", "client.crt"].map(|file| format_serial(&in_pki(&home, file)[0].serial)));
    assert!(serials(&home, "pki/intermediate.index") == expected, "the index has others");
    let order: Vec<String> = list.lines().map(|name| format!("/CN={name}")).collect();
    assert!(subjects(&home, "pki/intermediate.index")[2..] == order, "the index has another order");
    // Nothing of it came to lie in the directory.
    assert!(!names(&home.path().join("pki")).iter().any(|name| name.contains("role")));
}

#[test]
fn modes_and_owners_travel_in_an_archive_without_being_root() {
    let home = directory("");
    write(&home, "list", "alice\n");
    let words = "client -f list -q --stream tar --write out.tar --owner 999:998 --key-mode 0400";
    command(&home, words).code(0);
    assert_eq!(mode(&home.path().join("out.tar")), 0o600, "it holds keys");
    let listed = run(home.path(), "tar", &["--numeric-owner", "-tvf", "out.tar"]);
    let columns = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let listed: Vec<String> = listed.lines().map(columns).collect();
    assert_eq!(listed, ["-rw-r--r-- 999/998", "-r-------- 999/998"]);
    if support::is_root() {
        unpacked(&home, "out.tar");
        let key = fs::metadata(home.path().join("out/client.alice.key")).unwrap();
        assert_eq!((key.uid(), key.gid(), key.mode() & 0o777), (999, 998, 0o400));
    }
    // Whose they are is not told where nobody asked.
    issued(&home, "client --stream tar --write plain.tar", "bob\n");
    let listed = run(home.path(), "tar", &["--numeric-owner", "-tvf", "plain.tar"]);
    let listed: Vec<String> = listed.lines().map(columns).collect();
    assert_eq!(listed, ["-rw-r--r-- 0/0", "-rw------- 0/0"]);
}

#[test]
fn readers_of_pem_pass_over_the_names_and_find_each_key_behind_its_certificates() {
    let home = directory("--intermediate");
    let output = issued(&home, "client --stream pem", "alice\nbob\n");
    let kind = |item: Item| match item {
        Item::X509Certificate(_) => "certificate",
        Item::Pkcs8Key(_) => "key",
        _ => "something else",
    };
    let items: Vec<&str> =
        rustls_pemfile::read_all(&mut output.stdout.as_slice()).map(|item| kind(item.unwrap())).collect();
    let one = ["certificate", "certificate", "key"];
    assert_eq!(items, [one, one].concat());
    write(&home, "all.pem", &output.stdout);
    let said = openssl(home.path(), "storeutl -noout all.pem");
    assert!(said.ends_with("Total found: 6\n"), "{said}");
    let stream = text(&output.stdout);
    let mut found = Vec::new();
    for piece in stream.split("# client.").skip(1) {
        let (name, rest) = piece.split_once('\n').unwrap();
        let leaf = pair(rest.as_bytes(), rest.as_bytes());
        assert_eq!(common_names(&[leaf]), [name]);
        found.push(name.to_owned());
    }
    assert_eq!(found, ["alice", "bob"]);
    // Encrypted keys leave encrypted, and the intermediate stays away where it was told to.
    write(&home, "pass", "of the leaf\n");
    let output = issued(&home, "client --stream pem --no-append --encrypt-key-file pass", "carol\n");
    let stream = text(&output.stdout);
    assert_eq!(stream.matches("BEGIN CERTIFICATE").count(), 1);
    assert_eq!(stream.matches("BEGIN ENCRYPTED PRIVATE KEY").count(), 1);
}

#[test]
fn every_line_of_json_is_one_certificate_with_its_names_window_and_key() {
    let home = directory("--intermediate");
    let list =
        "name,cn,san,lifetime\ndb1,one,10.0.0.5,\n\"*.db.test\",,,30d\n\"d\u{e4}b\",\"say \"\"hi\"\"\",,\n";
    let output = issued(&home, "server --stream jsonl", list);
    let records: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let field = |name: &str| -> Vec<String> {
        records.iter().map(|record| record[name].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(field("name"), ["server.db1", "server._wildcard.db.test", "server.xn--db-via"]);
    assert_eq!(field("common_name"), ["one", "*.db.test", "say \"hi\""]);
    assert_eq!(field("usage"), ["server"; 3]);
    for record in &records {
        let part = |name: &str| record[name].as_str().unwrap();
        let leaf = pair(part("certificate").as_bytes(), part("key").as_bytes());
        assert_eq!(format_serial(&leaf.serial), part("serial"));
        assert_eq!(pgtls::x509::format_instant(leaf.window.not_before), part("not_before"));
        assert_eq!(pgtls::x509::format_instant(leaf.window.not_after), part("not_after"));
        assert_eq!(certificates(part("certificate").as_bytes()).len(), 2);
        assert_eq!(record.as_object().unwrap().len(), 8, "{record}");
    }
}

fn kubectl(words: &[&str], home: &TempDir) -> String {
    run(home.path(), "kubectl", words)
}

#[test]
fn a_secret_is_what_kubectl_makes_of_the_same_files() {
    let home = directory("--intermediate");
    let output = issued(&home, "client --stream k8s", "alice\nyes\nB\u{fc}b #2\n");
    let stream = text(&output.stdout);
    let documents: Vec<&str> = stream.split("---\n").skip(1).collect();
    for (document, object) in documents.iter().zip(["client-alice", "client-yes", "client-b-b--2"]) {
        write(&home, "one.yaml", document);
        for (name, file) in [("tls\\.crt", "tls.crt"), ("tls\\.key", "tls.key"), ("ca\\.crt", "ca.crt")] {
            let path = format!("jsonpath={{.data.{name}}}");
            let encoded = kubectl(&["label", "--local", "-f", "one.yaml", "read=yes", "-o", &path], &home);
            write(&home, "encoded", encoded);
            write(&home, file, openssl(home.path(), "base64 -d -A -in encoded"));
        }
        let read = |file: &str| fs::read(home.path().join(file)).unwrap();
        pair(&read("tls.crt"), &read("tls.key"));
        assert_eq!(read("ca.crt"), read("pki/root.crt"));
        let files = ["ca.crt", "tls.crt", "tls.key"].map(|file| format!("--from-file={file}"));
        let mut words = vec!["create", "secret", "generic", object, "--type=kubernetes.io/tls"];
        words.extend(files.iter().map(String::as_str));
        words.extend(["--dry-run=client", "-o", "yaml"]);
        // Which version of kubectl prints this differs, and it says nothing.
        let made = kubectl(&words, &home).replace("  creationTimestamp: null\n", "");
        assert!(made == *document, "kubectl makes\n{made}\nand we\n{document}");
        // It takes the pair for one.
        let words =
            ["create", "secret", "tls", object, "--cert=tls.crt", "--key=tls.key", "--dry-run=client"];
        kubectl(&words, &home);
    }
    assert_eq!(documents.len(), 3);
    // All of them in one go, as `kubectl apply -f -` reads them.
    write(&home, "all.yaml", &output.stdout);
    let listed = kubectl(&["label", "--local", "-f", "all.yaml", "read=yes", "-o", "name"], &home);
    assert_eq!(listed.lines().count(), 3, "{listed}");
}

/// What OpenSSL needs to be told to go on with the index of `pki/root`.
const CONFIGURATION: &str = "[ca]\ndefault_ca = d\n[d]\ndatabase = root.index\ncertificate = root.crt\n\
     private_key = root.key\ndefault_md = sha256\ndefault_crl_days = 9\n";

#[test]
fn openssl_goes_on_with_an_index_that_has_comments_of_ours_and_so_do_we() {
    let home = directory("");
    let pki = home.path().join("pki");
    write(&home, "ca.cnf", CONFIGURATION);
    let output = issued(&home, "client --stream pem", "alice\nbob\n");
    let stream = text(&output.stdout);
    let index = fs::read_to_string(pki.join("root.index")).unwrap();
    let comments: Vec<&str> = index.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(comments, ["# pgtls: delivering 2 client", "# pgtls: delivered"]);
    for (name, piece) in ["alice", "bob"].iter().zip(stream.split("# client.").skip(1)) {
        write(&home, &format!("pki/{name}.pem"), piece);
    }
    openssl(&pki, "ca -config ../ca.cnf -revoke alice.pem -crl_reason keyCompromise");
    openssl(&pki, "ca -config ../ca.cnf -gencrl -out root.crl");
    let [alice, bob] = ["alice.pem", "bob.pem"].map(|file| in_pki(&home, file).remove(0));
    let list = openssl(&pki, "crl -in root.crl -noout -text");
    let serial = |leaf| format!("Serial Number: {}\n", format_serial(leaf));
    assert!(list.contains(&serial(&alice.serial)) && !list.contains(&serial(&bob.serial)), "{list}");
    openssl(&pki, "ocsp -issuer root.crt -cert alice.pem -cert bob.pem -no_nonce -reqout request");
    openssl(
        &pki,
        "ocsp -index root.index -CA root.crt -rsigner root.crt -rkey root.key -reqin request -respout answer",
    );
    let said = openssl(
        &pki,
        "ocsp -no_nonce -respin answer -CAfile root.crt -issuer root.crt -cert alice.pem -cert bob.pem",
    );
    assert!(said.contains("alice.pem: revoked") && said.contains("bob.pem: good"), "{said}");
    // What OpenSSL wrote is added to, and what it recorded stays.
    issued(&home, "client --stream pem", "carol\n");
    let said = text(&Run::new(&["inspect", "--issued", "--short", "pki"]).dir(&home).output().stdout);
    assert!(said.lines().any(|line| line.starts_with("revoked") && line.contains("/CN=alice")), "{said}");
    assert!(said.lines().any(|line| line.starts_with("valid") && line.contains("/CN=carol")), "{said}");
}

#[test]
fn what_goes_to_a_file_is_what_would_go_to_standard_output_and_lies_private() {
    let home = directory("");
    for form in ["tar", "pem", "jsonl", "k8s"] {
        let words = format!("client --stream {form} --write {form}.out");
        let output = issued(&home, &words, "alice\nbob\n");
        assert!(text(&output.stdout).starts_with(&format!("issued 2 client certificates into {form}.out\n")));
        let to_pipe = issued(&home, &format!("client --stream {form} --write -"), "alice\nbob\n");
        let file = fs::read(home.path().join(format!("{form}.out"))).unwrap();
        // Keys, serials and signatures differ, a signature also in its length.
        assert!(file.len().abs_diff(to_pipe.stdout.len()) < 64, "{form}");
        assert_eq!(file[..8], to_pipe.stdout[..8], "{form}");
        assert_eq!(mode(&home.path().join(format!("{form}.out"))), 0o600, "{form}");
    }
    let index = fs::read_to_string(home.path().join("pki/root.index")).unwrap();
    assert_eq!(index.matches("# pgtls: delivered\n").count(), 4, "a file tells by itself: {index}");
    let value = issued(&home, "client --json --stream tar --write more.tar", "carol\n");
    let value: serde_json::Value = serde_json::from_slice(&value.stdout).unwrap();
    assert_eq!((&value["archive"], &value["issued"]), (&"more.tar".into(), &1.into()));
}

#[test]
fn a_client_of_a_list_logs_in() {
    let home = directory("--intermediate");
    let output = issued(&home, "client --stream tar", roles(40));
    let mut tar =
        Command::new("tar").args(["-xpf", "-"]).current_dir(&home).stdin(Stdio::piped()).spawn().unwrap();
    tar.stdin.take().unwrap().write_all(&output.stdout).unwrap();
    assert!(tar.wait().unwrap().success());
    let pki = home.path().join("pki");
    issued(&home, "server", "localhost 127.0.0.1 ::1\n");
    let setup = Setup::new(pki.join("server.localhost.crt"), pki.join("server.localhost.key"));
    let setup = setup.client_ca(pki.join("root.crt")).role("role39").hba("hostssl all all all cert");
    let server = Scratch::start(setup).unwrap_or_else(|error| panic!("{error}\n{:?}", error.detail()));
    for (certificate, user) in [("role39", Some("role39")), ("role38", None)] {
        let connection = format!(
            "host=localhost port={} user=role39 dbname=postgres sslmode=verify-full sslrootcert=pki/root.crt \
             sslcert=client.{certificate}.crt sslkey=client.{certificate}.key",
            server.port()
        );
        let mut psql = Command::new("psql");
        psql.args(["-XAt", "-d", &connection, "-c", "SELECT current_user"]).current_dir(&home);
        let output = psql.output().unwrap();
        let said = text(&output.stdout);
        assert_eq!(Some(said.trim()).filter(|said| !said.is_empty()), user, "{}", text(&output.stderr));
    }
}

#[test]
fn different_lifetimes_and_names_do_not_leak_from_one_row_into_the_next() {
    let home = directory("");
    let shapes = [(",", 365), ("10.0.0.1 ::1,90d", 90), ("a@b.test,", 365), (",30d", 30)];
    let list: String = (0..400).map(|at| format!("role{at},{}\n", shapes[at % 4].0)).collect();
    let output = issued(&home, "client --stream pem", format!("name,san,lifetime\n{list}"));
    let leaves = certificates(&output.stdout);
    for (at, leaf) in leaves.iter().enumerate() {
        let (names, days) = (shapes[at % 4].0.split(',').next().unwrap(), shapes[at % 4].1);
        assert_eq!(common_names(std::slice::from_ref(leaf)), [format!("role{at}")]);
        let found: Vec<String> = leaf.subject_alt_names.iter().map(ToString::to_string).collect();
        let found = found.join(" ");
        let found = found.replace("IP:", "").replace("email:", "").replace("DNS:", "");
        assert_eq!(found, names, "role{at}");
        assert_eq!((leaf.window.not_after - leaf.window.not_before).whole_days(), days, "role{at}");
    }
    let keys: BTreeSet<&[u8]> = leaves.iter().map(|leaf| leaf.public_key.as_slice()).collect();
    assert_eq!((leaves.len(), keys.len()), (400, 400));
    assert_eq!(sorted(subjects(&home, "pki/root.index")).len(), 402);
    assert_eq!(fed(&command(&home, "client -f -"), "role1\n").status.code(), Some(0), "streams left no file");
}
