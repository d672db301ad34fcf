//! A line for each thing: columns on a terminal, tabs where another program reads.

use super::life::{CELLS, bar, end, left, tone};
use crate::cli::look::{Look, columns, padded};
use crate::cli::words::harmless;
use crate::show::{
    CertificateFacts, Ending, FileFacts, Holdings, KeyFacts, Life, ListFacts, RequestFacts, Thing,
};

/// File, subject, usage, until, what is left.
type Row = [String; 5];
/// The column that is cut where a terminal is too narrow.
const SUBJECT: usize = 1;

/// What a directory holds: each certificate once, in the order of the tree.
pub(super) fn of_holdings(holdings: &Holdings, look: &Look) -> String {
    let mut rows: Vec<Row> = Vec::new();
    let mut waiting: Vec<usize> = holdings.tops().collect();
    waiting.reverse();
    while let Some(entry) = waiting.pop().and_then(|place| holdings.certificates.get(place)) {
        rows.push(certificate(&entry.file, &entry.facts));
        waiting.extend(entry.issued.iter().rev());
    }
    rows.extend(holdings.lists.iter().map(|entry| list(&entry.file, &entry.facts)));
    rows.extend(holdings.requests.iter().map(|entry| request(&entry.file, &entry.facts)));
    rows.extend(holdings.keys.iter().map(|entry| key(&entry.file, &entry.facts)));
    rows.extend(holdings.public_keys.iter().map(|entry| public_key(&entry.file, &entry.facts.key_name)));
    table(&rows, look)
}

/// What files hold, each thing in its order.
pub(super) fn of_files(files: &[FileFacts], look: &Look) -> String {
    let row = |file: &str, thing: &Thing| match thing {
        Thing::Certificate(facts) => certificate(file, facts),
        Thing::RevocationList { facts, .. } => list(file, facts),
        Thing::Request { facts, .. } => request(file, facts),
        Thing::PrivateKey { facts, .. } => key(file, facts),
        Thing::PublicKey { facts, .. } => public_key(file, &facts.key_name),
        Thing::Index { .. } => row(file, String::new(), "index", None),
    };
    let rows: Vec<Row> =
        files.iter().flat_map(|file| file.holds.iter().map(|thing| row(&file.file, thing))).collect();
    table(&rows, look)
}

/// What ends, in its order.
pub(super) fn of_endings(endings: &[Ending], look: &Look) -> String {
    let rows: Vec<Row> = endings
        .iter()
        .map(|ending| row(&ending.file, ending.subject.to_string(), ending.usage, Some(&ending.life)))
        .collect();
    table(&rows, look)
}

/// The same with bars: the end first, for that is what is asked.
pub(super) fn with_bars(endings: &[Ending], look: &Look) -> String {
    let rows: Vec<[String; 4]> = endings
        .iter()
        .map(|ending| {
            [end(&ending.life), left(&ending.life), harmless(&ending.file), ending.usage.to_owned()]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| columns(&row[column])).max().unwrap_or_default();
    let widths = [0, 1, 2, 3].map(width);
    let mut out = String::new();
    for (ending, row) in endings.iter().zip(&rows) {
        let [end, left, file, usage] = [0, 1, 2, 3].map(|at| padded(&row[at], widths[at]));
        let subject = harmless(&ending.subject.to_string());
        let before = columns(&end) + columns(&left) + CELLS + 3 * 2;
        let rest =
            look.cut(&format!("{file}  {usage}  {subject}"), look.width().saturating_sub(before).max(1));
        let left = look.toned(tone(&ending.life), &left);
        out.push_str(&format!("{end}  {}  {left}  {rest}\n", bar(&ending.life, look)));
    }
    out
}

fn row(file: &str, subject: String, usage: &str, life: Option<&Life>) -> Row {
    let (until, left) = life.map_or_else(Default::default, |life| (end(life), left(life)));
    [harmless(file), harmless(&subject), usage.to_owned(), until, left]
}

fn certificate(file: &str, facts: &CertificateFacts) -> Row {
    row(file, facts.subject.to_string(), facts.usage_word(), Some(&facts.life))
}

fn list(file: &str, facts: &ListFacts) -> Row {
    row(file, facts.issuer.to_string(), "CRL", facts.life.as_ref())
}

fn request(file: &str, facts: &RequestFacts) -> Row {
    row(file, facts.subject.to_string(), "request", None)
}

fn key(file: &str, facts: &KeyFacts) -> Row {
    row(file, facts.key_name.clone().unwrap_or_default(), "key", None)
}

fn public_key(file: &str, name: &str) -> Row {
    row(file, name.to_owned(), "public key", None)
}

fn table(rows: &[Row], look: &Look) -> String {
    let mut out = String::new();
    if look.terminal.is_none() {
        rows.iter().for_each(|row| {
            out.push_str(&row.join("\t"));
            out.push('\n');
        });
        return out;
    }
    let width = |column: usize| rows.iter().map(|row| columns(&row[column])).max().unwrap_or_default();
    let mut widths = [0, 1, 2, 3, 4].map(width);
    let others: usize = widths.iter().sum::<usize>() - widths[SUBJECT] + 4 * 2;
    widths[SUBJECT] = widths[SUBJECT].min(look.width().saturating_sub(others).max(8));
    for row in rows {
        let cells = [0, 1, 2, 3, 4].map(|at| {
            let text = if at == SUBJECT { look.cut(&row[at], widths[at]) } else { row[at].clone() };
            padded(&text, widths[at])
        });
        out.push_str(look.cut(cells.join("  ").trim_end(), look.width()).as_str());
        out.push('\n');
    }
    out
}
