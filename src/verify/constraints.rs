//! Name constraints: what an authority may sign, and whether what is under it keeps to that (RFC 5280 §4.2.1.10).

use super::chain::Held;
use super::report::Finding;
use super::rules::Rule;
use super::scene::Side;
use crate::x509::{Certificate, GeneralName, keeps_constraints, keeps_directories};

/// Whether the leaf, and every authority below that is not its own issuer's namesake, keeps to the constraints.
pub(super) fn judge(issuer: &Held<'_>, below: &[Held<'_>], side: Side, found: &mut Vec<Finding>) {
    let Certificate { permitted, excluded, permitted_directories, excluded_directories, subject, .. } =
        issuer.certificate;
    let has_none = [permitted, excluded].iter().all(|names| names.is_empty())
        && [permitted_directories, excluded_directories].iter().all(|names| names.is_empty());
    let limited = below.iter().enumerate().filter(|_| !has_none);
    for (at, link) in limited.filter(|(at, link)| *at == 0 || !link.certificate.is_self_issued()) {
        let mut say = |name: &str| {
            let fact = format!("\"{name}\" is outside the names that {subject} may sign");
            found.push(Finding::new(Rule::NameConstraints, link.file, fact));
        };
        for name in constrained_names(link.certificate, at == 0) {
            if !keeps_constraints(&name, permitted, excluded) {
                say(&name.short());
            }
        }
        if !keeps_directories(&link.certificate.subject, permitted_directories, excluded_directories) {
            say(&link.certificate.subject.to_string());
        }
    }
    // A server that judges clients is OpenSSL, which reads them.
    if side == Side::Server && !(permitted_directories.is_empty() && excluded_directories.is_empty()) {
        let fact = "its name constraints are about whole subjects; rustls refuses what is under it";
        found.push(Finding::new(Rule::SubjectConstraints, issuer.file, fact));
    }
    if issuer.certificate.has_other_constraints {
        let fact = "some of its name constraints are of a kind that is not judged here";
        let detail = "Only those on host names, addresses, mail and whole subjects are; OpenSSL may refuse what is under it.";
        found.push(Finding::new(Rule::ConstraintsNotChecked, issuer.file, fact).detail(detail));
    }
}

/// OpenSSL takes a leaf's common name for a host where there is no dNSName (NAME_CONSTRAINTS_check_CN).
fn constrained_names(certificate: &Certificate, is_leaf: bool) -> Vec<GeneralName> {
    let mut names = certificate.subject_alt_names.clone();
    if is_leaf && !names.iter().any(|name| matches!(name, GeneralName::Dns(_))) {
        let hosts = certificate.subject.common_names().filter(|name| name.contains('.'));
        names.extend(hosts.map(|host| GeneralName::Dns(host.into_owned())));
    }
    names
}
