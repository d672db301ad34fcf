//! `import`: what was sent, and where its key is.

use super::stdin::standard_input;
use super::{CliError, directory};
use crate::cli::args::ImportArgs;
use crate::ops::{ImportRequest, is_dash};
use std::ffi::OsString;
use std::io::Read;

/// `import`.
pub(in crate::cli) fn import(
    args: &ImportArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
    stdin: &mut dyn Read,
) -> Result<ImportRequest, CliError> {
    let files = std::iter::once(&args.signed).chain(&args.chain);
    Ok(ImportRequest {
        stdin: standard_input(files.filter(|path| is_dash(path)).count(), stdin)?,
        signed: args.signed.clone(),
        chain: args.chain.clone(),
        directory: directory(args.dir.clone(), variable).unwrap_or_else(|| "pki".into()),
        passphrase_file: args.passphrase_file.clone(),
        dry_run: args.output.dry_run,
    })
}
