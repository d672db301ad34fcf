//! Revocation lists, as PostgreSQL and libpq use them: as soon as one is loaded, every issuer in every chain needs a
//! current one (X509_V_FLAG_CRL_CHECK and CRL_CHECK_ALL).

use super::applicable::{Choice, choose, is_current};
use super::chain::{self, End, Held};
use super::exhibit::Exhibit;
use super::mend::{new_list, put_away, rewritten, run};
use super::policy::Policy;
use super::report::Finding;
use super::roles::Roles;
use super::rules::Rule;
use super::scene::{Identity, Scene, Side};
use super::wellformed;
use crate::keys::{PublicKey, SignatureCheck, name_hash};
use crate::pg::certificate_file;
use crate::x509::{
    Certificate, KeyUsage, Name, Revocation, RevocationList, RevocationReason, format_date, format_instant,
    format_serial,
};
use time::OffsetDateTime;

/// Where `pgtls revoke` cannot: a copy under a name of another program, or under a CA whose key is elsewhere.
const TAKE_AWAY: &str =
    "Take its file away: a certificate that is revoked is of no use, and a new one takes its place.";

/// A list and its file.
#[derive(Clone, Copy)]
pub(super) struct HeldList<'a> {
    pub(super) list: &'a RevocationList,
    pub(super) file: &'a str,
}

/// Everything about the lists of a scene.
pub(super) fn judge(scene: &Scene<'_>, roles: &Roles, policy: &Policy, found: &mut Vec<Finding>) {
    let all = lists(scene, roles);
    form(scene, found);
    if let Some(directory) = roles.crl_directory.as_deref() {
        hash_names(&all, directory, found);
    }
    // Beside its successor a list that has ended is nobody's trouble.
    let lists: Vec<HeldList<'_>> =
        all.iter().copied().filter(|held| !is_superseded(held, &all, policy.at)).collect();
    if lists.is_empty() {
        // A directory switches checking on, whatever is in it; that is told with the settings.
        if roles.crl_directory.is_none() {
            none(scene, policy, found);
        }
        return;
    }
    anchors(scene, &lists, policy, found);
    for held in &lists {
        currency(held, policy, found);
        signature(held, scene, found);
        wellformed::list(held.list, held.file, found);
    }
    for identity in &scene.identities {
        for side in [Side::Server, Side::Client] {
            let shows = if side == Side::Server { identity.serves } else { identity.logs_in };
            if shows {
                chain_lists(identity, side, scene, &lists, policy, found);
            }
        }
    }
    // A server's settings alone: its clients are elsewhere, and what it trusts is here.
    if policy.server.is_some() && !scene.identities.iter().any(|identity| identity.logs_in) {
        for trusted in scene.trust(Side::Client) {
            let subject = &trusted.certificate.subject;
            if !lists.iter().any(|held| held.list.issuer == *subject) {
                found.push(missing(subject, trusted.file, &lists, scene));
            }
        }
    }
}

/// A certificate that is revoked needs no key: to make it one is the mend of nothing.
pub(super) fn want_no_key(found: &mut Vec<Finding>) {
    let is_revoked = |finding: &&Finding| matches!(finding.rule, Rule::Revoked | Rule::IndexRevoked);
    let revoked: Vec<String> = found.iter().filter(is_revoked).flat_map(|it| it.files.clone()).collect();
    found.retain(|it| it.rule != Rule::KeyMissing || !it.files.iter().all(|file| revoked.contains(file)));
}

/// What the lists alone do to one chain: those of its issuers, and whether each issuer has one.
pub(super) fn of_chain(
    identity: &Identity<'_>,
    side: Side,
    scene: &Scene<'_>,
    roles: &Roles,
    policy: &Policy,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let chain = chain::build(identity.leaf, &identity.sent, scene.trust(side), policy.at, &scene.index);
    let issues =
        |held: &HeldList<'_>| chain.links.iter().any(|link| link.certificate.issuer == held.list.issuer);
    let all: Vec<HeldList<'_>> = lists(scene, roles);
    let lists: Vec<HeldList<'_>> =
        all.iter().copied().filter(|held| !is_superseded(held, &all, policy.at)).collect();
    let own: Vec<HeldList<'_>> = lists.iter().copied().filter(issues).collect();
    if let Some(directory) = roles.crl_directory.as_deref() {
        hash_names(&own, directory, &mut found);
    }
    for held in &own {
        currency(held, policy, &mut found);
        signature(held, scene, &mut found);
        wellformed::list(held.list, held.file, &mut found);
    }
    if !lists.is_empty() {
        chain_lists(identity, side, scene, &lists, policy, &mut found);
    }
    found
}

/// The lists that are looked at: those of files that hold no trust.
pub(super) fn lists<'a>(scene: &Scene<'a>, roles: &Roles) -> Vec<HeldList<'a>> {
    let named = |exhibit: &&Exhibit| match (&roles.crl_file, &roles.crl_directory) {
        (None, None) => true,
        (file, directory) => {
            let within = |directory: &String| is_in(&exhibit.name, directory);
            file.as_ref() == Some(&exhibit.name) || directory.as_ref().is_some_and(within)
        }
    };
    let all = scene.exhibits.iter().filter(|exhibit| !is_trust(exhibit, scene)).filter(named);
    all.flat_map(|exhibit| exhibit.lists.iter().map(|list| HeldList { list, file: &exhibit.name })).collect()
}

/// Whether a file lies in a directory.
pub(super) fn is_in(name: &str, directory: &str) -> bool {
    name.strip_prefix(directory.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

fn is_superseded(held: &HeldList<'_>, all: &[HeldList<'_>], at: OffsetDateTime) -> bool {
    let better = |other: &HeldList<'_>| other.list.issuer == held.list.issuer && is_current(other.list, at);
    !is_current(held.list, at) && all.iter().any(better)
}

/// Whether each list lies under the name by which it is looked for: `openssl crl -hash`, `.r` and a number.
fn hash_names(lists: &[HeldList<'_>], directory: &str, found: &mut Vec<Finding>) {
    for held in lists.iter().filter(|held| is_in(held.file, directory)) {
        let wanted = format!("{:08x}.r", name_hash(&held.list.issuer.canonical_der()));
        // `openssl rehash` leaves the file where it is, and puts a link beside it.
        let is_found = lists.iter().filter(|other| other.list == held.list).any(|other| {
            let name = other.file.rsplit('/').next().unwrap_or_default();
            let number = name.strip_prefix(&wanted).and_then(|number| number.parse::<u32>().ok());
            is_in(other.file, directory) && number.is_some()
        });
        if !is_found {
            let fact = format!("nobody looks for the list of {} under that name", held.list.issuer);
            let detail = "Every certificate under its issuer is refused: unable to get certificate CRL.";
            let hint = run(&format!("openssl rehash {directory}"));
            found.push(Finding::new(Rule::CrlHashName, held.file, fact).detail(detail).hint(hint));
        }
    }
}

fn is_trust(exhibit: &Exhibit, scene: &Scene<'_>) -> bool {
    [Side::Server, Side::Client].iter().any(|side| scene.trust_file(*side) == Some(exhibit.name.as_str()))
}

fn form(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    for exhibit in scene.exhibits.iter().filter(|exhibit| !exhibit.lists.is_empty()) {
        if is_trust(exhibit, scene) {
            let fact = "a revocation list in the CA file alone is never looked at";
            let detail = "It is loaded, but checking is switched on by ssl_crl_file, ssl_crl_dir, sslcrl or sslcrldir.";
            found.push(Finding::new(Rule::CrlOnlyInTrust, &exhibit.name, fact).detail(detail));
        } else if !exhibit.certificates.is_empty() {
            let fact = "a certificate in a CRL file becomes a trust anchor";
            let path = scene.path(&exhibit.name);
            let hint = match exhibit.lists.len() {
                1 => run(&rewritten("crl", &path)),
                _ => "Keep the lists alone in it.".to_owned(),
            };
            found.push(Finding::new(Rule::CaInCrlFile, &exhibit.name, fact).hint(hint));
        }
    }
}

fn none(scene: &Scene<'_>, policy: &Policy, found: &mut Vec<Finding>) {
    if !scene.exhibits.iter().all(|exhibit| exhibit.lists.is_empty()) {
        return;
    }
    if policy.client.is_some() {
        if !scene.trust(Side::Server).is_empty() {
            let fact = "no CRL; a server whose certificate was revoked is taken all the same";
            found.push(Finding::of_directory(Rule::CrlNone, fact));
        }
        return;
    }
    let ends = scene.identities.iter().map(|identity| identity.leaf.certificate.window.not_after).max();
    if let Some(end) = ends {
        let fact = format!("no CRL; nobody can be shut out before {}", format_date(end));
        found.push(Finding::of_directory(Rule::CrlNone, fact));
    }
}

/// Where a client's servers are not here, what their chains will want all the same: a list of the anchor.
fn anchors(scene: &Scene<'_>, lists: &[HeldList<'_>], policy: &Policy, found: &mut Vec<Finding>) {
    let is_shown = scene.identities.iter().any(|identity| identity.serves);
    if policy.client.is_none() || is_shown {
        return;
    }
    let mut anchors = scene.trust(Side::Server).iter().filter(|held| held.certificate.is_own_issuer());
    let has_list = |held: &Held<'_>| lists.iter().any(|other| other.list.issuer == held.certificate.subject);
    let (Some(anchor), false) = (anchors.next(), anchors.next().is_some()) else { return };
    if !has_list(anchor) {
        let fact = format!(
            "no revocation list of {} is here, and every chain needs one",
            anchor.certificate.subject
        );
        let detail = "Every server is refused: unable to get certificate CRL.";
        let hint = "Append its list, which may be empty.";
        let file = lists.first().map_or(anchor.file, |held| held.file);
        found.push(Finding::new(Rule::CrlMissing, file, fact).detail(detail).hint(hint));
    }
}

fn currency(held: &HeldList<'_>, policy: &Policy, found: &mut Vec<Finding>) {
    let outage = "Until it is replaced, every certificate under its issuer is refused.";
    let HeldList { list, file } = *held;
    if policy.at < list.this_update {
        let fact =
            format!("the list of {} is not valid before {}", list.issuer, format_instant(list.this_update));
        found.push(Finding::new(Rule::CrlNotYetValid, file, fact).detail(outage));
    }
    let Some(next) = list.next_update else { return };
    // One that is made for a few days is made anew in the last third of them, and not before.
    if policy.at > next {
        let fact = format!("the list of {} has ended, at {}", list.issuer, format_instant(next));
        found.push(Finding::new(Rule::CrlStale, file, fact).detail(outage));
    } else if next - policy.at < policy.expires_in.min((next - list.this_update) / 3) {
        let fact = format!("the list of {} ends soon, at {}", list.issuer, format_instant(next));
        found.push(Finding::new(Rule::CrlExpiresSoon, file, fact));
    }
}

fn signature(held: &HeldList<'_>, scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let HeldList { list, file } = *held;
    let all = scene.certificates();
    let issuers: Vec<&Held<'_>> =
        all.iter().filter(|other| other.certificate.subject == list.issuer).collect();
    if issuers.is_empty() {
        return;
    }
    let signed = list.signed();
    let check = |issuer: &&Held<'_>| {
        let key = PublicKey::from_spki_der(&issuer.certificate.public_key);
        key.verify(signed.algorithm, signed.to_be_signed, signed.signature)
    };
    let Some(signer) = issuers.iter().find(|issuer| check(issuer) == SignatureCheck::Good) else {
        let unchecked = issuers.iter().find_map(|issuer| match check(issuer) {
            SignatureCheck::NotChecked { reason } => Some(reason),
            _ => None,
        });
        if let Some(reason) = unchecked {
            let fact = format!("the signature of the list of {} could not be checked", list.issuer);
            let finding = Finding::new(Rule::SignatureNotChecked, file, fact);
            let path = scene.path(file);
            let hint = format!("Ask OpenSSL: openssl crl -in {path} -CAfile {}", scene.path(issuers[0].file));
            found.push(finding.detail(format!("{reason}.")).hint(format!("{hint} -verify -noout")));
            return;
        }
        let fact = format!("the list of {} was not signed with its key", list.issuer);
        // Whoever makes lists writes over none that is not theirs.
        let next = new_list(&list.issuer, &format!("Put a list of {} in its place", list.issuer), scene);
        let hint = format!("Move {} away. {next}", scene.path(file));
        found.push(Finding::new(Rule::CrlSignatureBad, file, fact).hint(hint));
        return;
    };
    if signer.certificate.key_usage.as_ref().is_some_and(|bits| !bits.contains(&KeyUsage::CrlSign)) {
        let fact = format!("the key usage of {} does not let it sign revocation lists", signer.file);
        found.push(Finding::new(Rule::CrlSignatureBad, file, fact));
    }
}

/// Each issuer of a chain has a list, and nobody in the chain is on one.
fn chain_lists(
    identity: &Identity<'_>,
    side: Side,
    scene: &Scene<'_>,
    lists: &[HeldList<'_>],
    policy: &Policy,
    found: &mut Vec<Finding>,
) {
    let chain = chain::build(identity.leaf, &identity.sent, scene.trust(side), policy.at, &scene.index);
    if chain.end != End::Anchor {
        return;
    }
    for (at, link) in chain.links.iter().enumerate() {
        let certificate = link.certificate;
        // The anchor signs itself.
        let issuer = chain.links.get(at + 1).unwrap_or(link);
        let is_anchor = at + 1 == chain.links.len() && at > 0;
        match choose(certificate, issuer.certificate, lists.iter().map(|held| held.list), policy.at) {
            // What it signed has been said to lack the same list.
            Choice::Missing if is_anchor => {}
            Choice::Missing => {
                let finding = missing(&certificate.issuer, link.file, lists, scene);
                found.push(match is_put_away(issuer.certificate, policy) {
                    true => finding.hint(ANOTHER),
                    false => finding,
                });
            }
            Choice::OutOfScope(list) => found.push(out_of_scope(link, list, lists)),
            // OpenSSL takes who is on the list for revoked, from whenever on the list says.
            Choice::Taken(list) => {
                let entry = list.find(&certificate.serial);
                let stays = |entry: &Revocation<'_>| entry.reason != Some(RevocationReason::RemoveFromCrl);
                let Some(entry) = entry.filter(stays) else { continue };
                let since =
                    if entry.instant <= policy.at { "since" } else { "even before the date on the list," };
                let fact = format!("it is revoked, {since} {}", format_instant(entry.instant));
                let finding = Finding::new(Rule::Revoked, link.file, fact);
                let of_leaf = || (at == 0).then(|| TAKE_AWAY.to_owned());
                found.push(match put_away(certificate, link.file, scene).or_else(of_leaf) {
                    Some(hint) => finding.hint(hint),
                    None => finding,
                });
            }
        }
    }
}

/// What helps whoever hangs from a CA that makes no list any more.
const ANOTHER: &str = "Its CA was put away, as rotate does when it drops one: whoever is to have a certificate again gets \
                       another, by pgtls issue, after moving the old files away.";

/// Whether a CA lies in the folder of what was put away.
fn is_put_away(ca: &Certificate, policy: &Policy) -> bool {
    let ending = format!("-{}", certificate_file(&format_serial(&ca.serial)));
    policy.put_away.iter().any(|name| name.ends_with(&ending))
}

/// A list that is not here; told of the file of lists, or of `file` where there is none. Its words are the same for all that
/// hang from the CA, so that they are printed once.
fn missing(issuer: &Name, file: &str, lists: &[HeldList<'_>], scene: &Scene<'_>) -> Finding {
    let fact = format!("no revocation list of {issuer} is here that counts, and all it issued need one");
    let detail =
        "Once one list is loaded, every issuer in the chain needs one: unable to get certificate CRL.";
    let file = lists.first().map_or(file, |held| held.file);
    let place = if lists.is_empty() { "the directory of lists, under its hash name" } else { "the lists" };
    let hint =
        new_list(issuer, &format!("Put a whole list of {issuer} into {place}; it may be empty"), scene);
    Finding::new(Rule::CrlMissing, file, fact).detail(detail).hint(hint)
}

fn out_of_scope(link: &Held<'_>, list: &RevocationList, lists: &[HeldList<'_>]) -> Finding {
    let fact = format!("the list of {} is not about certificates like {}", list.issuer, link.file);
    let detail = "Its issuingDistributionPoint names some certificates alone, and OpenSSL wants a list for each, the root's \
                  own among them: different CRL scope.";
    let file = lists.iter().find(|held| held.list == list).map_or(link.file, |held| held.file);
    Finding::new(Rule::CrlScope, file, fact).detail(detail)
}
