//! How a finding is mended: the command, ready to be run where the user stands, or what is to be done where there is none.
//!
//! A hint that is a command reads `Run COMMAND.`, or is the `pgtls gen` that makes end-entities anew.

use super::anew::{Other, Wish, anew, is_one_of_several, other};
use super::chain::Held;
use super::exhibit::Exhibit;
use super::report::{Finding, Report};
use super::rules::Rule;
use super::scene::{Scene, Side, is_key_of};
use super::severity::Severity;
use crate::pg::request_file;
use crate::x509::{Certificate, Name};

/// Adds the mend to errors and warnings that were found without one.
pub(super) fn add(finding: &mut Finding, scene: &Scene<'_>, wish: &Wish<'_>) {
    if finding.severity == Severity::Note {
        return;
    }
    if finding.hint.is_some() {
        return;
    }
    let file = finding.files.first().map_or("", String::as_str);
    let hint = of_file(finding.rule, file, scene, wish)
        .or_else(|| of_wish(finding.rule, file, scene, wish))
        .or_else(|| of_settings(finding.rule).map(str::to_owned))
        .or_else(|| of_content(file, scene, wish));
    finding.hint = hint;
}

/// Adds the mends of those that are one of several, and are not renewed: after all files that have the same fault stand in
/// one finding, for there may be thousands.
pub(super) fn add_others(report: &mut Report, scene: &Scene<'_>, wish: &Wish<'_>) {
    let unmended = |finding: &&mut Finding| finding.severity != Severity::Note && finding.hint.is_none();
    for finding in report.findings.iter_mut().filter(unmended) {
        let alone = match finding.files.as_slice() {
            [file] => other(file, scene, wish),
            _ => None,
        };
        let (files, command) = match alone {
            Some(Other { files, command }) => (files, format!(": {command}")),
            None => ("each and its key".to_owned(), " with pgtls issue.".to_owned()),
        };
        finding.hint = Some(match finding.rule {
            Rule::KeyMissing => format!(
                "Put its key beside it; where it is lost, take {files} away, and make both anew{command}"
            ),
            Rule::P384Client if !command.ends_with('.') => {
                format!("Take {files} away, and make others{command} {FOR_CLIENTS}")
            }
            Rule::NotYetValid => format!("{CLOCK} Take {files} away, and make others{command}"),
            _ => format!("Take {files} away, and make others{command}"),
        });
    }
}

/// The kind of key that every client can use.
const FOR_CLIENTS: &str = "--key-type ecdsa-p256";

const CLOCK: &str = "Look at the clock of this machine first.";

/// Mends of files as such, and of what belongs together.
fn of_file(rule: Rule, file: &str, scene: &Scene<'_>, wish: &Wish<'_>) -> Option<String> {
    let path = scene.path(file);
    let exhibit = || scene.exhibits.iter().find(|exhibit| exhibit.name == file);
    Some(match rule {
        Rule::DerNotPem => {
            let what = if exhibit()?.lists.is_empty() { "x509" } else { "crl" };
            converted(exhibit()?, &format!("{what} -inform DER"), &path)
        }
        // It writes the first certificate alone.
        Rule::TrustedCertificate => match exhibit()?.certificates.len() {
            1 => converted(exhibit()?, "x509", &path),
            _ => "Write each of its certificates with openssl x509, and put them together again.".to_owned(),
        },
        Rule::ByteOrderMark if exhibit()?.is_piped() => "Leave its first three bytes out.".to_owned(),
        Rule::ByteOrderMark => run(&format!("sed -i '1s/^\\xEF\\xBB\\xBF//' {path}")),
        Rule::KeyEncrypted => format!(
            "Set ssl_passphrase_command, or sslpassword for a client; or take the passphrase off: {}",
            rewritten("pkey", &path)
        ),
        Rule::KeyEncryptedDer => {
            format!(
                "Make it PEM, which asks for the passphrase: {}",
                rewritten("pkey -inform DER -aes256", &path)
            )
        }
        Rule::KeyNotChecked => format!(
            "Compare openssl pkey -in {path} -pubout with openssl x509 -noout -pubkey of the certificate: the two have to \
             be the same."
        ),
        Rule::KeyAlone => key_alone(exhibit()?, &path, scene, wish),
        Rule::KeyMissing => format!(
            "Put its key beside it; where it is lost, make both anew: {}",
            anew(file, scene, wish, "")?
        ),
        Rule::KeyMismatch => swapped(file, scene)?,
        Rule::ChainOrder => in_order(exhibit()?, scene)?,
        Rule::SignatureNotChecked | Rule::ConstraintsNotChecked => {
            let trust = scene.path(scene.trust_file(Side::Server)?);
            format!(
                "Ask OpenSSL: openssl verify -CAfile {trust} CERTIFICATE says whether it takes what is under it."
            )
        }
        _ => return None,
    })
}

fn key_alone(exhibit: &Exhibit, path: &str, scene: &Scene<'_>, wish: &Wish<'_>) -> String {
    if let Some(request) = request_of(exhibit, scene) {
        let directory = as_word(scene.directory());
        return format!(
            "When the CA has signed {request}, put its answer beside it: pgtls import SIGNED -D {directory}"
        );
    }
    let put = format!("Put its certificate beside it, or remove {path}.");
    // The command for the set makes no other of this one.
    match anew(&exhibit.name, scene, wish, "").filter(|_| !is_one_of_several(exhibit)) {
        Some(command) => format!("{put} New ones: {command}"),
        None => put,
    }
}

/// The file in another form: in its place, or on its way here.
fn converted(exhibit: &Exhibit, words: &str, path: &str) -> String {
    match exhibit.is_piped() {
        true => format!("Pipe it through openssl {words}."),
        false => run(&rewritten(words, path)),
    }
}

/// Mends that depend on what was asked, and on which names a new certificate is to have.
fn of_wish(rule: Rule, file: &str, scene: &Scene<'_>, wish: &Wish<'_>) -> Option<String> {
    Some(match rule {
        Rule::P384Client => anew(file, scene, wish, FOR_CLIENTS)?,
        Rule::NotYetValid => format!("{CLOCK} {}", of_content(file, scene, wish)?),
        // The same names anew would be outside again.
        Rule::NameConstraints if wish.is_leaf(file) => {
            "Leave the name out, or take a CA that may sign it.".to_owned()
        }
        _ => return None,
    })
}

/// Mends of lists and of settings.
fn of_settings(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::CrlNotLoaded => {
            "Put the lists there, or take the setting away: ssl_crl_file, sslcrl for a client."
        }
        Rule::CrlOnlyInTrust => {
            "Put the lists into a file of their own, and name it: ssl_crl_file, sslcrl for a client."
        }
        Rule::SystemTrust => "Name the file of the root with sslrootcert, and the lists with sslcrl.",
        Rule::CrlDelta => {
            "Put a whole list of the same CA in its place; PostgreSQL has no use for a delta list."
        }
        Rule::CrlScope => "Put a list of the same CA in its place that is about all its certificates.",
        _ => return None,
    })
}

/// What is wrong inside a file is mended by making what it holds anew, by whoever can.
fn of_content(file: &str, scene: &Scene<'_>, wish: &Wish<'_>) -> Option<String> {
    if wish.is_leaf(file) {
        return anew(file, scene, wish, "");
    }
    let is_authority = scene.authorities.iter().any(|authority| authority.file == file);
    let lists = |exhibit: &&Exhibit| exhibit.name == file && !exhibit.lists.is_empty();
    if is_authority {
        let hint = "Make a new CA, and what is under it, in another directory with pgtls gen; both are to be trusted until \
                    all have changed over.";
        return Some(hint.to_owned());
    }
    if let Some(list) = scene.exhibits.iter().find(lists).and_then(|exhibit| exhibit.lists.first()) {
        let otherwise = format!("Put a new list of {} into {}", list.issuer, scene.path(file));
        return Some(new_list(&list.issuer, &otherwise, scene));
    }
    if scene.identities.is_empty() && !scene.exhibits.iter().any(|exhibit| exhibit.name != file) {
        return Some("Put the right file in its place.".to_owned());
    }
    anew(file, scene, wish, "")
}

/// How a list of a CA is made anew: at once where its key is here, else by whoever has that.
pub(super) fn new_list(issuer: &Name, otherwise: &str, scene: &Scene<'_>) -> String {
    match has_key_of(issuer, scene) {
        true => run(&format!("pgtls crl -D {} --refresh", as_word(scene.directory()))),
        false => format!("{otherwise}: pgtls crl, where its key is."),
    }
}

/// How a revoked pair is put away, where the key of its CA is here and the list is made anew with it.
pub(super) fn put_away(certificate: &Certificate, file: &str, scene: &Scene<'_>) -> Option<String> {
    let stem = file.strip_suffix(".crt").filter(|stem| !stem.contains('/'))?;
    let is_possible = has_key_of(&certificate.issuer, scene) && certificate.ca != Some(true);
    is_possible.then(|| run(&format!("pgtls revoke -D {} {}", as_word(scene.directory()), as_word(stem))))
}

/// Whether the key of a CA lies in the directory that is judged.
fn has_key_of(subject: &Name, scene: &Scene<'_>) -> bool {
    let mut named = scene.certificates().iter().filter(|held| held.certificate.subject == *subject);
    named.any(|held| !held.file.contains('/') && has_key(held, scene))
}

/// The request that lies beside a file.
pub(super) fn request_of(exhibit: &Exhibit, scene: &Scene<'_>) -> Option<String> {
    let request = request_file(exhibit.stem());
    scene.requests.contains(&request).then(|| scene.path(&request))
}

/// The directory in which a file lies.
pub(super) fn parent<'a>(file: &'a str, scene: &Scene<'a>) -> &'a str {
    match file.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((parent, _)) => parent,
        None if scene.directory() == file => ".",
        None => scene.directory(),
    }
}

/// Whether the key of an authority lies here.
pub(super) fn has_key(authority: &Held<'_>, scene: &Scene<'_>) -> bool {
    let keys = scene.exhibits.iter().flat_map(|exhibit| &exhibit.keys);
    keys.into_iter().any(|key| is_key_of(key, authority.certificate))
}

/// Where two files have each other's key.
fn swapped(file: &str, scene: &Scene<'_>) -> Option<String> {
    let identity = scene.identities.iter().find(|identity| identity.leaf.file == file)?;
    let key = identity.key?;
    let fits = |exhibit: &&Exhibit| {
        exhibit.keys.first().is_some_and(|key| is_key_of(key, identity.leaf.certificate))
    };
    let right = scene.exhibits.iter().filter(|exhibit| exhibit.name != key.name).find(fits)?;
    let other = scene.identities.iter().find(|other| other.key.is_some_and(|key| key.name == right.name))?;
    let is_crossed = key.keys.first().is_some_and(|key| is_key_of(key, other.leaf.certificate));
    // Into the files that are there, so that owners and modes stay; one command for both, because twice is not at all.
    let (first, second) = (key.name.as_str().min(&right.name), key.name.as_str().max(&right.name));
    let (one, two) = (scene.path(first), scene.path(second));
    let swap = format!("cp -p {one} {one}.swap && cp {two} {one} && cp {one}.swap {two} && rm {one}.swap");
    is_crossed.then(|| run(&swap))
}

/// The certificates of a file in the order of their signatures, the leaf first, where all of them hang together.
pub(super) fn in_order(exhibit: &Exhibit, scene: &Scene<'_>) -> Option<String> {
    let held = &exhibit.certificates;
    let is_issuer = |certificate: &Certificate| {
        held.iter().any(|other| other.der != certificate.der && certificate.may_have_issued(other))
    };
    let mut order = vec![held.iter().position(|certificate| !is_issuer(certificate))?];
    while let Some(next) = order
        .last()
        .and_then(|last| held.get(*last))
        .and_then(|last| held.iter().position(|other| other.der != last.der && other.may_have_issued(last)))
    {
        if order.contains(&next) {
            return None;
        }
        order.push(next);
    }
    let parts: Vec<String> = order.iter().map(|at| format!("c[{}]", at + 1)).collect();
    let path = scene.path(&exhibit.name);
    let script = format!("/-----BEGIN/{{n++}}{{c[n]=c[n]$0RS}}END{{printf(\"%s\",{})}}", parts.join(""));
    let is_whole = order.len() == held.len();
    is_whole.then(|| {
        run(&format!("awk '{script}' {path} > {path}.new && cat {path}.new > {path} && rm {path}.new"))
    })
}

/// A file written anew by `openssl`, into itself, so that owner and mode stay. Some of its commands empty the file that
/// they write before they have read the one they read.
pub(super) fn rewritten(words: &str, path: &str) -> String {
    format!("openssl {words} -in {path} -out {path}.new && cat {path}.new > {path} && rm {path}.new")
}

/// A hint that is a command.
pub(super) fn run(command: &str) -> String {
    format!("Run {command}.")
}

/// A name or path as a command of a shell has it.
pub(super) fn as_word(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

/// Whether a name or path can stand in a command as it is.
pub(super) fn is_word(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:".contains(&byte))
        && !name.starts_with('-')
}
