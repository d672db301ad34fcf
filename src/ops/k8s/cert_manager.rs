//! `k8s cert-manager`: a profile as objects of cert-manager; adopted, with the CA of a directory, whose key is read only then.

use super::{Manifested, command_word};
use crate::error::Error;
use crate::fs::Contents;
use crate::k8s::{self, Adopted, KubernetesError, Naming};
use crate::keys::{PrivateKey, PublicKey, SignatureCheck};
use crate::layout::export::ExportError;
use crate::ops::found::shown;
use crate::ops::inspect::directory_or_default;
use crate::ops::secret_line;
use crate::ops::single_file::write_new;
use crate::pem;
use crate::pg::{certificate_file, key_file};
use crate::plan::{self, Existing, IssuerRef, Plan};
use crate::profile::Profile;
use crate::state::State;
use crate::verify::{self, Exhibit};
use crate::x509::Certificate;
use std::path::PathBuf;
use std::sync::Arc;
use time::OffsetDateTime;

/// What `k8s cert-manager` is asked for.
#[derive(Debug, Clone)]
pub struct CertManagerRequest {
    /// What the objects are called.
    pub naming: Naming,
    /// What is reproduced.
    pub profile: Box<Profile>,
    /// Where the CA that is adopted lies; `None`: `pki`, or the current directory where there is none.
    pub directory: Option<PathBuf>,
    /// Whether the CA of the directory signs on.
    pub adopt: bool,
    /// The file whose first line opens its key.
    pub passphrase_file: Option<PathBuf>,
    /// A file to write; it must not exist.
    pub write: Option<PathBuf>,
    /// Decide everything, write nothing.
    pub dry_run: bool,
}

/// Makes the objects.
///
/// # Errors
/// [`Error`]: nothing was written.
pub fn cert_manager(request: &CertManagerRequest, now: OffsetDateTime) -> Result<Manifested, Error> {
    let plan = plan::build(&request.profile, &State::default(), Existing::Refuse, now)?;
    let adopted = request.adopt.then(|| adopted(request, &plan, now)).transpose()?;
    let naming = &request.naming;
    let manifests = k8s::cert_manager(naming, &request.profile, &plan, adopted.as_ref(), now)?;
    let stream = k8s::stream(&manifests);
    if let Some(file) = request.write.as_deref() {
        write_new(file, Contents::from(stream.clone()), request.dry_run)?;
    }
    Ok(Manifested {
        place: format!("the profile {}", request.profile.name),
        target: "cert-manager",
        manifests,
        stream: request.write.is_none().then_some(stream),
        commands: None,
        warnings: Vec::new(),
        written: request.write.clone(),
    })
}

/// The CA that signs every leaf of the plan, out of the directory.
fn adopted(request: &CertManagerRequest, plan: &Plan, now: OffsetDateTime) -> Result<Adopted, Error> {
    let passphrase = request.passphrase_file.as_deref().map(secret_line).transpose()?;
    let (path, directory) = directory_or_default(request.directory.as_deref())?;
    let place = path.display().to_string();
    let stem = signer(plan, &request.profile.name)?;
    let (certificate, key) = (certificate_file(&stem), key_file(&stem));
    let files = directory.read(|name| name == key || (verify::concerns(name) && name.ends_with(".crt")))?;
    let lacks = |fact: String, detail: &str| KubernetesError::Lacking {
        fact,
        detail: detail.to_owned(),
        hint: format!("Run, to see what is there: pgtls inspect {}", command_word(&place)),
    };
    let absent = |file: &str| {
        lacks(format!("\"{}\" is not there", shown(&place, file)), "It is what --adopt hands over.")
    };
    let entry = files.get(&certificate).ok_or_else(|| absent(&certificate))?;
    let own = Exhibit::read(&certificate, entry, None).certificates.into_iter().next();
    let own = own.ok_or_else(|| absent(&certificate))?;
    let key_entry = files.get(&key).ok_or_else(|| absent(&key))?;
    let private = PrivateKey::read(&key_entry.contents, passphrase.as_ref().map(|line| line.as_slice()));
    let private = private.map_err(|source| ExportError::Key { file: shown(&place, &key), source })?;
    let public = PublicKey::from_spki_der(&own.public_key);
    if own.ca != Some(true) || !private.public().is_same_key(&public) || !own.window.contains(now) {
        let fact = format!("\"{}\" cannot sign", shown(&place, &certificate));
        return Err(lacks(fact, "It has to be a CA's, in its time, and its key its own.").into());
    }
    let exhibits: Vec<Exhibit> = files
        .iter()
        .filter(|(name, _)| *name != key)
        .map(|(name, entry)| Exhibit::read(name, entry, None))
        .collect();
    let mut roots = exhibits.iter().flat_map(|exhibit| &exhibit.certificates).filter(|it| it.is_own_issuer());
    let root =
        if own.is_own_issuer() { Some(own.clone()) } else { roots.find(|root| signed(&own, root)).cloned() };
    let root: Arc<Certificate> = root.ok_or_else(|| {
        lacks(
            format!("the root above \"{}\" is not there", shown(&place, &certificate)),
            "ca.crt is to hold it, and it alone.",
        )
    })?;
    let text = |certificate: &Certificate| Contents::public(pem::encode_certificate(&certificate.der));
    let key = private.to_pem().map_err(|source| ExportError::Key { file: shown(&place, &key), source })?;
    Ok(Adopted { stem, certificate: text(&own), key: key.into(), root: text(&root) })
}

/// The one CA above every leaf.
fn signer(plan: &Plan, profile: &str) -> Result<String, KubernetesError> {
    let leaves = plan.certificates.iter().filter(|spec| !spec.usage.is_ca());
    let mut stems: Vec<&str> = leaves
        .filter_map(|spec| match &spec.issuer {
            IssuerRef::Certificate(stem) => Some(stem.as_str()),
            _ => None,
        })
        .collect();
    stems.dedup();
    match stems[..] {
        [stem] => Ok(stem.to_owned()),
        _ => Err(KubernetesError::Lacking {
            fact: format!("the profile \"{profile}\" has no single CA above all others"),
            detail: "--adopt hands over the one that signs servers and clients.".to_owned(),
            hint: "Use a profile with one, such as intermediate.".to_owned(),
        }),
    }
}

fn signed(certificate: &Certificate, by: &Certificate) -> bool {
    let (signed, key) = (certificate.signed(), PublicKey::from_spki_der(&by.public_key));
    let check = key.verify(signed.algorithm, signed.to_be_signed, signed.signature);
    certificate.issuer == by.subject && check == SignatureCheck::Good
}
