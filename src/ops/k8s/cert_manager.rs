//! `k8s cert-manager`: a profile as objects of cert-manager; adopted, with the CA of a directory, whose key is read only then.

use super::authority::{Authorities, CaKeys};
use super::{Manifested, warnings_of_ca_keys};
use crate::error::Error;
use crate::fs::Contents;
use crate::k8s::{self, Adopted, Issuing, KubernetesError, Naming};
use crate::layout::export::ExportError;
use crate::ops::inspect::directory_or_default;
use crate::ops::single_file::write_new;
use crate::pem;
use crate::plan::{self, Existing, IssuerRef, Plan};
use crate::profile::Profile;
use crate::state::State;
use crate::x509::Certificate;
use std::path::PathBuf;
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
    /// The CA of the directory signs on, and its key is there; `None`: CAs are made on the cluster.
    pub adopt: Option<CaKeys>,
    /// Whether trust-manager is to hand out what clients trust.
    pub bundle: bool,
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
    let adopted = request.adopt.as_ref().map(|keys| adopted(request, keys, &plan, now)).transpose()?;
    let wish = Issuing { adopted: adopted.as_ref(), bundle: request.bundle };
    let manifests = k8s::cert_manager(&request.naming, &request.profile, &plan, &wish, now)?;
    k8s::distinct(&manifests)?;
    let stream = k8s::stream(&manifests);
    if let Some(file) = request.write.as_deref() {
        write_new(file, Contents::from(stream.clone()), request.dry_run)?;
    }
    Ok(Manifested {
        place: format!("the profile {}", request.profile.name),
        target: "cert-manager",
        warnings: warnings_of_ca_keys(&manifests),
        manifests,
        stream: request.write.is_none().then_some(stream),
        commands: None,
        written: request.write.clone(),
    })
}

/// The CA that signs every leaf of the plan, out of the directory.
fn adopted(
    request: &CertManagerRequest,
    keys: &CaKeys,
    plan: &Plan,
    now: OffsetDateTime,
) -> Result<Adopted, Error> {
    let (path, directory) = directory_or_default(request.directory.as_deref())?;
    let stem = signer(plan, &request.profile.name)?;
    let authorities = Authorities::look("--adopt", keys, directory, &path.display().to_string())?;
    let own = authorities.of_stem(&stem)?;
    let key = authorities.key(&own, now)?;
    let root = authorities.root_above(&own)?;
    let text = |certificate: &Certificate| Contents::public(pem::encode_certificate(&certificate.der));
    let file = authorities.named(&own);
    let key = key.to_pem().map_err(|source| ExportError::Key { file, source })?;
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
