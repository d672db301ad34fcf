//! `--with-ca-key`: the CA for an operator that signs for itself, in the form that it reads.

use super::Found;
use super::authority::{Authorities, CaKeys};
use super::parts::{trust_part, union};
use super::remedy::Remedy;
use crate::error::Error;
use crate::fs::{Directory, FileSet};
use crate::k8s::{HandedCa, KubernetesError, Target};
use crate::keys::{KeyError, PrivateKey};
use crate::layout::export::ExportError;
use crate::ops::found::shown;
use crate::x509::Certificate;
use std::sync::Arc;
use time::OffsetDateTime;

/// The pairs that the operator gets, in whose place it will sign others.
pub(super) struct Pairs<'f> {
    pub(super) server: &'f Found,
    pub(super) replication: Option<&'f Found>,
}

/// The CA, where it is asked for.
pub(super) fn handed(
    remedy: &Remedy<'_>,
    keys: &CaKeys,
    directory: Directory,
    pairs: &Pairs<'_>,
    now: OffsetDateTime,
) -> Result<HandedCa, Error> {
    let place = remedy.place;
    let authorities = Authorities::look("--with-ca-key", keys, directory, place)?;
    let chosen = &pairs.server.chosen;
    let (ca, trust) = match remedy.request.target {
        // It takes the root alone, for it sends nothing between that and what it makes.
        Target::PgoV5 => (root(&authorities, pairs.server, place)?, Vec::new()),
        // Of clients: for servers it gets the pair itself.
        _ => {
            let client = pairs.replication.unwrap_or(pairs.server);
            let is_one = chosen.trust == chosen.others_trust;
            let both = union(&chosen.others_trust, &chosen.trust);
            let trust = if is_one { both } else { chosen.trust.clone() };
            (signer(&authorities, client, place)?, trust)
        }
    };
    let key = sec1(&authorities.key(&ca, now)?, &ca, &authorities, remedy)?;
    // What is beside its own key comes first: Go reads the first certificate, and compares it with the key.
    let ordered = union(std::slice::from_ref(&ca.der), &trust);
    let files: &FileSet = &chosen.files;
    Ok(HandedCa { trust: trust_part(files, &ordered, place), key: key.into() })
}

fn signer(authorities: &Authorities, of: &Found, place: &str) -> Result<Arc<Certificate>, KubernetesError> {
    let none = || {
        let file = shown(place, &of.chosen.file);
        authorities.lacks(format!("the CA above \"{file}\" is not there"), None)
    };
    authorities.above(&of.pair.leaf).ok_or_else(none)
}

/// What PGO 5 takes for its own root; anything else it replaces without a word (internal/pki, `RootIsValid`).
fn root(authorities: &Authorities, of: &Found, place: &str) -> Result<Arc<Certificate>, KubernetesError> {
    let root = authorities.root_above(&signer(authorities, of, place)?)?;
    if root.subject_key_identifier.is_none() {
        let what = format!("{} has no subject key identifier", authorities.named(&root));
        return Err(authorities.lacks(what, Some("PGO 5 would put a root of its own in its place.")));
    }
    Ok(root)
}

fn sec1(
    key: &PrivateKey,
    ca: &Certificate,
    authorities: &Authorities,
    remedy: &Remedy<'_>,
) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    key.to_sec1_pem().map_err(|source| match source {
        KeyError::OtherEncoding { kind, .. } => KubernetesError::Lacking {
            fact: format!("the key of {} is {kind}", authorities.named(ca)),
            detail: format!(
                "{} reads no key of a CA but one of ECDSA, in SEC1.",
                remedy.request.target.word()
            ),
            hint: remedy.anew(),
        }
        .into(),
        source => ExportError::Key { file: authorities.named(ca), source }.into(),
    })
}
