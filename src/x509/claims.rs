//! What extensions claim, from the parser's types to ours; for certificates and requests alike.

use super::constraints::network;
use super::extension::{ExtendedKeyUsage, KeyUsage};
use super::{GeneralName, Name, SubtreeName};
use crate::der::{SEQUENCE, dotted_oid, only};
use std::net::IpAddr;
use x509_parser::extensions::{
    ExtendedKeyUsage as ParsedPurposes, GeneralName as ParsedName, GeneralSubtree,
    KeyUsage as ParsedKeyUsage, X509Extension,
};

/// A name that cannot be what its type says, as its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MalformedName {
    /// A dNSName with a NUL byte or one that is not ASCII. libpq refuses the whole certificate for a NUL.
    Dns(Vec<u8>),
    /// An iPAddress of neither 4 nor 16 bytes. libpq, which reads addresses since 15, refuses a certificate in which it
    /// meets one.
    Ip(Vec<u8>),
    /// An rfc822Name with a NUL byte or one that is not ASCII.
    Email(Vec<u8>),
    /// A uniformResourceIdentifier with a NUL byte or one that is not ASCII.
    Uri(Vec<u8>),
}

/// The names of a SAN extension, sorted by what can be done with them.
#[derive(Debug, Default)]
pub(super) struct AltNames {
    /// Those of the types that we know.
    pub(super) known: Vec<GeneralName>,
    /// Those that are not well-formed; texts that are UTF-8 at least are among the known ones too.
    pub(super) malformed: Vec<MalformedName>,
    /// How many of other types.
    pub(super) others: usize,
}

pub(super) fn alt_names(names: &[ParsedName<'_>]) -> AltNames {
    let mut sorted = AltNames::default();
    for name in names {
        let malformed = malformed(name);
        let known = general_name(name);
        sorted.others += usize::from(known.is_none() && malformed.is_none());
        sorted.malformed.extend(malformed);
        sorted.known.extend(known);
    }
    sorted
}

fn malformed(name: &ParsedName<'_>) -> Option<MalformedName> {
    let is_text = |text: &str| text.is_ascii() && !text.contains('\0');
    match name {
        ParsedName::DNSName(text) if !is_text(text) => Some(MalformedName::Dns(text.as_bytes().to_vec())),
        ParsedName::RFC822Name(text) if !is_text(text) => {
            Some(MalformedName::Email(text.as_bytes().to_vec()))
        }
        ParsedName::URI(text) if !is_text(text) => Some(MalformedName::Uri(text.as_bytes().to_vec())),
        ParsedName::IPAddress(bytes) if ![4, 16].contains(&bytes.len()) => {
            Some(MalformedName::Ip(bytes.to_vec()))
        }
        // Not UTF-8: the tag alone tells what it was to be.
        ParsedName::Invalid(tag, bytes) => match tag.0 {
            1 => Some(MalformedName::Email(bytes.to_vec())),
            2 => Some(MalformedName::Dns(bytes.to_vec())),
            6 => Some(MalformedName::Uri(bytes.to_vec())),
            _ => None,
        },
        _ => None,
    }
}

fn general_name(name: &ParsedName<'_>) -> Option<GeneralName> {
    match name {
        ParsedName::DNSName(text) => Some(GeneralName::Dns((*text).to_owned())),
        ParsedName::RFC822Name(text) => Some(GeneralName::Email((*text).to_owned())),
        ParsedName::URI(text) => Some(GeneralName::Uri((*text).to_owned())),
        ParsedName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let sixteen = <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            four.or(sixteen).ok().map(GeneralName::Ip)
        }
        _ => None,
    }
}

/// The bits that are set, in their order.
pub(super) fn key_usage(usage: ParsedKeyUsage) -> Vec<KeyUsage> {
    let set = |(at, _): &(u16, KeyUsage)| usage.flags >> at & 1 == 1;
    (0..).zip(KeyUsage::ALL).filter(set).map(|(_, usage)| usage).collect()
}

/// The purposes: those with names first.
pub(super) fn purposes(usage: &ParsedPurposes<'_>) -> Vec<ExtendedKeyUsage> {
    let named = [
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
        (usage.any, "any"),
    ];
    let named = named.into_iter().filter(|(set, _)| *set).filter_map(|(_, name)| name.parse().ok());
    let other = usage.other.iter().filter_map(|oid| oid.iter().map(Iterator::collect));
    named.chain(other.map(ExtendedKeyUsage::from_arcs)).collect()
}

/// The subtrees of the types that we know.
pub(super) fn subtrees(list: Option<&[GeneralSubtree<'_>]>) -> Vec<SubtreeName> {
    list.unwrap_or_default().iter().filter_map(|subtree| subtree_name(&subtree.base)).collect()
}

fn subtree_name(name: &ParsedName<'_>) -> Option<SubtreeName> {
    match name {
        ParsedName::DNSName(text) => Some(SubtreeName::Dns((*text).to_owned())),
        ParsedName::RFC822Name(text) => Some(SubtreeName::Email((*text).to_owned())),
        ParsedName::IPAddress(bytes) => network(bytes),
        _ => None,
    }
}

/// The subtrees of whole subjects.
pub(super) fn directories(list: Option<&[GeneralSubtree<'_>]>) -> Vec<Name> {
    let directory = |subtree: &GeneralSubtree<'_>| match &subtree.base {
        ParsedName::DirectoryName(name) => Name::from_der(name.as_raw()).ok(),
        _ => None,
    };
    list.unwrap_or_default().iter().filter_map(directory).collect()
}

/// The first name of a whole subject among general names.
pub(super) fn directory(names: Option<&[ParsedName<'_>]>) -> Option<Name> {
    names.unwrap_or_default().iter().find_map(|name| match name {
        ParsedName::DirectoryName(name) => Name::from_der(name.as_raw()).ok(),
        _ => None,
    })
}

/// How many subtrees a nameConstraints extension has; `None` where one has bounds, or something is odd about its form,
/// which the parser passes over.
pub(super) fn plain_subtrees(extension: &[u8]) -> Option<usize> {
    let mut count = 0;
    let mut lists = only(extension, SEQUENCE)?.members();
    for list in lists.by_ref() {
        let mut subtrees = list.members();
        for subtree in subtrees.by_ref() {
            let mut members = subtree.members();
            if subtree.tag != SEQUENCE || members.next().is_none() || !members.is_empty() {
                return None;
            }
            count += 1;
        }
        if !subtrees.is_empty() {
            return None;
        }
    }
    lists.is_empty().then_some(count)
}

/// 2.5.29.
const CERTIFICATE_EXTENSION: [u8; 2] = [0x55, 0x1d];

/// What OpenSSL handles beyond the arc 2.5.29: nsCertType, id-pkix-ocsp-nocheck, proxyCertInfo, and RFC 3779's two.
const HANDLED_ELSEWHERE: [&[u8]; 5] = [
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01],
    &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05],
    &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x0e],
    &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x07],
    &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x08],
];

/// Whether OpenSSL handles an extension (`X509_supported_extension`, crypto/x509/v3_purp.c). It does not count the two
/// key identifiers, which are never to be critical (RFC 5280 §4.2.1.1, §4.2.1.2).
fn is_handled(oid: &[u8]) -> bool {
    match oid.strip_prefix(&CERTIFICATE_EXTENSION) {
        // keyUsage, subjectAltName, basicConstraints, nameConstraints, cRLDistributionPoints, certificatePolicies,
        // policyMappings, policyConstraints, extKeyUsage, inhibitAnyPolicy
        Some(arc) => matches!(arc, [15 | 17 | 19 | 30 | 31 | 32 | 33 | 36 | 37 | 54]),
        None => HANDLED_ELSEWHERE.contains(&oid),
    }
}

/// Critical extensions that OpenSSL does not handle.
pub(super) fn unknown_critical(extensions: &[X509Extension<'_>]) -> Vec<String> {
    let unknown = extensions.iter().filter(|it| it.critical && !is_handled(it.oid.as_bytes()));
    unknown.map(|extension| dotted_oid(extension.oid.as_bytes())).collect()
}

/// Extensions that occur more than once, each once.
pub(super) fn repeated(extensions: &[X509Extension<'_>]) -> Vec<String> {
    repeated_oids(extensions.iter().map(|extension| extension.oid.as_bytes()).collect())
}

/// Object identifiers that occur more than once, each once.
pub(super) fn repeated_oids(mut oids: Vec<&[u8]>) -> Vec<String> {
    oids.sort_unstable();
    let mut repeated: Vec<&[u8]> =
        oids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    repeated.dedup();
    repeated.into_iter().map(dotted_oid).collect()
}

/// Extensions of a known kind whose content cannot be read.
pub(super) fn unreadable(extensions: &[X509Extension<'_>]) -> Vec<String> {
    let unreadable = extensions.iter().filter(|it| it.parsed_extension().error().is_some());
    unreadable.map(|extension| dotted_oid(extension.oid.as_bytes())).collect()
}
