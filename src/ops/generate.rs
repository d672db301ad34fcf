//! `gen`: a profile -> a directory.

use super::ownership::{parse_key_mode, parse_owner};
use crate::error::{Error, RequestError};
use crate::fs::{
    Directory, DirectoryAttributes, EntryKind, FileSet, FsError, Mode, Reserved, Target, is_within,
    read_file, same_directory,
};
use crate::keys::KeySource;
use crate::layout::{self, Arrangement, Deployment, Found, Outline, Tree};
use crate::pki::{self, Secrets};
use crate::plan::{self, Existing, Plan};
use crate::profile::Profile;
use crate::state::State;
use crate::verify;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// A passphrase is a line; a file much longer than that is another file.
const PASSPHRASE_BYTES: usize = 64 << 10;
/// The directory of CA keys, and any other without an owner.
const PRIVATE: DirectoryAttributes = DirectoryAttributes { mode: Mode::DIRECTORY, gid: None };
/// OpenSSL reads a line of a passphrase file into 1,024 bytes, with a NUL at its end.
const OPENSSL_PASSPHRASE_BYTES: usize = 1023;
/// How often to start over where another run made the directory meanwhile; the second time it is there and locked.
const ATTEMPTS: u32 = 5;

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
    /// The file whose first line opens and closes CA keys.
    pub ca_passphrase_file: Option<PathBuf>,
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
            ca_passphrase_file: None,
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
    let secrets = secrets(request.ca_passphrase_file.as_deref())?;
    let run = Run { request, arrangement: &arrangement, secrets: &secrets, now, keys };
    if request.dry_run {
        return run.decide_only();
    }
    // Held until the end: a run that fails takes it away again.
    let outer = run.reserve_outer()?;
    let made = retried(|| run.make())?;
    let created = made.created || outer.is_some();
    Ok(Generated { created, ..made })
}

/// Starts over while another run makes the directory that this one meant to make.
pub(super) fn retried<T>(mut run: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut attempt = 1;
    loop {
        match run() {
            Err(Error::Fs(FsError::Appeared { .. })) if attempt < ATTEMPTS => attempt += 1,
            other => return other,
        }
    }
}

/// How files lie, as far as the flags say.
pub(super) fn arrangement(request: &GenerateRequest) -> Result<Arrangement, RequestError> {
    let owner = request.owner.as_deref().map(parse_owner).transpose()?;
    let key_mode = request.key_mode.as_deref().map(|text| parse_key_mode(text, owner)).transpose()?;
    Ok(Arrangement {
        separate_ca: request.ca_directory.is_some(),
        owner,
        key_mode,
        encrypted_ca: request.ca_passphrase_file.is_some(),
    })
}

/// The first line of the passphrase file, without its line feed: byte for byte what `openssl -passin file:` takes, so a
/// carriage return before it belongs to the passphrase there and here.
pub(super) fn secrets(file: Option<&Path>) -> Result<Secrets, Error> {
    let ca_passphrase = file.map(secret_line).transpose()?;
    Ok(Secrets { ca_passphrase })
}

/// The first line of a file with a passphrase.
pub(super) fn secret_line(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let text = read_file(path, PASSPHRASE_BYTES)?;
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // A lone carriage return is a blank line of Windows, not a passphrase.
    if line.is_empty() || line == b"\r" {
        return Err(RequestError::EmptyPassphrase { path: path.display().to_string() }.into());
    }
    if line.len() > OPENSSL_PASSPHRASE_BYTES || line.contains(&0) {
        return Err(RequestError::ForeignPassphrase { path: path.display().to_string() }.into());
    }
    Ok(Zeroizing::new(line.to_vec()))
}

/// One run over one request.
struct Run<'a> {
    request: &'a GenerateRequest,
    arrangement: &'a Arrangement,
    secrets: &'a Secrets,
    now: OffsetDateTime,
    keys: &'a dyn KeySource,
}

impl Run<'_> {
    fn decide_only(&self) -> Result<Generated, Error> {
        refuse_same_directory(self.request)?;
        let look = |path: &Path, wanted: &dyn Fn(&str) -> bool| -> Result<Found, Error> {
            match Directory::open(path)? {
                None => Ok(found(path, BTreeMap::new(), FileSet::default())),
                Some(directory) => {
                    let names = directory.names()?;
                    refuse_links(path, &names, wanted)?;
                    Ok(found(path, names, directory.read(wanted)?))
                }
            }
        };
        let ca_directory = self.request.ca_directory.as_deref();
        let ca_directory = ca_directory.map(|path| look(path, &|name| self.is_of_a_ca(name))).transpose()?;
        let directory = look(&self.request.directory, &|name| self.looks_at(name))?;
        let state = self.restore(&directory, ca_directory.as_ref())?;
        let (plan, outline) = self.decide(&state)?;
        pki::unlock(&plan, &state, self.secrets)?;
        Ok(self.generated(plan, outline, Directory::open(&self.request.directory)?.is_none()))
    }

    fn make(&self) -> Result<Generated, Error> {
        refuse_same_directory(self.request)?;
        let (ca_target, target) = match self.request.ca_directory.as_deref() {
            Some(ca_directory) => {
                let (ca_target, target) = Target::lock_both(ca_directory, &self.request.directory)?;
                (Some(ca_target), target)
            }
            None => (None, Target::lock(&self.request.directory)?),
        };
        let look = |target: &Target, wanted: &dyn Fn(&str) -> bool| -> Result<Found, Error> {
            Ok(found(target.path(), target.names()?, target.read(wanted)?))
        };
        let ca_directory =
            ca_target.as_ref().map(|target| look(target, &|name| self.is_of_a_ca(name))).transpose()?;
        let directory = look(&target, &|name| self.looks_at(name))?;
        let state = self.restore(&directory, ca_directory.as_ref())?;
        let (plan, outline) = self.decide(&state)?;
        if outline.files.is_empty() {
            return Ok(self.generated(plan, outline, false));
        }
        let issued = pki::issue(&plan, &state, self.keys, self.secrets)?;
        let filled = layout::fill(&outline, &issued)?;
        // Together with what stays, for a leaf is judged by the CA that it hangs from.
        let nothing = FileSet::default();
        let kept_ca = ca_directory.as_ref().map_or(&nothing, |found| &found.files);
        let judged = [kept_ca, &directory.files, &filled.ca_directory, &filled.directory];
        verify::gate(&judged, self.now)?;
        let staged_ca = match &ca_target {
            Some(target) if !filled.ca_directory.is_empty() => {
                Some(target.stage(&filled.ca_directory, PRIVATE)?)
            }
            _ => None,
        };
        let staged = match filled.directory.is_empty() {
            true => None,
            false => Some(target.stage(&filled.directory, attributes(self.arrangement))?),
        };
        let ca_commit = staged_ca.map(|staged| staged.commit_tentatively()).transpose()?;
        let receipt = staged.map(|staged| staged.commit()).transpose();
        // A new CA whose directory cannot be made after all goes again; what the next run finishes needs it.
        if let Some(ca_commit) =
            ca_commit.filter(|_| receipt.as_ref().err().is_none_or(FsError::left_something))
        {
            ca_commit.stay();
        }
        let receipt = receipt?;
        Ok(self.generated(plan, outline, receipt.is_some_and(|receipt| receipt.created)))
    }

    fn decide(&self, state: &State) -> Result<(Plan, Outline), Error> {
        let plan = plan::build(&self.request.profile, state, self.request.existing, self.now)?;
        let outline = layout::outline(&plan, self.arrangement);
        Ok((plan, outline))
    }

    fn generated(&self, plan: Plan, outline: Outline, created: bool) -> Generated {
        Generated {
            directory: self.request.directory.clone(),
            ca_directory: self.request.ca_directory.clone(),
            plan,
            outline,
            created,
            now: self.now,
        }
    }

    /// Which files of the directory are read. Where nothing may exist, its names say enough.
    fn looks_at(&self, name: &str) -> bool {
        self.request.existing != Existing::Refuse && self.concerns(name)
    }

    /// The files that the profile speaks of; anything else in a directory is none of our business.
    fn concerns(&self, name: &str) -> bool {
        let stem = name.strip_suffix(".crt").or_else(|| name.strip_suffix(".key"));
        stem.is_some_and(|stem| self.request.profile.certificate(stem).is_some())
            || self.request.profile.bundles.iter().any(|bundle| bundle.file == name)
    }

    /// The files that count in the directory of CA keys, which may be one with servers and clients of its own.
    fn is_of_a_ca(&self, name: &str) -> bool {
        let stem = name.strip_suffix(".crt").or_else(|| name.strip_suffix(".key"));
        let entry = stem.and_then(|stem| self.request.profile.certificate(stem));
        entry.is_some_and(|entry| entry.usage.is_ca())
    }

    /// Where one of the two directories lies in the other, the outer one is made first: each appears by a rename of its
    /// own, and neither as a mere parent with the modes of one. What can be refused is refused before.
    fn reserve_outer(&self) -> Result<Option<Reserved>, Error> {
        let directory = self.request.directory.as_path();
        let Some(ca_directory) = self.request.ca_directory.as_deref() else { return Ok(None) };
        let (outer, attributes) = if is_within(ca_directory, directory) {
            (directory, attributes(self.arrangement))
        } else if is_within(directory, ca_directory) {
            (ca_directory, PRIVATE)
        } else {
            return Ok(None);
        };
        self.decide_only()?;
        Ok(Reserved::make(outer, attributes)?)
    }

    fn restore(&self, directory: &Found, ca_directory: Option<&Found>) -> Result<State, Error> {
        let (state, problems) = layout::restore(directory, ca_directory);
        problems.into_iter().next().map_or(Ok(state), |problem| Err(problem.into()))
    }
}

/// What a new directory is given, as `layout` has it.
pub(super) fn attributes(arrangement: &Arrangement) -> DirectoryAttributes {
    let (mode, gid) = arrangement.directory();
    DirectoryAttributes { mode, gid }
}

/// CA keys in a directory of their own are apart from what is shipped.
pub(super) fn refuse_same_directory(request: &GenerateRequest) -> Result<(), Error> {
    match &request.ca_directory {
        Some(ca_directory) if same_directory(ca_directory, &request.directory) => {
            Err(RequestError::SameDirectory { path: ca_directory.display().to_string() }.into())
        }
        _ => Ok(()),
    }
}

/// A look follows links where a writer refuses them.
fn refuse_links(
    path: &Path,
    names: &BTreeMap<String, EntryKind>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<(), FsError> {
    match names.iter().find(|(name, kind)| **kind == EntryKind::Symlink && wanted(name)) {
        Some((name, _)) => Err(FsError::Symlink { path: path.join(name) }),
        None => Ok(()),
    }
}

fn found(path: &Path, names: BTreeMap<String, EntryKind>, files: FileSet) -> Found {
    Found { path: path.display().to_string(), names: names.into_keys().collect(), files }
}
