//! `config`: the target, and what is wished of it.

use super::{CliError, directory};
use crate::cli::args::{
    AuthWord, ConfigArgs, FrontWord, HbaArgs, IdentArgs, JdbcArgs, KongArgs, KongProtocolWord, KongWord,
    LibpqArgs, LibpqWord, LinkArgs, LocalWord, PatroniArgs, PgbouncerArgs, PgbouncerWord, PostgresqlArgs,
    ProtocolWord, TargetArgs, TlsArgs, VerifyClientWord,
};
use crate::config::{
    Auth, FrontAuth, HbaWish, KeyReader, KongForm, KongProtocol, KongWish, LibpqForm, LibpqWish, LinkWish,
    ListsWish, Local, PatroniWish, PgbouncerWish, PostgresqlWish, Protocol, VerifyClient,
};
use crate::ops::{ClientSide, ConfigRequest, ConfigTarget, IdentRules, WriteRequest};
use std::ffi::OsString;

/// `config`.
pub(in crate::cli) fn configured(
    args: &ConfigArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<ConfigRequest, CliError> {
    let place = args.target.place();
    let (server, files) = match &args.target {
        TargetArgs::Postgresql(args) => (args.server.clone(), Some(&args.files)),
        TargetArgs::Libpq(args) => (args.link.server.clone(), Some(&args.files)),
        TargetArgs::Kong(args) => (args.link.server.clone(), Some(&args.files)),
        TargetArgs::Pgbouncer(args) => (args.link.server.clone(), Some(&args.files)),
        TargetArgs::Patroni(args) => (args.server.clone(), Some(&args.files)),
        TargetArgs::Jdbc(args) => (args.link.server.clone(), Some(&args.files)),
        TargetArgs::Docker(args) => (args.server.clone(), Some(&args.files)),
        TargetArgs::Hosts(args) => (None, Some(&args.files)),
        TargetArgs::Hba(_) | TargetArgs::Ident(_) => (None, None),
    };
    let include_in = match &args.target {
        TargetArgs::Postgresql(args) => args.include_in.clone(),
        _ => None,
    };
    let write =
        place.write.clone().map(|file| WriteRequest { file, include_in, dry_run: place.output.dry_run });
    Ok(ConfigRequest {
        directory: directory(place.dir.clone(), variable),
        files_at: files.and_then(|files| files.files_at.clone()),
        server,
        target: match &args.target {
            TargetArgs::Postgresql(args) => postgresql(args),
            TargetArgs::Hba(args) => ConfigTarget::Hba(hba(args)),
            TargetArgs::Ident(args) => ConfigTarget::Ident(ident(args)?),
            TargetArgs::Libpq(args) => ConfigTarget::Libpq(side(&args.link), libpq(args)),
            TargetArgs::Kong(args) => ConfigTarget::Kong(side(&args.link), kong(args)),
            TargetArgs::Pgbouncer(args) => pgbouncer(args)?,
            TargetArgs::Patroni(args) => patroni(args),
            TargetArgs::Jdbc(args) => jdbc(args),
            TargetArgs::Docker(args) => ConfigTarget::Docker {
                service: args.service.clone(),
                image: args.image.clone(),
                auth: auth(args.auth),
                passphrase_command: args.passphrase.passphrase_command.clone(),
            },
            TargetArgs::Hosts(args) => {
                ConfigTarget::Hosts { servers: args.server.clone(), default: args.default.clone() }
            }
        },
        write,
    })
}

fn postgresql(args: &PostgresqlArgs) -> ConfigTarget {
    ConfigTarget::Postgresql { wish: tls(&args.tls), list_directory: args.tls.crl_dir.clone() }
}

fn tls(args: &TlsArgs) -> PostgresqlWish {
    let minimum = match args.min_protocol {
        ProtocolWord::Tls12 => Protocol::Tls12,
        ProtocolWord::Tls13 => Protocol::Tls13,
    };
    let lists = if args.crl { ListsWish::File } else { ListsWish::AsFound };
    PostgresqlWish { minimum, lists, passphrase_command: args.passphrase.passphrase_command.clone() }
}

fn patroni(args: &PatroniArgs) -> ConfigTarget {
    let wish = PatroniWish {
        host: args.host.clone(),
        port: args.port,
        api_port: args.api_port,
        verify_client: match args.verify_client {
            VerifyClientWord::Required => VerifyClient::Required,
            VerifyClientWord::Optional => VerifyClient::Optional,
            VerifyClientWord::None => VerifyClient::Nobody,
        },
        tls: tls(&args.tls),
        hba: HbaWish {
            auth: auth(args.auth),
            with_password: args.with_password,
            tls_only: args.tls_only,
            ..HbaWish::default()
        },
        superuser: args.superuser.clone(),
        replication: args.replication.clone(),
        rewind: args.rewind.clone(),
    };
    ConfigTarget::Patroni { wish, list_directory: args.tls.crl_dir.clone(), ctl: args.ctl.clone() }
}

fn auth(word: AuthWord) -> Auth {
    match word {
        AuthWord::Cert => Auth::Cert,
        AuthWord::ClientcertVerifyFull => Auth::ClientcertVerifyFull,
        AuthWord::ClientcertVerifyCa => Auth::ClientcertVerifyCa,
        AuthWord::Scram => Auth::Scram,
    }
}

fn hba(args: &HbaArgs) -> HbaWish {
    HbaWish {
        auth: auth(args.auth),
        with_password: args.with_password,
        tls_only: args.tls_only,
        map: args.map.clone(),
        by_dn: args.dn,
        replication: args.replication.clone(),
        local: match args.local {
            LocalWord::Peer => Local::Peer,
            LocalWord::Scram => Local::Scram,
            LocalWord::None => Local::Unsaid,
        },
    }
}

fn ident(args: &IdentArgs) -> Result<IdentRules, CliError> {
    let pairs = |flag: &str, texts: &[String]| -> Result<Vec<(String, String)>, CliError> {
        texts.iter().map(|text| pair(flag, text)).collect()
    };
    Ok(IdentRules {
        map: args.map.clone(),
        clients: pairs("--let", &args.lets)?,
        groups: pairs("--let-group", &args.groups)?,
        patterns: pairs("--pattern", &args.patterns)?,
        by_dn: args.dn,
        version: args.postgresql_version,
    })
}

/// A name and a role; the name may have the sign in it, a role has it seldom.
fn pair(flag: &str, text: &str) -> Result<(String, String), CliError> {
    match text.rsplit_once('=') {
        Some((name, role)) if !name.is_empty() && !role.is_empty() => Ok((name.to_owned(), role.to_owned())),
        _ => Err(CliError::Word {
            fact: format!("{flag} takes two names with = between them, not \"{text}\""),
            hint: format!("Write {flag} NAME=ROLE."),
        }),
    }
}

fn side(args: &LinkArgs) -> ClientSide {
    ClientSide {
        client: args.client.clone(),
        is_anonymous: args.no_client_cert,
        link: LinkWish {
            host: args.host.clone(),
            port: args.port,
            user: args.user.clone(),
            is_mapped: args.mapped,
            database: args.dbname.clone(),
            keys: KeyReader::Pem,
        },
    }
}

fn libpq(args: &LibpqArgs) -> LibpqWish {
    LibpqWish {
        form: match args.form {
            LibpqWord::Keywords => LibpqForm::Keywords,
            LibpqWord::Uri => LibpqForm::Uri,
            LibpqWord::Env => LibpqForm::Environment,
            LibpqWord::Service => LibpqForm::Service,
        },
        service: args.service.clone(),
    }
}

fn pgbouncer(args: &PgbouncerArgs) -> Result<ConfigTarget, CliError> {
    let auth = match args.auth {
        FrontWord::Cert => FrontAuth::Cert,
        FrontWord::Scram => FrontAuth::Scram,
    };
    if args.form == PgbouncerWord::Userlist {
        refuse_connection(args)?;
        return Ok(ConfigTarget::Userlist(auth));
    }
    Ok(ConfigTarget::Pgbouncer {
        side: side(&args.link),
        front: args.front.clone(),
        wish: PgbouncerWish { auth, keeps_roles: args.keep_roles },
    })
}

/// A list of roles is of no connection, and names no file.
fn refuse_connection(args: &PgbouncerArgs) -> Result<(), CliError> {
    let link = &args.link;
    let typed = [
        ("--front", args.front.is_some()),
        ("--keep-roles", args.keep_roles),
        ("--client", link.client.is_some()),
        ("--no-client-cert", link.no_client_cert),
        ("--server", link.server.is_some()),
        ("--host", link.host.is_some()),
        ("--port", link.port.is_some()),
        ("--user", link.user.is_some()),
        ("--dbname", link.dbname.is_some()),
        ("--files-at", args.files.files_at.is_some()),
    ];
    match typed.iter().find(|(_, is_typed)| *is_typed) {
        None => Ok(()),
        Some((flag, _)) => Err(CliError::Word {
            fact: format!("{flag} is for pgbouncer.ini, and says nothing of the list of roles"),
            hint: "Leave it out, or leave out --form userlist.".to_owned(),
        }),
    }
}

fn jdbc(args: &JdbcArgs) -> ConfigTarget {
    let mut side = side(&args.link);
    side.link.keys = KeyReader::Java;
    ConfigTarget::Jdbc(side)
}

fn kong(args: &KongArgs) -> KongWish {
    KongWish {
        form: match args.form {
            KongWord::Conf => KongForm::Conf,
            KongWord::Env => KongForm::Environment,
        },
        protocol: match args.ssl_version {
            KongProtocolWord::Tls12 => KongProtocol::Tls12,
            KongProtocolWord::Tls13 => KongProtocol::Tls13,
            KongProtocolWord::Any => KongProtocol::Any,
        },
        depth: args.verify_depth,
        read_only_host: args.ro_host.clone(),
    }
}
