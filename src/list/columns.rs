//! The header of a CSV list, and its rows.

use super::error::LineProblem;
use csv_core::{ReadRecordResult, Reader};

/// The columns that there may be, in the order in which a row keeps them.
pub(super) const KNOWN: [&str; 4] = ["name", "cn", "san", "lifetime"];

/// More fields than any row has that is meant.
const FIELDS: usize = 32;

/// How a list is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Columns {
    /// A name a line.
    None,
    /// CSV.
    Of(Header),
}

/// What each field of a row is: places in [`KNOWN`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    fields: Vec<usize>,
}

/// The words of a row.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) line: u32,
    pub(super) name: String,
    pub(super) common_name: String,
    pub(super) san: String,
    pub(super) lifetime: String,
}

impl Columns {
    /// Whether the first line of a list is a header: the word `name` alone, or several words of which one is a column's.
    pub(super) fn of(text: &str) -> Result<Self, LineProblem> {
        let Ok(words) = fields(text) else { return Ok(Self::None) };
        let words: Vec<String> = words.iter().map(|word| word.trim().to_ascii_lowercase()).collect();
        let known = |word: &str| KNOWN.iter().position(|column| *column == word);
        let is_header = match words.as_slice() {
            [only] => only == KNOWN[0],
            several => several.iter().any(|word| known(word).is_some()),
        };
        if !is_header {
            // What a spreadsheet writes where the comma is the decimal point; else "name;lifetime" would be somebody.
            let is_name = |word: &str| word.trim().trim_matches('"').eq_ignore_ascii_case(KNOWN[0]);
            let is_between = |found: &char| text.contains(*found) && text.split(*found).any(is_name);
            let found = [';', '\t'].into_iter().find(is_between);
            return found.map_or(Ok(Self::None), |found| Err(LineProblem::Separator { found }));
        }
        let mut header = Header { fields: Vec::with_capacity(words.len()) };
        for word in words {
            match known(&word) {
                Some(at) if !header.fields.contains(&at) => header.fields.push(at),
                Some(_) => return Err(LineProblem::Column { found: word, twice: true }),
                None => return Err(LineProblem::Column { found: word, twice: false }),
            }
        }
        if header.fields.contains(&0) { Ok(Self::Of(header)) } else { Err(LineProblem::NoNameColumn) }
    }
}

impl Header {
    /// The words of a line.
    pub(super) fn row(&self, line: u32, text: &str) -> Result<Words, LineProblem> {
        let found = fields(text)?;
        if found.len() != self.fields.len() {
            return Err(LineProblem::Fields { found: found.len(), expected: self.fields.len() });
        }
        let mut words = Words { line, ..Words::default() };
        for (column, text) in self.fields.iter().zip(found) {
            let word = match *column {
                0 => &mut words.name,
                1 => &mut words.common_name,
                2 => &mut words.san,
                _ => &mut words.lifetime,
            };
            word.push_str(text.trim());
        }
        if words.name.is_empty() { Err(LineProblem::NoName) } else { Ok(words) }
    }
}

/// The fields of one line of CSV (RFC 4180). A record is one line here, for no name has a line break.
fn fields(text: &str) -> Result<Vec<String>, LineProblem> {
    let input = [text.as_bytes(), b"\n"].concat();
    let (mut output, mut ends) = (vec![0; input.len()], [0; FIELDS]);
    let (result, _, _, count) = Reader::new().read_record(&input, &mut output, &mut ends);
    match result {
        ReadRecordResult::Record => {}
        ReadRecordResult::OutputEndsFull => return Err(LineProblem::TooManyFields),
        // The line break was taken for a part of a field: only within quotes.
        _ => return Err(LineProblem::OpenQuote),
    }
    let mut start = 0;
    let cut = ends.iter().take(count).map(|end| {
        let field = output.get(start..*end).unwrap_or_default();
        start = *end;
        let field = String::from_utf8(field.to_vec()).map_err(|_| LineProblem::NotText)?;
        let trimmed = field.trim_start();
        let is_quoted_late = trimmed.len() < field.len() && trimmed.starts_with('"');
        if is_quoted_late { Err(LineProblem::SpaceBeforeQuote) } else { Ok(field) }
    });
    cut.collect()
}
