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

use super::list_guard::refuse_nameless_index;
use super::{IndexSpec, Notice, Plan, PlanError, authorities, evidence, issuers};
use crate::diagnosis::Diagnosis;
use crate::keys::KeyType;
use crate::pg::{LISTS_FILE, certificate_file, key_file, list_file};
use crate::state::State;
use crate::x509::{Lifetime, Usage, Window};
use again::Bench;
use below::BelowCa;
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
}

/// Something that is due and cannot be renewed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// Its file.
    pub file: String,
    /// Its last valid second; `None`: it is not there, or several are meant.
    #[serde(serialize_with = "super::notice::serialize_end")]
    pub not_after: Option<OffsetDateTime>,
    /// Why not.
    pub problem: String,
    /// The mend.
    pub hint: Option<String>,
}

impl Blocked {
    fn of_item(item: &Item<'_>, error: &PlanError) -> Self {
        Self::of(certificate_file(&item.stem), Some(item.certificate.window.not_after), error)
    }

    fn of(file: String, not_after: Option<OffsetDateTime>, error: &PlanError) -> Self {
        Self { file, not_after, problem: error.to_string(), hint: error.hint() }
    }
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
    let mut found = authorities::of(state, None);
    found.retain(|ca| !is_said_to_be_none(ca, wish, state));
    let items = items::items(state, &found);
    let is_named = !wish.names.is_empty();
    refuse_nameless_index(state)?;
    if items.is_empty() {
        return Err(RenewError::NoCertificates { path: state.path.clone() }.into());
    }
    let mut chosen = match is_named {
        true => items::named(&wish.names, &items, state)?,
        false => due(&items, &found, wish, state, now),
    };
    let mut stopped = Vec::new();
    let (bench, mut blocked) = loop {
        let mut bench = Bench {
            state,
            found: &found,
            wish,
            now,
            cas: Vec::new(),
            leaves: Vec::new(),
            notices: Vec::new(),
        };
        let blocked = bench.renew_all(in_order(&chosen, &items, &found), &items)?;
        let below = bench.take_along(&items).and_then(|()| bench.refuse_early_ends(&items));
        let Err(BelowCa { stem, error }) = below else { break (bench, blocked) };
        // Where nothing is named, that CA stays as it is, and the rest is planned without it.
        match chosen.iter().find(|at| items[**at].is_ca && items[**at].stem == stem).copied() {
            Some(at) if !is_named => {
                stopped.push(Blocked::of_item(&items[at], &error));
                chosen.remove(&at);
            }
            _ => return Err(*error),
        }
    };
    blocked.extend(stopped);
    let others =
        (0..items.len()).filter(|at| !chosen.contains(at) && is_candidate(&items[*at], &found, state));
    let certificates =
        others.map(|at| next_due(certificate_file(&items[at].stem), wish.due, &items[at].certificate.window));
    let certificates: Vec<NextDue> = certificates.collect();
    let mut plan = plan(bench, &items, is_named, state);
    blocked.extend(refresh_lists(&mut plan, is_named, state, now)?);
    let next_due = certificates.into_iter().chain(next_lists(&plan, state)).min_by_key(|next| next.from);
    Ok(Renewal { plan, blocked, next_due })
}

/// Whether `--as` says of a certificate that is named that it is no CA, which nothing but itself calls it.
fn is_said_to_be_none(ca: &authorities::Authority<'_>, wish: &RenewWish, state: &State) -> bool {
    let is_it = |name: &String| {
        let stem = name.strip_suffix(".crt").unwrap_or(name);
        stem == ca.stem || ca.certificate.subject.common_names().any(|own| own == *name)
    };
    wish.usage.is_some_and(Usage::is_end_entity)
        && wish.names.iter().any(is_it)
        && evidence::has_its_word_alone(ca.certificate, &ca.stem, state)
}

/// Has the lists that are due made as well; what keeps them from being made is told where nothing is named.
fn refresh_lists(
    plan: &mut Plan,
    is_named: bool,
    state: &State,
    now: OffsetDateTime,
) -> Result<Vec<Blocked>, PlanError> {
    let mut with_lists = plan.clone();
    match super::refresh(&mut with_lists, state, super::Which::InUse, None, now) {
        Ok(()) => *plan = with_lists,
        Err(error) if is_named => return Err(error),
        Err(error) => return Ok(vec![Blocked::of(LISTS_FILE.to_owned(), None, &error)]),
    }
    if is_named {
        return Ok(Vec::new());
    }
    // They are due as certificates are, and told in the same words.
    // One that is only trusted here keeps nobody from having lists.
    let is_needed = |stem: &String| !state.issued_by(stem).is_empty();
    let away = plan.notices.iter().filter_map(|notice| match notice {
        Notice::ListNotMade { certificate, next_update } if is_needed(certificate) => {
            let key = state.shown_pair(true, &key_file(certificate));
            let shown = state.shown_pair(true, &certificate_file(certificate));
            let error = PlanError::CaKeyMissing { certificate: shown, key };
            Some(Blocked::of(list_file(certificate), *next_update, &error))
        }
        _ => None,
    });
    let away: Vec<Blocked> = away.collect();
    plan.notices.retain(
        |notice| !matches!(notice, Notice::ListNotMade { certificate, .. } if is_needed(certificate)),
    );
    Ok(away)
}

/// When the lists that stay are due.
fn next_lists<'p>(plan: &'p Plan, state: &'p State) -> impl Iterator<Item = NextDue> + 'p {
    let kept = plan.lists.iter().filter(|list| list.kept.is_some() && state.key(&list.of).is_some());
    kept.filter_map(|list| {
        let window = Window { not_before: list.this_update, not_after: list.next_update? };
        Some(next_due(list_file(&list.of), Due::LastThird, &window))
    })
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
/// only trusted here is somebody else's, and of a CA that is being rotated the other one lasts as long as it does.
fn is_candidate(item: &Item<'_>, found: &[authorities::Authority<'_>], state: &State) -> bool {
    let has_key = state.key(&item.stem).is_some() || issuers::unread_key(&item.stem, state).is_some();
    if item.is_ca && authorities::is_beside(&item.stem, found) {
        return false;
    }
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

fn next_due(file: String, due: Due, window: &Window) -> NextDue {
    NextDue { file, from: due.from(window), not_after: window.not_after }
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
    let made = certificates.iter().filter(|spec| spec.kept.is_none());
    let issuers: BTreeSet<&str> = made.filter_map(|spec| spec.issuer.stem()).collect();
    let signing = certificates.iter().filter(|spec| issuers.contains(spec.stem.as_str()));
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
