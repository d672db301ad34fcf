//! Revocations and revocation lists as parts of a plan: plain data.

use crate::index::Revoked;
use crate::x509::{Name, RevocationReason, Usage, format_serial, serialize_instant};
use serde::{Serialize, Serializer};
use time::OffsetDateTime;

/// A revocation list of a CA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListSpec {
    /// Who signs it.
    pub issuer: Name,
    /// The stem of the CA, a certificate of the same plan; of a CA that is not here a name with `#` in it.
    pub of: String,
    /// thisUpdate.
    #[serde(serialize_with = "serialize_instant")]
    pub this_update: OffsetDateTime,
    /// nextUpdate; `None`: what is there does not say.
    #[serde(serialize_with = "super::notice::serialize_end")]
    pub next_update: Option<OffsetDateTime>,
    /// cRLNumber: big-endian bytes without leading zeros; `None`: what is there has none.
    #[serde(serialize_with = "serialize_number")]
    pub number: Option<Vec<u8>>,
    /// How many it revokes.
    pub revoked: usize,
    /// The places in [`State::lists`](crate::state::State::lists) of those that came before it, whose entries it goes on
    /// with.
    #[serde(skip)]
    pub earlier: Vec<usize>,
    /// The place in [`State::lists`](crate::state::State::lists) of the one that is here and stays; `None`: it is made.
    #[serde(serialize_with = "serialize_kept")]
    pub kept: Option<usize>,
}

/// A file of several lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListsSpec {
    /// The file's name.
    pub file: String,
    /// Whose lists, in order.
    pub lists: Vec<String>,
}

/// A certificate that is revoked, in the index of its CA and in the list that is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevocationSpec {
    /// The stem of its CA.
    pub of: String,
    /// Its serial number: big-endian bytes without leading zeros.
    #[serde(serialize_with = "serialize_serial")]
    pub serial: Vec<u8>,
    /// Whom it names, as the index has it.
    pub subject: String,
    /// Its last second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_after: OffsetDateTime,
    /// Whom it names, where the index may lack it.
    #[serde(skip)]
    pub name: Option<Name>,
    /// What it is for, where a certificate that is here says so.
    #[serde(skip)]
    pub usage: Option<Usage>,
    /// Since when.
    #[serde(serialize_with = "serialize_instant")]
    pub at: OffsetDateTime,
    /// Why, where it is said.
    #[serde(serialize_with = "serialize_reason")]
    pub reason: Option<RevocationReason>,
}

impl RevocationSpec {
    /// The same, as the index has it.
    #[must_use]
    pub fn revoked(&self) -> Revoked {
        Revoked { at: self.at, reason: self.reason }
    }
}

fn serialize_number<S: Serializer>(number: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    number.as_deref().map(format_serial).serialize(serializer)
}

fn serialize_serial<S: Serializer>(serial: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_serial(serial))
}

fn serialize_reason<S: Serializer>(
    reason: &Option<RevocationReason>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    reason.map(|reason| reason.to_string()).serialize(serializer)
}

fn serialize_kept<S: Serializer>(kept: &Option<usize>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(kept.is_some())
}
