//! `csr`: a key that stays and a request that another CA takes, judged by openssl and kubectl.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;
mod other_ca;
mod support;

use foreign::Place;
use other_ca::place;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Run, mode, names, scratch, snapshot, text};

/// What openssl says of a request in the place, whose signature it checks.
fn request(place: &Place, file: &str) -> String {
    place.openssl(&format!("req -verify -noout -text -nameopt RFC2253 -in {file}"))
}

#[test]
fn a_server_asks_for_its_names_and_for_serving_alone() {
    let place = Place::new();
    place.pgtls("csr server db1.example.com 10.0.0.5 ::1 bücher.example");
    let said = request(&place, "pki/server.csr");
    for part in [
        "Subject: CN=db1.example.com\n",
        "DNS:db1.example.com, IP Address:10.0.0.5, IP Address:0:0:0:0:0:0:0:1, DNS:xn--bcher-kva.example\n",
        "X509v3 Key Usage: critical\n                    Digital Signature\n",
        "X509v3 Extended Key Usage: \n                    TLS Web Server Authentication\n",
        "ecdsa-with-SHA256",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert!(!said.contains("Basic Constraints"), "whether it is a CA is not for us to ask: {said}");
}

#[test]
fn a_client_asks_for_logging_in_and_a_node_for_both() {
    let place = Place::new();
    place.pgtls_words(&["csr", "client", "O'Neil \"x\", y"]);
    let said = request(&place, "pki/client.csr");
    assert!(said.contains("Subject: CN=O'Neil \\\"x\\\"\\, y\n"), "{said}");
    assert!(
        said.contains("Extended Key Usage: \n                    TLS Web Client Authentication\n"),
        "{said}"
    );
    assert!(!said.contains("Alternative Name"), "{said}");
    place.pgtls("csr node n1.example.com --cn patroni");
    let said = request(&place, "pki/node.n1.example.com.csr");
    assert!(said.contains("Subject: CN=patroni\n") && said.contains("DNS:n1.example.com\n"), "{said}");
    assert!(said.contains("TLS Web Server Authentication, TLS Web Client Authentication\n"), "{said}");
}

#[test]
fn a_request_is_signed_by_the_key_beside_it_whatever_its_kind() {
    let place = Place::new();
    for (kind, algorithm, usage) in [
        ("ecdsa-p256", "ecdsa-with-SHA256", "Digital Signature\n"),
        ("ecdsa-p384", "ecdsa-with-SHA384", "Digital Signature\n"),
        ("ed25519", "ED25519", "Digital Signature\n"),
        ("rsa-2048", "sha256WithRSAEncryption", "Digital Signature, Key Encipherment\n"),
    ] {
        place.pgtls(&format!("csr server {kind}.test --key-type {kind} -D {kind}"));
        let said = request(&place, &format!("{kind}/server.csr"));
        assert!(said.contains(algorithm) && said.contains(usage), "{kind}: {said}");
        let of_request = place.openssl(&format!("req -noout -pubkey -in {kind}/server.csr"));
        let of_key = place.openssl(&format!("pkey -pubout -in {kind}/server.key"));
        assert_eq!(of_request, of_key, "{kind}");
    }
}

#[test]
fn openssl_ca_and_openssl_x509_sign_it_as_it_is() {
    let place = place();
    place.pgtls("csr server db1.example.com 10.0.0.5");
    other_ca::signed(&place, "pki/server.csr", "signed.pem", "");
    place.write("index.txt", "");
    place.write(
        "ca.cnf",
        "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nnew_certs_dir=.\nserial=serial\ncopy_extensions=copy\n\
         default_md=sha256\npolicy=p\nx509_extensions=e\n[e]\nbasicConstraints=CA:FALSE\n[p]\ncommonName=supplied\n",
    );
    place.openssl(
        "ca -batch -config ca.cnf -create_serial -cert issuing.pem -keyfile issuing.private -days 30 -notext \
         -in pki/server.csr -out by-ca.pem",
    );
    for file in ["signed.pem", "by-ca.pem"] {
        let said = place.openssl(&format!("x509 -noout -text -in {file}"));
        for part in [
            "DNS:db1.example.com, IP Address:10.0.0.5",
            "TLS Web Server Authentication",
            "Key Usage: critical",
        ] {
            assert!(said.contains(part), "{file}: no {part:?} in {said}");
        }
        place.openssl(&format!("verify -CAfile root.pem -untrusted issuing.pem -purpose sslserver {file}"));
    }
}

#[test]
fn what_was_made_and_what_is_next_is_printed() {
    let home = scratch();
    let stdout = "
created pki/: a key (ECDSA P-256) and a request for it

  server.csr  CN=db1.example.com  server
              + 10.0.0.5 ::1

send pki/server.csr to the CA; server.key stays here
next:   pgtls import SIGNED -D pki
";
    Run::new(&["csr", "server", "db1.example.com", "10.0.0.5", "::1"]).dir(&home).stdout(stdout).code(0);
    assert_eq!(names(&home.path().join("pki")), ["server.csr", "server.key"]);
    assert_eq!(mode(&home.path().join("pki")), 0o700);
    assert_eq!(mode(&home.path().join("pki/server.key")), 0o600);
    assert_eq!(mode(&home.path().join("pki/server.csr")), 0o644);
}

#[test]
fn what_is_printed_of_long_names_fits_a_terminal() {
    let place = Place::new();
    place.pgtls("csr server a.example.com");
    let said = place.pgtls("csr server postgresql-primary-1.databases.example.com");
    assert!(said.stdout.contains(".csr to the CA;"), "{}", said.stdout);
    for line in said.stdout.lines().filter(|line| line.contains(' ')) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_first_server_and_client_have_plain_stems_and_further_ones_their_names() {
    let home = scratch();
    for words in [
        &["server", "db1.example.com"][..],
        &["server", "db2.example.com"],
        &["server", "*.example.com"],
        &["client", "alice"],
        &["client", "bob"],
        &["node", "fe80::1"],
    ] {
        Run::new(&[&["csr", "-q"], words].concat()).dir(&home).code(0);
    }
    let keys: Vec<String> =
        names(&home.path().join("pki")).into_iter().filter(|name| name.ends_with(".key")).collect();
    assert_eq!(
        keys,
        [
            "client.bob.key",
            "client.key",
            "node.fe80--1.key",
            "server._wildcard.example.com.key",
            "server.db2.example.com.key",
            "server.key"
        ]
    );
}

#[test]
fn the_same_request_made_twice_meets_its_own_files_and_changes_nothing() {
    let home = scratch();
    for words in [["server", "db1.test"], ["server", "db2.test"], ["client", "alice"]] {
        Run::new(&[&["csr", "-q"], &words[..]].concat()).dir(&home).code(0);
    }
    let before = snapshot(home.path());
    for (words, stem) in [
        (["server", "db1.test"], "server"),
        (["server", "db2.test"], "server.db2.test"),
        (["client", "alice"], "client"),
    ] {
        let stderr = format!(
            "pgtls: error: \"pki/{stem}.key\" exists already\npgtls: detail: Nothing was changed.\npgtls: hint: What \
             the CA sends back for it goes in with \"pgtls import\"; for a new key move it away, or give another \
             directory with -D.\n"
        );
        Run::new(&[&["csr"], &words[..]].concat()).dir(&home).stderr(&stderr).code(3);
    }
    assert_eq!(snapshot(home.path()), before);
}

#[test]
fn a_directory_of_the_guide_gains_a_request_and_keeps_what_it_has() {
    let home = scratch();
    Run::new(&["gen", "chain", "-q"]).dir(&home).code(0);
    let before = snapshot(home.path());
    Run::new(&["csr", "client", "alice", "-q"]).dir(&home).code(0);
    let after = snapshot(home.path());
    for (path, held) in &before {
        assert_eq!(after.get(path), Some(held), "{}", path.display());
    }
    assert!(after.contains_key(Path::new("pki/client.alice.key")));
    assert!(after.contains_key(Path::new("pki/client.alice.csr")));
    // The role that the client here has already.
    let output = Run::new(&["csr", "client", "kong"]).dir(&home).output();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(snapshot(home.path()), after);
}

#[test]
fn a_dry_run_says_what_would_be_written_and_writes_nothing() {
    let home = scratch();
    let stdout = "
would create pki/: a key (Ed25519) and a request for it

  client.csr  CN=alice  client

files, with mode and content
  0600  pki/client.key  key of client, encrypted
  0644  pki/client.csr  request for client
";
    fs::write(home.path().join("pass"), "correct horse\n").unwrap();
    let words =
        ["csr", "client", "alice", "--dry-run", "--key-type", "ed25519", "--encrypt-key-file", "pass"];
    Run::new(&words).dir(&home).stdout(stdout).code(0);
    assert_eq!(names(home.path()), ["pass"]);
}

#[test]
fn a_key_is_encrypted_given_away_and_opened_to_a_group_where_asked() {
    let place = Place::new();
    place.write("pass", "correct horse\n");
    place.pgtls("csr server db1.test --encrypt-key-file pass");
    assert!(place.read("pki/server.key").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let of_key = place.openssl("pkey -pubout -in pki/server.key -passin file:pass");
    assert_eq!(of_key, place.openssl("req -noout -pubkey -in pki/server.csr"));
    place.pgtls("csr client alice --key-mode 0400");
    assert_eq!(mode(&place.path("pki/client.key")), 0o400);
    if support::is_root() {
        place.pgtls("csr server db1.test --owner 70:70 -D other");
        use std::os::unix::fs::MetadataExt as _;
        let owned = |name: &str| fs::metadata(place.path(name)).unwrap();
        assert_eq!((owned("other/server.key").uid(), owned("other/server.key").gid()), (70, 70));
        assert_eq!((owned("other").gid(), mode(&place.path("other"))), (70, 0o750));
    }
}

#[test]
fn json_names_the_files_and_holds_the_request() {
    let place = Place::new();
    let said = place.pgtls("csr server db1.test --json").stdout;
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(value["request"]["stem"], "server");
    assert_eq!(value["request"]["extensions"]["subject_alt_names"], serde_json::json!(["DNS:db1.test"]));
    assert_eq!(value["files"][0]["name"], "server.key");
    assert_eq!(value["pem"], place.read("pki/server.csr"));
    assert!(!said.contains("PRIVATE"), "{said}");
}

#[test]
fn requests_at_once_queue_and_lose_nothing() {
    let home = scratch();
    let roles: Vec<String> = (0..6).map(|number| format!("role{number}")).collect();
    let runs: Vec<_> = roles
        .iter()
        .map(|role| Run::new(&["csr", "client", role, "-q"]).dir(&home).command().spawn().unwrap())
        .collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let files = names(&home.path().join("pki"));
    let keys = files.iter().filter(|name| name.ends_with(".key"));
    assert_eq!((keys.count(), files.len()), (6, 12), "{files:?}");
    assert!(files.contains(&"client.key".to_owned()), "{files:?}");
}

/// What kubectl reads, as JSON; it asks no cluster for that.
fn read_by_kubectl(manifest: &str) -> serde_json::Value {
    let mut child = Command::new("kubectl")
        .args(["label", "--local", "-f", "-", "read=yes", "-o", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("kubectl does not start ({error}); .ci/install-judges installs it"));
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), manifest.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{manifest}\n{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn kubernetes_is_asked_by_a_manifest_that_kubectl_reads() {
    let place = Place::new();
    let words = "csr server db1.example.com --key-type rsa-2048 --k8s --signer-name example.com/postgres --lifetime 90d";
    let manifest = place.pgtls(words).stdout;
    let read = read_by_kubectl(&manifest);
    assert_eq!(read["kind"], "CertificateSigningRequest");
    assert_eq!(read["apiVersion"], "certificates.k8s.io/v1");
    assert_eq!(read["metadata"]["name"], "server-db1.example.com");
    let spec = &read["spec"];
    assert_eq!(spec["signerName"], "example.com/postgres");
    assert_eq!(spec["expirationSeconds"], 7_776_000);
    assert_eq!(spec["usages"], serde_json::json!(["digital signature", "key encipherment", "server auth"]));
    place.write("request.base64", spec["request"].as_str().unwrap());
    let decoded = place.openssl("base64 -d -A -in request.base64");
    assert_eq!(decoded, place.read("pki/server.csr"));
}

#[test]
fn a_manifest_is_whole_for_any_role_and_without_a_lifetime() {
    let place = Place::new();
    let said = place.pgtls_words(&["csr", "client", "yes: #\"ü", "--k8s", "--signer-name", "a.b/c"]);
    let read = read_by_kubectl(&said.stdout);
    assert_eq!(read["metadata"]["name"], "client-yes");
    assert_eq!(read["spec"]["usages"], serde_json::json!(["digital signature", "client auth"]));
    assert_eq!(read["spec"]["expirationSeconds"], serde_json::Value::Null);
}

/// Runs it in an empty directory; it prints nothing but this, and leaves the directory empty.
fn refused(words: &[&str], code: i32, stderr: &str) {
    let home = scratch();
    Run::new(&[&["csr"], words].concat()).dir(&home).stderr(stderr).code(code);
    assert_eq!(names(home.path()), [""; 0], "{words:?} left something behind");
}

#[test]
fn a_name_that_would_leave_the_directory_is_refused() {
    let hint = "pgtls: hint: Give a plain name; --cn takes a common name of any form beside it.\n";
    for (name, problem) in
        [("../alice", "it has a slash"), ("a/b", "it has a slash"), ("..", "it is no more than dots")]
    {
        let stderr = format!("pgtls: error: \"{name}\" cannot name files: {problem}\n{hint}");
        refused(&["client", name], 2, &stderr);
    }
    let stderr = "
pgtls: error: invalid name \"../x\": it has an empty label
pgtls: hint: Give a host name, an IP address, an e-mail address or a URI; DNS:, IP:, email: or URI: in front forces the type.
";
    refused(&["server", "../x"], 2, stderr);
}

#[test]
fn a_client_takes_one_name_and_a_server_begins_with_a_host() {
    let stderr = "
pgtls: error: a client takes one name, and 2 are given
pgtls: hint: Give the PostgreSQL role that it logs in as; ask once for each role.
";
    refused(&["client", "alice", "bob"], 2, stderr);
    let stderr = "
pgtls: error: \"spiffe://example.com/db\" is not a host name or an IP address
pgtls: hint: Put a host name or an address first; it is the common name, and names the files.
";
    refused(&["server", "spiffe://example.com/db", "db1"], 2, stderr);
}

#[test]
fn no_name_at_all_is_a_wrong_command_line() {
    let stderr = "
pgtls: error: the following required arguments were not provided:
  <NAME>...

Usage: pgtls csr <server|client|node> <NAME>...

For more information, try '--help'.
";
    refused(&["server"], 2, stderr);
}

#[test]
fn names_that_no_client_takes_are_refused() {
    let stderr = "
pgtls: error: \"db.*.example.com\" in certificate \"server\" has a wildcard where none works
pgtls: detail: PostgreSQL's clients take * only as the whole first label, for exactly one label.
pgtls: hint: Write it like *.example.com.
";
    refused(&["server", "db.*.example.com"], 2, stderr);
    let role = "r".repeat(64);
    let stderr = format!(
        "pgtls: error: the common name of \"client\" is over 63 bytes\npgtls: detail: \"{role}\" has 64; no PostgreSQL \
         role has such a name.\npgtls: hint: Use the name of the role that it logs in as.\n"
    );
    refused(&["client", &role], 2, &stderr);
}

#[test]
fn a_key_type_that_is_not_known_is_refused() {
    let stderr = "
pgtls: error: --key-type: unknown key type \"dsa\"
pgtls: hint: Use one of ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072, rsa-4096.
";
    refused(&["server", "db1", "--key-type", "dsa"], 2, stderr);
}

#[test]
fn a_signer_and_a_lifetime_that_kubernetes_would_refuse_are_refused() {
    let stderr = "
pgtls: error: \"postgres\" is not the name of a signer
pgtls: hint: Write a domain and a name, both in lower case, as the signer has it: example.com/postgres.
";
    refused(&["server", "db1", "--k8s", "--signer-name", "postgres"], 2, stderr);
    let stderr = "
pgtls: error: Kubernetes signs for 600 seconds to 68 years, not for 5m
pgtls: hint: Give a lifetime of at least 10m, such as 90d.
";
    refused(&["server", "db1", "--k8s", "--signer-name", "a.b/c", "--lifetime", "5m"], 2, stderr);
}
