//! What an earlier run has done: told by the file that it wrote, or by the index.

use super::encode::{StreamForm, beginning, pem_heading, secret_name};
use crate::error::{Error, RequestError};
use crate::fs::{Growing, archive_entry, is_there};
use crate::index::{DELIVERED, DELIVERING, IndexError, Line};
use crate::k8s::{SECRET_END, secret_object};
use crate::plan::Series;
use crate::state::StateError;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// More than a certificate, those appended to it and a key take in any form.
const FIRST_BYTES: u64 = 64 * 1024;

/// A file that is taken up again.
pub(super) struct Resumed {
    /// How much of it is whole.
    length: u64,
}

/// That a file is there which is not to be overwritten.
pub(super) fn exists(path: &Path) -> Error {
    RequestError::StreamExists { path: path.display().to_string() }.into()
}

impl Resumed {
    /// The file, cut behind its last whole certificate.
    pub(super) fn reopen(&self, path: &Path) -> Result<Growing, Error> {
        let mut file = Growing::open(path)?;
        file.cut(self.length)?;
        Ok(file)
    }
}

/// Leaves out whose certificate and key are whole in a file of that form; `None` where there is no file yet.
pub(super) fn from_file(
    path: &Path,
    form: StreamForm,
    series: &mut Series,
    skip_issued: bool,
) -> Result<Option<Resumed>, Error> {
    if !is_there(path) {
        return Ok(None);
    }
    if !skip_issued {
        return Err(exists(path));
    }
    let mut file = Growing::open(path)?;
    let objects: HashMap<String, usize> = match form {
        StreamForm::Secrets => (0..series.len()).map(|at| (secret_name(&series.stem(at)), at)).collect(),
        _ => HashMap::new(),
    };
    let whole = file.length();
    let mut found = |name: &str| {
        let at = if objects.is_empty() { series.place_of(name) } else { objects.get(name).copied() };
        at.into_iter().for_each(|at| series.skip(at));
    };
    let reader = BufReader::with_capacity(1 << 16, file.reader()?);
    let length = match form {
        StreamForm::Tar => in_archive(reader, &mut found),
        _ => in_lines(reader, form, &mut found),
    };
    let length = length.map_err(|source| unread(path, &source))?;
    if length == 0 && whole > 0 && !is_begun(&mut file, form, series)? {
        return Err(RequestError::OtherStream { path: path.display().to_string() }.into());
    }
    Ok(Some(Resumed { length }))
}

/// Whether a file without a whole certificate is the beginning of a stream for this list: the run before was killed while
/// it wrote the first one.
fn is_begun(file: &mut Growing, form: StreamForm, series: &Series) -> Result<bool, Error> {
    let expected = beginning(form, &series.stem(0), series.usage());
    let mut found = Vec::new();
    let read = file.reader()?.take(expected.len() as u64).read_to_end(&mut found);
    read.map_err(|source| unread(file.path(), &source))?;
    // One that is longer than any certificate and key would have a whole one.
    Ok(file.length() < FIRST_BYTES && expected.starts_with(&found))
}

/// That a file cannot be read to its end.
fn unread(path: &Path, source: &io::Error) -> Error {
    RequestError::List { list: format!("\"{}\"", path.display()), reason: source.to_string() }.into()
}

/// Entries of an archive, a certificate and then its key; the result is how much of it is whole pairs.
fn in_archive(mut archive: impl Read, found: &mut dyn FnMut(&str)) -> io::Result<u64> {
    let (mut whole, mut at) = (0, 0);
    let mut header = [0; 512];
    loop {
        if !filled(&mut archive, &mut header)? {
            return Ok(whole);
        }
        let Some((name, length)) = archive_entry(&header) else { return Ok(whole) };
        let rest = length - header.len() as u64;
        if io::copy(&mut archive.by_ref().take(rest), &mut io::sink())? < rest {
            return Ok(whole);
        }
        at += length;
        if let Some(stem) = name.strip_suffix(".key") {
            found(stem);
            whole = at;
        }
    }
}

/// Whether there was enough to fill a buffer.
fn filled(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        result => result.map(|()| true),
    }
}

/// Lines of a text; the result is how much of it is whole certificates with their keys.
fn in_lines(mut text: impl BufRead, form: StreamForm, found: &mut dyn FnMut(&str)) -> io::Result<u64> {
    let (mut whole, mut at) = (0, 0);
    let mut name = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        at += text.read_until(b'\n', &mut line)? as u64;
        let Some(text) = line.strip_suffix(b"\n") else { return Ok(whole) };
        let is_last = match form {
            StreamForm::Lines(form) => {
                name = (form.name)(text);
                name.is_some()
            }
            form => {
                let text = std::str::from_utf8(text).unwrap_or_default();
                name = named(form, text).or(name);
                ends(form, text)
            }
        };
        if let Some(name) = name.take_if(|_| is_last) {
            found(&name);
            whole = at;
        }
    }
}

/// The name on a line that has it.
fn named(form: StreamForm, line: &str) -> Option<String> {
    let name = match form {
        StreamForm::Secrets => secret_object(line),
        _ => line.strip_prefix(pem_heading("").trim_end_matches('\n')),
    };
    name.map(str::to_owned)
}

/// Whether a line is the last of a certificate and its key.
fn ends(form: StreamForm, line: &str) -> bool {
    match form {
        StreamForm::Secrets => line == SECRET_END,
        _ => line.starts_with("-----END ") && line.ends_with("PRIVATE KEY-----"),
    }
}

/// Looks through an index, and hands over the subject of every line whose certificate has left, as far as that is known.
pub(super) fn from_index(index: &mut Growing, mut found: impl FnMut(&str)) -> Result<(), Error> {
    let path = index.path().to_path_buf();
    let mut reader = BufReader::with_capacity(1 << 16, index.reader()?);
    let mut text = Vec::new();
    let mut on_their_way = OnTheirWay::default();
    for number in 1.. {
        text.clear();
        reader.read_until(b'\n', &mut text).map_err(|source| unread(&path, &source))?;
        // The end, or a last line that was not finished.
        let Some(line) = text.strip_suffix(b"\n") else { break };
        if line.starts_with(b"#") {
            on_their_way.comment(&text, &mut found);
            continue;
        }
        let line = Line::parse(line).map_err(|problem| StateError::Index {
            path: path.display().to_string(),
            source: IndexError { line: number, problem },
        })?;
        if let Some(subject) = on_their_way.hold(line.subject) {
            found(&subject);
        }
    }
    Ok(())
}

/// Lines of a batch of which it is not known yet whether it has left.
#[derive(Default)]
struct OnTheirWay {
    /// How many more belong to it.
    more: usize,
    subjects: Vec<String>,
}

impl OnTheirWay {
    fn comment(&mut self, text: &[u8], found: &mut dyn FnMut(&str)) {
        let text = std::str::from_utf8(text).unwrap_or_default();
        if let Some(count) = text.strip_prefix(DELIVERING) {
            (self.more, self.subjects) = (count.trim_end().parse().unwrap_or_default(), Vec::new());
        } else if text == DELIVERED && self.more == 0 {
            self.subjects.drain(..).for_each(|subject| found(&subject));
        }
    }

    /// Takes the subject of a line, unless it belongs to no batch.
    fn hold(&mut self, subject: String) -> Option<String> {
        if self.more == 0 {
            // What comes behind a batch says that nobody told of its end.
            self.subjects.clear();
            return Some(subject);
        }
        self.more -= 1;
        self.subjects.push(subject);
        None
    }
}
