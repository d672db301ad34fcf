//! Whom a CA revoked, by everything that says so: its index, and the lists that it signed before. A revocation that one
//! of them alone knows is not lost.

use super::{Index, Line};
use crate::x509::{Revocation, RevocationList, RevocationReason, serial_order};
use std::cmp::Ordering;
use std::iter::Peekable;

/// Whom a CA revoked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllRevoked<'a> {
    /// Everybody once, by serial number: as the index has it, else as the first of the lists that names it.
    pub all: Vec<Revocation<'a>>,
    /// Of these who is in the index, and not revoked there.
    pub unmarked: Vec<Revocation<'a>>,
}

/// Puts together what an index and lists of one CA say. It goes through them side by side, for there may be very many.
#[must_use]
pub fn all_revoked<'a>(index: Option<&'a Index>, lists: &[&'a RevocationList]) -> AllRevoked<'a> {
    let mut listed: Vec<Revocation<'a>> = Vec::new();
    for list in lists {
        listed = match listed.is_empty() {
            true => of_list(list).collect(),
            false => merged(listed, of_list(list)),
        };
    }
    let Some(index) = index else { return AllRevoked { all: listed, unmarked: Vec::new() } };
    let mut found = AllRevoked { all: Vec::with_capacity(listed.len()), unmarked: Vec::new() };
    let mut listed = listed.into_iter().peekable();
    for line in index.lines_by_serial() {
        while let Some(entry) = next_before(&mut listed, &line.serial) {
            found.all.push(entry);
        }
        let entry = listed.next_if(|entry| *entry.serial == *line.serial);
        match (of_line(line), entry) {
            // OpenSSL has no word in an index for two of the reasons.
            (Some(revoked), Some(entry)) if revoked.reason.is_none() && revoked.instant == entry.instant => {
                found.all.push(entry);
            }
            // Its serial number as the list has it, which lies beside the others.
            (Some(revoked), Some(Revocation { serial, .. })) => {
                found.all.push(Revocation { serial, ..revoked })
            }
            (Some(revoked), None) => found.all.push(revoked),
            (None, Some(entry)) => {
                found.all.push(entry);
                found.unmarked.push(entry);
            }
            (None, None) => {}
        }
    }
    found.all.extend(listed);
    found
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
