//! `revoke` and `crl`.

use super::{CliError, directory, passphrase, path_variable};
use crate::cli::args::{AuthoritiesArgs, CrlArgs, RevokeArgs};
use crate::ops::{CaRequest, ListsRequest, RevokeRequest};
use crate::plan::Which;
use crate::profile::nearest;
use crate::x509::RevocationReason;
use std::ffi::OsString;

/// `revoke`.
pub(in crate::cli) fn revoked(
    args: &RevokeArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<RevokeRequest, CliError> {
    Ok(RevokeRequest {
        name: args.name.clone(),
        reason: args.reason.as_deref().map(reason).transpose()?,
        under: under(&args.place, args.output.dry_run, variable),
    })
}

/// `crl`.
pub(in crate::cli) fn crl(
    args: &CrlArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<ListsRequest, CliError> {
    let lifetime = args.lifetime.as_deref().map(str::parse).transpose();
    Ok(ListsRequest {
        under: under(&args.place, args.output.dry_run, variable),
        which: if args.refresh { Which::Due } else { Which::All },
        lifetime: lifetime.map_err(|source| CliError::Value { flag: "--lifetime", source })?,
        hash_directory: args.hash_dir.clone(),
    })
}

fn under(args: &AuthoritiesArgs, dry_run: bool, variable: &dyn Fn(&str) -> Option<OsString>) -> CaRequest {
    CaRequest {
        directory: directory(args.dir.clone(), variable).unwrap_or_else(|| "pki".into()),
        ca_directory: args.ca_dir.clone().or_else(|| path_variable(variable, "PGTLS_CA_DIR")),
        ca: None,
        ca_passphrase: passphrase(args.ca_passphrase_file.clone(), variable),
        owner: None,
        dry_run,
    }
}

/// A reason by its name, in capitals or not.
fn reason(text: &str) -> Result<RevocationReason, CliError> {
    match text.parse() {
        Ok(RevocationReason::RemoveFromCrl) => Err(CliError::Flags {
            fact: "--reason: removeFromCRL takes a revocation back, which nobody learns of in time"
                .to_owned(),
            hint: "Issue a new certificate instead.",
        }),
        Ok(reason) => Ok(reason),
        Err(_) => {
            let usable = |reason: &RevocationReason| *reason != RevocationReason::RemoveFromCrl;
            let known = RevocationReason::NAMED.into_iter().filter(usable).map(|reason| reason.to_string());
            let known: Vec<String> = known.collect();
            let hint = match nearest(text, &known) {
                Some(near) => format!("Did you mean {near}?"),
                None => format!("Give one of {}.", known.join(", ")),
            };
            Err(CliError::Word { fact: format!("--reason: unknown reason \"{text}\""), hint })
        }
    }
}
