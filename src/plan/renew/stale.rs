//! Which certificates give their places to which: what is renewed to what comes for it, and older certificates of a CA,
//! which lie where its renewal did not reach, to the one that it has now.

use super::again::Bench;
use super::items::Item;
use crate::plan::authorities::{age, is_same_ca};
use crate::plan::{CertificateSpec, Replacement};
use crate::state::State;
use crate::x509::Certificate;
use std::collections::BTreeSet;

/// What is renewed gives its place to what comes for it.
pub(super) fn replaced(specs: &[CertificateSpec]) -> impl Iterator<Item = Replacement> {
    specs.iter().filter_map(|spec| {
        let old = spec.reissue.as_ref()?.of.der.clone();
        Some(Replacement { old, by: spec.stem.clone() })
    })
}

/// The older certificates of CAs: of those that are in the plan because they are renewed, and where nothing is named of
/// every one that has a file of its own; such a one comes into the plan.
pub(super) fn replacements(
    bench: &mut Bench<'_, '_>,
    items: &[Item<'_>],
    is_named: bool,
) -> Vec<Replacement> {
    let mut replacements = Vec::new();
    for item in items.iter().filter(|item| item.is_ca) {
        let has_file = bench.found.iter().any(|ca| item.is(ca.certificate) && ca.elsewhere.is_none());
        let is_renewed = bench.cas.iter().any(|spec| spec.stem == item.stem && spec.reissue.is_some());
        if !has_file || (is_named && !is_renewed) {
            continue;
        }
        let old = older(item.certificate, bench.state);
        if old.is_empty() {
            continue;
        }
        if let Ok(mut chain) = bench.above(item) {
            let own = bench.found.iter().find(|ca| item.is(ca.certificate));
            chain.extend(own.map(|ca| {
                let signer = chain.last().map(|(ca, _)| ca.stem.clone());
                let issuer =
                    signer.map_or(crate::plan::IssuerRef::Itself, crate::plan::IssuerRef::Certificate);
                (ca, issuer)
            }));
            bench.keep(&chain);
            let by = |old: &[u8]| Replacement { old: old.to_vec(), by: item.stem.clone() };
            replacements.extend(old.into_iter().map(by));
        }
    }
    replacements
}

/// The certificates of a CA that are older than this one, each once.
fn older<'s>(newest: &Certificate, state: &'s State) -> BTreeSet<&'s [u8]> {
    let all = state.certificates.values().flatten().chain(&state.others).chain(&state.stale);
    let older = all.filter(|other| is_same_ca(other, newest) && age(other) < age(newest));
    older.map(|other| other.der.as_slice()).collect()
}
