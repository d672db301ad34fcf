//! The script itself, from its first comment to the last `mv`.

use super::{RecipeError, config, expressible, quote};
use crate::fs::{Mode, Owner};
use crate::index::ATTRIBUTES;
use crate::keys::KeyType;
use crate::layout::{Content, Outline, OutlineFile, Place};
use crate::plan::{CertificateSpec, IssuerRef, Plan};
use crate::x509::SerialNumber;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::macros::format_description;

/// Where the script writes, and what it writes with, as far as plan and outline do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeTarget {
    /// The document that the profile mirrors; empty where there is none.
    pub source: String,
    /// The directory, as the user gave it.
    pub directory: PathBuf,
    /// The directory of CA keys, where that is another one.
    pub ca_directory: Option<PathBuf>,
    /// What encrypts CA keys.
    pub ca_passphrase: Option<RecipePassphrase>,
    /// Whose group may enter the directory where it is new; files have their owner from the outline.
    pub owner: Option<Owner>,
    /// The mode of the directory where it is new.
    pub directory_mode: Mode,
    /// Whether the CA's directory lies inside the other.
    pub ca_directory_inside: bool,
}

/// What encrypts the keys of CAs, as openssl is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipePassphrase {
    /// The first line of a file.
    File(PathBuf),
    /// What a variable of the environment holds.
    Variable(&'static str),
}

const OPENING: &str = "\
#!/bin/sh
# Makes the TLS files of the pgtls profile \"@PROFILE@\" with openssl alone.
#
# Printed by \"pgtls gen --as-openssl\", which makes the same files: the same subjects, names, usages, constraints,
# dates, order in each file and modes. Only keys, key identifiers, serial numbers and signatures are new in each run.
# The dates are those of the moment when this was printed. Needs OpenSSL 3.0 or later.
#@SOURCE@
# Certificates are signed with \"openssl ca\": the \"openssl x509 -req\" of OpenSSL 3.0 cannot set when they begin, nor
# the second in which they end. It wants a database and a file with the next serial number; both are scratch here.
#
# Exit codes: 0, done; 3, a file exists that would be overwritten, and nothing was changed; any other, a command failed
# and said why.
set -eu
inherited_umask=$(umask)
umask 077

";

const VERSION: &str = "
case $(openssl version) in
    'OpenSSL '[3-9].*) ;;
    *)
        echo 'error: OpenSSL 3.0 or later is needed' >&2
        exit 4
        ;;
esac

# Shows what a command says only where it fails.
quietly() {
    \"$@\" >\"$work/said\" 2>&1 || {
        cat \"$work/said\" >&2
        exit 4
    }
}
";

const REFUSAL: &str = "
# --- Nothing is overwritten ---

for file in @FILES@; do
    if [ -e \"$file\" ] || [ -L \"$file\" ]; then
        printf 'error: \"%s\" exists already\\n' \"$file\" >&2
        exit 3
    fi
done
";

const WORK: &str = "
# Everything is made in here, and gets its place at the very end.
work=$(mktemp -d \"$dir/.openssl-XXXXXX\")
export work
trap 'rm -rf \"$work\"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir \"$work/issued\" \"$work/copies\" \"$work/new\"";

/// Writes a plan down as a POSIX shell script that makes the files of its outline with `openssl`.
///
/// # Errors
/// [`RecipeError`]: the profile, the certificate and what of it the commands cannot say.
pub fn script(plan: &Plan, outline: &Outline, target: &RecipeTarget) -> Result<String, RecipeError> {
    expressible::check(plan, outline, target)?;
    let places = places(target)?;
    let mut text = opening(plan, target);
    text.push_str(&places);
    text.push_str(VERSION);
    let files: Vec<String> = outline.files.iter().map(|file| format!("\"{}\"", final_path(file))).collect();
    text.push_str(&REFUSAL.replace("@FILES@", &files.join(" \\\n    ")));
    text.push_str(&directories(target)?);
    text.push_str("\n# --- What goes into each certificate ---\n\n");
    text.push_str(&format!("cat >\"$work/openssl.cnf\" <<'END'\n{}END\n", config::config(plan)));
    for spec in &plan.certificates {
        text.push_str(&certificate(plan, outline, spec));
    }
    text.push_str("\n# --- The files ---\n");
    for file in &outline.files {
        text.push_str(&finished(plan, file));
    }
    text.push_str("\n# --- Into place ---\n\n");
    if target.ca_directory.is_some() {
        text.push_str("mv \"$work/new-ca\"/* \"$ca_dir/\"\n");
    }
    text.push_str("mv \"$work/new\"/* \"$dir/\"\n");
    Ok(text)
}

fn opening(plan: &Plan, target: &RecipeTarget) -> String {
    let source = match quote::comment(&target.source) {
        source if source.is_empty() => String::new(),
        source => format!("\n# The layout mirrors: {source}.\n#"),
    };
    OPENING.replace("@PROFILE@", &quote::comment(&plan.profile)).replace("@SOURCE@", &source)
}

/// The variables that hold what the user named.
fn places(target: &RecipeTarget) -> Result<String, RecipeError> {
    let mut text = format!("dir={}\n", path(&target.directory)?);
    if let Some(place) = &target.ca_directory {
        text.push_str(&format!("ca_dir={}\n", path(place)?));
    }
    match &target.ca_passphrase {
        None => {}
        Some(RecipePassphrase::File(file)) => text.push_str(&format!("passphrase=file:{}\n", path(file)?)),
        Some(RecipePassphrase::Variable(name)) => text.push_str(&format!("passphrase=env:{name}\n")),
    }
    Ok(text)
}

/// A quoted path. A relative one that begins like an option, or like a URI, which openssl would take it for, is given
/// its `./`.
fn path(path: &Path) -> Result<String, RecipeError> {
    let text = path.to_str().ok_or_else(|| RecipeError::PathEncoding { path: path.display().to_string() })?;
    let mistakable = text.starts_with('-') || (text.contains(':') && !text.starts_with('/'));
    Ok(if mistakable { quote::shell(&format!("./{text}")) } else { quote::shell(text) })
}

fn directories(target: &RecipeTarget) -> Result<String, RecipeError> {
    let mut text = "\n# --- Directories ---\n".to_owned();
    let group = target.owner.map(|owner| owner.gid);
    let mut made = vec![directory("dir", &target.directory, target.directory_mode, group)?];
    if let Some(ca_directory) = &target.ca_directory {
        // The outer of two is made first, with its own mode and not as a mere parent.
        let at = usize::from(target.ca_directory_inside);
        made.insert(at, directory("ca_dir", ca_directory, Mode::DIRECTORY, None)?);
    }
    text.push_str(&made.concat());
    text.push_str(WORK);
    text.push_str(if target.ca_directory.is_some() { " \"$work/new-ca\"\n" } else { "\n" });
    Ok(text)
}

/// One that exists stays as it is; what is missing above a new one is made as the caller makes directories.
fn directory(variable: &str, place: &Path, mode: Mode, group: Option<u32>) -> Result<String, RecipeError> {
    let mut text = format!("\nif [ ! -d \"${variable}\" ]; then\n");
    if let Some(parent) = place.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        text.push_str(&format!("    (umask \"$inherited_umask\" && mkdir -p {})\n", path(parent)?));
    }
    text.push_str(&format!("    mkdir \"${variable}\"\n"));
    if let Some(group) = group {
        text.push_str(&format!("    chgrp {group} \"${variable}\"\n"));
    }
    text.push_str(&format!("    chmod {mode} \"${variable}\"\nfi\n"));
    Ok(text)
}

/// Key, request and certificate.
fn certificate(plan: &Plan, outline: &Outline, spec: &CertificateSpec) -> String {
    let stem = &spec.stem;
    let (signer, whose, by) = match &spec.issuer {
        IssuerRef::Itself | IssuerRef::Elsewhere => {
            (spec, "signed by its own key".to_owned(), "-selfsign".to_owned())
        }
        IssuerRef::Certificate(issuer) => (
            plan.certificate(issuer).unwrap_or(spec),
            format!("signed by {issuer}"),
            format!("-cert \"$work/issued/{issuer}.pem\""),
        ),
    };
    let (key, signing_key) = (key_argument(outline, stem), key_argument(outline, &signer.stem));
    let subject = quote::shell(&quote::subject(&spec.subject));
    let (begin, end) = (instant(spec.window.not_before), instant(spec.window.not_after));
    [
        format!("\n# --- {stem}: {whose} ---\n\n"),
        new_key(outline, spec),
        format!("quietly openssl req -new -utf8 -config \"$work/openssl.cnf\" -subj {subject} \\\n"),
        format!("    -key {key} -out \"$work/{stem}.csr\"\n"),
        ": >\"$work/index\"\n".to_owned(),
        serial(&spec.serial),
        "quietly openssl ca -batch -notext -preserveDN -config \"$work/openssl.cnf\" \\\n".to_owned(),
        format!("    -extensions {} -startdate {begin} -enddate {end} \\\n", config::section(spec)),
        format!("    {by} -keyfile {signing_key}{} \\\n", digest(signer.key_type)),
        format!("    -in \"$work/{stem}.csr\" -out \"$work/issued/{stem}.pem\"\n"),
        match plan.indexes.iter().any(|index| spec.issuer.is(&index.of)) {
            true => format!("cp \"$work/index\" \"$work/issued/{stem}.line\"\n"),
            false => String::new(),
        },
    ]
    .concat()
}

/// Makes a key: PKCS#8, and where it is encrypted never in the clear on disk.
fn new_key(outline: &Outline, spec: &CertificateSpec) -> String {
    let options = match spec.key_type {
        KeyType::EcdsaP256 => "EC -pkeyopt ec_paramgen_curve:P-256",
        KeyType::EcdsaP384 => "EC -pkeyopt ec_paramgen_curve:P-384",
        KeyType::Ed25519 => "ED25519",
        KeyType::Rsa2048 => "RSA -pkeyopt rsa_keygen_bits:2048",
        KeyType::Rsa3072 => "RSA -pkeyopt rsa_keygen_bits:3072",
        KeyType::Rsa4096 => "RSA -pkeyopt rsa_keygen_bits:4096",
    };
    match key_file(outline, &spec.stem) {
        (path, false) => format!("quietly openssl genpkey -algorithm {options} -out \"{path}\"\n"),
        (path, true) => format!(
            "openssl genpkey -quiet -algorithm {options} |\n    \
             quietly openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000 \\\n        \
             -passout \"$passphrase\" -out \"{path}\"\n"
        ),
    }
}

/// The argument that names a key, and what opens it.
fn key_argument(outline: &Outline, stem: &str) -> String {
    match key_file(outline, stem) {
        (path, false) => format!("\"{path}\""),
        (path, true) => format!("\"{path}\" -passin \"$passphrase\""),
    }
}

/// Where the key of a certificate is made, and whether it is under a passphrase.
fn key_file(outline: &Outline, stem: &str) -> (String, bool) {
    let found = outline.files.iter().find_map(|file| match &file.content {
        Content::Key { of, encrypted } if of == stem => Some((new_path(file), *encrypted)),
        _ => None,
    });
    found.unwrap_or_else(|| (format!("$work/{stem}.key"), false))
}

fn serial(serial: &SerialNumber) -> String {
    match serial {
        SerialNumber::Random { bits } => format!("openssl rand -hex {} >\"$work/serial\"\n", bits / 8),
        SerialNumber::Given(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("echo {digits} >\"$work/serial\"\n")
        }
    }
}

/// The digest of a signature by that key; Ed25519 has its own.
fn digest(key_type: KeyType) -> &'static str {
    match key_type {
        KeyType::EcdsaP384 => " -md sha384",
        KeyType::Ed25519 => "",
        _ => " -md sha256",
    }
}

/// `YYYYMMDDHHMMSSZ`, as `openssl ca -startdate` takes it.
fn instant(instant: OffsetDateTime) -> String {
    let format = format_description!("[year][month][day][hour][minute][second]Z");
    instant.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}

/// A file with its content, owner and mode.
fn finished(plan: &Plan, file: &OutlineFile) -> String {
    let path = new_path(file);
    let joined = |parts: Vec<String>| format!("cat {} >\"{path}\"\n", parts.join(" "));
    let content = match &file.content {
        // Of a directory that is made nothing is rewritten, revoked or moved.
        Content::Key { .. } | Content::Request { .. } | Content::Rewritten(_) => String::new(),
        Content::List { .. } | Content::Lists(_) | Content::Moved { .. } => String::new(),
        Content::Certificates(stems) => {
            joined(stems.iter().map(|stem| format!("\"$work/issued/{stem}.pem\"")).collect())
        }
        Content::Index { of } => {
            let signed = plan.certificates.iter().filter(|spec| spec.issuer.is(of));
            joined(signed.map(|spec| format!("\"$work/issued/{}.line\"", spec.stem)).collect())
        }
        Content::IndexAttributes { .. } => format!("echo '{}' >\"{path}\"\n", ATTRIBUTES.trim_end()),
    };
    let mut text = format!("\n{content}");
    if let Some(Owner { uid, gid }) = file.owner {
        text.push_str(&format!("chown {uid}:{gid} \"{path}\"\n"));
    }
    text.push_str(&format!("chmod {} \"{path}\"\n", file.mode));
    text
}

/// Where a file is made.
fn new_path(file: &OutlineFile) -> String {
    let folder = if file.place == Place::CaDirectory { "new-ca" } else { "new" };
    format!("$work/{folder}/{}", file.name)
}

/// Where a file belongs.
fn final_path(file: &OutlineFile) -> String {
    let directory = if file.place == Place::CaDirectory { "ca_dir" } else { "dir" };
    format!("${directory}/{}", file.name)
}
