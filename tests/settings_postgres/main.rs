//! The real programs judge how we read settings: `postgres` says which value counts, `psql` which file it misses.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod hba;
mod ident;
mod libpq;
mod server;

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use pgtls::settings::{Cause, Files};
use zeroize::Zeroizing;

/// The disk as it is.
pub(crate) struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Cause> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn names(&self, directory: &Path) -> Result<Option<Vec<OsString>>, Cause> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let files = entries.map(Result::unwrap).filter(|entry| !entry.path().is_dir());
        Ok(Some(files.map(|entry| entry.file_name()).collect()))
    }
}
