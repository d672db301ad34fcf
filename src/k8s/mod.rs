//! Kubernetes manifests: what a cluster is to be told, as YAML in kubectl's own order, and the Secrets that it tells.

mod bundle;
mod cert_manager;
mod cnpg;
mod command;
mod error;
mod goods;
mod manifest;
mod manifest_error;
mod object;
mod pgo_v4;
mod pgo_v5;
mod read;
mod secret;
mod signing_request;
mod target;
mod yaml;
mod zalando;

pub use cert_manager::{Adopted, Issuing, cert_manager};
pub use cnpg::cnpg;
pub use command::ShellCommand;
pub use error::KubernetesError;
pub use goods::{Goods, HandedCa, KeyPair, Naming, Part};
pub use manifest::{Manifest, Meta, SecretKind, distinct, stream};
pub use manifest_error::ManifestError;
pub use object::{annotation, label, label_name, object_name};
pub use pgo_v4::{PgoV4, ReplicaSslMode};
pub use pgo_v5::pgo_v5;
pub use read::{HeldSecret, is_manifest, secrets};
pub use secret::{SECRET_LINES, TlsSecret, is_secret_line, secret_object};
pub use signing_request::{SignerName, SigningRequest};
pub use target::Target;
pub use zalando::zalando;
