//! A thousand leaves under one intermediate: what judging them costs, against ring alone and against openssl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;
use pgtls::keys::SystemKeys;
use pgtls::ops::{GenerateRequest, VerifyRequest, generate, verify};
use pgtls::pem;
use pgtls::profile::{Overrides, parse};
use pgtls::verify::Roles;
use pgtls::x509::Certificate;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use std::time::Duration;
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::{PGTLS, Row, Scratch, by_turns, median, time};

const LEAVES: usize = 1000;
const RUNS: usize = 15;
const RING_BOUND: f64 = 1.2;
const OPENSSL_BOUND: f64 = 0.3;

/// The files of the leaves, and what they are checked against.
struct Many {
    _dir: TempDir,
    leaves: Vec<PathBuf>,
    trust: PathBuf,
}

/// One signature: the key that made it, what it is over, and itself.
struct Signed {
    public: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// Both rows.
pub(crate) fn rows(scratch: &Scratch) -> Vec<Row> {
    let many = make(scratch);
    vec![against_ring(&many), against_openssl(&many)]
}

fn make(scratch: &Scratch) -> Many {
    let dir = scratch.new_dir();
    let place = dir.path().join("pki");
    let profile = parse("many", &profile(), &Overrides::default()).expect("a profile");
    let request = GenerateRequest::new(profile, &place);
    generate(&request, OffsetDateTime::now_utc(), &SystemKeys).expect("a new directory");
    let leaves = (0..LEAVES).map(|at| place.join(format!("client.{at}.crt"))).collect();
    Many { leaves, trust: place.join("chain.crt"), _dir: dir }
}

fn profile() -> String {
    let mut text = "\
        name = \"many\"\nsummary = \"many leaves\"\nsource = \"a benchmark\"\n\
        [[certificate]]\nname = \"root\"\nusage = \"root-ca\"\nsubject = \"CN=root\"\nlifetime = \"20y\"\n\
        [[certificate]]\nname = \"intermediate\"\nusage = \"intermediate-ca\"\nissuer = \"root\"\n\
        subject = \"CN=intermediate\"\nlifetime = \"10y\"\n\
        [[bundle]]\nfile = \"chain.crt\"\ncertificates = [\"intermediate\", \"root\"]\n"
        .to_owned();
    for at in 0..LEAVES {
        text += &format!(
            "[[certificate]]\nname = \"client.{at}\"\nusage = \"client\"\nissuer = \"intermediate\"\n\
             subject = \"CN=user{at}\"\nlifetime = \"365d\"\nappend = [\"intermediate\"]\n"
        );
    }
    text
}

/// Processor time in this process, all its threads, against the signatures alone and reading the same files.
fn against_ring(many: &Many) -> Row {
    let signatures = signatures(many);
    let request = VerifyRequest {
        paths: many.leaves.clone(),
        roles: Roles {
            client_trust: Some(many.trust.display().to_string()),
            server_trust: Some(many.trust.display().to_string()),
            ..Roles::default()
        },
        ..VerifyRequest::default()
    };
    let ours = || {
        let verified = verify(&request, OffsetDateTime::now_utc()).expect("files that can be read");
        assert_eq!(verified.tally.certificates, LEAVES + 2, "every leaf was looked at");
        assert!(!verified.report.fails(true), "{:?}", verified.report);
    };
    let plain = || {
        for file in many.leaves.iter().chain([&many.trust]) {
            assert!(fs::read(file).expect("a file that was just made").len() > 100);
        }
        signatures.iter().for_each(check);
    };
    // Two that share a core take more processor time for the same work.
    let (ours, plain) =
        on_one_processor(|| by_turns(RUNS, || processor_time(ours), || processor_time(plain)));
    let what =
        "verify, 1,000 leaves, processor time: library / reading and 1,001 verifications of ring (median)";
    Row::ratio(what, median(ours), median(plain), RING_BOUND)
}

fn check(Signed { public, message, signature }: &Signed) {
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public);
    key.verify(message, signature).expect("a signature of this key");
}

/// The whole processes.
fn against_openssl(many: &Many) -> Row {
    let ours = || {
        let mut command = Command::new(PGTLS);
        command.args(["verify", "--quiet", "--trust"]).arg(&many.trust).args(&many.leaves);
        time(&mut command)
    };
    let theirs = || {
        let mut command = Command::new("openssl");
        command.args(["verify", "-CAfile"]).arg(&many.trust).args(&many.leaves);
        time(&mut command)
    };
    let (ours, theirs) = by_turns(RUNS, ours, theirs);
    let what = "verify, 1,000 leaves: pgtls / openssl verify (median)";
    Row::ratio(what, median(ours), median(theirs), OPENSSL_BOUND)
}

/// The signature of every leaf, and of the intermediate.
fn signatures(many: &Many) -> Vec<Signed> {
    let certificates = |file: &Path| -> Vec<Certificate> {
        let text = fs::read(file).expect("a file that was just made");
        let blocks = pem::scan(&text).blocks;
        blocks.iter().map(|block| Certificate::from_der(&block.der).expect("a certificate")).collect()
    };
    // subjectPublicKey is the end of a SubjectPublicKeyInfo: an uncompressed point of 65 bytes.
    let point = |issuer: &Certificate| issuer.public_key[issuer.public_key.len() - 65..].to_vec();
    let signed = |certificate: &Certificate, public: Vec<u8>| Signed {
        public,
        message: certificate.signed().to_be_signed.to_vec(),
        signature: certificate.signed().signature.to_vec(),
    };
    let trusted = certificates(&many.trust);
    let [intermediate, root] = trusted.as_slice() else { panic!("the intermediate and the root") };
    let leaves = many.leaves.iter().map(|file| signed(&certificates(file)[0], point(intermediate)));
    leaves.chain([signed(intermediate, point(root))]).collect()
}

/// Does `work`, and all that it starts, on one processor alone.
pub(crate) fn on_one_processor<T>(work: impl FnOnce() -> T) -> T {
    on_processors(1, work).expect("a processor")
}

/// The same on that many; `None` where this process may not run on so many.
pub(crate) fn on_processors<T>(count: usize, work: impl FnOnce() -> T) -> Option<T> {
    let this = Pid::from_raw(0);
    let all = sched_getaffinity(this).expect("the processors of this process");
    let mut some = CpuSet::new();
    let ours = (0..CpuSet::count()).filter(|at| all.is_set(*at).unwrap_or(false));
    let taken = ours.take(count).map(|at| some.set(at).expect("a processor that is there")).count();
    if taken < count {
        return None;
    }
    sched_setaffinity(this, &some).expect("processors of this process");
    let done = work();
    sched_setaffinity(this, &all).expect("the processors that it had");
    Some(done)
}

/// User and system time that `work` took.
pub(crate) fn processor_time(work: impl Fn()) -> Duration {
    let used = |usage: Usage| usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let now = || used(getrusage(UsageWho::RUSAGE_SELF).expect("the system counts"));
    let before = now();
    work();
    Duration::from_micros((now() - before).try_into().expect("time goes on"))
}
