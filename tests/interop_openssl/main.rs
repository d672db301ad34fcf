//! OpenSSL judges what we make: the documented layouts with each kind of key, the whole language of profiles, and what
//! is issued under a CA that OpenSSL made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../foreign/mod.rs"]
mod foreign;
mod issuers;
mod keys;
mod layouts;
mod profiles;

use foreign::Place;

/// `openssl verify` as strictly as it can, with nothing trusted but what the words say.
fn verify(words: &str) -> String {
    format!("verify -x509_strict -check_ss_sig -no-CApath -no-CAstore {words}")
}

/// The certificate is of that key, in OpenSSL's eyes.
fn assert_pair(place: &Place, certificate: &str, key: &str) {
    let in_certificate = place.openssl(&format!("x509 -noout -pubkey -in {certificate}"));
    assert_eq!(place.openssl(&format!("pkey -pubout -in {key}")), in_certificate, "{certificate} and {key}");
}
