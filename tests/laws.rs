//! What holds on the whole road, for every built-in profile and every type of key: equal in, equal out; each step back
//! undoes its step; what fails changes nothing; and no secret is ever shown.
#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod road;

use pgtls::diagnosis::Diagnosis;
use pgtls::error::Error;
use pgtls::fs::{Directory, DirectoryAttributes, FileSet, Mode, Target};
use pgtls::keys::{KeyError, KeySource, KeyType, PrivateKey, PublicKey, StoredKey, SystemKeys};
use pgtls::layout::{self, Arrangement, Filled, Found};
use pgtls::ops::{self, GenerateRequest};
use pgtls::pem::{self, BlockKind};
use pgtls::pki::{self, Secrets};
use pgtls::plan::{self, Existing};
use pgtls::profile::{BUILTINS, Overrides, Profile, Rule};
use pgtls::show;
use pgtls::state::State;
use pgtls::verify::Exhibit;
use pgtls::x509::{Certificate, SerialNumber};
use road::{KeyPool, Made, NOW, Numbers, built_in, make, planned, read, restored};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The keys of this process: RSA keys take long to make.
fn pool() -> &'static KeyPool {
    static POOL: OnceLock<KeyPool> = OnceLock::new();
    POOL.get_or_init(KeyPool::default)
}

/// Every built-in profile with every type of key, with a client for replication beside.
fn every() -> Vec<(String, Profile)> {
    let mut all = Vec::new();
    for Builtin { name, kind, overrides } in combinations() {
        let mut profile = built_in(name, &overrides);
        // A self-signed Ed25519 server is one that libpq cannot log in to; here it only has to be made.
        profile.certificates.iter_mut().for_each(|entry| entry.waive.push(Rule::EddsaSignsServer));
        all.push((format!("{name} {kind}"), profile));
    }
    all
}

struct Builtin {
    name: &'static str,
    kind: KeyType,
    overrides: Overrides,
}

fn combinations() -> Vec<Builtin> {
    let of = |name: &'static str| {
        KeyType::ALL.map(|kind| {
            let replication = Some("primaryuser".to_owned());
            let overrides = Overrides { key_type: Some(kind), replication, ..Overrides::default() };
            Builtin { name, kind, overrides }
        })
    };
    BUILTINS.iter().flat_map(|profile| of(profile.name)).collect()
}

/// The ways in which files can lie.
fn arrangements() -> [Arrangement; 2] {
    [Arrangement::default(), Arrangement { separate_ca: true, ..Arrangement::default() }]
}

mod equal {
    use super::*;

    #[test]
    fn equal_inputs_give_an_equal_plan_and_outline() {
        for (name, profile) in every() {
            for arrangement in arrangements() {
                let (one, other) = (planned(&profile), planned(&profile.clone()));
                assert_eq!(one, other, "{name}");
                let (one, other) =
                    (layout::outline(&one, &arrangement), layout::outline(&other, &arrangement));
                assert_eq!(one, other, "{name}");
            }
        }
    }

    #[test]
    fn equal_keys_give_equal_public_keys_and_serial_numbers() {
        let made = |profile: &Profile, seed| -> BTreeMap<String, (Vec<u8>, Vec<u8>)> {
            let keys = pool().source(seed);
            let made = make(profile, &Arrangement::default(), &Secrets::default(), &keys);
            let parts = made.issued.certificates.iter().map(|(stem, issued)| {
                let certificate = Certificate::from_der(&issued.der).unwrap();
                (stem.clone(), (certificate.public_key, certificate.serial))
            });
            parts.collect()
        };
        for (name, profile) in every() {
            // RSA keys are made by several threads, so which of them goes where is up to those.
            let sorted = |made: BTreeMap<String, (Vec<u8>, Vec<u8>)>| {
                let (keys, serials): (BTreeSet<_>, Vec<_>) = made.into_values().unzip();
                (keys, serials)
            };
            if name.contains("RSA") {
                assert_eq!(sorted(made(&profile, 1)), sorted(made(&profile, 1)), "{name}");
            } else {
                assert_eq!(made(&profile, 1), made(&profile, 1), "{name}");
            }
            assert_ne!(sorted(made(&profile, 1)).1, sorted(made(&profile, 2)).1, "{name}");
        }
    }

    #[test]
    fn signatures_that_need_no_randomness_make_equal_certificates() {
        for profile in BUILTINS {
            let mut ed25519 = built_in(profile.name, &Overrides::default());
            for entry in &mut ed25519.certificates {
                entry.key_type = KeyType::Ed25519;
                entry.waive.push(Rule::EddsaSignsServer);
            }
            let files = |seed| {
                make(&ed25519, &Arrangement::default(), &Secrets::default(), &pool().source(seed)).filled
            };
            assert_eq!(files(7), files(7), "{}: to the last byte", profile.name);
        }
    }
}

mod back {
    //! Each step back undoes its step.
    use super::*;

    #[test]
    fn restore_undoes_fill() {
        for (name, profile) in every() {
            for arrangement in arrangements() {
                let made = make(&profile, &arrangement, &Secrets::default(), &pool().source(3));
                let state = restored(&made, &arrangement);
                assert_holds(&name, &made, &state, None);
                let bundles =
                    profile.bundles.iter().map(|bundle| (bundle.file.clone(), &bundle.certificates));
                let leaves = profile.certificates.iter().filter(|entry| !entry.append.is_empty());
                let chains: Vec<(String, Vec<String>)> = leaves
                    .map(|leaf| {
                        (
                            format!("{}.crt", leaf.name),
                            [vec![leaf.name.clone()], leaf.append.clone()].concat(),
                        )
                    })
                    .collect();
                let all = bundles.chain(chains.iter().map(|(file, stems)| (file.clone(), stems)));
                for (file, stems) in all {
                    let found: Vec<&[u8]> = state.certificates[&file]
                        .iter()
                        .map(|certificate| certificate.der.as_slice())
                        .collect();
                    let expected: Vec<&[u8]> =
                        stems.iter().map(|stem| made.issued.certificates[stem].der.as_slice()).collect();
                    assert_eq!(found, expected, "{name} {file}");
                }
            }
        }
    }

    /// The state holds each certificate and key that was made, and each key belongs to its certificate.
    fn assert_holds(name: &str, made: &Made, state: &State, passphrase: Option<&[u8]>) {
        assert!(!made.issued.certificates.is_empty());
        for (stem, issued) in &made.issued.certificates {
            let certificate = state.certificate(stem).unwrap();
            assert_eq!(certificate.der, issued.der, "{name} {stem}");
            let key = state.key(stem).unwrap().open(passphrase).unwrap();
            assert_eq!(key.public().spki_der(), certificate.public_key, "{name} {stem}");
            let pem = issued.key_pem.as_ref().unwrap();
            let written = StoredKey::from_pem(pem).unwrap().open(passphrase).unwrap();
            assert_eq!(key.pkcs8_der(), written.pkcs8_der(), "{name} {stem}");
        }
    }

    #[test]
    fn keys_of_cas_come_back_from_under_a_passphrase_and_those_of_leaves_have_none() {
        let arrangement = Arrangement { encrypted_ca: true, ..Arrangement::default() };
        let passphrase = b"correct horse";
        let secrets = Secrets { ca_passphrase: Some(passphrase.to_vec().into()), ..Secrets::default() };
        let profile = built_in("root-only", &Overrides::default());
        let made = make(&profile, &arrangement, &secrets, &pool().source(4));
        let state = restored(&made, &arrangement);
        assert_holds("root-only", &made, &state, Some(passphrase));
        assert!(matches!(state.key("root"), Some(StoredKey::Encrypted(_))));
        assert!(matches!(state.key("server"), Some(StoredKey::Plain(_))));
        assert!(matches!(state.key("root").unwrap().open(None), Err(KeyError::Encrypted)));
        assert!(matches!(state.key("root").unwrap().open(Some(b"x")), Err(KeyError::WrongPassphrase)));
        let again = plan::build(&profile, &state, Existing::Replace, NOW).unwrap();
        let wrong = Secrets { ca_passphrase: Some(b"battery".to_vec().into()), ..Secrets::default() };
        let error = pki::issue(&again, &state, &SystemKeys, &wrong).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the key of the CA \"root\" cannot be used: the passphrase does not open the key"
        );
        pki::issue(&again, &state, &SystemKeys, &secrets).unwrap();
    }

    #[test]
    fn what_is_restored_is_unchanged_for_the_same_profile() {
        for (name, profile) in every() {
            for arrangement in arrangements() {
                let made = make(&profile, &arrangement, &Secrets::default(), &pool().source(5));
                let state = restored(&made, &arrangement);
                let plan = plan::build(&profile, &state, Existing::Keep, NOW).unwrap();
                assert!(layout::outline(&plan, &Arrangement::default()).files.is_empty(), "{name}");
                let outline = layout::outline(&plan, &arrangement);
                assert!(outline.files.is_empty(), "{name}: {outline:?}");
            }
        }
    }

    #[test]
    fn what_was_made_says_what_the_plan_says() {
        for (name, profile) in every() {
            let made = make(&profile, &Arrangement::default(), &Secrets::default(), &pool().source(6));
            for spec in &made.plan.certificates {
                let found = Certificate::from_der(&made.issued.certificates[&spec.stem].der).unwrap();
                let issuer = made.plan.certificate(spec.issuer.stem().unwrap_or(&spec.stem)).unwrap();
                assert_eq!(found.version, 3, "{name}");
                assert_eq!((&found.subject, &found.issuer), (&spec.subject, &issuer.subject), "{name}");
                assert_eq!(found.window, spec.window, "{name}");
                assert_eq!(found.usage(), spec.usage, "{name}");
                assert_eq!(found.ca, Some(spec.usage.is_ca()), "{name}");
                let path_length = spec.extensions.basic_constraints.path_length().map(u32::from);
                assert_eq!(found.path_length, path_length, "{name}");
                assert_eq!(found.key_usage.as_ref(), Some(&spec.extensions.key_usage), "{name}");
                assert_eq!(found.extended_key_usage, spec.extensions.extended_key_usage, "{name}");
                assert_eq!(found.subject_alt_names, spec.extensions.subject_alt_names, "{name}");
                let key = PublicKey::from_spki_der(&found.public_key);
                assert_eq!(key.key_type(), Some(spec.key_type), "{name}");
                assert_eq!(found.subject_key_identifier, Some(key.identifier()), "{name}");
                let issuer = Certificate::from_der(&made.issued.certificates[&issuer.stem].der).unwrap();
                assert!(issuer.may_have_issued(&found), "{name}");
            }
        }
    }

    #[test]
    fn reading_undoes_committing() {
        for (name, profile) in every() {
            let made = make(&profile, &Arrangement::default(), &Secrets::default(), &pool().source(8));
            let files = &made.filled.directory;
            let scratch = tempfile::tempdir().unwrap();
            let path = scratch.path().join("pki");
            let attributes = DirectoryAttributes { mode: Mode::DIRECTORY, gid: None };
            let target = Target::lock(&path).unwrap();
            target.stage(files, attributes).unwrap().commit().unwrap();
            drop(target);
            let found = Directory::open(&path).unwrap().unwrap().read(|_| true).unwrap();
            assert_eq!(contents_and_modes(&found), contents_and_modes(files), "{name}");
        }
    }

    #[test]
    fn only_what_holds_no_key_is_made_public_and_so_not_wiped() {
        for (name, profile) in every() {
            let made = make(&profile, &Arrangement::default(), &Secrets::default(), &pool().source(8));
            for (file, entry) in made.filled.directory.iter() {
                let holds_key = entry.contents.windows(11).any(|part| part == b"PRIVATE KEY");
                assert_eq!(entry.contents.is_public(), !holds_key, "{name}: {file}");
                assert_eq!(holds_key, file.ends_with(".key"), "{name}: {file}");
            }
        }
    }

    fn contents_and_modes(files: &FileSet) -> Vec<(&str, &[u8], Mode)> {
        files.iter().map(|(name, file)| (name, file.contents.as_slice(), file.mode)).collect()
    }

    #[test]
    fn gen_writes_the_outline_and_what_it_wrote_is_restored_as_the_plan() {
        for profile in BUILTINS {
            let scratch = tempfile::tempdir().unwrap();
            let request = request(profile.name, &scratch.path().join("pki"));
            let generated = ops::generate(&request, NOW, &SystemKeys).unwrap();
            assert!(generated.created);
            let directory = Directory::open(&request.directory).unwrap().unwrap();
            let files = directory.read(|_| true).unwrap();
            let found: BTreeMap<&str, Mode> = files.iter().map(|(name, file)| (name, file.mode)).collect();
            let outline = generated.outline.files.iter().map(|file| (file.name.as_str(), file.mode));
            assert_eq!(found, outline.collect());
            let names = directory.names().unwrap().into_keys().collect();
            let (state, problems) =
                layout::restore(&Found { path: "pki".to_owned(), names, files, ..Found::default() }, None);
            assert!(problems.is_empty(), "{problems:?}");
            let profile = built_in(profile.name, &Overrides::default());
            let plan = plan::build(&profile, &state, Existing::Keep, NOW).unwrap();
            assert!(layout::outline(&plan, &Arrangement::default()).files.is_empty());
            let again = GenerateRequest { existing: Existing::Keep, ..request };
            let before = snapshot(scratch.path());
            let idle = ops::generate(&again, NOW, &SystemKeys).unwrap();
            assert!(idle.outline.files.is_empty() && !idle.created);
            assert_eq!(snapshot(scratch.path()), before, "the same again writes nothing");
        }
    }
}

/// A request for a built-in profile in the clear.
fn request(profile: &str, directory: &Path) -> GenerateRequest {
    GenerateRequest::new(built_in(profile, &Overrides::default()), directory)
}

/// Everything under a directory: path, mode, contents.
fn snapshot(path: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let (name, mode) =
            (entry.path().display().to_string(), entry.metadata().unwrap().permissions().mode());
        if entry.file_type().unwrap().is_dir() {
            found.extend(snapshot(&entry.path()));
            found.insert(name, (mode, Vec::new()));
        } else {
            found.insert(name, (mode, fs::read(entry.path()).unwrap()));
        }
    }
    found
}

mod failing {
    //! A command that fails leaves the directory as it was.
    use super::*;

    /// Gives so many keys, or so many times random bytes, and then fails.
    struct Failing {
        keys: AtomicUsize,
        randoms: AtomicUsize,
    }

    impl Failing {
        fn after(keys: usize, randoms: usize) -> Self {
            Self { keys: keys.into(), randoms: randoms.into() }
        }

        fn count(left: &AtomicUsize) -> Result<(), KeyError> {
            let taken = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            taken.map(drop).map_err(|_| KeyError::Generation)
        }
    }

    impl KeySource for Failing {
        fn generate(&self, kind: KeyType) -> Result<PrivateKey, KeyError> {
            Self::count(&self.keys)?;
            pool().source(0).generate(kind)
        }

        fn random(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
            Self::count(&self.randoms)?;
            SystemKeys.random(bytes)
        }
    }

    const PLENTY: usize = 1000;

    /// Runs into each failure in turn, in a directory that is not there, one that is empty, and one that holds all but
    /// the leaves. The error names the certificate at which it happened.
    fn fails_at_each(sources: impl Fn(usize) -> Failing) {
        for profile in BUILTINS {
            let entries = built_in(profile.name, &Overrides::default()).certificates;
            let stems = entries.iter().map(|entry| Some(entry.name.as_str()));
            for (at, failing) in stems.chain([None]).enumerate() {
                let scratch = tempfile::tempdir().unwrap();
                let directory = scratch.path().join("pki");
                for existing in [false, true] {
                    if existing {
                        fs::create_dir(&directory).unwrap();
                        fs::write(directory.join("README"), "mine").unwrap();
                    }
                    let before = snapshot(scratch.path());
                    let result = ops::generate(&request(profile.name, &directory), NOW, &sources(at));
                    let Some(stem) = failing else {
                        assert!(result.is_ok(), "{}: enough is enough", profile.name);
                        break;
                    };
                    let error = result.unwrap_err();
                    assert_eq!(
                        error.to_string(),
                        format!(
                            "could not make \"{stem}\": could not generate a key: the random number generator failed"
                        )
                    );
                    assert!(matches!(error, Error::Issue(_)));
                    assert_eq!(error.failure(), pgtls::diagnosis::Failure::System);
                    assert_eq!(snapshot(scratch.path()), before, "{} {at}", profile.name);
                }
            }
        }
    }

    #[test]
    fn a_key_that_fails_leaves_nothing_and_names_its_certificate() {
        fails_at_each(|at| Failing::after(at, PLENTY));
    }

    #[test]
    fn a_serial_number_that_fails_leaves_nothing_and_names_its_certificate() {
        fails_at_each(|at| Failing::after(PLENTY, at));
    }

    #[test]
    fn replacing_leaves_that_fails_leaves_the_old_ones() {
        for at in 0..2 {
            let scratch = tempfile::tempdir().unwrap();
            let request = request("intermediate", &scratch.path().join("pki"));
            ops::generate(&request, NOW, &SystemKeys).unwrap();
            let before = snapshot(scratch.path());
            let force = GenerateRequest { existing: Existing::Replace, ..request };
            let error = ops::generate(&force, NOW, &Failing::after(at, PLENTY)).unwrap_err();
            let stem = ["server", "client"][at];
            assert!(error.to_string().starts_with(&format!("could not make \"{stem}\"")), "{error}");
            assert_eq!(snapshot(scratch.path()), before);
            let error = ops::generate(&force, NOW, &Failing::after(PLENTY, at)).unwrap_err();
            assert!(error.to_string().starts_with(&format!("could not make \"{stem}\"")), "{error}");
            assert_eq!(snapshot(scratch.path()), before);
            ops::generate(&force, NOW, &Failing::after(PLENTY, PLENTY)).unwrap();
            let after = snapshot(scratch.path());
            let changed: Vec<&String> =
                after.keys().filter(|name| before.get(*name) != Some(&after[*name])).collect();
            assert_eq!(changed.len(), 6, "two pairs, the index and its attributes: {changed:?}");
        }
    }

    #[test]
    fn a_refused_plan_leaves_both_directories_as_they_were() {
        let scratch = tempfile::tempdir().unwrap();
        let first = GenerateRequest {
            ca_directory: Some(scratch.path().join("ca")),
            ..request("intermediate", &scratch.path().join("pki"))
        };
        ops::generate(&first, NOW, &SystemKeys).unwrap();
        fs::remove_file(scratch.path().join("ca/intermediate.key")).unwrap();
        let before = snapshot(scratch.path());
        for existing in [Existing::Refuse, Existing::Replace] {
            let again = GenerateRequest { existing, ..first.clone() };
            let error = ops::generate(&again, NOW, &SystemKeys).unwrap_err();
            assert!(matches!(error, Error::Plan(_)), "{error}");
            assert_eq!(snapshot(scratch.path()), before);
        }
    }

    #[test]
    fn a_dry_run_makes_no_key_and_writes_nothing() {
        for profile in BUILTINS {
            let scratch = tempfile::tempdir().unwrap();
            let request =
                GenerateRequest { dry_run: true, ..request(profile.name, &scratch.path().join("pki")) };
            let decided = ops::generate(&request, NOW, &Failing::after(0, 0)).unwrap();
            assert!(snapshot(scratch.path()).is_empty());
            let wet = GenerateRequest { dry_run: false, ..request };
            let made = ops::generate(&wet, NOW, &SystemKeys).unwrap();
            assert_eq!((decided.plan, decided.outline), (made.plan, made.outline));
        }
    }
}

mod secrets {
    //! No secret in anything that is printed.
    use super::*;
    use std::fmt::Debug;

    /// The ways in which eight bytes of a secret could show: base64 at each alignment, hexadecimal, decimal, raw.
    fn traces(secret: &[u8]) -> Vec<String> {
        let mut traces = Vec::new();
        for part in secret.chunks_exact(16) {
            for skip in 0..3 {
                let text = base64(&part[skip..skip + 12]);
                traces.push(text);
            }
            for format in [hex, spaced_hex, upper_hex, decimal] {
                traces.push(format(&part[4..12]));
            }
        }
        traces
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn upper_hex(bytes: &[u8]) -> String {
        hex(bytes).to_uppercase()
    }

    fn spaced_hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
    }

    fn decimal(bytes: &[u8]) -> String {
        bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")
    }

    /// Of a multiple of three bytes, without its frame.
    fn base64(bytes: &[u8]) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits = bytes.chunks_exact(3).flat_map(|three| {
            let number = three.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
            [18, 12, 6, 0].map(|shift| char::from(ALPHABET[number >> shift & 63]))
        });
        digits.collect()
    }

    /// The secret bytes of a key: the seed of an Ed25519 key, the scalar of an ECDSA key, all but the modulus of RSA.
    fn secret_of(key: &PrivateKey) -> Vec<u8> {
        let public = key.public().spki_der();
        let der = key.pkcs8_der();
        // Public parts stand in a private key too; those may be shown.
        let shown = |at: usize| {
            (at.saturating_sub(15)..=at).any(|from| {
                der.get(from..from + 16).is_some_and(|part| public.windows(16).any(|own| own == part))
            })
        };
        (if der.len() == 48 { 16 } else { 36 }..der.len())
            .filter(|at| !shown(*at))
            .map(|at| der[at])
            .collect()
    }

    struct Watch {
        traces: Vec<String>,
    }

    impl Watch {
        fn over(secrets: &[&[u8]]) -> Self {
            Self { traces: secrets.iter().flat_map(|secret| traces(secret)).collect() }
        }

        fn check(&self, name: &str, shown: &str) {
            let joined: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
            let joined = joined.replace(",]", "]");
            for trace in &self.traces {
                assert!(!shown.contains(trace.as_str()), "{name} shows {trace}");
                assert!(!joined.contains(trace.as_str()), "{name} shows {trace}");
            }
        }

        fn debug(&self, name: &str, value: &impl Debug) {
            self.check(name, &format!("{value:?}"));
            self.check(name, &format!("{value:#?}"));
            self.check(name, &format!("{value:x?}"));
        }

        fn json(&self, name: &str, value: &impl serde::Serialize) {
            self.check(name, &serde_json::to_string_pretty(value).unwrap());
        }

        /// An error, with everything that it says and all its causes.
        fn error(&self, name: &str, error: &(impl Diagnosis + 'static)) {
            self.debug(name, error);
            let mut cause: Option<&dyn std::error::Error> = Some(error);
            while let Some(error) = cause {
                self.check(name, &error.to_string());
                self.check(name, &format!("{error:?}"));
                cause = error.source();
            }
            self.check(name, &error.detail().unwrap_or_default());
            self.check(name, &error.hint().unwrap_or_default());
        }
    }

    #[test]
    fn the_watch_itself_sees_what_it_is_for() {
        let secret: Vec<u8> = Numbers(5).bytes(32);
        let watch = Watch::over(&[&secret]);
        let sees = |shown: String| {
            let found = std::panic::catch_unwind(|| watch.check("x", &shown));
            found.is_err()
        };
        assert!(sees(format!("{secret:?}")));
        assert!(sees(format!("{secret:#?}")));
        assert!(sees(hex(&secret)) && sees(upper_hex(&secret)) && sees(spaced_hex(&secret)));
        let padded = [&[1][..], &secret, &[2, 3][..]].concat();
        for skip in 0..3 {
            let whole = &padded[skip..];
            assert!(sees(base64(&whole[..whole.len() / 3 * 3])), "{skip}");
        }
        assert!(!sees(format!("{:?}", Numbers(6).bytes(32))));
    }

    #[test]
    fn no_secret_shows_in_debug_or_json_of_anything_on_the_road() {
        let kinds = [KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Ed25519, KeyType::Rsa2048];
        // Every kind of key in the layouts of the guide; the others have more of the same, and looking for each in all
        // that is shown takes the square of it.
        let of_the_guide = ["intermediate", "root-only", "self-signed"];
        let kinds_of = |name: &str| if of_the_guide.contains(&name) { &kinds[..] } else { &kinds[..1] };
        let all = BUILTINS.iter().flat_map(|it| kinds_of(it.name).iter().map(|kind| (it.name, *kind)));
        for (name, kind) in all {
            let mut profile = built_in(name, &Overrides { key_type: Some(kind), ..Overrides::default() });
            profile.certificates.iter_mut().for_each(|entry| entry.waive.push(Rule::EddsaSignsServer));
            let arrangement = Arrangement::default();
            let made = make(&profile, &arrangement, &Secrets::default(), &pool().source(9));
            let state = restored(&made, &arrangement);
            let keys: Vec<PrivateKey> =
                state.keys.values().map(|stored| stored.open(None).unwrap()).collect();
            let mut secrets: Vec<Vec<u8>> = keys.iter().map(secret_of).collect();
            assert!(secrets.iter().all(|secret| secret.len() >= 32), "{name} {kind}");
            // What a file holds is the text of its PEM.
            secrets.extend(keys.iter().map(|key| key.to_pem().unwrap()[28..].to_vec()));
            let watch = Watch::over(&secrets.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let kept = plan::build(&profile, &state, Existing::Keep, NOW).unwrap();
            watch.debug("Plan", &made.plan);
            watch.json("Plan", &made.plan);
            watch.debug("Plan of what is kept", &kept);
            watch.json("Plan of what is kept", &kept);
            watch.debug("Outline", &made.outline);
            watch.json("Outline", &made.outline);
            watch.debug("Issued", &made.issued);
            watch.debug("State", &state);
            watch.debug("Filled", &made.filled);
            watch.debug("FileSet", &made.filled.directory);
            for (key, stored) in keys.iter().zip(state.keys.values()) {
                watch.debug("PrivateKey", key);
                watch.debug("StoredKey", stored);
                watch.debug("SigningKey", &pgtls::keys::SigningKey::new(key).unwrap());
                for block in pem::decode(&key.to_pem().unwrap()).unwrap() {
                    assert_eq!(block.kind, BlockKind::Pkcs8);
                    watch.debug("Block", &block);
                }
            }
            let Filled { directory, .. } = &made.filled;
            let found = Found { path: "pki".to_owned(), files: directory.clone(), ..Found::default() };
            watch.debug("Found", &found);
            let exhibits: Vec<Exhibit> =
                directory.iter().map(|(name, entry)| Exhibit::read(name, entry, None)).collect();
            let holdings = show::Holdings::of(&exhibits, &[], NOW);
            assert_eq!(holdings.keys.len(), keys.len());
            watch.debug("Holdings", &holdings);
            watch.json("Holdings", &(&holdings.nodes(), &holdings.lists, &holdings.requests, &holdings.keys));
            let listing = show::listing(&exhibits, NOW);
            watch.debug("listing", &listing);
            watch.json("listing", &listing);
        }
    }

    #[test]
    fn no_key_and_no_passphrase_shows_in_a_request_or_what_it_made() {
        let passphrase = "correct horse battery staple, 32";
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("passphrase");
        fs::write(&file, passphrase).unwrap();
        let request = GenerateRequest {
            ca_passphrase: Some(ops::Passphrase::File(file)),
            ..request("root-only", &scratch.path().join("pki"))
        };
        let generated = ops::generate(&request, NOW, &SystemKeys).unwrap();
        let files = Directory::open(&request.directory).unwrap().unwrap().read(|_| true).unwrap();
        let mut secrets = vec![passphrase.as_bytes().to_vec()];
        for (name, file) in files.iter().filter(|(name, _)| name.ends_with(".key")) {
            let key = StoredKey::from_pem(&file.contents).unwrap();
            assert_eq!(matches!(key, StoredKey::Encrypted(_)), name == "root.key");
            secrets.push(secret_of(&key.open(Some(passphrase.as_bytes())).unwrap()));
        }
        let watch = Watch::over(&secrets.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let passphrases =
            Secrets { ca_passphrase: Some(passphrase.as_bytes().to_vec().into()), ..Secrets::default() };
        for shown in [format!("{passphrases:?}"), format!("{request:?}"), format!("{generated:?}")] {
            assert!(!shown.contains("correct") && !shown.contains("staple"), "{shown}");
            watch.check("request", &shown);
        }
        watch.debug("Secrets", &passphrases);
        watch.debug("Generated", &generated);
        watch.debug("GenerateRequest", &request);
        watch.debug("FileSet", &files);
        let again = GenerateRequest { existing: Existing::Replace, ca_passphrase: None, ..request };
        watch.error("Error", &ops::generate(&again, NOW, &SystemKeys).unwrap_err());
    }

    #[test]
    fn no_key_shows_in_what_is_said_of_a_damaged_key_file() {
        let key = SystemKeys.generate(KeyType::Ed25519).unwrap();
        let text = String::from_utf8(key.to_pem().unwrap().to_vec()).unwrap();
        let body = text.lines().nth(1).unwrap().to_owned();
        let secret = secret_of(&key);
        let watch = Watch::over(&[&secret, body.as_bytes()]);
        let damaged = [
            ("on one line", text.replace('\n', " ")),
            ("without line ends", text.replace('\n', "")),
            ("without an end", text.replace("-----END PRIVATE KEY-----\n", "")),
            ("with a bad character", text.replacen(&body, &format!("{body}!"), 1)),
            ("cut short", text.replacen(&body, &body[..body.len() - 5], 1)),
            (
                "with its label broken",
                text.replacen("-----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY", 1),
            ),
        ];
        for (how, text) in damaged {
            let Err(error) = StoredKey::from_pem(text.as_bytes()) else { panic!("{how}: read\n{text}") };
            watch.error(how, &error);
            let file = pgtls::fs::FileEntry::new(text, Mode::SECRET);
            let files: FileSet = [("root.key".to_owned(), file)].into_iter().collect();
            let (_, problems) = layout::restore(&Found { files, ..Found::default() }, None);
            watch.error(how, &problems[0]);
        }
    }
}

mod serials {
    //! Serial numbers are as wide as asked for, and unique under one issuer.
    use super::*;

    /// So many nodes under one CA, each with this line.
    fn many(count: usize, line: impl Fn(usize) -> String) -> Profile {
        let mut text =
            "name = \"t\"\n[[certificate]]\nname = \"ca\"\nusage = \"root-ca\"\nsubject = \"CN=ca\"\n"
                .to_owned();
        for at in 0..count {
            text += &format!(
                "[[certificate]]\nname = \"n{at}\"\nusage = \"node\"\nissuer = \"ca\"\nsubject = \"CN=n{at}\"\n{}\n",
                line(at)
            );
        }
        read(&text)
    }

    /// The serial numbers of the nodes, as numbers without leading zeros.
    fn serials(profile: &Profile, keys: &dyn KeySource) -> Vec<Vec<u8>> {
        let made = make(profile, &Arrangement::default(), &Secrets::default(), keys);
        let nodes = made.plan.certificates.iter().filter(|spec| !spec.usage.is_ca());
        let serial = |stem: &str| {
            let serial = Certificate::from_der(&made.issued.certificates[stem].der).unwrap().serial;
            serial.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>()
        };
        nodes.map(|spec| serial(&spec.stem)).collect()
    }

    fn assert_unique(serials: &[Vec<u8>]) {
        let set: BTreeSet<&Vec<u8>> = serials.iter().collect();
        assert_eq!(set.len(), serials.len());
    }

    /// The number of bits in a number without leading zeros.
    fn width(serial: &[u8]) -> usize {
        serial.len() * 8 - serial.first().map_or(0, |byte| byte.leading_zeros() as usize)
    }

    /// One key for all, so that many certificates cost nothing; random bytes from a seed.
    struct OneKey {
        key: PrivateKey,
        numbers: std::sync::Mutex<Numbers>,
    }

    impl KeySource for OneKey {
        fn generate(&self, _: KeyType) -> Result<PrivateKey, KeyError> {
            Ok(self.key.clone())
        }

        fn random(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
            bytes.copy_from_slice(&self.numbers.lock().unwrap().bytes(bytes.len()));
            Ok(())
        }
    }

    fn one_key(seed: u64) -> OneKey {
        let key = pool().source(0).generate(KeyType::EcdsaP256).unwrap();
        OneKey { key, numbers: Numbers(seed).into() }
    }

    #[test]
    fn a_serial_number_has_as_many_random_bits_as_asked_for() {
        for bits in [8_u8, 9, 15, 16, 63, 64, 65, 127, 128, 158, 159] {
            let found = serials(&many(120, |_| format!("serial_bits = {bits}")), &one_key(1));
            assert_unique(&found);
            let widest = found.iter().map(|serial| width(serial)).max().unwrap();
            assert_eq!(widest, usize::from(bits), "of 120, half have the top bit");
            assert!(found.iter().all(|serial| !serial.is_empty()), "none is zero");
        }
    }

    #[test]
    fn eight_bits_are_enough_for_255_certificates_of_one_issuer() {
        for seed in 0..3 {
            assert_unique(&serials(&many(255, |_| "serial_bits = 8".to_owned()), &one_key(seed)));
        }
    }

    #[test]
    fn a_given_serial_number_is_kept_and_no_random_one_meets_it() {
        for seed in 0..20 {
            let line =
                |at| if at == 19 { "serial = 7".to_owned() } else { format!("serial_bits = {}", 8 + at % 2) };
            let found = serials(&many(20, line), &one_key(seed));
            assert_eq!(found[19], [7]);
            assert_unique(&found);
        }
        let line = |at| if at == 199 { "serial = 7" } else { "serial_bits = 8" }.to_owned();
        assert_unique(&serials(&many(200, line), &one_key(1)));
    }

    #[test]
    fn numbers_of_different_widths_are_compared_as_numbers() {
        let line = |at| if at < 100 { "serial_bits = 8" } else { "serial_bits = 9" }.to_owned();
        for seed in 0..3 {
            assert_unique(&serials(&many(200, line), &one_key(seed)));
        }
    }

    #[test]
    fn leading_zeros_of_a_random_number_are_not_encoded() {
        struct Small(OneKey);
        impl KeySource for Small {
            fn generate(&self, kind: KeyType) -> Result<PrivateKey, KeyError> {
                self.0.generate(kind)
            }

            fn random(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
                bytes.fill(0);
                let last = bytes.len() - 1;
                self.0.random(&mut bytes[last..])
            }
        }
        let profile = many(3, |_| "serial_bits = 128".to_owned());
        let made = make(&profile, &Arrangement::default(), &Secrets::default(), &Small(one_key(3)));
        for issued in made.issued.certificates.values() {
            let serial = Certificate::from_der(&issued.der).unwrap().serial;
            assert!(
                serial.len() == 1 || (serial.len() == 2 && serial[0] == 0 && serial[1] >= 0x80),
                "{serial:?}"
            );
        }
    }

    #[test]
    fn more_certificates_than_serial_numbers_are_refused_and_do_not_hang() {
        let plan = planned(&many(256, |_| "serial_bits = 8".to_owned()));
        let error = pki::issue(&plan, &State::default(), &SystemKeys, &Secrets::default()).unwrap_err();
        assert!(error.to_string().starts_with("no serial number of 8 bits is left for"), "{error}");
        assert_eq!(error.failure(), pgtls::diagnosis::Failure::Usage);
    }

    #[test]
    fn the_plan_says_how_a_serial_number_comes_about() {
        let plan = planned(&many(3, |at| ["serial = 258", "serial_bits = 64", ""][at].to_owned()));
        let json = serde_json::to_value(&plan).unwrap();
        let shown: Vec<_> =
            json["certificates"].as_array().unwrap().iter().map(|spec| spec["serial"].clone()).collect();
        let random = |bits: u8| serde_json::json!({ "random_bits": bits });
        let given = serde_json::json!({ "given": "0x0102" });
        assert_eq!(shown, [random(128), given, random(64), random(128)]);
        assert_eq!(plan.certificates[1].serial, SerialNumber::Given(vec![1, 2]));
    }
}
