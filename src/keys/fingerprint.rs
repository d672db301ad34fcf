//! Fingerprints: how people, and tools, tell certificates and keys apart.

/// SHA-256 of what is public: of a certificate's DER what `openssl x509 -fingerprint -sha256` prints.
#[must_use]
pub fn sha256(public: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, public).as_ref());
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_of_nothing_is_the_one_that_everybody_knows() {
        assert_eq!(sha256(&[])[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }
}
