//! `rotate`: a new CA in the place of an old one, in phases between which peers are given what they need.

use super::change::{Change, Changed, Decide};
use super::inspect::directory_or_default;
use super::issue::counts;
use super::secret::Passphrase;
use super::stray::Strays;
use crate::error::{Error, RequestError};
use crate::fs::Directory;
use crate::index::{ATTRIBUTES_SUFFIX, INDEX_SUFFIX};
use crate::keys::KeySource;
use crate::layout::{Arrangement, Outline};
use crate::pg::{certificate_file, previous_stem};
use crate::pki::{self, Secrets};
use crate::plan::{self, Plan, RotateWish, RotationSpec, RotationStatus, RotationStep};
use crate::state::{State, StateError};
use std::path::PathBuf;
use time::OffsetDateTime;

/// Where a CA lies that is rotated, and what it signed.
#[derive(Debug, Clone)]
pub struct RotatePlace {
    /// The directory of what it signed, and of what peers trust.
    pub directory: PathBuf,
    /// Where its key lies, where that is another directory.
    pub ca_directory: Option<PathBuf>,
    /// What opens the keys of CAs, and closes a new one.
    pub ca_passphrase: Option<Passphrase>,
}

/// What `rotate` is asked for.
#[derive(Debug, Clone)]
pub struct RotateRequest {
    /// The CA and the phase.
    pub wish: RotateWish,
    /// Where.
    pub place: RotatePlace,
    /// Decide everything, make nothing.
    pub dry_run: bool,
}

/// A phase of a rotation, done or only planned.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// The directory, as asked for.
    pub directory: PathBuf,
    /// That of the keys of CAs.
    pub ca_directory: Option<PathBuf>,
    /// What the phase is to the CA and to those who trust it.
    pub rotation: RotationSpec,
    /// Every decision.
    pub plan: Plan,
    /// The files that were (or would be) written.
    pub outline: Outline,
}

impl Rotated {
    /// Whether there was nothing left to do.
    #[must_use]
    pub fn is_done_already(&self) -> bool {
        self.outline.files.is_empty()
            && self.plan.removed_files.is_empty()
            && self.plan.removed_ca_files.is_empty()
    }
}

/// Does a phase of a rotation.
///
/// # Errors
/// [`Error`]: nothing on disk was changed.
pub fn rotate(request: &RotateRequest, now: OffsetDateTime, keys: &dyn KeySource) -> Result<Rotated, Error> {
    let RotateRequest { wish, place, dry_run } = request;
    let (arrangement, secrets) = place.prepared()?;
    let verb = Verb { wish, secrets: &secrets, now, strays: Strays::default() };
    let change = place.change(&arrangement, &secrets, &verb, now, keys);
    let Changed { plan, outline, .. } = if *dry_run { change.decide_only()? } else { change.run()? };
    let Some(rotation) = plan.rotation.clone() else {
        return Err(RequestError::NoDirectory { path: place.directory.display().to_string() }.into());
    };
    Ok(Rotated {
        directory: place.directory.clone(),
        ca_directory: place.ca_directory.clone(),
        rotation,
        plan,
        outline,
    })
}

/// Tells how far the rotation of the CA of a stem is. Nothing is written, and no lock taken.
///
/// # Errors
/// [`Error`]
pub fn rotation_status(
    stem: &str,
    place: &RotatePlace,
    now: OffsetDateTime,
    keys: &dyn KeySource,
) -> Result<RotationStatus, Error> {
    let (arrangement, secrets) = place.prepared()?;
    let wish = RotateWish { stem: stem.to_owned(), step: RotationStep::Drop };
    let verb = Verb { wish: &wish, secrets: &secrets, now, strays: Strays::default() };
    let (state, ..) = place.change(&arrangement, &secrets, &verb, now, keys).look()?;
    Ok(plan::rotation_status(stem, &state, now)?)
}

impl RotatePlace {
    /// The directory that is meant where none is named: `pki`, or this one where there is none.
    #[must_use]
    pub fn usual_directory() -> PathBuf {
        directory_or_default(None).map_or_else(|_| "pki".into(), |(path, _)| path.to_path_buf())
    }

    fn prepared(&self) -> Result<(Arrangement, Secrets), Error> {
        if Directory::open(&self.directory)?.is_none() {
            return Err(RequestError::NoDirectory { path: self.directory.display().to_string() }.into());
        }
        let ca_passphrase = self.ca_passphrase.as_ref().map(Passphrase::read).transpose()?;
        let arrangement = Arrangement {
            separate_ca: self.ca_directory.is_some(),
            encrypted_ca: ca_passphrase.is_some(),
            ..Arrangement::default()
        };
        Ok((arrangement, Secrets { ca_passphrase, ..Secrets::default() }))
    }

    fn change<'a>(
        &'a self,
        arrangement: &'a Arrangement,
        secrets: &'a Secrets,
        verb: &'a Verb<'a>,
        now: OffsetDateTime,
        keys: &'a dyn KeySource,
    ) -> Change<'a> {
        let (directory, ca_directory) = (self.directory.as_path(), self.ca_directory.as_deref());
        Change { directory, ca_directory, arrangement, secrets, now, keys, verb }
    }
}

/// `rotate`'s own part.
struct Verb<'a> {
    wish: &'a RotateWish,
    secrets: &'a Secrets,
    now: OffsetDateTime,
    strays: Strays,
}

impl Decide for Verb<'_> {
    fn reads(&self, name: &str) -> bool {
        counts(name)
    }

    fn reads_of_ca(&self, name: &str) -> bool {
        name.ends_with(INDEX_SUFFIX) || name.ends_with(ATTRIBUTES_SUFFIX)
    }

    fn reads_beside_ca(&self, name: &str) -> bool {
        counts(name)
    }

    /// What needs a key that cannot be read says so; and a copy of the CA may lag behind the one with the key.
    fn forgives(&self, problem: &StateError, state: &State) -> bool {
        match problem {
            StateError::Key { .. } | StateError::Closed { .. } => true,
            StateError::OtherCa { path, follow, .. } => {
                let before = state.certificate(&previous_stem(&self.wish.stem));
                let is_own = state.shown(&certificate_file(&self.wish.stem)) == *path;
                let is_dropped = matches!(self.wish.step, RotationStep::Switch { .. }) && follow.is_some();
                is_own && (is_dropped || before.is_some_and(|before| state.stale.contains(before)))
            }
            // Neither PostgreSQL nor libpq trusts anybody by it; by one that is damaged somebody may.
            StateError::Der { .. } | StateError::Empty { .. } => self.strays.forgive(problem, state),
            _ => false,
        }
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn plan(&self, state: &mut State) -> Result<Plan, Error> {
        let mut plan = plan::rotate(self.wish, state, self.now)?;
        self.strays.tell(&mut plan);
        if let RotationStep::Add { .. } = self.wish.step {
            // The new key is closed as the old one is, which may sign nothing here.
            pki::unlock_ca(&plan, &self.wish.stem, state, self.secrets)?;
        }
        Ok(plan)
    }
}
