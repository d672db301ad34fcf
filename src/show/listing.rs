//! Files one by one, each with all that it holds, in its order.

use super::certificate::CertificateFacts;
use super::fits::Fits;
use super::things::{KeyFacts, ListFacts, PublicKeyFacts, RequestFacts, RevokedFacts};
use crate::keys::PublicKey;
use crate::verify::{Exhibit, Part, Rule};
use serde::Serialize;
use time::OffsetDateTime;

/// A file and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileFacts {
    /// Its path as the user names it.
    pub file: String,
    /// What is odd about the file as such, and no reason not to show it.
    pub notes: Vec<String>,
    /// What it holds, in order.
    pub holds: Vec<Thing>,
}

/// One thing in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Thing {
    /// A certificate.
    Certificate(Box<CertificateFacts>),
    /// A revocation list, with its entries.
    RevocationList {
        /// What it says.
        #[serde(flatten)]
        facts: ListFacts,
        /// Whom it revokes.
        entries: Vec<RevokedFacts>,
    },
    /// A certificate request.
    Request {
        /// What it asks for.
        #[serde(flatten)]
        facts: RequestFacts,
        /// The files whose private key is its.
        keys: Vec<String>,
    },
    /// A private key.
    PrivateKey {
        /// What of it is no secret.
        #[serde(flatten)]
        facts: KeyFacts,
        /// The files, of those that were asked for, whose certificate or request has it.
        fits: Vec<String>,
    },
    /// A public key by itself.
    PublicKey {
        /// What it is.
        #[serde(flatten)]
        facts: PublicKeyFacts,
        /// The files whose private key is its.
        keys: Vec<String>,
    },
    /// The index of a CA; what it lists is shown by [`issued`](super::issued).
    Index {
        /// How many certificates it lists.
        certificates: usize,
        /// How many of them are revoked.
        revoked: usize,
    },
}

/// What the files hold, at an instant.
#[must_use]
pub fn listing(exhibits: &[Exhibit], at: OffsetDateTime) -> Vec<FileFacts> {
    let mut owners = Fits::default();
    let mut keys = Fits::default();
    // Without a private key nothing is to be looked up.
    if exhibits.iter().any(|exhibit| !exhibit.keys.is_empty()) {
        for exhibit in exhibits {
            for certificate in &exhibit.certificates {
                owners.note(PublicKey::from_spki_der(&certificate.public_key), &exhibit.name);
            }
            for request in &exhibit.requests {
                owners.note(PublicKey::from_spki_der(&request.public_key), &exhibit.name);
            }
            for key in exhibit.keys.iter().filter_map(|key| key.public()) {
                keys.note(key.clone(), &exhibit.name);
            }
        }
    }
    let thing = |part: Part<'_>| match part {
        Part::Certificate(certificate) => Thing::Certificate(Box::new(CertificateFacts::of(certificate, at))),
        Part::List(list) => Thing::RevocationList {
            facts: ListFacts::of(list, at),
            entries: RevokedFacts::of(list).collect(),
        },
        Part::Request(request) => Thing::Request {
            facts: RequestFacts::of(request),
            keys: keys.files(&PublicKey::from_spki_der(&request.public_key)),
        },
        Part::Key(key) => Thing::PrivateKey {
            facts: KeyFacts::of(key),
            fits: key.public().map(|public| owners.files(public)).unwrap_or_default(),
        },
        Part::PublicKey(key) => Thing::PublicKey { facts: PublicKeyFacts::of(key), keys: keys.files(key) },
    };
    let file = |exhibit: &Exhibit| FileFacts {
        file: exhibit.name.clone(),
        notes: notes(exhibit),
        holds: exhibit.parts().into_iter().map(thing).chain(index(exhibit)).collect(),
    };
    exhibits.iter().map(file).collect()
}

fn index(exhibit: &Exhibit) -> Option<Thing> {
    let lines = exhibit.issued.as_ref()?.lines();
    let revoked = lines.iter().filter(|line| line.revoked.is_some()).count();
    Some(Thing::Index { certificates: lines.len(), revoked })
}

/// What the reader says about the form of a file; what is damaged is told elsewhere.
fn notes(exhibit: &Exhibit) -> Vec<String> {
    let form = exhibit.findings.iter().filter(|finding| {
        matches!(
            finding.rule,
            Rule::DerNotPem
                | Rule::TrustedCertificate
                | Rule::ByteOrderMark
                | Rule::CertificateTwice
                | Rule::KeyInPublicFile
        )
    });
    form.map(|finding| finding.fact.clone()).collect()
}
