//! A CA that is being rotated: how far that is, by the names of its files, and what comes next.

use super::exhibit::Exhibit;
use super::mend::as_word;
use super::report::Finding;
use super::rules::Rule;
use super::scene::Scene;
use crate::pg::{certificate_file, next_stem, rotated_stem};

/// Says of each CA that comes after another, or came before it, which phase its rotation is in.
pub(super) fn judge(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let is_ca = |exhibit: &&Exhibit| exhibit.certificates.first().is_some_and(|first| first.ca == Some(true));
    for exhibit in scene.exhibits.iter().filter(is_ca) {
        let stem = exhibit.name.strip_suffix(".crt");
        let Some((stem, own)) = stem.and_then(|stem| Some((stem, rotated_stem(stem)?))) else { continue };
        let own_file = certificate_file(own);
        if !scene.exhibits.iter().filter(is_ca).any(|other| other.name == own_file) {
            continue;
        }
        let (fact, next) = if stem == next_stem(own) {
            let next = format!(
                "{}, once every peer trusts both",
                command(own, "switch --trust-is-distributed", scene)
            );
            (format!("it comes after {own_file}, and signs nothing yet"), next)
        } else {
            let next = format!("{}, once nothing needs it", command(own, "drop", scene));
            (format!("it came before {own_file}, and is trusted still"), next)
        };
        let detail = format!("The rotation of {own} is half-way; next is {next}.");
        found.push(Finding::new(Rule::RotationHalfWay, &exhibit.name, fact).detail(detail));
    }
}

/// The next command; the directory that need not be named is not.
fn command(own: &str, phase: &str, scene: &Scene<'_>) -> String {
    let command = format!("pgtls rotate {} {phase}", as_word(own));
    match scene.directory() {
        "pki" => command,
        "" => format!("{command} -D ."),
        directory => format!("{command} -D {}", as_word(directory)),
    }
}
