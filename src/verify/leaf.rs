//! End-entity certificates: what they may be used for, their form and their names.

use super::chain::Held;
use super::form as strict;
use super::host::{accepts_host, name_matches};
use super::logins::{Answer, Logins};
use super::policy::Policy;
use super::report::Finding;
use super::rules::Rule;
use super::scene::{Identity, Scene, Side};
use super::severity::Severity;
use crate::keys::{KeyType, PublicKey};
use crate::pg::ROLE_NAME_BYTES;
use crate::x509::{Certificate, ExtendedKeyUsage, GeneralName, KeyUsage, MalformedName};
use std::borrow::Cow;

const NETSCAPE: &str = "Its nsCertType is for others; OpenSSL says: unsuitable certificate purpose.";

/// Everything about one end-entity that can be told without its chain.
pub(super) fn judge(identity: &Identity<'_>, scene: &Scene<'_>, policy: &Policy) -> Vec<Finding> {
    let mut found = Vec::new();
    form(identity, scene, &mut found);
    if identity.serves {
        strict::of_server(&identity.leaf, &mut found);
        usage_of_server(identity, scene, &mut found);
        names_of_server(identity.leaf, policy, &mut found);
    }
    if identity.logs_in {
        usage_of_client(identity, scene, &mut found);
        names_of_client(identity.leaf, policy, &mut found);
    }
    found
}

/// A host or role that was asked about where nobody is there to be asked: silence would sound like a yes. What a client
/// is set up for is no question.
pub(super) fn unasked(scene: &Scene<'_>, policy: &Policy) -> Vec<Finding> {
    let mut found = Vec::new();
    if policy.client.is_some() {
        return found;
    }
    let has = |plays: fn(&Identity<'_>) -> bool| scene.identities.iter().any(plays);
    if let Some(host) = policy.host.as_ref().filter(|_| policy.checks_host && !has(|it| it.serves)) {
        let fact = format!("no server's certificate is here to be asked for host \"{host}\"");
        found.push(Finding::of_directory(Rule::HostNotTold, fact).detail("Name it with --server-cert."));
    }
    if let Some(role) = policy.user.as_ref().filter(|_| !has(|it| it.logs_in)) {
        let fact = format!("no client's certificate is here to be asked for role \"{role}\"");
        found.push(Finding::of_directory(Rule::RoleNotTold, fact).detail("Name it with --client-cert."));
    }
    found
}

/// Whether OpenSSL lets a certificate, or what is under it, be shown on one side: where there is no extended key usage,
/// or one that names the side. It knows no anyExtendedKeyUsage there (X509_check_purpose(3)).
pub(super) fn allows(certificate: &Certificate, side: Side) -> bool {
    !certificate.has_extended_key_usage || side.is_purpose_of(certificate)
}

/// Whether it is for any usage: Go and Java take that for serverAuth, and are clients alone.
fn is_for_any(certificate: &Certificate) -> bool {
    certificate.extended_key_usage.iter().any(ExtendedKeyUsage::is_any)
}

/// Whether it says outright that it is for servers and for clients.
fn spells_out_both(certificate: &Certificate) -> bool {
    [Side::Server, Side::Client].iter().all(|side| side.is_purpose_of(certificate))
}

fn form(identity: &Identity<'_>, scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = identity.leaf;
    if certificate.version < 3 {
        let fact = format!("X.509 v{}; rustls will not load it", certificate.version);
        found.push(Finding::new(Rule::X509V1, file, fact));
    }
    let minted = |side: Side| scene.trust(side).iter().any(|held| held.place == identity.leaf.place);
    if certificate.ca == Some(true) {
        let signs = certificate.key_usage.as_ref().is_none_or(|bits| bits.contains(&KeyUsage::KeyCertSign));
        if signs && minted(Side::Client) {
            let fact = "whoever holds its key can mint a login for any role";
            let detail = "It is trusted by the server and marked as a CA (CA:TRUE), so the server takes every \
                          certificate that its key signs.";
            found.push(Finding::new(Rule::LeafMintsLogins, file, fact).detail(detail));
        } else {
            // What a client shows is judged by the server, which does not mind.
            let fact = match identity.serves {
                true => "an end-entity is marked as a CA; rustls refuses it",
                false => "an end-entity is marked as a CA",
            };
            found.push(Finding::new(Rule::LeafIsCa, file, fact));
        }
    }
    handshakes(identity, found);
    if certificate.subject.common_names().nth(1).is_some() {
        let detail = "PostgreSQL, libpq and user maps look at the first alone.";
        let fact = "the subject has several common names";
        found.push(Finding::new(Rule::SeveralCommonNames, file, fact).detail(detail));
    }
    if certificate.subject.common_name_has_nul() || has_nul(certificate) {
        let detail = "PostgreSQL drops the connection and libpq refuses the certificate: somebody tried to hide a name.";
        found.push(Finding::new(Rule::NulInName, file, "a name holds a NUL byte").detail(detail));
    }
}

/// Whether the key may do what a handshake asks of it.
fn handshakes(identity: &Identity<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = identity.leaf;
    if has_bit_of(certificate, &[KeyUsage::DigitalSignature]) {
        return;
    }
    let shown = [(identity.serves, Side::Server), (identity.logs_in, Side::Client)];
    let refused = shown.iter().find(|(shows, side)| *shows && !handshakes_on(certificate, *side));
    let finding = match refused {
        Some((_, side)) => {
            let (who, bits) = match side {
                Side::Server => ("libpq", "digitalSignature, keyEncipherment or keyAgreement of a server"),
                Side::Client => ("the server", "digitalSignature or keyAgreement of a client"),
            };
            let fact = format!("its key usage allows no handshake; {who} refuses it");
            let detail = format!("OpenSSL wants {bits}: unsuitable certificate purpose.");
            Finding::new(Rule::NoDigitalSignature, file, fact).severity(Severity::Error).detail(detail)
        }
        None => {
            let fact = match (identity.serves, has_rsa_key(certificate)) {
                (true, false) => {
                    "its key usage lacks digitalSignature; TLS 1.2 and Java find no shared cipher"
                }
                (true, true) => "its key usage lacks digitalSignature; not every client takes it",
                (false, _) => "its key usage lacks digitalSignature; OpenSSL takes keyAgreement instead",
            };
            Finding::new(Rule::NoDigitalSignature, file, fact)
        }
    };
    found.push(finding);
}

/// Whether its key is RSA, for which TLS 1.2 can encipher a secret where others sign.
pub(super) fn has_rsa_key(certificate: &Certificate) -> bool {
    PublicKey::from_spki_der(&certificate.public_key).to_string().starts_with("RSA ")
}

/// Whether OpenSSL lets its key take part in a handshake on one side (`check_purpose_ssl_client`,
/// `check_purpose_ssl_server`, crypto/x509/v3_purp.c).
pub(super) fn handshakes_on(certificate: &Certificate, side: Side) -> bool {
    use KeyUsage::{DigitalSignature, KeyAgreement, KeyEncipherment};
    match side {
        Side::Server => has_bit_of(certificate, &[DigitalSignature, KeyEncipherment, KeyAgreement]),
        Side::Client => has_bit_of(certificate, &[DigitalSignature, KeyAgreement]),
    }
}

/// Whether its key usage has one of these bits; without keyUsage it has all (RFC 5280 §4.2.1.3).
fn has_bit_of(certificate: &Certificate, wanted: &[KeyUsage]) -> bool {
    certificate.key_usage.as_ref().is_none_or(|bits| bits.iter().any(|bit| wanted.contains(bit)))
}

fn has_nul(certificate: &Certificate) -> bool {
    certificate.malformed_alt_names.iter().any(|name| match name {
        MalformedName::Dns(bytes) => bytes.contains(&0),
        _ => false,
    })
}

fn usage_of_server(identity: &Identity<'_>, scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = identity.leaf;
    if !allows(certificate, Side::Server) || certificate.is_no_netscape_server {
        let detail = match allows(certificate, Side::Server) {
            true => NETSCAPE.to_owned(),
            false => {
                format!("Its extended key usage is {}; every client wants serverAuth.", usages(certificate))
            }
        };
        let fact = "it is not for servers";
        found.push(Finding::new(Rule::NotForServers, file, fact).detail(detail));
        return;
    }
    if identity.logs_in || !allows(certificate, Side::Client) || !scene.is_anchored(identity, Side::Client) {
        return;
    }
    if spells_out_both(certificate) {
        found.push(both_usages(file));
        return;
    }
    let name = certificate.subject.common_names().next().unwrap_or_default();
    let fact = format!("can log in as role \"{name}\"");
    let detail =
        format!("{}, so a server that trusts its CA takes it from a client.", unrestricted(certificate));
    found.push(Finding::new(Rule::ServerPassesAsClient, file, fact).detail(detail));
}

fn usage_of_client(identity: &Identity<'_>, scene: &Scene<'_>, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = identity.leaf;
    if !allows(certificate, Side::Client) || certificate.is_no_netscape_client {
        let detail = match allows(certificate, Side::Client) {
            true => NETSCAPE.to_owned(),
            false => {
                format!("Its extended key usage is {}; the server wants clientAuth.", usages(certificate))
            }
        };
        let fact = "it is not for clients";
        found.push(Finding::new(Rule::NotForClients, file, fact).detail(detail));
    }
    let swapped = !allows(certificate, Side::Client);
    if PublicKey::from_spki_der(&certificate.public_key).key_type() == Some(KeyType::EcdsaP384) {
        let detail = "Under TLS 1.2, which Kong uses, the server says \"wrong curve\", unless its ssl_ecdh_curve is \
                      secp384r1.";
        found.push(
            Finding::new(Rule::P384Client, file, "a P-384 client key fails under TLS 1.2").detail(detail),
        );
    }
    if identity.serves
        || swapped
        || !(allows(certificate, Side::Server) || is_for_any(certificate))
        || !scene.is_anchored(identity, Side::Server)
    {
        return;
    }
    if spells_out_both(certificate) {
        found.push(both_usages(file));
        return;
    }
    let detail = format!(
        "{}. Kong checks no host name and verify-ca replicas check none either: both accept it as the server.",
        unrestricted(certificate)
    );
    let fact = "can pose as the database server";
    found.push(Finding::new(Rule::ClientPassesAsServer, file, fact).detail(detail));
}

fn both_usages(file: &str) -> Finding {
    let detail = "Its key can pose as the server and log in as the role of its common name.";
    Finding::new(Rule::BothUsages, file, "it is for servers and for clients").detail(detail)
}

fn unrestricted(certificate: &Certificate) -> String {
    match (certificate.version, certificate.has_extended_key_usage) {
        (0..3, _) => "It is X.509 v1, without extended key usage".to_owned(),
        (_, false) => "It has no extended key usage".to_owned(),
        (_, true) => format!("Its extended key usage is {}", usages(certificate)),
    }
}

fn usages(certificate: &Certificate) -> String {
    certificate.extended_key_usage.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn names_of_server(leaf: Held<'_>, policy: &Policy, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = leaf;
    let names = &certificate.subject_alt_names;
    let common = certificate.subject.common_names().next();
    let hosts = names.iter().filter(|name| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)));
    if hosts.count() == 0 {
        let fact = "no subject alternative name; Go and rustls refuse it";
        found.push(Finding::new(Rule::SanMissing, file, fact));
    } else if let Some(common) = common.as_ref().filter(|name| is_host_like(name)) {
        let said = names.iter().any(|name| match name {
            GeneralName::Dns(pattern) => name_matches(pattern, common),
            other => other.value() == *common,
        });
        if !said {
            let fact = format!("the common name \"{common}\" is not among the subject alternative names");
            let detail = "A client that looks at the latter, which all do, does not take it for that host.";
            found.push(Finding::new(Rule::CommonNameNotInSan, file, fact).detail(detail));
        }
    }
    let texts = names.iter().filter_map(|name| match name {
        GeneralName::Dns(text) => Some(Cow::Borrowed(text.as_str())),
        _ => None,
    });
    for text in texts.chain(common.filter(|_| names.is_empty())) {
        host_name(&text, file, found);
    }
    for malformed in &certificate.malformed_alt_names {
        let fact = match malformed {
            MalformedName::Ip(bytes) => format!("an iPAddress of {} bytes, neither 4 nor 16", bytes.len()),
            MalformedName::Dns(bytes) if !bytes.contains(&0) => "a dNSName that is not ASCII".to_owned(),
            _ => continue,
        };
        found.push(Finding::new(Rule::SanMalformed, file, fact));
    }
    if policy.libpq < super::host::ADDRESSES_COMPARED {
        for name in names {
            let GeneralName::Ip(address) = name else { continue };
            let text = address.to_string();
            if !names.contains(&GeneralName::Dns(text.clone())) {
                let fact = format!("libpq {} does not find the address {text}", policy.libpq);
                let detail = "It is an iPAddress alone, which libpq compares since version 15.";
                let hint = format!("Add it as a dNSName too: --server {text} --server DNS:{text}.");
                found.push(Finding::new(Rule::AddressOldLibpq, file, fact).detail(detail).hint(hint));
            }
        }
    }
    if let Some(host) = policy.host.as_ref().filter(|_| policy.checks_host)
        && !accepts_host(certificate, host, policy.libpq)
    {
        let shown = names.iter().map(GeneralName::short).collect::<Vec<_>>().join(", ");
        let detail = match shown.as_str() {
            "" => "It has no subject alternative name that counts.".to_owned(),
            names => format!("It is for {names}."),
        };
        let fact = format!("sslmode=verify-full does not take it for host \"{host}\"");
        found.push(Finding::new(Rule::HostMismatch, file, fact).detail(detail));
    }
}

/// Whether a common name is meant for a host: it has a dot between letters, or is the one host without.
fn is_host_like(name: &str) -> bool {
    name == "localhost" || (name.contains('.') && !name.contains(char::is_whitespace) && !name.contains('@'))
}

fn host_name(text: &str, file: &str, found: &mut Vec<Finding>) {
    if text.ends_with('.') {
        let fact = format!("\"{text}\" ends in a dot");
        let detail = "libpq compares it as text: a host without the dot is another one.";
        found.push(Finding::new(Rule::TrailingDot, file, fact).detail(detail));
    }
    let Some(at) = text.find('*') else { return };
    let parent =
        text.strip_prefix("*.").filter(|parent| at == 0 && !parent.is_empty() && !parent.contains('*'));
    match parent {
        None => {
            let detail = "libpq takes * only as the whole first label, for exactly one label.";
            let fact = format!("\"{text}\" has a wildcard where none works");
            found.push(Finding::new(Rule::WildcardUnusable, file, fact).detail(detail));
        }
        Some(parent) if !parent.contains('.') => {
            let fact = format!("\"{text}\" covers a whole top-level domain");
            found.push(Finding::new(Rule::WildcardTopLevel, file, fact));
        }
        Some(_) => {}
    }
}

fn names_of_client(leaf: Held<'_>, policy: &Policy, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = leaf;
    let logins = policy.logins();
    let name = certificate.subject.common_names().next().filter(|name| !name.is_empty());
    let lacks_name = name.is_none() && logins.is_none_or(Logins::wants_common_name);
    if let Some(user) = policy.user.as_ref().filter(|_| !lacks_name) {
        role(leaf, user, policy, found);
    }
    match name {
        None if lacks_name => {
            let detail = "With the method cert the server says: client certificate contains no user name.";
            let fact = "it has no common name, so no role can be told from it";
            found.push(Finding::new(Rule::CommonNameMissing, file, fact).detail(detail));
        }
        Some(name) if name.len() > ROLE_NAME_BYTES && logins.is_none_or(Logins::wants_role_name) => {
            let fact =
                format!("its common name is over {ROLE_NAME_BYTES} bytes, and no role has such a name");
            found.push(Finding::new(Rule::RoleNameTooLong, file, fact));
        }
        _ => {}
    }
}

/// Whether the server takes it for that role: by its common name, or as a server's own files say.
fn role(leaf: Held<'_>, user: &str, policy: &Policy, found: &mut Vec<Finding>) {
    let Held { certificate, file, .. } = leaf;
    let mismatch = || {
        let fact = format!("the server does not take it for role \"{user}\"");
        Finding::new(Rule::RoleMismatch, file, fact)
    };
    let not_told = |fact: String, detail: &str| Finding::new(Rule::RoleNotTold, file, fact).detail(detail);
    let unknown = format!("whether the server takes it for role \"{user}\" is not told here");
    if policy.server.is_none() {
        let name = certificate.subject.common_names().next();
        if let Some(name) = name.filter(|name| !name.is_empty() && name != user) {
            found.push(mismatch().detail(format!("Its common name is \"{name}\"; letters count by case.")));
        }
        return;
    }
    let Some(logins) = policy.logins().filter(|logins| logins.is_in_force()) else {
        found.push(not_told(unknown, "There is no pg_hba.conf that says so."));
        return;
    };
    found.push(match logins.answer(certificate, user) {
        Some(Answer::Yes) => return,
        Some(Answer::No) => mismatch().detail(format!(
            "Its subject is {}; no line of pg_hba.conf that compares it, nor the map that one names, leads to that role.",
            certificate.subject.rfc2253()
        )),
        Some(Answer::Unknown) => {
            not_told(unknown, "A regular expression of a user map decides it, or membership of a group.")
        }
        None => {
            let fact = format!("no line of pg_hba.conf compares its name with role \"{user}\"");
            not_told(fact, "Its name lets nobody in, and keeps nobody out; the method of the line decides.")
        }
    });
}
