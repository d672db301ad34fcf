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
use std::collections::{BTreeSet, HashMap, HashSet};

/// A certificate that can be renewed where it lies.
struct Renewable<'a> {
    stem: &'a str,
    directory: &'a str,
    /// Whether its CA's key is elsewhere.
    wants_ca_directory: bool,
    /// What it is for, where it has to be said.
    usage: Option<&'static str>,
}

/// More names than this are not printed.
const FEW: usize = 8;

/// Gives the findings that a renewal mends their command, and hands back the one that mends all of them; `None` where that
/// would say no more than each.
pub(super) fn hint(report: &mut Report, scene: &Scene<'_>) -> Option<String> {
    let is_revoked = |finding: &&Finding| matches!(finding.rule, Rule::Revoked | Rule::IndexRevoked);
    let revoked = report.findings.iter().filter(is_revoked).flat_map(|finding| finding.files.clone());
    let revoked: BTreeSet<String> = revoked.collect();
    let held = Holdings::of(scene);
    let (mut all, mut commands) = (BTreeSet::new(), BTreeSet::new());
    for finding in report.findings.iter_mut().filter(|finding| finding.severity != Severity::Note) {
        let is_mended = |file: &String| !revoked.contains(file) && held.is_mended(finding.rule, file);
        if !finding.files.iter().all(is_mended) {
            continue;
        }
        let Some(command) = held.command(finding.files.iter().map(String::as_str)) else { continue };
        all.extend(finding.files.iter().cloned());
        commands.insert(command.clone());
        finding.hint = Some(command);
    }
    held.command(held.in_order(&all).into_iter()).filter(|whole| !commands.contains(whole))
}

/// The certificates of a scene by their files, of which there may be thousands.
struct Holdings<'s, 'a> {
    scene: &'s Scene<'a>,
    leaves: HashMap<&'a str, &'s Identity<'a>>,
    authorities: HashMap<&'a str, &'s Held<'a>>,
    /// The places of the authorities whose keys are here.
    with_key: HashSet<usize>,
}

impl<'s, 'a> Holdings<'s, 'a> {
    fn of(scene: &'s Scene<'a>) -> Self {
        Self {
            scene,
            leaves: scene.identities.iter().map(|identity| (identity.leaf.file, identity)).collect(),
            authorities: scene.authorities.iter().map(|held| (held.file, held)).collect(),
            with_key: {
                let with_key = scene.authorities.iter().filter(|held| has_key(held, scene));
                with_key.map(|held| held.place).collect()
            },
        }
    }

    /// End-entities first, servers before clients, then authorities from the lowest up.
    fn in_order<'f>(&self, files: &'f BTreeSet<String>) -> Vec<&'f str> {
        let rank = |file: &&str| match (self.leaves.get(file), self.authorities.get(file)) {
            (Some(identity), _) if identity.serves => 0,
            (Some(_), _) => 1,
            (None, Some(held)) if !held.certificate.is_own_issuer() => 2,
            (None, _) => 3,
        };
        let mut ordered: Vec<&str> = files.iter().map(String::as_str).collect();
        ordered.sort_by_key(rank);
        ordered
    }

    /// Whether the certificate of a file, renewed, has this fault no more.
    fn is_mended(&self, rule: Rule, file: &str) -> bool {
        match (self.leaves.get(file), self.authorities.get(file)) {
            (Some(identity), _) => is_mended_in_leaf(rule, identity.leaf.certificate),
            (None, Some(held)) => is_mended_in_authority(rule, held.certificate),
            (None, None) => false,
        }
    }

    /// The command that renews the certificates of these files; `None` where one cannot be, or they do not lie together.
    fn command<'f>(&self, files: impl Iterator<Item = &'f str>) -> Option<String> {
        let all: Vec<Renewable<'_>> = files.map(|file| self.renewable(file)).collect::<Option<_>>()?;
        let first = all.first()?;
        let mut usages = all.iter().map(|one| one.usage);
        if all.iter().any(|one| one.directory != first.directory) || usages.any(|usage| usage != first.usage)
        {
            return None;
        }
        let stems: Vec<&str> = all.iter().map(|one| one.stem).collect();
        let names = if stems.len() > FEW { "--all".to_owned() } else { stems.join(" ") };
        let mut command = format!("pgtls renew {names} -D {}", first.directory);
        if all.iter().any(|one| one.wants_ca_directory) {
            command.push_str(" --ca-dir DIRECTORY_OF_THE_CA_KEY");
        }
        first.usage.iter().for_each(|usage| command.push_str(&format!(" --as {usage}")));
        Some(command)
    }

    fn renewable(&self, file: &str) -> Option<Renewable<'a>> {
        let (held, identity) = match (self.leaves.get(file), self.authorities.get(file)) {
            (Some(identity), _) => (&identity.leaf, Some(*identity)),
            (None, held) => (*held?, None),
        };
        let name = held.file.rsplit('/').next().unwrap_or(held.file);
        let directory = parent(held.file, self.scene);
        let stem = name.strip_suffix(".crt").filter(|stem| is_word(stem) && is_word(directory))?;
        let wants_ca_directory = self.wants_ca_directory(held, identity)?;
        let says_use = held.certificate.has_extended_key_usage || sides_of_name(stem) != (false, false);
        let usage =
            identity.filter(|_| !says_use).map(|identity| match (identity.serves, identity.logs_in) {
                (true, true) => "node",
                (true, false) => "server",
                (false, _) => "client",
            });
        Some(Renewable { stem, directory, wants_ca_directory, usage })
    }

    /// Whether the key of its CA is elsewhere; `None` where nobody here can renew it.
    fn wants_ca_directory(&self, held: &Held<'_>, identity: Option<&Identity<'_>>) -> Option<bool> {
        let scene = self.scene;
        if held.certificate.is_own_issuer() {
            return has_key(held, scene).then_some(false);
        }
        let is_issuer =
            |ca: &&Held<'_>| ca.certificate.subject == held.certificate.issuer && ca.place != held.place;
        let mut issuers = scene.authorities.iter().filter(is_issuer).peekable();
        // Of a CA that is not here nobody knows where it is.
        issuers.peek()?;
        if issuers.any(|ca| self.with_key.contains(&ca.place)) {
            return Some(false);
        }
        // Whoever asked somebody else's CA for it asks there again.
        identity.is_none_or(|identity| request_of(identity.exhibit, scene).is_none()).then_some(true)
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
