//! Who still needs a CA that is to be dropped.

use crate::index::{Index, Line, Status};
use crate::pg::previous_stem;
use crate::state::{State, issued};
use crate::x509::{
    Certificate, RevocationList, RevocationReason, format_serial, serialize_instant, significant,
};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use time::OffsetDateTime;

/// A certificate that ends with the CA above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// The file that it is in; `None`: the index alone tells of it.
    pub file: Option<String>,
    /// Its serial number in hexadecimal digits.
    pub serial: String,
    /// Whom it names, as the index has it: `/O=Acme/CN=alice`.
    pub subject: String,
    /// Its last second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_after: OffsetDateTime,
}

/// Whoever needs the CA that was there before that of a stem: the unexpired and unrevoked certificates here that it issued,
/// and those lines of its index that nothing was issued in the place of.
pub(super) fn of(stem: &str, state: &State, now: OffsetDateTime) -> Vec<Need> {
    let previous_stem = previous_stem(stem);
    let Some(previous) = state.certificate(&previous_stem) else { return Vec::new() };
    let revoked = RevokedBy::of(&previous_stem, state);
    let mut needs: BTreeMap<Vec<u8>, Need> = BTreeMap::new();
    for (file, certificate) in hanging_from(previous, state) {
        let (serial, not_after) = (significant(&certificate.serial), certificate.window.not_after);
        // A CA that has ended is renewed by the one above it, and by no other.
        let is_ca = || is_ca_with_key(file, certificate, state);
        if (not_after >= now || is_ca()) && !revoked.holds(serial) {
            needs.entry(serial.to_vec()).or_insert_with(|| Need {
                file: Some(file.to_owned()),
                serial: format_serial(serial),
                subject: certificate.subject.oneline(),
                not_after,
            });
        }
    }
    let lines = state.indexes.get(&previous_stem).into_iter().flat_map(|index| index.lines());
    let books = [stem.to_owned(), previous_stem.clone()].map(|stem| {
        let index = state.indexes.get(&stem)?;
        Some((index, RevokedBy::of(&stem, state)))
    });
    let books: Vec<_> = books.into_iter().flatten().collect();
    let open = lines.filter(|line| {
        line.status == Status::Valid
            && line.not_after >= now
            && !has_good_successor(line, &books, now, MOST_RENEWALS)
            && !is_put_away(&line.serial, state)
            && !revoked.holds(&line.serial)
    });
    for line in without_successor(open, &successors(stem, state, now)) {
        needs.entry(line.serial.to_vec()).or_insert_with(|| Need {
            file: None,
            serial: line.serial_hex(),
            subject: line.subject.to_string(),
            not_after: line.not_after,
        });
    }
    let mut needs: Vec<Need> = needs.into_values().collect();
    needs.sort_by(|one, other| (&one.file, &one.subject).cmp(&(&other.file, &other.subject)));
    needs
}

/// Whether a certificate is that of a CA which can sign here.
pub(super) fn is_ca_with_key(file: &str, certificate: &Certificate, state: &State) -> bool {
    let stem = file.strip_suffix(".crt");
    let is_first = |stem: &&str| state.certificate(stem) == Some(certificate);
    certificate.ca == Some(true) && stem.filter(is_first).is_some_and(|stem| state.key(stem).is_some())
}

/// Whom a CA has revoked: by its index, and by its lists, whose signatures are checked once.
pub(super) struct RevokedBy<'s> {
    index: Option<&'s Index>,
    lists: Vec<&'s RevocationList>,
}

impl<'s> RevokedBy<'s> {
    /// What the CA of a stem has revoked.
    pub(super) fn of(stem: &str, state: &'s State) -> Self {
        let lists = state.lists_by(stem).filter(|list| !list.is_delta).collect();
        Self { index: state.indexes.get(stem), lists }
    }

    /// Whether a serial number is among them.
    pub(super) fn holds(&self, serial: &[u8]) -> bool {
        let line = self.index.and_then(|index| index.line_of(serial));
        let mut entries = self.lists.iter().filter_map(|list| list.find(serial));
        line.is_some_and(|line| line.status == Status::Revoked)
            || entries.any(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl))
    }
}

/// The certificates that are here and that a CA issued, each with a file that it is in: of several that beside its key, then
/// one in which it stands first.
pub(super) fn hanging_from<'s>(authority: &Certificate, state: &'s State) -> Vec<(&'s str, &'s Certificate)> {
    let has_key = |file: &str| file.strip_suffix(".crt").is_some_and(|stem| state.key(stem).is_some());
    let all = state.certificates.iter().flat_map(|(file, list)| {
        list.iter().enumerate().map(move |(at, certificate)| (file.as_str(), at, certificate))
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(file, at, _)| (*at > 0 || !has_key(file), *at > 0));
    let mut met = HashSet::new();
    let hanging = all.into_iter().filter(|(.., it)| it.issuer == authority.subject && met.insert(&it.der));
    let hanging = hanging.filter(|(.., it)| !it.is_own_issuer() && issued(authority, it));
    hanging.map(|(file, _, certificate)| (file, certificate)).collect()
}

/// How many renewals of renewals are followed: somebody may have written them down in a circle.
const MOST_RENEWALS: u32 = 1000;

/// Whether something that counts was issued in the place of a line's certificate: what no index here tells of does.
fn has_good_successor(
    line: &Line,
    books: &[(&Index, RevokedBy<'_>)],
    now: OffsetDateTime,
    renewals: u32,
) -> bool {
    line.replaced_by().any(|serial| {
        let told = books.iter().find_map(|(index, revoked)| Some((index.line_of_hex(serial)?, revoked)));
        told.is_none_or(|(successor, revoked)| {
            let counts = successor.status == Status::Valid && successor.not_after >= now;
            (counts && !revoked.holds(&successor.serial))
                || (renewals > 0 && has_good_successor(successor, books, now, renewals - 1))
        })
    })
}

/// Those lines of whose subject fewer were issued since. Which of them still counts nobody knows then: two holders may have
/// one name and each a key.
fn without_successor<'s>(
    lines: impl Iterator<Item = &'s Line>,
    successors: &BTreeMap<String, usize>,
) -> impl Iterator<Item = &'s Line> {
    let mut by_subject: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    lines.for_each(|line| by_subject.entry(&line.subject).or_default().push(line));
    let is_over = |subject: &str, lines: &[&Line]| {
        successors.get(subject).is_some_and(|successors| lines.len() <= *successors)
    };
    by_subject
        .into_iter()
        .filter(move |(subject, lines)| !is_over(subject, lines))
        .flat_map(|(_, lines)| lines)
}

/// How many certificates of each subject the new CA issued that count, and that did not take the place of a known one.
fn successors(stem: &str, state: &State, now: OffsetDateTime) -> BTreeMap<String, usize> {
    let indexes = [stem.to_owned(), previous_stem(stem)];
    let all = indexes.iter().filter_map(|stem| state.indexes.get(stem)).flat_map(|index| index.lines());
    let known: HashSet<&str> = all.flat_map(Line::replaced_by).collect();
    let own = state.indexes.get(stem).into_iter().flat_map(|index| index.lines());
    let counting = own.filter(|line| line.status == Status::Valid && line.not_after >= now);
    let mut new: BTreeMap<String, String> =
        counting.map(|line| (line.serial_hex(), line.subject.to_string())).collect();
    if let Some(authority) = state.certificate(stem) {
        let revoked = RevokedBy::of(stem, state);
        let here = hanging_from(authority, state).into_iter().map(|(_, certificate)| certificate);
        let counting = here.filter(|it| it.window.not_after >= now && !revoked.holds(&it.serial));
        new.extend(counting.map(|it| (format_serial(significant(&it.serial)), it.subject.oneline())));
    }
    let mut successors = BTreeMap::new();
    for (_, subject) in new.into_iter().filter(|(serial, _)| !known.contains(serial.as_str())) {
        *successors.entry(subject).or_default() += 1;
    }
    successors
}

/// Whether it is that of a CA which was dropped, and lies with what was revoked.
fn is_put_away(serial: &[u8], state: &State) -> bool {
    let ending = format!("-{}.crt", format_serial(significant(serial)));
    state.revoked.iter().any(|name| name.ends_with(&ending))
}
