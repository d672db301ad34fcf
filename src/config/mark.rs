//! The first line of what is written, by which a later run knows its own file, and comments in lines of their own.

use std::fmt::Write;

/// How the first line begins behind its comment sign, whatever the target.
const MARK: &str = " Made by pgtls config ";

/// Whether a text is one that was written here.
#[must_use]
pub fn is_marked(text: &[u8]) -> bool {
    text.split_first().is_some_and(|(sign, rest)| b"#;".contains(sign) && rest.starts_with(MARK.as_bytes()))
}

/// The columns that a comment keeps to.
const WIDTH: usize = 80;

/// The first line of a target.
pub(super) fn opening(target: &str) -> String {
    opening_behind('#', target)
}

/// The same where comments begin with another sign.
pub(super) fn opening_behind(sign: char, target: &str) -> String {
    format!("{sign}{MARK}{target}; the same command makes it anew.\n")
}

/// Adds a comment, in as many lines as it takes.
pub(super) fn comment(out: &mut String, text: &str) {
    comment_at(out, text, 0);
}

/// The same, so far to the right.
pub(super) fn comment_at(out: &mut String, text: &str, indent: usize) {
    let lead = format!("{:indent$}#", "");
    let mut line = lead.clone();
    for word in text.split(' ') {
        if line != lead && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line.clone_from(&lead);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_keeps_to_the_width_and_every_line_of_it_is_one() {
        let mut out = String::new();
        comment_at(&mut out, &"word ".repeat(40), 2);
        assert!(
            out.lines().count() > 2
                && out.lines().all(|line| line.starts_with("  # ") && line.len() <= WIDTH)
        );
    }
}
