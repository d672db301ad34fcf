//! `renew` as text and JSON: what changes in each certificate, which files were written, and what could not be renewed.

use super::rotate::whom;
use super::text::{directory, files_in, path_word};
use super::words::{harmless, wrapped};
use crate::layout::{Content, OutlineFile, Place};
use crate::ops::Renewed;
use crate::pg::{certificate_file, list_file};
use crate::plan::{Blocked, CertificateSpec, Difference, IssuerRef, ListSpec, NextDue, Notice, differences};
use crate::x509::{Certificate, Name, Usage, Window, format_date, format_serial};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write;

/// Those that are renewed, in the order of the plan.
fn made(renewed: &Renewed) -> impl Iterator<Item = &CertificateSpec> {
    renewed.plan.certificates.iter().filter(|spec| spec.kept.is_none())
}

fn changes(renewed: &Renewed, spec: &CertificateSpec) -> Vec<Difference> {
    differences(spec, renewed.serials.get(&spec.stem).map(Vec::as_slice))
}

/// The names of the files that were written, without the books of the CAs.
fn written(renewed: &Renewed) -> impl Iterator<Item = &OutlineFile> {
    let is_book =
        |content: &Content| matches!(content, Content::Index { .. } | Content::IndexAttributes { .. });
    renewed.outline.files.iter().filter(move |file| !is_book(&file.content))
}

/// `renew`, done or only planned.
pub(super) fn text(renewed: &Renewed, dry_run: bool) -> String {
    let mut out = headline(renewed, dry_run);
    for spec in made(renewed) {
        out.push('\n');
        certificate(&mut out, renewed, spec);
    }
    for list in lists(renewed) {
        let end = list.next_update.map(|end| format!(" until {}", format_date(end))).unwrap_or_default();
        let _ = writeln!(out, "\n  {}  a new revocation list{end}", harmless(&list_file(&list.of)));
    }
    notes(&mut out, renewed);
    if renewed.outline.files.is_empty() {
        return out;
    }
    if dry_run {
        out.push_str(&files_in(&renewed.outline, &renewed.directory, renewed.ca_directory.as_deref()));
        return out;
    }
    out.push('\n');
    for place in [Place::Directory, Place::CaDirectory] {
        let path = match (place, &renewed.ca_directory) {
            (Place::CaDirectory, Some(path)) => directory(path),
            _ => String::new(),
        };
        let files = written(renewed).filter(|file| file.place == place);
        let names: Vec<String> = files.map(|file| format!("{path}{}", harmless(&file.name))).collect();
        if !names.is_empty() {
            paragraph(&mut out, "wrote:  ", &names.join(" "));
        }
    }
    steps(&mut out, renewed);
    out
}

fn headline(renewed: &Renewed, dry_run: bool) -> String {
    let place = directory(&renewed.directory);
    let verb = if dry_run { "would renew" } else { "renewed" };
    match made(renewed).count() {
        0 if renewed.outline.files.is_empty() => nothing(renewed, &place),
        0 if lists(renewed).next().is_some() => format!("{verb} the revocation lists of {place}\n"),
        0 => {
            let verb = if dry_run { "would bring" } else { "brought" };
            format!("{verb} older copies of CAs in {place} up to date\n")
        }
        1 => format!("{verb} 1 certificate in {place}\n"),
        count => format!("{verb} {count} certificates in {place}\n"),
    }
}

/// The revocation lists that are made anew.
fn lists(renewed: &Renewed) -> impl Iterator<Item = &ListSpec> {
    renewed.plan.lists.iter().filter(|list| list.kept.is_none())
}

/// One line: that nothing is due, and when something will be.
fn nothing(renewed: &Renewed, place: &str) -> String {
    let is_blocked = !renewed.blocked.is_empty();
    let fact = if is_blocked { "nothing could be renewed" } else { "nothing is due" };
    match &renewed.next_due {
        Some(next) => format!(
            "{fact} in {place}; next {} from {} on, which ends {}\n",
            harmless(&next.file),
            format_date(next.from),
            format_date(next.not_after)
        ),
        None => format!("{fact} in {place}\n"),
    }
}

/// What it is, and what changes in it: before with a minus, after with a plus.
fn certificate(out: &mut String, renewed: &Renewed, spec: &CertificateSpec) {
    let subject = harmless(&whom(spec));
    let _ = writeln!(out, "  {}  {subject}  {}", harmless(&certificate_file(&spec.stem)), spec.usage);
    let changes = changes(renewed, spec);
    let width = changes.iter().map(|change| change.field.len()).max().unwrap_or_default();
    for Difference { field, before, after } in &changes {
        let lines = [("-", before), ("+", after)].into_iter().filter(|(_, text)| *text != "none");
        for (at, (sign, text)) in lines.enumerate() {
            let field = if at == 0 { field } else { "" };
            let _ = writeln!(out, "    {field:width$}  {sign} {}", harmless(text));
        }
    }
}

/// What is said in passing; warnings are on standard error.
fn notes(out: &mut String, renewed: &Renewed) {
    for notice in renewed.plan.notices.iter().filter(|notice| !notice.is_warning()) {
        paragraph(out, "note: ", &harmless(&notice.to_string()));
    }
}

/// What is to be done now: programs read their files when they are told to.
fn steps(out: &mut String, renewed: &Renewed) {
    let serves = lists(renewed).next().is_some()
        || made(renewed).any(|spec| spec.usage.serves() || spec.usage.is_ca());
    if serves && renewed.executed.is_none() {
        paragraph(out, "reload: ", "SELECT pg_reload_conf(); what is connected stays connected");
    }
    if made(renewed).any(|spec| spec.usage == Usage::RootCa) {
        paragraph(
            out,
            "copies: ",
            "peers elsewhere that trust the old root go on doing so until it ends; give them the new one before then",
        );
    }
    open_doors(out, renewed);
    let _ = writeln!(out, "next:   pgtls verify {}", path_word(&renewed.directory));
    let ends = made(renewed).filter(|spec| spec.usage.is_end_entity());
    if let Some(first) = ends.min_by_key(|spec| spec.window.not_after) {
        let _ = writeln!(
            out,
            "expiry: {} on {}",
            harmless(&certificate_file(&first.stem)),
            format_date(first.window.not_after)
        );
    }
}

/// How many commands are printed where there is one for each certificate.
const FEW: usize = 4;

/// The old certificates of those that may do less from now on: they do what they did until they end, or are revoked.
fn open_doors(out: &mut String, renewed: &Renewed) {
    let old = made(renewed).filter(|spec| spec.usage.is_end_entity() && spec.issuer != IssuerRef::Itself);
    let old = old.filter_map(|spec| Some(&spec.reissue.as_ref()?.of));
    let is_open = |old: &&Certificate| !old.has_extended_key_usage && old.window.not_after > renewed.now;
    let old: Vec<&Certificate> = old.filter(is_open).collect();
    let Some(last) = old.iter().map(|old| old.window.not_after).max() else { return };
    let words = format!(
        "until {} the old ones serve and log in alike; once the new ones are in place:",
        format_date(last)
    );
    paragraph(out, "revoke: ", &words);
    let mut place = format!(" -D {}", path_word(&renewed.directory));
    if let Some(path) = &renewed.ca_directory {
        let _ = write!(place, " --ca-dir {}", path_word(path));
    }
    for old in old.iter().take(FEW) {
        let _ = writeln!(out, "  pgtls revoke {}{place}", format_serial(&old.serial));
    }
    if old.len() > FEW {
        let _ = writeln!(out, "  and {} more: --json has their serial numbers", old.len() - FEW);
    }
}

/// Words in the width of a terminal behind a lead, and below each other.
fn paragraph(out: &mut String, lead: &str, words: &str) {
    for (at, line) in wrapped(words, lead.len()).iter().enumerate() {
        let line = if at == 0 { format!("{lead}{}", line.trim_start()) } else { line.clone() };
        let _ = writeln!(out, "{line}");
    }
}

/// What could not be renewed, each with its mend.
pub(super) fn warnings(renewed: &Renewed) -> impl Iterator<Item = (String, Option<String>)> {
    renewed.blocked.iter().map(|blocked| {
        let end = blocked.not_after.map(|end| {
            let ends = if end < renewed.now { "ended" } else { "ends" };
            format!("{ends} on {} and ", format_date(end))
        });
        let fact =
            format!("{} {}was not renewed: {}", blocked.file, end.unwrap_or_default(), blocked.problem);
        (harmless(&fact), blocked.hint.as_deref().map(harmless))
    })
}

/// That the command of `--exec` was not told what changed.
pub(super) fn untold(count: usize) -> String {
    format!("the names of {count} files are too long for PGTLS_CHANGED, which was left empty")
}

/// `renew --json`; the field names are an interface.
#[derive(Serialize)]
pub(super) struct RenewedJson<'a> {
    directory: Cow<'a, str>,
    ca_directory: Option<Cow<'a, str>>,
    dry_run: bool,
    renewed: Vec<RenewedCertificate<'a>>,
    lists: Vec<&'a ListSpec>,
    files: &'a [OutlineFile],
    not_renewed: &'a [Blocked],
    next_due: Option<&'a NextDue>,
    notices: &'a [Notice],
    executed: Option<ExecutedJson<'a>>,
}

#[derive(Serialize)]
struct RenewedCertificate<'a> {
    file: String,
    usage: Usage,
    subject: &'a Name,
    issuer: &'a IssuerRef,
    #[serde(flatten)]
    window: Window,
    changes: Vec<Difference>,
}

#[derive(Serialize)]
struct ExecutedJson<'a> {
    command: &'a str,
    failure: Option<String>,
}

impl<'a> RenewedJson<'a> {
    pub(super) fn of(renewed: &'a Renewed, dry_run: bool) -> Self {
        let certificate = |spec: &'a CertificateSpec| RenewedCertificate {
            file: certificate_file(&spec.stem),
            usage: spec.usage,
            subject: &spec.subject,
            issuer: &spec.issuer,
            window: spec.window,
            changes: changes(renewed, spec),
        };
        Self {
            directory: renewed.directory.to_string_lossy(),
            ca_directory: renewed.ca_directory.as_deref().map(std::path::Path::to_string_lossy),
            dry_run,
            renewed: made(renewed).map(certificate).collect(),
            lists: lists(renewed).collect(),
            files: &renewed.outline.files,
            not_renewed: &renewed.blocked,
            next_due: renewed.next_due.as_ref(),
            notices: &renewed.plan.notices,
            executed: renewed.executed.as_ref().map(|executed| ExecutedJson {
                command: &executed.command,
                failure: executed.failure.as_ref().map(ToString::to_string),
            }),
        }
    }
}
