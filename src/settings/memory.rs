//! Files in memory, for tests.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files::{Cause, Files};

/// Path -> contents. A path that is a directory of another cannot be read; one that is named in `closed` neither.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
    pub(super) closed: Vec<PathBuf>,
}

impl Memory {
    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
        Self { files: files.collect(), closed: Vec::new() }
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Cause> {
        if self.closed.iter().any(|closed| path.starts_with(closed)) {
            return Err("permission denied".into());
        }
        if !self.files.contains_key(path) && self.files.keys().any(|file| file.starts_with(path)) {
            return Err("is a directory".into());
        }
        Ok(self.files.get(path).map(|bytes| Zeroizing::new(bytes.clone())))
    }

    fn names(&self, directory: &Path) -> Result<Option<Vec<OsString>>, Cause> {
        let inside = self.files.keys().filter(|file| file.parent() == Some(directory));
        // Backwards, for the order is the reader's to make.
        let names: Vec<OsString> =
            inside.rev().filter_map(|file| Some(file.file_name()?.to_owned())).collect();
        Ok((!names.is_empty()).then_some(names))
    }
}
