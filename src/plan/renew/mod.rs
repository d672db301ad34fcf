//! `renew`'s first step: what there is, what of it is due or named -> a plan in which it is issued again.

mod again;
mod below;
mod difference;
mod due;
mod error;
mod items;
mod signer;
mod stale;

pub use difference::{Difference, differences};
pub use due::{Due, NextDue};
pub use error::RenewError;

use super::{IndexSpec, Plan, PlanError, authorities};
use crate::diagnosis::Diagnosis;
use crate::keys::KeyType;
use crate::pg::certificate_file;
use crate::state::State;
use crate::x509::{Lifetime, Usage};
use again::Bench;
use items::Item;
use serde::Serialize;
use signer::Signer;
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct RenewWish {
    /// Stems or common names; empty: whatever is due.
    pub names: Vec<String>,
    /// What is due.
    pub due: Due,
    /// How long from now; `None`: each as long as it was. Without names it is for end-entities alone.
    pub lifetime: Option<Lifetime>,
    /// Whether end-entities get new keys.
    pub rekey: Option<Rekey>,
    /// What those are for that do not say it.
    pub usage: Option<Usage>,
}

/// How new keys are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rekey {
    /// Their kind; `None`: that of the old one.
    pub key_type: Option<KeyType>,
    /// Whether they are encrypted.
    pub encrypted: bool,
}

/// What is renewed, and what not.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// What is made.
    pub plan: Plan,
    /// What is due and cannot be renewed here; nothing that was named.
    pub blocked: Vec<Blocked>,
    /// What is due next, of what was not due and is not named.
    pub next_due: Option<NextDue>,
    /// How many certificates were looked at.
    pub seen: usize,
}

/// Something that is due and cannot be renewed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// Its file.
    pub file: String,
    /// Its last valid second.
    #[serde(serialize_with = "crate::x509::serialize_instant")]
    pub not_after: OffsetDateTime,
    /// Why not.
    pub problem: String,
    /// The mend.
    pub hint: Option<String>,
}

/// How long a certificate is to last.
#[derive(Debug, Clone, Copy)]
enum Lasting {
    /// As long as it did before, from now on.
    AsBefore,
    /// So long from now on.
    Lifetime(Lifetime),
    /// To the same second as before.
    Unchanged,
}

/// Plans what is named, or what is due.
///
/// # Errors
/// [`PlanError`]: of what is named whatever keeps it from being renewed; of what is due nothing.
pub fn renew(wish: &RenewWish, state: &State, now: OffsetDateTime) -> Result<Renewal, PlanError> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let found = authorities::of(state, None);
    let items = items::items(state, &found);
    let is_named = !wish.names.is_empty();
    let chosen = match is_named {
        true => items::named(&wish.names, &items, state)?,
        false => due(&items, &found, wish, state, now),
    };
    let mut bench =
        Bench { state, found: &found, wish, now, cas: Vec::new(), leaves: Vec::new(), notices: Vec::new() };
    let mut blocked = Vec::new();
    for at in in_order(&chosen, &items, &found) {
        let item = &items[at];
        match bench.renew(item, lasting(wish, item)) {
            Ok(()) => {}
            Err(error) if is_named => return Err(error),
            // A revoked one is at its end, and nobody waits for another.
            Err(PlanError::Renew(RenewError::Revoked { .. })) => {}
            Err(error) => blocked.push(Blocked {
                file: certificate_file(&item.stem),
                not_after: item.certificate.window.not_after,
                problem: error.to_string(),
                hint: error.hint(),
            }),
        }
    }
    bench.take_along(&items)?;
    bench.refuse_early_ends(&items)?;
    let others =
        (0..items.len()).filter(|at| !chosen.contains(at) && is_candidate(&items[*at], &found, state));
    let next_due = next_due(others.map(|at| &items[at]), wish.due);
    let plan = plan(bench, &items, is_named, state);
    Ok(Renewal { plan, blocked, next_due, seen: items.len() })
}

fn lasting(wish: &RenewWish, item: &Item<'_>) -> Lasting {
    match wish.lifetime.filter(|_| !(item.is_ca && wish.names.is_empty())) {
        Some(lifetime) => Lasting::Lifetime(lifetime),
        None => Lasting::AsBefore,
    }
}

/// The places of what is due.
fn due(
    items: &[Item<'_>],
    found: &[authorities::Authority<'_>],
    wish: &RenewWish,
    state: &State,
    now: OffsetDateTime,
) -> BTreeSet<usize> {
    let is_due = |item: &Item<'_>| wish.due.is_due(&item.certificate.window, now);
    (0..items.len()).filter(|at| is_due(&items[*at]) && is_candidate(&items[*at], found, state)).collect()
}

/// Whether it is this directory's to renew: an end-entity is, and a CA whose key, or the key above it, is here. What is
/// only trusted here is somebody else's.
fn is_candidate(item: &Item<'_>, found: &[authorities::Authority<'_>], state: &State) -> bool {
    let has_key = state.key(&item.stem).is_some();
    match signer::signer(item, found, state) {
        Signer::Itself => has_key,
        Signer::Ca(ca) if item.is_ca => has_key || state.key(&ca.stem).is_some(),
        Signer::Elsewhere if item.is_ca => has_key,
        Signer::Ca(ca) => signer::refuse_revoked(item, ca, state).is_ok(),
        Signer::Elsewhere => true,
    }
}

/// Each CA before what is under it.
fn in_order(
    chosen: &BTreeSet<usize>,
    items: &[Item<'_>],
    found: &[authorities::Authority<'_>],
) -> Vec<usize> {
    let depth = |at: &usize| {
        let own = found.iter().find(|ca| items[*at].is(ca.certificate));
        own.map_or(usize::MAX, |ca| authorities::above(ca, found).len())
    };
    let mut order: Vec<usize> = chosen.iter().copied().collect();
    order.sort_by_key(depth);
    order
}

fn next_due<'i>(others: impl Iterator<Item = &'i Item<'i>>, due: Due) -> Option<NextDue> {
    let of = |item: &Item<'_>| NextDue {
        file: certificate_file(&item.stem),
        from: due.from(&item.certificate.window),
        not_after: item.certificate.window.not_after,
    };
    others.map(of).min_by_key(|next| next.from)
}

/// Everything that was planned, in the places of what was there.
fn plan(bench: Bench<'_, '_>, items: &[Item<'_>], is_named: bool, state: &State) -> Plan {
    let mut bench = bench;
    let stale = stale::replacements(&mut bench, items, is_named);
    let elsewhere: BTreeMap<String, String> = bench
        .found
        .iter()
        .filter(|ca| bench.cas.iter().any(|spec| spec.stem == ca.stem))
        .filter_map(|ca| Some((ca.stem.clone(), ca.elsewhere.clone()?)))
        .collect();
    let kept_files = again::kept_files(&bench.cas).collect();
    let Bench { cas, leaves, notices, .. } = bench;
    let certificates: Vec<_> = cas.into_iter().chain(leaves).collect();
    let signs = |stem: &str| certificates.iter().any(|spec| spec.kept.is_none() && spec.issuer.is(stem));
    let signing = certificates.iter().filter(|spec| signs(&spec.stem));
    Plan {
        indexes: signing.map(|ca| IndexSpec::of(&ca.stem, state, &certificates)).collect(),
        replaced: stale::replaced(&certificates).chain(stale).collect(),
        certificates,
        kept_files,
        elsewhere,
        notices,
        ..Plan::named("renew")
    }
}
