//! One new file in a directory: private from birth, never in the place of another, with its owner and mode.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode as Bits, OFlags, Uid, fchmod, fchown, fstat, fsync, openat, syncfs};
use rustix::io::{Errno, retry_on_intr, write};

use crate::fs::error::{Action, FsError};
use crate::fs::record::sync_directory;
use crate::fs::set::{FileEntry, Mode};

/// What the umask does to modes, as far as it is known by now.
#[derive(Debug)]
pub(super) struct Birth {
    /// Whether it takes bits from the owner's own, so that even `0600` has to be set.
    pub(super) umask_is_odd: bool,
    /// Whether it lets a public file be born with its mode, which spares a call for each; `None` until one was.
    umask_lets_public: Option<bool>,
}

impl Birth {
    pub(super) fn new(umask_is_odd: bool) -> Self {
        Self { umask_is_odd, umask_lets_public: None }
    }

    /// Writes a file, and calls `born` when it is there; `shown` is its path, for messages.
    ///
    /// Every file but the public ones of the caller is born 0600, and given its owner and a wider mode through its
    /// descriptor before its contents are written.
    pub(super) fn write(
        &mut self,
        directory: BorrowedFd<'_>,
        name: &str,
        entry: &FileEntry,
        shown: impl Fn() -> PathBuf,
        born: impl FnOnce(),
    ) -> Result<(), FsError> {
        let fail = |action| {
            let shown = &shown;
            move |errno| FsError::new(action, shown(), errno)
        };
        // What everybody may read needs no privacy at birth; all else is born closed, whatever it is to become.
        let public =
            entry.mode == Mode::PUBLIC && entry.owner.is_none() && self.umask_lets_public != Some(false);
        let mode = if public { Mode::PUBLIC } else { Mode::SECRET };
        let file = create(directory, name, mode).map_err(fail(Action::Create))?;
        born();
        if public && self.umask_lets_public.is_none() {
            let found = fstat(&file).map_err(fail(Action::Create))?;
            self.umask_lets_public = Some(found.st_mode & 0o777 == Mode::PUBLIC.bits());
        }
        let has_mode = if public {
            self.umask_lets_public == Some(true)
        } else {
            entry.mode == Mode::SECRET && !self.umask_is_odd
        };
        // The owner first: once the mode is wider, whom it is wider for must be right.
        if let Some(owner) = entry.owner {
            change_owner(&file, Some(owner.uid), Some(owner.gid), &shown())?;
        }
        if !has_mode {
            fchmod(&file, bits(entry.mode)).map_err(fail(Action::Write))?;
        }
        // Last, for a file that has its whole length is taken for finished.
        write_whole(&file, &entry.contents).map_err(fail(Action::Write))
    }
}

/// Writes all bytes.
pub(super) fn write_whole(file: impl AsFd, bytes: &[u8]) -> Result<(), Errno> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let written = retry_on_intr(|| write(file.as_fd(), rest))?;
        rest = &rest[written..];
    }
    Ok(())
}

/// Makes a file where none is.
pub(super) fn create(directory: BorrowedFd<'_>, name: &str, mode: Mode) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| openat(directory, name, flags, bits(mode)))
}

/// Makes files of a directory durable: by one call for the whole file system, which costs less than one for each, where
/// the system knows it.
pub(super) fn sync_all<'n>(
    directory: BorrowedFd<'_>,
    names: impl IntoIterator<Item = &'n str>,
) -> Result<(), Errno> {
    match retry_on_intr(|| syncfs(directory)) {
        Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => {}
        result => return result,
    }
    for name in names {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(directory, name, flags, Bits::empty())?;
        retry_on_intr(|| fsync(&file))?;
    }
    sync_directory(directory)
}

pub(super) fn bits(mode: Mode) -> Bits {
    Bits::from_raw_mode(mode.bits())
}

pub(super) fn change_owner(
    file: impl AsFd,
    uid: Option<u32>,
    gid: Option<u32>,
    path: &Path,
) -> Result<(), FsError> {
    let (uid, gid) = (uid.map(Uid::from_raw_unchecked), gid.map(Gid::from_raw_unchecked));
    fchown(file, uid, gid)
        .map_err(|errno| FsError::ChangeOwner { path: path.to_path_buf(), source: errno.into() })
}
