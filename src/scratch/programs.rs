//! Where PostgreSQL's programs are.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::ScratchError;

/// Where Debian and its descendants keep the servers, a directory per major version, none of them on PATH.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";

/// What a throw-away server needs; `initdb` finds `postgres` beside itself, and the package brings them together.
const NEEDED: [&str; 4] = ["initdb", "postgres", "psql", "pg_basebackup"];

/// The `bin` directory of one PostgreSQL installation, with server and client programs of one version.
///
/// `psql` is taken from here too: Debian's `/usr/bin/psql` is a wrapper that chooses a version by its own rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    directory: PathBuf,
}

impl Programs {
    /// Finds an installation: on PATH, by `pg_config --bindir`, then the newest version under `/usr/lib/postgresql`.
    ///
    /// # Errors
    /// [`ScratchError::ProgramMissing`] with every directory looked at; installing `postgresql` mends it.
    pub fn find() -> Result<Self, ScratchError> {
        let mut searched = Vec::new();
        // One place after the other: to ask `pg_config` costs a process, and is not needed where PATH has the answer.
        for places in [search_path, pg_config_directory, debian_directories] {
            for place in places() {
                if let Ok(found) = Self::in_directory(&place) {
                    return Ok(found);
                }
                searched.push(place);
            }
        }
        Err(ScratchError::ProgramMissing { program: NEEDED[0], searched })
    }

    /// Takes the installation in `directory`, where links (`/usr/local/bin/initdb`) are followed to their end.
    ///
    /// # Errors
    /// [`ScratchError::ProgramMissing`] when one of `initdb`, `postgres`, `psql` and `pg_basebackup` is not there.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Result<Self, ScratchError> {
        let named = directory.into();
        let target =
            fs::canonicalize(named.join(NEEDED[0])).ok().and_then(|path| path.parent().map(Path::to_owned));
        let mut missing = NEEDED[0];
        for candidate in target.iter().chain([&named]) {
            match NEEDED.into_iter().find(|program| !candidate.join(program).is_file()) {
                None => {
                    return Ok(Self { directory: candidate.clone() });
                }
                Some(program) => missing = program,
            }
        }
        Err(ScratchError::ProgramMissing { program: missing, searched: vec![named] })
    }

    /// The directory all programs are in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of one program.
    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.directory.join(program)
    }
}

fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

fn pg_config_directory() -> Vec<PathBuf> {
    let answer = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output();
    match answer {
        Ok(answer) if answer.status.success() => {
            vec![PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim())]
        }
        _ => Vec::new(),
    }
}

/// Newest first; where there is no version at all, the place itself, so that the error names it.
fn debian_directories() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN_VERSIONS)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((major(&entry.file_name())?, entry.path().join("bin"))))
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    if versions.is_empty() {
        return vec![PathBuf::from(DEBIAN_VERSIONS)];
    }
    versions.into_iter().map(|(_, directory)| directory).collect()
}

/// `15` of `15`; before version 10 a directory is called `9.6`, and no such server is looked for.
fn major(name: &OsStr) -> Option<u32> {
    name.to_str()?.parse().ok()
}
