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
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (year, rest) = digits.split_at_checked(digits.len() - 10)?;
    let number = |digits: &[u8]| digits.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
    let year = match (year.len(), number(year)) {
        // RFC 5280 §4.1.2.5.1: two digits are of 1950 to 2049.
        (2, short) => short + if short < 50 { 2000 } else { 1900 },
        (_, year) => year,
    };
    let pair = |at: usize| rest.get(2 * at..2 * at + 2).map(|digits| number(digits) as u8);
    let date = Date::from_calendar_date(year, Month::try_from(pair(0)?).ok()?, pair(1)?).ok()?;
    Some(date.with_time(Time::from_hms(pair(2)?, pair(3)?, pair(4)?).ok()?).assume_utc())
}

/// Reads the text of a UTCTime or GeneralizedTime: `271121183000Z`, `20501121183000Z`.
#[must_use]
pub fn parse_asn1_time(text: &str) -> Option<OffsetDateTime> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let tag = if digits < 14 { UTC_TIME } else { GENERALIZED_TIME };
    let der = element(tag, &[text.as_bytes()]);
    instant(&only(&der, tag)?)
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
