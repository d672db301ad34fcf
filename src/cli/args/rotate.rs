//! The flags of `rotate`.

use super::output::OutputArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  pgtls rotate root add                  root.next.crt; chain.crt trusts both
  # copy chain.crt (and chain.crl) to every server and client, and reload
  pgtls rotate root switch --trust-is-distributed
  # copy the certificates that were issued again, and reload
  pgtls rotate root drop                 chain.crt trusts the new one alone
  pgtls rotate root status               which phase it is, and what is next
  pgtls rotate intermediate add --lifetime 1825d --key-type ecdsa-p384

Each phase may be repeated; one that is done says so. From add to drop peers
may be given their files in any order, and no login fails meanwhile.";

/// Phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StepWord {
    /// Make a new CA, and trust it beside the old one
    Add,
    /// Issue again under the new CA what hangs from the old one
    Switch,
    /// Trust the old CA no more, once nothing needs it
    Drop,
    /// Tell how far the rotation is
    Status,
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct RotateArgs {
    /// The CA, by the name of its files
    #[arg(value_name = "root|intermediate")]
    pub(in crate::cli) ca: String,

    /// The phase
    #[arg(value_name = "add|switch|drop|status")]
    pub(in crate::cli) step: StepWord,

    /// switch: every server and client has the files that add told of
    #[arg(long)]
    pub(in crate::cli) trust_is_distributed: bool,

    /// add: lifetime of the new CA: 1825d, 10y [default: that of the old one]
    #[arg(
        long,
        value_name = "SPAN",
        allow_hyphen_values = true,
        conflicts_with = "days",
        help_heading = "New CA"
    )]
    pub(in crate::cli) lifetime: Option<String>,

    /// The same, in days
    #[arg(long, value_name = "N", allow_hyphen_values = true, help_heading = "New CA")]
    pub(in crate::cli) days: Option<String>,

    /// add: key type of the new CA: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096 [default: that of the old one]
    #[arg(long, value_name = "ALG", help_heading = "New CA")]
    pub(in crate::cli) key_type: Option<String>,

    /// Directory of what the CA signed [env: PGTLS_DIR] [default: pki]
    #[arg(short = 'D', long, value_name = "DIR", help_heading = "Files")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Directory of the CA's keys, where that is another [env: PGTLS_CA_DIR]
    #[arg(long, value_name = "DIR", help_heading = "Files")]
    pub(in crate::cli) ca_dir: Option<PathBuf>,

    /// Open CA keys, and close a new one, with the first line of this file [env: PGTLS_CA_PASSPHRASE, the passphrase
    /// itself]
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub(in crate::cli) ca_passphrase_file: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}
