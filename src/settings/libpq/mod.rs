//! A client's settings as libpq puts them together: connection string, else service file, else environment, else default
//! (libpq-connect, "Parameter Key Words"; libpq-envars; libpq-ssl).

mod error;
mod hosts;
mod keyword;
mod service;
mod string;
mod uri;
mod values;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::error::SettingsError;
use super::files::Files;
use super::setting::{Origin, Setting, TlsVersion};
use keyword::{Given, KEYWORDS, find};

pub use error::{LibpqError, UriProblem};
pub use hosts::Host;
pub use keyword::variables;
pub use values::{ChannelBinding, SslCertMode, SslMode, SslNegotiation, TrustAnchors};

/// What a client is given.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// A connection string of either form.
    pub connection: Option<&'a OsStr>,
    /// The client's environment.
    pub environment: &'a BTreeMap<OsString, OsString>,
    /// The client's home directory: `HOME`, or before PostgreSQL 15 what the user database says. Without one there are
    /// no default files.
    pub home: Option<&'a Path>,
    /// The name of the client's account, which is the default role.
    pub account: Option<&'a OsStr>,
    /// The directory of the installation's own `pg_service.conf` (`pg_config --sysconfdir`).
    pub system_directory: Option<&'a Path>,
}

impl<'a> Request<'a> {
    /// A variable, empty or not.
    fn variable(&self, name: &str) -> Option<&'a OsStr> {
        self.environment.get(OsStr::new(name)).map(OsString::as_os_str)
    }
}

/// What a client uses, as far as certificates and logins go. Relative paths hang from where it runs.
///
/// No secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientSettings {
    /// The servers that are tried, in order; never empty.
    pub hosts: Vec<Host>,
    /// `host`, one or several with commas between.
    pub host: Setting<Option<OsString>>,
    /// `hostaddr`, likewise.
    pub hostaddr: Setting<Option<OsString>>,
    /// `user`; the account's name by default.
    pub user: Setting<Option<OsString>>,
    /// `dbname`; the user's name by default.
    pub dbname: Setting<Option<OsString>>,
    /// `sslmode`; `prefer` by default, and `verify-full` with `sslrootcert=system`.
    pub sslmode: Setting<SslMode>,
    /// `sslnegotiation`; `postgres` by default.
    pub sslnegotiation: Setting<SslNegotiation>,
    /// `sslcert`; `~/.postgresql/postgresql.crt` by default, which need not exist. `None` without a home directory.
    pub sslcert: Setting<Option<PathBuf>>,
    /// `sslkey`; `~/.postgresql/postgresql.key` by default. With a colon in it, a libpq built with engine support takes it
    /// for the name of a key in an engine.
    pub sslkey: Setting<Option<PathBuf>>,
    /// Whether an `sslpassword` was given that is not empty.
    pub sslpassword: Setting<bool>,
    /// `sslcertmode`; `allow` by default.
    pub sslcertmode: Setting<SslCertMode>,
    /// `sslrootcert`; `~/.postgresql/root.crt` by default, which only `verify-ca` and `verify-full` insist on.
    pub sslrootcert: Setting<Option<TrustAnchors>>,
    /// `sslcrl`; `~/.postgresql/root.crl` by default, unless `sslcrldir` is given.
    pub sslcrl: Setting<Option<PathBuf>>,
    /// `sslcrldir`; none by default.
    pub sslcrldir: Setting<Option<PathBuf>>,
    /// `sslsni`; on by default.
    pub sslsni: Setting<bool>,
    /// `channel_binding`; `prefer` by default.
    pub channel_binding: Setting<ChannelBinding>,
    /// `ssl_min_protocol_version`; TLS 1.2 by default. `None` where it is set to nothing.
    pub ssl_min_protocol_version: Setting<Option<TlsVersion>>,
    /// `ssl_max_protocol_version`; no bound by default.
    pub ssl_max_protocol_version: Setting<Option<TlsVersion>>,
}

/// Puts a client's settings together as the newest libpq would.
///
/// ```
/// use pgtls::settings::libpq::{self, Request, SslMode};
/// # use pgtls::settings::{Cause, Files};
/// # use std::{ffi::{OsStr, OsString}, path::Path};
/// # struct NoFiles;
/// # impl Files for NoFiles {
/// #     fn read(&self, _: &Path) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, Cause> { Ok(None) }
/// #     fn names(&self, _: &Path) -> Result<Option<Vec<OsString>>, Cause> { Ok(None) }
/// # }
///
/// let environment = [(OsString::from("PGSSLMODE"), OsString::from("require"))].into();
/// let connection = OsStr::new("host=db.test sslcert=/etc/db/alice.crt");
/// let home = Path::new("/home/alice");
/// let request = Request {
///     connection: Some(connection),
///     environment: &environment,
///     home: Some(home),
///     account: None,
///     system_directory: None,
/// };
///
/// let settings = libpq::read(&request, &NoFiles)?;
/// assert_eq!(settings.sslmode.value, SslMode::Require);
/// assert_eq!(settings.sslmode.origin.to_string(), "environment variable PGSSLMODE");
/// assert_eq!(settings.sslkey.value.as_deref(), Some(Path::new("/home/alice/.postgresql/postgresql.key")));
/// # Ok::<(), pgtls::settings::SettingsError>(())
/// ```
///
/// # Errors
/// [`SettingsError::Libpq`] for what libpq would not connect with, [`SettingsError::Unreadable`] for a service file that
/// cannot be read.
pub fn read(request: &Request<'_>, files: &dyn Files) -> Result<ClientSettings, SettingsError> {
    let mut given = Given::default();
    if let Some(connection) = request.connection {
        string::read(connection.as_bytes(), &mut given)?;
    }
    service::read(request, &mut given, files)?;
    add_environment(request, &mut given);
    Ok(settle(request, &given)?)
}

/// Adds variables for what neither connection string nor service gave. An empty one counts.
fn add_environment(request: &Request<'_>, given: &mut Given) {
    for keyword in KEYWORDS.iter().filter(|keyword| !keyword.variable.is_empty()) {
        if let Some(value) = request.variable(keyword.variable) {
            given.put_if_absent(keyword, value.as_bytes(), Origin::Environment(keyword.variable));
        }
    }
    // Older than PGSSLMODE, and still read.
    let required = request.variable("PGREQUIRESSL").is_some_and(|value| value.as_bytes().starts_with(b"1"));
    if let Some(keyword) = find(b"sslmode").filter(|_| required) {
        given.put_if_absent(keyword, *b"require", Origin::Environment("PGREQUIRESSL"));
    }
}

fn settle(request: &Request<'_>, given: &Given) -> Result<ClientSettings, LibpqError> {
    let own = |name: &str| request.home.map(|home| home.join(".postgresql").join(name));
    let sslrootcert = path(given, "sslrootcert", own("root.crt")).map(|path| {
        path.map(|path| match path.to_str() {
            Some("system") => TrustAnchors::System,
            _ => TrustAnchors::File(path),
        })
    });
    let mode =
        if sslrootcert.value == Some(TrustAnchors::System) { SslMode::VerifyFull } else { SslMode::Prefer };
    let sslcrldir = path(given, "sslcrldir", None);
    let crl = own("root.crl").filter(|_| sslcrldir.value.is_none());
    let user = text(given, "user", request.account);
    let settings = ClientSettings {
        hosts: hosts::hosts(given)?,
        host: text(given, "host", None),
        hostaddr: text(given, "hostaddr", None),
        dbname: text(given, "dbname", user.value.as_deref()),
        user,
        sslmode: values::word(given, "sslmode", mode)?,
        sslnegotiation: values::word(given, "sslnegotiation", SslNegotiation::Postgres)?,
        sslcert: path(given, "sslcert", own("postgresql.crt")),
        sslkey: path(given, "sslkey", own("postgresql.key")),
        sslpassword: text(given, "sslpassword", None).map(|password| password.is_some()),
        sslcertmode: values::word(given, "sslcertmode", SslCertMode::Allow)?,
        sslrootcert,
        sslcrl: path(given, "sslcrl", crl),
        sslcrldir,
        sslsni: given
            .setting("sslsni")
            .map(|value| value.is_none_or(|value| value.as_bytes().starts_with(b"1"))),
        channel_binding: values::word(given, "channel_binding", ChannelBinding::Prefer)?,
        ssl_min_protocol_version: values::protocol(
            given,
            "ssl_min_protocol_version",
            Some(TlsVersion::Tls1_2),
        )?,
        ssl_max_protocol_version: values::protocol(given, "ssl_max_protocol_version", None)?,
    };
    refuse_contradictions(&settings)?;
    Ok(settings)
}

/// A text, for which an empty one leaves the default in force.
fn text(given: &Given, name: &str, default: Option<&OsStr>) -> Setting<Option<OsString>> {
    let found = given.setting(name);
    match found.value.as_ref().filter(|value| !value.is_empty()) {
        Some(_) => found,
        None => Setting::new(default.map(OsStr::to_owned), Origin::Default),
    }
}

fn path(given: &Given, name: &str, default: Option<PathBuf>) -> Setting<Option<PathBuf>> {
    text(given, name, default.as_deref().map(Path::as_os_str)).map(|path| path.map(PathBuf::from))
}

/// What each parameter takes for itself, and libpq does not take together.
fn refuse_contradictions(settings: &ClientSettings) -> Result<(), LibpqError> {
    let mode = &settings.sslmode;
    let weak = |with, enough| {
        let origin = mode.origin.clone();
        Err(LibpqError::WeakMode { mode: mode.value, with, origin, enough })
    };
    if settings.sslnegotiation.value == SslNegotiation::Direct && mode.value < SslMode::Require {
        return weak("sslnegotiation=direct", "require, verify-ca or verify-full");
    }
    if settings.sslrootcert.value == Some(TrustAnchors::System) && mode.value != SslMode::VerifyFull {
        return weak("sslrootcert=system", "verify-full");
    }
    match (settings.ssl_min_protocol_version.value, settings.ssl_max_protocol_version.value) {
        (Some(least), Some(most)) if least > most => Err(LibpqError::ProtocolRange),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
