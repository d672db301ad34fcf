//! The library in one process, against a plain loop over ring.

use std::env;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use pgtls::keys::SystemKeys;
use pgtls::ops::{GenerateRequest, generate};
use pgtls::profile::{Overrides, Profile, builtin, parse};
use time::OffsetDateTime;

use crate::{Row, Scratch, by_turns, median, median_round, plain_ring};

/// Repeats this program as one round alone.
pub(crate) const ROUND: &str = "--library-round";

/// How many layouts each side makes in one process, the first ones that it makes.
const RUNS: usize = 200;
/// A round is over in a sixth of a second, and a neighbour on the same core can slow the side with more code for as
/// long; the median of rounds, each in a process of its own, passes over that.
const ROUNDS: usize = 15;
const BOUND: f64 = 1.3;

/// All of `gen chain --intermediate` but the process around it. Whoever makes many layouts parses their profile once.
fn layout(dir: &Path) {
    static PROFILE: LazyLock<Arc<Profile>> = LazyLock::new(|| {
        let text = builtin("intermediate").expect("a built-in profile").text;
        parse("intermediate", text, &Overrides::default()).expect("a built-in profile").into()
    });
    let request = GenerateRequest::new(PROFILE.clone(), dir);
    generate(&request, OffsetDateTime::now_utc(), &SystemKeys).expect("a new directory");
}

/// The round whose ratio is the median.
pub(crate) fn against_plain_ring() -> Row {
    let what = "intermediate layout, P-256, in process: library / plain ring (median)";
    let (ours, plain) = median_round(ROUNDS, elsewhere);
    Row::ratio(what, ours, plain, BOUND)
}

/// A round in a new process.
fn elsewhere() -> (Duration, Duration) {
    let mut round = Command::new(env::current_exe().expect("path of this program"));
    round.arg(ROUND).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = round.output().expect("this program can be run again");
    assert!(output.status.success(), "{round:?} failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut times = text.split_whitespace().map(|nanoseconds| nanoseconds.parse().expect("nanoseconds"));
    let mut next = || Duration::from_nanos(times.next().expect("two times"));
    (next(), next())
}

/// Runs one round and prints the medians in nanoseconds, the library's first.
pub(crate) fn round() -> ExitCode {
    let scratch = Scratch::new();
    let timed = |make: fn(&Path)| {
        let dir = scratch.new_dir();
        let start = Instant::now();
        make(&dir.path().join("pki"));
        start.elapsed()
    };
    let (ours, plain) = by_turns(RUNS, || timed(layout), || timed(plain_ring::make_layout));
    let (ours, plain) = (median(ours).as_nanos(), median(plain).as_nanos());
    writeln!(io::stdout(), "{ours} {plain}").expect("standard output");
    ExitCode::SUCCESS
}
