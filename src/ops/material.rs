//! What `inspect` is asked about, read: directories, files, standard input, in the order in which they were named.

use super::evidence::{one_file, several_files};
use super::inspect::{directory_or_default, read};
use super::live::{is_data_directory, live};
use super::manifest;
use super::stdin::is_dash;
use crate::error::{Error, RequestError};
use crate::fs::set::STANDARD_INPUT;
use crate::fs::{Directory, FILE_LIMIT_BYTES, FileEntry, FsError, Mode, read_file};
use crate::show;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Files, and what was learnt on the way to them.
#[derive(Default)]
pub(super) struct Material {
    /// What was looked at, as the user named it.
    pub(super) place: String,
    /// Whether a directory is among it, so that what belongs together lies together.
    pub(super) is_tree: bool,
    /// The files in order, each once.
    pub(super) files: Vec<(String, FileEntry)>,
    /// Files of private keys that the caller may not read.
    pub(super) closed_keys: Vec<String>,
    /// Files that could not be read.
    pub(super) problems: Vec<Error>,
}

/// Reads what is asked about. In one directory files go by their names, else by their paths.
pub(super) fn material(paths: &[PathBuf], stdin: &Option<FileEntry>) -> Result<Material, Error> {
    let mut found = Material::default();
    match paths {
        [] => {
            let (path, directory) = directory_or_default(None)?;
            found.place = path.display().to_string();
            found.take_directory(path, &directory, "")?;
        }
        [path] if !is_dash(path) => {
            found.place = path.display().to_string();
            match directory_at(path)? {
                Some(directory) => found.take_directory(path, &directory, "")?,
                None => found.take_files(std::slice::from_ref(path))?,
            }
        }
        paths => {
            let shown = paths.iter().map(|path| match is_dash(path) {
                true => STANDARD_INPUT.to_owned(),
                false => path.display().to_string(),
            });
            found.place = shown.collect::<Vec<_>>().join(" ");
            found.take_several(paths, stdin)?;
        }
    }
    found.unfold()?;
    let mut met = HashSet::new();
    found.files.retain(|(name, _)| met.insert(name.clone()));
    Ok(found)
}

/// The directory at a path; `None` where something else is.
fn directory_at(path: &Path) -> Result<Option<Directory>, Error> {
    match Directory::open(path) {
        Ok(None) => Err(RequestError::NoDirectory { path: path.display().to_string() }.into()),
        Ok(directory) => Ok(directory),
        Err(FsError::NotADirectory { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Material {
    /// Puts what manifests hold in their places.
    fn unfold(&mut self) -> Result<(), Error> {
        let mut files = Vec::with_capacity(self.files.len());
        let mut met = HashSet::new();
        for (name, entry) in std::mem::take(&mut self.files) {
            match manifest::unfolded(&name, &entry, &mut met)? {
                Some(found) => files.extend(found),
                None => files.push((name, entry)),
            }
        }
        self.files = files;
        Ok(())
    }

    fn take_several(&mut self, paths: &[PathBuf], stdin: &Option<FileEntry>) -> Result<(), Error> {
        let mut files: Vec<PathBuf> = Vec::new();
        for path in paths {
            if is_dash(path) {
                self.take_files(&std::mem::take(&mut files))?;
                self.files.extend(stdin.clone().map(|entry| (STANDARD_INPUT.to_owned(), entry)));
                continue;
            }
            match directory_at(path)? {
                Some(directory) => {
                    self.take_files(&std::mem::take(&mut files))?;
                    let under = format!("{}/", path.display().to_string().trim_end_matches('/'));
                    self.take_directory(path, &directory, &under)?;
                }
                None => files.push(path.clone()),
            }
        }
        self.take_files(&files)
    }

    /// Files by their paths, a directory of theirs looked at once; pipes too, as a shell's `<(...)` gives them.
    fn take_files(&mut self, paths: &[PathBuf]) -> Result<(), Error> {
        match several_files(paths.iter().map(PathBuf::as_path)) {
            Ok(mut found) => {
                let names = paths.iter().map(|path| path.display().to_string());
                self.files.extend(names.filter_map(|name| {
                    let entry = found.remove(&name)?;
                    Some((name, entry))
                }));
            }
            Err(Error::Request(RequestError::NoSuchFile { .. })) => {
                for path in paths {
                    self.files.push((path.display().to_string(), file_or_pipe(path)?));
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn take_directory(&mut self, path: &Path, directory: &Directory, under: &str) -> Result<(), Error> {
        self.is_tree = true;
        let names: Vec<String> = directory.names()?.into_keys().filter(|name| show::concerns(name)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut problems = Vec::new();
        let files = read(directory, &names, &mut problems)?;
        for problem in problems {
            match closed_key(&problem) {
                Some(name) => self.closed_keys.push(format!("{under}{name}")),
                None => self.problems.push(problem),
            }
        }
        self.files.extend(files.into_iter().map(|(name, entry)| (format!("{under}{name}"), entry)));
        if is_data_directory(directory)? {
            self.take_live_files(path, under);
        }
        Ok(())
    }

    /// What a server's settings name outside of its data directory. Where they cannot be read, or name what is not there,
    /// the directory is shown all the same: `verify` tells.
    fn take_live_files(&mut self, path: &Path, under: &str) {
        let Ok(server) = live(Some(path), None) else { return };
        let named = server.roles.files().chain(server.roles.crl_file.as_deref()).map(Path::new);
        for file in named {
            let inside = file.strip_prefix(path).ok().and_then(Path::to_str);
            let name = inside.map_or_else(|| file.display().to_string(), |name| format!("{under}{name}"));
            let is_known = self.files.iter().any(|(known, _)| *known == name);
            let entry = one_file(file).ok().and_then(|found| found.into_iter().next());
            match entry.filter(|_| !is_known) {
                Some((_, entry)) => self.files.push((name, entry)),
                None => continue,
            }
        }
    }
}

fn file_or_pipe(path: &Path) -> Result<FileEntry, Error> {
    match one_file(path) {
        Ok(found) => {
            let missing = || RequestError::NoSuchFile { path: path.display().to_string() };
            let (_, entry) = found.into_iter().next().ok_or_else(missing)?;
            Ok(entry)
        }
        Err(Error::Request(missing @ RequestError::NoSuchFile { .. })) => {
            match read_file(path, FILE_LIMIT_BYTES) {
                Ok(contents) => Ok(FileEntry { contents: contents.into(), mode: Mode::SECRET, owner: None }),
                Err(FsError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                    Err(missing.into())
                }
                Err(error) => Err(error.into()),
            }
        }
        Err(error) => Err(error),
    }
}

/// The name of the key file that could not be opened for want of a permission, where it is that.
fn closed_key(problem: &Error) -> Option<String> {
    let Error::Fs(FsError::Io { path, source, .. }) = problem else { return None };
    let name = path.file_name()?.to_str()?;
    let is_key = name.ends_with(".key") || name.ends_with(".pk8");
    (is_key && source.kind() == ErrorKind::PermissionDenied).then(|| name.to_owned())
}
