//! What the form of files and certificates means for each stack: how they are written, not what they say.

use super::catalogue::{Driver, Set};
use super::chain::path;
use super::effect::{Effect, NOBODY, Place, by};
use crate::verify::{Finding, Rule, Severity, Side};
use crate::x509::Certificate;

const V1: &str = "UnsupportedCertVersion";
const MISSING_KEY_USAGE: &[(Set, &str)] = &[(Set::ALL, "CA cert does not include key usage extension")];
const EXTENSIONS_BEFORE_V3: &[(Set, &str)] =
    &[(Set::RUSTLS, V1), (Set::ALL, "Using cert extension requires at least X509v3")];
const NO_OLD_ROOT: &[(Set, &str)] = &[(Set::RUSTLS, V1), (Set::ALL, "invalid CA certificate")];

/// Files that OpenSSL reads and others do not. A server is OpenSSL, so its own files trouble nobody.
pub(super) fn form(rule: Rule, side: Side, place: Place) -> Effect {
    let read_by_driver = match side {
        Side::Server => place == Place::Trust,
        Side::Client => place != Place::Trust,
    };
    if !read_by_driver {
        return NOBODY;
    }
    match rule {
        Rule::ByteOrderMark => by(Set::RUSTLS.and(Set::GO)),
        Rule::TrustedCertificate => by(Set::RUSTLS.and(Set::GO))
            .doubtful(Set::JDBC.and(Set::NATIVE_TLS))
            .saying(&[(Set::ALL, "finds no certificate: the block is a TRUSTED CERTIFICATE")]),
        _ => NOBODY.doubtful(Set::JDBC),
    }
}

/// How a key is written and locked.
pub(super) fn key_form(rule: Rule, side: Side) -> Effect {
    let words = &[(Set::ALL, "expected PKCS#8 PEM")];
    match (rule, side) {
        // The server has ssl_passphrase_command.
        (_, Side::Server) => NOBODY,
        (Rule::KeyNotPkcs8, Side::Client) => by(Set::NATIVE_TLS).saying(words),
        (Rule::KeyEncryptedDer, Side::Client) => by(Set::ALL.but(Set::JDBC)).doubtful(Set::JDBC),
        // It hangs on the passphrase: libpq has sslpassword, some others nothing.
        (_, Side::Client) => by(Set::NATIVE_TLS).doubtful(Set::ALL.but(Set::NATIVE_TLS)).saying(words),
    }
}

/// What breaks the form of RFC 5280 in a way that is no error where OpenSSL does not look at it. Go takes every
/// certificate apart wholly.
pub(super) fn encoding(finding: &Finding, side: Side, place: Place) -> Effect {
    match (finding.severity, place) {
        // Only OpenSSL reads lists here, and lets it pass.
        (_, Place::Lists) => NOBODY,
        (Severity::Error, _) => path(finding.rule, side, place),
        _ if finding.rule == Rule::AlgorithmsDiffer && side == Side::Server => {
            by(Set::STRICT.and(Set::RUSTLS).and(Set::GO)).doubtful(Set::JDBC)
        }
        // A client looks at no more of its own side than its own certificates.
        (_, Place::Anchor) if side == Side::Client => NOBODY,
        _ => by(Set::GO).doubtful(Set::JDBC),
    }
}

/// X.509 before v3. What a client shows is judged by nobody but itself, and rustls does not load it.
pub(super) fn version_1(side: Side, place: Place, leaf: &Certificate) -> Effect {
    let by_rustls = by(Set::RUSTLS).saying(&[(Set::ALL, V1)]);
    let of_both = by(Set::RUSTLS.and(Set::STRICT));
    // What Go and Java make of extensions that cannot be was not measured.
    let of_extensions = of_both.doubtful(Set::GO.and(Set::JDBC)).saying(EXTENSIONS_BEFORE_V3);
    match (side, place) {
        (Side::Client, Place::Leaf) => by_rustls,
        (Side::Client, _) => NOBODY,
        (Side::Server, Place::Leaf) if !leaf.extensions().is_empty() => of_extensions,
        // X509_check_ca(3) takes it for an old root.
        (Side::Server, Place::Leaf) if leaf.is_own_issuer() => of_both.saying(NO_OLD_ROOT),
        (Side::Server, Place::Leaf) => by_rustls,
        (Side::Server, Place::Anchor) => by(Set::STRICT).saying(MISSING_KEY_USAGE),
        // Without extensions it is no CA, which nobody takes.
        (Side::Server, _) => of_extensions,
    }
}

/// The form of certificates, which OpenSSL is lenient about.
pub(super) fn certificate_form(rule: Rule, side: Side, place: Place) -> Effect {
    if side == Side::Client {
        return NOBODY;
    }
    match (rule, place) {
        (Rule::CaKeyUsageMissing, _) => by(Set::STRICT).saying(MISSING_KEY_USAGE),
        (Rule::CaKeyIdentifierMissing, _) => {
            by(Set::STRICT).saying(&[(Set::ALL, "Missing Subject Key Identifier")])
        }
        // Nobody asks whose key an anchor names.
        (Rule::AuthorityKeyIdentifierMissing, Place::Anchor) => NOBODY,
        (Rule::AuthorityKeyIdentifierMissing, _) => {
            by(Set::STRICT).saying(&[(Set::ALL, "Missing Authority Key Identifier")])
        }
        (Rule::CaConstraintsNotCritical, _) => {
            by(Set::STRICT).saying(&[(Set::ALL, "Basic Constraints of CA cert not marked critical")])
        }
        (Rule::CaConstraintsMissing, Place::Anchor) => by(Set::STRICT.and(Set::JDBC).and(Set::GO)),
        (Rule::CaConstraintsMissing, _) => by(Set::STRICT.and(Set::OTHER_X509)),
        _ => NOBODY,
    }
}

/// A name that cannot be. libpq refuses the certificate as soon as it meets one, unless another name fits before.
pub(super) fn malformed_name(rule: Rule) -> Effect {
    let doubtful = Set::JDBC.and(Set::GO).and(Set::of(&[Driver::Pgbouncer]));
    match rule {
        Rule::SanMalformed => by(Set::LIBPQ.and(Set::GO)).doubtful(doubtful.but(Set::GO)).saying(&[
            (Set::LIBPQ, "certificate contains IP address with invalid length"),
            (Set::GO, "x509: cannot parse IP address of length"),
        ]),
        _ => by(Set::LIBPQ)
            .doubtful(doubtful)
            .saying(&[(Set::ALL, "SSL certificate's name contains embedded null")]),
    }
}
