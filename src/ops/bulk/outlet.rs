//! The way out: the index first, then files or a stream.

use super::encode::{Batch, Pair, StreamForm};
use crate::error::Error;
use crate::fs::{ARCHIVE_END_BYTES, Action, FsError, Growing, Target};
use crate::index::{DELIVERED, DELIVERING};
use crate::x509::Usage;
use std::io::{self, Write};
use std::mem;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How many certificates leave together where the disk has to be waited for: the more, the fewer times.
const BATCH: usize = 1024;
/// How many where it does not: the fewer, the less is held, and left to be done when all are made.
const SMALL_BATCH: usize = 256;
/// How long making an index durable takes where the disk is waited for.
const SLOW: Duration = Duration::from_millis(2);
/// How long a certificate is held back at most, where making them is slow.
const HELD: Duration = Duration::from_millis(500);

/// Where certificates leave.
pub(super) enum Way<'a> {
    /// Into the directory, which is locked.
    Files(&'a Target),
    /// Into a file, after what is in it.
    File(Growing),
    /// To standard output.
    Stream(&'a mut dyn Write),
}

/// The index and the way out.
pub(super) struct Leaving<'a> {
    index: Growing,
    way: Way<'a>,
    form: Option<StreamForm>,
    usage: Usage,
    held: Vec<Batch>,
    /// Batches that have left, whose room is used again.
    spare: Vec<Batch>,
    count: usize,
    /// How many leave together.
    batch: usize,
    since: Instant,
    delivered: usize,
    has_begun: bool,
}

impl<'a> Leaving<'a> {
    pub(super) fn new(index: Growing, way: Way<'a>, form: Option<StreamForm>, usage: Usage) -> Self {
        Self {
            index,
            way,
            form,
            usage,
            held: Vec::new(),
            spare: Vec::new(),
            count: 0,
            batch: SMALL_BATCH,
            since: Instant::now(),
            delivered: 0,
            has_begun: false,
        }
    }

    /// How many have left.
    pub(super) fn delivered(&self) -> usize {
        self.delivered
    }

    /// Whether anything was changed.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Takes a batch, and gives an empty one for it.
    pub(super) fn deliver(&mut self, batch: &mut Batch) -> Result<(), Error> {
        let empty = self.spare.pop().unwrap_or_default();
        let given = mem::replace(batch, empty);
        self.count += given.count;
        self.held.push(given);
        if self.count >= self.batch || self.since.elapsed() >= HELD { self.leave() } else { Ok(()) }
    }

    /// Lets what is held leave, and ends the stream.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        self.leave()?;
        match &mut self.way {
            Way::Files(_) => {}
            Way::File(file) => {
                file.append(ending(self.form))?;
                file.sync()?;
            }
            Way::Stream(stream) => write(*stream, [ending(self.form)])?,
        }
        Ok(())
    }

    /// Lines, made durable; then certificates.
    fn leave(&mut self) -> Result<(), Error> {
        if self.count > 0 {
            self.record()?;
            self.hand_out()?;
        }
        self.count = 0;
        self.spare.append(&mut self.held);
        self.since = Instant::now();
        Ok(())
    }

    fn record(&mut self) -> Result<(), Error> {
        // A file and a directory tell by themselves what has come there; what goes to standard output is gone.
        let heading = match self.way {
            Way::Stream(_) => format!("{DELIVERING}{} {}\n", self.count, self.usage),
            _ => String::new(),
        };
        let mut lines = heading.into_bytes();
        self.held.iter().for_each(|batch| lines.extend_from_slice(&batch.lines));
        self.index.append(&lines)?;
        self.has_begun = true;
        let asked = Instant::now();
        self.index.sync()?;
        self.batch = if asked.elapsed() < SLOW { SMALL_BATCH } else { BATCH };
        Ok(())
    }

    fn hand_out(&mut self) -> Result<(), Error> {
        match &mut self.way {
            Way::Files(target) => {
                let files: Vec<Pair> = self.held.iter_mut().flat_map(|batch| batch.files.drain(..)).collect();
                target.add(&files)?;
                self.delivered += self.count;
            }
            Way::File(file) => {
                for batch in &self.held {
                    file.append(&batch.bytes)?;
                    self.delivered += batch.count;
                }
            }
            Way::Stream(stream) => {
                write(*stream, self.held.iter().map(|batch| batch.bytes.as_slice()))?;
                self.delivered += self.count;
                self.index.append(DELIVERED.as_bytes())?;
            }
        }
        Ok(())
    }
}

/// What a stream ends with.
pub(super) fn ending(form: Option<StreamForm>) -> &'static [u8] {
    match form {
        Some(StreamForm::Tar) => &[0; ARCHIVE_END_BYTES],
        _ => &[],
    }
}

/// Writes to standard output, all of it and now.
pub(super) fn write<'b>(
    stream: &mut dyn Write,
    pieces: impl IntoIterator<Item = &'b [u8]>,
) -> Result<(), Error> {
    let all = || -> io::Result<()> {
        pieces.into_iter().try_for_each(|piece| stream.write_all(piece))?;
        stream.flush()
    };
    let fail = |source| FsError::Io { action: Action::Write, path: PathBuf::from("standard output"), source };
    Ok(all().map_err(fail)?)
}
