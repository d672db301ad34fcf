//! `issue` and `sign`: more certificates under the CA of a directory.

use super::change::{Change, Changed, Decide};
use super::generate::Generated;
use super::ownership::{parse_key_mode, parse_owner};
use super::secret::{Passphrase, secret_line};
use super::stray::Strays;
use crate::error::{Error, RequestError};
use crate::fs::{Directory, read_file, same_directory};
use crate::index::{ATTRIBUTES_SUFFIX, INDEX_SUFFIX, OPENSSL_INDEX_FILE, attributes_file, index_file};
use crate::keys::{KeySource, StoredKey};
use crate::layout::{self, Arrangement};
use crate::pg::{certificate_file, key_file};
use crate::pki::Secrets;
use crate::plan::{self, Plan, SignWish, Wish};
use crate::state::{State, StateError};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// A certificate or key file is small; this is far above any bundle of CAs.
const CA_FILE_BYTES: usize = 1 << 20;

/// Which CA signs, and where what it signs goes.
#[derive(Debug, Clone)]
pub struct CaRequest {
    /// The directory that the files go into.
    pub directory: PathBuf,
    /// Where the CA's key lies, where that is another directory.
    pub ca_directory: Option<PathBuf>,
    /// The CA, where it is to be no other than this one.
    pub ca: Option<CaFiles>,
    /// What opens the CA's key.
    pub ca_passphrase: Option<Passphrase>,
    /// `USER[:GROUP]` of the new files.
    pub owner: Option<String>,
    /// Decide everything, make nothing.
    pub dry_run: bool,
}

impl CaRequest {
    /// Where the CA lies, if not beside what it is to issue: its index is kept there.
    pub(super) fn place_of_ca(&self) -> Option<PathBuf> {
        let Self { directory, ca_directory, ca, .. } = self;
        let of_files = ca.as_ref().map(|ca| parent(&ca.certificate).to_path_buf());
        let place = of_files.or_else(|| ca_directory.clone())?;
        Some(place).filter(|place| ca.is_none() || !same_directory(place, directory))
    }

    /// Which files of the directory of CA keys are read as such: indexes, and of a CA that is named its own alone.
    pub(super) fn reads_of_ca(&self, name: &str) -> bool {
        match &self.ca {
            None => is_of_index(name),
            Some(ca) => {
                ca_stem(ca).is_some_and(|stem| name == index_file(stem) || name == attributes_file(stem))
            }
        }
    }

    /// Whether a file that cannot be read is none of its business: keys of others may be of kinds that sign nothing here;
    /// and where the CA is named, no other is looked for.
    pub(super) fn forgives(&self, problem: &StateError, state: &State) -> bool {
        match problem {
            StateError::Index { .. } => false,
            // A root's is often closed to those who have an intermediate's, which is the one that signs.
            StateError::Closed { .. } => true,
            _ if self.ca.is_some() => true,
            _ => is_of_no_ca(problem, state),
        }
    }

    /// Which further ones. Of a CA that is named the other files are read by their paths.
    pub(super) fn reads_beside_ca(&self, name: &str) -> bool {
        self.ca.is_none() && counts(name)
    }

    /// Puts a CA that is named into the state; its stem is what comes back.
    pub(super) fn take_ca(&self, state: &mut State) -> Result<Option<String>, Error> {
        self.ca.as_ref().map(|ca| take_ca(ca, state)).transpose()
    }
}

/// What `issue` is asked for.
#[derive(Debug, Clone)]
pub struct IssueRequest {
    /// The certificates.
    pub wishes: Vec<Wish>,
    /// Under whom, and where.
    pub under: CaRequest,
    /// The file whose first line the new keys are encrypted with.
    pub key_passphrase_file: Option<PathBuf>,
    /// Octal mode of the new keys.
    pub key_mode: Option<String>,
}

/// A CA by its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaFiles {
    /// Its certificate, and behind it those of the CAs above it, if they are there.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Issues certificates.
///
/// # Errors
/// [`Error`]: nothing on disk was changed.
pub fn issue(request: &IssueRequest, now: OffsetDateTime, keys: &dyn KeySource) -> Result<Generated, Error> {
    let owner = request.under.owner.as_deref().map(parse_owner).transpose()?;
    let arrangement = Arrangement {
        owner,
        key_mode: request.key_mode.as_deref().map(|text| parse_key_mode(text, owner)).transpose()?,
        encrypted_keys: request.key_passphrase_file.is_some(),
        ..Arrangement::default()
    };
    let secrets = Secrets {
        key_passphrase: request.key_passphrase_file.as_deref().map(secret_line).transpose()?,
        ..Secrets::default()
    };
    let first = |ca: Option<&str>, state: &State| Ok(plan::issue(&request.wishes, ca, state, now)?);
    let strays = Strays::default();
    Asked { under: &request.under, first: &first, now, keys, shuts_out: false, cas_alone: false, strays }
        .run(arrangement, secrets)
}

/// Signs a request.
///
/// # Errors
/// [`Error`]: nothing on disk was changed.
pub fn sign(
    wish: &SignWish,
    under: &CaRequest,
    now: OffsetDateTime,
    keys: &dyn KeySource,
) -> Result<Generated, Error> {
    let owner = under.owner.as_deref().map(parse_owner).transpose()?;
    let first = |ca: Option<&str>, state: &State| Ok(plan::sign(wish, ca, state, now)?);
    let strays = Strays::default();
    Asked { under, first: &first, now, keys, shuts_out: false, cas_alone: false, strays }
        .run(Arrangement { owner, ..Arrangement::default() }, Secrets::default())
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The first step of a verb: the stem of the CA, where one is asked for, and what is here -> a plan.
type First<'a> = &'a dyn Fn(Option<&str>, &State) -> Result<Plan, Error>;

/// What the verbs share: all certificates and keys of the directories count.
pub(super) struct Asked<'a> {
    pub(super) under: &'a CaRequest,
    pub(super) first: First<'a>,
    pub(super) now: OffsetDateTime,
    pub(super) keys: &'a dyn KeySource,
    /// Whether nothing is issued: pairs that were revoked count then, and files keep the modes and owners that they have.
    pub(super) shuts_out: bool,
    /// Whether the keys of servers and clients are none of its business.
    pub(super) cas_alone: bool,
    /// What is passed over, where nothing is issued.
    pub(super) strays: Strays,
}

impl Asked<'_> {
    pub(super) fn run(&self, arrangement: Arrangement, secrets: Secrets) -> Result<Generated, Error> {
        let directory = self.under.directory.as_path();
        let ca_directory = self.under.place_of_ca();
        // A CA that lies elsewhere may begin a new directory; without one there is nothing to issue from. Whom it shut out
        // was issued into one that is there.
        if (ca_directory.is_none() || self.shuts_out) && Directory::open(directory)?.is_none() {
            return Err(RequestError::NoDirectory { path: directory.display().to_string() }.into());
        }
        let ca_passphrase = self.under.ca_passphrase.as_ref().map(Passphrase::read).transpose()?;
        let change = Change {
            directory,
            ca_directory: ca_directory.as_deref(),
            arrangement: &Arrangement { separate_ca: ca_directory.is_some(), ..arrangement },
            secrets: &Secrets { ca_passphrase, ..secrets },
            now: self.now,
            keys: self.keys,
            verb: self,
        };
        let Changed { plan, outline, created, .. } =
            if self.under.dry_run { change.decide_only()? } else { change.run()? };
        Ok(Generated {
            directory: directory.to_path_buf(),
            ca_directory,
            plan,
            outline,
            created,
            now: self.now,
        })
    }
}

impl Decide for Asked<'_> {
    fn reads(&self, name: &str) -> bool {
        counts(name)
    }

    fn reads_of_ca(&self, name: &str) -> bool {
        self.under.reads_of_ca(name)
    }

    fn reads_beside_ca(&self, name: &str) -> bool {
        self.under.reads_beside_ca(name)
    }

    fn forgives(&self, problem: &StateError, state: &State) -> bool {
        match problem {
            // What needs it says so.
            StateError::Key { .. } | StateError::Closed { .. } if self.shuts_out => true,
            _ => {
                self.under.forgives(problem, state) || (self.shuts_out && self.strays.forgive(problem, state))
            }
        }
    }

    fn goes_on(&self) -> bool {
        self.shuts_out
    }

    fn asks_for_cas_alone(&self) -> bool {
        self.cas_alone
    }

    fn plan(&self, state: &mut State) -> Result<Plan, Error> {
        let stem = self.under.take_ca(state)?;
        let mut plan = (self.first)(stem.as_deref(), state)?;
        // A timer would tell of them every day.
        if !self.cas_alone {
            self.strays.tell(&mut plan);
        }
        Ok(plan)
    }
}

/// Certificates and keys, indexes, and for the first index of a CA its revocation lists.
pub(super) fn counts(name: &str) -> bool {
    const ENDINGS: [&str; 7] = [".crt", ".key", ".crl", ".pem", ".cer", ".cert", ".der"];
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || is_of_index(name)
}

/// Whether it is a key that cannot be read, and no CA's: those of others may be of kinds that sign nothing here.
pub(super) fn is_of_no_ca(problem: &StateError, state: &State) -> bool {
    let StateError::Key { path, .. } = problem else { return false };
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    state.certificate(stem).is_none_or(|certificate| certificate.ca != Some(true))
}

/// An index, or its attributes.
pub(super) fn is_of_index(name: &str) -> bool {
    name.ends_with(INDEX_SUFFIX) || name.ends_with(ATTRIBUTES_SUFFIX) || name == OPENSSL_INDEX_FILE
}

/// The stem of a CA's files, as far as they have one.
fn ca_stem(ca: &CaFiles) -> Option<&str> {
    ca.certificate.file_stem().and_then(|stem| stem.to_str())
}

/// Puts the files of a CA into the state as a pair of their stem, which is what comes back.
fn take_ca(ca: &CaFiles, state: &mut State) -> Result<String, Error> {
    let missing = || RequestError::NoSuchFile { path: ca.certificate.display().to_string() };
    let stem = ca_stem(ca).ok_or_else(missing)?.to_owned();
    let ca_path = ca.certificate.display().to_string();
    let text = read_file(&ca.certificate, CA_FILE_BYTES)?;
    let wrong = |flag| move |source| RequestError::CaFile { flag, source };
    let certificates = layout::read_certificates(&text, ca_path.clone()).map_err(wrong("--ca"))?;
    let text = read_file(&ca.key, CA_FILE_BYTES)?;
    let path = ca.key.display().to_string();
    let key = StoredKey::from_pem(&text).map_err(|source| StateError::Key { path, source });
    let key = key.map_err(wrong("--ca-key"))?;
    let file = certificate_file(&stem);
    let own = certificates.first().map(|first| first.der.clone());
    let copy = state.certificates.insert(file.clone(), certificates);
    // A peer would be given the other one to trust.
    if copy.is_some_and(|copy| copy.first().map(|first| &first.der) != own.as_ref()) {
        return Err(StateError::OtherCa { path: state.shown(&file), ca_path, follow: None }.into());
    }
    state.keys.insert(key_file(&stem), key);
    state.ca_path = parent(&ca.certificate).display().to_string();
    state.ca_occupied.get_or_insert_with(BTreeSet::new);
    Ok(stem)
}
