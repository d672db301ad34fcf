//! A certificate request and its key.

use super::IssueError;
use super::certificate::SignError;
use crate::keys::{KeySource, SigningKey};
use crate::plan::RequestSpec;
use crate::x509::{RequestFields, Signer, encode_request};
use zeroize::Zeroizing;

/// A request that was made, and the key that it is for.
#[derive(Clone)]
pub struct Requested {
    /// The DER of the request.
    pub der: Vec<u8>,
    /// The text of the key's file.
    pub key_pem: Zeroizing<Vec<u8>>,
}

/// Never shows the key.
impl std::fmt::Debug for Requested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requested").field("der", &self.der).field("key_pem", &"[elided]").finish()
    }
}

/// The key of the request itself, which shows that whoever asks has it.
struct Holder(SigningKey);

impl Signer for Holder {
    type Error = SignError;

    fn algorithm_der(&self) -> &[u8] {
        self.0.algorithm_der()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0.sign(message).map_err(SignError::Key)
    }
}

/// Makes the key and the request; the key is closed with the passphrase where one is given.
///
/// # Errors
/// [`IssueError::Key`], or [`IssueError::Encoding`], a defect.
pub fn request(
    spec: &RequestSpec,
    passphrase: Option<&[u8]>,
    keys: &dyn KeySource,
) -> Result<Requested, IssueError> {
    let fail = |source| IssueError::Key { certificate: spec.stem.clone(), source };
    let key = keys.generate(spec.key_type).map_err(fail)?;
    let holder = Holder(SigningKey::new(&key).map_err(fail)?);
    let fields = RequestFields {
        subject: &spec.subject,
        public_key: key.public().spki_der(),
        extensions: &spec.extensions,
    };
    let der = encode_request(&fields, &holder).map_err(|error| error.of(&spec.stem))?;
    let key_pem = match passphrase {
        Some(passphrase) => key.to_encrypted_pem(passphrase, keys),
        None => key.to_pem(),
    };
    Ok(Requested { der, key_pem: key_pem.map_err(fail)? })
}
