//! When what was made ends, and the command that renews it in time.

use super::look::USUAL_WIDTH;
use super::text::path_word;
use crate::layout::{Content, OutlineFile};
use crate::ops::Generated;
use crate::pg::certificate_file;
use crate::x509::format_date;
use std::fmt::Write;
use std::path::Path;

/// When the first of what was made ends (all that end that day), and what renews it.
pub(super) fn line(generated: &Generated) -> String {
    let leaves: Vec<_> = generated.plan.certificates.iter().filter(|spec| !spec.usage.is_ca()).collect();
    // What has ended already was meant to: a test's.
    let ends = leaves.iter().filter(|spec| spec.window.not_after > generated.now);
    let Some(first) = ends.min_by_key(|spec| spec.window.not_after) else { return String::new() };
    let day = format_date(first.window.not_after);
    let files: Vec<String> = leaves
        .iter()
        .filter(|spec| format_date(spec.window.not_after) == day)
        .map(|spec| certificate_file(&spec.stem))
        .collect();
    let names = match files.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => files.join(""),
    };
    if first.fixed_end {
        // The same command would make the same end again.
        return format!("expiry: {names} on {day}, as asked for; a later end and --force make new ones\n");
    }
    let renewal = renewal(generated);
    let line = format!("expiry: {names} on {day}; run {renewal} from cron\n");
    match line.chars().count() <= USUAL_WIDTH {
        true => line,
        false => format!("expiry: {names} on {day}; from cron:\n  {renewal}\n"),
    }
}

/// The command that renews what was made, once it is due.
fn renewal(generated: &Generated) -> String {
    let mut command = "pgtls renew".to_owned();
    if generated.directory != Path::new("pki") {
        let _ = write!(command, " -D {}", path_word(&generated.directory));
    }
    if let Some(path) = &generated.ca_directory {
        let _ = write!(command, " --ca-dir {}", path_word(path));
    }
    let is_closed = |file: &OutlineFile| matches!(&file.content, Content::Key { encrypted: true, .. });
    if generated.outline.files.iter().any(is_closed) {
        command.push_str(" --ca-passphrase-file FILE");
    }
    command
}
