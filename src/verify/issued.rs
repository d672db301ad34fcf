//! What a CA issued by its index, against the certificates that are here.

use super::chain::Held;
use super::exhibit::Exhibit;
use super::listed::{newest, shuts_out};
use super::mend::{new_list, run};
use super::policy::Policy;
use super::report::Finding;
use super::revocation::{HeldList, lists};
use super::roles::Roles;
use super::rules::Rule;
use super::scene::Scene;
use crate::index::{Index, Line, Revoked, Status};
use crate::keys::SignatureCheck;
use crate::x509::{format_instant, significant};
use std::collections::{BTreeSet, HashMap, HashSet};
use time::OffsetDateTime;

/// How many certificates of an index are named that are elsewhere.
const MOST_NAMED: usize = 3;

/// Every index, against the certificates and the revocation lists of its CA.
pub(super) fn judge(scene: &Scene<'_>, roles: &Roles, policy: &Policy, found: &mut Vec<Finding>) {
    let lists = lists(scene, roles);
    for exhibit in scene.exhibits {
        let Some(index) = &exhibit.issued else { continue };
        if index.is_open() {
            let fact = "its last line has no line break at its end, so that OpenSSL passes over it";
            let path = scene.path(&exhibit.name);
            let finding = Finding::new(Rule::IndexDamaged, &exhibit.name, fact);
            found.push(finding.hint(run(&format!("echo >>{path}"))));
        }
        if let Some(authority) = authority(exhibit, scene) {
            let list = newest(authority, &lists);
            let (name, at, put_away) = (exhibit.name.as_str(), policy.at, &policy.put_away);
            Shelf { name, index, authority, list, at, put_away, scene }.judge(found);
        }
    }
}

/// The certificate of the CA whose index it is: the first of the file that is called like it.
fn authority<'a>(exhibit: &Exhibit, scene: &Scene<'a>) -> Option<Held<'a>> {
    let certificate = scene.index.namesakes(exhibit).find_map(|other| other.certificates.first())?;
    scene.index.held(certificate)
}

/// The index of a CA, with what there is of that.
struct Shelf<'s, 'a> {
    name: &'s str,
    index: &'s Index,
    authority: Held<'a>,
    /// Its newest list.
    list: Option<HeldList<'a>>,
    at: OffsetDateTime,
    /// The names of what was put away.
    put_away: &'s BTreeSet<String>,
    scene: &'s Scene<'a>,
}

impl Shelf<'_, '_> {
    fn judge(&self, found: &mut Vec<Finding>) {
        let of_revoked = found.iter().filter(|finding| finding.rule == Rule::Revoked);
        let known: HashSet<String> = of_revoked.flat_map(|finding| finding.files.clone()).collect();
        let mut here = HashSet::new();
        for held in self.scene.certificates().iter().filter(|held| self.is_issuer_of(held)) {
            match self.index.line_of(&held.certificate.serial) {
                None => found.push(not_listed(held, self.name, self.scene)),
                Some(line) => {
                    here.insert(significant(&held.certificate.serial));
                    if let Some(revoked) = line.revoked.filter(|_| !self.is_listed(line)) {
                        // What another list says of it is told already.
                        found.extend((!known.contains(held.file)).then(|| self.is_revoked(held, revoked)));
                    }
                }
            }
        }
        let is_elsewhere = |line: &&Line| !here.contains(line.serial.as_slice());
        let elsewhere: Vec<&Line> = self.index.lines().iter().filter(is_elsewhere).collect();
        let let_in = elsewhere.iter().copied().filter(|line| {
            line.status == Status::Revoked && line.not_after >= self.at && !self.is_listed(line)
        });
        found.extend(self.let_in(&let_in.collect::<Vec<_>>()));
        let used = self.in_use(&elsewhere, &here);
        if !used.is_empty() {
            found.push(not_here(self.name, &used, used.len() + here.len()));
        }
    }

    /// Of what is elsewhere, what somebody may go on with: not what is revoked, has ended or was put away, nor what has a
    /// successor here.
    fn in_use<'l>(&self, elsewhere: &[&'l Line], here: &HashSet<&[u8]>) -> Vec<&'l Line> {
        let mut used: Vec<&Line> = elsewhere.to_vec();
        used.retain(|line| line.status == Status::Valid && line.not_after >= self.at);
        if used.is_empty() {
            return used;
        }
        let put_away: HashSet<&str> = self.put_away.iter().filter_map(|name| serial_of(name)).collect();
        let mut last_end: HashMap<String, OffsetDateTime> = HashMap::new();
        for Held { certificate, .. } in self.scene.certificates() {
            let end = last_end.entry(certificate.subject.oneline()).or_insert(certificate.window.not_after);
            *end = certificate.window.not_after.max(*end);
        }
        // A successor may have a shorter life, and stands behind it.
        let mut behind: HashSet<&str> = HashSet::new();
        let mut replaced: HashSet<&[u8]> = HashSet::new();
        for line in self.index.lines().iter().rev() {
            if behind.contains(line.subject.as_str()) {
                replaced.insert(&line.serial);
            } else if here.contains(line.serial.as_slice()) {
                behind.insert(&line.subject);
            }
        }
        used.retain(|line| {
            !replaced.contains(line.serial.as_slice())
                && last_end.get(line.subject.as_str()).is_none_or(|end| *end < line.not_after)
                && !put_away.contains(line.serial_hex().as_str())
        });
        used
    }

    fn is_issuer_of(&self, held: &Held<'_>) -> bool {
        let certificate = held.certificate;
        certificate.issuer == self.authority.certificate.subject
            && !certificate.is_own_issuer()
            && self.scene.index.signature(*held, self.authority) == SignatureCheck::Good
    }

    /// Whether the newest list turns it away.
    fn is_listed(&self, line: &Line) -> bool {
        self.list.is_some_and(|held| shuts_out(held.list, &line.serial))
    }

    /// What the peers ask, and what it lacks.
    fn asked(&self) -> String {
        match self.list {
            Some(HeldList { file, .. }) => {
                format!(
                    "The newest list, in {file}, does not say so, and servers and clients ask nothing else."
                )
            }
            None => "No revocation list here says so, and servers and clients ask nothing else.".to_owned(),
        }
    }

    fn hint(&self) -> String {
        let issuer = &self.authority.certificate.subject;
        new_list(issuer, &format!("Put a new list of {issuer} beside it"), self.scene)
    }

    fn is_revoked(&self, held: &Held<'_>, revoked: Revoked) -> Finding {
        let reason = revoked.reason.map(|reason| format!(", {reason}")).unwrap_or_default();
        let fact = format!("it is revoked, says {}: {}{reason}", self.name, format_instant(revoked.at));
        Finding::new(Rule::IndexRevoked, held.file, fact).detail(self.asked()).hint(self.hint())
    }

    /// Whom the index calls revoked, whose certificates are not here, and who are let in all the same.
    fn let_in(&self, lines: &[&Line]) -> Option<Finding> {
        let fact = match lines.len() {
            0 => return None,
            1 => "one that it calls revoked is on no list that counts".to_owned(),
            count => format!("{count} that it calls revoked are on no list that counts"),
        };
        let detail = format!("{} {}", named(lines), self.asked());
        Some(Finding::new(Rule::IndexRevoked, self.name, fact).detail(detail).hint(self.hint()))
    }
}

/// The serial number in the name of a file that was put away: `client.alice-4F2A.crt`.
fn serial_of(name: &str) -> Option<&str> {
    Some(name.strip_suffix(".crt")?.rsplit_once('-')?.1)
}

fn not_listed(held: &Held<'_>, index: &str, scene: &Scene<'_>) -> Finding {
    let (file, database) = (scene.path(held.file), scene.path(index));
    let detail = "A revocation list that is made of it will never name the certificate.";
    let hint =
        format!("Record it: openssl ca -valid {file}, with a configuration whose database is {database}.");
    Finding::new(Rule::NotInIndex, held.file, format!("{index} does not list it")).detail(detail).hint(hint)
}

fn not_here(index: &str, elsewhere: &[&Line], all: usize) -> Finding {
    let fact = match (elsewhere.len(), all) {
        (1, 1) => "the only certificate in use that it lists is not here".to_owned(),
        (1, all) => format!("one of the {all} certificates in use that it lists is not here"),
        (count, all) if count == all => {
            format!("none of the {all} certificates in use that it lists is here")
        }
        (count, all) => format!("{count} of the {all} certificates in use that it lists are not here"),
    };
    Finding::new(Rule::IndexedElsewhere, index, fact).detail(named(elsewhere))
}

/// The first few of them.
fn named(lines: &[&Line]) -> String {
    let first = lines.iter().take(MOST_NAMED);
    let first: Vec<String> = first.map(|line| format!("{} {}", line.serial_hex(), line.subject)).collect();
    let more = match lines.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("{}{more}.", first.join(", "))
}
