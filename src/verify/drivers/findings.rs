//! What the judge says of one end-entity on one side of a connection, each finding with its place on the way to the
//! trust of the other side.

use super::catalogue::{Driver, Set};
use super::effect::Place;
use crate::verify::chain::{Chain, End, Held};
use crate::verify::report::Finding;
use crate::verify::roles::Roles;
use crate::verify::scene::{Identity, Scene, Side};
use crate::verify::{Exhibit, Policy, Rule, authority, keyfiles, leaf, path, revocation, settings};

/// Where a finding belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// At a link of the chain; the leaf is 0.
    Link(usize),
    /// Beside it.
    Beside(Place),
}

/// The findings, and the chain that they are about.
pub(super) struct Heard<'a> {
    pub(super) chain: Chain<'a>,
    pub(super) findings: Vec<(Spot, Finding)>,
    side: Side,
    /// The first link above the leaf that the other side trusts.
    first_trusted: Option<usize>,
}

impl Heard<'_> {
    /// What a finding is about for a stack; `None`: it never looks so far.
    pub(super) fn place(&self, spot: Spot, driver: Driver) -> Option<Place> {
        let at = match spot {
            Spot::Beside(place) => return Some(place),
            Spot::Link(0) => return Some(Place::Leaf),
            Spot::Link(at) => at,
        };
        let stops = self.side == Side::Server && Set::STOPS_AT_TRUST.has(driver);
        let reaches_trust = matches!(self.chain.end, End::Anchor | End::NotSelfSigned);
        let last = reaches_trust.then(|| self.chain.links.len().saturating_sub(1));
        match self.first_trusted.filter(|_| stops).or(last) {
            Some(anchor) if at > anchor => None,
            Some(anchor) if at == anchor => Some(Place::Anchor),
            _ => Some(Place::Intermediate),
        }
    }
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
    let is_trusted = |link: &Held<'_>| scene.trust(side).iter().any(|trusted| trusted.place == link.place);
    let first_trusted = (1..chain.links.len()).find(|at| chain.links.get(*at).is_some_and(is_trusted));
    let mut findings: Vec<(Spot, Finding)> =
        placed.into_iter().map(|(at, finding)| (Spot::Link(at), finding)).collect();
    let mut say = |spot: Spot, found: Vec<Finding>| {
        findings.extend(found.into_iter().map(|finding| (spot, finding)));
    };
    for (at, link) in chain.links.iter().enumerate().skip(1) {
        let mut found = Vec::new();
        authority::judge(link, &mut found);
        say(Spot::Link(at), found);
    }
    say(Spot::Link(0), leaf::judge(identity, scene, policy));
    of_key(identity, scene, policy, &mut say);
    of_files(identity, side, scene, &mut say);
    say(Spot::Beside(Place::Lists), revocation::of_chain(identity, side, scene, roles, policy));
    let mut found = Vec::new();
    settings::judge(roles, scene.exhibits, policy, &mut found);
    say(Spot::Beside(Place::Settings), found);
    if side == Side::Server && roles.trusts_system() {
        // What the system's own store holds is its own affair.
        findings.retain(|(spot, finding)| {
            let ends = matches!(finding.rule, Rule::ChainIncomplete | Rule::NotTrusted);
            matches!(spot, Spot::Link(0) | Spot::Beside(_)) && !ends
        });
    }
    Heard { chain, findings, side, first_trusted }
}

fn of_key(
    identity: &Identity<'_>,
    scene: &Scene<'_>,
    policy: &Policy,
    say: &mut impl FnMut(Spot, Vec<Finding>),
) {
    let mut found = Vec::new();
    keyfiles::judge(identity, scene, policy, &mut found);
    if let Some(key) = identity.key {
        let mut modes = Vec::new();
        keyfiles::modes(scene, policy, &mut modes);
        found.extend(modes.into_iter().filter(|finding| finding.files.contains(&key.name)));
    }
    say(Spot::Beside(Place::Key), found);
}

/// What is wrong with the files as such.
fn of_files(
    identity: &Identity<'_>,
    side: Side,
    scene: &Scene<'_>,
    say: &mut impl FnMut(Spot, Vec<Finding>),
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
        say(Spot::Beside(place), exhibit.findings.clone());
    }
}
