//! The words of a configuration file, told apart as `guc-file.l` does: the longest match counts.

/// What kind of word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, digits and underscores, a letter first.
    Name,
    /// Two names and a dot between. It names a parameter of an extension; as a value it is an error, which is why
    /// `server.crt` needs quotes.
    QualifiedName,
    /// Within single quotes.
    Quoted,
    /// What may stand without quotes, as a name with `-._:/` in it.
    Unquoted,
    /// A number, perhaps with a unit.
    Number,
    /// `=`.
    Equals,
    EndOfLine,
    EndOfFile,
    /// One byte that begins none of these.
    Stray,
}

/// A word and the line that it stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a [u8],
    pub(super) line: usize,
}

/// Cuts text into words.
pub(super) struct Scanner<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { rest: text, line: 1 }
    }

    /// The next word; [`Kind::EndOfFile`] again and again once there is none.
    pub(super) fn next(&mut self) -> Token<'a> {
        self.skip(run(self.rest, |byte| b" \t\r".contains(&byte)));
        if self.rest.first() == Some(&b'#') {
            self.skip(run(self.rest, |byte| byte != b'\n'));
        }
        let (kind, length) = self.kind();
        let (text, rest) = self.rest.split_at(length);
        let token = Token { kind, text, line: self.line };
        self.rest = rest;
        if kind == Kind::EndOfLine {
            self.line += 1;
        }
        token
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn kind(&self) -> (Kind, usize) {
        let Some(&first) = self.rest.first() else {
            return (Kind::EndOfFile, 0);
        };
        match first {
            b'\n' => (Kind::EndOfLine, 1),
            b'=' => (Kind::Equals, 1),
            b'\'' => quoted(self.rest).map_or((Kind::Stray, 1), |length| (Kind::Quoted, length)),
            _ if is_letter(first) => word(self.rest),
            _ => number(self.rest).map_or((Kind::Stray, 1), |length| (Kind::Number, length)),
        }
    }
}

/// How many bytes at the beginning are such.
fn run(text: &[u8], such: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|byte| !such(*byte)).unwrap_or(text.len())
}

/// A letter, an underscore, or a byte outside ASCII, whatever it is a part of.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_letter_or_digit(byte: u8) -> bool {
    is_letter(byte) || byte.is_ascii_digit()
}

fn word(text: &[u8]) -> (Kind, usize) {
    let name = run(text, is_letter_or_digit);
    let qualified = match &text[name..] {
        [b'.', rest @ ..] if rest.first().is_some_and(|byte| is_letter(*byte)) => {
            name + 1 + run(rest, is_letter_or_digit)
        }
        _ => name,
    };
    let unquoted = run(text, |byte| is_letter_or_digit(byte) || b"-._:/".contains(&byte));
    // Of equally long ones the first in this order counts.
    if unquoted > qualified {
        (Kind::Unquoted, unquoted)
    } else if qualified > name {
        (Kind::QualifiedName, qualified)
    } else {
        (Kind::Name, name)
    }
}

/// The length of a quoted string, quotes included; `None` where its line ends before it does.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text[at..] {
            [b'\'', b'\'', ..] => at += 2,
            [b'\'', ..] => return Some(at + 1),
            // The escaped byte can be a quote, but no line break.
            [b'\\', escaped, ..] if escaped != b'\n' => at += 2,
            [] | [b'\n' | b'\\', ..] => return None,
            _ => at += 1,
        }
    }
}

/// The length of a number, with the letters behind it that name a unit.
fn number(text: &[u8]) -> Option<usize> {
    let digits_at = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let digits = run(&text[digits_at..], |byte| byte.is_ascii_digit());
    let after = digits_at + digits;
    let letters = |from: usize| from + run(&text[from..], |byte| byte.is_ascii_alphabetic());
    let decimal = (digits > 0).then(|| letters(after));
    let hexadecimal = text[digits_at..].strip_prefix(b"0x").and_then(|rest| {
        let digits = run(rest, |byte| byte.is_ascii_hexdigit());
        (digits > 0).then(|| letters(digits_at + 2 + digits))
    });
    let real = (text.get(after) == Some(&b'.')).then(|| {
        let end = after + 1 + run(&text[after + 1..], |byte| byte.is_ascii_digit());
        end + exponent(&text[end..])
    });
    decimal.max(hexadecimal).max(real)
}

/// The length of `e10`, `E-3`; 0 where there is none.
fn exponent(text: &[u8]) -> usize {
    let [b'e' | b'E', rest @ ..] = text else {
        return 0;
    };
    let sign = usize::from(matches!(rest.first(), Some(b'+' | b'-')));
    match run(&rest[sign..], |byte| byte.is_ascii_digit()) {
        0 => 0,
        digits => 1 + sign + digits,
    }
}
