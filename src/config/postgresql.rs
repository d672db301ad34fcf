//! postgresql.conf: the settings of TLS (runtime-config-connection, "SSL").

use super::check;
use super::error::ConfigError;
use super::mark::{comment, opening};
use super::quote;
use super::site::{Home, Member, Site, Text};
use crate::layout::export::Party;
use crate::pg::LISTS_FILE;
use std::fmt::Write;

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// What PostgreSQL speaks at least since version 13, and what every driver can.
    #[default]
    Tls12,
    /// Leaves out what speaks 1.2 alone, such as Kong with its default `pg_ssl_version`.
    Tls13,
}

impl Protocol {
    /// PostgreSQL's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

/// Where a server looks for revoked clients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ListsWish {
    /// Into the file of lists, where there is one.
    #[default]
    AsFound,
    /// Into that file, without which nothing is written.
    File,
    /// Into a directory of lists under hash names, which is there; its path as the server has it.
    Directory(String),
}

/// What is wished of postgresql.conf.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostgresqlWish {
    /// The least version of TLS.
    pub minimum: Protocol,
    /// Where it looks for revoked clients.
    pub lists: ListsWish,
    /// The command that prints the passphrase of its key.
    pub passphrase_command: Option<String>,
}

/// A setting of the server, its value not quoted yet.
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// Why it is as it is.
    pub(super) why: String,
    /// Whether it is set, or named alone.
    pub(super) is_set: bool,
}

impl Setting {
    fn of(name: &'static str, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name, value: value.into(), why: why.into(), is_set: true }
    }
}

/// The settings.
///
/// # Errors
/// [`ConfigError`] for what the directory lacks.
pub fn postgresql(
    site: &Site,
    server: &Member,
    home: &Home,
    wish: &PostgresqlWish,
) -> Result<Text, ConfigError> {
    let mut text = opening("postgresql");
    for setting in settings(site, server, home, wish)? {
        comment(&mut text, &setting.why);
        let value = if setting.value == ON { setting.value } else { quote::postgresql(&setting.value) };
        let lead = if setting.is_set { "" } else { "#" };
        let _ = writeln!(text, "{lead}{} = {value}", setting.name);
    }
    Ok(Text { text, notes: notes(site, server) })
}

const ON: &str = "on";

/// What every configuration of a server sets, in whichever format.
pub(super) fn settings(
    site: &Site,
    server: &Member,
    home: &Home,
    wish: &PostgresqlWish,
) -> Result<Vec<Setting>, ConfigError> {
    check::has_key(site, server)?;
    let mut all = vec![
        Setting::of("ssl", ON, "Offers TLS; which lines of pg_hba.conf insist on it is theirs to say."),
        Setting::of(
            "ssl_cert_file",
            home.file(&server.file),
            "The server's certificate first, then its intermediate CAs.",
        ),
    ];
    let why = "Mode 0600 and the server's own, or at most 0640 and root's; else the server does not start.";
    all.push(Setting::of("ssl_key_file", home.file(&server.key), why));
    all.extend(passphrase(site, server, wish)?);
    if let Some(trust) = &site.client_trust {
        let why = "Clients are asked for a certificate. One that is sent has to lead to a root in here, whatever \
                   pg_hba.conf says; none is an answer too, unless pg_hba.conf wants one.";
        all.push(Setting::of("ssl_ca_file", home.file(trust), why));
        all.push(lists(site, home, wish)?);
    }
    let why = match wish.minimum {
        Protocol::Tls12 => "What every client speaks.",
        Protocol::Tls13 => "Nobody gets in with less, so not Kong with pg_ssl_version = tlsv1_2.",
    };
    all.push(Setting::of("ssl_min_protocol_version", wish.minimum.word(), why));
    Ok(all)
}

/// What opens the key. Without a terminal the server would ask nobody, and not start.
fn passphrase(site: &Site, server: &Member, wish: &PostgresqlWish) -> Result<Vec<Setting>, ConfigError> {
    let Some(command) = &wish.passphrase_command else {
        let why = "The server starts only where a command prints it.";
        let (key, other) = (site.shown(&server.key), check::opened(site, server, Party::Server));
        let mend = format!("Name it with --passphrase-command 'cat /run/tls.pass'. {other}");
        let is_open = !server.is_locked;
        return if is_open { Ok(Vec::new()) } else { Err(ConfigError::Locked { key, why, mend }) };
    };
    check::unsayable("the command", command, "a configuration", |_| false, "")?;
    let why = "Prints the passphrase of the key, as the first line; it runs as the server's user.";
    let again = "The same at a reload, or a renewed certificate would wait for a restart.";
    Ok(vec![
        Setting::of("ssl_passphrase_command", command, why),
        Setting::of("ssl_passphrase_command_supports_reload", ON, again),
    ])
}

fn lists(site: &Site, home: &Home, wish: &PostgresqlWish) -> Result<Setting, ConfigError> {
    let why = "Whose certificate is on a list in here is turned away. Once a list is past its time, everybody with \
               a certificate is: pgtls crl --refresh from cron, and a reload.";
    Ok(match (&wish.lists, check::lists(site, &site.client_lists)?) {
        (ListsWish::Directory(path), _) => {
            Setting::of("ssl_crl_dir", path, why.trim_end_matches(", and a reload."))
        }
        (_, Some(file)) => Setting::of("ssl_crl_file", home.file(file), why),
        (ListsWish::File, None) => return Err(no_lists(site)),
        (ListsWish::AsFound, None) => {
            let why = "There is no revocation list: nobody can be shut out before the certificate ends. pgtls crl \
                       makes one for";
            Setting { is_set: false, ..Setting::of("ssl_crl_file", home.file(LISTS_FILE), why) }
        }
    })
}

/// Nothing to look into.
pub(super) fn no_lists(site: &Site) -> ConfigError {
    let command = site.command(&["pgtls", "crl"]);
    ConfigError::NoLists { place: site.place.clone(), command }
}

/// Who would turn whom away.
pub(super) fn notes(site: &Site, server: &Member) -> Vec<String> {
    let mut notes = strangers(site);
    if let Some(trust) = site.server_trust.as_ref().filter(|_| server.intermediates.is_none()) {
        let file = &server.file;
        notes
            .push(format!("{file} does not lead to anything in {trust}: by that file no client verifies it"));
    }
    notes
}

/// Clients whom the server would turn away.
fn strangers(site: &Site) -> Vec<String> {
    let Some(trust) = &site.client_trust else {
        return match site.clients.is_empty() {
            true => Vec::new(),
            false => {
                vec!["no client can show a certificate: there is nothing for the server to trust".to_owned()]
            }
        };
    };
    let strangers = site.clients.iter().filter(|client| client.intermediates.is_none());
    strangers
        .map(|client| format!("{} does not lead to anything in {trust}; the server refuses it", client.file))
        .collect()
}
