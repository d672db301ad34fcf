//! The flags of `config patroni`.

use super::config::{AuthWord, FilesArgs, PlaceArgs, TlsArgs};
use clap::{Args, ValueEnum};

/// Who has to show a certificate to the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum VerifyClientWord {
    /// Everybody, a load balancer's health check included
    Required,
    /// Who changes something
    Optional,
    /// Nobody
    None,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PatroniArgs {
    /// Which node: its file without .crt, or a common name [default: that of the host, else the only one]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) server: Option<String>,

    /// What the other nodes call it, for which its certificate has to be [default: its first name]
    #[arg(long, value_name = "HOST")]
    pub(in crate::cli) host: Option<String>,

    /// The port of PostgreSQL
    #[arg(long, value_name = "PORT", default_value = "5432")]
    pub(in crate::cli) port: u16,

    /// The port of the REST API
    #[arg(long, value_name = "PORT", default_value = "8008")]
    pub(in crate::cli) api_port: u16,

    /// Who has to show a certificate to the REST API
    #[arg(long, value_name = "WHO", default_value = "required")]
    pub(in crate::cli) verify_client: VerifyClientWord,

    /// The client's certificate that it shows to the others' API [default: its own, of pgtls issue node]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) ctl: Option<String>,

    /// The superuser, who comes through the socket as the system's user of that name
    #[arg(long, value_name = "ROLE", default_value = "postgres")]
    pub(in crate::cli) superuser: String,

    /// The role of standbys [default: that of replication.crt, else replicator]
    #[arg(long, value_name = "ROLE")]
    pub(in crate::cli) replication: Option<String>,

    /// The role of pg_rewind [default: that of standbys]
    #[arg(long, value_name = "ROLE")]
    pub(in crate::cli) rewind: Option<String>,

    /// What a client of PostgreSQL has to show
    #[arg(long, value_name = "WAY", default_value = "cert")]
    pub(in crate::cli) auth: AuthWord,

    /// clientcert-verify-full: the role's password too
    #[arg(long)]
    pub(in crate::cli) with_password: bool,

    /// Turn away who comes to PostgreSQL without TLS
    #[arg(long)]
    pub(in crate::cli) tls_only: bool,

    #[command(flatten)]
    pub(in crate::cli) tls: TlsArgs,

    #[command(flatten)]
    pub(in crate::cli) files: FilesArgs,

    #[command(flatten)]
    pub(in crate::cli) place: PlaceArgs,
}
