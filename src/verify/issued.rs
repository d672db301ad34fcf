//! What a CA issued by its index, against the certificates that are here.

use super::chain::Held;
use super::exhibit::Exhibit;
use super::mend::{new_list, run};
use super::report::Finding;
use super::rules::Rule;
use super::scene::Scene;
use crate::index::{Index, Line, Revoked};
use crate::keys::SignatureCheck;
use crate::x509::{format_instant, significant};
use std::collections::HashSet;

/// How many certificates of an index are named that are elsewhere.
const MOST_NAMED: usize = 3;

/// Every index, against the certificates of its CA. It goes after the revocation lists: what they say is not said again.
pub(super) fn judge(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    for exhibit in scene.exhibits {
        let Some(index) = &exhibit.issued else { continue };
        if index.is_open() {
            let fact = "its last line has no line break at its end, so that OpenSSL passes over it";
            let path = scene.path(&exhibit.name);
            let finding = Finding::new(Rule::IndexDamaged, &exhibit.name, fact);
            found.push(finding.hint(run(&format!("echo >>{path}"))));
        }
        if let Some(authority) = authority(exhibit, scene) {
            against(&exhibit.name, index, authority, scene, found);
        }
    }
}

/// The certificate of the CA whose index it is: the first of the file that is called like it.
fn authority<'a>(exhibit: &Exhibit, scene: &Scene<'a>) -> Option<Held<'a>> {
    let certificate = scene.index.namesakes(exhibit).find_map(|other| other.certificates.first())?;
    scene.index.held(certificate)
}

fn against(name: &str, index: &Index, authority: Held<'_>, scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let of_revoked = found.iter().filter(|finding| finding.rule == Rule::Revoked);
    let known: HashSet<String> = of_revoked.flat_map(|finding| finding.files.clone()).collect();
    let mut here = HashSet::new();
    for held in scene.certificates() {
        let certificate = held.certificate;
        let is_its = certificate.issuer == authority.certificate.subject
            && !certificate.is_own_issuer()
            && scene.index.signature(*held, authority) == SignatureCheck::Good;
        if !is_its {
            continue;
        }
        match index.line_of(&certificate.serial) {
            None => found.push(not_listed(held, name, scene)),
            Some(line) => {
                here.insert(significant(&certificate.serial));
                if let Some(revoked) = line.revoked.filter(|_| !known.contains(held.file)) {
                    found.push(is_revoked(held, name, revoked, scene));
                }
            }
        }
    }
    let elsewhere: Vec<&Line> =
        index.lines().iter().filter(|line| !here.contains(line.serial.as_slice())).collect();
    if !elsewhere.is_empty() {
        found.push(not_here(name, &elsewhere, index.lines().len()));
    }
}

fn not_listed(held: &Held<'_>, index: &str, scene: &Scene<'_>) -> Finding {
    let (file, database) = (scene.path(held.file), scene.path(index));
    let detail = "A revocation list that is made of it will never name the certificate.";
    let hint =
        format!("Record it: openssl ca -valid {file}, with a configuration whose database is {database}.");
    Finding::new(Rule::NotInIndex, held.file, format!("{index} does not list it")).detail(detail).hint(hint)
}

fn is_revoked(held: &Held<'_>, index: &str, revoked: Revoked, scene: &Scene<'_>) -> Finding {
    let reason = revoked.reason.map(|reason| format!(", {reason}")).unwrap_or_default();
    let fact = format!("it is revoked, says {index}: {}{reason}", format_instant(revoked.at));
    let detail = "No revocation list here says so, and servers and clients ask nothing else.";
    let issuer = &held.certificate.issuer;
    let hint = new_list(issuer, &format!("Put a new list of {issuer} beside it"), scene);
    Finding::new(Rule::IndexRevoked, held.file, fact).detail(detail).hint(hint)
}

fn not_here(index: &str, elsewhere: &[&Line], all: usize) -> Finding {
    let fact = match (elsewhere.len(), all) {
        (1, 1) => "the certificate that it lists is not here".to_owned(),
        (1, all) => format!("one of the {all} certificates that it lists is not here"),
        (count, all) if count == all => format!("none of the {all} certificates that it lists is here"),
        (count, all) => format!("{count} of the {all} certificates that it lists are not here"),
    };
    let named = elsewhere.iter().take(MOST_NAMED);
    let named: Vec<String> = named.map(|line| format!("{} {}", line.serial_hex(), line.subject)).collect();
    let more = match elsewhere.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Finding::new(Rule::IndexedElsewhere, index, fact).detail(format!("{}{more}.", named.join(", ")))
}
