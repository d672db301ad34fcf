//! pg_hba.conf: who gets in by a certificate, by a password, or not at all (auth-pg-hba-conf).

use super::check;
use super::error::ConfigError;
use super::mark::{comment, opening};
use super::quote;
use super::site::{Member, Site, Text};
use crate::layout::export::Party;
use std::fmt::Write;

/// What a TLS client has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// A certificate for the role, and nothing else.
    #[default]
    Cert,
    /// The same, said as an option of `trust`, or beside a password.
    ClientcertVerifyFull,
    /// Any certificate that is trusted, and the role's password.
    ClientcertVerifyCa,
    /// The role's password.
    Scram,
}

impl Auth {
    /// Whether a certificate is wanted.
    #[must_use]
    pub fn wants_certificate(self) -> bool {
        self != Self::Scram
    }

    /// Whether the role's password is wanted, by itself or because it was asked for.
    #[must_use]
    pub fn wants_password(self, is_asked_for: bool) -> bool {
        is_asked_for || matches!(self, Self::ClientcertVerifyCa | Self::Scram)
    }
}

/// Who gets in through the Unix-domain socket, where there is no TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Local {
    /// The system's user of the role's name.
    #[default]
    Peer,
    /// Whoever has the password.
    Scram,
    /// No line about it.
    Unsaid,
}

/// What is wished of pg_hba.conf.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HbaWish {
    /// What a client has to show.
    pub auth: Auth,
    /// Whether a certificate is asked for on top of it with `clientcert-verify-full`.
    pub with_password: bool,
    /// Whether connections without TLS are turned away before any other line is looked at.
    pub tls_only: bool,
    /// The user map that leads from a certificate to a role.
    pub map: Option<String>,
    /// Whether the map is given the whole name and not the common name.
    pub by_dn: bool,
    /// Roles of standbys; each has to have a certificate.
    pub replication: Vec<String>,
    /// The socket.
    pub local: Local,
}

/// The lines.
///
/// # Errors
/// [`ConfigError`] for what the directory lacks, and for what PostgreSQL would refuse.
pub fn hba(site: &Site, wish: &HbaWish) -> Result<Text, ConfigError> {
    refuse_combination(wish)?;
    if wish.auth.wants_certificate() {
        check::client_trust(site)?;
    }
    let standbys = standbys(site, wish)?;
    let mut text = opening("hba");
    comment(&mut text, "The first line that fits decides; nobody gets in where none does.");
    match wish.local {
        Local::Peer => text.push_str("local all all peer\n"),
        Local::Scram => text.push_str("local all all scram-sha-256\n"),
        Local::Unsaid => {}
    }
    if wish.tls_only {
        comment(&mut text, "Nobody gets in without TLS, whatever is said below.");
        text.push_str("hostnossl all all all reject\nhostnossl replication all all reject\n");
    }
    comment(&mut text, why(wish));
    let method = method(wish);
    let _ = writeln!(text, "hostssl all all all {method}");
    if !standbys.is_empty() {
        comment(&mut text, "Standbys: all as a database does not mean replication.");
    }
    for role in &standbys {
        let _ = writeln!(text, "hostssl replication {} all {method}", quote::hba(role));
    }
    Ok(Text { text, notes: notes(site, wish) })
}

fn refuse_combination(wish: &HbaWish) -> Result<(), ConfigError> {
    let refuse = |fact: &str, hint| Err(ConfigError::Combination { fact: fact.to_owned(), hint });
    if wish.map.is_some() && wish.auth != Auth::Cert {
        return refuse(
            "a user map goes with --auth cert alone",
            "With clientcert=verify-full the name has to be the role's; use --auth cert --map NAME.",
        );
    }
    if wish.by_dn && wish.map.is_none() {
        return refuse("--dn is for a user map", "Give the map of pgtls config ident --dn with --map NAME.");
    }
    if wish.with_password && wish.auth != Auth::ClientcertVerifyFull {
        return refuse(
            "--with-password goes with --auth clientcert-verify-full",
            "cert takes no password; scram and clientcert-verify-ca want one anyway.",
        );
    }
    match &wish.map {
        Some(map) => check::unsayable("the map", map, "pg_hba.conf", |_| false, ""),
        None => Ok(()),
    }
}

fn why(wish: &HbaWish) -> &'static str {
    match (wish.auth, wish.with_password) {
        (Auth::Cert, _) if wish.map.is_some() => {
            "TLS, and a certificate whose name the map in pg_ident.conf leads to the role."
        }
        (Auth::Cert, _) => "TLS, and a certificate whose common name is the role; no password.",
        (Auth::ClientcertVerifyFull, false) => {
            "TLS, and a certificate whose common name is the role; trust: nothing else."
        }
        (Auth::ClientcertVerifyFull, true) => {
            "TLS, a certificate whose common name is the role, and the role's password."
        }
        (Auth::ClientcertVerifyCa, _) => "TLS, any certificate that is trusted, and the role's password.",
        (Auth::Scram, _) => "TLS, and the role's password.",
    }
}

/// The method and its options. Any certificate alone would let its holder in as every role, so that verify-ca is
/// never with `trust`.
fn method(wish: &HbaWish) -> String {
    let method = match (wish.auth, wish.with_password) {
        (Auth::Cert, _) => "cert",
        (Auth::ClientcertVerifyFull, false) => "trust clientcert=verify-full",
        (Auth::ClientcertVerifyFull, true) => "scram-sha-256 clientcert=verify-full",
        (Auth::ClientcertVerifyCa, _) => "scram-sha-256 clientcert=verify-ca",
        (Auth::Scram, _) => "scram-sha-256",
    };
    let map = wish.map.as_ref().map(|map| format!(" {}", quote::hba(&format!("map={map}"))));
    let name = if wish.by_dn { " clientname=DN" } else { "" };
    format!("{method}{}{name}", map.unwrap_or_default())
}

/// The roles of standbys: those that are named, else those of the certificates that are there for it.
fn standbys(site: &Site, wish: &HbaWish) -> Result<Vec<String>, ConfigError> {
    let has_certificate = |role: &String| {
        let mut clients = site.clients.iter();
        clients.any(|client| client.common_name.as_ref() == Some(role))
    };
    for role in &wish.replication {
        check::unsayable("the role", role, "pg_hba.conf", |_| false, "")?;
        if wish.auth.wants_certificate() && wish.map.is_none() && !has_certificate(role) {
            return Err(no_standby(site, role));
        }
    }
    if !wish.replication.is_empty() {
        return Ok(wish.replication.clone());
    }
    let own = site.clients.iter().filter(|client| client.replicates);
    Ok(own.filter_map(check::role_of).map(str::to_owned).collect())
}

pub(super) fn no_standby(site: &Site, role: &str) -> ConfigError {
    let known = site.clients.iter().map(|client| client.file.clone()).collect();
    ConfigError::NoMember {
        party: Party::Client,
        wanted: format!("the role \"{role}\""),
        place: site.place.clone(),
        known,
        command: site.issue("client", &[role]),
    }
}

/// Clients that get in nowhere by these lines.
fn notes(site: &Site, wish: &HbaWish) -> Vec<String> {
    let compares = matches!(wish.auth, Auth::Cert | Auth::ClientcertVerifyFull) && wish.map.is_none();
    let nameless = |client: &&Member| check::role_of(client).is_none();
    let nameless = site.clients.iter().filter(nameless).filter(|_| compares);
    nameless
        .map(|client| format!("{} names no role, and gets in by a user map alone: --map NAME", client.file))
        .collect()
}
