//! What differs between two indexes of a CA.

use super::{Difference, DifferenceKind, Field};
use crate::index::{Index, Line};
use crate::verify::Exhibit;

/// How two indexes differ; `None` where both say the same, or one of the files is none.
pub(super) fn difference(one: &Exhibit, other: &Exhibit) -> Option<Difference> {
    let (one, other) = (one.issued.as_ref()?, other.issued.as_ref()?);
    let says_the_same = |pair: (&Line, &Line)| said(pair.0) == said(pair.1);
    let is_one_length = one.lines().len() == other.lines().len();
    if is_one_length && one.lines().iter().zip(other.lines()).all(says_the_same) {
        return None;
    }
    let mut difference = Difference::new(DifferenceKind::IndexChanged, "another index of the CA");
    let field = |field, this: usize, against: usize| {
        (this != against).then(|| Field { field, this: this.to_string(), against: against.to_string() })
    };
    difference.fields = [
        field("certificates", one.lines().len(), other.lines().len()),
        field("revoked", revoked(one).count(), revoked(other).count()),
    ]
    .into_iter()
    .flatten()
    .collect();
    difference.revoked_only_in_this = revoked_alone(one, other);
    difference.revoked_only_in_against = revoked_alone(other, one);
    let listed = [listed_alone(one, other, "here"), listed_alone(other, one, "there")];
    let listed: Vec<String> = listed.into_iter().flatten().collect();
    difference.detail = match listed.is_empty() {
        false => Some(listed.join(" ")),
        true if difference.revoked_only_in_this.is_empty()
            && difference.revoked_only_in_against.is_empty() =>
        {
            Some("They list the same certificates; their order, or what is said of one, differs.".to_owned())
        }
        true => None,
    };
    Some(difference)
}

/// What an index is, in a few words.
pub(super) fn described(exhibit: &Exhibit) -> Option<String> {
    let lines = exhibit.issued.as_ref()?.lines().len();
    Some(format!("the index of a CA, of {lines} certificate{}", if lines == 1 { "" } else { "s" }))
}

/// What a line says, however it is written.
fn said(line: &Line) -> impl PartialEq + '_ {
    (line.status, line.not_after, line.revoked, &line.serial, line.file(), &line.subject)
}

fn revoked(index: &Index) -> impl Iterator<Item = &Line> {
    index.lines().iter().filter(|line| line.revoked.is_some())
}

fn revoked_alone(own: &Index, other: &Index) -> Vec<String> {
    let is_alone = |line: &&Line| other.line_of(&line.serial).is_none_or(|line| line.revoked.is_none());
    revoked(own).filter(is_alone).map(Line::serial_hex).collect()
}

/// `Listed here alone: 0A /CN=alice, and 3 more.`
fn listed_alone(own: &Index, other: &Index, place: &str) -> Option<String> {
    let mut alone = own.lines().iter().filter(|line| other.line_of(&line.serial).is_none());
    let first = alone.next()?;
    let more = match alone.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Some(format!("Listed {place} alone: {} {}{more}.", first.serial_hex(), first.subject))
}
