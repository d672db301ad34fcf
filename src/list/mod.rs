//! A list of whom to issue certificates for: one name a line, or CSV under a header line.
//!
//! The list is taken in line by line and kept as text, for there may be a hundred thousand names: a row is eight bytes
//! and its own words. Everything that is wrong with it is told at once, each with its line.

mod columns;
mod error;
mod lines;
#[cfg(test)]
mod tests;

pub use error::{LineError, LineProblem};

use columns::Columns;
use lines::{Found, Lines};
use std::io::{self, Read};

/// What stands between the words of a row: a control character, which no word may have.
const SEPARATOR: char = '\u{1f}';

/// The longest line, in bytes: far above any honest one, and no more than a mistaken file may cost.
pub const LINE_BYTES: usize = 64 * 1024;

/// The largest list in bytes, as places in it are counted in 32 bits.
const LIST_BYTES: usize = u32::MAX as usize;

/// Rows, in their order.
#[derive(Debug, Clone, Default)]
pub struct List {
    text: String,
    rows: Vec<Place>,
}

/// Where a row is: in the kept text, and in the file.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    line: u32,
}

/// One row: whom a certificate is for, and what is particular to it. What is not said is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Row<'l> {
    /// Its line, counted from 1.
    pub line: u32,
    /// What stood in the column `name`, or the whole line.
    pub name: &'l str,
    /// Another common name.
    pub common_name: &'l str,
    /// Subject alternative names, between spaces.
    pub san: &'l str,
    /// A lifetime of its own.
    pub lifetime: &'l str,
}

impl List {
    /// Reads a list to its end; beside it the lines that cannot be understood, which are left out of it.
    ///
    /// # Errors
    /// Those of reading. A list of 4 GiB or more is an error too.
    pub fn read(stream: &mut dyn Read) -> io::Result<(Self, Vec<LineError>)> {
        let (mut list, mut problems) = (Self::default(), Vec::new());
        let mut lines = Lines::new(stream);
        let mut columns = None;
        while let Some((line, found)) = lines.next()? {
            let problem = match found {
                Found::Line(text) => list.take(line, text, &mut columns).err(),
                Found::TooLong => Some(LineProblem::TooLong),
                Found::Endless => Some(LineProblem::Endless),
                Found::Utf16 => Some(LineProblem::Utf16),
                Found::NotText => Some(LineProblem::NotText),
            };
            // Without a header that is understood no line after it can be.
            let is_last = problem.as_ref().is_some_and(LineProblem::is_of_all);
            problems.extend(problem.map(|problem| LineError { line, problem }));
            if is_last {
                break;
            }
        }
        Ok((list, problems))
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row at that place, counted from 0; one past the end is empty.
    #[must_use]
    pub fn row(&self, at: usize) -> Row<'_> {
        let Some(place) = self.rows.get(at) else { return Row::default() };
        let end = self.rows.get(at + 1).map_or(self.text.len(), |next| next.start as usize);
        let mut words = self.text[place.start as usize..end].split(SEPARATOR);
        let mut next = || words.next().unwrap_or_default();
        Row { line: place.line, name: next(), common_name: next(), san: next(), lifetime: next() }
    }

    /// All rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).map(|at| self.row(at))
    }

    /// Takes a line; what it is depends on whether the first one was a header.
    fn take(&mut self, line: u32, text: &str, columns: &mut Option<Columns>) -> Result<(), LineProblem> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        if columns.is_none() {
            let found = Columns::of(text)?;
            let is_header = found != Columns::None;
            *columns = Some(found);
            if is_header {
                return Ok(());
            }
        }
        match columns {
            Some(Columns::Of(columns)) => {
                let row = columns.row(line, text)?;
                self.push(row.line, [&row.name, &row.common_name, &row.san, &row.lifetime])
            }
            _ if text.contains(',') => Err(LineProblem::Comma),
            _ if text.starts_with('"') => Err(LineProblem::Quotation),
            _ => self.push(line, [text]),
        }
    }

    fn push<const WORDS: usize>(&mut self, line: u32, words: [&str; WORDS]) -> Result<(), LineProblem> {
        if let Some(found) = words.iter().flat_map(|word| word.chars()).find(|c| c.is_control()) {
            return Err(LineProblem::Control { found });
        }
        if self.text.len() + LINE_BYTES > LIST_BYTES {
            return Err(LineProblem::ListTooLong);
        }
        self.rows.push(Place { start: self.text.len() as u32, line });
        let last = words.iter().rposition(|word| !word.is_empty()).unwrap_or_default();
        for (at, word) in words.iter().enumerate().take(last + 1) {
            if at > 0 {
                self.text.push(SEPARATOR);
            }
            self.text.push_str(word);
        }
        Ok(())
    }
}
