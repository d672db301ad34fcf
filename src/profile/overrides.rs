//! What the user said beside the profile, laid over it.

use super::entry::{BundleEntry, CertificateEntry, Ending, Profile};
use super::error::{ProfileError, ProfileProblem};
use crate::keys::KeyType;
use crate::pg::{can_be_role, certificate_file};
use crate::x509::{GeneralName, Lifetime, SerialNumber, Usage};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Wishes that change a profile. The default changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Values for `[set]`, by key.
    pub set: Vec<(String, String)>,
    /// The `domain` setting; wins over [`Overrides::set`] and over the first server name.
    pub domain: Option<String>,
    /// Names of the server: the first is the common name, all are SANs.
    pub server: Vec<GeneralName>,
    /// Further SANs of the server.
    pub san: Vec<GeneralName>,
    /// Common name of the client: the role it logs in as.
    pub client: Option<String>,
    /// Add (or rename) a certificate `replication` with this common name.
    pub replication: Option<String>,
    /// Key type of every certificate; Ed25519 of the end-entities alone.
    pub key_type: Option<KeyType>,
    /// Key type of every CA.
    pub ca_key_type: Option<KeyType>,
    /// How every end-entity ends.
    pub ending: Option<Ending>,
    /// Lifetime of every root.
    pub ca_lifetime: Option<Lifetime>,
    /// Lifetime of every intermediate CA.
    pub intermediate_lifetime: Option<Lifetime>,
    /// Entries whose file holds the leaf alone.
    pub no_append: Vec<String>,
}

/// The domain of a host name: what follows its first label, if that still has a dot in it; else the whole name. An
/// address is its own. So two directories made for two hosts never share the names of their CAs by accident.
#[must_use]
pub fn domain_of(name: &GeneralName) -> String {
    let text = name.value().trim_end_matches('.').to_owned();
    match (name, text.split_once('.')) {
        // Colons have no place in a host name, which a profile may make of the domain.
        (GeneralName::Ip(IpAddr::V6(_)), _) => {
            text.replace("::", "-").replace(':', "-").trim_matches('-').to_owned()
        }
        (GeneralName::Dns(_), Some(("*", rest))) => rest.to_owned(),
        (GeneralName::Dns(_), Some((_, rest))) if rest.contains('.') => rest.to_owned(),
        _ => text,
    }
}

impl Overrides {
    /// Lays the settings over `[set]`.
    pub(super) fn lay_over(
        &self,
        origin: &str,
        settings: &mut BTreeMap<String, String>,
    ) -> Result<(), ProfileError> {
        if let (Some(first), Some(domain)) = (self.server.first(), settings.get_mut("domain")) {
            *domain = domain_of(first);
        }
        let domain = self.domain.as_ref().map(|domain| ("domain".to_owned(), domain.clone()));
        for (key, value) in self.set.iter().chain(&domain) {
            let Some(place) = settings.get_mut(key) else {
                let known = settings.keys().cloned().collect();
                let problem = ProfileProblem::Unknown { what: "setting", found: key.clone(), known };
                return Err(ProfileError { origin: origin.to_owned(), position: None, problem });
            };
            place.clone_from(value);
        }
        Ok(())
    }

    /// Lays everything else over the entries.
    pub(super) fn apply(&self, origin: &str, profile: &mut Profile) -> Result<(), ProfileError> {
        let fail = |problem| ProfileError { origin: origin.to_owned(), position: None, problem };
        for (flag, name) in [("--client", &self.client), ("--replication", &self.replication)] {
            name.as_deref().map_or(Ok(()), |name| check_role(flag, name)).map_err(fail)?;
        }
        self.name_server(profile).map_err(fail)?;
        if let Some(client) = &self.client {
            let entry = entry(profile, "--client", "client").map_err(fail)?;
            entry.subject = entry.subject.with_common_name(client);
        }
        self.add_replication(profile).map_err(fail)?;
        for name in &self.no_append {
            leave_alone(profile, name).map_err(fail)?;
        }
        self.set_lifetimes(profile).map_err(fail)?;
        self.set_key_types(profile).map_err(fail)
    }

    fn name_server(&self, profile: &mut Profile) -> Result<(), ProfileProblem> {
        let is_host = |name: &&GeneralName| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_));
        if let Some(other) = self.server.iter().find(|name| !is_host(name)) {
            return Err(ProfileProblem::Flag {
                what: format!(
                    "\"{}\" is not a host name or an IP address, which --server takes",
                    other.value()
                ),
                hint: "Give it with --san, which takes e-mail addresses and URIs too.".to_owned(),
            });
        }
        if let Some(first) = self.server.first() {
            let entry = named_server(profile, "--server")?;
            entry.subject = entry.subject.with_common_name(&first.value());
            entry.san.clone_from(&self.server);
        }
        if !self.san.is_empty() {
            let entry = named_server(profile, "--san")?;
            for name in &self.san {
                if !entry.san.contains(name) {
                    entry.san.push(name.clone());
                }
            }
        }
        Ok(())
    }

    /// A standby's certificate is one more client under the client's issuer. Where there is no issuer, the server must
    /// trust both clients, so both go into one file.
    fn add_replication(&self, profile: &mut Profile) -> Result<(), ProfileProblem> {
        let Some(common_name) = &self.replication else { return Ok(()) };
        if let Ok(entry) = entry(profile, "--replication", "replication") {
            entry.subject = entry.subject.with_common_name(common_name);
            return Ok(());
        }
        let client = entry(profile, "--replication", "client")?;
        let subject = client.subject.with_common_name(common_name);
        let replication = CertificateEntry {
            name: "replication".to_owned(),
            subject,
            serial: SerialNumber::USUAL,
            ..client.clone()
        };
        for file in replication.files() {
            refuse_taken(profile, &file)?;
        }
        if replication.issuer.is_none() {
            refuse_taken(profile, "clients.crt")?;
            let certificates = vec!["client".to_owned(), "replication".to_owned()];
            profile.bundles.push(BundleEntry { file: "clients.crt".to_owned(), certificates });
        }
        profile.certificates.push(replication);
        Ok(())
    }

    fn set_lifetimes(&self, profile: &mut Profile) -> Result<(), ProfileProblem> {
        if let Some(ending) = self.ending {
            let leaves = profile.certificates.iter_mut().filter(|entry| !entry.usage.is_ca());
            leaves.for_each(|entry| entry.validity.ending = ending);
        }
        for (flag, usage, lifetime) in [
            ("--ca-lifetime", Usage::RootCa, self.ca_lifetime),
            ("--intermediate-lifetime", Usage::IntermediateCa, self.intermediate_lifetime),
        ] {
            let Some(lifetime) = lifetime else { continue };
            let entries = of_usage(profile, flag, |found| found == usage)?;
            for entry in entries {
                entry.validity.ending = Ending::After(lifetime);
                entry.validity.stretches = false;
            }
        }
        Ok(())
    }

    fn set_key_types(&self, profile: &mut Profile) -> Result<(), ProfileProblem> {
        if let Some(key_type) = self.key_type {
            let every = profile.certificates.iter_mut();
            every
                .filter(|entry| key_type != KeyType::Ed25519 || !entry.usage.is_ca())
                .for_each(|entry| entry.key_type = key_type);
        }
        if let Some(key_type) = self.ca_key_type {
            let entries = of_usage(profile, "--ca-key-type", Usage::is_ca)?;
            entries.into_iter().for_each(|entry| entry.key_type = key_type);
        }
        Ok(())
    }
}

/// Takes the appended certificates out of a file; out of the standby's too where the client's is meant.
fn leave_alone(profile: &mut Profile, name: &str) -> Result<(), ProfileProblem> {
    let appended = std::mem::take(&mut entry(profile, "--no-append", name)?.append);
    if appended.is_empty() {
        return Err(ProfileProblem::Flag {
            what: format!(
                "--no-append {name} is given, but nothing is appended to {}",
                certificate_file(name)
            ),
            hint: "Leave it out: the file holds one certificate.".to_owned(),
        });
    }
    if let ("client", Ok(entry)) = (name, entry(profile, "--no-append", "replication")) {
        entry.append.clear();
    }
    Ok(())
}

/// The server that is to be given names, which X.509 v1 has no place for.
fn named_server<'p>(
    profile: &'p mut Profile,
    flag: &str,
) -> Result<&'p mut CertificateEntry, ProfileProblem> {
    let entry = entry(profile, flag, "server")?;
    if entry.usage == Usage::Bare {
        return Err(ProfileProblem::Flag {
            what: format!("{flag} is given, but \"server\" is of usage bare, X.509 v1, which has no SANs"),
            hint: format!("Leave {flag} out, or give the certificate another usage."),
        });
    }
    Ok(entry)
}

/// A common name that is to be a role has something in it that can be typed.
fn check_role(flag: &str, name: &str) -> Result<(), ProfileProblem> {
    if can_be_role(name) {
        return Ok(());
    }
    Err(ProfileProblem::Flag {
        what: format!("{flag}: \"{}\" cannot be the name of a role", name.escape_debug()),
        hint: "Give the PostgreSQL role that it logs in as.".to_owned(),
    })
}

/// A flag makes no file that the profile makes already.
fn refuse_taken(profile: &Profile, file: &str) -> Result<(), ProfileProblem> {
    if profile.makes(file) {
        return Err(ProfileProblem::TwoForOneFile { file: file.to_owned() });
    }
    Ok(())
}

/// The entry that a flag speaks of, by name.
fn entry<'p>(
    profile: &'p mut Profile,
    flag: &str,
    name: &str,
) -> Result<&'p mut CertificateEntry, ProfileProblem> {
    let of = profile.name.clone();
    profile.certificates.iter_mut().find(|entry| entry.name == name).ok_or_else(|| ProfileProblem::Flag {
        what: format!("{flag} is given, but the profile \"{of}\" has no certificate \"{name}\""),
        hint: format!("Leave {flag} out, or name one of its certificates \"{name}\"."),
    })
}

/// The entries that a flag speaks of, by usage; at least one.
fn of_usage<'p>(
    profile: &'p mut Profile,
    flag: &str,
    wanted: impl Fn(Usage) -> bool,
) -> Result<Vec<&'p mut CertificateEntry>, ProfileProblem> {
    let name = profile.name.clone();
    let found: Vec<_> = profile.certificates.iter_mut().filter(|entry| wanted(entry.usage)).collect();
    if found.is_empty() {
        return Err(ProfileProblem::Flag {
            what: format!("{flag} is given, but the profile \"{name}\" has no such CA"),
            hint: format!("Leave {flag} out, or use a profile with one."),
        });
    }
    Ok(found)
}
