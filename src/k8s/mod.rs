//! Kubernetes manifests: what a cluster is to be told, as YAML in kubectl's own order, and the Secrets that it tells.

mod manifest_error;
mod object;
mod read;
mod secret;
mod signing_request;
mod yaml;

pub use manifest_error::ManifestError;
pub use object::object_name;
pub use read::{HeldSecret, is_manifest, secrets};
pub use secret::{SECRET_LINES, TlsSecret, is_secret_line, secret_object};
pub use signing_request::{KubernetesError, SignerName, SigningRequest};
