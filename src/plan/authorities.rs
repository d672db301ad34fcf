//! The CAs of a directory: which certificates are one, which issued which, and which of them signs what is new.

use super::evidence::{Evidence, evidence, is_ca_stem};
use super::issuers::NO_CA;
use super::{IssuerRef, PlanError};
use crate::pg::{certificate_file, key_file, rotated_stem};
use crate::state::{State, issued};
use crate::x509::Certificate;
use time::OffsetDateTime;

/// A CA that was found.
#[derive(Debug)]
pub(super) struct Authority<'s> {
    /// The stem of its own files; of one that has none the bundle that holds it and its place there.
    pub(super) stem: String,
    /// That bundle.
    pub(super) elsewhere: Option<String>,
    pub(super) certificate: &'s Certificate,
}

/// Every CA of a directory once, under the stem that is most its own: that which is asked for, else that of its key, else
/// of a file of its own, which `chain.crt` can be that holds the root alone. What is asked for is among them, whatever it is.
pub(super) fn of<'s>(state: &'s State, asked: Option<&str>) -> Vec<Authority<'s>> {
    let mut found: Vec<([bool; 4], Authority<'s>)> = Vec::new();
    for (file, list) in &state.certificates {
        let own = file.strip_suffix(".crt");
        for (at, certificate) in list.iter().enumerate() {
            let is_asked = at == 0 && own.is_some() && own == asked;
            if !is_asked && evidence(certificate, own, state) == Evidence::EndEntity {
                continue;
            }
            let has_key = own.is_some_and(|stem| at == 0 && state.keys.contains_key(&key_file(stem)));
            let authority = match own {
                Some(stem) if is_asked || has_key || list.len() == 1 => {
                    Authority { stem: stem.to_owned(), elsewhere: None, certificate }
                }
                _ => Authority {
                    stem: format!("{file}#{}", at + 1),
                    elsewhere: Some(file.clone()),
                    certificate,
                },
            };
            let is_called_so = own.is_some_and(is_ca_stem);
            let rank = [is_asked, has_key, authority.elsewhere.is_none(), is_called_so];
            match found.iter_mut().find(|(_, other)| other.certificate.der == certificate.der) {
                None => found.push((rank, authority)),
                Some(known) if rank > known.0 => *known = (rank, authority),
                Some(_) => {}
            }
        }
    }
    found.into_iter().map(|(_, authority)| authority).collect()
}

/// Whether the CA of a stem is there because another is being rotated: one that comes after it signs nothing yet, and one
/// that came before it nothing more.
pub(super) fn is_beside(stem: &str, found: &[Authority<'_>]) -> bool {
    let own = rotated_stem(stem);
    own.is_some_and(|own| found.iter().any(|ca| ca.stem == own && ca.elsewhere.is_none()))
}

/// Whether one of two CAs is there because the other is being rotated, or both are one.
pub(super) fn is_of_one(one: &Authority<'_>, other: &Authority<'_>) -> bool {
    let own = |ca: &Authority<'_>| rotated_stem(&ca.stem).unwrap_or(&ca.stem).to_owned();
    one.stem == other.stem || one.elsewhere.is_none() && other.elsewhere.is_none() && own(one) == own(other)
}

/// Whether two certificates are of one name and key, whoever signed them: what one signs the other did too.
pub(super) fn is_of_one_key(one: &Certificate, other: &Certificate) -> bool {
    one.subject == other.subject && one.public_key == other.public_key
}

/// Whether two certificates are of one CA: its name, its key, and the same one above it.
pub(super) fn is_same_ca(one: &Certificate, other: &Certificate) -> bool {
    is_of_one_key(one, other) && one.issuer == other.issuer
}

/// Of two certificates of one CA the later is the newer one.
pub(super) fn age(certificate: &Certificate) -> (OffsetDateTime, OffsetDateTime) {
    (certificate.window.not_before, certificate.window.not_after)
}

/// Of the certificates of one CA that with the key, else the newest that has a file of its own, else the newest.
pub(super) fn standing_for<'f, 's>(
    ca: &'f Authority<'s>,
    found: &'f [Authority<'s>],
    state: &State,
) -> &'f Authority<'s> {
    let same = found.iter().filter(|other| is_of_one_key(other.certificate, ca.certificate));
    let rank =
        |ca: &&Authority<'_>| (state.key(&ca.stem).is_some(), ca.elsewhere.is_none(), age(ca.certificate));
    same.max_by_key(rank).unwrap_or(ca)
}

/// The CA that is to sign: the one whose stem is asked for, else the lowest with files of its own.
pub(super) fn issuer<'f, 's>(
    found: &'f [Authority<'s>],
    asked: Option<&str>,
    state: &State,
) -> Result<&'f Authority<'s>, PlanError> {
    let none = || PlanError::NoCa { path: state.path.clone() };
    if let Some(asked) = asked {
        let named = found.iter().find(|authority| authority.stem == asked).ok_or_else(none)?;
        return match named.certificate.ca {
            Some(true) => Ok(named),
            // How long it lives, and what else there is to say of it, is nothing to the purpose.
            _ => {
                let certificate = state.shown_pair(true, &certificate_file(asked));
                Err(PlanError::UnusableCa { certificate, problem: NO_CA.to_owned() })
            }
        };
    }
    let is_above = |authority: &Authority<'_>| {
        let below = found.iter().filter(|other| other.certificate.der != authority.certificate.der);
        below
            .filter(|other| !other.certificate.is_own_issuer())
            .any(|other| issued(authority.certificate, other.certificate))
    };
    let stands =
        |authority: &&Authority<'_>| authority.elsewhere.is_none() && !is_beside(&authority.stem, found);
    let lowest: Vec<&Authority<'_>> =
        found.iter().filter(stands).filter(|authority| !is_above(authority)).collect();
    // One that is only trusted here, such as that of somebody else's clients, does not sign here.
    let with_key: Vec<&Authority<'_>> =
        lowest.iter().copied().filter(|authority| state.key(&authority.stem).is_some()).collect();
    match (lowest.as_slice(), with_key.as_slice()) {
        ([], _) => Err(none()),
        ([one], _) | (_, [one]) => Ok(one),
        (several, _) => {
            let files =
                several.iter().map(|authority| state.shown_pair(true, &certificate_file(&authority.stem)));
            Err(PlanError::SeveralCas { files: files.collect() })
        }
    }
}

/// The CA and those above it, the highest first, each with who signed it.
pub(super) fn above<'f, 's>(
    lowest: &'f Authority<'s>,
    found: &'f [Authority<'s>],
) -> Vec<(&'f Authority<'s>, IssuerRef)> {
    let mut chain: Vec<(&Authority<'_>, IssuerRef)> = Vec::new();
    let mut current = lowest;
    loop {
        if current.certificate.is_own_issuer() {
            chain.push((current, IssuerRef::Itself));
            break;
        }
        let is_new = |other: &&Authority<'_>| {
            other.certificate.der != current.certificate.der
                && chain.iter().all(|(link, _)| link.certificate.der != other.certificate.der)
        };
        // Of several certificates of one CA that which has a file of its own, and then the newest.
        let rank = |other: &&Authority<'_>| {
            (
                other.elsewhere.is_none(),
                other.certificate.window.not_before,
                other.certificate.window.not_after,
            )
        };
        let issuers =
            found.iter().filter(is_new).filter(|other| issued(other.certificate, current.certificate));
        let Some(next) = issuers.max_by_key(rank) else {
            chain.push((current, IssuerRef::Elsewhere));
            break;
        };
        chain.push((current, IssuerRef::Certificate(next.stem.clone())));
        current = next;
    }
    chain.reverse();
    chain
}
