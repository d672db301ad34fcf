//! The flags of `renew`.

use super::csr::LeafUsage;
use super::output::OutputArgs;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  pgtls renew                            what is in the last third of its life
  pgtls renew -q --exec 'systemctl reload postgresql'   the same, from cron
  pgtls renew --dry-run                  what would change, field by field
  pgtls renew server client              these, whenever they end
  pgtls renew root intermediate          CAs keep their keys: what they signed stays
  pgtls renew client.alice --rekey       with a new key

Subject, names, usages and extensions stay as they are, and so does the key.
The command of --exec runs once, after a change alone, with PGTLS_DIR and, one a
line in PGTLS_CHANGED, the names of the files that were written.
Exit codes: 0 renewed, or nothing due; 1 something is due and cannot be renewed
here; 4 also where the command of --exec fails.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct RenewArgs {
    /// Which, by the stem of the file (server, client.alice, root) or the common name [default: what is due]
    #[arg(value_name = "NAME")]
    pub(in crate::cli) names: Vec<String>,

    /// Everything, due or not
    #[arg(long, conflicts_with_all = ["names", "expires_in"])]
    pub(in crate::cli) all: bool,

    /// What ends sooner than this: 30d, 12h [default: what has less than a third of its life left]
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true, conflicts_with = "names")]
    pub(in crate::cli) expires_in: Option<String>,

    /// What a certificate is for that does not say it, such as the guides' own
    #[arg(long = "as", value_name = "server|client|node", hide_possible_values = true)]
    pub(in crate::cli) usage: Option<LeafUsage>,

    /// Run this in a shell after a change
    #[arg(long, value_name = "CMD")]
    pub(in crate::cli) exec: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) windows: RenewSpanArgs,

    #[command(flatten)]
    pub(in crate::cli) keys: RekeyArgs,

    #[command(flatten)]
    pub(in crate::cli) place: RenewPlaceArgs,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Lifetimes")]
pub(in crate::cli) struct RenewSpanArgs {
    /// Lifetime from now: 12h, 90d, 52w, 20y; without names, of servers and clients alone [default: each as before]
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true, conflicts_with = "days")]
    pub(in crate::cli) lifetime: Option<String>,

    /// The same, in days
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(in crate::cli) days: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
pub(in crate::cli) struct RekeyArgs {
    /// Make new keys for servers and clients; a CA keeps its own
    #[arg(long)]
    pub(in crate::cli) rekey: bool,

    /// Their type: ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072, rsa-4096 [default: that of the old key]
    #[arg(long, value_name = "ALG", requires = "rekey")]
    pub(in crate::cli) key_type: Option<String>,

    /// Encrypt them with the first line of this file
    #[arg(long, value_name = "FILE", requires = "rekey")]
    pub(in crate::cli) encrypt_key_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(in crate::cli) struct RenewPlaceArgs {
    /// Directory of the certificates [env: PGTLS_DIR] [default: pki, or . where there is none]
    #[arg(short = 'D', long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Directory of the CA's keys, where that is another [env: PGTLS_CA_DIR]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) ca_dir: Option<PathBuf>,

    /// Open the keys of CAs, and of self-signed certificates, with the first line of this file [env: PGTLS_CA_PASSPHRASE, the passphrase itself]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ca_passphrase_file: Option<PathBuf>,
}
