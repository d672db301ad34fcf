//! What keeps an existing file from being replaced, looked for before a change is recorded: a recorded change that meets
//! it halfway would be mixed, and could not be finished.

use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, StatxAttributes, StatxFlags, fstat, statat, statx};
use rustix::process::geteuid;

use crate::fs::error::{FsError, Obstacle};

/// Refuses where one of the files `names` exists in `directory`, at `path`, and cannot be renamed over.
///
/// What cannot be found out is no obstacle; the rename will tell.
pub(super) fn refuse_obstacles<'n>(
    directory: BorrowedFd<'_>,
    names: impl IntoIterator<Item = &'n str>,
    path: &Path,
) -> Result<(), FsError> {
    for name in names {
        if let Some(obstacle) = by_attributes(directory, name).or_else(|| by_owner(directory, name)) {
            return Err(FsError::Irreplaceable { path: path.join(name), obstacle });
        }
    }
    Ok(())
}

/// That a file is a mount point is told by Linux 5.8 and later. Its device number is no substitute: a file bound from the
/// same file system has that of the directory, and in an overlay any file may have another.
fn by_attributes(directory: BorrowedFd<'_>, name: &str) -> Option<Obstacle> {
    let found = statx(directory, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()).ok()?;
    [
        (StatxAttributes::MOUNT_ROOT, Obstacle::MountPoint),
        (StatxAttributes::IMMUTABLE, Obstacle::Immutable),
        (StatxAttributes::APPEND, Obstacle::AppendOnly),
    ]
    .into_iter()
    .find(|(attribute, _)| found.stx_attributes.contains(*attribute))
    .map(|(_, obstacle)| obstacle)
}

/// In a sticky directory only the owner of a file, that of the directory, and root rename over it (inode(7), "The sticky
/// bit").
fn by_owner(directory: BorrowedFd<'_>, name: &str) -> Option<Obstacle> {
    let caller = geteuid();
    let (holder, file) = (fstat(directory).ok()?, statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok()?);
    let is_sticky = Mode::from_raw_mode(holder.st_mode).contains(Mode::SVTX);
    let is_foreign = ![holder.st_uid, file.st_uid].contains(&caller.as_raw());
    (is_sticky && is_foreign && !caller.is_root()).then_some(Obstacle::Sticky)
}
