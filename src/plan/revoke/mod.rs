//! `revoke`'s first step: a name, a certificate or a serial number, and a directory with a CA -> a plan that shuts it out.

mod search;
mod words;

use super::authorities::{self, Authority, is_of_one};
use super::list_spec::RevocationSpec;
use super::lists::{Which, refresh};
use super::{IndexSpec, Notice, Plan, RevokeError};
use crate::fs::set::revoked_file;
use crate::index::{Index, Line, Revoked, Status};
use crate::pg::{certificate_file, key_file};
use crate::state::{State, issued};
use crate::x509::{Certificate, Name, RevocationReason, Usage, format_date, format_serial, significant};
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
    /// As the index has it; `None`: of this CA only those of the key are meant.
    subject: Option<String>,
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
    /// Where that says so.
    usage: Option<Usage>,
}

struct Search<'s> {
    wish: &'s RevokeWish,
    state: &'s State,
    authorities: &'s [Authority<'s>],
    now: OffsetDateTime,
}

impl<'s> Search<'s> {
    /// Puts into the plan what is revoked, and what goes: by the CA that is found, by that which it takes the place of or
    /// which takes its own, for both are trusted, and by every other CA that has a certificate of the same key.
    fn take(&self, found: &Found<'s>, plan: &mut Plan) -> Result<(), RevokeError> {
        let mut of_key = self.of_key(found, found.authority).chain(found.certificate);
        if of_key.any(|it| it.serial.first().is_some_and(|first| *first >= 0x80)) {
            return Err(RevokeError::NegativeSerial { name: self.wish.name.clone() });
        }
        let mut all = self.take_of(found, plan);
        let mut done = vec![found.authority.certificate];
        let others = self.authorities.iter().filter(|it| it.stem != found.authority.stem);
        for authority in others {
            let is_beside = is_of_one(authority, found.authority);
            let is_same = |known: &&Certificate| {
                known.subject == authority.certificate.subject
                    && known.public_key == authority.certificate.public_key
            };
            if !is_beside && (found.alone || !self.revokes(authority) || done.iter().any(is_same)) {
                continue;
            }
            done.push(authority.certificate);
            let serial = Vec::new();
            let subject = found.subject.clone().filter(|subject| {
                let named = |it: &&Certificate| it.subject.oneline() == *subject;
                is_beside || self.of_key(found, authority).any(|it| named(&it))
            });
            all.extend(self.take_of(&Found { authority, serial, subject, ..*found }, plan));
        }
        if !all.iter().any(|(_, is_taken)| *is_taken) {
            let last = all.iter().map(|(not_after, _)| *not_after).max().unwrap_or(self.now);
            let not_after = format_date(last);
            return Err(RevokeError::Expired { name: self.wish.name.clone(), not_after });
        }
        Ok(())
    }

    /// Whether a CA is kept here: one that is only trusted has neither key nor index nor list.
    fn revokes(&self, authority: &Authority<'_>) -> bool {
        self.state.key(&authority.stem).is_some()
            || self.state.indexes.contains_key(&authority.stem)
            || !self.state.lists_of(authority.certificate).is_empty()
    }

    /// The same for one CA; what comes back is the end of everything that is meant, and whether it is revoked by now.
    fn take_of(&self, found: &Found<'s>, plan: &mut Plan) -> Vec<(OffsetDateTime, bool)> {
        let of = &found.authority.stem;
        let index = self.state.indexes.get(of);
        let listed = self.state.lists_of(found.authority.certificate);
        let lists = || listed.iter().filter_map(|at| self.state.lists.get(*at));
        let known = |serial: &[u8]| {
            let line = index.and_then(|index| index.line_of(serial)).and_then(|line| line.revoked);
            let listed = lists().find_map(|list| list.find(serial));
            let listed = listed.map(|entry| Revoked { at: entry.instant, reason: entry.reason });
            // OpenSSL has no word in an index for two of the reasons.
            line.map(|line| Revoked { reason: line.reason.or(listed.and_then(|it| it.reason)), ..line })
                .or(listed)
        };
        let since = |serial: &[u8]| known(serial).map(|revoked| revoked.at);
        let all = self.meant(found);
        let mut taken: Vec<Vec<u8>> = Vec::new();
        for one in &all {
            let (serial, subject) = (format_serial(&one.serial), one.subject.clone());
            if let Some(Revoked { at, reason }) = known(&one.serial) {
                let is_other = self.wish.reason.is_some() && self.wish.reason != reason;
                let kept_reason =
                    is_other.then(|| reason.unwrap_or(RevocationReason::Unspecified).to_string());
                plan.notices.push(Notice::AlreadyRevoked { serial, subject, at, kept_reason });
            } else if one.not_after < self.now {
                continue;
            } else {
                // What a line alone says is no more than the subject, unless that is what was asked for.
                let is_by_subject = found.certificate.is_some() && one.name.is_none();
                plan.notices.extend(is_by_subject.then_some(Notice::BySubject { serial, subject }));
                plan.revocations.push(RevocationSpec {
                    of: of.clone(),
                    serial: one.serial.clone(),
                    subject: one.subject.clone(),
                    not_after: one.not_after,
                    name: one.name.clone(),
                    usage: one.usage.or_else(|| found.certificate.map(Certificate::leaf_usage)),
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
    fn meant(&self, found: &Found<'s>) -> Vec<Issued> {
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
        self.of_key(found, found.authority).for_each(|certificate| add(of_certificate(certificate)));
        let key = found.certificate.map(|certificate| certificate.public_key.as_slice());
        let is_others = |serial: &[u8]| {
            let mut held = self.state.all_certificates().filter(|it| significant(&it.serial) == serial);
            held.any(|it| Some(it.public_key.as_slice()) != key && issued(found.authority.certificate, it))
        };
        for line in index.into_iter().flat_map(Index::lines) {
            if found.subject.as_ref().is_some_and(|subject| line.subject == *subject)
                && !is_others(&line.serial)
            {
                add(of_line(line));
            }
        }
        all
    }

    /// The certificates here that a CA issued for the key that is meant, in whatever file they stand.
    fn of_key(
        &self,
        found: &Found<'s>,
        authority: &'s Authority<'s>,
    ) -> impl Iterator<Item = &'s Certificate> {
        let key = found.certificate.map(|certificate| certificate.public_key.as_slice());
        let of_key = self.state.all_certificates().filter(move |it| Some(it.public_key.as_slice()) == key);
        of_key.filter(|it| !it.is_own_issuer() && issued(authority.certificate, it))
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
            let is_left = found.subject.as_ref().is_some_and(|subject| line.subject == *subject)
                && *line.serial != *found.serial;
            if is_left
                && line.status == Status::Valid
                && line.not_after >= self.now
                && since(&line.serial).is_none()
            {
                plan.notices.push(Notice::StillValid {
                    serial: line.serial_hex(),
                    subject: line.subject.to_string(),
                    not_after: line.not_after,
                });
            }
        }
    }

    /// The pairs of what is revoked go out of the way; a CA's stays, for it has to sign its list still.
    fn put_away(&self, found: &Found<'_>, taken: &[Vec<u8>], plan: &mut Plan) {
        let is_taken = |it: &Certificate| {
            taken.iter().any(|serial| serial == significant(&it.serial))
                && issued(found.authority.certificate, it)
                && !self.authorities.iter().any(|authority| authority.certificate.der == it.der)
        };
        let mut copies = Vec::new();
        let mut stays = |file: &String| copies.push(Notice::CopyStays { file: self.state.shown(file) });
        for (file, places) in &self.state.other_files {
            if self.state.others.get(places.clone()).unwrap_or_default().iter().any(is_taken) {
                stays(file);
            }
        }
        for (file, list) in &self.state.certificates {
            if !list.iter().any(is_taken) || !self.state.occupied.contains(file) {
                continue;
            }
            let own = file.strip_suffix(".crt").zip(list.first().filter(|first| is_taken(first)));
            let Some((stem, first)) = own.filter(|(stem, _)| self.is_of_one(stem, list)) else {
                stays(file);
                continue;
            };
            let serial = format_serial(&first.serial);
            for name in [certificate_file(stem), key_file(stem)] {
                if self.state.occupied.contains(&name) {
                    plan.moved_files.insert(revoked_file(&name, &serial), name.clone());
                    plan.removed_files.insert(name);
                }
            }
        }
        plan.notices.extend(copies);
    }

    /// Whether a file is about its first certificate alone: it has a key, or CAs between it and a root behind it. One with
    /// somebody else in it, or with a root, is what a server or client trusts.
    fn is_of_one(&self, stem: &str, list: &[Certificate]) -> bool {
        let mut behind = list.iter().skip(1);
        self.state.occupied.contains(&key_file(stem))
            || behind.all(|it| it.ca == Some(true) && !it.is_own_issuer())
    }
}

fn of_certificate(certificate: &Certificate) -> Issued {
    Issued {
        serial: significant(&certificate.serial).to_vec(),
        subject: certificate.subject.oneline(),
        not_after: certificate.window.not_after,
        name: Some(certificate.subject.clone()),
        usage: Some(certificate.leaf_usage()),
    }
}

fn of_line(line: &Line) -> Issued {
    let (serial, subject) = (line.serial.to_vec(), line.subject.to_string());
    Issued { serial, subject, not_after: line.not_after, name: None, usage: None }
}
