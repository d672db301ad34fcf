//! Which configuration belongs to which data directory: what `SelectConfigFiles` settles when a server starts.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::NamedPath;
use super::picked::Picked;
use crate::settings::conf;
use crate::settings::error::SettingsError;
use crate::settings::files::Files;
use crate::settings::include::{Reader, hang};
use crate::settings::setting::{Assignment, Setting};

/// What a server is started with, as far as it tells where its configuration is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The directory of `-D` or `PGDATA`: the data directory, or one with a `postgresql.conf` that names it.
    pub directory: Option<PathBuf>,
    /// The `postgresql.conf` of `-c config_file`, where it is not in `directory`.
    pub configuration: Option<PathBuf>,
    /// The directory in which the server is started, from which relative `data_directory`, `hba_file`, `ident_file` and
    /// `hosts_file` hang; the configuration's own is guessed where it is not known.
    pub started_in: Option<PathBuf>,
}

/// What was found there.
pub(super) struct Sources {
    /// The directory in which `pg_hba.conf` and its like are looked for.
    pub(super) configuration: PathBuf,
    pub(super) data_directory: Setting<NamedPath>,
    /// All lines that set something, in the order in which they count.
    pub(super) assignments: Vec<Assignment>,
}

impl Location {
    /// A server started with `-D directory`.
    #[must_use]
    pub fn of_directory(directory: impl Into<PathBuf>) -> Self {
        Self { directory: Some(directory.into()), ..Self::default() }
    }

    /// A server started on that `postgresql.conf`, whose `data_directory` (or else its own directory) it serves.
    #[must_use]
    pub fn of_configuration(file: impl Into<PathBuf>) -> Self {
        Self { configuration: Some(file.into()), ..Self::default() }
    }

    pub(super) fn sources(&self, reader: &mut Reader<'_>) -> Result<Sources, SettingsError> {
        let directory = self.directory.as_deref().unwrap_or(Path::new(""));
        let file = match &self.configuration {
            Some(file) => hang(Path::new(""), file),
            None => hang(directory, Path::new("postgresql.conf")),
        };
        let configuration = match &self.directory {
            Some(directory) => directory.clone(),
            None => parent(&file),
        };
        let Some(mut assignments) = conf::read(reader, &file)? else {
            return Err(match (&self.configuration, &self.directory) {
                (None, Some(directory)) => no_configuration(directory, reader.files)?,
                _ => SettingsError::Missing { path: file, included_by: None },
            });
        };
        let picked = Picked { assignments: &assignments };
        let data_directory = self.started(&picked, "data_directory", configuration.clone(), &configuration);
        let automatic = hang(&data_directory.value.path, Path::new("postgresql.auto.conf"));
        if let Some(mut later) = conf::read(reader, &automatic)? {
            // By then it is settled where the data are.
            later.retain(|line| !line.name.eq_ignore_ascii_case("data_directory"));
            assignments.append(&mut later);
        }
        Ok(Sources { configuration, data_directory, assignments })
    }

    /// A path that hangs from where the server is started.
    pub(super) fn started(
        &self,
        picked: &Picked<'_>,
        name: &'static str,
        default: PathBuf,
        configuration: &Path,
    ) -> Setting<NamedPath> {
        let chosen = picked.last(&[name]);
        chosen.map(|line| match line {
            None => NamedPath { written: default.clone().into(), path: default, guessed: false },
            Some(line) => {
                let written = line.value.clone();
                let base = self.started_in.as_deref();
                let guessed = base.is_none() && !Path::new(&written).is_absolute();
                let path = hang(base.unwrap_or(configuration), Path::new(&written));
                NamedPath { written, path, guessed }
            }
        })
    }
}

fn parent(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The major version in `PG_VERSION`: 15 of "15", 9 of "9.6"; `None` where there is none.
pub(super) fn version(data: &Path, files: &dyn Files) -> Result<Option<u32>, SettingsError> {
    let text = version_text(data, files)?;
    Ok(text.and_then(|text| text.split('.').next()?.parse().ok()))
}

fn version_text(data: &Path, files: &dyn Files) -> Result<Option<String>, SettingsError> {
    let path = hang(data, Path::new("PG_VERSION"));
    let contents =
        files.read(&path).map_err(|source| SettingsError::Unreadable { path, included_by: None, source })?;
    let text = contents.map(|contents| {
        let line = contents.split(|byte| *byte == b'\n').next().unwrap_or_default();
        String::from_utf8_lossy(line).trim().chars().take(10).collect()
    });
    Ok(text.filter(|text: &String| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')))
}

/// What to say of a directory without `postgresql.conf`, with where it may be.
fn no_configuration(directory: &Path, files: &dyn Files) -> Result<SettingsError, SettingsError> {
    let version = version_text(directory, files)?;
    let mut elsewhere = None;
    if version.is_some() {
        let candidates = [started_with(directory, files), debian(directory)];
        // A hint needs no certainty: a candidate that cannot be read is left out.
        let exists = |file: &PathBuf| matches!(files.read(file), Ok(Some(_)));
        elsewhere = candidates.into_iter().flatten().find(exists);
    }
    Ok(SettingsError::NoConfiguration { directory: directory.to_owned(), version, elsewhere })
}

/// The `config_file` of the last start, whose arguments stand in quotes in `postmaster.opts`.
fn started_with(directory: &Path, files: &dyn Files) -> Option<PathBuf> {
    let options = files.read(&directory.join("postmaster.opts")).ok().flatten()?;
    let arguments = options.split(|byte| *byte == b'"');
    let mut files = arguments.filter_map(|argument| {
        let argument = argument.strip_prefix(b"--").unwrap_or(argument);
        argument.strip_prefix(b"config_file=").or_else(|| argument.strip_prefix(b"config-file="))
    });
    files.next_back().map(|file| PathBuf::from(OsStr::from_bytes(file)))
}

/// Debian keeps the configuration of `/var/lib/postgresql/15/main` in `/etc/postgresql/15/main`.
fn debian(directory: &Path) -> Option<PathBuf> {
    let cluster = directory.file_name()?;
    let version = directory.parent()?.file_name()?;
    Some(Path::new("/etc/postgresql").join(version).join(cluster).join("postgresql.conf"))
}
