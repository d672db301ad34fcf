//! The commands that make end-entities anew: the set of a directory with `pgtls gen`, one of several with `pgtls issue`.
//! Neither puts somebody in the place of somebody else, nor lets one in again that is revoked.

use super::exhibit::Exhibit;
use super::mend::{as_word, has_key, is_word, parent, request_of};
use super::policy::Policy;
use super::report::Finding;
use super::rules::Rule;
use super::scene::{Identity, Scene, names as is_called};
use crate::pg::{CLIENT_NAMES, SERVER_NAMES};
use crate::x509::GeneralName;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

/// What new ones are to have that the old ones have not.
pub(super) struct Wish<'a> {
    host: Option<&'a str>,
    role: Option<&'a str>,
    /// Of each file whose certificate is revoked, what is to be done with it.
    revoked: HashMap<String, String>,
    /// The places of end-entities by their files, of which there may be thousands.
    places: HashMap<&'a str, usize>,
    /// The files of the two whose names the set has: the server's and the client's.
    server: Option<&'a str>,
    client: Option<&'a str>,
    /// Asked for with many findings, and the same for all.
    whole: OnceLock<String>,
    asked: OnceLock<Option<String>>,
    of_ca: OnceLock<&'static str>,
}

impl<'a> Wish<'a> {
    /// What was asked, and found not to be so.
    pub(super) fn of(found: &[Finding], scene: &Scene<'a>, policy: &'a Policy) -> Self {
        let misses = |rules: &[Rule]| found.iter().any(|finding| rules.contains(&finding.rule));
        let role = [Rule::RoleMismatch, Rule::CommonNameMissing, Rule::RoleNameTooLong];
        let is_revoked = |finding: &&Finding| matches!(finding.rule, Rule::Revoked | Rule::IndexRevoked);
        let put_away = |finding: &Finding| Some((finding.files.first()?.clone(), finding.hint.clone()?));
        let leaves = scene.identities.iter().enumerate();
        let server = one_of_set("server", scene, |identity| identity.serves);
        Self {
            host: policy.host.as_deref().filter(|_| misses(&[Rule::HostMismatch])),
            role: misses(&role).then(|| policy.user.as_deref().unwrap_or("ROLE")),
            revoked: found.iter().filter(is_revoked).filter_map(put_away).collect(),
            places: leaves.map(|(place, identity)| (identity.leaf.file, place)).collect(),
            server,
            client: one_of_set("client", scene, |it| it.logs_in && server != Some(it.leaf.file)),
            whole: OnceLock::new(),
            asked: OnceLock::new(),
            of_ca: OnceLock::new(),
        }
    }

    pub(super) fn is_any(&self) -> bool {
        self.host.is_some() || self.role.is_some()
    }

    /// Whether a file is an end-entity's.
    pub(super) fn is_leaf(&self, file: &str) -> bool {
        self.places.contains_key(file)
    }

    /// The role of a new one in the place of another.
    fn role_for<'s>(&'s self, identity: &'s Identity<'_>) -> Option<Cow<'s, str>> {
        // Whoever is revoked is not let in again by a command that is pasted.
        let revoked = self.revoked.contains_key(identity.leaf.file).then_some("ROLE");
        self.role.or(revoked).map(Cow::Borrowed).or_else(|| common_name(identity))
    }
}

/// One that the command for the set does not make.
pub(super) struct Other {
    /// Where it lies.
    pub(super) files: String,
    /// What makes another.
    pub(super) command: String,
}

/// How what a file holds is made anew, with all of the set; `None` for one that is made by itself. `more` goes with the
/// command.
pub(super) fn anew(file: &str, scene: &Scene<'_>, wish: &Wish<'_>, more: &str) -> Option<String> {
    if let Some(put_away) = wish.revoked.get(file) {
        return Some(put_away.clone());
    }
    // Another role has other files.
    match other(file, scene, wish) {
        Some(Other { command, .. }) => {
            Some(command).filter(|command| wish.role.is_some() && command.starts_with("pgtls issue client "))
        }
        None if more.is_empty() => Some(wish.whole.get_or_init(|| command(scene, wish, more)).clone()),
        None => Some(command(scene, wish, more)),
    }
}

/// What makes an end-entity anew that the command for the set does not make; `None`: that one does.
pub(super) fn other(file: &str, scene: &Scene<'_>, wish: &Wish<'_>) -> Option<Other> {
    let identity = scene.identities.get(*wish.places.get(file)?)?;
    let is_of_set = [wish.server, wish.client].contains(&Some(file));
    if is_of_set || own_name(identity.exhibit) == REPLICATION || asked_elsewhere(scene, wish).is_some() {
        return None;
    }
    let files = match identity.key {
        Some(key) => format!("{} and {}", scene.path(file), scene.path(&key.name)),
        None => scene.path(file),
    };
    let directory = Some(parent(file, scene)).filter(|directory| is_word(directory));
    let command = match directory {
        _ if identity.leaf.certificate.is_own_issuer() => {
            "pgtls gen self-signed, in another directory.".to_owned()
        }
        None => "pgtls issue, in the same directory.".to_owned(),
        Some(directory) => {
            let usage = match (identity.serves, identity.logs_in) {
                (true, true) => "node",
                (true, false) => "server",
                (false, _) => "client",
            };
            let names = match identity.serves {
                true => hosts(identity, wish).join(" "),
                false => wish.role_for(identity).map(|role| as_word(&role)).unwrap_or_default(),
            };
            let names = match names.as_str() {
                "" if identity.serves => "HOST",
                "" => "ROLE",
                names => names,
            };
            format!("pgtls issue {usage} {names} -D {directory}{}", of_ca(scene, wish))
        }
    };
    Some(Other { files, command })
}

/// The command that makes the set anew, with its names, under the same authorities.
fn command(scene: &Scene<'_>, wish: &Wish<'_>, more: &str) -> String {
    if let Some(asked) = asked_elsewhere(scene, wish) {
        let has_wish = wish.is_any() || !more.is_empty();
        return match has_wish {
            true => {
                "Ask their CA for others: pgtls csr makes a new request, in another directory.".to_owned()
            }
            false => format!("Send {asked} to the CA again, and import what comes back."),
        };
    }
    let layout = match (is_rooted(scene), scene.authorities.len()) {
        (true, 1) => "chain",
        (true, _) => "chain --intermediate",
        (false, _) => "self-signed",
    };
    let Some(directory) = home(scene).filter(|directory| is_word(directory)) else {
        return "Make new ones with pgtls gen --force, in the same directory.".to_owned();
    };
    let mut command = format!("pgtls gen {layout} --force -D {directory}{}", of_ca(scene, wish));
    for identity in &scene.identities {
        let file = Some(identity.leaf.file);
        let role = wish.role_for(identity).filter(|role| wish.role.is_some() || is_word(role));
        if own_name(identity.exhibit) == REPLICATION {
            role.iter().for_each(|common| command.push_str(&format!(" --replication={common}")));
        } else if file == wish.server {
            hosts(identity, wish).iter().for_each(|name| command.push_str(&format!(" --server {name}")));
        } else if file == wish.client {
            role.iter().for_each(|role| command.push_str(&format!(" --client {}", as_word(role))));
        }
    }
    name_unread(scene, &mut command);
    if !more.is_empty() {
        command.push_str(&format!(" {more}"));
    }
    command
}

/// The stem of the file of the one that replicates.
const REPLICATION: &str = "replication";

/// Whoever lies in the files that the command writes. Where nobody does, one under a name of other programs has what is
/// made instead; one of several of ours has not.
fn one_of_set<'a>(name: &str, scene: &Scene<'a>, plays: impl Fn(&Identity<'a>) -> bool) -> Option<&'a str> {
    let mut all = scene.identities.iter().filter(|it| plays(it) && own_name(it.exhibit) != REPLICATION);
    let own = all.clone().find(|identity| own_name(identity.exhibit) == name);
    let is_taken = || scene.exhibits.iter().any(|exhibit| own_name(exhibit) == name);
    let other = || all.find(|identity| !is_one_of_several(identity.exhibit)).filter(|_| !is_taken());
    Some(own.or_else(other)?.leaf.file)
}

/// `client` of `pki/client.crt`.
fn own_name(exhibit: &Exhibit) -> &str {
    let stem = exhibit.stem();
    stem.rsplit_once('/').map_or(stem, |(_, name)| name)
}

/// Whether a file is called as `pgtls issue` calls them: `client.alice.crt`.
pub(super) fn is_one_of_several(exhibit: &Exhibit) -> bool {
    let is_ours = is_called(exhibit, &SERVER_NAMES) || is_called(exhibit, &CLIENT_NAMES);
    is_ours && own_name(exhibit).contains('.')
}

fn common_name<'a>(identity: &'a Identity<'_>) -> Option<Cow<'a, str>> {
    identity.leaf.certificate.subject.common_names().next().filter(|name| !name.is_empty())
}

fn is_rooted(scene: &Scene<'_>) -> bool {
    scene.authorities.iter().any(|held| held.certificate.is_own_issuer())
}

/// Where the key of the CA is, if that is not here.
fn of_ca(scene: &Scene<'_>, wish: &Wish<'_>) -> &'static str {
    let is_away = || is_rooted(scene) && !scene.authorities.iter().any(|authority| has_key(authority, scene));
    wish.of_ca.get_or_init(|| if is_away() { " --ca-dir DIRECTORY_OF_THE_CA_KEY" } else { "" })
}

/// The requests that end-entities came of, where nobody here could sign them: only their CA makes new ones.
fn asked_elsewhere<'w>(scene: &Scene<'_>, wish: &'w Wish<'_>) -> Option<&'w str> {
    let is_signed = |identity: &&Identity<'_>| !identity.leaf.certificate.is_own_issuer();
    let signs = || scene.authorities.iter().any(|authority| has_key(authority, scene));
    let asked = || {
        let asked = scene.identities.iter().filter(is_signed);
        let asked: Vec<String> = asked.filter_map(|identity| request_of(identity.exhibit, scene)).collect();
        (!asked.is_empty() && !signs()).then(|| asked.join(" and "))
    };
    wish.asked.get_or_init(asked).as_deref()
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

/// The names of a server: its common name first, then the others; what nobody takes for a host is left out.
fn hosts(identity: &Identity<'_>, wish: &Wish<'_>) -> Vec<String> {
    let common = common_name(identity).map(Cow::into_owned).filter(|name| is_word(name));
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
