//! The making itself: rows of the list are shared out over threads, and what they make comes back in the list's order.

use super::encode::{Batch, Encoder, StreamForm};
use super::prepare::Prepared;
use crate::error::Error;
use crate::fs::{FileEntry, FileSet, Mode};
use crate::layout::Arrangement;
use crate::pem;
use crate::pg::certificate_file;
use crate::pki::{Maker, Supplies};
use crate::plan::Draft;
use crate::verify;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use time::OffsetDateTime;

/// How many rows a thread makes at a time: some milliseconds of work, and some tens of kilobytes.
pub(super) const ROWS: usize = 32;
/// The same of keys that take a tenth of a second and more each, as RSA and encrypting do: they leave as they come, and
/// a run that is stopped waits for no more than one.
const SLOW_ROWS: usize = 1;
/// How many rows all threads together may be ahead of what has left.
const ROWS_AHEAD: usize = 1024;

/// A run over a list.
pub(super) struct Run<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) arrangement: &'a Arrangement,
    pub(super) form: Option<StreamForm>,
    pub(super) now: OffsetDateTime,
}

/// What every thread has.
struct Work<'a> {
    run: &'a Run<'a>,
    maker: &'a Maker<'a>,
    encoder: Encoder<'a>,
    /// The CAs, which a certificate is judged by.
    authorities: FileSet,
    /// How many rows are made at a time.
    rows: usize,
    is_stopped: &'a (dyn Fn() -> bool + Sync),
}

/// What a thread works on.
#[derive(Default)]
struct Bench {
    draft: Draft,
    supplies: Supplies,
}

/// One thread: where its batches come from, and where it is given used ones back to be filled again.
struct Hand {
    made: Receiver<Result<Batch, Error>>,
    used: std::sync::mpsc::Sender<Batch>,
}

impl Run<'_> {
    /// Makes all rows that are not left out, and hands them over in batches; ends early where it is stopped.
    pub(super) fn all(
        &self,
        maker: &Maker<'_>,
        is_stopped: &(dyn Fn() -> bool + Sync),
        threads: Option<usize>,
        mut deliver: impl FnMut(&mut Batch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let series = &self.prepared.series;
        let appends = series.appends();
        let encoder = Encoder::new(self.form, self.arrangement, &series.plan, appends, self.now);
        let is_slow = series.key_type().is_rsa() || self.arrangement.encrypted_keys;
        let rows = if is_slow { SLOW_ROWS } else { ROWS };
        let authorities = self.authorities();
        let work = Work { run: self, maker, encoder, authorities, rows, is_stopped };
        let chunks = series.len().div_ceil(rows);
        let wanted = threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
        let threads = wanted.min(chunks).max(1);
        if threads == 1 {
            return work.alone(chunks, &mut deliver);
        }
        thread::scope(|scope| {
            let mut starts = Vec::with_capacity(threads);
            let mut hands = Vec::with_capacity(threads);
            let ahead = (ROWS_AHEAD / rows / threads).max(1);
            for _ in 0..threads {
                let (start, started) = sync_channel::<(usize, usize)>(1);
                let (sender, made) = sync_channel(ahead);
                let (used, empty) = channel();
                let work = &work;
                let hand = move || {
                    if let Ok((first, step)) = started.recv() {
                        work.share((first..chunks).step_by(step), &sender, &empty);
                    }
                };
                // Where a process may have no more threads, those that there are do the work.
                if thread::Builder::new().spawn_scoped(scope, hand).is_err() {
                    break;
                }
                starts.push(start);
                hands.push(Hand { made, used });
            }
            if hands.is_empty() {
                return work.alone(chunks, &mut deliver);
            }
            for (at, start) in starts.iter().enumerate() {
                // It waits for nothing else.
                let _ = start.send((at, starts.len()));
            }
            gather(&hands, chunks, &mut deliver)
        })
    }

    fn authorities(&self) -> FileSet {
        let mut files = FileSet::default();
        for spec in &self.prepared.series.plan.certificates {
            if let Some(kept) = &spec.kept {
                let entry = FileEntry::new(pem::encode_certificate(&kept.der), Mode::PUBLIC);
                files.insert(certificate_file(&spec.stem), entry);
            }
        }
        files
    }
}

/// Takes the batches in the order of the list; a thread that ended early ends the run.
fn gather(
    hands: &[Hand],
    chunks: usize,
    deliver: &mut dyn FnMut(&mut Batch) -> Result<(), Error>,
) -> Result<(), Error> {
    for hand in hands.iter().cycle().take(chunks) {
        let Ok(made) = hand.made.recv() else { break };
        let mut batch = made?;
        deliver(&mut batch)?;
        let _ = hand.used.send(batch);
    }
    Ok(())
}

impl Work<'_> {
    fn alone(
        &self,
        chunks: usize,
        deliver: &mut dyn FnMut(&mut Batch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut bench, mut batch) = (Bench::default(), Batch::default());
        for chunk in 0..chunks {
            if (self.is_stopped)() {
                break;
            }
            self.fill(chunk, &mut bench, &mut batch)?;
            deliver(&mut batch)?;
        }
        Ok(())
    }

    /// Makes one share of the chunks, as long as anybody takes them.
    fn share(
        &self,
        chunks: impl Iterator<Item = usize>,
        sender: &SyncSender<Result<Batch, Error>>,
        used: &Receiver<Batch>,
    ) {
        let mut bench = Bench::default();
        for chunk in chunks {
            if (self.is_stopped)() {
                return;
            }
            // One that was used before has its room, and need not be wiped.
            let mut batch = used.try_recv().unwrap_or_default();
            let filled = self.fill(chunk, &mut bench, &mut batch).map(|()| batch);
            let failed = filled.is_err();
            if sender.send(filled).is_err() || failed {
                return;
            }
        }
    }

    fn fill(&self, chunk: usize, bench: &mut Bench, batch: &mut Batch) -> Result<(), Error> {
        let series = &self.run.prepared.series;
        batch.clear();
        for at in (chunk * self.rows..series.len()).take(self.rows) {
            if series.is_skipped(at) {
                continue;
            }
            let Some(spec) = series.spec(at, &mut bench.draft) else { continue };
            let made = self.maker.make(spec, &mut bench.supplies)?;
            if series.is_judged(at) {
                let certificate = self.encoder.certificate(&made);
                let files: FileSet = self.encoder.files(spec, certificate, &made).into_iter().collect();
                verify::gate(&[&self.authorities, &files], self.run.now)?;
            }
            self.encoder.add(spec, &made, batch)?;
        }
        Ok(())
    }
}

impl Batch {
    fn clear(&mut self) {
        self.lines.clear();
        self.bytes.clear();
        self.files.clear();
        self.count = 0;
    }
}
