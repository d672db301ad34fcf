//! Files of `name = value`, their includes followed: what `guc-file.l` reads (config-setting, "Parameter Interaction via
//! the Configuration File" and "Managing Configuration File Contents").

mod token;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use super::error::SettingsError;
use super::include::{self, MAX_DEPTH, Reader};
use super::setting::{Assignment, Place, shown};
use token::{Kind, Scanner, Token};

/// Reads the file `path` and what it includes, in the order in which its lines count; `None` where it does not exist.
///
/// # Errors
/// The first thing for which PostgreSQL would not take the whole of it.
pub(super) fn read(reader: &mut Reader<'_>, path: &Path) -> Result<Option<Vec<Assignment>>, SettingsError> {
    let mut found = Vec::new();
    let exists = read_into(reader, path, None, 0, &mut found)?;
    Ok(exists.then_some(found))
}

fn read_into(
    reader: &mut Reader<'_>,
    path: &Path,
    included_by: Option<&Place>,
    depth: usize,
    found: &mut Vec<Assignment>,
) -> Result<bool, SettingsError> {
    if let Some(place) = included_by {
        if depth > MAX_DEPTH {
            let (place, path) = (place.clone(), path.to_owned());
            return Err(SettingsError::TooDeep { place, path, limit: MAX_DEPTH });
        }
        if place.file == path {
            return Err(SettingsError::Recursion { place: place.clone() });
        }
    }
    let Some(contents) = reader.read(path, included_by)? else {
        return Ok(false);
    };
    let mut lines = Lines { scanner: Scanner::new(&contents), file: path };
    while let Some(line) = lines.next()? {
        let is = |directive: &str| line.name.eq_ignore_ascii_case(directive.as_bytes());
        let (optional, directory) = (is("include_if_exists"), is("include_dir"));
        if !optional && !directory && !is("include") {
            found.push(line.into_assignment());
            continue;
        }
        let target = include::target(&line.value, &line.place)?;
        if directory {
            for file in reader.conf_files(&target, &line.place)? {
                include_file(reader, &file, &line.place, depth + 1, found)?;
            }
        } else if optional {
            read_into(reader, &target, Some(&line.place), depth + 1, found)?;
        } else {
            include_file(reader, &target, &line.place, depth + 1, found)?;
        }
    }
    Ok(true)
}

/// Reads a file that has to be there.
fn include_file(
    reader: &mut Reader<'_>,
    path: &Path,
    place: &Place,
    depth: usize,
    found: &mut Vec<Assignment>,
) -> Result<(), SettingsError> {
    if read_into(reader, path, Some(place), depth, found)? {
        return Ok(());
    }
    Err(SettingsError::Missing { path: path.to_owned(), included_by: Some(place.clone()) })
}

/// One `name = value`.
struct Line<'a> {
    name: &'a [u8],
    value: Vec<u8>,
    place: Place,
}

impl Line<'_> {
    fn into_assignment(self) -> Assignment {
        Assignment {
            name: String::from_utf8_lossy(self.name).into_owned(),
            value: OsString::from_vec(self.value),
            place: self.place,
        }
    }
}

struct Lines<'a> {
    scanner: Scanner<'a>,
    file: &'a Path,
}

impl<'a> Lines<'a> {
    /// The next line that sets or includes something.
    fn next(&mut self) -> Result<Option<Line<'a>>, SettingsError> {
        let name = loop {
            let token = self.scanner.next();
            match token.kind {
                Kind::EndOfLine => {}
                Kind::EndOfFile => return Ok(None),
                Kind::Name | Kind::QualifiedName => break token,
                _ => return Err(self.syntax(token, "the name of a parameter", NAME_HINT)),
            }
        };
        let mut value = self.scanner.next();
        if value.kind == Kind::Equals {
            value = self.scanner.next();
        }
        let place = Place { file: self.file.to_owned(), line: name.line };
        let text = match value.kind {
            Kind::Quoted if value.text.contains(&0) => return Err(SettingsError::ZeroByte { place }),
            Kind::Quoted => unquote(value.text),
            Kind::Name | Kind::Unquoted | Kind::Number => value.text.to_vec(),
            _ => return Err(self.syntax(value, "a value", VALUE_HINT)),
        };
        let end = self.scanner.next();
        match end.kind {
            Kind::EndOfLine | Kind::EndOfFile => Ok(Some(Line { name: name.text, value: text, place })),
            _ => Err(self.syntax(end, "the end of the line behind the value", VALUE_HINT)),
        }
    }

    fn syntax(&self, token: Token<'_>, expected: &'static str, hint: &'static str) -> SettingsError {
        let found = match token.kind {
            Kind::EndOfLine | Kind::EndOfFile => "end of line".to_owned(),
            _ => format!("\"{}\"", shown(token.text)),
        };
        let place = Place { file: self.file.to_owned(), line: token.line };
        SettingsError::Syntax { place, found, expected, hint }
    }
}

const NAME_HINT: &str = "Write name = 'value', or begin the line with # to have it ignored.";

const VALUE_HINT: &str = "Put the value in single quotes: name = 'value'.";

/// The value of a quoted string; a quote within is written twice or behind a backslash.
fn unquote(text: &[u8]) -> Vec<u8> {
    let mut rest = text.get(1..text.len() - 1).unwrap_or_default();
    let mut value = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        rest = after;
        let byte = match (first, after) {
            (b'\'', [_, more @ ..]) => {
                rest = more;
                b'\''
            }
            (b'\\', [escaped, more @ ..]) => {
                rest = more;
                match escaped {
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'0'..=b'7' => {
                        let digits = after.iter().take(3).take_while(|byte| (b'0'..=b'7').contains(byte));
                        let digits = digits.count();
                        rest = &after[digits..];
                        // What is above a byte falls off at its upper end.
                        after[..digits].iter().fold(0, |sum: u8, digit| (sum << 3) | (digit - b'0'))
                    }
                    other => *other,
                }
            }
            _ => *first,
        };
        if byte == 0 {
            // To PostgreSQL a string ends here.
            break;
        }
        value.push(byte);
    }
    value
}

#[cfg(test)]
mod tests;
