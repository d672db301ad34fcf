//! What `verify` finds in the index of a CA, and in the certificates that it lists or does not list.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::{Place, split};
use pgtls::index::{Index, Revoked};
use pgtls::pem::decode;
use pgtls::x509::{Certificate, RevocationReason};
use serde_json::Value;
use time::OffsetDateTime;

/// A finding: rule, severity, file, fact, detail, hint.
#[derive(Debug, PartialEq)]
struct Found {
    rule: String,
    severity: String,
    file: String,
    fact: String,
    detail: String,
    hint: String,
}

/// What `verify` says of indexes, and its exit code.
fn found(place: &Place, words: &str) -> (Option<i32>, Vec<Found>) {
    let said = place.try_pgtls(&[split("verify --json"), split(words)].concat());
    let value: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    let part = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let all = value["findings"].as_array().unwrap().iter().map(|finding| Found {
        rule: part(finding, "rule"),
        severity: part(finding, "severity"),
        file: finding["files"][0].as_str().unwrap_or_default().to_owned(),
        fact: part(finding, "fact"),
        detail: part(finding, "detail"),
        hint: part(finding, "hint"),
    });
    (said.code, all.filter(|finding| finding.rule.contains("index")).collect())
}

fn certificates(place: &Place, names: &[&str]) -> Vec<Certificate> {
    let first =
        |name: &&str| Certificate::from_der(&decode(place.read(name).as_bytes()).unwrap()[0].der).unwrap();
    names.iter().map(first).collect()
}

fn write(place: &Place, name: &str, index: &Index) {
    std::fs::write(place.path(name), index.to_text()).unwrap();
}

/// A directory with an intermediate, and both indexes as they should be.
fn indexed() -> (Place, Index) {
    let place = Place::made("chain --intermediate");
    write(&place, "root.index", &Index::rebuilt(&certificates(&place, &["intermediate.crt"])));
    let leaves = Index::rebuilt(&certificates(&place, &["server.crt", "client.crt"]));
    write(&place, "intermediate.index", &leaves);
    (place, leaves)
}

#[test]
fn nothing_is_found_where_indexes_list_what_is_here() {
    let (place, _) = indexed();
    assert_eq!(found(&place, "."), (Some(0), Vec::new()));
    std::fs::remove_file(place.path("root.index")).unwrap();
    assert_eq!(found(&place, "."), (Some(0), Vec::new()), "without one there is nothing to find");
}

#[test]
fn a_certificate_that_its_index_does_not_list_is_a_warning() {
    let (place, _) = indexed();
    write(&place, "intermediate.index", &Index::rebuilt(&certificates(&place, &["server.crt"])));
    let (code, all) = found(&place, ".");
    let [only] = &all[..] else { panic!("{all:?}") };
    assert_eq!((code, only.rule.as_str(), only.severity.as_str()), (Some(0), "not-in-index", "warning"));
    assert_eq!(
        (only.file.as_str(), only.fact.as_str()),
        ("client.crt", "intermediate.index does not list it")
    );
    let hint =
        "Record it: openssl ca -valid client.crt, with a configuration whose database is intermediate.index.";
    assert_eq!(only.hint, hint);
    assert_eq!(found(&place, ". --strict").0, Some(1));
    // The intermediate itself is not looked for in its own index, nor the root anywhere.
    write(&place, "root.index", &Index::default());
    let (_, all) = found(&place, ".");
    let files: Vec<&str> = all.iter().map(|finding| finding.file.as_str()).collect();
    assert_eq!(files, ["client.crt", "intermediate.crt"]);
}

#[test]
fn what_openssl_is_told_by_the_mend_mends_it() {
    let (place, _) = indexed();
    write(&place, "intermediate.index", &Index::default());
    place.write(
        "ca.cnf",
        "[ca]\ndefault_ca=x\n[x]\ndatabase=intermediate.index\ncertificate=intermediate.crt\n\
         private_key=intermediate.key\ndefault_md=sha256\nnew_certs_dir=.\nserial=s\npolicy=p\n[p]\nCN=supplied\n",
    );
    assert_eq!(found(&place, ".").1.len(), 2);
    for file in ["server.crt", "client.crt"] {
        place.openssl(&format!("ca -config ca.cnf -batch -valid {file}"));
    }
    assert_eq!(found(&place, ".").1, []);
}

#[test]
fn a_certificate_that_its_index_calls_revoked_is_an_error_unless_a_list_says_so_already() {
    let (place, mut leaves) = indexed();
    let at = OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap();
    let revoked = Revoked { at, reason: Some(RevocationReason::KeyCompromise) };
    assert!(leaves.revoke(&certificates(&place, &["client.crt"])[0].serial, revoked));
    write(&place, "intermediate.index", &leaves);
    let (code, all) = found(&place, ".");
    let [only] = &all[..] else { panic!("{all:?}") };
    assert_eq!((code, only.rule.as_str(), only.severity.as_str()), (Some(1), "index-revoked", "error"));
    assert_eq!(
        (only.file.as_str(), only.fact.as_str()),
        ("client.crt", "it is revoked, says intermediate.index: 2026-09-21T14:13:20Z, keyCompromise")
    );
    assert_eq!(only.hint, "Run pgtls crl -D . --refresh.");
    assert!(only.detail.contains("No revocation list"), "{only:?}");
    // Lists of both CAs, made of the indexes.
    for stem in ["root", "intermediate"] {
        place.write(
            "ca.cnf",
            &format!(
                "[ca]\ndefault_ca=x\n[x]\ndatabase={stem}.index\ncertificate={stem}.crt\nprivate_key={stem}.key\n\
                 default_md=sha256\ndefault_crl_days=30\n"
            ),
        );
        place.openssl(&format!("ca -config ca.cnf -gencrl -out {stem}.crl"));
    }
    let both = place.read("root.crl") + &place.read("intermediate.crl");
    place.write("chain.crl", &both);
    let said = place.try_pgtls(&["verify", "."]);
    assert!(said.stdout.contains("error: it is revoked, since 2026-09-21T14:13:20Z"), "{said:?}");
    assert_eq!(found(&place, ".").1, []);
}

#[test]
fn lines_without_a_file_are_one_note_that_names_the_first() {
    let (place, leaves) = indexed();
    std::fs::remove_file(place.path("client.crt")).unwrap();
    std::fs::remove_file(place.path("client.key")).unwrap();
    let (code, all) = found(&place, ".");
    let [only] = &all[..] else { panic!("{all:?}") };
    assert_eq!((code, only.rule.as_str(), only.severity.as_str()), (Some(0), "indexed-elsewhere", "note"));
    assert_eq!(only.file, "intermediate.index");
    assert_eq!(only.fact, "one of the 2 certificates in use that it lists is not here");
    let line = leaves.lines().iter().find(|line| line.subject == "/CN=kong").unwrap();
    assert_eq!(only.detail, format!("{} /CN=kong.", line.serial_hex()));
    let many: String = (10..20).map(|at| format!("V\t301121091555Z\t\t{at}\tunknown\t/CN=c{at}\n")).collect();
    place.write("root.index", &many);
    let (_, all) = found(&place, ".");
    let root = all.iter().find(|finding| finding.file == "root.index").unwrap();
    assert_eq!(root.fact, "none of the 10 certificates in use that it lists is here");
    assert_eq!(root.detail, "10 /CN=c10, 11 /CN=c11, 12 /CN=c12, and 7 more.");
}

#[test]
fn a_damaged_index_is_an_error_that_names_the_line_and_its_mend() {
    let (place, _) = indexed();
    let whole = place.read("intermediate.index");
    for (text, fact, hint) in [
        (
            whole.replacen("V\t", "X\t", 1),
            "line 1 has the status \"X\"",
            "Mend line 1; do not start the file anew",
        ),
        (
            whole[..whole.len() - 40].to_owned(),
            "line 2 was not written to its end",
            "Delete line 2: it is the last.",
        ),
        (
            whole.trim_end().to_owned(),
            "its last line has no line break at its end, so that OpenSSL passes over it",
            "Run echo >>intermediate.index.",
        ),
    ] {
        place.write("intermediate.index", &text);
        let (code, all) = found(&place, ".");
        let [only] = &all[..] else { panic!("{text:?}: {all:?}") };
        assert_eq!((code, only.rule.as_str(), only.severity.as_str()), (Some(1), "index-damaged", "error"));
        assert_eq!((only.file.as_str(), only.fact.as_str()), ("intermediate.index", fact));
        assert!(only.hint.starts_with(hint), "{only:?}");
    }
    // The command of the last one.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "echo >>intermediate.index"]).current_dir(place.root());
    assert!(shell.status().unwrap().success());
    assert_eq!(found(&place, "."), (Some(0), Vec::new()));
}

#[test]
fn an_index_is_not_looked_for_beside_single_files() {
    let (place, _) = indexed();
    place.write("intermediate.index", "damaged\n");
    assert_eq!(found(&place, "client.crt client.key chain.crt").1, []);
    assert_eq!(found(&place, "client.crt intermediate.index").1.len(), 1, "but one that is named is read");
}

#[test]
fn certificates_of_another_ca_of_the_same_name_are_not_looked_for() {
    let (place, _) = indexed();
    let other = Place::made("chain --intermediate");
    place.write("foreign.crt", &other.read("client.crt"));
    place.write("foreign.key", &other.read("client.key"));
    assert_eq!(found(&place, ".").1, []);
}

#[test]
fn what_is_printed_on_a_terminal_stays_in_its_width_and_harmless() {
    let (place, _) = indexed();
    let subject = "\u{1b}[31m".to_owned() + &"x".repeat(200);
    place.write("root.index", &format!("V\t301121091555Z\t\t01\tunknown\t/CN={subject}\n"));
    let said = place.try_pgtls(&["verify", "."]);
    assert!(said.stdout.contains("none of the") || said.stdout.contains("is not here"), "{said:?}");
    assert!(!said.stdout.contains('\u{1b}'), "{said:?}");
}

#[test]
fn two_indexes_are_compared_by_what_they_say() {
    let (place, mut leaves) = indexed();
    let copied = |to: &str| {
        let mut copy = std::process::Command::new("sh");
        let names = "cp *.crt *.key *.index";
        copy.args(["-c", &format!("mkdir {to} && {names} {to}")]).current_dir(place.root());
        assert!(copy.status().unwrap().success());
    };
    let compared = || {
        let said = place.try_pgtls(&["verify", "here", "--against", "there", "--json"]);
        let value: Value = serde_json::from_str(&said.stdout).unwrap();
        (said.code, value["differences"].clone(), value["notes"].clone())
    };
    copied("here");
    copied("there");
    assert_eq!(compared(), (Some(0), serde_json::json!([]), serde_json::json!([])));
    // Written otherwise.
    let text = place.read("there/intermediate.index");
    place.write("there/intermediate.index", &text.replace('\n', "\r\n"));
    let (code, differences, notes) = compared();
    assert_eq!((code, differences), (Some(0), serde_json::json!([])));
    assert_eq!(notes[0]["fact"], "the same, written otherwise");
    // One is revoked here, and there another one is listed.
    let serial = certificates(&place, &["client.crt"])[0].serial.clone();
    let revoked = Revoked { at: OffsetDateTime::UNIX_EPOCH, reason: None };
    assert!(leaves.revoke(&serial, revoked));
    write(&place, "here/intermediate.index", &leaves);
    place.write("there/intermediate.index", &(text + "V\t301121091555Z\t\t0A\tunknown\t/CN=lost\n"));
    let (code, differences, _) = compared();
    let only = &differences[0];
    assert_eq!((code, differences.as_array().unwrap().len()), (Some(1), 1));
    assert_eq!((&only["kind"], &only["this"]), (&"index-changed".into(), &"intermediate.index".into()));
    assert_eq!(only["detail"], "Listed there alone: 0A /CN=lost.");
    assert_eq!(only["revoked_only_in_this"].as_array().unwrap().len(), 1);
    let fields = serde_json::json!([
        {"field": "certificates", "this": "2", "against": "3"}, {"field": "revoked", "this": "1", "against": "0"},
    ]);
    assert_eq!(only["fields"], fields);
    // One without a counterpart, though another index says as much.
    std::fs::remove_file(place.path("there/intermediate.index")).unwrap();
    let said = place.try_pgtls(&["verify", "here", "--against", "there"]);
    assert!(said.stdout.contains("intermediate.index  the index of a CA, of 2 certificates"), "{said:?}");
}
