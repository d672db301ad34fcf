//! What is meant: typed words and the environment -> a request to `ops`.

mod bulk;
mod can_login;
mod config;
mod csr;
mod export;
mod generate;
mod import;
mod inspect;
mod issue;
mod k8s;
mod renew;
mod revoke;
mod rotate;
mod stdin;
mod typed;
mod verify;
mod windows;

pub(super) use bulk::listed;
pub(super) use can_login::login_asked;
pub(super) use config::configured;
pub(super) use csr::csr;
pub(super) use export::exported;
pub(super) use generate::generate;
pub(super) use import::import;
pub(super) use inspect::inspected;
pub(super) use issue::{issued, signed};
pub(super) use k8s::{Wanted, manifests};
pub(super) use renew::renewed;
pub(super) use revoke::{crl, revoked};
pub(super) use rotate::{RotateCommand, rotated};
pub(super) use typed::TypedCommand;
pub(super) use verify::verified;

use crate::diagnosis::{Diagnosis, Failure};
use crate::error::Error;
use crate::keys::KeyError;
use crate::ops::Passphrase;
use crate::x509::X509Error;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use zeroize::Zeroizing;

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
    /// A word in a flag that is none of those that are known.
    #[error("{fact}")]
    Word { fact: String, hint: String },
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
            Self::Word { hint, .. } => Some(hint.clone()),
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

/// `-D`, else PGTLS_DIR.
fn directory(flag: Option<PathBuf>, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    flag.or_else(|| path_variable(variable, "PGTLS_DIR"))
}

/// The passphrase of CA keys: that of the flag's file, else the one that PGTLS_CA_PASSPHRASE holds.
fn passphrase(file: Option<PathBuf>, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<Passphrase> {
    let name = "PGTLS_CA_PASSPHRASE";
    let held = || variable(name).filter(|value| !value.is_empty());
    file.map(Passphrase::File).or_else(|| {
        held().map(|value| Passphrase::Variable { name, value: Zeroizing::new(value.into_vec()) })
    })
}

fn path_variable(variable: &dyn Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    variable(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
