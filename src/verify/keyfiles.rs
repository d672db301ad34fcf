//! Key files: whether they fit their certificates, how they are encoded, and who may read them.

use super::chain::Held;
use super::exhibit::Exhibit;
use super::mend::{in_order, rewritten, run};
use super::policy::{Policy, Reader};
use super::report::Finding;
use super::rules::Rule;
use super::scene::{Identity, Scene, is_key_of};
use super::severity::Severity;
use crate::keys::{KeyContent, KeyEncoding, KeyEncryption, KeyFile, KeyForm, PublicKey};
use crate::pg::{key_file, key_mode_problem};
use std::cell::OnceCell;
use std::collections::HashSet;

const ROOT: u32 = 0;

/// The key of one end-entity.
pub(super) fn judge(identity: &Identity<'_>, scene: &Scene<'_>, policy: &Policy, found: &mut Vec<Finding>) {
    let file = identity.leaf.file;
    let first = identity.exhibit.certificates.first();
    let Some((exhibit, key)) = identity.key.and_then(|exhibit| Some((exhibit, exhibit.keys.first()?))) else {
        if !policy.wants_keys {
            return;
        }
        // A key file that holds no key has been named already.
        let broken = scene.index.namesakes(identity.exhibit).find(|other| other.keys.is_empty());
        let is_named = broken.is_some_and(Exhibit::is_key_by_name)
            || policy.unread.contains(&key_file(identity.exhibit.stem()));
        // A client has no server's key, and a key in an engine is no file.
        let client = policy.client.as_ref();
        let is_elsewhere = client.is_some_and(|facts| !identity.logs_in || facts.engine_key.is_some());
        if is_named || is_elsewhere {
            return;
        }
        let fact = "its key is not here";
        let detail = match client.and_then(|facts| facts.absent_key.as_deref()) {
            Some(key) => format!("libpq says: certificate present, but not private key file \"{key}\"."),
            None => "The server does not start without it, nor does psql connect.".to_owned(),
        };
        found.push(Finding::new(Rule::KeyMissing, file, fact).detail(detail));
        return;
    };
    form(identity, exhibit, key, scene, policy, found);
    match &key.content {
        KeyContent::Underivable { kind } => {
            let fact = format!("whether it is the key of {file} could not be checked");
            let detail = format!("It is of a kind whose public part is not read here: {kind}.");
            found.push(Finding::new(Rule::KeyNotChecked, &exhibit.name, fact).detail(detail));
            return;
        }
        KeyContent::Public(_) => {}
        // Locked or damaged, and named as such.
        _ => return,
    }
    match first {
        Some(first) if is_key_of(key, first) => {}
        Some(_) if identity.exhibit.certificates.iter().any(|other| is_key_of(key, other)) => {
            let fact = format!("the certificate of {} is not the first in it", exhibit.name);
            let detail = "PostgreSQL and libpq want the leaf first: key values mismatch.";
            let hint = in_order(identity.exhibit, scene)
                .unwrap_or_else(|| "Put the leaf first, then the intermediate that signed it.".to_owned());
            found.push(Finding::new(Rule::LeafNotFirst, file, fact).detail(detail).hint(hint));
        }
        _ => {
            let fact = format!("{} is not its key", exhibit.name);
            let detail = "PostgreSQL and libpq say: key values mismatch.";
            found.push(Finding::new(Rule::KeyMismatch, file, fact).detail(detail));
        }
    }
}

/// How the key is written.
fn form(
    identity: &Identity<'_>,
    exhibit: &Exhibit,
    key: &KeyFile,
    scene: &Scene<'_>,
    policy: &Policy,
    found: &mut Vec<Finding>,
) {
    let file = exhibit.name.as_str();
    let path = scene.path(file);
    let is_der = key.form == KeyForm::Der;
    match (key.encryption, key.encoding) {
        (KeyEncryption::Pkcs8, _) if is_der && identity.logs_in => {
            let detail = "libpq reads an encrypted key as PEM alone, even with the right sslpassword.";
            let fact = "it is an encrypted key in DER";
            found.push(Finding::new(Rule::KeyEncryptedDer, file, fact).detail(detail));
        }
        (KeyEncryption::None, _) if is_der && identity.serves => {
            let hint = run(&rewritten("pkey -inform DER", &path));
            let finding = Finding::new(Rule::DerNotPem, file, "it is DER");
            found.push(finding.detail("The server reads PEM alone.").hint(hint));
        }
        (KeyEncryption::None, KeyEncoding::Pkcs1 | KeyEncoding::Sec1) if identity.logs_in => {
            let name = if key.encoding == KeyEncoding::Pkcs1 { "PKCS#1" } else { "SEC1" };
            let hint = run(&rewritten("pkey", &path));
            let fact = format!("it is {name}; native-tls reads PKCS#8 alone");
            found.push(Finding::new(Rule::KeyNotPkcs8, file, fact).hint(hint));
        }
        (KeyEncryption::None, _) => {}
        _ if identity.logs_in && policy.client.as_ref().is_some_and(|facts| facts.has_password) => {}
        _ => {
            let detail = match identity.serves {
                true => "The server starts only with ssl_passphrase_command.",
                false => "libpq opens it only with sslpassword.",
            };
            found.push(Finding::new(Rule::KeyEncrypted, file, "it is under a passphrase").detail(detail));
        }
    }
}

/// Whether each key file can be read by those who need it, and by nobody else.
pub(super) fn modes(scene: &Scene<'_>, policy: &Policy, found: &mut Vec<Finding>) {
    // A key among certificates has been named already, and nobody looks at the mode of an archive.
    let alone = |exhibit: &&Exhibit| {
        !exhibit.keys.is_empty() && exhibit.certificates.is_empty() && !exhibit.is_archive()
    };
    let serving = scene.identities.iter().filter(|identity| identity.serves);
    let servers: HashSet<&str> =
        serving.filter_map(|identity| identity.key).map(|key| key.name.as_str()).collect();
    for exhibit in scene.exhibits.iter().filter(alone) {
        let Some(owner) = exhibit.owner else { continue };
        let file = exhibit.name.as_str();
        let path = scene.path(file);
        let of_server = servers.contains(file);
        let mode = exhibit.mode;
        let reader = match policy.reader {
            Reader::User(uid) => Some(uid),
            Reader::Owner => None,
        };
        if let Some(reader) = reader.filter(|uid| of_server && owner.uid != *uid && owner.uid != ROOT) {
            let fact = format!("it belongs to user {}, and the server runs as user {reader}", owner.uid);
            let detail = "PostgreSQL takes a key of its own user's or of root's alone.";
            let hint = run(&format!("chown {reader} {path}"));
            found.push(Finding::new(Rule::KeyOwner, file, fact).detail(detail).hint(hint));
        }
        if let Some(problem) = key_mode_problem(mode.bits(), owner.uid == ROOT) {
            let fact = format!("its mode is {mode}, and PostgreSQL refuses it");
            let hint = match reader.filter(|_| of_server && owner.uid == ROOT) {
                // Closed to its group it would be root's alone.
                Some(uid) => run(&format!("chmod 0600 {path} && chown {uid} {path}")),
                None => run(&format!("chmod 0600 {path}")),
            };
            found.push(Finding::new(Rule::KeyModeTooOpen, file, fact).detail(problem).hint(hint));
        } else if of_server && owner.uid == ROOT && mode.bits() & 0o040 == 0 {
            let fact = "it is root's alone, and the server never runs as root";
            let hint = match reader {
                Some(uid) => run(&format!("chown {uid} {path}")),
                None => "Install it with -o postgres -m 0600; --server-uid judges for the server's user."
                    .to_string(),
            };
            // Whoever made the files as root has not said yet who is to read them.
            let severity = if reader.is_some() { Severity::Error } else { Severity::Warning };
            found.push(Finding::new(Rule::KeyNotReadable, file, fact).hint(hint).severity(severity));
        }
    }
}

/// Keys without a certificate, and keys of authorities beside what is shipped.
pub(super) fn alone(scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let mut of_authorities = Vec::new();
    let used = scene.identities.iter().filter_map(|identity| identity.key);
    let used: HashSet<&str> = used.map(|key| key.name.as_str()).collect();
    let of_certificates = OnceCell::new();
    for exhibit in scene.exhibits.iter().filter(|exhibit| exhibit.certificates.is_empty()) {
        for public in exhibit.keys.iter().filter_map(KeyFile::public) {
            let of_this =
                |held: &Held<'_>| public.is_same_key(&PublicKey::from_spki_der(&held.certificate.public_key));
            if scene.authorities.iter().any(of_this) {
                of_authorities.push(exhibit.name.as_str());
            } else if used.contains(exhibit.name.as_str())
                || of_certificates.get_or_init(|| scene.index.public_keys()).contains(public.spki_der())
                || has_damaged_twin(exhibit, scene)
            {
                continue;
            } else {
                let fact = "no certificate here belongs to it";
                found.push(Finding::new(Rule::KeyAlone, &exhibit.name, fact));
            }
        }
    }
    if !of_authorities.is_empty() && !scene.identities.is_empty() {
        let fact = "CA keys lie beside the files you ship";
        let detail = format!("{} can make a login for any role.", of_authorities.join(" and "));
        found.push(Finding::of_directory(Rule::CaKeyPresent, fact).detail(detail));
    }
}

/// Whether a file of the same stem was to hold the certificate of a key, and is damaged.
fn has_damaged_twin(key: &Exhibit, scene: &Scene<'_>) -> bool {
    let twin = scene.index.namesakes(key).next();
    twin.is_some_and(|twin| twin.certificates.is_empty() && !twin.findings.is_empty())
}
