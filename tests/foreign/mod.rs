//! What the tests with foreign judges share: our program, the `openssl` program, and what the latter says of a file.

#![allow(dead_code, reason = "each of these tests is a program of its own, and uses a part of this")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// The documented layouts, as they are asked for on the command line.
pub(crate) const LAYOUTS: [&str; 3] = ["chain --intermediate", "chain", "self-signed"];

/// What a program said.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A temporary directory in which both programs run, so that files are called by their names alone.
pub(crate) struct Place {
    directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    /// `pgtls gen WORDS -D .` in a new place.
    pub(crate) fn made(words: &str) -> Self {
        let place = Self::new();
        place.pgtls(&format!("gen {words} -D ."));
        place
    }

    /// `pgtls gen` with the text of a profile.
    pub(crate) fn of_profile(certificates: &str) -> Self {
        let place = Self::new();
        place.write("mine.toml", &format!("name = \"mine\"\n{certificates}"));
        place.pgtls("gen mine.toml -D .");
        place
    }

    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// The path as text, as a connection string takes it.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Every name in the place, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs our program, which has to succeed.
    pub(crate) fn pgtls(&self, words: &str) -> Said {
        self.pgtls_words(&split(words))
    }

    /// The same with words that hold spaces.
    pub(crate) fn pgtls_words(&self, words: &[&str]) -> Said {
        let said = self.try_pgtls(words);
        assert_eq!(said.code, Some(0), "pgtls {words:?}: {}", said.stderr);
        said
    }

    pub(crate) fn try_pgtls(&self, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgtls"));
        command.args(words).env_remove("PGTLS_DIR").env_remove("PGTLS_CA_DIR");
        self.run(&mut command, "")
    }

    /// Runs `openssl`, which has to succeed, and returns what it wrote to stdout.
    pub(crate) fn openssl(&self, words: &str) -> String {
        self.openssl_words(&split(words))
    }

    /// The same with words that hold spaces.
    pub(crate) fn openssl_words(&self, words: &[&str]) -> String {
        let said = self.try_openssl(words, "");
        assert_eq!(said.code, Some(0), "openssl {words:?}: {}{}", said.stdout, said.stderr);
        said.stdout
    }

    /// Runs `openssl`, which has to fail, and has to say `part`.
    pub(crate) fn openssl_refuses(&self, words: &str, part: &str) {
        let said = self.try_openssl(&split(words), "");
        let text = said.stdout + &said.stderr;
        assert_ne!(said.code, Some(0), "openssl {words} succeeded: {text}");
        assert!(text.contains(part), "openssl {words} does not say {part:?}: {text}");
    }

    pub(crate) fn try_openssl(&self, words: &[&str], stdin: &str) -> Said {
        let mut command = Command::new("openssl");
        // The machine's own configuration would add extensions of its choice to what is made here.
        command.args(words).env("OPENSSL_CONF", "/dev/null");
        self.run(&mut command, stdin)
    }

    fn run(&self, command: &mut Command, stdin: &str) -> Said {
        command.current_dir(self.root()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("could not run {:?} (Debian: apt-get install openssl): {error}", command.get_program());
        });
        // A program that does not want its input is free to go.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// What OpenSSL says of the first certificate in a file.
    pub(crate) fn certificate(&self, name: &str) -> Facts {
        self.certificates(name).swap_remove(0)
    }

    /// What OpenSSL says of each certificate in a file, in order.
    pub(crate) fn certificates(&self, name: &str) -> Vec<Facts> {
        let text = self.read(name);
        let end = "-----END CERTIFICATE-----\n";
        let facts: Vec<Facts> = text
            .split_inclusive(end)
            .map(|block| {
                assert!(block.starts_with("-----BEGIN CERTIFICATE-----\n") && block.ends_with(end), "{name}");
                let names = "esc_2253,esc_ctrl,utf8,sep_comma_plus,sname";
                let words = ["x509", "-noout", "-text", "-nameopt", names];
                let said = self.try_openssl(&words, block);
                assert_eq!(said.code, Some(0), "{name}: {}", said.stderr);
                Facts::parse(&said.stdout)
            })
            .collect();
        assert!(!facts.is_empty(), "{name} is empty");
        facts
    }

    /// The subject of each certificate in a file, in order.
    pub(crate) fn subjects(&self, name: &str) -> Vec<String> {
        self.certificates(name).into_iter().map(|facts| facts.subject).collect()
    }
}

pub(crate) fn split(words: &str) -> Vec<&str> {
    words.split_whitespace().collect()
}

/// One certificate in OpenSSL's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) version: String,
    /// Hexadecimal, without separators.
    pub(crate) serial: String,
    pub(crate) signature: String,
    /// Algorithm and size: `id-ecPublicKey 256`.
    pub(crate) key: String,
    /// In encoded order.
    pub(crate) issuer: String,
    /// In encoded order.
    pub(crate) subject: String,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    /// By OpenSSL's name without "X509v3": the value, `critical; ` in front where it is.
    pub(crate) extensions: BTreeMap<String, String>,
}

impl Facts {
    fn parse(text: &str) -> Self {
        let after = |label: &str| {
            let found = text.lines().find_map(|line| line.trim().strip_prefix(label));
            found.unwrap_or_else(|| panic!("no {label:?} in {text}")).trim().to_owned()
        };
        let word = |label: &str| after(label).split(' ').next().unwrap_or_default().to_owned();
        let key = after("Public Key Algorithm:");
        let size = text.lines().find_map(|line| line.trim().strip_prefix("Public-Key: ("));
        let size = size.and_then(|size| size.split(' ').next()).unwrap_or_default();
        Self {
            version: word("Version:"),
            serial: serial(text),
            signature: after("Signature Algorithm:"),
            key: format!("{key} {size}").trim().to_owned(),
            issuer: after("Issuer:"),
            subject: after("Subject:"),
            not_before: instant(&after("Not Before:")),
            not_after: instant(&after("Not After :")),
            extensions: extensions(text),
        }
    }

    /// The value of an extension; panics where there is none.
    pub(crate) fn extension(&self, name: &str) -> &str {
        self.extensions.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// The extensions but for the two that name keys.
    pub(crate) fn extensions_but_identifiers(&self) -> BTreeMap<&str, &str> {
        let identifiers = ["Subject Key Identifier", "Authority Key Identifier"];
        let all = self.extensions.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| !identifiers.contains(name)).collect()
    }
}

/// A short number stands on the line of its label, with its hexadecimal form in parentheses; a long one on the next.
fn serial(text: &str) -> String {
    let (_, rest) = text.split_once("Serial Number:").unwrap();
    let mut lines = rest.lines();
    let first = lines.next().unwrap_or_default().trim();
    match first.split_once("(0x") {
        Some((_, hexadecimal)) => hexadecimal.trim_end_matches(')').to_owned(),
        None => lines.next().unwrap_or_default().trim().replace(':', ""),
    }
}

fn instant(text: &str) -> OffsetDateTime {
    let format =
        format_description!("[month repr:short] [day padding:space] [hour]:[minute]:[second] [year] GMT");
    PrimitiveDateTime::parse(text, format).unwrap_or_else(|error| panic!("{text}: {error}")).assume_utc()
}

/// The names of extensions stand twelve columns in, their values further.
fn extensions(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some((_, rest)) = text.split_once("X509v3 extensions:\n") else { return found };
    let (rest, _) = rest.split_once("    Signature Algorithm:").unwrap();
    let mut last = String::new();
    for line in rest.lines().filter(|line| !line.trim().is_empty()) {
        let value = line.trim();
        if line.starts_with(&" ".repeat(13)) {
            let all: &mut String = found.get_mut(&last).unwrap();
            if !all.is_empty() && !all.ends_with("; ") {
                all.push_str("; ");
            }
            // OpenSSL 1.1 wrote the form in front of the identifier.
            all.push_str(value.trim_start_matches("keyid:"));
        } else {
            let (name, critical) = value.split_once(':').unwrap();
            last = name.trim_start_matches("X509v3 ").to_owned();
            let critical = if critical.trim() == "critical" { "critical; " } else { "" };
            found.insert(last.clone(), critical.to_owned());
        }
    }
    found
}
