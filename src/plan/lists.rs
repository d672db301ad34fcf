//! Which revocation lists are made anew, and in which files they lie. `crl` and `revoke` are little else; `renew` and
//! `rotate` keep lists up with it.

use super::issue::kept_spec;
use super::list_guard::{refuse_loss, refuse_nameless_index};
use super::list_spec::{ListSpec, ListsSpec};
use super::list_standing::{Standing, age_order, kept, why_none};
use super::{CertificateSpec, IssuerRef, ListsError, Plan, PlanError, authorities};
use crate::index::{Index, index_file};
use crate::pg::{LISTS_FILE, certificate_file, list_file, rotated_stem};
use crate::state::State;
use crate::x509::{Certificate, Lifetime, Name};
use std::cmp::Reverse;
use std::iter::successors;
use time::OffsetDateTime;

/// Which lists are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Every one whose CA's key is here.
    All,
    /// Those that are due: not here, with less than a third of their life left, or without somebody who is revoked.
    Due,
    /// Those that are due, where lists are in use at all; one whose CA's key is not here is told, and nothing is refused.
    InUse,
}

/// Adds to a plan the revocation lists of every CA that it or the directory holds, and the files that they lie in:
/// `root.crl`, `intermediate.crl`, and `chain.crl` for all of them, which is what PostgreSQL needs. What stays as it is
/// stays on disk; a plan to which nothing is added but that writes nothing.
///
/// The CAs that a plan makes count (their lists are made by the key that they get or keep), those whose certificate file
/// is among its `removed_files` do not; its `revocations` come to be in the lists. So this is called last.
///
/// # Errors
/// [`PlanError::NoCa`]; [`PlanError::CaKeyMissing`] for a list that has to be made; [`PlanError::UnusableCa`] for a CA that
/// may not sign lists, or not now; [`PlanError::Lists`] where a file with something unknown would be written over. With
/// [`Which::InUse`] the last two alone.
pub fn refresh(
    plan: &mut Plan,
    state: &State,
    which: Which,
    lifetime: Option<Lifetime>,
    now: OffsetDateTime,
) -> Result<(), PlanError> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    refuse_nameless_index(state)?;
    if which == Which::InUse && state.lists.is_empty() && plan.revocations.is_empty() {
        return Ok(());
    }
    add_authorities(plan, state);
    let mut held = Vec::new();
    let cas: Vec<CertificateSpec> =
        plan.certificates.iter().filter(|spec| spec.usage.is_ca()).cloned().collect();
    if cas.is_empty() && which != Which::InUse {
        return Err(ListsError::NoCa { path: state.path.clone() }.into());
    }
    for spec in &cas {
        let standing = Standing::of(spec, &cas, plan, state, now);
        held.extend_from_slice(&standing.places);
        if let Some(list) = standing.list(which, lifetime, plan, state, now)? {
            if list.kept.is_none() {
                refuse_negative(spec, state)?;
                standing.mark(plan, state);
            }
            plan.lists.push(list);
        }
    }
    add_strangers(plan, state, &held);
    file(plan, state);
    let names: Vec<&Name> = cas.iter().map(|spec| &spec.subject).collect();
    Ok(refuse_loss(plan, state, &names, &held)?)
}

/// `crl`'s first step: a directory with a CA -> a plan for the lists of all of them.
///
/// # Errors
/// Those of [`refresh`]; where every list is asked for, also that of a key where there is none.
pub fn lists(
    which: Which,
    lifetime: Option<Lifetime>,
    state: &State,
    now: OffsetDateTime,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::named("crl");
    refresh(&mut plan, state, which, lifetime, now)?;
    let makes_none = plan.lists.iter().all(|list| list.kept.is_some());
    if !makes_none || which != Which::All {
        return Ok(plan);
    }
    // What is there would count for as long as before, and whoever asked would not know.
    let mut cas = plan.certificates.iter().rev().filter(|spec| spec.usage.is_ca());
    match cas.clone().find(|spec| state.key(&spec.stem).is_some()).or(cas.next()) {
        Some(lowest) => Err(why_none(lowest, state, now)),
        None => Ok(plan),
    }
}

/// The CAs of the directory, as parts of the plan: several certificates of one name and key have one list, and count once.
fn add_authorities(plan: &mut Plan, state: &State) {
    let found = authorities::of(state, None);
    let mut new: Vec<CertificateSpec> = Vec::new();
    for authority in &found {
        for (link, issuer) in authorities::above(authority, &found) {
            let is_it = |known: &CertificateSpec| {
                let same = |known: &Certificate| authorities::is_of_one_key(known, link.certificate);
                known.stem == link.stem || known.existing().is_some_and(same)
            };
            let file = certificate_file(&link.stem);
            if plan.removed_files.contains(&file)
                || authorities::standing_for(link, &found, state).stem != link.stem
                || plan.certificates.iter().chain(&new).any(is_it)
            {
                continue;
            }
            match &link.elsewhere {
                Some(bundle) => drop(plan.elsewhere.insert(link.stem.clone(), bundle.clone())),
                None => drop(plan.kept_files.insert(file)),
            }
            let above = issuer.stem().and_then(|stem| found.iter().find(|ca| ca.stem == stem));
            let above = above.map(|ca| authorities::standing_for(ca, &found, state).stem.clone());
            new.push(kept_spec(&(link, above.map_or(issuer, IssuerRef::Certificate))));
        }
    }
    plan.certificates.splice(..0, new);
}

/// The lists of CAs that are not here, the latest of each: somebody put them beside the others for those who trust these.
fn add_strangers(plan: &mut Plan, state: &State, held: &[usize]) {
    let in_files: Vec<usize> = state.list_files.values().flatten().copied().collect();
    let all = state.certificates.values().flatten();
    let known: Vec<&Name> = all.filter(|it| it.ca == Some(true)).map(|it| &it.subject).collect();
    let is_strange = |at: &usize| {
        in_files.contains(at) && !held.contains(at) && !known.contains(&&state.lists[*at].issuer)
    };
    let strange: Vec<usize> = (0..state.lists.len()).filter(is_strange).collect();
    for at in &strange {
        let list = &state.lists[*at];
        let is_later = |other: &usize| {
            let other = &state.lists[*other];
            other.issuer == list.issuer && age_order(other, list).is_gt()
        };
        if !strange.iter().any(is_later) {
            plan.lists.push(kept(&format!("{LISTS_FILE}#{}", at + 1), *at, state));
        }
    }
}

/// Refuses an index by which a list would name another certificate than the one that is revoked.
fn refuse_negative(spec: &CertificateSpec, state: &State) -> Result<(), ListsError> {
    let line = state.indexes.get(&spec.stem).and_then(Index::negative);
    match line {
        Some(line) => {
            let path = state.shown_pair(true, &index_file(&spec.stem));
            Err(ListsError::NegativeSerial { path, subject: line.subject.to_string() })
        }
        None => Ok(()),
    }
}

/// How many CAs of the plan are above one.
fn depth(stem: &str, plan: &Plan) -> usize {
    let above = successors(plan.certificate(stem), |spec| spec.issuer_in(&plan.certificates));
    // A chain has an end, and names of files that lead in a circle are no chain.
    above.take(plan.certificates.len()).count()
}

/// Decides which files are written: each CA's own, and that of all.
fn file(plan: &mut Plan, state: &State) {
    if plan.lists.is_empty() {
        return;
    }
    for list in &plan.lists {
        let file = list_file(&list.of);
        let Some(place) = list.kept else { continue };
        let is_there = state.list_files.get(&file).is_some_and(|held| *held == [place]);
        // That of a CA without a key here came under a name that somebody else gave it.
        let is_filed = state.list_files.values().any(|held| held.contains(&place));
        if is_there || (is_filed && state.key(&list.of).is_none()) {
            plan.kept_files.insert(file);
        }
    }
    let is_own = |list: &&ListSpec| plan.certificate(&list.of).is_some();
    let (own, strange): (Vec<&ListSpec>, Vec<&ListSpec>) = plan.lists.iter().partition(is_own);
    // As in the file of the certificates: the root last. Whichever verb planned them in whichever order.
    let mut own = own;
    own.sort_by_cached_key(|list| {
        (Reverse(depth(&list.of, plan)), rotated_stem(&list.of).is_some(), &list.of)
    });
    let ordered: Vec<&ListSpec> = own.into_iter().chain(strange).collect();
    let sorted = |mut places: Vec<usize>| {
        places.sort_unstable();
        places
    };
    let places: Option<Vec<usize>> = ordered.iter().map(|list| list.kept).collect();
    let on_disk = state.list_files.get(LISTS_FILE).cloned().map(sorted);
    // In another order it says the same.
    if places.is_some_and(|places| on_disk == Some(sorted(places))) {
        plan.kept_files.insert(LISTS_FILE.to_owned());
    }
    let lists = ordered.iter().map(|list| list.of.clone()).collect();
    plan.list_bundles.push(ListsSpec { file: LISTS_FILE.to_owned(), lists });
}
