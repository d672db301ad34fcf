//! Which faults a renewal mends, and the command for it: what lacks extensions gets them, what ends goes on, and the key,
//! the names and the authority stay.

use super::chain::Held;
use super::mend::{has_key, is_word, parent, request_of};
use super::report::{Finding, Report};
use super::rules::Rule;
use super::scene::{Identity, Scene};
use super::severity::Severity;
use crate::pg::sides_of_name;
use crate::x509::{Certificate, GeneralName, KeyUsage};
use std::collections::BTreeSet;

/// A certificate that can be renewed where it lies.
struct Renewable<'a> {
    stem: &'a str,
    directory: &'a str,
    /// Whether its CA's key is elsewhere.
    wants_ca_directory: bool,
    /// What it is for, where it has to be said.
    usage: Option<&'static str>,
}

/// Gives the findings that a renewal mends their command, and hands back the one that mends all of them; `None` where that
/// would say no more than each.
pub(super) fn hint(report: &mut Report, scene: &Scene<'_>) -> Option<String> {
    let is_revoked = |finding: &&Finding| matches!(finding.rule, Rule::Revoked | Rule::IndexRevoked);
    let revoked = report.findings.iter().filter(is_revoked).flat_map(|finding| finding.files.clone());
    let revoked: BTreeSet<String> = revoked.collect();
    let mut all = BTreeSet::new();
    let mut commands = BTreeSet::new();
    for finding in report.findings.iter_mut().filter(|finding| finding.severity != Severity::Note) {
        let mended =
            finding.files.iter().all(|file| !revoked.contains(file) && is_mended(finding.rule, file, scene));
        let Some(command) =
            mended.then(|| command(finding.files.iter().map(String::as_str), scene)).flatten()
        else {
            continue;
        };
        all.extend(finding.files.iter().cloned());
        commands.insert(command.clone());
        finding.hint = Some(command);
    }
    let ordered = in_order(&all, scene);
    command(ordered.into_iter(), scene).filter(|whole| !commands.contains(whole))
}

/// End-entities first, servers before clients, then authorities from the lowest up.
fn in_order<'s>(files: &'s BTreeSet<String>, scene: &Scene<'_>) -> Vec<&'s str> {
    let rank = |file: &&str| match leaf(file, scene) {
        Some(identity) if identity.serves => 0,
        Some(_) => 1,
        None if authority(file, scene).is_some_and(|held| !held.certificate.is_own_issuer()) => 2,
        None => 3,
    };
    let mut ordered: Vec<&str> = files.iter().map(String::as_str).collect();
    ordered.sort_by_key(rank);
    ordered
}

fn leaf<'s, 'a>(file: &str, scene: &'s Scene<'a>) -> Option<&'s Identity<'a>> {
    scene.identities.iter().find(|identity| identity.leaf.file == file)
}

fn authority<'s, 'a>(file: &str, scene: &'s Scene<'a>) -> Option<&'s Held<'a>> {
    scene.authorities.iter().find(|authority| authority.file == file)
}

/// Whether the certificate of a file, renewed, has this fault no more.
fn is_mended(rule: Rule, file: &str, scene: &Scene<'_>) -> bool {
    match (leaf(file, scene), authority(file, scene)) {
        (Some(identity), _) => is_mended_in_leaf(rule, identity.leaf.certificate),
        (None, Some(held)) => is_mended_in_authority(rule, held.certificate),
        (None, None) => false,
    }
}

fn is_mended_in_leaf(rule: Rule, certificate: &Certificate) -> bool {
    match rule {
        Rule::Expired
        | Rule::ExpiresSoon
        | Rule::X509V1
        | Rule::DigestTooWeak
        | Rule::AuthorityKeyIdentifierMissing
        | Rule::SerialMalformed => true,
        // One that says that it signs goes on being a CA.
        Rule::LeafIsCa | Rule::LeafMintsLogins => {
            let usage = certificate.key_usage.as_ref();
            !usage.is_some_and(|bits| bits.contains(&KeyUsage::KeyCertSign))
        }
        Rule::ClientPassesAsServer | Rule::ServerPassesAsClient => !certificate.has_extended_key_usage,
        Rule::SanMissing => {
            let first = certificate.subject.common_names().next();
            let host = first.and_then(|name| name.parse::<GeneralName>().ok());
            matches!(host, Some(GeneralName::Dns(_) | GeneralName::Ip(_)))
        }
        _ => false,
    }
}

fn is_mended_in_authority(rule: Rule, certificate: &Certificate) -> bool {
    let is_marked = certificate.ca == Some(true);
    is_marked
        && matches!(
            rule,
            Rule::Expired
                | Rule::ExpiresSoon
                | Rule::DigestTooWeak
                | Rule::CaKeyUsageMissing
                | Rule::CaKeyIdentifierMissing
                | Rule::CaConstraintsNotCritical
                | Rule::AuthorityKeyIdentifierMissing
                | Rule::SerialMalformed
        )
}

/// The command that renews the certificates of these files; `None` where one cannot be, or they do not lie together.
fn command<'f>(files: impl Iterator<Item = &'f str>, scene: &Scene<'_>) -> Option<String> {
    let all: Vec<Renewable<'_>> = files.map(|file| renewable(file, scene)).collect::<Option<_>>()?;
    let first = all.first()?;
    let mut usages = all.iter().map(|one| one.usage);
    if all.iter().any(|one| one.directory != first.directory) || usages.any(|usage| usage != first.usage) {
        return None;
    }
    let stems: Vec<&str> = all.iter().map(|one| one.stem).collect();
    let mut command = format!("pgtls renew {} -D {}", stems.join(" "), first.directory);
    if all.iter().any(|one| one.wants_ca_directory) {
        command.push_str(" --ca-dir DIRECTORY_OF_THE_CA_KEY");
    }
    first.usage.iter().for_each(|usage| command.push_str(&format!(" --as {usage}")));
    Some(command)
}

fn renewable<'a>(file: &str, scene: &Scene<'a>) -> Option<Renewable<'a>> {
    let (held, identity) = match (leaf(file, scene), authority(file, scene)) {
        (Some(identity), _) => (&identity.leaf, Some(identity)),
        (None, held) => (held?, None),
    };
    let name = held.file.rsplit('/').next().unwrap_or(held.file);
    let directory = parent(held.file, scene);
    let stem = name.strip_suffix(".crt").filter(|stem| is_word(stem) && is_word(directory))?;
    let wants_ca_directory = match held.certificate.is_own_issuer() {
        true if has_key(held, scene) => false,
        true => return None,
        false => {
            let mut issuers = scene
                .authorities
                .iter()
                .filter(|ca| ca.certificate.subject == held.certificate.issuer && ca.place != held.place);
            let is_signed_here = issuers.any(|ca| has_key(ca, scene));
            // Whoever asked somebody else's CA for it asks there again; and of a CA that is not here nobody knows.
            let was_asked_for =
                identity.is_some_and(|identity| request_of(identity.exhibit, scene).is_some());
            let is_known =
                scene.authorities.iter().any(|ca| ca.certificate.subject == held.certificate.issuer);
            if !is_signed_here && (was_asked_for || !is_known) {
                return None;
            }
            !is_signed_here
        }
    };
    let says_use = held.certificate.has_extended_key_usage || sides_of_name(stem) != (false, false);
    let usage = identity.filter(|_| !says_use).map(|identity| match (identity.serves, identity.logs_in) {
        (true, true) => "node",
        (true, false) => "server",
        (false, _) => "client",
    });
    Some(Renewable { stem, directory, wants_ca_directory, usage })
}
