//! A configuration as a file of its own, and the one line that has a main file read it. A file that `config` did not
//! write is never replaced; to a main file that line is added at its end, and nothing else is changed in it.

use crate::config::{ConfigError, Reader, is_marked};
use crate::error::{Error, RequestError};
use crate::fs::{Directory, DirectoryAttributes, FileEntry, FileSet, Mode, Target};
use std::path::{Path, PathBuf, absolute};

/// Where it goes.
#[derive(Debug, Clone)]
pub struct WriteRequest {
    /// The file of its own.
    pub file: PathBuf,
    /// The main file that is to read it.
    pub include_in: Option<PathBuf>,
    /// Decide everything, write nothing.
    pub dry_run: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file of its own.
    pub file: PathBuf,
    /// Whether it was made or changed, or would be.
    pub is_changed: bool,
    /// The main file, where one is named, and whether the line was added, or would be.
    pub include: Option<(PathBuf, bool)>,
    /// How it is put to use, a line each, where no main file is named.
    pub uses: Vec<String>,
}

/// Writes.
pub(super) fn put(request: &WriteRequest, text: &str, reader: Reader) -> Result<Written, Error> {
    let whole = super::utf8(&absolute(&request.file).unwrap_or_else(|_| request.file.clone()))?;
    let own = |found: Option<&FileEntry>| own_file(found, text, &request.file);
    let Some(main) = &request.include_in else {
        let is_changed = change(&request.file, own, request.dry_run)?;
        return Ok(Written {
            file: request.file.clone(),
            is_changed,
            include: None,
            uses: reader.uses(&whole),
        });
    };
    let Some(line) = reader.include_line(&whole) else {
        let fact = "--include-in is for postgresql: elsewhere the place of the line decides".to_owned();
        let hint = "Leave it out; where the file is to be named is said once it is written.";
        return Err(ConfigError::Combination { fact, hint }.into());
    };
    let including = |found: Option<&FileEntry>| main_file(found, &line, main);
    // Refused before anything is written; and written last, so that it never names what is not there.
    change(main, including, true)?;
    let is_changed = change(&request.file, own, request.dry_run)?;
    let is_added = change(main, including, request.dry_run)?;
    let include = Some((main.clone(), is_added));
    Ok(Written { file: request.file.clone(), is_changed, include, uses: Vec::new() })
}

/// The file as it is to be; `None` where it is so.
fn own_file(found: Option<&FileEntry>, text: &str, path: &Path) -> Result<Option<FileEntry>, Error> {
    match found {
        // It holds no secret, and is read by somebody else's program.
        None => Ok(Some(FileEntry::new(text, Mode::PUBLIC))),
        Some(entry) if entry.contents.as_slice() == text.as_bytes() => Ok(None),
        Some(entry) if is_marked(entry.contents.as_slice()) => {
            Ok(Some(FileEntry { owner: entry.owner, ..FileEntry::new(text, entry.mode) }))
        }
        Some(_) => Err(ConfigError::Foreign { path: path.display().to_string() }.into()),
    }
}

/// The main file with the line at its end; `None` where it stands in it.
fn main_file(found: Option<&FileEntry>, line: &str, path: &Path) -> Result<Option<FileEntry>, Error> {
    let entry = found.ok_or_else(|| RequestError::NoSuchFile { path: path.display().to_string() })?;
    let mut bytes = entry.contents.as_slice().to_vec();
    let is_it = |found: &[u8]| found.trim_ascii() == line.as_bytes();
    if bytes.split(|byte| *byte == b'\n').any(is_it) {
        return Ok(None);
    }
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    Ok(Some(FileEntry { owner: entry.owner, ..FileEntry::new(bytes, entry.mode) }))
}

/// Changes one file, whole or not at all; whether there was something to change.
fn change(
    path: &Path,
    next: impl Fn(Option<&FileEntry>) -> Result<Option<FileEntry>, Error>,
    dry_run: bool,
) -> Result<bool, Error> {
    let missing = |path: &Path| RequestError::NoSuchFile { path: path.display().to_string() };
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| missing(path))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = Directory::open(parent)?.ok_or_else(|| missing(parent))?;
    if dry_run {
        let found = directory.read(|other| other == name)?;
        return Ok(next(found.get(name))?.is_some());
    }
    let target = Target::lock(parent)?;
    let found = target.read(|other| other == name)?;
    let Some(entry) = next(found.get(name))? else { return Ok(false) };
    let mut files = FileSet::default();
    files.insert(name, entry);
    target.stage(&files, DirectoryAttributes { mode: Mode::DIRECTORY, gid: None })?.commit()?;
    Ok(true)
}
