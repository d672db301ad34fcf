//! What is meant: typed words and the environment -> a request to `ops`.

use super::args::{GenArgs, InspectArgs, SslMode, VerifyArgs};
use super::words::shell_word;
use crate::diagnosis::{Diagnosis, Failure};
use crate::error::Error;
use crate::keys::{KeyError, KeyType};
use crate::ops::{self, GenerateRequest, VerifyRequest};
use crate::plan::Existing;
use crate::profile::{self, Ending, Overrides};
use crate::verify::Roles;
use crate::x509::{GeneralName, Lifetime, X509Error, dns_name, parse_instant};
use std::ffi::OsString;
use std::path::PathBuf;

/// What the command line itself can get wrong, or the library behind it.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A name, span or instant in a flag.
    #[error("{flag}: {source}")]
    Value { flag: &'static str, source: X509Error },
    /// A key type in a flag.
    #[error("{flag}: {source}")]
    KeyType { flag: &'static str, source: KeyError },
    /// Anything else about the flags.
    #[error("{fact}")]
    Flags { fact: String, hint: &'static str },
    /// The library.
    #[error(transparent)]
    Library(#[from] Error),
}

impl Diagnosis for CliError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::Library(error) => error.detail(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Value { source, .. } => source.hint(),
            Self::KeyType { source, .. } => source.hint(),
            Self::Flags { hint, .. } => Some((*hint).to_owned()),
            Self::Library(error) => error.hint(),
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Library(error) => error.failure(),
            _ => Failure::Usage,
        }
    }
}

/// `gen`.
pub(super) fn generate(
    args: &GenArgs,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<GenerateRequest, CliError> {
    let profile = match (args.profile.as_str(), args.intermediate) {
        ("chain", true) => "intermediate",
        ("chain", false) => "root-only",
        (name, true) => {
            let fact = format!("--intermediate goes with \"chain\", not with \"{name}\"");
            return Err(CliError::Flags { fact, hint: "Run: pgtls gen chain --intermediate" });
        }
        (name, false) => name,
    };
    let overrides = overrides(args)?;
    let source = ops::profile_source(profile)?;
    let profile = profile::parse(&source.origin, &source.text, &overrides).map_err(Error::from)?;
    let has_ca = profile.certificates.iter().any(|entry| entry.usage.is_ca());
    for (flag, given) in [
        ("--ca-dir", args.places.ca_dir.is_some()),
        ("--ca-passphrase-file", args.keys.ca_passphrase_file.is_some()),
    ] {
        if given && !has_ca {
            let fact = format!("{flag} is given, but the profile \"{}\" has no CA", profile.name);
            return Err(CliError::Flags { fact, hint: "Leave it out, or use a layout with a CA." });
        }
    }
    // Unlike the flag, the variable may be set for other layouts.
    let ca_variable = path_variable(variable, "PGTLS_CA_DIR").filter(|_| has_ca);
    Ok(GenerateRequest {
        profile: profile.into(),
        directory: directory(args.places.dir.clone(), variable).unwrap_or_else(|| "pki".into()),
        ca_directory: args.places.ca_dir.clone().or(ca_variable),
        existing: match (args.if_missing, args.force) {
            (true, _) => Existing::Keep,
            (_, true) => Existing::Replace,
            _ => Existing::Refuse,
        },
        ca_passphrase_file: args.keys.ca_passphrase_file.clone(),
        owner: args.places.owner.clone(),
        key_mode: args.places.key_mode.clone(),
        dry_run: args.dry_run,
    })
}

fn overrides(args: &GenArgs) -> Result<Overrides, CliError> {
    let names = |flag, list: &[String]| {
        let parse =
            |text: &String| text.parse::<GeneralName>().map_err(|source| CliError::Value { flag, source });
        list.iter().map(parse).collect::<Result<Vec<_>, _>>()
    };
    let lifetime = |flag, text: &Option<String>| {
        text.as_deref()
            .map(|text| text.parse::<Lifetime>().map_err(|source| CliError::Value { flag, source }))
            .transpose()
    };
    let key_type = |flag, text: &Option<String>| {
        text.as_deref()
            .map(|text| text.parse::<KeyType>().map_err(|source| CliError::KeyType { flag, source }))
            .transpose()
    };
    Ok(Overrides {
        set: args.names.set.iter().map(|text| setting(text)).collect::<Result<_, _>>()?,
        domain: args.names.domain.as_deref().map(domain).transpose()?,
        server: names("--server", &args.names.server)?,
        san: names("--san", &args.names.san)?,
        client: args.names.client.clone(),
        replication: args.names.replication.clone(),
        key_type: key_type("--key-type", &args.keys.key_type)?,
        ca_key_type: key_type("--ca-key-type", &args.keys.ca_key_type)?,
        ending: ending(args)?,
        ca_lifetime: lifetime("--ca-lifetime", &args.windows.ca_lifetime)?,
        intermediate_lifetime: lifetime("--intermediate-lifetime", &args.windows.intermediate_lifetime)?,
        no_append: args.places.no_append.clone(),
    })
}

fn ending(args: &GenArgs) -> Result<Option<Ending>, CliError> {
    let windows = &args.windows;
    let (flag, text) = match (&windows.lifetime, &windows.days, &windows.not_after) {
        (Some(text), _, _) => ("--lifetime", text.clone()),
        (_, Some(days), _) => ("--days", whole_days(days)?),
        (_, _, Some(text)) => {
            let instant = parse_instant(text);
            let instant = instant.map_err(|source| CliError::Value { flag: "--not-after", source })?;
            return Ok(Some(Ending::At(instant)));
        }
        _ => return Ok(None),
    };
    let lifetime = text.parse().map_err(|source| CliError::Value { flag, source })?;
    Ok(Some(Ending::After(lifetime)))
}

/// `90` -> `90d`; an error shows what was typed.
fn whole_days(text: &str) -> Result<String, CliError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || text.bytes().all(|byte| byte == b'0') {
        let fact = format!("--days: \"{text}\" is not a whole number of days above zero");
        return Err(CliError::Flags { fact, hint: "Write it like --days 90." });
    }
    Ok(format!("{text}d"))
}

fn setting(text: &str) -> Result<(String, String), CliError> {
    let (key, value) = text.split_once('=').ok_or_else(|| CliError::Flags {
        fact: format!("--set: \"{text}\" is not KEY=VALUE"),
        hint: "Write it like --set domain=example.com.",
    })?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// A domain becomes part of names, so it is checked like one, and an address is let through as it is.
fn domain(text: &str) -> Result<String, CliError> {
    dns_name(text).map_err(|source| CliError::Value { flag: "--domain", source })
}

/// `-D`, else PGTLS_DIR.
fn directory(flag: Option<PathBuf>, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    flag.or_else(|| path_variable(variable, "PGTLS_DIR"))
}

fn path_variable(variable: &dyn Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    variable(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// `inspect`: the path, `-D`, PGTLS_DIR; `None`: `pki`, else the current directory.
pub(super) fn inspected(args: &InspectArgs, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    args.path.clone().or_else(|| directory(args.dir.clone(), variable))
}

/// `verify`.
pub(super) fn verified(
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
    })
}

/// The command as it was typed, to be printed ready to be pasted.
pub(super) struct TypedCommand {
    words: Vec<OsString>,
}

impl TypedCommand {
    /// Takes the words, without those that only concern this one run.
    pub(super) fn new(arguments: &[OsString]) -> Self {
        let once = ["--if-missing", "--force", "--dry-run", "--json", "--quiet", "-q"];
        let words = arguments.iter().skip(1).filter(|word| !once.iter().any(|once| word == once));
        Self { words: words.cloned().collect() }
    }

    /// The same command.
    pub(super) fn again(&self) -> String {
        line(&self.words)
    }

    /// The command with the user's own names, into a place of its own.
    pub(super) fn with_own_names(&self) -> String {
        let mut words = self.without(&["-D", "--dir", "--ca-dir"]);
        words.extend(["--server", "db1.example.com"].map(OsString::from));
        let is_client =
            |word: &OsString| word == "--client" || word.to_string_lossy().starts_with("--client=");
        if !self.words.iter().any(is_client) {
            words.extend(["--client", "app"].map(OsString::from));
        }
        words.extend(["-D", "db1"].map(OsString::from));
        line(&words)
    }

    /// The words but for these flags and their values: `-D x`, `-Dx`, `--dir x`, `--dir=x`.
    fn without(&self, flags: &[&str]) -> Vec<OsString> {
        let mut kept = Vec::new();
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            if flags.contains(&text.as_ref()) {
                words.next();
                continue;
            }
            let joined = flags.iter().any(|flag| match flag.strip_prefix("--") {
                Some(_) => text.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')),
                None => text.starts_with(flag),
            });
            if !joined {
                kept.push(word.clone());
            }
        }
        kept
    }
}

fn line(words: &[OsString]) -> String {
    let words = words.iter().map(|word| shell_word(word));
    std::iter::once("pgtls".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
