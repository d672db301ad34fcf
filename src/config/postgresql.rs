//! postgresql.conf: the settings of TLS (runtime-config-connection, "SSL").

use super::check;
use super::error::ConfigError;
use super::mark::{comment, opening};
use super::quote;
use super::site::{Home, Member, Site, Text};
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
    check::has_key(site, server)?;
    let mut text = opening("postgresql");
    let file = |name: &str| quote::postgresql(&home.file(name));
    set(&mut text, "Offers TLS; which lines of pg_hba.conf insist on it is theirs to say.", "ssl", "on");
    set(
        &mut text,
        "The server's certificate first, then its intermediate CAs.",
        "ssl_cert_file",
        &file(&server.file),
    );
    let why = "Mode 0600 and the server's own, or at most 0640 and root's; else the server does not start.";
    set(&mut text, why, "ssl_key_file", &file(&server.key));
    if let Some(trust) = &site.client_trust {
        let why = "Clients are asked for a certificate. One that is sent has to lead to a root in here, whatever \
                   pg_hba.conf says; none is an answer too, unless pg_hba.conf wants one.";
        set(&mut text, why, "ssl_ca_file", &file(trust));
        lists(&mut text, site, home, wish)?;
    }
    let why = match wish.minimum {
        Protocol::Tls12 => "What every client speaks.",
        Protocol::Tls13 => "Nobody gets in with less, so not Kong with pg_ssl_version = tlsv1_2.",
    };
    set(&mut text, why, "ssl_min_protocol_version", &quote::postgresql(wish.minimum.word()));
    Ok(Text { text, notes: strangers(site) })
}

fn set(text: &mut String, why: &str, name: &str, value: &str) {
    comment(text, why);
    let _ = writeln!(text, "{name} = {value}");
}

fn lists(text: &mut String, site: &Site, home: &Home, wish: &PostgresqlWish) -> Result<(), ConfigError> {
    let why = "Whose certificate is on a list in here is turned away. Once a list is past its time, everybody with \
               a certificate is: pgtls crl --refresh from cron, and a reload.";
    match (&wish.lists, check::lists(site, &site.client_lists)?) {
        (ListsWish::Directory(path), _) => {
            comment(text, why.trim_end_matches(", and a reload."));
            let _ = writeln!(text, "ssl_crl_dir = {}", quote::postgresql(path));
        }
        (_, Some(file)) => {
            comment(text, why);
            let _ = writeln!(text, "ssl_crl_file = {}", quote::postgresql(&home.file(file)));
        }
        (ListsWish::File, None) => return Err(no_lists(site)),
        (ListsWish::AsFound, None) => {
            let file = quote::postgresql(&home.file(LISTS_FILE));
            let why = "There is no revocation list: nobody can be shut out before the certificate ends. pgtls crl \
                       makes one for";
            comment(text, why);
            let _ = writeln!(text, "#ssl_crl_file = {file}");
        }
    }
    Ok(())
}

/// Nothing to look into.
pub(super) fn no_lists(site: &Site) -> ConfigError {
    let command = site.command(&["pgtls", "crl"]);
    ConfigError::NoLists { place: site.place.clone(), command }
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
