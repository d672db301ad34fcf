//! Bracket expressions and class escapes of a regular expression, as sets of bytes in the C collation, where only ASCII has
//! letters (functions-posix-regexp, "Bracket Expressions", "Regular Expression Class-Shorthand Escapes").

use super::pattern::Fault;
use std::fmt::Write as _;

/// Which bytes fit.
#[derive(Clone, Copy)]
pub(super) struct Set([bool; 256]);

impl Set {
    pub(super) const EMPTY: Self = Self([false; 256]);

    fn of(is_in: fn(u8) -> bool) -> Self {
        let mut set = Self::EMPTY;
        (0..=255).for_each(|byte| set.0[usize::from(byte)] = is_in(byte));
        set
    }

    /// What `\d`, `\s` and `\w` mean, and in capitals everything else.
    pub(super) fn shorthand(letter: u8) -> Option<Self> {
        let set = match letter.to_ascii_lowercase() {
            b'd' => Self::of(|byte| byte.is_ascii_digit()),
            b's' => Self::of(is_space),
            b'w' => Self::of(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            _ => return None,
        };
        Some(if letter.is_ascii_uppercase() { set.complement() } else { set })
    }

    /// `[:alpha:]` and its like.
    pub(super) fn class(name: &[u8]) -> Option<Self> {
        Some(Self::of(match name {
            b"alpha" => |byte| byte.is_ascii_alphabetic(),
            b"upper" => |byte| byte.is_ascii_uppercase(),
            b"lower" => |byte| byte.is_ascii_lowercase(),
            b"digit" => |byte| byte.is_ascii_digit(),
            b"xdigit" => |byte| byte.is_ascii_hexdigit(),
            b"alnum" => |byte| byte.is_ascii_alphanumeric(),
            b"punct" => |byte| byte.is_ascii_punctuation(),
            b"graph" => |byte| byte.is_ascii_graphic(),
            b"print" => |byte| byte.is_ascii_graphic() || byte == b' ',
            b"cntrl" => |byte| byte.is_ascii_control(),
            b"blank" => |byte| byte == b' ' || byte == b'\t',
            b"space" => is_space,
            _ => return None,
        }))
    }

    pub(super) fn add(&mut self, byte: u8) {
        self.0[usize::from(byte)] = true;
    }

    pub(super) fn add_range(&mut self, first: u8, last: u8) -> Result<(), Fault> {
        if first > last {
            return Err(Fault::Broken("invalid character range"));
        }
        (first..=last).for_each(|byte| self.add(byte));
        Ok(())
    }

    pub(super) fn add_set(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, theirs)| *own |= theirs);
    }

    pub(super) fn complement(mut self) -> Self {
        self.0.iter_mut().for_each(|is_in| *is_in = !*is_in);
        self
    }

    /// The same with both cases of every letter in it.
    pub(super) fn folded(mut self) -> Self {
        for upper in b'A'..=b'Z' {
            let (upper, lower) = (usize::from(upper), usize::from(upper.to_ascii_lowercase()));
            let either = self.0[upper] || self.0[lower];
            (self.0[upper], self.0[lower]) = (either, either);
        }
        self
    }

    /// As a class of `regex-lite`, where each byte is the character of its number.
    pub(super) fn write(&self, out: &mut String) -> Result<(), Fault> {
        let members: Vec<u8> = (0..=255_u8).filter(|byte| self.0[usize::from(*byte)]).collect();
        if members.is_empty() {
            return Err(Fault::NotJudged("a bracket expression that fits nothing"));
        }
        out.push('[');
        for run in members.chunk_by(|one, next| u16::from(*one) + 1 == u16::from(*next)) {
            if let (Some(first), Some(last)) = (run.first(), run.last()) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\x{{{first:02X}}}-\\x{{{last:02X}}}");
            }
        }
        out.push(']');
        Ok(())
    }
}

/// C's `isspace`, which knows the vertical tab too.
fn is_space(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}
