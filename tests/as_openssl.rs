//! `gen --as-openssl`: the script is run, and what it makes is compared, file by file and field by field, with what
//! `gen` writes at the same moment. Needs `openssl` and `sh`.

use pgtls::diagnosis::{Diagnosis, Failure};
use pgtls::error::Error;
use pgtls::fs::Mode;
use pgtls::index::Index;
use pgtls::keys::{KeyType, PublicKey, StoredKey, SystemKeys};
use pgtls::layout::{self, Arrangement};
use pgtls::ops::{
    self, GenerateRequest, Generated, Passphrase, ProfileSource, caller_is_root, profile_source,
};
use pgtls::pem::{self, BlockKind};
use pgtls::plan::{self, Existing, Plan};
use pgtls::profile::{self, Overrides};
use pgtls::recipe::{RecipeTarget, script};
use pgtls::state::State;
use pgtls::x509::Certificate;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

/// Thirty years on is past 2049, where X.509 changes the way it writes a date.
const NOW: OffsetDateTime = datetime!(2026-03-01 12:34:56 UTC);
/// Spaces, quotes, the separators of a subject, a dollar, a hash, and letters beyond ASCII.
const CLIENT: &str = r#" Zoë "Z" O'Neil, Jr/x+y=z\ $HOME `id` #1 "#;
const LAYOUTS: [&str; 3] = ["intermediate", "root-only", "self-signed"];
const PASSPHRASE: &[u8] = b"correct horse $HOME 'battery'";

#[test]
fn an_ecdsa_p256_set_equals_the_one_that_gen_writes() {
    for layout in LAYOUTS {
        Pair::make(request(layout)).assert_equal();
    }
}

#[cfg(feature = "rsa")]
#[test]
fn an_rsa_set_equals_the_one_that_gen_writes() {
    for layout in LAYOUTS {
        let mut request = request(layout);
        request.overrides.key_type = Some(KeyType::Rsa2048);
        Pair::make(request).assert_equal();
    }
}

#[test]
fn an_ecdsa_p384_set_equals_the_one_that_gen_writes() {
    for layout in LAYOUTS {
        let mut request = request(layout);
        request.overrides.key_type = Some(KeyType::EcdsaP384);
        Pair::make(request).assert_equal();
    }
}

#[test]
fn a_set_with_ed25519_end_entities_equals_the_one_that_gen_writes() {
    for layout in LAYOUTS {
        let mut request = request(layout);
        if layout == "self-signed" {
            // A server would bear the signature that breaks SCRAM.
            request.profile.text = with_line(&request.profile.text, "client", "key_type = \"ed25519\"");
        } else {
            request.overrides.key_type = Some(KeyType::Ed25519);
            request.overrides.ca_key_type = Some(KeyType::EcdsaP384);
        }
        Pair::make(request).assert_equal();
    }
}

#[test]
fn the_guides_example_without_any_flag_equals_the_one_that_gen_writes() {
    for layout in LAYOUTS {
        let mut request = request(layout);
        request.overrides = Overrides::default();
        Pair::make(request).assert_equal();
    }
}

#[test]
fn a_replication_certificate_lifetimes_and_files_without_appendix_are_carried_over() {
    for layout in LAYOUTS {
        let mut request = request(layout);
        request.overrides.replication = Some("primaryuser".to_owned());
        if layout == "intermediate" {
            request.overrides.no_append = vec!["server".to_owned(), "client".to_owned()];
        }
        request.overrides.ending = Some(profile::Ending::At(datetime!(2049-12-31 23:59:59 UTC)));
        Pair::make(request).assert_equal();
    }
}

#[test]
fn an_empty_subject_makes_the_alternative_names_critical_in_both() {
    let mut request = request("intermediate");
    request.overrides = Overrides::default();
    request.profile.text = request.profile.text.replace("subject  = \"CN=dbhost.{domain}\"\n", "");
    let pair = Pair::make(request);
    pair.assert_equal();
    let text = fs::read(pair.theirs.join("server.crt")).expect("it was written");
    assert!(certificates(&text)[0].subject.is_empty());
}

#[test]
fn every_attribute_type_with_a_short_name_keeps_its_string_type_and_its_order() {
    let mut request = request("root-only");
    request.profile.text = request.profile.text.replace(
        "CN=root.{domain}",
        "C=DE,DC=example,DC=com,ST=a,L=b,street=c,O=Acme\\\\, Inc/x,OU=Engineering,OU=Té+CN=root+UID=u,title=t,\
         SN=s,GN=g,serialNumber=12-3,emailAddress=a@b.example",
    );
    Pair::make(request).assert_equal();
}

#[test]
fn a_given_serial_number_is_the_same_in_both() {
    let mut request = request("root-only");
    request.profile.text = with_line(&request.profile.text, "server", "serial = \"0x80ff\"");
    // The same number again, from another issuer.
    request.profile.text = with_line(&request.profile.text, "root", "serial = \"0x80ff\"");
    let pair = Pair::make(request);
    pair.assert_equal();
    for directory in [&pair.ours, &pair.theirs] {
        let text = fs::read(directory.join("server.crt")).expect("it was written");
        assert_eq!(certificates(&text)[0].serial, [0, 0x80, 0xff]);
    }
}

#[test]
fn a_node_and_a_path_length_of_a_profile_of_ones_own_are_carried_over() {
    let mut request = request("intermediate");
    request.profile.text = request
        .profile
        .text
        .replace("usage    = \"server\"", "usage    = \"node\"")
        .replace("usage    = \"intermediate-ca\"", "path_length = 3\nusage = \"intermediate-ca\"");
    Pair::make(request).assert_equal();
}

#[test]
fn ca_keys_go_to_their_own_directory_with_a_copy_of_their_certificates() {
    for layout in ["intermediate", "root-only"] {
        let mut request = request(layout);
        request.ca_directory = Some(PathBuf::from("missing/safe's"));
        let pair = Pair::make(request);
        pair.assert_equal();
        assert!(!pair.theirs.join("root.key").exists());
        assert!(pair.theirs.join("root.crt").exists());
    }
}

#[test]
fn the_indexes_of_a_ca_that_lies_apart_say_the_same_but_for_serial_numbers() {
    let mut request = request("intermediate");
    request.ca_directory = Some(PathBuf::from("safe"));
    let pair = Pair::make(request);
    let directories = pair.ca_directory.as_ref().expect("it was asked for");
    for (stem, leaves) in [("root", 1), ("intermediate", 2)] {
        let [ours, theirs] = directories.each_ref().map(|directory| {
            let text = fs::read(directory.join(format!("{stem}.index"))).expect("it was written");
            let index = Index::parse(&text).expect("an index");
            let told =
                index.lines().iter().map(|line| (line.status, line.not_after, line.subject.to_string()));
            told.collect::<Vec<_>>()
        });
        assert_eq!((ours.len(), &ours), (leaves, &theirs), "{stem}");
        let [ours, theirs] = directories
            .each_ref()
            .map(|directory| fs::read(directory.join(format!("{stem}.index.attr"))).expect("it was written"));
        assert_eq!(ours, theirs);
    }
}

#[test]
fn of_two_nested_directories_each_has_the_mode_that_gen_gives_it() {
    for (directory, ca_directory) in [("pki", "pki/ca"), ("ca/db1", "ca")] {
        let mut request = request("root-only");
        request.directory = PathBuf::from(directory);
        request.ca_directory = Some(PathBuf::from(ca_directory));
        let home = TempDir::new().expect("temporary directory");
        assert_success(&run_script(home.path(), &request));
        for place in [directory, ca_directory] {
            let mode = fs::metadata(home.path().join(place)).expect("it was made").mode() & 0o777;
            assert_eq!(mode, 0o700, "{place} of -D {directory} --ca-dir {ca_directory}");
        }
    }
}

#[test]
fn ca_keys_open_with_the_passphrase_and_are_encrypted_alike() {
    let mut request = request("root-only");
    request.ca_directory = Some(PathBuf::from("safe"));
    request.ca_passphrase_file = Some(PathBuf::from("pass's phrase"));
    let pair = Pair::make(request);
    pair.assert_equal();
    let ca_directories = pair.ca_directory.as_ref().expect("it was asked for");
    let [ours, theirs] = ca_directories.each_ref().map(|directory| directory.join("root.key"));
    let key = fs::read_to_string(&theirs).expect("it was written");
    assert!(key.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{key}");
    assert_eq!(encryption(&theirs), encryption(&ours));
}

#[test]
fn a_passphrase_of_the_environment_stays_there() {
    let home = TempDir::new().expect("temporary directory");
    let pgtls = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgtls"));
        command.args(words).current_dir(home.path()).env("PGTLS_CA_PASSPHRASE", "of the environment");
        command.output().expect("pgtls starts")
    };
    let script = pgtls(&["gen", "chain", "--as-openssl", "-D", "theirs"]);
    let text = String::from_utf8(script.stdout).expect("a script");
    assert!(!text.contains("of the environment") && text.contains("env:PGTLS_CA_PASSPHRASE"), "{text}");
    let mut sh = Command::new("sh");
    sh.args(["-c", &text]).current_dir(home.path()).env("PGTLS_CA_PASSPHRASE", "of the environment");
    assert!(sh.output().expect("sh starts").status.success());
    assert!(pgtls(&["gen", "chain", "-q", "-D", "ours"]).status.success());
    for directory in ["ours", "theirs"] {
        let key = home.path().join(directory).join("root.key");
        let mut openssl = Command::new("openssl");
        openssl.args(["pkey", "-noout", "-passin", "pass:of the environment", "-in"]).arg(&key);
        assert!(openssl.output().expect("openssl starts").status.success(), "{directory}");
        let text = fs::read_to_string(&key).expect("it was written");
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{text}");
    }
}

/// What OpenSSL says about how a key is encrypted: the names of algorithms and the rounds, in order.
fn encryption(key: &Path) -> Vec<String> {
    let key = key.display().to_string();
    let said = run(Path::new("."), "openssl", &["asn1parse", "-in", &key]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let telling = said.lines().filter(|line| line.contains("OBJECT") || line.contains("INTEGER"));
    telling.filter_map(|line| line.split_once("prim: ")).map(|(_, what)| what.to_owned()).collect()
}

#[test]
fn owner_group_and_modes_are_those_that_gen_gives() {
    let scratch = TempDir::new().expect("temporary directory");
    let own = fs::metadata(scratch.path()).expect("it was just made");
    // Whoever is not root can give a file to nobody but themselves.
    let (uid, gid) = if caller_is_root() { (12_345, 12_346) } else { (own.uid(), own.gid()) };
    let mut request = request("intermediate");
    request.owner = Some(format!("{uid}:{gid}"));
    request.key_mode = Some("0400".to_owned());
    let pair = Pair::make(request);
    pair.assert_equal();
    let facts = |name: &str| {
        let metadata = fs::metadata(pair.theirs.join(name)).expect("it was written");
        (metadata.mode() & 0o7777, metadata.uid(), metadata.gid())
    };
    assert_eq!(facts(""), (0o750, own.uid(), gid));
    assert_eq!(facts("server.key"), (0o400, uid, gid));
    assert_eq!(facts("server.crt"), (0o644, uid, gid));
    assert_eq!(facts("root.key"), (0o600, own.uid(), own.gid()));
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    for umask in ["000", "077", "0777"] {
        let home = TempDir::new().expect("temporary directory");
        let text = as_openssl(&request("root-only"), NOW).expect("a documented layout");
        fs::write(home.path().join("script"), text).expect("it can be written");
        assert_success(&run(home.path(), "sh", &["-c", &format!("umask {umask}; exec sh ./script")]));
        for (name, expected) in [("", 0o700), ("server.key", 0o600), ("server.crt", 0o644)] {
            assert_eq!(mode(&home.path().join("pki").join(name)), expected, "{name}, umask {umask}");
        }
    }
}

#[test]
fn the_script_uses_an_existing_directory_as_it_is_and_leaves_other_files_alone() {
    let home = TempDir::new().expect("temporary directory");
    let directory = home.path().join("pki");
    fs::create_dir(&directory).expect("it can be made");
    fs::write(directory.join("notes.txt"), "mine").expect("it can be written");
    let before = fs::metadata(&directory).expect("it was just made").mode();
    assert_success(&run_script(home.path(), &request("root-only")));
    assert_eq!(fs::metadata(&directory).expect("it is still there").mode(), before);
    assert_eq!(fs::read_to_string(directory.join("notes.txt")).expect("it is still there"), "mine");
}

#[test]
fn the_script_refuses_to_overwrite_and_leaves_everything_as_it_was() {
    let home = TempDir::new().expect("temporary directory");
    let directory = home.path().join("pki");
    fs::create_dir(&directory).expect("it can be made");
    fs::write(directory.join("client.key"), "precious").expect("it can be written");
    let ran = run_script(home.path(), &request("intermediate"));
    assert_eq!(ran.status.code(), Some(3), "{ran:?}");
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "error: \"pki/client.key\" exists already\n");
    assert_eq!(names(&directory), ["client.key"]);
    assert_eq!(fs::read_to_string(directory.join("client.key")).expect("it is still there"), "precious");
}

#[test]
fn a_link_that_leads_nowhere_is_not_written_through() {
    let home = TempDir::new().expect("temporary directory");
    let directory = home.path().join("safe");
    fs::create_dir(&directory).expect("it can be made");
    symlink(home.path().join("elsewhere"), directory.join("root.key")).expect("it can be made");
    let mut request = request("intermediate");
    request.ca_directory = Some(PathBuf::from("safe"));
    let ran = run_script(home.path(), &request);
    assert_eq!(ran.status.code(), Some(3), "{ran:?}");
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "error: \"safe/root.key\" exists already\n");
    assert_eq!(names(home.path()), ["safe"]);
}

#[test]
fn a_script_that_fails_says_why_and_leaves_no_file() {
    let home = TempDir::new().expect("temporary directory");
    let mut request = request("root-only");
    fs::write(home.path().join("passphrase"), "secret\n").expect("it can be written");
    request.ca_passphrase_file = Some(home.path().join("passphrase"));
    let text = as_openssl(&request, NOW).expect("a documented layout");
    fs::remove_file(home.path().join("passphrase")).expect("it was just written");
    let ran = run(home.path(), "sh", &["-c", &text]);
    assert_eq!(ran.status.code(), Some(4), "{ran:?}");
    assert!(String::from_utf8_lossy(&ran.stderr).contains("Can't open file"), "{ran:?}");
    assert_eq!(names(&home.path().join("pki")), [""; 0]);
}

#[test]
fn no_path_is_taken_for_shell_code_an_option_or_a_uri() {
    for path in ["it's $(touch pwned) `touch pwned` \"x\"", "-pki", "file:pki", "line\nbreak/pki", "päth #1"]
    {
        let home = TempDir::new().expect("temporary directory");
        let mut request = request("root-only");
        request.directory = PathBuf::from(path);
        let ran = run_script(home.path(), &request);
        assert_success(&ran);
        assert_eq!(String::from_utf8_lossy(&ran.stdout), "");
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
        let first = path.split('/').next().unwrap_or_default();
        assert_eq!(names(home.path()), [first]);
        assert!(home.path().join(path).join("chain.crt").exists(), "{path}");
    }
}

#[test]
fn a_profile_cannot_smuggle_commands_in_through_its_name() {
    let home = TempDir::new().expect("temporary directory");
    let mut request = request("root-only");
    let text = &request.profile.text;
    let text = text.replace("name    = \"root-only\"", "name = \"x\\ntouch pwned\"");
    request.profile.text = text.replace("source  = \"Kong: ", "source = \"x\\ntouch pwned");
    let ran = run_script(home.path(), &request);
    assert_success(&ran);
    assert_eq!(names(home.path()), ["pki"]);
}

#[test]
fn the_script_says_which_section_it_mirrors_and_what_it_needs() {
    for (layout, section) in [
        ("intermediate", "'Intermediate CA chain'"),
        ("root-only", "'Chain without intermediate CA'"),
        ("self-signed", "'Self-signed certificates for testing'"),
    ] {
        let text = as_openssl(&request(layout), NOW).expect("a documented layout");
        assert!(text.starts_with("#!/bin/sh\n"), "{text}");
        assert!(text.contains("Needs OpenSSL 3.0 or later."), "{text}");
        let mirrors = format!("# The layout mirrors: Kong: Configuring PostgreSQL TLS, {section}.\n");
        assert!(text.contains(&mirrors), "{text}");
    }
}

#[test]
fn what_openssl_cannot_be_told_is_refused_by_name() {
    for (line, what) in [
        ("excluded_names = [\"nowhere.example\"]", "has name constraints"),
        ("crl_distribution_points = [\"http://crl.example/root.crl\"]", "has CRL distribution points"),
        ("not_critical = [\"keyUsage\"]", "sets by hand whether keyUsage is critical"),
        ("extended_key_usages = [\"codeSigning\"]", "has the further extended key usage codeSigning"),
        ("serial_bits = 64", "has a serial number of 64 random bits, not 128"),
    ] {
        let mut request = request("intermediate");
        request.profile.text = with_line(&request.profile.text, "intermediate", line);
        assert_refused(&request, "intermediate", what);
    }
    for (subject, what) in [
        ("1.2.3.4=x", "has the attribute type 1.2.3.4 in its subject, for which openssl has no short name"),
        ("O=\\\\00", "has a zero byte in its subject"),
    ] {
        let mut request = request("intermediate");
        request.profile.text = request.profile.text.replace("CN=intermediate.{domain}", subject);
        assert_refused(&request, "intermediate", what);
    }
    let mut bare = request("root-only");
    bare.profile.text = bare.profile.text.replace("usage    = \"client\"", "usage = \"bare\"");
    assert_refused(&bare, "client", "is of usage bare, X.509 v1");
    let mut long = request("root-only");
    long.profile.text = with_line(&long.profile.text, "client", "waive = [\"common-name-too-long\"]")
        .replace("usage    = \"client\"", "usage = \"node\"");
    long.overrides.client = Some("x".repeat(65));
    assert_refused(&long, "client", "has a CN of over 64 characters, which openssl refuses");
}

#[test]
fn a_plan_that_keeps_a_certificate_or_has_no_passphrase_file_is_refused() {
    let home = TempDir::new().expect("temporary directory");
    let mut made = request("root-only");
    made.directory = home.path().join("pki");
    let made = generate(&made, NOW, &SystemKeys).expect("a documented layout");
    let root = fs::read(made.directory.join("root.crt")).expect("it was written");
    let source = profile_source("root-only").expect("built in");
    let profile = profile::parse("root-only", &source.text, &Overrides::default()).expect("built in");
    let plan = plan::build(&profile, &State::default(), Existing::Refuse, NOW).expect("built in");
    let target = RecipeTarget {
        source: String::new(),
        directory: PathBuf::from("pki"),
        ca_directory: None,
        ca_directory_inside: false,
        ca_passphrase: None,
        owner: None,
        directory_mode: Mode::DIRECTORY,
    };
    let written = |plan: &Plan, arrangement: &Arrangement| {
        let outline = layout::outline(plan, arrangement);
        script(plan, &outline, &target).expect_err("it cannot be said").detail()
    };
    let encrypted = Arrangement { encrypted_ca: true, ..Arrangement::default() };
    let expected = "Certificate \"root\" has a key under a passphrase that is in no file.";
    assert_eq!(written(&plan, &encrypted).as_deref(), Some(expected));
    let mut keeping = plan;
    keeping.certificates[0].kept = certificates(&root).into_iter().next();
    let expected = "Certificate \"root\" exists already and is kept.";
    assert_eq!(written(&keeping, &Arrangement::default()).as_deref(), Some(expected));
}

#[test]
fn a_path_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let mut request = request("root-only");
    request.directory = PathBuf::from(std::ffi::OsStr::from_bytes(b"p\xffki"));
    let error = as_openssl(&request, NOW).expect_err("no script can name it");
    assert_eq!(error.to_string(), "path \"p\u{fffd}ki\" is not UTF-8");
    assert_eq!(error.hint().as_deref(), Some("Give a path in UTF-8."));
    assert_eq!(error.failure(), Failure::Forbidden);
}

#[test]
fn what_gen_refuses_is_refused_in_the_same_words() {
    let home = TempDir::new().expect("temporary directory");
    let mut same = request("root-only");
    same.ca_directory = Some(same.directory.clone());
    let mut passphrase = request("root-only");
    passphrase.ca_passphrase_file = Some(home.path().join("missing"));
    let mut ed25519 = request("self-signed");
    ed25519.overrides.key_type = Some(KeyType::Ed25519);
    let mut owner = request("root-only");
    owner.owner = Some("nobody-of-that-name".to_owned());
    for mut request in [same, passphrase, ed25519, owner] {
        request.dry_run = true;
        let scripted = as_openssl(&request, NOW).expect_err("gen refuses it");
        let dry = generate(&request, NOW, &SystemKeys).expect_err("gen refuses it");
        assert_eq!((scripted.to_string(), scripted.failure()), (dry.to_string(), dry.failure()));
    }
}

/// A request whose profile is still text, so that a test can change it.
#[derive(Clone)]
struct Wish {
    profile: ProfileSource,
    overrides: Overrides,
    directory: PathBuf,
    ca_directory: Option<PathBuf>,
    existing: Existing,
    ca_passphrase_file: Option<PathBuf>,
    owner: Option<String>,
    key_mode: Option<String>,
    dry_run: bool,
}

impl Wish {
    fn typed(&self) -> Result<GenerateRequest, Error> {
        let wish = self.clone();
        Ok(GenerateRequest {
            profile: profile::parse(&wish.profile.origin, &wish.profile.text, &wish.overrides)?.into(),
            directory: wish.directory,
            ca_directory: wish.ca_directory,
            existing: wish.existing,
            ca_passphrase: wish.ca_passphrase_file.map(Passphrase::File),
            owner: wish.owner,
            key_mode: wish.key_mode,
            dry_run: wish.dry_run,
        })
    }
}

fn generate(wish: &Wish, now: OffsetDateTime, keys: &SystemKeys) -> Result<Generated, Error> {
    ops::generate(&wish.typed()?, now, keys)
}

fn as_openssl(wish: &Wish, now: OffsetDateTime) -> Result<String, Error> {
    ops::as_openssl(&wish.typed()?, now)
}

/// A request with difficult names, into `pki`.
fn request(layout: &str) -> Wish {
    let name = |text: &str| text.parse().expect("a name");
    Wish {
        profile: profile_source(layout).expect("built in"),
        overrides: Overrides {
            server: ["*.db.example.com", "bücher.example", "2001:db8::5", "192.0.2.7"].map(name).to_vec(),
            san: [r#"o'b$x#y\z"w`@example.com"#, "spiffe://example.com/a$b#c,d;e?f='g'"].map(name).to_vec(),
            client: Some(CLIENT.to_owned()),
            ca_lifetime: (layout != "self-signed").then(|| "30y".parse().expect("a lifetime")),
            ..Overrides::default()
        },
        directory: PathBuf::from("pki"),
        ca_directory: None,
        existing: Existing::Refuse,
        ca_passphrase_file: None,
        owner: None,
        key_mode: None,
        dry_run: false,
    }
}

/// A profile's text with one more line in the entry of that name.
fn with_line(text: &str, certificate: &str, line: &str) -> String {
    let mut done = false;
    let lines = text.lines().map(|old| {
        let is_name = old.starts_with("name ")
            && old.contains(&format!("= \"{certificate}\""))
            && old.contains("     =");
        done |= is_name;
        if is_name { format!("{old}\n{line}\n") } else { format!("{old}\n") }
    });
    let text = lines.collect();
    assert!(done, "no entry {certificate}");
    text
}

#[track_caller]
fn assert_refused(request: &Wish, certificate: &str, what: &str) {
    let error = as_openssl(request, NOW).expect_err(what);
    assert!(matches!(error, Error::Recipe(_)), "{error:?}");
    let name = &request.profile.origin;
    assert_eq!(error.to_string(), format!("profile \"{name}\" cannot be written as openssl commands"));
    assert_eq!(error.detail(), Some(format!("Certificate \"{certificate}\" {what}.")));
    assert_eq!(error.hint().as_deref(), Some("Leave --as-openssl out: gen makes it itself."));
    assert_eq!(error.failure(), Failure::Forbidden);
}

/// The same request, done by `gen` and by the script, each in a home of its own.
struct Pair {
    _homes: [TempDir; 2],
    ours: PathBuf,
    theirs: PathBuf,
    ca_directory: Option<[PathBuf; 2]>,
    passphrase: Option<&'static [u8]>,
}

impl Pair {
    fn make(request: Wish) -> Self {
        let homes = [(); 2].map(|()| TempDir::new().expect("temporary directory"));
        let [ours, theirs] = [0, 1].map(|at| at_home(&request, homes[at].path()));
        generate(&ours, NOW, &SystemKeys).expect("a documented layout");
        assert_success(&run_script(homes[1].path(), &theirs));
        Self {
            ours: ours.directory,
            theirs: theirs.directory,
            ca_directory: ours.ca_directory.zip(theirs.ca_directory).map(|(ours, theirs)| [ours, theirs]),
            passphrase: request.ca_passphrase_file.map(|_| PASSPHRASE),
            _homes: homes,
        }
    }

    fn assert_equal(&self) {
        self.assert_directories_equal(&self.ours, &self.theirs);
        if let Some([ours, theirs]) = &self.ca_directory {
            self.assert_directories_equal(ours, theirs);
            let parents = [ours, theirs].map(|path| mode(path.parent().expect("it has one")));
            assert_eq!(parents[0], parents[1]);
        }
        for directory in [&self.ours, &self.theirs] {
            assert_openssl_verifies(directory);
        }
    }

    fn assert_directories_equal(&self, ours: &Path, theirs: &Path) {
        assert_eq!(names(theirs), names(ours));
        assert_eq!(owner_and_mode(theirs), owner_and_mode(ours), "{ours:?}");
        for name in names(ours) {
            let files = [ours, theirs].map(|directory| directory.join(&name));
            assert_eq!(owner_and_mode(&files[1]), owner_and_mode(&files[0]), "{name}");
            let [ours, theirs] = files.map(|path| fs::read(path).expect("it was just listed"));
            match name.rsplit_once('.') {
                Some((stem, "key")) => self.assert_keys_equal(stem, &ours, &theirs),
                _ => assert_certificates_equal(&name, &ours, &theirs),
            }
        }
    }

    /// The same kind of key in the same encoding; each belongs to its certificate.
    fn assert_keys_equal(&self, stem: &str, ours: &[u8], theirs: &[u8]) {
        let first_line = |text: &[u8]| String::from_utf8_lossy(text).lines().next().map(str::to_owned);
        assert_eq!(first_line(theirs), first_line(ours), "{stem}.key");
        let kinds = [(&self.ours, ours), (&self.theirs, theirs)].map(|(directory, text)| {
            let stored = StoredKey::from_pem(text).expect("a key");
            let key = stored.open(self.passphrase).expect("it opens with the passphrase");
            let certificate = fs::read(directory.join(format!("{stem}.crt"))).expect("it is beside the key");
            assert_eq!(key.public().spki_der(), certificates(&certificate)[0].public_key, "{stem}");
            key.public().key_type()
        });
        assert_eq!(kinds[1], kinds[0], "{stem}.key");
    }
}

/// The request with every relative path at home.
fn at_home(request: &Wish, home: &Path) -> Wish {
    let mut request = request.clone();
    request.directory = home.join(request.directory);
    request.ca_directory = request.ca_directory.map(|path| home.join(path));
    request.ca_passphrase_file = request.ca_passphrase_file.map(|path| home.join(path));
    if let Some(path) = &request.ca_passphrase_file {
        fs::write(path, [PASSPHRASE, b"\nanother line\n"].concat()).expect("it can be written");
    }
    request
}

#[track_caller]
fn assert_certificates_equal(file: &str, ours: &[u8], theirs: &[u8]) {
    let (ours, theirs) = (certificates(ours), certificates(theirs));
    assert_eq!(theirs.len(), ours.len(), "{file}");
    for (at, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(without_keys(theirs), without_keys(ours), "{file}, certificate {at}");
        assert_eq!(encoded(theirs), encoded(ours), "{file}, certificate {at}");
        for certificate in [ours, theirs] {
            let serial = &certificate.serial;
            assert!(
                serial[0] < 0x80 && serial.len() <= 17 && serial.iter().any(|byte| *byte != 0),
                "{serial:?}"
            );
            let own = PublicKey::from_spki_der(&certificate.public_key).identifier();
            assert_eq!(certificate.subject_key_identifier.as_ref(), Some(&own), "{file}");
        }
        let kind = |certificate: &Certificate| PublicKey::from_spki_der(&certificate.public_key).key_type();
        assert_eq!(kind(theirs), kind(ours), "{file}, certificate {at}");
        assert!(kind(ours).is_some());
    }
}

/// What was read, without what is new in each run.
fn without_keys(certificate: &Certificate) -> Certificate {
    let mut certificate = certificate.clone();
    (certificate.der, certificate.serial, certificate.public_key) = (Vec::new(), Vec::new(), Vec::new());
    for identifier in [&mut certificate.subject_key_identifier, &mut certificate.authority_key_identifier] {
        *identifier = identifier.take().map(|bytes| vec![0; bytes.len()]);
    }
    certificate
}

/// The exact bytes of each field but serial number, key and signature; key identifiers are zeroed.
fn encoded(certificate: &Certificate) -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let parts = elements(&elements(&certificate.der)[0]);
    let [version, _, algorithm, issuer, validity, subject, _, extensions] = parts.as_slice() else {
        panic!("{} fields", parts.len());
    };
    let mut extensions: Vec<Vec<u8>> = elements(&elements(extensions)[0]);
    for identifier in [&certificate.subject_key_identifier, &certificate.authority_key_identifier] {
        extensions.iter_mut().for_each(|extension| zero(extension, identifier.as_deref().unwrap_or(&[0])));
    }
    // openssl takes the identifier that a self-signed end-entity refers to from the certificate itself, where it has
    // to stand first; the order has no meaning (RFC 5280 §4.1.2.9).
    if certificate.is_self_issued() && certificate.ca == Some(false) {
        extensions.sort();
    }
    let one = |bytes: &Vec<u8>| vec![bytes.clone()];
    BTreeMap::from([
        ("version", one(version)),
        ("signature algorithm", one(algorithm)),
        ("issuer", one(issuer)),
        ("validity", one(validity)),
        ("subject", one(subject)),
        ("extensions", extensions),
    ])
}

fn zero(bytes: &mut [u8], wanted: &[u8]) {
    if let Some(at) = bytes.windows(wanted.len()).position(|window| window == wanted) {
        bytes[at..at + wanted.len()].fill(0);
    }
}

/// The elements inside a constructed DER element.
fn elements(der: &[u8]) -> Vec<Vec<u8>> {
    let (_, mut rest, _) = split(der);
    let mut list = Vec::new();
    while !rest.is_empty() {
        let (element, _, behind) = split(rest);
        list.push(element.to_vec());
        rest = behind;
    }
    list
}

/// The first DER element, what is in it, and what follows it.
fn split(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (header, length) = match usize::from(der[1]) {
        short @ 0..0x80 => (2, short),
        long => {
            let digits = long - 0x80;
            (2 + digits, der[2..2 + digits].iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
        }
    };
    let (element, behind) = der.split_at(header + length);
    (element, &element[header..], behind)
}

fn certificates(text: &[u8]) -> Vec<Certificate> {
    let blocks = pem::decode(text).expect("PEM");
    assert!(blocks.iter().all(|block| block.kind == BlockKind::Certificate));
    blocks.iter().map(|block| Certificate::from_der(&block.der).expect("a certificate")).collect()
}

/// OpenSSL, as a server's peer and as a client's, accepts what is in a directory.
fn assert_openssl_verifies(directory: &Path) {
    let file = |name: &str| directory.join(name).display().to_string();
    for (leaf, purpose) in [("server", "sslserver"), ("client", "sslclient")] {
        let leaf = file(&format!("{leaf}.crt"));
        let trust = if directory.join("root.crt").exists() { file("root.crt") } else { leaf.clone() };
        let seconds = NOW.unix_timestamp().to_string();
        let mut arguments =
            vec!["verify", "-x509_strict", "-attime", &seconds, "-purpose", purpose, "-CAfile", &trust];
        let intermediate = file("intermediate.crt");
        if directory.join("intermediate.crt").exists() {
            arguments.extend(["-untrusted", &intermediate]);
        }
        arguments.push(&leaf);
        let verified = run(directory, "openssl", &arguments);
        assert!(verified.status.success(), "{arguments:?}: {verified:?}");
    }
}

/// Prints the script and runs it at home.
fn run_script(home: &Path, request: &Wish) -> Output {
    let text = as_openssl(request, NOW).expect("a documented layout");
    run(home, "sh", &["-c", &text])
}

fn run(home: &Path, program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(home).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("could not run {program} (package {program}): {error}"))
}

#[track_caller]
fn assert_success(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every name in a directory, hidden ones too, in order.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("it can be listed");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries.map(|entry| name(entry.expect("it can be read"))).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").mode() & 0o7777
}

fn owner_and_mode(path: &Path) -> (u32, u32, String) {
    let metadata = fs::metadata(path).expect("it exists");
    (metadata.uid(), metadata.gid(), format!("{:04o}", metadata.mode() & 0o7777))
}
