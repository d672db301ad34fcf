//! `switch`: what hangs from the old CA is issued again under the new one, with its key, names and usage; the two CAs get
//! each other's names.

use super::error::RotateError;
use super::follow;
use super::footing::{self, authority, refuse_early_clock, require_key, told};
use super::needs::{self, RevokedBy};
use super::{Left, RotationPhase, RotationSpec, Succession, Trusted, phase};
use crate::index::{attributes_file, index_file};
use crate::pg::{certificate_file, key_file, list_file, next_stem, previous_stem};
use crate::plan::authorities::{self, Authority};
use crate::plan::command::word;
use crate::plan::reissue::{Reissued, leaf_usage, reissue};
use crate::plan::window::BACKDATED;
use crate::plan::{
    CertificateSpec, IndexSpec, Notice, Plan, PlanError, Replacement, Which, issuers, refresh, rules,
};
use crate::state::{State, issued, key_identifier};
use crate::x509::{Certificate, Usage, Window};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

pub(super) fn switch(
    stem: &str,
    is_distributed: bool,
    state: &mut State,
    now: OffsetDateTime,
) -> Result<Plan, RotateError> {
    footing::certificate(stem, state)?;
    let dropped = follow::dropped(stem, state).cloned();
    let before = match &dropped {
        Some(_) => RotationPhase::Switched,
        None => phase::phase(stem, state)?,
    };
    if before == RotationPhase::None {
        return Err(RotateError::NotBegun {
            stem: stem.to_owned(),
            command: footing::command(stem, "add", state),
        });
    }
    if let Some(other) = phase::other_half_way(stem, state) {
        return Err(RotateError::OtherHalfWay { command: footing::command(&other, "status", state), other });
    }
    let next = next_stem(stem);
    if before == RotationPhase::Added {
        require_key(&next, state)?;
        if !is_distributed {
            return Err(undistributed(stem, state));
        }
        refuse_unfit(&next, state, now)?;
        renamed(stem, state);
    }
    require_key(stem, state)?;
    if let Some(old) = &dropped {
        state.certificates.insert(certificate_file(&previous_stem(stem)), vec![old.clone()]);
    }
    let state = &*state;
    let previous = previous_stem(stem);
    // It has no key here, and its certificate may stand alone in another file as well.
    let found = authorities::of(state, dropped.as_ref().map(|_| previous.as_str()));
    let own = authority(stem, &found, state)?;
    let old = authority(&previous, &found, state)?;
    refuse_early_clock(stem, own.certificate, state, now)?;
    let specs = footing::kept([own, old], &found);
    let mut bench =
        Bench { found: &found, state, now, specs, copies: Vec::new(), left: Vec::new(), notices: Vec::new() };
    match &dropped {
        None => bench.bring_over(own, old)?,
        Some(_) => bench.leave_all(old),
    }
    issuers::check(&bench.specs, state, now)?;
    for spec in bench.specs.iter().filter(|spec| spec.kept.is_none()) {
        rules::check_reissued(spec, &bench.specs)?;
    }
    let rotation = RotationSpec {
        ca: stem.to_owned(),
        before,
        after: RotationPhase::Switched,
        old: told(&old.stem, old.certificate),
        new: Some(told(stem, own.certificate)),
        trusted_by: footing::trusting(old.certificate, &found, state),
        succession: Some(Succession {
            old: old.certificate.der.clone(),
            new: stem.to_owned(),
            trusted: Trusted::Both,
            follows: true,
        }),
        left: bench.left,
    };
    let mut plan = footing::plan(bench.specs, &found, rotation, state);
    plan.notices = bench.notices;
    plan.replaced = replaced(&plan.certificates);
    Names { stem, state, before }.apply(&mut plan, old.certificate);
    let is_recorded = before == RotationPhase::Added || !plan.replaced.is_empty();
    plan.replaced.extend(bench.copies);
    if is_recorded {
        let index = |of: &str| IndexSpec { of: of.to_owned(), attributes: true };
        plan.indexes = vec![index(stem), index(&old.stem)];
        let signers: BTreeSet<&str> =
            made(&plan.certificates).filter_map(|spec| spec.issuer.stem()).collect();
        let others = signers.into_iter().filter(|signer| *signer != stem);
        plan.indexes.extend(others.map(|signer| IndexSpec::of(signer, state, &plan.certificates)));
    }
    refresh(&mut plan, state, Which::InUse, None, now)?;
    Ok(plan)
}

/// What peers have to be given first.
fn undistributed(stem: &str, state: &State) -> RotateError {
    let next = certificate_file(&next_stem(stem));
    let found = authorities::of(state, None);
    let new = state.certificate(&next_stem(stem));
    let trusting = new.map(|new| footing::trusting(new, &found, state)).unwrap_or_default();
    let of_new = state.lists_by(&next_stem(stem)).map(|list| &list.der).collect::<BTreeSet<_>>();
    let with_lists = state.list_files.iter().filter(|(_, places)| {
        let mut lists = places.iter().filter_map(|at| state.lists.get(*at));
        places.len() > 1 && lists.any(|list| of_new.contains(&list.der))
    });
    let files = trusting.into_iter().chain(with_lists.map(|(file, _)| file.clone()));
    let files = files.map(|file| state.shown(&file)).collect();
    RotateError::Undistributed {
        command: footing::command(stem, "switch --trust-is-distributed", state),
        next: state.shown_pair(true, &next),
        files,
    }
}

/// Refuses a new CA that can sign nothing now, while it has the name of its files still.
fn refuse_unfit(next: &str, state: &State, now: OffsetDateTime) -> Result<(), RotateError> {
    let found = authorities::of(state, None);
    let specs = footing::kept([authority(next, &found, state)?], &found);
    let own = specs.iter().filter(|spec| spec.stem == next);
    for spec in own {
        issuers::check_signer(spec, &specs, state, now)?;
    }
    Ok(())
}

/// Calls the two CAs by the names that they are to have.
fn renamed(stem: &str, state: &mut State) {
    let (next, previous) = (next_stem(stem), previous_stem(stem));
    fn give<T>(map: &mut BTreeMap<String, T>, from: String, to: String) {
        if let Some(value) = map.remove(&from) {
            map.insert(to, value);
        }
    }
    for (from, to) in [(stem, previous.as_str()), (next.as_str(), stem)] {
        give(&mut state.certificates, certificate_file(from), certificate_file(to));
        give(&mut state.keys, key_file(from), key_file(to));
        give(&mut state.indexes, from.to_owned(), to.to_owned());
    }
    for stem in [stem, &next, &previous] {
        state.unique_subjects.remove(stem);
    }
}

/// What is planned so far.
struct Bench<'f, 's> {
    found: &'f [Authority<'s>],
    state: &'s State,
    now: OffsetDateTime,
    specs: Vec<CertificateSpec>,
    /// Copies of CAs that were brought over from another directory.
    copies: Vec<Replacement>,
    left: Vec<Left>,
    notices: Vec<Notice>,
}

/// Under whom something is issued again.
struct Signer<'s> {
    stem: String,
    identifier: Vec<u8>,
    /// Whom the CA that signed it before has revoked.
    revoked: RevokedBy<'s>,
    /// Whether it is to end when it did.
    to_the_same_end: bool,
}

impl<'f, 's> Bench<'f, 's> {
    /// Plans again what hangs from the old CA; and under CAs among that what names the serial number or the issuer of their
    /// certificate, which are others now (RFC 5280 §4.2.1.1).
    fn bring_over(&mut self, own: &Authority<'_>, old: &Authority<'_>) -> Result<(), RotateError> {
        let signer = |stem: &str, identifier, before: &str, to_the_same_end| Signer {
            stem: stem.to_owned(),
            identifier,
            revoked: RevokedBy::of(before, self.state),
            to_the_same_end,
        };
        let directly = signer(&own.stem, key_identifier(own.certificate), &old.stem, false);
        for (file, certificate) in needs::hanging_from(old.certificate, self.state) {
            match self.brought_over(certificate, own) {
                Some(ca) => self.follow(certificate, ca),
                None => self.take(file, certificate, &directly)?,
            }
        }
        let of_ca = |spec: &CertificateSpec| Some((spec.stem.clone(), spec.reissue.as_ref()?.of.clone()));
        let cas: Vec<_> = self.specs.iter().filter(|spec| spec.usage.is_ca()).filter_map(of_ca).collect();
        for (stem, certificate) in cas {
            let signer = signer(&stem, key_identifier(&certificate), &stem, true);
            let names_it = |it: &Certificate| it.authority_serial.is_some() || it.authority_issuer.is_some();
            let below = needs::hanging_from(&certificate, self.state).into_iter();
            for (file, below) in below.filter(|(_, below)| names_it(below)) {
                self.take(file, below, &signer)?;
            }
        }
        Ok(())
    }

    /// The CA of this certificate, where that hangs from the new one already: another directory came first.
    fn brought_over(&self, certificate: &Certificate, own: &Authority<'_>) -> Option<&'f Authority<'s>> {
        let is_it = |ca: &&Authority<'_>| {
            ca.elsewhere.is_none()
                && authorities::is_of_one_key(ca.certificate, certificate)
                && issued(own.certificate, ca.certificate)
        };
        self.found.iter().find(is_it)
    }

    /// Has a CA's own certificate take the place of an earlier one.
    fn follow(&mut self, earlier: &Certificate, ca: &Authority<'_>) {
        for spec in footing::kept([ca], self.found) {
            if !self.specs.iter().any(|known| known.stem == spec.stem) {
                self.specs.push(spec);
            }
        }
        self.copies.push(Replacement { old: earlier.der.clone(), by: ca.stem.clone() });
    }

    /// Nothing is brought along from a CA whose index is away: nobody knows here what it revoked.
    fn leave_all(&mut self, old: &Authority<'_>) {
        let because = "its CA was dropped already; issue another one instead";
        for (file, _) in needs::hanging_from(old.certificate, self.state) {
            self.left.push(Left { file: file.to_owned(), because: because.to_owned() });
        }
    }

    /// Plans a certificate again, unless nobody has a use for it any more, or it cannot be.
    fn take(
        &mut self,
        file: &str,
        certificate: &Certificate,
        signer: &Signer<'_>,
    ) -> Result<(), RotateError> {
        let is_first = self.state.certificates.get(file).and_then(|list| list.first()) == Some(certificate);
        let stem = file.strip_suffix(".crt").filter(|_| is_first);
        let left = |because: String| Left { file: file.to_owned(), because };
        let has_ended = certificate.window.not_after < self.now;
        let because = if has_ended && !needs::is_ca_with_key(file, certificate, self.state) {
            Some("it has ended")
        } else if signer.revoked.holds(&certificate.serial) {
            Some("it is revoked")
        } else if stem.is_none() {
            Some("no file of its own has it")
        } else if stem.is_some_and(|stem| self.state.has_other_key(stem, certificate)) {
            Some("the key beside it is another's")
        } else {
            None
        };
        let (Some(stem), None) = (stem, because) else {
            self.left.push(left(because.unwrap_or_default().to_owned()));
            return Ok(());
        };
        let is_ca = self.found.iter().any(|ca| ca.certificate.der == certificate.der);
        let usage = if is_ca { Ok(Usage::IntermediateCa) } else { leaf_usage(stem, certificate, None) };
        let (window, notice) = self.window(stem, certificate, signer)?;
        let spec = usage.and_then(|usage| {
            reissue(&Reissued {
                stem,
                certificate,
                issuer: Some((signer.stem.as_str(), signer.identifier.clone())),
                usage,
                window,
                new_key: None,
                path_length: None,
            })
        });
        match spec {
            Ok(spec) => {
                self.notices.extend(notice);
                self.specs.push(spec);
            }
            // The others need not wait for it; the old CA cannot be dropped before.
            Err(error) => self.left.push(left(self.hindrance(stem, &error))),
        }
        Ok(())
    }

    /// As long as it was, from now on, and no longer than the CAs above it; or as it is.
    fn window(
        &self,
        stem: &str,
        certificate: &Certificate,
        signer: &Signer<'_>,
    ) -> Result<(Window, Option<Notice>), PlanError> {
        if signer.to_the_same_end {
            return Ok((certificate.window, None));
        }
        let not_before = self.now - BACKDATED;
        // What was to last for ever ends with the CA.
        let wished = not_before.checked_add(certificate.window.length());
        let signer = self.specs.iter().find(|spec| spec.stem == signer.stem);
        let above = std::iter::successors(signer, |ca| ca.issuer_in(&self.specs));
        let first = above.min_by_key(|ca| ca.window.not_after);
        let first = first.filter(|ca| wished.is_none_or(|wished| ca.window.not_after < wished));
        let Some(first) = first else {
            let not_after = wished.ok_or_else(|| PlanError::PastYear9999 { certificate: stem.to_owned() })?;
            return Ok((Window { not_before, not_after }, None));
        };
        let not_after = first.window.not_after;
        let (certificate, because_of) = (stem.to_owned(), first.stem.clone());
        Ok((Window { not_before, not_after }, Some(Notice::Capped { certificate, because_of, not_after })))
    }

    /// Why one stays, with what would bring it along.
    fn hindrance(&self, stem: &str, error: &PlanError) -> String {
        match error {
            PlanError::UnknownUse { .. } => {
                let command = format!("renew {} --as server", word(stem));
                let command = footing::placed(&command, self.state);
                format!(
                    "nothing says what it is for; run this, or with --as client, and repeat the switch: {command}"
                )
            }
            error => error.to_string(),
        }
    }
}

fn made(specs: &[CertificateSpec]) -> impl Iterator<Item = &CertificateSpec> {
    specs.iter().filter(|spec| spec.kept.is_none())
}

/// What is issued again takes the place of what it was.
fn replaced(specs: &[CertificateSpec]) -> Vec<Replacement> {
    let of = |spec: &CertificateSpec| Some((spec.reissue.as_ref()?.of.der.clone(), spec.stem.clone()));
    specs.iter().filter_map(of).map(|(old, by)| Replacement { old, by }).collect()
}

/// The files of the two CAs, which change their names.
struct Names<'a> {
    stem: &'a str,
    state: &'a State,
    before: RotationPhase,
}

impl Names<'_> {
    /// Moves what is not where it belongs. Indexes and lists are written anew under their new names, but for the lists that
    /// a CA keeps in a directory of its own.
    fn apply(&self, plan: &mut Plan, old: &Certificate) {
        let Self { stem, state, before } = *self;
        let (next, previous) = (next_stem(stem), previous_stem(stem));
        let of = |files: &BTreeSet<String>, moves: &[(String, String)]| -> BTreeMap<String, String> {
            let there = moves.iter().filter(|(from, _)| files.contains(from));
            there.map(|(from, to)| (to.clone(), from.clone())).collect()
        };
        let both = |file: &dyn Fn(&str) -> String| [(file(stem), file(&previous)), (file(&next), file(stem))];
        let pairs = [both(&|stem| certificate_file(stem)), both(&|stem| key_file(stem))].concat();
        let all =
            [certificate_file, key_file, index_file, attributes_file, list_file].map(|file| file(&next));
        let goes = |there: &BTreeSet<String>| {
            all.clone().into_iter().filter(|file| there.contains(file)).collect::<Vec<_>>()
        };
        match &state.ca_occupied {
            None if before == RotationPhase::Added => {
                plan.moved_files = of(&state.occupied, &pairs);
                plan.kept_files
                    .extend(plan.moved_files.keys().filter(|name| name.ends_with(".crt")).cloned());
                plan.removed_files.extend(goes(&state.occupied));
            }
            Some(there) => {
                if before == RotationPhase::Added {
                    let lists = both(&|stem| list_file(stem));
                    plan.moved_ca_files = of(there, &[pairs.as_slice(), &lists].concat());
                    plan.removed_ca_files.extend(goes(there));
                }
                self.follow(plan, old);
            }
            None => {}
        }
    }

    /// The copies beside what is shipped follow the directory of CA keys, however far that is.
    fn follow(&self, plan: &mut Plan, old: &Certificate) {
        let Self { stem, state, before } = *self;
        let own = [certificate_file(stem), certificate_file(&previous_stem(stem))];
        let next = [certificate_file(&next_stem(stem)), list_file(&next_stem(stem))];
        let is_behind = state.stale.iter().any(|copy| copy.der == old.der);
        let is_lacking = own.iter().any(|file| !state.occupied.contains(file));
        if before == RotationPhase::Added || is_behind || is_lacking {
            plan.kept_files.retain(|file| !own.contains(file));
        }
        plan.removed_files.extend(next.into_iter().filter(|file| state.occupied.contains(file)));
    }
}
