//! The flags of `inspect`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct InspectArgs {
    /// The directory [env: PGTLS_DIR] [default: pki, else .]
    pub(in crate::cli) path: Option<PathBuf>,

    /// The same
    #[arg(short = 'D', long, value_name = "DIR", conflicts_with = "path")]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// Print the tree as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
