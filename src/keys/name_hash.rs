//! The hash by which OpenSSL finds certificates and revocation lists in a directory.

/// `X509_NAME_hash` (crypto/x509/x509_cmp.c), which `openssl x509 -hash` prints as eight hexadecimal digits: the first
/// four bytes, the least significant first, of the SHA-1 of a name's canonical form
/// ([`Name::canonical_der`](crate::x509::Name::canonical_der), which `x509` makes). It finds; nothing rests on its
/// strength.
#[must_use]
pub fn name_hash(canonical: &[u8]) -> u32 {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, canonical);
    digest.as_ref().iter().take(4).rev().fold(0, |hash, byte| hash << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nothing_is_that_of_the_empty_name() {
        // SHA-1 of nothing begins with da39a3ee.
        assert_eq!(name_hash(&[]), 0xeea3_39da);
    }
}
