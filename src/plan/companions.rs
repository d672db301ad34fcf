//! The other of two CAs while one takes the place of the other: whoever trusts one of them is to trust both.

use super::authorities::Authority;
use super::issue::kept_spec;
use super::{BundleSpec, CertificateSpec, IssuerRef};
use crate::pg::{next_stem, previous_stem};
use crate::state::State;
use crate::x509::Certificate;

/// The CAs that come after those of a plan which are there, or came before them.
pub(super) fn of(specs: &[CertificateSpec], state: &State) -> Vec<CertificateSpec> {
    let rotated = specs.iter().filter(|spec| spec.usage.is_ca() && spec.kept.is_some());
    let both =
        rotated.flat_map(|spec| [next_stem(&spec.stem), previous_stem(&spec.stem)].map(|stem| (spec, stem)));
    let kept = both.filter_map(|(spec, stem)| {
        let certificate = state.certificate(&stem).filter(|certificate| certificate.ca == Some(true))?;
        let issuer = issuer(certificate, spec, specs);
        Some(kept_spec(&(&Authority { stem, elsewhere: None, certificate }, issuer)))
    });
    kept.collect()
}

/// Who signed it: itself, or whoever signed the one that it is beside.
fn issuer(certificate: &Certificate, beside: &CertificateSpec, specs: &[CertificateSpec]) -> IssuerRef {
    if certificate.is_own_issuer() {
        return IssuerRef::Itself;
    }
    let above = beside.issuer_in(specs).filter(|above| above.subject == certificate.issuer);
    above.map_or(IssuerRef::Elsewhere, |above| IssuerRef::Certificate(above.stem.clone()))
}

/// Has these stand beside their own in files of CAs, the older one first.
pub(super) fn join(bundles: &mut [BundleSpec], companions: &[CertificateSpec]) {
    let is_there = |stem: &String| companions.iter().any(|spec| spec.stem == *stem);
    for bundle in bundles {
        let joined = bundle.certificates.iter().flat_map(|stem| {
            let beside = [previous_stem(stem), next_stem(stem)].map(|stem| Some(stem).filter(is_there));
            let [previous, next] = beside;
            [previous, Some(stem.clone()), next].into_iter().flatten()
        });
        bundle.certificates = joined.collect();
    }
}
