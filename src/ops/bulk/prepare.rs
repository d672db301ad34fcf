//! Everything before the first key: the directories locked, the list held against what is there, the CA's key opened.

use super::encode::{StreamForm, secret_name};
use super::hashed::Hashed;
use super::outlet::{Leaving, Way};
use super::resume::{self, Resumed};
use super::{BulkRequest, Outlet, form};
use crate::error::{Error, RequestError};
use crate::fs::{Directory, FileSet, Growing, Reserved, Target, archive_name_fits};
use crate::index::{Line, index_file};
use crate::keys::KeySource;
use crate::layout::{self, Arrangement, Content, Filled, Found};
use crate::list::List;
use crate::ops::change::{PRIVATE, attributes, refuse_same_directory};
use crate::ops::issue::{CaRequest, counts};
use crate::pg::{certificate_file, key_file};
use crate::pki::{self, Maker, Secrets};
use crate::plan::{ListError, RowError, Series, SeriesError, series};
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::PathBuf;
use time::OffsetDateTime;

/// A bound on a line of an index: what is longer and not ended was not begun by us.
const LINE_BYTES: usize = 64 * 1024;

const SKIP: &str = "--skip-issued leaves out what is there.";

/// What a run stands on. Nothing was made yet.
pub(super) struct Prepared {
    /// Goes again if nothing comes to lie in it, before the lock does.
    _reserved: Option<Reserved>,
    pub(super) series: Series,
    state: State,
    directory: Place,
    ca_directory: Option<Place>,
    /// A file that is taken up again, until it is.
    pub(super) resumed: Option<Resumed>,
}

/// A directory: locked, or only looked at for a dry run.
struct Place {
    path: PathBuf,
    target: Option<Target>,
}

impl Prepared {
    pub(super) fn new(
        request: &BulkRequest,
        arrangement: &Arrangement,
        list: &mut dyn Read,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let (list, problems) = List::read(list)
            .map_err(|source| RequestError::List { list: request.list_name(), reason: source.to_string() })?;
        let under = &request.under;
        let ca_directory = under.place_of_ca();
        refuse_same_directory(&under.directory, ca_directory.as_deref())?;
        if Directory::open(&under.directory)?.is_none() && ca_directory.is_none() {
            return Err(RequestError::NoDirectory { path: under.directory.display().to_string() }.into());
        }
        // The last is dropped first: what was reserved goes again while it is locked, so that nobody finds it meanwhile.
        let (directory, ca_directory, reserved) = hold(request, arrangement, ca_directory)?;
        let mut state = look(under, &directory, ca_directory.as_ref(), Depth::Authorities)?;
        let ca = under.take_ca(&mut state)?;
        let series =
            series(list, &request.list_name(), problems, request.wish.clone(), ca.as_deref(), &state, now);
        let series = series.map_err(|error| match error {
            SeriesError::Ca(error) => Error::from(error),
            SeriesError::List(error) => error.into(),
        })?;
        let mut prepared =
            Self { series, state, directory, ca_directory, resumed: None, _reserved: reserved };
        prepared.refuse_names(request)?;
        prepared.look_through_index(request)?;
        prepared.leave_out(request)?;
        prepared.series.choose_judged();
        Ok(prepared)
    }

    /// How many rows are left out.
    pub(super) fn skipped(&self) -> usize {
        (0..self.series.len()).filter(|at| self.series.is_skipped(*at)).count()
    }

    /// The index of the CA.
    pub(super) fn index_path(&self) -> PathBuf {
        self.place_of_ca().path.join(index_file(&self.series.issuer))
    }

    pub(super) fn maker<'a>(
        &self,
        secrets: &'a Secrets,
        keys: &'a dyn KeySource,
    ) -> Result<Maker<'a>, Error> {
        Ok(Maker::open(&self.series.issuer, &self.series.plan, &self.state, secrets, keys)?)
    }

    fn place_of_ca(&self) -> &Place {
        self.ca_directory.as_ref().unwrap_or(&self.directory)
    }

    /// Names that a form of stream cannot have, or has twice.
    fn refuse_names(&self, request: &BulkRequest) -> Result<(), Error> {
        let mut rows = Vec::new();
        match form(request) {
            Some(StreamForm::Tar) => {
                for at in 0..self.series.len() {
                    let name = certificate_file(&self.series.stem(at));
                    if !archive_name_fits(&name) {
                        let fact = format!("\"{name}\" is too long for the header of a tar archive");
                        rows.push(RowError::usage(self.series.row(at).line, fact));
                    }
                }
            }
            Some(StreamForm::Secrets) => {
                let object = |at: usize| secret_name(&self.series.stem(at));
                let objects = Hashed::of(self.series.len(), object);
                for at in 0..self.series.len() {
                    let name = object(at);
                    let before = objects.rows(&name).take_while(|other| *other < at);
                    if let Some(first) = before.into_iter().find(|other| object(*other) == name) {
                        let (line, first) = (self.series.row(at).line, self.series.row(first).line);
                        let fact = format!("its Secret would be \"{name}\", as that of line {first}");
                        rows.push(RowError::usage(line, fact));
                    }
                }
            }
            _ => {}
        }
        refuse(request, rows)
    }

    /// Leaves out, or refuses, what was issued before.
    fn leave_out(&mut self, request: &BulkRequest) -> Result<(), Error> {
        match &request.outlet {
            Outlet::Files => self.leave_out_files(request),
            Outlet::Stream { form, file: Some(file) } => {
                self.resumed = resume::from_file(file, *form, &mut self.series, request.skip_issued)?;
                Ok(())
            }
            Outlet::Stream { file: None, .. } => Ok(()),
        }
    }

    fn leave_out_files(&mut self, request: &BulkRequest) -> Result<(), Error> {
        // Of all that is there only the files of the list are held.
        let pair = |name: &str| name.strip_suffix(".crt").or(name.strip_suffix(".key")).map(str::to_owned);
        let is_listed = |name: &str| pair(name).is_some_and(|stem| self.series.place_of(&stem).is_some());
        let names = self.directory.names_if(is_listed)?;
        let mut places: Vec<usize> =
            names.iter().filter_map(|name| self.series.place_of(&pair(name)?)).collect();
        places.sort_unstable();
        places.dedup();
        let mut rows = Vec::new();
        for at in places {
            let stem = self.series.stem(at);
            let (certificate, key) = (certificate_file(&stem), key_file(&stem));
            let line = self.series.row(at).line;
            let shown = |file: &str| self.state.shown(file);
            rows.push(match (names.contains(&certificate), names.contains(&key)) {
                (true, true) if request.skip_issued => {
                    self.series.skip(at);
                    continue;
                }
                (true, true) => {
                    let fact = format!("\"{}\" exists already", shown(&certificate));
                    RowError::forbidden(line, fact, SKIP)
                }
                (is_certificate, _) => {
                    let (present, absent) =
                        if is_certificate { (certificate, key) } else { (key, certificate) };
                    let fact = format!("\"{}\" exists without \"{absent}\"", shown(&present));
                    RowError::forbidden(line, fact, "Put the other file back, or move this one away.")
                }
            });
        }
        refuse(request, rows)
    }

    /// Looks through the index, so that nothing is added to one that cannot be read. Of what went to standard output it alone
    /// tells who has it: subjects that are in it are left out.
    fn look_through_index(&mut self, request: &BulkRequest) -> Result<(), Error> {
        let Some(mut index) = self.existing_index()? else { return Ok(()) };
        if !request.skip_issued || !matches!(request.outlet, Outlet::Stream { file: None, .. }) {
            return resume::from_index(&mut index, self.series.usage(), |_| ());
        }
        let series = &mut self.series;
        let subjects = Hashed::of(series.len(), |at| series.subject(at).oneline());
        // Of several rows with one subject, which come from the column `cn`, as many are left out as there are lines.
        resume::from_index(&mut index, series.usage(), |subject| {
            let mut rows = subjects.rows(subject).filter(|at| !series.is_skipped(*at));
            if let Some(at) = rows.find(|at| series.subject(*at).oneline() == subject) {
                series.skip(at);
            }
        })
    }

    /// The index, where there is one, its last line whole.
    fn existing_index(&self) -> Result<Option<Growing>, Error> {
        let (place, name) = (self.place_of_ca(), index_file(&self.series.issuer));
        if !place.has(&name)? {
            return Ok(None);
        }
        Ok(Some(match &place.target {
            Some(target) => target.grow(&name)?,
            None => Growing::open_to_read(place.path.join(name))?,
        }))
    }

    /// The way out, and the index before it: from here on things change.
    pub(super) fn outlet<'a>(
        &'a self,
        request: &BulkRequest,
        arrangement: &Arrangement,
        resumed: Option<Resumed>,
        stdout: &'a mut dyn Write,
    ) -> Result<Leaving<'a>, Error> {
        let form = form(request);
        let whole = resumed.as_ref().map(|resumed| resumed.length);
        // A new file goes again if nothing comes into it, so it is made before anything that stays.
        let mut way = match &request.outlet {
            Outlet::Stream { file: None, .. } => Way::Stream(stdout),
            Outlet::Stream { file: Some(path), .. } => Way::File(match resumed {
                Some(resumed) => resumed.file,
                None => Growing::create(path)?.ok_or_else(|| resume::exists(path))?,
            }),
            Outlet::Files => match &self.directory.target {
                Some(target) => Way::Files(target),
                None => return Err(RequestError::NoDirectory { path: self.state.path.clone() }.into()),
            },
        };
        let index = self.index(request, arrangement)?;
        if let (Way::File(file), Some(whole)) = (&mut way, whole) {
            file.cut(whole)?;
        }
        Ok(Leaving::new(index, way, form, self.series.usage()))
    }

    /// The index, made from what is there where there was none, and ready to be added to. A directory that has nothing to
    /// trust yet is given that too, if it is given certificates.
    fn index(&self, request: &BulkRequest, arrangement: &Arrangement) -> Result<Growing, Error> {
        let is_there = self.existing_index()?.is_some();
        let plan = &self.series.plan;
        let standing = if is_there {
            pki::standing(plan, &self.state)?
        } else {
            // What was issued before it was kept is found by its signatures, in all files that there are.
            let mut state = look(&request.under, &self.directory, self.ca_directory.as_ref(), Depth::All)?;
            request.under.take_ca(&mut state)?;
            pki::standing(plan, &state)?
        };
        let mut outline = layout::outline(plan, arrangement);
        outline.files.retain(|file| match file.content {
            Content::Index { .. } => !is_there,
            Content::IndexAttributes { .. } => true,
            _ => matches!(request.outlet, Outlet::Files),
        });
        let Filled { directory, ca_directory } = layout::fill(&outline, &standing)?;
        // The index of the CA first, as everywhere.
        for (place, files) in [(self.ca_directory.as_ref(), ca_directory), (Some(&self.directory), directory)]
        {
            if let (Some(target), false) = (place.and_then(|place| place.target.as_ref()), files.is_empty()) {
                target.stage(&files, PRIVATE)?.commit()?;
            }
        }
        let none = || RequestError::NoDirectory { path: self.place_of_ca().path.display().to_string() };
        let target = self.place_of_ca().target.as_ref().ok_or_else(none)?;
        let mut index = target.grow(&index_file(&self.series.issuer))?;
        heal(&mut index)?;
        Ok(index)
    }
}

/// Ends the last line of an index. One that a writer did not finish is of a certificate that never left, and goes.
fn heal(index: &mut Growing) -> Result<(), Error> {
    let tail = index.tail(LINE_BYTES)?;
    if tail.is_empty() {
        return Ok(());
    }
    match Line::parse(&tail) {
        Ok(_) => index.append(b"\n")?,
        Err(_) => index.cut(index.length() - tail.len() as u64)?,
    }
    Ok(())
}

impl Place {
    fn has(&self, name: &str) -> Result<bool, Error> {
        Ok(!self.names_if(|it| it == name)?.is_empty())
    }

    /// The names that are wanted of what is there.
    fn names_if(&self, wanted: impl Fn(&str) -> bool) -> Result<BTreeSet<String>, Error> {
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
fn hold(
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
enum Depth {
    /// What may be a CA's: neither the files of the many that were issued, nor what indexes say of them.
    Authorities,
    /// All certificates.
    All,
}

impl Depth {
    fn reads(self, name: &str) -> bool {
        let is_one_of_many = |stem: &str| {
            let mut usages = ["server.", "client.", "node."].iter();
            // A CA may have such a name too: `client.ca`, `server.team-ca`.
            let is_ca = |name: &str| name.split(['.', '-', '_']).any(|word| word.eq_ignore_ascii_case("ca"));
            usages.any(|usage| stem.strip_prefix(usage).is_some_and(|name| !name.is_empty() && !is_ca(name)))
        };
        let is_leaf = || {
            let stem = name.strip_suffix(".crt").or_else(|| name.strip_suffix(".key"));
            stem.is_some_and(is_one_of_many)
        };
        self == Self::All || !is_leaf()
    }
}

/// What is in both directories.
fn look(
    under: &CaRequest,
    directory: &Place,
    ca_directory: Option<&Place>,
    depth: Depth,
) -> Result<State, Error> {
    let found = |place: &Place, wanted: &dyn Fn(&str) -> bool| -> Result<Found, Error> {
        // Indexes are told by their names alone: they are read line by line, for they may be long.
        let reads =
            |name: &str| wanted(name) && !name.ends_with(crate::index::INDEX_SUFFIX) && depth.reads(name);
        let names = |name: &str| depth.reads(name);
        let path = place.path.display().to_string();
        let (names, files) = match &place.target {
            Some(target) => (target.names_if(names)?, target.read(reads)?),
            None => match Directory::open(&place.path)? {
                Some(directory) => (directory.names()?, directory.read(reads)?),
                None => Default::default(),
            },
        };
        Ok(Found { path, names: names.into_keys().collect(), files, beside: FileSet::default() })
    };
    let own = found(directory, &counts)?;
    let ca = ca_directory.map(|place| {
        let Found { path, names, files, .. } =
            found(place, &|name| under.reads_of_ca(name) || under.reads_beside_ca(name))?;
        let (files, beside): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(name, _)| under.reads_of_ca(name));
        let (files, beside) = (files.into_iter().collect(), beside.into_iter().collect());
        Ok::<_, Error>(Found { path, names, files, beside })
    });
    let (state, problems) = layout::restore(&own, ca.transpose()?.as_ref());
    let grave = problems.into_iter().find(|problem| !under.forgives(problem, &state));
    grave.map_or(Ok(state), |problem| Err(problem.into()))
}

fn refuse(request: &BulkRequest, rows: Vec<RowError>) -> Result<(), Error> {
    match rows.is_empty() {
        true => Ok(()),
        false => Err(ListError { list: request.list_name(), rows }.into()),
    }
}
