//! What is due: by how much of its life is left.

use crate::x509::Window;
use serde::Serialize;
use time::{Duration, OffsetDateTime};

/// What is renewed where nothing is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Due {
    /// What has less than a third of its life left: that of a year four months before its end, that of a day eight hours.
    #[default]
    LastThird,
    /// What ends sooner than this.
    Within(Duration),
    /// Everything.
    All,
}

impl Due {
    /// Whether it is due.
    #[must_use]
    pub fn is_due(self, window: &Window, now: OffsetDateTime) -> bool {
        self == Self::All || now > self.from(window)
    }

    /// The last second in which it is not due.
    #[must_use]
    pub fn from(self, window: &Window) -> OffsetDateTime {
        let left = match self {
            Self::LastThird => window.length() / 3,
            Self::Within(span) => span,
            Self::All => window.length(),
        };
        window.not_after.checked_sub(left).unwrap_or(window.not_before)
    }
}

/// What is due next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextDue {
    /// Its file.
    pub file: String,
    /// From when on.
    #[serde(serialize_with = "crate::x509::serialize_instant")]
    pub from: OffsetDateTime,
    /// Its last valid second.
    #[serde(serialize_with = "crate::x509::serialize_instant")]
    pub not_after: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_the_whole_life_is_what_has_to_be_left() {
        let not_before = OffsetDateTime::UNIX_EPOCH;
        let window = Window { not_before, not_after: not_before + Duration::days(90) };
        let due = |due: Due, day: i64| due.is_due(&window, not_before + Duration::days(day));
        assert!(!due(Due::LastThird, 60));
        assert!(Due::LastThird.is_due(&window, not_before + Duration::days(60) + Duration::SECOND));
        assert!(due(Due::LastThird, 1_000));
        assert!(!due(Due::Within(Duration::days(10)), 80));
        assert!(due(Due::Within(Duration::days(11)), 80));
        assert!(due(Due::All, -1));
    }
}
