//! The flags of `inspect`.

use clap::Args;
use std::path::PathBuf;

const INSPECT_EXAMPLES: &str = "\
Examples:
  pgtls inspect                    pki/, else the current directory, as a tree
  pgtls inspect server.crt         a file, field by field
  pgtls inspect --sort expiry      what ends first
  pgtls inspect --issued           what each CA issued, and what is revoked
  pgtls inspect --pem server.crt   the certificates, each before its issuer
  pgtls inspect --short pki | grep server
  kubectl get secret db -o yaml | pgtls inspect -";

/// Orders in which `inspect` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum SortKey {
    /// What ends first comes first.
    Expiry,
}

#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub(in crate::cli) struct InspectArgs {
    /// A directory, or files, Secrets in YAML or JSON among them; - is standard input [env: PGTLS_DIR] [default: pki, else .]
    pub(in crate::cli) paths: Vec<PathBuf>,

    /// The directory
    #[arg(short = 'D', long, value_name = "DIR", conflicts_with = "paths")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Open encrypted keys with the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) passphrase_file: Option<PathBuf>,

    /// What each CA issued, by its index: status, serial number, subject, end, revocation, file
    #[arg(long, conflicts_with = "pem")]
    pub(in crate::cli) issued: bool,

    /// With --issued: where the CAs are, if apart [env: PGTLS_CA_DIR]
    #[arg(long, value_name = "DIR", requires = "issued")]
    pub(in crate::cli) ca_dir: Option<PathBuf>,

    /// A list in place of a tree: what ends first comes first, with revocation lists
    #[arg(long, value_name = "KEY", help_heading = "Output")]
    pub(in crate::cli) sort: Option<SortKey>,

    /// One line each: file, subject, usage, end; with tabs where another program reads
    #[arg(long, conflicts_with_all = ["json", "pem"], help_heading = "Output")]
    pub(in crate::cli) short: bool,

    /// Print the certificates as PEM, each once and before its issuer; never a private key
    #[arg(long, conflicts_with_all = ["json", "sort"], help_heading = "Output")]
    pub(in crate::cli) pem: bool,

    /// Print all of it as JSON
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) json: bool,
}
