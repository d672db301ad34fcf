//! The rules that one entry of a profile may waive, by id.

use serde::{Serialize, Serializer};
use std::fmt;

/// A rule of `plan` that `waive = ["id"]` switches off for one certificate, so that negative tests can be described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A common name has at most 64 characters (RFC 5280 appendix A, ub-common-name).
    CommonNameTooLong,
    /// No EdDSA signature on a server certificate: SCRAM cannot bind to it, and every libpq login fails.
    EddsaSignsServer,
    /// What issues is a certificate authority (RFC 5280 §4.2.1.9).
    IssuerIsNoCa,
    /// A certificate ends no later than the authority that issued it.
    LeafOutlivesCa,
    /// A certificate is not named like the authority that issued it: a peer would take it for self-signed.
    NamedLikeItsCa,
    /// A name keeps to the name constraints of every authority above (RFC 5280 §4.2.1.10).
    OutsideNameConstraints,
    /// The path length of every authority above leaves room for this one (RFC 5280 §4.2.1.9).
    PathLengthSpent,
    /// A client's common name is a role name of at most 63 bytes (PostgreSQL's NAMEDATALEN is 64).
    RoleNameTooLong,
    /// A wildcard is a whole leftmost label with at least one label behind it (libpq, `wildcard_certificate_match`).
    WildcardPlace,
}

impl Rule {
    /// Every rule, in the order of the ids.
    pub const ALL: [Self; 9] = [
        Self::CommonNameTooLong,
        Self::EddsaSignsServer,
        Self::IssuerIsNoCa,
        Self::LeafOutlivesCa,
        Self::NamedLikeItsCa,
        Self::OutsideNameConstraints,
        Self::PathLengthSpent,
        Self::RoleNameTooLong,
        Self::WildcardPlace,
    ];

    /// The id in a profile.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::CommonNameTooLong => "common-name-too-long",
            Self::EddsaSignsServer => "eddsa-signs-server",
            Self::IssuerIsNoCa => "issuer-is-no-ca",
            Self::LeafOutlivesCa => "leaf-outlives-ca",
            Self::NamedLikeItsCa => "named-like-its-ca",
            Self::OutsideNameConstraints => "outside-name-constraints",
            Self::PathLengthSpent => "path-length-spent",
            Self::RoleNameTooLong => "role-name-too-long",
            Self::WildcardPlace => "wildcard-place",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
