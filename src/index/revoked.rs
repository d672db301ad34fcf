//! Whom a CA revoked, by everything that says so: its index, and the lists that it signed before. A revocation that one
//! of them alone knows is not lost.

use super::order::Key;
use super::{Index, Line, Status};
use crate::x509::{Revocation, RevocationList, RevocationReason, serial_order};
use std::cmp::Ordering;
use std::iter::Peekable;

/// How index and lists of a CA stand to each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey<'a> {
    /// How many are revoked, by the one or the others.
    pub count: usize,
    /// Everybody on the lists once, by serial number.
    pub listed: Vec<Revocation<'a>>,
    /// Of these who is in the index, and not revoked there.
    pub unmarked: Vec<Revocation<'a>>,
}

/// Looks through an index and lists of one CA, side by side, for there may be very many.
#[must_use]
pub fn survey<'a>(index: Option<&'a Index>, lists: &[&'a RevocationList]) -> Survey<'a> {
    let listed = listed(lists);
    let Some(index) = index else { return Survey { count: listed.len(), listed, unmarked: Vec::new() } };
    let (mut count, mut unmarked) = (0, Vec::new());
    for line in index.lines() {
        if line.status == Status::Revoked {
            count += 1;
        } else if let Ok(at) = listed.binary_search_by(|entry| serial_order(entry.serial, &line.serial)) {
            unmarked.extend(listed.get(at).copied());
        }
    }
    let unknown = {
        let mut keys = index.keys.iter().peekable();
        let is_unknown = |entry: &&Revocation<'_>| {
            let own = Key::of(entry.serial, 0);
            let order = |key: &Key| key.order(index.lines(), entry.serial, own);
            while keys.next_if(|key| order(key).is_lt()).is_some() {}
            keys.next_if(|key| order(key).is_eq()).is_none()
        };
        listed.iter().filter(is_unknown).count()
    };
    Survey { count: count + unmarked.len() + unknown, listed, unmarked }
}

/// Everybody whom a CA revoked, once, by serial number: as its index has it, else as the first of the lists that names it.
/// One after the other, for all of them at once take much room; in two parts, of which each can be gone through while the
/// other is.
pub fn all_revoked<'a>(
    index: Option<&'a Index>,
    lists: &[&'a RevocationList],
) -> [impl Iterator<Item = Revocation<'a>> + Send + use<'a>; 2] {
    let middle = index.map_or(0, |index| index.keys.len() / 2);
    let keys = index.map(|index| index.keys.split_at(middle)).unwrap_or_default();
    // Whom lists alone know goes into the part of those who are near.
    let bound = keys.1.first().and_then(|key| index?.lines.get(key.place())).map(|line| &*line.serial);
    let is_before =
        move |entry: &Revocation<'_>| bound.is_none_or(|bound| serial_order(entry.serial, bound).is_lt());
    let (before, behind) = match lists {
        [one] => (
            Box::new(of_list(one).take_while(is_before)) as Listed<'a>,
            Box::new(of_list(one).skip_while(is_before)) as Listed<'a>,
        ),
        several => {
            let mut before = listed(several);
            let behind = before.split_off(before.partition_point(is_before));
            (Box::new(before.into_iter()) as Listed<'a>, Box::new(behind.into_iter()) as Listed<'a>)
        }
    };
    [both_of(index, keys.0, before), both_of(index, keys.1, behind)]
}

/// What lists say, by serial number.
type Listed<'a> = Box<dyn Iterator<Item = Revocation<'a>> + Send + 'a>;

/// Everybody who is revoked, by these keys of the index and by lists.
fn both_of<'a>(
    index: Option<&'a Index>,
    keys: &'a [Key],
    listed: Listed<'a>,
) -> impl Iterator<Item = Revocation<'a>> + Send + use<'a> {
    let mut listed = listed.peekable();
    let lines = index.map_or(&[][..], Index::lines);
    let mut keys = in_order(lines, keys).peekable();
    std::iter::from_fn(move || {
        loop {
            let Some((key, _)) = keys.peek() else { return listed.next() };
            let order =
                |entry: &Revocation<'_>| key.order(lines, entry.serial, Key::of(entry.serial, 0)).reverse();
            if let Some(entry) = listed.next_if(|entry| order(entry).is_lt()) {
                return Some(entry);
            }
            let entry = listed.next_if(|entry| order(entry).is_eq());
            let own = keys.next().and_then(|(_, own)| own);
            let revoked = match (own, entry) {
                // OpenSSL has no word in an index for two of the reasons.
                (Some(own), Some(entry)) if own.reason.is_none() && own.instant == entry.instant => {
                    Some(entry)
                }
                // Its serial number as the list has it, which lies beside the others.
                (Some(own), Some(Revocation { serial, .. })) => Some(Revocation { serial, ..own }),
                (own, entry) => own.or(entry),
            };
            if revoked.is_some() {
                return revoked;
            }
        }
    })
}

/// The lines of these keys, with what they revoke. They lie all over the memory: many are fetched at once, so that the
/// processor waits for all of them together and not for each.
fn in_order<'a>(lines: &'a [Line], keys: &'a [Key]) -> impl Iterator<Item = (Key, Option<Revocation<'a>>)> {
    const AT_ONCE: usize = 64;
    keys.chunks(AT_ONCE).flat_map(|keys| {
        let mut fetched = [None; AT_ONCE];
        for (room, key) in fetched.iter_mut().zip(keys) {
            *room = lines.get(key.place()).and_then(of_line);
        }
        keys.iter().copied().zip(fetched)
    })
}

/// How many a list revokes.
#[must_use]
pub fn count_revoked(list: &RevocationList) -> usize {
    of_list(list).count()
}

impl Index {
    /// The first line by serial number that is revoked, and that a list does not name.
    #[must_use]
    pub fn missing_from(&self, list: &RevocationList) -> Option<&Line> {
        let mut listed = list.revocations().peekable();
        self.keys.iter().find_map(|key| {
            let order = |entry: &Revocation<'_>| {
                key.order(&self.lines, entry.serial, Key::of(entry.serial, 0)).reverse()
            };
            while listed.next_if(|entry| order(entry).is_lt()).is_some() {}
            if listed.peek().is_some_and(|entry| order(entry).is_eq()) {
                return None;
            }
            self.lines.get(key.place()).filter(|line| line.status == Status::Revoked)
        })
    }
}

/// Everybody on these lists once, by serial number.
fn listed<'a>(lists: &[&'a RevocationList]) -> Vec<Revocation<'a>> {
    let mut listed: Vec<Revocation<'a>> = Vec::new();
    for list in lists {
        if listed.is_empty() {
            listed.reserve_exact(list.revocations().len());
            listed.extend(of_list(list));
        } else {
            listed = merged(listed, of_list(list));
        }
    }
    listed
}

fn of_line(line: &Line) -> Option<Revocation<'_>> {
    let revoked = line.revoked?;
    Some(Revocation { serial: &line.serial, instant: revoked.at, reason: revoked.reason })
}

/// The entries that revoke, each serial number once. `removeFromCRL` takes one back.
fn of_list(list: &RevocationList) -> impl Iterator<Item = Revocation<'_>> {
    let mut last: Option<&[u8]> = None;
    list.revocations().filter(move |entry| {
        let counts = entry.reason != Some(RevocationReason::RemoveFromCrl);
        counts && last.replace(entry.serial) != Some(entry.serial)
    })
}

/// Both by serial number; of two about one the first counts.
fn merged<'a>(one: Vec<Revocation<'a>>, other: impl Iterator<Item = Revocation<'a>>) -> Vec<Revocation<'a>> {
    let mut out = Vec::with_capacity(one.len());
    let mut other = other.peekable();
    for entry in one {
        while let Some(before) = next_before(&mut other, entry.serial) {
            out.push(before);
        }
        let _same = other.next_if(|it| it.serial == entry.serial);
        out.push(entry);
    }
    out.extend(other);
    out
}

fn next_before<'a>(
    entries: &mut Peekable<impl Iterator<Item = Revocation<'a>>>,
    serial: &[u8],
) -> Option<Revocation<'a>> {
    entries.next_if(|entry| serial_order(entry.serial, serial) == Ordering::Less)
}
