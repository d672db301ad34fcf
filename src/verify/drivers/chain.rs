//! What is wrong with a chain, and with the lists for it, means for each stack.

use super::catalogue::Set;
use super::effect::{ALL, Effect, Place, by};
use crate::verify::{Rule, Side};

/// What is wrong with a chain. Of an anchor, webpki looks at its name, key and name constraints alone, and OpenSSL at
/// everything.
pub(super) fn path(rule: Rule, side: Side, place: Place) -> Effect {
    if place == Place::Lists {
        return lists(side);
    }
    if side == Side::Client {
        return ALL;
    }
    match (rule, place) {
        (Rule::AnchorNotSelfSigned, Place::Leaf) => by(Set::ALL.but(Set::STOPS_AT_TRUST).and(Set::RUSTLS)),
        (Rule::AnchorNotSelfSigned, _) => by(Set::ALL.but(Set::STOPS_AT_TRUST)),
        // webpki knows no keyUsage.
        (Rule::IssuerCannotSign, _) => by(Set::ALL.but(Set::RUSTLS)),
        // Go and Java take an anchor of X.509 v1, and none that says that it is no CA.
        (Rule::IssuerNotCa, Place::Anchor) => {
            by(Set::ALL.but(Set::OTHER_X509)).doubtful(Set::GO.and(Set::JDBC))
        }
        (Rule::CriticalExtensionUnknown, Place::Anchor) => by(Set::ALL.but(Set::JDBC)).doubtful(Set::JDBC),
        (
            Rule::PathLengthExceeded | Rule::CaUsageForbids | Rule::Expired | Rule::NotYetValid,
            Place::Anchor,
        ) => by(Set::ALL.but(Set::RUSTLS).but(Set::JDBC)).doubtful(Set::JDBC),
        (Rule::CaUsageForbids | Rule::NameConstraints, _) => by(Set::ALL.but(Set::JDBC)).doubtful(Set::JDBC),
        // The server itself does not start on a weak certificate that it sends; a weak anchor is refused at OpenSSL's
        // security level 2.
        (Rule::KeyTooSmall | Rule::DigestTooWeak, Place::Anchor) => {
            by(Set::ALL.but(Set::OTHER_X509)).doubtful(Set::OTHER_X509)
        }
        (Rule::ExplicitCurve, _) => by(Set::ALL.but(Set::OTHER_X509)).doubtful(Set::OTHER_X509),
        _ => ALL,
    }
}

/// The server looks at the lists whatever the driver; on the other side those look that load any.
pub(super) fn lists(side: Side) -> Effect {
    by(if side == Side::Server { Set::WITH_LISTS } else { Set::ALL })
}
