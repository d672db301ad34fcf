//! `verify`: what is to be judged, and which questions are asked.

use super::stdin::standard_input;
use super::{CliError, directory};
use crate::cli::args::{SslMode, VerifyArgs};
use crate::fs::set::STANDARD_INPUT;
use crate::ops::{self, VerifyRequest};
use crate::verify::Roles;
use crate::x509::{Lifetime, parse_instant};
use std::ffi::OsString;
use std::io::Read;

/// How many parts the user gives by standard input; what is trusted is one, however many trust it.
fn parts_from_stdin(args: &VerifyArgs) -> usize {
    let parts =
        [&args.server_cert, &args.server_key, &args.client_cert, &args.client_key, &args.trust, &args.crl];
    parts.into_iter().filter(|part| part.as_deref() == Some(ops::DASH)).count()
}

/// Which file plays which part.
fn roles(args: &VerifyArgs) -> Roles {
    let file = |part: &Option<String>| match part.as_deref() {
        Some(ops::DASH) => Some(STANDARD_INPUT.to_owned()),
        _ => part.clone(),
    };
    Roles {
        server_certificate: file(&args.server_cert),
        server_key: file(&args.server_key),
        client_certificate: file(&args.client_cert),
        client_key: file(&args.client_key),
        client_trust: file(&args.trust),
        server_trust: file(&args.trust),
        crl_file: file(&args.crl),
        crl_directory: args.crl_dir.clone(),
    }
}

/// `verify`.
pub(in crate::cli) fn verified(
    args: &VerifyArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
    stdin: &mut dyn Read,
) -> Result<VerifyRequest, CliError> {
    let at = args
        .at
        .as_deref()
        .map(|text| parse_instant(text).map_err(|source| CliError::Value { flag: "--at", source }));
    let expires_in = args.expires_in.as_deref().map(|text| {
        let lifetime = text.parse::<Lifetime>();
        lifetime.map(Lifetime::duration).map_err(|source| CliError::Value { flag: "--expires-in", source })
    });
    let roles = roles(args);
    let asked = || directory(args.dir.clone(), variable).into_iter().collect();
    let asks_default = roles.files().next().is_none() && args.conf.is_none();
    let paths = match args.paths.is_empty() && (asks_default || args.dir.is_some()) {
        true => asked(),
        false => args.paths.clone(),
    };
    let dashes = paths.iter().filter(|path| ops::is_dash(path)).count();
    Ok(VerifyRequest {
        stdin: standard_input(dashes + parts_from_stdin(args), stdin)?,
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
    })
}
