//! What the judge says: findings, each with its rule, its files and its mend.

use super::rules::Rule;
use super::severity::Severity;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// How bad it is here.
    pub severity: Severity,
    /// The files it is about, as the user names them; empty: the directory as a whole.
    pub files: Vec<String>,
    /// One line, lower case, no full stop.
    pub fact: String,
    /// What was found and what was expected, as sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How to mend it: one command, or a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// A finding of the rule's own severity about one file.
    #[must_use]
    pub fn new(rule: Rule, file: &str, fact: impl Into<String>) -> Self {
        let files = vec![file.to_owned()];
        Self { rule, severity: rule.severity(), files, fact: fact.into(), detail: None, hint: None }
    }

    /// A finding about the directory as a whole.
    #[must_use]
    pub fn of_directory(rule: Rule, fact: impl Into<String>) -> Self {
        Self { files: Vec::new(), ..Self::new(rule, "", fact) }
    }

    /// The same, with what was found and expected.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// The same, with its mend.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same, with another severity.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }
}

/// Everything that was found in one run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Worst first, and of one severity in the order of the catalogue; no finding twice.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Orders findings, and joins those that differ in their files alone.
    #[must_use]
    pub fn of(found: Vec<Finding>) -> Self {
        let mut findings: Vec<Finding> = Vec::new();
        let mut places = HashMap::new();
        // The files of each finding, which may be thousands.
        let mut met = HashSet::new();
        for finding in found {
            let Finding { rule, severity, mut files, fact, detail, hint } = finding;
            let told = (rule, severity, fact.clone(), detail.clone(), hint.clone());
            let place = *places.entry(told).or_insert(findings.len());
            files.retain(|file| met.insert((place, file.clone())));
            match findings.get_mut(place) {
                Some(known) => known.files.append(&mut files),
                None => findings.push(Finding { rule, severity, files, fact, detail, hint }),
            }
        }
        findings.sort_by_key(|finding| (finding.severity, finding.rule));
        Self { findings }
    }

    /// How many findings are of that severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether the answer is no: an error, or with `strict` a warning.
    #[must_use]
    pub fn fails(&self, strict: bool) -> bool {
        let worst = if strict { Severity::Warning } else { Severity::Error };
        self.findings.iter().any(|finding| finding.severity <= worst)
    }

    /// The findings by the files they are about: the group with the worst finding first, then by name, and what is
    /// about the directory as a whole last.
    #[must_use]
    pub fn by_files(&self) -> Vec<(&[String], Vec<&Finding>)> {
        let mut groups: Vec<(&[String], Vec<&Finding>)> = Vec::new();
        let mut places = HashMap::new();
        for finding in &self.findings {
            let place = *places.entry(finding.files.as_slice()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, group)) => group.push(finding),
                None => groups.push((&finding.files, vec![finding])),
            }
        }
        groups.sort_by_cached_key(|(files, group)| {
            let errors = group.iter().filter(|finding| finding.severity == Severity::Error).count();
            (files.is_empty(), group.first().map(|finding| finding.severity), Reverse(errors), files.to_vec())
        });
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_finding_on_several_files_is_one_and_the_worst_comes_first() {
        let report = Report::of(vec![
            Finding::of_directory(Rule::CrlNone, "no CRL"),
            Finding::new(Rule::X509V1, "a.crt", "X.509 v1"),
            Finding::new(Rule::Expired, "b.crt", "expired"),
            Finding::new(Rule::X509V1, "b.crt", "X.509 v1"),
            Finding::new(Rule::X509V1, "b.crt", "X.509 v1"),
        ]);
        let shown: Vec<(&str, usize)> =
            report.findings.iter().map(|f| (f.rule.id(), f.files.len())).collect();
        assert_eq!(shown, [("expired", 1), ("x509-v1", 2), ("crl-none", 0)]);
        let groups = report.by_files();
        let files: Vec<String> = groups.iter().map(|(files, _)| files.join(" ")).collect();
        assert_eq!(files, ["b.crt", "a.crt b.crt", ""]);
        assert!(report.fails(false));
    }

    #[test]
    fn warnings_count_only_where_it_is_strict() {
        let report = Report::of(vec![Finding::new(Rule::X509V1, "a.crt", "X.509 v1")]);
        assert_eq!((report.fails(false), report.fails(true)), (false, true));
        assert!(!Report::of(vec![Finding::of_directory(Rule::CrlNone, "no CRL")]).fails(true));
    }
}
