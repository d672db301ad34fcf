//! Plain data -> the DER of a signed revocation list (RFC 5280 §5).
//!
//! By the bones, as lists are read: one has 100,000 entries, and `rcgen` wants a structure for each.

use super::encode::Signer;
use super::instant::push_time;
use super::serial::significant;
use super::{Name, Revocation, RevocationReason};
use crate::der::{
    BIT_STRING, CONTEXT_0, ENUMERATED, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, element, header,
    whole_length,
};
use crate::parallel::both;
use time::OffsetDateTime;

/// Everything in a revocation list but its signature.
#[derive(Debug, Clone)]
pub struct ListFields<'a> {
    /// Exactly as the CA's own subject.
    pub issuer: &'a Name,
    /// thisUpdate.
    pub this_update: OffsetDateTime,
    /// nextUpdate.
    pub next_update: OffsetDateTime,
    /// cRLNumber: big-endian bytes of a number that is not negative.
    pub number: &'a [u8],
    /// authorityKeyIdentifier, keyid form: the subjectKeyIdentifier of the CA, or OpenSSL finds no list of it.
    pub authority_key_identifier: &'a [u8],
    /// For how many entries room is made at once.
    pub room: usize,
}

/// 2.5.29.20, 2.5.29.21 and 2.5.29.35.
const CRL_NUMBER: [u8; 3] = [0x55, 0x1d, 20];
const REASON_CODE: [u8; 3] = [0x55, 0x1d, 21];
const AUTHORITY_KEY_IDENTIFIER: [u8; 3] = [0x55, 0x1d, 35];

/// Encodes and signs a revocation list of version 2; the result is DER. `revoked` has everybody once, in two parts that are
/// encoded side by side where there are many; where there is nobody, the field is left out, as RFC 5280 §5.1.2.6 wants it.
///
/// # Errors
/// The signer's own.
pub fn encode_list<'a, S: Signer>(
    fields: &ListFields<'_>,
    revoked: [impl IntoIterator<Item = Revocation<'a>> + Send; 2],
    signer: &S,
) -> Result<Vec<u8>, S::Error> {
    let algorithm = signer.algorithm_der();
    let (mut der, start) = to_be_signed(fields, revoked, algorithm);
    let signature = signer.sign(der.get(start..).unwrap_or_default())?;
    der.extend_from_slice(algorithm);
    header(BIT_STRING, 1 + signature.len(), &mut der);
    der.push(0);
    der.extend_from_slice(&signature);
    let start = header_before(start, SEQUENCE, &mut der);
    der.drain(..start);
    Ok(der)
}

/// The TBSCertList, and where it begins: the bytes before it are for the header of what it becomes a part of. A list has
/// megabytes, and is made where it stays; what goes before the entries is put there when their length is known.
fn to_be_signed<'a>(
    fields: &ListFields<'_>,
    [front, back]: [impl IntoIterator<Item = Revocation<'a>> + Send; 2],
    algorithm: &[u8],
) -> (Vec<u8>, usize) {
    /// The longest header, that of 4 GiB.
    const HEADER_BYTES: usize = 6;
    /// What an entry takes, most of them less.
    const ENTRY_BYTES: usize = 56;
    /// From how many entries on a second processor is worth its while.
    const MANY: usize = 10_000;
    let mut head = element(INTEGER, &[&[1]]);
    head.extend_from_slice(algorithm);
    head.extend_from_slice(fields.issuer.as_der());
    push_time(fields.this_update, &mut head);
    push_time(fields.next_update, &mut head);
    let entries = head.len() + 3 * HEADER_BYTES;
    let encode_behind = || {
        let mut der = Vec::with_capacity(ENTRY_BYTES * fields.room / 2);
        back.into_iter().for_each(|entry| push_entry(&entry, &mut der));
        der
    };
    let encode = || {
        let mut der = Vec::with_capacity(entries + ENTRY_BYTES * fields.room + 1024);
        der.resize(entries, 0);
        front.into_iter().for_each(|entry| push_entry(&entry, &mut der));
        der
    };
    let (behind, mut der) = both(fields.room > MANY, encode_behind, encode);
    der.extend_from_slice(&behind);
    drop(behind);
    let mut start = entries;
    if der.len() > entries {
        start = header_before(start, SEQUENCE, &mut der);
    }
    der.extend_from_slice(&extensions(fields));
    start = put_before(start, &head, &mut der);
    start = header_before(start, SEQUENCE, &mut der);
    (der, start)
}

/// Puts bytes before what begins there; they begin where is returned.
fn put_before(start: usize, bytes: &[u8], der: &mut [u8]) -> usize {
    let begin = start.saturating_sub(bytes.len());
    if let Some(room) = der.get_mut(begin..start) {
        room.copy_from_slice(bytes);
    }
    begin
}

/// Makes what begins there, to the end, the content of an element.
fn header_before(start: usize, tag: u8, der: &mut [u8]) -> usize {
    let mut bytes = Vec::with_capacity(6);
    header(tag, der.len() - start, &mut bytes);
    put_before(start, &bytes, der)
}

/// An Extension that is not critical.
fn extension(oid: [u8; 3], value: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&element(OBJECT_IDENTIFIER, &[&oid]), &element(OCTET_STRING, &[value])])
}

/// The two that RFC 5280 §5.2 asks for.
fn extensions(fields: &ListFields<'_>) -> Vec<u8> {
    /// [0] IMPLICIT, the keyIdentifier.
    const KEY_IDENTIFIER: u8 = 0x80;
    let identifier = element(KEY_IDENTIFIER, &[fields.authority_key_identifier]);
    let authority = extension(AUTHORITY_KEY_IDENTIFIER, &element(SEQUENCE, &[&identifier]));
    let number = extension(CRL_NUMBER, &integer(fields.number));
    element(CONTEXT_0, &[&element(SEQUENCE, &[&authority, &number])])
}

/// An INTEGER of a number that is not negative.
fn integer(number: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(number.len() + 3);
    push_integer(number, &mut der);
    der
}

/// How many bytes the content of such an INTEGER has.
fn integer_length(number: &[u8]) -> usize {
    let number = significant(number);
    number.len() + usize::from(needs_zero(number))
}

fn push_integer(number: &[u8], out: &mut Vec<u8>) {
    header(INTEGER, integer_length(number), out);
    let number = significant(number);
    if needs_zero(number) {
        out.push(0);
    }
    out.extend_from_slice(number);
}

/// Whether a zero has to stand before it, so that it is there at all, and not negative.
fn needs_zero(number: &[u8]) -> bool {
    number.first().is_none_or(|first| *first >= 0x80)
}

/// The reason that a list tells. `unspecified` is told by telling none (RFC 5280 §5.3.1).
fn code(entry: &Revocation<'_>) -> Option<u8> {
    entry.reason.filter(|reason| *reason != RevocationReason::Unspecified).map(RevocationReason::code)
}

/// How long the extensions of an entry with a reason are, header included: all of them alike.
const REASON_LENGTH: usize = 14;

fn entry_length(entry: &Revocation<'_>) -> usize {
    let time = if is_short(entry.instant) { 15 } else { 17 };
    let reason = if code(entry).is_some() { REASON_LENGTH } else { 0 };
    whole_length(integer_length(entry.serial)) + time + reason
}

/// Whether an instant is a UTCTime (RFC 5280 §5.1.2.4).
fn is_short(instant: OffsetDateTime) -> bool {
    (1950..2050).contains(&instant.to_offset(time::UtcOffset::UTC).year())
}

fn push_entry(entry: &Revocation<'_>, out: &mut Vec<u8>) {
    header(SEQUENCE, entry_length(entry), out);
    push_integer(entry.serial, out);
    push_time(entry.instant, out);
    if let Some(code) = code(entry) {
        let [first, second, third] = REASON_CODE;
        out.extend_from_slice(&[SEQUENCE, 12, SEQUENCE, 10, OBJECT_IDENTIFIER, 3, first, second, third]);
        out.extend_from_slice(&[OCTET_STRING, 3, ENUMERATED, 1, code]);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::x509::{RevocationList, format_instant, parse_instant};

    struct Nobody;

    impl Signer for Nobody {
        type Error = ();

        fn algorithm_der(&self) -> &[u8] {
            &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70]
        }

        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ()> {
            Ok(vec![message.len() as u8; 64])
        }
    }

    fn list(revoked: &[Revocation<'_>]) -> RevocationList {
        let fields = ListFields {
            issuer: &Name::common_name("root"),
            this_update: parse_instant("2026-11-22").unwrap(),
            next_update: parse_instant("2051-11-22T01:02:03Z").unwrap(),
            number: &[0xff],
            authority_key_identifier: &[7; 20],
            room: revoked.len(),
        };
        let parts = revoked.split_at(revoked.len() / 3);
        let parts = [parts.0, parts.1].map(|part| part.iter().copied());
        RevocationList::from_der(&encode_list(&fields, parts, &Nobody).unwrap()).unwrap()
    }

    #[test]
    fn a_list_of_nobody_has_no_field_for_them() {
        let list = list(&[]);
        assert_eq!((list.version, list.revocations().len()), (2, 0));
        assert_eq!(list.number.as_deref(), Some(&[0, 0xff][..]), "it is not negative");
        assert_eq!(list.authority_key_identifier.as_deref(), Some(&[7; 20][..]));
        assert_eq!(format_instant(list.this_update), "2026-11-22T00:00:00Z");
        assert_eq!(list.next_update.map(format_instant).as_deref(), Some("2051-11-22T01:02:03Z"));
        assert!(list.algorithms_agree && list.repeated_extensions.is_empty());
        // thisUpdate, nextUpdate, and then the extensions at once.
        let time = list.der.windows(2).position(|two| two == [0x18, 0x0f]).unwrap();
        assert_eq!(list.der[time + 17], CONTEXT_0);
    }

    #[test]
    fn entries_of_every_kind_are_read_back_as_they_were() {
        let long = [0x81; 200];
        let entry =
            |serial, instant, reason| Revocation { serial, instant: parse_instant(instant).unwrap(), reason };
        let entries = [
            entry(&[], "2026-01-01", None),
            entry(&[0x7f], "1949-12-31T23:59:59Z", Some(RevocationReason::KeyCompromise)),
            entry(&[0x80], "2049-12-31T23:59:59Z", Some(RevocationReason::AaCompromise)),
            entry(&[1, 0], "2050-01-01", Some(RevocationReason::Other(7))),
            entry(&long, "2026-01-01T12:00:00Z", Some(RevocationReason::PrivilegeWithdrawn)),
        ];
        assert!(list(&entries).revocations().eq(entries));
    }

    #[test]
    fn an_unspecified_reason_is_told_by_telling_none() {
        let reason = Some(RevocationReason::Unspecified);
        let entry = Revocation { serial: &[5], instant: parse_instant("2026-01-01").unwrap(), reason };
        assert_eq!(list(&[entry]).find(&[5]).unwrap().reason, None);
    }

    #[test]
    fn a_list_of_very_many_is_read_back() {
        let serials: Vec<[u8; 4]> = (0..12_000_u32).map(|at| (at + (1 << 24)).to_be_bytes()).collect();
        let instant = parse_instant("2026-01-01").unwrap();
        let entries: Vec<_> =
            serials.iter().map(|serial| Revocation { serial, instant, reason: None }).collect();
        assert!(list(&entries).revocations().eq(entries));
    }
}
