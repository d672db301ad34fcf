//! A window of time in words, and as a bar of what is left.

use crate::cli::look::{Look, Tone};
use crate::cli::text::instant_of;
use crate::show::{Life, LifeState};
use time::Duration;

/// How wide a bar is.
pub(super) const CELLS: usize = 8;

/// `██████░░`, in the tone of what it says.
pub(super) fn bar(life: &Life, look: &Look) -> String {
    let full = life.parts_left(CELLS);
    look.toned(tone(life), &format!("{}{}", "█".repeat(full), "░".repeat(CELLS - full)))
}

/// Well, soon to be renewed, or not valid.
pub(super) fn tone(life: &Life) -> Tone {
    match life.state {
        LifeState::Valid if life.is_in_last_third() => Tone::Soon,
        LifeState::Valid => Tone::Good,
        LifeState::Expired | LifeState::NotYetValid => Tone::Bad,
    }
}

/// The last day, or the last second of a short life.
pub(super) fn end(life: &Life) -> String {
    instant_of(life.window.not_after, life.window.length())
}

/// `364 days left`, `expired 3 days ago`, `not valid before 2027-01-01, in 30 days`.
pub(super) fn left(life: &Life) -> String {
    match life.state {
        LifeState::Valid => format!("{} left", span(life.left())),
        LifeState::NotYetValid => {
            let first = instant_of(life.window.not_before, life.window.length());
            format!("not valid before {first}, in {}", span(life.window.not_before - life.at))
        }
        LifeState::Expired if life.at > life.window.not_after => {
            format!("expired {} ago", span(life.at - life.window.not_after))
        }
        LifeState::Expired => "ends before it begins".to_owned(),
    }
}

/// Whole days, or hours and minutes where there is no whole one.
fn span(duration: Duration) -> String {
    let units = [
        (duration.whole_days(), "day"),
        (duration.whole_hours(), "hour"),
        (duration.whole_minutes(), "minute"),
        (duration.whole_seconds(), "second"),
    ];
    let (count, unit) = units.into_iter().find(|(count, _)| *count > 0).unwrap_or((0, "second"));
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}
