//! How text looks where it goes: colours, the width of a terminal, and how wide characters are.

use std::ffi::OsString;

/// Where there is no terminal to ask.
pub(super) const USUAL_WIDTH: usize = 80;
/// Below it nothing is readable anyway.
const LEAST_WIDTH: usize = 20;

/// How text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Look {
    /// The columns of the terminal; `None`: it is none, and nothing is ever cut.
    pub(super) terminal: Option<usize>,
    colours: bool,
}

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// All is well.
    Good,
    /// Look at it soon.
    Soon,
    /// It does not work.
    Bad,
    /// What a line is about.
    Head,
}

impl Look {
    /// `terminal` is the width of the terminal that standard output is. COLUMNS is stronger; NO_COLOR (no-color.org) and
    /// a dumb terminal have no colours.
    pub(super) fn of(terminal: Option<usize>, variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let said = set("COLUMNS").and_then(|text| text.to_str()?.parse::<usize>().ok());
        let terminal = terminal.map(|width| said.filter(|said| *said > 0).unwrap_or(width).max(LEAST_WIDTH));
        let is_dumb = set("TERM").is_some_and(|kind| kind == "dumb");
        Self { terminal, colours: terminal.is_some() && set("NO_COLOR").is_none() && !is_dumb }
    }

    /// The columns in which words are wrapped.
    pub(super) fn width(&self) -> usize {
        self.terminal.unwrap_or(USUAL_WIDTH)
    }

    /// The text in that tone, where there are colours.
    pub(super) fn toned(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            _ if !self.colours => return text.to_owned(),
            Tone::Good => "32",
            Tone::Soon => "33",
            Tone::Bad => "31",
            Tone::Head => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// The text in at most that many columns, its end told by `…`; whole where there is no terminal.
    pub(super) fn cut(&self, text: &str, room: usize) -> String {
        if self.terminal.is_none() || columns(text) <= room {
            return text.to_owned();
        }
        let mut kept = String::new();
        let mut used = 1;
        for c in text.chars() {
            used += width_of(c);
            if used > room {
                break;
            }
            kept.push(c);
        }
        kept.push('…');
        kept
    }
}

/// The columns that a text takes on a terminal.
pub(super) fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(width_of).sum() }
}

/// The text, with spaces behind it up to that many columns.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{:1$}", "", width.saturating_sub(columns(text)))
}

/// Combining marks take none; ideographs, kana, hangul and emoji two (Unicode, East Asian Width).
fn width_of(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f | 0x1ab0..=0x1aff => 0,
        0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xa960..=0xa97f | 0xac00..=0xd7a3 => 2,
        0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 2,
        0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Words in lines of at most `width` columns, where a word fits at all.
pub(super) fn wrapped<W: AsRef<str>>(words: impl IntoIterator<Item = W>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let word = word.as_ref();
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(terminal: Option<usize>, set: &[(&str, &str)]) -> Look {
        Look::of(terminal, &|name| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn colours_are_for_terminals_that_have_them_and_want_them() {
        for (terminal, set, colours) in [
            (None, &[][..], false),
            (Some(80), &[], true),
            (Some(80), &[("NO_COLOR", "1")], false),
            (Some(80), &[("NO_COLOR", "")], true),
            (Some(80), &[("TERM", "dumb")], false),
            (Some(80), &[("TERM", "xterm-256color")], true),
        ] {
            assert_eq!(look(terminal, set).toned(Tone::Bad, "x") != "x", colours, "{terminal:?} {set:?}");
        }
    }

    #[test]
    fn a_width_counts_on_a_terminal_alone() {
        let width = |terminal, columns| look(terminal, &[("COLUMNS", columns)]).terminal;
        assert_eq!(width(Some(132), ""), Some(132));
        assert_eq!(
            [width(Some(132), "60"), width(Some(132), "0"), width(Some(132), "x")],
            [Some(60), Some(132), Some(132)]
        );
        assert_eq!((width(Some(3), ""), width(None, "60")), (Some(20), None));
    }

    #[test]
    fn what_is_cut_says_so_and_fits_also_where_characters_are_wide() {
        let look = look(Some(80), &[]);
        assert_eq!(
            (look.cut("CN=abc", 6), look.cut("CN=abcd", 6)),
            ("CN=abc".to_owned(), "CN=ab…".to_owned())
        );
        assert_eq!(look.cut("データベース", 6), "デー…");
        assert_eq!(columns("データ"), 6);
        assert_eq!(columns("e\u{301}"), 1);
        assert_eq!(super::Look::default().cut("CN=abcd", 3), "CN=abcd");
    }
}
