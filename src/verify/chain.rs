//! Chains: from a leaf over what its file sends and what the other side trusts up to an anchor, as OpenSSL builds them
//! for PostgreSQL and libpq: trusted certificates first, no partial chains, so that an anchor signs itself.

use super::index::Index;
use crate::keys::SignatureCheck;
use crate::x509::Certificate;
use time::OffsetDateTime;

/// A certificate and the file that it is shown under.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// The file.
    pub file: &'a str,
    /// Its place among all certificates of the run.
    pub(super) place: usize,
}

/// A way up from a leaf.
#[derive(Debug)]
pub struct Chain<'a> {
    /// The leaf first; the anchor last, where one was reached.
    pub links: Vec<Held<'a>>,
    /// How it ends.
    pub end: End,
}

/// How a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At a trusted certificate that signs itself.
    Anchor,
    /// At a certificate whose issuer is nowhere.
    NoIssuer,
    /// At a trusted certificate that does not sign itself, and whose issuer is nowhere.
    NotSelfSigned,
    /// At a certificate that signs itself and is not trusted.
    NotTrusted,
    /// Nowhere: it goes in a circle, or on for ever.
    Circle,
}

/// OpenSSL's default depth, beside which the leaf and the anchor do not count.
const MOST_LINKS: usize = 102;

/// A leaf, an intermediate or two, the anchor.
const USUAL_LINKS: usize = 4;

/// Builds the chain of a leaf.
#[must_use]
pub(super) fn build<'a>(
    leaf: Held<'a>,
    sent: &[Held<'a>],
    trusted: &[Held<'a>],
    at: OffsetDateTime,
    index: &Index<'a>,
) -> Chain<'a> {
    let mut links = Vec::with_capacity(USUAL_LINKS);
    links.push(leaf);
    let is_trusted = |held: &Held<'_>| trusted.iter().any(|other| other.place == held.place);
    loop {
        let current = links[links.len() - 1];
        if current.certificate.is_own_issuer() {
            let end = if is_trusted(&current) { End::Anchor } else { End::NotTrusted };
            return Chain { links, end };
        }
        // Above what was taken from the trust file OpenSSL looks nowhere else.
        let is_above_trusted = links.len() > 1 && is_trusted(&current);
        let next = issuer(current, trusted, at, index)
            .or_else(|| issuer(current, sent, at, index).filter(|_| !is_above_trusted));
        match next {
            None => {
                let end = if is_trusted(&current) { End::NotSelfSigned } else { End::NoIssuer };
                return Chain { links, end };
            }
            Some(next) => {
                let met = links.iter().any(|link| link.place == next.place);
                if met || links.len() == MOST_LINKS {
                    return Chain { links, end: End::Circle };
                }
                links.push(next);
            }
        }
    }
}

/// Of those that may have issued a certificate, one whose key made the signature, best one that is valid now.
fn issuer<'a>(
    child: Held<'a>,
    among: &[Held<'a>],
    at: OffsetDateTime,
    index: &Index<'a>,
) -> Option<Held<'a>> {
    let mut fitting =
        among.iter().copied().filter(|held| held.certificate.may_have_issued(child.certificate));
    let first = fitting.next()?;
    let others: Vec<Held<'a>> = fitting.collect();
    if others.is_empty() {
        return Some(first);
    }
    let rank = |held: &Held<'_>| {
        let signed = index.signature(child, *held) == SignatureCheck::Good;
        (!signed, !held.certificate.window.contains(at))
    };
    std::iter::once(first).chain(others).min_by_key(rank)
}
