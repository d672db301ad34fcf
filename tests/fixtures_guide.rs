//! The guide's fixtures are what `fixtures/guide/make.sh` makes: its commands are run again and the results compared.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

const LAYOUTS: [&str; 3] = ["intermediate", "root-only", "self-signed"];

/// OpenSSL 3.2 changed what `x509 -req` makes, so only these repeat the committed certificates in full.
const SAME_PROFILE: [&str; 2] = ["OpenSSL 3.0.", "OpenSSL 3.1."];

#[test]
fn the_script_makes_the_same_files_again() {
    let remade = remake();
    for layout in LAYOUTS {
        assert_eq!(names(&remade.path().join(layout)), names(&committed(layout)), "{layout}");
    }
}

#[test]
fn the_script_leaves_every_key_private_and_nothing_else() {
    let remade = remake();
    for layout in LAYOUTS {
        for name in names(&remade.path().join(layout)) {
            let path = remade.path().join(layout).join(&name);
            let mode = fs::metadata(&path).expect("file was just listed").permissions().mode() & 0o777;
            let expected = if name.ends_with(".key") { 0o600 } else { 0o644 };
            assert_eq!(mode, expected, "{layout}/{name} has mode {mode:04o}, not {expected:04o}");
        }
    }
}

#[test]
fn the_script_makes_the_same_certificates_again_but_for_keys_and_dates() {
    let version = stdout(Command::new("openssl").arg("version"));
    let same_profile = SAME_PROFILE.iter().any(|prefix| version.starts_with(prefix));
    let remade = remake();
    for layout in LAYOUTS {
        let (ours, theirs) = (certificates(&committed(layout)), certificates(&remade.path().join(layout)));
        for (file, expected) in &ours {
            let found = &theirs[file];
            if same_profile {
                assert_eq!(found, expected, "{layout}/{file}, made by {version}");
            } else {
                assert_eq!(names_in(found), names_in(expected), "{layout}/{file}, made by {version}");
            }
        }
    }
}

#[test]
fn the_committed_certificates_show_what_is_wrong_with_the_guide() {
    for layout in ["intermediate", "root-only"] {
        let files = certificates(&committed(layout));
        for leaf in ["server.crt", "client.crt"] {
            assert!(files[leaf][0].contains("Version: 1 (0x0)"), "{layout}/{leaf}: {}", files[leaf][0]);
            assert!(!files[leaf][0].contains("extensions"), "{layout}/{leaf}: {}", files[leaf][0]);
        }
    }
    for (file, chain) in certificates(&committed("self-signed")) {
        assert!(chain[0].contains("CA:TRUE"), "self-signed/{file}: {}", chain[0]);
    }
}

#[test]
fn the_committed_chains_stand_in_the_guides_order() {
    let files = certificates(&committed("intermediate"));
    let subjects =
        |file: &str| -> Vec<String> { files[file].iter().map(|text| line_with(text, "Subject:")).collect() };
    let (root, intermediate) = ("CN=root.yourdomain.com", "CN=intermediate.yourdomain.com");
    assert_eq!(subjects("chain.crt"), [intermediate, root]);
    assert_eq!(subjects("server.crt"), ["CN=dbhost.yourdomain.com", intermediate]);
    assert_eq!(subjects("client.crt"), ["CN=kong", intermediate]);
    for single in ["root.crt", "intermediate.crt"] {
        assert_eq!(files[single].len(), 1, "{single}");
    }
}

/// Runs a copy of the script in a new directory, under the umask that the committed files were made with.
fn remake() -> TempDir {
    let dir = TempDir::new().expect("temporary directory");
    fs::copy(guide().join("make.sh"), dir.path().join("make.sh")).expect("script can be copied");
    stdout(Command::new("sh").args(["-c", "umask 022; sh ./make.sh"]).current_dir(&dir));
    dir
}

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide")
}

fn committed(layout: &str) -> PathBuf {
    guide().join(layout)
}

/// File names in `dir`, sorted.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("directory can be listed");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("entry can be read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// For each `.crt` in `dir`: its certificates in order, as text without what is new on every run.
fn certificates(dir: &Path) -> BTreeMap<String, Vec<String>> {
    let crt_files = names(dir).into_iter().filter(|name| name.ends_with(".crt"));
    crt_files
        .map(|name| {
            let text = fs::read_to_string(dir.join(&name)).expect("certificate file can be read");
            let blocks = text.split_inclusive("-----END CERTIFICATE-----\n");
            (name, blocks.map(describe).collect())
        })
        .collect()
}

/// What OpenSSL says about one PEM certificate: version, names, extensions; key identifiers as a placeholder.
fn describe(pem: &str) -> String {
    let dir = TempDir::new().expect("temporary directory");
    let file = dir.path().join("one.crt");
    fs::write(&file, pem).expect("certificate can be written");
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-text", "-nameopt", "RFC2253"]);
    command.args(["-certopt", "no_serial,no_validity,no_pubkey,no_sigdump", "-in"]);
    let text = stdout(command.arg(file));
    let lines = text.lines().map(|line| if is_key_identifier(line) { "<key identifier>" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_key_identifier(line: &str) -> bool {
    let value = line.trim().trim_start_matches("keyid:");
    value.len() == 59 && value.chars().all(|letter| letter.is_ascii_hexdigit() || letter == ':')
}

/// Issuer and subject of each certificate: the part that no OpenSSL release changes.
fn names_in(chain: &[String]) -> Vec<(String, String)> {
    chain.iter().map(|text| (line_with(text, "Issuer:"), line_with(text, "Subject:"))).collect()
}

/// What follows `label` on its line.
fn line_with(text: &str, label: &str) -> String {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(label));
    value.unwrap_or_else(|| panic!("no {label} in {text}")).trim().to_owned()
}

/// Runs a command that has to succeed.
fn stdout(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| {
        panic!("could not run {:?} (package openssl): {error}", command.get_program());
    });
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {complaint}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
