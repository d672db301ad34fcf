//! Pitfalls of the settings that name the files.

use super::exhibit::Exhibit;
use super::logins;
use super::policy::{Policy, ServerFacts};
use super::report::Finding;
use super::revocation::is_in;
use super::roles::Roles;
use super::rules::Rule;
use super::severity::Severity;

/// What the named parts alone tell.
pub(super) fn judge(roles: &Roles, exhibits: &[Exhibit], policy: &Policy, found: &mut Vec<Finding>) {
    if let Some(server) = &policy.server {
        of_server(server, roles, found);
        if let Some(lines) = &server.logins {
            logins::judge(lines, found);
        }
    }
    if roles.trusts_system() {
        let fact = "sslrootcert=system loads no revocation list";
        let detail = "A revoked server connects although sslcrl lists it; and libpq before 16 takes the word for a file, \
                      and with the default sslmode connects unverified.";
        found.push(Finding::of_directory(Rule::SystemTrust, fact).detail(detail));
    }
    crl_directory(roles, exhibits, found);
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
        let (severity, detail) = match (&policy.client, &policy.server) {
            (Some(_), _) => (Severity::Warning, "libpq then checks no revocation at all, and says nothing."),
            (None, Some(_)) => (Severity::Error, "The server does not start, or refuses every client."),
            (None, None) => (
                Severity::Error,
                "libpq then checks no revocation at all, and says nothing; the server does not start.",
            ),
        };
        found.push(Finding::new(Rule::CrlNotLoaded, file, fact).severity(severity).detail(detail));
    }
}

/// A directory of lists switches checking on, whatever is in it; beside a file, it is that file that decides.
fn crl_directory(roles: &Roles, exhibits: &[Exhibit], found: &mut Vec<Finding>) {
    let is_alone = roles.crl_file.is_none() && !roles.trusts_system();
    let Some(directory) = roles.crl_directory.as_deref().filter(|_| is_alone) else { return };
    let holds_lists = |exhibit: &Exhibit| is_in(&exhibit.name, directory) && !exhibit.lists.is_empty();
    if !exhibits.iter().any(holds_lists) {
        let fact = "no revocation list is in it, and every certificate is refused for want of one";
        let detail =
            "A directory switches checking on, even one that is missing: unable to get certificate CRL.";
        let hint = "Put a list of every CA there, and run openssl rehash; or leave the setting out.";
        found.push(Finding::new(Rule::CrlDirectoryUnusable, directory, fact).detail(detail).hint(hint));
    }
}

/// What a server does with such settings.
fn of_server(server: &ServerFacts, roles: &Roles, found: &mut Vec<Finding>) {
    if !server.speaks_tls {
        let fact = "ssl is off: the server speaks no TLS";
        found.push(Finding::of_directory(Rule::SslOff, fact).hint("Set ssl = on, and reload."));
    }
    match (&roles.client_trust, &server.certificate_line) {
        (Some(_), _) => {}
        (None, Some(line)) => {
            let fact = format!("{line} wants a certificate, and there is no ssl_ca_file to check it by");
            let detail = "The server says: client certificates can only be checked if a root certificate store is available.";
            found.push(
                Finding::of_directory(Rule::ClientTrustMissing, fact).detail(detail).hint("Set ssl_ca_file."),
            );
        }
        (None, None) => {
            let fact = "the server asks no client for a certificate: it has no ssl_ca_file";
            found.push(Finding::of_directory(Rule::NoClientTrust, fact));
        }
    }
    if roles.server_trust.is_none() {
        let fact = "what clients trust is not known here";
        let detail =
            "The server's chain is judged as far as its own files go; --trust FILE judges all of it.";
        found.push(Finding::of_directory(Rule::ServerTrustUnknown, fact).detail(detail));
    }
}
