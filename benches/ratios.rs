//! What pgtls costs, as ratios within one run: against the openssl commands it replaces, against `/bin/true`, against
//! a bare loop over ring, against itself on one core.
//!
//! `cargo bench` prints a table and fails when a bound is broken; `cargo bench -- --no-fail` only prints, and
//! `cargo bench -- verify` measures only what bears that word in its name. Both sides of
//! a ratio run by turns, so that a busy machine slows both. Files go to a tmpfs where there is one: disks are not what
//! is compared.

#[path = "ratios/bulk.rs"]
mod bulk;
#[path = "ratios/bundle.rs"]
mod bundle;
#[path = "ratios/crl.rs"]
mod crl;
#[path = "ratios/library.rs"]
mod library;
#[path = "ratios/many.rs"]
mod many;
#[path = "ratios/plain_ring.rs"]
mod plain_ring;

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use tempfile::TempDir;

use many::on_processors;

const PGTLS: &str = env!("CARGO_BIN_EXE_pgtls");

/// The guide's own commands; the intermediate layout is cut out of them.
const GUIDE: &str = include_str!("../fixtures/guide/make.sh");

/// Repeats this program as the parent of one child only, to learn that child's peak memory.
const PEAK_OF: &str = "--peak-of";

const P256_RUNS: usize = 25;
const RSA_RUNS: usize = 50;
/// How long an RSA key takes is luck: over 50 layouts the ratio of two sums scatters by 4 in 100. The median of rounds
/// scatters less, and passes over those in which somebody else had the second processor.
const CORES_RUNS: usize = 40;
const CORES_ROUNDS: usize = 7;
const SPAWN_RUNS: usize = 300;

const P256_BOUND: f64 = 0.1;
const RSA_BOUND: f64 = 0.55;
const TWO_CORES_BOUND: f64 = 0.65;
const INSPECT_BOUND: f64 = 0.15;
const SPAWN_BOUND: f64 = 3.0;
const PEAK_BOUND_MIB: f64 = 8.0;

type Measure = fn(&Scratch) -> Vec<Row>;

/// What is measured, by the names that pick some of it.
const MEASURES: [(&str, Measure); 10] = [
    ("gen-p256", |scratch| vec![p256_against_openssl(scratch)]),
    ("gen-rsa", |scratch| vec![rsa_against_openssl(scratch)]),
    ("gen-cores", |scratch| vec![rsa_on_two_cores(scratch)]),
    ("start", |_| vec![spawn_against_true()]),
    ("gen-memory", |scratch| vec![peak_memory(scratch)]),
    ("gen-library", |_| vec![library::against_plain_ring()]),
    ("verify", many::rows),
    ("issue-list", bulk::rows),
    ("crl", crl::rows),
    ("inspect", |scratch| vec![inspect_against_openssl(scratch)]),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [PEAK_OF, program, rest @ ..] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
    {
        return report_peak(program, rest);
    }
    if arguments == [library::ROUND] {
        return library::round();
    }
    let mut out = io::stdout().lock();
    if !arguments.iter().any(|argument| argument == "--bench") {
        writeln!(out, "ratios: nothing is measured outside cargo bench").expect("standard output");
        return ExitCode::SUCCESS;
    }
    let scratch = Scratch::new();
    writeln!(out, "files on {}\n", scratch.place).expect("standard output");
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    let measured = MEASURES.iter().filter(|(name, _)| is_wanted(name));
    let rows: Vec<Row> = measured.flat_map(|(_, measure)| measure(&scratch)).collect();
    write!(out, "{}", table(&rows)).expect("standard output");
    let broken = rows.iter().any(|row| row.holds == Some(false));
    let only_print = arguments.iter().any(|argument| argument == "--no-fail");
    if broken && !only_print { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The whole process with P-256 keys, against the guide's commands with P-256 keys.
fn p256_against_openssl(scratch: &Scratch) -> Row {
    says_who_signs_whom(scratch);
    let commands = guide_commands("-newkey ec -pkeyopt ec_paramgen_curve:P-256");
    let (ours, theirs) = by_turns(
        P256_RUNS,
        || scratch.time(|dir| pgtls_chain(dir, &[])),
        || scratch.time(|dir| openssl(dir, &commands)),
    );
    Row::ratio(
        "intermediate layout, P-256: pgtls / openssl (median)",
        median(ours),
        median(theirs),
        P256_BOUND,
    )
}

/// What an optimiser once got wrong, and no test sees, for tests run what is not optimised.
fn says_who_signs_whom(scratch: &Scratch) {
    let dir = scratch.new_dir();
    let output = pgtls_chain(&dir.path().join("pki"), &[]).output().expect("pgtls runs");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("\n  └ intermediate.crt ") && stdout.contains("\n    ├ server.crt "), "{stdout}");
}

/// The whole process with RSA-2048 keys, against the guide's commands as they stand.
fn rsa_against_openssl(scratch: &Scratch) -> Row {
    let commands = guide_commands("");
    let (ours, theirs) = by_turns(
        RSA_RUNS,
        || scratch.time(|dir| pgtls_chain(dir, &RSA_2048)),
        || scratch.time(|dir| openssl(dir, &commands)),
    );
    Row::ratio("intermediate layout, RSA-2048: pgtls / openssl (sum)", sum(&ours), sum(&theirs), RSA_BOUND)
}

/// RSA-2048 on two processors against the same on one of them.
fn rsa_on_two_cores(scratch: &Scratch) -> Row {
    let what = "intermediate layout, RSA-2048: two cores / one core (sums, median round)";
    if on_processors(2, || ()).is_none() {
        return Row::unmeasured(what, "only one processor here", TWO_CORES_BOUND);
    }
    let on = |count| {
        let run = || scratch.time(|dir| pgtls_chain(dir, &RSA_2048));
        on_processors(count, run).expect("processors that were just there")
    };
    let round = || {
        let (two_cores, one_core) = by_turns(CORES_RUNS, || on(2), || on(1));
        (sum(&two_cores), sum(&one_core))
    };
    let (two_cores, one_core) = median_round(CORES_ROUNDS, round);
    Row::ratio(what, two_cores, one_core, TWO_CORES_BOUND)
}

/// A bundle of 1,000 certificates field by field, against openssl's text of each.
fn inspect_against_openssl(scratch: &Scratch) -> Row {
    let dir = scratch.new_dir();
    let bundle = bundle::of_servers(dir.path(), 1000);
    let (ours, theirs) = by_turns(
        P256_RUNS,
        || time(Command::new(PGTLS).arg("inspect").arg(&bundle)),
        || time(Command::new("openssl").args(["storeutl", "-noout", "-text"]).arg(&bundle)),
    );
    Row::ratio("inspect, 1,000 certificates / openssl (median)", median(ours), median(theirs), INSPECT_BOUND)
}

/// Starting and ending, which every Makefile rule pays.
fn spawn_against_true() -> Row {
    let version = || {
        let mut command = Command::new(PGTLS);
        command.arg("--version");
        command
    };
    let (ours, theirs) =
        by_turns(SPAWN_RUNS, || time(&mut version()), || time(&mut Command::new("/bin/true")));
    Row::ratio("pgtls --version / true (median)", median(ours), median(theirs), SPAWN_BOUND)
}

/// The most memory that making the default intermediate layout takes.
fn peak_memory(scratch: &Scratch) -> Row {
    let dir = scratch.new_dir();
    let command = pgtls_chain(&dir.path().join("pki"), &[]);
    let peak_mib = f64::from(peak_of(&command)) / 1024.0;
    Row {
        what: "intermediate layout, P-256: peak memory".to_owned(),
        measured: format!("{peak_mib:.1} MiB"),
        bound: format!("{PEAK_BOUND_MIB} MiB"),
        holds: Some(peak_mib <= PEAK_BOUND_MIB),
    }
}

/// The most memory that a command takes, in KiB.
fn peak_of(command: &Command) -> u32 {
    let mut parent = Command::new(env::current_exe().expect("path of this program"));
    parent.arg(PEAK_OF).arg(command.get_program()).args(command.get_args());
    let output =
        parent.stdin(Stdio::null()).stderr(Stdio::inherit()).output().expect("this program can be run again");
    assert!(output.status.success(), "{parent:?} failed");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of KiB")
}

const RSA_2048: [&str; 4] = ["--key-type", "rsa-2048", "--ca-key-type", "rsa-2048"];

fn pgtls_chain(dir: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(PGTLS);
    command.args(["gen", "chain", "--intermediate", "-D"]).arg(dir).args(more);
    command
}

/// The guide's commands for the intermediate layout, `key_options` added wherever one makes a key.
fn guide_commands(key_options: &str) -> String {
    let lines = GUIDE.lines().skip_while(|line| *line != "cd intermediate").skip(1);
    let commands: Vec<&str> = lines.take_while(|line| *line != "cd ..").collect();
    assert!(commands.len() > 10, "the guide's intermediate layout was not found in make.sh");
    let script = commands.join("\n");
    format!("set -eu\n{}\n", script.replace("openssl req ", &format!("openssl req {key_options} ")))
}

/// The commands run by one shell in `dir`, making which is part of the work, as it is for pgtls.
fn openssl(dir: &Path, commands: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "mkdir \"$1\" && cd \"$1\" && eval \"$2\"", "sh"]).arg(dir).arg(commands);
    command
}

/// Runs a program to its end and prints the peak memory of the children in KiB, which is that child's.
///
/// A program of its own, because the system keeps one peak for all children of a process, and because a child starts
/// with its parent's peak: this one's is small.
fn report_peak(program: &str, arguments: &[&str]) -> ExitCode {
    time(Command::new(program).args(arguments));
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage of children");
    writeln!(io::stdout(), "{}", usage.max_rss()).expect("standard output");
    ExitCode::SUCCESS
}

/// Wall time of a command, which has to succeed.
fn time(command: &mut Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status();
    let elapsed = start.elapsed();
    let status = status.unwrap_or_else(|error| panic!("could not run {command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
    elapsed
}

/// Runs both by turns, the order changing each time, after one run of each that does not count.
fn by_turns(
    runs: usize,
    mut first: impl FnMut() -> Duration,
    mut second: impl FnMut() -> Duration,
) -> (Vec<Duration>, Vec<Duration>) {
    first();
    second();
    let (mut firsts, mut seconds) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
    for run in 0..runs {
        if run % 2 == 0 {
            firsts.push(first());
            seconds.push(second());
        } else {
            seconds.push(second());
            firsts.push(first());
        }
    }
    (firsts, seconds)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The round whose ratio is the median.
fn median_round(rounds: usize, round: impl FnMut() -> (Duration, Duration)) -> (Duration, Duration) {
    let ratio = |(ours, theirs): &(Duration, Duration)| ours.as_secs_f64() / theirs.as_secs_f64();
    let mut all: Vec<_> = std::iter::repeat_with(round).take(rounds).collect();
    all.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    all[rounds / 2]
}

fn sum(times: &[Duration]) -> Duration {
    times.iter().sum()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Where the measured commands write.
struct Scratch {
    root: PathBuf,
    /// For the reader of the table.
    place: String,
}

impl Scratch {
    fn new() -> Self {
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
        if mounts.lines().any(|line| line.contains(" /dev/shm tmpfs ")) {
            let root = PathBuf::from("/dev/shm");
            return Self { root, place: "/dev/shm (tmpfs)".to_owned() };
        }
        let root = env::temp_dir();
        let place =
            format!("{} (note: /dev/shm is no tmpfs here, so the disk is measured too)", root.display());
        Self { root, place }
    }

    fn new_dir(&self) -> TempDir {
        TempDir::new_in(&self.root).expect("a temporary directory")
    }

    /// Wall time of the command that `make` gives for a directory that does not exist yet.
    fn time(&self, make: impl Fn(&Path) -> Command) -> Duration {
        let dir = self.new_dir();
        time(&mut make(&dir.path().join("pki")))
    }
}

/// One line of the table.
struct Row {
    what: String,
    measured: String,
    bound: String,
    /// `None`: not measured.
    holds: Option<bool>,
}

impl Row {
    fn ratio(what: &str, ours: Duration, theirs: Duration, bound: f64) -> Self {
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        Self {
            what: what.to_owned(),
            measured: format!("{ratio:.3} ({} / {})", milliseconds(ours), milliseconds(theirs)),
            bound: bound.to_string(),
            holds: Some(ratio <= bound),
        }
    }

    fn unmeasured(what: &str, why: &str, bound: f64) -> Self {
        Self { what: what.to_owned(), measured: why.to_owned(), bound: bound.to_string(), holds: None }
    }
}

fn table(rows: &[Row]) -> String {
    let head = ["what", "measured", "bound", "ok"].map(str::to_owned);
    let mut lines = vec![head];
    for row in rows {
        let verdict = row.holds.map_or("not measured", |holds| if holds { "yes" } else { "NO" });
        lines.push([row.what.clone(), row.measured.clone(), row.bound.clone(), verdict.to_owned()]);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let (what, measured, bound) = (width(0), width(1), width(2));
    let format = |line: &[String; 4]| {
        format!("{:what$} | {:measured$} | {:bound$} | {}\n", line[0], line[1], line[2], line[3])
    };
    lines.iter().map(format).collect()
}
