//! `rotate`'s first step: a CA and how far its rotation is -> a plan for the next phase of it.
//!
//! | phase | files | who signs | peers trust |
//! |---|---|---|---|
//! | none | `X` | `X` | `X` |
//! | added | `X`, `X.next` | `X` | both |
//! | switched | `X.prev`, `X` (what was `X.next`) | the new `X` | both |
//! | none | `X` | `X` | `X` |
//!
//! Each step says what has to be so afterwards, and plans what of that is not so yet: it may be repeated, and goes on where
//! it was interrupted, or where another directory under the same CA has gone ahead.

mod add;
mod copies;
mod error;
mod follow;
mod footing;
mod generation;
mod leave;
mod needs;
mod phase;
mod status;
mod switch;

pub use error::RotateError;
pub use follow::following_command;
pub use needs::Need;
pub use phase::RotationPhase;
pub use status::{RotationStatus, rotation_status};

pub(super) use generation::without_generation;

use super::{Plan, authorities};
use crate::keys::KeyType;
use crate::state::State;
use crate::x509::{Lifetime, Name, serialize_instant};
use serde::Serialize;
use time::OffsetDateTime;

/// One phase of the rotation of a CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotateWish {
    /// The stem of the CA: `root`, `intermediate`.
    pub stem: String,
    /// The phase.
    pub step: RotationStep,
}

/// A phase, with what may be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationStep {
    /// Make the new CA, and trust it beside the old one.
    Add {
        /// How long it is to live; `None`: as long as the old one.
        lifetime: Option<Lifetime>,
        /// Its key; `None`: of the kind of the old one, where a CA may have that.
        key_type: Option<KeyType>,
    },
    /// Issue again under the new CA what hangs from the old one.
    Switch {
        /// Whether every peer is said to trust the new CA.
        is_distributed: bool,
    },
    /// Trust the old CA no more.
    Drop,
}

/// What a plan does to a CA and to those who trust it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RotationSpec {
    /// The stem of the CA.
    pub ca: String,
    /// How far the rotation was.
    pub before: RotationPhase,
    /// How far it is afterwards.
    pub after: RotationPhase,
    /// The CA that was there first.
    pub old: RotatedCa,
    /// The CA that comes after it; `None` where that is no more known than the old one.
    pub new: Option<RotatedCa>,
    /// The files of the directory that peers trust it by.
    pub trusted_by: Vec<String>,
    /// What is done to the files that the old one stands in; `None`: nothing.
    #[serde(skip)]
    pub succession: Option<Succession>,
    /// What hangs from the old CA and is left as it is, with the reason.
    pub left: Vec<Left>,
}

/// A CA that takes part in a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RotatedCa {
    /// The stem of its files afterwards.
    pub stem: String,
    /// Its serial number in hexadecimal digits; empty for one that is not made yet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// Who signed it, where it did not do so itself.
    #[serde(skip)]
    pub signer: Option<Name>,
    /// Whom it names.
    pub subject: Name,
    /// Its last second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_after: OffsetDateTime,
}

/// What becomes of the files that a CA stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The CA, as DER.
    pub old: Vec<u8>,
    /// The stem of the other.
    pub new: String,
    /// In files of CAs alone, which peers trust.
    pub trusted: Trusted,
    /// Whether the other takes its place behind what is issued again.
    pub follows: bool,
}

/// What becomes of a CA in the files that peers trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trusted {
    /// Both are in them, the new one behind the old one.
    Both,
    /// The old one is not, where the new one is.
    NewAlone,
}

/// A certificate that stays under the old CA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The file that it is in.
    pub file: String,
    /// Why.
    pub because: String,
}

/// Plans a phase. What is in the state is called by its new names when it returns.
///
/// # Errors
/// [`RotateError`]: no such CA, two certificates of one, a phase out of its turn, peers that are not said to trust the new CA, whoever needs the old
/// one still, and what a CA cannot sign.
pub fn rotate(wish: &RotateWish, state: &mut State, now: OffsetDateTime) -> Result<Plan, RotateError> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let found = authorities::of(state, None);
    footing::authority(&wish.stem, &found, state)?;
    copies::refuse(&found, state)?;
    match wish.step {
        RotationStep::Add { lifetime, key_type } => add::add(&wish.stem, lifetime, key_type, state, now),
        RotationStep::Switch { is_distributed } => switch::switch(&wish.stem, is_distributed, state, now),
        RotationStep::Drop => leave::leave(&wish.stem, state, now),
    }
}
