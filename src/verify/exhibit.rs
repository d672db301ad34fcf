//! Files as evidence: what each holds, told from its content.

use super::report::Finding;
use crate::fs::FileEntry;
use crate::keys::KeyEncoding;
use crate::x509::{Certificate, RevocationList};

/// One file and what it holds.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// Its path as the user names it, or its name in the directory.
    pub name: String,
    /// Bytes, mode and owner.
    pub entry: FileEntry,
    /// Certificates, in order.
    pub certificates: Vec<Certificate>,
    /// Private keys, of which only the public half is kept.
    pub keys: Vec<HeldKey>,
    /// Revocation lists.
    pub lists: Vec<RevocationList>,
    /// What is wrong with the file as such.
    pub findings: Vec<Finding>,
}

/// A private key in a file.
#[derive(Debug, Clone)]
pub struct HeldKey {
    /// How it is written.
    pub encoding: KeyEncoding,
    /// DER SubjectPublicKeyInfo; `None` where it is under a passphrase, or of a kind that is not known.
    pub public: Option<Vec<u8>>,
}

impl Exhibit {
    /// The name without its last ending.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.name.rsplit_once('.').map_or(self.name.as_str(), |(stem, _)| stem)
    }
}
