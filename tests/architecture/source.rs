//! Reading a Rust source file as the rules need it: without comments, text and test modules, cut into tokens.
//!
//! A lexer of our own is enough here and needs no dependency: it knows comments, literals and brackets, nothing else.

use std::fs;
use std::path::{Path, PathBuf};

/// One file under `src/`, or a snippet that a test made up.
pub(crate) struct Source {
    /// Path from the crate's root, such as `src/plan/renew.rs`.
    pub(crate) path: String,
    /// The file as it is.
    pub(crate) text: String,
    /// The same length, with spaces in place of comments and of what literals hold.
    pub(crate) code: String,
    /// `code`, with spaces in place of whatever stands under `#[cfg(test)]`.
    pub(crate) live: String,
}

/// A word or a sign, and the line it stands on (from 1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = mask(text);
        let live = blank_tests(&code);
        Self { path: path.to_owned(), text: text.to_owned(), code, live }
    }

    /// Every Rust file below `folder` of this crate, sorted by path.
    pub(crate) fn read_all(folder: &str) -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        collect(&root.join(folder), &mut files);
        files.sort();
        let read = |file: &PathBuf| {
            let text = fs::read_to_string(file).expect("a source file can be read");
            let path = file.strip_prefix(root).expect("a file below the root");
            Self::new(&path.to_string_lossy(), &text)
        };
        let sources: Vec<Self> = files.iter().map(read).collect();
        sources.into_iter().filter(|it| !it.is_test()).collect()
    }

    /// Where the file stands among the crate's modules: `["plan", "renew"]`; empty for the two crate roots.
    pub(crate) fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut steps: Vec<&str> = path.split('/').collect();
        if matches!(steps.last(), Some(&"mod" | &"lib" | &"main")) {
            steps.pop();
        }
        steps
    }

    /// The module below the crate's root that the file belongs to; `lib` and `main` for the two roots.
    pub(crate) fn top(&self) -> &str {
        match self.path.as_str() {
            "src/lib.rs" => "lib",
            "src/main.rs" => "main",
            _ => self.module().first().copied().unwrap_or_default(),
        }
    }

    /// The tokens outside tests.
    pub(crate) fn tokens(&self) -> Vec<Token<'_>> {
        tokens(&self.live)
    }

    /// A file that only `#[cfg(test)] mod tests;` can reach.
    fn is_test(&self) -> bool {
        self.path.starts_with("src/") && self.module().contains(&"tests")
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a folder entry can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// Cuts masked code into words, `::` and single signs.
pub(crate) fn tokens(code: &str) -> Vec<Token<'_>> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
    let bytes = code.as_bytes();
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        let length = match bytes[at] {
            byte if is_word(byte) => bytes[at..].iter().take_while(|it| is_word(**it)).count(),
            b':' if bytes.get(at + 1) == Some(&b':') => 2,
            _ => 1,
        };
        let text = &code[at..at + length];
        if !text.trim().is_empty() {
            found.push(Token { text, line });
        }
        line += usize::from(text == "\n");
        at += length;
    }
    found
}

/// Puts spaces in place of comments and of what text and character literals hold; lines stay where they are.
pub(crate) fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut masked = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let (length, hidden) = literal_or_comment(&bytes[at..], at > 0 && is_word_end(bytes[at - 1]));
        if hidden {
            let blank = |byte: &mut u8| *byte = if *byte == b'\n' { b'\n' } else { b' ' };
            masked[at..at + length].iter_mut().for_each(blank);
        }
        at += length;
    }
    String::from_utf8(masked).expect("whole characters were replaced")
}

fn is_word_end(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Length of what starts here, and whether it is to be hidden; one byte of code where nothing special starts.
fn literal_or_comment(rest: &[u8], inside_word: bool) -> (usize, bool) {
    let raw = if inside_word { None } else { raw_text(rest) };
    match rest {
        [b'/', b'/', ..] => (until(rest, b"\n").unwrap_or(rest.len()), true),
        [b'/', b'*', ..] => (block_comment(rest), true),
        [b'"', ..] => (quoted(rest, b'"'), true),
        [b'\'', b'\\', ..] => (quoted(rest, b'\''), true),
        [b'\'', ..] => character(rest).map_or((1, false), |length| (length, true)),
        _ => raw.map_or((1, false), |length| (length, true)),
    }
}

/// `'x'`, but not the lifetime `'x`.
fn character(rest: &[u8]) -> Option<usize> {
    let closing = 1 + rest.iter().skip(2).take(4).position(|byte| *byte == b'\'')? + 1;
    let one = std::str::from_utf8(&rest[1..closing]).is_ok_and(|text| text.chars().count() == 1);
    one.then_some(closing + 1)
}

fn until(rest: &[u8], end: &[u8]) -> Option<usize> {
    rest.windows(end.len()).position(|window| window == end)
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// `r"..."`, `r#"..."#`, also after `b` or `c`.
fn raw_text(rest: &[u8]) -> Option<usize> {
    let prefix = if matches!(rest, [b'b' | b'c', b'r', ..]) { 2 } else { 1 };
    if rest.get(prefix - 1) != Some(&b'r') {
        return None;
    }
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let start = prefix + hashes + 1;
    if rest.get(start - 1) != Some(&b'"') {
        return None;
    }
    let end = [b"\"", "#".repeat(hashes).as_bytes()].concat();
    Some(until(&rest[start..], &end).map_or(rest.len(), |length| start + length + end.len()))
}

/// Puts spaces in place of each item under `#[cfg(test)]` (or `#[cfg(all(test, ...))]`).
fn blank_tests(code: &str) -> String {
    let mut bytes = code.as_bytes().to_vec();
    let mut from = 0;
    while let Some(start) = code[from..].find("#[cfg(").map(|found| from + found) {
        let attribute = bracketed(&code[start + 1..]) + 1;
        let condition = &code[start..start + attribute];
        from = start + attribute;
        if condition.starts_with("#[cfg(test)") || condition.starts_with("#[cfg(all(test") {
            let end = from + item(&code[from..]);
            let blank = |byte: &mut u8| *byte = if *byte == b'\n' { b'\n' } else { b' ' };
            bytes[start..end].iter_mut().for_each(blank);
            from = end;
        }
    }
    String::from_utf8(bytes).expect("whole items were replaced")
}

/// Length of the bracketed text that starts here, both brackets included.
pub(crate) fn bracketed(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in code.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth <= 1 => return at + 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// Length of the item that starts here: up to its `;`, or to the end of its braces.
fn item(code: &str) -> usize {
    let mut at = 0;
    while at < code.len() {
        match code[at..].chars().next() {
            Some(';') => return at + 1,
            Some('{') => return at + bracketed(&code[at..]),
            Some('(' | '[') => at += bracketed(&code[at..]),
            Some(letter) => at += letter.len_utf8(),
            None => break,
        }
    }
    code.len()
}
