//! The CA whose key is handed over: found by its certificate, in the directory or where CAs are kept apart. Nothing else of
//! `k8s` reads such a key, and this only where it was asked for.

use super::command_word;
use crate::error::{Error, RequestError};
use crate::fs::{Directory, FileSet};
use crate::k8s::KubernetesError;
use crate::keys::{PrivateKey, PublicKey};
use crate::ops::Passphrase;
use crate::ops::found::{key_file_of, shown};
use crate::pg::{CHAIN_FILE, certificate_file};
use crate::state::{StateError, issued};
use crate::verify::{self, Exhibit};
use crate::x509::Certificate;
use std::path::PathBuf;
use std::sync::Arc;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// More CAs than any chain has.
const MOST_ABOVE: usize = 16;

/// Where the keys of CAs lie, and what opens them.
#[derive(Debug, Clone, Default)]
pub struct CaKeys {
    /// The directory that they lie in, where that is another than that of the rest.
    pub directory: Option<PathBuf>,
    /// What opens them, where they are encrypted.
    pub passphrase: Option<Passphrase>,
}

/// A certificate, and the file in which it stands first.
struct Filed {
    file: String,
    certificates: Vec<Arc<Certificate>>,
}

/// The certificates that are here, and the keys beside them.
pub(super) struct Authorities {
    /// The flag that asked.
    flag: &'static str,
    /// Where the keys lie, as the user names it.
    place: String,
    directory: Directory,
    is_apart: bool,
    passphrase: Option<Zeroizing<Vec<u8>>>,
    beside_keys: Vec<Filed>,
    others: Vec<Filed>,
}

impl Authorities {
    /// Looks at the certificates of the directory, and of that of the CAs where it is another.
    pub(super) fn look(
        flag: &'static str,
        keys: &CaKeys,
        directory: Directory,
        place: &str,
    ) -> Result<Self, Error> {
        let passphrase = keys.passphrase.as_ref().map(Passphrase::read).transpose()?;
        let own = filed(&certificates(&directory)?);
        let Some(path) = &keys.directory else {
            let place = place.to_owned();
            let (beside_keys, others, is_apart) = (own, Vec::new(), false);
            return Ok(Self { flag, place, directory, is_apart, passphrase, beside_keys, others });
        };
        let place = path.display().to_string();
        let absent = || RequestError::NoDirectory { path: place.clone() };
        let apart = Directory::open(path)?.ok_or_else(absent)?;
        let beside_keys = filed(&certificates(&apart)?);
        Ok(Self { flag, place, directory: apart, is_apart: true, passphrase, beside_keys, others: own })
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        self.beside_keys.iter().chain(&self.others).flat_map(|filed| &filed.certificates)
    }

    /// The CA that has its files under that stem.
    pub(super) fn of_stem(&self, stem: &str) -> Result<Arc<Certificate>, KubernetesError> {
        let file = certificate_file(stem);
        let found = self.beside_keys.iter().chain(&self.others).find(|filed| filed.file == file);
        let found = found.and_then(|filed| filed.certificates.first()).cloned();
        found.ok_or_else(|| self.lacks(format!("\"{}\" is not there", shown(&self.place, &file)), None))
    }

    /// The CA that signed a certificate.
    pub(super) fn above(&self, certificate: &Certificate) -> Option<Arc<Certificate>> {
        // Of several with one key, the root: what was signed across leads further than the chain goes.
        let mut signers = self.all().filter(|it| it.ca == Some(true) && issued(it, certificate));
        let first = signers.next()?;
        let root = std::iter::once(first).chain(signers).find(|it| it.is_own_issuer());
        Some(root.unwrap_or(first).clone())
    }

    /// The root above a certificate, or itself.
    pub(super) fn root_above(
        &self,
        certificate: &Arc<Certificate>,
    ) -> Result<Arc<Certificate>, KubernetesError> {
        let mut at = certificate.clone();
        for _ in 0..MOST_ABOVE {
            if at.is_own_issuer() {
                return Ok(at);
            }
            let Some(above) = self.above(&at) else { break };
            at = above;
        }
        let what = format!("the root above {} is not there", self.named(certificate));
        Err(self.lacks(what, Some("Its certificate, and it alone, goes in too.")))
    }

    /// The key of a CA that signs today.
    pub(super) fn key(&self, of: &Certificate, now: OffsetDateTime) -> Result<PrivateKey, Error> {
        let holds = |filed: &&Filed| {
            let is_it = |it: &Arc<Certificate>| it.subject == of.subject && it.public_key == of.public_key;
            filed.certificates.first().is_some_and(is_it)
        };
        let names = self.directory.names()?;
        let mut files: Vec<String> =
            self.beside_keys.iter().filter(holds).map(|filed| key_file_of(&filed.file)).collect();
        files.sort_by_key(|file| !names.contains_key(file));
        let Some(file) = files.first().filter(|file| names.contains_key(file.as_str())) else {
            let what = match files.first() {
                Some(file) => format!("\"{}\" is not there", shown(&self.place, file)),
                None => format!("the key of {} is not in \"{}\"", self.named(of), self.place),
            };
            return Err(self.lacks(what, None).into());
        };
        let read = self.directory.read(|name| name == file)?;
        let path = shown(&self.place, file);
        let entry = read.get(file).ok_or_else(|| StateError::NoFile { path: path.clone() })?;
        let passphrase = self.passphrase.as_ref().map(|line| line.as_slice());
        let key = PrivateKey::read(&entry.contents, passphrase)
            .map_err(|source| StateError::Key { path: path.clone(), source })?;
        let is_own = key.public().is_same_key(&PublicKey::from_spki_der(&of.public_key));
        if of.ca != Some(true) || !is_own || !of.window.contains(now) {
            let what = format!("{} cannot sign", self.named(of));
            return Err(self
                .lacks(what, Some("It has to be a CA's, in its time, and its key its own."))
                .into());
        }
        Ok(key)
    }

    /// A certificate by its file, or by what it is called.
    pub(super) fn named(&self, certificate: &Certificate) -> String {
        let is_it = |filed: &&Filed| filed.certificates.first().is_some_and(|it| it.der == certificate.der);
        match self.beside_keys.iter().find(is_it) {
            Some(filed) => format!("\"{}\"", shown(&self.place, &filed.file)),
            None => format!("\"{}\"", certificate.subject),
        }
    }

    pub(super) fn lacks(&self, fact: String, detail: Option<&str>) -> KubernetesError {
        let look = format!("to see what is there: pgtls inspect {}", command_word(&self.place));
        let hint = match self.is_apart {
            true => format!("Run, {look}"),
            false => format!("Name the directory of the CA's key with --ca-dir, or run, {look}"),
        };
        let detail = detail.map_or_else(|| format!("It is what {} hands over.", self.flag), str::to_owned);
        KubernetesError::Lacking { fact, detail, hint }
    }
}

fn certificates(directory: &Directory) -> Result<FileSet, Error> {
    Ok(directory.read(|name| verify::concerns(name) && name.ends_with(".crt"))?)
}

/// A CA's own file before any bundle that it stands in, for that has no key beside it.
fn filed(files: &FileSet) -> Vec<Filed> {
    let exhibits = files.iter().map(|(name, entry)| Exhibit::read(name, entry, None));
    let mut filed: Vec<Filed> =
        exhibits.map(|it| Filed { file: it.name.clone(), certificates: it.certificates }).collect();
    filed.sort_by_key(|it| (it.certificates.len(), it.file == CHAIN_FILE));
    filed
}
