//! How a finding is mended: the command, ready to be run where the user stands, or what is to be done where there is none.
//!
//! A hint that is a command reads `Run COMMAND.`, or is the `pgtls gen` that makes end-entities anew.

use super::chain::Held;
use super::exhibit::Exhibit;
use super::policy::Policy;
use super::report::Finding;
use super::rules::Rule;
use super::scene::{Identity, Scene, Side, is_key_of, names as is_called};
use super::severity::Severity;
use crate::pg::{CLIENT_NAMES, SERVER_NAMES, request_file};
use crate::x509::{Certificate, GeneralName, Name};
use std::borrow::Cow;

/// Adds the mend to errors and warnings that were found without one.
pub(super) fn add(finding: &mut Finding, scene: &Scene<'_>, wish: &Wish<'_>) {
    if finding.severity == Severity::Note {
        return;
    }
    // One command for all: of two, the second would undo what the first one did.
    if wish.is_any() && finding.hint.as_deref().is_some_and(|hint| hint == scene.mend()) {
        finding.hint = Some(command(scene, wish));
    }
    if finding.hint.is_some() {
        return;
    }
    let file = finding.files.first().map_or("", String::as_str);
    let hint = of_file(finding.rule, file, scene)
        .or_else(|| of_wish(finding.rule, file, scene, wish))
        .or_else(|| of_settings(finding.rule).map(str::to_owned))
        .unwrap_or_else(|| of_content(file, scene, wish));
    finding.hint = Some(hint);
}

/// Mends of files as such, and of what belongs together.
fn of_file(rule: Rule, file: &str, scene: &Scene<'_>) -> Option<String> {
    let path = scene.path(file);
    let exhibit = scene.exhibits.iter().find(|exhibit| exhibit.name == file);
    Some(match rule {
        Rule::DerNotPem => {
            let what = if exhibit?.lists.is_empty() { "x509" } else { "crl" };
            converted(exhibit?, &format!("{what} -inform DER"), &path)
        }
        // It writes the first certificate alone.
        Rule::TrustedCertificate => match exhibit?.certificates.len() {
            1 => converted(exhibit?, "x509", &path),
            _ => "Write each of its certificates with openssl x509, and put them together again.".to_owned(),
        },
        Rule::ByteOrderMark if exhibit?.is_piped() => "Leave its first three bytes out.".to_owned(),
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
        Rule::KeyAlone => {
            if let Some(request) = request_of(exhibit?, scene) {
                return Some(format!(
                    "When the CA has signed {request}, put its answer beside it: pgtls import SIGNED -D {}",
                    as_word(scene.directory())
                ));
            }
            format!("Put its certificate beside it, or remove {path}. New ones: {}", scene.mend())
        }
        Rule::KeyMissing => {
            format!("Put its key beside it; where it is lost, make both anew: {}", scene.mend())
        }
        Rule::KeyMismatch => swapped(file, scene).unwrap_or_else(|| scene.mend().to_owned()),
        Rule::ChainOrder => in_order(exhibit?, scene)?,
        Rule::SignatureNotChecked | Rule::ConstraintsNotChecked => {
            let trust = scene.path(scene.trust_file(Side::Server)?);
            format!(
                "Ask OpenSSL: openssl verify -CAfile {trust} CERTIFICATE says whether it takes what is under it."
            )
        }
        _ => return None,
    })
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
    let is_leaf = scene.identities.iter().any(|identity| identity.leaf.file == file);
    Some(match rule {
        Rule::P384Client => command(scene, &Wish { more: " --key-type ecdsa-p256", ..*wish }),
        Rule::NotYetValid => {
            format!("Look at the clock of this machine first. {}", of_content(file, scene, wish))
        }
        // The same names anew would be outside again.
        Rule::NameConstraints if is_leaf => "Leave the name out, or take a CA that may sign it.".to_owned(),
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
fn of_content(file: &str, scene: &Scene<'_>, wish: &Wish<'_>) -> String {
    let is_leaf = scene.identities.iter().any(|identity| identity.leaf.file == file);
    let is_authority = scene.authorities.iter().any(|authority| authority.file == file);
    let lists = |exhibit: &&Exhibit| exhibit.name == file && !exhibit.lists.is_empty();
    if !is_leaf && is_authority {
        return "Make a new CA, and what is under it, in another directory with pgtls gen; both are to be trusted until all \
                have changed over."
            .to_owned();
    }
    if let Some(list) = scene.exhibits.iter().find(lists).and_then(|exhibit| exhibit.lists.first()) {
        return new_list(
            &list.issuer,
            &format!("Put a new list of {} into {}", list.issuer, scene.path(file)),
            scene,
        );
    }
    if scene.identities.is_empty() && !scene.exhibits.iter().any(|exhibit| exhibit.name != file) {
        return "Put the right file in its place.".to_owned();
    }
    if wish.is_any() { command(scene, wish) } else { scene.mend().to_owned() }
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

/// What a new set is to have that the old one has not.
#[derive(Debug, Default)]
pub(super) struct Wish<'a> {
    host: Option<&'a str>,
    role: Option<&'a str>,
    more: &'a str,
}

impl<'a> Wish<'a> {
    /// What was asked, and found not to be so.
    pub(super) fn of(found: &[Finding], policy: &'a Policy) -> Self {
        let misses = |rules: &[Rule]| found.iter().any(|finding| rules.contains(&finding.rule));
        let role = [Rule::RoleMismatch, Rule::CommonNameMissing, Rule::RoleNameTooLong];
        Self {
            host: policy.host.as_deref().filter(|_| misses(&[Rule::HostMismatch])),
            role: misses(&role).then(|| policy.user.as_deref().unwrap_or("ROLE")),
            more: "",
        }
    }

    pub(super) fn is_any(&self) -> bool {
        self.host.is_some() || self.role.is_some()
    }
}

/// The command that makes end-entities anew, with their names, under the same authorities.
pub(super) fn anew(scene: &Scene<'_>) -> String {
    command(scene, &Wish::default())
}

fn command(scene: &Scene<'_>, wish: &Wish<'_>) -> String {
    if let Some(asked) = asked_elsewhere(scene) {
        let has_wish = wish.is_any() || !wish.more.is_empty();
        return match has_wish {
            true => {
                "Ask their CA for others: pgtls csr makes a new request, in another directory.".to_owned()
            }
            false => format!("Send {asked} to the CA again, and import what comes back."),
        };
    }
    let roots = scene.authorities.iter().any(|held| held.certificate.is_own_issuer());
    let layout = match (roots, scene.authorities.len()) {
        (true, 1) => "chain",
        (true, _) => "chain --intermediate",
        (false, _) => "self-signed",
    };
    let Some(directory) = home(scene).filter(|directory| is_word(directory)) else {
        return "Make new ones with pgtls gen --force, in the same directory.".to_owned();
    };
    let mut command = format!("pgtls gen {layout} --force -D {directory}");
    if roots && !scene.authorities.iter().any(|authority| has_key(authority, scene)) {
        command.push_str(" --ca-dir DIRECTORY_OF_THE_CA_KEY");
    }
    for identity in &scene.identities {
        let common = identity.leaf.certificate.subject.common_names().next().map(Cow::into_owned);
        let common = common.filter(|name| is_word(name));
        if identity.exhibit.stem() == "replication" {
            common.iter().for_each(|common| command.push_str(&format!(" --replication={common}")));
        } else if identity.serves && !command.contains(" --server ") {
            for name in hosts(identity, common, wish) {
                command.push_str(&format!(" --server {name}"));
            }
        } else if identity.logs_in && !command.contains(" --client ") {
            let role = wish.role.map(str::to_owned).or(common).filter(|role| !role.is_empty());
            role.iter().for_each(|role| command.push_str(&format!(" --client {}", as_word(role))));
        }
    }
    name_unread(scene, &mut command);
    command.push_str(wish.more);
    command
}

/// The request that lies beside a file.
pub(super) fn request_of(exhibit: &Exhibit, scene: &Scene<'_>) -> Option<String> {
    let request = request_file(exhibit.stem());
    scene.requests.contains(&request).then(|| scene.path(&request))
}

/// The requests that end-entities came of, where nobody here could sign them: only their CA makes new ones.
fn asked_elsewhere(scene: &Scene<'_>) -> Option<String> {
    let is_signed = |identity: &&Identity<'_>| !identity.leaf.certificate.is_own_issuer();
    let asked = scene.identities.iter().filter(is_signed);
    let asked: Vec<String> = asked.filter_map(|identity| request_of(identity.exhibit, scene)).collect();
    let signs = || scene.authorities.iter().any(|authority| has_key(authority, scene));
    (!asked.is_empty() && !signs()).then(|| asked.join(" and "))
}

/// What is not to be read leaves its names to the user; left out, it would get those of an example.
fn name_unread(scene: &Scene<'_>, command: &mut String) {
    let is_read = |exhibit: &Exhibit| {
        exhibit.is_key_by_name() || scene.identities.iter().any(|known| known.exhibit.name == exhibit.name)
    };
    let unread = |names| scene.exhibits.iter().any(|exhibit| is_called(exhibit, names) && !is_read(exhibit));
    for (flag, wanted, names) in
        [("--server", "HOST", &SERVER_NAMES[..]), ("--client", "ROLE", &CLIENT_NAMES)]
    {
        if !command.contains(&format!(" {flag} ")) && unread(names) {
            command.push_str(&format!(" {flag} {wanted}"));
        }
    }
}

/// The directory in which the end-entities lie, from where the user stands; `None` where that is not one.
fn home<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    let mut homes = scene.identities.iter().map(|identity| parent(identity.leaf.file, scene));
    let first = homes.next().unwrap_or(scene.directory());
    homes.all(|other| other == first).then_some(first)
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

/// The names of a server: its common name first, then the others; what nobody takes for a host is left out.
fn hosts(identity: &Identity<'_>, common: Option<String>, wish: &Wish<'_>) -> Vec<String> {
    let others = identity.leaf.certificate.subject_alt_names.iter().filter_map(|name| match name {
        GeneralName::Dns(_) | GeneralName::Ip(_) => Some(name.short()),
        _ => None,
    });
    let mut names: Vec<String> = Vec::new();
    for name in common.into_iter().chain(others).chain(wish.host.map(str::to_owned)) {
        let name = name.trim_end_matches('.');
        let name = match name.strip_prefix("*.") {
            // No client takes it for a whole top-level domain.
            Some(parent) if is_word(parent) && parent.contains('.') => format!("'*.{parent}'"),
            _ if is_word(name) => name.to_owned(),
            _ => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
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
