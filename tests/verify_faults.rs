//! The judge against the files with one fault each: it finds what lies beside them, all of it and nothing else.

mod faults;

use faults::{Case, case, cases, notes, problems};
use pgtls::verify::Rule;
use std::collections::BTreeSet;

/// The ids of everything that the judge finds.
fn found(case: &Case) -> BTreeSet<&'static str> {
    let report = case.judged();
    problems(&report).union(&notes(&report)).copied().collect()
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let mut wrong = Vec::new();
    for case in cases() {
        let report = case.judged();
        let wanted: BTreeSet<&str> = case.expected.findings.iter().map(String::as_str).collect();
        let noted: BTreeSet<&str> = case.expected.notes.iter().map(String::as_str).collect();
        if problems(&report) != wanted || !notes(&report).is_superset(&noted) {
            let told: Vec<String> = report
                .findings
                .iter()
                .map(|finding| format!("{} {:?} {}", finding.rule, finding.files, finding.fact))
                .collect();
            wrong.push(format!("{}: expected {wanted:?} {noted:?}\n    {}", case.name, told.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n"));
}

/// Where nothing is wrong, each rule has something to pass over: settings for the rules about settings, lists for those
/// about lists.
#[test]
fn every_rule_passes_a_case_of_its_kind() {
    let clean: Vec<(String, BTreeSet<&str>)> = cases()
        .into_iter()
        .filter(|case| case.name.starts_with("clean-"))
        .map(|case| (case.name.clone(), found(&case)))
        .collect();
    for (kind, case) in [
        ("ssl-off", "clean-server-settings"),
        ("client-trust-missing", "clean-server-settings"),
        ("no-client-trust", "clean-server-settings"),
        ("server-trust-unknown", "clean-server-settings"),
        ("crl-none", "clean-lists"),
        ("crl-missing", "clean-lists"),
        ("crl-scope", "clean-list-for-users-of-an-intermediate"),
        ("crl-delta", "clean-newer-list-tells-otherwise"),
        ("crl-stale", "clean-list-beside-its-predecessor"),
        ("crl-hash-name", "clean-crl-directory"),
        ("revoked", "clean-another-is-revoked"),
        ("key-owner", "clean-client-key-of-another-user"),
        ("key-mode-too-open", "clean-server-key-of-root"),
        ("key-encrypted-der", "clean-client-key-der"),
        ("key-not-pkcs8", "clean-server-key-sec1"),
        ("critical-extension-unknown", "clean-extension-unknown"),
        ("path-length-exceeded", "clean-path-length-spent"),
        ("name-constraints", "clean-name-constraints"),
        ("ca-usage-forbids", "clean-ca-with-both-usages"),
        ("expires-soon", "clean-expires-later"),
        ("expired", "clean-root-beside-its-predecessor"),
        ("digest-too-weak", "clean-root-signed-with-sha1"),
        ("eddsa-breaks-scram", "clean-client-signed-by-ed25519"),
        ("p384-client", "clean-ecdsa-p384"),
        ("leaf-mints-logins", "clean-self-signed"),
        ("not-trusted", "clean-self-signed"),
        ("serial-malformed", "clean-serial-of-20-octets"),
        ("serial-twice", "clean-serial-under-two-issuers"),
        ("host-mismatch", "clean-wildcard"),
        ("address-old-libpq", "clean-address-for-libpq-14"),
        ("role-name-too-long", "clean-role-name-of-63"),
    ] {
        let found = &clean.iter().find(|(name, _)| name == case).unwrap_or_else(|| panic!("no {case}")).1;
        assert!(!found.contains(kind), "{case}: {found:?}");
    }
    for rule in Rule::ALL {
        assert!(clean.iter().any(|(_, found)| !found.contains(rule.id())), "nothing passes {rule}");
    }
}

/// As OpenSSL has it, which `verify_postgres.rs` asked: what counts is to be on the list, not the date there.
#[test]
fn who_is_on_a_list_is_revoked_even_before_the_date_there() {
    let mut case = case("client-revoked");
    case.expected.now = "2026-11-01T00:00:00Z".to_owned();
    let report = case.judged();
    assert_eq!(problems(&report), BTreeSet::from(["revoked"]));
    let fact = "it is revoked, even before the date on the list, 2026-12-01";
    assert!(report.findings.iter().any(|finding| finding.fact.starts_with(fact)), "{:?}", report.findings);
}
