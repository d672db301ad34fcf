//! How much is left of a window of time.

use crate::x509::Window;
use serde::Serialize;
use time::{Duration, OffsetDateTime};

/// A window, seen at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Life {
    /// The window.
    #[serde(flatten)]
    pub window: Window,
    /// Where in it the instant lies.
    pub state: LifeState,
    /// Whole days until it ends; 0 once it has.
    pub days_left: i64,
    /// The instant.
    #[serde(skip)]
    pub at: OffsetDateTime,
}

/// Before, in or after a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifeState {
    /// It has not begun.
    NotYetValid,
    /// It has begun and has not ended.
    Valid,
    /// It has ended.
    Expired,
}

impl Life {
    /// A window at an instant.
    #[must_use]
    pub fn of(window: Window, at: OffsetDateTime) -> Self {
        // One that ends before it begins has ended, whenever one looks.
        let state = if at > window.not_after || window.length().is_negative() {
            LifeState::Expired
        } else if at < window.not_before {
            LifeState::NotYetValid
        } else {
            LifeState::Valid
        };
        let days_left = if state == LifeState::Expired { 0 } else { (window.not_after - at).whole_days() };
        Self { window, state, days_left, at }
    }

    /// What is left of it at the instant; nothing once it has ended, all of it before it begins.
    #[must_use]
    pub fn left(&self) -> Duration {
        match self.state {
            LifeState::Expired => Duration::ZERO,
            LifeState::NotYetValid => self.window.length(),
            LifeState::Valid => self.window.not_after - self.at,
        }
    }

    /// How many of `parts` equal parts are left, to the nearest; at least one while anything is.
    #[must_use]
    pub fn parts_left(&self, parts: usize) -> usize {
        let (left, whole) = (self.left().as_seconds_f64(), self.window.length().as_seconds_f64());
        if self.state == LifeState::Expired {
            return 0;
        }
        let share = if whole > 0.0 { left / whole } else { 1.0 };
        ((share * parts as f64).round() as usize).clamp(1, parts.max(1))
    }

    /// Whether it is in its last third, when it is time to renew.
    #[must_use]
    pub fn is_in_last_third(&self) -> bool {
        self.left() * 3 < self.window.length()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    fn life(from: i64, to: i64, now: i64) -> Life {
        Life::of(Window { not_before: at(from), not_after: at(to) }, at(now))
    }

    #[test]
    fn both_ends_of_a_window_belong_to_it() {
        let states = [99, 100, 200, 201].map(|now| life(100, 200, now).state);
        assert_eq!(states, [LifeState::NotYetValid, LifeState::Valid, LifeState::Valid, LifeState::Expired]);
        assert_eq!(life(200, 100, 150).state, LifeState::Expired);
    }

    #[test]
    fn a_bar_is_empty_only_when_nothing_is_left() {
        let parts = [0, 50, 94, 99, 100, 101].map(|now| life(0, 100, now).parts_left(8));
        assert_eq!(parts, [8, 4, 1, 1, 1, 0]);
        assert_eq!([life(50, 100, 0).parts_left(8), life(5, 5, 5).parts_left(8)], [8, 8]);
    }

    #[test]
    fn the_last_third_begins_behind_two_of_them() {
        assert_eq!(
            [0, 200, 201, 301].map(|now| life(0, 300, now).is_in_last_third()),
            [false, false, true, true]
        );
    }

    #[test]
    fn the_whole_of_time_fits_into_a_life() {
        let (first, last) =
            (time::Date::MIN.midnight().assume_utc(), time::Date::MAX.midnight().assume_utc());
        let life = Life::of(Window { not_before: first, not_after: last }, at(0));
        assert!(life.parts_left(8) > 0 && life.days_left > 2_900_000);
    }
}
