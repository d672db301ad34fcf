//! How a configuration that stands in a file of its own is put to use: the line of a main file that reads it, or a
//! command.

use super::check::word;
use super::quote;

/// Whoever reads the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A server's postgresql.conf.
    Postgresql,
    /// A server's pg_hba.conf.
    Hba,
    /// A server's pg_ident.conf.
    Ident,
    /// libpq, as a service file.
    Service,
    /// A shell.
    Environment,
    /// Kong.
    Kong,
    /// PgBouncer.
    Pgbouncer,
    /// PgBouncer, as its `auth_file`.
    Userlist,
    /// Patroni.
    Patroni,
    /// docker compose.
    Compose,
    /// A server's pg_hosts.conf.
    Hosts,
    /// Nobody by itself.
    Nobody,
}

impl Reader {
    /// The line that is added to the end of a main file, where one can be: of settings the last counts, and the file may be
    /// missing. In pg_hba.conf the first line that fits decides, so that its place is for its owner to choose.
    #[must_use]
    pub fn include_line(self, path: &str) -> Option<String> {
        (self == Self::Postgresql).then(|| format!("include_if_exists {}", quote::postgresql(path)))
    }

    /// What to do with it, a line each: a command, or where which line goes.
    #[must_use]
    pub fn uses(self, path: &str) -> Vec<String> {
        let setting = quote::postgresql(path);
        match self {
            Self::Postgresql => vec![format!("postgresql.conf, at its end: include_if_exists {setting}")],
            Self::Hba => vec![
                format!("postgresql.conf: hba_file = {setting}"),
                format!(
                    "or from PostgreSQL 16 on, in pg_hba.conf: include_if_exists {}",
                    quote::hosts_path(path)
                ),
            ],
            Self::Ident => vec![
                format!("postgresql.conf: ident_file = {setting}"),
                format!(
                    "or from PostgreSQL 16 on, in pg_ident.conf: include_if_exists {}",
                    quote::hosts_path(path)
                ),
            ],
            Self::Service => vec![format!("export PGSERVICEFILE={}", word(path))],
            Self::Environment => vec![format!("set -a; . {}; set +a", word(path))],
            Self::Kong => vec![format!("kong start -c {}", word(path))],
            Self::Pgbouncer => {
                vec![format!("pgbouncer.ini, at the end of its last section [pgbouncer]: %include {path}")]
            }
            Self::Userlist => vec![format!("pgbouncer.ini, in its section [pgbouncer]: auth_file = {path}")],
            Self::Patroni => patroni_uses(path),
            Self::Hosts => vec![format!("postgresql.conf: ssl_sni = on, hosts_file = {setting}")],
            Self::Compose => vec![format!("docker compose -f compose.yaml -f {} up", word(path))],
            Self::Nobody => Vec::new(),
        }
    }
}

/// Of a directory Patroni reads what has one of these endings, in the order of the names; what is said later counts
/// (`_load_config_path`, patroni/config.py).
fn patroni_uses(path: &str) -> Vec<String> {
    let directory = match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => ".",
    };
    let mut uses = vec![
        format!("patroni {}", word(directory)),
        "the node's own file lies in there too, under a name that sorts before this one".to_owned(),
    ];
    if !path.ends_with(".yml") && !path.ends_with(".yaml") {
        uses.push("it is read once its name ends with .yml".to_owned());
    }
    uses
}
