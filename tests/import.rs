//! `import`: what another CA sent goes beside its key, in order and complete, or not at all. The other CA is openssl.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;
mod other_ca;
mod support;

use foreign::{Place, Said};
use other_ca::{ISSUING, ROOT, bundled, place, signed};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use support::{is_root, mode, snapshot};

/// A place with the other CA, `pki/server.key` and what it sent for `pki/server.csr`, alone: `signed.pem`.
fn with_server() -> Place {
    let place = place();
    place.pgtls("csr server db1.example.com 10.0.0.5");
    signed(&place, "pki/server.csr", "signed.pem", "");
    place
}

/// The subjects of the certificates in a file, in order.
fn subjects(place: &Place, file: &str) -> Vec<String> {
    let said = place.pgtls(&format!("inspect --json {file}")).stdout;
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    let mut found = Vec::new();
    collect(&value, &mut found);
    found
}

fn collect(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        serde_json::Value::Object(fields) => {
            if let (Some(subject), true) = (fields.get("subject"), fields.contains_key("issuer")) {
                found.push(subject.as_str().unwrap().to_owned());
            }
            fields.values().for_each(|value| collect(value, found));
        }
        _ => {}
    }
}

/// The day on which a certificate ends, as openssl has it.
fn end(place: &Place, file: &str) -> String {
    place.openssl(&format!("x509 -noout -enddate -dateopt iso_8601 -in {file}"))[9..19].to_owned()
}

/// From when until when a certificate counts, as openssl has it.
fn window(place: &Place, file: &str) -> String {
    let dates = place.openssl(&format!("x509 -noout -dates -dateopt iso_8601 -in {file}"));
    let instants = dates.lines().filter_map(|line| Some(line.split_once('=')?.1.replace(' ', "T")));
    instants.collect::<Vec<_>>().join(" until ")
}

/// Runs it; it says this on standard error and nothing else, and changes nothing in `pki`.
#[track_caller]
fn refused(place: &Place, words: &str, code: i32, stderr: &str) {
    let before = place.path("pki").exists().then(|| snapshot(&place.path("pki")));
    let Said { code: found, stdout, stderr: said } =
        place.try_pgtls(&words.split_whitespace().collect::<Vec<_>>());
    assert_eq!((found, said.as_str(), stdout.as_str()), (Some(code), stderr.trim_start(), ""), "{words}");
    assert_eq!(place.path("pki").exists().then(|| snapshot(&place.path("pki"))), before, "{words}");
}

/// Imports what does not work as it lies then: the judge has an error, and so the exit code is 1.
#[track_caller]
fn at_fault(place: &Place, words: &str) -> Said {
    let said = place.try_pgtls(&words.split_whitespace().collect::<Vec<_>>());
    assert_eq!(said.code, Some(1), "{words}: {}", said.stderr);
    said
}

#[test]
fn a_certificate_comes_as_pem_der_or_pkcs7_in_any_order() {
    let place = with_server();
    place.openssl("x509 -in signed.pem -outform DER -out signed.der");
    bundled(&place, &["root.pem", "issuing.pem", "signed.pem"], "pem.p7b", "PEM");
    bundled(&place, &["issuing.pem", "signed.pem", "root.pem"], "der.p7b", "DER");
    // As Microsoft's authorities have it.
    place.write("microsoft.p7b", &place.read("pem.p7b").replace("PKCS7", "CERTIFICATE"));
    let whole = format!(
        "bag of text\n{}{}{}",
        place.read("root.pem"),
        place.read("signed.pem"),
        place.read("issuing.pem")
    );
    place.write("whole.pem", &whole.replace('\n', "\r\n"));
    let mut expected: Option<(String, String)> = None;
    for words in [
        "signed.pem --chain issuing.pem --chain root.pem",
        "signed.der --chain issuing.pem --chain root.pem",
        "signed.der --chain pem.p7b",
        "pem.p7b",
        "der.p7b",
        "microsoft.p7b",
        "whole.pem",
    ] {
        place.pgtls(&format!("import {words}"));
        let found = (place.read("pki/server.crt"), place.read("pki/chain.crt"));
        assert_eq!(*expected.get_or_insert(found.clone()), found, "{words}");
        for file in ["pki/server.crt", "pki/chain.crt"] {
            fs::remove_file(place.path(file)).unwrap();
        }
    }
    let (own, chain) = expected.unwrap();
    assert_eq!(own, place.read("signed.pem") + &place.read("issuing.pem"));
    assert_eq!(chain, place.read("issuing.pem") + &place.read("root.pem"));
}

#[test]
fn what_went_where_is_printed_with_the_fingerprint_of_a_new_root() {
    let place = with_server();
    let said = place.pgtls("import signed.pem --chain issuing.pem --chain root.pem");
    let fingerprint = place.openssl("x509 -in root.pem -noout -fingerprint -sha256");
    let (first, second) = fingerprint.trim_end().split_once('=').unwrap().1.split_at(48);
    let expected = format!(
        "imported server.crt into pki/, for server.key

  server.crt  CN=db1.example.com  server  until {}
              + 10.0.0.5
              {ISSUING}
                CA  until {}
  chain.crt   {ROOT}  CA  until {}

chain.crt trusts this root; compare its fingerprint with the CA's own:
  {}
  {second}
",
        end(&place, "signed.pem"),
        end(&place, "issuing.pem"),
        end(&place, "root.pem"),
        &first[..47]
    );
    assert!(said.stdout.starts_with(&expected), "{}\nis not\n{expected}", said.stdout);
    assert!(said.stdout.ends_with("\nnext:   pgtls verify pki\n"), "{}", said.stdout);
    assert_eq!(said.stderr, "");
    assert!(said.stdout.lines().all(|line| line.chars().count() <= 80), "{}", said.stdout);
}

#[test]
fn the_result_is_one_that_openssl_and_our_own_judge_take() {
    let place = with_server();
    place.pgtls("csr client alice");
    signed(&place, "pki/client.csr", "alice.pem", "");
    place.pgtls("import signed.pem --chain issuing.pem --chain root.pem");
    // Its authorities are here by now.
    place.pgtls("import alice.pem");
    assert_eq!(subjects(&place, "pki/client.crt"), ["CN=alice", ISSUING]);
    for (file, purpose) in [("server", "sslserver"), ("client", "sslclient")] {
        place.openssl(&format!(
            "verify -CAfile pki/chain.crt -untrusted pki/{file}.crt -purpose {purpose} pki/{file}.crt"
        ));
    }
    // It succeeds where there is no error, for the host, the role and each of the clients.
    place.pgtls("verify pki --host db1.example.com -U alice --drivers");
}

#[test]
fn a_chain_that_is_there_already_gains_the_new_ca_and_loses_nothing() {
    let place = place();
    place.pgtls("gen chain --intermediate -q -D pki");
    let before = place.read("pki/chain.crt");
    place.pgtls("csr client alice");
    signed(&place, "pki/client.alice.csr", "alice.pem", "");
    let said = place.pgtls("import alice.pem --chain issuing.pem --chain root.pem");
    assert_eq!(place.read("pki/chain.crt"), before + &place.read("issuing.pem") + &place.read("root.pem"));
    assert_eq!(subjects(&place, "pki/client.alice.crt"), ["CN=alice", ISSUING]);
    let warning = format!(
        "pgtls: warning: chain.crt trusts CN=root.yourdomain.com already, and now {ROOT} too: where it is ssl_ca_file, \
         the clients of both may log in\n"
    );
    assert_eq!(said.stderr, warning);
}

#[test]
fn without_the_root_the_certificate_goes_in_and_the_chain_waits_for_it() {
    let place = with_server();
    let said = at_fault(&place, "import signed.pem --chain issuing.pem");
    assert!(!place.path("pki/chain.crt").exists());
    assert_eq!(subjects(&place, "pki/server.crt"), ["CN=db1.example.com", ISSUING]);
    let warning = format!(
        "pgtls: warning: the root is not here, so chain.crt was not written; import again with --chain and the \
         certificate of {ROOT}\n"
    );
    assert_eq!(said.stderr, warning);
    let own = place.read("pki/server.crt");
    let said = place.pgtls("import signed.pem --chain root.pem");
    assert!(said.stdout.starts_with("imported chain.crt into pki/, for server.key\n"), "{}", said.stdout);
    assert_eq!(place.read("pki/chain.crt"), place.read("issuing.pem") + &place.read("root.pem"));
    assert_eq!(place.read("pki/server.crt"), own);
}

#[test]
fn a_newer_certificate_for_the_same_key_takes_the_place_of_the_older_and_never_the_other_way_round() {
    let place = with_server();
    place.pgtls("import signed.pem --chain issuing.pem --chain root.pem");
    signed(&place, "pki/server.csr", "renewed.pem", "-days 400");
    // Of two made in one second the one that lives longer is the newer.
    let said = place.pgtls("import renewed.pem");
    let ended = end(&place, "signed.pem");
    let line = format!("\nin place of the one for the same key that ends on {ended}\n");
    assert!(said.stdout.contains(&line), "{}\nlacks{line}", said.stdout);
    assert!(place.read("pki/server.crt").starts_with(&place.read("renewed.pem")));
    // To the second: both may end on one day.
    let stderr = format!(
        "pgtls: error: \"pki/server.crt\" is newer\npgtls: detail: It counts from {}, and the one to be imported from {}; \
         nothing was changed.\npgtls: hint: Move it away where the older one is meant.\n",
        window(&place, "renewed.pem"),
        window(&place, "signed.pem")
    );
    refused(&place, "import signed.pem", 3, &stderr);
}

#[test]
fn names_that_were_asked_for_and_not_granted_are_said() {
    let place = place();
    place.pgtls("csr server db1.example.com 10.0.0.5 ::1");
    place.write(
        "own.ext",
        &format!("{}subjectAltName=DNS:db1.example.com,DNS:www.example.com\n", place.read("leaf.ext")),
    );
    signed(&place, "pki/server.csr", "signed.pem", "-copy_extensions none -extfile own.ext");
    let said = at_fault(&place, "import signed.pem --chain issuing.pem --chain root.pem");
    assert_eq!(said.stderr, "pgtls: warning: asked for, and not in the certificate: 10.0.0.5, ::1\n");
    let note = "note: in the certificate without being asked for: www.example.com\n";
    assert!(said.stdout.contains(note), "{}", said.stdout);
    // No extended key usage was granted either, so the server's key logs in.
    assert!(said.stdout.contains("[server-passes-as-client]"), "{}", said.stdout);
}

#[test]
fn an_encrypted_key_is_told_by_its_request_or_opened() {
    let place = place();
    place.write("pass", "correct horse\n");
    place.pgtls("csr server db1.example.com --encrypt-key-file pass");
    signed(&place, "pki/server.csr", "signed.pem", "");
    let words = "import signed.pem --chain issuing.pem --chain root.pem --dry-run";
    let note = "note: server.key is encrypted; that it fits was told from its request\n";
    assert!(place.pgtls(words).stdout.contains(note));
    let said = place.pgtls(&format!("{words} --passphrase-file pass"));
    assert!(!said.stdout.contains(note), "{}", said.stdout);
    assert!(
        said.stdout.starts_with("would import server.crt into pki/, for server.key\n"),
        "{}",
        said.stdout
    );
    assert!(!place.path("pki/server.crt").exists());
    // Whoever gives a passphrase learns that it is the wrong one.
    place.write("wrong", "horse correct\n");
    let said = place.pgtls(&format!("{words} --passphrase-file wrong -q"));
    let warning =
        "pgtls: warning: the passphrase does not open server.key; that it fits was told from its request\n";
    assert!(said.stderr.starts_with(warning), "{}", said.stderr);
    fs::remove_file(place.path("pki/server.csr")).unwrap();
    let stderr = "
pgtls: error: no key in \"pki\" belongs to the certificate in \"signed.pem\"
pgtls: detail: It names CN=db1.example.com; the keys here are server.key (encrypted).
pgtls: hint: Give the directory that holds its key with -D, or the passphrase of an encrypted key with --passphrase-file.
";
    refused(&place, "import signed.pem", 3, stderr);
    place.pgtls("import signed.pem --chain issuing.pem --chain root.pem --passphrase-file pass");
}

#[test]
fn what_is_no_delivery_is_refused() {
    let place = with_server();
    let stderr = "
pgtls: error: could not read \"nothing.pem\": no such file or directory
pgtls: hint: Give the path of a file that exists.
";
    refused(&place, "import nothing.pem", 4, stderr);
    place.write("text.pem", "hello\n");
    place.write("cut.pem", &place.read("signed.pem")[..300]);
    place.openssl("req -in pki/server.csr -outform DER -out request.der");
    for (file, problem) in [
        ("text.pem", "it holds no certificate"),
        ("pki/server.csr", "it holds no certificate"),
        ("cut.pem", "its PEM text is damaged"),
        ("request.der", "it is DER, and neither a certificate nor PKCS#7"),
    ] {
        let stderr = format!(
            "pgtls: error: \"{file}\" cannot be imported: {problem}\npgtls: hint: Give what the CA sent, as PEM, DER or \
             P7B.\n"
        );
        refused(&place, &format!("import {file}"), 3, &stderr);
    }
    let stderr = "
pgtls: error: \"elsewhere\" does not exist
pgtls: hint: Give the directory that holds the key with -D.
";
    refused(&place, "import signed.pem -D elsewhere", 4, stderr);
}

#[test]
fn pkcs7_without_the_leaf_is_refused() {
    let place = with_server();
    bundled(&place, &["root.pem", "issuing.pem"], "authorities.p7b", "DER");
    let stderr = format!(
        "pgtls: error: \"authorities.p7b\" holds no certificate of a server or client\npgtls: detail: It holds the CAs \
         {ROOT}; {ISSUING}.\npgtls: hint: Give the certificate itself; those of CAs go with --chain.\n"
    );
    refused(&place, "import authorities.p7b", 3, &stderr);
}

#[test]
fn a_certificate_without_its_key_is_refused_naming_the_keys_that_are_here() {
    let place = with_server();
    place.pgtls("csr client alice -D other");
    signed(&place, "other/client.csr", "alice.pem", "");
    let stderr = "
pgtls: error: no key in \"pki\" belongs to the certificate in \"alice.pem\"
pgtls: detail: It names CN=alice; the keys here are server.key.
pgtls: hint: Give the directory that holds its key with -D.
";
    refused(&place, "import alice.pem --chain issuing.pem", 3, stderr);
    fs::remove_file(place.path("pki/server.key")).unwrap();
    let stderr = "
pgtls: error: the certificate is what \"pki/server.csr\" asked for, whose key is not here
pgtls: hint: Put the key back beside it.
";
    refused(&place, "import signed.pem --chain issuing.pem", 3, stderr);
}

#[test]
fn a_chain_that_does_not_lead_up_is_refused() {
    let place = with_server();
    let stderr = format!(
        "pgtls: error: no CA here signed the certificate in \"signed.pem\"\npgtls: detail: It was signed by {ISSUING}, \
         whose certificate is neither there nor in the directory.\npgtls: hint: Give the certificates of its CAs with \
         --chain.\n"
    );
    refused(&place, "import signed.pem", 3, &stderr);
    refused(&place, "import signed.pem --chain root.pem", 3, &stderr);
    // The same names, other keys, and nothing in the certificate that tells them apart.
    other_ca::make(&place, "false-");
    place.write("plain.ext", "basicConstraints=critical,CA:FALSE\nauthorityKeyIdentifier=none\n");
    signed(&place, "pki/server.csr", "signed.pem", "-extfile plain.ext");
    let stderr = format!(
        "pgtls: error: no CA here signed the certificate in \"signed.pem\"\npgtls: detail: A CA named {ISSUING} is here, \
         but its key did not make the signature.\npgtls: hint: Give the certificates of its CAs with --chain.\n"
    );
    refused(&place, "import signed.pem --chain false-issuing.pem", 3, &stderr);
}

#[test]
fn a_certificate_that_ended_and_one_for_another_use_are_refused() {
    let place = with_server();
    let chain = "--chain issuing.pem --chain root.pem";
    place.write("index.txt", "");
    place.write(
        "ca.cnf",
        "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\npolicy=p\n\
         [p]\ncommonName=supplied\n",
    );
    place.openssl(
        "ca -batch -config ca.cnf -create_serial -cert issuing.pem -keyfile issuing.private -startdate 20200101000000Z \
         -enddate 20210102000000Z -notext -extfile leaf.ext -in pki/server.csr -out ended.pem",
    );
    let stderr = "
pgtls: error: the certificate in \"ended.pem\" ended on 2021-01-02
pgtls: hint: Send the request to the CA again.
";
    refused(&place, &format!("import ended.pem {chain}"), 3, stderr);
    place.write("client.ext", &format!("{}extendedKeyUsage=clientAuth\n", place.read("leaf.ext")));
    signed(&place, "pki/server.csr", "client.pem", "-copy_extensions none -extfile client.ext");
    let stderr = "
pgtls: error: the certificate in \"client.pem\" is not for a server, which server.key is for
pgtls: detail: It is for clientAuth alone, and lacks serverAuth.
pgtls: hint: Send the request to the CA again.
";
    refused(&place, &format!("import client.pem {chain}"), 3, stderr);
    place.openssl("x509 -req -in pki/server.csr -signkey pki/server.key -days 30 -out own.pem");
    let stderr = "
pgtls: error: the certificate in \"own.pem\" is signed by its own key, and by no CA
pgtls: hint: Send the request to the CA again.
";
    refused(&place, &format!("import own.pem {chain}"), 3, stderr);
}

#[test]
fn an_authority_that_no_peer_would_accept_is_refused() {
    let place = place();
    place.pgtls("csr server db1.example.com");
    // The server's own certificate in the place of a CA.
    signed(&place, "issuing.request", "no-ca.pem", "-CA root.pem -CAkey root.private");
    signed(&place, "pki/server.csr", "signed.pem", "-CA no-ca.pem -CAkey issuing.private");
    let stderr = format!(
        "pgtls: error: the CA {ISSUING} cannot stand above it: it is no CA (basicConstraints)\npgtls: hint: Ask the CA for \
         its current certificates, and give them with --chain.\n"
    );
    refused(&place, "import signed.pem --chain no-ca.pem --chain root.pem", 3, &stderr);
    // One that may only sign for other hosts: all that a signature says is right, and nobody accepts it.
    place.write(
        "bound.ext",
        &format!("{}nameConstraints=critical,permitted;DNS:example.org\n", place.read("issuing.ext")),
    );
    signed(
        &place,
        "issuing.request",
        "bound.pem",
        "-CA root.pem -CAkey root.private -copy_extensions none -extfile bound.ext",
    );
    signed(&place, "pki/server.csr", "signed.pem", "-CA bound.pem -CAkey issuing.private");
    let said = place.try_pgtls(&["import", "signed.pem", "--chain", "bound.pem", "--chain", "root.pem"]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(said.stderr.starts_with("pgtls: error: \"server.crt\" would not work: "), "{}", said.stderr);
    assert!(said.stderr.contains("name-constraints; nothing was written."), "{}", said.stderr);
    assert!(!place.path("pki/server.crt").exists());
}

#[test]
fn what_stands_in_the_place_of_the_files_is_neither_overwritten_nor_followed() {
    let place = with_server();
    let chain = "--chain issuing.pem --chain root.pem";
    let in_the_way = |file: &str, detail: &str| {
        format!(
            "pgtls: error: \"pki/{file}\" is no file of certificates\npgtls: detail: {detail}\npgtls: hint: Move it away, \
             and import again.\n"
        )
    };
    let unread = "It is a link or a directory, or not for this user to read; nothing was changed.";
    for file in ["server.crt", "chain.crt"] {
        let path = place.path("pki").join(file);
        symlink(place.path("root.pem"), &path).unwrap();
        refused(&place, &format!("import signed.pem {chain}"), 3, &in_the_way(file, unread));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "hello\n").unwrap();
        refused(&place, &format!("import signed.pem {chain}"), 3, &in_the_way(file, "Nothing was changed."));
        fs::remove_file(&path).unwrap();
    }
    fs::copy(place.path("root.pem"), place.path("pki/server.crt")).unwrap();
    let stderr = "
pgtls: error: \"pki/server.crt\" is the certificate of another key than server.key
pgtls: detail: Nothing was changed.
pgtls: hint: Move it away, and import again.
";
    refused(&place, &format!("import signed.pem {chain}"), 3, stderr);
}

#[test]
fn one_key_under_two_names_is_refused_where_neither_is_meant() {
    let place = with_server();
    fs::copy(place.path("pki/server.key"), place.path("pki/copy.key")).unwrap();
    let stderr = "
pgtls: error: \"signed.pem\" belongs to copy.key and to server.key
pgtls: hint: Move the copies away, and import one certificate at a time.
";
    refused(&place, "import signed.pem --chain issuing.pem", 3, stderr);
}

#[test]
fn a_certificate_that_was_saved_as_the_file_itself_is_completed_in_place() {
    let place = with_server();
    fs::copy(place.path("signed.pem"), place.path("pki/server.crt")).unwrap();
    place.pgtls("import pki/server.crt --chain issuing.pem --chain root.pem");
    assert_eq!(place.read("pki/server.crt"), place.read("signed.pem") + &place.read("issuing.pem"));
}

#[test]
fn a_key_of_the_guides_own_commands_is_paired_too() {
    let place = place();
    fs::create_dir(place.path("pki")).unwrap();
    place.openssl(
        "req -new -noenc -config /dev/null -newkey rsa:2048 -subj /CN=kong -keyout pki/kong.key -out kong.request",
    );
    signed(&place, "kong.request", "kong.pem", "");
    // The guide's request asks for no use, and so the certificate is for any.
    at_fault(&place, "import kong.pem --chain issuing.pem --chain root.pem");
    assert_eq!(subjects(&place, "pki/kong.crt"), ["CN=kong", ISSUING]);
}

#[test]
fn a_damaged_delivery_is_an_error_wherever_it_is_cut_or_changed() {
    let place = with_server();
    bundled(&place, &["root.pem", "issuing.pem", "signed.pem"], "whole.p7b", "DER");
    let whole = fs::read(place.path("whole.p7b")).unwrap();
    assert_eq!(pgtls::x509::delivered(&whole).unwrap().len(), 3);
    for cut in 0..whole.len() {
        assert!(pgtls::x509::delivered(&whole[..cut]).is_err(), "cut at {cut}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        // It may well be whole still, in a signature or a name; what matters is that it is never more than it was.
        assert!(pgtls::x509::delivered(&changed).map_or(0, |found| found.len()) <= 3, "changed at {at}");
    }
}

#[test]
fn a_root_in_x509_v1_is_taken_as_openssl_takes_it() {
    let place = place();
    place.openssl("req -new -noenc -config /dev/null -newkey rsa:2048 -subj /CN=old -keyout old.private -out old.request");
    place.openssl("x509 -req -in old.request -signkey old.private -days 3650 -out old.pem");
    place.pgtls("csr client alice");
    place.write("own.ext", "basicConstraints=critical,CA:FALSE\n");
    signed(&place, "pki/client.csr", "alice.pem", "-CA old.pem -CAkey old.private -extfile own.ext");
    place.pgtls("import alice.pem --chain old.pem");
    assert_eq!(subjects(&place, "pki/chain.crt"), ["CN=old"]);
}

#[test]
fn what_is_in_the_chain_file_stays_to_the_byte_with_its_mode() {
    let place = with_server();
    let before = format!("# ours\n{}", place.read("root.pem").trim_end());
    fs::write(place.path("pki/chain.crt"), &before).unwrap();
    fs::set_permissions(place.path("pki/chain.crt"), PermissionsExt::from_mode(0o640)).unwrap();
    place.pgtls("import signed.pem --chain issuing.pem");
    assert_eq!(place.read("pki/chain.crt"), format!("{before}\n{}", place.read("issuing.pem")));
    assert_eq!(mode(&place.path("pki/chain.crt")), 0o640);
    assert_eq!(mode(&place.path("pki/server.crt")), 0o644);
}

#[test]
fn the_certificate_belongs_to_whom_its_key_belongs_to() {
    let place = place();
    let owner = if is_root() { "70:71" } else { "" };
    let words =
        if is_root() { format!("csr client alice --owner {owner}") } else { "csr client alice".to_owned() };
    place.pgtls(&words);
    signed(&place, "pki/client.csr", "alice.pem", "");
    place.pgtls("import alice.pem --chain issuing.pem --chain root.pem");
    let of = |file: &str| {
        let about = fs::metadata(place.path(file)).unwrap();
        (about.uid(), about.gid())
    };
    assert_eq!(of("pki/client.crt"), of("pki/client.key"));
    assert_eq!(of("pki/client.crt") == (70, 71), is_root());
}

#[test]
fn json_says_what_went_where() {
    let place = with_server();
    let said = place.pgtls("import signed.pem --chain issuing.pem --chain root.pem --json").stdout;
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(value["stem"], "server");
    assert_eq!(value["files"], serde_json::json!(["server.crt", "chain.crt"]));
    assert_eq!(value["certificate"]["subject"], "CN=db1.example.com");
    assert_eq!(value["intermediates"][0]["subject"], ISSUING);
    assert_eq!(value["root"]["subject"], ROOT);
    assert_eq!(value["notices"], serde_json::json!([]));
}
