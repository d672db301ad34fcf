//! What each CA issued: by its index, or as one would say it that is rebuilt from the certificates that are here.

use super::certificate::serial;
use super::life::Life;
use super::signed::{Signed, signers};
use crate::index::{self, Line, Status, index_file};
use crate::keys::{PublicKey, SignatureCheck};
use crate::verify::{Exhibit, Held, Index};
use crate::x509::{Certificate, Name, Usage, Window, serialize_instant, significant};
use serde::Serialize;
use std::collections::HashMap;
use time::OffsetDateTime;

/// What one CA issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuedBy {
    /// The file of the index; where there is none, the name that it would have, if the CA has a file of its own.
    pub index: Option<String>,
    /// Where it comes from.
    pub source: IssuedSource,
    /// Whom the CA's certificate names; `null` where that is not here.
    pub issuer: Option<Name>,
    /// Its certificates.
    pub issued: Vec<Issued>,
}

/// Where a list of what was issued comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssuedSource {
    /// The index.
    Index,
    /// The certificates that are here: the index cannot be read.
    CertificatesForUnreadableIndex,
    /// The certificates that are here: there is no index.
    Certificates,
}

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// Whether it is good.
    pub status: IssuedStatus,
    /// Its serial number.
    pub serial: String,
    /// The same as the index has it.
    #[serde(skip)]
    pub serial_digits: String,
    /// Its subject on one line, as the index has it: `/O=Acme/CN=alice`.
    pub subject: String,
    /// Its last valid second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_after: OffsetDateTime,
    /// Whole days until then; 0 once it has ended.
    pub days_left: i64,
    /// How much is left; where the certificate is not here, from the instant of the look on.
    #[serde(skip)]
    pub life: Life,
    /// When and why it was revoked.
    pub revoked: Option<RevokedLine>,
    /// The file here that is most its own.
    pub file: Option<String>,
}

/// Whether an issued certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssuedStatus {
    /// Neither revoked nor ended.
    Valid,
    /// Revoked, ended or not.
    Revoked,
    /// Ended.
    Expired,
}

/// When and why a certificate was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevokedLine {
    /// When.
    #[serde(serialize_with = "serialize_instant")]
    pub since: OffsetDateTime,
    /// Why, where it is said: `keyCompromise`.
    pub reason: Option<String>,
}

/// What every CA issued, by its index in the order of that; CAs without one after them, the oldest certificate first.
#[must_use]
pub fn issued(exhibits: &[Exhibit], at: OffsetDateTime) -> Vec<IssuedBy> {
    let files = Index::of(exhibits);
    let certificates: Vec<&Certificate> = files.all.iter().map(|held| held.certificate).collect();
    let signed = signers(&certificates, &files, at);
    let look = Look { exhibits, files: &files, signed: &signed, at };
    let mut told: Vec<&Certificate> = Vec::new();
    let mut lists = Vec::new();
    for exhibit in exhibits.iter().filter(|exhibit| exhibit.is_index_by_name()) {
        let authority = files.namesakes(exhibit).find_map(|other| other.certificates.first());
        let authority = authority.map(|certificate| certificate.as_ref());
        told.extend(authority);
        lists.push(look.by_index(exhibit, authority));
    }
    for held in &files.all {
        let is_ca = matches!(held.certificate.usage(), Usage::RootCa | Usage::IntermediateCa);
        if is_ca && !told.iter().any(|other| is_one_ca(other, held.certificate)) {
            told.push(held.certificate);
            lists.extend(look.by_certificates(held));
        }
    }
    lists
}

/// Whether two certificates are of one CA: it may have been renewed.
fn is_one_ca(one: &Certificate, other: &Certificate) -> bool {
    one.subject == other.subject && one.public_key == other.public_key
}

struct Look<'a> {
    exhibits: &'a [Exhibit],
    files: &'a Index<'a>,
    signed: &'a [Signed],
    at: OffsetDateTime,
}

impl<'a> Look<'a> {
    fn by_index(&self, exhibit: &Exhibit, authority: Option<&Certificate>) -> IssuedBy {
        let here = authority.map(|authority| self.signed_by(authority)).unwrap_or_default();
        let rebuilt = || self.rebuilt(&here, authority);
        let (source, rebuilt) = match &exhibit.issued {
            Some(_) => (IssuedSource::Index, None),
            None => (IssuedSource::CertificatesForUnreadableIndex, Some(rebuilt())),
        };
        let index = exhibit.issued.as_ref().or(rebuilt.as_ref());
        IssuedBy {
            index: Some(exhibit.name.clone()),
            source,
            issuer: authority.map(|authority| authority.subject.clone()),
            issued: index.map(|index| self.lines(index, &here)).unwrap_or_default(),
        }
    }

    /// Nothing for who issued nothing that is here.
    fn by_certificates(&self, authority: &Held<'a>) -> Option<IssuedBy> {
        let here = self.signed_by(authority.certificate);
        let index = self.rebuilt(&here, Some(authority.certificate));
        let own = self.exhibits.iter().find(|exhibit| exhibit.name == authority.file);
        let is_first = |exhibit: &&Exhibit| {
            exhibit.certificates.first().is_some_and(|first| first.der == authority.certificate.der)
        };
        (!here.is_empty()).then(|| IssuedBy {
            index: own.filter(is_first).map(|exhibit| index_file(exhibit.stem())),
            source: IssuedSource::Certificates,
            issuer: Some(authority.certificate.subject.clone()),
            issued: self.lines(&index, &here),
        })
    }

    /// What an index would say of these certificates of a CA: of what is revoked its lists here tell.
    fn rebuilt(&self, here: &[Held<'_>], authority: Option<&Certificate>) -> index::Index {
        let mut index = index::Index::rebuilt(here.iter().map(|held| held.certificate));
        let Some(authority) = authority else { return index };
        let key = PublicKey::from_spki_der(&authority.public_key);
        for list in self.exhibits.iter().flat_map(|exhibit| &exhibit.lists) {
            let signed = list.signed();
            let check = || key.verify(signed.algorithm, signed.to_be_signed, signed.signature);
            if list.issuer == authority.subject && check() == SignatureCheck::Good {
                index.revoke_listed(list);
            }
        }
        index
    }

    /// The certificates here that the key of a CA signed under its name.
    fn signed_by(&self, authority: &Certificate) -> Vec<Held<'a>> {
        let is_its = |signed: &Signed| match signed {
            Signed::By(by) => self.files.all.get(*by).is_some_and(|by| is_one_ca(by.certificate, authority)),
            _ => false,
        };
        let all = self.files.all.iter().zip(self.signed);
        all.filter(|(_, signed)| is_its(signed)).map(|(held, _)| *held).collect()
    }

    fn lines(&self, index: &index::Index, here: &[Held<'_>]) -> Vec<Issued> {
        let by_serial: HashMap<&[u8], &Held<'_>> =
            here.iter().map(|held| (significant(&held.certificate.serial), held)).collect();
        index
            .lines()
            .iter()
            .map(|line| self.line(line, by_serial.get(line.serial.as_slice()).copied()))
            .collect()
    }

    fn line(&self, line: &Line, held: Option<&Held<'_>>) -> Issued {
        // An index does not say when a certificate began.
        let since = held.map_or(line.not_after.min(self.at), |held| held.certificate.window.not_before);
        let life = Life::of(Window { not_before: since, not_after: line.not_after }, self.at);
        Issued {
            status: match line.status {
                Status::Revoked => IssuedStatus::Revoked,
                Status::Valid if self.at <= line.not_after => IssuedStatus::Valid,
                Status::Valid | Status::Expired => IssuedStatus::Expired,
            },
            // Without its leading zero it would pass for negative.
            serial: serial(&[&[0], line.serial.as_slice()].concat()),
            serial_digits: line.serial_hex(),
            subject: line.subject.to_string(),
            not_after: line.not_after,
            days_left: life.days_left,
            life,
            revoked: line.revoked.map(|revoked| RevokedLine {
                since: revoked.at,
                reason: revoked.reason.map(|reason| reason.to_string()),
            }),
            file: held.map(|held| held.file.to_owned()),
        }
    }
}
