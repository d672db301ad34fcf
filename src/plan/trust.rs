//! What peers are given to trust, where a directory has nothing of the kind yet: its CA lies elsewhere.

use super::authorities::Authority;
use super::{BundleSpec, IssuerRef, Notice};
use crate::pg::{CHAIN_FILE, certificate_file};
use crate::state::State;
use crate::x509::Certificate;

/// What the bundle is called where another CA's has that name.
pub(super) const OTHER_FILE: &str = "trust.crt";

/// Whether a file with these certificates is one that peers trust: CAs, and beside them what is pinned, which signed itself
/// (an X.509 v1 root says nowhere that it is a CA). What somebody else signed is shown by its holder, not trusted; in
/// `chain.crt` it stays for whatever it is good for.
#[must_use]
pub fn is_of_trust(file: &str, certificates: &[Certificate]) -> bool {
    let is_trusted = |certificate: &Certificate| certificate.ca == Some(true) || certificate.is_own_issuer();
    file == CHAIN_FILE || certificates.iter().all(is_trusted)
}

/// Those of a directory's bundles that lie in it, and the one that it lacks: the CAs of the chain, the root last.
pub(super) fn bundles(
    mut bundles: Vec<BundleSpec>,
    chain: &[(&Authority<'_>, IssuerRef)],
    state: &State,
) -> (Vec<BundleSpec>, Option<BundleSpec>) {
    bundles.retain(|bundle| state.occupied.contains(&bundle.file));
    let Some((top, IssuerRef::Itself)) = chain.first() else { return (bundles, None) };
    let is_taken = |file: &str| {
        state.occupied.contains(file) || chain.iter().any(|(link, _)| certificate_file(&link.stem) == file)
    };
    let is_trusted = state.occupied.contains(&certificate_file(&top.stem))
        || bundles.iter().any(|bundle| bundle.certificates.contains(&top.stem));
    let file = [CHAIN_FILE, OTHER_FILE].into_iter().find(|file| !is_trusted && !is_taken(file));
    let lacking = file.map(|file| BundleSpec {
        file: file.to_owned(),
        certificates: chain.iter().rev().map(|(link, _)| link.stem.clone()).collect(),
    });
    (bundles, lacking)
}

/// What is to be known of a chain that ends below a root.
pub(super) fn notice(chain: &[(&Authority<'_>, IssuerRef)]) -> Option<Notice> {
    match chain.first() {
        Some((top, IssuerRef::Elsewhere)) => {
            Some(Notice::NoRoot { certificate: top.stem.clone(), issuer: top.certificate.issuer.clone() })
        }
        _ => None,
    }
}
