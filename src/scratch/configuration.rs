//! The text of the throw-away server's configuration files, and where its files are.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::setup::Setup;

/// Before the caller's lines, so that we can get in whatever they say.
///
/// Harmless: only the user of this process (and root) can enter the socket's directory.
const OWN_HBA: &str = "local all all trust\nlocal replication all trust\n";

/// Where one server keeps its files.
#[derive(Debug)]
pub(super) struct Places {
    /// All the others are in here.
    pub(super) directory: PathBuf,
    /// The data directory.
    pub(super) data: PathBuf,
    /// The directory of the Unix-domain socket.
    pub(super) socket: PathBuf,
    /// The files that are served and configured; the server reads them but cannot change what is there.
    pub(super) files: PathBuf,
    /// An empty home for clients.
    pub(super) home: PathBuf,
    /// The server's log.
    pub(super) log: PathBuf,
}

impl Places {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            data: directory.join("data"),
            socket: directory.join("run"),
            files: directory.join("files"),
            home: directory.join("home"),
            log: directory.join("log"),
            directory,
        }
    }

    /// The name of a served file: PostgreSQL's own name for it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.files.join(name)
    }

    /// The log so far; empty where it cannot be read.
    pub(super) fn log(&self) -> String {
        fs::read(&self.log).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }
}

/// The text of `pg_hba.conf`.
pub(super) fn hba(setup: &Setup) -> String {
    format!("{OWN_HBA}{}\n", setup.hba)
}

/// The text of `postgresql.conf`.
pub(super) fn postgresql(setup: &Setup, places: &Places, addresses: &str, port: u16) -> String {
    let mut text = String::new();
    let mut set = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} = {}", quoted(value));
    };
    let path = |path: &Path| path.display().to_string();
    set("listen_addresses", addresses);
    set("port", &port.to_string());
    set("unix_socket_directories", &path(&places.socket));
    set("unix_socket_permissions", "0700");
    set("ssl", "on");
    set("ssl_cert_file", &path(&places.file("server.crt")));
    set("ssl_key_file", &path(&places.file("server.key")));
    if setup.client_ca.is_some() {
        set("ssl_ca_file", &path(&places.file("root.crt")));
    }
    if setup.crl.is_some() {
        set("ssl_crl_file", &path(&places.file("root.crl")));
    }
    // The log is read by programs: no time stamps, no translation, no file of the server's own choice.
    set("log_destination", "stderr");
    set("logging_collector", "off");
    set("log_line_prefix", "");
    set("lc_messages", "C");
    // Nothing here is worth surviving a crash, and several servers may run at once.
    set("fsync", "off");
    set("synchronous_commit", "off");
    set("full_page_writes", "off");
    set("autovacuum", "off");
    set("shared_buffers", "16MB");
    set("max_connections", "20");
    for (name, value) in &setup.settings {
        set(name, value);
    }
    text
}

/// A value as `postgresql.conf` spells it (PostgreSQL documentation, config-setting): quotes doubled, backslashes too.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n"))
}

/// An identifier as SQL spells it.
pub(super) fn quoted_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
