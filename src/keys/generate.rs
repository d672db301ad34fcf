//! Where keys and random bytes come from: the system in life, anything else in a test.

use super::{KeyError, KeyType, PrivateKey, PublicKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair};
use ring::signature::{EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use zeroize::Zeroizing;

/// Gives keys and random bytes. [`SystemKeys`] in life; a test may hand out fixed ones.
pub trait KeySource: Sync {
    /// A new private key.
    ///
    /// # Errors
    /// [`KeyError::Generation`] where the system has no randomness, [`KeyError::RsaLeftOut`] for RSA in a build
    /// without it.
    fn generate(&self, kind: KeyType) -> Result<PrivateKey, KeyError>;

    /// New private keys of these kinds, in this order. A source of fixed keys hands them out one by one, as here; one
    /// that has to work for them may use all processors.
    ///
    /// # Errors
    /// Those of [`generate`](Self::generate), with the place in the list.
    fn generate_all(&self, kinds: &[KeyType]) -> Result<Vec<PrivateKey>, (usize, KeyError)> {
        let one = |(at, kind): (usize, &KeyType)| self.generate(*kind).map_err(|error| (at, error));
        kinds.iter().enumerate().map(one).collect()
    }

    /// Fills `bytes` with random ones (serial numbers, salts).
    ///
    /// # Errors
    /// [`KeyError::Generation`] where the system has none.
    fn random(&self, bytes: &mut [u8]) -> Result<(), KeyError>;
}

/// Keys and randomness of the operating system, through `ring` (RSA: `aws-lc-rs`).
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemKeys;

impl KeySource for SystemKeys {
    fn generate(&self, kind: KeyType) -> Result<PrivateKey, KeyError> {
        match kind {
            KeyType::EcdsaP256 => ecdsa(kind, &ECDSA_P256_SHA256_ASN1_SIGNING, 65),
            KeyType::EcdsaP384 => ecdsa(kind, &ECDSA_P384_SHA384_ASN1_SIGNING, 97),
            KeyType::Ed25519 => ed25519(),
            KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => rsa(kind),
        }
    }

    fn generate_all(&self, kinds: &[KeyType]) -> Result<Vec<PrivateKey>, (usize, KeyError)> {
        // Asking for the processors reads several files of the system, so it is not done for nothing.
        let slow = kinds.iter().filter(|kind| kind.is_rsa()).count();
        let processors =
            if slow < 2 { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
        if processors < 2 {
            return one_by_one(*self, kinds);
        }
        race(*self, kinds, processors.min(2 * slow))
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        SystemRandom::new().fill(bytes).map_err(|_| KeyError::Generation)
    }
}

fn one_by_one(source: SystemKeys, kinds: &[KeyType]) -> Result<Vec<PrivateKey>, (usize, KeyError)> {
    let one = |(at, kind): (usize, &KeyType)| source.generate(*kind).map_err(|error| (at, error));
    kinds.iter().enumerate().map(one).collect()
}

/// Makes keys on several threads. How long an RSA key takes is a matter of luck, so a thread that finds none left to
/// begin begins the last unfinished one again: the first to finish counts. Threads that lost are not waited for; what
/// they make is wiped as it is dropped.
fn race(source: SystemKeys, kinds: &[KeyType], threads: usize) -> Result<Vec<PrivateKey>, (usize, KeyError)> {
    let kinds: Arc<[KeyType]> = kinds.into();
    let (begun, done) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(kinds.iter().map(|_| AtomicBool::new(false)).collect::<Vec<_>>()),
    );
    let (sender, receiver) = mpsc::channel();
    let mut started = 0;
    for _ in 0..threads {
        let (kinds, begun, done, sender) = (kinds.clone(), begun.clone(), done.clone(), sender.clone());
        let work = move || {
            loop {
                let first = begun.fetch_add(1, Ordering::Relaxed);
                let unfinished = || done.iter().rposition(|done| !done.load(Ordering::Relaxed));
                let Some(at) = Some(first).filter(|at| *at < kinds.len()).or_else(unfinished) else { return };
                let made = source.generate(kinds[at]);
                if !done[at].swap(true, Ordering::Relaxed) && sender.send((at, made)).is_err() {
                    return;
                }
            }
        };
        // Where a process may have no more threads, those that there are do the work.
        if std::thread::Builder::new().spawn(work).is_err() {
            break;
        }
        started += 1;
    }
    drop(sender);
    if started == 0 {
        return one_by_one(source, &kinds);
    }
    let mut keys: Vec<Option<PrivateKey>> = kinds.iter().map(|_| None).collect();
    for (at, made) in receiver.into_iter().take(kinds.len()) {
        keys[at] = Some(made.map_err(|error| (at, error))?);
    }
    let all = keys.into_iter().enumerate();
    all.map(|(at, key)| key.ok_or((at, KeyError::Generation))).collect()
}

/// ring ends its document with the public key (RFC 5915 §3, `publicKey`): taking it from there saves parsing, and
/// with it the consistency check that costs as much as making the key.
fn ecdsa(
    kind: KeyType,
    algorithm: &'static EcdsaSigningAlgorithm,
    point: usize,
) -> Result<PrivateKey, KeyError> {
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
    let document = document.map_err(|_| KeyError::Generation)?;
    let pkcs8 = Zeroizing::new(document.as_ref().to_vec());
    let public = pkcs8.len().checked_sub(point).and_then(|start| PublicKey::wrap(kind, &pkcs8[start..]));
    Ok(PrivateKey::new(pkcs8, public.ok_or(KeyError::Generation)?))
}

/// PKCS#8 version 1, with the seed alone (RFC 8410 §7): OpenSSL 3.0 cannot read the version 2 that ring writes.
fn ed25519() -> Result<PrivateKey, KeyError> {
    const PREFIX: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let mut seed = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(seed.as_mut()).map_err(|_| KeyError::Generation)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|_| KeyError::Generation)?;
    let public = PublicKey::wrap(KeyType::Ed25519, pair.public_key().as_ref()).ok_or(KeyError::Generation)?;
    let mut pkcs8 = Zeroizing::new(Vec::with_capacity(PREFIX.len() + seed.len()));
    pkcs8.extend_from_slice(&PREFIX);
    pkcs8.extend_from_slice(seed.as_ref());
    Ok(PrivateKey::new(pkcs8, public))
}

#[cfg(feature = "rsa")]
fn rsa(kind: KeyType) -> Result<PrivateKey, KeyError> {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::KeyPair as _;

    let size = match kind {
        KeyType::Rsa3072 => KeySize::Rsa3072,
        KeyType::Rsa4096 => KeySize::Rsa4096,
        _ => KeySize::Rsa2048,
    };
    let pair = aws_lc_rs::rsa::KeyPair::generate(size).map_err(|_| KeyError::Generation)?;
    let document: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Encoding)?;
    let public = PublicKey::wrap(kind, pair.public_key().as_ref()).ok_or(KeyError::Encoding)?;
    Ok(PrivateKey::new(Zeroizing::new(document.as_ref().to_vec()), public))
}

#[cfg(not(feature = "rsa"))]
fn rsa(_: KeyType) -> Result<PrivateKey, KeyError> {
    Err(KeyError::RsaLeftOut)
}
