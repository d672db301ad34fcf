//! What every verb that makes certificates does with a directory: lock it, read it, decide, make, judge, commit.

use super::gated;
use super::locked;
use super::ownership::give_to_holders;
use super::put_away;
use super::reading::{forget_bulk, found, keys, parted, refuse_closed, refuse_links};
use crate::error::{Error, RequestError};
use crate::fs::{
    Directory, DirectoryAttributes, FileSet, FsError, Mode, Reserved, Staged, Target, is_within,
    same_directory,
};
use crate::keys::KeySource;
use crate::layout::{self, Arrangement, Filled, Found, Outline, Place};
use crate::parallel::both;
use crate::pg::LIST_SUFFIX;
use crate::pki::{self, Issued, Secrets};
use crate::plan::Plan;
use crate::state::{State, StateError};
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::path::Path;
use std::thread::Builder;
use time::OffsetDateTime;

/// The directory of CA keys, and any other without an owner.
pub(super) const PRIVATE: DirectoryAttributes = DirectoryAttributes { mode: Mode::DIRECTORY, gid: None };
/// How often to start over where another run made the directory meanwhile; the second time it is there and locked.
const ATTEMPTS: u32 = 5;

/// What a verb decides by itself.
pub(super) trait Decide {
    /// Which files of the directory are read.
    fn reads(&self, name: &str) -> bool;

    /// Which files of the directory of CA keys are read, where that is another.
    fn reads_of_ca(&self, name: &str) -> bool;

    /// Which further ones: for CAs that are told by their content, and for what the CAs signed before.
    fn reads_beside_ca(&self, name: &str) -> bool;

    /// Whether a file that cannot be read is none of its business.
    fn forgives(&self, _problem: &StateError, _state: &State) -> bool {
        false
    }

    /// Whether it goes on with what others rely on: what lies in the folder of revoked pairs counts, and files that are
    /// written anew keep the modes and owners that they have.
    fn goes_on(&self) -> bool {
        false
    }

    /// Whether the keys of servers and clients are none of its business.
    fn asks_for_cas_alone(&self) -> bool {
        false
    }

    /// The plan, from what exists.
    fn plan(&self, state: &mut State) -> Result<Plan, Error>;
}

/// One run of a verb over its directories.
pub(super) struct Change<'a> {
    pub(super) directory: &'a Path,
    pub(super) ca_directory: Option<&'a Path>,
    pub(super) arrangement: &'a Arrangement,
    pub(super) secrets: &'a Secrets,
    pub(super) now: OffsetDateTime,
    pub(super) keys: &'a dyn KeySource,
    pub(super) verb: &'a dyn Decide,
}

/// What was decided, and made unless that was all that was asked for.
pub(super) struct Changed {
    pub(super) plan: Plan,
    pub(super) outline: Outline,
    /// What was made; `None` where nothing was.
    pub(super) issued: Option<Issued>,
    pub(super) created: bool,
}

impl Change<'_> {
    /// Decides everything and makes nothing.
    pub(super) fn decide_only(&self) -> Result<Changed, Error> {
        let (mut state, directory, ca_directory) = self.look()?;
        let (plan, outline) = self.decide(&mut state, &directory, ca_directory.as_ref())?;
        put_away::refuse(self.directory, &plan.moved_files, &plan.removed_files, &[&directory.files])?;
        if let Some((path, found)) = self.ca_directory.zip(ca_directory.as_ref()) {
            let read = [&found.files, &found.beside];
            put_away::refuse(path, &plan.moved_ca_files, &plan.removed_ca_files, &read)?;
        }
        if !self.verb.goes_on() {
            pki::unlock(&plan, &state, self.secrets)?;
        }
        let created = Directory::open(self.directory)?.is_none();
        Ok(Changed { plan, outline, issued: None, created })
    }

    /// Looks at what there is, and takes no lock.
    pub(super) fn look(&self) -> Result<(State, Found, Option<Found>), Error> {
        refuse_same_directory(self.directory, self.ca_directory)?;
        let look = |path: &Path, wanted: &dyn Fn(&str) -> bool| -> Result<Found, Error> {
            let Some(directory) = Directory::open(path)? else {
                return Ok(found(path, BTreeMap::new(), FileSet::default()));
            };
            let names = directory.names()?;
            refuse_links(path, &names, wanted)?;
            let closed = directory.closed(keys(&names).filter(|name| wanted(name)));
            let mut found =
                found(path, names, directory.read(|name| wanted(name) && !closed.contains(name))?);
            found.closed = closed;
            found.cas_alone = self.verb.asks_for_cas_alone();
            if self.verb.goes_on() {
                found.revoked = put_away::names(directory.revoked_names(|_| true))?;
            }
            Ok(found)
        };
        let ca_directory = self.ca_directory.map(|path| look(path, &|name| self.reads_of_ca(name)));
        let ca_directory = ca_directory.transpose()?;
        let ca_directory = ca_directory.map(|found| parted(found, |name| self.verb.reads_of_ca(name)));
        let directory = look(self.directory, &|name| self.verb.reads(name))?;
        Ok((self.restore(&directory, ca_directory.as_ref())?, directory, ca_directory))
    }

    /// Decides and makes.
    pub(super) fn run(&self) -> Result<Changed, Error> {
        // Held until the end: a run that fails takes it away again.
        let outer = self.reserve_outer()?;
        let made = retried(|| self.make())?;
        Ok(Changed { created: made.created || outer.is_some(), ..made })
    }

    fn make(&self) -> Result<Changed, Error> {
        let (ca_target, target) = self.lock()?;
        let (mut directory, mut ca_directory) = self.read(&target, ca_target.as_ref())?;
        let mut state = self.restore(&directory, ca_directory.as_ref())?;
        let (plan, outline) = self.decide(&mut state, &directory, ca_directory.as_ref())?;
        forget_bulk(&mut directory, &plan);
        ca_directory.iter_mut().for_each(|found| forget_bulk(found, &plan));
        if outline.files.is_empty() && plan.removed_files.is_empty() && plan.removed_ca_files.is_empty() {
            return Ok(Changed { plan, outline, issued: None, created: false });
        }
        let mut issued = pki::issue(&plan, &state, self.keys, self.secrets)?;
        let filled = self.fill(&plan, &outline, &issued, &directory, ca_directory.as_ref())?;
        // What a long list is made of is not held while it is judged.
        issued.lists.clear();
        let judge = || gated::gate_lists(&plan, &state, &issued, &filled, self.now);
        let arrangement = self.arrangement;
        let stage = || stage(arrangement, ca_target.as_ref(), &target, &plan, &filled);
        // What is staged goes again unless it is committed, and that waits for the judge.
        let (staged, judged) = both(is_bulky(&filled), stage, judge);
        judged?;
        // To free a hundred thousand lines takes a while, in which what follows can be done.
        let read = mem::take(&mut state.indexes);
        if is_bulky(&filled) {
            let _done_here_without_a_thread = Builder::new().spawn(move || drop(read));
        }
        let created = commit(staged?)?;
        Ok(Changed { plan, outline, issued: Some(issued), created })
    }

    /// Both directories, locked; that of the CA first.
    fn lock(&self) -> Result<(Option<Target>, Target), Error> {
        refuse_same_directory(self.directory, self.ca_directory)?;
        Ok(match self.ca_directory {
            Some(ca_directory) => {
                let (ca_target, target) = Target::lock_both(ca_directory, self.directory)?;
                (Some(ca_target), target)
            }
            None => (None, Target::lock(self.directory)?),
        })
    }

    /// What lies in both.
    fn read(&self, target: &Target, ca_target: Option<&Target>) -> Result<(Found, Option<Found>), Error> {
        let read = |target: &Target, wanted: &dyn Fn(&str) -> bool| -> Result<Found, Error> {
            let names = target.names()?;
            let closed = target.closed(keys(&names).filter(|name| wanted(name)));
            let files = target.read(|name| wanted(name) && !closed.contains(name))?;
            let mut found = found(target.path(), names, files);
            found.closed = closed;
            found.cas_alone = self.verb.asks_for_cas_alone();
            if self.verb.goes_on() {
                found.revoked = put_away::names(target.revoked_names(|_| true))?;
            }
            Ok(found)
        };
        let ca_directory =
            ca_target.map(|target| read(target, &|name| self.reads_of_ca(name))).transpose()?;
        let ca_directory = ca_directory.map(|found| parted(found, |name| self.verb.reads_of_ca(name)));
        Ok((read(target, &|name| self.verb.reads(name))?, ca_directory))
    }

    /// The files, judged as far as certificates go.
    fn fill(
        &self,
        plan: &Plan,
        outline: &Outline,
        issued: &Issued,
        directory: &Found,
        ca_directory: Option<&Found>,
    ) -> Result<Filled, Error> {
        let of_cas: Vec<&FileSet> =
            ca_directory.iter().flat_map(|found| [&found.files, &found.beside]).collect();
        let mut filled = layout::fill(outline, issued)?;
        filled.directory.extend(layout::rewrite(plan, issued, &directory.files));
        of_cas.iter().for_each(|files| filled.ca_directory.extend(layout::rewrite(plan, issued, files)));
        // Together with what stays of the plan, for a leaf is judged by the CA that it hangs from.
        layout::carry(plan, &directory.files, &of_cas, &mut filled)?;
        gated::gate(plan, &of_cas, &directory.files, &filled, self.now)?;
        Ok(filled)
    }

    fn reads_of_ca(&self, name: &str) -> bool {
        self.verb.reads_of_ca(name) || self.verb.reads_beside_ca(name)
    }

    fn restore(&self, directory: &Found, ca_directory: Option<&Found>) -> Result<State, Error> {
        let (state, problems) = layout::restore(directory, ca_directory);
        let grave = problems.into_iter().find(|problem| !self.verb.forgives(problem, &state));
        grave.map_or(Ok(state), |problem| Err(problem.into()))
    }

    fn decide(
        &self,
        state: &mut State,
        directory: &Found,
        ca_directory: Option<&Found>,
    ) -> Result<(Plan, Outline), Error> {
        let again = || self.restore(directory, ca_directory);
        let plan = locked::plan(self.verb, state, self.secrets, &again)?;
        let of_ca = ca_directory.iter().map(|found| (&plan.moved_ca_files, *found));
        for (moved, found) in of_ca.chain([(&plan.moved_files, directory)]) {
            refuse_closed(moved, found)?;
        }
        let mut outline = layout::outline(&plan, self.arrangement);
        outline.files.extend(layout::rewritten(&plan, &directory.files, Place::Directory));
        let of_ca = ca_directory.iter().flat_map(|found| [&found.files, &found.beside]);
        for files in of_ca.clone() {
            outline.files.extend(layout::rewritten(&plan, files, Place::CaDirectory));
        }
        if self.verb.goes_on() {
            let of_ca: FileSet = of_ca.flat_map(|files| files.clone()).collect();
            outline.keep_attributes(&directory.files, &of_ca);
            give_to_holders(&mut outline, self.directory, self.ca_directory)?;
        }
        Ok((plan, outline))
    }

    /// Where one of the two directories lies in the other, the outer one is made first: each appears by a rename of its
    /// own, and neither as a mere parent with the modes of one. What can be refused is refused before.
    fn reserve_outer(&self) -> Result<Option<Reserved>, Error> {
        let directory = self.directory;
        let Some(ca_directory) = self.ca_directory else { return Ok(None) };
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

/// Writes to where it waits, first beside the keys of CAs.
fn stage<'t>(
    arrangement: &Arrangement,
    ca_target: Option<&'t Target>,
    target: &'t Target,
    plan: &Plan,
    filled: &Filled,
) -> Result<(Option<Staged<'t>>, Option<Staged<'t>>), FsError> {
    let staged = |target: &'t Target, files: &FileSet, removed: &BTreeSet<String>, attributes| {
        let changes = !files.is_empty() || !removed.is_empty();
        changes.then(|| target.stage_change(files, removed, attributes)).transpose()
    };
    let of_ca = ca_target.map(|target| staged(target, &filled.ca_directory, &plan.removed_ca_files, PRIVATE));
    let of_ca = of_ca.transpose()?.flatten();
    Ok((of_ca, staged(target, &filled.directory, &plan.removed_files, attributes(arrangement))?))
}

/// Makes both what the directories hold; says whether the second is new.
fn commit((of_ca, own): (Option<Staged<'_>>, Option<Staged<'_>>)) -> Result<bool, FsError> {
    let ca_commit = of_ca.map(|staged| staged.commit_tentatively()).transpose()?;
    let receipt = own.map(|staged| staged.commit()).transpose();
    // A new CA whose directory cannot be made after all goes again; what the next run finishes needs it.
    if let Some(ca_commit) = ca_commit.filter(|_| receipt.as_ref().err().is_none_or(FsError::left_something))
    {
        ca_commit.stay();
    }
    Ok(receipt?.is_some_and(|receipt| receipt.created))
}

/// Whether lists are so long that they are judged on another processor, while they are written to where they wait.
fn is_bulky(filled: &Filled) -> bool {
    const BYTES: usize = 1 << 20;
    let all = filled.directory.iter().chain(filled.ca_directory.iter());
    all.filter(|(name, _)| name.ends_with(LIST_SUFFIX)).any(|(_, entry)| entry.contents.len() > BYTES)
}

/// What a new directory is given, as `layout` has it.
pub(super) fn attributes(arrangement: &Arrangement) -> DirectoryAttributes {
    let (mode, gid) = arrangement.directory();
    DirectoryAttributes { mode, gid }
}

/// CA keys in a directory of their own are apart from what is shipped.
pub(super) fn refuse_same_directory(
    directory: &Path,
    ca_directory: Option<&Path>,
) -> Result<(), RequestError> {
    match ca_directory {
        Some(ca_directory) if same_directory(ca_directory, directory) => {
            Err(RequestError::SameDirectory { path: ca_directory.display().to_string() })
        }
        _ => Ok(()),
    }
}
