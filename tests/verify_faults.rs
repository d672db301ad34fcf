//! The judge against the files with one fault each: it finds what lies beside them, all of it and nothing else.

mod faults;

use faults::{case, cases, notes, problems};
use std::collections::BTreeSet;

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
