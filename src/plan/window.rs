//! Windows of time: from wishes to instants, and how far a CA must live for what is under it.

use super::{CertificateSpec, IssuerRef, Notice, PlanError};
use crate::profile::{CertificateEntry, Ending, Profile, Rule};
use crate::x509::{Window, format_instant};
use time::{Duration, OffsetDateTime};

/// How far back a certificate begins, so that a peer whose clock is behind takes it at once.
pub(super) const BACKDATED: Duration = Duration::HOUR;

/// Where a lifetime begins to count: the beginning that was asked for, or now, to the second.
pub(super) fn counted_from(entry: &CertificateEntry, now: OffsetDateTime) -> OffsetDateTime {
    entry.validity.not_before.unwrap_or_else(|| now.replace_nanosecond(0).unwrap_or(now))
}

/// The window that an entry wishes for, to the second.
pub(super) fn wished(entry: &CertificateEntry, now: OffsetDateTime) -> Result<Window, PlanError> {
    let past = || PlanError::PastYear9999 { certificate: entry.name.clone() };
    let from = counted_from(entry, now);
    let not_before = entry.validity.not_before.unwrap_or(from - BACKDATED);
    let not_after = match entry.validity.ending {
        Ending::At(instant) => instant,
        Ending::After(lifetime) => from.checked_add(lifetime.duration()).ok_or_else(past)?,
    };
    if not_after.year() > 9999 {
        return Err(past());
    }
    if not_after <= not_before {
        return Err(PlanError::EmptyWindow {
            certificate: entry.name.clone(),
            not_before: format_instant(not_before),
            not_after: format_instant(not_after),
        });
    }
    Ok(Window { not_before, not_after })
}

/// Lets every new CA live as long as what is under it, from the leaves up, and tells which did.
pub(super) fn stretch(profile: &Profile, specs: &mut [CertificateSpec]) -> Vec<Notice> {
    let mut notices = Vec::new();
    for at in (0..specs.len()).rev() {
        let waives = |entry: &CertificateEntry| entry.waive.contains(&Rule::LeafOutlivesCa);
        if specs[at].kept.is_some() || profile.certificate(&specs[at].stem).is_some_and(waives) {
            continue;
        }
        let IssuerRef::Certificate(issuer) = &specs[at].issuer else { continue };
        let stretches = profile.certificate(issuer).is_some_and(|entry| entry.validity.stretches);
        let Some(issuer_at) = specs.iter().position(|spec| spec.stem == *issuer) else { continue };
        let (issuer, not_after) = (&specs[issuer_at], specs[at].window.not_after);
        // Of several that end alike, the first in the plan is the one that is named.
        if issuer.kept.is_some() || !stretches || issuer.window.not_after > not_after {
            continue;
        }
        let of_this = |notice: &Notice| matches!(notice, Notice::Stretched { certificate: earlier, .. } if *earlier == issuer.stem);
        if issuer.window.not_after == not_after && !notices.iter().any(of_this) {
            continue;
        }
        notices.retain(|notice| !of_this(notice));
        let (certificate, because_of) = (issuer.stem.clone(), specs[at].stem.clone());
        notices.push(Notice::Stretched { certificate, because_of, not_after });
        specs[issuer_at].window.not_after = not_after;
    }
    notices.reverse();
    notices
}
