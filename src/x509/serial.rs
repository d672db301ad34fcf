//! Serial numbers (RFC 5280 §4.1.2.2).

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// The serial number, as wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SerialNumber {
    /// So many random bits: 128 unless said otherwise.
    Random {
        /// 8 to 159: RFC 5280 §4.1.2.2 allows 20 octets, and the number is positive.
        bits: u8,
    },
    /// This one: big-endian bytes.
    Given(Vec<u8>),
}

impl SerialNumber {
    /// 128 random bits: more than anybody can guess, in every reader's 20 octets.
    pub const USUAL: Self = Self::Random { bits: 128 };
}

/// `{"random_bits": 128}`, or `{"given": "0x1234"}`.
impl Serialize for SerialNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Random { bits } => map.serialize_entry("random_bits", bits)?,
            Self::Given(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                map.serialize_entry("given", &format!("0x{hex}"))?;
            }
        }
        map.end()
    }
}

/// A serial number as `openssl x509 -serial` prints it: hexadecimal digits, leading zeros of the encoding left out.
#[must_use]
pub fn format_serial(bytes: &[u8]) -> String {
    let bytes = significant(bytes);
    if bytes.is_empty() {
        return "00".to_owned();
    }
    let mut out = String::with_capacity(2 * bytes.len());
    bytes.iter().for_each(|byte| hexadecimal(*byte, &mut out));
    out
}

/// A serial number in decimal digits, as PostgreSQL shows it (pg_stat_ssl, `client_serial`).
#[must_use]
pub fn decimal_serial(bytes: &[u8]) -> String {
    // The lowest digit first.
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            (*digit, carry) = ((value % 10) as u8, value / 10);
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    if digits.is_empty() {
        digits.push(0);
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

/// The reverse of [`decimal_serial`], without leading zeros; `None` for what is no number, or longer than any serial number.
#[must_use]
pub fn parse_decimal_serial(text: &str) -> Option<Vec<u8>> {
    const MOST_DIGITS: usize = 80;
    if text.is_empty() || text.len() > MOST_DIGITS {
        return None;
    }
    // The lowest byte first.
    let mut bytes: Vec<u8> = Vec::new();
    for character in text.chars() {
        let mut carry = character.to_digit(10)?;
        for byte in &mut bytes {
            let value = u32::from(*byte) * 10 + carry;
            (*byte, carry) = (value as u8, value >> 8);
        }
        if carry > 0 {
            bytes.push(carry as u8);
        }
    }
    bytes.reverse();
    Some(bytes)
}

/// Adds a byte as two hexadecimal digits, capital ones.
pub(super) fn hexadecimal(byte: u8, out: &mut String) {
    let digit = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase();
    out.extend([digit(byte >> 4), digit(byte & 15)]);
}

/// A serial number without the zeros that its encoding needs; zero is no byte at all.
#[must_use]
pub fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// The order of serial numbers without leading zeros, as numbers: by length first, which is the cheapest to find out.
#[must_use]
pub fn serial_order(one: &[u8], other: &[u8]) -> std::cmp::Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_shown_in_decimal_digits_whatever_its_length() {
        for (bytes, shown) in [
            (&[][..], "0"),
            (&[0, 0], "0"),
            (&[0xff], "255"),
            (&[1, 0], "256"),
            (&[0xff; 16], "340282366920938463463374607431768211455"),
            (
                &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                "43556142965880123323311949751266331066368",
            ),
        ] {
            assert_eq!(decimal_serial(bytes), shown);
            assert_eq!(parse_decimal_serial(shown).as_deref(), Some(significant(bytes)));
        }
    }

    #[test]
    fn what_is_no_decimal_number_is_none() {
        for text in ["", "-1", "1A", "1 ", &"1".repeat(81)] {
            assert_eq!(parse_decimal_serial(text), None, "{text}");
        }
    }

    #[test]
    fn a_serial_number_is_shown_without_the_zeros_that_its_encoding_needs() {
        for (bytes, shown) in [(&[0, 0xff][..], "FF"), (&[1, 0], "0100"), (&[0], "00"), (&[], "00")] {
            assert_eq!(format_serial(bytes), shown);
        }
    }
}
