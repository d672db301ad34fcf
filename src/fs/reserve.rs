//! An empty directory that is made ahead, because another one is to lie in it.

use std::path::PathBuf;

use rustix::fs::{AtFlags, CWD, unlinkat};

use crate::fs::error::FsError;
use crate::fs::set::FileSet;
use crate::fs::stage::{DirectoryAttributes, Parents};
use crate::fs::target::Target;

/// A directory made ahead, with its missing parents. When dropped they go again, unless something has come to lie in it.
#[derive(Debug)]
pub struct Reserved {
    path: PathBuf,
    /// Dropped, and so removed, after the directory itself.
    _parents: Parents,
}

impl Reserved {
    /// Makes an empty directory with these attributes; `None` where one exists, also if it has just appeared.
    ///
    /// # Errors
    /// Those of [`Target::lock`] and [`Target::stage`].
    pub fn make(path: impl Into<PathBuf>, attributes: DirectoryAttributes) -> Result<Option<Self>, FsError> {
        let target = Target::lock(path)?;
        if target.exists() {
            return Ok(None);
        }
        match target.stage(&FileSet::default(), attributes)?.commit_for_now() {
            Ok((receipt, parents)) => Ok(Some(Self { path: receipt.directory, _parents: parents })),
            Err(FsError::Appeared { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // One that is in use is not empty, and stays.
        let _ = unlinkat(CWD, &self.path, AtFlags::REMOVEDIR);
    }
}
