//! The words of `issue -f`: what was issued, and how to go on; and the lines of a stream of JSON.

use super::text::{directory, path_word};
use super::words::{harmless, wrapped};
use crate::ops::{BulkIssued, LineForm, Outlet, Record};
use crate::pg::certificate_file;
use crate::x509::{Usage, format_date, format_instant};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A line of JSON for each certificate.
pub(super) const JSON_LINES: LineForm =
    LineForm { beginning: "{\"name\":\"", write: json_line, name: name_in };

fn json_line(record: &Record<'_>, out: &mut Vec<u8>) {
    // Writing into memory cannot fail, and every field is text.
    let _ = serde_json::to_writer(out, record);
}

fn name_in(line: &[u8]) -> Option<String> {
    let named: Named<'_> = serde_json::from_slice(line).ok()?;
    Some(named.name.into_owned())
}

/// A line as it is read again: what a key is is passed over, so that no copy of it is made.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(rename = "certificate")]
    _certificate: IgnoredAny,
    #[serde(rename = "key")]
    _key: IgnoredAny,
}

/// Where the certificates went.
#[derive(Debug, Clone)]
pub(super) enum Destination {
    Files,
    File(PathBuf),
    Stream,
}

/// `issue -f --json`; the field names are an interface.
#[derive(Serialize)]
pub(super) struct BulkJson<'a> {
    usage: Usage,
    issuer: &'a str,
    issued: usize,
    skipped: usize,
    left: usize,
    first_not_after: Option<String>,
    last_not_after: Option<String>,
    directory: Cow<'a, str>,
    archive: Option<Cow<'a, str>>,
    index: Cow<'a, str>,
    dry_run: bool,
}

impl Destination {
    pub(super) fn of(outlet: &Outlet) -> Self {
        match outlet {
            Outlet::Files => Self::Files,
            Outlet::Stream { file: Some(file), .. } => Self::File(file.clone()),
            Outlet::Stream { file: None, .. } => Self::Stream,
        }
    }
}

impl<'a> BulkJson<'a> {
    pub(super) fn of(issued: &'a BulkIssued, destination: &'a Destination, dry_run: bool) -> Self {
        let archive = match destination {
            Destination::File(path) => Some(path.to_string_lossy()),
            _ => None,
        };
        Self {
            usage: issued.usage,
            issuer: &issued.issuer,
            issued: issued.issued,
            skipped: issued.skipped,
            left: issued.left,
            first_not_after: issued.endings.map(|(first, _)| format_instant(first)),
            last_not_after: issued.endings.map(|(_, last)| format_instant(last)),
            directory: issued.directory.to_string_lossy(),
            archive,
            index: issued.index.to_string_lossy(),
            dry_run,
        }
    }
}

/// All of it.
pub(super) fn text(issued: &BulkIssued, destination: &Destination, dry_run: bool) -> String {
    let mut out = headline(issued, destination, dry_run);
    if issued.left > 0 {
        let left = counted(issued.left, "is left", "are left");
        let _ = writeln!(out, "stopped: {left}; the same command with --skip-issued makes the rest");
    }
    if issued.issued == 0 {
        return out;
    }
    let ca = issued.plan.certificate(&issued.issuer);
    let subject = ca.map(|spec| harmless(&spec.subject.to_string())).unwrap_or_default();
    let _ = writeln!(out, "signed by {} ({subject})", harmless(&certificate_file(&issued.issuer)));
    if let Some((first, last)) = issued.endings {
        let first = format_date(first);
        match format_date(last) {
            last if last == first => drop(writeln!(out, "expiry: {first}")),
            last => drop(writeln!(out, "expiry: {first} to {last}")),
        }
    }
    let _ = writeln!(out, "index:  {}", path(&issued.index));
    if let (Destination::Files, false) = (destination, dry_run) {
        let _ = writeln!(out, "next:   pgtls verify {}", path_word(&issued.directory));
    }
    out
}

fn headline(issued: &BulkIssued, destination: &Destination, dry_run: bool) -> String {
    let usage = issued.usage;
    let count = counted(issued.issued, &format!("{usage} certificate"), &format!("{usage} certificates"));
    let place = match destination {
        Destination::Files => format!("into {}", directory(&issued.directory)),
        Destination::File(file) => format!("into {}", path(file)),
        Destination::Stream => "to standard output".to_owned(),
    };
    let skipped = match issued.skipped {
        0 => String::new(),
        skipped => format!("; {}", counted(skipped, "was there already", "were there already")),
    };
    let verb = if dry_run { "would issue" } else { "issued" };
    let line = match issued.issued {
        0 => format!("nothing to issue{skipped}"),
        _ => format!("{verb} {count} {place}{skipped}"),
    };
    wrapped(&line, 0).join("\n") + "\n"
}

fn path(path: &Path) -> String {
    harmless(&path.display().to_string())
}

/// `1,234 things`.
fn counted(count: usize, one: &str, many: &str) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {}", if count == 1 { one } else { many })
}
