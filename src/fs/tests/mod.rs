//! What the module promises as a whole, by subject; each file of it tests by itself what is its own.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod adding;
mod commits;
mod interrupted;
mod removing;
mod together;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fs::{DirectoryAttributes, FileEntry, FileSet, Mode, Receipt, Target};

const PRIVATE: DirectoryAttributes = DirectoryAttributes { mode: Mode::DIRECTORY, gid: None };

/// Files by name and contents; keys secret, all else public.
fn files(named: &[(&str, &str)]) -> FileSet {
    let entry = |name: &str, contents: &str| {
        let secret = Path::new(name).extension().is_some_and(|end| end == "key");
        let mode = if secret { Mode::SECRET } else { Mode::PUBLIC };
        FileEntry::new(contents, mode)
    };
    named.iter().map(|&(name, contents)| (name.to_owned(), entry(name, contents))).collect()
}

/// Some files, every one with the same contents.
fn version(contents: &str) -> FileSet {
    let names = ["chain.crt", "client.crt", "client.key", "root.index", "server.crt", "server.key"];
    files(&names.map(|name| (name, contents)))
}

fn write(path: &Path, set: &FileSet) -> Receipt {
    Target::lock(path).unwrap().stage(set, PRIVATE).unwrap().commit().unwrap()
}

/// Everything in a directory by name, as the system sees it: contents, or what it is instead.
fn on_disk(path: &Path) -> BTreeMap<String, String> {
    let shown = |entry: fs::DirEntry| {
        let kind = entry.file_type().unwrap();
        let text = match kind {
            _ if kind.is_dir() => "(directory)".to_owned(),
            _ if kind.is_symlink() => "(link)".to_owned(),
            _ => fs::read_to_string(entry.path()).unwrap(),
        };
        (entry.file_name().to_string_lossy().into_owned(), text)
    };
    fs::read_dir(path).unwrap().map(|entry| shown(entry.unwrap())).collect()
}

fn texts(set: &FileSet) -> BTreeMap<String, String> {
    let text = |entry: &FileEntry| String::from_utf8(entry.contents.to_vec()).unwrap();
    set.iter().map(|(name, entry)| (name.to_owned(), text(entry))).collect()
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A command that runs one test of this program again, from the shell line `around` it, where `"$@"` is the test.
///
/// A umask, a mount or a kill concerns a whole process, and tests share one.
fn again(test: &str, around: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", around, "sh"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("fs::tests::{test}"), "--nocapture"]);
    command.env("PGTLS_TEST_CHILD", test).stdin(Stdio::null());
    command
}

/// Runs a test in a process of its own. `true` in that process, where the test goes on; `false` in the first one, once
/// the other has passed.
fn in_child(test: &str, around: &str, needs: &str) -> bool {
    if std::env::var("PGTLS_TEST_CHILD").is_ok_and(|child| child == test) {
        return true;
    }
    let output = again(test, around).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && stdout.contains("1 passed");
    assert!(passed, "{test} failed in its own process; it needs {needs}\n{stdout}{stderr}");
    false
}
