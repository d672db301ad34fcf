//! The text about client stacks: a row each, and the one line that sums them up.

use super::words::{WIDTH, harmless, wrapped};
use crate::verify::{Answer, DriverRow, Verdict};
use std::fmt::Write;

/// Where the reasons begin.
const REASONS: usize = 40;

/// The table, and below it what some of them need.
pub(super) fn table(rows: &[DriverRow]) -> String {
    let mut out = format!("{:22}  server  client  why not\n", "drivers");
    let mut before: Vec<String> = Vec::new();
    let alike = rows.windows(2).all(|pair| said(&pair[0]) == said(&pair[1]));
    let count = if alike { 1 } else { rows.len() };
    for row in rows.iter().take(count) {
        let reasons = reasons(row);
        let name = if alike { "all of them" } else { row.driver.name() };
        let same = !reasons.is_empty() && reasons == before;
        let shown = if same { vec!["the same".to_owned()] } else { reasons.clone() };
        let mut lines = shown.iter().flat_map(|reason| wrapped(reason, REASONS));
        let first = lines.next().unwrap_or_default();
        let first = first.trim_start();
        let (server, client, _) = said(row);
        let line = format!("  {name:20}  {server:6}  {client:6}  {first}");
        let _ = writeln!(out, "{}", line.trim_end());
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        before = reasons;
    }
    out.push_str(&remarks(rows));
    out
}

/// All that a row says of its own.
fn said(row: &DriverRow) -> (&'static str, &'static str, Vec<String>) {
    (word(row.server.as_ref()), word(row.client.as_ref()), reasons(row))
}

fn word(verdict: Option<&Verdict>) -> &'static str {
    match verdict.map(|verdict| verdict.answer) {
        Some(Answer::Accepts) => "yes",
        Some(Answer::Refuses) => "no",
        Some(Answer::CannotTell) => "?",
        None => "-",
    }
}

/// Why, each reason once, with the files that it is about.
fn reasons(row: &DriverRow) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for verdict in [&row.server, &row.client].into_iter().flatten() {
        let (Some(why), Some(file)) = (verdict.why.as_deref(), verdict.file.as_deref()) else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, files)) if files.contains(&file) => {}
            Some((_, files)) => files.push(file),
            None => reasons.push((why, vec![file])),
        }
    }
    reasons.into_iter().map(|(why, files)| harmless(&format!("{} ({})", why, files.join(", ")))).collect()
}

/// What has to be done or set beside the files.
fn remarks(rows: &[DriverRow]) -> String {
    let mut out = String::new();
    let needs: Vec<&str> = rows.iter().filter_map(|row| row.needs.as_deref()).collect();
    if !needs.is_empty() {
        out.push_str("pgJDBC reads no PEM key; one of these first, for PKCS#8 or for PKCS#12:\n");
        needs.into_iter().for_each(|command| {
            let command = harmless(command);
            let _ = match command.rsplit_once(" -out ").filter(|_| command.chars().count() + 2 > WIDTH) {
                Some((begin, file)) => writeln!(out, "  {begin} \\\n    -out {file}"),
                None => writeln!(out, "  {command}"),
            };
        });
    }
    if let Some(depth) = rows.iter().find_map(|row| row.lua_ssl_verify_depth) {
        let _ = writeln!(out, "Kong: lua_ssl_verify_depth = {depth} or more; it compares no host name");
    }
    out
}

/// How many connect and which do not; `None` where it cannot be said of each, or where none does.
pub(super) fn summary(rows: &[DriverRow]) -> Option<String> {
    let connecting: Vec<bool> = rows.iter().map(DriverRow::connects).collect::<Option<_>>()?;
    let count = connecting.iter().filter(|connects| **connects).count();
    if count == 0 {
        return None;
    }
    let mut not: Vec<(&str, usize)> = Vec::new();
    for (row, _) in rows.iter().zip(&connecting).filter(|(_, connects)| !**connects) {
        let family = row.driver.family();
        match not.iter_mut().find(|(known, _)| *known == family) {
            Some((_, count)) => *count += 1,
            None => not.push((family, 1)),
        }
    }
    let shown: Vec<String> = not
        .into_iter()
        .map(|(family, count)| if count > 1 { format!("{family} ({count})") } else { family.to_owned() })
        .collect();
    let but = if shown.is_empty() { String::new() } else { format!("; not {}", shown.join(", ")) };
    Some(format!("{count} of {} clients connect{but}", rows.len()))
}
