//! Many certificates of one issuer that differ in nothing but serial number, subject and key: what they share is encoded
//! once, and the rest is put in its place.

use super::encode::{CertificateFields, Signer, Version, to_be_signed};
use super::serial::significant;
use super::{Extensions, Name, Window, X509Error};
use crate::der;

/// The encoded part of such certificates. Extensions are those of a v3 certificate, its subject not empty.
#[derive(Debug, Clone)]
pub struct CertificateTemplate {
    window: Window,
    extensions: Extensions,
    version: Vec<u8>,
    /// The algorithm, the issuer and the validity, which follow each other.
    middle: Vec<u8>,
    /// The extensions, in which a key identifier of this length is put at this place.
    tail: Vec<u8>,
    identifier: std::ops::Range<usize>,
}

impl CertificateTemplate {
    /// Encodes what certificates like this one share; `None` for one whose like this does not make.
    ///
    /// # Errors
    /// [`X509Error::Encoding`] or [`X509Error::Rebuild`], as [`encode_certificate`](super::encode_certificate).
    pub fn of(fields: &CertificateFields<'_>, algorithm: &[u8]) -> Result<Option<Self>, X509Error> {
        if fields.version != Version::V3 || fields.subject.is_empty() || !fields.carried.is_empty() {
            return Ok(None);
        }
        let encoded = to_be_signed(fields, algorithm)?;
        let members = der::only(&encoded, der::SEQUENCE).into_iter().flat_map(|whole| whole.members());
        let parts: Vec<&[u8]> = members.map(|member| member.whole).collect();
        let [version, _, algorithm, issuer, validity, _, _, tail] = parts.as_slice() else { return Ok(None) };
        let wanted = fields.subject_key_identifier;
        let mut places = tail.windows(wanted.len().max(1)).enumerate().filter(|(_, bytes)| *bytes == wanted);
        let (Some((start, _)), None) = (places.next(), places.next()) else { return Ok(None) };
        Ok(Some(Self {
            window: fields.window,
            extensions: fields.extensions.clone(),
            version: version.to_vec(),
            middle: [*algorithm, issuer, validity].concat(),
            identifier: start..start + wanted.len(),
            tail: tail.to_vec(),
        }))
    }

    /// Whether a certificate of that issuer is one of those.
    #[must_use]
    pub fn is_of(&self, fields: &CertificateFields<'_>) -> bool {
        fields.version == Version::V3
            && fields.window == self.window
            && !fields.subject.is_empty()
            && fields.subject_key_identifier.len() == self.identifier.len()
            && fields.carried.is_empty()
            && *fields.extensions == self.extensions
    }

    /// Fills it and signs; the result is DER.
    ///
    /// # Errors
    /// The signer's own.
    pub fn encode<S: Signer>(
        &mut self,
        serial: &[u8],
        subject: &Name,
        public_key: &[u8],
        subject_key_identifier: &[u8],
        signer: &S,
    ) -> Result<Vec<u8>, S::Error> {
        if let Some(place) = self.tail.get_mut(self.identifier.clone())
            && place.len() == subject_key_identifier.len()
        {
            place.copy_from_slice(subject_key_identifier);
        }
        let digits = significant(serial);
        // A first bit of one would make it negative (X.690 §8.3).
        let sign: &[u8] = if digits.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
        let serial = der::element(der::INTEGER, &[sign, digits]);
        let members =
            [&self.version, &serial, &self.middle, subject.as_der(), public_key, self.tail.as_slice()];
        let tbs = der::element(der::SEQUENCE, &members);
        let signature = signer.sign(&tbs)?;
        Ok(der::signed(&tbs, signer.algorithm_der(), &signature))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::x509::{ExtendedKeyUsage, KeyUsage, encode_certificate};
    use time::macros::datetime;

    struct Fixed;

    impl Signer for Fixed {
        type Error = X509Error;

        fn algorithm_der(&self) -> &[u8] {
            &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70]
        }

        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, X509Error> {
            Ok(message.iter().rev().take(64).copied().collect())
        }
    }

    #[test]
    fn what_a_template_makes_is_to_the_byte_what_is_encoded_anew() {
        let window = Window {
            not_before: datetime!(2026-11-22 12:00 UTC),
            not_after: datetime!(2051-11-22 12:00 UTC),
        };
        let extensions = Extensions {
            key_usage: vec![KeyUsage::DigitalSignature],
            extended_key_usage: vec![ExtendedKeyUsage::client_auth()],
            ..Extensions::default()
        };
        let issuer = Name::parse("DC=com,DC=example,OU=a,OU=b,CN=ca").unwrap();
        let key: Vec<u8> = [&[0x30, 0x05, 0x30, 0x00, 0x03, 0x01][..], &[0]].concat();
        let fields = |serial: &'static [u8], subject: &'static str, identifier: &'static [u8; 20]| {
            let subject = Box::leak(Box::new(Name::common_name(subject)));
            (serial, &*subject, identifier)
        };
        let all = [
            fields(&[0x12; 16], "alice", &[7; 20]),
            fields(&[0x82; 16], "bob", &[8; 20]),
            fields(&[0, 0, 0x12], "s\u{fc}d", &[9; 20]),
            fields(&[0, 0x92], "x", &[0xff; 20]),
        ];
        let whole = |(serial, subject, identifier): (&'static [u8], &'static Name, &'static [u8; 20])| {
            CertificateFields {
                version: Version::V3,
                serial,
                issuer: &issuer,
                subject,
                window,
                public_key: &key,
                extensions: &extensions,
                carried: &[],
                subject_key_identifier: identifier,
                authority_key_identifier: Some(&[3; 20]),
            }
        };
        let mut template = CertificateTemplate::of(&whole(all[0]), Fixed.algorithm_der()).unwrap().unwrap();
        for one in all {
            let fields = whole(one);
            assert!(template.is_of(&fields));
            let made = template.encode(one.0, one.1, &key, one.2, &Fixed).unwrap();
            assert_eq!(made, encode_certificate(&fields, &Fixed).unwrap());
        }
        let later = Window { not_after: datetime!(2052-01-01 0:00 UTC), ..window };
        assert!(!template.is_of(&CertificateFields { window: later, ..whole(all[0]) }));
        let more =
            Extensions { extended_key_usage: vec![ExtendedKeyUsage::server_auth()], ..extensions.clone() };
        assert!(!template.is_of(&CertificateFields { extensions: &more, ..whole(all[0]) }));
    }
}
