//! Pitfalls of the settings that name the files.

use super::exhibit::Exhibit;
use super::report::Finding;
use super::rules::Rule;
use super::scene::Roles;

/// What the named parts alone tell.
pub(super) fn judge(roles: &Roles, exhibits: &[Exhibit], found: &mut Vec<Finding>) {
    if roles.trusts_system() {
        let fact = "sslrootcert=system loads no revocation list";
        let detail = "A revoked server connects although sslcrl lists it; and libpq before 16 takes the word for a file, \
                      and with the default sslmode connects unverified.";
        found.push(Finding::of_directory(Rule::SystemTrust, fact).detail(detail));
    }
    let Some(file) = roles.crl_file.as_deref() else { return };
    if roles.crl_directory.is_some() {
        let fact = "sslcrl and sslcrldir are both set";
        let detail =
            "Where one of them cannot be loaded, libpq checks no revocation at all, and says nothing.";
        found.push(
            Finding::new(Rule::CrlFileAndDirectory, file, fact).detail(detail).hint("Keep one of them."),
        );
    }
    let holds_lists = |exhibit: &Exhibit| exhibit.name == file && !exhibit.lists.is_empty();
    if !exhibits.iter().any(holds_lists) {
        let fact = "no revocation list can be loaded from it";
        let detail = "libpq then checks no revocation at all, and says nothing; the server does not start.";
        found.push(Finding::new(Rule::CrlNotLoaded, file, fact).detail(detail));
    }
}
