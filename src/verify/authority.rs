//! Certificates of authorities: the form that strict clients want, and what their serial numbers say.

use super::chain::Held;
use super::report::Finding;
use super::rules::Rule;
use super::scene::Scene;
use std::collections::HashMap;

/// The form of one authority.
pub(super) fn judge(authority: &Held<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = *authority;
    let mut say = |rule, fact: &str| found.push(Finding::new(rule, file, fact));
    if certificate.version < 3 {
        say(Rule::X509V1, "X.509 v1; Python 3.13 refuses it");
        return;
    }
    match certificate.ca {
        None => say(
            Rule::CaConstraintsMissing,
            "a CA without basicConstraints; Go, Java and Python 3.13 refuse it",
        ),
        Some(true) if !certificate.basic_constraints_critical => {
            say(
                Rule::CaConstraintsNotCritical,
                "its basicConstraints is not critical; Python 3.13 refuses it",
            );
        }
        Some(_) => {}
    }
    if certificate.key_usage.is_none() {
        say(Rule::CaKeyUsageMissing, "no key usage; Python 3.13 refuses it");
    }
    if certificate.subject_key_identifier.is_none() {
        say(Rule::CaKeyIdentifierMissing, "no subject key identifier; Python 3.13 refuses it");
    }
    if !certificate.is_own_issuer() {
        if certificate.authority_key_identifier.is_none() {
            say(Rule::AuthorityKeyIdentifierMissing, "no authority key identifier; Python 3.13 refuses it");
        }
        if certificate.path_length.is_none() {
            say(Rule::NoPathLength, "no path length; its key can make further CAs");
        }
    }
}

/// Serial numbers that cannot be, and those that two certificates of one issuer share.
pub(super) fn serials(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let mut met: HashMap<_, Held<'_>> = HashMap::new();
    for held in scene.certificates() {
        let Held { certificate, file, .. } = *held;
        let serial = certificate.serial.as_slice();
        let zero = serial.iter().all(|byte| *byte == 0);
        let negative = serial.first().is_some_and(|byte| byte & 0x80 != 0);
        let fact = match (zero, negative, serial.len()) {
            (true, ..) => Some("its serial number is zero"),
            (_, true, _) => Some("its serial number is negative"),
            (_, _, 21..) => Some("its serial number is over 20 octets"),
            _ => None,
        };
        if let Some(fact) = fact {
            found.push(Finding::new(Rule::SerialMalformed, file, fact));
        }
        let number = (certificate.issuer.as_der(), serial);
        let twin = met.insert(number, *held);
        if let Some(twin) = twin {
            let fact = format!("it has the serial number of {}, from the same issuer", twin.file);
            let detail = "Revoking one revokes both.";
            found.push(Finding::new(Rule::SerialTwice, file, fact).detail(detail));
        }
    }
}
