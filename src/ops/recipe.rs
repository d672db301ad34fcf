//! `gen --as-openssl`: a profile -> the script of openssl commands that makes the same directory.

use super::change::refuse_same_directory;
use super::generate::{GenerateRequest, arrangement, secrets};
use super::secret::Passphrase;
use crate::error::Error;
use crate::fs::is_within;
use crate::layout;
use crate::plan::{self, Existing};
use crate::recipe::{RecipePassphrase, RecipeTarget, script};
use crate::state::State;
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// Takes the decisions that [`generate`](super::generate) would take where nothing exists, and writes them down as a
/// script. Writes nothing; what exists already is found, and refused, by the script when it runs.
///
/// # Errors
/// [`Error::Recipe`] for a plan that openssl's commands cannot say; else those of a dry run.
pub fn as_openssl(request: &GenerateRequest, now: OffsetDateTime) -> Result<String, Error> {
    let arrangement = arrangement(request)?;
    // Only looked at, so that a file that gen would refuse is refused here.
    secrets(request.ca_passphrase.as_ref())?;
    refuse_same_directory(&request.directory, request.ca_directory.as_deref())?;
    let shown = |path: &std::path::Path| path.display().to_string();
    let empty = State {
        path: shown(&request.directory),
        ca_path: request.ca_directory.as_deref().map(shown).unwrap_or_default(),
        ca_occupied: request.ca_directory.as_ref().map(|_| BTreeSet::new()),
        ..State::default()
    };
    let plan = plan::build(&request.profile, &empty, Existing::Refuse, now)?;
    let outline = layout::outline(&plan, &arrangement);
    let target = RecipeTarget {
        source: request.profile.source.clone(),
        directory: request.directory.clone(),
        ca_directory: request.ca_directory.clone(),
        ca_passphrase: request.ca_passphrase.as_ref().map(|passphrase| match passphrase {
            Passphrase::File(path) => RecipePassphrase::File(path.clone()),
            Passphrase::Variable { name, .. } => RecipePassphrase::Variable(name),
        }),
        owner: arrangement.owner,
        directory_mode: arrangement.directory().0,
        ca_directory_inside: request
            .ca_directory
            .as_ref()
            .is_some_and(|inner| is_within(inner, &request.directory)),
    };
    Ok(script(&plan, &outline, &target)?)
}
