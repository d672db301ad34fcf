//! `verify`: files, wherever they lie -> what PostgreSQL, libpq and the drivers will say of them.

use super::evidence::{Gathered, gather, hash_directory, one_file};
use super::live::LiveSetting;
use super::secret_line;
use crate::error::{Error, RequestError};
use crate::fs::FileEntry;
use crate::fs::set::STANDARD_INPUT;
use crate::verify::{self, Exhibit, Policy, Reader, Report, Roles, Tally};
use nix::unistd::geteuid;
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

/// What `verify` is asked.
#[derive(Debug, Clone, Default)]
pub struct VerifyRequest {
    /// One directory, or files, of which `-` is `stdin`; empty: `pki`, or the current directory where there is none.
    pub paths: Vec<PathBuf>,
    /// What was read from standard input, which roles name [`STANDARD_INPUT`](crate::fs::set::STANDARD_INPUT).
    pub stdin: Option<FileEntry>,
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
    files.extend(request.stdin.clone().map(|entry| (STANDARD_INPUT.to_owned(), entry)));
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
