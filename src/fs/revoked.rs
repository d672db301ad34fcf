//! The one folder inside a directory that is written and read: `revoked`, for what is kept and no longer used. Where it is,
//! what its files are called in the record of a change, and what keeps it from being written.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    Access, AtFlags, FileType, Mode as Bits, StatxAttributes, StatxFlags, accessat, fchmod, fchown, fstat,
    mkdirat, statat, statx,
};
use rustix::fs::{Gid, Uid};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::fs::error::{Action, FsError};
use crate::fs::folder_fault::FolderFault;
use crate::fs::read::{Entry, entries_if, is_entry};
use crate::fs::record::{is_ours, open_inside, sync_directory};
use crate::fs::set::REVOKED;

/// What stands before the name of a file in the record that is to go into the folder.
const RECORDED: &str = ".pgtls-revoked-";

/// One of the two places that a file of a directory can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The directory itself.
    Top,
    /// The folder `revoked` in it.
    Revoked,
}

impl Part {
    /// The part that a file is in, and its name there.
    pub(super) fn of(name: &str) -> (Self, &str) {
        match name.strip_prefix(REVOKED).and_then(|rest| rest.strip_prefix('/')) {
            Some(inside) => (Self::Revoked, inside),
            None => (Self::Top, name),
        }
    }

    /// What a file of that name in this part is called as one of the directory: `revoked/NAME`.
    pub(super) fn name(self, inside: &str) -> String {
        match self {
            Self::Top => inside.to_owned(),
            Self::Revoked => format!("{REVOKED}/{inside}"),
        }
    }

    /// What it is called in the record of a change, all of whose files lie side by side.
    pub(super) fn stored(self, inside: &str) -> String {
        match self {
            Self::Top => inside.to_owned(),
            Self::Revoked => [RECORDED, inside].concat(),
        }
    }

    /// The part and the name there of a file of a record; `None` for what is the record's own, and for what no record of
    /// ours holds.
    pub(super) fn of_stored(stored: &str) -> Option<(Self, &str)> {
        match stored.strip_prefix(RECORDED) {
            Some(inside) if is_entry(inside) && !inside.is_empty() => Some((Self::Revoked, inside)),
            _ if is_ours(stored) => None,
            _ => Some((Self::Top, stored)),
        }
    }
}

/// Opens the folder, never through a link; `None` where there is none.
pub(super) fn open_revoked(directory: impl AsFd) -> Result<Option<OwnedFd>, Errno> {
    match open_inside(directory, REVOKED) {
        Ok(folder) => Ok(Some(folder)),
        // Something else of that name is the user's own.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// What is in the folder of what is `wanted`, which is asked for by the name as one of the directory.
pub(super) fn entries_of(
    folder: BorrowedFd<'_>,
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, Entry>, Errno> {
    entries_if(folder, |name| is_entry(name) && wanted(&Part::Revoked.name(name)))
}

/// Opens the folder for a change that has been recorded, and makes it where it is missing: closed to others, whatever the
/// umask, for it holds keys.
pub(super) fn open_or_make(directory: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let made = match mkdirat(directory, REVOKED, Bits::RWXU) {
        Ok(()) => true,
        Err(Errno::EXIST) => false,
        Err(errno) => return Err(errno),
    };
    if made {
        // The umask may take from the owner's own bits, without which it cannot even be opened.
        let opened = open_inside(directory, REVOKED).or_else(|_| {
            rustix::fs::chmodat(directory, REVOKED, Bits::RWXU, AtFlags::empty())?;
            open_inside(directory, REVOKED)
        })?;
        fchmod(&opened, Bits::RWXU)?;
        // Root works for whoever has the directory, and would shut them out of it.
        if geteuid().is_root() {
            let holder = fstat(directory)?;
            fchown(&opened, Some(Uid::from_raw(holder.st_uid)), Some(Gid::from_raw(holder.st_gid)))?;
        }
        sync_directory(directory)?;
        return Ok(opened);
    }
    open_inside(directory, REVOKED)
}

/// Refuses what would keep a recorded change from being carried out: what is no folder, one of another user's, who could
/// read the keys in it, one that may not be written to, and one that no file can be renamed into.
pub(super) fn refuse_unusable(directory: BorrowedFd<'_>, path: &Path) -> Result<Option<OwnedFd>, FsError> {
    let path = path.join(REVOKED);
    let in_the_way = |fault| Err(FsError::FolderInTheWay { path: path.clone(), fault });
    let found = match statat(directory, REVOKED, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        found => found.map_err(|errno| FsError::new(Action::Read, &path, errno))?,
    };
    let owners = [0, geteuid().as_raw(), fstat(directory).map_or(0, |holder| holder.st_uid)];
    match FileType::from_raw_mode(found.st_mode) {
        FileType::Directory if !owners.contains(&found.st_uid) => return in_the_way(FolderFault::Foreign),
        FileType::Directory => {}
        FileType::Symlink => return in_the_way(FolderFault::Link),
        _ => return in_the_way(FolderFault::NoFolder),
    }
    if Bits::from_raw_mode(found.st_mode).intersects(Bits::WGRP | Bits::WOTH) {
        return in_the_way(FolderFault::Open);
    }
    // Nothing is renamed from one file system into another, and nothing in a folder that may only grow, or not change.
    let attributes = statx(directory, REVOKED, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty())
        .map_or(StatxAttributes::empty(), |found| found.stx_attributes);
    if attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return in_the_way(FolderFault::Mounted);
    }
    if attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) {
        return in_the_way(FolderFault::Fixed);
    }
    accessat(directory, REVOKED, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)
        .and_then(|()| open_inside(directory, REVOKED))
        .map(Some)
        .map_err(|errno| FsError::new(Action::Write, &path, errno))
}

/// What a recorded change that stopped could not be done to: the folder, where something else has its name by now, or else
/// the directory.
pub(super) fn stopped_at(directory: impl AsFd, path: &Path, errno: Errno) -> FsError {
    let found = statat(directory, REVOKED, AtFlags::SYMLINK_NOFOLLOW);
    let is_folder = |mode| FileType::from_raw_mode(mode).is_dir();
    match found {
        Ok(found) if matches!(errno, Errno::LOOP | Errno::NOTDIR) && !is_folder(found.st_mode) => {
            FsError::unfinished(path.join(REVOKED), errno)
        }
        _ => FsError::unfinished(path, errno),
    }
}
