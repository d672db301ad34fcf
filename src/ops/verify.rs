//! `verify`: files, wherever they lie -> what PostgreSQL, libpq and the drivers will say of them.

use super::client::{self, Client, ClientRequest};
use super::evidence::{Gathered, gather, hash_directory, one_file};
use super::live::LiveSetting;
use super::secret_line;
use super::{clusters, manifest, put_away};
use crate::error::{Error, RequestError};
use crate::fs::set::STANDARD_INPUT;
use crate::fs::{FileEntry, FileSet, FsError};
use crate::verify::{
    self, ClientFacts, DriverRow, Exhibit, Insistence, Login, NEWEST_LIBPQ, Policy, Reader, Report, Roles,
    ServerFacts, Stage, Tally,
};
use nix::unistd::geteuid;
use std::mem;
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
    /// A libpq client, whose settings say which files are live.
    pub client: Option<ClientRequest>,
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
    /// Whether that was asked for in words, so that a client's own `sslmode` does not count.
    pub asks_mode: bool,
    /// Would the server take the client for this role?
    pub user: Option<String>,
    /// Major version of the oldest libpq that connects; `None`: the newest.
    pub libpq: Option<u32>,
    /// The user that the server runs as.
    pub server_uid: Option<u32>,
    /// The file whose first line opens encrypted keys.
    pub passphrase_file: Option<PathBuf>,
    /// Which client stacks connect, however many files there are.
    pub drivers: bool,
}

/// Up to so many certificates, in not many more files, the stacks are asked without being asked for: it costs no time that
/// anybody notices.
const ASKED_ANYWAY: usize = 16;

/// What `verify` found.
#[derive(Debug)]
pub struct Verified {
    /// What was looked at, as the user named it.
    pub place: String,
    /// Whether it is the current directory for want of a `pki`.
    pub fell_back: bool,
    /// When it was looked at, whatever instant was asked about.
    pub now: OffsetDateTime,
    /// The files.
    pub exhibits: Vec<Exhibit>,
    /// The settings that are in force, where a server's were read.
    pub live: Vec<LiveSetting>,
    /// What lies there.
    pub tally: Tally,
    /// The findings.
    pub report: Report,
    /// What each client stack says of the files; empty where it was not asked.
    pub drivers: Vec<DriverRow>,
    /// The names by which a server knows the clients, where a role was asked about.
    pub logins: Vec<Login>,
    /// Files that could not be read.
    pub problems: Vec<Error>,
}

/// What lies where a request points, read and not judged.
pub(super) struct Look {
    pub(super) place: String,
    pub(super) fell_back: bool,
    /// Whether single files were named, and no place that has all that belongs together.
    pub(super) is_loose: bool,
    pub(super) live: Vec<LiveSetting>,
    pub(super) server: Option<ServerFacts>,
    client: Option<ClientLook>,
    pub(super) roles: Roles,
    pub(super) files: FileSet,
    pub(super) exhibits: Vec<Exhibit>,
    /// Secrets of several clusters, each by itself; empty: all of it belongs together.
    stages: Vec<Stage>,
    /// The names of the requests beside the files.
    requests: Vec<String>,
    /// Files that could not be read.
    pub(super) problems: Vec<Error>,
}

/// What a client's own settings ask.
struct ClientLook {
    facts: ClientFacts,
    host: Option<String>,
    user: Option<String>,
}

/// Reads what a request points to.
pub(super) fn look(request: &VerifyRequest) -> Result<Look, Error> {
    let passphrase = request.passphrase_file.as_deref().map(secret_line).transpose()?;
    let passphrase = passphrase.as_ref().map(|line| line.as_slice());
    let mut problems = Vec::new();
    let Gathered { place, fell_back, mut files, server, is_loose, requests } =
        gather(request, &mut problems)?;
    let (mut live, mut roles) = (Vec::new(), request.roles.clone());
    let server = server.map(|server| {
        live = server.settings;
        roles = mem::take(&mut roles).or(server.roles);
        server.facts
    });
    let mut client = None;
    if let Some(asked) = &request.client {
        let Client { settings, roles: set, facts, files: own, host, user } =
            client::client(asked, request.libpq.unwrap_or(NEWEST_LIBPQ))?;
        live = settings;
        roles = roles.or(set);
        files.extend(own);
        client = Some(ClientLook { facts, host, user });
    }
    files.extend(request.stdin.clone().map(|entry| (STANDARD_INPUT.to_owned(), entry)));
    let is_place = |name: &str| request.paths.iter().any(|path| *path == *Path::new(name));
    manifest::unfold(&mut files, &mut roles, &is_place)?;
    let is_off = server.as_ref().is_some_and(|facts| !facts.speaks_tls);
    named_files(&roles, request, is_off, &mut files, &mut problems)
        .map_err(|error| with_its_setting(error, &live))?;
    // A part can be named by a manifest of its own.
    manifest::unfold(&mut files, &mut roles, &is_place)?;
    if server.is_some() {
        let of_files = live.iter_mut().filter(|setting| setting.name.ends_with("_file"));
        of_files.for_each(|setting| setting.absent = files.get(&setting.value).is_none());
    }
    let exhibits = Exhibit::read_all(files.iter(), passphrase);
    let mut stages = Vec::new();
    if server.is_none() && client.is_none() {
        // Whoever says who plays which part speaks of one place.
        if roles.files().next().is_none() && !roles.trusts_system() {
            stages = clusters::apart(&exhibits, &roles);
        }
        roles = roles.or(manifest::trust(&exhibits));
    }
    let is_set_up = request.client.is_some() || server.is_some();
    if exhibits.is_empty() && problems.is_empty() && !is_set_up {
        return Err(RequestError::NothingToJudge { path: place }.into());
    }
    Ok(Look {
        place,
        fell_back,
        is_loose,
        live,
        server,
        client,
        roles,
        files,
        exhibits,
        stages,
        requests,
        problems,
    })
}

/// A file that is not there is told with the setting that names it, if one does.
fn with_its_setting(error: Error, live: &[LiveSetting]) -> Error {
    let Error::Request(RequestError::NoSuchFile { path }) = error else { return error };
    match live.iter().find(|setting| setting.name.starts_with("ssl_") && setting.value == path) {
        Some(LiveSetting { name, origin, .. }) => {
            RequestError::SettingWithoutFile { setting: name, path, origin: origin.clone() }.into()
        }
        None => RequestError::NoSuchFile { path }.into(),
    }
}

/// Judges; writes nothing, takes no lock.
///
/// # Errors
/// [`RequestError::NoDirectory`], [`RequestError::NothingToJudge`], or the disk's own.
pub fn verify(request: &VerifyRequest, now: OffsetDateTime) -> Result<Verified, Error> {
    let Look {
        place,
        fell_back,
        is_loose,
        live,
        server,
        client,
        roles,
        exhibits,
        stages,
        requests,
        problems,
        ..
    } = look(request)?;
    let mut policy = policy(request, now);
    policy.server = server;
    policy.requests = requests;
    policy.unread = problems.iter().filter_map(unread_file).collect();
    if !is_loose && policy.server.is_none() && client.is_none() {
        policy.put_away = put_away::names_at(Path::new(&place))?;
    }
    if let Some(client) = client {
        let is_asked = request.asks_mode || request.host.is_some();
        policy.checks_host &= is_asked || client.facts.insists == Insistence::Host;
        policy.host = policy.host.or(client.host);
        policy.user = policy.user.or(client.user);
        policy.client = Some(client.facts);
    }
    // Neither a postgresql.conf nor a connection string is a directory.
    let is_told = request.configuration.is_some() || (request.client.is_some() && request.paths.is_empty());
    let directory = if is_loose || is_told { common_parent(&exhibits) } else { place.as_str() };
    // Whoever names certificates alone asks about certificates.
    policy.wants_keys = !is_loose || exhibits.iter().any(|exhibit| !exhibit.keys.is_empty());
    let (mut report, mut tally) = match stages.is_empty() {
        true => verify::check(directory, &exhibits, &roles, &policy),
        false => verify::check_several(&exhibits, &stages, &policy),
    };
    manifest::mend(&mut report.findings);
    if manifest::is_cluster(&exhibits) {
        tally.renewal = None;
    }
    let is_small = tally.certificates <= ASKED_ANYWAY && exhibits.len() <= 4 * ASKED_ANYWAY;
    let drivers = match request.drivers || is_small {
        true if stages.is_empty() => verify::drivers(&exhibits, &roles, &policy),
        true => verify::drivers_of_several(&stages, &policy),
        false => Vec::new(),
    };
    let logins = verify::logins(&exhibits, &roles, &policy);
    Ok(Verified { place, fell_back, now, exhibits, live, tally, report, drivers, logins, problems })
}

/// The name of the file that could not be read.
fn unread_file(problem: &Error) -> Option<String> {
    let Error::Fs(FsError::Io { path, .. }) = problem else { return None };
    Some(path.file_name()?.to_str()?.to_owned())
}

/// The directory that single files lie in; empty where they lie in several, or in none.
fn common_parent(exhibits: &[Exhibit]) -> &str {
    let files = exhibits.iter().map(|exhibit| exhibit.name.as_str()).filter(|name| *name != STANDARD_INPUT);
    let mut parents = files.map(|file| match file.rsplit_once('/') {
        None => ".",
        Some(("", _)) => "/",
        Some((parent, _)) => parent,
    });
    let first = parents.next().unwrap_or_default();
    if parents.all(|parent| parent == first) { first } else { "" }
}

/// What is asked, as far as the request says it.
fn policy(request: &VerifyRequest, now: OffsetDateTime) -> Policy {
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
    policy
}

/// The files that play parts and were not read yet; a server that speaks no TLS looks for none (`is_off`).
fn named_files(
    roles: &Roles,
    request: &VerifyRequest,
    is_off: bool,
    files: &mut FileSet,
    problems: &mut Vec<Error>,
) -> Result<(), Error> {
    for path in roles.files() {
        if files.get(path).is_some() {
            continue;
        }
        match one_file(Path::new(path)) {
            Ok(found) => files.extend(found),
            Err(Error::Request(RequestError::NoSuchFile { .. }))
                if is_off && !request.roles.files().any(|named| named == path) => {}
            Err(error) => return Err(error),
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
        match hash_directory(directory, problems) {
            Ok(found) => files.extend(found),
            // So is a directory that settings name: checking is on all the same.
            Err(Error::Request(RequestError::NoSuchFile { .. })) if request.roles.crl_directory.is_none() => {
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
