//! `renew`: what is named or due, and the flags beside it.

use super::csr::usage;
use super::windows::span;
use super::{CliError, directory, passphrase, path_variable};
use crate::cli::args::{RekeyArgs, RenewArgs};
use crate::keys::KeyType;
use crate::ops::RenewRequest;
use crate::plan::{Due, Rekey, RenewWish};
use crate::x509::Lifetime;
use std::ffi::OsString;

/// `renew`.
pub(in crate::cli) fn renewed(
    args: &RenewArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<RenewRequest, CliError> {
    let place = &args.place;
    let wish = RenewWish {
        names: args.names.clone(),
        due: due(args)?,
        lifetime: span(args.windows.lifetime.as_deref(), args.windows.days.as_deref())?,
        rekey: rekey(&args.keys)?,
        usage: args.usage.map(usage),
    };
    Ok(RenewRequest {
        wish,
        directory: directory(place.dir.clone(), variable),
        ca_directory: place.ca_dir.clone().or_else(|| path_variable(variable, "PGTLS_CA_DIR")),
        ca_passphrase: passphrase(place.ca_passphrase_file.clone(), variable),
        key_passphrase_file: args.keys.encrypt_key_file.clone(),
        exec: args.exec.clone(),
        dry_run: args.output.dry_run,
    })
}

fn due(args: &RenewArgs) -> Result<Due, CliError> {
    let Some(text) = args.expires_in.as_deref() else {
        return Ok(if args.all { Due::All } else { Due::LastThird });
    };
    let span: Lifetime = text.parse().map_err(|source| CliError::Value { flag: "--expires-in", source })?;
    Ok(Due::Within(span.duration()))
}

fn rekey(args: &RekeyArgs) -> Result<Option<Rekey>, CliError> {
    let key_type = args.key_type.as_deref().map(|text| {
        text.parse::<KeyType>().map_err(|source| CliError::KeyType { flag: "--key-type", source })
    });
    let rekey = Rekey { key_type: key_type.transpose()?, encrypted: args.encrypt_key_file.is_some() };
    Ok(args.rekey.then_some(rekey))
}
