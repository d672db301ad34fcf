//! All certificates of a plan, each issuer before what it issues.

use super::IssueError;
use super::certificate::{Issuer, sign};
use super::list;
use crate::index::Index;
use crate::keys::{KeyError, KeySource, PrivateKey, PublicKey, SigningKey, StoredKey};
use crate::pg::key_file;
use crate::plan::{CertificateSpec, IndexSpec, IssuerRef, Plan};
use crate::state::{self, State};
use crate::x509::{Certificate, SerialNumber};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// What was made, and what was kept, by stem.
#[derive(Debug, Clone, Default)]
pub struct Issued {
    /// Every certificate of the plan.
    pub certificates: BTreeMap<String, IssuedCertificate>,
    /// The indexes of the plan, by the stem of the CA, with what was signed.
    pub indexes: BTreeMap<String, Index>,
    /// The DER of every revocation list of the plan, by whose it is.
    pub lists: BTreeMap<String, Vec<u8>>,
}

/// One certificate of a plan.
#[derive(Clone)]
pub struct IssuedCertificate {
    /// Its DER.
    pub der: Vec<u8>,
    /// The text of its key file, where the key is new.
    pub key_pem: Option<Zeroizing<Vec<u8>>>,
}

/// Never shows the key.
impl std::fmt::Debug for IssuedCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = self.key_pem.as_ref().map(|_| "[elided]");
        f.debug_struct("IssuedCertificate").field("der", &self.der).field("key_pem", &key).finish()
    }
}

/// What opens and closes the keys of CAs. The default: nothing, keys are written in the clear.
#[derive(Default)]
pub struct Secrets {
    /// The passphrase of every CA key, read and written.
    pub ca_passphrase: Option<Zeroizing<Vec<u8>>>,
    /// The passphrase of the new keys of end-entities.
    pub key_passphrase: Option<Zeroizing<Vec<u8>>>,
}

impl Secrets {
    fn ca_passphrase(&self) -> Option<&[u8]> {
        self.ca_passphrase.as_ref().map(|passphrase| passphrase.as_slice())
    }

    /// The passphrase of a new key.
    fn of_new(&self, is_ca: bool) -> Option<&[u8]> {
        let passphrase = if is_ca { &self.ca_passphrase } else { &self.key_passphrase };
        passphrase.as_ref().map(|passphrase| passphrase.as_slice())
    }
}

/// Never shows the passphrase.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let elided = |passphrase: &Option<_>| passphrase.as_ref().map(|_| "[elided]");
        let mut shown = f.debug_struct("Secrets");
        shown.field("ca_passphrase", &elided(&self.ca_passphrase));
        shown.field("key_passphrase", &elided(&self.key_passphrase)).finish()
    }
}

/// Makes the keys, serial numbers and signatures of a plan.
///
/// # Errors
/// [`IssueError`], naming the certificate.
pub fn issue(
    plan: &Plan,
    state: &State,
    keys: &dyn KeySource,
    secrets: &Secrets,
) -> Result<Issued, IssueError> {
    let made: Vec<&CertificateSpec> = plan.certificates.iter().filter(|spec| spec.kept.is_none()).collect();
    // Before any key: a passphrase that does not open costs nothing then.
    let mut issuers = existing_issuers(plan, state, secrets)?;
    let own_keys: Vec<_> = made.iter().copied().filter(|spec| spec.existing_key.is_none()).collect();
    let mut new_keys = generate(&own_keys, keys)?;
    let mut serials: Vec<(&IssuerRef, Vec<u8>)> = made.iter().filter_map(|spec| given_serial(spec)).collect();
    let mut issued = Issued::default();
    for spec in &plan.certificates {
        if let Some(kept) = &spec.kept {
            let kept = IssuedCertificate { der: kept.der.clone(), key_pem: None };
            issued.certificates.insert(spec.stem.clone(), kept);
            continue;
        }
        let key = new_keys.remove(spec.stem.as_str());
        let public = match (&key, &spec.existing_key) {
            (Some(key), _) => Cow::Borrowed(key.public()),
            (None, Some(existing)) => Cow::Owned(PublicKey::from_spki_der(existing)),
            (None, None) => {
                return Err(IssueError::Key { certificate: spec.stem.clone(), source: KeyError::NoKey });
            }
        };
        let key_identifier = match spec.reissued_with_its_key() {
            Some(certificate) => state::key_identifier(certificate),
            None => public.identifier(),
        };
        if let Some(key) = key.as_ref().filter(|_| signs(plan, spec) || spec.issuer == IssuerRef::Itself) {
            issuers.insert(&spec.stem, new_issuer(spec, key, &key_identifier)?);
        }
        let issuer = issuers.get(spec.issuer.stem().unwrap_or(&spec.stem));
        let issuer = issuer.ok_or_else(|| IssueError::NoIssuer { certificate: spec.stem.clone() })?;
        let serial = unused_serial(spec, &serials, keys)?;
        let der = sign(spec, &serial, &public, &key_identifier, issuer)?;
        if given_serial(spec).is_none() {
            serials.push((&spec.issuer, serial));
        }
        let key_pem = key.map(|key| key_text(spec, &key, secrets, keys)).transpose()?;
        issued.certificates.insert(spec.stem.clone(), IssuedCertificate { der, key_pem });
    }
    issued.indexes = indexes(plan, state, &issued)?;
    issued.lists = list::make(plan, state, &issued.indexes, &issuers)?;
    Ok(issued)
}

/// A CA that is made in this run, as the one who signs.
fn new_issuer(spec: &CertificateSpec, key: &PrivateKey, key_identifier: &[u8]) -> Result<Issuer, IssueError> {
    let fail = |source| IssueError::Key { certificate: spec.stem.clone(), source };
    Ok(Issuer {
        name: spec.subject.clone(),
        key_identifier: key_identifier.to_vec(),
        key: SigningKey::new(key).map_err(fail)?,
    })
}

/// The text of a key file.
pub(super) fn key_text(
    spec: &CertificateSpec,
    key: &PrivateKey,
    secrets: &Secrets,
    keys: &dyn KeySource,
) -> Result<Zeroizing<Vec<u8>>, IssueError> {
    let text = match secrets.of_new(spec.usage.is_ca()) {
        Some(passphrase) => key.to_encrypted_pem(passphrase, keys),
        None => key.to_pem(),
    };
    text.map_err(|source| IssueError::Key { certificate: spec.stem.clone(), source })
}

/// Each index with what was there and is not in it, in the order in which it was issued, and then with what is new.
fn indexes(plan: &Plan, state: &State, issued: &Issued) -> Result<BTreeMap<String, Index>, IssueError> {
    let mut indexes = BTreeMap::new();
    for IndexSpec { of, .. } in &plan.indexes {
        let mut index = state.indexes.get(of).cloned().unwrap_or_default();
        let mut found = state.issued_by(of);
        found.sort_by_key(|certificate| certificate.window.not_before);
        for certificate in found {
            index.record(certificate);
        }
        // An index that was there knows better.
        if !state.indexes.contains_key(of) {
            state.lists_by(of).for_each(|list| index.revoke_listed(list));
        }
        for spec in plan.certificates.iter().filter(|spec| spec.kept.is_none() && spec.issuer.is(of)) {
            let der = issued.certificates.get(&spec.stem).map_or(&[][..], |made| &made.der);
            let certificate = Certificate::from_der(der)
                .map_err(|source| IssueError::Encoding { certificate: spec.stem.clone(), source })?;
            index.record(&certificate);
        }
        replace(&mut index, of, plan, issued)?;
        for revocation in plan.revocations.iter().filter(|revocation| revocation.of == *of) {
            if let Some(name) = &revocation.name {
                index.record_issued(&revocation.serial, revocation.not_after, name);
            }
            index.revoke(&revocation.serial, revocation.revoked());
        }
        indexes.insert(of.clone(), index);
    }
    Ok(indexes)
}

/// Notes in the index of a CA what of it was issued again, under whichever CA.
fn replace(index: &mut Index, of: &str, plan: &Plan, issued: &Issued) -> Result<(), IssueError> {
    let Some(ca) = plan.certificate(of) else { return Ok(()) };
    for spec in plan.certificates.iter().filter(|spec| spec.kept.is_none()) {
        let before = spec.reissue.as_ref().map(|it| &it.of).filter(|before| before.issuer == ca.subject);
        if let Some((before, made)) = before.zip(issued.certificates.get(&spec.stem)) {
            let fail = |source| IssueError::Encoding { certificate: spec.stem.clone(), source };
            index.replace(&before.serial, &Certificate::from_der(&made.der).map_err(fail)?.serial);
        }
    }
    Ok(())
}

/// What a plan stands on, where nothing is signed by it: the certificates that exist, and the indexes with what was there
/// and what is here and not in them.
///
/// # Errors
/// None in life: it encodes nothing.
pub fn standing(plan: &Plan, state: &State) -> Result<Issued, IssueError> {
    let mut standing = Issued::default();
    for spec in &plan.certificates {
        if let Some(kept) = &spec.kept {
            let kept = IssuedCertificate { der: kept.der.clone(), key_pem: None };
            standing.certificates.insert(spec.stem.clone(), kept);
        }
    }
    standing.indexes = indexes(plan, state, &standing)?;
    Ok(standing)
}

/// Opens every existing CA key that the plan needs, and drops it again: what a dry run can tell.
///
/// # Errors
/// [`IssueError::CaKey`], [`IssueError::ForeignCaKey`].
pub fn unlock(plan: &Plan, state: &State, secrets: &Secrets) -> Result<(), IssueError> {
    existing_issuers(plan, state, secrets).map(drop)
}

/// Opens every existing CA key that the plan needs, and leaves it open in the state, for to open one takes its time.
///
/// # Errors
/// Those of [`unlock`].
pub fn open(plan: &Plan, state: &mut State, secrets: &Secrets) -> Result<(), IssueError> {
    for spec in needed(plan) {
        let key = StoredKey::Plain(opened(spec, state, secrets)?);
        state.keys.insert(key_file(&spec.stem), key);
    }
    Ok(())
}

/// Opens the key of a CA that a plan keeps, whether it signs something or not, and drops it again.
///
/// # Errors
/// Those of [`unlock`].
pub fn unlock_ca(plan: &Plan, stem: &str, state: &State, secrets: &Secrets) -> Result<(), IssueError> {
    match plan.certificate(stem) {
        Some(spec) if spec.kept.is_some() => existing_issuer(spec, state, secrets).map(drop),
        _ => Ok(()),
    }
}

/// Whether something new is signed with the key of this certificate, be it a list.
fn signs(plan: &Plan, spec: &CertificateSpec) -> bool {
    list::is_made(plan, &spec.stem)
        || plan.certificates.iter().any(|other| other.kept.is_none() && other.issuer.is(&spec.stem))
}

fn existing_issuers<'p>(
    plan: &'p Plan,
    state: &State,
    secrets: &Secrets,
) -> Result<BTreeMap<&'p str, Issuer>, IssueError> {
    let existing = needed(plan);
    existing.map(|spec| Ok((spec.stem.as_str(), existing_issuer(spec, state, secrets)?))).collect()
}

/// The existing CAs that sign something, or themselves again.
fn needed(plan: &Plan) -> impl Iterator<Item = &CertificateSpec> {
    let made = plan.certificates.iter().filter(|spec| spec.kept.is_none());
    let issuers: BTreeSet<&str> = made.filter_map(|spec| spec.issuer.stem()).collect();
    plan.certificates.iter().filter(move |spec| {
        let signs_itself = spec.reissued_with_its_key().is_some() && spec.issuer == IssuerRef::Itself;
        let signs = issuers.contains(spec.stem.as_str()) || list::is_made(plan, &spec.stem);
        spec.existing().is_some() && (signs || signs_itself)
    })
}

/// An existing CA, kept or issued again: its own subject and its own key identifier, byte for byte, whoever made it.
pub(super) fn existing_issuer(
    spec: &CertificateSpec,
    state: &State,
    secrets: &Secrets,
) -> Result<Issuer, IssueError> {
    let fail = |source| IssueError::CaKey { certificate: spec.stem.clone(), source };
    let existing = existing(spec)?;
    Ok(Issuer {
        name: existing.subject.clone(),
        key_identifier: state::key_identifier(existing),
        key: SigningKey::new(&opened(spec, state, secrets)?).map_err(fail)?,
    })
}

fn existing(spec: &CertificateSpec) -> Result<&Certificate, IssueError> {
    spec.existing().ok_or_else(|| IssueError::NoIssuer { certificate: spec.stem.clone() })
}

/// The key of an existing CA, which is its own.
fn opened(spec: &CertificateSpec, state: &State, secrets: &Secrets) -> Result<PrivateKey, IssueError> {
    let fail = |source| IssueError::CaKey { certificate: spec.stem.clone(), source };
    let stored = state.key(&spec.stem).ok_or_else(|| fail(KeyError::NoKey))?;
    let key = stored.open(secrets.ca_passphrase()).map_err(fail)?;
    match key.public().spki_der() == existing(spec)?.public_key {
        true => Ok(key),
        false => Err(IssueError::ForeignCaKey { certificate: spec.stem.clone() }),
    }
}

/// The serial number that a profile gives, and whose it is among.
fn given_serial(spec: &CertificateSpec) -> Option<(&IssuerRef, Vec<u8>)> {
    match &spec.serial {
        SerialNumber::Given(serial) => Some((&spec.issuer, serial.clone())),
        SerialNumber::Random { .. } => None,
    }
}

/// How often to draw: with the fewest bits, 8, the last free number is missed less than once in 10^16 runs.
const SERIAL_TRIES: usize = 10_000;

/// A serial number that no certificate of this run has, or is given, from the same issuer (RFC 5280 §4.1.2.2); without
/// leading zeros, so that equal numbers are equal bytes.
fn unused_serial(
    spec: &CertificateSpec,
    used: &[(&IssuerRef, Vec<u8>)],
    keys: &dyn KeySource,
) -> Result<Vec<u8>, IssueError> {
    let bits = match &spec.serial {
        SerialNumber::Given(serial) => return Ok(serial.clone()),
        SerialNumber::Random { bits } => *bits,
    };
    for _ in 0..SERIAL_TRIES {
        let mut serial = vec![0; usize::from(bits.div_ceil(8))];
        let fail = |source| IssueError::Key { certificate: spec.stem.clone(), source };
        keys.random(&mut serial).map_err(fail)?;
        serial[0] &= 0xff >> (bits.div_ceil(8) * 8 - bits);
        let serial: Vec<u8> = serial.into_iter().skip_while(|byte| *byte == 0).collect();
        let taken = used.iter().any(|(issuer, other)| **issuer == spec.issuer && *other == serial);
        if !taken && !serial.is_empty() {
            return Ok(serial);
        }
    }
    Err(IssueError::SerialsSpent { certificate: spec.stem.clone(), bits })
}

/// The keys of a run, by stem.
fn generate<'p>(
    made: &[&'p CertificateSpec],
    keys: &dyn KeySource,
) -> Result<BTreeMap<&'p str, PrivateKey>, IssueError> {
    let kinds: Vec<_> = made.iter().map(|spec| spec.key_type).collect();
    match keys.generate_all(&kinds) {
        Ok(new) => Ok(made.iter().map(|spec| spec.stem.as_str()).zip(new).collect()),
        Err((at, source)) => {
            let certificate = made.get(at).map(|spec| spec.stem.clone()).unwrap_or_default();
            Err(IssueError::Key { certificate, source })
        }
    }
}
