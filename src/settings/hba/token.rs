//! Cuts `pg_hba.conf` and `pg_ident.conf` into lines, fields and words, and follows its includes: `tokenize_auth_file` of hba.c.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Word, before};
use crate::settings::error::SettingsError;
use crate::settings::include::{self, MAX_DEPTH, Reader};
use crate::settings::setting::Place;

/// A line with something on it.
pub(in crate::settings) struct Row {
    pub(in crate::settings) place: Place,
    /// None is empty.
    pub(in crate::settings) fields: Vec<Vec<Token>>,
    /// The column behind its last character.
    pub(in crate::settings) end: usize,
}

/// A word, and the column where it begins: in characters, from 1; of continued lines as if they were one.
pub(in crate::settings) struct Token {
    pub(in crate::settings) word: Word,
    pub(in crate::settings) column: usize,
}

/// Reads a file that has to be there, and what it includes in its place.
pub(in crate::settings) fn read(
    reader: &mut Reader<'_>,
    path: &Path,
    version: Option<u32>,
) -> Result<Vec<Row>, SettingsError> {
    let mut rows = Vec::new();
    let mut source = Source { reader, version };
    if source.read(path, None, 0, &mut rows)? {
        return Ok(rows);
    }
    Err(SettingsError::Missing { path: path.to_owned(), included_by: None })
}

struct Source<'a, 'b> {
    reader: &'a mut Reader<'b>,
    version: Option<u32>,
}

impl Source<'_, '_> {
    /// Whether the file exists, whose rows are then taken.
    fn read(
        &mut self,
        path: &Path,
        included_by: Option<&Place>,
        depth: usize,
        rows: &mut Vec<Row>,
    ) -> Result<bool, SettingsError> {
        if let Some(place) = included_by.filter(|_| depth > MAX_DEPTH) {
            let (place, path) = (place.clone(), path.to_owned());
            return Err(SettingsError::TooDeep { place, path, limit: MAX_DEPTH });
        }
        let Some(contents) = self.reader.read(path, included_by)? else {
            return Ok(false);
        };
        for (line, text) in lines(&contents, !before(self.version, 14)) {
            let place = Place { file: path.to_owned(), line };
            let fields = self.fields(&text, &place, depth)?;
            let end = characters(&text) + 1;
            match fields.as_slice() {
                [] => {}
                [directive, target]
                    if !before(self.version, 16)
                        && directive[0].word.text.as_bytes().starts_with(b"include") =>
                {
                    let target = target[0].word.text.as_bytes().to_vec();
                    let directive = directive[0].word.text.clone();
                    let row = Row { place, fields, end };
                    self.include(directive.as_bytes(), &target, row, depth + 1, rows)?;
                }
                _ => rows.push(Row { place, fields, end }),
            }
        }
        Ok(true)
    }

    /// Takes the rows that an include names; a row that turns out to be none is taken itself.
    fn include(
        &mut self,
        directive: &[u8],
        target: &[u8],
        row: Row,
        depth: usize,
        rows: &mut Vec<Row>,
    ) -> Result<(), SettingsError> {
        let place = row.place.clone();
        match directive {
            b"include" => self.read_existing(target, &place, depth, rows),
            b"include_if_exists" => {
                let path = include::target(target, &place)?;
                self.read(&path, Some(&place), depth, rows).map(drop)
            }
            b"include_dir" => {
                let directory = include::target(target, &place)?;
                // Their paths hang from the directory already.
                for path in self.reader.conf_files(&directory, &place)? {
                    self.read_path(path, &place, depth, rows)?;
                }
                Ok(())
            }
            _ => {
                rows.push(row);
                Ok(())
            }
        }
    }

    fn read_existing(
        &mut self,
        target: &[u8],
        place: &Place,
        depth: usize,
        rows: &mut Vec<Row>,
    ) -> Result<(), SettingsError> {
        self.read_path(include::target(target, place)?, place, depth, rows)
    }

    fn read_path(
        &mut self,
        path: PathBuf,
        place: &Place,
        depth: usize,
        rows: &mut Vec<Row>,
    ) -> Result<(), SettingsError> {
        if self.read(&path, Some(place), depth, rows)? {
            return Ok(());
        }
        Err(SettingsError::Missing { path, included_by: Some(place.clone()) })
    }

    /// The fields of a line; a field is a list of words with commas between, and `@file` stands for the file's words.
    fn fields(&mut self, text: &[u8], place: &Place, depth: usize) -> Result<Vec<Vec<Token>>, SettingsError> {
        let mut fields = Vec::new();
        let mut words = Words { rest: text, column: 1 };
        let mut field = Vec::new();
        while let Some((word, more)) = words.next() {
            let column = word.column;
            match word.word.text.as_bytes() {
                [b'@', file @ ..] if !word.word.quoted && !file.is_empty() => {
                    let mut rows = Vec::new();
                    self.read_existing(file, place, depth + 1, &mut rows)?;
                    // What is wrong with a word of another file is told where that is named.
                    let named = |token: Token| Token { column, ..token };
                    field.extend(rows.into_iter().flat_map(|row| row.fields).flatten().map(named));
                }
                _ => field.push(word),
            }
            if !more && !field.is_empty() {
                fields.push(std::mem::take(&mut field));
            }
        }
        if !field.is_empty() {
            fields.push(field);
        }
        Ok(fields)
    }
}

/// Lines with their numbers; where a backslash ends one, the next is a part of it.
fn lines(contents: &[u8], continued: bool) -> Vec<(usize, Vec<u8>)> {
    let mut lines = Vec::new();
    let mut pieces = contents.split(|byte| *byte == b'\n').enumerate();
    while let Some((number, piece)) = pieces.next() {
        let mut line = Vec::new();
        append(&mut line, piece, continued, &mut pieces);
        // A backslash has to stand behind the place of the one before it.
        let mut joined = 0;
        while continued && line.len() > joined && line.ends_with(b"\\") {
            line.pop();
            joined = line.len();
            let Some((_, piece)) = pieces.next() else {
                break;
            };
            append(&mut line, piece, continued, &mut pieces);
        }
        lines.push((number + 1, line));
    }
    lines
}

/// Adds a piece to a line, and takes carriage returns from its end. To PostgreSQL a text ends at a zero byte, which hides
/// the line break behind it: where lines can be continued, the next piece is taken for the rest of this one.
fn append<'c>(
    line: &mut Vec<u8>,
    piece: &'c [u8],
    continued: bool,
    pieces: &mut impl Iterator<Item = (usize, &'c [u8])>,
) {
    let mut piece = Some(piece);
    while let Some(text) = piece.take() {
        line.extend(text.iter().take_while(|byte| **byte != 0));
        if continued && text.contains(&0) {
            piece = pieces.next().map(|(_, next)| next);
        }
    }
    while line.ends_with(b"\r") {
        line.pop();
    }
}

/// The words of a line: `next_token` of hba.c.
struct Words<'a> {
    rest: &'a [u8],
    /// The column where that begins.
    column: usize,
}

/// How many characters bytes are; those that continue one do not count.
fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

impl Words<'_> {
    /// The next word, and whether a comma behind it says that its field goes on.
    fn next(&mut self) -> Option<(Token, bool)> {
        let blank = |byte: u8| b" \t\r".contains(&byte);
        let start = self.rest.iter().position(|byte| !blank(*byte) && *byte != b',')?;
        let rest = &self.rest[start..];
        let column = self.column + characters(&self.rest[..start]);
        let mut text = Vec::new();
        let (mut quoted, mut inside, mut saw_quote, mut was_quote) = (false, false, false, false);
        let mut end = rest.len();
        let mut comma = false;
        for (at, byte) in rest.iter().copied().enumerate() {
            if !inside && (blank(byte) || byte == b'#' || byte == b',') {
                comma = byte == b',';
                // A comment goes on to the end of the line.
                end = if byte == b'#' { rest.len() } else { at };
                break;
            }
            if byte != b'"' || was_quote {
                text.push(byte);
            }
            // Within quotes, two of them stand for one.
            was_quote = inside && byte == b'"' && !was_quote;
            if byte == b'"' {
                inside = !inside;
                saw_quote = true;
                quoted |= text.is_empty();
            }
        }
        self.column = column + characters(&rest[..end]);
        self.rest = &rest[end..];
        let text = OsStr::from_bytes(&text).to_owned();
        (saw_quote || !text.is_empty()).then_some((Token { word: Word { text, quoted }, column }, comma))
    }
}
