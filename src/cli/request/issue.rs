//! `issue` and `sign`: names, and the flags beside them.

use super::csr::usage;
use super::stdin::standard_input;
use super::windows::ending;
use super::{CliError, directory, passphrase, path_variable};
use crate::cli::args::{IssueArgs, SignArgs, UnderArgs};
use crate::error::Error;
use crate::keys::KeyType;
use crate::ops::{self, CaFiles, CaRequest, IssueRequest};
use crate::plan::{LeafNames, SignWish, Wish};
use crate::profile::{Ending, Validity};
use crate::x509::{Lifetime, parse_instant};
use std::ffi::OsString;
use std::io::Read;

/// How long a leaf lives, unless said otherwise: what gen's own profiles give theirs.
const USUAL_DAYS: u32 = 365;

/// `issue`.
pub(in crate::cli) fn issued(
    args: &IssueArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<IssueRequest, CliError> {
    let names = LeafNames::parse(usage(args.usage), &args.names, args.cn.as_deref()).map_err(Error::from)?;
    let wish = Wish {
        names,
        validity: validity(&args.under)?,
        key_type: key_type(args.key_type.as_deref())?,
        appends: !args.under.no_append,
    };
    Ok(IssueRequest {
        wishes: vec![wish],
        under: under(&args.under, variable),
        key_passphrase_file: args.encrypt_key_file.clone(),
        key_mode: args.key_mode.clone(),
    })
}

/// `sign`.
pub(in crate::cli) fn signed(
    args: &SignArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
    stdin: &mut dyn Read,
) -> Result<(SignWish, CaRequest), CliError> {
    let stdin = standard_input(usize::from(ops::is_dash(&args.file)), stdin)?;
    let wish = SignWish {
        request: ops::request_in(&args.file, stdin.as_ref())?,
        usage: usage(args.usage),
        names: args.names.clone(),
        common_name: args.cn.clone(),
        validity: validity(&args.under)?,
        appends: !args.under.no_append,
    };
    Ok((wish, under(&args.under, variable)))
}

/// `--key-type`.
pub(super) fn key_type(flag: Option<&str>) -> Result<KeyType, CliError> {
    let key_type = flag.map(str::parse::<KeyType>).transpose();
    Ok(key_type.map_err(|source| CliError::KeyType { flag: "--key-type", source })?.unwrap_or_default())
}

pub(super) fn validity(args: &UnderArgs) -> Result<Validity, CliError> {
    let not_before = args.not_before.as_deref().map(parse_instant).transpose();
    Ok(Validity {
        not_before: not_before.map_err(|source| CliError::Value { flag: "--not-before", source })?,
        ending: ending(&args.windows)?.unwrap_or(Ending::After(Lifetime::days(USUAL_DAYS))),
        stretches: false,
    })
}

pub(super) fn under(args: &UnderArgs, variable: &dyn Fn(&str) -> Option<OsString>) -> CaRequest {
    let ca = args.ca.ca.clone().zip(args.ca.ca_key.clone());
    let ca_variable = path_variable(variable, "PGTLS_CA_DIR").filter(|_| ca.is_none());
    CaRequest {
        directory: directory(args.dir.clone(), variable).unwrap_or_else(|| "pki".into()),
        ca_directory: args.ca.ca_dir.clone().or(ca_variable),
        ca: ca.map(|(certificate, key)| CaFiles { certificate, key }),
        ca_passphrase: passphrase(args.ca.ca_passphrase_file.clone(), variable),
        owner: args.owner.clone(),
        dry_run: args.output.dry_run,
    }
}
