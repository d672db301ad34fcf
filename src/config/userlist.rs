//! PgBouncer's `auth_file`: the roles that may come by a certificate. PgBouncer knows no role that is not in it, whatever
//! a certificate says; passwords are none of a certificate's, so that theirs are empty (PgBouncer documentation, config,
//! "Authentication File Format").

use super::check;
use super::error::ConfigError;
use super::fault::Fault;
use super::mark::opening_behind;
use super::pgbouncer::FrontAuth;
use super::site::{Site, Text};
use std::fmt::Write;

/// A line for the role of every client but the standbys, who speak to the server itself.
///
/// # Errors
/// [`ConfigError`] where passwords would be wanted, and where nobody is there.
pub fn userlist(site: &Site, auth: FrontAuth) -> Result<Text, ConfigError> {
    if auth == FrontAuth::Scram {
        return Err(ConfigError::Combination {
            fact: "a list for --auth scram has passwords in it, and none are here".to_owned(),
            hint: "Take them from pg_authid.rolpassword of the server, or set auth_query in their place.",
        });
    }
    let trust = check::client_trust(site)?;
    let mut text = opening_behind(';', "pgbouncer --form userlist");
    let mut notes = Vec::new();
    let mut roles = Vec::new();
    for client in site.clients.iter().filter(|client| !client.replicates) {
        match check::role_of(client) {
            _ if client.intermediates.is_none() => {
                notes.push(format!(
                    "{} does not lead to anything in {trust}; PgBouncer refuses it",
                    client.file
                ));
            }
            // PgBouncer looks into no list: this one is all that keeps it out.
            Some(_) if client.fault == Some(Fault::Revoked) => {
                notes.push(format!("{} is revoked, and its role is not in the list by it", client.file));
            }
            None => notes.push(format!("{} names no role, and is not in the list", client.file)),
            Some(role) if !roles.contains(&role) => roles.push(role),
            Some(_) => {}
        }
    }
    for role in roles {
        let _ = writeln!(text, "\"{}\" \"\"", role.replace('"', "\"\""));
    }
    Ok(Text { text, notes })
}
