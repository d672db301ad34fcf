//! The text of `verify`: findings by file, worst first, each with its mend; then what is good, and the one command that
//! mends all.

use super::words::{WIDTH, folded, harmless, wrapped};
use super::{drivers, shorten};
use crate::config::pg_ident_line;
use crate::ops::{LiveSetting, Verified};
use crate::verify::{Finding, Login, Rule, Severity, Shown};
use crate::x509::format_date;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// How far a finding, and what belongs to it, is indented.
const FINDING: usize = 2;
const MORE: usize = 4;
/// The user map of lines that are shown for pg_ident.conf.
pub(super) const MAP: &str = "tls";

/// All of it.
pub(super) fn text(verified: &Verified, asks_drivers: bool) -> String {
    let Verified { report, tally, .. } = verified;
    let mut out = headline(verified);
    out.push_str(&live(&verified.live));
    let command = common_command(&report.findings);
    // Of a file with several, the first is its own.
    let mut leaves: HashMap<&str, &Shown> = HashMap::new();
    for shown in &tally.leaves {
        leaves.entry(shown.file.as_str()).or_insert(shown);
    }
    let (shown, left) = shorten::blocks(report.by_files(), |(_, findings)| {
        findings.iter().map(|finding| (finding.rule, finding.severity)).collect::<Vec<_>>()
    });
    let mut hinted = HashSet::new();
    for (files, findings) in shown {
        out.push('\n');
        let _ = writeln!(out, "{}", heading(files, &leaves));
        for finding in findings {
            let hint = finding.hint.as_deref().filter(|hint| Some(*hint) != command);
            one(&mut out, finding, hint.map(|hint| (hint, !hinted.insert(hint))));
        }
    }
    for (rules, count) in left {
        let _ = writeln!(out, "\n{}", more_of_them(&rules, count));
    }
    out.push('\n');
    out.push_str(&logins(&verified.logins));
    if asks_drivers {
        let _ = writeln!(out, "{}", drivers::table(&verified.drivers));
    }
    for line in good(verified) {
        let _ = writeln!(out, "good: {line}");
    }
    if let Some(line) = drivers::summary(&verified.drivers) {
        let line = format!("good: {line}");
        let lines = if asks_drivers { wrapped(&line, 0) } else { tagged(&line, 0, "[--drivers]") };
        lines.iter().for_each(|line| {
            let _ = writeln!(out, "{line}");
        });
    }
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let counts = counts.map(|(severity, noun)| plural(report.count(severity), noun));
    let _ = writeln!(out, "{}", counts.join(", "));
    if let Some(command) = command {
        let _ =
            writeln!(out, "New ones under the same CA:\n{}", folded(&harmless(command), FINDING).join("\n"));
    }
    if let Some(command) = &tally.renewal {
        let lead = "All of it, keeping keys, names and CA, so that what runs now keeps running:";
        let _ = writeln!(out, "{lead}\n{}", folded(&harmless(command), FINDING).join("\n"));
    }
    out
}

/// Findings by themselves, each with its mend.
pub(super) fn findings(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let _ = writeln!(out, "{}", heading(&finding.files, &HashMap::new()));
        one(&mut out, finding, finding.hint.as_deref().map(|hint| (hint, false)));
    }
    out
}

fn headline(verified: &Verified) -> String {
    let tally = &verified.tally;
    let place = harmless(&verified.place);
    let place = if verified.fell_back { format!("{place} (no pki/ here)") } else { place };
    let lists = if tally.lists == 0 { "no CRL".to_owned() } else { plural(tally.lists, "CRL") };
    let parts = [plural(tally.certificates, "certificate"), plural(tally.keys, "key")];
    let trust = match tally.trust.len() {
        // Of several clusters there may be hundreds.
        many if tally.is_several => vec![plural(many, "trust file")],
        _ => tally.trust.clone(),
    };
    let parts: Vec<String> = parts.into_iter().chain(trust).chain([lists]).collect();
    format!("checked {place}: {}\n", parts.join(", "))
}

/// Which files are live, and who says so.
fn live(settings: &[LiveSetting]) -> String {
    let names = settings.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for LiveSetting { name, value, origin, absent } in settings {
        let absent = if *absent { ", not there" } else { "" };
        let _ = writeln!(out, "  {name:names$}  {}  ({}{absent})", harmless(value), harmless(origin));
    }
    out
}

/// A number and what it counts.
pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{} {noun}s", shorten::grouped(count)) }
}

fn heading(files: &[String], leaves: &HashMap<&str, &Shown>) -> String {
    match files {
        [] => "directory".to_owned(),
        [file] => match leaves.get(file.as_str()) {
            Some(shown) => {
                harmless(&format!("{file}  {}, until {}", shown.subject, format_date(shown.not_after)))
            }
            None => harmless(file),
        },
        several => wrapped(&shorten::names(several), 0).join("\n"),
    }
}

/// What is said of the many that have the same findings as those that were shown.
fn more_of_them(rules: &[(Rule, Severity)], count: usize) -> String {
    let rules: Vec<&str> = rules.iter().map(|(rule, _)| rule.id()).collect();
    let line = format!("and {} more files: {} (--json lists all)", shorten::grouped(count), rules.join(", "));
    wrapped(&line, 0).join("\n")
}

/// One finding, its mend, and whether that was said before.
fn one(out: &mut String, finding: &Finding, hint: Option<(&str, bool)>) {
    let id = format!("[{}]", finding.rule);
    let fact = harmless(&format!("{}: {}", finding.severity, finding.fact));
    let mut lines = tagged(&fact, FINDING, &id);
    lines.extend(finding.detail.iter().flat_map(|detail| wrapped(&harmless(detail), MORE)));
    lines.extend(hint.iter().flat_map(|(hint, again)| match mend(&harmless(hint)) {
        lines if *again && lines.len() > 1 => vec![format!("{:MORE$}hint: as above", "")],
        lines => lines,
    }));
    lines.iter().for_each(|line| {
        let _ = writeln!(out, "{line}");
    });
}

/// The lines of a text with a tag at their right end.
fn tagged(text: &str, indent: usize, tag: &str) -> Vec<String> {
    let mut lines = wrapped(text, indent);
    let last = lines.last().map_or(0, |line| line.chars().count());
    let room = WIDTH.checked_sub(last + 1 + tag.len());
    match (room, lines.last_mut()) {
        (Some(room), Some(last)) => *last = format!("{last} {:room$}{tag}", ""),
        _ => lines.push(format!("{tag:>WIDTH$}")),
    }
    lines
}

/// A hint; a command that is wider than the terminal has lines of its own, so that it can be copied.
fn mend(hint: &str) -> Vec<String> {
    let command = hint.strip_prefix("Run ").and_then(|rest| rest.strip_suffix('.'));
    let command = command.or(hint.starts_with("pgtls ").then_some(hint));
    let lines = wrapped(&format!("hint: {hint}"), MORE);
    match command {
        Some(command) if lines.len() > 1 => {
            let mut lines = vec![format!("{:MORE$}hint: run", "")];
            lines.extend(folded(command, MORE + 2));
            lines
        }
        _ => lines,
    }
}

/// The lines of pg_ident.conf that let each client in as the role that was asked about.
fn logins(logins: &[Login]) -> String {
    let mut out = String::new();
    for Login { file, role, server_version, common_name, distinguished_name } in logins {
        let _ = writeln!(out, "{}", harmless(&format!("{file} as {role}, in pg_ident.conf for map={MAP}:")));
        let names = [(common_name.as_ref(), "CN, the default"), (Some(distinguished_name), "DN")];
        for (name, form) in names {
            let line = name.and_then(|name| pg_ident_line(MAP, name, role, *server_version));
            let line = line.unwrap_or_else(|| "# no line can say it".to_owned());
            let _ = writeln!(out, "  {}", harmless(&format!("{line}  # clientname={form}")));
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// The command that makes end-entities anew, where findings name one.
fn common_command(findings: &[Finding]) -> Option<&str> {
    findings.iter().filter_map(|finding| finding.hint.as_deref()).find(|hint| hint.starts_with("pgtls gen "))
}

/// What keeps a chain from being one, beside what breaks it.
const NO_CHAIN: [Rule; 5] = [
    Rule::ChainIncomplete,
    Rule::AnchorNotSelfSigned,
    Rule::NotTrusted,
    Rule::SignatureBad,
    Rule::SignatureNotChecked,
];

/// Where there is something that could not be read, nothing is said of every one.
const UNREAD: [Rule; 3] = [Rule::NothingInFile, Rule::PemDamaged, Rule::BlockUnreadable];

/// What forbids to say that keys are closed to others.
const OPEN_KEYS: [Rule; 4] =
    [Rule::KeyModeTooOpen, Rule::KeyOwner, Rule::KeyNotReadable, Rule::KeyInPublicFile];

/// What was looked at and found right, for whoever wonders whether it was looked at.
fn good(verified: &Verified) -> Vec<String> {
    let found = |rules: &[Rule]| verified.report.findings.iter().any(|finding| rules.contains(&finding.rule));
    let tally = &verified.tally;
    let mut good = Vec::new();
    let mut keys = Vec::new();
    if tally.keys > 0 {
        let fits_not =
            [Rule::KeyMismatch, Rule::LeafNotFirst, Rule::KeyMissing, Rule::KeyAlone, Rule::KeyEncrypted];
        if !found(&fits_not) && !found(&UNREAD) {
            keys.push("every key fits its certificate");
        }
        let looked = tally.keys == tally.keys_on_disk;
        if looked && !found(&OPEN_KEYS) {
            keys.push(if keys.is_empty() { "every key is closed to others" } else { "is closed to others" });
        }
    }
    if !keys.is_empty() {
        good.push(keys.join(", and "));
    }
    let reached = tally.trust.first().filter(|_| tally.knows_trust);
    let breaks = verified.report.findings.iter().any(|finding| finding.rule.breaks_chain());
    if let (Some(first), false) = (reached, breaks || found(&NO_CHAIN) || found(&UNREAD)) {
        let leaf = if found(&[Rule::LeafNotFirst]) { "" } else { "leaf first; " };
        let whom = if tally.is_several { "what is trusted in its own cluster" } else { first };
        good.push(format!("{leaf}every chain reaches {whom}"));
    }
    let times = [Rule::Expired, Rule::NotYetValid, Rule::ExpiresSoon];
    let first = tally.leaves.iter().map(|shown| shown.not_after).min();
    if let (Some(first), false) = (first, found(&times) || found(&UNREAD)) {
        good.push(format!("all in their time; the first ends on {}", format_date(first)));
    }
    good
}
