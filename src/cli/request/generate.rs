//! `gen`: flags laid over a profile.

use super::windows::ending;
use super::{CliError, directory, passphrase, path_variable};
use crate::cli::args::GenArgs;
use crate::error::Error;
use crate::keys::KeyType;
use crate::ops::{self, GenerateRequest};
use crate::plan::Existing;
use crate::profile::{self, Overrides};
use crate::x509::{GeneralName, Lifetime, dns_name};
use std::ffi::OsString;

/// `gen`.
pub(in crate::cli) fn generate(
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
        // The variable may be set for other layouts.
        ca_passphrase: passphrase(args.keys.ca_passphrase_file.clone(), variable).filter(|_| has_ca),
        owner: args.places.owner.clone(),
        key_mode: args.places.key_mode.clone(),
        dry_run: args.output.dry_run,
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
        ending: ending(&args.windows.leaves)?,
        ca_lifetime: lifetime("--ca-lifetime", &args.windows.ca_lifetime)?,
        intermediate_lifetime: lifetime("--intermediate-lifetime", &args.windows.intermediate_lifetime)?,
        no_append: args.places.no_append.clone(),
    })
}

pub(super) fn setting(text: &str) -> Result<(String, String), CliError> {
    let (key, value) = text.split_once('=').ok_or_else(|| CliError::Flags {
        fact: format!("--set: \"{text}\" is not KEY=VALUE"),
        hint: "Write it like --set domain=example.com.",
    })?;
    // It becomes a part of names, of which nothing would be left but what stands around it.
    if value.trim().is_empty() {
        return Err(CliError::Flags {
            fact: format!("--set: \"{}\" has no value", key.trim().escape_debug()),
            hint: "Leave the flag out for the usual value; pgtls profiles NAME shows it.",
        });
    }
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// A domain becomes part of names, so it is checked like one, and an address is let through as it is.
fn domain(text: &str) -> Result<String, CliError> {
    dns_name(text).map_err(|source| CliError::Value { flag: "--domain", source })
}
