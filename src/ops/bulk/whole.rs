//! How much of a file that an earlier run wrote is whole: the file is cut behind that, so whatever is not to the letter
//! what such a run writes, or the beginning of it at the very end, makes it another file, which is left alone.

use super::encode::{LineForm, StreamForm, pem_heading};
use crate::fs::archive_entry;
use crate::k8s::{SECRET_LINES, is_secret_line, secret_object};
use crate::plan::LEAF_PREFIXES;
use std::io::{self, Read};
use zeroize::Zeroizing;

/// The longest line, and the longest file in an archive: far above any certificate with those of its CAs.
const PIECE_BYTES: usize = 1 << 20;
const TAR_BLOCK_BYTES: usize = 512;

/// Hands over the name of every certificate that is whole with its key; the result is how much of the file that is, and
/// `None` for a file of another kind.
pub(super) fn measure(
    file: &mut dyn Read,
    form: StreamForm,
    found: &mut dyn FnMut(&str),
) -> io::Result<Option<u64>> {
    let window = Window::over(file);
    match form {
        StreamForm::Tar => archive(window, found),
        StreamForm::Pem => lines(window, &mut Pem::default(), found),
        StreamForm::Lines(form) => lines(window, &mut Json { form, name: None }, found),
        StreamForm::Secrets => lines(window, &mut Manifests::default(), found),
    }
}

/// A part of a file with keys in it: never copied elsewhere, and wiped.
struct Window<'r> {
    file: &'r mut dyn Read,
    bytes: Zeroizing<Vec<u8>>,
    start: usize,
    end: usize,
}

impl<'r> Window<'r> {
    fn over(file: &'r mut dyn Read) -> Self {
        Self { file, bytes: Zeroizing::new(vec![0; PIECE_BYTES]), start: 0, end: 0 }
    }

    /// Reads on; `false` at the end of the file, and where there is no room.
    fn more(&mut self) -> io::Result<bool> {
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        loop {
            match self.file.read(&mut self.bytes[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    let read = read?;
                    self.end += read;
                    return Ok(read > 0);
                }
            }
        }
    }

    /// The next bytes; fewer at the end of the file.
    fn bytes(&mut self, length: usize) -> io::Result<&[u8]> {
        while self.end - self.start < length && self.more()? {}
        let start = self.start;
        self.start = self.end.min(start + length);
        Ok(&self.bytes[start..self.start])
    }

    /// The next line without its end, and whether it has one. A longer line than any is cut, and has none.
    fn line(&mut self) -> io::Result<(&[u8], bool)> {
        let mut seen = 0;
        loop {
            let ahead = &self.bytes[self.start + seen..self.end];
            if let Some(at) = ahead.iter().position(|byte| *byte == b'\n') {
                let (start, end) = (self.start, self.start + seen + at);
                self.start = end + 1;
                return Ok((&self.bytes[start..end], true));
            }
            seen = self.end - self.start;
            if !self.more()? {
                let start = std::mem::replace(&mut self.start, self.end);
                return Ok((&self.bytes[start..self.end], false));
            }
        }
    }
}

/// Pairs of a certificate and its key, and then nothing but zeros.
fn archive(mut file: Window<'_>, found: &mut dyn FnMut(&str)) -> io::Result<Option<u64>> {
    let (mut whole, mut at) = (0, 0);
    let mut certificate: Option<String> = None;
    loop {
        let header = file.bytes(TAR_BLOCK_BYTES)?;
        if header.iter().all(|byte| *byte == 0) {
            return Ok(if only_zeros(file)? { Some(whole) } else { None });
        }
        let Ok(header) = <&[u8; TAR_BLOCK_BYTES]>::try_from(header) else {
            // The beginning of a header is the name of a file.
            let is_name = begins_stem(&String::from_utf8_lossy(header));
            return Ok(is_name.then_some(whole));
        };
        let Some((name, length)) = archive_entry(header) else { return Ok(None) };
        let stem = match &certificate {
            None => name.strip_suffix(".crt"),
            Some(stem) => name.strip_suffix(".key").filter(|key| key == stem),
        };
        let rest = usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(TAR_BLOCK_BYTES);
        let Some(stem) = stem.filter(|_| rest <= PIECE_BYTES) else { return Ok(None) };
        if file.bytes(rest)?.len() < rest {
            return Ok(Some(whole));
        }
        at += length;
        if certificate.take().is_some() {
            found(stem);
            whole = at;
        } else {
            certificate = Some(stem.to_owned());
        }
    }
}

fn only_zeros(mut file: Window<'_>) -> io::Result<bool> {
    loop {
        let ahead = file.bytes(PIECE_BYTES)?;
        if ahead.iter().any(|byte| *byte != 0) || ahead.is_empty() {
            return Ok(ahead.is_empty());
        }
    }
}

/// A form of text.
trait Text {
    /// Takes a line; `false` where such a run does not write it there.
    fn take(&mut self, line: &[u8]) -> bool;

    /// The name of the certificate that the line before was the last of.
    fn ended(&mut self) -> Option<String>;

    /// Whether a line could begin like this.
    fn begins(&self, torn: &[u8]) -> bool;
}

fn lines(mut file: Window<'_>, text: &mut dyn Text, found: &mut dyn FnMut(&str)) -> io::Result<Option<u64>> {
    let (mut whole, mut at) = (0, 0);
    loop {
        let (line, is_ended) = file.line()?;
        if !is_ended {
            // After a power cut zeros may stand for what was not written any more.
            let zeros = line.iter().rev().take_while(|byte| **byte == 0).count();
            let torn = &line[..line.len() - zeros];
            let is_ours = line.len() < PIECE_BYTES && (torn.is_empty() || text.begins(torn));
            return Ok(is_ours.then_some(whole));
        }
        at += line.len() as u64 + 1;
        if !text.take(line) {
            return Ok(None);
        }
        if let Some(name) = text.ended() {
            found(&name);
            whole = at;
        }
    }
}

/// A heading, certificates, a key.
#[derive(Default)]
struct Pem {
    /// The name in the heading.
    name: Option<String>,
    /// Whether a certificate came after it.
    has_certificate: bool,
    /// The label of the block that is not ended.
    block: Option<String>,
    is_ended: bool,
}

/// What stands before the name.
fn heading() -> String {
    pem_heading("").trim_end_matches('\n').to_owned()
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
const CERTIFICATE: &str = "CERTIFICATE";

fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

impl Text for Pem {
    fn take(&mut self, line: &[u8]) -> bool {
        let Ok(line) = std::str::from_utf8(line) else { return false };
        if self.name.is_none() {
            let name = line.strip_prefix(&heading()).filter(|name| is_stem(name));
            self.name = name.map(str::to_owned);
            return self.name.is_some();
        }
        if let Some(label) = &self.block {
            if line != format!("-----END {label}-----") {
                return is_base64(line);
            }
            let is_key = label != CERTIFICATE;
            (self.block, self.has_certificate, self.is_ended) = (None, true, is_key);
            return true;
        }
        let label = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES));
        let is_key = |label: &str| self.has_certificate && label.ends_with("PRIVATE KEY");
        self.block = label.filter(|label| *label == CERTIFICATE || is_key(label)).map(str::to_owned);
        self.block.is_some()
    }

    fn ended(&mut self) -> Option<String> {
        if !self.is_ended {
            return None;
        }
        std::mem::take(self).name
    }

    fn begins(&self, torn: &[u8]) -> bool {
        let Ok(torn) = std::str::from_utf8(torn) else {
            // Cut within a character.
            let text = String::from_utf8_lossy(torn);
            return self.name.is_none() && text.strip_prefix(&heading()).is_some_and(is_stem);
        };
        match (&self.name, &self.block) {
            (None, _) => match torn.strip_prefix(&heading()) {
                Some(name) => begins_stem(name),
                None => heading().starts_with(torn),
            },
            (_, Some(_)) => is_base64(torn) || starts_alike(torn, "-----END "),
            _ => starts_alike(torn, BEGIN),
        }
    }
}

/// Whether it is what files of ours are called.
fn is_stem(text: &str) -> bool {
    LEAF_PREFIXES.iter().any(|usage| text.starts_with(usage))
}

/// Whether it is, or may yet become one.
fn begins_stem(text: &str) -> bool {
    LEAF_PREFIXES.iter().any(|usage| starts_alike(text, usage))
}

/// Whether one of two texts is the beginning of the other.
fn starts_alike(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// A certificate a line.
struct Json {
    form: LineForm,
    name: Option<String>,
}

impl Text for Json {
    fn take(&mut self, line: &[u8]) -> bool {
        self.name = (self.form.name)(line);
        self.name.is_some()
    }

    fn ended(&mut self) -> Option<String> {
        self.name.take()
    }

    fn begins(&self, torn: &[u8]) -> bool {
        let torn = String::from_utf8_lossy(torn);
        match torn.strip_prefix(self.form.beginning) {
            Some(name) => begins_stem(name),
            None => self.form.beginning.starts_with(&*torn),
        }
    }
}

/// Secrets, each in as many lines.
#[derive(Default)]
struct Manifests {
    /// How many lines of one there were.
    lines: usize,
    name: Option<String>,
}

impl Text for Manifests {
    fn take(&mut self, line: &[u8]) -> bool {
        let Ok(line) = std::str::from_utf8(line) else { return false };
        let is_ours = is_secret_line(self.lines, line);
        self.name = secret_object(line).map(str::to_owned).or(self.name.take());
        self.lines += 1;
        is_ours
    }

    fn ended(&mut self) -> Option<String> {
        if self.lines < SECRET_LINES.len() {
            return None;
        }
        std::mem::take(self).name
    }

    fn begins(&self, torn: &[u8]) -> bool {
        let expected = SECRET_LINES.get(self.lines).copied().unwrap_or_default();
        std::str::from_utf8(torn).is_ok_and(|torn| starts_alike(torn, expected))
    }
}
