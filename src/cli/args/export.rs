//! The flags of `export`.

use super::output::OutputArgs;
use clap::{ArgGroup, Args, ValueEnum};
use std::path::PathBuf;

const EXPORT_EXAMPLES: &str = "\
Examples:
  pgtls export server --to out              server.crt server.key root.crt
  pgtls export client alice --to out        postgresql.crt postgresql.key root.crt
  pgtls export client alice --as jdbc --to out
  pgtls export server db2 --as tls --to secret
  pgtls export server --owner 999:999 --tar --write server.tar
  pgtls export server --owner 999:999 --tar | docker cp - db:/etc/postgresql/";

/// Which side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PartyWord {
    /// A database server
    Server,
    /// A client, or a standby
    Client,
}

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ConsumerWord {
    /// A server's data directory: server.crt server.key root.crt root.crl
    Pg,
    /// ~/.postgresql: postgresql.crt postgresql.key root.crt root.crl
    Libpq,
    /// pgJDBC: postgresql.crt postgresql.pk8 postgresql.p12 root.crt
    Jdbc,
    /// One PKCS#12 file: NAME.p12
    P12,
    /// A Kubernetes Secret: tls.crt tls.key ca.crt
    Tls,
}

/// Forms of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FormatWord {
    /// RSA PRIVATE KEY
    Pkcs1,
    /// EC PRIVATE KEY
    Sec1,
    /// PKCS#8 as DER; with tls as key.der, beside tls.key
    Der,
    /// Key and certificates in one file: server.pem, postgresql.pem; with tls as tls-combined.pem, beside tls.key
    Combined,
}

#[derive(Debug, Args)]
#[command(after_help = EXPORT_EXAMPLES, group(ArgGroup::new("destination").required(true).args(["to", "tar"])))]
pub(in crate::cli) struct ExportArgs {
    /// Which side it is for
    #[arg(value_name = "server|client")]
    pub(in crate::cli) party: PartyWord,

    /// Its file without .crt (server.db2, or db2), or else its common name [default: server, or client]
    pub(in crate::cli) name: Option<String>,

    /// Directory that it is in [env: PGTLS_DIR] [default: pki, else .]
    #[arg(short = 'D', long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Who reads it [default: pg for a server, libpq for a client]
    #[arg(long = "as", value_name = "CONSUMER")]
    pub(in crate::cli) consumer: Option<ConsumerWord>,

    /// Form of the key, where it is not to be PKCS#8 in PEM
    #[arg(long, value_name = "FORM")]
    pub(in crate::cli) format: Option<FormatWord>,

    /// Open an encrypted key with the first line of this file; the same line is the password of a .p12
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) passphrase_file: Option<PathBuf>,

    /// Encrypt the exported key with the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) encrypt_key_file: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) places: ExportPlaceArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Where it goes")]
pub(in crate::cli) struct ExportPlaceArgs {
    /// Put the files into this directory, in which none of them may exist
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) to: Option<PathBuf>,

    /// Make a tar archive, to standard output; its files are root's unless --owner says otherwise
    #[arg(long)]
    pub(in crate::cli) tar: bool,

    /// Put the archive into this file, which must not exist
    #[arg(long, value_name = "FILE", requires = "tar", conflicts_with = "to")]
    pub(in crate::cli) write: Option<PathBuf>,

    /// Owner of the files, by name or number; in an archive it takes no root to say it
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(in crate::cli) owner: Option<String>,

    /// Mode of what holds the key [default: 0600]
    #[arg(long, value_name = "MODE")]
    pub(in crate::cli) key_mode: Option<String>,
}
