//! A commit that can still be taken back, because another one has to follow it or neither may be.

use rustix::fs::{AtFlags, unlinkat};

use crate::fs::commit::Receipt;
use crate::fs::error::FsError;
use crate::fs::revoked::Part;
use crate::fs::stage::{Parents, Staged};
use crate::fs::target::Place;

/// A commit to the first of two directories. Dropping it takes the files away again that it brought, and the directory
/// and its parents where it made them; [`stay`](Self::stay) lets them be. One that removed files stays in any case, for
/// what it brought may be all that is left of them.
///
/// The lock of a new directory is held until then, so that nobody has begun to use what is taken back.
#[derive(Debug)]
#[must_use = "what does not stay is taken back"]
pub struct Tentative<'t> {
    staged: Staged<'t>,
    receipt: Option<Receipt>,
    parents: Option<Parents>,
    /// The files that were not there before.
    brought: Vec<String>,
}

impl<'t> Staged<'t> {
    /// Commits as [`commit`](Self::commit) does, for the time being.
    ///
    /// # Errors
    /// Those of [`commit`](Self::commit) and [`Target::names`](crate::fs::Target::names).
    pub fn commit_tentatively(mut self) -> Result<Tentative<'t>, FsError> {
        let before = self.target.names()?;
        let (receipt, parents) = self.make_visible()?;
        let is_new = |name: &&String| Part::of(name).0 == Part::Top && !before.contains_key(*name);
        let brought = match receipt.removed.is_empty() {
            true => receipt.names.iter().filter(is_new).cloned().collect(),
            false => Vec::new(),
        };
        Ok(Tentative { staged: self, receipt: Some(receipt), parents: Some(parents), brought })
    }
}

impl Tentative<'_> {
    /// Lets the change be.
    pub fn stay(mut self) {
        self.receipt = None;
        if let Some(parents) = self.parents.take() {
            parents.stay();
        }
    }
}

impl Drop for Tentative<'_> {
    fn drop(&mut self) {
        let Some(receipt) = self.receipt.take() else { return };
        let Staged { target, folder, .. } = &self.staged;
        for name in &self.brought {
            // In a new directory the folder is the directory itself; in an existing one it was taken away.
            let _ = match &target.place {
                Place::Absent { .. } => unlinkat(&folder.descriptor, name.as_str(), AtFlags::empty()),
                Place::Existing(directory) => unlinkat(directory, name.as_str(), AtFlags::empty()),
            };
        }
        if let (true, Place::Absent { name, .. }) = (receipt.created, &target.place) {
            // One that somebody has put something into is not empty, and stays.
            let _ = unlinkat(&folder.base, name, AtFlags::REMOVEDIR);
        }
    }
}
