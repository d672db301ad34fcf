//! `verify --prometheus`: metrics in the text format 0.0.4, as node_exporter's textfile collector reads them. Names and
//! labels are an interface.
//!
//! Every series says the place that was looked at, because the collector takes the files of several runs together and
//! refuses all of them where one series comes twice.

use super::words::harmless;
use crate::ops::Verified;
use crate::verify::Severity;
use crate::x509::format_serial;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Labels of a series, in order, and its value.
type Series = BTreeMap<Vec<(&'static str, String)>, i64>;

/// All of it.
pub(super) fn text(verified: &Verified) -> String {
    let windows = [
        series(verified, windows(verified, |window| window.not_before.unix_timestamp())),
        series(verified, windows(verified, |window| window.not_after.unix_timestamp())),
    ];
    let [not_before, not_after] = windows;
    let plain = |value: i64| series(verified, [(Vec::new(), value)].into());
    let unreadable = i64::try_from(verified.problems.len()).unwrap_or(i64::MAX);
    let metrics = [
        (
            "pgtls_certificate_not_after_timestamp_seconds",
            "Last second in which a certificate is valid.",
            not_after,
        ),
        (
            "pgtls_certificate_not_before_timestamp_seconds",
            "First second in which a certificate is valid.",
            not_before,
        ),
        (
            "pgtls_crl_next_update_timestamp_seconds",
            "When a revocation list ends and every certificate under its issuer is refused.",
            series(verified, lists(verified)),
        ),
        ("pgtls_finding", "How many findings a rule has about a file.", series(verified, findings(verified))),
        ("pgtls_findings", "How many findings there are of a severity.", series(verified, totals(verified))),
        ("pgtls_unreadable_files", "How many files could not be read.", plain(unreadable)),
        ("pgtls_verify_timestamp_seconds", "When this was looked at.", plain(verified.now.unix_timestamp())),
    ];
    let mut out = String::new();
    for (name, help, series) in metrics.into_iter().filter(|(_, _, series)| !series.is_empty()) {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in series {
            let labels: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
        }
    }
    out
}

/// The same series, each with the place in front.
fn series(verified: &Verified, series: Series) -> Series {
    let place = || ("place", verified.place.clone());
    series
        .into_iter()
        .map(|(labels, value)| (std::iter::once(place()).chain(labels).collect(), value))
        .collect()
}

/// One end of the window of each certificate in each file. Two that no label tells apart are one series: the one that
/// ends first.
fn windows(verified: &Verified, value: fn(&crate::x509::Window) -> i64) -> Series {
    let mut found: BTreeMap<_, crate::x509::Window> = BTreeMap::new();
    for exhibit in &verified.exhibits {
        for certificate in &exhibit.certificates {
            let labels = vec![
                ("file", exhibit.name.clone()),
                ("subject", certificate.subject.to_string()),
                ("serial", format_serial(&certificate.serial)),
                ("usage", certificate.usage().id().to_owned()),
            ];
            let known = found.entry(labels).or_insert(certificate.window);
            if certificate.window.not_after < known.not_after {
                *known = certificate.window;
            }
        }
    }
    found.into_iter().map(|(labels, window)| (labels, value(&window))).collect()
}

/// Of several lists of one issuer in a file, the one that ends last counts. One that never ends has no series.
fn lists(verified: &Verified) -> Series {
    let mut found = Series::new();
    for exhibit in &verified.exhibits {
        for list in &exhibit.lists {
            let Some(next) = list.next_update else { continue };
            let labels = vec![("file", exhibit.name.clone()), ("issuer", list.issuer.to_string())];
            let value = found.entry(labels).or_insert(i64::MIN);
            *value = (*value).max(next.unix_timestamp());
        }
    }
    found
}

/// By rule and file; the empty file is the directory as a whole.
fn findings(verified: &Verified) -> Series {
    let mut found = Series::new();
    let whole = [String::new()];
    for finding in &verified.report.findings {
        let files = if finding.files.is_empty() { &whole[..] } else { &finding.files };
        for file in files {
            let labels = vec![
                ("rule", finding.rule.id().to_owned()),
                ("severity", finding.severity.to_string()),
                ("file", file.clone()),
            ];
            *found.entry(labels).or_default() += 1;
        }
    }
    found
}

fn totals(verified: &Verified) -> Series {
    let count = |severity: Severity| {
        let count = i64::try_from(verified.report.count(severity)).unwrap_or(i64::MAX);
        (vec![("severity", severity.to_string())], count)
    };
    [Severity::Error, Severity::Warning, Severity::Note].map(count).into()
}

/// A label value: backslash, quote and line feed escaped as the format has it; other control characters, which it would
/// take, spelt out, because a terminal obeys them.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '"' => out.push_str("\\\""),
            c => out.push_str(&harmless(c.encode_utf8(&mut [0; 4])).replace('\\', "\\\\")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_value_is_escaped_as_the_format_has_it_and_sends_nothing_to_a_terminal() {
        for (value, shown) in [
            ("CN=db1", "CN=db1"),
            (r#"a"b\c"#, r#"a\"b\\c"#),
            ("a\nb", r"a\nb"),
            ("a\u{1b}[31m\r", r"a\\u{1b}[31m\\u{d}"),
            ("Ä\u{202e}", r"Ä\\u{202e}"),
        ] {
            assert_eq!(escaped(value), shown);
        }
    }
}
