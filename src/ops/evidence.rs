//! Where the files that `verify` is asked about lie: a directory, a server's settings, single files.

use super::inspect::directory_or_default;
use super::live::{Live, is_data_directory, live, place};
use super::stdin::is_dash;
use super::verify::VerifyRequest;
use crate::error::{Error, RequestError};
use crate::fs::set::STANDARD_INPUT;
use crate::fs::{Directory, FileSet};
use crate::pg::is_request_file;
use crate::verify;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files to be judged, and what was learnt on the way to them.
pub(super) struct Gathered {
    pub(super) place: String,
    pub(super) fell_back: bool,
    pub(super) files: FileSet,
    pub(super) server: Option<Live>,
    /// Whether single files were named, and no place that has all that belongs together.
    pub(super) is_loose: bool,
    /// The names of the requests beside the files.
    pub(super) requests: Vec<String>,
}

/// The files that are asked about.
pub(super) fn gather(request: &VerifyRequest, problems: &mut Vec<Error>) -> Result<Gathered, Error> {
    if request.configuration.is_some() {
        return gather_server(request.paths.first().map(PathBuf::as_path), request.configuration.as_deref());
    }
    if request.client.is_some() && request.paths.is_empty() {
        return Ok(Gathered {
            place: "libpq".to_owned(),
            fell_back: false,
            files: FileSet::default(),
            server: None,
            is_loose: false,
            requests: Vec::new(),
        });
    }
    let named_roles = request.roles.files().next().is_some();
    match request.paths.as_slice() {
        [] if named_roles => Ok(Gathered {
            place: ".".to_owned(),
            fell_back: false,
            files: FileSet::default(),
            server: None,
            is_loose: true,
            requests: Vec::new(),
        }),
        [] => {
            let (path, directory) = directory_or_default(None)?;
            let files = in_directory(&directory, problems)?;
            Ok(Gathered {
                place: path.display().to_string(),
                fell_back: path == Path::new("."),
                files,
                server: None,
                is_loose: false,
                requests: requests(&directory)?,
            })
        }
        [path] if !is_dash(path) && is_directory(path)? => {
            let (path, directory) = directory_or_default(Some(path))?;
            if is_data_directory(&directory)? {
                if request.client.is_some() {
                    return Err(RequestError::ClientAndServer { path: path.display().to_string() }.into());
                }
                return gather_server(Some(path), None);
            }
            let files = in_directory(&directory, problems)?;
            Ok(Gathered {
                place: path.display().to_string(),
                fell_back: false,
                files,
                server: None,
                is_loose: false,
                requests: requests(&directory)?,
            })
        }
        paths => {
            let named = || paths.iter().filter(|path| !is_dash(path));
            let files = several_files(named().map(PathBuf::as_path))?;
            let dash = paths.iter().any(|path| is_dash(path)).then(|| STANDARD_INPUT.to_owned());
            let place = match named().count() + dash.iter().len() {
                count @ 4.. => format!("{count} files"),
                _ => {
                    let shown = named().map(|path| path.display().to_string()).chain(dash);
                    shown.collect::<Vec<_>>().join(" ")
                }
            };
            Ok(Gathered {
                place,
                fell_back: false,
                files,
                server: None,
                is_loose: true,
                requests: Vec::new(),
            })
        }
    }
}

/// What a server's settings say: its files are read where its roles name them.
fn gather_server(directory: Option<&Path>, configuration: Option<&Path>) -> Result<Gathered, Error> {
    let server = live(directory, configuration)?;
    let place = place(directory, configuration);
    Ok(Gathered {
        place,
        fell_back: false,
        files: FileSet::default(),
        server: Some(server),
        is_loose: false,
        requests: Vec::new(),
    })
}

/// Whether a path leads to a directory; what does not exist is an error.
fn is_directory(path: &Path) -> Result<bool, Error> {
    match Directory::open(path) {
        Ok(Some(_)) => Ok(true),
        Ok(None) => Err(RequestError::NoSuchFile { path: path.display().to_string() }.into()),
        Err(crate::fs::FsError::NotADirectory { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The files of a directory that can be meant: by their names, as PostgreSQL, libpq, Kubernetes and the guides have them.
fn in_directory(directory: &Directory, problems: &mut Vec<Error>) -> Result<FileSet, Error> {
    let names: Vec<String> = directory.names()?.into_keys().filter(|name| verify::concerns(name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    super::inspect::read(directory, &names, problems)
}

/// The names of the certificate requests in a directory.
fn requests(directory: &Directory) -> Result<Vec<String>, Error> {
    Ok(directory.names()?.into_keys().filter(|name| is_request_file(name)).collect())
}

/// The lists of a hash directory, under its path; none where it does not exist, of which the server says nothing.
pub(super) fn hash_directory(path: &str, problems: &mut Vec<Error>) -> Result<FileSet, Error> {
    let Some(directory) = Directory::open(Path::new(path))? else { return Ok(FileSet::default()) };
    let files = in_directory(&directory, problems)?;
    let under = |name: &str| format!("{}/{name}", path.trim_end_matches('/'));
    Ok(files.into_iter().map(|(name, entry)| (under(&name), entry)).collect())
}

/// Files by their paths, each with its mode and owner, under those paths. A directory is looked at once, however many of
/// its files are meant; of two spellings of one path the later counts.
pub(super) fn several_files<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Result<FileSet, Error> {
    let missing = |path: &Path| Error::from(RequestError::NoSuchFile { path: path.display().to_string() });
    let mut by_parent: BTreeMap<&Path, Vec<(&str, &Path)>> = BTreeMap::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| missing(path))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        by_parent.entry(parent).or_default().push((name, path));
    }
    let mut files = Vec::new();
    for (parent, mut wanted) in by_parent {
        wanted.reverse();
        wanted.sort_by_key(|(name, _)| *name);
        wanted.dedup_by_key(|(name, _)| *name);
        let first = wanted.first().map_or(parent, |(_, path)| path);
        let directory = Directory::open(parent)?.ok_or_else(|| missing(first))?;
        let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
        // In the order of the names, as those are.
        let mut found = directory.read_named(&names)?.into_iter().peekable();
        for (name, path) in wanted {
            let (_, entry) = found.next_if(|(found, _)| found == name).ok_or_else(|| missing(path))?;
            files.push((path.to_string_lossy().into_owned(), entry));
        }
    }
    Ok(files.into_iter().collect())
}

/// One file by its path.
pub(super) fn one_file(path: &Path) -> Result<FileSet, Error> {
    several_files([path])
}
