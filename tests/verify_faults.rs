//! The judge against the files with one fault each: it finds what lies beside them, all of it and nothing else.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod faults;

use faults::{Expected, cases, exhibits, policy, roles};
use pgtls::verify::{Report, Severity, check};
use std::collections::BTreeSet;
use std::path::Path;

fn judged(dir: &Path, expected: &Expected) -> Report {
    check(".", &exhibits(dir, "", expected), &roles(expected), &policy(expected)).0
}

fn ids(report: &Report, is_note: bool) -> BTreeSet<String> {
    let of_kind = report.findings.iter().filter(|finding| (finding.severity == Severity::Note) == is_note);
    of_kind.map(|finding| finding.rule.id().to_owned()).collect()
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let mut wrong = Vec::new();
    for (name, dir, expected) in cases() {
        let report = judged(&dir, &expected);
        let (found, notes) = (ids(&report, false), ids(&report, true));
        if found != expected.findings || !notes.is_superset(&expected.notes) {
            let told: Vec<String> = report
                .findings
                .iter()
                .map(|finding| format!("{} {:?} {}", finding.rule, finding.files, finding.fact))
                .collect();
            let wanted = (&expected.findings, &expected.notes);
            wrong.push(format!("{name}: expected {wanted:?}\n    {}", told.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n"));
}

/// As OpenSSL has it, which `verify_postgres.rs` asked: what counts is to be on the list, not the date there.
#[test]
fn who_is_on_a_list_is_revoked_even_before_the_date_there() {
    let (_, dir, mut expected) = cases().into_iter().find(|(name, ..)| name == "client-revoked").unwrap();
    expected.now = "2026-11-01T00:00:00Z".to_owned();
    let report = judged(&dir, &expected);
    assert_eq!(ids(&report, false), expected.findings);
    let fact = "it is revoked, even before the date on the list, 2026-12-01";
    assert!(report.findings.iter().any(|finding| finding.fact.starts_with(fact)), "{:?}", report.findings);
}
