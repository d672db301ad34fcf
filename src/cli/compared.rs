//! The text of `verify --against`: what differs, file by file, from what the other place has to what this one has.

use super::shorten;
use super::verdict::plural;
use super::words::harmless;
use super::words::{WIDTH, wrapped};
use crate::verify::{Comparison, Difference, DifferenceKind, Field, RemarkKind};
use std::collections::HashSet;
use std::fmt::Write;

/// How far a difference, and what belongs to it, is indented.
const DIFFERENCE: usize = 2;
const MORE: usize = 4;

/// All of it.
pub(super) fn text(comparison: &Comparison) -> String {
    let Comparison { this, against, compared, .. } = comparison;
    let [this, against] = [this, against].map(|place| harmless(place));
    let mut out = format!("compared {this} against {against}: {} of each\n", plural(*compared, "file"));
    let is_lone = |it: &&Difference| lone_place(it.kind, &this, &against).is_some();
    let (lone, changed): (Vec<_>, Vec<_>) = comparison.differences.iter().partition(is_lone);
    if changed.iter().any(|difference| !difference.fields.is_empty()) {
        let _ = writeln!(out, "below: what {against} has -> what {this} has");
    }
    let (shown, left) = shorten::blocks(by_file(changed), |block| {
        block.iter().map(|difference| difference.kind).collect::<Vec<_>>()
    });
    let mut told = HashSet::new();
    for block in shown {
        let _ = writeln!(out, "\n{}", heading(block[0]));
        for difference in block {
            // An intermediate stands behind many leaves.
            let is_known = !told.insert((difference.kind, &difference.subject, fields(difference)));
            one(&mut out, difference, [&this, &against], is_known && difference.subject.is_some());
        }
    }
    for (kinds, count) in left {
        let kinds: Vec<&str> = kinds.into_iter().map(DifferenceKind::id).collect();
        let line =
            format!("and {} more files: {} (--json lists all)", shorten::grouped(count), kinds.join(", "));
        let _ = writeln!(out, "\n{}", wrapped(&line, 0).join("\n"));
    }
    for kind in [DifferenceKind::OnlyInThis, DifferenceKind::OnlyInAgainst] {
        let files = lone.iter().copied().filter(|difference| difference.kind == kind);
        out.push_str(&only_in(lone_place(kind, &this, &against).unwrap_or_default(), files.collect()));
    }
    out.push('\n');
    out.push_str(&remarks(comparison));
    let _ = writeln!(out, "{}", verdict(comparison));
    out
}

fn lone_place<'p>(kind: DifferenceKind, this: &'p str, against: &'p str) -> Option<&'p str> {
    match kind {
        DifferenceKind::OnlyInThis => Some(this),
        DifferenceKind::OnlyInAgainst => Some(against),
        _ => None,
    }
}

/// Differences of one pair of files stand together already.
fn by_file(differences: Vec<&Difference>) -> Vec<Vec<&Difference>> {
    let mut blocks: Vec<Vec<&Difference>> = Vec::new();
    for difference in differences {
        match blocks.last_mut() {
            Some(block)
                if block[0].this_file == difference.this_file
                    && block[0].against_file == difference.against_file =>
            {
                block.push(difference);
            }
            _ => blocks.push(vec![difference]),
        }
    }
    blocks
}

fn heading(difference: &Difference) -> String {
    let base = |file: &Option<String>| {
        let name = file.as_deref().unwrap_or_default();
        name.rsplit('/').next().unwrap_or(name).to_owned()
    };
    let mut heading = difference.this_file.clone().unwrap_or_default();
    if base(&difference.this_file) != base(&difference.against_file) {
        let _ = write!(heading, ", there {}", difference.against_file.as_deref().unwrap_or_default());
    }
    harmless(&heading)
}

/// What is to be told of a difference.
fn fields(difference: &Difference) -> Vec<(&str, &str, &str)> {
    difference.fields.iter().map(|it| (it.field, it.this.as_str(), it.against.as_str())).collect()
}

fn one(out: &mut String, difference: &Difference, [this, against]: [&str; 2], is_known: bool) {
    let place = match difference.kind {
        DifferenceKind::CertificateOnlyInThis
        | DifferenceKind::ListOnlyInThis
        | DifferenceKind::KeyOnlyInThis => format!("only in {this}: "),
        DifferenceKind::CertificateOnlyInAgainst
        | DifferenceKind::ListOnlyInAgainst
        | DifferenceKind::KeyOnlyInAgainst => format!("only in {against}: "),
        _ => difference
            .subject
            .as_ref()
            .map(|subject| format!("{}: ", harmless(&subject.to_string())))
            .unwrap_or_default(),
    };
    if is_known {
        let _ = writeln!(
            out,
            "{}",
            wrapped(&format!("{place}{}, as above", harmless(&difference.fact)), DIFFERENCE).join("\n")
        );
        return;
    }
    let mut lines = wrapped(&format!("{place}{}", harmless(&difference.fact)), DIFFERENCE);
    let names = difference.fields.iter().map(|field| spoken(field.field).len()).max().unwrap_or_default();
    lines.extend(difference.fields.iter().flat_map(|it| field(it, names)));
    let revoked = [(this, &difference.revoked_only_in_this), (against, &difference.revoked_only_in_against)];
    for (place, serials) in revoked.into_iter().filter(|(_, serials)| !serials.is_empty()) {
        lines.extend(wrapped(&format!("revoked in {place} alone: {}", shorten::names(serials)), MORE));
    }
    lines.extend(difference.detail.iter().flat_map(|detail| wrapped(&harmless(detail), MORE)));
    lines.iter().for_each(|line| {
        let _ = writeln!(out, "{line}");
    });
}

/// A field's name for people.
fn spoken(field: &str) -> String {
    match field {
        "authority_key_identifier" => "issuer's key".to_owned(),
        other => other.replace('_', " "),
    }
}

/// On one line where there is room, else the new value under the old one.
fn field(field: &Field, names: usize) -> Vec<String> {
    let value = |value: &str| if value.is_empty() { "none".to_owned() } else { harmless(value) };
    let name = spoken(field.field);
    let (old, new) = (value(&field.against), value(&field.this));
    let line = format!("{:MORE$}{name:names$}  {old} -> {new}", "");
    if line.chars().count() <= WIDTH {
        return vec![line];
    }
    let under = MORE + names + 2;
    vec![format!("{:MORE$}{name:names$}  {old}", ""), format!("{:under$}-> {new}", "")]
}

fn only_in(place: &str, files: Vec<&Difference>) -> String {
    if files.is_empty() {
        return String::new();
    }
    let mut out = format!("\nonly in {place}\n");
    let count = files.len();
    let (shown, _) = shorten::blocks(files, |_| ());
    for difference in &shown {
        let name = difference.this_file.as_ref().or(difference.against_file.as_ref());
        let subject = difference.subject.as_ref().map(|subject| format!("{subject}, ")).unwrap_or_default();
        let line = format!("{}  {subject}{}", name.map_or("", String::as_str), difference.fact);
        let _ = writeln!(out, "{}", wrapped(&harmless(&line), DIFFERENCE).join("\n"));
        for line in difference.detail.iter().flat_map(|detail| wrapped(&harmless(detail), MORE)) {
            let _ = writeln!(out, "{line}");
        }
    }
    if shown.len() < count {
        let more = shorten::grouped(count - shown.len());
        let _ = writeln!(out, "{:DIFFERENCE$}and {more} more (--json lists all)", "");
    }
    out
}

fn remarks(comparison: &Comparison) -> String {
    let mut lines: Vec<String> = Vec::new();
    for remark in &comparison.notes {
        let word = match remark.kind {
            RemarkKind::Mode | RemarkKind::Owner => format!("{} ", remark.kind),
            _ => String::new(),
        };
        let line = format!("note: {word}{}: {}", harmless(&remark.fact), shorten::names(&remark.files));
        lines.extend(wrapped(&line, 0));
    }
    if !comparison.left_out.is_empty() {
        let names = shorten::names(&comparison.left_out);
        lines.extend(wrapped(&format!("not asked about, and left out: {names}"), 0));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The answer, and how many differences of which kind.
fn verdict(comparison: &Comparison) -> String {
    if comparison.same {
        return "the same".to_owned();
    }
    let count = |kind: DifferenceKind| comparison.differences.iter().filter(|it| it.kind == kind).count();
    let counts = DifferenceKind::ALL.iter().map(|kind| (kind, count(*kind))).filter(|(_, count)| *count > 0);
    let counts = counts.map(|(kind, count)| format!("{} {kind}", shorten::grouped(count)));
    wrapped(&format!("different: {}", counts.collect::<Vec<_>>().join(", ")), 0).join("\n")
}
