//! Kubernetes manifests: what a cluster is to be told, as YAML in kubectl's own order.

mod signing_request;
mod yaml;

pub use signing_request::{KubernetesError, SignerName, SigningRequest};
