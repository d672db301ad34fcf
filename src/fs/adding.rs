//! Many new files in an existing directory, some thousands at a time: written where they are to be, for a rename of each
//! would cost as much again as making it.
//!
//! What a killed run leaves is told by a journal that is there before the first of them: it names every file with its
//! length, and which belong together. Of a key and its certificate both are there whole, or neither counts: readers do not
//! see them, and the next writer removes what there is of them. No file existed before, so nothing is lost by that.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, FileType, fdatasync, fstat, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};

use crate::fs::error::{Action, FsError};
use crate::fs::read::{Entry, EntryKind, Links, read_entry};
use crate::fs::record::{is_own, sync_directory};
use crate::fs::set::{FileEntry, Mode};
use crate::fs::target::{Place, Target};
use crate::fs::write::{Birth, create, sync_all, write_whole};

/// The journal. There is one at a time, for who adds holds the lock.
pub(super) const JOURNAL: &str = ".pgtls-adding";

/// A file that is named in a journal.
struct Added {
    name: String,
    length: u64,
}

impl Target {
    /// Adds sets of new files to the directory; the files of a set belong together. When it returns they are durable.
    ///
    /// # Errors
    /// [`FsError::BadName`] for one that cannot be there; [`FsError::NoSpace`], [`FsError::ChangeOwner`] or
    /// [`FsError::Io`], also for one that exists, when the system refuses. Nothing is left behind in any case.
    pub fn add<const N: usize>(&self, sets: &[[(String, FileEntry); N]]) -> Result<(), FsError> {
        let all = || sets.iter().flatten();
        self.refuse_bad_names(all().map(|(name, _)| name.as_str()))?;
        let Place::Existing(directory) = &self.place else {
            return Err(FsError::new(Action::Create, self.path(), Errno::NOENT));
        };
        let directory = directory.as_fd();
        let mut birth = begin(directory, sets).map_err(|errno| match errno {
            Errno::EXIST => FsError::RecordInTheWay { path: self.path().join(JOURNAL) },
            errno => FsError::new(Action::Create, self.path().join(JOURNAL), errno),
        })?;
        let mut made = Vec::with_capacity(sets.len() * N);
        let written = all().try_for_each(|(name, entry)| {
            birth.write(directory, name, entry, self.path(), || made.push(name.as_str()))
        });
        let synced = written.and_then(|()| {
            sync_all(directory, all().map(|(name, _)| name.as_str()))
                .map_err(|errno| FsError::new(Action::Sync, self.path(), errno))
        });
        if synced.is_err() {
            for name in made {
                let _ = unlinkat(directory, name, AtFlags::empty());
            }
        }
        let _ = unlinkat(directory, JOURNAL, AtFlags::empty());
        synced
    }
}

/// Writes the journal, which is durable when this returns.
fn begin<const N: usize>(
    directory: BorrowedFd<'_>,
    sets: &[[(String, FileEntry); N]],
) -> Result<Birth, Errno> {
    let mut text = Vec::new();
    for set in sets {
        for (name, entry) in set {
            text.extend_from_slice(format!("{} {name}\0", entry.contents.len()).as_bytes());
        }
        text.push(0);
    }
    let file = create(directory, JOURNAL, Mode::SECRET)?;
    let written = write_whole(&file, &text).and_then(|()| {
        match retry_on_intr(|| fdatasync(&file)) {
            // Not every file system can.
            Err(Errno::INVAL) => {}
            result => result?,
        }
        sync_directory(directory)?;
        fstat(&file)
    });
    match written {
        Ok(born) => Ok(Birth::new(born.st_mode & 0o600 != 0o600)),
        Err(errno) => {
            let _ = unlinkat(directory, JOURNAL, AtFlags::empty());
            Err(errno)
        }
    }
}

/// Takes those files out of a listing that are being added, or were by a run that was killed, and are not whole.
pub(super) fn hide_unfinished(directory: BorrowedFd<'_>, entries: &mut BTreeMap<String, Entry>) {
    if !entries.contains_key(JOURNAL) {
        return;
    }
    for set in sets_of(directory) {
        if !is_whole(directory, &set) {
            for file in set {
                entries.remove(&file.name);
            }
        }
    }
}

/// Removes what a killed run left unfinished, and its journal. The caller holds the lock.
pub(super) fn recover(directory: BorrowedFd<'_>, entries: &BTreeMap<String, Entry>) {
    if entries.get(JOURNAL).is_none_or(|entry| entry.kind != EntryKind::File) {
        return;
    }
    for set in sets_of(directory) {
        if !is_whole(directory, &set) {
            for file in set {
                let _ = unlinkat(directory, file.name.as_str(), AtFlags::empty());
            }
        }
    }
    let _ = unlinkat(directory, JOURNAL, AtFlags::empty());
}

/// Whether every file of a set is there in its whole length, or longer: nobody but its user made it that.
fn is_whole(directory: BorrowedFd<'_>, set: &[Added]) -> bool {
    set.iter().all(|file| {
        let found = statat(directory, file.name.as_str(), AtFlags::SYMLINK_NOFOLLOW);
        found.is_ok_and(|found| {
            let is_file = FileType::from_raw_mode(found.st_mode).is_file();
            !is_file || u64::try_from(found.st_size).is_ok_and(|size| size >= file.length)
        })
    })
}

/// What a journal says; nothing where it was not written to its end, for no file was made by then, and nothing of another
/// user's, who could have put any name into it.
fn sets_of(directory: BorrowedFd<'_>) -> Vec<Vec<Added>> {
    let is_trusted = statat(directory, JOURNAL, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|found| is_own(&found));
    let entry = read_entry(directory, JOURNAL, Links::Refuse, JOURNAL.as_ref());
    let Some(entry) = entry.ok().flatten().filter(|_| is_trusted) else { return Vec::new() };
    let Some(text) = entry.contents.strip_suffix(b"\0\0") else { return Vec::new() };
    let (mut sets, mut set) = (Vec::new(), Vec::new());
    for item in text.split(|byte| *byte == 0).chain([&[][..]]) {
        let item = std::str::from_utf8(item).unwrap_or_default();
        match item.split_once(' ').and_then(|(length, name)| Some((length.parse().ok()?, name))) {
            // None of ours is anywhere but in the directory.
            Some((length, name)) if !name.contains('/') => set.push(Added { name: name.to_owned(), length }),
            _ => sets.push(std::mem::take(&mut set)),
        }
    }
    sets
}
