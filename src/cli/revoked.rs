//! What `revoke` and `crl` say: who is shut out, which lists there are now, and what makes servers look at them.

use super::text::{directory, files, path_word};
use super::words::{harmless, wrapped};
use crate::fs::set::REVOKED;
use crate::layout::{HashedList, OutlineFile};
use crate::ops::{Generated, ListsMade};
use crate::pg::{LISTS_FILE, list_file};
use crate::plan::{ListSpec, Notice, Plan, RevocationSpec};
use crate::x509::{Name, Usage, decimal_serial, format_date, format_instant, format_serial, significant};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;
use time::{Duration, OffsetDateTime};

/// `revoke --json` and `crl --json`; the field names are an interface.
#[derive(Serialize)]
pub(super) struct ListsJson<'a> {
    directory: Cow<'a, str>,
    ca_directory: Option<Cow<'a, str>>,
    dry_run: bool,
    /// Whether anything was written, or would be.
    changed: bool,
    plan: &'a Plan,
    files: &'a [OutlineFile],
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_directory: Option<HashDirectoryJson<'a>>,
}

#[derive(Serialize)]
struct HashDirectoryJson<'a> {
    directory: Cow<'a, str>,
    lists: Vec<HashedJson<'a>>,
}

#[derive(Serialize)]
struct HashedJson<'a> {
    file: &'a str,
    of: &'a str,
    issuer: &'a Name,
    written: bool,
}

impl<'a> ListsJson<'a> {
    /// Of `revoke`.
    pub(super) fn of_revoked(revoked: &'a Generated, dry_run: bool) -> Self {
        Self {
            directory: revoked.directory.to_string_lossy(),
            ca_directory: revoked.ca_directory.as_deref().map(Path::to_string_lossy),
            dry_run,
            changed: is_changed(revoked),
            plan: &revoked.plan,
            files: &revoked.outline.files,
            hash_directory: None,
        }
    }

    /// Of `crl`.
    pub(super) fn of(lists: &'a ListsMade, dry_run: bool) -> Self {
        let hash_directory = lists.hashed.as_ref().map(|hashed| HashDirectoryJson {
            directory: hashed.directory.to_string_lossy(),
            lists: hashed.lists.iter().map(|list| hashed_json(list, &hashed.written)).collect(),
        });
        let is_hashed = lists.hashed.as_ref().is_some_and(|hashed| !hashed.written.is_empty());
        let of_files = Self::of_revoked(&lists.made, dry_run);
        Self { changed: of_files.changed || is_hashed, hash_directory, ..of_files }
    }
}

fn hashed_json<'a>(list: &'a HashedList, written: &[String]) -> HashedJson<'a> {
    HashedJson { file: &list.file, of: &list.of, issuer: &list.issuer, written: written.contains(&list.file) }
}

fn is_changed(made: &Generated) -> bool {
    !made.outline.files.is_empty() || !made.plan.removed_files.is_empty()
}

/// `revoke`.
pub(super) fn revoked(revoked: &Generated, dry_run: bool) -> String {
    let plan = &revoked.plan;
    let mut out = String::new();
    let place = directory(&revoked.directory);
    let asked: Vec<_> = plan.revocations.iter().filter(|it| Some(it.at) == newest(plan)).collect();
    if let Some(first) = asked.first() {
        let verb = if dry_run { "would revoke" } else { "revoked" };
        let count = if asked.len() == 1 {
            "a certificate".to_owned()
        } else {
            format!("{} certificates", asked.len())
        };
        let reason = first.reason.map(|reason| format!(", {reason}")).unwrap_or_default();
        paragraph(&mut out, &format!("{verb} in {place}: {count} of {}{reason}", first.subject));
        for one in &asked {
            let _ = writeln!(out, "  {}  until {}", format_serial(&one.serial), format_date(one.not_after));
        }
    }
    for notice in &plan.notices {
        if matches!(notice, Notice::AlreadyRevoked { .. } | Notice::BySubject { .. }) {
            paragraph(&mut out, &notice.to_string());
        }
    }
    if !plan.moved_files.is_empty() {
        let verb = if dry_run { "would move" } else { "moved" };
        let names: Vec<&str> = plan.removed_files.iter().map(String::as_str).collect();
        paragraph(&mut out, &format!("{verb} to {place}{REVOKED}/: {}", names.join(" ")));
    }
    for notice in plan.notices.iter().filter(|notice| matches!(notice, Notice::CopyStays { .. })) {
        paragraph(&mut out, &notice.to_string());
    }
    out.push_str(&lists(revoked, dry_run));
    if dry_run {
        if is_changed(revoked) {
            out.push_str(&files(revoked));
        }
        return out;
    }
    // A server is somebody whom clients turn away.
    let is_server = |it: &&&RevocationSpec| it.usage == Some(Usage::Server);
    let servers = asked.iter().filter(is_server).count();
    let of_servers = !asked.is_empty() && servers == asked.len();
    out.push_str(&match of_servers {
        true => to_do_of_clients(revoked),
        false => to_do(revoked, !asked.is_empty()),
    });
    let is_authority = |serial: &[u8]| {
        let mut kept = plan.certificates.iter().filter_map(|spec| spec.kept.as_ref());
        kept.any(|certificate| significant(&certificate.serial) == serial)
    };
    if asked.iter().any(|one| is_authority(&one.serial)) {
        out.push_str("everybody whom this CA issued a certificate is turned away with it\n");
    } else if !asked.is_empty() && !of_servers {
        let logins = asked.iter().filter(|one| !is_server(one));
        out.push_str(&sessions(&logins.map(|one| decimal_serial(&one.serial)).collect::<Vec<_>>()));
    }
    out
}

/// When this run revokes; what lists alone knew was revoked before.
fn newest(plan: &Plan) -> Option<OffsetDateTime> {
    plan.revocations.iter().map(|it| it.at).max()
}

/// `crl`.
pub(super) fn crl(made: &ListsMade, dry_run: bool) -> String {
    let mut out = String::new();
    let lists_made = made.made.plan.lists.iter().filter(|list| list.kept.is_none()).count();
    let place = directory(&made.made.directory);
    match (is_changed(&made.made), lists_made) {
        (false, _) => {
            let due = made.made.plan.lists.iter().filter_map(due).min();
            let until = due.map(|due| format!(" before {}", format_date(due))).unwrap_or_default();
            let _ = writeln!(out, "{place}: no revocation list is due{until}");
        }
        (true, count) => {
            let verb = if dry_run { "would write into" } else { "wrote into" };
            let count = match count {
                0 => "the file of all revocation lists".to_owned(),
                1 => "1 revocation list".to_owned(),
                count => format!("{count} revocation lists"),
            };
            let _ = writeln!(out, "{verb} {place}: {count}");
        }
    }
    out.push_str(&lists(&made.made, dry_run));
    if let Some(hashed) = &made.hashed {
        let verb = if dry_run { "would be" } else { "are" };
        let _ = writeln!(out, "\nin {} the lists {verb}", directory(&hashed.directory));
        for list in &hashed.lists {
            let stays = if hashed.written.contains(&list.file) { "" } else { "  (stays)" };
            let _ = writeln!(out, "  {}  {}{stays}", list.file, harmless(&list.issuer.to_string()));
        }
    }
    if dry_run && is_changed(&made.made) {
        out.push_str(&files(&made.made));
    } else if !dry_run {
        let is_hashed = made.hashed.as_ref().filter(|hashed| !hashed.written.is_empty());
        match is_hashed {
            Some(hashed) => {
                // Inside the quotes of postgresql.conf, where a quote is written twice.
                let path = harmless(&hashed.absolute.to_string_lossy()).replace('\'', "''");
                let _ = writeln!(out, "\non every server; new files there count at once");
                let _ = writeln!(out, "  {:20} ssl_crl_dir = '{path}'", "postgresql.conf");
                paragraph(
                    &mut out,
                    "the server's user has to be let into it, and into every directory above it",
                );
            }
            None => out.push_str(&to_do(&made.made, false)),
        }
    }
    out
}

/// From when on a list is made anew.
fn due(list: &ListSpec) -> Option<OffsetDateTime> {
    let next = list.next_update?;
    Some(next - (next - list.this_update) / 3)
}

/// Each list in a line.
fn lists(made: &Generated, dry_run: bool) -> String {
    let plan = &made.plan;
    if !is_changed(made) {
        return String::new();
    }
    let name = |list: &ListSpec| match plan.certificate(&list.of) {
        Some(_) if !plan.elsewhere.contains_key(&list.of) => list_file(&list.of),
        _ => list.issuer.to_string(),
    };
    let widths = plan.lists.iter().map(|list| name(list).chars().count());
    let width = widths.max().unwrap_or_default().max(LISTS_FILE.len());
    let mut out = if plan.revocations.is_empty() { String::new() } else { "lists\n".to_owned() };
    for list in plan.lists.iter().rev() {
        let number = list.number.as_deref().map(|number| format!("number {}, ", decimal_serial(number)));
        let revoked = if list.revoked == 0 { "nobody".to_owned() } else { list.revoked.to_string() };
        let until = list.next_update.map(|next| format!(", until {}", end(next, made.now)));
        let stays = match (list.kept, dry_run) {
            (Some(_), _) => " (stays)",
            (None, _) => "",
        };
        let line = format!(
            "  {:width$}  {}revokes {revoked}{}{stays}",
            harmless(&name(list)),
            number.unwrap_or_default(),
            until.unwrap_or_default()
        );
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "  {LISTS_FILE:width$}  all of these, which servers and clients need");
    out
}

/// A day; of one that is near the time too.
fn end(next: OffsetDateTime, now: OffsetDateTime) -> String {
    if next - now <= Duration::days(2) { format_instant(next) } else { format_date(next) }
}

/// What makes servers and clients look at the lists.
fn to_do(made: &Generated, revoked: bool) -> String {
    if !is_changed(made) || made.plan.lists.is_empty() {
        return String::new();
    }
    let lead = if revoked { "nobody is turned away yet; on every server" } else { "then, on every server" };
    let path = path_word(&made.directory.join(LISTS_FILE));
    let mut out = format!("\n{lead}\n");
    let _ = writeln!(out, "  {:20} {path}, into its data directory", "copy");
    let _ = writeln!(out, "  {:20} ssl_crl_file = '{LISTS_FILE}'", "postgresql.conf");
    let _ = writeln!(out, "  {:20} SELECT pg_reload_conf();", "psql");
    let _ = writeln!(out, "clients take it as sslcrl or ~/.postgresql/root.crl, for revoked servers");
    out
}

/// The same where servers alone are revoked, whom clients turn away.
fn to_do_of_clients(made: &Generated) -> String {
    if !is_changed(made) || made.plan.lists.is_empty() {
        return String::new();
    }
    let path = path_word(&made.directory.join(LISTS_FILE));
    let mut out = "\nit is not turned away yet; at every client\n".to_owned();
    let _ = writeln!(out, "  {:20} {path}, to ~/.postgresql/root.crl", "copy");
    let _ = writeln!(out, "  {:20} sslcrl={LISTS_FILE}", "or, by any name");
    let _ = writeln!(out, "servers need it for revoked clients alone: ssl_crl_file = '{LISTS_FILE}'");
    out
}

/// Who is in stays in.
fn sessions(serials: &[String]) -> String {
    let mut out = "sessions that are open stay; these end those of what is revoked\n".to_owned();
    out.push_str("  SELECT pg_terminate_backend(pid) FROM pg_stat_ssl WHERE client_serial IN (\n");
    let last = serials.len().saturating_sub(1);
    for (at, serial) in serials.iter().enumerate() {
        let end = if at == last { ");" } else { "," };
        let _ = writeln!(out, "    {serial}{end}");
    }
    out
}

fn paragraph(out: &mut String, text: &str) {
    for line in wrapped(&harmless(text), 0) {
        let _ = writeln!(out, "{line}");
    }
}
