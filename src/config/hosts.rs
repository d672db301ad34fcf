//! pg_hosts.conf of PostgreSQL 19: which certificate a server shows under which name (`ssl_sni`; `parse_hosts_line`,
//! be-secure-common.c).

use super::check;
use super::error::ConfigError;
use super::mark::{comment, opening};
use super::quote;
use super::site::{Home, Member, Site, Text};
use crate::layout::export::Party;
use std::fmt::Write;

/// What is wished of pg_hosts.conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostsWish {
    /// The servers that have lines, in their order.
    pub servers: Vec<Member>,
    /// The one that is shown under every other name, and to who names none.
    pub default: Option<Member>,
}

/// The lines.
///
/// # Errors
/// [`ConfigError`] for what the directory lacks, and for a name that two servers have: PostgreSQL refuses the file.
pub fn hosts(site: &Site, home: &Home, wish: &HostsWish) -> Result<Text, ConfigError> {
    let mut text = opening("hosts");
    comment(&mut text, "PostgreSQL 19 and newer, with ssl_sni = on; hosts_file names this file.");
    text.push_str("# HOSTS  CERTIFICATE  KEY  CLIENT CAS\n");
    let mut met: Vec<(String, &str)> = Vec::new();
    let mut notes = Vec::new();
    for server in &wish.servers {
        check::has_key(site, server)?;
        check::open_key(site, server, Party::Server, "No command that prints it stands in this file.")?;
        let names: Vec<&String> = server.hosts.iter().filter(|name| is_literal(name)).collect();
        for name in &names {
            let name = name.to_ascii_lowercase();
            if let Some((_, other)) = met.iter().find(|(known, _)| *known == name) {
                let (one, other) = (site.shown(other), site.shown(&server.file));
                return Err(ConfigError::SharedName { name, one, other });
            }
            met.push((name, &server.file));
        }
        if names.is_empty() {
            notes.push(format!("{} has no name that a line could have", server.file));
            continue;
        }
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        line(&mut text, &names.join(","), site, server, home);
    }
    if let Some(default) = &wish.default {
        comment(&mut text, "Every other name, and who names none.");
        line(&mut text, "*", site, default, home);
    }
    Ok(Text { text, notes })
}

/// A client names a host and never an address (RFC 6066 §3), and patterns are not known.
fn is_literal(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    name.chars().all(plain) && name.parse::<std::net::IpAddr>().is_err()
}

/// A server without CAs of its clients asks none for a certificate: nothing of postgresql.conf holds beside a line.
fn line(text: &mut String, names: &str, site: &Site, server: &Member, home: &Home) {
    let path = |file: &str| quote::hosts_path(&home.file(file));
    let trust = site.client_trust.as_deref().map(|trust| format!(" {}", path(trust))).unwrap_or_default();
    let _ = writeln!(text, "{names} {} {}{trust}", path(&server.file), path(&server.key));
}
