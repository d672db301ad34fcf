//! The text of `import`: what went where, whom it makes others trust, and what the judge says of it.

use super::look::{USUAL_WIDTH, columns, wrapped};
use super::text::{directory, path_word};
use super::verdict;
use super::words::{harmless, wrapped as lines_of};
use crate::keys::sha256;
use crate::ops::Imported;
use crate::pg::{CHAIN_FILE, certificate_file, key_file};
use crate::verify::Severity;
use crate::x509::{Certificate, format_date, other_names};
use std::fmt::Write;

/// `import`, done or only planned.
pub(super) fn text(imported: &Imported, dry_run: bool) -> String {
    let plan = &imported.plan;
    let place = directory(&imported.directory);
    let verb = if dry_run { "would import" } else { "imported" };
    let own = certificate_file(&plan.stem);
    let mut out = String::new();
    let key = harmless(&key_file(&plan.stem));
    let _ = match plan.files().first() {
        None => {
            writeln!(out, "{} in {place} is that certificate already; nothing was changed\n", harmless(&own))
        }
        Some(first) => writeln!(out, "{verb} {} into {place}, for {key}\n", harmless(first)),
    };
    out.push_str(&certificates(imported));
    if let Some(replaced) = &plan.replaced {
        let _ = writeln!(
            out,
            "\nin place of the one for the same key that ends on {}",
            format_date(replaced.window.not_after)
        );
    }
    if let Some(root) = plan.root.as_ref().filter(|root| plan.trusted.contains(root)) {
        let _ = writeln!(out, "\n{CHAIN_FILE} trusts this root; compare its fingerprint with the CA's own:");
        out.push_str(&fingerprint(root));
    }
    for notice in plan.notices.iter().filter(|notice| !notice.is_warning()) {
        for line in lines_of(&format!("note: {}", harmless(&notice.to_string())), 0) {
            let _ = writeln!(out, "{line}");
        }
    }
    if !imported.findings.is_empty() {
        out.push_str("\nwhat pgtls verify says of it:\n");
        out.push_str(&verdict::findings(&imported.findings));
    }
    if !dry_run {
        let _ = writeln!(out, "\nnext:   pgtls verify {}", path_word(&imported.directory));
    }
    out
}

/// What the judge says, each in a line with the word for how bad it is.
pub(super) fn judged(imported: &Imported) -> impl Iterator<Item = (&'static str, String)> {
    imported.findings.iter().map(|finding| {
        let word = if finding.severity == Severity::Error { "error" } else { "warning" };
        (word, format!("{}: {} [{}]", finding.files.join(", "), finding.fact, finding.rule))
    })
}

/// The certificate, the CAs above it, and which file each is in.
fn certificates(imported: &Imported) -> String {
    let plan = &imported.plan;
    let own = certificate_file(&plan.stem);
    let mut rows = vec![(own.clone(), &plan.leaf)];
    rows.extend(plan.intermediates.iter().map(|ca| (String::new(), ca)));
    if let Some(root) = &plan.root {
        rows.push((CHAIN_FILE.to_owned(), root));
    }
    let width = rows.iter().map(|(file, _)| columns(&harmless(file))).max().unwrap_or_default();
    let mut out = String::new();
    for (file, certificate) in rows {
        let file = harmless(&file);
        let gap = width - columns(&file);
        let end = format_date(certificate.window.not_after);
        let subject = harmless(&certificate.subject.to_string());
        let usage = certificate.usage();
        let line = format!("{subject}  {usage}  until {end}");
        let room = USUAL_WIDTH.saturating_sub(width + 4);
        let mut lines = match columns(&line) <= room {
            true => vec![line],
            false => vec![subject, format!("  {usage}  until {end}")],
        };
        if certificate == &plan.leaf {
            let names = other_names(&certificate.subject, &certificate.subject_alt_names);
            let names = names.iter().map(|name| harmless(&name.short()));
            lines.extend(wrapped(names, room.saturating_sub(2)).iter().map(|line| format!("+ {line}")));
        }
        for (at, line) in lines.iter().enumerate() {
            let head = if at == 0 { format!("{file}{:gap$}", "") } else { " ".repeat(width) };
            let _ = writeln!(out, "  {head}  {line}");
        }
    }
    out
}

/// SHA-256 as openssl prints it, in two lines.
fn fingerprint(certificate: &Certificate) -> String {
    let digits: Vec<String> = sha256(&certificate.der).iter().map(|byte| format!("{byte:02X}")).collect();
    digits.chunks(16).map(|half| format!("  {}\n", half.join(":"))).collect()
}
