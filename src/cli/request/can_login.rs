//! `can-login`: who, where to, from where, and what is known besides.

use super::stdin::standard_input;
use super::{CliError, directory};
use crate::cli::args::CanLoginArgs;
use crate::fs::set::STANDARD_INPUT;
use crate::hba::{self, Database, Network, Way};
use crate::ops::{CanLoginRequest, DASH};
use crate::pg::{ROLE_NAME_BYTES, can_be_role};
use crate::x509::parse_instant;
use std::ffi::OsString;
use std::io::Read;
use std::net::IpAddr;

/// The word of `--from` for a Unix-domain socket.
const SOCKET: &str = "local";

/// The word of `--member-of` for no role, which no role can have for a name.
const NOT_A_SINGLE_ONE: &str = "none";

fn refused(fact: String, hint: &'static str) -> CliError {
    CliError::Flags { fact, hint }
}

/// A name that a role or a database can have.
fn name(what: &str, text: &str) -> Result<String, CliError> {
    if text.len() > ROLE_NAME_BYTES {
        let fact = format!("\"{text}\" is over {ROLE_NAME_BYTES} bytes, and no {what} has such a name");
        return Err(refused(fact, "Give the name as the database has it."));
    }
    match can_be_role(text) {
        true => Ok(text.to_owned()),
        false => Err(refused(format!("\"{text}\" is no name of a {what}"), "Give USER, or USER@DB.")),
    }
}

/// Role and database. Behind the last `@` stands the database, unless a flag says it.
fn whom(args: &CanLoginArgs) -> Result<(String, Database), CliError> {
    let is_split = args.dbname.is_none() && !args.replication;
    let (role, database) = match args.user.rsplit_once('@').filter(|_| is_split) {
        Some((role, database)) => (role, Some(database)),
        None => (args.user.as_str(), args.dbname.as_deref()),
    };
    let role = name("role", role)?;
    let database = match (args.replication, database) {
        (true, _) => Database::Replication,
        (false, Some(text)) => Database::Named(name("database", text)?),
        (false, None) => Database::Named(role.clone()),
    };
    Ok((role, database))
}

/// How the connection comes about.
fn way(args: &CanLoginArgs) -> Result<Way, CliError> {
    if args.from == SOCKET {
        if args.plain || args.gssenc {
            let fact = "a Unix-domain socket has neither TLS nor GSSAPI encryption".to_owned();
            return Err(refused(fact, "Leave --plain and --gssenc out."));
        }
        return Ok(Way::Socket);
    }
    // An address within one link names the link too, which no line does.
    let text = args.from.split_once('%').map_or(args.from.as_str(), |(address, _)| address);
    let address: IpAddr = text.parse().map_err(|_| {
        let hint = "Give an address as 192.0.2.1 or 2001:db8::1, or local for a Unix-domain socket.";
        refused(format!("--from: \"{}\" is no address", args.from), hint)
    })?;
    Ok(match (args.plain, args.gssenc) {
        (true, _) => Way::Plain(address),
        (_, true) => Way::Gss(address),
        _ => Way::Tls(address),
    })
}

fn member_of(args: &CanLoginArgs) -> Result<Option<Vec<String>>, CliError> {
    match args.member_of.as_slice() {
        [] => Ok(None),
        [only] if only == NOT_A_SINGLE_ONE => Ok(Some(Vec::new())),
        roles if roles.iter().any(|role| role == NOT_A_SINGLE_ONE) => {
            let hint = "Give all of the roles, or none alone.";
            Err(refused("--member-of: none means that there is no other".to_owned(), hint))
        }
        roles => roles.iter().map(|role| name("role", role)).collect::<Result<_, _>>().map(Some),
    }
}

fn interfaces(args: &CanLoginArgs) -> Result<Option<Vec<Network>>, CliError> {
    let read = |text: &String| {
        hba::network(text).ok_or_else(|| {
            let fact = format!("--interface: \"{text}\" is no address with the length of its network");
            refused(fact, "Give it as 10.0.0.5/24, which is how ip address shows it.")
        })
    };
    let networks: Vec<Network> = args.interface.iter().map(read).collect::<Result<_, _>>()?;
    Ok((!networks.is_empty()).then_some(networks))
}

/// `can-login`.
pub(in crate::cli) fn login_asked(
    args: &CanLoginArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
    stdin: &mut dyn Read,
) -> Result<CanLoginRequest, CliError> {
    let (role, database) = whom(args)?;
    let at = args
        .at
        .as_deref()
        .map(|text| parse_instant(text).map_err(|source| CliError::Value { flag: "--at", source }));
    let is_piped = |file: &Option<String>| file.as_deref() == Some(DASH);
    let piped = [&args.client_cert, &args.trust, &args.crl].into_iter().filter(|file| is_piped(file)).count();
    let file = |file: &Option<String>| match is_piped(file) {
        true => Some(STANDARD_INPUT.to_owned()),
        false => file.clone(),
    };
    Ok(CanLoginRequest {
        role,
        database,
        way: way(args)?,
        hba: args.hba.clone(),
        ident: args.ident.clone(),
        configuration: args.conf.clone(),
        directory: directory(args.dir.clone(), variable),
        client_certificate: file(&args.client_cert),
        without_certificate: args.without_cert,
        stdin: standard_input(piped, stdin)?,
        trust: file(&args.trust),
        lists: file(&args.crl),
        host_name: args.from_host.clone(),
        member_of: member_of(args)?,
        interfaces: interfaces(args)?,
        account: args.account.clone(),
        version: args.postgresql_version,
        at: at.transpose()?,
    })
}
