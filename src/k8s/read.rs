//! Secrets as `kubectl get secret -o yaml|json` and manifests have them: one object, a List, several documents.
//!
//! What else stands in a manifest is passed over. Nothing of a value reaches a message.

use super::manifest_error::ManifestError;
use crate::pem;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// A Secret and what it holds, decoded.
pub struct HeldSecret {
    /// Its namespace, where the manifest says one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its keys and what each holds, in the order of the keys.
    pub entries: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

/// Never shows what it holds.
impl fmt::Debug for HeldSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&String> = self.entries.keys().collect();
        f.debug_struct("HeldSecret").field("name", &self.name).field("keys", &keys).finish_non_exhaustive()
    }
}

/// A text that may be secret.
struct Text(Zeroizing<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// An object, as far as it matters here.
#[derive(Deserialize)]
struct Object {
    kind: Option<String>,
    metadata: Option<Metadata>,
    data: Option<BTreeMap<String, Option<Text>>>,
    #[serde(rename = "stringData")]
    string_data: Option<BTreeMap<String, Option<Text>>>,
    items: Option<Vec<Object>>,
}

#[derive(Deserialize)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
}

/// Whether a file is a manifest: text that says at its outermost which kind of which version it is, and no PEM.
#[must_use]
pub fn is_manifest(contents: &[u8]) -> bool {
    // Most files are PEM, and told from their beginning.
    if contents.starts_with(b"-----BEGIN") {
        return false;
    }
    let Ok(text) = std::str::from_utf8(contents) else { return false };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') {
        return text.contains("\"apiVersion\"") && text.contains("\"kind\"");
    }
    let says = |field: &str| text.lines().any(|line| line.starts_with(field));
    !text.starts_with("-----BEGIN") && says("apiVersion:") && says("kind:")
}

/// The most documents of one manifest: `issue --stream k8s` writes one for each role. Their bytes are bounded already.
const DOCUMENTS: usize = 100_000;

/// The Secrets of a manifest; `file` is where it comes from.
///
/// # Errors
/// [`ManifestError`] where it cannot be read, holds no Secret, or a Secret holds what is no base64.
pub fn secrets(file: &str, contents: &[u8]) -> Result<Vec<HeldSecret>, ManifestError> {
    let file = || file.to_owned();
    let text = std::str::from_utf8(contents).map_err(|_| ManifestError::NotText { file: file() })?;
    let bounds = serde_saphyr::options! { budget: serde_saphyr::budget! { max_documents: DOCUMENTS } };
    let objects: Vec<Object> = serde_saphyr::from_multiple_with_options(text, bounds).map_err(|error| {
        // Its own words show what stands around the place.
        let place = error.location().map(|place| (place.line(), place.column()));
        ManifestError::Syntax { file: file(), place }
    })?;
    let mut found = Vec::new();
    for object in objects {
        take(object, &file(), &mut found)?;
    }
    if found.is_empty() { Err(ManifestError::NoSecret { file: file() }) } else { Ok(found) }
}

fn take(object: Object, file: &str, found: &mut Vec<HeldSecret>) -> Result<(), ManifestError> {
    let Object { kind, metadata, data, string_data, items } = object;
    // A List has a kind for each of its sorts: List, SecretList.
    for item in items.into_iter().flatten() {
        take(item, file, found)?;
    }
    if kind.as_deref() != Some("Secret") {
        return Ok(());
    }
    let (name, namespace) = metadata.map_or((None, None), |it| (it.name, it.namespace));
    let name = name.unwrap_or_else(|| "unnamed".to_owned());
    let mut entries = BTreeMap::new();
    for (key, value) in data.into_iter().flatten() {
        let value = value.unwrap_or_else(|| Text(Zeroizing::default()));
        let bytes = pem::from_base64(value.0.as_bytes()).ok_or_else(|| ManifestError::NotBase64 {
            file: file.to_owned(),
            secret: name.clone(),
            key: key.clone(),
        })?;
        entries.insert(key, bytes);
    }
    // What is written in clear counts more (Secret, stringData).
    for (key, value) in string_data.into_iter().flatten() {
        let text = value.map(|text| text.0.as_bytes().to_vec()).unwrap_or_default();
        entries.insert(key, Zeroizing::new(text));
    }
    found.push(HeldSecret { namespace, name, entries });
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let found = secrets("f", text.as_bytes()).unwrap();
        let entry = |(key, value): (&String, &Zeroizing<Vec<u8>>)| {
            format!("{key}={}", String::from_utf8_lossy(value))
        };
        found
            .iter()
            .map(|it| {
                let place = it.namespace.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
                format!("{place}{} {}", it.name, it.entries.iter().map(entry).collect::<Vec<_>>().join(" "))
            })
            .collect()
    }

    #[test]
    fn one_object_a_list_and_several_documents_are_read_in_yaml_and_json() {
        let one =
            "apiVersion: v1\ndata:\n  b: Yg==\n  a: ''\nkind: Secret\nmetadata:\n  name: x\n  namespace: n\n";
        assert_eq!(shown(one), ["n/x a= b=b"]);
        let list = "apiVersion: v1\nitems:\n- apiVersion: v1\n  data:\n    b: Yg==\n  kind: Secret\n  metadata:\n    name: x\n\
                    - apiVersion: v1\n  kind: ConfigMap\n  data:\n    c: plain text\nkind: List\n";
        assert_eq!(shown(list), ["x b=b"]);
        assert_eq!(shown(&format!("---\n{one}---\n# nothing\n---\n{one}...\n")).len(), 2);
        let json = r#"{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "x", "labels": {"a": 1}},
                       "data": {"b": "Yg==", "n": null}, "type": "Opaque"}"#;
        assert_eq!(shown(json), ["x b=b n="]);
        let clear = "apiVersion: v1\nkind: Secret\nmetadata: {name: \"123\"}\ndata: {b: Yg==, n: MTIz}\nstringData:\n  b: |\n    two\n    lines\n";
        assert_eq!(shown(clear), ["123 b=two\nlines\n n=123"]);
        let long = "QUJD".repeat(20_000);
        for text in [
            format!("apiVersion: v1\nkind: Secret\ndata:\n  a: {long}\n"),
            format!("{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{{\"a\":\"{long}\"}}}}"),
        ] {
            assert!(is_manifest(text.as_bytes()));
            assert_eq!(secrets("f", text.as_bytes()).unwrap()[0].entries["a"].len(), 60_000);
        }
    }

    #[test]
    fn a_manifest_is_told_from_pem_and_from_other_text() {
        assert!(is_manifest(b"---\napiVersion: v1\nkind: Secret\n"));
        assert!(is_manifest(b"{\n \"apiVersion\": \"v1\", \"kind\": \"List\"}"));
        assert!(is_manifest(
            b"apiVersion: v1\nkind: Secret\nstringData:\n  a: |\n    -----BEGIN CERTIFICATE-----\n"
        ));
        for text in [
            "",
            "kind: x",
            "-----BEGIN CERTIFICATE-----\napiVersion:\nkind:",
            "  apiVersion: v1\n  kind: x",
            "{}",
        ] {
            assert!(!is_manifest(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error_that_shows_no_value() {
        for (text, wanted) in [
            (
                "apiVersion: v1\nkind: Secret\ndata:\n  k: hunter2!\n",
                "f: secret \"unnamed\" holds no base64 under \"k\"",
            ),
            ("apiVersion: v1\nkind: Secret\ndata: [hunter2]\n", "f:3:7: not the YAML or JSON of a Secret"),
            ("apiVersion: v1\nkind: Secret\ndata:\n  k: \"hunter2\n", "not the YAML or JSON of a Secret"),
            ("apiVersion: v1\nkind: ConfigMap\ndata:\n  k: hunter2\n", "f: no Secret in it"),
        ] {
            let error = secrets("f", text.as_bytes()).unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(error.to_string().contains(wanted) && !said.contains("hunter2"), "{said}");
        }
        let bomb = (1..30).fold("a0: &a0 [x]\n".to_owned(), |text, at| {
            format!("{text}a{at}: &a{at} [*a{0}, *a{0}, *a{0}, *a{0}]\n", at - 1)
        });
        assert!(secrets("f", format!("kind: Secret\n{bomb}").as_bytes()).is_err());
    }
}
