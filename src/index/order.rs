//! The lines of an index by serial number: places, each with what tells its number from nearly all others, so that none
//! is looked for in the lines themselves. These lie all over the memory, and there may be very many.

use super::Line;
use crate::x509::serial_order;
use std::cmp::Ordering;

/// A line by its serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    length: u32,
    place: u32,
    first: [u64; 2],
}

/// How many bytes of a serial number are in a key: all of the usual ones.
const HELD: usize = 16;

impl Key {
    pub(super) fn of(serial: &[u8], place: usize) -> Self {
        let mut held = [0; HELD];
        held.iter_mut().zip(serial).for_each(|(to, byte)| *to = *byte);
        let first = u128::from_be_bytes(held);
        Self { length: serial.len() as u32, place: place as u32, first: [(first >> 64) as u64, first as u64] }
    }

    /// What it holds of the number: one comparison, where that of arrays is a call.
    fn held(self) -> u128 {
        let [high, low] = self.first;
        u128::from(high) << 64 | u128::from(low)
    }

    /// The place of the line.
    pub(super) fn place(self) -> usize {
        self.place as usize
    }

    /// How the number of its line compares with another one, of which this is the key.
    pub(super) fn order(self, lines: &[Line], serial: &[u8], key: Self) -> Ordering {
        let near = self.length.cmp(&key.length).then(self.held().cmp(&key.held()));
        match near {
            Ordering::Equal if self.length as usize > HELD => serial_order(self.serial(lines), serial),
            near => near,
        }
    }

    fn serial(self, lines: &[Line]) -> &[u8] {
        lines.get(self.place()).map_or(&[][..], |line| &line.serial)
    }
}

/// The keys of these lines in order; of equal numbers the first comes first.
pub(super) fn sorted(lines: &[Line]) -> Vec<Key> {
    let keys: Vec<Key> = lines.iter().enumerate().map(|(at, line)| Key::of(&line.serial, at)).collect();
    // A counter goes up by itself.
    if keys.is_sorted_by(|one, other| one.among(other, lines).is_le()) {
        return keys;
    }
    // Integers are sorted several times as fast as what a function compares.
    let mut places: Vec<u128> =
        keys.iter().map(|key| u128::from(key.beginning()) << 32 | u128::from(key.place)).collect();
    places.sort_unstable();
    let mut sorted: Vec<Key> = Vec::with_capacity(keys.len());
    sorted.extend(places.iter().filter_map(|place| keys.get(*place as u32 as usize)));
    let alike = sorted.chunk_by_mut(|one, other| one.beginning() == other.beginning());
    alike.for_each(|alike| alike.sort_unstable_by(|one, other| one.among(other, lines)));
    sorted
}

/// The keys of all lines, given those of the first ones and those of the others by themselves.
pub(super) fn merged(first: Vec<Key>, others: Vec<Key>, before: usize, lines: &[Line]) -> Vec<Key> {
    let mut all = Vec::with_capacity(first.len() + others.len());
    let mut first = first.into_iter().peekable();
    for other in others {
        let other = Key { place: other.place + before as u32, ..other };
        while let Some(key) = first.next_if(|key| key.among(&other, lines).is_le()) {
            all.push(key);
        }
        all.push(other);
    }
    all.extend(first);
    all
}

/// Whether two lines have one number.
pub(super) fn has_repeated(keys: &[Key], lines: &[Line]) -> bool {
    keys.windows(2).any(|pair| match pair {
        [one, other] => one.order(lines, other.serial_if_long(lines), *other).is_eq(),
        _ => false,
    })
}

impl Key {
    /// What is not less for any key that comes later: how long the serial number is, and its first bytes. Those too long
    /// for that are all alike.
    fn beginning(self) -> u64 {
        if self.length < 0xff { u64::from(self.length) << 56 | self.first[0] >> 8 } else { u64::MAX }
    }

    /// The order of keys of the same lines.
    fn among(self, other: &Self, lines: &[Line]) -> Ordering {
        self.order(lines, other.serial_if_long(lines), *other).then(self.place.cmp(&other.place))
    }

    /// What is asked for only where the key does not tell.
    fn serial_if_long(self, lines: &[Line]) -> &[u8] {
        if self.length as usize > HELD { self.serial(lines) } else { &[] }
    }
}
