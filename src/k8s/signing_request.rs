//! A certificate request as the `CertificateSigningRequest` of `certificates.k8s.io/v1`, by which a cluster's signer is
//! asked (Kubernetes documentation, "Certificates and Certificate Signing Requests").

use super::error::{KubernetesError, LEAST_SECONDS, MOST_SECONDS};
use super::object::{is_subdomain, object_name};
use super::yaml::scalar;
use crate::pem;
use crate::plan::RequestSpec;
use crate::x509::{ExtendedKeyUsage, KeyUsage, Lifetime};
use std::fmt::{self, Write};
use std::str::FromStr;

/// Who is to sign: a domain and a path, such as `example.com/postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerName(String);

impl FromStr for SignerName {
    type Err = KubernetesError;

    fn from_str(text: &str) -> Result<Self, KubernetesError> {
        let is_name = match text.split_once('/') {
            Some((domain, path)) => is_subdomain(domain) && domain.contains('.') && is_subdomain(path),
            None => false,
        };
        match is_name {
            true => Ok(Self(text.to_owned())),
            false => Err(KubernetesError::SignerName { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for SignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a cluster is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest {
    signer: SignerName,
    seconds: Option<i64>,
}

impl SigningRequest {
    /// Asks that signer, for so long where a lifetime is given.
    ///
    /// # Errors
    /// [`KubernetesError::Lifetime`] for one that the API does not take.
    pub fn new(signer: SignerName, lifetime: Option<Lifetime>) -> Result<Self, KubernetesError> {
        let seconds = lifetime.map(|lifetime| {
            let seconds = lifetime.duration().whole_seconds();
            let fits = (LEAST_SECONDS..=MOST_SECONDS).contains(&seconds);
            if fits { Ok(seconds) } else { Err(KubernetesError::Lifetime { found: lifetime }) }
        });
        Ok(Self { signer, seconds: seconds.transpose()? })
    }

    /// The manifest, its fields in the order in which kubectl prints them.
    #[must_use]
    pub fn manifest(&self, spec: &RequestSpec, request: &[u8]) -> String {
        let mut out = String::from("apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\n");
        let common_name = spec.subject.common_names().next().unwrap_or_default();
        let _ = writeln!(out, "metadata:\n  name: {}", scalar(&object_name(spec.usage.id(), &common_name)));
        out.push_str("spec:\n");
        if let Some(seconds) = self.seconds {
            let _ = writeln!(out, "  expirationSeconds: {seconds}");
        }
        let text = pem::encode_request(request);
        let _ = writeln!(out, "  request: {}", scalar(&pem::base64_line(text.as_bytes())));
        let _ = writeln!(out, "  signerName: {}", scalar(&self.signer.0));
        out.push_str("  usages:\n");
        for usage in usages(spec) {
            let _ = writeln!(out, "  - {}", scalar(usage));
        }
        out
    }
}

/// The API's words for what the request asks for.
fn usages(spec: &RequestSpec) -> Vec<&'static str> {
    let extensions = &spec.extensions;
    let has_key_usage = |usage| extensions.key_usage.contains(&usage);
    let has_purpose = |purpose: &ExtendedKeyUsage| extensions.extended_key_usage.contains(purpose);
    [
        ("digital signature", has_key_usage(KeyUsage::DigitalSignature)),
        ("key encipherment", has_key_usage(KeyUsage::KeyEncipherment)),
        ("server auth", has_purpose(&ExtendedKeyUsage::server_auth())),
        ("client auth", has_purpose(&ExtendedKeyUsage::client_auth())),
    ]
    .into_iter()
    .filter_map(|(word, asked)| asked.then_some(word))
    .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_signer_is_a_domain_and_a_name_in_lower_case() {
        for text in ["example.com/postgres", "kubernetes.io/kube-apiserver-client", "a.b/c.d"] {
            assert_eq!(text.parse::<SignerName>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "postgres",
            "example/postgres",
            "Example.com/x",
            "example.com/",
            "a.b/c/d",
            "a.b/x y",
            "a.b/c\n",
        ] {
            assert!(text.parse::<SignerName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_lifetime_is_one_that_the_api_takes() {
        let signer: SignerName = "a.b/c".parse().unwrap();
        let asked = |text: &str| SigningRequest::new(signer.clone(), Some(text.parse().unwrap()));
        assert_eq!(asked("90d").unwrap().seconds, Some(7_776_000));
        assert_eq!(asked("10m").unwrap().seconds, Some(600));
        assert!(asked("599s").is_err() && asked("70y").is_err());
    }
}
