//! Whether the existing CAs above what is going to be made can issue it, all the way up to an anchor.

use super::command::renewal;
use super::revoked::revoked_since;
use super::{CertificateSpec, IssuerRef, PlanError};
use crate::pg::{certificate_file, key_file};
use crate::state::State;
use crate::x509::{Certificate, KeyUsage, Window, format_instant};
use time::OffsetDateTime;

/// What is wrong with one whose basicConstraints is not CA:TRUE.
pub(super) const NO_CA: &str = "it is no CA (basicConstraints)";

/// Checks every existing CA that something new hangs from: those that sign, and those above them, without which no peer
/// reaches a trust anchor.
pub(super) fn check(specs: &[CertificateSpec], state: &State, now: OffsetDateTime) -> Result<(), PlanError> {
    for spec in specs.iter().filter(|spec| spec.kept.is_none()) {
        if let Some(certificate) = spec.reissued_with_its_key().filter(|_| spec.issuer == IssuerRef::Itself) {
            let file = certificate_file(&spec.stem);
            check_key(spec, certificate, state.shown_pair(spec.usage.is_ca(), &file), state)?;
        }
        let (mut below, mut existing_below) = (spec, 0);
        while let Some(issuer) = below.issuer_in(specs) {
            existing_below += u32::from(below.kept.as_ref().is_some_and(|kept| !kept.is_self_issued()));
            if let Some(certificate) = &issuer.kept {
                let shown = shown(&issuer.stem, state);
                let problem = problem(certificate, issuer, spec, below, now)
                    .or_else(|| path_length_spent(certificate, existing_below));
                if let Some(problem) = problem {
                    return Err(unusable(certificate, shown, problem, specs, state, now));
                }
                if let Some(at) = revoked_by(issuer.issuer_in(specs), certificate, state) {
                    return Err(PlanError::RevokedCa { certificate: shown, at });
                }
                if below.kept.is_none() {
                    check_key(issuer, certificate, shown, state)?;
                }
            } else if let Some(certificate) = issuer.reissued_with_its_key().filter(|_| below.kept.is_none())
            {
                check_key(issuer, certificate, shown(&issuer.stem, state), state)?;
            }
            below = issuer;
        }
    }
    Ok(())
}

/// Checks an existing CA that is about to sign, under the name that its files have.
pub(super) fn check_signer(
    ca: &CertificateSpec,
    specs: &[CertificateSpec],
    state: &State,
    now: OffsetDateTime,
) -> Result<(), PlanError> {
    let Some(certificate) = &ca.kept else { return Ok(()) };
    let shown = shown(&ca.stem, state);
    if let Some(problem) = unfit(certificate, now) {
        return Err(unusable(certificate, shown, problem, specs, state, now));
    }
    if let Some(at) = revoked_by(ca.issuer_in(specs), certificate, state) {
        return Err(PlanError::RevokedCa { certificate: shown, at });
    }
    check_key(ca, certificate, shown, state)
}

/// Why a CA signs nothing, with its mend where that is time's alone.
fn unusable(
    certificate: &Certificate,
    shown: String,
    problem: String,
    specs: &[CertificateSpec],
    state: &State,
    now: OffsetDateTime,
) -> PlanError {
    match mend_of_time(certificate, specs, state, now) {
        Some(hint) => PlanError::CaOutOfTime { certificate: shown, problem, hint },
        None => PlanError::UnusableCa { certificate: shown, problem },
    }
}

/// Where a CA's certificate is, as the user names it: in a file of its own, or in a bundle (`chain.crt#2`).
fn shown(stem: &str, state: &State) -> String {
    let file = certificate_file(stem);
    match stem.rsplit_once('#').filter(|_| !state.certificates.contains_key(&file)) {
        Some((bundle, _)) => state.shown_pair(state.holdings(true).contains(bundle), bundle),
        None => state.shown_pair(true, &file),
    }
}

/// What a clock that is behind asks for.
pub(super) const EARLY_CLOCK: &str = "Set the clock of this machine, or wait until the CA begins.";

/// The mend of a CA at which nothing but its window is wrong; `None`: something is, or its key is elsewhere.
fn mend_of_time(
    certificate: &Certificate,
    specs: &[CertificateSpec],
    state: &State,
    now: OffsetDateTime,
) -> Option<String> {
    let window = certificate.window;
    if window.contains(now) || unfit(certificate, window.not_before).is_some() {
        return None;
    }
    if now < window.not_before {
        return Some(EARLY_CLOCK.to_owned());
    }
    let ended = specs.iter().filter(|spec| spec.kept.is_some() && spec.window.not_after < now);
    let own: Vec<&str> =
        ended.map(|spec| spec.stem.as_str()).filter(|stem| state.key(stem).is_some()).collect();
    let is_here = own.iter().any(|stem| state.certificate(stem).is_some_and(|it| it.der == certificate.der));
    is_here.then(|| format!("Renew it first: {}", renewal(&own, state)))
}

/// Whether the CA above an existing one revoked it, and since when.
fn revoked_by(
    above: Option<&CertificateSpec>,
    certificate: &Certificate,
    state: &State,
) -> Option<Option<OffsetDateTime>> {
    let above = above?;
    // One that is made anew in the same run has the key that it had.
    let of_above = above.kept.as_ref().or_else(|| state.certificate(&above.stem))?;
    revoked_since(certificate, &above.stem, of_above, state)
}

/// What keeps an existing CA from standing above a new certificate (RFC 5280 §6.1.4, and OpenSSL's rule that the EKU
/// of a CA constrains too).
fn problem(
    certificate: &Certificate,
    ca: &CertificateSpec,
    new: &CertificateSpec,
    below: &CertificateSpec,
    now: OffsetDateTime,
) -> Option<String> {
    if let Some(unfit) = unfit(certificate, now) {
        return Some(unfit);
    }
    if let Some(kept) = below.kept.as_ref().filter(|kept| !certificate.may_have_issued(kept)) {
        return Some(format!(
            "it did not issue {}, whose issuer is {}",
            certificate_file(&below.stem),
            kept.issuer
        ));
    }
    if ca.issuer == IssuerRef::Itself && !certificate.is_own_issuer() {
        return Some(format!("it is no trust anchor: {} issued it", certificate.issuer));
    }
    // anyExtendedKeyUsage allows nothing there: OpenSSL's purposes do not know it (X509_check_purpose(3)).
    let own = &certificate.extended_key_usage;
    let missing = new.extensions.extended_key_usage.iter().find(|usage| !own.contains(usage));
    match missing {
        Some(usage) if !own.is_empty() && new.usage.is_end_entity() => {
            Some(format!("its extended key usage does not allow {usage}"))
        }
        _ => None,
    }
}

/// An existing CA that allows fewer CAs below it than exist there (RFC 5280 §4.2.1.9); new ones are a rule's matter.
fn path_length_spent(certificate: &Certificate, existing_below: u32) -> Option<String> {
    let length = certificate.path_length.filter(|length| existing_below > *length)?;
    let follow = if existing_below == 1 {
        "1 CA follows it".to_owned()
    } else {
        format!("{existing_below} CAs follow it")
    };
    Some(format!("its path length is {length}, and {follow}"))
}

/// What keeps a certificate from being that of a CA now, whatever it is to sign.
pub(super) fn unfit(certificate: &Certificate, now: OffsetDateTime) -> Option<String> {
    if certificate.ca != Some(true) {
        return Some(NO_CA.to_owned());
    }
    if certificate.key_usage.as_ref().is_some_and(|usage| !usage.contains(&KeyUsage::KeyCertSign)) {
        return Some("its key usage is without keyCertSign".to_owned());
    }
    let Window { not_before, not_after } = certificate.window;
    (!certificate.window.contains(now))
        .then(|| format!("it is valid from {} to {}", format_instant(not_before), format_instant(not_after)))
}

/// A key of a CA that is there, and could not be read or signs nothing here.
pub(super) fn unread_key(stem: &str, state: &State) -> Option<String> {
    let file = key_file(stem);
    let is_there = state.key(stem).is_none() && state.holdings(true).contains(&file);
    is_there.then(|| format!("its key \"{}\" cannot be used", state.shown_pair(true, &file)))
}

/// The key of a CA that signs is there and its own; a closed one is opened, and compared, when it signs.
pub(super) fn check_key(
    ca: &CertificateSpec,
    certificate: &Certificate,
    shown: String,
    state: &State,
) -> Result<(), PlanError> {
    match state.key(&ca.stem) {
        None if let Some(problem) = unread_key(&ca.stem, state) => {
            Err(PlanError::UnusableCa { certificate: shown, problem })
        }
        None => {
            let key = state.shown_pair(true, &key_file(&ca.stem));
            Err(PlanError::CaKeyMissing { certificate: shown, key })
        }
        Some(_) if state.has_other_key(&ca.stem, certificate) => {
            let problem = "its key is the key of another certificate".to_owned();
            Err(PlanError::UnusableCa { certificate: shown, problem })
        }
        Some(_) => Ok(()),
    }
}
