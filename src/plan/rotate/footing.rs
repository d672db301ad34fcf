//! What every phase stands on: the CA, those above it, and what there is of them in the directories.

use super::error::RotateError;
use super::{RotatedCa, RotationSpec};
use crate::pg::certificate_file;
use crate::plan::authorities::{self, Authority};
use crate::plan::command::{USUAL_DIRECTORY, word};
use crate::plan::issue::kept_spec;
use crate::plan::issuers::{EARLY_CLOCK, no_key};
use crate::plan::{CertificateSpec, Plan, PlanError, is_of_trust};
use crate::state::State;
use crate::x509::{Certificate, format_instant, format_serial, significant};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// What plans of this verb are called.
const ROTATE: &str = "rotate";

/// The CA of a stem among those that were found.
pub(super) fn authority<'f, 's>(
    stem: &str,
    found: &'f [Authority<'s>],
    state: &State,
) -> Result<&'f Authority<'s>, RotateError> {
    let own = found.iter().find(|ca| ca.stem == stem && ca.elsewhere.is_none());
    own.filter(|ca| ca.certificate.ca == Some(true)).ok_or_else(|| RotateError::NoSuchCa {
        stem: stem.to_owned(),
        path: if state.path.is_empty() { ".".to_owned() } else { state.path.clone() },
        others: found.iter().filter(|ca| ca.elsewhere.is_none()).map(|ca| ca.stem.clone()).collect(),
    })
}

/// The certificate of the CA of a stem, where it is one.
pub(super) fn certificate<'s>(stem: &str, state: &'s State) -> Result<&'s Certificate, RotateError> {
    let found = authorities::of(state, None);
    Ok(authority(stem, &found, state)?.certificate)
}

/// The command of a phase, for the same directories.
pub(super) fn command(stem: &str, phase: &str, state: &State) -> String {
    placed(&format!("rotate {} {phase}", word(stem)), state)
}

/// A command of ours, for the same directories.
pub(super) fn placed(command: &str, state: &State) -> String {
    let path = if state.path.is_empty() { "." } else { &state.path };
    let mut command = format!("pgtls {command}");
    if path != USUAL_DIRECTORY {
        command = format!("{command} -D {}", word(path));
    }
    match &state.ca_occupied {
        Some(_) => format!("{command} --ca-dir {}", word(&state.ca_path)),
        None => command,
    }
}

/// Refuses where the key of a CA is away: its files go by other names together.
pub(super) fn require_key(stem: &str, state: &State) -> Result<(), PlanError> {
    if state.key(stem).is_some() {
        return Ok(());
    }
    Err(no_key(stem, state.shown_pair(true, &certificate_file(stem)), state))
}

/// Refuses a clock by which the CA is not there yet: all that is made would end too early, and begin before it.
pub(super) fn refuse_early_clock(
    stem: &str,
    ca: &Certificate,
    state: &State,
    now: OffsetDateTime,
) -> Result<(), PlanError> {
    let begins = ca.window.not_before;
    if now >= begins {
        return Ok(());
    }
    let (now, begins) = (format_instant(now), format_instant(begins));
    Err(PlanError::CaOutOfTime {
        certificate: state.shown_pair(true, &certificate_file(stem)),
        problem: format!("it begins at {begins}, and by the clock of this machine it is {now}"),
        hint: EARLY_CLOCK.to_owned(),
    })
}

/// CAs and those above them as parts of a plan in which they stay, each once and behind who signed it.
pub(super) fn kept<'f, 's>(
    cas: impl IntoIterator<Item = &'f Authority<'s>>,
    found: &'f [Authority<'s>],
) -> Vec<CertificateSpec>
where
    's: 'f,
{
    let mut specs: Vec<CertificateSpec> = Vec::new();
    for ca in cas {
        for link in authorities::above(ca, found) {
            if !specs.iter().any(|spec| spec.stem == link.0.stem) {
                specs.push(kept_spec(&link));
            }
        }
    }
    specs
}

/// A plan that makes nothing yet, and in which every file of a CA that is there stays.
pub(super) fn plan(
    certificates: Vec<CertificateSpec>,
    found: &[Authority<'_>],
    rotation: RotationSpec,
    state: &State,
) -> Plan {
    let files =
        certificates.iter().filter(|spec| spec.kept.is_some()).map(|spec| certificate_file(&spec.stem));
    let kept_files: BTreeSet<String> = files.filter(|file| state.occupied.contains(file)).collect();
    let elsewhere: BTreeMap<String, String> =
        found.iter().filter_map(|ca| Some((ca.stem.clone(), ca.elsewhere.clone()?))).collect();
    Plan {
        elsewhere: elsewhere
            .into_iter()
            .filter(|(stem, _)| certificates.iter().any(|it| it.stem == *stem))
            .collect(),
        certificates,
        kept_files,
        rotation: Some(rotation),
        ..Plan::named(ROTATE)
    }
}

/// The files of the directory that peers trust this CA by, and which are not those of one CA.
pub(super) fn trusting(ca: &Certificate, found: &[Authority<'_>], state: &State) -> Vec<String> {
    let is_own = |file: &str| {
        found.iter().any(|other| other.elsewhere.is_none() && certificate_file(&other.stem) == file)
    };
    let holding = state.certificates.iter().filter(|(file, list)| {
        let holds_it = list.iter().any(|certificate| certificate.der == ca.der);
        state.occupied.contains(*file) && !is_own(file) && holds_it && is_of_trust(file, list)
    });
    holding.map(|(file, _)| file.clone()).collect()
}

/// What is told of a CA.
pub(super) fn told(stem: &str, certificate: &Certificate) -> RotatedCa {
    RotatedCa {
        stem: stem.to_owned(),
        serial: format_serial(significant(&certificate.serial)),
        signer: (!certificate.is_own_issuer()).then(|| certificate.issuer.clone()),
        subject: certificate.subject.clone(),
        not_after: certificate.window.not_after,
    }
}
