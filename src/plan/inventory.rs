//! What lies in a directory, whoever made it, as plain data: names, and what could be read of each file.

use crate::keys::KeyFile;
use crate::state::shown_in;
use crate::x509::{Certificate, CertificateRequest};
use std::collections::BTreeSet;

/// A directory as it was found; empty where there is none.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Its path as the user named it, for messages.
    pub path: String,
    /// Every name in it, whatever it is.
    pub occupied: BTreeSet<String>,
    /// Those of them that have a name of ours and could not be read: links, and what the caller may not open.
    pub unread: BTreeSet<String>,
    /// The files that could be read, in the order of their names.
    pub files: Vec<InventoryFile>,
}

/// What could be read of one file.
#[derive(Debug, Clone, Default)]
pub struct InventoryFile {
    /// Its name.
    pub name: String,
    /// Certificates, in order.
    pub certificates: Vec<Certificate>,
    /// Private keys; nothing in them is secret.
    pub keys: Vec<KeyFile>,
    /// Certificate requests.
    pub requests: Vec<CertificateRequest>,
    /// Whether it is PEM that holds certificates alone, and all of them whole.
    pub is_bundle: bool,
}

impl Inventory {
    /// The file of that name, where it could be read.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&InventoryFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// A file of it as the user would name it.
    #[must_use]
    pub fn shown(&self, file: &str) -> String {
        shown_in(&self.path, file)
    }
}
