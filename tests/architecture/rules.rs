//! The rules themselves: tables of who may use what, and for each rule a function that complains about one file.

use std::fmt;

use crate::paths::{NamedPath, named_paths};
use crate::source::{Source, bracketed};

/// What a rule has against a line.
#[derive(Debug)]
pub(crate) struct Complaint {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// A rule looks at one file by itself.
pub(crate) type Rule = fn(&Source) -> Vec<Complaint>;

const TOP: [&str; 3] = ["main", "cli", "ops"];

const MIDDLE: [&str; 14] = [
    "profile", "state", "plan", "pki", "layout", "config", "hba", "k8s", "verify", "probe", "scratch",
    "explain", "settings", "show",
];

/// Also of the middle: writes a plan down as a shell script of openssl commands.
const RECIPE: &str = "recipe";

const BOTTOM: [&str; 10] =
    ["x509", "keys", "fs", "pg", "pem", "der", "index", "list", "diagnosis", "parallel"];

/// Imports between neighbours of one row; everything else goes down a row.
const SIDEWAYS: [(&str, &[&str]); 12] = [
    ("plan", &["profile", "state"]),
    ("pki", &["plan", "state"]),
    ("layout", &["plan", "pki", "state"]),
    ("config", &["layout", "recipe", "hba"]),
    ("k8s", &["layout", "profile", "plan", "config"]),
    ("hba", &["settings"]),
    ("recipe", &["plan", "layout"]),
    ("show", &["verify"]),
    ("x509", &["pem", "der", "parallel"]),
    ("index", &["x509", "parallel"]),
    ("keys", &["pem", "der"]),
    ("fs", &["parallel"]),
];

/// What of `fs` is plain data, free to all; the rest reads and writes the disk.
const FS_DATA: [&str; 6] = ["set", "FileSet", "FileEntry", "Contents", "Mode", "Owner"];

/// External crates, each with the modules that may name it.
const CRATE_DOORS: [(&str, &[&str]); 31] = [
    ("rcgen", &["x509"]),
    ("x509_parser", &["x509"]),
    ("yasna", &["x509"]),
    ("idna", &["x509"]),
    ("csv_core", &["list"]),
    ("ring", &["keys"]),
    ("aws_lc_rs", &["keys"]),
    ("pkcs8", &["keys"]),
    ("p12_keystore", &["keys"]),
    ("pem", &["pem"]),
    ("base64", &["pem"]),
    ("base64ct", &["pem"]),
    ("memchr", &["pem", "index"]),
    ("regex_lite", &["hba"]),
    ("serde_saphyr", &["k8s"]),
    ("rustls_pki_types", &["pem"]),
    ("toml", &["profile"]),
    ("smol_str", &["index"]),
    ("strsim", &["profile", "cli"]),
    ("clap", &["cli"]),
    ("serde_json", &["cli"]),
    ("indicatif", &["cli"]),
    ("signal_hook", &["cli"]),
    ("rustix", &["fs", "scratch", "main"]),
    ("tar", &["fs"]),
    ("nix", &["fs", "scratch", "ops"]),
    ("boon", &[]),
    ("tempfile", &[]),
    ("rustls_pemfile", &[]),
    // The package, and what it calls itself.
    ("rustls_webpki", &[]),
    ("webpki", &[]),
];

/// External crates that say how something is written, not what is done: no door.
const FREE_CRATES: [&str; 4] = ["serde", "thiserror", "time", "zeroize"];

/// What of the standard library reaches outside the process, each with the modules that may name it.
const STD_DOORS: [(&[&str], &[&str]); 13] = [
    (&["std", "fs"], &["fs", "scratch"]),
    (&["std", "os", "unix", "fs"], &["fs", "scratch"]),
    (&["std", "os", "unix", "net"], &["probe", "scratch"]),
    (&["std", "net", "TcpStream"], &["probe", "scratch"]),
    (&["std", "net", "TcpListener"], &["probe", "scratch"]),
    (&["std", "net", "UdpSocket"], &["probe", "scratch"]),
    (&["std", "net", "ToSocketAddrs"], &["probe", "scratch"]),
    (&["std", "process", "Command"], &["ops", "scratch"]),
    (&["std", "process", "Child"], &["ops", "scratch"]),
    (&["std", "process", "Stdio"], &["ops", "scratch"]),
    (&["std", "process", "exit"], &[]),
    (&["std", "process", "abort"], &[]),
    (&["std", "env"], &["main", "scratch"]),
];

/// Methods of `Path` that ask the disk.
const DISK_METHODS: [&str; 7] =
    ["exists", "try_exists", "is_file", "is_dir", "read_dir", "read_link", "canonicalize"];

const CATCH_ALLS: [&str; 6] = ["utils", "util", "misc", "common", "helpers", "prelude"];

/// Complaints about `source`, one for each line and text that `find` gives.
fn complain(source: &Source, found: impl IntoIterator<Item = (usize, String)>) -> Vec<Complaint> {
    let complaint = |(line, what)| Complaint { path: source.path.clone(), line, what };
    found.into_iter().map(complaint).collect()
}

/// The crate's paths that a file names; the binary says `pgtls` where the library says `crate`.
fn crate_paths(source: &Source) -> Vec<NamedPath> {
    let mut paths = named_paths(source);
    for path in &mut paths {
        if source.top() == "main" && path.steps.first().is_some_and(|step| step == "pgtls") {
            path.steps[0] = "crate".to_owned();
        }
    }
    paths.retain(|path| path.crate_module().is_some());
    paths
}

/// Rule: imports go `main -> cli -> ops -> middle -> bottom`, sideways only where `SIDEWAYS` says so.
pub(crate) fn import_direction(source: &Source) -> Vec<Complaint> {
    let from = source.top();
    if from == "lib" {
        return Vec::new();
    }
    if row(from).is_none() {
        let what = format!(
            "module {from} has no place among the layers; give it one in tests/architecture/rules.rs"
        );
        return complain(source, [(1, what)]);
    }
    let found = crate_paths(source).into_iter().filter_map(|path| {
        let to = path.crate_module().unwrap_or_default().to_owned();
        let text = path.text();
        let what = match row(&to) {
            _ if from == to || may_import(from, &to, &path) => return None,
            None => {
                format!("{text} goes through the crate's root; name the module that defines it")
            }
            Some(_) => {
                format!("{from} may not import {to} ({text}): it is against the import direction")
            }
        };
        Some((path.line, what))
    });
    complain(source, found)
}

/// Height of a module; imports go down.
fn row(module: &str) -> Option<usize> {
    match module {
        "main" => Some(5),
        "cli" => Some(4),
        "ops" => Some(3),
        "error" | "testing" => Some(2),
        _ if module == RECIPE || MIDDLE.contains(&module) => Some(1),
        _ if BOTTOM.contains(&module) => Some(0),
        _ => None,
    }
}

fn may_import(from: &str, to: &str, path: &NamedPath) -> bool {
    let (Some(above), Some(below)) = (row(from), row(to)) else {
        return false;
    };
    match (from, to) {
        (_, "testing") => false,
        ("testing", _) => to != "cli" && to != "main",
        (_, "error") => TOP.contains(&from),
        (_, "diagnosis") => true,
        ("error", _) => below < above && path.steps.last().is_some_and(|step| step.ends_with("Error")),
        _ => above > below || SIDEWAYS.iter().any(|(module, to_all)| *module == from && to_all.contains(&to)),
    }
}

/// Rule: only `ops`, `scratch` and `testing` reach the disk through `fs`; others see its plain data.
pub(crate) fn disk_through_ops(source: &Source) -> Vec<Complaint> {
    let from = source.top();
    if ["lib", "fs", "ops", "scratch", "testing"].contains(&from) {
        return Vec::new();
    }
    let found = crate_paths(source).into_iter().filter(|path| path.crate_module() == Some("fs"));
    let found = found.filter(|path| {
        let item = path.steps.get(2).map_or("", String::as_str);
        !FS_DATA.contains(&item) && (from, item) != ("error", "FsError")
    });
    let what =
        |path: &NamedPath| format!("{from} takes {}; only ops calls fs, others see FileSet", path.text());
    complain(source, found.map(|path| (path.line, what(&path))))
}

/// Rule: only `ops` opens a connection through `probe`.
pub(crate) fn network_through_ops(source: &Source) -> Vec<Complaint> {
    let from = source.top();
    let found =
        crate_paths(source).into_iter().filter(|path| path.starts_with(&["crate", "probe", "connect"]));
    let found = found.filter(|_| !["lib", "probe", "ops", "testing"].contains(&from));
    complain(
        source,
        found.map(|path| (path.line, format!("{from} takes {}; only ops connects", path.text()))),
    )
}

/// Rule: files, sockets, processes and the environment are reached in the modules of `STD_DOORS` only.
pub(crate) fn standard_library_doors(source: &Source) -> Vec<Complaint> {
    let from = source.top();
    let mut found = Vec::new();
    for path in named_paths(source) {
        for (door, modules) in STD_DOORS {
            if reaches(&path, door) && !modules.contains(&from) {
                let allowed = if modules.is_empty() { "nobody".to_owned() } else { modules.join(", ") };
                found.push((path.line, format!("{from} uses {}; its door is {allowed}", path.text())));
            }
        }
    }
    complain(source, found)
}

/// The path names what is behind the door, or a glob takes it along.
fn reaches(path: &NamedPath, door: &[&str]) -> bool {
    let glob = path.steps.split_last().filter(|(last, _)| *last == "*");
    let taken_along = glob.is_some_and(|(_, steps)| {
        !steps.is_empty() && steps.len() < door.len() && steps.iter().zip(door).all(|(a, b)| a == b)
    });
    path.starts_with(door) || taken_along
}

/// Rule: `path.exists()` and its kin ask the disk too, so they belong to `fs` and `scratch`.
pub(crate) fn no_disk_behind_path(source: &Source) -> Vec<Complaint> {
    let tokens = source.tokens();
    let from = source.top();
    let calls = tokens.windows(3).filter(|it| {
        it[0].text == "."
            && DISK_METHODS.contains(&it[1].text)
            && it[2].text == "("
            && !["fs", "scratch"].contains(&from)
    });
    let what = |name: &str| format!("{from} asks the disk with .{name}(); its door is fs");
    complain(source, calls.map(|it| (it[1].line, what(it[1].text))))
}

/// Rule: an external crate is named in the modules of `CRATE_DOORS` only.
pub(crate) fn crate_doors(source: &Source) -> Vec<Complaint> {
    let from = source.top();
    let found = named_paths(source).into_iter().filter_map(|path| {
        let first = path.steps.first()?;
        let (name, modules) = CRATE_DOORS.iter().find(|(name, _)| name == first)?;
        let allowed = if modules.is_empty() { "tests only".to_owned() } else { modules.join(", ") };
        let what = format!("{from} uses the crate {name} ({}); its door is {allowed}", path.text());
        (!modules.contains(&from)).then_some((path.line, what))
    });
    complain(source, found)
}

/// Whether a dependency of the manifest has a door, or is free to all.
pub(crate) fn has_a_door(dependency: &str) -> bool {
    let name = dependency.replace('-', "_");
    FREE_CRATES.contains(&name.as_str()) || CRATE_DOORS.iter().any(|(door, _)| *door == name)
}

/// Rule: words leave by `cli/render.rs`, which gets its streams from `main.rs`.
pub(crate) fn prints(source: &Source) -> Vec<Complaint> {
    if ["src/cli/render.rs", "src/main.rs"].contains(&source.path.as_str()) {
        return Vec::new();
    }
    let tokens = source.tokens();
    let print = |word: &str| ["print", "println", "eprint", "eprintln", "dbg"].contains(&word);
    let stream = |word: &str| ["stdout", "stderr"].contains(&word);
    let found = tokens.iter().enumerate().filter(|(at, token)| {
        let after = tokens.get(at + 1).map_or("", |next| next.text);
        let before = at.checked_sub(1).map_or("", |at| tokens[at].text);
        (print(token.text) && after == "!")
            || (stream(token.text) && after == "(" && !matches!(before, "." | "fn"))
    });
    let what = |word: &str| format!("{word} outside cli/render.rs; take a Write from the caller");
    complain(source, found.map(|(_, token)| (token.line, what(token.text))))
}

/// Rule: the time is an argument; only `main.rs` and `testing.rs` read the clock.
pub(crate) fn wall_clock(source: &Source) -> Vec<Complaint> {
    if ["main", "testing"].contains(&source.top()) {
        return Vec::new();
    }
    let tokens = source.tokens();
    let clock = tokens.iter().filter(|token| ["SystemTime", "now_utc", "now_local"].contains(&token.text));
    let what = |word: &str| format!("{word} reads the wall clock; take `now` as an argument");
    complain(source, clock.map(|token| (token.line, what(token.text))))
}

/// Rule: a `use super::*` hides what depends on what.
pub(crate) fn no_super_globs(source: &Source) -> Vec<Complaint> {
    let tokens = source.tokens();
    let globs =
        tokens.windows(3).filter(|it| it[0].text == "super" && it[1].text == "::" && it[2].text == "*");
    complain(source, globs.map(|it| (it[0].line, "use super::* outside tests; name what is used".to_owned())))
}

/// Rule: a module is called after what it holds.
pub(crate) fn no_catch_all_modules(source: &Source) -> Vec<Complaint> {
    let tokens = source.tokens();
    let declared = tokens.windows(2).filter(|it| it[0].text == "mod").map(|it| (it[1].line, it[1].text));
    let steps = source.module().into_iter().map(|step| (1, step));
    let bad = declared.chain(steps).filter(|(_, name)| CATCH_ALLS.contains(name));
    complain(
        source,
        bad.map(|(line, name)| (line, format!("module {name} says nothing about what it holds"))),
    )
}

/// Rule: the binary is a caller of the library, not a second copy of it.
pub(crate) fn binary_without_modules(source: &Source) -> Vec<Complaint> {
    let tokens = source.tokens();
    let declared = tokens.windows(2).filter(|it| source.top() == "main" && it[0].text == "mod");
    complain(source, declared.map(|it| (it[0].line, format!("the binary declares module {}", it[1].text))))
}

/// Rule: each file opens by saying what it is for.
pub(crate) fn opening_comment(source: &Source) -> Vec<Complaint> {
    let missing = !source.text.starts_with("//! ");
    complain(
        source,
        missing.then(|| (1, "the file does not open with `//! ` and its one responsibility".to_owned())),
    )
}

/// Rule: whoever silences a lint says why.
pub(crate) fn reasoned_exceptions(source: &Source) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (start, _) in source.code.match_indices('#') {
        let rest = source.code[start + 1..].trim_start_matches('!');
        if !rest.starts_with('[') {
            continue;
        }
        let attribute = &rest[..bracketed(rest)];
        let silences = ["allow", "expect"].iter().any(|word| has_call(attribute, word));
        if silences && !attribute.contains("reason") {
            let line = source.code[..start].matches('\n').count() + 1;
            found.push((line, format!("#{} gives no reason", attribute.trim())));
        }
    }
    complain(source, found)
}

/// `word(` stands in the attribute, as a word of its own.
fn has_call(attribute: &str, word: &str) -> bool {
    attribute.match_indices(word).any(|(at, _)| {
        let before = attribute[..at].chars().next_back();
        let after = attribute[at + word.len()..].trim_start();
        after.starts_with('(') && !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    })
}
