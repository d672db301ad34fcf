//! What a libpq client makes of its settings: whom it takes for the server, and what it shows of itself.

use super::chain::Held;
use super::path;
use super::policy::{ClientFacts, Insistence, Policy, Sends};
use super::report::Finding;
use super::roles::Roles;
use super::rules::Rule;
use super::scene::{Scene, Side};
use super::severity::Severity;

/// Everything that a client's settings tell, where they were read.
pub(super) fn judge(scene: &Scene<'_>, roles: &Roles, policy: &Policy, found: &mut Vec<Finding>) {
    let Some(facts) = &policy.client else { return };
    servers(facts, roles, found);
    hosts(facts, found);
    sends(facts, roles, found);
    anchors(scene, policy, found);
}

/// Whether somebody else could stand in for the server.
fn servers(facts: &ClientFacts, roles: &Roles, found: &mut Vec<Finding>) {
    let mode = &facts.mode;
    let hint = "Set sslmode=verify-full.";
    let warning = |fact: String| Finding::of_directory(Rule::ServerNotVerified, fact);
    match (facts.insists, &facts.absent_trust) {
        (Insistence::Plaintext, _) => found.push(warning(format!("sslmode={mode} speaks no TLS")).hint(hint)),
        (Insistence::Nothing, absent) => {
            let detail = match absent {
                Some(file) => format!("It verifies no server either: there is no {file}."),
                None => "A server that fails the verification is spoken to in plaintext instead.".to_owned(),
            };
            let fact = format!("sslmode={mode} goes on without TLS where TLS fails");
            found.push(warning(fact).detail(detail).hint(hint));
        }
        (Insistence::Tls, Some(file)) => {
            let fact = format!("sslmode={mode} takes any server: there is no {file}");
            found.push(warning(fact).hint("Put the server's CA there, and set sslmode=verify-full."));
        }
        (Insistence::Chain | Insistence::Host, Some(file)) => {
            let fact = format!("sslmode={mode} verifies servers by it, and it is not there");
            let detail = format!("libpq says: root certificate file \"{file}\" does not exist.");
            let hint = "Put the server's CA there, or name its file with sslrootcert.";
            found.push(Finding::new(Rule::RootFileMissing, file, fact).detail(detail).hint(hint));
        }
        (Insistence::Tls | Insistence::Chain, None) => {
            let fact = format!("sslmode={mode} compares no host name");
            let trust = roles.server_trust.as_deref().unwrap_or("the trust file");
            let detail = format!("Whoever has a certificate under {trust} passes for the server.");
            found.push(Finding::of_directory(Rule::HostNotCompared, fact).detail(detail).hint(hint));
        }
        (Insistence::Host, None) => {}
    }
}

fn hosts(facts: &ClientFacts, found: &mut Vec<Finding>) {
    if facts.has_sockets_alone {
        let fact = "no host is named but sockets, where there is no TLS";
        found.push(Finding::of_directory(Rule::SocketWithoutTls, fact));
    }
    if facts.has_nameless_server && facts.insists == Insistence::Host {
        let fact = format!("sslmode={} has no host name to compare: hostaddr is an address", facts.mode);
        let detail = "libpq says: host name must be specified for a verified SSL connection.";
        found.push(Finding::of_directory(Rule::HostMissing, fact).detail(detail).hint("Set host too."));
    }
}

/// What the client shows of itself.
fn sends(facts: &ClientFacts, roles: &Roles, found: &mut Vec<Finding>) {
    match &facts.sends {
        Sends::Certificate => {
            if let Some(name) = &facts.engine_key {
                let fact = format!("sslkey={name} names a key in an engine, which is not looked into here");
                let detail = "Without support for engines, libpq takes it for a file.";
                found.push(Finding::of_directory(Rule::KeyNotChecked, fact).detail(detail));
            }
            if roles.client_trust.is_none() {
                let fact = "what the server trusts is not known here";
                let detail = "The client's chain is judged as far as its own file goes; --trust FILE judges all of it.";
                found.push(Finding::of_directory(Rule::ClientTrustUnknown, fact).detail(detail));
            }
        }
        Sends::Never => {
            let fact = "sslcertmode=disable: no certificate is sent";
            found.push(Finding::of_directory(Rule::NoClientCertificate, fact));
        }
        Sends::Absent { file, is_named, is_needed } => {
            let fact = format!("no certificate is sent: there is no {file}");
            let severity = match (is_needed, is_named) {
                (true, _) => Severity::Error,
                (_, true) => Severity::Warning,
                _ => Severity::Note,
            };
            let finding = Finding::of_directory(Rule::NoClientCertificate, fact).severity(severity);
            found.push(match (is_needed, is_named) {
                (true, _) => finding.detail("sslcertmode=require does not connect without."),
                (_, true) => finding.detail("libpq says nothing of a file that is missing."),
                _ => finding,
            });
        }
    }
}

/// What the client trusts, where the servers' chains are not here: it has to reach a root that is in its time.
fn anchors(scene: &Scene<'_>, policy: &Policy, found: &mut Vec<Finding>) {
    let trusted = scene.trust(Side::Server);
    let is_shown = scene.identities.iter().any(|identity| identity.serves);
    let (Some(first), false) = (trusted.first(), is_shown) else { return };
    let roots = trusted.iter().filter(|held| held.certificate.is_own_issuer());
    // An old root beside its successor is nobody's trouble.
    let begun = |held: &&Held<'_>| held.certificate.window.not_before <= policy.at;
    let last = roots.max_by_key(|held| (begun(held), held.certificate.window.not_after));
    match last {
        Some(root) => path::window(root, None, policy, found),
        None => {
            let fact = "nothing in it signs itself, so it is no anchor";
            let detail = "libpq takes no partial chain: every server is refused, certificate verify failed.";
            let hint = "Append the root's certificate.";
            let file = scene.trust_file(Side::Server).unwrap_or(first.file);
            found.push(Finding::new(Rule::AnchorNotSelfSigned, file, fact).detail(detail).hint(hint));
        }
    }
}
