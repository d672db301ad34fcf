//! Kubernetes manifests: what a cluster is to be told, as YAML in kubectl's own order.

mod object;
mod secret;
mod signing_request;
mod yaml;

pub use object::object_name;
pub use secret::{SECRET_LINES, TlsSecret, is_secret_line, secret_object};
pub use signing_request::{KubernetesError, SignerName, SigningRequest};
