//! Somebody else's CA, played by openssl: a root and an intermediate whose names have domain components, two units and a
//! multi-valued RDN, as a company's own often have.
#![allow(dead_code, reason = "each test program uses a part of it")]

use crate::foreign::Place;

/// The subject of the intermediate, as pgtls writes names.
pub(crate) const ISSUING: &str = "DC=com,DC=example,OU=PKI,OU=Databases,serialNumber=7+CN=Issuing";
/// The subject of the root.
pub(crate) const ROOT: &str = "DC=com,DC=example,OU=PKI,OU=Roots,CN=Root";

/// Usages and constraints of a CA; the intermediate's has a path length besides.
const CA: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
                  subjectKeyIdentifier=hash\n";
/// What a CA adds of its own to what a request asks for.
const LEAF: &str =
    "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// A new place with `root.pem` and `issuing.pem`, and their keys as `*.private`.
pub(crate) fn place() -> Place {
    let place = Place::new();
    make(&place, "");
    place
}

/// Makes both CAs in a place, their files named with that prefix.
pub(crate) fn make(place: &Place, prefix: &str) {
    place.write("ca.ext", CA);
    place.write("issuing.ext", &CA.replace("CA:TRUE", "CA:TRUE,pathlen:0"));
    place.write("leaf.ext", LEAF);
    for (name, subject) in [
        ("root", "/DC=com/DC=example/OU=PKI/OU=Roots/CN=Root"),
        ("issuing", "/DC=com/DC=example/OU=PKI/OU=Databases/CN=Issuing+serialNumber=7"),
    ] {
        place.openssl(&format!(
            "req -new -noenc -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj {subject} \
             -keyout {prefix}{name}.private -out {prefix}{name}.request"
        ));
    }
    place.openssl(&format!(
        "x509 -req -in {prefix}root.request -signkey {prefix}root.private -days 3650 -extfile ca.ext \
         -out {prefix}root.pem"
    ));
    sign(
        place,
        &format!("{prefix}issuing.request"),
        &format!("{prefix}issuing.pem"),
        &[
            "-CA",
            &format!("{prefix}root.pem"),
            "-CAkey",
            &format!("{prefix}root.private"),
            "-days",
            "1800",
            "-extfile",
            "issuing.ext",
        ],
    );
}

/// Signs a request; what the words say comes last.
fn sign(place: &Place, request: &str, signed: &str, words: &[&str]) {
    let mut all = vec!["x509", "-req", "-in", request, "-out", signed, "-CAcreateserial"];
    all.extend_from_slice(words);
    place.openssl_words(&all);
}

/// The intermediate signs a request for a year, with the extensions that it asks for; further words go to openssl.
pub(crate) fn signed(place: &Place, request: &str, signed: &str, words: &str) {
    signed_by(place, "", request, signed, words);
}

/// The same by the intermediate of that prefix.
pub(crate) fn signed_by(place: &Place, prefix: &str, request: &str, signed: &str, words: &str) {
    let (issuer, key) = (format!("{prefix}issuing.pem"), format!("{prefix}issuing.private"));
    let mut all = vec!["-CA", &issuer, "-CAkey", &key];
    // The last of two counts.
    all.extend(["-days", "365", "-extfile", "leaf.ext", "-copy_extensions", "copy"]);
    all.extend(words.split_whitespace());
    sign(place, request, signed, &all);
}

/// PKCS#7 of certificates, PEM or DER.
pub(crate) fn bundled(place: &Place, files: &[&str], bundle: &str, form: &str) {
    let mut all = vec!["crl2pkcs7", "-nocrl", "-out", bundle, "-outform", form];
    files.iter().for_each(|file| all.extend(["-certfile", *file]));
    place.openssl_words(&all);
}
