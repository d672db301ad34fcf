//! The files with one fault each, for every test that looks at them: the form of `expected.toml`, and what the judge is
//! asked about a case.
#![allow(dead_code, reason = "each test binary that includes this file looks at a part of it")]
#![allow(unreachable_pub, reason = "shared by test binaries, exported by none")]

use nix::unistd::geteuid;
use pgtls::fs::{FileEntry, Mode, Owner};
use pgtls::ops::{VerifyRequest, verify};
use pgtls::verify::{Exhibit, Finding, Policy, Reader, Report, Roles, Rule, Severity, check, concerns};
use pgtls::x509::Lifetime;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The ids of the server's user and of the client's.
pub const SERVER: u32 = 70;
pub const CLIENT: u32 = 1000;

/// Where a server's settings lie, if they do.
const SETTINGS: &str = "postgresql.conf";

/// `expected.toml`; fixtures/README.md says what the fields mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub about: String,
    pub now: String,
    pub findings: Vec<String>,
    pub openssl: String,
    #[serde(default)]
    pub notes: Vec<String>,
    pub host: Option<String>,
    pub user: Option<String>,
    pub sslmode: Option<String>,
    pub libpq_version: Option<u32>,
    pub expires_in: Option<String>,
    #[serde(default)]
    pub modes: BTreeMap<String, String>,
    #[serde(default)]
    pub owners: BTreeMap<String, u32>,
    #[serde(default)]
    pub files: Files,
}

/// Which file plays which part, where its name does not say it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    pub server_cert: Option<String>,
    pub server_key: Option<String>,
    pub client_cert: Option<String>,
    pub client_key: Option<String>,
    pub trust: Option<String>,
    pub crl: Option<String>,
    pub crl_dir: Option<String>,
}

/// A directory with what is expected of it.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub dir: PathBuf,
    pub expected: Expected,
}

/// Where all of them lie.
pub fn faults() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults")
}

/// Every case, by name.
pub fn cases() -> Vec<Case> {
    names(&faults()).into_iter().filter(|name| name != "make.sh").map(|name| case(&name)).collect()
}

/// The case of that name.
pub fn case(name: &str) -> Case {
    let dir = faults().join(name);
    let text =
        fs::read_to_string(dir.join("expected.toml")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    Case { name: name.to_owned(), dir, expected }
}

impl Case {
    /// The instant to judge at.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::parse(&self.expected.now, &Rfc3339)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The mode that makes the case, which git does not keep.
    pub fn mode(&self, file: &str) -> Mode {
        match self.expected.modes.get(file) {
            Some(mode) => Mode::from_bits(u32::from_str_radix(mode, 8).expect("an octal mode")),
            None if file.ends_with(".key") => Mode::SECRET,
            None => Mode::PUBLIC,
        }
    }

    /// Whose the file is.
    pub fn owner(&self, file: &str) -> u32 {
        let user = if file == "client.key" { CLIENT } else { SERVER };
        self.expected.owners.get(file).copied().unwrap_or(user)
    }

    /// Its certificates, keys and lists, also those in directories under it.
    pub fn files(&self) -> Vec<String> {
        let own = |name: &String| name.rsplit('/').next().is_some_and(concerns);
        tree(&self.dir).into_iter().filter(own).collect()
    }

    /// The files as the judge takes them.
    pub fn exhibits(&self) -> Vec<Exhibit> {
        let bytes =
            |name: &str| fs::read(self.dir.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        self.files().into_iter().map(|name| self.exhibit(&name, bytes(&name))).collect()
    }

    /// One of them, with these bytes.
    pub fn exhibit(&self, name: &str, bytes: Vec<u8>) -> Exhibit {
        let uid = self.owner(name);
        let entry = FileEntry::new(bytes, self.mode(name)).owned_by(Owner { uid, gid: uid });
        Exhibit::read(name, &entry, None)
    }

    /// Which file plays which part.
    pub fn roles(&self) -> Roles {
        let files = self.expected.files.clone();
        Roles {
            server_certificate: files.server_cert,
            server_key: files.server_key,
            client_certificate: files.client_cert,
            client_key: files.client_key,
            client_trust: files.trust.clone(),
            server_trust: files.trust,
            crl_file: files.crl,
            crl_directory: files.crl_dir,
        }
    }

    /// What the judge is asked.
    pub fn policy(&self) -> Policy {
        let Expected { host, user, sslmode, libpq_version, expires_in, .. } = &self.expected;
        let mut policy = Policy::at(self.now());
        policy.reader = Reader::User(SERVER);
        policy.host = host.clone();
        policy.checks_host = sslmode.as_deref() != Some("verify-ca");
        policy.user = user.clone();
        policy.libpq = libpq_version.unwrap_or(policy.libpq);
        if let Some(span) = expires_in {
            policy.expires_in = span.parse::<Lifetime>().expect("a span of time").duration();
        }
        policy
    }

    /// What the judge says: of the files by themselves, or where a server's settings lie with them, by those.
    pub fn judged(&self) -> Report {
        match self.dir.join(SETTINGS).exists() {
            true => self.judged_by_settings(),
            false => check(".", &self.exhibits(), &self.roles(), &self.policy()).0,
        }
    }

    /// The same of a copy with the modes and, where we can give files away, the owners that make the case.
    fn judged_by_settings(&self) -> Report {
        let copy = self.copied();
        let trust = self.expected.files.trust.as_ref();
        let trust = trust.map(|file| copy.path().join(file).display().to_string());
        let request = VerifyRequest {
            configuration: Some(copy.path().join(SETTINGS)),
            roles: Roles { server_trust: trust, ..Roles::default() },
            at: Some(self.now()),
            server_uid: geteuid().is_root().then_some(SERVER),
            ..VerifyRequest::default()
        };
        let verified = verify(&request, self.now()).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        assert!(verified.problems.is_empty(), "{}: {:?}", self.name, verified.problems);
        verified.report
    }

    /// All of it but `expected.toml`, in a directory of its own.
    pub fn copied(&self) -> TempDir {
        let copy = tempfile::tempdir().expect("temporary directory");
        for name in tree(&self.dir).into_iter().filter(|name| name != "expected.toml") {
            let target = copy.path().join(&name);
            fs::create_dir_all(target.parent().expect("a directory")).expect("directory can be made");
            fs::copy(self.dir.join(&name), &target).expect("file can be copied");
            fs::set_permissions(&target, fs::Permissions::from_mode(self.mode(&name).bits())).expect("mode");
            if geteuid().is_root() {
                chown(&target, Some(self.owner(&name)), None).expect("root gives files away");
            }
        }
        copy
    }
}

/// The ids of errors and warnings.
pub fn problems(report: &Report) -> BTreeSet<&'static str> {
    ids(report, |finding| finding.severity != Severity::Note)
}

/// The ids of notes.
pub fn notes(report: &Report) -> BTreeSet<&'static str> {
    ids(report, |finding| finding.severity == Severity::Note)
}

fn ids(report: &Report, wanted: impl Fn(&Finding) -> bool) -> BTreeSet<&'static str> {
    report.findings.iter().filter(|finding| wanted(finding)).map(|finding| finding.rule.id()).collect()
}

/// The rule of that id.
pub fn rule(id: &str) -> Option<Rule> {
    Rule::ALL.iter().copied().find(|rule| rule.id() == id)
}

/// Names in a directory, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("directory can be listed");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("entry can be read").file_name();
    let mut names: Vec<String> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The files in a directory and in those under it.
pub fn tree(dir: &Path) -> Vec<String> {
    let under = |name: String| match dir.join(&name) {
        path if path.is_dir() => tree(&path).into_iter().map(|below| format!("{name}/{below}")).collect(),
        _ => vec![name],
    };
    names(dir).into_iter().flat_map(under).collect()
}
