//! One chain from a leaf to its anchor: signatures, authorities, windows, strength.

use super::chain::{self, Chain, End, Held};
use super::leaf::allows;
use super::mend::run;
use super::policy::Policy;
use super::report::Finding;
use super::rules::Rule;
use super::scene::{Identity, Scene, Side};
use super::severity::Severity;
use super::{constraints, wellformed};
use crate::keys::{PublicKey, SignatureAlgorithm, SignatureCheck, SignatureScheme};
use crate::x509::{Certificate, KeyUsage, format_instant};
use time::OffsetDateTime;

/// What OpenSSL's security level 2, the default of Debian and others, takes: 112 bits (SSL_CTX_set_security_level(3)).
const LEVEL_2_BITS: u32 = 112;

/// The way up from the issuer of a leaf, on each side, that was judged last: thousands of leaves share one, and what is
/// said of it is said once.
#[derive(Debug, Default)]
pub(super) struct Above {
    of_servers: Option<(Vec<usize>, End)>,
    of_clients: Option<(Vec<usize>, End)>,
}

impl Above {
    /// Whether the way up is the one that was judged before; it is the one to know from here on.
    fn is_known(&mut self, chain: &Chain<'_>, side: Side) -> bool {
        let last = match side {
            Side::Server => &mut self.of_servers,
            Side::Client => &mut self.of_clients,
        };
        let places = || chain.links.iter().skip(1).map(|link| link.place);
        let known = last.as_ref().is_some_and(|(way, end)| {
            *end == chain.end && way.len() + 1 == chain.links.len() && places().eq(way.iter().copied())
        });
        if !known {
            *last = Some((places().collect(), chain.end));
        }
        known
    }
}

/// Everything that stands between a leaf and the trust of the other side, but for what was said above already.
pub(super) fn judge<'a>(
    identity: &Identity<'a>,
    side: Side,
    scene: &Scene<'a>,
    policy: &Policy,
    above: &mut Above,
) -> Vec<Finding> {
    let chain = chain_of(identity, side, scene, policy);
    let first = if above.is_known(&chain, side) { 1 } else { chain.links.len() };
    let found = along(&chain, first, identity, side, scene, policy);
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// The same, each with the place in the chain of the certificate that it is about; the leaf's is 0.
pub(super) fn by_link<'a>(
    identity: &Identity<'a>,
    side: Side,
    scene: &Scene<'a>,
    policy: &Policy,
) -> (Chain<'a>, Vec<(usize, Finding)>) {
    let chain = chain_of(identity, side, scene, policy);
    let found = along(&chain, chain.links.len(), identity, side, scene, policy);
    (chain, found)
}

fn chain_of<'a>(identity: &Identity<'a>, side: Side, scene: &Scene<'a>, policy: &Policy) -> Chain<'a> {
    chain::build(identity.leaf, &identity.sent, scene.trust(side), policy.at, &scene.index)
}

/// What is to be said of the first `links` of a chain, and of what they stand under.
fn along<'a>(
    chain: &Chain<'a>,
    links: usize,
    identity: &Identity<'a>,
    side: Side,
    scene: &Scene<'a>,
    policy: &Policy,
) -> Vec<(usize, Finding)> {
    let mut placed = Vec::new();
    let mut place = |at: usize, say: &mut dyn FnMut(&mut Vec<Finding>)| {
        let mut found = Vec::new();
        say(&mut found);
        placed.extend(found.into_iter().map(|finding| (at, finding)));
    };
    place(chain.links.len().saturating_sub(1), &mut |found| end(chain, side, scene, found));
    for (at, link) in chain.links.iter().enumerate() {
        let is_anchor = at + 1 == chain.links.len() && chain.end == End::Anchor;
        let issuer = chain.links.get(at + 1);
        if at < links {
            place(at, &mut |found| {
                window(link, issuer, policy, found);
                strength(link, is_anchor, found);
                if chain.links.len() > 1 {
                    curve(link, found);
                }
                wellformed::certificate(link, is_anchor, found);
                issuer.iter().for_each(|issuer| signature(link, issuer, scene, found));
            });
        }
        let Some(issuer) = issuer else { continue };
        place(at + 1, &mut |found| {
            if at < links {
                let below = chain.links.get(1..=at).unwrap_or_default().iter();
                let below = below.filter(|link| !link.certificate.is_self_issued()).count();
                let is_last = at + 2 == chain.links.len();
                authority(issuer, link, (below, is_last), side, found);
            }
            constraints::judge(issuer, chain.links.get(..=at).unwrap_or_default(), side, found);
        });
    }
    place(0, &mut |found| {
        if side == Side::Server {
            scram(identity.leaf, found);
        }
        appended(identity, chain, scene, found);
        order(identity, found);
    });
    placed
}

/// Whether each certificate behind the leaf is the issuer of the one before it, as TLS 1.2 wants.
fn order(identity: &Identity<'_>, found: &mut Vec<Finding>) {
    let mut before = identity.leaf.certificate;
    for held in &identity.sent {
        if !held.certificate.may_have_issued(before) {
            let fact = "the certificates behind the leaf are not in the order of their signatures";
            let detail = "TLS 1.2 wants each to be the issuer of the one before it; some clients insist.";
            found.push(Finding::new(Rule::ChainOrder, identity.leaf.file, fact).detail(detail));
            return;
        }
        before = held.certificate;
    }
}

fn end(chain: &Chain<'_>, side: Side, scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Some(last) = chain.links.last() else { return };
    if scene.is_trust_elsewhere(side) {
        return;
    }
    let trust = scene.trust_file(side).unwrap_or("the trust file");
    let finding = match chain.end {
        End::Anchor => return,
        End::NoIssuer | End::Circle => incomplete(last, scene, side),
        End::NotSelfSigned => {
            let fact =
                format!("{} is trusted, but is no anchor: it does not sign itself", last.certificate.subject);
            let detail =
                "PostgreSQL and libpq take no partial chain: a trust file has to reach a self-signed root.";
            let roots = scene.certificates().iter();
            let root = roots.filter(|other| other.certificate.may_have_issued(last.certificate));
            let hint = match root
                .filter(|root| scene.holds_alone(root))
                .find(|root| root.certificate.is_own_issuer())
            {
                Some(root) => run(&format!("cat {} >> {}", scene.path(root.file), scene.path(trust))),
                None => format!("Append the certificate of {} to {trust}.", last.certificate.issuer),
            };
            Finding::new(Rule::AnchorNotSelfSigned, last.file, fact).detail(detail).hint(hint)
        }
        End::NotTrusted => {
            let fact = format!("{} signs itself and is not in {trust}", last.certificate.subject);
            let detail = format!("If the other side is to trust it, it has to be in {trust} itself.");
            let hint = match scene.holds_alone(last) {
                true => run(&format!("cat {} >> {}", scene.path(last.file), scene.path(trust))),
                false => format!("Put it into {trust}, if it belongs there."),
            };
            Finding::new(Rule::NotTrusted, last.file, fact).detail(detail).hint(hint)
        }
    };
    found.push(finding);
}

/// When it ends, and whether it lives longer than what it hangs from.
pub(super) fn window(link: &Held<'_>, issuer: Option<&Held<'_>>, policy: &Policy, found: &mut Vec<Finding>) {
    let window = link.certificate.window;
    let at = |instant: OffsetDateTime| format_instant(instant);
    if policy.at > window.not_after {
        let detail = "PostgreSQL starts on it without a word; the other side refuses it.";
        let fact = format!("it has ended, at {}", at(window.not_after));
        found.push(Finding::new(Rule::Expired, link.file, fact).detail(detail));
    } else if policy.at < window.not_before {
        let fact = format!("it is not valid before {}", at(window.not_before));
        found.push(Finding::new(Rule::NotYetValid, link.file, fact));
    } else if window.not_after - policy.at < policy.expires_in {
        let fact = format!("it ends soon, at {}", at(window.not_after));
        found.push(Finding::new(Rule::ExpiresSoon, link.file, fact));
    }
    if let Some(issuer) = issuer {
        let ends = issuer.certificate.window.not_after;
        if window.not_after > ends && policy.at <= ends {
            let fact = format!("it outlives {}, and stops working with it", issuer.certificate.subject);
            let detail = format!("It ends at {}, its issuer at {}.", at(window.not_after), at(ends));
            found.push(Finding::new(Rule::OutlivesIssuer, link.file, fact).detail(detail));
        }
    }
}

fn strength(link: &Held<'_>, is_anchor: bool, found: &mut Vec<Finding>) {
    let key = PublicKey::from_spki_der(&link.certificate.public_key);
    if key.security_bits().is_some_and(|bits| bits < LEVEL_2_BITS) {
        let detail = "OpenSSL refuses it at security level 2, its default on Debian: key too small.";
        let fact = format!("its key is too weak: {key}");
        found.push(Finding::new(Rule::KeyTooSmall, link.file, fact).detail(detail));
    }
    // Nobody checks the signature of an anchor.
    if let Some(algorithm) = weak_algorithm(link.certificate).filter(|_| !is_anchor) {
        let detail = "OpenSSL refuses it at security level 2, its default on Debian: md too weak.";
        let fact = format!("its signature is too weak: {algorithm}");
        found.push(Finding::new(Rule::DigestTooWeak, link.file, fact).detail(detail));
    }
}

/// OpenSSL asks it of every certificate of a chain, but not of one that stands alone (`check_curve`,
/// crypto/x509/x509_vfy.c).
fn curve(link: &Held<'_>, found: &mut Vec<Finding>) {
    if PublicKey::from_spki_der(&link.certificate.public_key).spells_out_its_curve() {
        let detail = "OpenSSL refuses it: certificate public key has explicit ECC parameters.";
        let fact = "its key spells out its curve instead of naming it";
        found.push(Finding::new(Rule::ExplicitCurve, link.file, fact).detail(detail));
    }
}

/// Whether every certificate was signed by the key of its issuer, also where no chain leads over it: a damaged copy of
/// an authority, or a root whose own signature nobody else checks.
pub(super) fn signatures(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    for held in scene.certificates().iter().filter(|held| !scene.index.is_known_good(**held)) {
        if held.certificate.is_own_issuer() {
            signature(held, held, scene, found);
            continue;
        }
        let mut issuers = scene.index.issuers_of(held.certificate).peekable();
        let Some(first) = issuers.peek().copied() else {
            let is_this = |other: &Held<'_>| other.place == held.place;
            // What is trusted is judged with the chains that end at it.
            let is_trusted =
                [Side::Server, Side::Client].iter().any(|side| scene.trust(*side).iter().any(is_this));
            let is_authority = scene.authorities.iter().any(is_this);
            let is_spare = is_authority && scene.index.has_twin(*held);
            if is_authority && !is_spare && !is_trusted && !scene.is_trust_elsewhere(Side::Server) {
                // Beside chains that are whole it is a leftover, which nobody looks at.
                let severity = if scene.is_whole() { Severity::Warning } else { Severity::Error };
                found.push(incomplete(held, scene, Side::Server).severity(severity));
            }
            continue;
        };
        let good = |other: &Held<'_>| scene.index.signature(*held, *other) != SignatureCheck::Bad;
        let best = issuers.find(good).unwrap_or(first);
        signature(held, &best, scene, found);
    }
}

fn incomplete(last: &Held<'_>, scene: &Scene<'_>, side: Side) -> Finding {
    let trust = scene.trust_file(side).unwrap_or("the trust file");
    let Certificate { subject, issuer, .. } = last.certificate;
    // It may well be here, where nobody looks for it.
    let is_good = |held: &Held<'_>| scene.index.signature(*last, *held) == SignatureCheck::Good;
    let elsewhere = scene.index.issuers_of(last.certificate).find(is_good);
    let (fact, place) = match elsewhere {
        Some(held) => (format!("the issuer of {subject} is not in {trust}"), format!(", in {}", held.file)),
        None => (format!("the issuer of {subject} is in no file here"), String::new()),
    };
    let detail = format!("It is {issuer}{place}; both sides say: certificate verify failed, or unknown ca.");
    let hint = format!("Put the issuer's certificate into {trust}, or behind the leaf in its file.");
    Finding::new(Rule::ChainIncomplete, last.file, fact).detail(detail).hint(hint)
}

fn weak_algorithm(certificate: &Certificate) -> Option<SignatureAlgorithm> {
    let algorithm = SignatureAlgorithm::from_der(certificate.signed().algorithm)?;
    algorithm.security_bits().is_some_and(|bits| bits < LEVEL_2_BITS).then_some(algorithm)
}

fn signature<'a>(child: &Held<'a>, issuer: &Held<'a>, scene: &Scene<'a>, found: &mut Vec<Finding>) {
    match scene.index.signature(*child, *issuer) {
        SignatureCheck::Good => {}
        // It is refused for its weakness already.
        SignatureCheck::NotChecked { .. } if weak_algorithm(child.certificate).is_some() => {}
        SignatureCheck::Bad => {
            let fact = format!("its signature was not made by the key of {}", issuer.certificate.subject);
            let detail = match child.file == issuer.file {
                true => "It was altered.".to_owned(),
                false => format!("It was altered, or the certificate in {} is of another key.", issuer.file),
            };
            found.push(Finding::new(Rule::SignatureBad, child.file, fact).detail(detail));
        }
        SignatureCheck::NotChecked { reason } => {
            let detail = format!("{reason}. That key is the one in {}.", issuer.file);
            let fact = "its signature could not be checked";
            found.push(Finding::new(Rule::SignatureNotChecked, child.file, fact).detail(detail));
        }
    }
}

/// Whether an issuer may sign what it signed. `below` counts the authorities between it and the leaf, but for those that
/// bear the name of their issuer (RFC 5280 §6.1.4 (l)).
fn authority(
    issuer: &Held<'_>,
    child: &Held<'_>,
    (below, is_last): (usize, bool),
    side: Side,
    found: &mut Vec<Finding>,
) {
    let Held { certificate, file, .. } = *issuer;
    let bits = certificate.key_usage.as_ref();
    let may_sign = bits.is_none_or(|bits| bits.contains(&KeyUsage::KeyCertSign));
    let old_root = certificate.version < 3 && certificate.is_own_issuer();
    // X509_check_ca(3): without basicConstraints a key usage that signs will do, and a self-signed v1 certificate; but
    // only at the end, for OpenSSL 3 is strict with what stands between (check_extensions, crypto/x509/x509_vfy.c).
    let is_ca = certificate.ca.unwrap_or(is_last && (old_root || (bits.is_some() && may_sign)));
    if !is_ca {
        let fact = format!("it is no CA, and signed {}", child.file);
        found.push(Finding::new(Rule::IssuerNotCa, file, fact));
    } else if !may_sign {
        let fact = "its key usage does not let it sign certificates";
        found.push(Finding::new(Rule::IssuerCannotSign, file, fact));
    }
    let below = u32::try_from(below).unwrap_or(u32::MAX);
    if certificate.path_length.is_some_and(|most| below > most) {
        let most = certificate.path_length.unwrap_or(0);
        let fact = format!("its path length is {most}, and {below} CA follows it");
        found.push(Finding::new(Rule::PathLengthExceeded, file, fact));
    }
    // Of what is no CA that has been said.
    if is_ca && !allows(certificate, side) {
        let usages =
            certificate.extended_key_usage.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let fact = format!("its extended key usage, {usages}, forbids what is under it");
        found.push(Finding::new(Rule::CaUsageForbids, file, fact));
    }
}

fn scram(leaf: Held<'_>, found: &mut Vec<Finding>) {
    let algorithm = SignatureAlgorithm::from_der(leaf.certificate.signed().algorithm);
    let is_eddsa =
        |scheme: &SignatureScheme| matches!(scheme, SignatureScheme::Ed25519 | SignatureScheme::Ed448);
    if let Some(algorithm) = algorithm.filter(|algorithm| is_eddsa(&algorithm.scheme)) {
        let detail = "SCRAM cannot bind to it: every libpq login with a password fails, also with channel_binding=prefer.";
        let fact = format!("it bears a signature of {algorithm}");
        let hint = "Let an ECDSA or RSA CA sign it; an Ed25519 key in it works.";
        found.push(Finding::new(Rule::EddsaBreaksScram, leaf.file, fact).detail(detail).hint(hint));
    }
}

/// Whether the leaf's file holds every intermediate: a peer may trust the root alone.
fn appended(identity: &Identity<'_>, chain: &Chain<'_>, scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let anchor = usize::from(chain.end == End::Anchor);
    let between = chain.links.len().saturating_sub(1 + anchor);
    for link in chain.links.iter().skip(1).take(between) {
        if !identity.sent.iter().any(|held| held.place == link.place) {
            let fact = format!("its file lacks the intermediate {}", link.certificate.subject);
            let detail = "It works only where the other side has the intermediate; one that trusts the root alone refuses it.";
            let hint = match scene.holds_alone(link) {
                true => run(&format!("cat {} >> {}", scene.path(link.file), scene.path(identity.leaf.file))),
                false => format!("Append the certificate of it to {}.", identity.leaf.file),
            };
            found.push(
                Finding::new(Rule::IntermediateNotAppended, identity.leaf.file, fact)
                    .detail(detail)
                    .hint(hint),
            );
        }
    }
}
