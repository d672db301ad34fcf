//! Certificates one after another under one CA, by as many threads as there are: none is kept.

use super::IssueError;
use super::certificate::{Issuer, sign_like};
use super::issue::{Secrets, existing_issuer, key_text};
use crate::keys::{KeyError, KeySource};
use crate::plan::{CertificateSpec, Plan};
use crate::state::State;
use crate::x509::CertificateTemplate;
use zeroize::Zeroizing;

/// Random bits of a serial number: so many that no two are ever alike (CA/Browser Forum, Baseline Requirements 7.1, asks
/// for 64).
const SERIAL_BYTES: usize = 16;
/// How many serial numbers are drawn together.
const SERIALS_DRAWN: usize = 32;

/// A CA whose key is open.
pub struct Maker<'a> {
    issuer: Issuer,
    secrets: &'a Secrets,
    keys: &'a dyn KeySource,
}

/// What a thread has at hand between one certificate and the next.
#[derive(Debug, Default)]
pub struct Supplies {
    template: Option<CertificateTemplate>,
    /// Random bytes for serial numbers, drawn together: asking the system costs more than they do.
    serials: Vec<u8>,
}

/// A certificate that was just made.
pub struct Made {
    /// Its DER.
    pub der: Vec<u8>,
    /// Its serial number, big-endian.
    pub serial: Vec<u8>,
    /// The text of its key file.
    pub key_pem: Zeroizing<Vec<u8>>,
}

/// Never shows a key.
impl std::fmt::Debug for Maker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Maker").field("issuer", &self.issuer.name).finish_non_exhaustive()
    }
}

/// Never shows the key.
impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("der", &self.der).field("serial", &self.serial).finish_non_exhaustive()
    }
}

impl<'a> Maker<'a> {
    /// Opens the key of the CA of that stem, which exists already.
    ///
    /// # Errors
    /// [`IssueError::CaKey`], [`IssueError::ForeignCaKey`], [`IssueError::NoIssuer`].
    pub fn open(
        ca: &str,
        plan: &Plan,
        state: &State,
        secrets: &'a Secrets,
        keys: &'a dyn KeySource,
    ) -> Result<Self, IssueError> {
        let none = || IssueError::NoIssuer { certificate: ca.to_owned() };
        let issuer = existing_issuer(plan.certificate(ca).ok_or_else(none)?, state, secrets)?;
        Ok(Self { issuer, secrets, keys })
    }

    /// Makes a key and a certificate for it.
    ///
    /// # Errors
    /// [`IssueError`], naming the certificate.
    pub fn make(&self, spec: &CertificateSpec, supplies: &mut Supplies) -> Result<Made, IssueError> {
        let fail = |source| IssueError::Key { certificate: spec.stem.clone(), source };
        let serial = self.serial(supplies).map_err(fail)?;
        let key = self.keys.generate(spec.key_type).map_err(fail)?;
        let der = sign_like(&mut supplies.template, spec, &serial, key.public(), &self.issuer)?;
        let key_pem = key_text(spec, &key, self.secrets, self.keys)?;
        Ok(Made { der, serial, key_pem })
    }

    fn serial(&self, supplies: &mut Supplies) -> Result<Vec<u8>, KeyError> {
        if supplies.serials.len() < SERIAL_BYTES {
            supplies.serials = vec![0; SERIAL_BYTES * SERIALS_DRAWN];
            self.keys.random(&mut supplies.serials)?;
        }
        Ok(supplies.serials.split_off(supplies.serials.len() - SERIAL_BYTES))
    }
}
