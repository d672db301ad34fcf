//! Certificates for a list of names: what each costs beyond the cryptography, how that grows, and what it takes of memory.

use std::fs;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgtls::keys::{KeyType, SystemKeys};
use pgtls::ops::{BulkRequest, CaRequest, Control, Outlet, StreamForm, bulk};
use pgtls::plan::SeriesWish;
use pgtls::profile::{Ending, Validity};
use pgtls::x509::{Lifetime, Usage};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::many::{on_one_processor, on_processors, processor_time};
use crate::plain_ring::{pem as encode, write};
use crate::{PGTLS, Row, Scratch, by_turns, median, peak_of, pgtls_chain, time};

const FEW: usize = 2_000;
const MANY: usize = 100_000;
const RUNS: usize = 15;
const CORES_RUNS: usize = 60;
const MANY_RUNS: usize = 3;
/// What is signed of a client, in bytes.
const LEAF_TBS: usize = 260;
const RING_BOUND: f64 = 1.25;
/// 1.6 times as fast.
const TWO_CORES_BOUND: f64 = 1.0 / 1.6;
const FILES_BOUND: f64 = 0.95;
const GROWTH_BOUND: f64 = 52.0;
const MEMORY_BOUND_BYTES: f64 = 200.0;

/// A CA, and two lists.
struct Place {
    dir: TempDir,
    few: PathBuf,
    many: PathBuf,
}

/// All rows.
pub(crate) fn rows(scratch: &Scratch) -> Vec<Row> {
    let place = Place::new(scratch);
    vec![against_ring(&place), two_cores(&place), files(&place), growth(&place), memory(&place)]
}

impl Place {
    fn new(scratch: &Scratch) -> Self {
        let dir = scratch.new_dir();
        time(&mut pgtls_chain(&dir.path().join("pki"), &[]));
        let list = |name: &str, count: usize| {
            let path = dir.path().join(name);
            let names: String = (0..count).map(|at| format!("user{at}\n")).collect();
            fs::write(&path, names).expect("room for a list");
            path
        };
        Self { few: list("few", FEW), many: list("many", MANY), dir }
    }

    /// The directory as it was before anything was issued from a list.
    fn pki(&self) -> PathBuf {
        let pki = self.dir.path().join("pki");
        for name in ["intermediate.index", "intermediate.index.attr"] {
            let _ = fs::remove_file(pki.join(name));
        }
        pki
    }

    /// The short list, under the CA of this place.
    fn request(&self, directory: PathBuf, ca_directory: Option<PathBuf>, outlet: Outlet) -> BulkRequest {
        let ending = Ending::After(Lifetime::days(365));
        BulkRequest {
            list: self.few.clone(),
            wish: SeriesWish {
                usage: Usage::Client,
                validity: Validity { not_before: None, ending, stretches: false },
                key_type: KeyType::default(),
                appends: true,
            },
            under: CaRequest {
                directory,
                ca_directory,
                ca: None,
                ca_passphrase: None,
                owner: None,
                dry_run: false,
            },
            key_passphrase_file: None,
            key_mode: None,
            skip_issued: false,
            outlet,
        }
    }

    /// The command that issues for a list into a stream of a file that goes again.
    fn stream(&self, list: &Path) -> Command {
        let out = self.dir.path().join("out.tar");
        let _ = fs::remove_file(&out);
        let mut command = Command::new(PGTLS);
        command.args(["issue", "client", "--quiet", "--stream", "tar", "-f"]).arg(list);
        command.arg("--write").arg(out).arg("-D").arg(self.pki());
        command
    }
}

/// Processor time of the library, against making the keys and the signatures alone.
fn against_ring(place: &Place) -> Row {
    let rng = SystemRandom::new();
    let key = || EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &rng).expect("a key");
    let ca = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key().as_ref(), &rng);
    let ca = ca.expect("a key that was just made");
    let message = [0x30; LEAF_TBS];
    let plain = || {
        for _ in 0..FEW {
            black_box(key());
            black_box(ca.sign(&rng, &message).expect("a signature"));
        }
    };
    let file = Some(place.dir.path().join("out.pem"));
    let request =
        place.request(place.pki(), None, Outlet::Stream { form: StreamForm::Pem, file: file.clone() });
    let ours = || {
        place.pki();
        file.iter().for_each(|file| drop(fs::remove_file(file)));
        processor_time(|| issue(&request))
    };
    let (ours, plain) = on_one_processor(|| by_turns(RUNS, ours, || processor_time(plain)));
    let what =
        "issue -f, 2,000 into a stream, processor time: library / keys and signatures of ring (median)";
    Row::ratio(what, median(ours), median(plain), RING_BOUND)
}

/// Issues for a list on one thread.
fn issue(request: &BulkRequest) {
    let control = Control { is_stopped: &|| false, progress: &mut |_, _| (), threads: Some(1) };
    let now = OffsetDateTime::now_utc();
    let issued = bulk(request, &mut io::empty(), &mut io::sink(), control, now, &SystemKeys);
    assert_eq!(issued.expect("a CA that can sign").issued, FEW);
}

fn two_cores(place: &Place) -> Row {
    let what = "issue -f, 2,000 into a stream: two cores / one core (median)";
    if on_processors(2, || ()).is_none() {
        return Row::unmeasured(what, "only one processor here", TWO_CORES_BOUND);
    }
    let on = |count| {
        on_processors(count, || time(&mut place.stream(&place.few))).expect("processors that were just there")
    };
    let (two_cores, one_core) = by_turns(CORES_RUNS, || on(2), || on(1));
    Row::ratio(what, median(two_cores), median(one_core), TWO_CORES_BOUND)
}

/// Processor time of the library for two files a leaf, against a loop over rcgen that writes the same files.
fn files(place: &Place) -> Row {
    let pki = place.pki();
    let directory = place.dir.path().join("leaves");
    let (certificate, key) = (pki.join("intermediate.crt"), pki.join("intermediate.key"));
    let request = place.request(directory.clone(), Some(pki), Outlet::Files);
    let ours = || issue(&request);
    let intermediate = fs::read_to_string(&certificate).expect("a file that was just made");
    let signing = rcgen_key(&key);
    let plain = || plain_files(&directory, &intermediate, &signing);
    let timed = |work: &dyn Fn()| {
        place.pki();
        let _ = fs::remove_dir_all(&directory);
        processor_time(work)
    };
    let (ours, plain) = on_one_processor(|| by_turns(RUNS, || timed(&ours), || timed(&plain)));
    let what = "issue -f, 2,000 as files, processor time: library / a loop over rcgen (median)";
    Row::ratio(what, median(ours), median(plain), FILES_BOUND)
}

fn rcgen_key(file: &Path) -> rcgen::KeyPair {
    let text = fs::read(file).expect("a file that was just made");
    let key = pem::parse(text).expect("a key");
    rcgen::KeyPair::try_from(key.contents()).expect("a key that signs")
}

/// What somebody writes who has rcgen and a list: parameters, a key, a signature and two files for each name.
fn plain_files(directory: &Path, intermediate: &str, signing: &rcgen::KeyPair) {
    let mut ca = rcgen::CertificateParams::default();
    ca.distinguished_name.push(rcgen::DnType::CommonName, "intermediate.yourdomain.com");
    let issuer = rcgen::Issuer::from_params(&ca, signing);
    fs::create_dir(directory).expect("a new directory");
    for at in 0..FEW {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("user{at}"));
        params.not_before = OffsetDateTime::now_utc();
        params.not_after = params.not_before + time::Duration::days(365);
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        let text = encode("CERTIFICATE", certificate.der().to_vec()) + intermediate;
        write(
            &directory.join(format!("client.user{at}.key")),
            &encode("PRIVATE KEY", key.serialize_der()),
            0o600,
        );
        write(&directory.join(format!("client.user{at}.crt")), &text, 0o644);
    }
}

fn growth(place: &Place) -> Row {
    let (many, few) = by_turns(
        MANY_RUNS,
        || time(&mut place.stream(&place.many)),
        || median((0..RUNS).map(|_| time(&mut place.stream(&place.few))).collect()),
    );
    let what = "issue -f into a stream: 100,000 / 2,000 (median)";
    Row::ratio(what, median(many), median(few), GROWTH_BOUND)
}

fn memory(place: &Place) -> Row {
    let kib = |list: &Path| f64::from(peak_of(&place.stream(list)));
    let (few, many) = (kib(&place.few), kib(&place.many));
    let bytes = (many - few) * 1024.0 / (MANY - FEW) as f64;
    Row {
        what: "issue -f into a stream: peak memory of 98,000 more names".to_owned(),
        measured: format!("{bytes:.0} bytes a name ({:.1} MiB / {:.1} MiB)", many / 1024.0, few / 1024.0),
        bound: format!("{MEMORY_BOUND_BYTES}"),
        holds: Some(bytes <= MEMORY_BOUND_BYTES),
    }
}
