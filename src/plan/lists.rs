//! Which revocation lists are made anew, until when each counts, and in which files they lie. `crl` and `revoke` are
//! little else; `renew` and `rotate` keep lists up with it.

use super::issue::kept_spec;
use super::{CertificateSpec, IndexSpec, IssuerRef, Notice, Plan, PlanError, authorities, issuers};
use crate::index::{AllRevoked, Revoked, all_revoked};
use crate::pg::{LISTS_FILE, certificate_file, key_file, list_file};
use crate::state::State;
use crate::x509::{
    Certificate, KeyUsage, Lifetime, Name, Revocation, RevocationList, RevocationReason, format_instant,
    format_serial, serial_order, serialize_instant, significant,
};
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use time::OffsetDateTime;

/// How long a list counts, unless said otherwise: a stale one turns everybody away, and a year is what people remember.
const USUAL_LIFE: Lifetime = Lifetime::days(365);

/// A revocation list of a CA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListSpec {
    /// Who signs it.
    pub issuer: Name,
    /// The stem of the CA, a certificate of the same plan; of a CA that is not here a name with `#` in it.
    pub of: String,
    /// thisUpdate.
    #[serde(serialize_with = "serialize_instant")]
    pub this_update: OffsetDateTime,
    /// nextUpdate; `None`: what is there does not say.
    #[serde(serialize_with = "super::serialize_end")]
    pub next_update: Option<OffsetDateTime>,
    /// cRLNumber: big-endian bytes without leading zeros; `None`: what is there has none.
    #[serde(serialize_with = "serialize_number")]
    pub number: Option<Vec<u8>>,
    /// How many it revokes.
    pub revoked: usize,
    /// The place in [`State::lists`] of the one that is here and stays; `None`: it is made.
    #[serde(serialize_with = "serialize_kept")]
    pub kept: Option<usize>,
}

/// A file of several lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListsSpec {
    /// The file's name.
    pub file: String,
    /// Whose lists, in order.
    pub lists: Vec<String>,
}

/// A certificate that is revoked, in the index of its CA and in the list that is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevocationSpec {
    /// The stem of its CA.
    pub of: String,
    /// Its serial number: big-endian bytes without leading zeros.
    #[serde(serialize_with = "serialize_serial")]
    pub serial: Vec<u8>,
    /// Whom it names, as the index has it.
    pub subject: String,
    /// Its last second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_after: OffsetDateTime,
    /// Whom it names, where the index may lack it.
    #[serde(skip)]
    pub name: Option<Name>,
    /// Since when.
    #[serde(serialize_with = "serialize_instant")]
    pub at: OffsetDateTime,
    /// Why, where it is said.
    #[serde(serialize_with = "serialize_reason")]
    pub reason: Option<RevocationReason>,
}

impl RevocationSpec {
    /// The same, as the index has it.
    #[must_use]
    pub fn revoked(&self) -> Revoked {
        Revoked { at: self.at, reason: self.reason }
    }
}

fn serialize_number<S: Serializer>(number: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    number.as_deref().map(format_serial).serialize(serializer)
}

fn serialize_serial<S: Serializer>(serial: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_serial(serial))
}

fn serialize_reason<S: Serializer>(
    reason: &Option<RevocationReason>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    reason.map(|reason| reason.to_string()).serialize(serializer)
}

fn serialize_kept<S: Serializer>(kept: &Option<usize>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(kept.is_some())
}

/// Which lists are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Every one whose CA's key is here.
    All,
    /// Those that are due: not here, with less than a third of their life left, or without somebody who is revoked.
    Due,
    /// Those that are due, where lists are in use at all; one whose CA's key is not here is told, and nothing is refused.
    InUse,
}

/// Adds to a plan the revocation lists of every CA that it or the directory holds, and the files that they lie in:
/// `root.crl`, `intermediate.crl`, and `chain.crl` for all of them, which is what PostgreSQL needs. What stays as it is
/// stays on disk; a plan to which nothing is added but that writes nothing.
///
/// The CAs that a plan makes count (their lists are made by the key that they get or keep), those whose certificate file
/// is among its `removed_files` do not; its `revocations` come to be in the lists. So this is called last.
///
/// # Errors
/// [`PlanError::NoCa`]; [`PlanError::CaKeyMissing`] for a list that has to be made; [`PlanError::UnusableCa`] for a CA that
/// may not sign lists, or not now. With [`Which::InUse`] the last alone.
pub fn refresh(
    plan: &mut Plan,
    state: &State,
    which: Which,
    lifetime: Option<Lifetime>,
    now: OffsetDateTime,
) -> Result<(), PlanError> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    if which == Which::InUse && state.lists.is_empty() && plan.revocations.is_empty() {
        return Ok(());
    }
    add_authorities(plan, state);
    let mut held = Vec::new();
    let cas: Vec<CertificateSpec> =
        plan.certificates.iter().filter(|spec| spec.usage.is_ca()).cloned().collect();
    if cas.is_empty() && which != Which::InUse {
        return Err(PlanError::NoCa { path: state.path.clone() });
    }
    for spec in &cas {
        let standing = Standing::of(spec, &cas, plan, state, now);
        held.extend_from_slice(&standing.places);
        if let Some(list) = standing.list(which, lifetime, plan, state, now)? {
            if list.kept.is_none() {
                standing.mark(plan, state);
            }
            plan.lists.push(list);
        }
    }
    add_strangers(plan, state, &held);
    file(plan, state);
    Ok(())
}

/// `crl`'s first step: a directory with a CA -> a plan for the lists of all of them.
///
/// # Errors
/// Those of [`refresh`]; where every list is asked for, also that of a key where there is none.
pub fn lists(
    which: Which,
    lifetime: Option<Lifetime>,
    state: &State,
    now: OffsetDateTime,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::named("crl");
    refresh(&mut plan, state, which, lifetime, now)?;
    let makes_none = plan.lists.iter().all(|list| list.kept.is_some());
    match plan.certificates.iter().rev().find(|spec| spec.usage.is_ca()) {
        // What is there would count for as long as before, and whoever asked would not know.
        Some(lowest) if makes_none && which == Which::All => Err(key_missing(&lowest.stem, state)),
        _ => Ok(plan),
    }
}

/// The CAs of the directory, as parts of the plan.
fn add_authorities(plan: &mut Plan, state: &State) {
    let found = authorities::of(state, None);
    let mut new: Vec<CertificateSpec> = Vec::new();
    for authority in &found {
        let chain = authorities::above(authority, &found);
        for ((link, _), spec) in chain.iter().zip(chain.iter().map(kept_spec)) {
            let is_it = |known: &CertificateSpec| {
                let same = |kept: &Certificate| kept.der == link.certificate.der;
                known.stem == spec.stem || known.kept.as_ref().is_some_and(same)
            };
            let file = certificate_file(&spec.stem);
            if plan.removed_files.contains(&file) || plan.certificates.iter().chain(&new).any(is_it) {
                continue;
            }
            match &link.elsewhere {
                Some(bundle) => drop(plan.elsewhere.insert(spec.stem.clone(), bundle.clone())),
                None => drop(plan.kept_files.insert(file)),
            }
            new.push(spec);
        }
    }
    plan.certificates.splice(..0, new);
}

/// How it stands with the list of one CA.
struct Standing<'a> {
    spec: &'a CertificateSpec,
    /// Whether its key is here, or will be.
    has_key: bool,
    /// Whether something hangs from it whose lists are made here; where no key is here at all, everything is.
    is_needed: bool,
    /// The places of its lists in the state.
    places: Vec<usize>,
    /// The one of these that counts.
    latest: Option<usize>,
    revoked: AllRevoked<'a>,
    /// Whether `latest` is not there, ends soon, or lacks somebody.
    is_due: bool,
    /// Whether the plan revokes something that it issued.
    revokes: bool,
}

impl<'a> Standing<'a> {
    fn of(
        spec: &'a CertificateSpec,
        cas: &[CertificateSpec],
        plan: &Plan,
        state: &'a State,
        now: OffsetDateTime,
    ) -> Self {
        // One that is made anew under the same key goes on with the lists of the one before.
        let before = spec.kept.as_ref().or_else(|| state.certificate(&spec.stem));
        let certificate = before.filter(|before| before.subject == spec.subject);
        let places = certificate.map(|certificate| state.lists_of(certificate)).unwrap_or_default();
        let lists: Vec<&RevocationList> = places.iter().filter_map(|at| state.lists.get(*at)).collect();
        let whole = places.iter().copied().filter(|at| state.lists.get(*at).is_some_and(is_whole));
        let latest = whole.max_by(|one, other| age_order(&state.lists[*one], &state.lists[*other]));
        let revoked = all_revoked(state.indexes.get(&spec.stem), &lists);
        let revokes = plan.revocations.iter().any(|it| it.of == spec.stem);
        let has_key = |spec: &CertificateSpec| spec.kept.is_none() || state.key(&spec.stem).is_some();
        let is_fresh = |at: usize| {
            let list = &state.lists[at];
            !is_ending(list, now) && is_found_by(list, certificate) && names_all(list, &revoked.all)
        };
        Self {
            has_key: has_key(spec),
            is_needed: cas.iter().any(|below| has_key(below) && hangs_from(below, &spec.stem, cas))
                || !cas.iter().any(has_key),
            is_due: revokes || !latest.is_some_and(is_fresh),
            spec,
            places,
            latest,
            revoked,
            revokes,
        }
    }

    /// Its list; `None` where there is none and will be none.
    fn list(
        &self,
        which: Which,
        lifetime: Option<Lifetime>,
        plan: &mut Plan,
        state: &State,
        now: OffsetDateTime,
    ) -> Result<Option<ListSpec>, PlanError> {
        let kept = || self.latest.map(|place| kept(&self.spec.stem, place, state));
        // Whoever it issued is turned away with any list.
        let is_over = self.spec.window.not_after < now && !self.revokes;
        if is_over || (!self.is_due && (which != Which::All || !self.has_key)) {
            return Ok(kept());
        }
        if self.has_key {
            self.check(state, now)?;
            return Ok(Some(self.new_list(lifetime, plan, state, now)));
        }
        if self.revokes || (which != Which::InUse && self.is_needed) {
            return Err(key_missing(&self.spec.stem, state));
        }
        let next_update = kept().and_then(|list| list.next_update);
        plan.notices.push(Notice::ListNotMade { certificate: self.spec.stem.clone(), next_update });
        Ok(kept())
    }

    /// What keeps an existing CA from signing a list now.
    fn check(&self, state: &State, now: OffsetDateTime) -> Result<(), PlanError> {
        let Some(certificate) = &self.spec.kept else { return Ok(()) };
        let shown = state.shown_pair(true, &certificate_file(&self.spec.stem));
        let usage = certificate.key_usage.as_ref();
        let problem = if usage.is_some_and(|usage| !usage.contains(&KeyUsage::CrlSign)) {
            Some("its key usage is without cRLSign, so nobody takes a revocation list of it".to_owned())
        } else if !certificate.window.contains(now) {
            let window = certificate.window;
            let (from, to) = (format_instant(window.not_before), format_instant(window.not_after));
            Some(format!("it is valid from {from} to {to}"))
        } else {
            None
        };
        match problem {
            Some(problem) => Err(PlanError::UnusableCa { certificate: shown, problem }),
            None => issuers::check_key(self.spec, certificate, shown, state),
        }
    }

    fn new_list(
        &self,
        lifetime: Option<Lifetime>,
        plan: &Plan,
        state: &State,
        now: OffsetDateTime,
    ) -> ListSpec {
        let life = lifetime.unwrap_or(USUAL_LIFE).duration();
        let end = self.spec.window.not_after;
        let numbers = self.places.iter().filter_map(|at| state.lists[*at].number.as_deref());
        let last = numbers.map(significant).max_by(|one, other| serial_order(one, other));
        let is_new = |serial: &[u8]| {
            let known = self.revoked.all.binary_search_by(|it| serial_order(it.serial, serial));
            known.is_err()
        };
        let own = plan.revocations.iter().filter(|it| it.of == self.spec.stem && is_new(&it.serial));
        ListSpec {
            issuer: self.spec.subject.clone(),
            of: self.spec.stem.clone(),
            // Not an hour back, as certificates: it would look older than one that was made in between.
            this_update: now,
            next_update: Some(now.checked_add(life).map_or(end, |next| next.min(end))),
            number: Some(successor(last.unwrap_or_default())),
            revoked: self.revoked.all.len() + own.count(),
            kept: None,
        }
    }

    /// Has the index know what lists alone knew, so that whoever goes on with it forgets nobody.
    fn mark(&self, plan: &mut Plan, state: &State) {
        let of = &self.spec.stem;
        let Some(index) = state.indexes.get(of) else { return };
        for entry in &self.revoked.unmarked {
            let Some(line) = index.line_of(entry.serial) else { continue };
            plan.revocations.push(RevocationSpec {
                of: of.clone(),
                serial: line.serial.clone(),
                subject: line.subject.clone(),
                not_after: line.not_after,
                name: None,
                at: entry.instant,
                reason: entry.reason,
            });
        }
        if !self.revoked.unmarked.is_empty() && !plan.indexes.iter().any(|index| index.of == *of) {
            let index = IndexSpec::of(of, state, &plan.certificates);
            plan.indexes.push(index);
        }
    }
}

fn key_missing(stem: &str, state: &State) -> PlanError {
    PlanError::CaKeyMissing {
        certificate: state.shown_pair(true, &certificate_file(stem)),
        key: state.shown_pair(true, &key_file(stem)),
    }
}

/// Whether a certificate is of a CA, or has it above itself.
fn hangs_from(spec: &CertificateSpec, stem: &str, cas: &[CertificateSpec]) -> bool {
    let mut at = Some(spec);
    for _ in 0..=cas.len() {
        match at {
            Some(spec) if spec.stem == stem => return true,
            Some(CertificateSpec { issuer: IssuerRef::Certificate(above), .. }) => {
                at = cas.iter().find(|other| other.stem == *above);
            }
            _ => return false,
        }
    }
    false
}

/// Whether a list is about everything that its CA issued.
fn is_whole(list: &RevocationList) -> bool {
    !list.is_delta && list.scope.is_none()
}

/// The later of two lists is the one with the higher number.
fn age_order(one: &RevocationList, other: &RevocationList) -> Ordering {
    let number = |list: &'_ RevocationList| list.number.as_deref().map(|number| significant(number).to_vec());
    let numbers = match (number(one), number(other)) {
        (Some(one), Some(other)) => serial_order(&one, &other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    };
    numbers.then(one.this_update.cmp(&other.this_update))
}

/// Whether less than a third of a list's life is left, or it has no end, which RFC 5280 §5.1.2.5 forbids.
fn is_ending(list: &RevocationList, now: OffsetDateTime) -> bool {
    let Some(next) = list.next_update else { return true };
    list.this_update > now || (next - now) * 3 < next - list.this_update
}

/// Whether OpenSSL finds the list of a CA by the key identifier that it has.
fn is_found_by(list: &RevocationList, authority: Option<&Certificate>) -> bool {
    let own = authority.and_then(|authority| authority.subject_key_identifier.as_ref());
    own.zip(list.authority_key_identifier.as_ref()).is_none_or(|(own, named)| own == named)
}

/// Whether a list has everybody; both are in the order of serial numbers.
fn names_all(list: &RevocationList, revoked: &[Revocation<'_>]) -> bool {
    let mut listed = list.revocations().filter(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl));
    revoked.iter().all(|wanted| listed.any(|entry| entry.serial == wanted.serial))
}

/// One that stays as it is.
fn kept(of: &str, place: usize, state: &State) -> ListSpec {
    let list = &state.lists[place];
    ListSpec {
        issuer: list.issuer.clone(),
        of: of.to_owned(),
        this_update: list.this_update,
        next_update: list.next_update,
        number: list.number.as_deref().map(|number| significant(number).to_vec()),
        revoked: list.revocations().len(),
        kept: Some(place),
    }
}

/// A number plus one.
fn successor(number: &[u8]) -> Vec<u8> {
    let mut next = number.to_vec();
    for byte in next.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return next;
        }
    }
    next.insert(0, 1);
    next
}

/// The lists of CAs that are not here, the latest of each: somebody put them beside the others for those who trust these.
fn add_strangers(plan: &mut Plan, state: &State, held: &[usize]) {
    let in_files: Vec<usize> = state.list_files.values().flatten().copied().collect();
    let all = state.certificates.values().flatten();
    let known: Vec<&Name> = all.filter(|it| it.ca == Some(true)).map(|it| &it.subject).collect();
    let is_strange = |at: &usize| {
        in_files.contains(at) && !held.contains(at) && !known.contains(&&state.lists[*at].issuer)
    };
    let strange: Vec<usize> = (0..state.lists.len()).filter(is_strange).collect();
    for at in &strange {
        let list = &state.lists[*at];
        let is_later = |other: &usize| {
            let other = &state.lists[*other];
            other.issuer == list.issuer && age_order(other, list).is_gt()
        };
        if !strange.iter().any(is_later) {
            plan.lists.push(kept(&format!("{LISTS_FILE}#{}", at + 1), *at, state));
        }
    }
}

/// Decides which files are written: each CA's own, and that of all.
fn file(plan: &mut Plan, state: &State) {
    if plan.lists.is_empty() {
        return;
    }
    for list in &plan.lists {
        let file = list_file(&list.of);
        let Some(place) = list.kept else { continue };
        let is_there = state.list_files.get(&file).is_some_and(|held| *held == [place]);
        // That of a CA without a key here came under a name that somebody else gave it.
        let is_filed = state.list_files.values().any(|held| held.contains(&place));
        if is_there || (is_filed && state.key(&list.of).is_none()) {
            plan.kept_files.insert(file);
        }
    }
    let is_own = |list: &&ListSpec| plan.certificate(&list.of).is_some();
    let (own, strange): (Vec<&ListSpec>, Vec<&ListSpec>) = plan.lists.iter().partition(is_own);
    // As in the file of the certificates: the root last.
    let ordered: Vec<&ListSpec> = own.into_iter().rev().chain(strange).collect();
    let places: Option<Vec<usize>> = ordered.iter().map(|list| list.kept).collect();
    if places.is_some_and(|places| state.list_files.get(LISTS_FILE) == Some(&places)) {
        plan.kept_files.insert(LISTS_FILE.to_owned());
    }
    let lists = ordered.iter().map(|list| list.of.clone()).collect();
    plan.list_bundles.push(ListsSpec { file: LISTS_FILE.to_owned(), lists });
}
