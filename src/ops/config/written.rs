//! A configuration as a file of its own, and the one line that has a main file read it. A file that `config` did not
//! write is never replaced; to a main file that line is added at its end, and nothing else is changed in it.

use crate::config::{ConfigError, Reader, target_of};
use crate::error::{Error, RequestError};
use crate::fs::{Directory, DirectoryAttributes, EntryKind, FileEntry, FileSet, FsError, Mode, Target};
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
    // By its components: nobody would read a file through a path with a slash at its end.
    let file: PathBuf = request.file.components().collect();
    let whole = super::utf8(&absolute(&file).unwrap_or_else(|_| file.clone()))?;
    let own = |found: Option<&FileEntry>| own_file(found, text, &file);
    let Some(main) = &request.include_in else {
        let is_changed = change(&file, own, request.dry_run)?;
        return Ok(Written { file, is_changed, include: None, uses: reader.uses(&whole) });
    };
    let Some(line) = reader.include_line(&whole) else {
        let fact = "--include-in is for postgresql: elsewhere the place of the line decides".to_owned();
        let hint = "Leave it out; where the file is to be named is said once it is written.";
        return Err(ConfigError::Combination { fact, hint }.into());
    };
    let including = |found: Option<&FileEntry>| main_file(found, &line, main);
    // Refused before anything is written; and written last, so that it never names what is not there.
    change(main, including, true)?;
    let is_changed = change(&file, own, request.dry_run)?;
    let is_added = change(main, including, request.dry_run)?;
    let include = Some((main.clone(), is_added));
    Ok(Written { file, is_changed, include, uses: Vec::new() })
}

/// The file as it is to be; `None` where it is so.
fn own_file(found: Option<&FileEntry>, text: &str, path: &Path) -> Result<Option<FileEntry>, Error> {
    // What another target wrote is read by another program.
    let target = target_of(text.as_bytes());
    match found {
        // It holds no secret, and is read by somebody else's program.
        None => Ok(Some(FileEntry::new(text, Mode::PUBLIC))),
        Some(entry) if entry.contents.as_slice() == text.as_bytes() => Ok(None),
        Some(entry) if target.is_some() && target_of(entry.contents.as_slice()) == target => {
            Ok(Some(FileEntry { owner: entry.owner, ..FileEntry::new(text, entry.mode) }))
        }
        Some(_) => {
            let target = target.map(str::to_owned);
            Err(ConfigError::Foreign { path: path.display().to_string(), target }.into())
        }
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
    // Read through a link, it would be looked at and then not written.
    match directory.names_if(|other| other == name)?.get(name) {
        Some(EntryKind::Symlink) => return Err(FsError::Symlink { path: path.to_owned() }.into()),
        Some(EntryKind::Directory) => return Err(FsError::InTheWay { path: path.to_owned() }.into()),
        _ => {}
    }
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
