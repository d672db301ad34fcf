//! What a profile says, typed.

use super::Rule;
use crate::keys::KeyType;
use crate::pg::{certificate_file, key_file};
use crate::x509::{
    ExtendedKeyUsage, ExtensionKind, GeneralName, Lifetime, Name, SerialNumber, SubtreeName, Usage,
};
use time::OffsetDateTime;

/// A set of certificates and bundles that belong into one directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// One line on what it makes.
    pub summary: String,
    /// The document that it mirrors; empty where there is none.
    pub source: String,
    /// The certificates, in the order of the text; names are unique, issuers exist, no cycle.
    pub certificates: Vec<CertificateEntry>,
    /// The bundles; no file is named twice, by a bundle or a certificate.
    pub bundles: Vec<BundleEntry>,
}

impl Profile {
    /// The entry of that name.
    #[must_use]
    pub fn certificate(&self, name: &str) -> Option<&CertificateEntry> {
        self.certificates.iter().find(|entry| entry.name == name)
    }

    /// Whether a file of that name is one that it makes.
    pub(super) fn makes(&self, file: &str) -> bool {
        let by_certificate =
            self.certificates.iter().any(|entry| entry.files().iter().any(|own| own == file));
        by_certificate || self.bundles.iter().any(|bundle| bundle.file == file)
    }
}

impl CertificateEntry {
    /// The names of its own two files.
    pub(super) fn files(&self) -> [String; 2] {
        [certificate_file(&self.name), key_file(&self.name)]
    }
}

/// One certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateEntry {
    /// File stem: `server` for `server.crt` and `server.key`.
    pub name: String,
    /// What it is for.
    pub usage: Usage,
    /// The entry that signs it; `None`: itself.
    pub issuer: Option<String>,
    /// Whom it names.
    pub subject: Name,
    /// Subject alternative names.
    pub san: Vec<GeneralName>,
    /// When it is valid.
    pub validity: Validity,
    /// Its serial number.
    pub serial: SerialNumber,
    /// Its key.
    pub key_type: KeyType,
    /// Path length of a CA.
    pub path_length: PathLength,
    /// nameConstraints, permitted.
    pub permitted: Vec<SubtreeName>,
    /// nameConstraints, excluded.
    pub excluded: Vec<SubtreeName>,
    /// cRLDistributionPoints.
    pub crl_distribution_points: Vec<String>,
    /// Purposes beyond those of the usage.
    pub extended_key_usages: Vec<ExtendedKeyUsage>,
    /// Extensions whose criticality is set by hand.
    pub criticality: Vec<(ExtensionKind, bool)>,
    /// Certificates that follow it in its file.
    pub append: Vec<String>,
    /// Rules that do not hold for it.
    pub waive: Vec<Rule>,
}

/// A file of several certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleEntry {
    /// The file's name.
    pub file: String,
    /// The entries whose certificates it holds, in order.
    pub certificates: Vec<String>,
}

/// When a certificate is valid, as wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first valid second; `None`: an hour before now.
    pub not_before: Option<OffsetDateTime>,
    /// How it ends.
    pub ending: Ending,
    /// Whether a CA may live longer than wished where a certificate under it does. Not where the user named its end
    /// on the command line, nor where it is an instant.
    pub stretches: bool,
}

/// How a window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// So long from now.
    After(Lifetime),
    /// The last valid second.
    At(OffsetDateTime),
}

/// The path length constraint of a CA, as wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathLength {
    /// 0 on an intermediate, none on a root.
    Usual,
    /// None.
    Unlimited,
    /// So many CAs may follow.
    Limited(u8),
}
