//! `can-login`: a server's `pg_hba.conf` and `pg_ident.conf`, a client and its certificate -> whether it gets in.

use super::inspect::directory_or_default;
use super::live::{Disk, is_data_directory};
use super::verify::{Look, VerifyRequest, look};
use crate::error::{Error, RequestError};
use crate::fs::{Directory, FileEntry, FsError};
use crate::hba::{self, Client, Database, Maps, Network, Presented, Standing, Verdict, Way};
use crate::settings::hba::HbaFile;
use crate::settings::server::{self, Location, ServerSettings};
use crate::settings::{SettingsError, hba as hba_file, ident};
use crate::verify::{self, Exhibit, Finding, Login, Policy, Reception, Roles, Rule};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// What `can-login` is asked.
#[derive(Debug, Clone)]
pub struct CanLoginRequest {
    /// The role.
    pub role: String,
    /// Where to.
    pub database: Database,
    /// How the connection comes about.
    pub way: Way,
    /// The server's `pg_hba.conf`; `None`: the one that its settings name.
    pub hba: Option<PathBuf>,
    /// The server's `pg_ident.conf`; `None`: the one that its settings name, or the one beside `hba`.
    pub ident: Option<PathBuf>,
    /// The server's `postgresql.conf`.
    pub configuration: Option<PathBuf>,
    /// A directory of certificates, or the server's data directory; `None`: `pki`, where that is there.
    pub directory: Option<PathBuf>,
    /// The file of the client's certificate; `None`: the one of the directory that is the role's.
    pub client_certificate: Option<String>,
    /// Whether the client sends none.
    pub without_certificate: bool,
    /// What was read from standard input, which roles name [`STANDARD_INPUT`](crate::fs::set::STANDARD_INPUT).
    pub stdin: Option<FileEntry>,
    /// What the server trusts; `None`: what its settings name, or what the directory has.
    pub trust: Option<String>,
    /// The server's revocation lists; `None`: those that its settings name, or those of the directory.
    pub lists: Option<String>,
    /// The name that DNS has for the client's address.
    pub host_name: Option<String>,
    /// The roles that the role is a member of.
    pub member_of: Option<Vec<String>>,
    /// The server's addresses with their networks.
    pub interfaces: Option<Vec<Network>>,
    /// The name of the client's account.
    pub account: Option<String>,
    /// The server's major version; `None`: what its data directory says, else the newest.
    pub version: Option<u32>,
    /// The instant to look at; `None`: now.
    pub at: Option<OffsetDateTime>,
}

/// What `can-login` found.
#[derive(Debug)]
pub struct CanLogin {
    /// What was asked, with all that was learnt of it.
    pub login: hba::Login,
    /// The `pg_hba.conf`.
    pub hba: PathBuf,
    /// The certificate that the client shows, where it shows one and there is something to judge it by.
    pub reception: Option<Reception>,
    /// The answer.
    pub verdict: Verdict,
}

/// Reads a server's lines and says what comes of a login; writes nothing, asks no server.
///
/// # Errors
/// [`SettingsError`], also for a line with which the server does not start; [`PatternError`](hba::PatternError); the disk's.
pub fn can_login(request: &CanLoginRequest, now: OffsetDateTime) -> Result<CanLogin, Error> {
    let place = place(request)?;
    let settings = match &place {
        Place::Server(location) => Some(server::read(location, &Disk)?),
        Place::Directory(_) | Place::Nowhere => None,
    };
    let version = request.version.or_else(|| settings.as_ref()?.version);
    let hba_path = match (&request.hba, &settings) {
        (Some(path), _) => path.clone(),
        (None, Some(settings)) => settings.hba_file.value.path.clone(),
        (None, None) => return Err(RequestError::NoHbaFile.into()),
    };
    let file = hba_file::read(&hba_path, version, &Disk)?;
    hba::check_patterns(&file, version)?;
    let maps = maps(request, &file, settings.as_ref(), &hba_path, version)?;
    let (client, reception) = client(request, &place, settings.as_ref(), now)?;
    let login = hba::Login {
        role: request.role.clone(),
        database: request.database.clone(),
        way: request.way,
        host_name: request.host_name.clone(),
        member_of: request.member_of.clone(),
        interfaces: request.interfaces.clone(),
        account: request.account.clone(),
        client,
        lacks_tls: settings.as_ref().is_some_and(|settings| !settings.ssl.value),
        version,
    };
    let verdict = hba::decide(&file, &maps, &login);
    Ok(CanLogin { login, hba: hba_path, reception, verdict })
}

/// Where the certificates are that are judged.
enum Place {
    /// A server's settings name them.
    Server(Location),
    /// They lie together.
    Directory(PathBuf),
    /// Files that are named are all there is.
    Nowhere,
}

fn place(request: &CanLoginRequest) -> Result<Place, Error> {
    if let Some(file) = &request.configuration {
        let location = Location::of_configuration(file.clone());
        return Ok(Place::Server(Location { directory: request.directory.clone(), ..location }));
    }
    match &request.directory {
        Some(path) => {
            let (_, directory) = directory_or_default(Some(path))?;
            match is_data_directory(&directory)? {
                true => Ok(Place::Server(Location::of_directory(path.clone()))),
                false => Ok(Place::Directory(path.clone())),
            }
        }
        None => match Directory::open("pki") {
            Ok(Some(_)) => Ok(Place::Directory(PathBuf::from("pki"))),
            Ok(None) | Err(FsError::NotADirectory { .. }) => Ok(Place::Nowhere),
            Err(error) => Err(error.into()),
        },
    }
}

/// The user maps, where a line names one.
fn maps(
    request: &CanLoginRequest,
    file: &HbaFile,
    settings: Option<&ServerSettings>,
    hba_path: &Path,
    version: Option<u32>,
) -> Result<Maps, Error> {
    if !hba::names_map(file) {
        return Ok(Maps::NotKnown);
    }
    let (path, absent) = match (&request.ident, settings) {
        (Some(path), _) => (path.clone(), None),
        (None, Some(settings)) if request.hba.is_none() => {
            (settings.ident_file.value.path.clone(), Some(Maps::Absent))
        }
        // Both lie in one directory, unless somebody moved one.
        (None, _) => (hba_path.with_file_name("pg_ident.conf"), Some(Maps::NotKnown)),
    };
    match (ident::read(&path, version, &Disk), absent) {
        (Ok(file), _) => {
            hba::check_map_patterns(&file, version)?;
            Ok(Maps::File(file))
        }
        (Err(SettingsError::Missing { included_by: None, .. }), Some(absent)) => Ok(absent),
        (Err(error), _) => Err(error.into()),
    }
}

/// What the client shows, and what the server makes of it.
fn client(
    request: &CanLoginRequest,
    place: &Place,
    settings: Option<&ServerSettings>,
    now: OffsetDateTime,
) -> Result<(Client, Option<Reception>), Error> {
    let has_certificate = request.client_certificate.is_some() || matches!(place, Place::Directory(_));
    // Without TLS there is no certificate.
    if !matches!(request.way, Way::Tls(_)) || request.without_certificate || !has_certificate {
        return Ok((Client::Nothing, None));
    }
    let Look { exhibits, mut roles, files, .. } = look(&looked_at(request, place)?)?;
    if let Some(path) = roles.crl_file.as_ref().filter(|_| request.lists.is_some()) {
        files.get(path).ok_or_else(|| RequestError::NoSuchFile { path: path.clone() })?;
    }
    let mut policy = Policy::at(request.at.unwrap_or(now));
    policy.wants_keys = false;
    if roles.client_certificate.is_none() {
        match own_certificate(&exhibits, &roles, &policy, &request.role) {
            Chosen::One(file) => roles.client_certificate = Some(file),
            Chosen::Several => return Ok((Client::NotTold, None)),
            Chosen::Nothing => return Ok((Client::Nothing, None)),
        }
    }
    let Some(reception) = verify::reception(&exhibits, &roles, &policy) else {
        let path = request.client_certificate.clone().unwrap_or_default();
        return Err(RequestError::NoCertificate { path }.into());
    };
    let asks = settings.is_none_or(|settings| settings.ssl_ca_file.value.is_some());
    let presented = Presented {
        common_name: reception.common_name.clone(),
        distinguished_name: reception.subject.rfc2253(),
        standing: match asks || request.trust.is_some() {
            true => standing(&reception, request.trust.is_some() || !matches!(place, Place::Nowhere)),
            false => Standing::NotAskedFor,
        },
    };
    Ok((Client::Certificate(presented), Some(reception)))
}

/// Which of the client's certificates in a directory is sent.
enum Chosen {
    One(String),
    Several,
    Nothing,
}

/// The only one, or the one whose common name is the role, or the one that bears libpq's part in the guides' layouts.
fn own_certificate(exhibits: &[Exhibit], roles: &Roles, policy: &Policy, role: &str) -> Chosen {
    let policy = Policy { user: Some(role.to_owned()), ..policy.clone() };
    let logins = verify::logins(exhibits, roles, &policy);
    let is_own = |login: &&Login| login.common_name.as_deref() == Some(role);
    let usual = || logins.iter().find(|login| login.file == "client.crt");
    match logins.as_slice() {
        [] => Chosen::Nothing,
        [only] => Chosen::One(only.file.clone()),
        all => match all.iter().find(is_own).or_else(usual) {
            Some(login) => Chosen::One(login.file.clone()),
            None => Chosen::Several,
        },
    }
}

/// What is read to judge the certificate by.
fn looked_at(request: &CanLoginRequest, place: &Place) -> Result<VerifyRequest, Error> {
    let (configuration, paths) = match place {
        Place::Server(location) => (location.configuration.clone(), location.directory.clone()),
        Place::Directory(path) => (None, Some(path.clone())),
        Place::Nowhere => (None, None),
    };
    // A directory of lists is one that has them under hash names.
    let directory = request.lists.clone().filter(|path| matches!(Directory::open(path), Ok(Some(_))));
    Ok(VerifyRequest {
        paths: paths.into_iter().collect(),
        configuration,
        stdin: request.stdin.clone(),
        roles: Roles {
            client_certificate: request.client_certificate.clone(),
            client_trust: request.trust.clone(),
            crl_file: request.lists.clone().filter(|_| directory.is_none()),
            crl_directory: directory,
            ..Roles::default()
        },
        ..VerifyRequest::default()
    })
}

/// What the server makes of it; where what it trusts is not known, only what it refuses whatever that is.
fn standing(reception: &Reception, knows_trust: bool) -> Standing {
    let why = |finding: &Finding| format!("{} [{}]", finding.fact, finding.rule);
    let knows_trust = knows_trust && reception.trust.is_some();
    let hangs_on_trust = |finding: &Finding| {
        matches!(finding.rule, Rule::ChainIncomplete | Rule::AnchorNotSelfSigned | Rule::NotTrusted)
    };
    let refusal = reception.refusals.iter().find(|finding| knows_trust || !hangs_on_trust(finding));
    match (refusal, reception.doubts.first()) {
        (Some(refusal), _) => Standing::Refused(why(refusal)),
        (None, _) if !knows_trust => Standing::Unknown(
            "whether the server trusts the certificate; --trust says what it trusts".to_owned(),
        ),
        (None, Some(doubt)) => Standing::Unknown(why(doubt)),
        (None, None) => Standing::Accepted,
    }
}
