//! How our directories differ from those that the guide's own commands made: field by field, and in nothing else.
//!
//! What a table below does not name is equal: subjects, issuers, lifetimes, file names, the order in files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod foreign;

use foreign::{Facts, Place};
use pgtls::keys::{KeyType, SystemKeys};
use pgtls::ops::{GenerateRequest, generate};
use pgtls::profile::{self, Overrides};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// Around when the fixtures were made; nothing here asks the clock.
const NOW: OffsetDateTime = datetime!(2026-11-21 22:56:20 UTC);

/// What the guide's leaves lack is what lets a client pose as the server; what its CAs lack, strict clients refuse.
const INTERMEDIATE: &str = "
chain.crt
  Basic Constraints: critical; CA:TRUE -> critical; CA:TRUE, pathlen:0
  Key Usage: none -> critical; Certificate Sign, CRL Sign
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
client.crt
  Authority Key Identifier: none -> its issuer's
  Basic Constraints: none -> critical; CA:FALSE
  Extended Key Usage: none -> TLS Web Client Authentication
  Key Usage: none -> critical; Digital Signature
  Subject Key Identifier: none -> SHA-1 of its key
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
  version: 1 -> 3
intermediate.crt
  Basic Constraints: critical; CA:TRUE -> critical; CA:TRUE, pathlen:0
  Key Usage: none -> critical; Certificate Sign, CRL Sign
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
root.crt
  Authority Key Identifier: its own -> none
  Key Usage: none -> critical; Certificate Sign, CRL Sign
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
server.crt
  Authority Key Identifier: none -> its issuer's
  Basic Constraints: none -> critical; CA:FALSE
  Extended Key Usage: none -> TLS Web Server Authentication
  Key Usage: none -> critical; Digital Signature
  Subject Alternative Name: none -> DNS:dbhost.yourdomain.com, DNS:localhost, IP Address:127.0.0.1, \
   IP Address:0:0:0:0:0:0:0:1
  Subject Key Identifier: none -> SHA-1 of its key
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
  version: 1 -> 3
";

/// `chain.crt` is one name for the trust file in every layout with a CA: here it is the root alone.
const ROOT_ONLY: &str = "
chain.crt
  only ours
client.crt
  Authority Key Identifier: none -> its issuer's
  Basic Constraints: none -> critical; CA:FALSE
  Extended Key Usage: none -> TLS Web Client Authentication
  Key Usage: none -> critical; Digital Signature
  Subject Key Identifier: none -> SHA-1 of its key
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
  version: 1 -> 3
root.crt
  Authority Key Identifier: its own -> none
  Key Usage: none -> critical; Certificate Sign, CRL Sign
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
server.crt
  Authority Key Identifier: none -> its issuer's
  Basic Constraints: none -> critical; CA:FALSE
  Extended Key Usage: none -> TLS Web Server Authentication
  Key Usage: none -> critical; Digital Signature
  Subject Alternative Name: none -> DNS:dbhost.yourdomain.com, DNS:localhost, IP Address:127.0.0.1, \
   IP Address:0:0:0:0:0:0:0:1
  Subject Key Identifier: none -> SHA-1 of its key
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
  version: 1 -> 3
";

/// A client that is a CA could sign a login for any role, as soon as the server trusts it.
const SELF_SIGNED: &str = "
client.crt
  Basic Constraints: critical; CA:TRUE -> critical; CA:FALSE
  Extended Key Usage: none -> TLS Web Client Authentication
  Key Usage: none -> critical; Digital Signature
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
server.crt
  Basic Constraints: critical; CA:TRUE -> critical; CA:FALSE
  Extended Key Usage: none -> TLS Web Server Authentication
  Key Usage: none -> critical; Digital Signature
  Subject Alternative Name: none -> DNS:dbhost.yourdomain.com, DNS:localhost, IP Address:127.0.0.1, \
   IP Address:0:0:0:0:0:0:0:1
  begins: when it is made -> an hour before it is made
  key: rsaEncryption 2048 -> id-ecPublicKey 256
  signature: sha256WithRSAEncryption -> ecdsa-with-SHA256
";

#[test]
fn the_chain_with_an_intermediate_differs_from_the_guides_in_this_alone() {
    assert_eq!(difference("intermediate", None), INTERMEDIATE.trim_start());
}

#[test]
fn the_chain_without_intermediate_differs_from_the_guides_in_this_alone() {
    assert_eq!(difference("root-only", None), ROOT_ONLY.trim_start());
}

#[test]
fn the_self_signed_pair_differs_from_the_guides_in_this_alone() {
    assert_eq!(difference("self-signed", None), SELF_SIGNED.trim_start());
}

#[test]
fn with_the_guides_kind_of_key_that_difference_goes_and_the_server_may_also_encipher() {
    for (layout, table) in
        [("intermediate", INTERMEDIATE), ("root-only", ROOT_ONLY), ("self-signed", SELF_SIGNED)]
    {
        let rows = table.trim_start().lines().filter(|row| !row.contains("ecdsa") && !row.contains("id-ec"));
        let mut file = "";
        let expected: Vec<String> = rows
            .map(|row| {
                file = if row.starts_with(' ') { file } else { row };
                let enciphers = file == "server.crt" && row.contains("Digital Signature");
                if enciphers { format!("{row}, Key Encipherment") } else { row.to_owned() }
            })
            .collect();
        let found = difference(layout, Some(KeyType::Rsa2048));
        assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{layout}");
    }
}

#[test]
fn modes_are_those_that_the_guide_ends_with_whatever_its_users_umask() {
    for layout in ["intermediate", "root-only", "self-signed"] {
        let place = ours(layout, None);
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        for name in names(&place.path("pki")) {
            // `chmod og-rwx` on every key; `tests/fixtures_guide.rs` says the same of the guide's own directories.
            let expected = if name.ends_with(".key") { 0o600 } else { 0o644 };
            assert_eq!(mode(place.path("pki").join(&name)), expected, "{layout}/{name}");
        }
        assert_eq!(mode(place.path("pki")), 0o700, "{layout}");
    }
}

/// The same layout, made by us, as `pki/` in a place.
fn ours(layout: &str, key_type: Option<KeyType>) -> Place {
    let place = Place::new();
    let overrides = Overrides { key_type, ..Overrides::default() };
    let profile = profile::parse(layout, profile::builtin(layout).unwrap().text, &overrides).unwrap();
    let request = GenerateRequest::new(profile, place.path("pki"));
    generate(&request, NOW, &SystemKeys).unwrap();
    place
}

/// A row for each file that only one side has, and for each field in which the two differ: theirs, an arrow, ours.
fn difference(layout: &str, key_type: Option<KeyType>) -> String {
    let place = ours(layout, key_type);
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide").join(layout);
    let (theirs, ours) = (files(&place, &guide), files(&place, &place.path("pki")));
    let mut text = String::new();
    let every: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    for file in every {
        let (Some(theirs), Some(ours)) = (theirs.get(file), ours.get(file)) else {
            text +=
                &format!("{file}\n  only {}\n", if ours.contains_key(file) { "ours" } else { "the guide's" });
            continue;
        };
        let fields: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        let value = |side: &BTreeMap<String, String>, field: &String| {
            side.get(field).cloned().unwrap_or("none".into())
        };
        let rows: Vec<String> = fields
            .into_iter()
            .filter(|field| theirs.get(*field) != ours.get(*field))
            .map(|field| format!("  {field}: {} -> {}\n", value(theirs, field), value(ours, field)))
            .collect();
        if !rows.is_empty() {
            text += &format!("{file}\n{}", rows.concat());
        }
    }
    text
}

/// Each file of a directory as its fields. Requests and serial number files are by-products of OpenSSL's commands.
fn files(place: &Place, directory: &Path) -> BTreeMap<String, BTreeMap<String, String>> {
    let names =
        names(directory).into_iter().filter(|name| !name.ends_with(".csr") && !name.ends_with(".srl"));
    let described = names.map(|name| {
        let path = directory.join(&name).display().to_string();
        let fields =
            if name.ends_with(".crt") { certificate_file(place, &path) } else { key_file(place, &path) };
        (name, fields)
    });
    described.collect()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A key file: its label, and whose key it is.
fn key_file(place: &Place, path: &str) -> BTreeMap<String, String> {
    let public = place.openssl(&format!("pkey -pubout -in {path}"));
    let certificate = place.openssl(&format!("x509 -noout -pubkey -in {}", path.replace(".key", ".crt")));
    let label = place.read(path).lines().next().unwrap_or_default().to_owned();
    BTreeMap::from([
        ("label".to_owned(), label),
        ("of its certificate".to_owned(), (public == certificate).to_string()),
    ])
}

/// A certificate file: which certificates in which order, and every field of the first.
fn certificate_file(place: &Place, path: &str) -> BTreeMap<String, String> {
    let certificates = place.certificates(path);
    let subjects: Vec<&str> = certificates.iter().map(|facts| facts.subject.as_str()).collect();
    let first = &certificates[0];
    let made = if path.contains("fixtures/guide") { first.not_before } else { NOW };
    let mut fields = BTreeMap::from([
        ("certificates".to_owned(), subjects.join(" | ")),
        ("version".to_owned(), first.version.clone()),
        ("key".to_owned(), first.key.clone()),
        ("signature".to_owned(), first.signature.clone()),
        ("subject".to_owned(), first.subject.clone()),
        ("issuer".to_owned(), first.issuer.clone()),
        ("serial".to_owned(), serial(first)),
        ("begins".to_owned(), begins(made - first.not_before)),
        ("lifetime".to_owned(), format!("{} d", (first.not_after - made) / Duration::DAY)),
    ]);
    for (name, value) in &first.extensions {
        fields.insert(name.clone(), identifier(name, value, first, place, path).unwrap_or(value.clone()));
    }
    fields
}

fn serial(facts: &Facts) -> String {
    let fits = facts.serial.len() <= 40 && facts.serial.chars().all(|c| c.is_ascii_hexdigit());
    if fits { "positive, at most 20 octets".to_owned() } else { facts.serial.clone() }
}

fn begins(earlier: Duration) -> String {
    match earlier.whole_seconds() {
        0 => "when it is made".to_owned(),
        3600 => "an hour before it is made".to_owned(),
        other => format!("{other} s before it is made"),
    }
}

/// What a key identifier points to, in place of its bytes.
fn identifier(name: &str, value: &str, of: &Facts, place: &Place, path: &str) -> Option<String> {
    let own = of.extensions.get("Subject Key Identifier");
    match name {
        "Subject Key Identifier" => {
            let ca = if of.subject.contains("intermediate") { "intermediate.crt" } else { "root.crt" };
            let key = path.replace("chain.crt", ca).replace(".crt", ".key");
            let words = "-config /dev/null -subj /CN=x -addext subjectKeyIdentifier=hash -out again.pem";
            place.openssl(&format!("req -x509 -new -key {key} {words}"));
            let hash = place.certificate("again.pem").extension(name).to_owned();
            Some(if value == hash { "SHA-1 of its key" } else { "something else" }.to_owned())
        }
        "Authority Key Identifier" if own.is_some_and(|own| own == value) => Some("its own".to_owned()),
        "Authority Key Identifier" => {
            let directory = Path::new(path).parent().unwrap();
            let issuers = names(directory).into_iter().filter(|name| name.ends_with(".crt"));
            let mut issuers =
                issuers.map(|name| place.certificate(&directory.join(name).display().to_string()));
            let issuer = issuers.find(|facts| facts.subject == of.issuer)?;
            let is_issuers = issuer.extension("Subject Key Identifier") == value;
            Some(if is_issuers { "its issuer's" } else { "something else" }.to_owned())
        }
        _ => None,
    }
}
