//! Texts of others on their way to a terminal, and words on their way to a shell.

use crate::recipe::shell_quoted;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// The columns of a terminal.
pub(super) const WIDTH: usize = 80;

/// A text whose control characters are spelt out: names come from whoever made the certificate or the profile, and a
/// terminal obeys what it is sent. The line breaks between lines are ours and stay.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // What turns the direction of writing makes one name look like another.
        if c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// A word as a POSIX shell takes it. One that a terminal would obey, or that is not UTF-8, is written with the escapes
/// that bash, ksh and zsh know.
pub(super) fn shell_word(word: &OsStr) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(plain) => text.to_owned(),
        Some(text) if harmless(text) == text && !text.contains('\n') => shell_quoted(text),
        _ => {
            let escaped = word.as_bytes().iter().map(|byte| match byte {
                b'\\' | b'\'' | 0x00..0x20 | 0x7f.. => format!("\\x{byte:02x}"),
                byte => char::from(*byte).to_string(),
            });
            format!("$'{}'", escaped.collect::<String>())
        }
    }
}

/// The lines of a text in the width of a terminal; a word that is wider stays whole, so that it can be copied.
pub(super) fn wrapped(text: &str, indent: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{:indent$}{word}", "")),
        }
    }
    lines
}

/// A command in lines that a shell takes as one: broken between its words, never inside quotes, and before a flag
/// rather than between it and its value.
pub(super) fn folded(command: &str, indent: usize) -> Vec<String> {
    const MORE: usize = 2;
    let mut parts: Vec<String> = Vec::new();
    let mut is_quoted = false;
    for word in command.split(' ') {
        let goes_on = |part: &String| {
            let after_flag = part.starts_with('-') && !part.contains(' ') && !word.starts_with('-');
            is_quoted || (after_flag && part != "--")
        };
        match parts.last_mut().filter(|part| goes_on(part)) {
            Some(part) => *part = format!("{part} {word}"),
            None => parts.push(word.to_owned()),
        }
        is_quoted ^= word.matches('\'').count() % 2 == 1;
    }
    if indent + command.chars().count() <= WIDTH {
        return vec![format!("{:indent$}{command}", "")];
    }
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            // A command of its own in a line of its own.
            Some(line) if line.ends_with(" &&") => lines.push(format!("{:indent$}{part}", "")),
            // The room is for what ends the line.
            Some(line) if part == "&&" || line.chars().count() + part.chars().count() + 4 <= WIDTH => {
                line.push(' ');
                line.push_str(&part);
            }
            Some(line) => {
                line.push_str(" \\");
                lines.push(format!("{:1$}{part}", "", indent + MORE));
            }
            None => lines.push(format!("{:indent$}{part}", "")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_as_far_as_it_has_to_be() {
        for (word, shown) in [
            (&b"pki/db-1"[..], "pki/db-1"),
            (b"", "''"),
            (b"a b", "'a b'"),
            (b"it's", r"'it'\''s'"),
            (b"a\x1b[31mb", r"$'a\x1b[31mb'"),
            (b"a\nb'", r"$'a\x0ab\x27'"),
            (b"\xffpki", r"$'\xffpki'"),
            ("b\u{202e}c".as_bytes(), r"$'b\xe2\x80\xaec'"),
        ] {
            assert_eq!(shell_word(OsStr::from_bytes(word)), shown);
        }
    }

    #[test]
    fn a_folded_command_is_the_same_to_a_shell() {
        let long = "x".repeat(70);
        let command = format!("printf '%s|' -D {long} --server 'a  b {long}' {long} && printf '%s' c -d");
        let lines = folded(&command, 2);
        assert!(lines.len() > 3 && lines.iter().any(|line| line.ends_with(" \\")), "{lines:#?}");
        let said = |script: &str| {
            let output = std::process::Command::new("sh").args(["-c", script]).output().ok()?;
            output.status.success().then_some(output.stdout)
        };
        assert!(said(&command).is_some());
        assert_eq!(said(&lines.join("\n")), said(&command));
        assert_eq!(folded("chmod 0600 a", 4), ["    chmod 0600 a"]);
        let anew = format!("pgtls gen chain --force -D {long} --client app");
        let shown = [
            "  pgtls gen chain --force \\".to_owned(),
            format!("    -D {long} \\"),
            "    --client app".to_owned(),
        ];
        assert_eq!(folded(&anew, 2), shown);
    }
}
