//! Reads PostgreSQL's dialect of regular expressions, and writes the same for `regex-lite`, as far as there is the same.

use super::pattern::Fault;
use super::set::Set;
use std::fmt::Write as _;

/// The most repetitions (`DUPMAX`, regex.h).
const MOST_REPEATED: u32 = 255;

/// What was read, as `regex-lite` takes it.
pub(super) struct Translated {
    pub(super) out: String,
    pub(super) group: Option<Group>,
    /// Whether there are alternatives outside of all brackets.
    pub(super) is_split: bool,
}

/// Reads an expression, without the slash in front of it.
pub(super) fn translated(text: &[u8]) -> Result<Translated, Fault> {
    let mut reader = Reader { text, at: 0, out: String::new(), folds: false, group: None, is_split: false };
    reader.read()?;
    let Reader { out, group, is_split, .. } = reader;
    Ok(Translated { out, group, is_split })
}

/// Where the first subexpression stands in what was written.
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: Option<usize>,
    /// Whether it is in no other brackets, and not repeated.
    pub(super) is_plain: bool,
}

/// Reads the dialect, and writes the same for `regex-lite`.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    out: String,
    folds: bool,
    group: Option<Group>,
    is_split: bool,
}

/// What stood last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing that could be repeated: a beginning, an anchor.
    Nothing,
    /// Something that could be.
    Atom,
    /// A repetition.
    Repetition,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn takes(&mut self, what: &[u8]) -> bool {
        let is_there = self.text[self.at..].starts_with(what);
        self.at += if is_there { what.len() } else { 0 };
        is_there
    }

    fn read(&mut self) -> Result<(), Fault> {
        if self.takes(b"***=") {
            let rest = &self.text[self.at..];
            rest.iter().for_each(|byte| literal(*byte, false, &mut self.out));
            return Ok(());
        }
        self.takes(b"***:");
        self.options()?;
        // How each bracket was opened: the first subexpression, or any other.
        let mut open: Vec<bool> = Vec::new();
        let mut last = Last::Nothing;
        while let Some(byte) = self.peek() {
            self.at += 1;
            last = match byte {
                b'(' => {
                    open.push(self.opening(open.is_empty())?);
                    Last::Nothing
                }
                b')' => self.closing(&mut open)?,
                b'|' => {
                    self.is_split |= open.is_empty();
                    self.out.push('|');
                    Last::Nothing
                }
                b'^' | b'$' => {
                    self.out.push(char::from(byte));
                    Last::Nothing
                }
                b'*' | b'+' | b'?' => self.repeated(byte, last)?,
                b'{' if self.peek().is_some_and(|next| next.is_ascii_digit()) => self.repeated(byte, last)?,
                b'.' => {
                    self.out.push('.');
                    Last::Atom
                }
                b'[' => self.bracket()?,
                b'\\' => self.escape()?,
                byte => {
                    literal(byte, self.folds, &mut self.out);
                    Last::Atom
                }
            };
        }
        if open.is_empty() { Ok(()) } else { Err(Fault::Broken("parentheses () not balanced")) }
    }

    /// `(?i)` and its like, which can stand in front alone.
    fn options(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let letters = rest.strip_prefix(b"(?").map(|rest| {
            let end = rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
            (&rest[..end], rest.get(end))
        });
        let Some((letters, Some(b')'))) = letters.filter(|(letters, _)| !letters.is_empty()) else {
            return Ok(());
        };
        for letter in letters {
            match letter {
                b'i' => self.folds = true,
                b'c' => self.folds = false,
                b's' | b't' => {}
                _ => return Err(Fault::NotJudged("another option than (?i), (?c), (?s) and (?t)")),
            }
        }
        self.at += letters.len() + b"(?)".len();
        Ok(())
    }

    /// Whether the bracket that was opened is the first subexpression.
    fn opening(&mut self, is_outside: bool) -> Result<bool, Fault> {
        if self.takes(b"?:") {
            self.out.push_str("(?:");
            return Ok(false);
        }
        if self.peek() == Some(b'?') {
            return Err(Fault::NotJudged("what begins with (?"));
        }
        let is_first = self.group.is_none();
        if is_first {
            self.group = Some(Group { start: self.out.len(), end: None, is_plain: is_outside });
        }
        self.out.push('(');
        Ok(is_first)
    }

    fn closing(&mut self, open: &mut Vec<bool>) -> Result<Last, Fault> {
        let is_first = open.pop().ok_or(Fault::Broken("parentheses () not balanced"))?;
        self.out.push(')');
        if let Some(group) = self.group.as_mut().filter(|_| is_first) {
            group.end = Some(self.out.len());
        }
        Ok(Last::Atom)
    }

    /// A repetition, with `?` behind it one that takes as little as it can.
    fn repeated(&mut self, byte: u8, last: Last) -> Result<Last, Fault> {
        if last != Last::Atom {
            return Err(Fault::Broken("quantifier operand invalid"));
        }
        if let Some(group) = self.group.as_mut().filter(|group| group.end == Some(self.out.len())) {
            group.is_plain = false;
        }
        match byte {
            b'{' => self.bound()?,
            byte => self.out.push(char::from(byte)),
        }
        if self.takes(b"?") {
            self.out.push('?');
        }
        Ok(Last::Repetition)
    }

    /// `2}`, `2,}` or `2,3}`.
    fn bound(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let end =
            rest.iter().position(|byte| *byte == b'}').ok_or(Fault::Broken("braces {} not balanced"))?;
        let text = std::str::from_utf8(&rest[..end]).map_err(|_| BOUND)?;
        let number = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u32>().ok().filter(|number| plain && *number <= MOST_REPEATED).ok_or(BOUND)
        };
        let (least, most) = match text.split_once(',') {
            None => (number(text)?, Some(number(text)?)),
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        if most.is_some_and(|most| most < least) {
            return Err(BOUND);
        }
        self.at += end + 1;
        // Writing to a String cannot fail.
        let _ = match most {
            Some(most) => write!(self.out, "{{{least},{most}}}"),
            None => write!(self.out, "{{{least},}}"),
        };
        Ok(())
    }

    fn escape(&mut self) -> Result<Last, Fault> {
        let letter = self.peek().ok_or(Fault::Broken("invalid escape \\ sequence"))?;
        self.at += 1;
        if let Some(set) = Set::shorthand(letter) {
            set.write(&mut self.out)?;
            return Ok(Last::Atom);
        }
        match letter {
            b'A' => self.out.push('^'),
            b'Z' => self.out.push('$'),
            letter => {
                literal(escaped(letter)?, self.folds, &mut self.out);
                return Ok(Last::Atom);
            }
        }
        Ok(Last::Nothing)
    }

    /// What stands in square brackets.
    fn bracket(&mut self) -> Result<Last, Fault> {
        const OPEN: Fault = Fault::Broken("brackets [] not balanced");
        let is_negated = self.takes(b"^");
        let mut set = Set::EMPTY;
        let mut is_first = true;
        loop {
            if self.peek().ok_or(OPEN)? == b']' && !is_first {
                self.at += 1;
                break;
            }
            is_first = false;
            let first = self.member(&mut set)?;
            if !self.is_at_range() {
                first.into_iter().for_each(|first| set.add(first));
                continue;
            }
            // Neither end of it is a class.
            let first = first.ok_or(RANGE)?;
            self.at += 1;
            let mut class = Set::EMPTY;
            let last = self.member(&mut class)?.ok_or(RANGE)?;
            set.add_range(first, last)?;
            let goes_on = self.peek() == Some(b'-') && self.text.get(self.at + 1) != Some(&b']');
            if first == b'-' || last == b'-' || goes_on {
                return Err(Fault::NotJudged("a range that begins or ends with -"));
            }
        }
        let set = if self.folds { set.folded() } else { set };
        let set = if is_negated { set.complement() } else { set };
        set.write(&mut self.out)?;
        Ok(Last::Atom)
    }

    /// Whether a `-` stands there that is between two characters, and is not the last one in the brackets.
    fn is_at_range(&self) -> bool {
        self.peek() == Some(b'-') && self.text.get(self.at + 1).is_some_and(|next| *next != b']')
    }

    /// One character in square brackets; `None` for a class, which is added.
    fn member(&mut self, set: &mut Set) -> Result<Option<u8>, Fault> {
        let byte = self.peek().ok_or(Fault::Broken("brackets [] not balanced"))?;
        self.at += 1;
        match (byte, self.peek()) {
            (b'[', Some(b':')) => {
                let rest = &self.text[self.at + 1..];
                let end = rest.windows(2).position(|two| two == b":]");
                let end = end.ok_or(Fault::Broken("brackets [] not balanced"))?;
                let class = Set::class(&rest[..end]).ok_or(Fault::NotJudged("that class of characters"))?;
                set.add_set(&class);
                self.at += end + b"::]".len();
                Ok(None)
            }
            (b'[', Some(b'.' | b'=')) => Err(Fault::NotJudged("a collating element")),
            (b'\\', Some(letter)) => {
                self.at += 1;
                match Set::shorthand(letter) {
                    // Before PostgreSQL 14 these are errors here.
                    Some(_) if letter.is_ascii_uppercase() => {
                        Err(Fault::NotJudged("\\D, \\S or \\W in brackets"))
                    }
                    Some(class) => {
                        set.add_set(&class);
                        Ok(None)
                    }
                    None => escaped(letter).map(Some),
                }
            }
            (byte, _) => Ok(Some(byte)),
        }
    }
}

const RANGE: Fault = Fault::Broken("invalid character range");
const BOUND: Fault = Fault::Broken("invalid repetition count(s)");

/// What a backslash and a character stand for, where that is one character.
fn escaped(letter: u8) -> Result<u8, Fault> {
    Ok(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        b'e' => 0x1b,
        b'B' => b'\\',
        b'1'..=b'9' => return Err(Fault::NotJudged("a back reference")),
        b'm' | b'M' | b'y' | b'Y' => return Err(Fault::NotJudged("a constraint on words")),
        letter if letter.is_ascii_alphanumeric() => {
            return Err(Fault::NotJudged("an escape of that kind"));
        }
        letter => letter,
    })
}

/// A character that stands for itself; where case does not count, for its other case too.
fn literal(byte: u8, folds: bool, out: &mut String) {
    if folds && byte.is_ascii_alphabetic() {
        let (lower, upper) = (byte.to_ascii_lowercase(), byte.to_ascii_uppercase());
        out.extend(['[', char::from(lower), char::from(upper), ']']);
    } else if byte.is_ascii_alphanumeric() {
        out.push(char::from(byte));
    } else {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\x{{{byte:02X}}}");
    }
}
