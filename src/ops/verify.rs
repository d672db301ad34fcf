//! `verify`: files, wherever they lie -> what PostgreSQL, libpq and the drivers will say of them.

use super::inspect::directory_or_default;
use super::live::{Live, LiveSetting, is_data_directory, live, place};
use super::secret_line;
use crate::error::{Error, RequestError};
use crate::fs::{Directory, FileSet};
use crate::verify::{self, Exhibit, Policy, Reader, Report, Roles, Tally};
use nix::unistd::geteuid;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

/// What `verify` is asked.
#[derive(Debug, Clone, Default)]
pub struct VerifyRequest {
    /// One directory, or files; empty: `pki`, or the current directory where there is none.
    pub paths: Vec<PathBuf>,
    /// A server's `postgresql.conf`, whose settings say which files are live.
    pub configuration: Option<PathBuf>,
    /// Which file plays which part, where the user says so. Their paths are read too.
    pub roles: Roles,
    /// The instant to look at; `None`: now.
    pub at: Option<OffsetDateTime>,
    /// What ends sooner is said to end soon; `None`: thirty days.
    pub expires_in: Option<Duration>,
    /// Would verify-full take the server for this host?
    pub host: Option<String>,
    /// Whether clients leave host names alone: `sslmode=verify-ca`.
    pub ignores_host: bool,
    /// Would the server take the client for this role?
    pub user: Option<String>,
    /// Major version of the oldest libpq that connects; `None`: the newest.
    pub libpq: Option<u32>,
    /// The user that the server runs as.
    pub server_uid: Option<u32>,
    /// The file whose first line opens encrypted keys.
    pub passphrase_file: Option<PathBuf>,
}

/// What `verify` found.
#[derive(Debug)]
pub struct Verified {
    /// What was looked at, as the user named it.
    pub place: String,
    /// Whether it is the current directory for want of a `pki`.
    pub fell_back: bool,
    /// The settings that are in force, where a server's were read.
    pub live: Vec<LiveSetting>,
    /// What lies there.
    pub tally: Tally,
    /// The findings.
    pub report: Report,
    /// Files that could not be read.
    pub problems: Vec<Error>,
}

/// Judges; writes nothing, takes no lock.
///
/// # Errors
/// [`RequestError::NoDirectory`], [`RequestError::NothingToJudge`], or the disk's own.
pub fn verify(request: &VerifyRequest, now: OffsetDateTime) -> Result<Verified, Error> {
    let passphrase = request.passphrase_file.as_deref().map(secret_line).transpose()?;
    let passphrase = passphrase.as_ref().map(|line| line.as_slice());
    let mut problems = Vec::new();
    let Gathered { place, fell_back, mut files, server, is_loose } = gather(request, &mut problems)?;
    let (live, roles, facts) = match server {
        Some(server) => (server.settings, laid_over(&request.roles, server.roles), Some(server.facts)),
        None => (Vec::new(), request.roles.clone(), None),
    };
    for path in roles.files() {
        if files.get(path).is_none() {
            files.extend(one_file(Path::new(path))?);
        }
    }
    if let Some(file) = roles.crl_file.as_deref().filter(|file| files.get(file).is_none()) {
        match one_file(Path::new(file)) {
            Ok(found) => files.extend(found),
            // What is not there is a finding: libpq says nothing.
            Err(Error::Request(RequestError::NoSuchFile { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    if let Some(directory) = roles.crl_directory.as_deref() {
        files.extend(hash_directory(directory, &mut problems)?);
    }
    let exhibits: Vec<Exhibit> =
        files.iter().map(|(name, entry)| Exhibit::read(name, entry, passphrase)).collect();
    if exhibits.is_empty() && problems.is_empty() {
        return Err(RequestError::NothingToJudge { path: place }.into());
    }
    let mut policy = Policy::at(request.at.unwrap_or(now));
    policy.expires_in = request.expires_in.unwrap_or(policy.expires_in);
    policy.host = request.host.clone();
    policy.checks_host = !request.ignores_host;
    policy.user = request.user.clone();
    policy.libpq = request.libpq.unwrap_or(policy.libpq);
    policy.reader = match request.server_uid {
        Some(uid) => Reader::User(uid),
        // Root is nobody's server.
        None if geteuid().is_root() => Reader::Owner,
        None => Reader::User(geteuid().as_raw()),
    };
    let directory = if request.paths.len() > 1 { "." } else { place.as_str() };
    policy.server = facts;
    // Whoever names certificates alone asks about certificates.
    policy.wants_keys = !is_loose || exhibits.iter().any(|exhibit| !exhibit.keys.is_empty());
    let (report, tally) = verify::check(directory, &exhibits, &roles, &policy);
    Ok(Verified { place, fell_back, live, tally, report, problems })
}

struct Gathered {
    place: String,
    fell_back: bool,
    files: FileSet,
    server: Option<Live>,
    /// Whether single files were named, and no place that has all that belongs together.
    is_loose: bool,
}

/// What the user says of a file counts more than a setting.
fn laid_over(said: &Roles, set: Roles) -> Roles {
    let or = |said: &Option<String>, set: Option<String>| said.clone().or(set);
    Roles {
        server_certificate: or(&said.server_certificate, set.server_certificate),
        server_key: or(&said.server_key, set.server_key),
        client_certificate: or(&said.client_certificate, set.client_certificate),
        client_key: or(&said.client_key, set.client_key),
        client_trust: or(&said.client_trust, set.client_trust),
        server_trust: or(&said.server_trust, set.server_trust),
        crl_file: or(&said.crl_file, set.crl_file),
        crl_directory: or(&said.crl_directory, set.crl_directory),
    }
}

fn gather(request: &VerifyRequest, problems: &mut Vec<Error>) -> Result<Gathered, Error> {
    if request.configuration.is_some() {
        return gather_server(request.paths.first().map(PathBuf::as_path), request.configuration.as_deref());
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
        [path] if is_directory(path)? => {
            let (path, directory) = directory_or_default(Some(path))?;
            if is_data_directory(&directory)? {
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
            let files = several_files(paths)?;
            let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
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

/// The lists of a hash directory, under its path.
fn hash_directory(path: &str, problems: &mut Vec<Error>) -> Result<FileSet, Error> {
    let missing = || RequestError::NoSuchFile { path: path.to_owned() };
    let directory = Directory::open(Path::new(path))?.ok_or_else(missing)?;
    let files = in_directory(&directory, problems)?;
    let under = |name: &str| format!("{}/{name}", path.trim_end_matches('/'));
    Ok(files.into_iter().map(|(name, entry)| (under(&name), entry)).collect())
}

/// Files by their paths, each with its mode and owner, under those paths. A directory is looked at once, however many of
/// its files are meant.
fn several_files(paths: &[PathBuf]) -> Result<FileSet, Error> {
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
        let found = directory.read(|name| wanted.contains_key(name))?;
        if let Some((_, path)) = wanted.iter().find(|(name, _)| found.get(name).is_none()) {
            return Err(missing(path).into());
        }
        let shown = |name: &str| wanted.get(name).map_or_else(String::new, |path| path.display().to_string());
        files.extend(found.into_iter().map(|(name, entry)| (shown(&name), entry)));
    }
    Ok(files)
}

/// One file by its path.
fn one_file(path: &Path) -> Result<FileSet, Error> {
    several_files(&[path.to_path_buf()])
}
