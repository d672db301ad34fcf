//! Revocation lists of very many entries: what making them costs, against `openssl ca -gencrl` on the same index.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::{PGTLS, Row, Scratch, by_turns, median, peak_of, time};

const MANY: usize = 100_000;
const FEW: usize = 1_000;
const VERY_MANY: usize = 1_000_000;

const MANY_RUNS: usize = 9;
const FEW_RUNS: usize = 60;
const VERY_MANY_RUNS: usize = 3;

const MANY_BOUND: f64 = 0.1;
const FEW_BOUND: f64 = 0.4;
/// Ten times the entries; what does not fit into the caches of the processor costs more by itself.
const LINEAR_BOUND: f64 = 12.0;
const PEAK_BOUND_MIB: f64 = 64.0;

/// What `openssl ca` needs to be told to make the same list.
const CONFIGURATION: &str = "[ca]\ndefault_ca = root\n[root]\ndatabase = root.index\ncertificate = root.crt\n\
                             private_key = root.key\ndefault_md = sha256\ndefault_crl_days = 365\n\
                             crl_extensions = list\n[list]\nauthorityKeyIdentifier = keyid\n";

/// All rows.
pub(crate) fn rows(scratch: &Scratch) -> Vec<Row> {
    let (few, many, very_many) =
        (Revoked::new(scratch, FEW), Revoked::new(scratch, MANY), Revoked::new(scratch, VERY_MANY));
    vec![
        many.against_openssl(
            "crl, 100,000 revoked: pgtls / openssl ca -gencrl (median)",
            MANY_RUNS,
            MANY_BOUND,
        ),
        few.against_openssl("crl, 1,000 revoked: pgtls / openssl ca -gencrl (median)", FEW_RUNS, FEW_BOUND),
        very_many.against(&many),
        many.peak("crl, 100,000 revoked: peak memory"),
        many.peak_beside_a_list("crl, 100,000 revoked, beside the list before: peak memory"),
    ]
}

/// A CA with an index of so many, all of them revoked.
struct Revoked {
    dir: TempDir,
    count: usize,
}

impl Revoked {
    fn new(scratch: &Scratch, count: usize) -> Self {
        let dir = scratch.new_dir();
        let pki = dir.path().join("pki");
        time(Command::new(PGTLS).args(["gen", "chain", "-q", "-D"]).arg(&pki));
        fs::write(pki.join("root.index"), index(count)).expect("an index in a new directory");
        fs::write(pki.join("ca.cnf"), CONFIGURATION).expect("a file in a new directory");
        Self { dir, count }
    }

    fn pki(&self) -> PathBuf {
        self.dir.path().join("pki")
    }

    fn crl(&self) -> Command {
        let mut command = Command::new(PGTLS);
        command.args(["crl", "-q", "-D"]).arg(self.pki());
        command
    }

    fn openssl(&self) -> Command {
        let mut command = Command::new("openssl");
        command.args(["ca", "-config", "ca.cnf", "-gencrl", "-out", "openssl.list"]).current_dir(self.pki());
        command
    }

    fn forget_lists(&self) {
        for file in ["root.crl", "chain.crl"] {
            let _ = fs::remove_file(self.pki().join(file));
        }
    }

    /// Time of the whole process, where no list is there yet.
    fn time(&self) -> Duration {
        self.forget_lists();
        time(&mut self.crl())
    }

    /// The whole processes.
    fn against_openssl(&self, what: &str, runs: usize, bound: f64) -> Row {
        let (ours, theirs) = by_turns(runs, || self.time(), || time(&mut self.openssl()));
        assert!(
            has_entries(&self.pki().join("root.crl"), self.count),
            "{what}: not everybody is on the list"
        );
        Row::ratio(what, median(ours), median(theirs), bound)
    }

    /// Against another of a tenth of the entries.
    fn against(&self, tenth: &Self) -> Row {
        let (ours, theirs) = by_turns(VERY_MANY_RUNS, || self.time(), || tenth.time());
        let what = "crl: 1,000,000 revoked / 100,000 (median)";
        Row::ratio(what, median(ours), median(theirs), LINEAR_BOUND)
    }

    fn peak(&self, what: &str) -> Row {
        self.forget_lists();
        peak_row(what, peak_of(&self.crl()))
    }

    fn peak_beside_a_list(&self, what: &str) -> Row {
        time(&mut self.crl());
        peak_row(what, peak_of(&self.crl()))
    }
}

fn peak_row(what: &str, peak_kib: u32) -> Row {
    let peak_mib = f64::from(peak_kib) / 1024.0;
    Row {
        what: what.to_owned(),
        measured: format!("{peak_mib:.1} MiB"),
        bound: format!("{PEAK_BOUND_MIB} MiB"),
        holds: Some(peak_mib <= PEAK_BOUND_MIB),
    }
}

/// Whether openssl finds so many entries on a list.
fn has_entries(list: &Path, count: usize) -> bool {
    let output = Command::new("openssl").args(["crl", "-noout", "-text", "-in"]).arg(list).output();
    let text = output.expect("openssl is there").stdout;
    let label = b"    Serial Number: ";
    text.windows(label.len()).filter(|window| *window == label).count() == count
}

/// Lines of random serial numbers with dates and reasons, as a CA leaves them.
fn index(count: usize) -> String {
    let mut text = String::with_capacity(96 * count);
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    for at in 0..count {
        let reason = ["", ",keyCompromise", ",superseded"][at % 3];
        let (day, minute) = (1 + at % 28, at % 60);
        let (high, low) = (random() >> 1 | 1 << 62, random());
        let _ = writeln!(
            text,
            "R\t301122145026Z\t2610{day:02}14{minute:02}26Z{reason}\t{high:016X}{low:016X}\tunknown\t/CN=user{at:06}"
        );
    }
    text
}
