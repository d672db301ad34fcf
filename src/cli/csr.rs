//! The text of `csr`: what was made, and what becomes of it.

use super::look::{USUAL_WIDTH, columns, wrapped};
use super::text::{directory, files_in, path_word};
use super::words::{harmless, wrapped as lines_of};
use crate::ops::CsrMade;
use crate::pg::{key_file, request_file};
use crate::x509::other_names;
use std::fmt::Write;

/// `csr`, done or only planned.
pub(super) fn text(made: &CsrMade, dry_run: bool) -> String {
    let spec = &made.spec;
    let verb = match (dry_run, made.created) {
        (true, true) => "would create",
        (true, false) => "would write into",
        (false, true) => "created",
        (false, false) => "wrote into",
    };
    let (key, request) = (harmless(&key_file(&spec.stem)), harmless(&request_file(&spec.stem)));
    let mut out =
        format!("{verb} {}: a key ({}) and a request for it\n\n", directory(&made.directory), spec.key_type);
    let subject = harmless(&spec.subject.to_string());
    let line = format!("  {request}  {subject}  {}", spec.usage);
    // A name of any length stands twice in it.
    let indent = if columns(&line) <= USUAL_WIDTH { columns(&request) + 4 } else { 4 };
    let lines = if indent > 4 { line } else { format!("  {request}\n    {subject}\n    {}", spec.usage) };
    let _ = writeln!(out, "{lines}");
    let names = other_names(&spec.subject, &spec.extensions.subject_alt_names);
    let names: Vec<String> = names.iter().map(|name| harmless(&name.short())).collect();
    for line in wrapped(names, USUAL_WIDTH.saturating_sub(indent + 2)) {
        let _ = writeln!(out, "{:indent$}+ {line}", "");
    }
    if dry_run {
        out.push_str(&files_in(&made.outline, &made.directory, None));
        return out;
    }
    let place = path_word(&made.directory.join(request_file(&spec.stem)));
    out.push('\n');
    for line in lines_of(&format!("send {place} to the CA; {key} stays here"), 0) {
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "next:   pgtls import SIGNED -D {}", path_word(&made.directory));
    out
}
