//! The judge: files -> what PostgreSQL, libpq and the drivers will say of them, offline.
//!
//! Pure: the instant is an argument, and files come as bytes with their modes and owners. It shares nothing with the
//! maker but the bottom row of modules, so that a mistake in making is not repeated in judging. The catalogue is in
//! `rules`; what looks for what is in the siblings, by subject.

mod anew;
mod applicable;
mod archive;
mod authority;
mod chain;
mod client;
mod constraints;
mod difference;
mod drivers;
mod exhibit;
mod form;
mod gate;
mod gate_lists;
mod host;
mod index;
mod issued;
mod keyfiles;
mod leaf;
mod listed;
mod login;
mod logins;
mod mend;
mod part;
mod path;
mod policy;
mod renewal;
mod report;
mod revocation;
mod roles;
mod rotation;
mod rules;
mod scene;
mod settings;
mod several;
mod severity;
mod wellformed;

pub use chain::{Chain, End, Held};
pub use difference::{Comparison, Difference, DifferenceKind, Field, Remark, RemarkKind, Shelf, compare};
pub use drivers::{Answer, Driver, DriverRow, Reception, Verdict, drivers, reception};
pub use exhibit::{Archive, Exhibit};
pub use gate::{VerifyError, gate, gate_chain, gate_change, gate_request, pass};
pub use gate_lists::{ExpectedList, gate_lists};
pub use host::accepts_host;
pub use index::Index;
pub use login::{Login, logins};
pub use logins::{Logins, Mapping, NameLine, Refused, RoleWord};
pub use part::Part;
pub use policy::{ClientFacts, Insistence, NEWEST_LIBPQ, Policy, Reader, Sends, ServerFacts};
pub use report::{Finding, Report};
pub use roles::Roles;
pub use rules::Rule;
pub use scene::{Identity, Scene, Side};
pub use several::{Stage, check_several, drivers_of_several};
pub use severity::Severity;

use crate::index::INDEX_SUFFIX;
use crate::x509::{Name, serialize_instant};
use serde::Serialize;
use std::thread;
use time::OffsetDateTime;

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Different certificates.
    pub certificates: usize,
    /// Key files.
    pub keys: usize,
    /// How many of them lie somewhere, with a mode and an owner that were looked at.
    #[serde(skip)]
    pub keys_on_disk: usize,
    /// Revocation lists.
    pub lists: usize,
    /// The trust files.
    pub trust: Vec<String>,
    /// Whether every chain could be followed to what the other side trusts, because that is here.
    #[serde(skip)]
    pub knows_trust: bool,
    /// Whether it is of several places, each of which trusts for itself.
    #[serde(skip)]
    pub is_several: bool,
    /// Each end-entity: its file, its common name, when it ends.
    pub leaves: Vec<Shown>,
    /// The command that renews everything with a fault that is mended by that, where it is several certificates.
    #[serde(skip)]
    pub renewal: Option<String>,
}

/// An end-entity as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its file.
    pub file: String,
    /// Whom it names.
    pub subject: Name,
    /// Its last valid second.
    #[serde(serialize_with = "serialize_instant")]
    pub not_after: OffsetDateTime,
}

/// Whether a file of a directory can be meant, by its name.
#[must_use]
pub fn concerns(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let hashed = name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && number.strip_prefix('r').is_some_and(|digits| digits.parse::<u32>().is_ok())
    });
    let held = ["crt", "cer", "cert", "pem", "key", "crl", "der", "pk8", "p12", "pfx"];
    hashed || held.contains(&ending) || name.ends_with(INDEX_SUFFIX)
}

/// Judges files together, all findings in one run. `directory` is where they lie, as the user names it.
#[must_use]
pub fn check(directory: &str, exhibits: &[Exhibit], roles: &Roles, policy: &Policy) -> (Report, Tally) {
    let scene = Scene::of(directory, exhibits, roles, policy);
    let mut found: Vec<Finding> = exhibits.iter().flat_map(|exhibit| exhibit.findings.clone()).collect();
    found.extend(judge_identities(&scene, roles, policy));
    for authority in &scene.authorities {
        authority::judge(authority, &mut found);
        // Otherwise what hangs from it tells; an old root beside its successor is nobody's trouble.
        if scene.identities.is_empty() && policy.client.is_none() {
            path::window(authority, None, policy, &mut found);
        }
    }
    path::signatures(&scene, &mut found);
    authority::serials(&scene, &mut found);
    keyfiles::modes(&scene, policy, &mut found);
    keyfiles::alone(&scene, &mut found);
    revocation::judge(&scene, roles, policy, &mut found);
    listed::behind(&scene, roles, &mut found);
    issued::judge(&scene, roles, policy, &mut found);
    revocation::want_no_key(&mut found);
    rotation::judge(&scene, &mut found);
    settings::judge(roles, exhibits, policy, &mut found);
    archive::judge(&scene, roles, &mut found);
    client::judge(&scene, roles, policy, &mut found);
    found.extend(leaf::unasked(&scene, policy));
    found.retain(|finding| !is_waived(finding, policy));
    let wish = anew::Wish::of(&found, &scene, policy);
    found.iter_mut().for_each(|finding| mend::add(finding, &scene, &wish));
    let mut report = Report::of(found);
    // Where other names are wanted, whoever has them is made anew.
    let renewal = if wish.is_any() { None } else { renewal::hint(&mut report, &scene) };
    mend::add_others(&mut report, &scene, &wish);
    (report, Tally { renewal, ..tally(&scene) })
}

fn tally(scene: &Scene<'_>) -> Tally {
    let mut trust: Vec<String> = Vec::new();
    for file in [Side::Server, Side::Client].into_iter().filter_map(|side| scene.trust_file(side)) {
        if !trust.iter().any(|other| other == file) {
            trust.push(file.to_owned());
        }
    }
    let shown = |held: &Held<'_>| Shown {
        file: held.file.to_owned(),
        subject: held.certificate.subject.clone(),
        not_after: held.certificate.window.not_after,
    };
    let keys = || scene.exhibits.iter().filter(|exhibit| !exhibit.keys.is_empty());
    Tally {
        certificates: scene.certificates().len(),
        keys: keys().count(),
        keys_on_disk: keys().filter(|exhibit| exhibit.owner.is_some() && !exhibit.is_archive()).count(),
        lists: scene.exhibits.iter().map(|exhibit| exhibit.lists.len()).sum(),
        trust,
        knows_trust: scene.identities.iter().all(|identity| {
            let shows = [(identity.serves, Side::Server), (identity.logs_in, Side::Client)];
            shows.into_iter().all(|(shows, side)| !shows || !scene.is_trust_elsewhere(side))
        }),
        is_several: false,
        leaves: scene.certificates().iter().map(shown).collect(),
        renewal: None,
    }
}

/// Below this many end-entities a thread costs more than it saves.
const WORTH_A_THREAD: usize = 32;

/// The end-entities, on all processors where there are many; findings in the order of the files.
fn judge_identities(scene: &Scene<'_>, roles: &Roles, policy: &Policy) -> Vec<Finding> {
    let judge = |identities: &[Identity<'_>]| {
        let (mut found, mut above) = (Vec::new(), path::Above::default());
        for identity in identities {
            judge_identity(identity, scene, roles, policy, &mut above, &mut found);
        }
        found
    };
    let identities = scene.identities.as_slice();
    if identities.len() < 2 * WORTH_A_THREAD {
        return judge(identities);
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let share = identities.len().div_ceil(processors).max(WORTH_A_THREAD);
    thread::scope(|scope| {
        let threads: Vec<_> =
            identities.chunks(share).map(|share| (share, scope.spawn(|| judge(share)))).collect();
        // A thread that died is a defect, and what it had to do is done here.
        threads
            .into_iter()
            .flat_map(|(share, thread)| thread.join().unwrap_or_else(|_| judge(share)))
            .collect()
    })
}

fn judge_identity<'a>(
    identity: &Identity<'a>,
    scene: &Scene<'a>,
    roles: &Roles,
    policy: &Policy,
    above: &mut path::Above,
    found: &mut Vec<Finding>,
) {
    found.extend(leaf::judge(identity, scene, policy));
    keyfiles::judge(identity, scene, policy, found);
    let sides = [(identity.serves, Side::Server), (identity.logs_in, Side::Client)];
    // What the system's own store holds is its own affair.
    let is_known = |side: Side| side == Side::Client || !roles.trusts_system();
    for (_, side) in sides.into_iter().filter(|(shows, side)| *shows && is_known(*side)) {
        found.extend(path::judge(identity, side, scene, policy, above));
    }
}

fn is_waived(finding: &Finding, policy: &Policy) -> bool {
    policy
        .waived
        .iter()
        .any(|(file, rule)| *rule == finding.rule && finding.files.iter().all(|name| name == file))
}
