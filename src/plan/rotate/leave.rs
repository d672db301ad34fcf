//! `drop`: the old CA goes out of everything that peers trust, once nothing needs it. What there is of it is put away, not
//! destroyed.

use super::error::RotateError;
use super::footing::{self, authority, require_key, told};
use super::{RotationPhase, RotationSpec, Succession, Trusted, generation, needs, phase};
use crate::fs::set::revoked_file;
use crate::index::{attributes_file, index_file};
use crate::pg::{certificate_file, key_file, list_file, previous_stem};
use crate::plan::{Plan, Which, authorities, refresh};
use crate::state::State;
use crate::x509::{Certificate, format_serial, significant};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

pub(super) fn leave(stem: &str, state: &State, now: OffsetDateTime) -> Result<Plan, RotateError> {
    let found = authorities::of(state, None);
    let own = authority(stem, &found, state)?;
    let before = phase::phase(stem, state)?;
    let rotation = |old, trusted_by, succession| RotationSpec {
        ca: stem.to_owned(),
        before,
        after: RotationPhase::None,
        old,
        new: Some(told(stem, own.certificate)),
        trusted_by,
        succession,
        left: Vec::new(),
    };
    match before {
        RotationPhase::Added => {
            return Err(RotateError::NotSwitched {
                stem: stem.to_owned(),
                // Which says what has to be copied first.
                command: footing::command(stem, "switch", state),
            });
        }
        RotationPhase::None if was_dropped(stem, own.certificate, state) => {
            let done = rotation(told(stem, own.certificate), Vec::new(), None);
            return Ok(footing::plan(footing::kept([own], &found), &found, done, state));
        }
        RotationPhase::None => {
            return Err(RotateError::NotBegun {
                stem: stem.to_owned(),
                command: footing::command(stem, "add", state),
            });
        }
        RotationPhase::Switched => {}
    }
    require_key(stem, state)?;
    let needs = needs::of(stem, state, now);
    let old = authority(&previous_stem(stem), &found, state)?;
    if !needs.is_empty() {
        let previous = state.shown_pair(true, &certificate_file(&old.stem));
        return Err(RotateError::StillNeeded {
            command: footing::command(stem, "switch", state),
            previous,
            needs,
        });
    }
    let succession = Succession {
        old: old.certificate.der.clone(),
        new: stem.to_owned(),
        trusted: Trusted::NewAlone,
        follows: false,
    };
    let trusted_by = footing::trusting(old.certificate, &found, state);
    let rotation = rotation(told(&old.stem, old.certificate), trusted_by, Some(succession));
    let mut plan = footing::plan(footing::kept([own], &found), &found, rotation, state);
    put_away(&mut plan, stem, old.certificate, state);
    refresh(&mut plan, state, Which::InUse, None, now)?;
    Ok(plan)
}

/// Whether another CA of that name was put away before this one, whose name says that it came after another.
fn was_dropped(stem: &str, own: &Certificate, state: &State) -> bool {
    let (start, end) = (format!("{stem}-"), certificate_file(""));
    let mut away = state.revoked.iter();
    generation::generation(&own.subject) > 1
        && away.any(|name| name.starts_with(&start) && name.ends_with(&end))
}

/// What there is of the old CA goes into the folder of what is accepted no more, beside the keys; of copies nothing stays.
fn put_away(plan: &mut Plan, stem: &str, old: &Certificate, state: &State) {
    let previous = previous_stem(stem);
    let serial = format_serial(significant(&old.serial));
    let files = [certificate_file, key_file, index_file, list_file];
    let moves = |there: &BTreeSet<String>| -> BTreeMap<String, String> {
        let names = files.map(|file| (file(&previous), revoked_file(&file(stem), &serial)));
        names.into_iter().filter(|(from, _)| there.contains(from)).map(|(from, to)| (to, from)).collect()
    };
    let all = || files.map(|file| file(&previous)).into_iter().chain([attributes_file(&previous)]);
    let goes = |there: &BTreeSet<String>| all().filter(|file| there.contains(file)).collect::<Vec<_>>();
    match &state.ca_occupied {
        None => plan.moved_files = moves(&state.occupied),
        Some(there) => {
            plan.moved_ca_files = moves(there);
            plan.removed_ca_files.extend(goes(there));
        }
    }
    plan.removed_files.extend(goes(&state.occupied));
    // Here or not: by this it is told that it counts no more.
    plan.removed_files.insert(certificate_file(&previous));
}
