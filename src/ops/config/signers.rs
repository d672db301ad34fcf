//! Which CA a command has to name where more than one of a directory could sign, as in the layout with a CA for each side.

use crate::config::{Signer, Signers};
use crate::ops::found::key_file_of;
use crate::verify::{Held, Identity, Scene, Side};
use std::collections::BTreeSet;

/// The CAs of both sides, where there are several to choose from.
pub(super) fn signers(scene: &Scene<'_>, identities: &[&Identity<'_>], all: &BTreeSet<String>) -> Signers {
    let has_key = |held: &&Held<'_>| all.contains(&key_file_of(held.file));
    let able: Vec<&Held<'_>> = scene.authorities.iter().filter(has_key).collect();
    let roots = able.iter().filter(|held| held.certificate.is_own_issuer());
    // Below one root the one that signs is the lowest, which is found without a word.
    if roots.count() < 2 {
        return Signers::default();
    }
    let of = |side: Side| {
        let shows = |it: &&&Identity<'_>| if side == Side::Server { it.serves } else { it.logs_in };
        let of_members = identities.iter().filter(shows).filter_map(|it| {
            let chain = scene.chain(it, side);
            able.iter().find(|held| chain.links.get(1).is_some_and(|link| is_same(held, link)))
        });
        let trusted = scene.trust(side).iter();
        let of_trust = trusted.filter_map(|link| able.iter().find(|held| is_same(held, link)));
        of_members
            .chain(of_trust)
            .next()
            .map(|held| Signer { file: held.file.to_owned(), key: key_file_of(held.file) })
    };
    Signers { server: of(Side::Server), client: of(Side::Client) }
}

fn is_same(one: &Held<'_>, other: &Held<'_>) -> bool {
    let (one, other) = (one.certificate, other.certificate);
    one.subject == other.subject && one.public_key == other.public_key
}
