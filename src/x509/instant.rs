//! A point in time as certificates have it: DER, and the text in it, which the index of a CA has too.

use crate::der::{Element, GENERALIZED_TIME, UTC_TIME, element, only};
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime, Time};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// A Time (RFC 5280 §4.1.2.5): at once in the form that DER has, else by the general parser.
pub(super) fn instant(time: &Element<'_>) -> Option<OffsetDateTime> {
    let digits = match (time.tag, time.content) {
        (UTC_TIME, [digits @ .., b'Z']) if digits.len() == 12 => digits,
        (GENERALIZED_TIME, [digits @ .., b'Z']) if digits.len() == 14 => digits,
        _ => return Some(ASN1Time::from_der(time.whole).ok()?.1.to_datetime()),
    };
    of_digits(digits)
}

/// Two or four digits of the year, and ten of what follows.
fn of_digits(digits: &[u8]) -> Option<OffsetDateTime> {
    let (year, [month, day, hour, minute, second]) = digits.as_chunks::<2>().0.split_last_chunk()?;
    let year = match year {
        // RFC 5280 §4.1.2.5.1: two digits are of 1950 to 2049.
        [short] => number(*short).map(|short| i32::from(short) + if short < 50 { 2000 } else { 1900 })?,
        [century, year] => i32::from(number(*century)?) * 100 + i32::from(number(*year)?),
        _ => return None,
    };
    let month = Month::try_from(number(*month)?).ok()?;
    let date = Date::from_calendar_date(year, month, number(*day)?).ok()?;
    let time = Time::from_hms(number(*hour)?, number(*minute)?, number(*second)?).ok()?;
    Some(date.with_time(time).assume_utc())
}

/// A number of two decimal digits.
fn number([tens, ones]: [u8; 2]) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}

/// Reads the text of a UTCTime or GeneralizedTime: `271121183000Z`, `20501121183000Z`.
#[must_use]
pub fn parse_asn1_time(text: &str) -> Option<OffsetDateTime> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let tag = if digits < 14 { UTC_TIME } else { GENERALIZED_TIME };
    let der = element(tag, &[text.as_bytes()]);
    instant(&only(&der, tag)?)
}

/// Reads the text of a Time in the one form that DER and RFC 5280 §4.1.2.5 have for it, which is the one that
/// [`format_asn1_time`] writes; `None` for every other form, though it may be a time.
#[must_use]
pub fn parse_der_time(text: &str) -> Option<OffsetDateTime> {
    let digits = text.strip_suffix('Z')?.as_bytes();
    match digits.len() {
        12 => of_digits(digits),
        14 => of_digits(digits).filter(|instant| !(1950..2050).contains(&instant.year())),
        _ => None,
    }
}

/// The text of a Time as RFC 5280 §4.1.2.5 has it: a UTCTime where two digits tell the year, 1950 to 2049, else a
/// GeneralizedTime.
#[must_use]
pub fn format_asn1_time(instant: OffsetDateTime) -> String {
    let format = format_description!("[year][month][day][hour][minute][second]Z");
    let instant = instant.to_offset(time::UtcOffset::UTC);
    let text = instant.format(format).unwrap_or_default();
    let is_short = (1950..2050).contains(&instant.year());
    if is_short { text.get(2..).unwrap_or_default().to_owned() } else { text }
}

/// Adds a Time as RFC 5280 §4.1.2.5 has it, tag and length included; the digits one by one, since a list has 100,000 of
/// them.
pub(super) fn push_time(instant: OffsetDateTime, out: &mut Vec<u8>) {
    let instant = instant.to_offset(time::UtcOffset::UTC);
    let (year, month, day) = instant.to_calendar_date();
    let (hour, minute, second) = instant.to_hms();
    let pair = |number: u8| [b'0' + number / 10 % 10, b'0' + number % 10];
    // Years of certificates have four digits.
    let year = u16::try_from(year).unwrap_or_default();
    let (century, short) = ((year / 100) as u8, (year % 100) as u8);
    if (1950..2050).contains(&year) {
        out.extend_from_slice(&[UTC_TIME, 13]);
    } else {
        out.extend_from_slice(&[GENERALIZED_TIME, 15]);
        out.extend_from_slice(&pair(century));
    }
    for number in [short, u8::from(month), day, hour, minute, second] {
        out.extend_from_slice(&pair(number));
    }
    out.push(b'Z');
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::der::{SET, element, only};

    fn time_of(tag: u8, text: &str) -> Option<String> {
        let der = element(tag, &[text.as_bytes()]);
        instant(&only(&der, tag).unwrap()).map(crate::x509::format_instant)
    }

    #[test]
    fn a_time_in_the_form_of_der_is_told_from_others() {
        for text in ["491231235959Z", "500101000000Z", "20500101000000Z", "19491231235959Z"] {
            assert_eq!(parse_der_time(text).map(format_asn1_time).as_deref(), Some(text));
        }
        for text in
            ["20491231235959Z", "4912312359Z", "491231235959+0100", "491331235959Z", "4912312x5959Z", ""]
        {
            assert_eq!(parse_der_time(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_as_its_text_is_and_read_back() {
        for text in ["1949-12-31T23:59:59Z", "1950-01-01", "2026-11-22T09:08:07Z", "2049-12-31", "2050-01-01"]
        {
            let instant = crate::x509::parse_instant(text).unwrap();
            let mut der = Vec::new();
            push_time(instant, &mut der);
            let (_, content) = der.split_at(2);
            assert_eq!(content, format_asn1_time(instant).as_bytes());
            let element = crate::der::Elements::new(&der).next().unwrap();
            assert_eq!((super::instant(&element), element.whole), (Some(instant), &der[..]));
        }
    }

    #[test]
    fn times_are_read_in_both_forms_and_refused_where_they_are_none() {
        for (tag, text, read) in [
            (UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59Z")),
            (UTC_TIME, "500101000000Z", Some("1950-01-01T00:00:00Z")),
            (GENERALIZED_TIME, "20500101000000Z", Some("2050-01-01T00:00:00Z")),
            (GENERALIZED_TIME, "00000101000000Z", Some("0000-01-01T00:00:00Z")),
            (UTC_TIME, "491331235959Z", None),
            (UTC_TIME, "490230235959Z", None),
            (UTC_TIME, "4901302359 9Z", None),
            (UTC_TIME, "490130246060Z", None),
            (UTC_TIME, "", None),
            (SET, "491231235959Z", None),
        ] {
            assert_eq!(time_of(tag, text).as_deref(), read, "{text}");
        }
    }
}
