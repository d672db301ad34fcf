//! What a word stands for: the files of a stem, a common name, a serial number, or the certificate of a file.

use super::words::{common_name, serial_number};
use super::{Found, RevokeTarget, Search};
use crate::index::{Index, Line, index_file};
use crate::plan::RevokeError;
use crate::plan::authorities::{Authority, is_of_one};
use crate::state::issued;
use crate::x509::{Certificate, significant};
use std::collections::{BTreeMap, BTreeSet};

impl<'s> Search<'s> {
    pub(super) fn find(&self) -> Result<Found<'s>, RevokeError> {
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
        for certificate in self.state.all_certificates() {
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
                let of = |found: &Found<'_>| {
                    format!("{} of {}", found.subject.as_deref().unwrap_or_default(), found.authority.stem)
                };
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
}

fn found_line<'s>(authority: &'s Authority<'s>, line: &Line, alone: bool) -> Found<'s> {
    let (serial, subject) = (line.serial.to_vec(), Some(line.subject.clone()));
    Found { authority, serial, alone, subject, certificate: None }
}
