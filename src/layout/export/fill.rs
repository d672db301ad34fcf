//! The outline of an export -> the bytes of its files.

use super::{ALIAS, ExportContent, ExportOutline, KeyFormat};
use crate::fs::{Contents, FileEntry, FileSet};
use crate::keys::{KeyError, KeySource, PrivateKey, pkcs12};
use crate::pem;
use zeroize::Zeroizing;

/// The bytes of randomness in a password that is made: as many as a key of AES has.
const PASSWORD_BYTES: usize = 16;

/// What is exported. There is no `Debug`: half of it is secret.
pub struct Goods {
    /// The certificate, and what is appended to it: DER.
    pub chain: Vec<Vec<u8>>,
    /// Its key.
    pub key: PrivateKey,
    /// What the party trusts: DER.
    pub trust: Vec<Vec<u8>>,
    /// Revocation lists: DER.
    pub lists: Vec<Vec<u8>>,
    /// What the archive is under.
    pub password: Zeroizing<Vec<u8>>,
    /// What the key file is under, where it is to be closed.
    pub passphrase: Option<Zeroizing<Vec<u8>>>,
}

impl Goods {
    /// A new password: hexadecimal, so that it stands in a URL, a properties file and a shell as it is.
    ///
    /// # Errors
    /// [`KeyError::Generation`] where there is no randomness.
    pub fn new_password(source: &dyn KeySource) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let mut bytes = Zeroizing::new([0; PASSWORD_BYTES]);
        source.random(bytes.as_mut())?;
        let digit = |digit: u8| b"0123456789abcdef"[usize::from(digit & 15)];
        let mut password = Zeroizing::new(Vec::with_capacity(2 * PASSWORD_BYTES));
        bytes.iter().for_each(|byte| password.extend([digit(byte >> 4), digit(*byte)]));
        Ok(password)
    }

    fn key_file(&self, format: KeyFormat, source: &dyn KeySource) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match (format, &self.passphrase) {
            (KeyFormat::Pkcs1, _) => self.key.to_pkcs1_pem(),
            (KeyFormat::Sec1, _) => self.key.to_sec1_pem(),
            (KeyFormat::Der, _) => Ok(Zeroizing::new(self.key.pkcs8_der().to_vec())),
            (KeyFormat::Pkcs8, None) => self.key.to_pem(),
            (KeyFormat::Pkcs8, Some(passphrase)) => self.key.to_encrypted_pem(passphrase, source),
            (KeyFormat::Combined, _) => {
                let key = self.key_file(KeyFormat::Pkcs8, source)?;
                let chain = certificates(&self.chain);
                let mut text = Zeroizing::new(Vec::with_capacity(key.len() + chain.len()));
                text.extend_from_slice(&key);
                text.extend_from_slice(chain.as_bytes());
                Ok(text)
            }
        }
    }
}

fn certificates(list: &[Vec<u8>]) -> String {
    list.iter().map(|der| pem::encode_certificate(der)).collect()
}

/// Fills the outline of an export.
///
/// # Errors
/// [`KeyError`] where the key cannot be written as wished.
pub fn fill_export(
    outline: &ExportOutline,
    goods: &Goods,
    source: &dyn KeySource,
) -> Result<FileSet, KeyError> {
    let public = |text: String| Contents::public(text);
    let mut files = FileSet::default();
    for file in &outline.files {
        let contents = match file.content {
            ExportContent::Certificates => public(certificates(&goods.chain)),
            ExportContent::Trust => public(certificates(&goods.trust)),
            ExportContent::RevocationLists => {
                public(goods.lists.iter().map(|der| pem::encode_revocation_list(der)).collect())
            }
            ExportContent::Key(format) => goods.key_file(format, source)?.into(),
            ExportContent::Pkcs12 => {
                let chain: Vec<&[u8]> = goods.chain.iter().map(Vec::as_slice).collect();
                Zeroizing::new(pkcs12(&goods.key, &chain, ALIAS, &goods.password, source)?).into()
            }
            ExportContent::Password => {
                let mut line = Zeroizing::new(Vec::with_capacity(goods.password.len() + 1));
                line.extend_from_slice(&goods.password);
                line.push(b'\n');
                line.into()
            }
        };
        files.insert(file.name.clone(), FileEntry { contents, mode: file.mode, owner: file.owner });
    }
    Ok(files)
}
