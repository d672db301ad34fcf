//! Distinguished names (RFC 5280 §4.1.2.4), held as their exact DER: a name that is compared, chained and re-encoded
//! must not change by a byte, and a map of attributes would lose repeated ones.

mod openssl;
mod text;

use super::X509Error;
use crate::der::{self, dotted};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use text::{escape, parse_attribute, split_unescaped};
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag};

/// Short names of RFC 4514 §3 and those OpenSSL prints, with their object identifiers.
const ATTRIBUTES: [(&str, &[u64]); 14] = [
    ("CN", COMMON_NAME),
    ("SN", &[2, 5, 4, 4]),
    ("serialNumber", &[2, 5, 4, 5]),
    ("C", &[2, 5, 4, 6]),
    ("L", &[2, 5, 4, 7]),
    ("ST", &[2, 5, 4, 8]),
    ("street", &[2, 5, 4, 9]),
    ("O", &[2, 5, 4, 10]),
    ("OU", &[2, 5, 4, 11]),
    ("title", &[2, 5, 4, 12]),
    ("GN", &[2, 5, 4, 42]),
    ("UID", &[0, 9, 2342, 19_200_300, 100, 1, 1]),
    ("DC", &[0, 9, 2342, 19_200_300, 100, 1, 25]),
    ("emailAddress", &[1, 2, 840, 113_549, 1, 9, 1]),
];
const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
/// The same as DER has it.
const COMMON_NAME_OID: &[u8] = &[0x55, 4, 3];

/// A distinguished name as its exact DER. Equal means equal byte for byte.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    der: Vec<u8>,
}

/// One attribute in a name: its type, the tag of its string, its bytes.
struct Attribute {
    arcs: Vec<u64>,
    tag: u64,
    value: Vec<u8>,
}

const TAG_UTF8: u64 = 12;
const TAG_PRINTABLE: u64 = 19;
const TAG_IA5: u64 = 22;

impl Name {
    /// Parses `O=PGDG,OU=Engineering,OU=Testing,CN=x`: attributes in encoded order (the order of `openssl -subj`),
    /// `+` between the attributes of one RDN, RFC 4514 escapes. The empty text is the empty name.
    ///
    /// # Errors
    /// [`X509Error::Name`] with what is wrong.
    pub fn parse(text: &str) -> Result<Self, X509Error> {
        let fail = |problem| X509Error::Name { text: text.to_owned(), problem };
        let mut rdns = Vec::new();
        if !text.trim().is_empty() {
            for rdn in split_unescaped(text, ',') {
                let attributes = split_unescaped(rdn, '+').into_iter();
                rdns.push(attributes.map(parse_attribute).collect::<Result<Vec<_>, _>>().map_err(fail)?);
            }
        }
        Ok(Self::from_rdns(&rdns))
    }

    /// A name of one common name.
    #[must_use]
    pub fn common_name(text: &str) -> Self {
        let kind = der::element(der::OBJECT_IDENTIFIER, &[COMMON_NAME_OID]);
        let value = der::element(TAG_UTF8 as u8, &[text.as_bytes()]);
        let attribute = der::element(der::SEQUENCE, &[&kind, &value]);
        Self { der: der::element(der::SEQUENCE, &[&der::element(der::SET, &[&attribute])]) }
    }

    /// The same name with another common name: the first one is replaced, or one is added at the end.
    #[must_use]
    pub fn with_common_name(&self, text: &str) -> Self {
        let mut rdns = self.rdns();
        let place = rdns.iter_mut().flatten().find(|attribute| attribute.arcs == COMMON_NAME);
        match place {
            Some(attribute) => *attribute = Attribute::common_name(text),
            None => rdns.push(vec![Attribute::common_name(text)]),
        }
        Self::from_rdns(&rdns)
    }

    /// Takes the DER of a Name as it is, after a look at its shape.
    ///
    /// # Errors
    /// [`X509Error::Certificate`] where it is no sequence of sets of attributes.
    pub fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        look_at(der).map_err(|error| X509Error::Certificate { problem: format!("name: {error}") })?;
        Ok(Self { der: der.to_vec() })
    }

    /// The exact DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it has no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // An empty SEQUENCE.
        self.der == [0x30, 0x00]
    }

    /// The common names in order. PostgreSQL and libpq look at the first alone.
    pub fn common_names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.common_name_values().map(String::from_utf8_lossy)
    }

    /// Whether a common name holds a NUL byte: PostgreSQL and libpq refuse such a certificate, for what is behind it
    /// would be lost on a reader in C. They look at the bytes, so two-byte strings are refused with them.
    #[must_use]
    pub fn common_name_has_nul(&self) -> bool {
        self.common_name_values().any(|value| value.contains(&0))
    }

    /// The bytes of each common name. Asked of every certificate, so nothing is kept on the way to them.
    fn common_name_values(&self) -> impl Iterator<Item = &[u8]> {
        let rdns = der::only(&self.der, der::SEQUENCE).into_iter().flat_map(|name| name.members());
        let attributes = rdns.flat_map(|rdn| rdn.members());
        attributes.filter_map(|attribute| {
            let mut parts = attribute.members();
            let kind = parts.next_of(der::OBJECT_IDENTIFIER)?;
            (kind.content == COMMON_NAME_OID).then(|| parts.next().map(|value| value.content))?
        })
    }

    /// Each RDN as its (short name or OID, value) pairs, in encoded order.
    #[must_use]
    pub fn attributes(&self) -> Vec<Vec<(String, String)>> {
        let pair = |attribute: &Attribute| (attribute.type_name(), attribute.text());
        self.rdns().iter().map(|rdn| rdn.iter().map(pair).collect()).collect()
    }

    fn rdns(&self) -> Vec<Vec<Attribute>> {
        read_rdns(&self.der).unwrap_or_default()
    }

    fn from_rdns(rdns: &[Vec<Attribute>]) -> Self {
        let der = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                for rdn in rdns {
                    // DER orders the members of a SET OF (X.690 §11.6).
                    writer.next().write_set_of(|writer| {
                        for attribute in rdn {
                            attribute.write(writer.next());
                        }
                    });
                }
            });
        });
        Self { der }
    }
}

impl Attribute {
    fn common_name(text: &str) -> Self {
        Self { arcs: COMMON_NAME.to_vec(), tag: TAG_UTF8, value: text.as_bytes().to_vec() }
    }

    fn write(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            writer.next().write_oid(&ObjectIdentifier::from_slice(&self.arcs));
            let tag = Tag { tag_class: yasna::TagClass::Universal, tag_number: self.tag };
            writer.next().write_tagged_implicit(tag, |writer| writer.write_bytes(&self.value));
        });
    }

    /// The short name, or the object identifier where it has none.
    fn type_name(&self) -> String {
        let known = ATTRIBUTES.iter().find(|(_, arcs)| *arcs == self.arcs);
        known.map_or_else(|| dotted(&self.arcs), |(name, _)| (*name).to_owned())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }
}

/// Whether it is a name, with nothing of it kept: every certificate that is read has two.
fn look_at(der: &[u8]) -> Result<(), yasna::ASN1Error> {
    yasna::parse_der(der, |reader| {
        reader.read_sequence_of(|reader| {
            reader.read_set_of(|reader| {
                reader.read_sequence(|reader| {
                    reader.next().read_oid()?;
                    reader.next().read_tagged_der().map(drop)
                })
            })
        })
    })
}

fn read_rdns(der: &[u8]) -> Result<Vec<Vec<Attribute>>, yasna::ASN1Error> {
    yasna::parse_der(der, |reader| {
        reader.collect_sequence_of(|reader| {
            reader.collect_set_of(|reader| {
                reader.read_sequence(|reader| {
                    let arcs = reader.next().read_oid()?.components().clone();
                    let value = reader.next().read_tagged_der()?;
                    Ok(Attribute { arcs, tag: value.tag().tag_number, value: value.value().to_vec() })
                })
            })
        })
    })
}

/// The form that [`Name::parse`] reads; control characters are shown as escapes, never raw.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, rdn) in self.rdns().iter().enumerate() {
            for (inner, attribute) in rdn.iter().enumerate() {
                let separator = match (at, inner) {
                    (0, 0) => "",
                    (_, 0) => ",",
                    _ => "+",
                };
                write!(f, "{separator}{}={}", attribute.type_name(), escape(&attribute.text()))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn repeated_multi_valued_escaped_and_utf8_attributes_survive_in_their_order() {
        for text in [
            "O=PGDG,OU=Engineering,OU=Testing,CN=x",
            "DC=example,DC=com,CN=db",
            "O=Acme\\, Inc,OU=Zoë,CN=alice",
            "CN=a+OU=b",
            "1.2.3.4=odd,CN=x",
            "CN=\\ padded\\ ",
            "CN=\\#1",
            "CN=line\\0Abreak",
            "",
        ] {
            let name = Name::parse(text).unwrap();
            assert_eq!(name.to_string(), text);
            assert_eq!(Name::from_der(name.as_der()).unwrap(), name);
        }
    }

    #[test]
    fn unprotected_spaces_around_a_value_are_dropped() {
        assert_eq!(Name::parse("O = Acme , CN = x ").unwrap().to_string(), "O=Acme,CN=x");
    }

    #[test]
    fn a_country_is_a_printable_string_and_a_common_name_utf8() {
        let name = Name::parse("C=DE,CN=x").unwrap();
        assert_eq!(&name.as_der()[11..15], &[0x13, 2, b'D', b'E']);
        assert_eq!(name.as_der()[name.as_der().len() - 3], 0x0c);
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_the_reason() {
        for (text, problem) in [
            ("/CN=x", "neither a known short name"),
            ("CN", "not written TYPE=VALUE"),
            ("CN=", "no value"),
            ("C=Germany", "two letters"),
            ("CN=a\\zz", "backslash"),
            ("CN=a,,O=b", "not written TYPE=VALUE"),
            ("DC=zoë", "ASCII"),
        ] {
            let error = Name::parse(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn another_common_name_leaves_the_rest() {
        let name = Name::parse("O=Acme,CN=old,OU=z").unwrap();
        assert_eq!(name.with_common_name("new").to_string(), "O=Acme,CN=new,OU=z");
        assert_eq!(Name::parse("O=Acme").unwrap().with_common_name("new").to_string(), "O=Acme,CN=new");
    }
}
