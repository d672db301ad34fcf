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
    /// Of a part of an object that says more elsewhere: the resource, as kubectl finds it by its name.
    pub part_of: Option<&'static str>,
    tree: Yaml,
}

/// What stands above a Secret with the key of a CA, also where the file is met again in a year.
const CA_KEY_COMMENT: &str = "# It holds the key of a CA: whoever reads it can make a login for any role.\n";

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

    /// The same as a part of what is there of that resource (`clusters.postgresql.cnpg.io`).
    #[must_use]
    pub(super) fn into_part_of(self, resource: &'static str) -> Self {
        Self { part_of: Some(resource), ..self }
    }

    /// The command that lays a part over what is there; the part is in `file`. A merge patch (RFC 7386) touches no other
    /// field.
    ///
    /// Of `kubectl apply` neither way does: by itself it takes away every field that it once applied and that is not in
    /// the text ("Declarative Management of Kubernetes Objects", "How apply calculates differences and merges changes").
    /// With `--server-side` kubectl first makes what it once applied the new manager's own, whatever that is called, and
    /// applies again, which does the same (kubectl 1.26 and later, `migrateToSSAIfNecessary`; seen with 1.32).
    #[must_use]
    pub fn patch_command(&self, file: &str) -> Option<String> {
        let resource = self.part_of?;
        let namespace =
            self.namespace.as_ref().map_or_else(String::new, |namespace| format!(" -n {namespace}"));
        Some(format!("kubectl patch {resource} {}{namespace} --type=merge --patch-file={file}", self.name))
    }

    fn of(kind: &'static str, meta: &Meta, tree: BTreeMap<String, Yaml>) -> Self {
        let Meta { name, namespace, .. } = meta.clone();
        let (keys, tree) = (Vec::new(), Yaml::Map(tree));
        Self { kind, name, namespace, keys, holds_ca_key: false, part_of: None, tree }
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
        if !self.holds_ca_key {
            return document;
        }
        let mut told = Zeroizing::new(Vec::with_capacity(CA_KEY_COMMENT.len() + document.len()));
        told.extend_from_slice(CA_KEY_COMMENT.as_bytes());
        told.extend_from_slice(&document);
        told
    }

    /// A part among whole objects: nobody who applies these is to apply it with them.
    fn as_comment(&self) -> Option<String> {
        let command = self.patch_command("FILE")?;
        let mut text = format!(
            "# A part of the {}, and a comment because kubectl apply, with --server-side\n\
             # too, could take its other fields away. For your own manifest, or by --patch for\n\
             #   {command}\n#\n",
            self.kind
        );
        for line in String::from_utf8_lossy(&self.tree.document()).lines() {
            text.push_str("# ");
            text.push_str(line);
            text.push('\n');
        }
        Some(text)
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

/// Documents as one stream, `---` between them, as `kubectl apply -f -` reads them; a part of an object is a comment behind
/// them, unless it is alone.
#[must_use]
pub fn stream(manifests: &[Manifest]) -> Zeroizing<Vec<u8>> {
    const BETWEEN: &[u8] = b"---\n";
    let is_alone = manifests.len() == 1;
    let (parts, whole): (Vec<_>, Vec<_>) =
        manifests.iter().partition(|manifest| !is_alone && manifest.part_of.is_some());
    let documents: Vec<Zeroizing<Vec<u8>>> = whole.into_iter().map(Manifest::document).collect();
    let comments: String = parts.into_iter().filter_map(Manifest::as_comment).collect();
    let length: usize = documents.iter().map(|document| document.len() + BETWEEN.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(length + comments.len()));
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(BETWEEN);
        }
        out.extend_from_slice(document);
    }
    out.extend_from_slice(comments.as_bytes());
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
