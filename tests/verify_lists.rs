//! What `verify` says of revocation lists that are older than what is known beside them.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod support;

use std::fs;

use serde_json::Value;
use support::{Run, scratch, text};
use tempfile::TempDir;

/// A directory `pki` with an intermediate, and the clients alice, bob and carol.
fn directory() -> TempDir {
    let home = scratch();
    made(&home, "gen chain --intermediate --server db.acme.test --client alice");
    made(&home, "issue client bob");
    made(&home, "issue client carol");
    home
}

fn made(home: &TempDir, words: &str) {
    Run::new(&[words.split(' ').collect::<Vec<_>>(), vec!["-q"]].concat()).dir(home).code(0);
}

fn copy(home: &TempDir, from: &str, to: &str) {
    fs::copy(home.path().join(from), home.path().join(to)).unwrap();
}

/// The findings of a rule, and whether the answer is yes.
fn found(home: &TempDir, rule: &str) -> (bool, Vec<Value>) {
    let output = Run::new(&["verify", "pki", "--json"]).dir(home).output();
    let value: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    let mut all = value["findings"].as_array().unwrap().clone();
    all.retain(|finding| finding["rule"] == rule);
    (output.status.code() == Some(0), all)
}

#[test]
fn lists_that_let_somebody_in_who_was_revoked_are_errors_until_they_are_made_anew() {
    let home = directory();
    made(&home, "revoke bob");
    copy(&home, "pki/chain.crl", "chain.before");
    copy(&home, "pki/intermediate.crl", "intermediate.before");
    made(&home, "revoke carol");
    assert_eq!(found(&home, "crl-behind"), (true, Vec::new()));
    assert_eq!(found(&home, "index-revoked"), (true, Vec::new()));

    copy(&home, "chain.before", "pki/chain.crl");
    let (is_good, behind) = found(&home, "crl-behind");
    let [only] = &behind[..] else { panic!("{behind:?}") };
    assert!(!is_good && only["severity"] == "error");
    assert_eq!(only["files"], serde_json::json!(["chain.crl"]));
    let fact = "its list of CN=intermediate.acme.test is older than the one in intermediate.crl";
    assert_eq!((&only["fact"], &only["hint"]), (&fact.into(), &"Run pgtls crl -D pki --refresh.".into()));
    made(&home, "crl --refresh");
    assert_eq!(found(&home, "crl-behind"), (true, Vec::new()));

    copy(&home, "chain.before", "pki/chain.crl");
    copy(&home, "intermediate.before", "pki/intermediate.crl");
    assert!(found(&home, "crl-behind").1.is_empty(), "both are as old");
    let (is_good, revoked) = found(&home, "index-revoked");
    let [only] = &revoked[..] else { panic!("{revoked:?}") };
    assert!(!is_good && only["severity"] == "error");
    assert_eq!(only["files"], serde_json::json!(["intermediate.index"]));
    assert_eq!(only["fact"], "one that it calls revoked is on no list that counts");
    let detail = only["detail"].as_str().unwrap();
    assert!(detail.contains("/CN=carol. The newest list, in ") && !detail.contains("/CN=bob"), "{detail}");
    assert_eq!(only["hint"], "Run pgtls crl -D pki --refresh.");
    made(&home, "crl --refresh");
    assert_eq!(found(&home, "index-revoked"), (true, Vec::new()));
}

#[test]
fn a_revoked_ca_to_which_no_chain_leads_any_more_is_on_the_list_that_is_asked() {
    let home = directory();
    made(&home, "revoke intermediate");
    made(&home, "rotate intermediate add");
    made(&home, "rotate intermediate switch --trust-is-distributed");
    assert_eq!(found(&home, "index-revoked"), (true, Vec::new()));
    fs::remove_file(home.path().join("pki/root.crl")).unwrap();
    fs::remove_file(home.path().join("pki/chain.crl")).unwrap();
    let (is_good, revoked) = found(&home, "index-revoked");
    let files: Vec<&Value> = revoked.iter().map(|finding| &finding["files"][0]).collect();
    assert_eq!((is_good, files), (false, vec![&Value::from("intermediate.prev.crt")]));
}

#[test]
fn a_list_that_is_missing_is_told_once_however_many_need_it() {
    let home = directory();
    made(&home, "crl");
    fs::remove_file(home.path().join("pki/intermediate.crl")).unwrap();
    copy(&home, "pki/root.crl", "pki/chain.crl");
    let (is_good, missing) = found(&home, "crl-missing");
    let [only] = &missing[..] else { panic!("{missing:?}") };
    let fact =
        "no revocation list of CN=intermediate.acme.test is here that counts, and all it issued need one";
    assert_eq!((is_good, &only["fact"]), (false, &fact.into()));
}

#[test]
fn whoever_hangs_from_a_ca_that_was_dropped_is_told_to_get_another_certificate() {
    let home = directory();
    made(&home, "crl");
    let leaf = home.path().join("pki/client.carol.crt");
    let old = fs::read(&leaf).unwrap();
    for phase in ["add", "switch --trust-is-distributed", "drop"] {
        made(&home, &format!("rotate intermediate {phase}"));
    }
    fs::write(&leaf, old).unwrap();
    let (is_good, missing) = found(&home, "crl-missing");
    let [only] = &missing[..] else { panic!("{missing:?}") };
    let hint = only["hint"].as_str().unwrap();
    assert!(!is_good && hint.starts_with("Its CA was put away") && hint.contains("pgtls issue"), "{only}");
}

#[test]
fn what_is_revoked_replaced_or_put_away_is_not_told_to_be_elsewhere() {
    let home = directory();
    made(&home, "revoke bob");
    made(&home, "renew client --lifetime 30d");
    assert_eq!(found(&home, "indexed-elsewhere"), (true, Vec::new()));
    // As long as the first one, which somebody could go on with under the CA before.
    made(&home, "renew client --lifetime 365d");
    for phase in ["add", "switch --trust-is-distributed", "drop"] {
        made(&home, &format!("rotate intermediate {phase}"));
        assert_eq!(found(&home, "indexed-elsewhere"), (true, Vec::new()), "{phase}");
    }
    let pki = home.path().join("pki");
    fs::remove_file(pki.join("client.carol.crt")).unwrap();
    fs::remove_file(pki.join("client.carol.key")).unwrap();
    let (is_good, elsewhere) = found(&home, "indexed-elsewhere");
    let [only] = &elsewhere[..] else { panic!("{elsewhere:?}") };
    let fact = "one of the 3 certificates in use that it lists is not here";
    assert_eq!((is_good, &only["fact"]), (true, &fact.into()));
    assert!(only["detail"].as_str().unwrap().ends_with(" /CN=carol."), "{only}");
}
