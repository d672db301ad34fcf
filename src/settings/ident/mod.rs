//! `pg_ident.conf`: which role a name that a client has proved may take (auth-username-maps).
//!
//! Reads every line in full; regular expressions are not compiled.

mod problem;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::error::SettingsError;
use super::files::Files;
use super::hba::{self, Row, Token, Word};
use super::include::Reader;
use super::setting::Place;

pub use problem::IdentProblem;

/// A whole `pg_ident.conf`, what it includes in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentFile {
    /// The files that were read, the first being `pg_ident.conf`.
    pub files: Vec<PathBuf>,
    /// The lines, in the order in which they are tried.
    pub lines: Vec<IdentLine>,
}

/// One line. The first of its map that fits name and role lets the client in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentLine {
    /// Where it stands; of continued lines the first.
    pub place: Place,
    /// The map that it belongs to, which `map` in `pg_hba.conf` names.
    pub map: OsString,
    /// The name that the client has proved; with a slash in front a regular expression.
    pub system_user: Word,
    /// The role. With `\1` in it, what a regular expression has found in brackets is put there. From PostgreSQL 16 `all`,
    /// `+group` and `/regex` have the meaning that they have in `pg_hba.conf`; before, they are names.
    pub role: Word,
}

impl IdentLine {
    /// The regular expression that the client's name has to fit, where it is one.
    #[must_use]
    pub fn pattern(&self) -> Option<&[u8]> {
        self.system_user.text.as_bytes().strip_prefix(b"/")
    }
}

/// Reads the `pg_ident.conf` at `path` as a server of major version `version` would; where that is not known, as the
/// newest.
///
/// A version decides whether lines can be continued (from 14) and files included (from 16).
///
/// # Errors
/// [`SettingsError::Ident`] for the first line that the server refuses, with which it starts and knows no map at all; what
/// else keeps files from being read.
pub fn read(path: &Path, version: Option<u32>, files: &dyn Files) -> Result<IdentFile, SettingsError> {
    let mut reader = Reader::new(files);
    let rows = hba::rows(&mut reader, path, version)?;
    let lines = rows.into_iter().map(parse).collect::<Result<_, _>>()?;
    Ok(IdentFile { files: reader.read, lines })
}

/// What the fields of a line mean: `parse_ident_line` of hba.c. What stands behind the third is not looked at.
fn parse(row: Row) -> Result<IdentLine, SettingsError> {
    let Row { place, fields, end } = row;
    let mut fields = fields.into_iter();
    let mut column = end;
    let mut word = || {
        let field = fields.next();
        column = field.as_ref().and_then(|field| field.first()).map_or(end, |token| token.column);
        let mut words = field.ok_or(IdentProblem::EndOfLine)?.into_iter();
        match (words.next(), words.next()) {
            (Some(Token { word, .. }), None) => Ok(word),
            _ => Err(IdentProblem::Several),
        }
    };
    let mut line = || Ok((word()?.text, word()?, word()?));
    match line() {
        Ok((map, system_user, role)) => Ok(IdentLine { place, map, system_user, role }),
        Err(problem) => Err(SettingsError::Ident { place, column, problem }),
    }
}

#[cfg(test)]
mod tests;
