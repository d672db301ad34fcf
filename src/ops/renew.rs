//! `renew`: what is due in a directory, or named -> the same certificates again.

use super::change::{Change, Changed, Decide};
use super::execute::{Executed, execute};
use super::inspect::directory_or_default;
use super::issue::{counts, is_of_index};
use super::secret::{Passphrase, secret_line};
use crate::diagnosis::Diagnosis;
use crate::error::Error;
use crate::keys::KeySource;
use crate::layout::{Arrangement, Outline, Place};
use crate::pki::Secrets;
use crate::plan::{self, Blocked, CertificateSpec, NextDue, Plan, RenewWish, Renewal};
use crate::state::{State, StateError};
use crate::x509::Certificate;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// What `renew` is asked for.
#[derive(Debug, Clone)]
pub struct RenewRequest {
    /// Which certificates, and how.
    pub wish: RenewWish,
    /// Where they are; `None`: in `pki`, or in the current directory where there is no `pki`.
    pub directory: Option<PathBuf>,
    /// Where the keys of their CAs are, where that is another directory.
    pub ca_directory: Option<PathBuf>,
    /// What opens the keys of CAs, and those of self-signed certificates.
    pub ca_passphrase: Option<Passphrase>,
    /// The file whose first line new keys are encrypted with.
    pub key_passphrase_file: Option<PathBuf>,
    /// What a shell runs after a change.
    pub exec: Option<String>,
    /// Decide everything, make nothing.
    pub dry_run: bool,
}

/// What `renew` decided, and did unless it was asked only to decide.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// The directory, as asked for.
    pub directory: PathBuf,
    /// The CA's directory.
    pub ca_directory: Option<PathBuf>,
    /// Every decision.
    pub plan: Plan,
    /// The files that were (or would be) written.
    pub outline: Outline,
    /// What is due and cannot be renewed here.
    pub blocked: Vec<Blocked>,
    /// What is due next.
    pub next_due: Option<NextDue>,
    /// The new serial numbers by stem; empty where nothing was made.
    pub serials: BTreeMap<String, Vec<u8>>,
    /// The command that was run after the change, and what became of it.
    pub executed: Option<Executed>,
    /// When this was decided.
    pub now: OffsetDateTime,
}

/// Renews certificates.
///
/// # Errors
/// [`Error`]: nothing on disk was changed.
pub fn renew(request: &RenewRequest, now: OffsetDateTime, keys: &dyn KeySource) -> Result<Renewed, Error> {
    let (directory, _) = directory_or_default(request.directory.as_deref())?;
    let verb = Renewing { request, now, rest: RefCell::default(), unread: RefCell::default() };
    let change = Change {
        directory,
        ca_directory: request.ca_directory.as_deref(),
        arrangement: &Arrangement {
            separate_ca: request.ca_directory.is_some(),
            encrypted_keys: request.key_passphrase_file.is_some(),
            ..Arrangement::default()
        },
        secrets: &Secrets {
            ca_passphrase: request.ca_passphrase.as_ref().map(Passphrase::read).transpose()?,
            key_passphrase: request.key_passphrase_file.as_deref().map(secret_line).transpose()?,
        },
        now,
        keys,
        verb: &verb,
    };
    let Changed { plan, outline, issued, .. } =
        if request.dry_run { change.decide_only()? } else { change.run()? };
    let serial_of = |spec: &CertificateSpec| {
        let made = issued.as_ref()?.certificates.get(&spec.stem)?;
        Some((spec.stem.clone(), Certificate::from_der(&made.der).ok()?.serial))
    };
    let made = plan.certificates.iter().filter(|spec| spec.kept.is_none());
    let serials = made.filter_map(serial_of).collect();
    let executed = match (&request.exec, issued.is_some()) {
        (Some(command), true) => Some(execute(command, directory, &changed(&outline))),
        _ => None,
    };
    let (blocked, next_due) = verb.rest.into_inner();
    let (directory, ca_directory) = (directory.to_path_buf(), request.ca_directory.clone());
    Ok(Renewed { directory, ca_directory, plan, outline, blocked, next_due, serials, executed, now })
}

/// The files of the directory that were written.
fn changed(outline: &Outline) -> Vec<&str> {
    let own = outline.files.iter().filter(|file| file.place == Place::Directory);
    own.map(|file| file.name.as_str()).collect()
}

/// `renew`'s own part: every certificate and key of the directories counts, and files keep their modes and owners.
struct Renewing<'a> {
    request: &'a RenewRequest,
    now: OffsetDateTime,
    rest: RefCell<(Vec<Blocked>, Option<NextDue>)>,
    /// Certificates that cannot be read.
    unread: RefCell<Vec<Blocked>>,
}

impl Renewing<'_> {
    fn is_named(&self, path: &str) -> bool {
        let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        self.request.wish.names.iter().any(|name| name.strip_suffix(".crt").unwrap_or(name) == stem)
    }

    /// Beside a key a certificate is one that is to be renewed, though nobody can say when.
    fn tell_of(&self, path: &str, problem: &StateError, state: &State) {
        let path = Path::new(path);
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let (Some(file), Some(key)) = (name(path), name(&path.with_extension("key"))) else { return };
        let is_pair = state.occupied.contains(&key) || state.holdings(true).contains(&key);
        let blocked = Blocked { file, not_after: None, problem: problem.to_string(), hint: problem.hint() };
        let mut unread = self.unread.borrow_mut();
        if is_pair && !unread.contains(&blocked) {
            unread.push(blocked);
        }
    }
}

impl Decide for Renewing<'_> {
    fn reads(&self, name: &str) -> bool {
        counts(name)
    }

    fn reads_of_ca(&self, name: &str) -> bool {
        is_of_index(name)
    }

    fn reads_beside_ca(&self, name: &str) -> bool {
        counts(name)
    }

    fn forgives(&self, problem: &StateError, state: &State) -> bool {
        match problem {
            // What needs it says so.
            StateError::Key { .. } | StateError::Closed { .. } => true,
            StateError::Certificate { path, .. }
            | StateError::Pem { path, .. }
            | StateError::Empty { path }
            | StateError::Trusted { path }
            | StateError::Der { path }
                if !self.is_named(path) =>
            {
                self.tell_of(path, problem, state);
                true
            }
            _ => false,
        }
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn plan(&self, state: &mut State) -> Result<Plan, Error> {
        let Renewal { plan, mut blocked, next_due } = plan::renew(&self.request.wish, state, self.now)?;
        if self.request.wish.names.is_empty() {
            blocked.extend(self.unread.borrow().iter().cloned());
        }
        *self.rest.borrow_mut() = (blocked, next_due);
        Ok(plan)
    }
}
