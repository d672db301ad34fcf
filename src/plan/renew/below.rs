//! What is under a CA that is renewed, and has to go along with it: whatever names the serial number of its certificate,
//! which changes (RFC 5280 §4.2.1.1); and what would outlive it.

use super::again::Bench;
use super::items::Item;
use super::{Lasting, RenewError};
use crate::pg::certificate_file;
use crate::plan::{CertificateSpec, Notice, PlanError};

/// Why a CA cannot be renewed, for the sake of something under it.
pub(super) struct BelowCa {
    /// The stem of the CA that was to be renewed.
    pub(super) stem: String,
    pub(super) error: Box<PlanError>,
}

impl Bench<'_, '_> {
    /// Issues again, to the same end as before, what would not be taken under the new certificates of its CAs.
    pub(super) fn take_along(&mut self, items: &[Item<'_>]) -> Result<(), BelowCa> {
        let mut at = 0;
        while let Some(ca) = self.cas.get(at) {
            at += 1;
            let Some(of) = ca.reissue.as_ref().map(|reissue| reissue.of.clone()) else { continue };
            let because_of = ca.stem.clone();
            let names_it = |item: &&Item<'_>| {
                let names_a_serial = item.certificate.authority_serial.is_some();
                names_a_serial && !item.is(&of) && of.may_have_issued(item.certificate)
            };
            for item in items.iter().filter(names_it).filter(|item| !item.certificate.is_own_issuer()) {
                if self.planned(item).is_some() {
                    continue;
                }
                // A CA that stays is in the plan as it is; now it does not stay.
                self.cas.retain(|spec| spec.stem != item.stem);
                match self.renew(item, Lasting::Unchanged) {
                    Ok(()) => {}
                    Err(PlanError::Renew(RenewError::Revoked { .. })) => continue,
                    Err(problem) => {
                        let certificate = self.state.shown_pair(true, &certificate_file(&because_of));
                        let (below, problem) = (item.stem.clone(), Box::new(problem));
                        let error =
                            Box::new(RenewError::NotTakenAlong { certificate, below, problem }.into());
                        return Err(BelowCa { stem: self.asked_above(&because_of), error });
                    }
                }
                let certificate = item.stem.clone();
                self.notices.push(Notice::TakenAlong { certificate, because_of: because_of.clone() });
            }
        }
        Ok(())
    }

    /// Refuses a CA that would end before what it signed, where it lasted longer until now.
    pub(super) fn refuse_early_ends(&self, items: &[Item<'_>]) -> Result<(), BelowCa> {
        let renewed = self.cas.iter().filter_map(|spec| Some((spec, &spec.reissue.as_ref()?.of)));
        for (ca, of) in renewed.filter(|(ca, of)| ca.window.not_after < of.window.not_after) {
            let below = items.iter().filter(|item| !item.is(of) && of.may_have_issued(item.certificate));
            let end = |item: &Item<'_>| {
                self.planned(item).map_or(item.certificate.window.not_after, |spec| spec.window.not_after)
            };
            let last = below.filter(|item| end(item) > self.now).max_by_key(|item| end(item));
            if let Some(last) = last.filter(|last| end(last) > ca.window.not_after) {
                let certificate = self.state.shown_pair(true, &certificate_file(&ca.stem));
                let (below, ends) = (last.shown(self.state), end(last));
                let error = Box::new(RenewError::EndsBefore { certificate, below, ends }.into());
                return Err(BelowCa { stem: ca.stem.clone(), error });
            }
        }
        Ok(())
    }

    /// The CA because of which one is renewed: itself, or the one above that took it along.
    fn asked_above(&self, stem: &str) -> String {
        let mut stem = stem;
        for notice in self.notices.iter().rev() {
            match notice {
                Notice::TakenAlong { certificate, because_of } if certificate == stem => stem = because_of,
                _ => {}
            }
        }
        stem.to_owned()
    }

    /// What becomes of it, where it is renewed.
    fn planned(&self, item: &Item<'_>) -> Option<&CertificateSpec> {
        let mut all = self.cas.iter().chain(&self.leaves);
        all.find(|spec| spec.reissue.as_ref().is_some_and(|reissue| item.is(&reissue.of)))
    }
}
