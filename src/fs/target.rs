//! A directory as writing verbs hold it: locked, tidied of what killed runs left, its own links never followed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Stat, flock, fstat, stat, statat};
use rustix::io::{Errno, retry_on_intr};

use crate::fs::directory::destination;
use crate::fs::error::{Action, FsError};
use crate::fs::read::{EntryKind, Links, entries_if, is_closed, is_entry, open_directory, read_entry};
use crate::fs::record::{is_ours, recover, sweep_siblings};
use crate::fs::revoked::{Part, entries_of, open_revoked};
use crate::fs::set::{FileSet, REVOKED};

/// A directory that is to be written, existing and locked, or absent.
///
/// The lock is on the directory itself, so no lock file is left behind; it is held until this value is dropped. Locking
/// one directory twice in one process waits for ever: whoever needs two compares the paths, and takes them by
/// [`lock_both`](Self::lock_both).
///
/// ```
/// use pgtls::fs::{DirectoryAttributes, FileEntry, FileSet, Mode, Target};
///
/// let scratch = tempfile::tempdir()?;
/// let target = Target::lock(scratch.path().join("pki"))?;
/// let mut files = FileSet::default();
/// files.insert("root.crt", FileEntry::new("...", Mode::PUBLIC));
/// let attributes = DirectoryAttributes { mode: Mode::DIRECTORY, gid: None };
/// let receipt = target.stage(&files, attributes)?.commit()?;
/// assert!(receipt.created);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    pub(super) place: Place,
}

/// What was found at the path of a [`Target`].
#[derive(Debug)]
pub(super) enum Place {
    /// A directory; its lock is held through this descriptor.
    Existing(OwnedFd),
    /// Nothing. The parent, where it exists, and the name that the directory is to have in it.
    Absent { parent: Option<OwnedFd>, name: OsString },
}

impl Target {
    /// Takes the directory at `path` for writing, waiting for whoever holds it; then finishes a change that a killed
    /// run left recorded and removes what it left unrecorded. Where nothing exists nothing is made yet.
    ///
    /// # Errors
    /// [`FsError::NotADirectory`] or [`FsError::Dangling`] when something else is there, [`FsError::Unfinished`] when
    /// a recorded change cannot be finished, [`FsError::ForeignRecord`] when it is another user's, [`FsError::Io`] when
    /// the system refuses.
    pub fn lock(path: impl Into<PathBuf>) -> Result<Self, FsError> {
        let path = path.into();
        loop {
            // Most directories are new: one look says so, and opening is for what is there.
            if is_nothing(&path) {
                let place = absent(&path)?;
                return Ok(Self { path, place });
            }
            if let Some(directory) = open_directory(&path)? {
                retry_on_intr(|| flock(&directory, FlockOperation::LockExclusive))
                    .map_err(|errno| FsError::new(Action::Lock, &path, errno))?;
                // Whoever held the lock may have removed or replaced the directory.
                if is_at(&directory, &path) {
                    recover(directory.as_fd(), &path)?;
                    sweep_beside(&path);
                    let place = Place::Existing(directory);
                    return Ok(Self { path, place });
                }
            } else if is_symlink(&path) {
                return Err(FsError::Dangling { path });
            }
        }
    }

    /// Takes two different directories, as [`lock`](Self::lock) takes one, and returns them as asked for.
    ///
    /// The order in which it waits for them is that of where the paths lead, so that of two runs which use the same two
    /// directories the other way round neither waits for the other for ever.
    ///
    /// # Errors
    /// Those of [`lock`](Self::lock).
    pub fn lock_both(one: &Path, other: &Path) -> Result<(Self, Self), FsError> {
        let in_order = destination(one) <= destination(other);
        let (first, second) = if in_order { (one, other) } else { (other, one) };
        loop {
            let (held, then) = (Self::lock(first)?, Self::lock(second)?);
            // What does not exist cannot be locked: it may have come while the second was waited for.
            if held.exists() || is_nothing(first) {
                return Ok(if in_order { (held, then) } else { (then, held) });
            }
        }
    }

    /// The path as the user gave it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the directory existed when it was locked.
    #[must_use]
    pub fn exists(&self) -> bool {
        matches!(self.place, Place::Existing(_))
    }

    /// What is in the directory, as [`Directory::names`](crate::fs::Directory::names) tells it; empty where it does not
    /// exist.
    ///
    /// # Errors
    /// [`FsError::Io`] when the system refuses.
    pub fn names(&self) -> Result<BTreeMap<String, EntryKind>, FsError> {
        self.names_if(|_| true)
    }

    /// The same, of what is `wanted`: of a directory of many thousands of files no more is held.
    ///
    /// # Errors
    /// Those of [`names`](Self::names).
    pub fn names_if(&self, wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, EntryKind>, FsError> {
        let Place::Existing(directory) = &self.place else {
            return Ok(BTreeMap::new());
        };
        let is_wanted = |name: &str| is_entry(name) && !is_ours(name) && wanted(name);
        let found = entries_if(directory.as_fd(), is_wanted)
            .map_err(|errno| FsError::new(Action::Read, &self.path, errno))?;
        Ok(found.into_iter().map(|(name, entry)| (name, entry.kind)).collect())
    }

    /// What is in the folder `revoked`, as `revoked/NAME`, of what is `wanted` by that name; empty where there is no such
    /// folder.
    ///
    /// # Errors
    /// [`FsError::Io`] when the system refuses.
    pub fn revoked_names(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, EntryKind>, FsError> {
        let found = self.revoked()?.map_or(Ok(BTreeMap::new()), |folder| entries_of(folder.as_fd(), wanted));
        let found = found.map_err(|errno| FsError::new(Action::Read, self.path.join(REVOKED), errno))?;
        Ok(found.into_iter().map(|(name, entry)| (Part::Revoked.name(&name), entry.kind)).collect())
    }

    /// Reads every regular file of the folder `revoked` whose name, `revoked/NAME`, is `wanted`, with its mode and owner.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn read_revoked(&self, wanted: impl Fn(&str) -> bool) -> Result<FileSet, FsError> {
        let mut files = FileSet::default();
        let Some(folder) = self.revoked()? else { return Ok(files) };
        for (name, kind) in self.revoked_names(wanted)? {
            let (_, inside) = Part::of(&name);
            if matches!(kind, EntryKind::File | EntryKind::Symlink)
                && let Some(entry) =
                    read_entry(folder.as_fd(), inside, Links::Refuse, &self.path.join(&name))?
            {
                files.insert(name, entry);
            }
        }
        Ok(files)
    }

    fn revoked(&self) -> Result<Option<OwnedFd>, FsError> {
        let Place::Existing(directory) = &self.place else { return Ok(None) };
        open_revoked(directory).map_err(|errno| FsError::new(Action::Read, self.path.join(REVOKED), errno))
    }

    /// Which of these files the caller may not read.
    pub fn closed<'n>(&self, names: impl Iterator<Item = &'n str>) -> BTreeSet<String> {
        let Place::Existing(directory) = &self.place else { return BTreeSet::new() };
        names.filter(|name| is_closed(directory.as_fd(), name)).map(str::to_owned).collect()
    }

    /// Reads every regular file whose name is `wanted`, with its mode and owner.
    ///
    /// # Errors
    /// [`FsError::Symlink`] when a wanted file is a link, [`FsError::TooLarge`] for a file of more than 16 MiB (an index or a
    /// revocation list of more than 256 MiB),
    /// [`FsError::Io`] when the system refuses.
    pub fn read(&self, wanted: impl Fn(&str) -> bool) -> Result<FileSet, FsError> {
        let mut files = FileSet::default();
        let Place::Existing(directory) = &self.place else {
            return Ok(files);
        };
        for (name, kind) in self.names_if(wanted)? {
            if !matches!(kind, EntryKind::File | EntryKind::Symlink) {
                continue;
            }
            let path = self.path.join(&name);
            if let Some(entry) = read_entry(directory.as_fd(), &name, Links::Refuse, &path)? {
                files.insert(name, entry);
            }
        }
        Ok(files)
    }
}

/// The place of a directory to come, at a path where nothing is.
fn absent(path: &Path) -> Result<Place, FsError> {
    let Some(name) = path.file_name() else {
        // Such as `missing/..`: there is nothing that could be given a name.
        return Err(FsError::new(Action::Create, path, Errno::NOENT));
    };
    if name.to_str().is_some_and(is_ours) {
        // It would be taken for what a killed run left, and swept away.
        return Err(FsError::BadName { name: name.display().to_string() });
    }
    let parent = open_directory(parent_of(path))?;
    if let Some(parent) = &parent {
        sweep_siblings(parent.as_fd(), name);
    }
    let name = name.to_os_string();
    Ok(Place::Absent { parent, name })
}

/// What is at `path` itself, a link not followed. A slash or `/.` at its end would have the system follow it.
fn entry_at(path: &Path) -> Result<Stat, Errno> {
    statat(CWD, path.components().as_path(), AtFlags::SYMLINK_NOFOLLOW)
}

/// Whether nothing is at `path`, not even a link to nothing.
fn is_nothing(path: &Path) -> bool {
    matches!(entry_at(path), Err(Errno::NOENT))
}

/// Whether anything is at `path`, be it a link to nothing.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    entry_at(path).is_ok()
}

/// Whether a link is at `path`, wherever it leads.
pub(super) fn is_symlink(path: &Path) -> bool {
    entry_at(path).is_ok_and(|found| FileType::from_raw_mode(found.st_mode).is_symlink())
}

/// Removes what killed runs left of making `path` new, where it exists by now: somebody made it by hand since, and the
/// hidden folders beside it may hold keys. Where the parent cannot be read, they stay.
fn sweep_beside(path: &Path) {
    // Where it leads, for a link is elsewhere, and `.` has a name too.
    let path = destination(path);
    if let (Some(name), Ok(Some(parent))) = (path.file_name(), open_directory(parent_of(&path))) {
        sweep_siblings(parent.as_fd(), name);
    }
}

/// The directory that `path` is a name in; `.` for a bare name.
pub(super) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether `directory` still is what `path` leads to.
fn is_at(directory: &OwnedFd, path: &Path) -> bool {
    match (fstat(directory), stat(path)) {
        (Ok(held), Ok(named)) => (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino),
        _ => false,
    }
}
