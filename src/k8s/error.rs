//! Why Kubernetes, or what runs there, would refuse.

use crate::diagnosis::{Diagnosis, Failure};
use crate::x509::Lifetime;

/// The least that the API takes for `expirationSeconds`.
pub(super) const LEAST_SECONDS: i64 = 600;
/// The most: it is an int32.
pub(super) const MOST_SECONDS: i64 = i32::MAX as i64;

/// A refusal; nothing was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KubernetesError {
    /// A signer's name that is none.
    #[error("\"{}\" is not the name of a signer", found.escape_debug())]
    SignerName {
        /// The text.
        found: String,
    },
    /// A lifetime that `expirationSeconds` cannot say.
    #[error("Kubernetes signs for {LEAST_SECONDS} seconds to 68 years, not for {found}")]
    Lifetime {
        /// The lifetime.
        found: Lifetime,
    },
    /// A name that is no DNS label.
    #[error("{flag}: \"{}\" is no DNS label", found.escape_debug())]
    Name {
        /// Where it was given.
        flag: &'static str,
        /// The text.
        found: String,
    },
    /// A label or an annotation that is none.
    #[error("{flag}: \"{}\" is not KEY=VALUE as Kubernetes takes it", found.escape_debug())]
    KeyValue {
        /// Where it was given.
        flag: &'static str,
        /// The text.
        found: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A flag that another target has.
    #[error("{flag} does not go with {target}")]
    NotForTarget {
        /// The flag.
        flag: &'static str,
        /// The target.
        target: &'static str,
        /// Where it goes.
        hint: &'static str,
    },
    /// Two objects of one kind and name.
    #[error("two objects would be the {kind} \"{name}\"")]
    SameName {
        /// Their kind.
        kind: &'static str,
        /// Their name.
        name: String,
    },
    /// A Secret that no cluster stores.
    #[error("the Secret \"{name}\" would hold {bytes} bytes")]
    TooLarge {
        /// Its name.
        name: String,
        /// How much it would hold.
        bytes: usize,
    },
    /// A wish of a profile that cert-manager has no field for.
    #[error("cert-manager cannot say that certificate \"{name}\" {problem}")]
    Unsayable {
        /// The certificate.
        name: String,
        /// What is wished of it.
        problem: &'static str,
    },
    /// A profile without a server, of which clients are to trust the root.
    #[error("the profile \"{}\" has no server", profile.escape_debug())]
    NoServer {
        /// The profile.
        profile: String,
    },
    /// Something that the target needs is not in the directory, or is not what it needs.
    #[error("{fact}")]
    Lacking {
        /// What.
        fact: String,
        /// Why it is needed.
        detail: String,
        /// The command that makes it.
        hint: String,
    },
}

impl Diagnosis for KubernetesError {
    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::Name { .. } => {
                "Operators use such names for volumes and hosts too: lower case letters, digits and hyphens, \
                 beginning and ending with a letter or digit, at most 63."
                    .to_owned()
            }
            Self::KeyValue { problem, .. } => (*problem).to_owned(),
            Self::NoServer { .. } => {
                "A Bundle holds the roots above servers, which clients trust.".to_owned()
            }
            Self::SameName { .. } => "A cluster would keep the last of them alone.".to_owned(),
            Self::TooLarge { .. } => {
                "Kubernetes stores at most 1 MiB (1048576 bytes) in one Secret.".to_owned()
            }
            Self::Lacking { detail, .. } => detail.clone(),
            _ => return None,
        })
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::SignerName { .. } => {
                "Write a domain and a name, both in lower case, as the signer has it: example.com/postgres."
                    .to_owned()
            }
            Self::Lifetime { .. } => "Give a lifetime of at least 10m, such as 90d.".to_owned(),
            Self::Name { .. } => "Write it like hippo-tls-keypair.".to_owned(),
            Self::KeyValue { .. } => "Write it like app.kubernetes.io/part-of=hippo.".to_owned(),
            Self::NotForTarget { hint, .. } => (*hint).to_owned(),
            Self::NoServer { .. } => "Leave --bundle out, or give another with --profile.".to_owned(),
            Self::SameName { .. } => "Give each a name of its own.".to_owned(),
            Self::TooLarge { .. } => {
                "Look at what is in the files with pgtls inspect, and take out what is not needed; lists of \
                 revoked certificates shrink as these end (pgtls crl)."
                    .to_owned()
            }
            Self::Unsayable { .. } => {
                "Make it here, with pgtls gen, or take that out of the profile.".to_owned()
            }
            Self::Lacking { hint, .. } => hint.clone(),
        })
    }

    fn failure(&self) -> Failure {
        match self {
            Self::TooLarge { .. } | Self::Lacking { .. } => Failure::Forbidden,
            _ => Failure::Usage,
        }
    }
}
