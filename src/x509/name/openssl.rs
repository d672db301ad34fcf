//! The three forms that OpenSSL makes of a name: the canonical one, which it hashes for the file names of a certificate
//! directory, the printed one, which PostgreSQL compares with `clientname=DN`, and the line in the index of a CA.

use super::{ATTRIBUTES, Name};
use crate::der::{self, Element, Elements, SEQUENCE, SET, element, only};
use crate::x509::serial::hexadecimal;

const UTF8: u8 = 0x0c;
const NUMERIC: u8 = 0x12;
const PRINTABLE: u8 = 0x13;
const T61: u8 = 0x14;
const IA5: u8 = 0x16;
const VISIBLE: u8 = 0x1a;
const UNIVERSAL: u8 = 0x1c;
const BMP: u8 = 0x1e;

impl Name {
    /// OpenSSL's canonical form (`x509_name_canon`, crypto/x509/x_name.c): the RDNs without the SEQUENCE around them,
    /// strings as UTF8String in lower case (ASCII alone), spaces at their ends left out, those inside made one. The hash
    /// of it ([`keys::name_hash`](crate::keys::name_hash)) is what `openssl x509 -hash` prints. OpenSSL reads no name
    /// whose strings are not valid in their type; such a value stays as it is.
    #[must_use]
    pub fn canonical_der(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.der.len() + 16);
        for rdn in rdns(&self.der) {
            let mut attributes: Vec<Vec<u8>> = rdn.members().filter_map(|it| canonical(&it)).collect();
            // DER orders the members of a SET OF (X.690 §11.6); the new values may have another order.
            attributes.sort_unstable();
            let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
            out.extend(element(SET, &attributes));
        }
        out
    }

    /// As OpenSSL prints it with `-nameopt RFC2253`, and PostgreSQL takes it for `clientname=DN`: the last attribute
    /// first, separated by `,` and inside an RDN by `+`; RFC 2253 escapes, and bytes that are not printable ASCII as
    /// `\C3\AB`. Attributes of types without a name, and values that are no strings, are `#` and their DER.
    #[must_use]
    pub fn rfc2253(&self) -> String {
        let mut out = String::with_capacity(self.der.len());
        let rdns: Vec<Element<'_>> = rdns(&self.der).collect();
        for rdn in rdns.into_iter().rev() {
            let attributes: Vec<Element<'_>> = rdn.members().collect();
            for (at, attribute) in attributes.iter().rev().enumerate() {
                match (out.is_empty(), at) {
                    (true, _) => {}
                    (false, 0) => out.push(','),
                    (false, _) => out.push('+'),
                }
                print(attribute, &mut out);
            }
        }
        out
    }

    /// On one line, as OpenSSL 3 writes it into the index of a CA (`X509_NAME_oneline`, crypto/x509/x509_obj.c): `/` before
    /// each RDN and `+` inside it, both protected by a backslash in a value; every byte that is not printable ASCII as
    /// `\xC3`. Elder ones wrote `/` for `+` and protected neither.
    #[must_use]
    pub fn oneline(&self) -> String {
        let mut out = String::with_capacity(self.der.len());
        for rdn in rdns(&self.der) {
            for (at, attribute) in rdn.members().enumerate() {
                let Some((kind, value)) = parts(&attribute) else { continue };
                out.push(if at == 0 { '/' } else { '+' });
                out.push_str(
                    &short_name(kind.content).map_or_else(|| der::dotted_oid(kind.content), str::to_owned),
                );
                out.push('=');
                for &byte in value.content {
                    match byte {
                        b'/' | b'+' => out.extend(['\\', char::from(byte)]),
                        b' '..=b'~' => out.push(char::from(byte)),
                        _ => {
                            out.push_str("\\x");
                            hexadecimal(byte, &mut out);
                        }
                    }
                }
            }
        }
        out
    }
}

fn rdns(der: &[u8]) -> Elements<'_> {
    only(der, SEQUENCE).map_or(Elements::new(&[]), |name| name.members())
}

/// Type and value of an attribute.
fn parts<'a>(attribute: &Element<'a>) -> Option<(Element<'a>, Element<'a>)> {
    let mut members = attribute.members();
    Some((members.next_of(der::OBJECT_IDENTIFIER)?, members.next()?))
}

fn canonical(attribute: &Element<'_>) -> Option<Vec<u8>> {
    let (kind, value) = parts(attribute)?;
    // NumericString is none of those that are made alike (ASN1_MASK_CANON).
    let text = if value.tag == NUMERIC { None } else { characters(&value) };
    Some(match text {
        Some(text) => element(SEQUENCE, &[kind.whole, &element(UTF8, &[folded(&text).as_bytes()])]),
        None => element(SEQUENCE, &[kind.whole, value.whole]),
    })
}

/// The characters of a string; `None` for another type, and where it is not valid in its own. OpenSSL takes T61String for
/// Latin-1, as everybody does.
fn characters(value: &Element<'_>) -> Option<String> {
    let bytes = value.content;
    match value.tag {
        UTF8 => String::from_utf8(bytes.to_vec()).ok(),
        NUMERIC | PRINTABLE | T61 | IA5 | VISIBLE => Some(bytes.iter().copied().map(char::from).collect()),
        BMP => {
            let (units, rest) = bytes.as_chunks::<2>();
            let text = units.iter().map(|unit| char::from_u32(u16::from_be_bytes(*unit).into()));
            text.collect::<Option<String>>().filter(|_| rest.is_empty())
        }
        UNIVERSAL => {
            let (units, rest) = bytes.as_chunks::<4>();
            let text = units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit)));
            text.collect::<Option<String>>().filter(|_| rest.is_empty())
        }
        _ => None,
    }
}

/// Lower case, and spaces made one, for ASCII alone.
fn folded(text: &str) -> String {
    // C's isspace(), which knows the vertical tab too.
    let is_space = |c: char| c == ' ' || ('\t'..='\r').contains(&c);
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.trim_matches(is_space).chars() {
        if is_space(c) {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) {
            out.push(' ');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// `CN=x`: `do_name_ex` and `do_print_ex` of crypto/asn1/a_strex.c, with the flags of XN_FLAG_RFC2253.
fn print(attribute: &Element<'_>, out: &mut String) {
    let Some((kind, value)) = parts(attribute) else { return };
    let name = short_name(kind.content);
    match &name {
        Some(name) => out.push_str(name),
        None => out.push_str(&der::dotted_oid(kind.content)),
    }
    out.push('=');
    let bytes = match value.tag {
        _ if name.is_none() => None,
        // Bytes that claim to be UTF-8 are printed without a look.
        UTF8 => Some(value.content.to_vec()),
        der::UTC_TIME | der::GENERALIZED_TIME => {
            Some(value.content.iter().copied().map(char::from).collect::<String>().into_bytes())
        }
        _ => characters(&value).map(String::into_bytes),
    };
    match bytes {
        Some(bytes) => escape(&bytes, out),
        None => {
            out.push('#');
            value.whole.iter().for_each(|byte| hexadecimal(*byte, out));
        }
    }
}

/// `do_esc_char` of crypto/asn1/a_strex.c.
fn escape(bytes: &[u8], out: &mut String) {
    let last = bytes.len().saturating_sub(1);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b',' | b'+' | b'"' | b'<' | b'>' | b';' | b'\\' => out.extend(['\\', char::from(*byte)]),
            b' ' if at == 0 || at == last => out.push_str("\\ "),
            // Alone it is the last, not the first.
            b'#' if at == 0 && at != last => out.push_str("\\#"),
            0x20..0x7f => out.push(char::from(*byte)),
            _ => {
                out.push('\\');
                hexadecimal(*byte, out);
            }
        }
    }
}

/// OpenSSL's short name of an attribute type; those that are known to [`Name::parse`] and more, which it knows too.
fn short_name(oid: &[u8]) -> Option<&'static str> {
    let arcs = der::arcs(oid)?;
    let known = ATTRIBUTES.iter().find(|(_, known)| *known == arcs).map(|(name, _)| *name);
    let further = || {
        let (last, arc) = arcs.split_last()?;
        let (_, names) = FURTHER.iter().find(|(known, _)| *known == arc)?;
        names.iter().find(|(known, _)| known == last).map(|(_, name)| *name)
    };
    known.or_else(further)
}

/// A last arc and its short name.
type Names = [(u64, &'static str)];

/// By all arcs but the last (crypto/objects/objects.txt).
const FURTHER: [(&[u64], &Names); 4] = [
    (&[2, 5, 4], X520),
    (&[0, 9, 2342, 19_200_300, 100, 1], PILOT),
    (
        &[1, 2, 840, 113_549, 1, 9],
        &[
            (2, "unstructuredName"),
            (7, "challengePassword"),
            (8, "unstructuredAddress"),
            (20, "friendlyName"),
        ],
    ),
    (
        &[1, 3, 6, 1, 4, 1, 311, 60, 2, 1],
        &[(1, "jurisdictionL"), (2, "jurisdictionST"), (3, "jurisdictionC")],
    ),
];

/// X.520 attributes.
const X520: &Names = &[
    (13, "description"),
    (14, "searchGuide"),
    (15, "businessCategory"),
    (16, "postalAddress"),
    (17, "postalCode"),
    (18, "postOfficeBox"),
    (19, "physicalDeliveryOfficeName"),
    (20, "telephoneNumber"),
    (21, "telexNumber"),
    (22, "teletexTerminalIdentifier"),
    (23, "facsimileTelephoneNumber"),
    (24, "x121Address"),
    (25, "internationaliSDNNumber"),
    (26, "registeredAddress"),
    (27, "destinationIndicator"),
    (28, "preferredDeliveryMethod"),
    (29, "presentationAddress"),
    (30, "supportedApplicationContext"),
    (31, "member"),
    (32, "owner"),
    (33, "roleOccupant"),
    (34, "seeAlso"),
    (35, "userPassword"),
    (36, "userCertificate"),
    (37, "cACertificate"),
    (38, "authorityRevocationList"),
    (39, "certificateRevocationList"),
    (40, "crossCertificatePair"),
    (41, "name"),
    (43, "initials"),
    (44, "generationQualifier"),
    (45, "x500UniqueIdentifier"),
    (46, "dnQualifier"),
    (47, "enhancedSearchGuide"),
    (48, "protocolInformation"),
    (49, "distinguishedName"),
    (50, "uniqueMember"),
    (51, "houseIdentifier"),
    (52, "supportedAlgorithms"),
    (53, "deltaRevocationList"),
    (54, "dmdName"),
    (65, "pseudonym"),
    (72, "role"),
    (97, "organizationIdentifier"),
    (98, "c3"),
    (99, "n3"),
    (100, "dnsName"),
];

/// Attributes of the COSINE pilot (RFC 4524).
const PILOT: &Names = &[
    (2, "textEncodedORAddress"),
    (3, "mail"),
    (4, "info"),
    (5, "favouriteDrink"),
    (6, "roomNumber"),
    (7, "photo"),
    (8, "userClass"),
    (9, "host"),
    (10, "manager"),
    (11, "documentIdentifier"),
    (12, "documentTitle"),
    (13, "documentVersion"),
    (14, "documentAuthor"),
    (15, "documentLocation"),
    (20, "homeTelephoneNumber"),
    (21, "secretary"),
    (22, "otherMailbox"),
    (23, "lastModifiedTime"),
    (24, "lastModifiedBy"),
    (26, "aRecord"),
    (27, "pilotAttributeType27"),
    (28, "mXRecord"),
    (29, "nSRecord"),
    (30, "sOARecord"),
    (31, "cNAMERecord"),
    (37, "associatedDomain"),
    (38, "associatedName"),
    (39, "homePostalAddress"),
    (40, "personalTitle"),
    (41, "mobileTelephoneNumber"),
    (42, "pagerTelephoneNumber"),
    (43, "friendlyCountryName"),
    (44, "uid"),
    (45, "organizationalStatus"),
    (46, "janetMailbox"),
    (47, "mailPreferenceOption"),
    (48, "buildingName"),
    (49, "dSAQuality"),
    (50, "singleLevelQuality"),
    (51, "subtreeMinimumQuality"),
    (52, "subtreeMaximumQuality"),
    (53, "personalSignature"),
    (54, "dITRedirect"),
    (55, "audio"),
    (56, "documentPublisher"),
];
