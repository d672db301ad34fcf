//! The making itself: shares of the list are handed out to threads as they get free, and what they make leaves in the
//! list's order.

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
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use time::OffsetDateTime;

/// How many rows a thread makes at a time: some milliseconds of work, and some tens of kilobytes.
pub(super) const ROWS: usize = 16;
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

/// What the threads share: the places of the shares that are to be made, and room that was used before, which need not be
/// wiped. The last used is the first to be used again, so that there is no more of it than is needed.
struct Orders {
    chunks: Mutex<Receiver<usize>>,
    used: Mutex<Vec<Batch>>,
}

/// What became of an order, by its place: `None` where the run is stopped, or the thread went down.
type Outcome = (usize, Option<Result<Batch, Error>>);

/// An order that a thread is at. It is handed in when it is dropped, so that nobody waits for it in vain.
struct Task<'a> {
    chunk: usize,
    is_handed_in: bool,
    to: &'a Sender<Outcome>,
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
        let (order, ordered) = channel();
        let orders = Orders { chunks: Mutex::new(ordered), used: Mutex::default() };
        thread::scope(|scope| {
            let (made, outcomes) = channel();
            let mut hands = 0;
            for _ in 0..threads {
                let (work, orders, made) = (&work, &orders, made.clone());
                // Where a process may have no more threads, those that there are do the work.
                if thread::Builder::new().spawn_scoped(scope, move || work.share(orders, &made)).is_err() {
                    break;
                }
                hands += 1;
            }
            if hands == 0 {
                return work.alone(chunks, &mut deliver);
            }
            // Dropped at the end, whatever it is: the threads then end too.
            let order = order;
            drop(made);
            let ahead = (ROWS_AHEAD / rows).max(hands);
            gather(&order, &orders, &outcomes, 0..chunks, ahead, &mut deliver)
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

/// Hands out the shares, no more than so many ahead of what has left, and lets them leave in order. What is lacking ends
/// the run.
fn gather(
    order: &Sender<usize>,
    orders: &Orders,
    outcomes: &Receiver<Outcome>,
    chunks: Range<usize>,
    ahead: usize,
    deliver: &mut dyn FnMut(&mut Batch) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut to_order = chunks.clone();
    // Threads that are gone have handed in what they were at, and that ends the run.
    let mut order_next = || to_order.next().is_some_and(|chunk| order.send(chunk).is_ok());
    (0..ahead).all(|_| order_next());
    // What came before its turn.
    let mut waiting: VecDeque<Option<Outcome>> = VecDeque::new();
    for next in chunks {
        while waiting.front().is_none_or(Option::is_none) {
            let Ok(outcome) = outcomes.recv() else { return Ok(()) };
            let place = outcome.0 - next;
            if waiting.len() <= place {
                waiting.resize_with(place + 1, || None);
            }
            waiting[place] = Some(outcome);
        }
        let Some((_, Some(made))) = waiting.pop_front().flatten() else { break };
        let mut batch = made?;
        deliver(&mut batch)?;
        locked(&orders.used).push(batch);
        order_next();
    }
    Ok(())
}

/// A thread that went down has left nothing half done behind the lock.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Task<'_> {
    /// Says whether anybody wants more.
    fn hand_in(mut self, made: Result<Batch, Error>) -> bool {
        self.is_handed_in = true;
        self.to.send((self.chunk, Some(made))).is_ok()
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        if !self.is_handed_in {
            let _ = self.to.send((self.chunk, None));
        }
    }
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

    /// Makes what is ordered, as long as anybody takes it.
    fn share(&self, orders: &Orders, to: &Sender<Outcome>) {
        let mut bench = Bench::default();
        let next = || locked(&orders.chunks).recv();
        while let Ok(chunk) = next() {
            let task = Task { chunk, is_handed_in: false, to };
            if (self.is_stopped)() {
                return;
            }
            let mut batch = locked(&orders.used).pop().unwrap_or_default();
            let made = self.fill(chunk, &mut bench, &mut batch).map(|()| batch);
            if !task.hand_in(made) {
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
