//! The form of RFC 5280 that OpenSSL insists on where it is told to be strict, as Python 3.13 tells it: the checks under
//! X509_V_FLAG_X509_STRICT (`check_extensions`, crypto/x509/x509_vfy.c).

use super::chain::Held;
use super::report::Finding;
use super::rules::Rule;
use crate::x509::{Certificate, KeyUsage};

/// One authority; whether it is X.509 v3: of older ones there is no more to tell.
pub(super) fn of_authority(authority: &Held<'_>, found: &mut Vec<Finding>) -> bool {
    let Held { certificate, file, .. } = *authority;
    if certificate.version < 3 {
        let fact = format!("X.509 v{}; Python 3.13 refuses it", certificate.version);
        found.push(Finding::new(Rule::X509V1, file, fact));
        return false;
    }
    if certificate.ca.is_none() {
        let fact = "a CA without basicConstraints; Go, Java and Python 3.13 refuse it";
        found.push(Finding::new(Rule::CaConstraintsMissing, file, fact));
    }
    of_ca(authority, found);
    of_names(authority, found);
    issuer_key(authority, found);
    true
}

/// One server's certificate. Where it is its own issuer, nobody minds its form: RFC 5280 is not about such end-entities
/// (RFC 6818 §2), but for one that may sign and does not say whether it is a CA.
pub(super) fn of_server(server: &Held<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = *server;
    let own_issuer = certificate.is_own_issuer();
    let signs = has_bit(certificate, KeyUsage::KeyCertSign);
    let is_ca = certificate.ca == Some(true);
    if signs && !is_ca && (certificate.ca.is_none() || !own_issuer) {
        let fact = "its key usage has keyCertSign, and it is no CA; Python 3.13 refuses it";
        found.push(Finding::new(Rule::LeafLikeCa, file, fact));
    }
    if own_issuer {
        return;
    }
    if certificate.path_length.is_some() && !(is_ca && signs) {
        let fact = "it has a path length, and is no CA that may sign; Python 3.13 refuses it";
        found.push(Finding::new(Rule::LeafLikeCa, file, fact));
    }
    if is_ca {
        of_ca(server, found);
    }
    if certificate.version >= 3 {
        issuer_key(server, found);
    }
    of_names(server, found);
}

/// What says that it is a CA, or signs as one.
fn of_ca(held: &Held<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = *held;
    let mut say = |rule, fact: &str| found.push(Finding::new(rule, file, fact));
    if certificate.ca == Some(true) && !certificate.basic_constraints_critical {
        say(Rule::CaConstraintsNotCritical, "its basicConstraints is not critical; Python 3.13 refuses it");
    }
    if certificate.key_usage.is_none() {
        say(Rule::CaKeyUsageMissing, "no key usage; Python 3.13 refuses it");
    }
    if certificate.subject_key_identifier.is_none() {
        say(Rule::CaKeyIdentifierMissing, "no subject key identifier; Python 3.13 refuses it");
    }
}

fn issuer_key(held: &Held<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = *held;
    if !certificate.is_own_issuer() && certificate.authority_key_identifier.is_none() {
        let fact = "no authority key identifier; Python 3.13 refuses it";
        found.push(Finding::new(Rule::AuthorityKeyIdentifierMissing, file, fact));
    }
}

/// That it is called something. An issuer without a name is told of once, as the subject that it is elsewhere.
fn of_names(held: &Held<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = *held;
    let signs = certificate.ca == Some(true) || has_bit(certificate, KeyUsage::CrlSign);
    let has_names = certificate.has_subject_alt_names;
    let mut say = |rule, fact: &str| found.push(Finding::new(rule, file, fact));
    if certificate.subject.is_empty() {
        if signs || !has_names {
            say(Rule::SubjectEmpty, "it has no subject; Python 3.13 refuses it");
        } else if !certificate.subject_alt_names_critical {
            let fact = "no subject, and its subject alternative name is not critical; Python 3.13 refuses it";
            say(Rule::SanNotCritical, fact);
        }
    }
    if has_names
        && certificate.subject_alt_names.is_empty()
        && certificate.malformed_alt_names.is_empty()
        && certificate.other_alt_names == 0
    {
        say(Rule::SanEmpty, "its subject alternative name holds no name; Python 3.13 refuses it");
    }
}

fn has_bit(certificate: &Certificate, bit: KeyUsage) -> bool {
    certificate.key_usage.as_ref().is_some_and(|bits| bits.contains(&bit))
}
