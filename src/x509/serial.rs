//! Serial numbers (RFC 5280 §4.1.2.2).

use serde::{Serialize, Serializer};

/// The serial number, as wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SerialNumber {
    /// So many random bits: 128 unless said otherwise.
    Random {
        /// 8 to 159: RFC 5280 §4.1.2.2 allows 20 octets, and the number is positive.
        bits: u8,
    },
    /// This one: big-endian bytes.
    Given(Vec<u8>),
}

/// `128 random bits`, or the number in hexadecimal.
impl Serialize for SerialNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Random { bits } => serializer.collect_str(&format_args!("{bits} random bits")),
            Self::Given(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                serializer.collect_str(&format_args!("0x{hex}"))
            }
        }
    }
}
