//! One line of an index: a certificate, and whether it is revoked.

use super::error::IndexProblem;
use super::fields::{self, FIELDS, join, split};
use super::reason;
use super::serial::Serial;
use crate::x509::{
    Certificate, Name, RevocationReason, format_asn1_time, format_serial, parse_asn1_time, parse_der_time,
    significant,
};
use smol_str::SmolStr;
use std::borrow::Cow;
use time::OffsetDateTime;

/// Whether a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `V`: neither revoked nor, when somebody last looked, expired.
    Valid,
    /// `R`: revoked.
    Revoked,
    /// `E`: it was expired when `openssl ca -updatedb` looked.
    Expired,
}

/// When and why a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// When.
    pub at: OffsetDateTime,
    /// Why, where it is said.
    pub reason: Option<RevocationReason>,
}

/// Which field the serial number is.
const SERIAL: usize = 3;

/// Where every certificate is, says OpenSSL.
const UNKNOWN: &str = "unknown";

/// What stands there instead once the certificate was issued again, with the serial numbers of those that it was replaced
/// by behind it: a subject alone does not tell which of its holders has another one.
const REPLACED: &str = "replaced:";

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether the certificate is good.
    pub status: Status,
    /// Its last valid second.
    pub not_after: OffsetDateTime,
    /// There for a revoked one, and for no other.
    pub revoked: Option<Revoked>,
    /// Its serial number: big-endian bytes without leading zeros.
    pub serial: Serial,
    /// Its subject as `X509_NAME_oneline` has it: `/O=Acme/CN=alice`; of an empty one the serial number, which is what
    /// OpenSSL's `ca` writes, and looks for when it revokes (apps/ca.c). Most lie in the line itself: there may be very many.
    pub subject: SmolStr,
    /// What few lines have.
    rare: Option<Box<Rare>>,
}

/// What few lines have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rare {
    /// Where the certificate is; OpenSSL knows of none.
    file: String,
    /// As it was read, where it is not what would be written.
    read: Option<Box<[u8]>>,
}

impl Line {
    /// The line of a certificate that was just issued.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self::issued(&certificate.serial, certificate.window.not_after, &certificate.subject)
    }

    /// The same, from what is recorded of it; the serial number may have leading zeros.
    #[must_use]
    pub fn issued(serial: &[u8], not_after: OffsetDateTime, subject: &Name) -> Self {
        let serial = Serial::from(significant(serial));
        let mut subject = subject.oneline();
        if subject.is_empty() {
            subject = format_serial(&serial);
        }
        let subject = subject.into();
        Self { status: Status::Valid, not_after, revoked: None, serial, subject, rare: None }
    }

    /// Reads a line, without its end.
    ///
    /// # Errors
    /// [`IndexProblem`] with the field at fault.
    pub fn parse(text: &[u8]) -> Result<Self, IndexProblem> {
        if let Some(line) = plain(text).and_then(Self::parse_plain) {
            return Ok(line);
        }
        if text.contains(&0) {
            return Err(IndexProblem::Nul);
        }
        let fields = split(text);
        let Ok([status, expiry, revocation, serial, file, subject]) = <[String; FIELDS]>::try_from(fields)
        else {
            return Err(IndexProblem::Fields { found: split(text).len() });
        };
        let status = match status.as_bytes() {
            b"V" => Status::Valid,
            b"R" => Status::Revoked,
            b"E" => Status::Expired,
            _ => return Err(IndexProblem::Status { found: status }),
        };
        let Some(not_after) = parse_asn1_time(&expiry) else {
            return Err(IndexProblem::Expiry { found: expiry });
        };
        let revoked = match (status, revocation.as_str()) {
            (Status::Revoked, _) => {
                Some(reason::parse(&revocation).ok_or(IndexProblem::Revocation { found: revocation })?)
            }
            (_, "") => None,
            _ => return Err(IndexProblem::RevokedYetNot { found: revocation }),
        };
        let serial = number(&serial).ok_or(IndexProblem::Serial { found: serial })?;
        // A text from Windows ends its lines with CR LF.
        let subject = subject.strip_suffix('\r').unwrap_or(&subject).into();
        let mut line = Self { status, not_after, revoked, serial, subject, rare: None };
        if file != UNKNOWN {
            line.rare = Some(Box::new(Rare { file: file.clone(), read: None }));
        }
        if line.to_text() != text {
            line.rare = Some(Box::new(Rare { file, read: Some(text.into()) }));
        }
        Ok(line)
    }

    /// Reads a line that is just what would be written for it, as nearly all of a hundred thousand are: nothing is written
    /// to find that out.
    ///
    /// `text` is [plain](plain).
    pub(super) fn parse_plain(text: &str) -> Option<Self> {
        let [status, expiry, revocation, serial, file, subject] = fields::usual(text)?;
        if subject.ends_with('\r') || (file != UNKNOWN && file.contains('\t')) {
            return None;
        }
        let (status, revoked) = match (status, revocation) {
            ("V", "") => (Status::Valid, None),
            ("E", "") => (Status::Expired, None),
            ("R", revocation) => (Status::Revoked, Some(reason::parse_usual(revocation)?)),
            _ => return None,
        };
        // All of them, for to stop at one takes longer.
        let is_lower = serial.bytes().fold(false, |lower, digit| lower | digit.is_ascii_lowercase());
        if is_lower || serial.starts_with("00") || serial.starts_with('-') {
            return None;
        }
        let not_after = parse_der_time(expiry)?;
        let is_known = (file != UNKNOWN).then(|| Box::new(Rare { file: file.to_owned(), read: None }));
        let (serial, subject) = (number(serial)?, subject.into());
        Some(Self { status, not_after, revoked, serial, subject, rare: is_known })
    }

    /// Where the certificate is; `unknown`, which is all that OpenSSL writes.
    #[must_use]
    pub fn file(&self) -> &str {
        self.rare.as_ref().map_or(UNKNOWN, |rare| &rare.file)
    }

    /// The serial numbers, in hexadecimal digits, of what was issued in the place of this one.
    pub fn replaced_by(&self) -> impl Iterator<Item = &str> {
        self.file().strip_prefix(REPLACED).into_iter().flat_map(|serials| serials.split(','))
    }

    /// Whether its serial number is a negative one.
    pub(super) fn is_negative(&self) -> bool {
        let read = self.rare.as_ref().and_then(|rare| rare.read.as_ref());
        read.is_some_and(|read| split(read).get(SERIAL).is_some_and(|serial| serial.starts_with('-')))
    }

    /// Notes what was issued in the place of this one; what somebody else wrote there stays.
    pub(super) fn replace(&mut self, by: &str) {
        let file = match self.file() {
            UNKNOWN => format!("{REPLACED}{by}"),
            file if file.starts_with(REPLACED) => format!("{file},{by}"),
            _ => return,
        };
        let read = self.rare.take().and_then(|rare| rare.read);
        self.rare = Some(Box::new(Rare { file, read }));
    }

    /// The line without its end: the fields as they were read, unless their value is another by now.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, [u8]> {
        let fields = self.fields();
        let Some(read) = self.rare.as_ref().and_then(|rare| rare.read.as_ref()) else {
            return Cow::Owned(join(&fields));
        };
        let Ok(was) = Self::parse(read) else { return Cow::Owned(join(&fields)) };
        let was = was.fields();
        if fields == was {
            return Cow::Borrowed(read);
        }
        Cow::Owned(super::fields::merged(read, &fields, &was))
    }

    /// The serial number in hexadecimal digits, as the line has it.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        format_serial(&self.serial)
    }

    fn fields(&self) -> [String; FIELDS] {
        let status = match self.status {
            Status::Valid => "V",
            Status::Revoked => "R",
            Status::Expired => "E",
        };
        [
            status.to_owned(),
            format_asn1_time(self.not_after),
            self.revoked.map(reason::format).unwrap_or_default(),
            self.serial_hex(),
            self.file().to_owned(),
            self.subject.to_string(),
        ]
    }
}

/// A text, of a line or of many, in which no byte has another meaning than its own.
pub(super) fn plain(text: &[u8]) -> Option<&str> {
    match memchr::memchr2(b'\\', 0, text) {
        Some(_) => None,
        None => str::from_utf8(text).ok(),
    }
}

/// What each byte is as a hexadecimal digit; 255 is none.
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut digit = 0;
    while digit < 10 {
        values[b'0' as usize + digit] = digit as u8;
        digit += 1;
    }
    while digit < 16 {
        values[b'A' as usize + digit - 10] = digit as u8;
        values[b'a' as usize + digit - 10] = digit as u8;
        digit += 1;
    }
    values
};

/// How long serial numbers are, as a rule.
const SHORT: usize = 32;

/// Pairs of hexadecimal digits; a minus sign makes it the two's complement, as a certificate has it.
pub(super) fn number(text: &str) -> Option<Serial> {
    let (digits, is_negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    let digit = |digit: u8| VALUES[usize::from(digit)];
    let mut few = [0; SHORT];
    let mut many = Vec::new();
    let bytes = match few.get_mut(..pairs.len()) {
        Some(few) => few,
        None => {
            many.resize(pairs.len(), 0);
            many.as_mut_slice()
        }
    };
    let mut all = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (digit(*high), digit(*low));
        all |= high | low;
        *byte = high << 4 | low;
    }
    if all > 15 {
        return None;
    }
    let zeros = bytes.len() - significant(bytes).len();
    let bytes = &mut bytes[zeros..];
    if is_negative {
        let mut carry = true;
        for byte in bytes.iter_mut().rev() {
            let (sum, overflow) = (!*byte).overflowing_add(carry.into());
            (*byte, carry) = (sum, overflow);
        }
    }
    Some(Serial::from(&*bytes))
}
