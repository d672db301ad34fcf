//! How far a rotation is, and what keeps it from going on.

use super::error::RotateError;
use super::{Need, RotatedCa, RotationPhase, footing, needs, phase};
use crate::pg::{next_stem, previous_stem};
use crate::state::State;
use serde::Serialize;
use time::OffsetDateTime;

/// A rotation as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RotationStatus {
    /// The stem of the CA.
    pub ca: String,
    /// How far it is.
    pub phase: RotationPhase,
    /// The CA that signs.
    pub signs: RotatedCa,
    /// The one that is trusted beside it.
    pub beside: Option<RotatedCa>,
    /// Who needs the CA that was there before; of a rotation that has been switched.
    pub needs: Vec<Need>,
}

/// Tells how far the rotation of a CA is.
///
/// # Errors
/// [`RotateError::NoSuchCa`], [`RotateError::Both`].
pub fn rotation_status(
    stem: &str,
    state: &State,
    now: OffsetDateTime,
) -> Result<RotationStatus, RotateError> {
    let own = footing::certificate(stem, state)?;
    let phase = phase::phase(stem, state)?;
    let other = match phase {
        RotationPhase::None => None,
        RotationPhase::Added => Some(next_stem(stem)),
        RotationPhase::Switched => Some(previous_stem(stem)),
    };
    Ok(RotationStatus {
        ca: stem.to_owned(),
        phase,
        signs: footing::told(stem, own),
        beside: other.and_then(|other| Some(footing::told(&other, state.certificate(&other)?))),
        needs: match phase {
            RotationPhase::Switched => needs::of(stem, state, now),
            RotationPhase::None | RotationPhase::Added => Vec::new(),
        },
    })
}
