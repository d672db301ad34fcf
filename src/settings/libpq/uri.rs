//! Connection strings of the form `postgresql://user@host:port/dbname?keyword=value` (libpq-connect, "Connection URIs").

use super::error::{LibpqError, UriProblem};
use super::keyword::{Given, find};
use super::string::{put_known, run};
use crate::settings::setting::{Origin, shown};

/// A URI behind its scheme, taken apart from its beginning.
struct Rest<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    /// Takes what stands before the first of `ends`, and leaves that.
    fn before(&mut self, ends: &[u8]) -> Part<'a> {
        let start = self.at;
        self.at += run(&self.text[start..], |byte| !ends.contains(&byte));
        Part { text: &self.text[start..self.at], start }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }
}

/// A part of the URI, still encoded, and where it begins.
#[derive(Clone, Copy)]
struct Part<'a> {
    text: &'a [u8],
    start: usize,
}

impl Part<'_> {
    fn decoded(self) -> Result<Vec<u8>, LibpqError> {
        decode(self.text).map_err(|problem| fail(problem, self.start))
    }
}

fn fail(problem: UriProblem, at: usize) -> LibpqError {
    LibpqError::Uri { problem, position: at + 1 }
}

pub(super) fn read(text: &[u8], scheme: usize, given: &mut Given) -> Result<(), LibpqError> {
    let mut rest = Rest { text, at: scheme };
    read_credentials(&mut rest, given)?;
    read_hosts(&mut rest, given)?;
    if rest.take(b'/') {
        let name = rest.before(b"?");
        put(given, "dbname", name)?;
    }
    if rest.take(b'?') {
        read_parameters(&mut rest, given)?;
    }
    Ok(())
}

/// Takes a part that is not empty: an empty one leaves the matter to the environment.
fn put(given: &mut Given, name: &str, part: Part<'_>) -> Result<(), LibpqError> {
    if let Some(keyword) = find(name.as_bytes()).filter(|_| !part.text.is_empty()) {
        given.put(keyword, part.decoded()?, Origin::ConnectionString);
    }
    Ok(())
}

/// `user:password@`, where an `@` stands before the first slash.
fn read_credentials(rest: &mut Rest<'_>, given: &mut Given) -> Result<(), LibpqError> {
    let start = rest.at;
    rest.before(b"@/");
    let found = rest.peek() == Some(b'@');
    rest.at = start;
    if !found {
        return Ok(());
    }
    let user = rest.before(b":@");
    put(given, "user", user)?;
    if rest.take(b':') {
        let password = rest.before(b"@");
        put(given, "password", password)?;
    }
    rest.take(b'@');
    Ok(())
}

/// `host:port,host:port`, which become one list of hosts and one of ports.
fn read_hosts(rest: &mut Rest<'_>, given: &mut Given) -> Result<(), LibpqError> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    let start = rest.at;
    loop {
        if rest.take(b'[') {
            let address = rest.before(b"]");
            hosts.extend_from_slice(address.text);
            if !rest.take(b']') {
                return Err(fail(UriProblem::OpenBracket, address.start));
            }
            if address.text.is_empty() {
                return Err(fail(UriProblem::EmptyAddress, address.start));
            }
            if !matches!(rest.peek(), None | Some(b':' | b'/' | b'?' | b',')) {
                return Err(fail(UriProblem::BehindBracket, rest.at));
            }
        } else {
            hosts.extend_from_slice(rest.before(b":/?,").text);
        }
        if rest.take(b':') {
            ports.extend_from_slice(rest.before(b"/?,").text);
        }
        if !rest.take(b',') {
            break;
        }
        hosts.push(b',');
        ports.push(b',');
    }
    put(given, "host", Part { text: &hosts, start })?;
    put(given, "port", Part { text: &ports, start })
}

/// `keyword=value&keyword=value`.
fn read_parameters(rest: &mut Rest<'_>, given: &mut Given) -> Result<(), LibpqError> {
    while rest.peek().is_some() {
        let name = rest.before(b"=&");
        if !rest.take(b'=') {
            return Err(fail(UriProblem::NoValue, name.start));
        }
        let value = rest.before(b"=&");
        if rest.peek() == Some(b'=') {
            return Err(fail(UriProblem::TwoValues, name.start));
        }
        rest.take(b'&');
        let (name, value, start) = (name.decoded()?, value.decoded()?, name.start);
        // JDBC's word for it.
        let jdbc = (name.as_slice(), value.as_slice()) == (b"ssl", b"true");
        let (name, value) = if jdbc { (b"sslmode".to_vec(), b"require".to_vec()) } else { (name, value) };
        if !put_known(&name, value, given) {
            return Err(fail(
                UriProblem::UnknownParameter { name: (!given.has_secret()).then(|| shown(&name)) },
                start,
            ));
        }
    }
    Ok(())
}

/// Undoes percent-encoding. Spaces around the text fall away, others have to be encoded; libpq before 18 keeps them all.
fn decode(text: &[u8]) -> Result<Vec<u8>, UriProblem> {
    let start = run(text, |byte| byte == b' ');
    let length = text.iter().rposition(|byte| *byte != b' ').map_or(start, |last| last + 1);
    let mut rest = &text[start..length];
    let mut decoded = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b' ' => return Err(UriProblem::Spaces),
            b'%' => {
                let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    return Err(UriProblem::Percent);
                };
                match u8::try_from(high * 16 + low) {
                    Ok(byte) if byte != 0 => decoded.push(byte),
                    _ => return Err(UriProblem::PercentZero),
                }
                rest = &after[2..];
            }
            byte => decoded.push(*byte),
        }
    }
    Ok(decoded)
}
