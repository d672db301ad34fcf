//! What the bottom row reads from files that OpenSSL made, and what it says of them, beside what OpenSSL says.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting up fails")]

mod certificates;
mod key_files;
mod names;
mod pem_texts;
mod requests;
mod revocation_lists;
mod signatures;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// An empty directory.
fn scratch() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// `openssl` with these words.
fn openssl_output(home: &Path, words: &[&str]) -> Output {
    Command::new("openssl").args(words).current_dir(home).env("LC_ALL", "C").output().unwrap()
}

/// What `openssl` prints; it has to succeed.
#[track_caller]
fn openssl_with(home: &Path, words: &[&str]) -> Vec<u8> {
    let output = openssl_output(home, words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What `openssl` prints, its words in one line.
#[track_caller]
fn openssl(home: &Path, line: &str) -> Vec<u8> {
    openssl_with(home, &line.split_whitespace().collect::<Vec<_>>())
}

/// The bytes of a file.
fn read(home: &Path, name: &str) -> Vec<u8> {
    fs::read(home.join(name)).unwrap()
}

/// Every way to cut the bytes short, and many to change one of them: what no reader may stumble over.
fn damaged(good: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let cut = (0..good.len()).map(|length| good[..length].to_vec());
    let changed = (0..good.len()).flat_map(move |at| {
        [0x00, 0x01, 0x7f, 0x80, 0x84, 0xff].map(|byte| {
            let mut bytes = good.to_vec();
            bytes[at] = byte;
            bytes
        })
    });
    cut.chain(changed)
}
