//! What is wrong with a line of a list.

use super::LINE_BYTES;
use super::columns::KNOWN;

/// A line at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// Counted from 1.
    pub line: u32,
    /// What is wrong with it.
    pub problem: LineProblem,
}

/// Why a line cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// A line above the bound.
    #[error("it is longer than {LINE_BYTES} bytes")]
    TooLong,
    /// A line whose end was not waited for.
    #[error("it is longer than 256 MiB; the rest was not read")]
    Endless,
    /// UTF-16.
    #[error("the list is UTF-16, and must be UTF-8; the rest was not read")]
    Utf16,
    /// Bytes that are no UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// A control character.
    #[error("it has the control character {}", found.escape_default())]
    Control {
        /// The character.
        found: char,
    },
    /// A comma where there is no header.
    #[error("it has a comma, and the list does not begin with a header such as name,san,lifetime")]
    Comma,
    /// A quotation mark at the beginning where there is no header.
    #[error(
        "it begins with a quotation mark, and the list does not begin with a header such as name,san,lifetime"
    )]
    Quotation,
    /// A header whose columns are not separated by commas.
    #[error("the header separates its columns by {}, and they must be by commas", separator(*found))]
    Separator {
        /// What it has between them.
        found: char,
    },
    /// A space before a field in quotation marks, which makes the marks a part of it.
    #[error("it has a space before a quotation mark that begins a field")]
    SpaceBeforeQuote,
    /// A quotation mark that nothing answers.
    #[error("a quotation mark is left open")]
    OpenQuote,
    /// A row that is longer or shorter than the header.
    #[error("it has {found} fields, and the header has {expected}")]
    Fields {
        /// How many it has.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// More fields than anybody means.
    #[error("it has more fields than any list")]
    TooManyFields,
    /// An empty name.
    #[error("it has no name")]
    NoName,
    /// A header without the column of names.
    #[error("the header has no column \"name\"")]
    NoNameColumn,
    /// A column that is not known, or there twice.
    #[error("{}", column(found, *twice))]
    Column {
        /// Its name.
        found: String,
        /// Whether it is one that is known.
        twice: bool,
    },
    /// Too much altogether.
    #[error("the list is longer than 4 GiB")]
    ListTooLong,
}

impl LineProblem {
    /// Whether it makes all lines after it meaningless.
    pub(super) fn is_of_all(&self) -> bool {
        matches!(
            self,
            Self::Endless
                | Self::Utf16
                | Self::Column { .. }
                | Self::NoNameColumn
                | Self::Separator { .. }
                | Self::ListTooLong
        )
    }
}

fn separator(found: char) -> &'static str {
    if found == ';' { "semicolons" } else { "tabs" }
}

fn column(found: &str, twice: bool) -> String {
    if twice {
        return format!("the header has \"{found}\" twice");
    }
    let known = format!("known are {}", KNOWN.join(", "));
    format!("the header has \"{}\", which is no column ({known})", found.escape_debug())
}
