//! The flags of those targets of `config` that connect to a server.

use super::config::{FilesArgs, PlaceArgs};
use clap::{Args, ValueEnum};

/// Who connects to whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(in crate::cli) struct LinkArgs {
    /// Which client: its file without .crt, or a common name [default: client]
    #[arg(long, value_name = "NAME", conflicts_with = "no_client_cert")]
    pub(in crate::cli) client: Option<String>,

    /// Show no certificate: TLS, and not mTLS
    #[arg(long, requires = "user")]
    pub(in crate::cli) no_client_cert: bool,

    /// Which server [default: that of the host, else server]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) server: Option<String>,

    /// The host, for which the server's certificate has to be [default: its first name]
    #[arg(long, value_name = "HOST")]
    pub(in crate::cli) host: Option<String>,

    /// The port
    #[arg(long, value_name = "PORT")]
    pub(in crate::cli) port: Option<u16>,

    /// The role [default: the common name of the client's certificate]
    #[arg(short = 'U', long, value_name = "ROLE")]
    pub(in crate::cli) user: Option<String>,

    /// The server has a map that leads from the certificate to the role: pgtls config ident
    #[arg(long, requires = "user")]
    pub(in crate::cli) mapped: bool,

    /// The database
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) dbname: Option<String>,
}

/// Forms of what libpq reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LibpqWord {
    /// host=db1 user=app ...
    Keywords,
    /// postgresql://app@db1/...
    Uri,
    /// PGHOST=db1 ...
    Env,
    /// A section of a service file
    Service,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LibpqArgs {
    /// The form
    #[arg(long, value_name = "FORM", default_value = "keywords")]
    pub(in crate::cli) form: LibpqWord,

    /// service: what the section is called [default: as the role]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) service: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) link: LinkArgs,

    #[command(flatten)]
    pub(in crate::cli) files: FilesArgs,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}

/// Forms of Kong's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum KongWord {
    /// Lines of kong.conf
    Conf,
    /// KONG_* variables
    Env,
}

/// Kong's versions of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum KongProtocolWord {
    /// Kong's default
    #[value(name = "tlsv1_2")]
    Tls12,
    /// For a server that speaks nothing less
    #[value(name = "tlsv1_3")]
    Tls13,
    /// Whichever both know
    Any,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct KongArgs {
    /// The form
    #[arg(long, value_name = "FORM", default_value = "conf")]
    pub(in crate::cli) form: KongWord,

    /// pg_ssl_version
    #[arg(long, value_name = "VERSION", default_value = "tlsv1_2")]
    pub(in crate::cli) ssl_version: KongProtocolWord,

    /// lua_ssl_verify_depth, where it is to be more than the chain needs
    #[arg(long, value_name = "N")]
    pub(in crate::cli) verify_depth: Option<usize>,

    /// Add pg_ro_*, for a read-only server
    #[arg(long, value_name = "HOST")]
    pub(in crate::cli) ro_host: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) link: LinkArgs,

    #[command(flatten)]
    pub(in crate::cli) files: FilesArgs,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}

/// What a client of PgBouncer has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FrontWord {
    /// A certificate for the role
    Cert,
    /// The role's password
    Scram,
}

/// What of PgBouncer's is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PgbouncerWord {
    /// Settings of pgbouncer.ini
    Ini,
    /// Its auth_file: the role of every client
    Userlist,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PgbouncerArgs {
    /// Which of its files
    #[arg(long, value_name = "FORM", default_value = "ini")]
    pub(in crate::cli) form: PgbouncerWord,

    /// What its clients have to show
    #[arg(long, value_name = "WAY", default_value = "cert")]
    pub(in crate::cli) auth: FrontWord,

    /// The certificate that it shows its clients: its file without .crt, or a common name [default: server]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) front: Option<String>,

    /// Its clients keep their roles towards the server, which has a map for its certificate
    #[arg(long, conflicts_with = "user")]
    pub(in crate::cli) keep_roles: bool,

    #[command(flatten)]
    pub(in crate::cli) link: LinkArgs,

    #[command(flatten)]
    pub(in crate::cli) files: FilesArgs,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct JdbcArgs {
    #[command(flatten)]
    pub(in crate::cli) link: LinkArgs,

    #[command(flatten)]
    pub(in crate::cli) files: FilesArgs,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}
