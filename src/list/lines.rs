//! Lines of a stream, none longer than a bound.

use super::LINE_BYTES;
use std::io::{self, BufRead, BufReader, Read};

/// A line so long that what it is in is no list: `/dev/zero` has no end.
const HOPELESS_BYTES: u64 = 256 * 1024 * 1024;

/// Cuts a stream into lines; the ends of Unix and of Windows, and a byte order mark, are taken off.
pub(super) struct Lines<'r> {
    stream: BufReader<&'r mut dyn Read>,
    line: Vec<u8>,
    number: u32,
}

/// What a line is.
pub(super) enum Found<'l> {
    /// Text.
    Line(&'l str),
    /// Longer than any line may be; it was passed over.
    TooLong,
    /// Endless, as far as anybody is to wait for its end.
    Endless,
    /// UTF-16, as spreadsheets write "Unicode text".
    Utf16,
    /// No UTF-8.
    NotText,
}

impl<'r> Lines<'r> {
    pub(super) fn new(stream: &'r mut dyn Read) -> Self {
        Self { stream: BufReader::with_capacity(LINE_BYTES, stream), line: Vec::new(), number: 0 }
    }

    /// The next line with its number, counted from 1.
    pub(super) fn next(&mut self) -> io::Result<Option<(u32, Found<'_>)>> {
        self.line.clear();
        let (mut is_long, mut ended) = (false, false);
        let mut read = 0_u64;
        while !ended {
            let ahead = match self.stream.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                ahead => ahead?,
            };
            if ahead.is_empty() {
                break;
            }
            let end = ahead.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(ahead.len(), |end| end + 1);
            let text = &ahead[..end.unwrap_or(taken)];
            is_long |= self.line.len() + text.len() > LINE_BYTES;
            if !is_long {
                self.line.extend_from_slice(text);
            }
            ended = end.is_some();
            read += taken as u64;
            self.stream.consume(taken);
            if read > HOPELESS_BYTES {
                return Ok(Some((self.number.saturating_add(1), Found::Endless)));
            }
        }
        if read == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        if is_long {
            return Ok(Some((self.number, Found::TooLong)));
        }
        let mut text = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        if self.number == 1 {
            if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
                return Ok(Some((self.number, Found::Utf16)));
            }
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        Ok(Some((self.number, std::str::from_utf8(text).map_or(Found::NotText, Found::Line))))
    }
}
