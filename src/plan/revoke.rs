//! `revoke`'s first step: a name, a certificate or a serial number, and a directory with a CA -> a plan that shuts it out.

use super::authorities::{self, Authority, is_of_one};
use super::list_spec::RevocationSpec;
use super::lists::{Which, refresh};
use super::{IndexSpec, Notice, Plan, RevokeError};
use crate::fs::set::revoked_file;
use crate::index::{Index, Line, Status, index_file};
use crate::pg::{certificate_file, key_file};
use crate::state::{State, issued};
use crate::x509::{Certificate, Name, RevocationReason, format_date, format_serial, significant};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// What is to be revoked.
#[derive(Debug, Clone)]
pub enum RevokeTarget {
    /// A stem, a common name, or a serial number.
    Name,
    /// The certificate of a file.
    Certificate(Box<Certificate>),
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct RevokeWish {
    /// As it was typed.
    pub name: String,
    /// What that is.
    pub target: RevokeTarget,
    /// Why, where it is said.
    pub reason: Option<RevocationReason>,
}

/// Plans a revocation: the lines of the index, the lists, and where the pair goes.
///
/// # Errors
/// [`RevokeError`]: what cannot be revoked, or a list that cannot be made.
pub fn revoke(wish: &RevokeWish, state: &State, now: OffsetDateTime) -> Result<Plan, RevokeError> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let authorities = authorities::of(state, None);
    let search = Search { wish, state, authorities: &authorities, now };
    let found = search.find()?;
    let mut plan = Plan::named("revoke");
    search.take(&found, &mut plan)?;
    refresh(&mut plan, state, Which::Due, None, now)?;
    Ok(plan)
}

/// What a name stands for.
struct Found<'s> {
    /// The CA that issued it.
    authority: &'s Authority<'s>,
    /// The serial number that is meant before all others.
    serial: Vec<u8>,
    /// Whether that one alone is meant.
    alone: bool,
    /// As the index has it.
    subject: String,
    /// Where it is here.
    certificate: Option<&'s Certificate>,
}

/// A certificate of a CA that is to be revoked, or was.
struct Issued {
    serial: Vec<u8>,
    subject: String,
    not_after: OffsetDateTime,
    /// Where it is here.
    name: Option<Name>,
}

struct Search<'s> {
    wish: &'s RevokeWish,
    state: &'s State,
    authorities: &'s [Authority<'s>],
    now: OffsetDateTime,
}

impl<'s> Search<'s> {
    fn find(&self) -> Result<Found<'s>, RevokeError> {
        let name = self.wish.name.as_str();
        if let RevokeTarget::Certificate(certificate) = &self.wish.target {
            return self.of_certificate(certificate);
        }
        let stem = name.strip_suffix(".crt").unwrap_or(name);
        if let Some(certificate) = self.state.certificate(stem) {
            return self.of_certificate(certificate);
        }
        if let Some(found) = self.of_moved(stem) {
            return found;
        }
        if let Some(found) = self.of_common_name(name) {
            return found;
        }
        match serial_number(name) {
            Some(serial) => self.of_serial(&serial),
            None => Err(self.never_issued()),
        }
    }

    fn never_issued(&self) -> RevokeError {
        let stems = self.state.indexes.keys();
        let looked = stems.map(|stem| self.state.shown_pair(true, &index_file(stem))).collect();
        RevokeError::NeverIssued { name: self.wish.name.clone(), looked }
    }

    fn of_certificate(&self, certificate: &'s Certificate) -> Result<Found<'s>, RevokeError> {
        let name = || self.wish.name.clone();
        if certificate.is_own_issuer() {
            let is_authority = self.authorities.iter().any(|it| it.certificate.der == certificate.der);
            return Err(RevokeError::SelfSigned { name: name(), ca: is_authority });
        }
        let mut issuers: Vec<&Authority<'_>> =
            self.authorities.iter().filter(|it| issued(it.certificate, certificate)).collect();
        // Of two certificates of one CA that with the key can sign.
        issuers.sort_by_key(|authority| self.state.key(&authority.stem).is_none());
        let Some(authority) = issuers.first() else {
            return Err(RevokeError::IssuerElsewhere {
                name: name(),
                issuer: certificate.issuer.to_string(),
            });
        };
        Ok(Found {
            authority,
            serial: significant(&certificate.serial).to_vec(),
            alone: false,
            subject: certificate.subject.oneline(),
            certificate: Some(certificate),
        })
    }

    /// One whose pair lies among the revoked ones: its name says its serial number.
    fn of_moved(&self, stem: &str) -> Option<Result<Found<'s>, RevokeError>> {
        let of_stem = |file: &String| {
            let rest = file.strip_suffix(".crt")?.strip_prefix(stem)?.strip_prefix('-')?;
            serial_number(rest)
        };
        let serials: Vec<Vec<u8>> = self.state.revoked.iter().filter_map(of_stem).collect();
        let found = serials.iter().find_map(|serial| self.of_serial(serial).ok())?;
        Some(Ok(Found { alone: false, ..found }))
    }

    /// The subjects with a common name, by index and by certificate; `None` where nobody has it.
    fn of_common_name(&self, name: &str) -> Option<Result<Found<'s>, RevokeError>> {
        let mut stems: BTreeMap<String, &'s Certificate> = BTreeMap::new();
        for (file, list) in &self.state.certificates {
            let Some((stem, first)) = file.strip_suffix(".crt").zip(list.first()) else { continue };
            let is_meant = first.subject.common_names().any(|own| own == name);
            if is_meant && !stems.values().any(|known| known.der == first.der) {
                stems.insert(stem.to_owned(), first);
            }
        }
        let keys: BTreeSet<&[u8]> = stems.values().map(|it| it.public_key.as_slice()).collect();
        if keys.len() > 1 {
            let fitting = stems.into_keys().collect();
            return Some(Err(RevokeError::Several { name: name.to_owned(), fitting }));
        }
        if let Some(certificate) = stems.into_values().next() {
            return Some(self.of_certificate(certificate));
        }
        let mut lines: Vec<(&'s Authority<'s>, &'s Line)> = Vec::new();
        for (authority, index) in self.indexed() {
            let named = index.lines().iter().filter(|line| common_name(&line.subject) == Some(name));
            for line in named {
                let is_known = |(ca, known): &(&Authority<'_>, &Line)| {
                    is_of_one(ca, authority) && known.subject == line.subject
                };
                match lines.iter_mut().find(|known| is_known(known)) {
                    // The latest is the one that is meant, should all be revoked; of two CAs that which signs now.
                    Some(known) if known.0.stem.len() >= authority.stem.len() => *known = (authority, line),
                    Some(_) => {}
                    None => lines.push((authority, line)),
                }
            }
        }
        match lines.as_slice() {
            [] => None,
            [(authority, line)] => Some(Ok(found_line(authority, line, false))),
            several => {
                let fitting =
                    several.iter().map(|(_, line)| format!("{} {}", line.serial_hex(), line.subject));
                Some(Err(RevokeError::Several { name: name.to_owned(), fitting: fitting.collect() }))
            }
        }
    }

    fn of_serial(&self, serial: &[u8]) -> Result<Found<'s>, RevokeError> {
        let lines = self
            .indexed()
            .filter_map(|(authority, index)| Some(found_line(authority, index.line_of(serial)?, true)));
        let mut found: Vec<Found<'_>> = lines.collect();
        for certificate in self.state.certificates.values().flatten().chain(&self.state.others) {
            let is_meant = significant(&certificate.serial) == serial && !certificate.is_own_issuer();
            let Some(here) = is_meant.then(|| self.of_certificate(certificate).ok()).flatten() else {
                continue;
            };
            match found.iter_mut().find(|known| known.authority.stem == here.authority.stem) {
                Some(known) => known.certificate = Some(certificate),
                None => found.push(Found { alone: true, ..here }),
            }
        }
        match found.len() {
            0 => Err(self.never_issued()),
            1 => found.pop().ok_or_else(|| self.never_issued()),
            _ => {
                let of = |found: &Found<'_>| format!("{} of {}", found.subject, found.authority.stem);
                let fitting = found.iter().map(of).collect();
                Err(RevokeError::Several { name: self.wish.name.clone(), fitting })
            }
        }
    }

    /// The CAs that have an index.
    fn indexed(&self) -> impl Iterator<Item = (&'s Authority<'s>, &'s Index)> {
        let state = self.state;
        self.authorities.iter().filter_map(move |it| Some((it, state.indexes.get(&it.stem)?)))
    }

    /// Puts into the plan what is revoked, and what goes; of a CA that is being rotated by both, for both are trusted.
    fn take(&self, found: &Found<'s>, plan: &mut Plan) -> Result<(), RevokeError> {
        let mut all = self.take_of(found, plan);
        let is_beside =
            |it: &&Authority<'_>| it.stem != found.authority.stem && is_of_one(it, found.authority);
        for authority in self.authorities.iter().filter(is_beside) {
            let (serial, subject) = (Vec::new(), found.subject.clone());
            all.extend(self.take_of(&Found { authority, serial, subject, ..*found }, plan));
        }
        if !all.iter().any(|(_, is_taken)| *is_taken) {
            let last = all.iter().map(|(not_after, _)| *not_after).max().unwrap_or(self.now);
            let not_after = format_date(last);
            return Err(RevokeError::Expired { name: self.wish.name.clone(), not_after });
        }
        Ok(())
    }

    /// The same for one CA; what comes back is the end of everything that is meant, and whether it is revoked by now.
    fn take_of(&self, found: &Found<'_>, plan: &mut Plan) -> Vec<(OffsetDateTime, bool)> {
        let of = &found.authority.stem;
        let index = self.state.indexes.get(of);
        let listed = self.state.lists_of(found.authority.certificate);
        let lists = || listed.iter().filter_map(|at| self.state.lists.get(*at));
        let since = |serial: &[u8]| {
            let line = index.and_then(|index| index.line_of(serial)).and_then(|line| line.revoked);
            line.map(|revoked| revoked.at)
                .or_else(|| lists().find_map(|list| list.find(serial)).map(|entry| entry.instant))
        };
        let all = self.meant(found);
        let mut taken: Vec<Vec<u8>> = Vec::new();
        for one in &all {
            if let Some(at) = since(&one.serial) {
                let (serial, subject) = (format_serial(&one.serial), one.subject.clone());
                plan.notices.push(Notice::AlreadyRevoked { serial, subject, at });
            } else if one.not_after < self.now {
                continue;
            } else {
                plan.revocations.push(RevocationSpec {
                    of: of.clone(),
                    serial: one.serial.clone(),
                    subject: one.subject.clone(),
                    not_after: one.not_after,
                    name: one.name.clone(),
                    at: self.now,
                    reason: self.wish.reason,
                });
            }
            taken.push(one.serial.clone());
        }
        if found.alone {
            self.tell_others(found, &since, plan);
        }
        if plan.revocations.iter().any(|revocation| revocation.of == *of) {
            plan.indexes.push(IndexSpec::of(of, self.state, &[]));
        }
        self.put_away(found, &taken, plan);
        all.iter().map(|one| (one.not_after, taken.contains(&one.serial))).collect()
    }

    /// Everything that is meant: what is named, all of its subject that no other key has, and all of its key.
    fn meant(&self, found: &Found<'_>) -> Vec<Issued> {
        let mut all: Vec<Issued> = Vec::new();
        let mut add = |one: Issued| {
            if !all.iter().any(|known| known.serial == one.serial) {
                all.push(one);
            }
        };
        let index = self.state.indexes.get(&found.authority.stem);
        let own_line = index.and_then(|index| index.line_of(&found.serial));
        match (found.certificate, own_line) {
            (Some(certificate), _) if issued(found.authority.certificate, certificate) => {
                add(of_certificate(certificate));
            }
            (_, Some(line)) => add(of_line(line)),
            (_, None) => {}
        }
        if found.alone {
            return all;
        }
        let here = self.issued_here(found.authority);
        let key = found.certificate.map(|certificate| certificate.public_key.as_slice());
        let of_key = here.iter().filter(|it| Some(it.public_key.as_slice()) == key);
        of_key.for_each(|certificate| add(of_certificate(certificate)));
        let is_others = |serial: &[u8]| {
            let mut held = here.iter().filter(|it| significant(&it.serial) == serial);
            held.any(|it| Some(it.public_key.as_slice()) != key)
        };
        for line in index.into_iter().flat_map(Index::lines) {
            if line.subject == found.subject && !is_others(&line.serial) {
                add(of_line(line));
            }
        }
        all
    }

    /// The certificates that stand first in a file here and that this CA issued.
    fn issued_here(&self, authority: &Authority<'_>) -> Vec<&'s Certificate> {
        let first = self.state.certificates.values().filter_map(|list| list.first());
        first.filter(|it| !it.is_own_issuer() && issued(authority.certificate, it)).collect()
    }

    /// Those of the same subject that are left out, where one serial number is asked for.
    fn tell_others(
        &self,
        found: &Found<'_>,
        since: &dyn Fn(&[u8]) -> Option<OffsetDateTime>,
        plan: &mut Plan,
    ) {
        let index = self.state.indexes.get(&found.authority.stem);
        for line in index.into_iter().flat_map(Index::lines) {
            let is_left = line.subject == found.subject && *line.serial != *found.serial;
            if is_left
                && line.status == Status::Valid
                && line.not_after >= self.now
                && since(&line.serial).is_none()
            {
                plan.notices.push(Notice::StillValid {
                    serial: line.serial_hex(),
                    subject: line.subject.clone(),
                    not_after: line.not_after,
                });
            }
        }
    }

    /// The pairs of what is revoked go out of the way; a CA's stays, for it has to sign its list still.
    fn put_away(&self, found: &Found<'_>, taken: &[Vec<u8>], plan: &mut Plan) {
        for (file, list) in &self.state.certificates {
            let Some((stem, first)) = file.strip_suffix(".crt").zip(list.first()) else { continue };
            let is_taken = taken.iter().any(|serial| serial == significant(&first.serial))
                && issued(found.authority.certificate, first)
                && !self.authorities.iter().any(|it| it.certificate.der == first.der);
            if !is_taken || !self.state.occupied.contains(file) {
                continue;
            }
            let serial = format_serial(&first.serial);
            for name in [certificate_file(stem), key_file(stem)] {
                if self.state.occupied.contains(&name) {
                    plan.moved_files.insert(revoked_file(&name, &serial), name.clone());
                    plan.removed_files.insert(name);
                }
            }
        }
    }
}

fn found_line<'s>(authority: &'s Authority<'s>, line: &Line, alone: bool) -> Found<'s> {
    let (serial, subject) = (line.serial.to_vec(), line.subject.clone());
    Found { authority, serial, alone, subject, certificate: None }
}

fn of_certificate(certificate: &Certificate) -> Issued {
    Issued {
        serial: significant(&certificate.serial).to_vec(),
        subject: certificate.subject.oneline(),
        not_after: certificate.window.not_after,
        name: Some(certificate.subject.clone()),
    }
}

fn of_line(line: &Line) -> Issued {
    let (serial, subject) = (line.serial.to_vec(), line.subject.clone());
    Issued { serial, subject, not_after: line.not_after, name: None }
}

/// The common name in the subject of an index: `/O=Acme/CN=alice`.
fn common_name(subject: &str) -> Option<&str> {
    let (_, rest) = subject.rsplit_once("/CN=")?;
    Some(rest.split('/').next().unwrap_or(rest))
}

/// Hexadecimal digits, with or without colons, as a serial number.
fn serial_number(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.strip_prefix("0x").unwrap_or(text).bytes().filter(|it| *it != b':').collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let digit = |digit: &u8| char::from(*digit).to_digit(16).map(|digit| digit as u8);
    let pairs = digits.rchunks(2).rev();
    let bytes = pairs.map(|pair| pair.iter().try_fold(0_u8, |byte, it| Some(byte << 4 | digit(it)?)));
    Some(significant(&bytes.collect::<Option<Vec<u8>>>()?).to_vec())
}
