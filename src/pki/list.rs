//! The revocation lists of a plan: who is revoked, by what is known of it, signed by each CA's key.

use super::IssueError;
use super::certificate::Issuer;
use crate::index::{Index, all_revoked};
use crate::plan::{ListSpec, Plan, RevocationSpec};
use crate::state::State;
use crate::x509::{ListFields, Revocation, RevocationList, encode_list, serial_order};
use std::collections::BTreeMap;

/// Whether a list of that CA is made.
pub(super) fn is_made(plan: &Plan, stem: &str) -> bool {
    plan.lists.iter().any(|list| list.kept.is_none() && list.of == stem)
}

/// The DER of every list of a plan, by whose it is. `indexes` are those that the plan leaves behind.
pub(super) fn make(
    plan: &Plan,
    state: &State,
    indexes: &BTreeMap<String, Index>,
    issuers: &BTreeMap<&str, Issuer>,
) -> Result<BTreeMap<String, Vec<u8>>, IssueError> {
    let mut made = BTreeMap::new();
    for spec in &plan.lists {
        let no_issuer = || IssueError::NoIssuer { certificate: spec.of.clone() };
        let der = match spec.kept {
            Some(place) => state.lists.get(place).ok_or_else(no_issuer)?.der.clone(),
            None => {
                let issuer = issuers.get(spec.of.as_str()).ok_or_else(no_issuer)?;
                sign(spec, plan, state, indexes, issuer)?
            }
        };
        made.insert(spec.of.clone(), der);
    }
    Ok(made)
}

fn sign(
    spec: &ListSpec,
    plan: &Plan,
    state: &State,
    indexes: &BTreeMap<String, Index>,
    issuer: &Issuer,
) -> Result<Vec<u8>, IssueError> {
    let lists: Vec<&RevocationList> = spec.earlier.iter().filter_map(|at| state.lists.get(*at)).collect();
    let index = indexes.get(&spec.of).or_else(|| state.indexes.get(&spec.of));
    // In an index OpenSSL has no word for two of the reasons.
    let mut own: Vec<&RevocationSpec> =
        plan.revocations.iter().filter(|own| own.of == spec.of && own.reason.is_some()).collect();
    own.sort_by(|one, other| serial_order(&one.serial, &other.serial));
    let revoked = all_revoked(index, &lists).map(|part| part.map(|entry| told(entry, &own)));
    let fields = ListFields {
        issuer: &issuer.name,
        this_update: spec.this_update,
        next_update: spec.next_update.unwrap_or(spec.this_update),
        number: spec.number.as_deref().unwrap_or_default(),
        authority_key_identifier: &issuer.key_identifier,
        room: index.map_or(0, |index| index.lines().len()),
    };
    encode_list(&fields, revoked, issuer).map_err(|error| error.of(&spec.of))
}

/// An entry with the reason that the plan gives it. `own` are the plan's, by serial number.
fn told<'a>(entry: Revocation<'a>, own: &[&RevocationSpec]) -> Revocation<'a> {
    let place = own.binary_search_by(|own| serial_order(&own.serial, entry.serial));
    let own = place.ok().and_then(|place| own.get(place)).filter(|own| own.at == entry.instant);
    Revocation { reason: own.map_or(entry.reason, |own| own.reason), ..entry }
}
