//! What a target needs of a directory, checked before a line of it is written. Each refusal names the command that
//! mends it.

use super::error::ConfigError;
use super::site::{Lists, Member, Site};
use crate::layout::export::Party;
use crate::pg::{ROLE_NAME_BYTES, can_be_role};
use crate::recipe::shell_quoted;

/// A word of a command that is printed.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { shell_quoted(text) }
}

/// Refuses what no line can hold.
pub(super) fn unsayable(
    what: &'static str,
    value: &str,
    format: &'static str,
    forbidden: impl Fn(char) -> bool,
    detail: &'static str,
) -> Result<(), ConfigError> {
    if value.contains(char::is_control) {
        let detail = "A control character ends a line, or is none for a configuration.";
        return Err(ConfigError::Unsayable { what, value: value.escape_debug().to_string(), format, detail });
    }
    if value.contains(forbidden) {
        return Err(ConfigError::Unsayable { what, value: value.to_owned(), format, detail });
    }
    Ok(())
}

/// Refuses a path that no configuration can hold.
pub(super) fn plain_path(what: &'static str, path: &str) -> Result<(), ConfigError> {
    unsayable(what, path, "a configuration", |_| false, "")
}

/// The server's key is there.
pub(super) fn has_key(site: &Site, member: &Member) -> Result<(), ConfigError> {
    if member.has_key {
        return Ok(());
    }
    Err(ConfigError::NoKey {
        key: site.shown(&member.key),
        certificate: member.file.clone(),
        mend: format!(
            "Put it there, or make a new pair: {}",
            site.command(&["pgtls", "renew", member.stem(), "--rekey"])
        ),
    })
}

/// The key is under no passphrase, for a program that has no setting for one.
pub(super) fn open_key(
    site: &Site,
    member: &Member,
    party: Party,
    why: &'static str,
) -> Result<(), ConfigError> {
    if !member.is_locked {
        return Ok(());
    }
    Err(ConfigError::Locked { key: site.shown(&member.key), why, mend: opened(site, member, party) })
}

/// How a key without a passphrase is had.
pub(super) fn opened(site: &Site, member: &Member, party: Party) -> String {
    let form = if party == Party::Server { "pg" } else { "libpq" };
    let party = party.to_string();
    let words =
        ["pgtls", "export", &party, member.stem(), "--as", form, "--to", "open", "--passphrase-file", "FILE"];
    format!("Have one without: {}", site.command(&words))
}

/// What the server trusts.
pub(super) fn client_trust(site: &Site) -> Result<&str, ConfigError> {
    site.client_trust.as_deref().ok_or_else(|| no_trust(site, "clients"))
}

/// What clients trust.
pub(super) fn server_trust(site: &Site) -> Result<&str, ConfigError> {
    site.server_trust.as_deref().ok_or_else(|| no_trust(site, "the server"))
}

fn no_trust(site: &Site, who: &'static str) -> ConfigError {
    let command = site.command(&["pgtls", "gen", "chain", "--intermediate", "--if-missing"]);
    ConfigError::NoTrust { place: site.place.clone(), who, command }
}

/// How many intermediate CAs are between a certificate and what the other side trusts.
pub(super) fn depth(site: &Site, member: &Member, trust: &str) -> Result<usize, ConfigError> {
    member.intermediates.ok_or_else(|| ConfigError::NotTrusted {
        file: site.shown(&member.file),
        trust: site.shown(trust),
        command: format!("pgtls verify {}", word(&site.place)),
    })
}

/// The role that a certificate logs in as: that of its common name, unless a user map says otherwise.
pub(super) fn role(
    site: &Site,
    client: &Member,
    wanted: Option<&str>,
    is_mapped: bool,
) -> Result<String, ConfigError> {
    if let Some(wanted) = wanted {
        unsayable("the role", wanted, "a configuration", |_| false, "")?;
        if is_mapped || client.common_name.as_deref() == Some(wanted) {
            return Ok(wanted.to_owned());
        }
    }
    let Some(name) = role_of(client) else {
        let detail = match &client.common_name {
            None => "It has no common name.".to_owned(),
            Some(name) if name.len() > ROLE_NAME_BYTES => {
                format!("Its common name has {} bytes; a role has at most {ROLE_NAME_BYTES}.", name.len())
            }
            Some(_) => "Its common name is blank, or has control characters.".to_owned(),
        };
        return Err(ConfigError::NoRole { file: site.shown(&client.file), detail });
    };
    match wanted {
        None => Ok(name.to_owned()),
        Some(role) => Err(ConfigError::OtherRole {
            file: site.shown(&client.file),
            common_name: name.to_owned(),
            role: role.to_owned(),
            command: site.issue("client", &[role]),
        }),
    }
}

/// The role that a certificate names, where it can be one.
pub(super) fn role_of(client: &Member) -> Option<&str> {
    let name = client.common_name.as_deref()?;
    (can_be_role(name) && name.len() <= ROLE_NAME_BYTES).then_some(name)
}

/// The file of revocation lists for one side, where there is one that can be used.
pub(super) fn lists<'s>(site: &'s Site, lists: &'s Lists) -> Result<Option<&'s str>, ConfigError> {
    match lists {
        Lists::None => Ok(None),
        Lists::Whole(file) => Ok(Some(file)),
        Lists::Lacking { file, lack } => Err(ConfigError::Lists {
            file: site.shown(file),
            lack: lack.clone(),
            command: site.command(&["pgtls", "crl"]),
        }),
    }
}
