//! Keys of CAs that do not open: what goes on without them is planned anew, as where they are away.

use super::change::Decide;
use crate::error::Error;
use crate::pg::key_file;
use crate::pki::{self, IssueError, Secrets};
use crate::plan::{ListsError, Plan, PlanError, RevokeError, RotateError};
use crate::state::{State, UnusableKey};
use std::collections::BTreeMap;

/// The plan of a verb, with the keys that it needs open in the state. Of a verb that goes on with what is there a key that
/// does not open stops what needs it alone; `again` reads the state anew, as it was before the verb planned.
pub(super) fn plan(
    verb: &dyn Decide,
    state: &mut State,
    secrets: &Secrets,
    again: &dyn Fn() -> Result<State, Error>,
) -> Result<Plan, Error> {
    let mut plan = verb.plan(state)?;
    if !verb.goes_on() {
        return Ok(plan);
    }
    let mut closed = BTreeMap::new();
    while let Err(error) = pki::open(&plan, state, secrets) {
        let IssueError::CaKey { certificate, source } = &error else { return Err(error.into()) };
        let unusable = UnusableKey::new(source);
        let is_away = state.key(certificate).is_none();
        if is_away || closed.insert(on_disk(&key_file(certificate), &plan), unusable).is_some() {
            return Err(error.into());
        }
        *state = again()?;
        state.unusable_keys.extend(closed.clone());
        plan = match verb.plan(state) {
            Err(other) if !is_of_lists(&other) => return Err(error.into()),
            planned => planned?,
        };
    }
    Ok(plan)
}

/// The name of a file before the plan gives it another.
fn on_disk(file: &str, plan: &Plan) -> String {
    let from = plan.moved_files.get(file).or_else(|| plan.moved_ca_files.get(file));
    from.map_or(file, String::as_str).to_owned()
}

/// Whether it says which list the key is needed for.
fn is_of_lists(error: &Error) -> bool {
    let (Error::Plan(plan) | Error::Revoke(RevokeError::Plan(plan)) | Error::Rotate(RotateError::Plan(plan))) =
        error
    else {
        return false;
    };
    matches!(plan, PlanError::Lists(ListsError::KeyUnusable { .. }))
}
