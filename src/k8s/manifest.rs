//! Objects of a cluster as documents, in the order and the quotes of kubectl: Secrets, ConfigMaps, and resources of
//! operators.

use super::error::KubernetesError;
use super::yaml::{Yaml, map};
use crate::fs::Contents;
use crate::pem;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use zeroize::Zeroizing;

/// The most that the values of one Secret hold together (Kubernetes, `MaxSecretSize`).
const SECRET_BYTES: usize = 1 << 20;

/// What an object is called and what is attached to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// Its name.
    pub name: String,
    /// Its namespace; `None`: that of whoever applies it.
    pub namespace: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

impl Meta {
    /// The same under another name.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    /// The same with one more label, unless it has that one.
    #[must_use]
    pub fn labelled(mut self, key: &str, value: &str) -> Self {
        self.labels.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        self
    }

    /// As kubectl has it, but for the line `creationTimestamp: null`, which newer ones leave out and which says nothing.
    fn tree(&self) -> Yaml {
        let texts = |texts: &BTreeMap<String, String>| {
            Yaml::Map(texts.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect())
        };
        let mut tree = BTreeMap::from([("name".to_owned(), self.name.as_str().into())]);
        tree.extend(self.namespace.as_deref().map(|namespace| ("namespace".to_owned(), namespace.into())));
        for (key, held) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !held.is_empty() {
                tree.insert(key.to_owned(), texts(held));
            }
        }
        Yaml::Map(tree)
    }
}

/// Which type a Secret is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// Any keys; kubectl writes no type.
    Generic,
    /// `kubernetes.io/tls`, with `tls.crt` and `tls.key` at least.
    Tls,
}

/// One document. `Debug` shows no values.
#[derive(Clone)]
pub struct Manifest {
    /// What it is: `Secret`, `Cluster`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its namespace; `None`: that of whoever applies it, or of the whole cluster.
    pub namespace: Option<String>,
    /// The keys of its data, where it has data.
    pub keys: Vec<String>,
    /// Whether the key of a CA is in it.
    pub holds_ca_key: bool,
    /// Whether it is a part of an object that says more elsewhere.
    pub is_part: bool,
    tree: Yaml,
}

/// What stands above a Secret with the key of a CA, also where the file is met again in a year.
const CA_KEY_COMMENT: &str = "# It holds the key of a CA: whoever reads it can make a login for any role.\n";
/// What stands above a part: from an object that it made itself, `kubectl apply` takes every field that is not in the text,
/// unless the server is to lay it over (Kubernetes documentation, "Declarative Management", "How apply calculates differences").
const PART_COMMENT: &str = "# A part: kubectl apply --server-side --field-manager=pgtls lays it over what is there.\n\
                            # Without --server-side kubectl apply would take the other fields away.\n";

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, keys, .. } = self;
        f.debug_struct("Manifest")
            .field("kind", kind)
            .field("name", name)
            .field("keys", keys)
            .finish_non_exhaustive()
    }
}

impl Manifest {
    /// A Secret with this data, byte for byte.
    ///
    /// # Errors
    /// [`KubernetesError::TooLarge`] for more than a cluster stores.
    pub fn secret(
        meta: &Meta,
        kind: SecretKind,
        data: &[(&str, &Contents)],
    ) -> Result<Self, KubernetesError> {
        let bytes = data.iter().map(|(_, value)| value.as_slice().len()).sum();
        if bytes > SECRET_BYTES {
            return Err(KubernetesError::TooLarge { name: meta.name.clone(), bytes });
        }
        let value = |contents: &Contents| match contents.is_public() {
            true => Yaml::Text(pem::base64_line(contents)),
            false => Yaml::Secret(pem::secret_base64_line(contents)),
        };
        let values = data.iter().map(|(key, contents)| ((*key).to_owned(), value(contents)));
        let mut tree = Self::tree("v1", "Secret", meta);
        tree.insert("data".to_owned(), Yaml::Map(values.collect()));
        if kind == SecretKind::Tls {
            tree.insert("type".to_owned(), "kubernetes.io/tls".into());
        }
        let keys = data.iter().map(|(key, _)| (*key).to_owned()).collect();
        Ok(Self { keys, ..Self::of("Secret", meta, tree) })
    }

    /// The same, with a comment above it that says whose key is in it.
    #[must_use]
    pub(super) fn holding_ca_key(self) -> Self {
        Self { holds_ca_key: true, ..self }
    }

    /// The same as a part of what is there, with a comment above it that says how it is laid over that.
    #[must_use]
    pub(super) fn into_part(self) -> Self {
        Self { is_part: true, ..self }
    }

    fn of(kind: &'static str, meta: &Meta, tree: BTreeMap<String, Yaml>) -> Self {
        let Meta { name, namespace, .. } = meta.clone();
        let (keys, tree) = (Vec::new(), Yaml::Map(tree));
        Self { kind, name, namespace, keys, holds_ca_key: false, is_part: false, tree }
    }

    /// A ConfigMap with one text.
    pub(super) fn config_map(meta: &Meta, key: &str, text: &str) -> Self {
        let mut tree = Self::tree("v1", "ConfigMap", meta);
        tree.insert("data".to_owned(), map([(key, Yaml::Lines(text.to_owned()))]));
        Self { keys: vec![key.to_owned()], ..Self::of("ConfigMap", meta, tree) }
    }

    /// A resource of an operator.
    pub(super) fn resource(version: &str, kind: &'static str, meta: &Meta, spec: Yaml) -> Self {
        let mut tree = Self::tree(version, kind, meta);
        tree.insert("spec".to_owned(), spec);
        Self::of(kind, meta, tree)
    }

    fn tree(version: &str, kind: &str, meta: &Meta) -> BTreeMap<String, Yaml> {
        let entries = [("apiVersion", version.into()), ("kind", kind.into()), ("metadata", meta.tree())];
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> Zeroizing<Vec<u8>> {
        let document = self.tree.document();
        let comment = match (self.holds_ca_key, self.is_part) {
            (true, _) => CA_KEY_COMMENT,
            (false, true) => PART_COMMENT,
            (false, false) => return document,
        };
        let mut told = Zeroizing::new(Vec::with_capacity(comment.len() + document.len()));
        told.extend_from_slice(comment.as_bytes());
        told.extend_from_slice(&document);
        told
    }
}

/// Refuses objects of one kind and name, of which a cluster would keep the last alone.
///
/// # Errors
/// [`KubernetesError::SameName`].
pub fn distinct(manifests: &[Manifest]) -> Result<(), KubernetesError> {
    let mut met = HashSet::new();
    let again = manifests.iter().find(|it| !met.insert((it.kind, &it.name, &it.namespace)));
    match again {
        Some(Manifest { kind, name, .. }) => Err(KubernetesError::SameName { kind, name: name.clone() }),
        None => Ok(()),
    }
}

/// Documents as one stream, `---` between them, as `kubectl apply -f -` reads them.
#[must_use]
pub fn stream(manifests: &[Manifest]) -> Zeroizing<Vec<u8>> {
    const BETWEEN: &[u8] = b"---\n";
    let documents: Vec<Zeroizing<Vec<u8>>> = manifests.iter().map(Manifest::document).collect();
    let length = documents.iter().map(|document| document.len() + BETWEEN.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(BETWEEN);
        }
        out.extend_from_slice(document);
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_secret_holds_a_mebibyte_and_no_byte_more() {
        let meta = Meta { name: "postgresql-ca".to_owned(), ..Meta::default() };
        let held = |bytes: usize| {
            let (one, other) =
                (Contents::public(vec![b'a'; 1000]), Contents::public(vec![b'b'; bytes - 1000]));
            Manifest::secret(&meta, SecretKind::Generic, &[("ca.crt", &one), ("ca.crl", &other)])
        };
        assert!(held(SECRET_BYTES).is_ok());
        let error = held(SECRET_BYTES + 1).unwrap_err();
        assert_eq!(error.to_string(), "the Secret \"postgresql-ca\" would hold 1048577 bytes");
    }

    #[test]
    fn nothing_of_a_secret_is_shown() {
        let meta = Meta { name: "a".to_owned(), ..Meta::default() };
        let key = Contents::from(Zeroizing::new(b"secret".to_vec()));
        let manifest = Manifest::secret(&meta, SecretKind::Generic, &[("tls.key", &key)]).unwrap();
        let shown = format!("{manifest:?}");
        assert!(
            shown.contains("tls.key") && !shown.contains("c2VjcmV0") && !shown.contains("secret\""),
            "{shown}"
        );
    }
}
