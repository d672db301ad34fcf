//! The command as it was typed, to be printed again.

use crate::cli::words::shell_word;
use std::ffi::OsString;

/// The command as it was typed, to be printed ready to be pasted.
pub(in crate::cli) struct TypedCommand {
    words: Vec<OsString>,
}

impl TypedCommand {
    /// Takes the words, without those that only concern this one run.
    pub(in crate::cli) fn new(arguments: &[OsString]) -> Self {
        let once = ["--if-missing", "--force", "--dry-run", "--json", "--quiet", "-q"];
        let words = arguments.iter().skip(1).filter(|word| !once.iter().any(|once| word == once));
        Self { words: words.cloned().collect() }
    }

    /// The command with the user's own names, into a place of its own.
    pub(in crate::cli) fn with_own_names(&self) -> String {
        let mut words = self.without(&["-D", "--dir", "--ca-dir"]);
        words.extend(["--server", "db1.example.com"].map(OsString::from));
        let is_client =
            |word: &OsString| word == "--client" || word.to_string_lossy().starts_with("--client=");
        if !self.words.iter().any(is_client) {
            words.extend(["--client", "app"].map(OsString::from));
        }
        words.extend(["-D", "db1"].map(OsString::from));
        line(&words)
    }

    /// The words but for these flags and their values: `-D x`, `-Dx`, `--dir x`, `--dir=x`.
    fn without(&self, flags: &[&str]) -> Vec<OsString> {
        let mut kept = Vec::new();
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            if flags.contains(&text.as_ref()) {
                words.next();
                continue;
            }
            let joined = flags.iter().any(|flag| match flag.strip_prefix("--") {
                Some(_) => text.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')),
                None => text.starts_with(flag),
            });
            if !joined {
                kept.push(word.clone());
            }
        }
        kept
    }
}

fn line(words: &[OsString]) -> String {
    let words = words.iter().map(|word| shell_word(word));
    std::iter::once("pgtls".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
