//! Whether a line of `pg_hba.conf` is for a login: connection, address, database, role (`check_hba`, hba.c).

use super::pattern::Pattern;
use super::{Database, Login, Way, network, patterns_count};
use crate::settings::hba::{Address, Connection, HbaLine, Word};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt as _;

/// Whether something fits; what is not known comes with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
    Unknown(Vec<String>),
}

impl Fit {
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(vec![reason.into()])
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, fit) | (fit, Self::Yes) => fit,
            (Self::Unknown(mut reasons), Self::Unknown(more)) => {
                reasons.extend(more);
                Self::Unknown(reasons)
            }
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, fit) | (fit, Self::No) => fit,
            (Self::Unknown(mut reasons), Self::Unknown(more)) => {
                reasons.extend(more);
                Self::Unknown(reasons)
            }
        }
    }
}

impl From<bool> for Fit {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}

/// Whether a line is for this login.
pub(super) fn line(line: &HbaLine, login: &Login) -> Fit {
    if !takes(line.connection, login.way) {
        return Fit::No;
    }
    let from = match (&line.address, login.way.address()) {
        (Some(address), Some(client)) => is_from(address, client, login),
        _ => Fit::Yes,
    };
    let mut databases = line.databases.iter();
    let database = databases.try_fold(Fit::No, |fit, word| until_yes(fit.or(is_database(word, login))));
    let mut roles = line.roles.iter();
    let role = roles.try_fold(Fit::No, |fit, word| until_yes(fit.or(is_role(word, login))));
    let whole = |fit: Result<Fit, Fit>| fit.unwrap_or_else(|yes| yes);
    from.and(whole(database)).and(whole(role))
}

/// A list is read up to the word that fits.
fn until_yes(fit: Fit) -> Result<Fit, Fit> {
    if fit == Fit::Yes { Err(fit) } else { Ok(fit) }
}

fn takes(connection: Connection, way: Way) -> bool {
    match (connection, way) {
        (Connection::Local, way) => way == Way::Socket,
        (_, Way::Socket) => false,
        (Connection::HostSsl, way) => matches!(way, Way::Tls(_)),
        (Connection::HostNoSsl, way) => !matches!(way, Way::Tls(_)),
        (Connection::HostGssEnc, way) => matches!(way, Way::Gss(_)),
        (Connection::HostNoGssEnc, way) => !matches!(way, Way::Gss(_)),
        _ => true,
    }
}

fn is_from(address: &Address, client: IpAddr, login: &Login) -> Fit {
    let interfaces = login.interfaces.as_deref();
    match address {
        Address::All => Fit::Yes,
        Address::Network { address, mask } => network::agree(client, *address, *mask).into(),
        Address::SameHost => match network::is_near(client, interfaces, false) {
            Some(is_near) => is_near.into(),
            None => Fit::unknown(format!("samehost: whether {client} is an address of the server")),
        },
        Address::SameNet => match network::is_near(client, interfaces, true) {
            Some(is_near) => is_near.into(),
            None => Fit::unknown(format!("samenet: whether {client} is in a network of the server")),
        },
        Address::Name(name) => match &login.host_name {
            Some(host) => is_host(name.as_bytes(), host.as_bytes()).into(),
            None => {
                Fit::unknown(format!("{}: whether DNS names {client} so, and back", name.to_string_lossy()))
            }
        },
    }
}

/// As `hostname_match` of hba.c: letters of any case, and behind a dot in front the end of a name.
fn is_host(wanted: &[u8], host: &[u8]) -> bool {
    match wanted.starts_with(b".") {
        true => {
            let start = host.len().checked_sub(wanted.len());
            start.is_some_and(|start| host[start..].eq_ignore_ascii_case(wanted))
        }
        false => host.eq_ignore_ascii_case(wanted),
    }
}

/// As `check_db` of hba.c.
fn is_database(word: &Word, login: &Login) -> Fit {
    let keyword = keyword(word);
    let name = match &login.database {
        Database::Replication => return (keyword == Some(b"replication")).into(),
        Database::Named(name) => name,
    };
    match keyword {
        Some(b"all") => Fit::Yes,
        Some(b"sameuser") => (*name == login.role).into(),
        Some(b"samegroup" | b"samerole") => is_member(name.as_bytes(), login),
        Some(b"replication") => Fit::No,
        _ => is_name(word, name, login),
    }
}

/// As `check_role` of hba.c.
pub(super) fn is_role(word: &Word, login: &Login) -> Fit {
    match keyword(word) {
        Some(b"all") => Fit::Yes,
        Some([b'+', group @ ..]) => is_member(group, login),
        _ => is_name(word, &login.role, login),
    }
}

/// A word that is not in quotes, so that it may have a meaning of its own.
fn keyword(word: &Word) -> Option<&[u8]> {
    (!word.quoted).then(|| word.text.as_bytes())
}

/// A name as it is, or from PostgreSQL 16 on a regular expression, in quotes or not.
fn is_name(word: &Word, name: &str, login: &Login) -> Fit {
    match word.text.as_bytes() {
        [b'/', pattern @ ..] if patterns_count(login.version) => match Pattern::parse(pattern) {
            Ok(pattern) => pattern.is_match(name.as_bytes()).into(),
            Err(fault) => Fit::unknown(format!("{}: {fault}", word.text.to_string_lossy())),
        },
        text => (text == name.as_bytes()).into(),
    }
}

/// Whether the role is a member of that one, which each is of itself (`is_member_of_role_nosuper`, acl.c).
fn is_member(group: &[u8], login: &Login) -> Fit {
    if group == login.role.as_bytes() {
        return Fit::Yes;
    }
    match &login.member_of {
        Some(roles) => roles.iter().any(|role| role.as_bytes() == group).into(),
        None => {
            let group = String::from_utf8_lossy(group);
            Fit::unknown(format!("whether {} is a member of {group}", login.role))
        }
    }
}
