//! `import`'s first step: what a CA sent back, and what lies in the directory -> which certificates go into which file.
//!
//! It writes down what the directory's key is certified for, and refuses what would not work: a certificate for another
//! key, for another use, past its end, or without the authorities between it and a root.

mod chain;
mod error;
mod fit;
mod notice;

pub use error::ImportError;
pub use notice::ImportNotice;

use super::Inventory;
use crate::pg::{CHAIN_FILE, certificate_file};
use crate::x509::{Certificate, delivered};
use chain::Way;
use time::OffsetDateTime;

/// What a certificate authority sent, read.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its file as the user named it.
    pub shown: String,
    /// The certificates in it, in their order.
    pub certificates: Vec<Certificate>,
}

impl Delivery {
    /// Reads PEM, DER or PKCS#7.
    ///
    /// # Errors
    /// [`ImportError::Unreadable`].
    pub fn read(shown: &str, bytes: &[u8]) -> Result<Self, ImportError> {
        let fail = |source| ImportError::Unreadable { file: shown.to_owned(), source };
        Ok(Self { shown: shown.to_owned(), certificates: delivered(bytes).map_err(fail)? })
    }
}

/// What goes into which file.
#[derive(Debug, Clone)]
pub struct ImportPlan {
    /// The stem of the key that the certificate is for.
    pub stem: String,
    /// The certificate.
    pub leaf: Certificate,
    /// The CAs between it and the root, the one that signed it first: they follow it in its file.
    pub intermediates: Vec<Certificate>,
    /// The root, where it is here.
    pub root: Option<Certificate>,
    /// The certificate of the same key that it takes the place of.
    pub replaced: Option<Certificate>,
    /// Whether its file is written; it may hold just this already.
    pub writes_certificate: bool,
    /// What comes to `chain.crt`, in order.
    pub trusted: Vec<Certificate>,
    /// What the user should know, though nothing is refused.
    pub notices: Vec<ImportNotice>,
}

impl ImportPlan {
    /// The files that are written, in order; none where all is in its place already.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let own = self.writes_certificate.then(|| certificate_file(&self.stem));
        let chain = (!self.trusted.is_empty()).then(|| CHAIN_FILE.to_owned());
        own.into_iter().chain(chain).collect()
    }
}

/// Decides where a delivery goes; `further` are certificates of CAs that the user has besides.
///
/// # Errors
/// [`ImportError`]: what does not fit, and why.
pub fn import(
    delivery: &Delivery,
    further: &[Certificate],
    inventory: &Inventory,
    now: OffsetDateTime,
) -> Result<ImportPlan, ImportError> {
    let (leaf, stem) = fit::leaf(delivery, inventory)?;
    fit::check_window(delivery, leaf, now)?;
    fit::check_usage(delivery, leaf, &stem, inventory)?;
    let Way { intermediates, root } = chain::up(delivery, leaf, further, inventory, now)?;
    let replaced = fit::check_existing(leaf, &stem, inventory)?;
    let (writes_certificate, trusted) = fit::changes(leaf, &stem, &intermediates, root, inventory)?;
    let plan = ImportPlan {
        leaf: leaf.clone(),
        intermediates: intermediates.into_iter().cloned().collect(),
        root: root.cloned(),
        replaced: replaced.cloned(),
        writes_certificate,
        trusted: trusted.into_iter().cloned().collect(),
        notices: Vec::new(),
        stem,
    };
    Ok(ImportPlan { notices: notice::notices(&plan, inventory), ..plan })
}
