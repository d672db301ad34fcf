//! The files that a change removes: a list in its record, for the next writer to go by if this one is killed, and for
//! readers to leave out.

use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::{Errno, read, retry_on_intr};

use crate::fs::read::is_entry;
use crate::fs::record::is_ours;

/// The list, in the record.
pub(super) const REMOVALS: &str = ".pgtls-removals";

/// The text of a list. Every name ends with a zero byte, which none has in it.
pub(super) fn to_text<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<u8> {
    names.into_iter().flat_map(|name| [name.as_bytes(), b"\0"].concat()).collect()
}

/// What the list in a record says; empty where there is none.
pub(super) fn listed(record: BorrowedFd<'_>) -> Result<BTreeSet<String>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match retry_on_intr(|| openat(record, REMOVALS, flags, Mode::empty())) {
        Err(Errno::NOENT) => return Ok(BTreeSet::new()),
        file => file?,
    };
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match retry_on_intr(|| read(&file, &mut buffer[..]))? {
            0 => break,
            length => text.extend_from_slice(&buffer[..length]),
        }
    }
    let names = text.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
    // None of ours is anywhere but in the directory, or hidden.
    let is_removable =
        |name: &&str| !name.is_empty() && is_entry(name) && !name.contains('/') && !is_ours(name);
    Ok(names.filter(is_removable).map(str::to_owned).collect())
}

/// Removes what the list says from the directory, and then the list. What is gone already was removed by a run that was
/// killed since.
pub(super) fn carry_out(directory: BorrowedFd<'_>, record: BorrowedFd<'_>) -> Result<(), Errno> {
    for name in listed(record)? {
        unlink(directory, &name)?;
    }
    unlink(record, REMOVALS)
}

fn unlink(directory: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        result => result,
    }
}
