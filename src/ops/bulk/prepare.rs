//! Everything before the first key: the directories locked, the list held against what is there, the CA's key opened.

use super::encode::{StreamForm, secret_name};
use super::hashed::Hashed;
use super::outlet::{Leaving, Way};
use super::places::{Depth, Place, hold, look};
use super::resume::{self, Resumed};
use super::{BulkRequest, Outlet, form};
use crate::error::{Error, RequestError};
use crate::fs::{Directory, Growing, Reserved, archive_name_fits};
use crate::index::{Line, index_file};
use crate::keys::KeySource;
use crate::layout::{self, Arrangement, Content, Filled};
use crate::list::List;
use crate::ops::change::{PRIVATE, refuse_same_directory};
use crate::pg::{certificate_file, key_file};
use crate::pki::{self, Maker, Secrets};
use crate::plan::{ListError, RowError, Series, SeriesError, series};
use crate::state::State;
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

fn refuse(request: &BulkRequest, rows: Vec<RowError>) -> Result<(), Error> {
    match rows.is_empty() {
        true => Ok(()),
        false => Err(ListError { list: request.list_name(), rows }.into()),
    }
}
