//! A directory as reading verbs see it: no lock, nothing written, links followed, and a change that was recorded but
//! not finished shown as done. A record counts where it is the caller's own or root's.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{AtFlags, fstat, stat, statat};
use rustix::io::Errno;

use crate::fs::adding::{JOURNAL, hide_unfinished};
use crate::fs::error::{Action, FsError};
use crate::fs::read::{
    Entry, EntryKind, Links, entries as all_entries, entries_if, is_closed, is_entry, open_directory,
    read_entry, read_inode,
};
use crate::fs::record::{RECORD, is_ours, open_own};
use crate::fs::removal::listed;
use crate::fs::revoked::{Part, entries_of, open_revoked};
use crate::fs::set::{FileSet, Owner, REVOKED};
use crate::fs::target::is_symlink;

/// How often a directory is looked at again when it changed while it was being read. A commit moves a dozen files in
/// well under a millisecond, so the second look nearly always settles it.
const LOOKS: u32 = 20;

/// An existing directory, for verbs that only read.
///
/// Takes no lock and writes nothing, so that it works on read-only mounts and never makes a writer wait. What it
/// returns is one state of the directory all the same: it looks again when a writer was at work in between.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    descriptor: OwnedFd,
}

/// What is in one part of a directory at one moment, of what is wanted.
struct Listing {
    part: Part,
    /// The folder, where the part is one and exists.
    folder: Option<OwnedFd>,
    /// By their names in the part.
    entries: BTreeMap<String, Entry>,
    record: Option<Record>,
    /// Whether there is a record of another user, which does not count.
    foreign_record: bool,
    /// When a name in it last changed, in seconds and nanoseconds; the inode of a replaced file may be used again.
    changed: (i64, u64),
}

/// A recorded change and its folder.
struct Record {
    descriptor: OwnedFd,
    /// What it writes into the part, by their names there.
    entries: BTreeMap<String, Entry>,
    /// What it removes, of the directory itself.
    removed: BTreeSet<String>,
}

impl Directory {
    /// Opens the directory at `path`, which may be a link to one; `None` when nothing exists there.
    ///
    /// # Errors
    /// [`FsError::Dangling`] when a link to nothing is there, [`FsError::NotADirectory`] when something else is there, [`FsError::Io`] when the system refuses.
    pub fn open(path: impl Into<PathBuf>) -> Result<Option<Self>, FsError> {
        let path = path.into();
        let descriptor = open_directory(&path)?;
        if descriptor.is_none() && is_symlink(&path) {
            return Err(FsError::Dangling { path });
        }
        Ok(descriptor.map(|descriptor| Self { path, descriptor }))
    }

    /// The path as the user gave it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in the directory: every entry by name, a link as a link. Our own folders of unfinished work are left
    /// out, and so are names that are not UTF-8 (none of our files has one).
    ///
    /// # Errors
    /// [`FsError::Changing`] when it never holds still, [`FsError::Unfinished`] when a recorded change belongs to
    /// root and cannot be looked into, [`FsError::Io`] when the system refuses.
    pub fn names(&self) -> Result<BTreeMap<String, EntryKind>, FsError> {
        self.names_if(|_| true)
    }

    /// The same, of what is `wanted`: of a directory of many thousands of files no more is held.
    ///
    /// # Errors
    /// Those of [`names`](Self::names).
    pub fn names_if(&self, wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, EntryKind>, FsError> {
        self.settled(Part::Top, &wanted, |listing| Ok(listing.kinds()))
    }

    /// Whose the directory is.
    ///
    /// # Errors
    /// [`FsError::Io`] when the system refuses.
    pub fn owner(&self) -> Result<Owner, FsError> {
        let stat = fstat(&self.descriptor).map_err(|errno| FsError::new(Action::Read, &self.path, errno))?;
        Ok(Owner { uid: stat.st_uid, gid: stat.st_gid })
    }

    pub(super) fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// What is in the folder `revoked`, as `revoked/NAME`, of what is `wanted` by that name; empty where there is no such
    /// folder. One that is a link is not followed.
    ///
    /// # Errors
    /// Those of [`names`](Self::names); [`FsError::Io`] where the caller may not look into the folder.
    pub fn revoked_names(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, EntryKind>, FsError> {
        self.settled(Part::Revoked, &wanted, |listing| Ok(listing.kinds()))
    }

    /// Reads every regular file of the folder `revoked` whose name, `revoked/NAME`, is `wanted`, as [`read`](Self::read)
    /// does.
    ///
    /// # Errors
    /// Those of [`revoked_names`](Self::revoked_names) and [`read`](Self::read).
    pub fn read_revoked(&self, wanted: impl Fn(&str) -> bool) -> Result<FileSet, FsError> {
        self.settled(Part::Revoked, &wanted, |listing| self.read_listed(listing))
    }

    /// Reads every regular file whose name is `wanted`, links followed, with the mode and owner of what they lead to.
    ///
    /// A link that leads nowhere, or to something else than a regular file, reads as no file; [`names`](Self::names)
    /// shows it.
    ///
    /// # Errors
    /// Those of [`names`](Self::names), and [`FsError::TooLarge`] for a file of more than 16 MiB (an index or a revocation list
    /// of more than 256 MiB).
    pub fn read(&self, wanted: impl Fn(&str) -> bool) -> Result<FileSet, FsError> {
        self.settled(Part::Top, &wanted, |listing| self.read_listed(listing))
    }

    /// Which of these files the caller may not read.
    pub fn closed<'n>(&self, names: impl Iterator<Item = &'n str>) -> BTreeSet<String> {
        names.filter(|name| is_closed(self.as_fd(), name)).map(str::to_owned).collect()
    }

    /// Reads the regular files of these names, which are in order, as [`read`](Self::read) does, but without a look at all
    /// the others that may be there.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn read_named(&self, names: &[&str]) -> Result<FileSet, FsError> {
        match self.read_still(names)? {
            Some(files) => Ok(files),
            None => self.read(|name| names.binary_search(&name).is_ok()),
        }
    }

    /// `None` where a writer is at work, or was while the files were read.
    fn read_still(&self, names: &[&str]) -> Result<Option<FileSet>, FsError> {
        let is_there =
            |name| !matches!(statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT));
        let has_record = || is_there(RECORD) || is_there(JOURNAL);
        if has_record() || names.iter().any(|name| is_ours(name)) {
            return Ok(None);
        }
        let mut files = Vec::with_capacity(names.len());
        let mut inodes = Vec::with_capacity(names.len());
        for name in names {
            let read = read_inode(self.descriptor.as_fd(), name, Links::Follow, &self.path.join(name))?;
            inodes.push(read.as_ref().map(|(_, inode)| *inode));
            if let Some((entry, _)) = read {
                files.push(((*name).to_owned(), entry));
            }
        }
        let inode =
            |name: &str| statat(&self.descriptor, name, AtFlags::empty()).ok().map(|stat| stat.st_ino);
        // What is no regular file has an inode and was not read.
        let mut held = names.iter().zip(inodes).map(|(name, read)| read.is_none() || inode(name) == read);
        let is_still = held.all(|held| held) && !has_record();
        Ok(is_still.then(|| files.into_iter().collect()))
    }

    fn read_listed(&self, listing: &Listing) -> Result<FileSet, FsError> {
        let mut files = FileSet::default();
        for (name, kind) in listing.kinds() {
            if !matches!(kind, EntryKind::File | EntryKind::Symlink) {
                continue;
            }
            let path = self.path.join(&name);
            let (part, inside) = Part::of(&name);
            let recorded = match &listing.record {
                Some(record) if record.entries.contains_key(inside) => {
                    read_entry(record.descriptor.as_fd(), &part.stored(inside), Links::Refuse, &path)?
                }
                _ => None,
            };
            let place = match part {
                Part::Top => Some(self.descriptor.as_fd()),
                Part::Revoked => listing.folder.as_ref().map(OwnedFd::as_fd),
            };
            let entry = match (recorded, place) {
                (None, Some(place)) => read_entry(place, inside, Links::Follow, &path)?,
                (recorded, _) => recorded,
            };
            if let Some(entry) = entry {
                files.insert(name, entry);
            }
        }
        Ok(files)
    }

    /// Takes a view of the directory at a moment when nothing moved: the same entries, by inode, before and after.
    fn settled<T>(
        &self,
        part: Part,
        wanted: &impl Fn(&str) -> bool,
        view: impl Fn(&Listing) -> Result<T, FsError>,
    ) -> Result<T, FsError> {
        let mut last = FsError::Changing { path: self.path.clone() };
        for look in 0..LOOKS {
            if look > 1 {
                sleep(Duration::from_millis(u64::from(look)));
            }
            let before = match self.listing(part, wanted) {
                // An honest one is over in a moment; one that stays is ignored.
                Ok(listing) if listing.foreign_record && look + 1 < LOOKS => continue,
                Ok(listing) => listing,
                // A commit of root's: over in a moment, if root is still at it.
                Err(error @ FsError::Unfinished { .. }) => {
                    last = error;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let seen = view(&before);
            match self.listing(part, wanted) {
                Ok(after) if after.same_as(&before) => return seen,
                Ok(_) => last = FsError::Changing { path: self.path.clone() },
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The entries that are wanted of a part.
    fn listing(&self, part: Part, wanted: &impl Fn(&str) -> bool) -> Result<Listing, FsError> {
        let fail = |errno| FsError::new(Action::Read, &self.path, errno);
        let stat = fstat(&self.descriptor).map_err(fail)?;
        let counts = |name: &str| is_entry(name) && (is_ours(name) || part == Part::Top && wanted(name));
        let mut entries = entries_if(self.descriptor.as_fd(), counts).map_err(fail)?;
        hide_unfinished(self.descriptor.as_fd(), &self.path, &mut entries)?;
        let mut foreign_record = false;
        let record = match entries.get(RECORD) {
            Some(Entry { kind: EntryKind::Directory, .. }) => match open_own(&self.descriptor, RECORD) {
                Ok(None) => {
                    foreign_record = true;
                    None
                }
                Ok(Some(descriptor)) => Some(recorded(descriptor, part, wanted).map_err(fail)?),
                Err(Errno::NOENT) => None,
                Err(errno) => return Err(FsError::unfinished(&self.path, errno)),
            },
            _ => None,
        };
        let mut changed = (stat.st_mtime, stat.st_mtime_nsec);
        let mut folder = None;
        if part == Part::Revoked {
            let fail = |errno| FsError::new(Action::Read, self.path.join(REVOKED), errno);
            folder = open_revoked(&self.descriptor).map_err(fail)?;
            entries = BTreeMap::new();
            if let Some(folder) = &folder {
                let stat = fstat(folder).map_err(fail)?;
                changed = (stat.st_mtime, stat.st_mtime_nsec);
                entries = entries_of(folder.as_fd(), wanted).map_err(fail)?;
            }
        }
        Ok(Listing { part, folder, entries, record, foreign_record, changed })
    }
}

/// What a recorded change does to a part, of what is wanted.
fn recorded(descriptor: OwnedFd, part: Part, wanted: &impl Fn(&str) -> bool) -> Result<Record, Errno> {
    let mut entries = BTreeMap::new();
    for (stored, entry) in all_entries(descriptor.as_fd())? {
        match Part::of_stored(&stored) {
            Some((of, inside)) if of == part && wanted(&part.name(inside)) => {
                entries.insert(inside.to_owned(), entry);
            }
            _ => {}
        }
    }
    let removed = match part {
        Part::Top => listed(descriptor.as_fd())?,
        Part::Revoked => BTreeSet::new(),
    };
    Ok(Record { descriptor, entries, removed })
}

impl Listing {
    /// The entries as the user is to see them: the recorded ones laid over the others, without those that the record
    /// removes and our own folders.
    fn kinds(&self) -> BTreeMap<String, EntryKind> {
        let recorded = self.record.iter().flat_map(|record| &record.entries);
        let is_removed =
            |name: &str| self.record.as_ref().is_some_and(|record| record.removed.contains(name));
        self.entries
            .iter()
            .filter(|(name, _)| !is_removed(name))
            .chain(recorded)
            .filter(|(name, _)| !is_ours(name))
            .map(|(name, entry)| (self.part.name(name), entry.kind))
            .collect()
    }

    fn same_as(&self, other: &Self) -> bool {
        let record = |listing: &Self| {
            listing.record.as_ref().map(|record| (record.entries.clone(), record.removed.clone()))
        };
        self.changed == other.changed && self.entries == other.entries && record(self) == record(other)
    }
}

/// Whether two paths name one directory, or would once both are made.
#[must_use]
pub fn same_directory(one: &Path, other: &Path) -> bool {
    // One directory may be mounted at two places.
    let identity = |path: &Path| stat(path).map(|found| (found.st_dev, found.st_ino));
    let is_one = matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other);
    is_one || destination(one) == destination(other)
}

/// Whether one directory lies in another, at any depth, or would once both are made.
#[must_use]
pub fn is_within(inner: &Path, outer: &Path) -> bool {
    let (inner, outer) = (destination(inner), destination(outer));
    inner != outer && inner.starts_with(outer)
}

/// What a path leads to: as far as it exists by links and all, beyond that by its words, for what is going to be made
/// has no links in it.
pub(super) fn destination(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut existing = absolute.as_path();
    let mut found = loop {
        match (existing.canonicalize(), existing.parent(), existing.components().next_back()) {
            (Ok(found), ..) => break found,
            (Err(_), Some(parent), Some(last)) => {
                missing.push(last);
                existing = parent;
            }
            _ => break existing.to_path_buf(),
        }
    };
    for component in missing.into_iter().rev() {
        match component {
            Component::ParentDir => drop(found.pop()),
            other => found.push(other),
        }
    }
    found
}
