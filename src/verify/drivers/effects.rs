//! What each finding of the judge means for each stack: the one table of rules against drivers.
//!
//! A match over all rules without a rest, so that no new rule can be forgotten here. What the server refuses of a client
//! is refused whatever the driver; of a server's certificate each driver judges by itself.

use super::catalogue::{Driver, Set};
use crate::verify::leaf::{allows, handshakes_on, has_rsa_key};
use crate::verify::{Finding, Rule, Severity, Side};
use crate::x509::{Certificate, ExtendedKeyUsage};

/// What a finding is about, on the way from a leaf to the trust of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Leaf,
    Intermediate,
    Anchor,
    /// The file of the leaf.
    OwnFile,
    /// The file of its key.
    Key,
    /// What the other side trusts.
    Trust,
    /// Revocation lists.
    Lists,
    /// The settings that name the files.
    Settings,
}

/// Who fails for a finding, in which words, and of whom it cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) refused: Set,
    pub(super) unknown: Set,
    /// The words of those that have some of their own; the others fail in the finding's.
    words: &'static [(Set, &'static str)],
}

const NOBODY: Effect = Effect { refused: Set::NONE, unknown: Set::NONE, words: &[] };
const ALL: Effect = by(Set::ALL);
const DOUBT: Effect = NOBODY.doubtful(Set::ALL);

const fn by(refused: Set) -> Effect {
    Effect { refused, ..NOBODY }
}

impl Effect {
    const fn doubtful(self, unknown: Set) -> Self {
        Self { unknown, ..self }
    }

    const fn saying(self, words: &'static [(Set, &'static str)]) -> Self {
        Self { words, ..self }
    }

    /// Whether no stack gets past it.
    pub(super) fn stops_all(&self) -> bool {
        self.refused == Set::ALL
    }

    /// What a stack says in its own words.
    pub(super) fn words(&self, driver: Driver) -> Option<&'static str> {
        self.words.iter().find(|(set, _)| set.has(driver)).map(|(_, words)| *words)
    }
}

const V1: &str = "UnsupportedCertVersion";
const NO_SHARED_CIPHER: &[(Set, &str)] = &[(Set::ALL, "no shared cipher")];
const MISSING_KEY_USAGE: &[(Set, &str)] = &[(Set::ALL, "CA cert does not include key usage extension")];
const EXTENSIONS_BEFORE_V3: &[(Set, &str)] =
    &[(Set::RUSTLS, V1), (Set::ALL, "Using cert extension requires at least X509v3")];
const NO_OLD_ROOT: &[(Set, &str)] = &[(Set::RUSTLS, V1), (Set::ALL, "invalid CA certificate")];
const NOT_A_SERVERS: &[(Set, &str)] =
    &[(Set::JDBC, "no shared cipher"), (Set::ALL, "unsuitable certificate purpose")];

/// What a finding means, where `side` shows `leaf`.
pub(super) fn effect(finding: &Finding, side: Side, place: Place, leaf: &Certificate) -> Effect {
    let of_server = side == Side::Server;
    let rule = finding.rule;
    match rule {
        // The server does not start, a client does not load it, or nobody can trust it.
        Rule::NothingInFile | Rule::PemDamaged | Rule::BlockUnreadable => ALL,
        Rule::DerNotPem => ALL,
        Rule::KeyMismatch | Rule::LeafNotFirst | Rule::KeyMissing | Rule::KeyOwner => ALL,
        Rule::TrustedCertificate | Rule::ByteOrderMark | Rule::KeyInPublicFile => form(rule, side, place),
        Rule::KeyNotChecked => DOUBT,
        Rule::KeyEncrypted | Rule::KeyEncryptedDer | Rule::KeyNotPkcs8 => key_form(rule, side),
        Rule::Pkcs12Locked => DOUBT,
        Rule::Pkcs12NotRead if of_server => ALL,
        Rule::Pkcs12NotRead => by(Set::ALL.but(Set::JDBC)),
        Rule::Pkcs12Alias | Rule::Pkcs12Ending | Rule::Pkcs12NoPassword if of_server => NOBODY,
        Rule::Pkcs12Alias | Rule::Pkcs12Ending | Rule::Pkcs12NoPassword => by(Set::JDBC),
        Rule::KeyModeTooOpen if of_server => ALL,
        Rule::KeyModeTooOpen => by(Set::LIBPQ.and(Set::of(&[Driver::LibPq])))
            .saying(&[(Set::ALL, "private key file has group or world access")]),
        // A warning where nobody has said yet who is to read it.
        Rule::KeyNotReadable if finding.severity == Severity::Error => ALL,
        Rule::KeyNotReadable => NOBODY,

        Rule::ChainIncomplete
        | Rule::AnchorNotSelfSigned
        | Rule::NotTrusted
        | Rule::SignatureBad
        | Rule::IssuerNotCa
        | Rule::IssuerCannotSign
        | Rule::PathLengthExceeded
        | Rule::NameConstraints
        | Rule::CaUsageForbids
        | Rule::CriticalExtensionUnknown
        | Rule::Expired
        | Rule::NotYetValid
        | Rule::KeyTooSmall
        | Rule::ExplicitCurve
        | Rule::DigestTooWeak => path(rule, side, place),
        Rule::SignatureNotChecked | Rule::ConstraintsNotChecked => DOUBT,
        Rule::SubjectConstraints if of_server => {
            by(Set::RUSTLS).saying(&[(Set::ALL, "NameConstraintViolation")])
        }
        Rule::SubjectConstraints => NOBODY,
        Rule::ExtensionRepeated | Rule::ExtensionUnreadable | Rule::AlgorithmsDiffer => {
            encoding(finding, side, place)
        }

        Rule::EddsaBreaksScram if of_server => by(Set::LIBPQ)
            .doubtful(Set::TLS_1_2)
            .saying(&[(Set::ALL, "SCRAM: could not find digest for NID UNDEF")]),
        Rule::P384Client if !of_server => by(Set::TLS_1_2).saying(&[(Set::ALL, "TLS 1.2: wrong curve")]),
        Rule::EddsaBreaksScram | Rule::P384Client => NOBODY,

        Rule::NotForServers if of_server => wrong_usage(leaf),
        Rule::NotForClients if !of_server => ALL,
        Rule::NotForServers | Rule::NotForClients => NOBODY,
        Rule::LeafIsCa | Rule::LeafMintsLogins if of_server => {
            by(Set::RUSTLS).saying(&[(Set::ALL, "CaUsedAsEndEntity")])
        }
        Rule::LeafIsCa | Rule::LeafMintsLogins => NOBODY,
        Rule::NoDigitalSignature => no_digital_signature(side, leaf),

        // Java's own reader of certificates asks for names too, which was not measured.
        Rule::SubjectEmpty | Rule::SanNotCritical | Rule::SanEmpty if of_server => {
            by(Set::STRICT).doubtful(Set::JDBC)
        }
        Rule::SubjectEmpty => NOBODY.doubtful(Set::JDBC),
        Rule::LeafLikeCa if of_server => by(Set::STRICT),
        Rule::SanNotCritical | Rule::SanEmpty | Rule::LeafLikeCa => NOBODY,
        Rule::X509V1 => version_1(side, place, leaf),
        Rule::CaKeyUsageMissing
        | Rule::CaKeyIdentifierMissing
        | Rule::AuthorityKeyIdentifierMissing
        | Rule::CaConstraintsNotCritical
        | Rule::CaConstraintsMissing => certificate_form(rule, side, place),

        // Every stack compares names in its own way: `names`.
        Rule::HostMismatch
        | Rule::SanMissing
        | Rule::CommonNameNotInSan
        | Rule::WildcardUnusable
        | Rule::WildcardTopLevel
        | Rule::AddressOldLibpq
        | Rule::TrailingDot => NOBODY,
        Rule::NulInName | Rule::SanMalformed if of_server => malformed_name(rule),
        Rule::NulInName => ALL,
        Rule::RoleMismatch | Rule::RoleNameTooLong | Rule::CommonNameMissing if !of_server => ALL,
        Rule::RoleMismatch | Rule::RoleNameTooLong | Rule::CommonNameMissing | Rule::SanMalformed => NOBODY,

        Rule::Revoked
        | Rule::CrlStale
        | Rule::CrlNotYetValid
        | Rule::CrlMissing
        | Rule::CrlScope
        | Rule::CrlSignatureBad
        | Rule::CrlDirectoryUnusable
        | Rule::CrlHashName => lists(side),

        Rule::SslOff | Rule::HbaRefused => ALL,
        Rule::CrlNotLoaded if finding.severity == Severity::Error => ALL,
        // What libpq is set to do on this machine.
        Rule::RootFileMissing | Rule::HostMissing if of_server => by(Set::LIBPQ),
        Rule::RootFileMissing | Rule::HostMissing => NOBODY,
        // Which lines of pg_hba.conf and pg_ident.conf count is not known of a client.
        Rule::RoleNotTold | Rule::IdentRefused | Rule::MapMissing | Rule::ClientTrustUnknown
            if !of_server =>
        {
            DOUBT
        }
        Rule::RoleNotTold | Rule::IdentRefused | Rule::MapMissing | Rule::ClientTrustUnknown => NOBODY,
        Rule::ClientTrustMissing if !of_server => ALL,
        Rule::ServerTrustUnknown | Rule::SystemTrust if of_server => DOUBT,
        Rule::NoClientTrust if !of_server => DOUBT,
        Rule::ClientTrustMissing | Rule::ServerTrustUnknown | Rule::SystemTrust | Rule::NoClientTrust => {
            NOBODY
        }

        // Nobody refuses these: they are dangers, or will be ones, or matters of taste.
        Rule::CertificateTwice
        | Rule::TextAroundPem
        | Rule::HostNotTold
        | Rule::ChainOrder
        | Rule::KeyAlone
        | Rule::IntermediateNotAppended
        | Rule::ExpiresSoon
        | Rule::OutlivesIssuer
        | Rule::ClientPassesAsServer
        | Rule::ServerPassesAsClient
        | Rule::BothUsages
        | Rule::NoPathLength
        | Rule::SerialMalformed
        | Rule::SerialTwice
        | Rule::SeveralCommonNames
        | Rule::CrlExpiresSoon
        | Rule::CaInCrlFile
        | Rule::CrlOnlyInTrust
        | Rule::CrlNone
        | Rule::CrlFileAndDirectory
        | Rule::CrlNotLoaded
        | Rule::CrlDelta
        | Rule::ServerNotVerified
        | Rule::HostNotCompared
        | Rule::NoClientCertificate
        | Rule::SocketWithoutTls
        | Rule::MapNotAnchored
        | Rule::MapRoleLiteral
        | Rule::CaKeyPresent => NOBODY,
    }
}

/// Files that OpenSSL reads and others do not. A server is OpenSSL, so its own files trouble nobody.
fn form(rule: Rule, side: Side, place: Place) -> Effect {
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
fn key_form(rule: Rule, side: Side) -> Effect {
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

/// What is wrong with a chain. Of an anchor, webpki looks at its name, key and name constraints alone, and OpenSSL at
/// everything.
fn path(rule: Rule, side: Side, place: Place) -> Effect {
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
fn lists(side: Side) -> Effect {
    by(if side == Side::Server { Set::WITH_LISTS } else { Set::ALL })
}

/// What breaks the form of RFC 5280 in a way that is no error where OpenSSL does not look at it. Go takes every
/// certificate apart wholly.
fn encoding(finding: &Finding, side: Side, place: Place) -> Effect {
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

/// A server's certificate whose extended key usage does not name serverAuth: Go and Java take anyExtendedKeyUsage for it.
fn wrong_usage(leaf: &Certificate) -> Effect {
    let any = leaf.extended_key_usage.iter().any(ExtendedKeyUsage::is_any);
    match (any, allows(leaf, Side::Server)) {
        (true, false) => by(Set::ALL.but(Set::GO).but(Set::JDBC)),
        (false, false) => ALL,
        // nsCertType forbids it, which webpki and Go pass over.
        (_, true) => by(Set::ALL.but(Set::OTHER_X509)).doubtful(Set::JDBC),
    }
}

/// A leaf whose keyUsage lacks digitalSignature.
fn no_digital_signature(side: Side, leaf: &Certificate) -> Effect {
    let is_rsa = has_rsa_key(leaf);
    match side {
        Side::Client if handshakes_on(leaf, side) => NOBODY,
        Side::Client => ALL,
        // Neither webpki nor Go looks at the keyUsage of a leaf.
        Side::Server if !handshakes_on(leaf, side) => {
            let unasked = Set::RUSTLS.and(Set::GO);
            let doubtful = if is_rsa { Set::JDBC } else { Set::NONE };
            by(Set::ALL.but(unasked).but(doubtful)).doubtful(doubtful).saying(NOT_A_SERVERS)
        }
        // TLS 1.2 can still encipher a secret for an RSA key.
        Side::Server if is_rsa => NOBODY.doubtful(Set::JDBC.and(Set::TLS_1_2)),
        Side::Server => by(Set::JDBC.and(Set::TLS_1_2)).saying(NO_SHARED_CIPHER),
    }
}

/// X.509 before v3. What a client shows is judged by nobody but itself, and rustls does not load it.
fn version_1(side: Side, place: Place, leaf: &Certificate) -> Effect {
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
fn certificate_form(rule: Rule, side: Side, place: Place) -> Effect {
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
fn malformed_name(rule: Rule) -> Effect {
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
