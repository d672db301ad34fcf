//! What a change meets in the directory: which of its files are there, and what forbids it, seen before anything is
//! written.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, statat};

use crate::fs::directory::Directory;
use crate::fs::error::FsError;
use crate::fs::obstacle::refuse_obstacles;
use crate::fs::read::{Links, read_entry};
use crate::fs::record::{RECORD, is_ours};
use crate::fs::revoked::{Part, refuse_unusable};
use crate::fs::set::{FileSet, REVOKED};
use crate::fs::target::{Place, Target};

/// What is there already of what a change concerns.
#[derive(Debug, Default)]
pub(super) struct Concerned<'n> {
    replaced: Vec<&'n str>,
    pub(super) removed: Vec<&'n str>,
    /// The folder `revoked`, where something is to be written into it and it exists.
    folder: Option<OwnedFd>,
    /// By their names in it.
    replaced_inside: Vec<&'n str>,
}

impl Concerned<'_> {
    /// Refuses where one of them can be neither renamed over nor removed.
    pub(super) fn refuse_obstacles(&self, directory: BorrowedFd<'_>, path: &Path) -> Result<(), FsError> {
        refuse_obstacles(directory, self.replaced.iter().chain(&self.removed).copied(), path)?;
        match &self.folder {
            Some(folder) => {
                let inside = self.replaced_inside.iter().copied();
                refuse_obstacles(folder.as_fd(), inside, &path.join(REVOKED))
            }
            None => Ok(()),
        }
    }
}

impl Target {
    /// Looks at the names, one by one, for the directory may hold a hundred thousand others.
    pub(super) fn refuse_names<'f>(
        &self,
        files: &'f FileSet,
        removed: &'f BTreeSet<String>,
    ) -> Result<Concerned<'f>, FsError> {
        let Place::Existing(directory) = &self.place else {
            self.refuse_bad_names(files.names().chain(removed.iter().map(String::as_str)))?;
            return Ok(Concerned::default());
        };
        let all = files.names().map(|name| Part::of(name).1);
        self.refuse_bad_names(all.chain(removed.iter().map(String::as_str)))?;
        // The change could not be recorded where something else has that name; a record itself is seen to before.
        if statat(directory, RECORD, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            return Err(FsError::RecordInTheWay { path: self.path().join(RECORD) });
        }
        look_over(directory.as_fd(), self.path(), files, removed)
    }

    /// Refuses what no file of ours in a directory can be called.
    pub(super) fn refuse_bad_names<'n>(
        &self,
        mut names: impl Iterator<Item = &'n str>,
    ) -> Result<(), FsError> {
        let is_bad = |name: &str| {
            let dots = matches!(name, "" | "." | "..");
            dots || name.contains(['/', '\0']) || is_ours(name)
        };
        match names.find(|name| is_bad(name)) {
            None => Ok(()),
            Some(name) => Err(FsError::BadName { name: name.to_owned() }),
        }
    }
}

impl Directory {
    /// Refuses a change as [`Target::stage_change`] does that finds the directory like this, as far as what is there forbids
    /// it; for a look ahead, which takes no lock.
    ///
    /// # Errors
    /// Those of [`Target::stage_change`] before anything is written.
    pub fn refuse_change(&self, files: &FileSet, removed: &BTreeSet<String>) -> Result<(), FsError> {
        let concerned = look_over(self.as_fd(), self.path(), files, removed)?;
        concerned.refuse_obstacles(self.as_fd(), self.path())
    }
}

/// Looks at the names in a directory, at `path`, that a change concerns.
fn look_over<'f>(
    directory: BorrowedFd<'_>,
    path: &Path,
    files: &'f FileSet,
    removed: &'f BTreeSet<String>,
) -> Result<Concerned<'f>, FsError> {
    let (top, inside): (Vec<_>, Vec<_>) =
        files.names().map(Part::of).partition(|(part, _)| *part == Part::Top);
    let mut concerned = Concerned::default();
    let found = |name: &str| statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok();
    let written = top.into_iter().map(|(_, name)| (name, false));
    let removed = removed.iter().map(|name| (name.as_str(), true));
    let removed = removed.filter(|(name, _)| files.get(name).is_none());
    for (name, is_removed) in written.chain(removed) {
        let Some(found) = found(name) else { continue };
        // A recorded change that met a directory on its way could never be finished.
        if FileType::from_raw_mode(found.st_mode).is_dir() {
            return Err(FsError::InTheWay { path: path.join(name) });
        }
        if is_removed { &mut concerned.removed } else { &mut concerned.replaced }.push(name);
    }
    if !inside.is_empty() {
        concerned.folder = refuse_unusable(directory, path)?;
    }
    for (part, name) in inside {
        let Some(folder) = &concerned.folder else { break };
        let Ok(found) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        if FileType::from_raw_mode(found.st_mode).is_dir() {
            return Err(FsError::InTheWay { path: path.join(part.name(name)) });
        }
        let shown = path.join(part.name(name));
        // What was put away is kept: nothing takes its place but itself.
        let own = files.get(&part.name(name));
        let is_same = FileType::from_raw_mode(found.st_mode).is_file()
            && read_entry(folder.as_fd(), name, Links::Refuse, &shown)?
                .is_some_and(|entry| own.is_some_and(|own| own.contents == entry.contents));
        if !is_same {
            return Err(FsError::PutAwayBefore { path: shown });
        }
        concerned.replaced_inside.push(name);
    }
    Ok(concerned)
}
