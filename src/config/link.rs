//! A client and the server that it connects to, checked: what every client's configuration is made of.

use super::check;
use super::error::ConfigError;
use super::site::{Home, Member, Site};
use crate::layout::export::Party;

/// What is wished of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkWish {
    /// The host, which the server's certificate is for; `None`: the first that it is for.
    pub host: Option<String>,
    /// The port; `None`: the usual one.
    pub port: Option<u16>,
    /// The role; `None`: that of the certificate.
    pub user: Option<String>,
    /// Whether a user map leads from the certificate to the role.
    pub is_mapped: bool,
    /// The database; `None`: not said.
    pub database: Option<String>,
    /// Which keys the client reads.
    pub keys: KeyReader,
}

/// Which keys a client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyReader {
    /// PEM.
    #[default]
    Pem,
    /// What pgJDBC reads.
    Java,
}

/// A connection, its files where they will live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The host.
    pub host: String,
    /// The port, where it is said.
    pub port: Option<u16>,
    /// The role.
    pub user: String,
    /// The database, where it is said.
    pub database: Option<String>,
    /// What the client trusts.
    pub trust: String,
    /// The client's certificate and key; `None`: it shows none.
    pub pair: Option<(String, String)>,
    /// The client's key under a passphrase, where it is, and how one without is had.
    pub locked: Option<(String, String)>,
    /// The file of revocation lists, where there is one.
    pub lists: Option<String>,
    /// How many intermediate CAs are between the server and what the client trusts; `None` where no server is here.
    pub depth: Option<usize>,
}

impl Link {
    /// Checks a connection: `server` is the one that it leads to, where one is here, `client` who connects.
    ///
    /// # Errors
    /// [`ConfigError`] for what the directory lacks.
    pub fn of(
        site: &Site,
        server: Option<&Member>,
        client: Option<&Member>,
        home: &Home,
        wish: &LinkWish,
    ) -> Result<Self, ConfigError> {
        let trust = check::server_trust(site)?;
        let depth = server.map(|server| check::depth(site, server, trust)).transpose()?;
        let host = wish.host.clone().or_else(|| server.and_then(usual_host).map(str::to_owned));
        let host = host.ok_or(ConfigError::NoHost)?;
        check::unsayable("the host", &host, "a configuration", |_| false, "")?;
        let pair = client.map(|client| {
            let key = key(site, client, wish.keys)?;
            if let Some(trust) = &site.client_trust {
                check::depth(site, client, trust)?;
            }
            Ok::<_, ConfigError>((home.file(&client.file), home.file(key)))
        });
        let user = match client {
            Some(client) => check::role(site, client, wish.user.as_deref(), wish.is_mapped)?,
            None => wish.user.clone().ok_or(ConfigError::Combination {
                fact: "no role is named, and no certificate names one".to_owned(),
                hint: "Give it with -U.",
            })?,
        };
        let locked = client.filter(|client| client.is_locked && wish.keys == KeyReader::Pem);
        if let Some(database) = &wish.database {
            check::unsayable("the database", database, "a configuration", |_| false, "")?;
        }
        Ok(Self {
            host,
            port: wish.port,
            user,
            database: wish.database.clone(),
            trust: home.file(trust),
            pair: pair.transpose()?,
            locked: locked.map(|it| (site.shown(&it.key), check::opened(site, it, Party::Client))),
            lists: check::lists(site, &site.server_lists)?.map(|file| home.file(file)),
            depth,
        })
    }

    /// Refuses a key under a passphrase, for a program that has no setting for one.
    pub(super) fn refuse_locked(&self, why: &'static str) -> Result<(), ConfigError> {
        match self.locked.clone() {
            None => Ok(()),
            Some((key, mend)) => Err(ConfigError::Locked { key, why, mend }),
        }
    }

    /// What is worth knowing of it: a host that nobody compared.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        match self.depth {
            Some(_) => Vec::new(),
            None => {
                vec![format!("no server's certificate is here: whether it is for {} is not known", self.host)]
            }
        }
    }
}

/// The key as the client reads it.
fn key<'m>(site: &Site, client: &'m Member, reader: KeyReader) -> Result<&'m str, ConfigError> {
    if reader == KeyReader::Pem {
        check::has_key(site, client)?;
        return Ok(&client.key);
    }
    client.java_key.as_deref().ok_or_else(|| ConfigError::KeyForm {
        reader: "pgJDBC",
        wanted: site.shown(&format!("{}.pk8", client.stem())),
        command: site.command(&["pgtls", "export", "client", client.stem(), "--as", "jdbc", "--to", "jdbc"]),
    })
}

/// The first name that is one, and not a pattern of names; `localhost` and the loopback only where there is no other.
#[must_use]
pub fn usual_host(server: &Member) -> Option<&str> {
    let is_local = |name: &String| ["localhost", "127.0.0.1", "::1"].contains(&name.as_str());
    let concrete = || server.hosts.iter().filter(|name| !name.contains('*'));
    concrete().find(|name| !is_local(name)).or_else(|| concrete().next()).map(String::as_str)
}
