//! The OpenSSL configuration in the script: one section of extensions for each certificate.

use super::quote;
use crate::plan::{CertificateSpec, IssuerRef, Plan};
use crate::x509::{BasicConstraints, GeneralName, Usage};

/// What `openssl req` and `openssl ca` want before they do anything: where the scratch database is, and that a subject
/// may be anything (`-preserveDN` takes it from the request as it is).
const GENERAL: &str = "\
[ req ]
distinguished_name = subject
string_mask = utf8only

[ subject ]

[ ca ]
default_ca = scratch

[ scratch ]
database = ${ENV::work}/index
serial = ${ENV::work}/serial
new_certs_dir = ${ENV::work}/copies
policy = any_subject

[ any_subject ]
commonName = optional
";

/// The whole configuration.
pub(super) fn config(plan: &Plan) -> String {
    let mut text = GENERAL.to_owned();
    for spec in &plan.certificates {
        text.push_str(&format!("\n[ {} ]\n", section(spec)));
        for (name, value) in extensions(spec) {
            text.push_str(&format!("{name} = {value}\n"));
        }
        if !spec.extensions.subject_alt_names.is_empty() {
            text.push_str(&format!("\n[ {} ]\n", names_section(spec)));
        }
        for (at, name) in spec.extensions.subject_alt_names.iter().enumerate() {
            text.push_str(&format!("{}.{} = {}\n", kind(name), at + 1, quote::value(&name.value())));
        }
    }
    text
}

/// The section that says which extensions a certificate has.
pub(super) fn section(spec: &CertificateSpec) -> String {
    format!("extensions_{}", spec.stem)
}

fn names_section(spec: &CertificateSpec) -> String {
    format!("names_{}", spec.stem)
}

/// Names and values, in the order in which they stand in the certificate.
fn extensions(spec: &CertificateSpec) -> Vec<(&'static str, String)> {
    let own = ("subjectKeyIdentifier", "hash".to_owned());
    // OpenSSL after 3.0 would write one into a root, unless told not to.
    let issuers = if spec.usage == Usage::RootCa { "none" } else { "keyid:always" };
    let issuers = ("authorityKeyIdentifier", issuers.to_owned());
    // A certificate that names its own key as its issuer's takes the name from itself, so that has to come first.
    let own_first = spec.issuer == IssuerRef::Itself && spec.usage != Usage::RootCa;
    let mut list = if own_first { vec![own.clone(), issuers] } else { vec![issuers] };
    if !spec.extensions.subject_alt_names.is_empty() {
        // Critical where nothing else names the holder (RFC 5280 §4.2.1.6).
        let critical = if spec.subject.is_empty() { "critical, " } else { "" };
        list.push(("subjectAltName", format!("{critical}@{}", names_section(spec))));
    }
    let usages: Vec<&str> = spec.extensions.key_usage.iter().map(|usage| usage.id()).collect();
    if !usages.is_empty() {
        list.push(("keyUsage", format!("critical, {}", usages.join(", "))));
    }
    let purposes: Vec<String> = spec.extensions.extended_key_usage.iter().map(ToString::to_string).collect();
    if !purposes.is_empty() {
        list.push(("extendedKeyUsage", purposes.join(", ")));
    }
    if !own_first {
        list.push(own);
    }
    list.push(("basicConstraints", format!("critical, {}", constraints(spec.extensions.basic_constraints))));
    list
}

fn constraints(constraints: BasicConstraints) -> String {
    match constraints {
        BasicConstraints::EndEntity => "CA:FALSE".to_owned(),
        BasicConstraints::Ca { path_length: None } => "CA:TRUE".to_owned(),
        BasicConstraints::Ca { path_length: Some(length) } => format!("CA:TRUE, pathlen:{length}"),
    }
}

/// OpenSSL's word (x509v3_config(5)).
fn kind(name: &GeneralName) -> &'static str {
    match name {
        GeneralName::Dns(_) => "DNS",
        GeneralName::Ip(_) => "IP",
        GeneralName::Email(_) => "email",
        GeneralName::Uri(_) => "URI",
    }
}
