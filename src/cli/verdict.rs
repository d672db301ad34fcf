//! The text of `verify`: findings by file, worst first, each with its mend; then what is good, and the one command that
//! mends all.

use super::words::harmless;
use crate::ops::{LiveSetting, Verified};
use crate::verify::{Finding, Rule, Severity, Tally};
use crate::x509::format_date;
use std::fmt::Write;

const WIDTH: usize = 80;
/// How far a finding, and what belongs to it, is indented.
const FINDING: usize = 2;
const MORE: usize = 4;

/// All of it.
pub(super) fn text(verified: &Verified) -> String {
    let Verified { report, tally, .. } = verified;
    let mut out = headline(verified);
    out.push_str(&live(&verified.live));
    let command = common_command(&report.findings);
    for (files, findings) in report.by_files() {
        out.push('\n');
        let _ = writeln!(out, "{}", heading(files, tally));
        for finding in findings {
            one(&mut out, finding, command);
        }
    }
    out.push('\n');
    for line in good(verified) {
        let _ = writeln!(out, "good: {line}");
    }
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let counts = counts.map(|(severity, noun)| plural(report.count(severity), noun));
    let _ = writeln!(out, "{}", counts.join(", "));
    if let Some(command) = command {
        let _ = writeln!(out, "New ones under the same CA:\n  {command}");
    }
    out
}

fn headline(verified: &Verified) -> String {
    let tally = &verified.tally;
    let place = harmless(&verified.place);
    let place = if verified.fell_back { format!("{place} (no pki/ here)") } else { place };
    let lists = if tally.lists == 0 { "no CRL".to_owned() } else { plural(tally.lists, "CRL") };
    let parts = [plural(tally.certificates, "certificate"), plural(tally.keys, "key")];
    let parts: Vec<String> = parts.into_iter().chain(tally.trust.iter().cloned()).chain([lists]).collect();
    format!("checked {place}: {}\n", parts.join(", "))
}

/// Which files are live, and who says so.
fn live(settings: &[LiveSetting]) -> String {
    let names = settings.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for LiveSetting { name, value, origin } in settings {
        let _ = writeln!(out, "  {name:names$}  {}  ({})", harmless(value), harmless(origin));
    }
    out
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn heading(files: &[String], tally: &Tally) -> String {
    match files {
        [] => "directory".to_owned(),
        [file] => match tally.leaves.iter().find(|shown| shown.file == *file) {
            Some(shown) => {
                harmless(&format!("{file}  {}, until {}", shown.subject, format_date(shown.not_after)))
            }
            None => harmless(file),
        },
        several => harmless(&several.join(", ")),
    }
}

fn one(out: &mut String, finding: &Finding, command: Option<&str>) {
    let id = format!("[{}]", finding.rule);
    let fact = harmless(&format!("{}: {}", finding.severity, finding.fact));
    let mut lines = wrapped(&fact, FINDING);
    let last = lines.last().map_or(0, |line| line.chars().count());
    let room = WIDTH.checked_sub(last + 1 + id.len());
    match (room, lines.last_mut()) {
        (Some(room), Some(last)) => *last = format!("{last} {:room$}{id}", ""),
        _ => lines.push(format!("{id:>WIDTH$}")),
    }
    lines.extend(finding.detail.iter().flat_map(|detail| wrapped(&harmless(detail), MORE)));
    let hint = finding.hint.as_deref().filter(|hint| Some(*hint) != command);
    lines.extend(hint.iter().flat_map(|hint| mend(&harmless(hint))));
    lines.iter().for_each(|line| {
        let _ = writeln!(out, "{line}");
    });
}

/// A hint; a command that is wider than the terminal has a line of its own, so that it can be copied.
fn mend(hint: &str) -> Vec<String> {
    let command = hint.strip_prefix("Run ").and_then(|rest| rest.strip_suffix('.'));
    let command = command.or(hint.starts_with("pgtls ").then_some(hint));
    let lines = wrapped(&format!("hint: {hint}"), MORE);
    match command {
        Some(command) if lines.len() > 1 => {
            vec![format!("{:MORE$}hint: run", ""), format!("{:MORE$}  {command}", "")]
        }
        _ => lines,
    }
}

/// The lines of a text in the width of a terminal; a word that is wider stays whole, so that it can be copied.
fn wrapped(text: &str, indent: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{:indent$}{word}", "")),
        }
    }
    lines
}

/// The command that mends most, where findings name one.
fn common_command(findings: &[Finding]) -> Option<&str> {
    findings.iter().filter_map(|finding| finding.hint.as_deref()).find(|hint| hint.starts_with("pgtls "))
}

/// What was looked at and found right, for whoever wonders whether it was looked at.
fn good(verified: &Verified) -> Vec<String> {
    let found = |rules: &[Rule]| verified.report.findings.iter().any(|finding| rules.contains(&finding.rule));
    let tally = &verified.tally;
    let mut good = Vec::new();
    let mut keys = Vec::new();
    if tally.keys > 0 {
        if !found(&[
            Rule::KeyMismatch,
            Rule::LeafNotFirst,
            Rule::KeyMissing,
            Rule::KeyAlone,
            Rule::KeyEncrypted,
        ]) {
            keys.push("every key fits its certificate");
        }
        if !found(&[Rule::KeyModeTooOpen, Rule::KeyOwner, Rule::KeyNotReadable]) {
            keys.push("is closed to others");
        }
    }
    if !keys.is_empty() {
        good.push(keys.join(", and "));
    }
    let broken = [Rule::ChainIncomplete, Rule::AnchorNotSelfSigned, Rule::NotTrusted, Rule::SignatureBad];
    if let (Some(first), false) = (tally.trust.first(), found(&broken) || found(&[Rule::SignatureNotChecked]))
    {
        good.push(format!("leaf first; every chain reaches {first}"));
    }
    let times = [Rule::Expired, Rule::NotYetValid, Rule::ExpiresSoon];
    if let (Some(first), false) = (tally.leaves.iter().map(|shown| shown.not_after).min(), found(&times)) {
        good.push(format!("all in their time; the first ends on {}", format_date(first)));
    }
    good
}
