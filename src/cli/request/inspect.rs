//! `inspect`: what is to be shown, and how.

use super::stdin::standard_input;
use super::{CliError, directory, path_variable};
use crate::cli::args::{InspectArgs, SortKey};
use crate::ops::{InspectRequest, Wanted, is_dash};
use std::ffi::OsString;
use std::io::Read;

/// `inspect`: the paths, `-D`, PGTLS_DIR; none: `pki`, else the current directory.
pub(in crate::cli) fn inspected(
    args: &InspectArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
    stdin: &mut dyn Read,
) -> Result<InspectRequest, CliError> {
    let paths = match args.paths.as_slice() {
        [] => directory(args.dir.clone(), variable).into_iter().collect(),
        paths => paths.to_vec(),
    };
    let dashes = paths.iter().filter(|path| is_dash(path)).count();
    Ok(InspectRequest {
        stdin: standard_input(dashes, stdin)?,
        paths,
        passphrase_file: args.passphrase_file.clone(),
        // The variable may be set for other verbs.
        ca_directory: args
            .ca_dir
            .clone()
            .or_else(|| path_variable(variable, "PGTLS_CA_DIR"))
            .filter(|_| args.issued),
        wanted: match (args.pem, args.issued, args.sort) {
            (true, ..) => Wanted::Pem,
            (_, true, sort) => Wanted::Issued { by_expiry: sort.is_some() },
            (_, _, Some(SortKey::Expiry)) => Wanted::Endings,
            (_, _, None) => Wanted::Everything,
        },
    })
}
