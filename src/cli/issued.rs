//! The text of `issue` and `sign`: what was issued under whom, and where it goes.

use super::text;
use super::words::{harmless, wrapped};
use crate::layout::Deployment;
use crate::ops::Generated;
use crate::pg::certificate_file;
use crate::plan::Notice;
use crate::x509::format_date;
use std::fmt::Write as _;

/// Either, done or only planned.
pub(super) fn text(issued: &Generated, dry_run: bool, as_root: bool) -> String {
    let mut out = text::headline(issued, dry_run);
    out.push('\n');
    out.push_str(&text::tree(&issued.tree()));
    notes(&mut out, issued);
    if dry_run {
        text::beginnings(&mut out, issued);
        out.push_str(&text::files(issued));
        return out;
    }
    let placement = issued.deployment();
    out.push('\n');
    match sent_back(issued, &placement) {
        Some(line) => out.push_str(&line),
        None => {
            out.push_str(&text::uses(&placement, issued));
            out.push('\n');
        }
    }
    let _ = writeln!(out, "next:   pgtls verify {}", text::path_word(&issued.directory));
    for spec in issued.plan.certificates.iter().filter(|spec| spec.kept.is_none()) {
        let file = certificate_file(&spec.stem);
        let _ = writeln!(out, "expiry: {file} on {}", format_date(spec.window.not_after));
    }
    if as_root {
        out.push_str(&text::installation(&placement, issued));
    }
    out
}

/// What whoever has the key is to be given, where that is somebody else.
fn sent_back(issued: &Generated, placement: &Deployment) -> Option<String> {
    let spec = issued.plan.certificates.iter().find(|spec| spec.existing_key.is_some())?;
    let of_server = placement.servers.iter().find_map(|server| server.trust.as_ref());
    let trust = of_server.or_else(|| placement.clients.iter().find_map(|client| client.trust.as_ref()));
    let path = |file: &str| text::path_word(&issued.directory.join(file));
    let files: Vec<String> =
        std::iter::once(&certificate_file(&spec.stem)).chain(trust).map(|file| path(file)).collect();
    Some(format!("to whoever has the key: {}\n", files.join(" ")))
}

/// What a request asked for and did not get.
fn notes(out: &mut String, issued: &Generated) {
    for notice in issued.plan.notices.iter().filter(|notice| matches!(notice, Notice::NotGranted { .. })) {
        for line in wrapped(&format!("note: {}", harmless(&notice.to_string())), 0) {
            let _ = writeln!(out, "{line}");
        }
    }
}
