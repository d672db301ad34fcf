//! Whether each CA stands in the directory with one certificate alone: a phase changes the files in which that is, and
//! leaves out those that have another one.

use super::error::RotateError;
use super::footing::placed;
use crate::pg::certificate_file;
use crate::plan::authorities::{Authority, age, is_same_ca, standing_for};
use crate::state::State;
use crate::x509::Certificate;

/// Refuses another certificate of a CA that has a file here, such as the one from before its renewal: who trusts the CA by
/// that file would not get to know the one that comes, or go on with one that is put away.
pub(super) fn refuse(found: &[Authority<'_>], state: &State) -> Result<(), RotateError> {
    let standing =
        found.iter().filter(|ca| ca.elsewhere.is_none() && standing_for(ca, found, state).stem == ca.stem);
    for ca in standing {
        let Some((file, other)) = other_copy(ca, state) else { continue };
        let is_older = age(other) < age(ca.certificate);
        return Err(RotateError::OtherCopy {
            stem: ca.stem.clone(),
            own: state.shown_pair(true, &certificate_file(&ca.stem)),
            file,
            command: is_older.then(|| placed("renew", state)),
        });
    }
    Ok(())
}

/// The first file, as the user names it, with another certificate of a CA.
fn other_copy<'s>(ca: &Authority<'_>, state: &'s State) -> Option<(String, &'s Certificate)> {
    let is_other = |it: &&Certificate| is_same_ca(it, ca.certificate) && it.der != ca.certificate.der;
    let lags = || {
        let copy = state.stale.iter().find(is_other)?;
        Some((state.shown(&certificate_file(&ca.stem)), copy))
    };
    let in_files = state.certificates.iter().find_map(|(file, list)| {
        let copy = list.iter().find(is_other)?;
        Some((state.shown_pair(!state.occupied.contains(file), file), copy))
    });
    in_files.or_else(lags)
}
