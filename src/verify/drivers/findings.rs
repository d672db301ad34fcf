//! What the judge says of one end-entity on one side of a connection, each finding with its place on the way to the
//! trust of the other side.

use super::effects::Place;
use crate::verify::chain::{Chain, End};
use crate::verify::report::Finding;
use crate::verify::scene::{Identity, Roles, Scene, Side};
use crate::verify::{Exhibit, Policy, Rule, authority, keyfiles, leaf, path, revocation, settings};

/// The findings, and the chain that they are about.
pub(super) struct Heard<'a> {
    pub(super) chain: Chain<'a>,
    pub(super) findings: Vec<(Place, Finding)>,
}

/// Whether the chain breaks for want of a certificate that somebody could send.
pub(super) fn lacks_issuer(heard: &Heard<'_>) -> bool {
    heard.chain.end == End::NoIssuer
}

/// The same end-entity, with its file filled up from what its own side trusts: OpenSSL does so where the file holds the
/// leaf alone (`ssl_add_cert_chain`, ssl/statem/statem_lib.c).
pub(super) fn filled_up<'a>(identity: &Identity<'a>, side: Side, scene: &Scene<'a>) -> Option<Identity<'a>> {
    let own_trust = match side {
        Side::Server => scene.trust(Side::Client),
        Side::Client => scene.trust(Side::Server),
    };
    let can_be_filled = identity.sent.is_empty() && !own_trust.is_empty();
    can_be_filled.then(|| Identity { sent: own_trust.to_vec(), ..*identity })
}

/// All that is said.
pub(super) fn hear<'a>(
    identity: &Identity<'a>,
    side: Side,
    scene: &Scene<'a>,
    roles: &Roles,
    policy: &Policy,
) -> Heard<'a> {
    let (chain, placed) = path::by_link(identity, side, scene, policy);
    let place_of = |at: usize| match at {
        0 => Place::Leaf,
        _ if at + 1 == chain.links.len() && chain.end == End::Anchor => Place::Anchor,
        _ if at + 1 == chain.links.len() && chain.end == End::NotSelfSigned => Place::Anchor,
        _ => Place::Intermediate,
    };
    let mut findings: Vec<(Place, Finding)> =
        placed.into_iter().map(|(at, finding)| (place_of(at), finding)).collect();
    let mut say = |place: Place, found: Vec<Finding>| {
        findings.extend(found.into_iter().map(|finding| (place, finding)));
    };
    for (at, link) in chain.links.iter().enumerate().skip(1) {
        let mut found = Vec::new();
        authority::judge(link, &mut found);
        say(place_of(at), found);
    }
    say(Place::Leaf, leaf::judge(identity, scene, policy));
    of_key(identity, scene, policy, &mut say);
    of_files(identity, side, scene, &mut say);
    say(Place::Lists, revocation::of_chain(identity, side, scene, roles, policy));
    let mut found = Vec::new();
    settings::judge(roles, scene.exhibits, policy, &mut found);
    say(Place::Settings, found);
    if side == Side::Server && roles.trusts_system() {
        findings.retain(|(place, _)| !matches!(place, Place::Intermediate | Place::Anchor));
        findings.retain(|(_, finding)| !matches!(finding.rule, Rule::ChainIncomplete | Rule::NotTrusted));
    }
    Heard { chain, findings }
}

fn of_key(
    identity: &Identity<'_>,
    scene: &Scene<'_>,
    policy: &Policy,
    say: &mut impl FnMut(Place, Vec<Finding>),
) {
    let mut found = Vec::new();
    keyfiles::judge(identity, scene, policy, &mut found);
    if let Some(key) = identity.key {
        let mut modes = Vec::new();
        keyfiles::modes(scene, policy, &mut modes);
        found.extend(modes.into_iter().filter(|finding| finding.files.contains(&key.name)));
    }
    say(Place::Key, found);
}

/// What is wrong with the files as such.
fn of_files(
    identity: &Identity<'_>,
    side: Side,
    scene: &Scene<'_>,
    say: &mut impl FnMut(Place, Vec<Finding>),
) {
    let is_key = |exhibit: &Exhibit| {
        identity.key.is_some_and(|key| key.name == exhibit.name)
            || (exhibit.is_key_by_name() && exhibit.stem() == identity.exhibit.stem())
    };
    for exhibit in scene.exhibits.iter().filter(|exhibit| !exhibit.findings.is_empty()) {
        let place = if exhibit.name == identity.exhibit.name {
            Place::OwnFile
        } else if is_key(exhibit) {
            Place::Key
        } else if scene.trust_file(side) == Some(exhibit.name.as_str()) {
            Place::Trust
        } else if !exhibit.lists.is_empty() {
            Place::Lists
        } else {
            continue;
        };
        say(place, exhibit.findings.clone());
    }
}
