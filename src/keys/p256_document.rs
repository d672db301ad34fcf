//! The PKCS#8 document of a P-256 key as OpenSSL, ring and this crate write it, told by its fixed bytes: the parser takes
//! longer than all else that is asked of a key file. Any other document is left to the parser.

/// What stands before the secret: PrivateKeyInfo (RFC 5208 §5) for id-ecPublicKey over P-256, ECPrivateKey inside.
const BEFORE_SECRET: [u8; 36] = [
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01,
    0x04, 0x20,
];
/// What stands between the secret and the point: publicKey (RFC 5915 §3), as a BIT STRING without unused bits.
const BEFORE_POINT: [u8; 5] = [0xa1, 0x44, 0x03, 0x42, 0x00];
const SECRET_BYTES: usize = 32;
const POINT_BYTES: usize = 65;

/// The public point in such a document; `None` for any other.
pub(super) fn point(pkcs8: &[u8]) -> Option<&[u8]> {
    let behind = pkcs8.strip_prefix(&BEFORE_SECRET)?.get(SECRET_BYTES..)?;
    behind.strip_prefix(&BEFORE_POINT).filter(|point| point.len() == POINT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::point;
    use crate::keys::file::{parsed_pkcs8, public_of_pkcs8};
    use crate::keys::{KeyContent, KeySource as _, KeyType, SystemKeys};

    #[test]
    fn a_p256_document_is_the_same_with_the_parser_and_without() {
        let key = SystemKeys.generate(KeyType::EcdsaP256).expect("a key");
        let document = key.pkcs8_der();
        assert!(point(document).is_some(), "the form is the one that is written");
        assert_eq!(parsed_pkcs8(document), Some(KeyContent::Public(key.public().clone())));
        assert_eq!(public_of_pkcs8(document).as_ref(), Some(key.public()));
    }

    #[test]
    fn what_only_begins_like_a_p256_document_is_left_to_the_parser() {
        let key = SystemKeys.generate(KeyType::EcdsaP256).expect("a key");
        let document = key.pkcs8_der();
        for length in 0..document.len() {
            assert!(point(&document[..length]).is_none(), "{length}");
        }
        assert!(point(&[document, &[0]].concat()).is_none());
        for (place, is_fixed) in [(0, true), (35, true), (36, false), (68, true), (72, true), (73, false)] {
            let mut other = document.to_vec();
            other[place] ^= 1;
            assert_eq!(point(&other).is_none(), is_fixed, "{place}");
        }
    }
}
