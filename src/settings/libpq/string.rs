//! Connection strings of the form `keyword=value ...` (libpq-connect, "Keyword/Value Connection Strings").

use super::error::LibpqError;
use super::keyword::{Given, find};
use super::uri;
use crate::settings::setting::{Origin, shown};

/// What follows these is a URI.
const SCHEMES: [&[u8]; 2] = [b"postgresql://", b"postgres://"];

/// Reads a connection string of either form; of a parameter that is given twice the later value counts.
pub(super) fn read(text: &[u8], given: &mut Given) -> Result<(), LibpqError> {
    if text.contains(&0) {
        return Err(LibpqError::ZeroByte);
    }
    match SCHEMES.into_iter().find(|scheme| text.starts_with(scheme)) {
        Some(scheme) => uri::read(text, scheme.len(), given),
        None => read_pairs(text, given),
    }
}

fn read_pairs(text: &[u8], given: &mut Given) -> Result<(), LibpqError> {
    let mut at = 0;
    loop {
        at += run(&text[at..], is_space);
        if at == text.len() {
            return Ok(());
        }
        let start = at;
        at += run(&text[at..], |byte| byte != b'=' && !is_space(byte));
        let name = &text[start..at];
        at += run(&text[at..], is_space);
        if text.get(at) != Some(&b'=') {
            return Err(LibpqError::MissingEquals { position: start + 1 });
        }
        at += 1;
        at += run(&text[at..], is_space);
        let (value, length) = value(&text[at..]).ok_or(LibpqError::Unterminated { position: at + 1 })?;
        at += length;
        put(name, value, start, given)?;
    }
}

fn put(name: &[u8], value: Vec<u8>, start: usize, given: &mut Given) -> Result<(), LibpqError> {
    if put_known(name, value, given) {
        return Ok(());
    }
    // Behind a password with a space in it, what looks like a name can be the rest of it.
    let name = (!given.has_secret()).then(|| shown(name));
    Err(LibpqError::UnknownOption { name, position: start + 1 })
}

/// Takes a parameter of a connection string; `false` where there is none of that name.
pub(super) fn put_known(name: &[u8], value: Vec<u8>, given: &mut Given) -> bool {
    // Older than `sslmode`, and still read.
    let (name, value) = match name {
        b"requiressl" if value.starts_with(b"1") => (b"sslmode".as_slice(), b"require".to_vec()),
        b"requiressl" => (b"sslmode".as_slice(), b"prefer".to_vec()),
        _ => (name, value),
    };
    let keyword = find(name);
    if let Some(keyword) = keyword {
        given.put(keyword, value, Origin::ConnectionString);
    }
    keyword.is_some()
}

/// The value at the beginning, with how many bytes it takes up; `None` where its quote is not closed.
fn value(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let quoted = text.first() == Some(&b'\'');
    let mut at = usize::from(quoted);
    let mut value = Vec::new();
    loop {
        match (text.get(at), quoted) {
            (None, true) => return None,
            (None, false) => return Some((value, at)),
            (Some(b'\''), true) => return Some((value, at + 1)),
            (Some(byte), false) if is_space(*byte) => return Some((value, at)),
            (Some(b'\\'), _) => {
                // A backslash at the very end stands for nothing.
                value.extend(text.get(at + 1));
                at = text.len().min(at + 2);
            }
            (Some(byte), _) => {
                value.push(*byte);
                at += 1;
            }
        }
    }
}

/// As `isspace` in the C locale.
pub(super) fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// How many bytes at the beginning are such.
pub(super) fn run(text: &[u8], such: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|byte| !such(*byte)).unwrap_or(text.len())
}
