//! What a server makes of one client's certificate before it looks at any line of `pg_hba.conf`: one that is sent and not
//! accepted ends the handshake.

use super::catalogue::Driver;
use super::effect::Place;
use super::effects::effect;
use super::findings::{self, Spot};
use crate::verify::{Exhibit, Finding, Policy, Roles, Rule, Scene, Side};
use crate::x509::Name;
use std::borrow::Cow;
use time::OffsetDateTime;

/// A client's certificate before a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reception {
    /// Its file.
    pub file: String,
    /// Whom it names.
    pub subject: Name,
    /// Its first common name, which `clientname=CN` compares; `None`: it has none.
    pub common_name: Option<String>,
    /// Its last valid second.
    pub not_after: OffsetDateTime,
    /// The file that the server trusts; `None`: not known here.
    pub trust: Option<String>,
    /// Why the server refuses it; empty where it does not.
    pub refusals: Vec<Finding>,
    /// What could not be judged.
    pub doubts: Vec<Finding>,
}

/// Names, which are compared by the line that decides.
const NAMES: [Rule; 4] =
    [Rule::RoleMismatch, Rule::RoleNotTold, Rule::RoleNameTooLong, Rule::CommonNameMissing];

/// Puts the certificate in the file of [`Roles::client_certificate`] to a server that trusts what `roles` say; `None` where
/// no certificate is there. Its key is looked at as far as it has to be the certificate's.
#[must_use]
pub fn reception(exhibits: &[Exhibit], roles: &Roles, policy: &Policy) -> Option<Reception> {
    let file = roles.client_certificate.as_deref()?;
    let scene = Scene::of(".", exhibits, roles, policy);
    let identity = scene.identities.iter().find(|identity| identity.logs_in && identity.leaf.file == file)?;
    let certificate = identity.leaf.certificate;
    let heard = findings::hear(identity, Side::Client, &scene, roles, policy);
    let (mut refusals, mut doubts) = (Vec::new(), Vec::new());
    for (spot, finding) in &heard.findings {
        let Some(place) = heard.place(*spot, Driver::Psql) else { continue };
        let is_about_keys = *spot == Spot::Beside(Place::Key) && finding.rule != Rule::KeyMismatch;
        if is_about_keys || NAMES.contains(&finding.rule) {
            continue;
        }
        let effect = effect(finding, Side::Client, place, certificate);
        if effect.refused.has(Driver::Psql) {
            refusals.push(finding.clone());
        } else if effect.unknown.has(Driver::Psql) {
            doubts.push(finding.clone());
        }
    }
    let common_name = certificate.subject.common_names().next().filter(|name| !name.is_empty());
    Some(Reception {
        file: file.to_owned(),
        subject: certificate.subject.clone(),
        common_name: common_name.map(Cow::into_owned),
        not_after: certificate.window.not_after,
        trust: scene.trust_file(Side::Client).map(str::to_owned),
        refusals,
        doubts,
    })
}
