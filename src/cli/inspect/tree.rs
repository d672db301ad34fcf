//! A directory as a tree: who signed whom, then what lies beside the certificates.

use super::beside;
use super::life::{CELLS, bar, end, left, tone};
use crate::cli::look::{Look, Tone, columns, padded, wrapped};
use crate::cli::text::directory;
use crate::cli::words::harmless;
use crate::ops::Inspection;
use crate::show::{CertificateEntry, Holdings, Life, Signed};
use crate::x509::format_date;
use std::path::Path;

/// What a column keeps, however narrow the terminal.
pub(super) const LEAST: usize = 8;

/// All of it.
pub(super) fn text(inspection: &Inspection, holdings: &Holdings, look: &Look) -> String {
    let mut out = headline(inspection, holdings);
    if !holdings.certificates.is_empty() {
        out.push('\n');
        certificates(holdings, look, &mut out);
    }
    let beside = beside::text(holdings, look);
    if !beside.is_empty() {
        out.push('\n');
        out.push_str(&beside);
    }
    out
}

fn headline(inspection: &Inspection, holdings: &Holdings) -> String {
    let counts = [
        (holdings.certificates.len(), "certificate"),
        (holdings.keys.len(), "key"),
        (holdings.requests.len(), "request"),
        (holdings.lists.len(), "CRL"),
    ];
    let counts = counts.into_iter().enumerate().filter(|(at, (count, _))| *at == 0 || *count > 0);
    let counts: Vec<String> = counts.map(|(_, (count, noun))| plural(count, noun)).collect();
    let place = match inspection.is_one_directory {
        true => directory(Path::new(&inspection.place)),
        false => harmless(&inspection.place),
    };
    format!("{place}: {}\n", counts.join(", "))
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// One certificate before its columns are aligned.
struct Line<'h> {
    /// The branch before the file.
    branch: String,
    /// The file.
    file: String,
    /// The branch below it.
    below: String,
    subject: String,
    entry: &'h CertificateEntry,
}

impl Line<'_> {
    fn head(&self) -> usize {
        columns(&self.branch) + columns(&self.file)
    }
}

fn certificates(holdings: &Holdings, look: &Look, out: &mut String) {
    let lines = lines(holdings);
    let most = |width: &dyn Fn(&Line<'_>) -> usize| lines.iter().map(width).max().unwrap_or_default();
    let heads = most(&|line| line.head());
    let usages = most(&|line| line.entry.facts.usage_word().len());
    let ends = most(&|line| end(&line.entry.facts.life).len());
    // Cut where a terminal is too narrow for all the columns.
    let room = look.width().saturating_sub(heads + usages + ends + "      until ".len()).max(LEAST);
    let subjects = most(&|line| columns(&line.subject));
    let subjects = if look.terminal.is_some() { subjects.min(room) } else { subjects };
    let indent = heads + 2;
    for line in &lines {
        let facts = &line.entry.facts;
        let file = look.toned(Tone::Head, &line.file);
        let gap = " ".repeat(indent - line.head());
        let subject = padded(&look.cut(&line.subject, subjects), subjects);
        let (usage, end) = (facts.usage_word(), end(&facts.life));
        let rest = format!("{subject}  {usage:usages$}  until {end}");
        let rest = look.cut(&rest, look.width().saturating_sub(indent).max(LEAST));
        out.push_str(&format!("{}{file}{gap}{rest}\n", line.branch));
        let below = padded(&line.below, indent);
        let names: Vec<String> = line.entry.other_names.iter().map(|name| harmless(&name.short())).collect();
        for names in wrapped(names, look.width().saturating_sub(indent + 2)) {
            out.push_str(&format!(
                "{below}+ {}\n",
                look.cut(&names, look.width().saturating_sub(indent + 2))
            ));
        }
        let words = belongings(line.entry);
        print_life(&facts.life, &words, &below, look, out);
        for remark in remarks(holdings, line.entry) {
            for part in wrapped(remark.split(' '), look.width().saturating_sub(indent)) {
                let part = look.cut(&part, look.width().saturating_sub(indent).max(LEAST));
                out.push_str(&format!("{below}{}\n", look.toned(Tone::Bad, &part)));
            }
        }
    }
}

/// The bar, what is left, and words behind it, wrapped.
pub(super) fn print_life(life: &Life, words: &str, below: &str, look: &Look, out: &mut String) {
    let left = left(life);
    let all = if words.is_empty() { left.clone() } else { format!("{left}; {words}") };
    let room = look.width().saturating_sub(columns(below) + CELLS + 1).max(LEAST);
    for (at, line) in wrapped(all.split(' '), room).iter().enumerate() {
        let line = look.cut(line, room);
        let lead = if at == 0 { bar(life, look) } else { " ".repeat(CELLS) };
        let line = match line.strip_prefix(&left) {
            Some(rest) if at == 0 && tone(life) != Tone::Good => look.toned(tone(life), &left) + rest,
            _ => line,
        };
        out.push_str(&format!("{below}{lead} {line}\n"));
    }
}

/// Its keys, and the other files that hold it.
fn belongings(entry: &CertificateEntry) -> String {
    let mut parts = Vec::new();
    if !entry.keys.is_empty() {
        parts.push(format!("key {}", entry.keys.join(" ")));
    }
    if !entry.also_in.is_empty() {
        parts.push(format!("also in {}", entry.also_in.join(" ")));
    }
    harmless(&parts.join("; "))
}

/// What is odd about where it stands.
fn remarks(holdings: &Holdings, entry: &CertificateEntry) -> Vec<String> {
    let issuer = harmless(&entry.facts.issuer.to_string());
    let signer = holdings.signer(entry).map(|signer| harmless(&signer.file)).unwrap_or_default();
    let is_self_issued = entry.facts.issuer == entry.facts.subject;
    let mut remarks = Vec::new();
    match &entry.signed {
        Signed::ByItself => {}
        Signed::By(_) if entry.under.is_some() => {}
        Signed::By(_) => remarks.push(format!("signed by {signer}, which stands elsewhere")),
        Signed::Unchecked { reason, .. } if is_self_issued => {
            remarks.push(format!("its own signature is not checked: {reason}"));
        }
        Signed::Unchecked { reason, .. } => {
            remarks.push(format!("whether {signer} signed it is not checked: {reason}"));
        }
        Signed::ByAnotherKey if is_self_issued => {
            remarks.push("names itself as its issuer, and its key did not sign it".to_owned());
        }
        Signed::ByAnotherKey => {
            remarks.push(format!("names {issuer} as its issuer, and no key of that name here signed it"));
        }
        Signed::Elsewhere => remarks.push(format!("signed by {issuer}, which is not here")),
    }
    if let Some(revoked) = &entry.revoked {
        remarks.push(format!("revoked since {}, by {}", format_date(revoked.since), harmless(&revoked.by)));
    }
    remarks
}

fn lines(holdings: &Holdings) -> Vec<Line<'_>> {
    // Place, what is before the joint, joint, what is before the joints below.
    let mut waiting: Vec<(usize, String, &str, String)> =
        holdings.tops().map(|place| (place, "  ".to_owned(), "", "  ".to_owned())).collect();
    waiting.reverse();
    let mut lines = Vec::with_capacity(holdings.certificates.len());
    while let Some((place, indent, joint, below)) = waiting.pop() {
        let Some(entry) = holdings.certificates.get(place) else { continue };
        let last = entry.issued.len().saturating_sub(1);
        for (at, child) in entry.issued.iter().enumerate().rev() {
            let (joint, under) = if at == last { ("└ ", "  ") } else { ("├ ", "│ ") };
            waiting.push((*child, below.clone(), joint, format!("{below}{under}")));
        }
        lines.push(Line {
            branch: format!("{indent}{joint}"),
            file: harmless(&entry.file),
            below: if entry.issued.is_empty() { below } else { format!("{below}│") },
            subject: harmless(&entry.facts.subject.to_string()),
            entry,
        });
    }
    lines
}
