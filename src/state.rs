//! What exists already in a directory, as plain data; `layout::restore` makes it from files.

use crate::diagnosis::{Diagnosis, Failure};
use crate::index::{Index, IndexError};
use crate::keys::{KeyError, PublicKey, SignatureCheck, StoredKey};
use crate::pg::{certificate_file, key_file};
use crate::x509::{Certificate, Name, RevocationList, SignedParts, X509Error};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

/// A directory as it was found; empty where there is none.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The directory as the user named it, for messages.
    pub path: String,
    /// Every name in it, whatever it is.
    pub occupied: BTreeSet<String>,
    /// Every name in its folder of revoked pairs.
    pub revoked: BTreeSet<String>,
    /// The directory of CA keys as the user named it, where it is another one.
    pub ca_path: String,
    /// Every name in that directory; `None` where CA keys live beside the rest.
    pub ca_occupied: Option<BTreeSet<String>>,
    /// The certificates of each `*.crt` and of each bundle, in their order.
    pub certificates: BTreeMap<String, Vec<Certificate>>,
    /// Certificates that count for who signed them alone: end-entities beside the keys of CAs, where those are in a
    /// directory of their own, and what lies beside a key in one file, or is no PEM.
    pub others: Vec<Certificate>,
    /// The files of the directory itself that hold such ones, each with their places in `others`.
    pub other_files: BTreeMap<String, Range<usize>>,
    /// Older certificates of CAs of whose certificates the directory of CA keys has newer ones in files of the same names.
    pub stale: Vec<Certificate>,
    /// An index under a name that says of no CA's, and its file as the user names it.
    pub nameless_index: Option<(String, Index)>,
    /// The revocation lists of each `*.crl`, each once.
    pub lists: Vec<RevocationList>,
    /// The `*.crl` of the directory itself, each with the places of its lists in `lists`, in their order.
    pub list_files: BTreeMap<String, Vec<usize>>,
    /// The same of the directory of CA keys, where that is another.
    pub ca_list_files: BTreeMap<String, Vec<usize>>,
    /// The `*.crl` of either directory with something in them that cannot be read.
    pub damaged_lists: Vec<DamagedLists>,
    /// The key of each `*.key`.
    pub keys: BTreeMap<String, StoredKey>,
    /// The keys that are here and of no use, by the names of their files.
    pub unusable_keys: BTreeMap<String, UnusableKey>,
    /// What each CA issued, by the stem of its files; from `*.index`.
    pub indexes: BTreeMap<String, Index>,
    /// The stems of the CAs whose index has each subject but once, says its `*.index.attr`.
    pub unique_subjects: BTreeSet<String>,
}

impl State {
    /// The certificate of a stem: the first in its file.
    #[must_use]
    pub fn certificate(&self, stem: &str) -> Option<&Certificate> {
        self.certificates.get(&certificate_file(stem))?.first()
    }

    /// The key of a stem, where it is of use.
    #[must_use]
    pub fn key(&self, stem: &str) -> Option<&StoredKey> {
        let file = key_file(stem);
        self.keys.get(&file).filter(|_| !self.unusable_keys.contains_key(&file))
    }

    /// Whether the key of a stem is another's than this certificate's; of a closed one nobody knows.
    #[must_use]
    pub fn has_other_key(&self, stem: &str, certificate: &Certificate) -> bool {
        let key = self.key(stem);
        matches!(key, Some(StoredKey::Plain(key)) if key.public().spki_der() != certificate.public_key)
    }

    /// Every certificate that is here, wherever it stands in a file.
    pub fn all_certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.values().flatten().chain(&self.others)
    }

    /// The certificates that are here and that the CA of a stem signed, wherever they stand in a file, each once; none
    /// that signs itself. What an index is rebuilt from.
    #[must_use]
    pub fn issued_by(&self, stem: &str) -> Vec<&Certificate> {
        let Some(authority) = self.certificate(stem) else { return Vec::new() };
        let key = PublicKey::from_spki_der(&authority.public_key);
        let mut met = HashSet::new();
        let signed =
            |certificate: &Certificate| signature_by(&key, &certificate.signed()) == SignatureCheck::Good;
        let named = self.all_certificates().filter(|it| it.issuer == authority.subject);
        named.filter(|it| !it.is_own_issuer() && met.insert(it.der.as_slice()) && signed(it)).collect()
    }

    /// The revocation lists that are here and that the CA of a stem signed; one whose signature cannot be checked here is
    /// taken for its own, or whoever is on it would be let in again.
    pub fn lists_by(&self, stem: &str) -> impl Iterator<Item = &RevocationList> {
        let authority = self.certificate(stem).map(ListSigner::of);
        self.lists.iter().filter(move |list| authority.as_ref().is_some_and(|ca| ca.may_have_signed(list)))
    }

    /// The places in `lists` of those that a CA signed, whichever CA that is.
    #[must_use]
    pub fn lists_of(&self, authority: &Certificate) -> Vec<usize> {
        let authority = ListSigner::of(authority);
        let lists = self.lists.iter().enumerate();
        lists.filter(|(_, list)| authority.may_have_signed(list)).map(|(place, _)| place).collect()
    }

    /// Adds the lists of a file, each once; what comes back are their places.
    pub fn add_lists(&mut self, lists: impl IntoIterator<Item = RevocationList>) -> Vec<usize> {
        let mut places = Vec::new();
        for list in lists {
            let known = self.lists.iter().position(|known| known.der == list.der);
            places.push(known.unwrap_or(self.lists.len()));
            if known.is_none() {
                self.lists.push(list);
            }
        }
        places
    }

    /// The names where the pair of a CA, or of an end-entity, is looked for.
    #[must_use]
    pub fn holdings(&self, ca: bool) -> &BTreeSet<String> {
        match &self.ca_occupied {
            Some(names) if ca => names,
            _ => &self.occupied,
        }
    }

    /// A file of it as the user would name it.
    #[must_use]
    pub fn shown(&self, file: &str) -> String {
        shown_in(&self.path, file)
    }

    /// A file of the pair of a CA, or of an end-entity, as the user would name it: where [`State::holdings`] looks.
    #[must_use]
    pub fn shown_pair(&self, ca: bool, file: &str) -> String {
        if ca && self.ca_occupied.is_some() { shown_in(&self.ca_path, file) } else { self.shown(file) }
    }
}

/// Why a key cannot be used: it is damaged, of a kind that signs nothing here, or does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableKey {
    /// What is wrong with it.
    pub problem: String,
    /// The mend, where one is known.
    pub hint: Option<String>,
    /// Whose matter that is: the key's, or the system's that does not let the caller read it.
    pub failure: Failure,
}

impl UnusableKey {
    /// One that an error speaks of.
    #[must_use]
    pub fn new(problem: &(impl Diagnosis + ?Sized)) -> Self {
        Self { problem: problem.to_string(), hint: problem.hint(), failure: problem.failure() }
    }
}

/// A `*.crl` that cannot be read to its end: who is on it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedLists {
    /// Its name.
    pub name: String,
    /// The file as the user names it.
    pub path: String,
    /// What is wrong with it, and where.
    pub problem: String,
}

/// A CA as the one who signs lists.
struct ListSigner<'a> {
    subject: &'a Name,
    key: PublicKey,
}

impl<'a> ListSigner<'a> {
    fn of(certificate: &'a Certificate) -> Self {
        Self { subject: &certificate.subject, key: PublicKey::from_spki_der(&certificate.public_key) }
    }

    fn may_have_signed(&self, list: &RevocationList) -> bool {
        list.issuer == *self.subject && signature_by(&self.key, &list.signed()) != SignatureCheck::Bad
    }
}

/// What became of a signature, were it by that key.
pub(crate) fn signature_by(key: &PublicKey, signed: &SignedParts<'_>) -> SignatureCheck {
    key.verify(signed.algorithm, signed.to_be_signed, signed.signature)
}

/// Whether a CA issued a certificate: by the names, and by the signature where that can be checked. Of one that cannot
/// be checked the judge tells.
pub(crate) fn issued(authority: &Certificate, child: &Certificate) -> bool {
    let key = PublicKey::from_spki_der(&authority.public_key);
    authority.may_have_issued(child) && signature_by(&key, &child.signed()) != SignatureCheck::Bad
}

/// What a CA calls its key in what it signs: its own subject key identifier, else the one that is usual for its key.
pub(crate) fn key_identifier(certificate: &Certificate) -> Vec<u8> {
    let own = certificate.subject_key_identifier.clone();
    own.unwrap_or_else(|| PublicKey::from_spki_der(&certificate.public_key).identifier())
}

/// `root.key` in `pki` is `pki/root.key`; in `.` it is itself.
pub(crate) fn shown_in(path: &str, file: &str) -> String {
    match path {
        "" | "." => file.to_owned(),
        path => format!("{}/{file}", path.trim_end_matches('/')),
    }
}

/// A file whose name says what it holds, and which does not hold it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A `*.crt` that cannot be read as PEM certificates.
    #[error("certificate file \"{path}\" cannot be read: {source}")]
    Certificate {
        /// The file as the user names it.
        path: String,
        /// Why.
        source: X509Error,
    },
    /// A `*.crt` whose PEM is damaged.
    #[error("certificate file \"{path}\" cannot be read: {source}")]
    Pem {
        /// The file as the user names it.
        path: String,
        /// Why.
        source: crate::pem::PemError,
    },
    /// What has the name of a file to be read, and is a directory, a pipe, or a link that leads to no file.
    #[error("\"{path}\" is not a file")]
    NoFile {
        /// Its path as the user names it.
        path: String,
    },
    /// A `*.crt` without a certificate.
    #[error("certificate file \"{path}\" holds no certificate")]
    Empty {
        /// The file as the user names it.
        path: String,
    },
    /// A `*.crt` in OpenSSL's own form, which no TLS library but OpenSSL reads.
    #[error("certificate file \"{path}\" is an OpenSSL TRUSTED CERTIFICATE")]
    Trusted {
        /// The file as the user names it.
        path: String,
    },
    /// A `*.crt` in DER, which PostgreSQL does not read.
    #[error("certificate file \"{path}\" is DER, not PEM")]
    Der {
        /// The file as the user names it.
        path: String,
    },
    /// A CA's certificate beside the files that are shipped, which is not the one that lies with its key.
    #[error("certificate file \"{path}\" is not the one in \"{ca_path}\"")]
    OtherCa {
        /// The file as the user names it.
        path: String,
        /// The file with the key.
        ca_path: String,
        /// The command that has this directory follow, where it is that of a CA whose place was taken meanwhile.
        follow: Option<String>,
    },
    /// A `*.index` that cannot be read.
    #[error("index \"{path}\" cannot be read: {source}")]
    Index {
        /// The file as the user names it.
        path: String,
        /// The line at fault, and why.
        source: IndexError,
    },
    /// A `*.key` that the caller may not read.
    #[error("could not read \"{path}\": permission denied")]
    Closed {
        /// The file as the user names it.
        path: String,
    },
    /// A `*.key` that cannot be read.
    #[error("key file \"{path}\" cannot be read: {source}")]
    Key {
        /// The file as the user names it.
        path: String,
        /// Why.
        source: KeyError,
    },
}

impl StateError {
    /// How to mend the file itself, where that is known.
    pub(crate) fn mend(&self) -> Option<String> {
        match self {
            Self::Key { source, .. } => source.hint(),
            Self::Index { source, .. } => source.hint(),
            Self::OtherCa { follow: Some(follow), .. } => {
                Some(format!("Another CA took its place there; have this directory follow with: {follow}"))
            }
            Self::Closed { path } => {
                Some(format!("Make {path:?} readable, or run the command as its owner."))
            }
            Self::Trusted { .. } => Some("Write it anew with: openssl x509 -in OLD -out NEW".to_owned()),
            Self::Der { .. } => {
                Some("Write it as PEM with: openssl x509 -inform DER -in OLD -out NEW".to_owned())
            }
            _ => None,
        }
    }
}

impl Diagnosis for StateError {
    fn detail(&self) -> Option<String> {
        match self {
            Self::Index { source, .. } => source.detail(),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        self.mend().or_else(|| Some("Move the file away, or give another directory with -D.".to_owned()))
    }

    fn failure(&self) -> Failure {
        match self {
            // What is revoked is not known then, and no verb goes on as if nothing were.
            Self::Index { .. } | Self::Closed { .. } => Failure::System,
            _ => Failure::Forbidden,
        }
    }
}
