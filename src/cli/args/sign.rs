//! The flags of `sign`.

use super::csr::LeafUsage;
use super::issue::UnderArgs;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  pgtls sign alice.csr --as client         the names of the request
  pgtls sign db2.csr --as server db2.example.com 10.0.0.6
  pgtls sign - --as client --cn alice <request.der";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct SignArgs {
    /// The request, PEM or DER; - is standard input
    pub(in crate::cli) file: PathBuf,

    /// What the certificate is for, whatever the request says
    #[arg(long = "as", value_name = "server|client|node", hide_possible_values = true)]
    pub(in crate::cli) usage: LeafUsage,

    /// Names in place of those of the request: host names and addresses of a server or node, the role of a client
    #[arg(value_name = "NAME")]
    pub(in crate::cli) names: Vec<String>,

    /// Another common name
    #[arg(long, value_name = "CN")]
    pub(in crate::cli) cn: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) under: UnderArgs,
}
