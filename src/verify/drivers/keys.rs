//! What a stack makes of keys, where no rule of the judge speaks of it: the file that it wants, and kinds of keys that
//! were never measured.

use super::catalogue::{Driver, Set};
use crate::keys::{KeyEncoding, KeyEncryption, KeyFile, KeyForm, PublicKey};
use crate::verify::chain::Chain;
use crate::verify::scene::{Identity, Side};

/// Those that want their key as PEM.
const READS_PEM_ALONE: Set = Set::ALL.but(Set::LIBPQ).but(Set::JDBC).but(Set::of(&[
    // What reads the key there is the program around it.
    Driver::TokioRustls,
    Driver::PgmoonNginx,
]));

fn key<'a>(identity: &Identity<'a>) -> Option<(&'a str, &'a KeyFile)> {
    identity.key.and_then(|exhibit| Some((exhibit.name.as_str(), exhibit.keys.first()?)))
}

/// Whether a stack cannot read the client's key because it is DER.
pub(super) fn refuses_der(driver: Driver, identity: &Identity<'_>) -> bool {
    let is_der = |key: &KeyFile| key.form == KeyForm::Der && key.encryption == KeyEncryption::None;
    key(identity).is_some_and(|(_, key)| is_der(key)) && READS_PEM_ALONE.has(driver)
}

/// The command that makes the file which pgJDBC reads out of the client's: PKCS#8 in DER, or PKCS#12 whose entry is
/// called `user`; otherwise it sends no certificate, and says nothing.
pub(super) fn conversion(driver: Driver, identity: &Identity<'_>) -> Option<String> {
    let (file, key) = key(identity)?;
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let form = if key.form == KeyForm::Der { " -inform DER" } else { "" };
    match driver {
        Driver::PgJdbcPk8 if key.form == KeyForm::Der && key.encoding == KeyEncoding::Pkcs8 => None,
        Driver::PgJdbcPk8 => {
            Some(format!("openssl pkcs8 -topk8{form} -outform DER -nocrypt -in {file} -out {stem}.pk8"))
        }
        Driver::PgJdbcP12 => {
            let certificate = identity.leaf.file;
            Some(format!("openssl pkcs12 -export -name user -in {certificate} -inkey {file} -out {stem}.p12"))
        }
        _ => None,
    }
}

/// A key that the other side of `driver` has to deal with, and of a kind with which no stack was measured. OpenSSL's
/// own take them under TLS 1.3.
pub(super) fn unmeasured(driver: Driver, side: Side, chain: &Chain<'_>) -> Option<String> {
    if !Set::OTHER_X509.and(Set::TLS_1_2).has(driver) {
        return None;
    }
    // A client's chain is the server's affair, and that is OpenSSL; its own key is the driver's.
    let links = if side == Side::Client { 1 } else { chain.links.len() };
    chain.links.iter().take(links).find_map(|link| {
        let key = PublicKey::from_spki_der(&link.certificate.public_key);
        let is_known = key.key_type().is_some() || key.to_string().starts_with("RSA ");
        (!is_known).then(|| format!("it was not measured with a key of the kind {key}"))
    })
}
