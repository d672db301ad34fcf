//! Words as they are typed: common names and serial numbers.

use crate::x509::significant;

/// The common name in the subject of an index: `/O=Acme/CN=alice`.
pub(super) fn common_name(subject: &str) -> Option<&str> {
    let (_, rest) = subject.rsplit_once("/CN=")?;
    Some(rest.split('/').next().unwrap_or(rest))
}

/// Hexadecimal digits, with or without colons, as a serial number.
pub(super) fn serial_number(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.strip_prefix("0x").unwrap_or(text).bytes().filter(|it| *it != b':').collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let digit = |digit: &u8| char::from(*digit).to_digit(16).map(|digit| digit as u8);
    let pairs = digits.rchunks(2).rev();
    let bytes = pairs.map(|pair| pair.iter().try_fold(0_u8, |byte, it| Some(byte << 4 | digit(it)?)));
    Some(significant(&bytes.collect::<Option<Vec<u8>>>()?).to_vec())
}
