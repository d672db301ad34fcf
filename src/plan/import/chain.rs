//! The way up from a certificate that a CA sent to its root: by names, key identifiers and signatures.

use super::{Delivery, ImportError};
use crate::plan::{Inventory, issuers};
use crate::state::issued;
use crate::x509::Certificate;
use time::OffsetDateTime;

/// More CAs than any honest chain has.
const MOST_LINKS: usize = 16;

/// The CAs above a certificate.
pub(super) struct Way<'a> {
    /// Those that are no root, from below.
    pub(super) intermediates: Vec<&'a Certificate>,
    /// The root, where it is here.
    pub(super) root: Option<&'a Certificate>,
}

/// Follows the signatures up, as far as the certificates at hand lead: those of the directory first, so that what is
/// trusted already stays what is trusted.
///
/// # Errors
/// [`ImportError::NoIssuer`] where not even the first step can be made, [`ImportError::SelfSigned`],
/// [`ImportError::UnusableCa`] for a CA on the way that no peer would accept.
pub(super) fn up<'a>(
    delivery: &'a Delivery,
    leaf: &'a Certificate,
    further: &'a [Certificate],
    inventory: &'a Inventory,
    now: OffsetDateTime,
) -> Result<Way<'a>, ImportError> {
    if leaf.is_own_issuer() && issued(leaf, leaf) {
        return Err(ImportError::SelfSigned { file: delivery.shown.clone() });
    }
    let here = inventory.files.iter().flat_map(|file| &file.certificates);
    let pool: Vec<&Certificate> = here.chain(further).chain(&delivery.certificates).collect();
    let mut way = Way { intermediates: Vec::new(), root: None };
    let mut current = leaf;
    while let Some(issuer) = issuer(current, &pool, now) {
        let is_known = way.intermediates.contains(&issuer);
        if is_known || way.intermediates.len() == MOST_LINKS {
            break;
        }
        // Of a root in X.509 v1 nobody can tell whether it is one.
        let is_old_root = issuer.version != 3 && issuer.is_own_issuer() && issuer.window.contains(now);
        if let Some(problem) = issuers::unfit(issuer, now).filter(|_| !is_old_root) {
            return Err(ImportError::UnusableCa { subject: issuer.subject.to_string(), problem });
        }
        if issuer.is_own_issuer() {
            way.root = Some(issuer);
            break;
        }
        way.intermediates.push(issuer);
        current = issuer;
    }
    if way.intermediates.is_empty() && way.root.is_none() {
        let names_it = pool.iter().any(|other| other.subject == leaf.issuer && other.ca == Some(true));
        let (file, issuer) = (delivery.shown.clone(), leaf.issuer.to_string());
        return Err(ImportError::NoIssuer { file, issuer, is_named: names_it });
    }
    Ok(way)
}

/// Of those that signed a certificate the best: valid now, a root rather than one more step, the first in the list.
fn issuer<'a>(child: &Certificate, pool: &[&'a Certificate], now: OffsetDateTime) -> Option<&'a Certificate> {
    let signers = pool.iter().copied().filter(|other| *other != child && issued(other, child));
    signers.min_by_key(|other| (!other.window.contains(now), !other.is_own_issuer()))
}
