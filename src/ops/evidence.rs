//! Where the files that `verify` is asked about lie: a directory, a server's settings, single files.

use super::inspect::directory_or_default;
use super::live::{Live, is_data_directory, live, place};
use super::stdin::is_dash;
use super::verify::VerifyRequest;
use crate::error::{Error, RequestError};
use crate::fs::set::STANDARD_INPUT;
use crate::fs::{Directory, FileSet};
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
            })
        }
        paths => {
            let named: Vec<PathBuf> = paths.iter().filter(|path| !is_dash(path)).cloned().collect();
            let files = several_files(&named)?;
            let dash = paths.iter().any(|path| is_dash(path)).then(|| STANDARD_INPUT.to_owned());
            let shown = named.iter().map(|path| path.display().to_string());
            let shown: Vec<String> = shown.chain(dash).collect();
            let place = if shown.len() > 3 { format!("{} files", shown.len()) } else { shown.join(" ") };
            Ok(Gathered { place, fell_back: false, files, server: None, is_loose: true })
        }
    }
}

/// What a server's settings say: its files are read where its roles name them.
fn gather_server(directory: Option<&Path>, configuration: Option<&Path>) -> Result<Gathered, Error> {
    let server = live(directory, configuration)?;
    let place = place(directory, configuration);
    Ok(Gathered { place, fell_back: false, files: FileSet::default(), server: Some(server), is_loose: false })
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

/// The lists of a hash directory, under its path; none where it does not exist, of which the server says nothing.
pub(super) fn hash_directory(path: &str, problems: &mut Vec<Error>) -> Result<FileSet, Error> {
    let Some(directory) = Directory::open(Path::new(path))? else { return Ok(FileSet::default()) };
    let files = in_directory(&directory, problems)?;
    let under = |name: &str| format!("{}/{name}", path.trim_end_matches('/'));
    Ok(files.into_iter().map(|(name, entry)| (under(&name), entry)).collect())
}

/// Files by their paths, each with its mode and owner, under those paths. A directory is looked at once, however many of
/// its files are meant.
pub(super) fn several_files(paths: &[PathBuf]) -> Result<FileSet, Error> {
    let missing = |path: &Path| RequestError::NoSuchFile { path: path.display().to_string() };
    let mut by_parent: BTreeMap<&Path, BTreeMap<&str, &Path>> = BTreeMap::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| missing(path))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        by_parent.entry(parent).or_default().insert(name, path);
    }
    let mut files = FileSet::default();
    for (parent, wanted) in by_parent {
        let first = || wanted.values().next().copied().unwrap_or(parent);
        let directory = Directory::open(parent)?.ok_or_else(|| missing(first()))?;
        let names: Vec<&str> = wanted.keys().copied().collect();
        let found = directory.read_named(&names)?;
        if let Some((_, path)) = wanted.iter().find(|(name, _)| found.get(name).is_none()) {
            return Err(missing(path).into());
        }
        let shown = |name: &str| {
            wanted.get(name).map_or_else(String::new, |path| path.to_string_lossy().into_owned())
        };
        files.extend(found.into_iter().map(|(name, entry)| (shown(&name), entry)));
    }
    Ok(files)
}

/// One file by its path.
pub(super) fn one_file(path: &Path) -> Result<FileSet, Error> {
    several_files(&[path.to_path_buf()])
}
