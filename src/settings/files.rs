//! The door through which settings are read: the caller's, so that nothing here knows a disk.

use std::error::Error;
use std::ffi::OsString;
use std::path::Path;

use zeroize::Zeroizing;

/// Why a file could not be read, in the words of whoever tried.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Gives the contents of files and the names in directories.
///
/// Symbolic links are followed, as PostgreSQL follows them. How large a file may be is the giver's to bound.
pub trait Files {
    /// The bytes of a file; `None` where nothing of that name exists.
    ///
    /// A service file can hold a password, so what is read is wiped when dropped.
    ///
    /// # Errors
    /// Whatever keeps an existing file from being read, a directory among it.
    fn read(&self, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Cause>;

    /// The names of all entries of a directory that are no directories themselves, in any order; `None` where nothing
    /// of that name exists.
    ///
    /// # Errors
    /// Whatever keeps an existing directory from being listed.
    fn names(&self, directory: &Path) -> Result<Option<Vec<OsString>>, Cause>;
}
