//! Names as text: attributes and values with the escapes of RFC 4514, in encoded order.

use super::{ATTRIBUTES, Attribute, TAG_IA5, TAG_PRINTABLE, TAG_UTF8};
use crate::x509::extension::parse_oid;

/// Splits at a separator that no backslash protects.
pub(super) fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == separator => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

pub(super) fn parse_attribute(text: &str) -> Result<Attribute, &'static str> {
    let (kind, value) = text.split_once('=').ok_or("an attribute is not written TYPE=VALUE")?;
    let kind = kind.trim();
    let known = ATTRIBUTES.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind));
    let arcs = match known {
        Some((_, arcs)) => arcs.to_vec(),
        None => parse_oid(kind)
            .ok_or("an attribute type is neither a known short name nor an object identifier")?,
    };
    let value = unescape(value)?;
    if value.is_empty() {
        return Err("an attribute has no value");
    }
    let tag = string_tag(known.map_or("", |(name, _)| name), &value)?;
    Ok(Attribute { arcs, tag, value: value.into_bytes() })
}

/// UTF8String, except where RFC 5280 appendix A fixes another type.
fn string_tag(kind: &str, value: &str) -> Result<u64, &'static str> {
    let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
    match kind {
        "C" if value.len() != 2 || !value.bytes().all(|b| b.is_ascii_alphabetic()) => {
            Err("C is a country code of two letters")
        }
        "C" => Ok(TAG_PRINTABLE),
        "serialNumber" if value.chars().all(printable) => Ok(TAG_PRINTABLE),
        "serialNumber" => Err("serialNumber takes letters, digits, space and '()+,-./:=? alone"),
        "DC" | "emailAddress" if value.is_ascii() => Ok(TAG_IA5),
        "DC" | "emailAddress" => Err("DC and emailAddress take ASCII alone"),
        _ => Ok(TAG_UTF8),
    }
}

/// Takes RFC 4514 §2.4 escapes out, and the spaces around the value that no backslash protects.
fn unescape(text: &str) -> Result<String, &'static str> {
    const LONE: &str = "a backslash is followed by neither a special character nor two hexadecimal digits";
    // Only the space: other white space is not escaped when a name is shown, so it belongs to the value.
    let text = text.trim_start_matches(' ');
    let mut bytes = Vec::with_capacity(text.len());
    let mut kept = 0;
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            kept = if byte == b' ' { kept } else { bytes.len() };
            continue;
        }
        let first = rest.next().ok_or(LONE)?;
        match first {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' | b'=' | b'#' | b' ' => bytes.push(first),
            _ => {
                let second = rest.next().ok_or(LONE)?;
                let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(LONE);
                bytes.push((digit(first)? * 16 + digit(second)?) as u8);
            }
        }
        kept = bytes.len();
    }
    bytes.truncate(kept);
    String::from_utf8(bytes).map_err(|_| "an escaped value is not UTF-8")
}

pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => out.extend(['\\', c]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            c if c.is_control() => {
                c.to_string().bytes().for_each(|byte| out.push_str(&format!("\\{byte:02X}")))
            }
            c => out.push(c),
        }
    }
    out
}
