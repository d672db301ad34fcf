//! How far the rotation of a CA is: its files say so, and there is no other state.

use super::error::RotateError;
use crate::pg::{certificate_file, next_stem, previous_stem, rotated_stem};
use crate::state::State;
use serde::Serialize;
use std::collections::BTreeSet;

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationPhase {
    /// There is none.
    None,
    /// `X.next` is there, and trusted beside `X`, which signs as before.
    Added,
    /// `X.prev` is still trusted, and `X` is what was `X.next`.
    Switched,
}

/// How far the rotation of the CA of a stem is.
///
/// The directory of CA keys has the say: where a run was killed between its commits, or another directory under the same
/// CA has gone ahead, this one follows.
pub(super) fn phase(stem: &str, state: &State) -> Result<RotationPhase, RotateError> {
    let (next, previous) = (certificate_file(&next_stem(stem)), certificate_file(&previous_stem(stem)));
    let has = |names: &BTreeSet<String>| (names.contains(&next), names.contains(&previous));
    match (has(state.holdings(true)), has(&state.occupied)) {
        ((true, true), _) => Err(RotateError::Both {
            next: state.shown_pair(true, &next),
            previous: state.shown_pair(true, &previous),
        }),
        ((true, false), _) | ((false, false), (true, false)) => Ok(RotationPhase::Added),
        ((false, true), _) | ((false, false), (_, true)) => Ok(RotationPhase::Switched),
        ((false, false), (false, false)) => Ok(RotationPhase::None),
    }
}

/// Another CA of the directory whose rotation is under way.
pub(super) fn other_half_way(stem: &str, state: &State) -> Option<String> {
    let names = state.holdings(true).iter().chain(&state.occupied);
    let stems = names.filter_map(|name| rotated_stem(name.strip_suffix(".crt")?));
    let is_rotated = |other: &&str| {
        let companions = [next_stem(other), previous_stem(other)];
        let is_ca = |stem: &str| state.certificate(stem).is_some_and(|it| it.ca == Some(true));
        *other != stem && is_ca(other) && companions.iter().any(|companion| is_ca(companion))
    };
    let mut others = stems.filter(is_rotated);
    others.next().map(str::to_owned)
}
