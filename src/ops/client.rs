//! Which files a libpq client uses: its settings, read as libpq reads them, and which of the files are there.

use super::evidence::one_file;
use super::live::{Disk, LiveSetting};
use crate::error::{Error, RequestError};
use crate::fs::{Directory, FileSet, FsError};
use crate::pg::SERVICE_DIRECTORY;
use crate::settings::libpq::{self, ClientSettings, SslCertMode, SslMode, TrustAnchors};
use crate::settings::{Origin, Setting};
use crate::verify::{ClientFacts, Insistence, Roles, Sends};
use nix::unistd::{User, geteuid};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// From this version on, libpq takes `HOME` for the home directory; before, what the user database says.
const HOME_COUNTS: u32 = 15;

/// What a libpq client is given.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ClientRequest {
    /// A connection string of either form.
    pub connection: Option<OsString>,
    /// Its environment: `HOME`, and what [`libpq::variables`] names.
    pub environment: BTreeMap<OsString, OsString>,
}

/// A connection string can hold a password.
impl fmt::Debug for ClientRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connection = self.connection.as_ref().map(|_| "[elided]");
        f.debug_struct("ClientRequest")
            .field("connection", &connection)
            .field("environment", &self.environment)
            .finish()
    }
}

/// What a client is set up with.
pub(super) struct Client {
    pub(super) settings: Vec<LiveSetting>,
    pub(super) roles: Roles,
    pub(super) facts: ClientFacts,
    pub(super) files: FileSet,
    /// The host, where it is one.
    pub(super) host: Option<String>,
    /// The role, where somebody named it.
    pub(super) user: Option<String>,
}

/// Reads the settings of a client of that libpq.
pub(super) fn client(request: &ClientRequest, libpq: u32) -> Result<Client, Error> {
    let account = User::from_uid(geteuid()).ok().flatten();
    let home = request.environment.get(OsStr::new("HOME")).filter(|home| !home.is_empty());
    let home = home.filter(|_| libpq >= HOME_COUNTS).map(PathBuf::from);
    let home = home.or_else(|| account.as_ref().map(|account| account.dir.clone()));
    let settings = libpq::read(
        &libpq::Request {
            connection: request.connection.as_deref(),
            environment: &request.environment,
            home: home.as_deref(),
            account: account.as_ref().map(|account| OsStr::new(&account.name)),
            system_directory: Some(Path::new(SERVICE_DIRECTORY)),
        },
        &Disk,
    )?;
    Ok(Found::look(&settings)?.joined(&settings))
}

/// The files of a client that are there.
struct Found {
    files: FileSet,
    certificate: Option<String>,
    key: Option<String>,
    trust: Option<String>,
    list: Option<String>,
    has_list_directory: bool,
}

impl Found {
    fn look(settings: &ClientSettings) -> Result<Self, Error> {
        let mut files = FileSet::default();
        let mut there = |path: Option<&Path>| -> Result<Option<String>, Error> {
            let Some(path) = path else { return Ok(None) };
            let found = match one_file(path) {
                Ok(found) => found,
                Err(Error::Request(RequestError::NoSuchFile { .. })) => return Ok(None),
                Err(Error::Fs(FsError::NotADirectory { .. })) => return Ok(None),
                Err(error) => return Err(error),
            };
            files.extend(found);
            Ok(Some(path.display().to_string()))
        };
        let is_sent = settings.sslcertmode.value != SslCertMode::Disable;
        let certificate = there(settings.sslcert.value.as_deref().filter(|_| is_sent))?;
        // Without a certificate nobody looks for its key.
        let wants_key = certificate.is_some() && engine_key(settings).is_none();
        let key = there(settings.sslkey.value.as_deref().filter(|_| wants_key))?;
        let trust = match &settings.sslrootcert.value {
            Some(TrustAnchors::File(path)) => there(Some(path))?,
            _ => None,
        };
        // With the system's store, no list is loaded.
        let loads_lists = settings.sslrootcert.value != Some(TrustAnchors::System);
        let list = there(settings.sslcrl.value.as_deref().filter(|_| loads_lists))?;
        let has_list_directory = match &settings.sslcrldir.value {
            Some(path) => Directory::open(path)?.is_some(),
            None => false,
        };
        Ok(Self { files, certificate, key, trust, list, has_list_directory })
    }

    fn joined(self, settings: &ClientSettings) -> Client {
        let server_trust = match &settings.sslrootcert.value {
            Some(TrustAnchors::System) => Some(Roles::SYSTEM.to_owned()),
            _ => self.trust.clone(),
        };
        // One that was named and is not there is a finding; libpq says nothing.
        let named_list =
            settings.sslcrl.value.as_ref().filter(|_| settings.sslcrl.is_set()).map(|path| text(path));
        let roles = Roles {
            client_certificate: self.certificate.clone(),
            client_key: self.key.clone(),
            server_trust,
            crl_file: self.list.clone().or(named_list),
            crl_directory: settings.sslcrldir.value.as_ref().map(|path| text(path)),
            ..Roles::default()
        };
        let mut names: Vec<&OsString> = settings.hosts.iter().filter_map(|host| host.host.as_ref()).collect();
        names.dedup();
        let host = match names.as_slice() {
            [name] if !settings.hosts.iter().any(libpq::Host::is_socket) => name.to_str().map(str::to_owned),
            _ => None,
        };
        let user = settings.user.value.as_ref().filter(|_| settings.user.is_set());
        Client {
            settings: self.shown(settings),
            facts: self.facts(settings),
            roles,
            host,
            user: user.and_then(|user| user.to_str()).map(str::to_owned),
            files: self.files,
        }
    }

    fn facts(&self, settings: &ClientSettings) -> ClientFacts {
        let sends = match (&self.certificate, &settings.sslcert.value) {
            _ if settings.sslcertmode.value == SslCertMode::Disable => Sends::Never,
            (Some(_), _) => Sends::Certificate,
            (None, file) => Sends::Absent {
                file: file.as_ref().map_or_else(String::new, |file| file.display().to_string()),
                is_named: settings.sslcert.is_set(),
                is_needed: settings.sslcertmode.value == SslCertMode::Require,
            },
        };
        let absent_trust = match (&settings.sslrootcert.value, &self.trust) {
            (Some(TrustAnchors::File(path)), None) => Some(path.display().to_string()),
            (None, _) => Some("root.crt, nor a home directory".to_owned()),
            _ => None,
        };
        ClientFacts {
            mode: settings.sslmode.value.to_string(),
            insists: insistence(settings.sslmode.value),
            has_sockets_alone: settings.hosts.iter().all(libpq::Host::is_socket),
            has_nameless_server: settings.hosts.iter().any(|host| !host.is_socket() && host.host.is_none()),
            absent_trust,
            sends,
            absent_key: settings.sslkey.value.as_ref().filter(|_| self.key.is_none()).map(|path| text(path)),
            engine_key: engine_key(settings),
            has_password: settings.sslpassword.value,
        }
    }

    /// The settings that decide, for people; of a file whether it is there.
    fn shown(&self, settings: &ClientSettings) -> Vec<LiveSetting> {
        let line = |name, value: String, origin: &Origin, is_there: bool| {
            Some(LiveSetting { name, value, origin: origin.to_string(), absent: !is_there })
        };
        let text = |name, setting: &Setting<Option<OsString>>| {
            line(name, setting.value.as_ref()?.to_string_lossy().into_owned(), &setting.origin, true)
        };
        let file = |name, setting: &Setting<Option<PathBuf>>, is_there: bool| {
            line(name, setting.value.as_ref()?.display().to_string(), &setting.origin, is_there)
        };
        let (mode, sends, trust) = (&settings.sslmode, &settings.sslcertmode, &settings.sslrootcert);
        let is_engine = engine_key(settings).is_some();
        let trusted = trust.value.as_ref().map(|anchors| match anchors {
            TrustAnchors::System => Roles::SYSTEM.to_owned(),
            TrustAnchors::File(path) => path.display().to_string(),
        });
        let trusts = self.trust.is_some() || trust.value == Some(TrustAnchors::System);
        let is_sent = sends.value != SslCertMode::Disable;
        [
            text("host", &settings.host),
            text("hostaddr", &settings.hostaddr),
            text("user", &settings.user),
            line("sslmode", mode.value.to_string(), &mode.origin, true),
            line("sslcertmode", sends.value.to_string(), &sends.origin, true).filter(|_| sends.is_set()),
            file("sslcert", &settings.sslcert, self.certificate.is_some()).filter(|_| is_sent),
            file("sslkey", &settings.sslkey, self.key.is_some() || is_engine)
                .filter(|_| self.certificate.is_some()),
            trusted.and_then(|anchors| line("sslrootcert", anchors, &trust.origin, trusts)),
            file("sslcrl", &settings.sslcrl, self.list.is_some()),
            file("sslcrldir", &settings.sslcrldir, self.has_list_directory),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// What names the key in an engine: a name with a colon, in a libpq that was built with support for engines.
fn engine_key(settings: &ClientSettings) -> Option<String> {
    let name = settings.sslkey.value.as_ref().filter(|_| settings.sslkey.is_set())?.display().to_string();
    name.contains(':').then_some(name)
}

fn insistence(mode: SslMode) -> Insistence {
    match mode {
        SslMode::Disable => Insistence::Plaintext,
        SslMode::Allow | SslMode::Prefer => Insistence::Nothing,
        SslMode::Require => Insistence::Tls,
        SslMode::VerifyCa => Insistence::Chain,
        SslMode::VerifyFull => Insistence::Host,
    }
}
