//! A server's settings for TLS and logins: which files are live, and which line says so.

mod location;
mod picked;
mod values;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::error::SettingsError;
use super::files::Files;
use super::include::{Reader, hang};
use super::setting::{Setting, TlsVersion};
use location::Sources;
use picked::Picked;

pub use location::Location;
pub use values::PasswordEncryption;

/// A file or directory that a setting names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    /// The name as it is written.
    pub written: OsString,
    /// Where that is. As absolute as the data directory is that was asked for.
    pub path: PathBuf,
    /// Whether `path` rests on a guess: the name is relative to the directory in which the server is started, which no
    /// file tells (runtime-config-file-locations). The guess is the configuration's own directory.
    pub guessed: bool,
}

/// What a server reads at its start, as far as certificates and logins go (runtime-config-connection,
/// runtime-config-file-locations).
///
/// Options on the command line, which outrank all files, are not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerSettings {
    /// The major version that `PG_VERSION` of the data directory tells. Where it is unknown, defaults are the newest's.
    pub version: Option<u32>,
    /// The configuration files that were read, the first being `postgresql.conf`, each as often as it is read.
    pub files: Vec<PathBuf>,
    /// `data_directory`: by default the directory that the server is given, or that of the configuration.
    pub data_directory: Setting<NamedPath>,
    /// `hba_file`: by default `pg_hba.conf` beside the configuration.
    pub hba_file: Setting<NamedPath>,
    /// `ident_file`: by default `pg_ident.conf` beside the configuration.
    pub ident_file: Setting<NamedPath>,
    /// `hosts_file`, which counts from PostgreSQL 19 with `ssl_sni`: by default `pg_hosts.conf` beside the configuration.
    pub hosts_file: Setting<NamedPath>,
    /// `listen_addresses`; "localhost" by default, "" for none.
    pub listen_addresses: Setting<OsString>,
    /// `port`; 5432 by default.
    pub port: Setting<u16>,
    /// `ssl`; off by default.
    pub ssl: Setting<bool>,
    /// `ssl_cert_file`; `server.crt` in the data directory by default. `None` where it is set to nothing.
    pub ssl_cert_file: Setting<Option<NamedPath>>,
    /// `ssl_key_file`; `server.key` in the data directory by default. `None` where it is set to nothing.
    pub ssl_key_file: Setting<Option<NamedPath>>,
    /// `ssl_ca_file`; none by default: no client is asked for a certificate.
    pub ssl_ca_file: Setting<Option<NamedPath>>,
    /// `ssl_crl_file`; none by default.
    pub ssl_crl_file: Setting<Option<NamedPath>>,
    /// `ssl_crl_dir`, from PostgreSQL 14; none by default.
    pub ssl_crl_dir: Setting<Option<NamedPath>>,
    /// `ssl_passphrase_command`; none by default.
    pub ssl_passphrase_command: Setting<Option<OsString>>,
    /// `ssl_passphrase_command_supports_reload`; off by default.
    pub ssl_passphrase_command_supports_reload: Setting<bool>,
    /// `ssl_min_protocol_version`; TLS 1.2 by default (TLS 1.0 before PostgreSQL 13).
    pub ssl_min_protocol_version: Setting<TlsVersion>,
    /// `ssl_max_protocol_version`; no bound by default.
    pub ssl_max_protocol_version: Setting<Option<TlsVersion>>,
    /// `ssl_groups`, before PostgreSQL 18 called `ssl_ecdh_curve`; either name counts.
    pub ssl_groups: Setting<OsString>,
    /// `ssl_ciphers`, for TLS 1.2 and older.
    pub ssl_ciphers: Setting<OsString>,
    /// `ssl_tls13_ciphers`, from PostgreSQL 18; "" by default: OpenSSL's own.
    pub ssl_tls13_ciphers: Setting<OsString>,
    /// `ssl_sni`, from PostgreSQL 19; off by default.
    pub ssl_sni: Setting<bool>,
    /// `password_encryption`; SCRAM by default (MD5 before PostgreSQL 14).
    pub password_encryption: Setting<PasswordEncryption>,
}

/// Reads what a server at `location` would read: `postgresql.conf`, what it includes, then `postgresql.auto.conf` of the
/// data directory, which is what `ALTER SYSTEM` writes. Of several lines the last counts.
///
/// A name that is none of the above is passed over, be it a mistake or not.
///
/// # Errors
/// [`SettingsError::NoConfiguration`] for a directory without `postgresql.conf`, and what else PostgreSQL would not
/// start with, or what keeps a file from being read.
pub fn read(location: &Location, files: &dyn Files) -> Result<ServerSettings, SettingsError> {
    let mut reader = Reader::new(files);
    let Sources { configuration, data_directory, assignments } = location.sources(&mut reader)?;
    let version = location::version(&data_directory.value.path, files)?;
    let picked = Picked { assignments: &assignments };
    let beside = |name: &'static str, default: &str| {
        let default = hang(&configuration, Path::new(default));
        location.started(&picked, name, default, &configuration)
    };
    let data = data_directory.value.path.as_path();
    let file = |name: &'static str, default: &str| picked.path(name, default, data);
    let settings = ServerSettings {
        version,
        hba_file: beside("hba_file", "pg_hba.conf"),
        ident_file: beside("ident_file", "pg_ident.conf"),
        hosts_file: beside("hosts_file", "pg_hosts.conf"),
        listen_addresses: picked.text(&["listen_addresses"], "localhost"),
        port: values::port(&picked)?,
        ssl: picked.switch("ssl")?,
        ssl_cert_file: file("ssl_cert_file", "server.crt"),
        ssl_key_file: file("ssl_key_file", "server.key"),
        ssl_ca_file: file("ssl_ca_file", ""),
        ssl_crl_file: file("ssl_crl_file", ""),
        ssl_crl_dir: file("ssl_crl_dir", ""),
        ssl_passphrase_command: picked
            .text(&["ssl_passphrase_command"], "")
            .map(|command| Some(command).filter(|command| !command.is_empty())),
        ssl_passphrase_command_supports_reload: picked.switch("ssl_passphrase_command_supports_reload")?,
        ssl_min_protocol_version: values::oldest_protocol(&picked, version)?,
        ssl_max_protocol_version: values::newest_protocol(&picked)?,
        ssl_groups: picked.text(&["ssl_groups", "ssl_ecdh_curve"], values::groups(version)),
        ssl_ciphers: picked.text(&["ssl_ciphers"], "HIGH:MEDIUM:+3DES:!aNULL"),
        ssl_tls13_ciphers: picked.text(&["ssl_tls13_ciphers"], ""),
        ssl_sni: picked.switch("ssl_sni")?,
        password_encryption: values::password_encryption(&picked, version)?,
        data_directory,
        files: reader.read,
    };
    values::protocol_range(&settings)?;
    Ok(settings)
}

#[cfg(test)]
mod tests;
