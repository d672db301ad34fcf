//! The flags of `import`.

use super::output::OutputArgs;
use clap::Args;
use std::path::PathBuf;

const IMPORT_EXAMPLES: &str = "\
Examples:
  pgtls import signed.p7b                  beside the key that it belongs to
  pgtls import db1.cer --chain issuing.pem --chain root.pem
  kubectl get csr server-db1 -o jsonpath={.status.certificate} | base64 -d |
    pgtls import - --chain ca.crt";

#[derive(Debug, Args)]
#[command(after_help = IMPORT_EXAMPLES)]
pub(in crate::cli) struct ImportArgs {
    /// What the CA sent: PEM, DER or P7B; - is standard input
    pub(in crate::cli) signed: PathBuf,

    /// Certificates of its CAs, where they were not sent with it: intermediates, root (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) chain: Vec<PathBuf>,

    /// Directory that holds the key [env: PGTLS_DIR] [default: pki]
    #[arg(short = 'D', long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Open encrypted keys with the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) passphrase_file: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}
