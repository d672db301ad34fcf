//! Runs the built `pgtls` as its users do, compares everything that it prints, and looks at what it leaves on disk.
//!
//! The clock is real, so instants are masked before a comparison: see [`masked`].

#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod clock;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// The binary under test.
pub(crate) const PGTLS: &str = env!("CARGO_BIN_EXE_pgtls");

/// One run. What is not expected is expected to be empty: `Run::new(&["gen", "chain", "-q"]).code(0)` prints nothing.
#[must_use = "nothing runs before `code` or `output`"]
pub(crate) struct Run {
    words: Vec<String>,
    dir: PathBuf,
    variables: Vec<(String, String)>,
    stdout: String,
    stderr: String,
    /// The binary where everybody can reach it.
    open: Option<TempDir>,
}

impl Run {
    /// `pgtls` with these arguments, without an input, in the directory of the test unless [`dir`](Self::dir) says
    /// where, and without the caller's own settings.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        Self {
            words: std::iter::once(PGTLS).chain(arguments.iter().copied()).map(str::to_owned).collect(),
            dir: PathBuf::from("."),
            variables: Vec::new(),
            stdout: String::new(),
            stderr: String::new(),
            open: None,
        }
    }

    /// Runs it there.
    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = dir.as_ref().to_path_buf();
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets a shell run it: `"$@"` in the script is the command.
    pub(crate) fn through(mut self, script: &str) -> Self {
        let shell = ["sh", "-c", script, "sh"].map(str::to_owned);
        self.words.splice(0..0, shell);
        self
    }

    /// Runs it as somebody who owns nothing, where the test is root's; else as whoever runs the test. The directory is
    /// opened to everybody, and the binary put where everybody reaches it, for a build directory may be closed.
    pub(crate) fn by_nobody(mut self) -> Self {
        if !is_root() {
            return self;
        }
        let everybody = || fs::Permissions::from_mode(0o777);
        fs::set_permissions(&self.dir, everybody()).expect("test owns its directory");
        let open = scratch();
        fs::set_permissions(open.path(), everybody()).expect("test owns its directory");
        let own = open.path().join("pgtls");
        if fs::hard_link(PGTLS, &own).is_err() {
            fs::copy(PGTLS, &own).expect("binary can be copied");
        }
        self.words[0] = own.to_str().expect("path is UTF-8").to_owned();
        self.open = Some(open);
        self.through("exec setpriv --reuid 65534 --regid 65534 --clear-groups -- \"$@\"")
    }

    /// What it shall print to standard output, in full; a line break at the beginning is for the eye alone.
    pub(crate) fn stdout(mut self, text: &str) -> Self {
        self.stdout = text.strip_prefix('\n').unwrap_or(text).to_owned();
        self
    }

    /// What it shall print to standard error, in full.
    pub(crate) fn stderr(mut self, text: &str) -> Self {
        self.stderr = text.strip_prefix('\n').unwrap_or(text).to_owned();
        self
    }

    /// Runs it and compares exit code and both streams, instants masked.
    pub(crate) fn code(self, code: i32) {
        let expected = transcript(code, &self.stdout, &self.stderr);
        let before = OffsetDateTime::now_utc();
        let output = self.output();
        let found = |clock| {
            let code = output.status.code().unwrap_or(-1);
            transcript(code, &masked(&text(&output.stdout), clock), &masked(&text(&output.stderr), clock))
        };
        // A run over midnight sees another day than the moment before it.
        let found = Some(found(before))
            .filter(|found| *found == expected)
            .unwrap_or_else(|| found(OffsetDateTime::now_utc()));
        let what = self.words.join(" ");
        assert!(found == expected, "{what}\n--- expected\n{expected}\n--- found\n{found}\n---");
    }

    /// Runs it and compares nothing.
    pub(crate) fn output(&self) -> Output {
        self.command().output().expect("program starts")
    }

    /// The command, for tests that run it in their own way.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).current_dir(&self.dir).stdin(Stdio::null());
        for name in ["PGTLS_DIR", "PGTLS_CA_DIR", "PGTLS_CA_PASSPHRASE", "COLUMNS"] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

fn transcript(code: i32, stdout: &str, stderr: &str) -> String {
    format!("exit code {code}\nstdout:\n{stdout}stderr:\n{stderr}")
}

/// Bytes that have to be text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// A text with every instant by its distance from `clock`, so that lifetimes stay in it and dates do not.
///
/// `2027-11-21` becomes ` +365 days`, as wide as it was, today and yesterday (an hour back, shortly after midnight)
/// `     today`; `2027-11-21T18:30:00Z` becomes `<+365d>` or, where it is not whole days, `<-1h>`, to the nearest hour.
pub(crate) fn masked(text: &str, clock: OffsetDateTime) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (mask, length) = instant(rest, clock).or_else(|| date(rest, clock)).unwrap_or_else(|| {
            let length = first.len_utf8();
            (rest[..length].to_owned(), length)
        });
        out.push_str(&mask);
        rest = &rest[length..];
    }
    out
}

fn instant(text: &str, clock: OffsetDateTime) -> Option<(String, usize)> {
    let head = text.get(..20)?;
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let instant = PrimitiveDateTime::parse(head, format).ok()?.assume_utc();
    let hours = ((instant - clock).as_seconds_f64() / 3600.0).round();
    let mask = if hours % 24.0 == 0.0 { format!("<{:+}d>", hours / 24.0) } else { format!("<{hours:+}h>") };
    Some((mask, 20))
}

fn date(text: &str, clock: OffsetDateTime) -> Option<(String, usize)> {
    let date = Date::parse(text.get(..10)?, format_description!("[year]-[month]-[day]")).ok()?;
    let days = (date - clock.to_offset(UtcOffset::UTC).date()).whole_days();
    let mask = if (-1..=0).contains(&days) { "today".to_owned() } else { format!("{days:+} days") };
    Some((format!("{mask:>10}"), 10))
}

/// Whether the test is root's.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// An empty directory.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir().expect("temporary directory can be made")
}

/// Everything under a directory (itself included): what it is, whose, with which mode, and what it holds.
pub(crate) fn snapshot(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    note(directory, directory, &mut found);
    found
}

fn note(top: &Path, path: &Path, found: &mut BTreeMap<PathBuf, String>) {
    let metadata = fs::symlink_metadata(path).expect("path was just listed");
    let held = if metadata.is_symlink() {
        format!("-> {}", fs::read_link(path).expect("link is readable").display())
    } else if metadata.is_file() {
        text(&fs::read(path).expect("file is readable"))
    } else {
        String::new()
    };
    let about = format!("{:o} {}:{} {}", metadata.mode(), metadata.uid(), metadata.gid(), metadata.ino());
    found.insert(path.strip_prefix(top).expect("it is under it").to_owned(), format!("{about} {held}"));
    if metadata.is_dir() {
        let mut inside: Vec<_> = fs::read_dir(path).expect("directory is readable").collect();
        inside.drain(..).for_each(|entry| note(top, &entry.expect("entry is readable").path(), found));
    }
}

/// The names in a directory, in order.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("directory is readable");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("entry is readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The permission bits of a path, links not followed.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("path exists").mode() & 0o7777
}

/// Runs another program, which has to succeed, and returns what it printed.
pub(crate) fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program} does not start ({error}); .ci/install-judges installs it"));
    let all = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{program} {}: {all}", arguments.join(" "));
    text(&output.stdout)
}

/// Compares a text with the file of that name in `tests/golden/`. `PGTLS_BLESS=1 cargo test` writes the file instead:
/// look at the difference before it is committed.
pub(crate) fn assert_golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("PGTLS_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, found).expect("golden file can be written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{name} differs; PGTLS_BLESS=1 rewrites it\n--- expected\n{expected}\n--- found\n{found}\n---"
    );
}
