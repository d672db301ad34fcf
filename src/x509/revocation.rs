//! DER -> what a revocation list says (RFC 5280 §5). Read by the bones: a list may have 100,000 entries, for which the
//! general parser would make as many lists of extensions.

use super::claims::repeated_oids;
use super::distribution::ListScope;
use super::extension::Extension;
use super::instant::instant;
use super::reason::RevocationReason;
use super::serial::{serial_order, significant};
use super::signature::{SignedParts, members};
use super::{Name, X509Error};
use crate::der::{
    ENUMERATED, Elements, GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME, dotted_oid, only, place,
};
use std::ops::Range;
use time::OffsetDateTime;
use x509_parser::extensions::AuthorityKeyIdentifier;
use x509_parser::prelude::FromDer;

/// A revocation list that was read: its exact DER, and what this crate asks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    /// The exact bytes.
    pub der: Vec<u8>,
    /// 1 or 2.
    pub version: u8,
    /// Who signed, exactly.
    pub issuer: Name,
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When the next one is due at the latest; `None` where it does not say, which RFC 5280 §5.1.2.5 forbids and
    /// OpenSSL takes for "never".
    pub next_update: Option<OffsetDateTime>,
    /// cRLNumber: big-endian bytes, as encoded.
    pub number: Option<Vec<u8>>,
    /// authorityKeyIdentifier, keyid form.
    pub authority_key_identifier: Option<Vec<u8>>,
    /// Whether it is a delta list (deltaCRLIndicator, RFC 5280 §5.2.4): it says what changed since another one.
    pub is_delta: bool,
    /// What its issuingDistributionPoint says that it covers; `None` without one, or with one that cannot be read.
    pub scope: Option<ListScope>,
    /// Critical extensions, of the list or of entries, that OpenSSL does not handle, for which it refuses the list; as
    /// dotted object identifiers, each once.
    pub unknown_critical_extensions: Vec<String>,
    /// Extensions of the list that occur more than once, as dotted object identifiers.
    pub repeated_extensions: Vec<String>,
    /// Extensions of the list of a known kind whose content cannot be read, as dotted object identifiers.
    pub unreadable_extensions: Vec<String>,
    /// Whether the AlgorithmIdentifiers in and behind the signed part are the same to the byte, as RFC 5280 §5.1.1.2
    /// wants it; OpenSSL does not compare those of a list.
    pub algorithms_agree: bool,
    /// By serial number, so that one is found at once.
    entries: Vec<Entry>,
}

/// An entry, in as little space as there is: a list may have very many.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Where the serial number lies in the DER, leading zeros left out.
    serial: Range<u32>,
    instant: OffsetDateTime,
    reason: Option<RevocationReason>,
}

/// One revoked certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation<'a> {
    /// Big-endian bytes of the serial number without leading zeros.
    pub serial: &'a [u8],
    /// When it was revoked.
    pub instant: OffsetDateTime,
    /// Why, where the list says so.
    pub reason: Option<RevocationReason>,
}

/// 2.5.29: what all extensions known here begin with.
const EXTENSION: [u8; 2] = [0x55, 0x1d];
const CRL_NUMBER: u8 = 20;
const REASON_CODE: u8 = 21;
const DELTA_CRL_INDICATOR: u8 = 27;
const ISSUING_DISTRIBUTION_POINT: u8 = 28;
const CERTIFICATE_ISSUER: u8 = 29;
const AUTHORITY_KEY_IDENTIFIER: u8 = 35;

impl RevocationList {
    /// Reads one revocation list; bytes behind it are an error.
    ///
    /// # Errors
    /// [`X509Error::RevocationList`] with the part that cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        let mut list = Self::parse(der)?;
        list.der = der.to_vec();
        Ok(list)
    }

    /// The same of bytes that are nobody else's: those of a list with very many entries are not copied.
    ///
    /// # Errors
    /// Those of [`from_der`](Self::from_der).
    pub fn from_owned_der(der: Vec<u8>) -> Result<Self, X509Error> {
        let mut list = Self::parse(&der)?;
        list.der = der;
        Ok(list)
    }

    /// Everything but the exact bytes.
    fn parse(der: &[u8]) -> Result<Self, X509Error> {
        let fail = |part| X509Error::RevocationList { part };
        // Where a serial number lies is kept in 32 bits.
        let fits = u32::try_from(der.len()).is_ok();
        let signed = SignedParts::of(der).filter(|_| fits).ok_or(fail("its outer form"))?;
        let mut parts = members(signed.to_be_signed);
        let version = match parts.next_of(INTEGER).map(|version| version.content) {
            None => 1,
            Some([1]) => 2,
            Some(_) => return Err(fail("its version")),
        };
        parts.next_of(SEQUENCE).ok_or(fail("its algorithm"))?;
        let issuer = parts.next_of(SEQUENCE).ok_or(fail("its issuer"))?;
        let this_update = parts.next().and_then(|time| instant(&time)).ok_or(fail("thisUpdate"))?;
        let next_update = parts.next_of(UTC_TIME).or_else(|| parts.next_of(GENERALIZED_TIME));
        let next_update = match next_update {
            Some(time) => Some(instant(&time).ok_or(fail("nextUpdate"))?),
            None => None,
        };
        let mut list = Self {
            der: Vec::new(),
            version,
            issuer: Name::from_der(issuer.whole).map_err(|_| fail("its issuer"))?,
            this_update,
            next_update,
            number: None,
            authority_key_identifier: None,
            is_delta: false,
            scope: None,
            unknown_critical_extensions: Vec::new(),
            repeated_extensions: Vec::new(),
            unreadable_extensions: Vec::new(),
            algorithms_agree: signed.algorithms_agree(),
            entries: Vec::new(),
        };
        if let Some(revoked) = parts.next_of(SEQUENCE) {
            list.take_entries(der, revoked.members()).ok_or(fail("revokedCertificates"))?;
        }
        if let Some(extensions) = parts.next_of(0xa0) {
            let extensions = only(extensions.content, SEQUENCE).ok_or(fail("its extensions"))?;
            list.take_extensions(extensions.members()).ok_or(fail("its extensions"))?;
        }
        list.unknown_critical_extensions.sort_unstable();
        list.unknown_critical_extensions.dedup();
        if parts.is_empty() { Ok(list) } else { Err(fail("what follows its last part")) }
    }

    fn take_entries(&mut self, der: &[u8], mut revoked: Elements<'_>) -> Option<()> {
        for entry in revoked.by_ref() {
            let mut fields = only(entry.whole, SEQUENCE)?.members();
            let serial = significant(fields.next_of(INTEGER)?.content);
            let instant = instant(&fields.next()?)?;
            let mut reason = None;
            if let Some(extensions) = fields.next_of(SEQUENCE) {
                for extension in extensions.members() {
                    let Extension { oid, critical, value } = Extension::of(&extension)?;
                    match oid.strip_prefix(&EXTENSION) {
                        Some([REASON_CODE]) => match only(value, ENUMERATED)?.content {
                            [code] => reason = Some(RevocationReason::of_code(*code)),
                            _ => return None,
                        },
                        // The one that OpenSSL passes over (crypto/x509/x_crl.c, `crl_set_issuers`).
                        Some([CERTIFICATE_ISSUER]) => continue,
                        _ => {}
                    }
                    if critical && self.unknown_critical_extensions.len() < MOST_NAMED {
                        self.unknown_critical_extensions.push(dotted_oid(oid));
                    }
                }
            }
            let Range { start, end } = place(der, serial)?;
            let serial = u32::try_from(start).ok()?..u32::try_from(end).ok()?;
            self.entries.push(Entry { serial, instant, reason });
        }
        // The first entry of a serial number stays the first.
        self.entries.sort_by(|one, other| serial_order(slice(der, one), slice(der, other)));
        revoked.is_empty().then_some(())
    }

    fn take_extensions(&mut self, mut extensions: Elements<'_>) -> Option<()> {
        let mut seen = Vec::new();
        for element in extensions.by_ref() {
            let Extension { oid, critical, value } = Extension::of(&element)?;
            seen.push(oid);
            let arc = match oid.strip_prefix(&EXTENSION) {
                Some([arc]) => *arc,
                _ => 0,
            };
            let readable = match arc {
                CRL_NUMBER => {
                    self.number = only(value, INTEGER).map(|number| number.content.to_vec());
                    self.number.is_some()
                }
                AUTHORITY_KEY_IDENTIFIER => match AuthorityKeyIdentifier::from_der(value) {
                    Ok((_, parsed)) => {
                        self.authority_key_identifier = parsed.key_identifier.map(|id| id.0.to_vec());
                        true
                    }
                    Err(_) => false,
                },
                DELTA_CRL_INDICATOR => {
                    self.is_delta = true;
                    only(value, INTEGER).is_some()
                }
                ISSUING_DISTRIBUTION_POINT => {
                    self.scope = ListScope::from_der(value);
                    self.scope.is_some()
                }
                _ => true,
            };
            if !readable {
                self.unreadable_extensions.push(dotted_oid(oid));
            }
            // Those that OpenSSL handles (crypto/x509/x_crl.c, `crl_cb`).
            let handled = [ISSUING_DISTRIBUTION_POINT, AUTHORITY_KEY_IDENTIFIER, DELTA_CRL_INDICATOR];
            if critical && !handled.contains(&arc) {
                self.unknown_critical_extensions.push(dotted_oid(oid));
            }
        }
        self.repeated_extensions = repeated_oids(seen);
        extensions.is_empty().then_some(())
    }

    /// The entry of a serial number, leading zeros or not; the first, where there are several.
    #[must_use]
    pub fn find(&self, serial: &[u8]) -> Option<Revocation<'_>> {
        let wanted = significant(serial);
        let at = self.entries.partition_point(|entry| serial_order(slice(&self.der, entry), wanted).is_lt());
        self.entries.get(at).map(|entry| self.revocation(entry)).filter(|found| found.serial == wanted)
    }

    /// Every entry, by serial number.
    pub fn revocations(&self) -> impl ExactSizeIterator<Item = Revocation<'_>> {
        self.entries.iter().map(|entry| self.revocation(entry))
    }

    fn revocation(&self, entry: &Entry) -> Revocation<'_> {
        Revocation { serial: slice(&self.der, entry), instant: entry.instant, reason: entry.reason }
    }

    /// The TBSCertList, the outer AlgorithmIdentifier and the signature.
    #[must_use]
    pub fn signed(&self) -> SignedParts<'_> {
        SignedParts::of(&self.der).unwrap_or_default()
    }
}

/// How many unknown extensions of entries are kept: one is enough to refuse the list, and all may have one.
const MOST_NAMED: usize = 100;

fn slice<'a>(der: &'a [u8], entry: &Entry) -> &'a [u8] {
    der.get(entry.serial.start as usize..entry.serial.end as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::der::{BIT_STRING, OBJECT_IDENTIFIER, element};

    #[test]
    fn serial_numbers_are_found_whatever_their_leading_zeros() {
        let entry = |serial: &[u8], time: &[u8]| {
            element(SEQUENCE, &[&element(INTEGER, &[serial]), &element(UTC_TIME, &[time])])
        };
        let entries = [
            entry(&[0x01, 0x00], b"250101000000Z"),
            entry(&[0x00, 0xff], b"250102000000Z"),
            entry(&[0x02], b"250103000000Z"),
            entry(&[0x00, 0x02], b"250104000000Z"),
        ];
        let algorithm = element(SEQUENCE, &[&element(OBJECT_IDENTIFIER, &[&[0x2b, 0x65, 0x70]])]);
        let name = element(SEQUENCE, &[]);
        let time = element(UTC_TIME, &[b"250101000000Z"]);
        let revoked = element(SEQUENCE, &entries.each_ref().map(Vec::as_slice));
        let signed = element(SEQUENCE, &[&algorithm, &name, &time, &revoked]);
        let bits = element(BIT_STRING, &[&[0, 1]]);
        let list = RevocationList::from_der(&element(SEQUENCE, &[&signed, &algorithm, &bits])).unwrap();
        let serials: Vec<&[u8]> = list.revocations().map(|entry| entry.serial).collect();
        assert_eq!(serials, [&[0x02][..], &[0x02], &[0xff], &[0x01, 0x00]]);
        assert_eq!(list.find(&[0, 0, 2]).unwrap().instant.day(), 3);
        assert_eq!(list.find(&[0xff]).unwrap().instant.day(), 2);
        assert_eq!(list.find(&[1, 0]).unwrap().instant.day(), 1);
        assert!(
            list.find(&[1]).is_none() && list.find(&[]).is_none() && list.find(&[0xff, 0xff, 1]).is_none()
        );
        assert_eq!((list.version, list.next_update, list.algorithms_agree), (1, None, true));
    }
}
