//! What a word stands for: the files of a stem, a common name, a serial number, or the certificate of a file.

use super::words::{CommonName, serial_number, serial_numbers, typed_serial};
use super::{Found, RevokeTarget, Search};
use crate::index::{Index, Line, Status, index_file};
use crate::plan::RevokeError;
use crate::plan::authorities::{Authority, is_of_one};
use crate::state::issued;
use crate::x509::{Certificate, significant};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::slice;

impl<'s> Search<'s> {
    pub(super) fn find(&self) -> Result<Found<'s>, RevokeError> {
        let name = self.wish.name.as_str();
        if let RevokeTarget::Certificate(certificate) = &self.wish.target {
            return self.of_certificate(certificate);
        }
        let stem = name.strip_suffix(".crt").unwrap_or(name);
        // That of a bundle is no certificate's: `chain` is not the intermediate that stands first in chain.crt.
        let is_bundle = |first: &Certificate| {
            self.authorities.iter().any(|it| it.stem != stem && it.certificate.der == first.der)
        };
        if let Some(certificate) = self.state.certificate(stem).filter(|first| !is_bundle(first)) {
            return self.of_certificate(certificate);
        }
        if let Some(found) = self.of_moved(stem) {
            return found;
        }
        if let Some(found) = self.of_common_name(name) {
            return found;
        }
        self.of_serial(&serial_numbers(name))
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
            subject: Some(certificate.subject.oneline()),
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
        let found = serials.iter().find_map(|serial| self.of_serial(slice::from_ref(serial)).ok())?;
        Some(Ok(Found { alone: false, ..found }))
    }

    /// Whoever has a common name, by index and by certificate; `None` where nobody has it. PostgreSQL lets in by the
    /// common name alone, so that of another subject, or of another CA, is somebody who would stay in.
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
        let first = stems.values().next().map(|certificate| self.of_certificate(certificate)).transpose();
        let first = match first {
            Ok(first) => first,
            Err(error) if keys.len() == 1 => return Some(Err(error)),
            Err(_) => None,
        };
        let is_known = |line: &Found<'_>| {
            let of_key = line.certificate.is_some_and(|it| keys.contains(it.public_key.as_slice()));
            of_key || first.as_ref().is_some_and(|first| is_same_subject(first, line))
        };
        let mut lines = self.lines_of(name);
        if lines.iter().any(|(is_live, _)| *is_live) || first.is_some() {
            lines.retain(|(is_live, line)| *is_live && !is_known(line));
        }
        if keys.len() > 1
            || !stems.is_empty() && !lines.is_empty()
            || lines.iter().filter(|it| it.0).count() > 1
        {
            let lines = lines.iter().map(|(_, line)| self.called(line));
            let fitting = stems.into_keys().chain(lines).collect();
            return Some(Err(RevokeError::Several { name: name.to_owned(), fitting }));
        }
        first.or_else(|| lines.pop().map(|(_, line)| line)).map(Ok)
    }

    /// The lines with a common name, one of each subject of a CA and whether that is neither revoked nor over. The latest
    /// is the one that is meant, should all be; of two CAs that which signs now.
    fn lines_of(&self, name: &str) -> Vec<(bool, Found<'s>)> {
        let mut lines: Vec<(bool, Found<'s>)> = Vec::new();
        let names = CommonName::of(name);
        for (authority, index) in self.indexed() {
            for line in index.lines().iter().filter(|line| names.is_in(&line.subject)) {
                let new = (self.is_live(authority, line), self.of_line(authority, line, false));
                match lines.iter_mut().find(|(_, known)| is_same_subject(known, &new.1)) {
                    Some(known) => {
                        let rank = |it: &(bool, Found<'_>)| (it.0, Reverse(it.1.authority.stem.len()));
                        if rank(&new) >= rank(known) {
                            *known = new;
                        }
                    }
                    None => lines.push(new),
                }
            }
        }
        lines
    }

    /// Whether a certificate of the index is neither revoked, by that or by a list, nor over.
    fn is_live(&self, authority: &Authority<'_>, line: &Line) -> bool {
        let mut lists = self.state.lists_of(authority.certificate).into_iter();
        line.status != Status::Revoked
            && line.not_after >= self.now
            && !lists.any(|at| self.state.lists.get(at).is_some_and(|list| list.find(&line.serial).is_some()))
    }

    fn of_line(&self, authority: &'s Authority<'s>, line: &Line, alone: bool) -> Found<'s> {
        let is_it =
            |it: &&Certificate| significant(&it.serial) == &*line.serial && issued(authority.certificate, it);
        let certificate = self.state.all_certificates().find(is_it);
        Found {
            authority,
            serial: line.serial.to_vec(),
            alone,
            subject: Some(line.subject.to_string()),
            certificate,
        }
    }

    /// A serial number by all that its digits may mean.
    fn of_serial(&self, readings: &[Vec<u8>]) -> Result<Found<'s>, RevokeError> {
        let mut found: Vec<Found<'_>> = Vec::new();
        for serial in readings {
            let lines =
                self.indexed().filter_map(|(authority, index)| Some((authority, index.line_of(serial)?)));
            found.extend(lines.map(|(authority, line)| self.of_line(authority, line, true)));
            for certificate in self.state.all_certificates() {
                let is_meant = significant(&certificate.serial) == serial && !certificate.is_own_issuer();
                let Some(here) = is_meant.then(|| self.of_certificate(certificate).ok()).flatten() else {
                    continue;
                };
                let is_it = |known: &&mut Found<'_>| {
                    known.authority.stem == here.authority.stem && known.serial == here.serial
                };
                match found.iter_mut().find(is_it) {
                    Some(known) => known.certificate = Some(certificate),
                    None => found.push(Found { alone: true, ..here }),
                }
            }
        }
        if found.len() > 1 {
            let fitting = found.iter().map(|one| self.called(one)).collect();
            return Err(RevokeError::Several { name: self.wish.name.clone(), fitting });
        }
        found.pop().ok_or_else(|| self.never_issued())
    }

    /// What one of several may be asked for by: the stem of its files, else its serial number, in a form that is read in one
    /// way alone.
    fn called(&self, found: &Found<'_>) -> String {
        let is_it = |list: &Vec<Certificate>| {
            let first = list.first().filter(|it| significant(&it.serial) == found.serial);
            first.is_some_and(|first| issued(found.authority.certificate, first))
        };
        let held = self.state.certificates.iter().filter(|(_, list)| is_it(list));
        let mut stems = held.filter_map(|(file, _)| file.strip_suffix(".crt"));
        let serial = || typed_serial(&found.serial);
        let named = stems.next().map_or_else(serial, str::to_owned);
        let subject = found.subject.as_deref().unwrap_or_default();
        format!("{named} ({subject} of {})", found.authority.stem)
    }

    /// The CAs that have an index.
    fn indexed(&self) -> impl Iterator<Item = (&'s Authority<'s>, &'s Index)> {
        let state = self.state;
        self.authorities.iter().filter_map(move |it| Some((it, state.indexes.get(&it.stem)?)))
    }
}

/// Whether both are of one subject, and of one CA or of two that take the place of each other.
fn is_same_subject(one: &Found<'_>, other: &Found<'_>) -> bool {
    is_of_one(one.authority, other.authority) && one.subject == other.subject
}
