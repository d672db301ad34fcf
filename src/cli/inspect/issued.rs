//! What each CA issued, as text: two or three lines for each certificate, or one.

use super::life::{end, left, tone};
use crate::cli::look::{Look, Tone, columns, padded};
use crate::cli::words::harmless;
use crate::show::{Issued, IssuedBy, IssuedSource, IssuedStatus, RevokedLine};
use crate::x509::format_instant;

/// Status, end, what is left, file, subject, serial number, since when it is revoked, why, index: what a narrow terminal
/// cuts off is asked for least.
type Row = [String; 9];
/// `revoked` and `expired` are as wide, and two spaces follow.
const BEFORE: usize = 2 + 7 + 2;

/// All of it, under a headline for each CA.
pub(super) fn text(lists: &[IssuedBy], look: &Look) -> String {
    if lists.is_empty() {
        return "no index is here, and no CA that issued what is here\n".to_owned();
    }
    let all: Vec<String> = lists.iter().map(|list| of_ca(list, look)).collect();
    all.join("\n")
}

fn of_ca(list: &IssuedBy, look: &Look) -> String {
    let file = list.index.as_deref().map_or_else(|| "index of the CA".to_owned(), harmless);
    let issuer = list
        .issuer
        .as_ref()
        .map_or_else(|| "a CA that is not here".to_owned(), |issuer| harmless(&issuer.to_string()));
    let issued = count(list);
    let mut out = match list.source {
        IssuedSource::CertificatesForUnreadableIndex if list.issuer.is_none() => {
            format!("{file} cannot be read, and its CA is not here")
        }
        IssuedSource::Index => look.cut(&format!("{file}: {issued} issued by {issuer}"), look.width()),
        source => {
            let why = if source == IssuedSource::Certificates {
                format!("no {file} is here")
            } else {
                format!("{file} cannot be read")
            };
            let second = look.cut(&format!("{issued} issued by {issuer}"), look.width());
            format!(
                "{}\n{second}",
                look.cut(&format!("{why}; rebuilt from what is here, it would list"), look.width())
            )
        }
    };
    out.push('\n');
    let width = list.issued.iter().map(|issued| columns(&issued.serial_digits)).max().unwrap_or_default();
    if width > 0 {
        out.push('\n');
    }
    for issued in &list.issued {
        certificate(issued, width, look, &mut out);
    }
    out
}

/// `3 certificates (1 revoked, 1 expired)`.
fn count(list: &IssuedBy) -> String {
    let all = list.issued.len();
    let of = |status| list.issued.iter().filter(|issued| issued.status == status).count();
    let parts = [(of(IssuedStatus::Revoked), "revoked"), (of(IssuedStatus::Expired), "expired")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let more = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    format!("{all} {}{more}", if all == 1 { "certificate" } else { "certificates" })
}

fn certificate(issued: &Issued, width: usize, look: &Look, out: &mut String) {
    let (word, status_tone) = word(issued);
    let subject = harmless(&issued.subject);
    let room = look.width().saturating_sub(BEFORE).max(1);
    let first = look.cut(&format!("{}  {subject}", padded(&issued.serial_digits, width)), room);
    out.push_str(&format!("  {}  {first}\n", look.toned(status_tone, &padded(word, 7))));
    let file = issued.file.as_deref().map_or_else(|| "-".to_owned(), harmless);
    let ends = format!("until {}, {}", end(&issued.life), left(&issued.life));
    let second = look.cut(&format!("{ends}  {file}"), room);
    out.push_str(&format!("{:BEFORE$}{second}\n", ""));
    if let Some(revoked) = &issued.revoked {
        out.push_str(&format!("{:BEFORE$}{}\n", "", look.cut(&since(revoked), room)));
    }
}

/// `revoked 2026-12-01T12:00:00Z, keyCompromise`.
fn since(revoked: &RevokedLine) -> String {
    let reason = revoked.reason.as_deref().map(|reason| format!(", {reason}")).unwrap_or_default();
    format!("revoked {}{reason}", format_instant(revoked.since))
}

fn word(issued: &Issued) -> (&'static str, Tone) {
    match issued.status {
        IssuedStatus::Valid => ("valid", tone(&issued.life)),
        IssuedStatus::Revoked => ("revoked", Tone::Bad),
        IssuedStatus::Expired => ("expired", Tone::Bad),
    }
}

/// A line for each certificate: columns on a terminal, tabs where another program reads.
pub(super) fn rows(lists: &[IssuedBy], look: &Look) -> String {
    let rows: Vec<Row> = lists
        .iter()
        .flat_map(|list| {
            list.issued.iter().map(|issued| row(list.index.as_deref().unwrap_or_default(), issued))
        })
        .collect();
    let mut widths = [0; 9];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = columns(cell).max(*width);
        }
    }
    let line = |row: &Row| match look.terminal {
        None => row.join("\t"),
        Some(_) => {
            let cells: Vec<String> =
                row.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
            look.cut(cells.join("  ").trim_end(), look.width())
        }
    };
    rows.iter().map(|row| line(row) + "\n").collect()
}

fn row(index: &str, issued: &Issued) -> Row {
    let since = issued.revoked.as_ref().map(|revoked| format_instant(revoked.since)).unwrap_or_default();
    let reason = issued.revoked.as_ref().and_then(|revoked| revoked.reason.clone()).unwrap_or_default();
    [
        word(issued).0.to_owned(),
        end(&issued.life),
        left(&issued.life),
        issued.file.as_deref().map_or_else(|| "-".to_owned(), harmless),
        harmless(&issued.subject),
        issued.serial_digits.clone(),
        since,
        reason,
        harmless(index),
    ]
}
