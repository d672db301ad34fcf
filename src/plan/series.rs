//! The first step of `issue -f`: a list of names, and a directory with a CA -> what each of them gets under it.
//!
//! What all rows share is decided once, for the first of them, by the rules that every certificate is held against; of
//! each further one the rules about names are left. A row costs some twenty bytes besides its own words.

use super::build::{long_lived, p384_client, wish};
use super::issue::{Footing, profile};
use super::places::Places;
use super::{CertificateSpec, LeafNames, ListError, Plan, PlanError, RowError, issuers, rules};
use crate::keys::KeyType;
use crate::list::{LineError, List, Row};
use crate::profile::{CertificateEntry, Ending, Validity};
use crate::state::State;
use crate::x509::{GeneralName, Lifetime, Name, Usage};
use std::collections::{BTreeMap, HashMap, HashSet};
use time::OffsetDateTime;

/// How many certificates are made for each that the judge looks at, beside the first of each shape.
const JUDGED_EVERY: usize = 1000;

/// What the certificates of a list have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesWish {
    /// What they are for.
    pub usage: Usage,
    /// When they are valid, where a row says nothing else.
    pub validity: Validity,
    /// Their keys.
    pub key_type: KeyType,
    /// Whether the certificates of the CAs below the root follow each in its file.
    pub appends: bool,
}

/// Many certificates under one CA.
#[derive(Debug)]
pub struct Series {
    /// The CAs, their bundles and the index; none of the certificates.
    pub plan: Plan,
    /// The stem of the CA that signs.
    pub issuer: String,
    wish: SeriesWish,
    list: List,
    marks: Vec<Mark>,
    /// One certificate of each lifetime, which a row is laid over.
    prototypes: Vec<CertificateSpec>,
    places: Places,
}

/// What is known of a row.
#[derive(Debug, Clone, Copy)]
struct Mark {
    prototype: u32,
    is_skipped: bool,
    is_judged: bool,
}

/// A certificate that takes on the form of one row after another.
#[derive(Debug, Default)]
pub struct Draft {
    spec: Option<(u32, CertificateSpec)>,
}

/// Plans a certificate for each row of a list, under the lowest CA of a directory or the one whose stem is `ca`; `name` is
/// what messages call the list, and `problems` are the lines that were left out of it.
///
/// # Errors
/// [`SeriesError::Ca`] where nothing at all could be issued, [`SeriesError::List`] with every line at fault.
pub fn series(
    list: List,
    name: &str,
    problems: Vec<LineError>,
    wish: SeriesWish,
    ca: Option<&str>,
    state: &State,
    now: OffsetDateTime,
) -> Result<Series, SeriesError> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let mut footing = Footing::find(ca, state).map_err(SeriesError::Ca)?;
    let mut making = Making {
        authorities: std::mem::take(&mut footing.authorities),
        issuer: footing.issuer.clone(),
        append: if wish.appends { footing.append.clone() } else { Vec::new() },
        by_lifetime: HashMap::new(),
        prototypes: Vec::new(),
        places: Places::default(),
        state,
        now,
    };
    let mut faults: Vec<RowError> = problems.into_iter().map(RowError::from).collect();
    let mut marks = Vec::with_capacity(list.len());
    let mut draft = Draft::default();
    for at in 0..list.len() {
        match making.check(&list, at, &wish, &mut draft) {
            Ok(prototype) => marks.push(Mark { prototype, is_skipped: false, is_judged: false }),
            Err(Fault::Row(error)) => faults.push(RowError::of(list.row(at).line, &error)),
            Err(Fault::Twice(first)) => {
                let stem = stem_of(wish.usage, list.row(at));
                faults.push(RowError::twice(list.row(at), list.row(first), &stem));
            }
            Err(Fault::Ca(error)) => return Err(SeriesError::Ca(error)),
        }
    }
    if !faults.is_empty() || list.is_empty() {
        faults.sort_by_key(|fault| fault.line);
        return Err(SeriesError::List(ListError { list: name.to_owned(), rows: faults }));
    }
    let Making { authorities, prototypes, places, .. } = making;
    let mut notices: Vec<_> = prototypes.iter().filter_map(|spec| long_lived(spec, now)).collect();
    notices.extend(prototypes.iter().find_map(p384_client));
    let issuer = footing.issuer.clone();
    let mut plan = footing.plan(authorities, notices, state);
    // Whether a subject is there twice is not asked of a long index; a list that is taken up again has some twice.
    for index in &mut plan.indexes {
        index.attributes |= state.unique_subjects.contains(&index.of);
    }
    Ok(Series { plan, issuer, wish, list, marks, prototypes, places })
}

/// Why a list is not issued for.
#[derive(Debug)]
pub enum SeriesError {
    /// The CA, whatever the list says.
    Ca(PlanError),
    /// Lines of the list.
    List(ListError),
}

/// A row's own fault, or what stands in the way of all.
enum Fault {
    Row(PlanError),
    Twice(usize),
    Ca(PlanError),
}

/// The rows so far.
struct Making<'s> {
    authorities: Vec<CertificateSpec>,
    issuer: String,
    append: Vec<String>,
    by_lifetime: HashMap<String, u32>,
    prototypes: Vec<CertificateSpec>,
    places: Places,
    state: &'s State,
    now: OffsetDateTime,
}

impl Making<'_> {
    /// Holds a row against the rules; the result is the place of its prototype.
    fn check(&mut self, list: &List, at: usize, wish: &SeriesWish, draft: &mut Draft) -> Result<u32, Fault> {
        let row = list.row(at);
        let names = leaf_names(wish.usage, row).map_err(Fault::Row)?;
        if let Some(first) = self.places.take(&names.stem, at, |place| stem_of(wish.usage, list.row(place))) {
            return Err(Fault::Twice(first));
        }
        let Some(prototype) = self.by_lifetime.get(row.lifetime) else {
            return self.prototype(row, &names, wish);
        };
        let spec = draft.laid_over(*prototype, &self.prototypes, names);
        match spec.map(|spec| rules::check_names_under(spec, &self.authorities)) {
            Some(Err(error)) => Err(Fault::Row(error)),
            _ => Ok(*prototype),
        }
    }

    /// The first row of a lifetime is held against all rules, and its CAs with it.
    fn prototype(&mut self, row: Row<'_>, names: &LeafNames, series: &SeriesWish) -> Result<u32, Fault> {
        let ending = match row.lifetime {
            "" => series.validity.ending,
            text => {
                let lifetime =
                    text.parse::<Lifetime>().map_err(|error| Fault::Row(PlanError::Value(error)))?;
                Ending::After(lifetime)
            }
        };
        let entry = CertificateEntry {
            validity: Validity { ending, ..series.validity },
            append: self.append.clone(),
            ..names.entry(&names.stem, series.key_type, Some(self.issuer.clone()))
        };
        let kept = self.authorities.len();
        let of_window = if row.lifetime.is_empty() { Fault::Ca } else { Fault::Row };
        self.authorities.push(wish(&entry, self.now).map_err(of_window)?);
        let specs = &mut self.authorities;
        let checked = rules::check(&profile(vec![entry]), specs, self.now).map_err(Fault::Row);
        let checked = checked.and_then(|()| issuers::check(specs, self.state, self.now).map_err(Fault::Ca));
        let spec = specs.drain(kept..).next();
        if let Err(fault) = checked {
            return Err(self.of_all(fault, row, spec.as_ref()));
        }
        let place = self.prototypes.len() as u32;
        self.prototypes.extend(spec);
        self.by_lifetime.insert(row.lifetime.to_owned(), place);
        Ok(place)
    }

    /// What is wrong with a row whose names are in order and that asks for nothing of its own is wrong with all of them.
    fn of_all(&self, fault: Fault, row: Row<'_>, spec: Option<&CertificateSpec>) -> Fault {
        let names_fit = spec.is_some_and(|spec| rules::check_names_under(spec, &self.authorities).is_ok());
        match fault {
            Fault::Row(error) if row.lifetime.is_empty() && names_fit => Fault::Ca(error),
            fault => fault,
        }
    }
}

impl Series {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What they are for.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.wish.usage
    }

    /// The type of their keys.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.wish.key_type
    }

    /// The stems of the CAs that follow each certificate.
    #[must_use]
    pub fn appends(&self) -> &[String] {
        self.prototypes.first().map_or(&[], |spec| spec.append.as_slice())
    }

    /// The row at that place, counted from 0.
    #[must_use]
    pub fn row(&self, at: usize) -> Row<'_> {
        self.list.row(at)
    }

    /// The stem of the files of a row.
    #[must_use]
    pub fn stem(&self, at: usize) -> String {
        stem_of(self.wish.usage, self.list.row(at))
    }

    /// The subject of a row.
    #[must_use]
    pub fn subject(&self, at: usize) -> Name {
        let names = leaf_names(self.wish.usage, self.list.row(at));
        names.map_or_else(|_| Name::common_name(""), |names| Name::common_name(&names.common_name))
    }

    /// The place of the row whose files have that stem.
    #[must_use]
    pub fn place_of(&self, stem: &str) -> Option<usize> {
        self.places.find(stem, |place| self.stem(place))
    }

    /// Leaves a row out.
    pub fn skip(&mut self, at: usize) {
        if let Some(mark) = self.marks.get_mut(at) {
            mark.is_skipped = true;
        }
    }

    /// Whether a row is left out.
    #[must_use]
    pub fn is_skipped(&self, at: usize) -> bool {
        self.marks.get(at).is_none_or(|mark| mark.is_skipped)
    }

    /// Chooses what the judge looks at, of the rows that are not left out: the first of each shape, which is a lifetime and
    /// the kinds of subject alternative names, and every thousandth.
    pub fn choose_judged(&mut self) {
        let mut met = HashSet::new();
        let mut met_without_names = vec![false; self.prototypes.len()];
        let mut made = 0;
        for at in 0..self.marks.len() {
            if self.is_skipped(at) {
                continue;
            }
            let (prototype, kinds) = (self.marks[at].prototype, self.san_kinds(at));
            // Most have none, and are not worth the looking up.
            let is_first = match met_without_names.get_mut(prototype as usize) {
                Some(met) if kinds.is_empty() => !std::mem::replace(met, true),
                _ => met.insert((prototype, kinds)),
            };
            self.marks[at].is_judged = is_first || made % JUDGED_EVERY == 0;
            made += 1;
        }
    }

    /// Whether the judge looks at a row's certificate.
    #[must_use]
    pub fn is_judged(&self, at: usize) -> bool {
        self.marks.get(at).is_some_and(|mark| mark.is_judged)
    }

    /// The certificate of a row; `None` for one that is not there.
    pub fn spec<'d>(&self, at: usize, draft: &'d mut Draft) -> Option<&'d CertificateSpec> {
        let names = leaf_names(self.wish.usage, self.list.row(at)).ok()?;
        draft.laid_over(self.marks.get(at)?.prototype, &self.prototypes, names)
    }

    /// The first and the last end of what is made, and of how many rows that is so; `None` where nothing is.
    #[must_use]
    pub fn endings(&self) -> Option<(OffsetDateTime, OffsetDateTime)> {
        let made = self.marks.iter().filter(|mark| !mark.is_skipped);
        let used: BTreeMap<u32, ()> = made.map(|mark| (mark.prototype, ())).collect();
        let ends = used.keys().filter_map(|at| self.prototypes.get(*at as usize));
        let ends: Vec<OffsetDateTime> = ends.map(|spec| spec.window.not_after).collect();
        Some((*ends.iter().min()?, *ends.iter().max()?))
    }

    fn san_kinds(&self, at: usize) -> String {
        let row = self.list.row(at);
        if row.san.is_empty() && !self.wish.usage.serves() {
            return String::new();
        }
        let kind = |name: &GeneralName| match name {
            GeneralName::Dns(_) => 'd',
            GeneralName::Ip(address) if address.is_ipv4() => '4',
            GeneralName::Ip(_) => '6',
            GeneralName::Email(_) => 'e',
            GeneralName::Uri(_) => 'u',
        };
        let names = leaf_names(self.wish.usage, row);
        names.map(|names| names.san.iter().map(kind).collect()).unwrap_or_default()
    }
}

impl Draft {
    /// The prototype with those names. It is copied when another one is asked for than the time before.
    fn laid_over(
        &mut self,
        prototype: u32,
        prototypes: &[CertificateSpec],
        names: LeafNames,
    ) -> Option<&CertificateSpec> {
        if self.spec.as_ref().is_none_or(|(place, _)| *place != prototype) {
            self.spec = Some((prototype, prototypes.get(prototype as usize)?.clone()));
        }
        let (_, spec) = self.spec.as_mut()?;
        spec.subject = Name::common_name(&names.common_name);
        spec.stem = names.stem;
        spec.extensions.subject_alt_names = names.san;
        Some(spec)
    }
}

/// The names of a row: those that a server or node is called by stand between spaces.
fn leaf_names(usage: Usage, row: Row<'_>) -> Result<LeafNames, PlanError> {
    let common_name = Some(row.common_name).filter(|name| !name.is_empty());
    if usage.serves() {
        let typed = row.name.split_whitespace().chain(row.san.split_whitespace());
        return LeafNames::parse(usage, &typed.map(str::to_owned).collect::<Vec<_>>(), common_name);
    }
    let mut names = LeafNames::parse(usage, &[row.name.to_owned()], common_name)?;
    for text in row.san.split_whitespace() {
        let name: GeneralName = text.parse().map_err(PlanError::Value)?;
        if !names.san.contains(&name) {
            names.san.push(name);
        }
    }
    Ok(names)
}

fn stem_of(usage: Usage, row: Row<'_>) -> String {
    leaf_names(usage, row).map(|names| names.stem).unwrap_or_default()
}
