//! The text of an index, read a part at a time: a long one on two processors.

use super::Index;
use super::error::{IndexError, IndexProblem};
use super::line::{self, Line};
use super::order::{self, Key};
use crate::parallel::both;
use std::collections::BTreeMap;
use std::mem;
use std::ops::Range;

/// From how many bytes on a second processor is worth its while: some ten thousand lines.
const LONG_BYTES: usize = 1 << 20;

/// What lines of an index say.
#[derive(Default)]
struct Part {
    lines: Vec<Line>,
    /// These by serial number, their places counted from the first of them.
    keys: Vec<Key>,
    comments: BTreeMap<usize, Vec<u8>>,
    /// The place of the first revoked one of them with a negative serial number.
    negative: Option<usize>,
}

/// Lines and comments of an index, in the order of the text; its last line may lack its end.
pub(super) fn parse(text: &[u8], is_open: bool) -> Result<Index, IndexError> {
    let count = count_lines(text);
    let (front, back) = text.split_at(if text.len() < LONG_BYTES { text.len() } else { middle(text) });
    let front_count = if back.is_empty() { count } else { count_lines(front) };
    // Room for all of them: what the other processor reads comes behind.
    let (second, first) =
        both(!back.is_empty(), || part(back, front_count, count - front_count), || part(front, 0, count));
    let mut all = first.map_err(|error| told(error, is_open && back.is_empty(), count))?;
    let second = second.map_err(|error| told(error, is_open, count))?;
    if !second.lines.is_empty() || !second.comments.is_empty() {
        let before = all.lines.len();
        all.lines.extend(second.lines);
        all.keys = order::merged(all.keys, second.keys, before, &all.lines);
        for (at, text) in second.comments {
            all.comments.entry(before + at).or_default().extend(text);
        }
        all.negative = all.negative.or(second.negative.map(|at| before + at));
    }
    let Part { lines, keys, comments, negative } = all;
    Ok(Index { lines, keys, comments, negative, is_open })
}

/// One part, whose first line has the number after `before`.
fn part(text: &[u8], before: usize, room: usize) -> Result<Part, IndexError> {
    let mut part = Part { lines: Vec::with_capacity(room), ..Part::default() };
    // Asked once of all of it: nearly every index is.
    let plain = line::plain(text);
    for (number, Range { start, end }) in (before + 1..).zip(raw_lines(text)) {
        let raw = text.get(start..end).unwrap_or_default();
        if raw.starts_with(b"#") {
            part.comments.entry(part.lines.len()).or_default().extend_from_slice(raw);
            continue;
        }
        let content = raw.strip_suffix(b"\n").unwrap_or(raw);
        let usual = plain.and_then(|text| text.get(start..start + content.len()));
        let parsed = usual.and_then(Line::parse_plain).map_or_else(|| Line::parse(content), Ok);
        let line = parsed.map_err(|problem| IndexError { line: number, problem })?;
        if part.negative.is_none() && line.revoked.is_some() && line.is_negative() {
            part.negative = Some(part.lines.len());
        }
        part.lines.push(line);
    }
    part.keys = order::sorted(&part.lines);
    Ok(part)
}

/// An error as it is told: a last line without its end was torn off.
fn told(error: IndexError, is_open: bool, count: usize) -> IndexError {
    let IndexError { line, problem } = error;
    match is_open && line == count {
        true => IndexError { line, problem: IndexProblem::Torn { problem: Box::new(problem) } },
        false => IndexError { line, problem },
    }
}

/// How many lines a text has, the last with its end or without.
fn count_lines(text: &[u8]) -> usize {
    let ends = memchr::memchr_iter(b'\n', text).count();
    ends + usize::from(!text.is_empty() && !text.ends_with(b"\n"))
}

/// Where a line begins, about half-way.
fn middle(text: &[u8]) -> usize {
    let half = text.len() / 2;
    let behind = text.get(half..).unwrap_or_default();
    memchr::memchr(b'\n', behind).map_or(text.len(), |end| half + end + 1)
}

/// Where the lines of a text are, each with its end.
fn raw_lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let ends = memchr::memchr_iter(b'\n', text).map(|end| end + 1);
    let open = (!text.is_empty() && !text.ends_with(b"\n")).then_some(text.len());
    let mut start = 0;
    ends.chain(open).map(move |end| mem::replace(&mut start, end)..end)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use std::collections::BTreeSet;

    /// A long index with a comment before every thousandth line, and one in its last line.
    fn long() -> String {
        let line = |at: usize| {
            let comment = if at % 1000 == 999 { format!("# {at}\n") } else { String::new() };
            format!(
                "{comment}V\t301122000000Z\t\t{:08X}\tunknown\t/CN=somebody whose number is {at}\n",
                at + 1
            )
        };
        let text: String = (0..30_000).map(line).collect();
        assert!(text.len() > LONG_BYTES);
        text + "# the end\n"
    }

    #[test]
    fn a_long_index_is_what_a_short_one_is_and_is_written_as_it_was() {
        let text = long();
        let index = Index::parse(text.as_bytes()).unwrap();
        assert_eq!(index.lines().len(), 30_000);
        assert!(index.to_text() == text.as_bytes());
        let open = text.trim_end_matches("# the end\n").trim_end_matches('\n');
        assert!(Index::parse(open.as_bytes()).unwrap().to_text() == open.as_bytes());
        for at in [1_u32, 14_999, 15_000, 15_001, 30_000] {
            assert!(index.line_of(&at.to_be_bytes()).unwrap().subject.ends_with(&format!(" {}", at - 1)));
        }
    }

    #[test]
    fn the_number_of_a_broken_line_is_that_of_the_whole_text_and_the_first_of_two_is_told() {
        let text = long();
        for broken in [2, 20_000] {
            let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
            lines[25_000] = "also\n";
            lines[broken - 1] = "nonsense\n";
            assert_eq!(Index::parse(lines.concat().as_bytes()).unwrap_err().line, broken);
        }
        let torn = text.trim_end_matches("# the end\n").to_owned() + "V\t30";
        let error = Index::parse(torn.as_bytes()).unwrap_err();
        assert_eq!(error.line, 30_000 + 30 + 1);
        assert!(matches!(error.problem, IndexProblem::Torn { .. }), "{error}");
        let twice = text.clone() + "V\t301122000000Z\t\t00000001\tunknown\t/CN=x\n";
        let error = Index::parse(twice.as_bytes()).unwrap_err();
        assert!(matches!(error.problem, IndexProblem::Repeated { first: 1, .. }), "{error}");
    }

    #[test]
    fn numbers_of_every_length_and_with_one_beginning_are_found() {
        let numbers = |at: u32| {
            let short = at.wrapping_mul(2_654_435_761);
            let many = if at.is_multiple_of(1000) { "AB".repeat(300) } else { String::new() };
            [
                format!("{:02X}", 1 + at % 255),
                format!("7F{short:08X}"),
                format!("11223344556677{many}{short:08X}"),
                format!("{:X}{short:08X}", 0x7f00_0000_0000_u64 + u64::from(at % 3)),
                format!("{short:08X}{}", "0".repeat(490 + 2 * (at as usize % 20))),
            ]
        };
        let serials: BTreeSet<String> =
            (0..3000).flat_map(numbers).filter(|it| !it.starts_with("00")).collect();
        let mut mixed: Vec<&String> = serials.iter().collect();
        mixed.sort_by_key(|serial| serial.bytes().rev().collect::<Vec<u8>>());
        let line = |serial: &&String| format!("V\t301122000000Z\t\t{serial}\tunknown\t/CN=x\n");
        let index = Index::parse(mixed.iter().map(line).collect::<String>().as_bytes()).unwrap();
        for serial in &serials {
            let bytes: Vec<u8> = (0..serial.len() / 2)
                .map(|at| u8::from_str_radix(&serial[2 * at..2 * at + 2], 16).unwrap())
                .collect();
            assert_eq!(index.line_of(&bytes).unwrap().serial_hex(), *serial);
        }
        let ordered = |pair: &[Key]| match pair {
            [one, other] => {
                let of = |key: &Key| &*index.lines()[key.place()].serial;
                crate::x509::serial_order(of(one), of(other)).is_lt()
            }
            _ => false,
        };
        assert!(index.keys.windows(2).all(ordered));
    }
}
