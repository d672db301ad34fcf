//! The serial number of a line, kept in the line itself: an index has very many, and each by itself would be looked for
//! all over the memory.

use std::fmt;
use std::ops::Deref;

/// Big-endian bytes of a serial number without leading zeros.
#[derive(Clone)]
pub struct Serial(Bytes);

/// As many as RFC 5280 §4.1.2.2 allows lie here, and the rare others elsewhere.
#[derive(Clone)]
enum Bytes {
    Here { length: u8, bytes: [u8; ROOM] },
    Elsewhere(Box<[u8]>),
}

const ROOM: usize = 22;

impl Serial {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Bytes::Here { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Bytes::Elsewhere(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Serial {
    fn from(serial: &[u8]) -> Self {
        let mut bytes = [0; ROOM];
        match bytes.get_mut(..serial.len()) {
            Some(room) => {
                room.copy_from_slice(serial);
                Self(Bytes::Here { length: serial.len() as u8, bytes })
            }
            None => Self(Bytes::Elsewhere(serial.into())),
        }
    }
}

impl Deref for Serial {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for Serial {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Serial {}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_of_any_length_is_what_it_was() {
        for length in [0, 1, 16, 20, 22, 23, 300] {
            let bytes: Vec<u8> = (0..length).map(|at: usize| at as u8 | 1).collect();
            let serial = Serial::from(bytes.as_slice());
            assert_eq!(*serial, *bytes);
            assert_eq!((serial.clone() == serial, format!("{serial:?}")), (true, format!("{bytes:?}")));
        }
        assert_ne!(Serial::from(&[1][..]), Serial::from(&[1, 0][..]));
        assert!(size_of::<Serial>() <= 24, "no larger than what pointed elsewhere");
    }
}
