//! Certificates and revocation lists that break the form of RFC 5280: what OpenSSL refuses for it, and what it lets pass
//! and others do not.

use super::chain::Held;
use super::report::Finding;
use super::rules::Rule;
use super::severity::Severity;
use crate::x509::RevocationList;

/// The extensions that OpenSSL takes apart whenever it looks at a certificate (`ossl_x509v3_cache_extensions`,
/// crypto/x509/v3_purp.c): where one is twice there, or unreadable, it knows no such certificate. The key identifiers,
/// keyUsage, both alternative names, basicConstraints, nameConstraints, cRLDistributionPoints, extKeyUsage, nsCertType,
/// proxyCertInfo, and RFC 3779's two.
const READ_BY_OPENSSL: [&str; 13] = [
    "2.5.29.14",
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.18",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.35",
    "2.5.29.37",
    "2.16.840.1.113730.1.1",
    "1.3.6.1.5.5.7.1.14",
    "1.3.6.1.5.5.7.1.7",
    "1.3.6.1.5.5.7.1.8",
];

const SIGNED_TWICE: &str = "RFC 5280 wants the algorithm inside and behind the signed part to be one.";

/// One certificate of a chain.
pub(super) fn certificate(link: &Held<'_>, is_anchor: bool, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = *link;
    let refused = "OpenSSL reads no such certificate, so that PostgreSQL and libpq refuse it.";
    let passed = "OpenSSL does not look at it; Go and others refuse the certificate.";
    let mut odd = |rule, oid: &String, what: &str| {
        let is_read = READ_BY_OPENSSL.contains(&oid.as_str());
        let (severity, detail) =
            if is_read { (Severity::Error, refused) } else { (Severity::Warning, passed) };
        let finding = Finding::new(rule, file, format!("its extension {oid} {what}"));
        found.push(finding.severity(severity).detail(detail));
    };
    certificate
        .repeated_extensions
        .iter()
        .for_each(|oid| odd(Rule::ExtensionRepeated, oid, "is there twice"));
    certificate
        .unreadable_extensions
        .iter()
        .for_each(|oid| odd(Rule::ExtensionUnreadable, oid, "cannot be read"));
    unknown(&certificate.unknown_critical_extensions, file, found);
    if !certificate.algorithms_agree {
        // Nobody checks the signature of an anchor.
        let severity = if is_anchor { Severity::Warning } else { Severity::Error };
        let finding = Finding::new(Rule::AlgorithmsDiffer, file, "it names two algorithms for its signature");
        found.push(finding.severity(severity).detail(SIGNED_TWICE));
    }
}

/// One revocation list; OpenSSL minds little of it.
pub(super) fn list(list: &RevocationList, file: &str, found: &mut Vec<Finding>) {
    let mut warn = |rule, fact: String| {
        let finding = Finding::new(rule, file, fact).severity(Severity::Warning);
        found.push(finding.detail("OpenSSL lets it pass; others refuse the list."));
    };
    for oid in &list.repeated_extensions {
        warn(
            Rule::ExtensionRepeated,
            format!("the extension {oid} of the list of {} is there twice", list.issuer),
        );
    }
    for oid in &list.unreadable_extensions {
        warn(
            Rule::ExtensionUnreadable,
            format!("the extension {oid} of the list of {} cannot be read", list.issuer),
        );
    }
    if !list.algorithms_agree {
        warn(
            Rule::AlgorithmsDiffer,
            format!("the list of {} names two algorithms for its signature", list.issuer),
        );
    }
    unknown(&list.unknown_critical_extensions, file, found);
    if list.is_delta {
        let fact =
            format!("the list of {} tells of changes alone, and is taken for a whole one", list.issuer);
        let detail = "It is a delta list. Where it is the newest, PostgreSQL looks at no other, and lets in who was \
                      revoked before.";
        found.push(Finding::new(Rule::CrlDelta, file, fact).detail(detail));
    }
}

fn unknown(extensions: &[String], file: &str, found: &mut Vec<Finding>) {
    for oid in extensions {
        let fact = format!("the critical extension {oid} is unknown, so nobody may accept it");
        found.push(Finding::new(Rule::CriticalExtensionUnknown, file, fact));
    }
}
