//! What an earlier run has done: told by the file that it wrote, or by the index.

use super::encode::{StreamForm, secret_name};
use super::hashed::Hashed;
use super::whole::measure;
use crate::error::{Error, RequestError};
use crate::fs::{Growing, is_there};
use crate::index::{DELIVERED, DELIVERING, IndexError, Line};
use crate::plan::Series;
use crate::state::StateError;
use crate::x509::Usage;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// A file that is taken up again: held, and locked, from the look at it to the last certificate that is added.
pub(super) struct Resumed {
    pub(super) file: Growing,
    /// How much of it is whole.
    pub(super) length: u64,
}

/// That a file is there which is not to be overwritten.
pub(super) fn exists(path: &Path) -> Error {
    RequestError::StreamExists { path: path.display().to_string() }.into()
}

impl Resumed {
    /// Ends it where all that it is to hold is whole already, unless it is ended.
    pub(super) fn end(mut self, ending: &[u8]) -> Result<(), Error> {
        if self.file.length() != self.length + ending.len() as u64 {
            self.file.cut(self.length)?;
            self.file.append(ending)?;
            self.file.sync()?;
        }
        Ok(())
    }
}

/// Leaves out whose certificate and key are whole in a file of that form; `None` where there is no file yet. Nothing is
/// changed.
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
    file.take()?;
    let objects = match form {
        StreamForm::Secrets => Some(Hashed::of(series.len(), |at| secret_name(&series.stem(at)))),
        _ => None,
    };
    let mut found = |name: &str| {
        let at = match &objects {
            None => series.place_of(name),
            Some(objects) => objects.rows(name).find(|at| secret_name(&series.stem(*at)) == name),
        };
        at.into_iter().for_each(|at| series.skip(at));
    };
    let length = measure(&mut file.reader()?, form, &mut found);
    let path = || path.display().to_string();
    let unread = |source: io::Error| RequestError::List {
        list: format!("\"{}\"", path()),
        reason: source.to_string(),
    };
    let length = length.map_err(unread)?.ok_or_else(|| RequestError::OtherStream { path: path() })?;
    file.refuse_exposed()?;
    Ok(Some(Resumed { file, length }))
}

/// Looks through an index, and hands over the subject of every line whose certificate has left, as far as that is known, and
/// is for that, unless nothing tells what it is for.
pub(super) fn from_index(
    index: &mut Growing,
    usage: Usage,
    mut found: impl FnMut(&str),
) -> Result<(), Error> {
    let path = index.path().display().to_string();
    let unread =
        |source: io::Error| RequestError::List { list: format!("\"{path}\""), reason: source.to_string() };
    let mut reader = BufReader::with_capacity(1 << 16, index.reader()?);
    let mut text = Vec::new();
    let mut on_their_way = OnTheirWay { usage: usage.to_string(), ..OnTheirWay::default() };
    for number in 1.. {
        text.clear();
        reader.read_until(b'\n', &mut text).map_err(unread)?;
        // The end, or a last line that was not finished.
        let Some(line) = text.strip_suffix(b"\n") else { break };
        if line.starts_with(b"#") {
            on_their_way.comment(&text, &mut found);
            continue;
        }
        let line = Line::parse(line).map_err(|problem| StateError::Index {
            path: path.clone(),
            source: IndexError { line: number, problem },
        })?;
        if let Some(subject) = on_their_way.hold(line.subject.into()) {
            found(&subject);
        }
    }
    Ok(())
}

/// Lines of a batch of which it is not known yet whether it has left.
#[derive(Default)]
struct OnTheirWay {
    /// What is asked for.
    usage: String,
    /// Whether they are for that.
    is_of_usage: bool,
    /// How many more belong to it.
    more: usize,
    subjects: Vec<String>,
}

impl OnTheirWay {
    fn comment(&mut self, text: &[u8], found: &mut dyn FnMut(&str)) {
        let text = std::str::from_utf8(text).unwrap_or_default();
        if let Some(count) = text.strip_prefix(DELIVERING) {
            let (count, usage) = count.trim_end().split_once(' ').unwrap_or((count.trim_end(), &self.usage));
            self.is_of_usage = usage == self.usage;
            (self.more, self.subjects) = (count.parse().unwrap_or_default(), Vec::new());
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
        if self.is_of_usage {
            self.subjects.push(subject);
        }
        None
    }
}
