//! `csr`: who is asked for, and of whom.

use super::{CliError, directory};
use crate::cli::args::{CsrArgs, LeafUsage};
use crate::error::Error;
use crate::k8s::SigningRequest;
use crate::keys::KeyType;
use crate::ops::CsrRequest;
use crate::x509::{Lifetime, Usage};
use std::ffi::OsString;

/// `csr`.
pub(in crate::cli) fn csr(
    args: &CsrArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<CsrRequest, CliError> {
    let key_type = args.key_type.as_deref().map(|text| {
        text.parse::<KeyType>().map_err(|source| CliError::KeyType { flag: "--key-type", source })
    });
    Ok(CsrRequest {
        usage: usage(args.usage),
        names: args.names.clone(),
        common_name: args.cn.clone(),
        key_type: key_type.transpose()?.unwrap_or(KeyType::EcdsaP256),
        directory: directory(args.dir.clone(), variable).unwrap_or_else(|| "pki".into()),
        owner: args.owner.clone(),
        key_mode: args.key_mode.clone(),
        passphrase_file: args.encrypt_key_file.clone(),
        kubernetes: kubernetes(args)?,
        dry_run: args.output.dry_run,
    })
}

pub(super) fn usage(typed: LeafUsage) -> Usage {
    match typed {
        LeafUsage::Server => Usage::Server,
        LeafUsage::Client => Usage::Client,
        LeafUsage::Node => Usage::Node,
    }
}

fn kubernetes(args: &CsrArgs) -> Result<Option<SigningRequest>, CliError> {
    let Some(signer) = &args.signer_name else { return Ok(None) };
    let lifetime = args.lifetime.as_deref().map(|text| {
        text.parse::<Lifetime>().map_err(|source| CliError::Value { flag: "--lifetime", source })
    });
    let signer = signer.parse().map_err(Error::from)?;
    Ok(Some(SigningRequest::new(signer, lifetime.transpose()?).map_err(Error::from)?))
}
