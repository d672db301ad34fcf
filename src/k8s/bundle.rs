//! trust-manager: the `Bundle` that puts what clients trust into a ConfigMap of every namespace.
//!
//! Sources: pkg/apis/trust/v1alpha1/types_bundle.go of 0.24. It is of the whole cluster, reads Secrets of one namespace
//! alone, by default that of cert-manager, and writes ConfigMaps of its own name.

use super::manifest::{Manifest, Meta};
use super::yaml::{Yaml, map};

/// The key of a Secret that holds a root, and of the ConfigMap that is made.
const KEY: &str = "ca.crt";

/// Where a root comes from.
pub(super) enum TrustSource {
    /// A Secret of cert-manager's own namespace.
    Secret(String),
    /// The certificate itself, as PEM: where the cluster has no Secret of it.
    Text(String),
}

/// The object; its name is that of the ConfigMaps too.
pub(super) fn bundle(meta: &Meta, sources: Vec<TrustSource>) -> Manifest {
    let source = |source| match source {
        TrustSource::Secret(name) => map([("secret", map([("key", KEY.into()), ("name", name.into())]))]),
        TrustSource::Text(text) => map([("inLine", Yaml::Lines(text))]),
    };
    let sources = Yaml::List(sources.into_iter().map(source).collect());
    let target = map([("configMap", map([("key", KEY.into())]))]);
    let spec = map([("sources", sources), ("target", target)]);
    Manifest::resource("trust.cert-manager.io/v1alpha1", "Bundle", meta, spec)
}
