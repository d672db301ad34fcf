//! How it stands with the revocation list of one CA: what there is of it, whether it is due, and what the next one says.

use super::list_spec::{ListSpec, RevocationSpec};
use super::lists::Which;
use super::{CertificateSpec, IndexSpec, IssuerRef, ListsError, Notice, Plan, PlanError, issuers};
use crate::index::{Status, Survey, count_revoked, survey};
use crate::pg::{certificate_file, key_file, list_file};
use crate::state::State;
use crate::x509::{
    Certificate, KeyUsage, Lifetime, RevocationList, Window, format_instant, serial_order, significant,
};
use std::cmp::Ordering;
use time::OffsetDateTime;

/// How long a list counts, unless said otherwise: a stale one turns everybody away, and a year is what people remember.
const USUAL_LIFE: Lifetime = Lifetime::days(365);

/// How many octets of a number every reader takes (RFC 5280 §5.2.3).
const LONGEST_NUMBER: usize = 20;

/// How it stands with the list of one CA.
pub(super) struct Standing<'a> {
    spec: &'a CertificateSpec,
    /// Whether its key is here, or will be.
    has_key: bool,
    /// Whether something hangs from it whose lists are made here; where no key is here at all, everything is.
    is_needed: bool,
    /// The places of its lists in the state.
    pub(super) places: Vec<usize>,
    /// The one of these that counts.
    latest: Option<usize>,
    /// Whom it revoked.
    survey: Survey<'a>,
    /// Whether `latest` is not there, ends soon, or lacks somebody.
    is_due: bool,
    /// Whether `latest` turns nobody away who is to be let in: with no other there it is better than none.
    counts: bool,
    /// Whether the plan revokes something that it issued.
    revokes: bool,
}

impl<'a> Standing<'a> {
    pub(super) fn of(
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
        let survey = survey(state.indexes.get(&spec.stem), &lists);
        let revokes = plan.revocations.iter().any(|it| it.of == spec.stem);
        let is_new = |spec: &CertificateSpec| spec.existing().is_none();
        let has_key = |spec: &CertificateSpec| is_new(spec) || state.key(&spec.stem).is_some();
        // One whose key is of no use today signs here all the same.
        let is_own = |spec: &CertificateSpec| has_key(spec) || issuers::is_unusable(&spec.stem, state);
        let is_fresh = |at: usize| {
            let list = &state.lists[at];
            !is_ending(list, now)
                && is_taken(list)
                && is_found_by(list, certificate)
                && count_revoked(list) == survey.count
        };
        let counts = |at: usize| {
            let list = &state.lists[at];
            is_in_time(list, now) && is_taken(list) && is_found_by(list, certificate)
        };
        Self {
            has_key: has_key(spec),
            is_needed: cas.iter().any(|below| is_own(below) && hangs_from(below, &spec.stem, cas))
                || !cas.iter().any(is_own),
            counts: latest.is_some_and(counts),
            is_due: revokes || !latest.is_some_and(is_fresh),
            spec,
            places,
            latest,
            survey,
            revokes,
        }
    }

    /// Its list; `None` where there is none and will be none.
    pub(super) fn list(
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
            let list = self.new_list(lifetime, plan, state, now);
            if list.number.as_ref().is_some_and(|number| number.len() > LONGEST_NUMBER) {
                plan.notices.push(Notice::LongListNumber { certificate: self.spec.stem.clone() });
            }
            return Ok(Some(list));
        }
        if self.revokes || (which != Which::InUse && self.is_needed && !self.counts) {
            return Err(no_key(&self.spec.stem, state));
        }
        let certificate = self.spec.stem.clone();
        let next_update = kept().and_then(|list| list.next_update);
        let key_problem = state.unusable_keys.get(&key_file(&certificate)).map(|key| key.problem.clone());
        plan.notices.push(Notice::ListNotMade { certificate, next_update, key_problem });
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
            Some(time_of(certificate.window))
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
        let index = state.indexes.get(&self.spec.stem);
        let is_new = |serial: &[u8]| {
            let line = index.and_then(|index| index.line_of(serial));
            let listed = self.survey.listed.binary_search_by(|it| serial_order(it.serial, serial));
            listed.is_err() && line.is_none_or(|line| line.status != Status::Revoked)
        };
        let own = plan.revocations.iter().filter(|it| it.of == self.spec.stem && is_new(&it.serial));
        ListSpec {
            issuer: self.spec.subject.clone(),
            of: self.spec.stem.clone(),
            // Not an hour back, as certificates: it would look older than one that was made in between.
            this_update: now,
            next_update: Some(now.checked_add(life).map_or(end, |next| next.min(end))),
            number: Some(successor(last.unwrap_or_default())),
            revoked: self.survey.count + own.count(),
            earlier: self.places.clone(),
            kept: None,
        }
    }

    /// Has the index know what lists alone knew, so that whoever goes on with it forgets nobody.
    pub(super) fn mark(&self, plan: &mut Plan, state: &State) {
        let of = &self.spec.stem;
        let Some(index) = state.indexes.get(of) else { return };
        for entry in &self.survey.unmarked {
            let Some(line) = index.line_of(entry.serial) else { continue };
            plan.revocations.push(RevocationSpec {
                of: of.clone(),
                serial: line.serial.to_vec(),
                subject: line.subject.to_string(),
                not_after: line.not_after,
                name: None,
                usage: None,
                at: entry.instant,
                reason: entry.reason,
            });
        }
        if !self.survey.unmarked.is_empty() && !plan.indexes.iter().any(|index| index.of == *of) {
            let index = IndexSpec::of(of, state, &plan.certificates);
            plan.indexes.push(index);
        }
    }
}

fn time_of(window: Window) -> String {
    let (from, to) = (format_instant(window.not_before), format_instant(window.not_after));
    format!("it is valid from {from} to {to}")
}

/// Why a CA makes no list: it has ended, or its key is away or of no use.
pub(super) fn why_none(spec: &CertificateSpec, state: &State, now: OffsetDateTime) -> PlanError {
    if state.key(&spec.stem).is_none() || now <= spec.window.not_after {
        return no_key(&spec.stem, state);
    }
    let certificate = state.shown_pair(true, &certificate_file(&spec.stem));
    PlanError::UnusableCa { certificate, problem: time_of(spec.window) }
}

fn no_key(stem: &str, state: &State) -> PlanError {
    let (key, list) = (state.shown_pair(true, &key_file(stem)), state.shown(&list_file(stem)));
    let error = match state.unusable_keys.get(&key_file(stem)) {
        Some(why) => {
            let why = Box::new(why.clone());
            ListsError::KeyUnusable { certificate: stem.to_owned(), key, list, why }
        }
        None => {
            let certificate = state.shown_pair(true, &certificate_file(stem));
            ListsError::KeyMissing { certificate, key, list }
        }
    };
    error.into()
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
pub(super) fn age_order(one: &RevocationList, other: &RevocationList) -> Ordering {
    let number = |list: &'_ RevocationList| list.number.as_deref().map(|number| significant(number).to_vec());
    let numbers = match (number(one), number(other)) {
        (Some(one), Some(other)) => serial_order(&one, &other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    };
    numbers.then(one.this_update.cmp(&other.this_update))
}

/// Whether a list is in its time.
fn is_in_time(list: &RevocationList, now: OffsetDateTime) -> bool {
    list.this_update <= now && list.next_update.is_none_or(|next| now <= next)
}

/// Whether less than a third of a list's life is left, or it has no end, which RFC 5280 §5.1.2.5 forbids.
fn is_ending(list: &RevocationList, now: OffsetDateTime) -> bool {
    let Some(next) = list.next_update else { return true };
    list.this_update > now || (next - now) * 3 < next - list.this_update
}

/// Whether OpenSSL takes it: an extension that it does not know and may not pass over, is there twice, or cannot be read,
/// keeps it from that.
fn is_taken(list: &RevocationList) -> bool {
    let odd = [&list.unknown_critical_extensions, &list.repeated_extensions, &list.unreadable_extensions];
    odd.iter().all(|oids| oids.is_empty())
}

/// Whether OpenSSL finds the list of a CA by the key identifier that it has.
fn is_found_by(list: &RevocationList, authority: Option<&Certificate>) -> bool {
    let own = authority.and_then(|authority| authority.subject_key_identifier.as_ref());
    own.zip(list.authority_key_identifier.as_ref()).is_none_or(|(own, named)| own == named)
}

/// One that stays as it is.
pub(super) fn kept(of: &str, place: usize, state: &State) -> ListSpec {
    let list = &state.lists[place];
    ListSpec {
        issuer: list.issuer.clone(),
        of: of.to_owned(),
        this_update: list.this_update,
        next_update: list.next_update,
        number: list.number.as_deref().map(|number| significant(number).to_vec()),
        revoked: count_revoked(list),
        earlier: Vec::new(),
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
