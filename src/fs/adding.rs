//! Many new files in an existing directory, some thousands at a time: written where they are to be, for a rename of each
//! would cost as much again as making it.
//!
//! What a killed run leaves is told by a journal that is there before the first of them: it names every file with its
//! length, and which belong together. Of a key and its certificate both are there whole, or neither counts: readers do not
//! see them, and the next writer removes what there is of them. What does not look like a run that was cut short is its
//! user's doing by then, and stays. That length tells of contents holds where a file system orders the two, as ext4
//! (`data=ordered`), XFS, btrfs and tmpfs do.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, fchmod, fdatasync, fstat, statat, unlinkat};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::geteuid;

use crate::fs::error::{Action, FsError};
use crate::fs::read::{Entry, Links, read_entry};
use crate::fs::record::{is_own, sync_directory};
use crate::fs::set::{FileEntry, Mode};
use crate::fs::target::{Place, Target};
use crate::fs::write::{Birth, bits, create, sync_all, write_whole};

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
            birth.write(directory, name, entry, || self.path().join(name), || made.push(name.as_str()))
        });
        let synced = written.and_then(|()| {
            sync_all(directory, all().map(|(name, _)| name.as_str()))
                .map_err(|errno| FsError::new(Action::Sync, self.path(), errno))
        });
        // Where it fails the next writer clears away what stays, for the journal does.
        let kept = if synced.is_err() { made } else { Vec::new() };
        let cleared = clear(directory, kept.into_iter())
            .map_err(|errno| FsError::new(Action::Sync, self.path(), errno));
        synced.and(cleared)
    }
}

/// Takes files away, the last first, so that this too looks like a run that was cut short wherever it ends; and then the
/// journal, which stays where one of them does.
fn clear<'n>(
    directory: BorrowedFd<'_>,
    names: impl DoubleEndedIterator<Item = &'n str>,
) -> Result<(), Errno> {
    let mut gone = false;
    for name in names.rev() {
        match unlinkat(directory, name, AtFlags::empty()) {
            Ok(()) => gone = true,
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    if gone {
        sync_directory(directory)?;
    }
    match unlinkat(directory, JOURNAL, AtFlags::empty()) {
        Ok(()) => sync_directory(directory),
        Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
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
    let written = fstat(&file).and_then(|born| {
        if born.st_mode & 0o600 != 0o600 {
            fchmod(&file, bits(Mode::SECRET))?;
        }
        write_whole(&file, &text)?;
        match retry_on_intr(|| fdatasync(&file)) {
            // Not every file system can.
            Err(Errno::INVAL) => {}
            result => result?,
        }
        sync_directory(directory)?;
        Ok(born)
    });
    match written {
        Ok(born) => Ok(Birth::new(born.st_mode & 0o600 != 0o600)),
        Err(errno) => {
            let _ = unlinkat(directory, JOURNAL, AtFlags::empty());
            Err(errno)
        }
    }
}

/// Takes those files out of a listing that are being added, or were by a run that was killed, and are not whole. A journal
/// of another user's says nothing.
pub(super) fn hide_unfinished(
    directory: BorrowedFd<'_>,
    path: &Path,
    entries: &mut BTreeMap<String, Entry>,
) -> Result<(), FsError> {
    if !entries.contains_key(JOURNAL) {
        return Ok(());
    }
    for file in unfinished(directory, sets_of(directory, path)?.unwrap_or_default()) {
        entries.remove(&file.name);
    }
    Ok(())
}

/// Removes what a killed run left unfinished, and its journal. The caller holds the lock.
pub(super) fn recover(
    directory: BorrowedFd<'_>,
    path: &Path,
    entries: &BTreeMap<String, Entry>,
) -> Result<(), FsError> {
    if !entries.contains_key(JOURNAL) {
        return Ok(());
    }
    let foreign = || FsError::ForeignRecord { path: path.join(JOURNAL) };
    let files = unfinished(directory, sets_of(directory, path)?.ok_or_else(foreign)?);
    clear(directory, files.iter().map(|file| file.name.as_str()))
        .map_err(|errno| FsError::unfinished(path, errno))
}

/// A write that is cut short ends at a multiple of this.
const BLOCK_BYTES: u64 = 512;

/// The files that the run left unfinished, with the others of their sets, in the order of the journal.
///
/// It makes them in that order. A file that is missing before one that is there, or that has any length but its own or that
/// of a write which was cut short, is its user's doing, and so is all of that set: it stays, whatever there is of it.
fn unfinished(directory: BorrowedFd<'_>, sets: Vec<Vec<Added>>) -> Vec<Added> {
    // `Err` where nothing is; `None` for what is no regular file, which the run never made.
    let size = |file: &Added| {
        statat(directory, file.name.as_str(), AtFlags::SYMLINK_NOFOLLOW).map(|found| {
            let is_file = FileType::from_raw_mode(found.st_mode).is_file();
            u64::try_from(found.st_size).ok().filter(|_| is_file)
        })
    };
    let found: Vec<Vec<_>> = sets.iter().map(|set| set.iter().map(size).collect()).collect();
    let last = found.iter().rposition(|sizes| sizes.iter().any(Result::is_ok));
    let is_unfinished = |at: usize, set: &[Added]| {
        let sizes = found.get(at).map_or(&[][..], Vec::as_slice);
        let present = sizes.iter().take_while(|size| size.is_ok()).count();
        let in_order = sizes.iter().skip(present).all(Result::is_err);
        let mut is_short = false;
        let is_of_the_run = set.iter().zip(sizes).take(present).all(|(file, size)| match size {
            Ok(Some(size)) if *size == file.length => true,
            Ok(Some(size)) if *size < file.length && size.is_multiple_of(BLOCK_BYTES) => {
                is_short = true;
                true
            }
            _ => false,
        });
        let is_cut = present < set.len() && Some(at) == last;
        present > 0 && in_order && is_of_the_run && (is_short || is_cut)
    };
    let sets = sets.into_iter().enumerate().filter(|(at, set)| is_unfinished(*at, set));
    sets.flat_map(|(_, set)| set).collect()
}

/// What a journal says; nothing where it was not written to its end, for no file was made by then. `None` where it is
/// another user's, or others may write to it: they could have put any name into it.
fn sets_of(directory: BorrowedFd<'_>, path: &Path) -> Result<Option<Vec<Vec<Added>>>, FsError> {
    let found = match statat(directory, JOURNAL, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(Some(Vec::new())),
        found => found.map_err(|errno| FsError::unfinished(path, errno))?,
    };
    if !is_own(&found) || !FileType::from_raw_mode(found.st_mode).is_file() {
        return Ok(None);
    }
    let entry = match read_entry(directory, JOURNAL, Links::Refuse, &path.join(JOURNAL)) {
        Ok(Some(entry)) => entry,
        Ok(None) => return Ok(Some(Vec::new())),
        Err(FsError::Io { source, .. }) => {
            return Err(FsError::Unfinished { path: path.to_path_buf(), source });
        }
        Err(error) => return Err(error),
    };
    // Of what was opened, for another file may have taken the name since it was looked at.
    let is_ours = entry.owner.is_some_and(|owner| owner.uid == 0 || owner.uid == geteuid().as_raw());
    if !is_ours || entry.mode.bits() & 0o022 != 0 {
        return Ok(None);
    }
    let Some(text) = entry.contents.strip_suffix(b"\0\0") else { return Ok(Some(Vec::new())) };
    let (mut sets, mut set) = (Vec::new(), Vec::new());
    for item in text.split(|byte| *byte == 0).chain([&[][..]]) {
        let item = std::str::from_utf8(item).unwrap_or_default();
        match item.split_once(' ').and_then(|(length, name)| Some((length.parse().ok()?, name))) {
            // None of ours is anywhere but in the directory.
            Some((length, name)) if !name.contains('/') => set.push(Added { name: name.to_owned(), length }),
            _ => sets.push(std::mem::take(&mut set)),
        }
    }
    Ok(Some(sets))
}
