//! Standard input as a file, for verbs that read one of its name: `-`.

use crate::error::Error;
use crate::fs::set::STANDARD_INPUT;
use crate::fs::{FILE_LIMIT_BYTES, FileEntry, Mode, read_stream};
use std::io::Read;
use std::path::Path;

/// The path that stands for standard input; a file of that name is `./-`.
pub const DASH: &str = "-";

/// Whether a path stands for standard input.
#[must_use]
pub fn is_dash(path: &Path) -> bool {
    path.as_os_str() == DASH
}

/// Reads standard input to its end, as a file that is nobody's: neither its mode nor its owner is anything to judge.
///
/// # Errors
/// [`FsError::TooLarge`](crate::fs::FsError::TooLarge) above the size that any file may have,
/// [`FsError::Io`](crate::fs::FsError::Io) where reading fails.
pub fn standard_input(stream: &mut dyn Read) -> Result<FileEntry, Error> {
    let contents = read_stream(stream, FILE_LIMIT_BYTES, STANDARD_INPUT)?;
    Ok(FileEntry { contents: contents.into(), mode: Mode::SECRET, owner: None })
}
