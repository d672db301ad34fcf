//! Making what is staged visible, all of it or nothing: one rename, which is either the directory itself or the record
//! of the change to it.

use std::io;
use std::path::PathBuf;

use rustix::fs::{AtFlags, RenameFlags, renameat, renameat_with, statat};
use rustix::io::Errno;

use crate::fs::error::{Action, FsError};
use crate::fs::record::{RECORD, carry_out, sync_directory};
use crate::fs::revoked::{Part, stopped_at};
use crate::fs::stage::{Folder, Parents, Staged};
use crate::fs::target::Place;

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The directory, as the user gave it.
    pub directory: PathBuf,
    /// Whether the directory is new.
    pub created: bool,
    /// The files that were written, by name, in order.
    pub names: Vec<String>,
    /// The files that were removed, by name, in order.
    pub removed: Vec<String>,
}

impl Staged<'_> {
    /// Makes the staged files what the directory holds. When it returns they are durable.
    ///
    /// A new directory gets its name by one rename that replaces nothing. In an existing one the staging folder is
    /// renamed into the record of the change; from then on pgtls sees the change as done, whenever it is killed, and
    /// the files are moved into place, `X.key` directly before `X.crt`, and the indexes of CAs before both; then those go
    /// that it removes. A link in the place of a file is replaced, not followed.
    ///
    /// # Errors
    /// [`FsError::Appeared`] when a new directory is not new any more, [`FsError::Io`] when the system refuses: nothing
    /// is changed then. [`FsError::Unfinished`] when it refuses after the change was recorded.
    pub fn commit(self) -> Result<Receipt, FsError> {
        let (receipt, parents) = self.commit_for_now()?;
        parents.stay();
        Ok(receipt)
    }

    /// The same, but that the parents which were made for a new directory go when they are dropped empty.
    pub(super) fn commit_for_now(mut self) -> Result<(Receipt, Parents), FsError> {
        self.make_visible()
    }

    /// One rename and what follows from it. The folder's descriptor stays open, and its lock held.
    pub(super) fn make_visible(&mut self) -> Result<(Receipt, Parents), FsError> {
        let Self { target, folder, removed } = self;
        let parents;
        match &target.place {
            Place::Absent { name, .. } => {
                let result = match rename_to_new(folder, name) {
                    Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {
                        let path = target.path().to_path_buf();
                        return Err(FsError::Appeared { path });
                    }
                    result => result,
                };
                result.map_err(|errno| FsError::new(Action::Rename, target.path(), errno))?;
                parents = folder.keep();
                // Not `FsError::new`: "nothing was changed" would not be true of a full disk here.
                sync_directory(&folder.base).map_err(|errno| FsError::Io {
                    action: Action::Sync,
                    path: target.path().to_path_buf(),
                    source: io::Error::from(errno),
                })?;
            }
            Place::Existing(_) => {
                renameat(&folder.base, &folder.name, &folder.base, RECORD)
                    .map_err(|errno| FsError::new(Action::Rename, target.path(), errno))?;
                parents = folder.keep();
                let names = folder.files.iter().map(String::as_str);
                carry_out(&folder.base, &folder.descriptor, names)
                    .map_err(|errno| stopped_at(&folder.base, target.path(), errno))?;
            }
        }
        let stored = std::mem::take(&mut folder.files);
        let names = stored.iter().filter_map(|name| Part::of_stored(name));
        let mut names: Vec<String> = names.map(|(part, inside)| part.name(inside)).collect();
        names.sort_unstable();
        let receipt = Receipt {
            directory: target.path().to_path_buf(),
            created: !target.exists(),
            names,
            removed: std::mem::take(removed),
        };
        Ok((receipt, parents))
    }
}

/// Renames the folder to `name`, where nothing may be.
///
/// A file system that knows no such rename (some network and FUSE ones) gets a plain one after a look: what appears in
/// between is replaced if it is an empty directory, and refuses the rename if it is anything else.
fn rename_to_new(folder: &Folder<'_>, name: &std::ffi::OsStr) -> Result<(), Errno> {
    let base = &folder.base;
    match renameat_with(base, &folder.name, base, name, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
        result => return result,
    }
    match statat(base, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => renameat(base, &folder.name, base, name),
        Err(errno) => Err(errno),
    }
}
