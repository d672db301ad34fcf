//! A regular expression for which a server refuses the file that it stands in.

use crate::diagnosis::{Diagnosis, Failure};
use crate::settings::Place;

/// A regular expression that is none.
#[derive(Debug, thiserror::Error)]
#[error("{place}: invalid regular expression \"{found}\": {problem}")]
pub struct PatternError {
    place: Place,
    found: String,
    problem: &'static str,
    is_hba: bool,
}

impl PatternError {
    pub(super) fn new(place: Place, pattern: &[u8], problem: &'static str, is_hba: bool) -> Self {
        let text = String::from_utf8_lossy(pattern);
        let found = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(80).collect();
        Self { place, found, problem, is_hba }
    }
}

impl Diagnosis for PatternError {
    fn detail(&self) -> Option<String> {
        let detail = match self.is_hba {
            true => "The server does not start with it, and on a reload goes on with the lines that it had.",
            false => "The server starts with it, and knows no user map at all.",
        };
        Some(detail.to_owned())
    }

    fn hint(&self) -> Option<String> {
        Some("Mend it; a name that is meant as it is has no slash in front.".to_owned())
    }

    fn failure(&self) -> Failure {
        Failure::Usage
    }
}
