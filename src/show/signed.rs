//! Who signed whom. Names and key identifiers say where to look; where it can be checked, the signature decides.

use crate::keys::SignatureCheck;
use crate::verify::Index;
use crate::x509::Certificate;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::thread;
use time::OffsetDateTime;

/// Who signed a certificate, as far as can be told from what is here. A number is a place in the list of certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// Its own key.
    ByItself,
    /// The key of that one.
    By(usize),
    /// That one is named, or it itself; whether its key made the signature could not be checked.
    Unchecked {
        /// Its place.
        by: usize,
        /// Why not.
        reason: String,
    },
    /// Certificates of the issuer's name are here, and none of their keys made the signature.
    ByAnotherKey,
    /// Nobody of the issuer's name is here.
    Elsewhere,
}

/// How many certificates of an issuer's name are tried: honest sets have a few, and each costs a check.
const MOST_TRIED: usize = 100;
/// Below this many certificates a thread costs more than it saves.
const WORTH_A_THREAD: usize = 32;

/// Who signed each of the certificates.
pub(super) fn signers(certificates: &[&Certificate], index: &Index<'_>, at: OffsetDateTime) -> Vec<Signed> {
    let mut by_subject: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (place, certificate) in certificates.iter().enumerate() {
        by_subject.entry(certificate.subject.canonical_der()).or_default().push(place);
    }
    let search = Search { certificates, by_subject, index, at };
    let places: Vec<usize> = (0..certificates.len()).collect();
    let share =
        |places: &[usize]| -> Vec<Signed> { places.iter().map(|place| search.signer(*place)).collect() };
    if places.len() < 2 * WORTH_A_THREAD {
        return share(&places);
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let size = places.len().div_ceil(processors).max(WORTH_A_THREAD);
    thread::scope(|scope| {
        let threads: Vec<_> = places.chunks(size).map(|part| (part, scope.spawn(|| share(part)))).collect();
        // A thread that died is a defect, and what it had to do is done here.
        threads.into_iter().flat_map(|(part, thread)| thread.join().unwrap_or_else(|_| share(part))).collect()
    })
}

struct Search<'a> {
    certificates: &'a [&'a Certificate],
    /// Places by the name in OpenSSL's canonical form: two encodings of one name are one.
    by_subject: HashMap<Vec<u8>, Vec<usize>>,
    index: &'a Index<'a>,
    at: OffsetDateTime,
}

impl Search<'_> {
    fn signer(&self, place: usize) -> Signed {
        let Some(child) = self.certificates.get(place) else { return Signed::Elsewhere };
        let named = self.by_subject.get(&child.issuer.canonical_der());
        let named = named.map_or(&[][..], Vec::as_slice);
        let mut unchecked = None;
        // Mostly a certificate of that name is its own issuer.
        if child.is_self_issued() {
            match self.check(child, place) {
                SignatureCheck::Good => return Signed::ByItself,
                SignatureCheck::Bad => {}
                SignatureCheck::NotChecked { reason } => {
                    unchecked = child.is_own_issuer().then(|| (place, reason.to_string()));
                }
            }
        }
        for by in self.best_first(child, place, named) {
            match self.check(child, by) {
                SignatureCheck::Good => return Signed::By(by),
                SignatureCheck::Bad => {}
                SignatureCheck::NotChecked { reason } => {
                    let is_named = self.certificates.get(by).is_some_and(|it| it.may_have_issued(child));
                    unchecked = unchecked.or_else(|| is_named.then(|| (by, reason.to_string())));
                }
            }
        }
        match unchecked {
            Some((by, reason)) => Signed::Unchecked { by, reason },
            None if named.is_empty() => Signed::Elsewhere,
            None => Signed::ByAnotherKey,
        }
    }

    fn check(&self, child: &Certificate, by: usize) -> SignatureCheck {
        let issuer = self.certificates.get(by).and_then(|issuer| self.index.held(issuer));
        match self.index.held(child).zip(issuer) {
            Some((child, issuer)) => self.index.signature(child, issuer),
            None => SignatureCheck::Bad,
        }
    }

    /// Those of the issuer's name: first whose key identifier is the one that is named; of a root and a cross certificate
    /// with one key the root, which needs no issuer itself; of an old and a new one the one that is valid, and lasts longer.
    fn best_first(&self, child: &Certificate, own: usize, named: &[usize]) -> Vec<usize> {
        let mut others: Vec<(usize, &Certificate)> = named
            .iter()
            .filter(|place| **place != own)
            .filter_map(|place| Some((*place, *self.certificates.get(*place)?)))
            .collect();
        others.sort_by_key(|(_, issuer)| {
            let known = issuer.may_have_issued(child);
            let valid = issuer.window.contains(self.at);
            (!known, !issuer.is_own_issuer(), !valid, Reverse(issuer.window.not_after))
        });
        others.into_iter().map(|(place, _)| place).take(MOST_TRIED).collect()
    }
}
