//! The flags of `config`: those of every target, and those of the server's.

use super::config_clients::{JdbcArgs, KongArgs, LibpqArgs, PgbouncerArgs};
use super::config_patroni::PatroniArgs;
use super::output::OutputArgs;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  pgtls config postgresql --files-at /etc/postgresql/tls
  pgtls config postgresql --write tls.conf --include-in postgresql.conf
  pgtls config hba --auth cert --tls-only
  pgtls config ident --map apps --let alice=app
  pgtls config libpq --form uri --host db1.example.com
  pgtls config kong --files-at /etc/kong/tls
  pgtls config patroni --host 10.0.0.11 --files-at /etc/patroni/tls --write tls.yml

What depends on certificates is checked against those in DIR: a chain that does
not hold, one that has ended or is revoked, a host or role that it is not for, a
key that is not there, revocation lists past their time or of another CA end
with 3 and the command that mends it.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, subcommand_value_name = "TARGET", subcommand_help_heading = "Targets")]
pub(in crate::cli) struct ConfigArgs {
    #[command(subcommand)]
    pub(in crate::cli) target: TargetArgs,
}

#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(in crate::cli) enum TargetArgs {
    /// Settings of postgresql.conf: certificate, key, client CAs, revocation lists
    Postgresql(PostgresqlArgs),
    /// Lines of pg_hba.conf: who gets in by a certificate, by a password, or not at all
    Hba(HbaArgs),
    /// Lines of pg_ident.conf: which certificate may log in as which role
    Ident(IdentArgs),
    /// What psql and libpq read: a connection string, a URI, variables, a service file
    Libpq(LibpqArgs),
    /// kong.conf, or KONG_* variables
    Kong(KongArgs),
    /// pgbouncer.ini: TLS towards its clients and towards the server
    Pgbouncer(PgbouncerArgs),
    /// A node of Patroni: its server, those who replicate, and the REST API
    Patroni(PatroniArgs),
    /// pgJDBC: a URL
    Jdbc(JdbcArgs),
    /// A service of a compose file, in which the official image starts with TLS
    Docker(DockerArgs),
    /// pg_hosts.conf of PostgreSQL 19: which certificate is shown under which name
    Hosts(HostsArgs),
}

impl TargetArgs {
    pub(in crate::cli) fn place(&self) -> &PlaceArgs {
        match self {
            Self::Postgresql(args) => &args.place,
            Self::Hba(args) => &args.place,
            Self::Ident(args) => &args.place,
            Self::Libpq(args) => &args.place,
            Self::Kong(args) => &args.place,
            Self::Pgbouncer(args) => &args.place,
            Self::Patroni(args) => &args.place,
            Self::Jdbc(args) => &args.place,
            Self::Docker(args) => &args.place,
            Self::Hosts(args) => &args.place,
        }
    }
}

/// The flags of every target.
#[derive(Debug, Args)]
pub(in crate::cli) struct PlaceArgs {
    /// Directory of the certificates [env: PGTLS_DIR] [default: pki, else .]
    #[arg(short = 'D', long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Put it into this file of its own; one that pgtls config did not write is never replaced
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) write: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

/// The flag of those that name files.
#[derive(Debug, Args)]
pub(in crate::cli) struct FilesArgs {
    /// Where the files will live, as the configured program sees it; . is its own directory [default: where they are]
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) files_at: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PostgresqlArgs {
    /// Which server: its file without .crt, or a common name [default: server]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) server: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) tls: TlsArgs,

    /// With --write: have this postgresql.conf read it, by a line added at its end, once
    #[arg(long, value_name = "FILE", requires = "write")]
    pub(in crate::cli) include_in: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) files: FilesArgs,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}

/// The flags of those that set a server's TLS.
#[derive(Debug, Args)]
pub(in crate::cli) struct TlsArgs {
    /// The least version of TLS
    #[arg(long, value_name = "VERSION", default_value = "TLSv1.2")]
    pub(in crate::cli) min_protocol: ProtocolWord,

    /// Insist on ssl_crl_file; without it, it is set where DIR has the lists
    #[arg(long, conflicts_with = "crl_dir")]
    pub(in crate::cli) crl: bool,

    /// Set ssl_crl_dir to this directory, of pgtls crl --hash-dir
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) crl_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) passphrase: PassphraseArgs,
}

/// The flag of those whose server has a key under a passphrase.
#[derive(Debug, Args)]
pub(in crate::cli) struct PassphraseArgs {
    /// The command that prints the passphrase of the server's key; it runs as the server's user
    #[arg(long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    pub(in crate::cli) passphrase_command: Option<String>,
}

/// Versions of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ProtocolWord {
    /// What every client speaks
    #[value(name = "TLSv1.2")]
    Tls12,
    /// Nothing less
    #[value(name = "TLSv1.3")]
    Tls13,
}

/// What a client has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum AuthWord {
    /// A certificate for the role
    Cert,
    /// The same, as an option of trust or scram-sha-256
    ClientcertVerifyFull,
    /// Any trusted certificate, and the role's password
    ClientcertVerifyCa,
    /// The role's password
    Scram,
}

/// Who gets in through the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LocalWord {
    /// The system's user of the role's name
    Peer,
    /// Whoever has the password
    Scram,
    /// No line about it
    None,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct HbaArgs {
    /// What a client has to show
    #[arg(long, value_name = "WAY", default_value = "cert")]
    pub(in crate::cli) auth: AuthWord,

    /// clientcert-verify-full: the role's password too
    #[arg(long)]
    pub(in crate::cli) with_password: bool,

    /// Turn away who comes without TLS, before any other line is looked at
    #[arg(long)]
    pub(in crate::cli) tls_only: bool,

    /// cert: the user map of pgtls config ident that leads from a certificate to a role
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(in crate::cli) map: Option<String>,

    /// The map goes by the whole name (clientname=DN), as that of pgtls config ident --dn
    #[arg(long)]
    pub(in crate::cli) dn: bool,

    /// A standby's role [default: that of replication.crt, where there is one]
    #[arg(long, value_name = "ROLE")]
    pub(in crate::cli) replication: Vec<String>,

    /// Who gets in through the Unix-domain socket
    #[arg(long, value_name = "WAY", default_value = "peer")]
    pub(in crate::cli) local: LocalWord,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("rules").required(true).multiple(true).args(["lets", "groups", "patterns"])))]
pub(in crate::cli) struct IdentArgs {
    /// The map's name, for pgtls config hba --map
    #[arg(long, value_name = "NAME", default_value = "pgtls", value_parser = NonEmptyStringValueParser::new())]
    pub(in crate::cli) map: String,

    /// Let a client in as this role: its file without .crt, or its common name
    #[arg(long = "let", id = "lets", value_name = "CLIENT=ROLE")]
    pub(in crate::cli) lets: Vec<String>,

    /// Let a client in as every member of this role; from PostgreSQL 16 on
    #[arg(long = "let-group", id = "groups", value_name = "CLIENT=ROLE")]
    pub(in crate::cli) groups: Vec<String>,

    /// Let in whose whole name this regular expression fits; \1 is what its first brackets hold
    #[arg(long = "pattern", id = "patterns", value_name = "REGEX=ROLE")]
    pub(in crate::cli) patterns: Vec<String>,

    /// Go by the whole name, for clientname=DN, and not by the common name
    #[arg(long)]
    pub(in crate::cli) dn: bool,

    /// Major version of the oldest server that reads it
    #[arg(long, value_name = "N", default_value = "15")]
    pub(in crate::cli) postgresql_version: u32,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct HostsArgs {
    /// Whose lines: its file without .crt, or a common name; may be repeated [default: every server's]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) server: Vec<String>,

    /// Who is shown under every other name, and to clients that name none
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) default: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) files: FilesArgs,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DockerArgs {
    /// Which server: its file without .crt, or a common name [default: server]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) server: Option<String>,

    /// The service's name
    #[arg(long, value_name = "NAME", default_value = "db")]
    pub(in crate::cli) service: String,

    /// The image: the official one, or one that is built on it
    #[arg(long, value_name = "IMAGE", default_value = "postgres:17")]
    pub(in crate::cli) image: String,

    /// What a client has to show
    #[arg(long, value_name = "WAY", default_value = "cert")]
    pub(in crate::cli) auth: AuthWord,

    #[command(flatten)]
    pub(in crate::cli) passphrase: PassphraseArgs,

    #[command(flatten)]
    pub(in crate::cli) files: FilesArgs,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}
