//! A certificate, its key and what it trusts as a Secret of the type `kubernetes.io/tls`, in the order in which kubectl
//! prints its fields (`kubectl create secret tls --dry-run=client -o yaml`).

use super::yaml::scalar;
use crate::pem;
use zeroize::Zeroizing;

/// How the lines of every such manifest begin; what ends with a space has a value behind it.
pub const SECRET_LINES: [&str; 10] = [
    "---",
    "apiVersion: v1",
    "data:",
    "  ca.crt: ",
    "  tls.crt: ",
    "  tls.key: ",
    "kind: Secret",
    "metadata:",
    NAME_FIELD,
    "type: kubernetes.io/tls",
];
/// What the name of the object stands behind.
const NAME_FIELD: &str = "  name: ";

/// The contents of a Secret, as PEM.
#[derive(Clone, Copy)]
pub struct TlsSecret<'a> {
    /// The object's name, as [`object_name`](super::object_name) makes it.
    pub name: &'a str,
    /// The certificate and what is appended to it.
    pub certificate: &'a [u8],
    /// Its key.
    pub key: &'a [u8],
    /// What whoever has it trusts.
    pub trust: &'a [u8],
}

/// Never shows the key.
impl std::fmt::Debug for TlsSecret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

impl TlsSecret<'_> {
    /// The manifest as one document of a stream of them.
    #[must_use]
    pub fn manifest(&self) -> Zeroizing<Vec<u8>> {
        let (certificate, trust) = (pem::base64_line(self.certificate), pem::base64_line(self.trust));
        let key = pem::secret_base64_line(self.key);
        let name = scalar(self.name);
        let values = ["", "", "", &trust, &certificate, key.as_str(), "", "", &name, ""];
        let parts: Vec<&str> =
            SECRET_LINES.into_iter().zip(values).flat_map(|(begin, value)| [begin, value, "\n"]).collect();
        // It never grows: that would leave a copy of a key in freed memory.
        let mut out = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
        parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        out
    }
}

/// Whether a line, without its end, is the one at that place of a manifest, counted from 0.
#[must_use]
pub fn is_secret_line(place: usize, line: &str) -> bool {
    SECRET_LINES.get(place).is_some_and(|begin| match begin.ends_with(' ') {
        true => line.starts_with(begin),
        false => line == *begin,
    })
}

/// The name of the object on a line of a manifest, as far as the line tells it.
#[must_use]
pub fn secret_object(line: &str) -> Option<&str> {
    // A name of an object needs no escapes; one that is quoted could be taken for a number.
    Some(line.strip_prefix(NAME_FIELD)?.trim_matches('"'))
}
