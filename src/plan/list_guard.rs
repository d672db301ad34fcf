//! What keeps lists from being written over: something in a file of theirs that nobody could say afterwards.

use super::{ListsError, Plan, authorities};
use crate::index::index_file;
use crate::pg::list_file;
use crate::state::State;
use crate::x509::{Certificate, Name};
use std::collections::BTreeSet;

/// Refuses a plan that writes over a file of lists with something in it that cannot be read, or with a list under the name
/// of one of these CAs that another key signed. `held` are the places of those that are theirs.
pub(super) fn refuse_loss(
    plan: &Plan,
    state: &State,
    cas: &[&Name],
    held: &[usize],
) -> Result<(), ListsError> {
    let (own, of_ca) = written(plan);
    let is_written = |name: &String| own.contains(name) || of_ca.contains(name);
    if let Some(damaged) = state.damaged_lists.iter().find(|damaged| is_written(&damaged.name)) {
        let (path, problem) = (damaged.path.clone(), damaged.problem.clone());
        return Err(ListsError::Unreadable { path, problem });
    }
    let sides = [(&state.list_files, &own, false), (&state.ca_list_files, &of_ca, true)];
    for (files, written, ca) in sides {
        for (name, places) in files.iter().filter(|(name, _)| written.contains(*name)) {
            let strange = places.iter().filter(|place| !held.contains(place));
            let mut lists = strange.filter_map(|place| state.lists.get(*place));
            if let Some(list) = lists.find(|list| cas.contains(&&list.issuer)) {
                let path = state.shown_pair(ca, name);
                return Err(ListsError::OtherKey { path, issuer: list.issuer.to_string() });
            }
        }
    }
    Ok(())
}

/// Refuses to go on beside an index that is not read, for it has no CA's name: who is revoked stands there alone. One whose
/// lines are all in those that are read is a copy.
pub(super) fn refuse_nameless_index(state: &State) -> Result<(), ListsError> {
    let Some((path, index)) = &state.nameless_index else { return Ok(()) };
    let is_known = |serial: &[u8]| state.indexes.values().any(|index| index.line_of(serial).is_some());
    if index.lines().iter().all(|line| is_known(&line.serial)) {
        return Ok(());
    }
    let found = authorities::of(state, None);
    let lacking: Vec<_> = found
        .iter()
        .filter(|ca| state.key(&ca.stem).is_some() && !state.indexes.contains_key(&ca.stem))
        .collect();
    let is_listed = |it: &&Certificate| index.line_of(&it.serial).is_some();
    let its_own = lacking.iter().find(|ca| state.issued_by(&ca.stem).iter().any(is_listed));
    match its_own.or(lacking.first()) {
        Some(ca) => {
            let wanted = state.shown_pair(true, &index_file(&ca.stem));
            Err(ListsError::NamelessIndex { path: path.clone(), wanted })
        }
        None => Ok(()),
    }
}

/// The files of lists that a plan writes: in the directory, and beside the keys of CAs.
fn written(plan: &Plan) -> (BTreeSet<String>, BTreeSet<String>) {
    let lists = plan
        .lists
        .iter()
        .filter(|list| plan.certificate(&list.of).is_some() && !plan.elsewhere.contains_key(&list.of));
    let of_ca = lists.clone().filter(|list| list.kept.is_none()).map(|list| list_file(&list.of)).collect();
    let bundles = plan.list_bundles.iter().map(|bundle| bundle.file.clone());
    let all = lists.map(|list| list_file(&list.of)).chain(bundles);
    (all.filter(|file| !plan.kept_files.contains(file)).collect(), of_ca)
}
