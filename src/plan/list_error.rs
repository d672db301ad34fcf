//! What is wrong with a list of names, line by line.

use super::PlanError;
use crate::diagnosis::{Diagnosis, Failure};
use crate::list::{LineError, Row};

/// A list that nothing is issued for.
#[derive(Debug, PartialEq, Eq)]
pub struct ListError {
    /// The list, as messages call it.
    pub list: String,
    /// Its lines at fault, in their order; none where it names nobody.
    pub rows: Vec<RowError>,
}

/// A line at fault.
#[derive(Debug, PartialEq, Eq)]
pub struct RowError {
    /// Counted from 1.
    pub line: u32,
    fact: String,
    hint: Option<String>,
    failure: Failure,
}

impl RowError {
    /// What a plan has against the certificate of that line.
    pub(super) fn of(line: u32, error: &PlanError) -> Self {
        let detail = error.detail().map(|detail| format!(" ({})", detail.trim_end_matches('.')));
        let fact = format!("{error}{}", detail.unwrap_or_default());
        Self { line, fact, hint: error.hint(), failure: error.failure() }
    }

    /// A name that another line has, or one whose files would have the names of that one's.
    pub(super) fn twice(row: Row<'_>, first: Row<'_>, stem: &str) -> Self {
        let fact = match row.name == first.name {
            true => format!("line {} has the same name", first.line),
            false => format!("its files would be those of line {}, {stem}.crt", first.line),
        };
        Self::usage(row.line, fact)
    }

    /// A fault of the line by itself.
    #[must_use]
    pub fn usage(line: u32, fact: String) -> Self {
        Self { line, fact, hint: None, failure: Failure::Usage }
    }

    /// What lies in the way of that line's certificate.
    #[must_use]
    pub fn forbidden(line: u32, fact: String, hint: &str) -> Self {
        Self { line, fact, hint: Some(hint.to_owned()), failure: Failure::Forbidden }
    }
}

impl From<LineError> for RowError {
    fn from(error: LineError) -> Self {
        Self::usage(error.line, error.problem.to_string())
    }
}

impl std::fmt::Display for ListError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.rows.as_slice() {
            [] => write!(f, "{} names nobody", self.list),
            [_] => write!(f, "a line of {} cannot be used", self.list),
            several => write!(f, "{} lines of {} cannot be used", several.len(), self.list),
        }
    }
}

impl std::error::Error for ListError {}

impl Diagnosis for ListError {
    /// Every line; one each.
    fn detail(&self) -> Option<String> {
        let line = |row: &RowError| format!("Line {}: {}.", row.line, row.fact);
        let lines: Vec<String> = self.rows.iter().map(line).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn hint(&self) -> Option<String> {
        if self.rows.is_empty() {
            return Some(
                "Give one name a line, or CSV that begins with a header such as name,lifetime.".to_owned(),
            );
        }
        // What mends one line seldom mends another.
        let first = self.rows.first().and_then(|row| row.hint.as_deref());
        let same = self.rows.iter().all(|row| row.hint.as_deref() == first);
        let hint = first.filter(|_| same).unwrap_or("Mend these lines.");
        Some(format!("{hint} Nothing was issued."))
    }

    fn failure(&self) -> Failure {
        let is_usage = self.rows.is_empty() || self.rows.iter().any(|row| row.failure == Failure::Usage);
        if is_usage { Failure::Usage } else { Failure::Forbidden }
    }
}
