//! `add`: a new CA with a new key and a name of its own, trusted behind the old one. It signs nothing yet.

use super::error::RotateError;
use super::footing::{self, authority, refuse_early_clock, require_key, told};
use super::{RotationPhase, RotationSpec, Succession, Trusted, generation, phase};
use crate::keys::{KeyType, PublicKey};
use crate::pg::{CHAIN_FILE, certificate_file, next_stem, previous_stem};
use crate::plan::authorities::{self, Authority};
use crate::plan::reissue::{Reissued, reissue};
use crate::plan::window::BACKDATED;
use crate::plan::{
    BundleSpec, CertificateSpec, IndexSpec, IssuerRef, Notice, Plan, PlanError, Which, build, issuers,
    refresh, rules, trust,
};
use crate::state::{State, key_identifier};
use crate::x509::{Lifetime, Name, Usage, Window, format_instant};
use time::OffsetDateTime;

pub(super) fn add(
    stem: &str,
    lifetime: Option<Lifetime>,
    key_type: Option<KeyType>,
    state: &State,
    now: OffsetDateTime,
) -> Result<Plan, RotateError> {
    let found = authorities::of(state, None);
    let own = authority(stem, &found, state)?;
    let before = phase::phase(stem, state)?;
    if before == RotationPhase::Switched {
        let previous = state.shown_pair(true, &certificate_file(&previous_stem(stem)));
        return Err(RotateError::NotDropped {
            stem: stem.to_owned(),
            previous,
            command: footing::command(stem, "drop", state),
        });
    }
    if let Some(other) = phase::other_half_way(stem, state) {
        return Err(RotateError::OtherHalfWay { command: footing::command(&other, "status", state), other });
    }
    require_key(stem, state)?;
    let next = next_stem(stem);
    let (mut specs, mut notices) = (footing::kept([own], &found), Vec::new());
    match found.iter().find(|ca| ca.stem == next) {
        Some(there) => {
            require_key(&next, state)?;
            for spec in footing::kept([there], &found) {
                if !specs.iter().any(|known| known.stem == spec.stem) {
                    specs.push(spec);
                }
            }
        }
        None => {
            refuse_early_clock(stem, own.certificate, state, now)?;
            let (spec, notice) = new(own, &found, lifetime, key_type, now)?;
            notices.extend(notice);
            notices.extend(build::long_lived(&spec, now));
            rules::check_names(&spec)?;
            specs.push(spec);
            issuers::check(&specs, state, now)?;
        }
    }
    let lacking = lacking(own, &next, &specs, &found, state)?;
    let new = specs.iter().find(|spec| spec.stem == next);
    let rotation = RotationSpec {
        ca: stem.to_owned(),
        before,
        after: RotationPhase::Added,
        old: told(stem, own.certificate),
        new: new.map(|spec| super::RotatedCa {
            stem: next.clone(),
            serial: String::new(),
            signer: None,
            subject: spec.subject.clone(),
            not_after: spec.window.not_after,
        }),
        trusted_by: match &lacking {
            Some(bundle) => vec![bundle.file.clone()],
            None => footing::trusting(own.certificate, &found, state),
        },
        succession: Some(Succession {
            old: own.certificate.der.clone(),
            new: next.clone(),
            trusted: Trusted::Both,
            follows: false,
        }),
        left: Vec::new(),
    };
    let signer =
        new.filter(|spec| spec.kept.is_none()).and_then(|spec| spec.issuer.stem()).map(str::to_owned);
    let mut plan = footing::plan(specs, &found, rotation, state);
    plan.indexes = signer.iter().map(|signer| IndexSpec::of(signer, state, &plan.certificates)).collect();
    plan.bundles = lacking.into_iter().collect();
    plan.notices = notices;
    refresh(&mut plan, state, Which::InUse, None, now)?;
    Ok(plan)
}

/// The CA to come: what the old one is, with a new key and the next generation of its name.
fn new(
    own: &Authority<'_>,
    found: &[Authority<'_>],
    lifetime: Option<Lifetime>,
    key_type: Option<KeyType>,
    now: OffsetDateTime,
) -> Result<(CertificateSpec, Option<Notice>), RotateError> {
    let own_type = build::nearest_type(&PublicKey::from_spki_der(&own.certificate.public_key));
    let own_type = Some(own_type).filter(|own| *own != KeyType::Ed25519).unwrap_or_default();
    let key_type = key_type.unwrap_or(own_type);
    if key_type == KeyType::Ed25519 {
        return Err(RotateError::Ed25519);
    }
    let chain = authorities::above(own, found);
    let signer = match chain.last() {
        Some((_, IssuerRef::Certificate(signer))) => chain.iter().find(|(link, _)| link.stem == *signer),
        Some((_, IssuerRef::Elsewhere)) => {
            let issuer = own.certificate.issuer.clone();
            return Err(RotateError::SignerElsewhere { stem: own.stem.clone(), issuer });
        }
        _ => None,
    };
    let stem = next_stem(&own.stem);
    let ends = chain.iter().filter(|(link, _)| link.stem != own.stem);
    let end = ends.map(|(link, _)| (link.certificate.window.not_after, link.stem.as_str())).min();
    let (window, notice) = window(&stem, own, lifetime, end, now)?;
    let mut spec = reissue(&Reissued {
        stem: &stem,
        certificate: own.certificate,
        issuer: signer.map(|(ca, _)| (ca.stem.as_str(), key_identifier(ca.certificate))),
        usage: if signer.is_some() { Usage::IntermediateCa } else { Usage::RootCa },
        window,
        new_key: Some(key_type),
        path_length: None,
    })?;
    let taken: Vec<&Name> = found.iter().map(|ca| &ca.certificate.subject).collect();
    spec.subject = generation::successor(&own.certificate.subject, &taken);
    Ok((spec, notice))
}

/// As long as the old CA was to live, as far as those above it do; what is asked for is refused where it does not fit.
fn window(
    stem: &str,
    own: &Authority<'_>,
    lifetime: Option<Lifetime>,
    end: Option<(OffsetDateTime, &str)>,
    now: OffsetDateTime,
) -> Result<(Window, Option<Notice>), PlanError> {
    let past = || PlanError::PastYear9999 { certificate: stem.to_owned() };
    let not_before = now - BACKDATED;
    let not_after = match lifetime {
        Some(lifetime) => now.checked_add(lifetime.duration()),
        None => not_before.checked_add(own.certificate.window.length()),
    };
    let not_after = not_after.filter(|end| end.year() <= 9999).ok_or_else(past)?;
    let Some((end, above)) = end.filter(|(end, _)| *end < not_after) else {
        return Ok((Window { not_before, not_after }, None));
    };
    if lifetime.is_some() {
        let (wished, ends) = (format_instant(not_after), format_instant(end));
        let detail = format!("It would end at {wished}; \"{above}\" ends at {ends}.");
        return Err(PlanError::outlives(stem, detail, "--lifetime", Lifetime::fitting(end - now), true));
    }
    let capped =
        Notice::Capped { certificate: stem.to_owned(), because_of: above.to_owned(), not_after: end };
    Ok((Window { not_before, not_after: end }, Some(capped)))
}

/// The file that peers are to trust, where none but that of the CA itself holds it.
fn lacking(
    own: &Authority<'_>,
    next: &str,
    specs: &[CertificateSpec],
    found: &[Authority<'_>],
    state: &State,
) -> Result<Option<BundleSpec>, PlanError> {
    if !footing::trusting(own.certificate, found, state).is_empty() {
        return Ok(None);
    }
    let free = [CHAIN_FILE, trust::OTHER_FILE].into_iter().find(|file| !state.occupied.contains(*file));
    let taken = || PlanError::Exists { first: state.shown(CHAIN_FILE), more: 1, forced: false };
    let file = free.ok_or_else(taken)?;
    let above = specs.iter().rev().map(|spec| spec.stem.as_str());
    let above = above.filter(|stem| *stem != own.stem && *stem != next);
    Ok(Some(BundleSpec {
        file: file.to_owned(),
        certificates: [own.stem.as_str(), next].into_iter().chain(above).map(str::to_owned).collect(),
    }))
}
