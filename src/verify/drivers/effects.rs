//! What each finding of the judge means for each stack: the one table of rules against drivers.
//!
//! A match over all rules without a rest, so that no new rule can be forgotten here. What the server refuses of a client
//! is refused whatever the driver; of a server's certificate each driver judges by itself.

use super::catalogue::{Driver, Set};
use super::chain::{lists, path};
use super::effect::{ALL, DOUBT, Effect, NOBODY, Place, by};
use super::form::{certificate_form, encoding, form, key_form, malformed_name, version_1};
use crate::verify::leaf::{allows, handshakes_on, has_rsa_key};
use crate::verify::{Finding, Rule, Severity, Side};
use crate::x509::{Certificate, ExtendedKeyUsage};

const NO_SHARED_CIPHER: &[(Set, &str)] = &[(Set::ALL, "no shared cipher")];
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
        | Rule::IndexDamaged
        | Rule::IndexRevoked
        | Rule::CrlBehind
        | Rule::NotInIndex
        | Rule::IndexedElsewhere
        | Rule::ServerNotVerified
        | Rule::HostNotCompared
        | Rule::NoClientCertificate
        | Rule::SocketWithoutTls
        | Rule::MapNotAnchored
        | Rule::MapRoleLiteral
        | Rule::RotationHalfWay
        | Rule::CaKeyPresent => NOBODY,
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
