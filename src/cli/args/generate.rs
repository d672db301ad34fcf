//! The flags of `gen`.

use super::output::OutputArgs;
use clap::Args;
use std::path::PathBuf;

const GEN_EXAMPLES: &str = "\
Examples:
  pgtls gen chain --intermediate         root -> intermediate -> server and client
  pgtls gen chain                        root -> server and client
  pgtls gen self-signed                  for testing only
  pgtls gen mine.toml --set domain=example.com
  pgtls gen chain --intermediate --replication --owner postgres --dry-run";

#[derive(Debug, Args)]
#[command(after_help = GEN_EXAMPLES)]
pub(in crate::cli) struct GenArgs {
    /// "chain", "self-signed", a built-in profile, or the path of a profile (with a slash, or ending in .toml)
    #[arg(value_name = "chain|self-signed|NAME|FILE.toml")]
    pub(in crate::cli) profile: String,

    /// With "chain": put an intermediate CA between the root and the leaves
    #[arg(long)]
    pub(in crate::cli) intermediate: bool,

    #[command(flatten)]
    pub(in crate::cli) names: NameArgs,

    #[command(flatten)]
    pub(in crate::cli) keys: KeyArgs,

    #[command(flatten)]
    pub(in crate::cli) windows: WindowArgs,

    #[command(flatten)]
    pub(in crate::cli) places: PlaceArgs,

    /// Keep what is there and unchanged, with its mode and owner; make what is absent; refuse what differs
    #[arg(long, conflicts_with = "force", help_heading = "What exists already")]
    pub(in crate::cli) if_missing: bool,

    /// Replace the certificates and keys of servers and clients; never those of a CA
    #[arg(long, help_heading = "What exists already")]
    pub(in crate::cli) force: bool,

    /// Print, instead, the openssl commands that make the same files, as a shell script
    #[arg(long, conflicts_with_all = ["if_missing", "force", "dry_run", "json", "quiet"], help_heading = "Output")]
    pub(in crate::cli) as_openssl: bool,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Names")]
pub(in crate::cli) struct NameArgs {
    /// A name or address of the server; the first is its common name, all are SANs (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) server: Vec<String>,

    /// A further SAN of the server: host, address, e-mail address or URI (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) san: Vec<String>,

    /// Common name of the client: the role that it logs in as [default: kong]
    #[arg(long, value_name = "CN")]
    pub(in crate::cli) client: Option<String>,

    /// Add a certificate for replication
    #[arg(long, value_name = "CN", num_args = 0..=1, require_equals = true, default_missing_value = "primaryuser")]
    pub(in crate::cli) replication: Option<String>,

    /// Domain in the names of the CAs [default: that of the first --server]
    #[arg(long, value_name = "DOMAIN")]
    pub(in crate::cli) domain: Option<String>,

    /// Set a value of the profile's [set] (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
pub(in crate::cli) struct KeyArgs {
    /// Key type of every certificate (ed25519: of servers and clients alone): ecdsa-p256, ecdsa-p384, ed25519,
    /// rsa-2048, rsa-3072, rsa-4096 [default: ecdsa-p256]
    #[arg(long, value_name = "ALG")]
    pub(in crate::cli) key_type: Option<String>,

    /// Key type of the CAs
    #[arg(long, value_name = "ALG")]
    pub(in crate::cli) ca_key_type: Option<String>,

    /// Encrypt CA keys with the first line of this file, and open existing ones with it [env: PGTLS_CA_PASSPHRASE, the
    /// passphrase itself]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ca_passphrase_file: Option<PathBuf>,
}

/// How long end-entities live.
#[derive(Debug, Args)]
#[command(next_help_heading = "Lifetimes")]
pub(in crate::cli) struct SpanArgs {
    /// Lifetime of servers and clients: 12h, 90d, 52w, 20y [default: 365d]
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true, conflicts_with_all = ["days", "not_after"])]
    pub(in crate::cli) lifetime: Option<String>,

    /// The same, in days
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "not_after")]
    pub(in crate::cli) days: Option<String>,

    /// Last valid second of servers and clients: 2027-11-21 or 2027-11-21T18:30:00Z
    #[arg(long, value_name = "INSTANT", allow_hyphen_values = true)]
    pub(in crate::cli) not_after: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Lifetimes")]
pub(in crate::cli) struct WindowArgs {
    #[command(flatten)]
    pub(in crate::cli) leaves: SpanArgs,

    /// Lifetime of the root CA [default: 3650d]
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    pub(in crate::cli) ca_lifetime: Option<String>,

    /// Lifetime of the intermediate CA [default: 1825d]
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    pub(in crate::cli) intermediate_lifetime: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(in crate::cli) struct PlaceArgs {
    /// Directory to make [env: PGTLS_DIR] [default: pki]
    #[arg(short = 'D', long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Keep CA keys apart, in this directory; a CA that is there already is used [env: PGTLS_CA_DIR]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) ca_dir: Option<PathBuf>,

    /// Leave the intermediate out of server.crt or client.crt (repeatable)
    #[arg(long, value_name = "server|client", value_delimiter = ',')]
    pub(in crate::cli) no_append: Vec<String>,

    /// Owner of the keys and certificates of servers and clients, by name or number
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(in crate::cli) owner: Option<String>,

    /// Mode of the keys of servers and clients [default: 0600]
    #[arg(long, value_name = "MODE")]
    pub(in crate::cli) key_mode: Option<String>,
}
