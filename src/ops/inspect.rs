//! `inspect`: what a directory, or files, hold and who signed whom.

use super::material::{Material, material};
use super::secret_line;
use crate::error::{Error, RequestError};
use crate::fs::{Directory, FileEntry, FileSet, FsError};
use crate::pem;
use crate::show::{self, Ending, FileFacts, Holdings, IssuedBy, Unreadable};
use crate::state::StateError;
use crate::verify::Exhibit;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// What `inspect` is asked.
#[derive(Debug, Clone, Default)]
pub struct InspectRequest {
    /// Directories or files, of which `-` is `stdin`; empty: `pki`, or the current directory where there is none.
    pub paths: Vec<PathBuf>,
    /// What was read from standard input.
    pub stdin: Option<FileEntry>,
    /// The file whose first line opens encrypted keys.
    pub passphrase_file: Option<PathBuf>,
    /// Where the CAs have a directory of their own, that; looked at with the paths.
    pub ca_directory: Option<PathBuf>,
    /// What is to be shown.
    pub wanted: Wanted,
}

/// What `inspect` is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// A directory as a tree, files one by one.
    #[default]
    Everything,
    /// The certificates as PEM.
    Pem,
    /// What ends, the soonest first.
    Endings,
    /// What each CA issued.
    Issued {
        /// What ends first comes first, and not what was issued first.
        by_expiry: bool,
    },
}

/// What was found.
#[derive(Debug)]
pub struct Inspection {
    /// What was looked at, as the user named it.
    pub place: String,
    /// Whether that is one directory.
    pub is_one_directory: bool,
    /// What is to be shown.
    pub shown: Shown,
    /// Files that do not hold what they promise.
    pub unreadable: Vec<Unreadable>,
    /// Files that could not be read.
    pub problems: Vec<Error>,
}

/// What is to be shown.
#[derive(Debug)]
pub enum Shown {
    /// Who signed whom.
    Tree(Holdings),
    /// Files one by one.
    Files(Vec<FileFacts>),
    /// The certificates as PEM, each once, each before its issuer.
    Pem(String),
    /// What ends, the soonest first.
    Endings(Vec<Ending>),
    /// What each CA issued.
    Issued(Vec<IssuedBy>),
}

/// Reads and shows; judges nothing, writes nothing, takes no lock. A key that the caller may not read, or has no
/// passphrase for, hides nothing else.
///
/// # Errors
/// [`RequestError::NoDirectory`], [`RequestError::NoSuchFile`], [`RequestError::NothingThere`], or the disk's own.
pub fn inspect(request: &InspectRequest, now: OffsetDateTime) -> Result<Inspection, Error> {
    let passphrase = request.passphrase_file.as_deref().map(secret_line).transpose()?;
    let passphrase = passphrase.as_ref().map(|line| line.as_slice());
    let Material { place, is_tree, files, closed_keys, problems } =
        material(&paths(request)?, &request.stdin)?;
    let read = |(name, entry): &(String, FileEntry)| Exhibit::read(name, entry, passphrase);
    let exhibits: Vec<Exhibit> = files.iter().map(read).collect();
    let mut unreadable = show::unreadable(&exhibits);
    let is_one_directory = is_tree && request.paths.len() < 2 && request.ca_directory.is_none();
    if is_one_directory && place != "." {
        // Where the tree goes by names, a message goes by the path.
        let under = place.trim_end_matches('/');
        unreadable.iter_mut().for_each(|it| it.file = format!("{under}/{}", it.file));
    }
    if exhibits.is_empty() && closed_keys.is_empty() && problems.is_empty() {
        return Err(RequestError::NothingThere { path: place }.into());
    }
    let holdings = || Holdings::of(&exhibits, &closed_keys, now);
    let shown = match request.wanted {
        // What an index holds is what a CA issued.
        Wanted::Everything if is_indexes_alone(&exhibits) => Shown::Issued(issued(&exhibits, false, now)),
        Wanted::Everything if is_tree => Shown::Tree(holdings()),
        Wanted::Everything => Shown::Files(show::listing(&exhibits, now)),
        Wanted::Pem => Shown::Pem(certificates_as_pem(&holdings())),
        Wanted::Endings => Shown::Endings(holdings().endings()),
        Wanted::Issued { by_expiry } => Shown::Issued(issued(&exhibits, by_expiry, now)),
    };
    Ok(Inspection { place, is_one_directory, shown, unreadable, problems })
}

/// The paths, and the directory of the CAs behind them.
fn paths(request: &InspectRequest) -> Result<Vec<PathBuf>, Error> {
    let mut paths = request.paths.clone();
    if let Some(ca_directory) = &request.ca_directory {
        if paths.is_empty() {
            paths.push(directory_or_default(None)?.0.to_path_buf());
        }
        paths.push(ca_directory.clone());
    }
    Ok(paths)
}

fn issued(exhibits: &[Exhibit], by_expiry: bool, now: OffsetDateTime) -> Vec<IssuedBy> {
    let mut lists = show::issued(exhibits, now);
    if by_expiry {
        lists.iter_mut().for_each(|list| list.issued.sort_by_key(|issued| issued.not_after));
    }
    lists
}

fn is_indexes_alone(exhibits: &[Exhibit]) -> bool {
    !exhibits.is_empty() && exhibits.iter().all(|exhibit| exhibit.issued.is_some())
}

/// Never anything but certificates.
fn certificates_as_pem(holdings: &Holdings) -> String {
    holdings.chain_order().iter().map(|entry| pem::encode_certificate(&entry.der)).collect()
}

/// Opens a directory to look at: without a path `pki`, or the current one where there is no `pki`.
pub(super) fn directory_or_default(path: Option<&Path>) -> Result<(&Path, Directory), Error> {
    let (path, directory) = match path {
        Some(path) => (path, Directory::open(path)?),
        None => match Directory::open("pki")? {
            Some(directory) => (Path::new("pki"), Some(directory)),
            None => (Path::new("."), Directory::open(".")?),
        },
    };
    let directory =
        directory.ok_or_else(|| RequestError::NoDirectory { path: path.display().to_string() })?;
    Ok((path, directory))
}

/// Reads those files; one that cannot be read becomes a problem. They are read at once, as one state of the directory;
/// where that fails, each half is read alone, until the file at fault is.
pub(super) fn read(
    directory: &Directory,
    names: &[&str],
    problems: &mut Vec<Error>,
) -> Result<FileSet, Error> {
    let mut files = match directory.read(|name| names.binary_search(&name).is_ok()) {
        Ok(files) => {
            let absent = names.iter().filter(|name| files.get(name).is_none());
            let path = |name: &&str| directory.path().join(name).display().to_string();
            problems.extend(absent.map(|name| StateError::NoFile { path: path(name) }.into()));
            return Ok(files);
        }
        Err(error @ (FsError::Changing { .. } | FsError::Unfinished { .. })) => return Err(error.into()),
        Err(error) => match names {
            [] => return Err(error.into()),
            [_] => {
                problems.push(error.into());
                return Ok(FileSet::default());
            }
            [_, _, ..] => FileSet::default(),
        },
    };
    let (first, second) = names.split_at(names.len() / 2);
    for half in [first, second] {
        files.extend(read(directory, half, problems)?);
    }
    Ok(files)
}
