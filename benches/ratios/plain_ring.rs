//! The least that an intermediate layout can cost: four P-256 keys, four signatures, each checked once, and nine files,
//! with no X.509 at all.
//!
//! A loop over `ring`, `pem` and `std::fs` that makes files of the real names, sizes and modes, so that what the
//! library takes above it is the library's own.

use std::array;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};

/// What is signed, in bytes, for a CA and for a leaf: about the size of the real TBSCertificate.
const CA_TBS: usize = 370;
const LEAF_TBS: usize = 450;

/// What a certificate holds besides: outer SEQUENCE, signature algorithm, BIT STRING header.
const ENVELOPE: usize = 20;

const KEY_MODE: u32 = 0o600;
const CERTIFICATE_MODE: u32 = 0o644;

/// Makes the layout in `dir`, which must not exist.
pub(crate) fn make_layout(dir: &Path) {
    let rng = SystemRandom::new();
    let [root, intermediate, server, client] = array::from_fn(|_| new_key(&rng));
    let root_signer = signer(&root, &rng);
    let intermediate_signer = signer(&intermediate, &rng);

    let root_crt = certificate(&root_signer, CA_TBS, &rng);
    let intermediate_crt = certificate(&root_signer, CA_TBS, &rng);
    let server_crt = certificate(&intermediate_signer, LEAF_TBS, &rng) + &intermediate_crt;
    let client_crt = certificate(&intermediate_signer, LEAF_TBS, &rng) + &intermediate_crt;
    let chain_crt = intermediate_crt.clone() + &root_crt;

    DirBuilder::new().mode(0o700).create(dir).expect("a new directory");
    for (name, key) in [
        ("root.key", root),
        ("intermediate.key", intermediate),
        ("server.key", server),
        ("client.key", client),
    ] {
        write(&dir.join(name), &pem("PRIVATE KEY", key), KEY_MODE);
    }
    for (name, text) in [
        ("root.crt", root_crt),
        ("intermediate.crt", intermediate_crt),
        ("server.crt", server_crt),
        ("client.crt", client_crt),
        ("chain.crt", chain_crt),
    ] {
        write(&dir.join(name), &text, CERTIFICATE_MODE);
    }
}

fn new_key(rng: &SystemRandom) -> Vec<u8> {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, rng).expect("a key");
    document.as_ref().to_vec()
}

fn signer(pkcs8: &[u8], rng: &SystemRandom) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, rng).expect("a key that was just made")
}

/// As many bytes as a certificate has, with a real signature over the part that is signed.
fn certificate(signer: &EcdsaKeyPair, tbs_length: usize, rng: &SystemRandom) -> String {
    let mut bytes = vec![0x30; tbs_length];
    let signature = signer.sign(rng, &bytes).expect("a signature");
    // The library judges what it made before it writes it.
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, signer.public_key());
    public.verify(&bytes, signature.as_ref()).expect("a signature of this key");
    bytes.extend_from_slice(&[0; ENVELOPE]);
    bytes.extend_from_slice(signature.as_ref());
    pem("CERTIFICATE", bytes)
}

/// PEM as the library writes it.
pub(crate) fn pem(label: &str, bytes: Vec<u8>) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, bytes), config)
}

/// `O_EXCL`, and the mode from birth.
pub(crate) fn write(path: &Path, text: &str, mode: u32) {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).expect("a new file");
    file.write_all(text.as_bytes()).expect("room for the file");
}
