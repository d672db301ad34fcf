//! The judge: files -> what PostgreSQL, libpq and the drivers will say of them, offline.
//!
//! Pure: the instant is an argument, and files come as bytes with their modes and owners. It shares nothing with the
//! maker but the bottom row of modules, so that a mistake in making is not repeated in judging. The catalogue is in
//! `rules`; what looks for what is in the siblings, by subject.

mod authority;
mod chain;
mod exhibit;
mod host;
mod keyfiles;
mod leaf;
mod path;
mod policy;
mod report;
mod revocation;
mod rules;
mod scene;

pub use chain::{Chain, End, Held};
pub use exhibit::{Exhibit, HeldKey};
pub use host::accepts_host;
pub use policy::{NEWEST_LIBPQ, Policy, Reader};
pub use report::{Finding, Report};
pub use rules::{Rule, Severity};
pub use scene::{Identity, Roles, Scene, Side};

/// Judges files together, all findings in one run. `directory` is where they lie, as the user names it.
#[must_use]
pub fn check(directory: &str, exhibits: &[Exhibit], roles: &Roles, policy: &Policy) -> Report {
    let scene = Scene::of(directory, exhibits, roles);
    let mut found: Vec<Finding> = exhibits.iter().flat_map(|exhibit| exhibit.findings.clone()).collect();
    for identity in &scene.identities {
        found.extend(leaf::judge(identity, &scene, policy));
        keyfiles::judge(identity, &mut found);
        let sides = [(identity.serves, Side::Server), (identity.logs_in, Side::Client)];
        for (_, side) in sides.into_iter().filter(|(shows, _)| *shows) {
            found.extend(path::judge(identity, side, &scene, policy));
        }
    }
    for authority in &scene.authorities {
        authority::judge(authority, &mut found);
        path::window(authority, None, policy, &mut found);
    }
    authority::serials(&scene, &mut found);
    keyfiles::modes(&scene, policy, &mut found);
    keyfiles::alone(&scene, &mut found);
    revocation::judge(&scene, policy, &mut found);
    found.retain(|finding| !is_waived(finding, policy));
    Report::of(found)
}

fn is_waived(finding: &Finding, policy: &Policy) -> bool {
    policy.waived.iter().any(|(file, rule)| *rule == finding.rule && finding.files.iter().all(|name| name == file))
}
