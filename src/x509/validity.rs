//! Spans and points of time: lifetimes as people write them, and the window of a certificate.

use super::X509Error;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time};

/// How long a certificate lives, in whole seconds, more than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime {
    seconds: i64,
}

impl Lifetime {
    /// A lifetime of whole days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self { seconds: days as i64 * 86_400 }
    }

    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::seconds(self.seconds)
    }

    /// The longest lifetime in whole days, or whole hours under a day, that fits a duration; `None` under an hour.
    #[must_use]
    pub fn fitting(room: Duration) -> Option<Self> {
        let unit = if room.whole_days() > 0 { 86_400 } else { 3_600 };
        let seconds = room.whole_seconds() / unit * unit;
        (seconds > 0).then_some(Self { seconds })
    }
}

/// `365d`, or `12h` where it is not whole days.
impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            seconds if seconds % 86_400 == 0 => write!(f, "{}d", seconds / 86_400),
            seconds if seconds % 3_600 == 0 => write!(f, "{}h", seconds / 3_600),
            seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

/// A whole number and a unit: `s`, `m` (minutes), `h`, `d`, `w`, `y` (365 days).
impl FromStr for Lifetime {
    type Err = X509Error;

    fn from_str(text: &str) -> Result<Self, X509Error> {
        let fail = |problem| X509Error::Lifetime { text: text.to_owned(), problem };
        if text.starts_with('-') {
            return Err(fail("it must be more than zero"));
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit: i64 = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            "y" => 365 * 86_400,
            _ => return Err(fail("it is not a number with one of the units s, m, h, d, w, y")),
        };
        if number.is_empty() {
            return Err(fail("it is not a number with one of the units s, m, h, d, w, y"));
        }
        let seconds = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
        match seconds.ok_or_else(|| fail("it is too long"))? {
            0 => Err(fail("it must be more than zero")),
            seconds => Ok(Self { seconds }),
        }
    }
}

impl Serialize for Lifetime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// When a certificate is valid. Both ends are included (RFC 5280 §4.1.2.5); whole seconds, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The first valid second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_before: OffsetDateTime,
    /// The last valid second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_after: OffsetDateTime,
}

impl Window {
    /// Whether an instant lies in it.
    #[must_use]
    pub fn contains(&self, instant: OffsetDateTime) -> bool {
        self.not_before <= instant && instant <= self.not_after
    }

    /// From the first valid second to the last.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.not_after - self.not_before
    }
}

/// For `#[serde(serialize_with = ...)]`: an instant as [`format_instant`] writes it.
///
/// # Errors
/// The serializer's own.
pub fn serialize_instant<S: Serializer>(instant: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_instant(*instant))
}

/// `2027-11-21T18:30:00Z`.
#[must_use]
pub fn format_instant(instant: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    instant.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}

/// `2027-11-21`.
#[must_use]
pub fn format_date(instant: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]");
    instant.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}

/// Reads `2027-11-21` (midnight), `2027-11-21T18:30:00Z` (or with an offset), or OpenSSL's `20271121183000Z`.
///
/// # Errors
/// [`X509Error::Instant`] for anything else.
pub fn parse_instant(text: &str) -> Result<OffsetDateTime, X509Error> {
    let instant = any_form(text)?;
    // GeneralizedTime has four digits and no sign (RFC 5280 §4.1.2.5.2); an offset may lead out of them.
    if (1..=9999).contains(&instant.year()) {
        return Ok(instant);
    }
    Err(X509Error::Instant { text: text.to_owned() })
}

fn any_form(text: &str) -> Result<OffsetDateTime, X509Error> {
    let fail = || X509Error::Instant { text: text.to_owned() };
    if let Ok(date) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        return Ok(date.with_time(Time::MIDNIGHT).assume_utc());
    }
    let generalized = format_description!("[year][month][day][hour][minute][second]Z");
    if let Ok(instant) = PrimitiveDateTime::parse(text, generalized) {
        return Ok(instant.assume_utc());
    }
    let instant = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| fail())?;
    // The last hours of the year 9999 may lie in the year 10000 by UTC.
    let instant = instant.checked_to_offset(time::UtcOffset::UTC).ok_or_else(fail)?;
    instant.replace_nanosecond(0).map_err(|_| fail())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn lifetimes_are_read_in_every_unit_and_printed_in_the_largest_that_fits() {
        for (text, printed) in
            [("90d", "90d"), ("12h", "12h"), ("20y", "7300d"), ("2w", "14d"), ("90m", "90m")]
        {
            assert_eq!(text.parse::<Lifetime>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn zero_negative_and_shapeless_lifetimes_are_refused_each_in_its_words() {
        for (text, problem) in [
            ("0d", "it must be more than zero"),
            ("-1d", "it must be more than zero"),
            ("ten", "it is not a number with one of the units s, m, h, d, w, y"),
            ("d", "it is not a number with one of the units s, m, h, d, w, y"),
            ("365", "it is not a number with one of the units s, m, h, d, w, y"),
            ("999999999999999999y", "it is too long"),
        ] {
            let error = text.parse::<Lifetime>().unwrap_err().to_string();
            assert_eq!(error, format!("invalid lifetime \"{text}\": {problem}"));
        }
    }

    #[test]
    fn instants_are_read_in_three_forms() {
        for text in ["2027-11-21", "2027-11-21T00:00:00Z", "20271121000000Z", "2027-11-21T02:00:00+02:00"] {
            assert_eq!(format_instant(parse_instant(text).unwrap()), "2027-11-21T00:00:00Z");
        }
        assert!(parse_instant("tomorrow").is_err());
    }

    #[test]
    fn the_lifetime_that_fits_is_whole_days_or_under_a_day_whole_hours() {
        assert_eq!(Lifetime::fitting(Duration::hours(50)).unwrap().to_string(), "2d");
        assert_eq!(Lifetime::fitting(Duration::minutes(150)).unwrap().to_string(), "2h");
        assert_eq!(Lifetime::fitting(Duration::minutes(50)), None);
    }
}
