//! Writing without changing anything visible: files into a hidden folder, private from birth, durable at its end. How
//! the folder becomes what everybody sees is `commit`'s work.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, CWD, FlockOperation, Mode as Bits, chmodat, fchmod, flock, fstat, mkdirat, unlinkat,
};
use rustix::io::Errno;

use crate::fs::error::{Action, FsError};
use crate::fs::read::open_directory;
use crate::fs::record::{STAGING, open_inside, sibling_prefix};
use crate::fs::removal::{self, REMOVALS};
use crate::fs::revoked::Part;
use crate::fs::set::{FileEntry, FileSet, Mode};
use crate::fs::target::{Place, Target, parent_of};
use crate::fs::write::{Birth, bits, change_owner, sync_all};

/// What a new directory is given; an existing one keeps what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryAttributes {
    /// Its permission bits, whatever the umask.
    pub mode: Mode,
    /// Its group; `None` leaves the one that it is born with.
    pub gid: Option<u32>,
}

/// Files that are written and durable, but not yet where anybody looks. Dropping it takes all of them away again;
/// [`commit`](Self::commit) makes them what the directory holds.
#[derive(Debug)]
#[must_use = "what is staged and not committed is removed"]
pub struct Staged<'t> {
    pub(super) target: &'t Target,
    pub(super) folder: Folder<'t>,
    /// The files that the change removes and that are there, in order.
    pub(super) removed: Vec<String>,
}

/// The hidden folder. Unless kept, it goes when dropped, with all in it and the parents made for it.
#[derive(Debug)]
pub(super) struct Folder<'t> {
    pub(super) base: Base<'t>,
    pub(super) name: OsString,
    pub(super) descriptor: OwnedFd,
    /// What is in it, by the names that it has there.
    pub(super) files: Vec<String>,
    parents: Parents,
    kept: bool,
    birth: Birth,
}

/// The directory that the hidden folder is in: the locked one itself, or the parent of the one to come.
#[derive(Debug)]
pub(super) enum Base<'t> {
    Held(BorrowedFd<'t>),
    Opened(OwnedFd),
}

/// Directories made on the way to a new one, outermost first; removed when dropped, unless they are to stay or something
/// has come to lie in them.
#[derive(Debug, Default)]
pub(super) struct Parents(Vec<PathBuf>);

impl Target {
    /// Writes `files` where nobody sees them, and makes them durable with one sync.
    ///
    /// For a new directory that is a hidden sibling of it, `.NAME.pgtls-SUFFIX`; its missing parents are made here. For
    /// an existing one it is a hidden folder inside, so that empty directories, mount points and `.` work too, and
    /// `attributes` are not used. Every file but the public ones of the caller is born 0600, and given its owner and a
    /// wider mode through its descriptor before its contents are written.
    ///
    /// # Errors
    /// [`FsError::BadName`] or [`FsError::InTheWay`] for a file that cannot be there, [`FsError::Irreplaceable`] for one
    /// that exists and cannot be renamed over, [`FsError::NoSpace`],
    /// [`FsError::ChangeOwner`] or [`FsError::Io`] when the system refuses. Nothing is left behind in any case.
    pub fn stage(&self, files: &FileSet, attributes: DirectoryAttributes) -> Result<Staged<'_>, FsError> {
        self.stage_change(files, &BTreeSet::new(), attributes)
    }

    /// The same, and in the same commit the files `removed` go, as far as they are there and are not written.
    ///
    /// In an existing directory a file of `files` may be called `revoked/NAME`: the folder is made, for its owner alone,
    /// where it is needed.
    ///
    /// # Errors
    /// Those of [`stage`](Self::stage), for a removed file as for one that is replaced; [`FsError::FolderInTheWay`] where
    /// `revoked` cannot be used.
    pub fn stage_change(
        &self,
        files: &FileSet,
        removed: &BTreeSet<String>,
        attributes: DirectoryAttributes,
    ) -> Result<Staged<'_>, FsError> {
        let changed = self.refuse_names(files, removed)?;
        let mut folder = match &self.place {
            Place::Existing(directory) => self.folder_inside(directory.as_fd(), files)?,
            Place::Absent { parent, name } => self.folder_beside(parent.as_ref(), name)?,
        };
        for (name, entry) in files.iter() {
            folder.write(name, entry, self.path())?;
        }
        if !changed.removed.is_empty() {
            let list = FileEntry::new(removal::to_text(changed.removed.iter().copied()), Mode::SECRET);
            folder.write_as(REMOVALS, &list, || self.path().to_path_buf())?;
        }
        if !self.exists() {
            folder.set_attributes(attributes, self.path())?;
        }
        folder.sync().map_err(|errno| FsError::new(Action::Sync, self.path(), errno))?;
        // Here and not in the commit, for with two directories one is committed before the other.
        if let Place::Existing(directory) = &self.place {
            changed.refuse_obstacles(directory.as_fd(), self.path())?;
        }
        let removed = changed.removed.into_iter().map(str::to_owned).collect();
        Ok(Staged { target: self, folder, removed })
    }

    fn folder_inside<'t>(&self, directory: BorrowedFd<'t>, files: &FileSet) -> Result<Folder<'t>, FsError> {
        // The folder is nothing to the user: it is the first file that cannot be made where it cannot be.
        let shown = || match files.names().next() {
            Some(name) => self.path().join(name),
            None => self.path().to_path_buf(),
        };
        Folder::make(Base::Held(directory), OsStr::new(STAGING), Parents::default())
            .map_err(|errno| FsError::new(Action::Create, shown(), errno))
    }

    fn folder_beside<'t>(&self, parent: Option<&'t OwnedFd>, name: &OsStr) -> Result<Folder<'t>, FsError> {
        let mut parents = Parents::default();
        let base = match parent {
            Some(parent) => Base::Held(parent.as_fd()),
            None => Base::Opened(parents.make(parent_of(self.path()))?),
        };
        Folder::make(base, &sibling_prefix(name), parents)
            .map_err(|errno| FsError::new(Action::Create, self.path(), errno))
    }
}

impl<'t> Folder<'t> {
    /// Makes a folder whose name begins with `prefix`, and takes its lock, which says that its maker lives.
    fn make(base: Base<'t>, prefix: &OsStr, parents: Parents) -> Result<Self, Errno> {
        // Unlike a random suffix this needs no source of chance; should another process (of another PID namespace)
        // have the same name, the next number is tried.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let mut name = prefix.to_os_string();
            name.push(format!("{}-{number}", std::process::id()));
            match mkdirat(&base, &name, Bits::RWXU) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                Err(errno) => return Err(errno),
            }
            let mut opened = open_inside(&base, &name);
            let mut umask_is_odd = false;
            if opened.as_ref().is_err_and(|errno| *errno == Errno::ACCESS) {
                // The umask takes from the owner's own bits.
                let _ = chmodat(&base, &name, Bits::RWXU, AtFlags::empty());
                opened = open_inside(&base, &name);
                umask_is_odd = true;
            }
            let opened = opened.and_then(|folder| {
                flock(&folder, FlockOperation::NonBlockingLockExclusive)?;
                let born = fstat(&folder)?;
                Ok((folder, born))
            });
            let (descriptor, born) = match opened {
                // Taken for a stale one before it was locked: by now it is gone, or about to be.
                Err(Errno::NOENT | Errno::WOULDBLOCK) => continue,
                Ok((_, born)) if born.st_nlink == 0 => continue,
                Ok(made) => made,
                Err(errno) => {
                    let _ = unlinkat(&base, &name, AtFlags::REMOVEDIR);
                    return Err(errno);
                }
            };
            let folder = Self {
                base,
                name,
                descriptor,
                files: Vec::new(),
                parents,
                kept: false,
                birth: Birth::new(umask_is_odd || born.st_mode & 0o700 != 0o700),
            };
            if folder.birth.umask_is_odd {
                fchmod(&folder.descriptor, Bits::RWXU)?;
            }
            return Ok(folder);
        }
    }

    /// Writes one file; `directory` is for messages.
    fn write(&mut self, name: &str, entry: &FileEntry, directory: &Path) -> Result<(), FsError> {
        let (part, inside) = Part::of(name);
        self.write_as(&part.stored(inside), entry, || directory.join(name))
    }

    /// The same under the name that it has in the folder; `shown` is its path, for messages.
    fn write_as(
        &mut self,
        stored: &str,
        entry: &FileEntry,
        shown: impl Fn() -> PathBuf,
    ) -> Result<(), FsError> {
        let Self { birth, descriptor, files, .. } = self;
        birth.write(descriptor.as_fd(), stored, entry, shown, || files.push(stored.to_owned()))
    }

    fn set_attributes(&self, attributes: DirectoryAttributes, path: &Path) -> Result<(), FsError> {
        if attributes.gid.is_some() {
            change_owner(&self.descriptor, None, attributes.gid, path)?;
        }
        // It was born 0700; a change of group may have taken bits away.
        if attributes == (DirectoryAttributes { mode: Mode::DIRECTORY, gid: None })
            && !self.birth.umask_is_odd
        {
            return Ok(());
        }
        fchmod(&self.descriptor, bits(attributes.mode))
            .map_err(|errno| FsError::new(Action::Write, path, errno))
    }

    /// Makes all that was written durable: one call for the whole file system, which costs less than one for each file.
    fn sync(&self) -> Result<(), Errno> {
        sync_all(self.descriptor.as_fd(), self.files.iter().map(String::as_str))
    }

    /// Lets the folder stay when it is dropped, under the name that it has been given; whether the parents made for it
    /// stay too is the caller's to say.
    pub(super) fn keep(&mut self) -> Parents {
        self.kept = true;
        std::mem::take(&mut self.parents)
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        for name in &self.files {
            let _ = unlinkat(&self.descriptor, name.as_str(), AtFlags::empty());
        }
        let _ = unlinkat(&self.base, &self.name, AtFlags::REMOVEDIR);
    }
}

impl AsFd for Base<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Held(descriptor) => *descriptor,
            Self::Opened(descriptor) => descriptor.as_fd(),
        }
    }
}

impl Parents {
    /// Lets them stay.
    pub(super) fn stay(mut self) {
        self.0.clear();
    }

    /// Makes `path` and what is missing above it, as `mkdir -p` does, with the modes that the umask leaves.
    fn make(&mut self, path: &Path) -> Result<OwnedFd, FsError> {
        self.make_missing(path)?;
        match open_directory(path)? {
            Some(directory) => Ok(directory),
            None => Err(FsError::Dangling { path: path.to_path_buf() }),
        }
    }

    fn make_missing(&mut self, path: &Path) -> Result<(), FsError> {
        let make = || mkdirat(CWD, path, Bits::from_raw_mode(0o777));
        let mut made = make();
        if made == Err(Errno::NOENT) && parent_of(path) != path {
            self.make_missing(parent_of(path))?;
            made = make();
        }
        match made {
            Ok(()) => self.0.push(path.to_path_buf()),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(FsError::new(Action::Create, path, errno)),
        }
        Ok(())
    }
}

impl Drop for Parents {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // One that somebody else has begun to use is not empty, and stays.
            let _ = unlinkat(CWD, path, AtFlags::REMOVEDIR);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]
    use super::*;
    use crate::fs::write::create;

    #[test]
    fn a_file_is_born_private_and_never_in_the_place_of_another_or_through_a_link() {
        let scratch = tempfile::tempdir().unwrap();
        let base = Base::Opened(open_directory(scratch.path()).unwrap().unwrap());
        let folder = Folder::make(base, OsStr::new("folder"), Parents::default()).unwrap();
        let at = folder.descriptor.as_fd();
        let file = create(at, "server.crt", Mode::SECRET).unwrap();
        assert_eq!(Mode::from_bits(fstat(&file).unwrap().st_mode), Mode::SECRET);
        assert_eq!(create(at, "server.crt", Mode::SECRET).unwrap_err(), Errno::EXIST);
        let outside = scratch.path().join("outside");
        rustix::fs::symlinkat(&outside, &folder.descriptor, "link").unwrap();
        assert_eq!(create(at, "link", Mode::SECRET).unwrap_err(), Errno::EXIST);
        assert!(!outside.exists());
    }
}
