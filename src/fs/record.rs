//! The commit record of an existing directory, and what killed runs leave behind: carrying a change out, finishing one
//! that is found, sweeping away one that was never recorded.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, FlockOperation, OFlags, Stat, flock, fstat, fsync, openat, renameat, statat, unlinkat,
};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::geteuid;

use crate::fs::adding;
use crate::fs::error::{Action, FsError};
use crate::fs::read::{EntryKind, entries, entries_if};
use crate::fs::removal::{self, REMOVALS};
use crate::fs::revoked::{Part, open_or_make, stopped_at};

/// The folder of a recorded change: that it has this name says that all in it is complete, durable and to be moved up.
pub(super) const RECORD: &str = ".pgtls-commit";
/// How the name of the folder begins that holds a change to an existing directory which is not recorded yet.
pub(super) const STAGING: &str = ".pgtls-staging-";
/// What all hidden names of ours have in them.
const OURS: &str = ".pgtls-";
/// What follows `.NAME` in the name of the hidden folder that is to become the new directory `NAME`.
const SIBLING: &str = ".pgtls-new-";
/// A name of 255 bytes has to leave room for the rest of the folder's.
const SIBLING_NAME_BYTES: usize = 200;

/// Whether an entry is a folder of our own unfinished work, which is no part of what a directory holds.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with('.') && name.contains(OURS)
}

/// Whether a folder has a name that a run gives to one: `prefix`, its process number and a number. Only such a one may be
/// removed; `.NAME.pgtls-backup` can be the user's own.
fn is_of_a_run(name: &str, prefix: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = name.strip_prefix(prefix).and_then(|numbers| numbers.split_once('-'));
    numbers.is_some_and(|(process, number)| is_number(process) && is_number(number))
}

/// How the name of the hidden folder begins that is to become the new directory `name`.
pub(super) fn sibling_prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    match name.to_str() {
        Some(text) => prefix.push(&text[..text.floor_char_boundary(SIBLING_NAME_BYTES)]),
        None => prefix.push(name),
    }
    prefix.push(SIBLING);
    prefix
}

/// Opens a folder inside `directory`, never through a link.
pub(super) fn open_inside(directory: impl AsFd, name: impl AsRef<OsStr>) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let (directory, name) = (directory.as_fd(), name.as_ref());
    retry_on_intr(|| openat(directory, name, flags, rustix::fs::Mode::empty()))
}

/// The same, where the folder is the caller's own or root's; `None` where it is another user's. In a directory that
/// everybody may write to, anybody can make a folder of any name and put into it what they like.
pub(super) fn open_own(directory: impl AsFd, name: &str) -> Result<Option<OwnedFd>, Errno> {
    let directory = directory.as_fd();
    match open_inside(directory, name) {
        Ok(folder) => Ok(is_own(&fstat(&folder)?).then_some(folder)),
        Err(Errno::ACCESS) if !is_own(&statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?) => Ok(None),
        Err(errno) => Err(errno),
    }
}

pub(super) fn is_own(stat: &Stat) -> bool {
    stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()
}

/// Makes the names in a directory durable. A file system that cannot (some network and FUSE ones) says so with one of
/// three errors, and has no better way.
pub(super) fn sync_directory(directory: impl AsFd) -> Result<(), Errno> {
    match retry_on_intr(|| fsync(directory.as_fd())) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(()),
        result => result,
    }
}

/// Moves the files of a recorded change to their places, removes what it removes, and takes the record away.
///
/// The record is made durable first, for a file moved by a change that a power cut then forgets would be half a change.
/// A rename replaces a link that has the name of a file, and never follows it. Removals come last: what takes a file's
/// place is there before the file goes.
pub(super) fn carry_out<'n>(
    directory: impl AsFd,
    record: impl AsFd,
    stored: impl IntoIterator<Item = &'n str>,
) -> Result<(), Errno> {
    let (directory, record) = (directory.as_fd(), record.as_fd());
    sync_directory(directory)?;
    let stored: Vec<_> = stored.into_iter().collect();
    let mut files: Vec<_> = stored.iter().filter_map(|name| Part::of_stored(name)).collect();
    files.sort_by_key(|(_, name)| moving_order(name));
    let into_folder = files.iter().any(|(part, _)| *part == Part::Revoked);
    let folder = into_folder.then(|| open_or_make(directory)).transpose()?;
    for (part, name) in files {
        match &folder {
            Some(folder) if part == Part::Revoked => renameat(record, part.stored(name), folder, name)?,
            _ => renameat(record, name, directory, name)?,
        }
    }
    if let Some(folder) = folder {
        sync_directory(&folder)?;
    }
    if stored.contains(&REMOVALS) {
        removal::carry_out(directory, record)?;
    }
    unlinkat(directory, RECORD, AtFlags::REMOVEDIR)?;
    sync_directory(directory)
}

/// Puts `X.key` directly before `X.crt`: a changed pair is mixed, for readers that know no record, between two renames.
/// The index of a CA goes before all, so that it lists every certificate that such a reader sees, and before it its
/// attributes, without which `openssl ca` may not read it.
fn moving_order(name: &str) -> (bool, &str, u8, &str) {
    let is_of_index = name.ends_with(".index") || name.ends_with(".index.attr");
    match name.rsplit_once('.') {
        Some(("", _)) | None => (true, name, 3, ""),
        Some((index, "attr")) if is_of_index => (false, index.trim_end_matches(".index"), 0, "attr"),
        Some((stem, "index")) => (false, stem, 1, "index"),
        Some((stem, "key")) => (true, stem, 0, "key"),
        Some((stem, "crt")) => (true, stem, 1, "crt"),
        Some((stem, other)) => (true, stem, 2, other),
    }
}

/// Finishes a recorded change that is found in `directory`, and removes changes that never were recorded. The caller
/// holds the lock, so nobody is at work on them. A record of another user (not root) is no change but an error.
pub(super) fn recover(directory: BorrowedFd<'_>, path: &Path) -> Result<(), FsError> {
    let found = entries_if(directory, is_ours).map_err(|errno| FsError::new(Action::Read, path, errno))?;
    adding::recover(directory, path, &found)?;
    for (name, entry) in &found {
        if entry.kind != EntryKind::Directory {
            continue;
        }
        if name == RECORD {
            if !finish(directory).map_err(|errno| stopped_at(directory, path, errno))? {
                return Err(FsError::ForeignRecord { path: path.join(RECORD) });
            }
        } else if is_of_a_run(name, STAGING) {
            remove_folder(directory, name);
        }
    }
    Ok(())
}

/// `false` where the record is another user's, and left alone.
fn finish(directory: BorrowedFd<'_>) -> Result<bool, Errno> {
    let Some(record) = open_own(directory, RECORD)? else {
        return Ok(false);
    };
    let recorded = entries(record.as_fd())?;
    carry_out(directory, &record, recorded.keys().map(String::as_str))?;
    Ok(true)
}

/// Removes what killed runs left behind in `parent` on their way to the new directory `name`.
///
/// A run that lives holds the lock of its folder, so a folder whose lock is free is nobody's. It may have become the
/// directory itself between being listed and being locked, hence the second look at its name.
pub(super) fn sweep_siblings(parent: BorrowedFd<'_>, name: &OsStr) {
    let prefix = sibling_prefix(name);
    // A name that is not UTF-8 is not listed.
    let Some(prefix) = prefix.to_str() else { return };
    let Ok(found) = entries_if(parent, |stale| is_of_a_run(stale, prefix)) else {
        return;
    };
    for (stale, entry) in found {
        if entry.kind != EntryKind::Directory {
            continue;
        }
        let Ok(folder) = open_inside(parent, &stale) else {
            continue;
        };
        if flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() && is_at(&folder, parent, &stale)
        {
            remove_folder(parent, &stale);
        }
    }
}

/// Whether `folder` still is what `name` in `parent` leads to.
fn is_at(folder: &OwnedFd, parent: BorrowedFd<'_>, name: &str) -> bool {
    match (fstat(folder), statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)) {
        (Ok(held), Ok(named)) => (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino),
        _ => false,
    }
}

/// Removes a folder of ours with the files in it, as far as it can be: what another user left stays, hidden and in
/// nobody's way, rather than making every later run fail.
fn remove_folder(base: BorrowedFd<'_>, name: &str) {
    let Ok(Some(folder)) = open_own(base, name) else {
        return;
    };
    if let Ok(found) = entries(folder.as_fd()) {
        for file in found.keys() {
            let _ = unlinkat(&folder, file.as_str(), AtFlags::empty());
        }
    }
    let _ = unlinkat(base, name, AtFlags::REMOVEDIR);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_moves_directly_before_its_certificate_and_an_index_before_both() {
        let mut names = [
            "chain.crt",
            "server.db2.crt",
            "server.crt",
            "client.key",
            "root.crl",
            "client.crt",
            "server.key",
            "root.crt",
            "server.db2.key",
            "README",
            "root.index",
            "root.index.attr",
        ];
        names.sort_by_key(|name| moving_order(name));
        let after = |key| names.iter().skip_while(|name| **name != key).nth(1).copied();
        assert_eq!(after("client.key"), Some("client.crt"));
        assert_eq!(after("server.key"), Some("server.crt"));
        assert_eq!(after("server.db2.key"), Some("server.db2.crt"));
        assert_eq!(names[..2], ["root.index.attr", "root.index"], "before what they list");
    }
}
