//! `gen`: a profile -> a directory.

use super::change::{Change, Changed, Decide};
use super::ownership::{parse_key_mode, parse_owner};
use super::secret::Passphrase;
use crate::error::{Error, RequestError};
use crate::index::{ATTRIBUTES_SUFFIX, INDEX_SUFFIX};
use crate::keys::KeySource;
use crate::layout::{self, Arrangement, Deployment, Outline, Tree};
use crate::pg::rotated_stem;
use crate::pki::Secrets;
use crate::plan::{self, Existing, Plan};
use crate::profile::{CertificateEntry, Profile};
use crate::state::State;
use std::path::PathBuf;
use std::sync::Arc;
use time::OffsetDateTime;

/// What `gen` is asked for.
#[derive(Debug, Clone)]
pub struct GenerateRequest {
    /// The profile, with what the user said laid over it; shared, for whoever makes many directories of one.
    pub profile: Arc<Profile>,
    /// Where the files go.
    pub directory: PathBuf,
    /// Where CA keys go, where that is another directory.
    pub ca_directory: Option<PathBuf>,
    /// What to do where files exist.
    pub existing: Existing,
    /// What opens and closes CA keys.
    pub ca_passphrase: Option<Passphrase>,
    /// `USER[:GROUP]` of end-entity keys and certificates.
    pub owner: Option<String>,
    /// Octal mode of end-entity keys.
    pub key_mode: Option<String>,
    /// Decide everything, make nothing.
    pub dry_run: bool,
}

impl GenerateRequest {
    /// A request for a new directory, in which nothing may exist yet; the caller's own files, unencrypted CA keys.
    #[must_use]
    pub fn new(profile: impl Into<Arc<Profile>>, directory: impl Into<PathBuf>) -> Self {
        Self {
            profile: profile.into(),
            directory: directory.into(),
            ca_directory: None,
            existing: Existing::Refuse,
            ca_passphrase: None,
            owner: None,
            key_mode: None,
            dry_run: false,
        }
    }
}

/// What `gen` decided, and made unless it was asked only to decide.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The directory, as asked for.
    pub directory: PathBuf,
    /// The CA's directory.
    pub ca_directory: Option<PathBuf>,
    /// Every decision.
    pub plan: Plan,
    /// The files that were (or would be) written.
    pub outline: Outline,
    /// Whether the directory is new.
    pub created: bool,
    /// When this was decided.
    pub now: OffsetDateTime,
}

impl Generated {
    /// Who signed whom.
    #[must_use]
    pub fn tree(&self) -> Tree {
        Tree::of_plan(&self.plan)
    }

    /// Who needs which file.
    #[must_use]
    pub fn deployment(&self) -> Deployment {
        layout::deployment(&self.plan)
    }
}

/// Makes a directory.
///
/// # Errors
/// [`Error`]: nothing on disk was changed.
pub fn generate(
    request: &GenerateRequest,
    now: OffsetDateTime,
    keys: &dyn KeySource,
) -> Result<Generated, Error> {
    let arrangement = arrangement(request)?;
    let secrets = secrets(request.ca_passphrase.as_ref())?;
    let change = Change {
        directory: &request.directory,
        ca_directory: request.ca_directory.as_deref(),
        arrangement: &arrangement,
        secrets: &secrets,
        now,
        keys,
        verb: &Profiled { request, now },
    };
    let Changed { plan, outline, created, .. } =
        if request.dry_run { change.decide_only()? } else { change.run()? };
    Ok(Generated {
        directory: request.directory.clone(),
        ca_directory: request.ca_directory.clone(),
        plan,
        outline,
        created,
        now,
    })
}

/// How files lie, as far as the flags say.
pub(super) fn arrangement(request: &GenerateRequest) -> Result<Arrangement, RequestError> {
    let owner = request.owner.as_deref().map(parse_owner).transpose()?;
    let key_mode = request.key_mode.as_deref().map(|text| parse_key_mode(text, owner)).transpose()?;
    Ok(Arrangement {
        separate_ca: request.ca_directory.is_some(),
        owner,
        key_mode,
        encrypted_ca: request.ca_passphrase.is_some(),
        encrypted_keys: false,
    })
}

/// What opens and closes the keys of CAs.
pub(super) fn secrets(of_cas: Option<&Passphrase>) -> Result<Secrets, Error> {
    Ok(Secrets { ca_passphrase: of_cas.map(Passphrase::read).transpose()?, ..Secrets::default() })
}

/// `gen`'s own part: the profile says what is read and planned.
struct Profiled<'a> {
    request: &'a GenerateRequest,
    now: OffsetDateTime,
}

impl Decide for Profiled<'_> {
    /// The files that the profile speaks of; anything else in a directory is none of our business. Where nothing may
    /// exist, its names say enough.
    fn reads(&self, name: &str) -> bool {
        let profile = &self.request.profile;
        let is_meant = entry_of(profile, name).is_some()
            || profile.bundles.iter().any(|it| it.file == name)
            || is_beside_ca(profile, name);
        self.request.existing != Existing::Refuse && is_meant
    }

    /// A directory of CA keys may be one with servers and clients of its own.
    fn reads_of_ca(&self, name: &str) -> bool {
        let profile = &self.request.profile;
        entry_of(profile, name).is_some_and(|entry| entry.usage.is_ca()) || is_beside_ca(profile, name)
    }

    /// What a CA signed for others, for its index.
    fn reads_beside_ca(&self, name: &str) -> bool {
        name.ends_with(".crt")
    }

    fn plan(&self, state: &mut State) -> Result<Plan, Error> {
        Ok(plan::build(&self.request.profile, state, self.request.existing, self.now)?)
    }
}

/// Whether it is the certificate of a CA that takes the place of another, or gave its own to it.
fn is_beside_ca(profile: &Profile, file: &str) -> bool {
    let own = file.strip_suffix(".crt").and_then(rotated_stem);
    own.and_then(|own| profile.certificate(own)).is_some_and(|entry| entry.usage.is_ca())
}

/// The entry whose certificate, key or index a file is, or the attributes of that.
fn entry_of<'p>(profile: &'p Profile, file: &str) -> Option<&'p CertificateEntry> {
    let endings = [".crt", ".key", INDEX_SUFFIX, ATTRIBUTES_SUFFIX];
    let stem = endings.iter().find_map(|ending| file.strip_suffix(ending))?;
    profile.certificate(stem)
}
