//! `config`: the configuration of a program around the certificates of a directory, to whoever called or into a file of
//! its own.

mod known;
mod node;
mod written;

use super::inspect::directory_or_default;
use crate::config::{
    self, Auth, ConfigError, DockerWish, FrontAuth, HbaWish, Home, HostsWish, IdentWish, KongForm, KongWish,
    LibpqForm, LibpqWish, Link, LinkWish, ListsWish, PatroniWish, PgbouncerWish, PostgresqlWish, Reader,
    Rule, Text,
};
use crate::error::{Error, RequestError};
use crate::fs::Directory;
use crate::layout::export::Party;
use known::Known;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

pub use written::{WriteRequest, Written};

/// What `config` is asked for.
#[derive(Debug, Clone)]
pub struct ConfigRequest {
    /// Where the certificates lie; `None`: `pki`, or the current directory where there is none.
    pub directory: Option<PathBuf>,
    /// Where the files will live; `None`: where they are.
    pub files_at: Option<PathBuf>,
    /// Which server; `None`: the usual one.
    pub server: Option<String>,
    /// What is configured.
    pub target: ConfigTarget,
    /// The file that it goes into; `None`: back to whoever called.
    pub write: Option<WriteRequest>,
}

/// What is configured.
#[derive(Debug, Clone)]
pub enum ConfigTarget {
    /// postgresql.conf.
    Postgresql {
        /// What is wished of it.
        wish: PostgresqlWish,
        /// The directory of lists under hash names that it shall name.
        list_directory: Option<PathBuf>,
    },
    /// pg_hba.conf.
    Hba(HbaWish),
    /// pg_ident.conf.
    Ident(IdentRules),
    /// libpq.
    Libpq(ClientSide, LibpqWish),
    /// Kong.
    Kong(ClientSide, KongWish),
    /// PgBouncer.
    Pgbouncer {
        /// PgBouncer as a client of the server.
        side: ClientSide,
        /// What it shows its own clients; `None`: the usual server's certificate.
        front: Option<String>,
        /// What is wished of it.
        wish: PgbouncerWish,
    },
    /// PgBouncer's `auth_file`.
    Userlist(FrontAuth),
    /// Patroni.
    Patroni {
        /// What is wished of the node.
        wish: PatroniWish,
        /// The directory of lists under hash names that its server shall name.
        list_directory: Option<PathBuf>,
        /// The client's certificate that it shows to the others; `None`: its own, which is for both.
        ctl: Option<String>,
    },
    /// pgJDBC.
    Jdbc(ClientSide),
    /// A service of a compose file.
    Docker {
        /// The service's name.
        service: String,
        /// The image.
        image: String,
        /// What clients have to show.
        auth: Auth,
        /// The command that prints the passphrase of the key.
        passphrase_command: Option<String>,
    },
    /// pg_hosts.conf.
    Hosts {
        /// Whose lines; empty: every server's.
        servers: Vec<String>,
        /// Who is shown under every other name.
        default: Option<String>,
    },
}

/// A user map, clients by their names.
#[derive(Debug, Clone)]
pub struct IdentRules {
    /// The map's name.
    pub map: String,
    /// A client and its role.
    pub clients: Vec<(String, String)>,
    /// A client and the role whose members it may log in as.
    pub groups: Vec<(String, String)>,
    /// A regular expression and the role.
    pub patterns: Vec<(String, String)>,
    /// Whether the whole name is compared.
    pub by_dn: bool,
    /// Major version of the oldest server that reads it.
    pub version: u32,
}

/// Who connects, and how.
#[derive(Debug, Clone, Default)]
pub struct ClientSide {
    /// Which client; `None`: the usual one.
    pub client: Option<String>,
    /// Whether it shows no certificate.
    pub is_anonymous: bool,
    /// The connection.
    pub link: LinkWish,
}

/// What came out.
#[derive(Debug)]
pub struct Configured {
    /// The text.
    pub text: String,
    /// What is worth knowing and stands not in it.
    pub notes: Vec<String>,
    /// What could not be read on the way.
    pub problems: Vec<Error>,
    /// The file that it went into.
    pub written: Option<Written>,
}

/// Writes the configuration.
///
/// # Errors
/// [`Error`]: nothing was written.
pub fn configure(request: &ConfigRequest, now: OffsetDateTime) -> Result<Configured, Error> {
    let (path, directory) = directory_or_default(request.directory.as_deref())?;
    let place = path.display().to_string();
    let known = Known::of(&directory, &place, now)?;
    let home = home(request.files_at.as_deref(), path)?;
    let Text { text, mut notes } = text(request, &known, &home, &self::home(None, path)?)?;
    notes.extend(known.out_of_time());
    let reader = reader(&request.target);
    let written = request.write.as_ref().map(|write| written::put(write, &text, reader)).transpose()?;
    Ok(Configured { text, notes, problems: known.problems, written })
}

/// Where a container has its files, unless it is said: in no volume of the image's.
const CONTAINER_HOME: &str = "/etc/pgtls";

fn text(request: &ConfigRequest, known: &Known, home: &Home, known_home: &Home) -> Result<Text, Error> {
    let server = request.server.as_deref();
    let elsewhere = request.files_at.as_ref().map(|_| home);
    Ok(match &request.target {
        ConfigTarget::Postgresql { wish, list_directory } => {
            let wish = with_directory(known, wish, list_directory.as_deref(), elsewhere)?;
            config::postgresql(&known.site, known.member(Party::Server, server)?, home, &wish)?
        }
        ConfigTarget::Hba(wish) => config::hba(&known.site, wish)?,
        ConfigTarget::Ident(rules) => config::ident(&known.site, &ident_wish(known, rules)?)?,
        ConfigTarget::Libpq(side, wish) => config::libpq(&link(known, server, side, home)?, wish)?,
        ConfigTarget::Kong(side, wish) => config::kong(&link(known, server, side, home)?, wish)?,
        ConfigTarget::Pgbouncer { side, front, wish } => {
            let front = known.member(Party::Server, front.as_deref())?;
            config::pgbouncer(&known.site, &link(known, server, side, home)?, front, home, wish)?
        }
        ConfigTarget::Userlist(auth) => config::userlist(&known.site, *auth)?,
        ConfigTarget::Patroni { wish, list_directory, ctl } => {
            let tls = with_directory(known, &wish.tls, list_directory.as_deref(), elsewhere)?;
            node::patroni(known, server, ctl.as_deref(), home, &PatroniWish { tls, ..wish.clone() })?
        }
        ConfigTarget::Jdbc(side) => config::jdbc(&link(known, server, side, home)?),
        ConfigTarget::Docker { service, image, auth, passphrase_command } => {
            let (service, image) = (service.clone(), image.clone());
            let (auth, passphrase_command) = (*auth, passphrase_command.clone());
            let wish = DockerWish { service, image, auth, passphrase_command, host: known_home.clone() };
            let home = if request.files_at.is_some() { home.clone() } else { Home::new(CONTAINER_HOME)? };
            config::docker(&known.site, known.member(Party::Server, server)?, &home, &wish)?
        }
        ConfigTarget::Hosts { servers, default } => {
            config::hosts(&known.site, home, &hosts_wish(known, servers, default.as_deref())?)?
        }
    })
}

/// Who reads what is written.
fn reader(target: &ConfigTarget) -> Reader {
    match target {
        ConfigTarget::Postgresql { .. } => Reader::Postgresql,
        ConfigTarget::Hba(_) => Reader::Hba,
        ConfigTarget::Ident(_) => Reader::Ident,
        ConfigTarget::Libpq(_, wish) => match wish.form {
            LibpqForm::Service => Reader::Service,
            LibpqForm::Environment => Reader::Environment,
            LibpqForm::Keywords | LibpqForm::Uri => Reader::Nobody,
        },
        ConfigTarget::Kong(_, wish) => match wish.form {
            KongForm::Conf => Reader::Kong,
            KongForm::Environment => Reader::Environment,
        },
        ConfigTarget::Pgbouncer { .. } => Reader::Pgbouncer,
        ConfigTarget::Userlist(_) => Reader::Userlist,
        ConfigTarget::Patroni { .. } => Reader::Patroni,
        ConfigTarget::Jdbc(_) => Reader::Nobody,
        ConfigTarget::Docker { .. } => Reader::Compose,
        ConfigTarget::Hosts { .. } => Reader::Hosts,
    }
}

/// Where the files will live: where they are, from the root of the file system, unless it is said.
fn home(files_at: Option<&Path>, directory: &Path) -> Result<Home, Error> {
    let path = match files_at {
        Some(path) => path.to_path_buf(),
        None => std::path::absolute(directory).unwrap_or_else(|_| directory.to_path_buf()),
    };
    Ok(Home::new(&utf8(&path)?)?)
}

/// A path as a configuration can hold it.
fn utf8(path: &Path) -> Result<String, ConfigError> {
    path.to_str().map(str::to_owned).ok_or_else(|| ConfigError::Unsayable {
        what: "the path",
        value: path.display().to_string(),
        format: "a configuration",
        detail: "It is not UTF-8.",
    })
}

/// The same wish, with a directory of lists where one is named.
fn with_directory(
    known: &Known,
    wish: &PostgresqlWish,
    path: Option<&Path>,
    home: Option<&Home>,
) -> Result<PostgresqlWish, Error> {
    let mut wish = wish.clone();
    if let Some(path) = path {
        let here = list_directory_of(known, path)?;
        // Where the files will live it lies beside them.
        let there = home.zip(here.rsplit_once('/')).map(|(home, (_, name))| home.file(name));
        wish.lists = ListsWish::Directory(there.unwrap_or(here));
    }
    Ok(wish)
}

/// The directory of lists as the server has it, once it is known to hold what is needed: one that does not turns every
/// client with a certificate away.
fn list_directory_of(known: &Known, path: &Path) -> Result<String, Error> {
    let directory = Directory::open(path)?
        .ok_or_else(|| RequestError::NoDirectory { path: path.display().to_string() })?;
    if let Some(lack) = known.lack_of_directory(&directory)? {
        let command = known.site.command(&["pgtls", "crl", "--hash-dir", &path.display().to_string()]);
        return Err(ConfigError::Lists { file: path.display().to_string(), lack, command }.into());
    }
    let whole = utf8(&std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()))?;
    Ok(whole.trim_end_matches('/').to_owned())
}

fn ident_wish(known: &Known, rules: &IdentRules) -> Result<IdentWish, Error> {
    let mut all = Vec::new();
    for (name, role) in &rules.clients {
        let client = Box::new(known.member(Party::Client, Some(name))?.clone());
        all.push(Rule::Client { client, role: role.clone() });
    }
    for (name, group) in &rules.groups {
        let client = Box::new(known.member(Party::Client, Some(name))?.clone());
        all.push(Rule::Group { client, group: group.clone() });
    }
    let pattern =
        |(pattern, role): &(String, String)| Rule::Pattern { pattern: pattern.clone(), role: role.clone() };
    all.extend(rules.patterns.iter().map(pattern));
    Ok(IdentWish { map: rules.map.clone(), rules: all, by_dn: rules.by_dn, version: rules.version })
}

fn hosts_wish(known: &Known, names: &[String], default: Option<&str>) -> Result<HostsWish, Error> {
    let named = |name: &str| known.member(Party::Server, Some(name)).cloned();
    let servers = match names {
        [] if known.site.servers.is_empty() => vec![known.member(Party::Server, None)?.clone()],
        [] => known.site.servers.clone(),
        names => names.iter().map(|name| named(name)).collect::<Result<_, _>>()?,
    };
    Ok(HostsWish { servers, default: default.map(named).transpose()? })
}

fn link(known: &Known, server: Option<&str>, side: &ClientSide, home: &Home) -> Result<Link, Error> {
    let server = known.server_for(server, side.link.host.as_deref())?;
    let client = match side.is_anonymous {
        true => None,
        false => Some(known.member(Party::Client, side.client.as_deref())?),
    };
    Ok(Link::of(&known.site, server, client, home, &side.link)?)
}
