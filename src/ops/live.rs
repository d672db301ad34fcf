//! Which files a server uses: its settings, read as it reads them, and who must show it a certificate.

use super::logins;
use crate::error::Error;
use crate::fs::{Directory, EntryKind, FsError, read_file};
use crate::settings::server::{Location, NamedPath, ServerSettings};
use crate::settings::{Cause, Files, Setting, server};
use crate::verify::{Roles, ServerFacts};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// PostgreSQL reads any size; a configuration that is larger is none.
const CONFIGURATION_BYTES: usize = 16 << 20;

/// A setting as it is in force, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LiveSetting {
    /// Its name.
    pub name: &'static str,
    /// Its value; for a file its whole path.
    pub value: String,
    /// Where it is set.
    pub origin: String,
    /// Whether it names a file that is not there, which to libpq is as good as none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// What a server is set up with.
pub(super) struct Live {
    pub(super) settings: Vec<LiveSetting>,
    pub(super) roles: Roles,
    pub(super) facts: ServerFacts,
}

/// Reads the settings of the server at that data directory, or with that `postgresql.conf`.
pub(super) fn live(directory: Option<&Path>, configuration: Option<&Path>) -> Result<Live, Error> {
    let location = match (configuration, directory) {
        (Some(file), directory) => {
            Location { directory: directory.map(Path::to_path_buf), ..Location::of_configuration(file) }
        }
        (None, directory) => Location::of_directory(directory.unwrap_or(Path::new("."))),
    };
    let settings = server::read(&location, &Disk)?;
    let path = |setting: &Setting<Option<NamedPath>>| {
        setting.value.as_ref().map(|named| named.path.display().to_string())
    };
    let roles = Roles {
        server_certificate: path(&settings.ssl_cert_file),
        server_key: path(&settings.ssl_key_file),
        client_trust: path(&settings.ssl_ca_file),
        crl_file: path(&settings.ssl_crl_file),
        crl_directory: path(&settings.ssl_crl_dir),
        ..Roles::default()
    };
    let logins::Read { certificate_line, logins } = logins::read(&settings);
    let facts = ServerFacts { speaks_tls: settings.ssl.value, certificate_line, logins };
    Ok(Live { settings: shown(&settings), roles, facts })
}

/// Whether a directory is a server's data directory, which always holds this file.
pub(super) fn is_data_directory(directory: &Directory) -> Result<bool, FsError> {
    Ok(directory.names()?.contains_key("PG_VERSION"))
}

fn shown(settings: &ServerSettings) -> Vec<LiveSetting> {
    let on = LiveSetting {
        name: "ssl",
        value: if settings.ssl.value { "on" } else { "off" }.to_owned(),
        origin: settings.ssl.origin.to_string(),
        absent: false,
    };
    let files = [
        ("ssl_cert_file", &settings.ssl_cert_file),
        ("ssl_key_file", &settings.ssl_key_file),
        ("ssl_ca_file", &settings.ssl_ca_file),
        ("ssl_crl_file", &settings.ssl_crl_file),
        ("ssl_crl_dir", &settings.ssl_crl_dir),
    ];
    let file = |(name, setting): (&'static str, &Setting<Option<NamedPath>>)| {
        let value = setting.value.as_ref()?.path.display().to_string();
        Some(LiveSetting { name, value, origin: setting.origin.to_string(), absent: false })
    };
    std::iter::once(on).chain(files.into_iter().filter_map(file)).collect()
}

/// The disk, as `settings` asks for it.
pub(super) struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Cause> {
        match read_file(path, CONFIGURATION_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(FsError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Box::new(error)),
        }
    }

    fn names(&self, directory: &Path) -> Result<Option<Vec<OsString>>, Cause> {
        let Some(open) = Directory::open(directory)? else { return Ok(None) };
        let is_file = |(name, kind): &(String, EntryKind)| match kind {
            EntryKind::Directory => false,
            EntryKind::Symlink => !matches!(Directory::open(directory.join(name)), Ok(Some(_))),
            EntryKind::File | EntryKind::Other => true,
        };
        let names = open.names()?.into_iter().filter(is_file).map(|(name, _)| OsString::from(name));
        Ok(Some(names.collect()))
    }
}

/// The place of a configuration as the user named it.
pub(super) fn place(directory: Option<&Path>, configuration: Option<&Path>) -> String {
    let path = configuration.or(directory).map_or_else(PathBuf::new, Path::to_path_buf);
    path.display().to_string()
}
