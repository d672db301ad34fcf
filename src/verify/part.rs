//! What a file holds, one after the other: for whoever shows a file as it is.

use super::exhibit::Exhibit;
use crate::keys::{KeyFile, PublicKey};
use crate::x509::{Certificate, CertificateRequest, RevocationList};
use std::sync::Arc;

/// The kinds of what a file can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    Certificate,
    Key,
    List,
    Request,
    PublicKey,
}

/// One thing that a file holds.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// A certificate.
    Certificate(&'a Certificate),
    /// A private key; nothing in it is secret.
    Key(&'a KeyFile),
    /// A revocation list.
    List(&'a RevocationList),
    /// A certificate request.
    Request(&'a CertificateRequest),
    /// A public key by itself.
    PublicKey(&'a PublicKey),
}

impl Exhibit {
    /// All that it holds, in the order of the file; what no order is known of comes last.
    #[must_use]
    pub fn parts(&self) -> Vec<Part<'_>> {
        let mut certificates = self.certificates.iter().map(Arc::as_ref).map(Part::Certificate);
        let mut keys = self.keys.iter().map(Part::Key);
        let mut lists = self.lists.iter().map(Part::List);
        let mut requests = self.requests.iter().map(Part::Request);
        let mut public_keys = self.public_keys.iter().map(Part::PublicKey);
        let ordered = self.order.iter().filter_map(|kind| match kind {
            PartKind::Certificate => certificates.next(),
            PartKind::Key => keys.next(),
            PartKind::List => lists.next(),
            PartKind::Request => requests.next(),
            PartKind::PublicKey => public_keys.next(),
        });
        let mut parts: Vec<Part<'_>> = ordered.collect();
        parts.extend(certificates.chain(keys).chain(lists).chain(requests).chain(public_keys));
        parts
    }
}
