//! The flags of every verb that writes: how much it does, and how it tells of it.

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct OutputArgs {
    /// Decide everything, print it, write nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,

    /// Print the result (or the error) as JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,

    /// Print nothing but warnings and errors
    #[arg(short, long, conflicts_with = "json")]
    pub(in crate::cli) quiet: bool,
}
