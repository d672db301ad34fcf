//! The directories of a run over a list: locked, or for a dry run only looked at; and how much of them is read.

use super::{BulkRequest, Outlet};
use crate::error::Error;
use crate::fs::{Directory, Reserved, Target};
use crate::index::INDEX_SUFFIX;
use crate::layout::{self, Arrangement, Found};
use crate::ops::change::attributes;
use crate::ops::issue::{CaRequest, counts};
use crate::ops::reading::parted;
use crate::plan::LEAF_PREFIXES;
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A directory: locked, or only looked at for a dry run.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) target: Option<Target>,
}

impl Place {
    /// Whether anything has that name in it.
    pub(super) fn has(&self, name: &str) -> Result<bool, Error> {
        Ok(!self.names_if(|it| it == name)?.is_empty())
    }

    /// The names that are wanted of what is there.
    pub(super) fn names_if(&self, wanted: impl Fn(&str) -> bool) -> Result<BTreeSet<String>, Error> {
        let names = match &self.target {
            Some(target) => target.names_if(wanted)?,
            None => match Directory::open(&self.path)? {
                Some(directory) => directory.names_if(wanted)?,
                None => BTreeMap::new(),
            },
        };
        Ok(names.into_keys().collect())
    }
}

/// Takes both directories; one that files are to go into is made before, as they go there batch by batch.
pub(super) fn hold(
    request: &BulkRequest,
    arrangement: &Arrangement,
    ca_directory: Option<PathBuf>,
) -> Result<(Place, Option<Place>, Option<Reserved>), Error> {
    let under = &request.under;
    let needs_directory = !under.dry_run && matches!(request.outlet, Outlet::Files);
    loop {
        let reserved = match needs_directory && Directory::open(&under.directory)?.is_none() {
            true => Reserved::make(&under.directory, attributes(arrangement))?,
            false => None,
        };
        let (directory, ca_directory) = lock(under, ca_directory.clone())?;
        // Another run may have made it, failed, and taken it away again while it was waited for.
        if !needs_directory || directory.target.as_ref().is_some_and(Target::exists) {
            return Ok((directory, ca_directory, reserved));
        }
    }
}

/// Takes both directories, unless it is a dry run.
fn lock(under: &CaRequest, ca_directory: Option<PathBuf>) -> Result<(Place, Option<Place>), Error> {
    let place = |path: PathBuf, target| Place { path, target };
    let directory = under.directory.clone();
    Ok(match (under.dry_run, ca_directory) {
        (true, ca_directory) => (place(directory, None), ca_directory.map(|path| place(path, None))),
        (false, None) => {
            let target = Target::lock(&directory)?;
            (place(directory, Some(target)), None)
        }
        (false, Some(ca)) => {
            let (ca_target, target) = Target::lock_both(&ca, &directory)?;
            (place(directory, Some(target)), Some(place(ca, Some(ca_target))))
        }
    })
}

/// How much of the directories is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// What may be a CA's: neither the files of the many that were issued, nor what indexes say of them.
    Authorities,
    /// All certificates.
    All,
}

impl Depth {
    fn reads(self, name: &str) -> bool {
        let is_one_of_many = |stem: &str| {
            // A CA may have such a name too: `client.ca`, `server.team-ca`.
            let is_ca = |name: &str| name.split(['.', '-', '_']).any(|word| word.eq_ignore_ascii_case("ca"));
            LEAF_PREFIXES
                .iter()
                .any(|usage| stem.strip_prefix(usage).is_some_and(|name| !name.is_empty() && !is_ca(name)))
        };
        let is_leaf = || {
            let stem = name.strip_suffix(".crt").or_else(|| name.strip_suffix(".key"));
            stem.is_some_and(is_one_of_many)
        };
        self == Self::All || !is_leaf()
    }
}

/// What is in both directories.
pub(super) fn look(
    under: &CaRequest,
    directory: &Place,
    ca_directory: Option<&Place>,
    depth: Depth,
) -> Result<State, Error> {
    let found = |place: &Place, wanted: &dyn Fn(&str) -> bool| -> Result<Found, Error> {
        // Indexes are told by their names alone: they are read line by line, for they may be long.
        let reads = |name: &str| wanted(name) && !name.ends_with(INDEX_SUFFIX) && depth.reads(name);
        let names = |name: &str| depth.reads(name);
        let path = place.path.display().to_string();
        let (names, files) = match &place.target {
            Some(target) => (target.names_if(names)?, target.read(reads)?),
            None => match Directory::open(&place.path)? {
                Some(directory) => (directory.names()?, directory.read(reads)?),
                None => Default::default(),
            },
        };
        Ok(Found { path, names: names.into_keys().collect(), files, ..Found::default() })
    };
    let own = found(directory, &counts)?;
    let ca = ca_directory.map(|place| {
        let found = found(place, &|name| under.reads_of_ca(name) || under.reads_beside_ca(name))?;
        Ok::<_, Error>(parted(found, |name| under.reads_of_ca(name)))
    });
    let (state, problems) = layout::restore(&own, ca.transpose()?.as_ref());
    let grave = problems.into_iter().find(|problem| !under.forgives(problem, &state));
    grave.map_or(Ok(state), |problem| Err(problem.into()))
}
