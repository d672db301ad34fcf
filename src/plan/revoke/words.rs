//! Words as they are typed: common names and serial numbers.

use crate::x509::{Name, format_serial, parse_decimal_serial, significant};

/// A common name as an index may have it: as OpenSSL 3 protects what is in it, and as elder ones wrote it.
pub(super) struct CommonName([String; 2]);

impl CommonName {
    pub(super) fn of(name: &str) -> Self {
        let protected = Name::common_name(name).oneline();
        let protected = protected.trim_start_matches('/').to_owned();
        let plain = protected.replace("\\/", "/").replace("\\+", "+");
        Self([protected, plain])
    }

    /// Whether a subject such as `/O=Acme/CN=alice` has it.
    pub(super) fn is_in(&self, subject: &str) -> bool {
        self.0.iter().any(|own| {
            subject.match_indices(own).any(|(at, _)| {
                let (before, after) = (&subject[..at], &subject[at + own.len()..]);
                let is_begin = before.ends_with(['/', '+']) && !before[..at - 1].ends_with('\\');
                is_begin && (after.is_empty() || after.starts_with(['/', '+']))
            })
        })
    }
}

/// All that the digits of a serial number may mean: hexadecimal ones, as OpenSSL shows it, and decimal ones, as
/// PostgreSQL does (pg_stat_ssl, `client_serial`).
pub(super) fn serial_numbers(text: &str) -> Vec<Vec<u8>> {
    // As `openssl x509 -serial` prints it.
    let text = text.trim();
    let text = text.strip_prefix("serial=").unwrap_or(text);
    let mut readings: Vec<Vec<u8>> = serial_number(text).into_iter().collect();
    readings.extend(parse_decimal_serial(text).filter(|decimal| !readings.contains(decimal)));
    readings
}

/// A serial number so that it has one meaning alone when it is typed.
pub(super) fn typed_serial(serial: &[u8]) -> String {
    let shown = format_serial(serial);
    if shown.bytes().all(|digit| digit.is_ascii_digit()) { format!("0x{shown}") } else { shown }
}

/// Hexadecimal digits, with or without colons, as a serial number.
pub(super) fn serial_number(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .strip_prefix("0x")
        .or(text.strip_prefix("0X"))
        .unwrap_or(text)
        .bytes()
        .filter(|it| *it != b':')
        .collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let digit = |digit: &u8| char::from(*digit).to_digit(16).map(|digit| digit as u8);
    let pairs = digits.rchunks(2).rev();
    let bytes = pairs.map(|pair| pair.iter().try_fold(0_u8, |byte, it| Some(byte << 4 | digit(it)?)));
    Some(significant(&bytes.collect::<Option<Vec<u8>>>()?).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_name_is_found_in_every_form_of_a_subject_and_in_no_other() {
        for (name, subject, found) in [
            ("bob", "/CN=bob", true),
            ("bob", "/O=Other/CN=bob", true),
            ("bob", "/CN=bob/emailAddress=b@example.com", true),
            ("bob", "/O=Acme+CN=bob", true),
            ("bob", "/CN=bobby", false),
            ("bob", "/DCN=bob", false),
            ("bob", "/CN=alice\\/CN=bob", false),
            ("J\u{fc}rgen", "/CN=J\\xC3\\xBCrgen", true),
            ("a/b", "/CN=a\\/b", true),
            ("a/b", "/CN=a/b", true),
            ("a", "/CN=a\\/b", false),
        ] {
            assert_eq!(CommonName::of(name).is_in(subject), found, "{name} {subject}");
        }
    }

    #[test]
    fn digits_are_read_in_both_ways_and_what_is_clear_in_one() {
        assert_eq!(serial_numbers("10"), [vec![0x10], vec![10]]);
        assert_eq!(serial_numbers(" serial=0A0B "), [vec![0x0a, 0x0b]]);
        assert_eq!(serial_numbers("0X10"), [[0x10]]);
        assert_eq!(serial_numbers("9"), [[9]]);
        for one in ["0x10", "1:0", "0A"] {
            assert_eq!(serial_numbers(one).len(), 1, "{one}");
        }
        assert_eq!(serial_numbers("bob"), [[0_u8; 0]; 0]);
        assert_eq!((typed_serial(&[0x10]), typed_serial(&[0xa])), ("0x10".to_owned(), "0A".to_owned()));
    }
}
