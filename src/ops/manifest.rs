//! Secrets of a cluster among the files that are judged or shown: each of their keys is a file of its own,
//! `secret/NAME:KEY`, that is nobody's and has no mode.

use crate::error::Error;
use crate::fs::{FileEntry, FileSet, Mode};
use crate::k8s::{self, HeldSecret, ManifestError};
use crate::verify::{self, Exhibit, Finding, Roles, Side};
use std::collections::HashSet;

/// What stands in front of the names of such files.
const PREFIX: &str = "secret/";

/// The keys under which trust anchors lie, best first.
pub(super) const TRUST_KEYS: [&str; 4] = ["ca.crt", "root.crt", "chain.crt", "ca.pem"];

/// The keys under which the certificate of one end lies, best first.
pub(super) const LEAF_KEYS: [&str; 4] = ["tls.crt", "server.crt", "postgresql.crt", "client.crt"];

/// The files that the manifest called `file` stands for; `None` where it is none. `met` are the Secrets of others.
pub(super) fn unfolded(
    file: &str,
    entry: &FileEntry,
    met: &mut HashSet<String>,
) -> Result<Option<Vec<(String, FileEntry)>>, Error> {
    if !k8s::is_manifest(&entry.contents) {
        return Ok(None);
    }
    let secrets = k8s::secrets(file, &entry.contents)?;
    let namespaces: HashSet<&str> = secrets.iter().filter_map(|it| it.namespace.as_deref()).collect();
    let names: HashSet<&str> = secrets.iter().map(|it| it.name.as_str()).collect();
    let are_several = namespaces.len() > 1 || names.len() < secrets.len();
    let mut files = Vec::new();
    for HeldSecret { namespace, name, entries } in secrets {
        // Of one name there may be several, and nobody reads a Secret of another namespace.
        let place = match namespace.filter(|_| are_several) {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name,
        };
        if !met.insert(place.clone()) {
            return Err(ManifestError::Twice { file: file.to_owned(), secret: place }.into());
        }
        let held = entries.into_iter().filter(|(key, _)| verify::concerns(key));
        files.extend(held.map(|(key, bytes)| {
            let entry = FileEntry { contents: bytes.into(), mode: Mode::SECRET, owner: None };
            (format!("{PREFIX}{place}:{key}"), entry)
        }));
    }
    Ok(Some(files))
}

/// Puts what manifests hold in their places. A part that was said to be a manifest is the file in it that can play it; of
/// one that only tells what is trusted or revoked, and was not given to be judged (`is_place`), nobody judges the rest.
pub(super) fn unfold(
    files: &mut FileSet,
    roles: &mut Roles,
    is_place: &dyn Fn(&str) -> bool,
) -> Result<(), Error> {
    let is_manifest = |(_, entry): &(&str, &FileEntry)| k8s::is_manifest(&entry.contents);
    let names: Vec<String> = files.iter().filter(is_manifest).map(|(name, _)| name.to_owned()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let mut met: HashSet<String> =
        files.iter().filter_map(|(name, _)| Some(parts(name)?.0.to_owned())).collect();
    for name in names {
        let Some(entry) = files.remove(&name) else { continue };
        let Some(mut found) = unfolded(&name, &entry, &mut met)? else { continue };
        let is = |part: &Option<String>| part.as_deref() == Some(name.as_str());
        let shows =
            [&roles.server_certificate, &roles.server_key, &roles.client_certificate, &roles.client_key];
        let tells = [&roles.client_trust, &roles.server_trust, &roles.crl_file];
        let tells_alone = tells.into_iter().any(is) && !shows.into_iter().any(is) && !is_place(&name);
        let of_keys = |keys: &[&str]| {
            let mut named =
                keys.iter().flat_map(|key| found.iter().find(|(file, _)| key_of(file) == Some(*key)));
            named.next().map(|(file, _)| file.clone())
        };
        let play = |part: &mut Option<String>, keys: &[&str]| {
            if part.as_deref() == Some(name.as_str()) {
                *part = of_keys(keys).or_else(|| part.take());
            }
        };
        play(&mut roles.server_certificate, &LEAF_KEYS);
        play(&mut roles.client_certificate, &["tls.crt", "postgresql.crt", "client.crt"]);
        play(&mut roles.server_key, &["tls.key", "server.key"]);
        play(&mut roles.client_key, &["tls.key", "postgresql.key", "client.key"]);
        play(&mut roles.client_trust, &TRUST_KEYS);
        play(&mut roles.server_trust, &TRUST_KEYS);
        play(&mut roles.crl_file, &["ca.crl", "root.crl", "chain.crl"]);
        if tells_alone {
            let played = [&roles.client_trust, &roles.server_trust, &roles.crl_file];
            found.retain(|(file, _)| played.iter().any(|part| part.as_ref() == Some(file)));
        }
        files.extend(found.into_iter().collect::<FileSet>());
    }
    Ok(())
}

/// The Secret and the key of such a file.
pub(super) fn parts(file: &str) -> Option<(&str, &str)> {
    file.strip_prefix(PREFIX)?.rsplit_once(':')
}

fn key_of(file: &str) -> Option<&str> {
    parts(file).map(|(_, key)| key)
}

/// What each side trusts, as far as Secrets say it: each the `ca.crt` beside its own certificate, or that of a Secret without
/// one, which operators take for the CA.
pub(super) fn trust(exhibits: &[Exhibit]) -> Roles {
    let of_secrets = || exhibits.iter().filter_map(|exhibit| Some((parts(&exhibit.name)?, exhibit)));
    let leaf = |side: Side| {
        let shows = |exhibit: &Exhibit| exhibit.certificates.first().is_some_and(|it| side.is_purpose_of(it));
        // In ca.crt lies the other side's, where each trusts the certificate of the other itself.
        of_secrets().find(|((_, key), exhibit)| !TRUST_KEYS.contains(key) && shows(exhibit))
    };
    let trust_in = |secret: &str| {
        let mut keys = TRUST_KEYS.iter();
        keys.find_map(|wanted| of_secrets().find(|((name, key), _)| *name == secret && key == wanted))
    };
    let leads_to = |leaf: &Exhibit, anchors: &Exhibit| {
        let is_issuer = |issuer: &Exhibit| {
            let mut below = leaf.certificates.iter();
            below.any(|below| issuer.certificates.iter().any(|it| it.may_have_issued(below)))
        };
        is_issuer(anchors)
    };
    let has_leaf =
        |secret: &str| of_secrets().any(|((name, key), _)| name == secret && LEAF_KEYS.contains(&key));
    // Of Secrets that hold a CA alone, the one that issued.
    let alone = |leaf: &Exhibit| {
        let mut bundles = of_secrets().filter(|((name, key), _)| TRUST_KEYS.contains(key) && !has_leaf(name));
        bundles.find(|(_, anchors)| leads_to(leaf, anchors))
    };
    let (server, client) = (leaf(Side::Server), leaf(Side::Client));
    let own = |leaf: &Option<((&str, &str), &Exhibit)>| {
        leaf.as_ref().and_then(|((secret, _), _)| trust_in(secret)).map(|(_, exhibit)| exhibit.name.clone())
    };
    let issued = |leaf: &Option<((&str, &str), &Exhibit)>| {
        leaf.as_ref().and_then(|(_, leaf)| alone(leaf)).map(|(_, exhibit)| exhibit.name.clone())
    };
    Roles {
        client_trust: own(&server)
            .or_else(|| issued(&client))
            .or_else(|| own(&client))
            .or_else(|| issued(&server)),
        server_trust: own(&client)
            .or_else(|| issued(&server))
            .or_else(|| own(&server))
            .or_else(|| issued(&client)),
        ..Roles::default()
    }
}

/// No command mends what lies in a cluster: it is made anew, and applied. Of several Secrets it is the one that the mend
/// would have changed.
pub(super) fn mend(findings: &mut [Finding]) {
    for finding in findings {
        let Some(hint) = &finding.hint else { continue };
        let words = hint.split_whitespace().map(|word| word.trim_end_matches([',', '.', ';']));
        let named = words.filter_map(parts).next_back();
        let about = || finding.files.iter().find_map(|file| parts(file));
        if let Some((secret, _)) = about().and_then(|about| named.or(Some(about))) {
            finding.hint =
                Some(format!("Mend the files that the Secret \"{secret}\" is made of, and apply it anew."));
        }
    }
}

/// Whether all that is judged comes from Secrets.
pub(super) fn is_cluster(exhibits: &[Exhibit]) -> bool {
    !exhibits.is_empty() && exhibits.iter().all(|exhibit| parts(&exhibit.name).is_some())
}
