//! Certificates of authorities: the form that strict clients want, and what their serial numbers say.

use super::chain::Held;
use super::form;
use super::report::Finding;
use super::rules::Rule;
use super::scene::Scene;
use std::collections::HashMap;

/// The form of one authority.
pub(super) fn judge(authority: &Held<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = *authority;
    let is_v3 = form::of_authority(authority, found);
    if is_v3 && !certificate.is_own_issuer() && certificate.path_length.is_none() {
        let fact = "no path length; its key can make further CAs";
        found.push(Finding::new(Rule::NoPathLength, file, fact));
    }
}

/// Serial numbers that cannot be, and those that two certificates of one issuer share.
pub(super) fn serials(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let mut met: HashMap<_, Held<'_>> = HashMap::with_capacity(scene.certificates().len());
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
