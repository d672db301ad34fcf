//! `verify`: what is to be judged, and which questions are asked.

use super::{CliError, directory};
use crate::cli::args::{SslMode, VerifyArgs};
use crate::ops::VerifyRequest;
use crate::verify::Roles;
use crate::x509::{Lifetime, parse_instant};
use std::ffi::OsString;

/// `verify`.
pub(in crate::cli) fn verified(
    args: &VerifyArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<VerifyRequest, CliError> {
    let at = args
        .at
        .as_deref()
        .map(|text| parse_instant(text).map_err(|source| CliError::Value { flag: "--at", source }));
    let expires_in = args.expires_in.as_deref().map(|text| {
        let lifetime = text.parse::<Lifetime>();
        lifetime.map(Lifetime::duration).map_err(|source| CliError::Value { flag: "--expires-in", source })
    });
    let roles = Roles {
        server_certificate: args.server_cert.clone(),
        server_key: args.server_key.clone(),
        client_certificate: args.client_cert.clone(),
        client_key: args.client_key.clone(),
        client_trust: args.trust.clone(),
        server_trust: args.trust.clone(),
        crl_file: args.crl.clone(),
        crl_directory: args.crl_dir.clone(),
    };
    let asked = || directory(args.dir.clone(), variable).into_iter().collect();
    let asks_default = roles.files().next().is_none() && args.conf.is_none();
    let paths = match args.paths.is_empty() && (asks_default || args.dir.is_some()) {
        true => asked(),
        false => args.paths.clone(),
    };
    Ok(VerifyRequest {
        paths,
        roles,
        at: at.transpose()?,
        expires_in: expires_in.transpose()?,
        host: args.host.clone(),
        ignores_host: args.sslmode == Some(SslMode::VerifyCa),
        configuration: args.conf.clone(),
        user: args.user.clone(),
        libpq: args.libpq_version,
        server_uid: args.server_uid,
        passphrase_file: args.passphrase_file.clone(),
        drivers: args.drivers,
    })
}
