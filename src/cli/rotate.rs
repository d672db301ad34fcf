//! The text of `rotate`: what a phase did to which CA, what is to be copied where and reloaded, and the next command.

use super::look::{USUAL_WIDTH, columns};
use super::text::{directory, files_in, path_word};
use super::words::{folded, harmless, shell_word, wrapped};
use crate::fs::set::revoked_file;
use crate::layout::{Content, OutlineFile, Place};
use crate::ops::{RotatePlace, Rotated};
use crate::pg::certificate_file;
use crate::plan::{CertificateSpec, Need, Plan, RotatedCa, RotationPhase, RotationSpec, RotationStatus};
use crate::x509::format_date;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// How many of those that still need a CA are shown.
const SHOWN: usize = 20;
/// How many of what was issued again, or is left, are named.
const NAMED: usize = 10;

/// A phase, done or only planned.
pub(super) fn text(rotated: &Rotated, dry_run: bool) -> String {
    let mut out = headline(rotated, dry_run);
    out.push('\n');
    out.push_str(&authorities(&rotated.rotation));
    if !rotated.is_done_already() {
        out.push_str(&issued(rotated));
    }
    for left in rotated.rotation.left.iter().take(NAMED) {
        let line = format!("left as it is: {} ({})", harmless(&left.file), harmless(&left.because));
        wrapped(&line, 0).iter().for_each(|line| out.extend([line.as_str(), "\n"]));
    }
    out.push_str(&more("", rotated.rotation.left.len()));
    let notes = rotated.plan.notices.iter().filter(|notice| !notice.is_warning());
    for line in notes.flat_map(|notice| wrapped(&format!("note: {}", harmless(&notice.to_string())), 0)) {
        let _ = writeln!(out, "{line}");
    }
    if dry_run {
        out.truncate(out.trim_end().len() + 1);
        out.push_str(&files_in(&rotated.outline, &rotated.directory, rotated.ca_directory.as_deref()));
        let Plan { removed_files, removed_ca_files, moved_files, moved_ca_files, .. } = &rotated.plan;
        let is_moved =
            |name: &&String| moved_files.values().chain(moved_ca_files.values()).any(|it| it == *name);
        let gone = removed_files.union(removed_ca_files).filter(|name| !is_moved(name));
        let gone: Vec<String> = gone.map(|name| harmless(name)).collect();
        if !gone.is_empty() {
            let lines = wrapped(&format!("gone afterwards: {}", gone.join(" ")), 2);
            out.extend(lines.iter().map(|line| format!("{line}\n")));
        }
        return out;
    }
    if !rotated.is_done_already() {
        out.push_str(&to_copy(rotated));
        out.push_str(&still_accepted(rotated));
    }
    out.push_str(&next(&rotated.rotation, &rotated.directory, rotated.ca_directory.as_deref()));
    out
}

/// What was done, in a line.
fn headline(rotated: &Rotated, dry_run: bool) -> String {
    let RotationSpec { ca, before, after, .. } = &rotated.rotation;
    let (ca, place) = (harmless(ca), directory(&rotated.directory));
    if rotated.is_done_already() {
        let done = match after {
            RotationPhase::Added => "a new CA is added",
            RotationPhase::Switched => "it is switched",
            RotationPhase::None => "the old CA is dropped",
        };
        return format!("{ca} in {place}: {done} already, nothing was changed\n");
    }
    let goes_on = before == after;
    let (done, to_do) = match after {
        RotationPhase::Added if goes_on => ("went on with adding", "would go on with adding"),
        RotationPhase::Added => ("added", "would add"),
        RotationPhase::Switched if goes_on => ("went on with switching", "would go on with switching"),
        RotationPhase::Switched => ("switched", "would switch"),
        RotationPhase::None => ("dropped", "would drop"),
    };
    let verb = if dry_run { to_do } else { done };
    match after {
        RotationPhase::Added => format!("{verb} a CA to {place}, to come after {ca}; it signs nothing yet\n"),
        RotationPhase::Switched => format!("{verb} {ca} in {place} to the new CA\n"),
        RotationPhase::None => format!("{verb} the old {ca} from what peers trust in {place}\n"),
    }
}

/// The two CAs, and which of them signs.
fn authorities(rotation: &RotationSpec) -> String {
    let RotationSpec { old, new, after, .. } = rotation;
    let new = new.as_ref().filter(|new| new.stem != old.stem);
    let (of_old, of_new) = match after {
        RotationPhase::Added => ("signs", "will sign"),
        RotationPhase::Switched => ("signed", "signs"),
        RotationPhase::None if new.is_none() => ("signs", ""),
        RotationPhase::None => ("dropped", "signs"),
    };
    let rows: Vec<(&str, &RotatedCa)> =
        std::iter::once((of_old, old)).chain(new.map(|new| (of_new, new))).collect();
    rows_of(&rows)
}

fn rows_of(rows: &[(&str, &RotatedCa)]) -> String {
    let files: Vec<String> = rows.iter().map(|(_, ca)| harmless(&certificate_file(&ca.stem))).collect();
    let width = files.iter().map(|file| columns(file)).max().unwrap_or_default();
    let words = rows.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
    let subjects: Vec<String> = rows.iter().map(|(_, ca)| harmless(&ca.subject.to_string())).collect();
    let longest = subjects.iter().map(|subject| columns(subject)).max().unwrap_or_default();
    // As much as stands beside it: two spaces four times, "until" and a date.
    let is_wide = words + width + longest + 23 > USUAL_WIDTH;
    let mut out = String::new();
    for (((word, ca), file), subject) in rows.iter().zip(&files).zip(&subjects) {
        let (gap, rest) = (width - columns(file), longest - columns(subject));
        let end = format_date(ca.not_after);
        let _ = match is_wide {
            true => writeln!(out, "  {word:words$}  {file}{:gap$}  until {end}\n    {subject}", ""),
            false => writeln!(out, "  {word:words$}  {file}{:gap$}  {subject}{:rest$}  until {end}", "", ""),
        };
    }
    out.push('\n');
    out
}

/// What was issued again.
fn issued(rotated: &Rotated) -> String {
    let again = rotated.plan.certificates.iter().filter(|spec| spec.kept.is_none() && spec.reissue.is_some());
    let again: Vec<_> = again.filter(|spec| spec.existing_key.is_some()).collect();
    if again.is_empty() {
        return String::new();
    }
    let mut out = "issued again, with the same key, names and usage:\n".to_owned();
    let width = again.iter().take(NAMED).map(|spec| columns(&harmless(&certificate_file(&spec.stem)))).max();
    for spec in again.iter().take(NAMED) {
        let file = harmless(&certificate_file(&spec.stem));
        let gap = width.unwrap_or_default() - columns(&file);
        let before = spec.reissue.as_ref().map(|it| format_date(it.of.window.not_after)).unwrap_or_default();
        let after = format_date(spec.window.not_after);
        let subject = harmless(&whom(spec));
        let _ = writeln!(out, "  {file}{:gap$}  {subject}  until {before} -> {after}", "");
    }
    out.push_str(&more("  ", again.len()));
    out.push('\n');
    out
}

/// How many there are beyond those that are named.
fn more(indent: &str, count: usize) -> String {
    let more = count.saturating_sub(NAMED);
    if more == 0 { String::new() } else { format!("{indent}and {more} more\n") }
}

/// Whom a certificate names: without a subject by its first name.
pub(super) fn whom(spec: &CertificateSpec) -> String {
    let name = spec.extensions.subject_alt_names.first().filter(|_| spec.subject.is_empty());
    name.map_or_else(|| spec.subject.to_string(), ToString::to_string)
}

/// The files that somebody else needs, by what they are: what is trusted, what is shown, and lists.
struct Copies {
    trusted: Vec<String>,
    shown: Vec<String>,
    lists: Vec<String>,
}

impl Copies {
    fn of(rotated: &Rotated) -> Self {
        let mut copies = Self { trusted: Vec::new(), shown: Vec::new(), lists: Vec::new() };
        let trusted = &rotated.rotation.trusted_by;
        let is_ca = |name: &str| {
            let mut cas = rotated.plan.certificates.iter().filter(|spec| spec.usage.is_ca());
            cas.any(|spec| certificate_file(&spec.stem) == name)
        };
        for file in rotated.outline.files.iter().filter(|file| file.place == Place::Directory) {
            match &file.content {
                Content::Lists(_) => copies.lists.push(file.name.clone()),
                Content::Rewritten(_) | Content::Certificates(_) if trusted.contains(&file.name) => {
                    copies.trusted.push(file.name.clone());
                }
                Content::Rewritten(_) if !is_ca(&file.name) => copies.shown.push(file.name.clone()),
                _ => {}
            }
        }
        copies
    }
}

/// What to copy where, and what to reload.
fn to_copy(rotated: &Rotated) -> String {
    let Copies { trusted, shown, lists } = Copies::of(rotated);
    if trusted.is_empty() && shown.is_empty() && lists.is_empty() {
        return String::new();
    }
    let mut out = "copy to every server and client, in any order, and reload each:\n".to_owned();
    let list = |files: &[String]| {
        let named = files.iter().take(NAMED).map(|file| harmless(file)).collect::<Vec<_>>().join(" ");
        let more = files.len().saturating_sub(NAMED);
        if more == 0 { named } else { format!("{named} and {more} more") }
    };
    let mut row = |files: &[String], to: &str| {
        if !files.is_empty() {
            for line in wrapped(&format!("{}: {to}", list(files)), 2) {
                let _ = writeln!(out, "{line}");
            }
        }
    };
    row(&trusted, "ssl_ca_file of servers, sslrootcert of clients");
    row(&lists, "ssl_crl_file of servers, sslcrl of clients, where they are set");
    row(&shown, "to the one server or client that has the key; the key stays");
    out.push_str("  psql -c 'SELECT pg_reload_conf()'    clients read theirs when they connect\n");
    out
}

/// What an intermediate is after it was dropped: its signer is trusted, and so is whatever it signs.
fn still_accepted(rotated: &Rotated) -> String {
    let RotationSpec { old, after, .. } = &rotated.rotation;
    let Some(signer) = old.signer.as_ref().filter(|_| *after == RotationPhase::None) else {
        return String::new();
    };
    let note = format!(
        "note: whoever trusts {} still accepts what the old one signs, until {}. To end that too:",
        harmless(&signer.to_string()),
        format_date(old.not_after)
    );
    let lines = wrapped(&note, 0).join("\n");
    // By its file: a serial number means one certificate alone, and it may have been renewed.
    let file = revoked_file(&certificate_file(&rotated.rotation.ca), &old.serial);
    let file = rotated.ca_directory.as_deref().unwrap_or(&rotated.directory).join(file);
    let command = format!("pgtls revoke {} --reason superseded", path_word(&file));
    let command = placed(command, &rotated.directory, rotated.ca_directory.as_deref());
    format!("{lines}\n{}\n", folded(&command, 2).join("\n"))
}

/// The next command, and when it is time for it.
fn next(rotation: &RotationSpec, own: &Path, ca_directory: Option<&Path>) -> String {
    let RotationSpec { ca, after, .. } = rotation;
    match after {
        RotationPhase::Added => command("when the last of them has it", ca, SWITCH, own, ca_directory),
        RotationPhase::Switched => command("when all of them run with it", ca, "drop", own, ca_directory),
        RotationPhase::None => format!("next:   pgtls verify {}\n", path_word(own)),
    }
}

const SWITCH: &str = "switch --trust-is-distributed";

fn command(when: &str, ca: &str, step: &str, own: &Path, ca_directory: Option<&Path>) -> String {
    let command = placed(format!("pgtls rotate {} {step}", shell_word(ca.as_ref())), own, ca_directory);
    format!("next, {when}:\n{}\n", folded(&command, 2).join("\n"))
}

/// A command for the same directories.
fn placed(mut command: String, own: &Path, ca_directory: Option<&Path>) -> String {
    if own != Path::new("pki") {
        let _ = write!(command, " -D {}", path_word(own));
    }
    if let Some(ca_directory) = ca_directory {
        let _ = write!(command, " --ca-dir {}", path_word(ca_directory));
    }
    command
}

/// `status`.
pub(super) fn status(status: &RotationStatus, place: &RotatePlace) -> String {
    let (own, ca_directory) = (place.directory.as_path(), place.ca_directory.as_deref());
    let RotationStatus { ca, phase, signs, beside, needs } = status;
    let (name, shown) = (harmless(ca), directory(own));
    let said = match phase {
        RotationPhase::None => "no rotation is under way",
        RotationPhase::Added => "added, not switched: peers are to trust both CAs",
        RotationPhase::Switched => "switched, not dropped: peers trust both CAs",
    };
    let mut out = format!("{name} in {shown}: {said}\n\n");
    let word = if *phase == RotationPhase::Added { "will sign" } else { "signed" };
    let rows: Vec<(&str, &RotatedCa)> =
        std::iter::once(("signs", signs)).chain(beside.iter().map(|beside| (word, beside))).collect();
    out.push_str(&rows_of(&rows));
    out.push_str(&needed(needs));
    out.push_str(&match phase {
        RotationPhase::None => command("to begin one", ca, "add", own, ca_directory),
        RotationPhase::Added => command("when every peer trusts both", ca, SWITCH, own, ca_directory),
        RotationPhase::Switched if needs.is_empty() => {
            command("when every peer has what the switch issued", ca, "drop", own, ca_directory)
        }
        RotationPhase::Switched => {
            command("when nothing needs the old one any more", ca, "drop", own, ca_directory)
        }
    });
    out
}

/// Who needs the old CA.
fn needed(needs: &[Need]) -> String {
    if needs.is_empty() {
        return String::new();
    }
    let mut out = "the old one is still needed by:\n".to_owned();
    for need in needs.iter().take(SHOWN) {
        let end = format_date(need.not_after);
        let _ = match &need.file {
            Some(file) => writeln!(out, "  {}  until {end}", harmless(file)),
            None => writeln!(out, "  {}  until {end}\n    serial {}", harmless(&need.subject), need.serial),
        };
    }
    if needs.len() > SHOWN {
        let _ = writeln!(out, "  and {} more", needs.len() - SHOWN);
    }
    out.push('\n');
    out
}

/// `rotate --json`.
#[derive(Serialize)]
pub(super) struct RotatedJson<'a> {
    directory: Cow<'a, str>,
    ca_directory: Option<Cow<'a, str>>,
    dry_run: bool,
    /// Whether there was, or would be, anything to do.
    changed: bool,
    rotation: &'a RotationSpec,
    plan: &'a Plan,
    files: &'a [OutlineFile],
    /// What others need, by what it is for.
    copy: CopyJson,
}

#[derive(Serialize)]
struct CopyJson {
    trust: Vec<String>,
    certificates: Vec<String>,
    lists: Vec<String>,
}

impl<'a> RotatedJson<'a> {
    pub(super) fn of(rotated: &'a Rotated, dry_run: bool) -> Self {
        let Copies { trusted, shown, lists } = Copies::of(rotated);
        Self {
            directory: rotated.directory.to_string_lossy(),
            ca_directory: rotated.ca_directory.as_deref().map(Path::to_string_lossy),
            dry_run,
            changed: !rotated.is_done_already(),
            rotation: &rotated.rotation,
            plan: &rotated.plan,
            files: &rotated.outline.files,
            copy: CopyJson { trust: trusted, certificates: shown, lists },
        }
    }
}
