//! The rules that a certificate of a plan keeps, or that its entry waives.

use super::{CertificateSpec, PlanError, window};
use crate::keys::KeyType;
use crate::pg::ROLE_NAME_BYTES;
use crate::profile::{CertificateEntry, Profile, Rule};
use crate::x509::{GeneralName, Lifetime, Usage, format_instant, keeps_constraints};
use std::borrow::Cow;
use time::OffsetDateTime;

/// X.520's bound on a common name, in characters (RFC 5280 appendix A, ub-common-name).
const COMMON_NAME_CHARACTERS: usize = 64;

/// A broken rule, before it is known whether the entry waives it.
struct Breach {
    rule: Rule,
    error: PlanError,
}

impl Breach {
    /// What forbids it is this certificate: it can be the directory's, not the request's.
    fn because_of(mut self, other: &CertificateSpec) -> Self {
        if let PlanError::Broken { by_existing, .. } = &mut self.error {
            *by_existing = other.kept.is_some();
        }
        self
    }
}

/// Checks everything that is going to be made, and notes in each what its entry waives.
pub(super) fn check(
    profile: &Profile,
    specs: &mut [CertificateSpec],
    now: OffsetDateTime,
) -> Result<(), PlanError> {
    for at in 0..specs.len() {
        if specs[at].kept.is_some() {
            continue;
        }
        let Some(entry) = profile.certificate(&specs[at].stem) else { continue };
        let mut waived = Vec::new();
        for breach in breaches(entry, &specs[at], specs, now) {
            if !entry.waive.contains(&breach.rule) {
                return Err(breach.error);
            }
            waived.push(breach.rule);
        }
        specs[at].waived = waived;
    }
    Ok(())
}

/// The first rule about its own names that a certificate breaks, whoever is to issue it.
pub(super) fn check_names(spec: &CertificateSpec) -> Result<(), PlanError> {
    let names: Vec<String> = spec.subject.common_names().map(Cow::into_owned).collect();
    let breaches = [common_name(spec, &names), role_name(spec, &names), wildcard(spec, &names)];
    breaches.into_iter().flatten().next().map_or(Ok(()), |breach| Err(breach.error))
}

/// The first rule about its names that a certificate breaks under its CAs, where one like it in all else keeps every rule.
pub(super) fn check_names_under(
    spec: &CertificateSpec,
    authorities: &[CertificateSpec],
) -> Result<(), PlanError> {
    check_names(spec)?;
    let issuer = spec.issuer_in(authorities);
    let breaches = [named_like_its_ca(spec, issuer), name_constraints(spec, authorities)];
    breaches.into_iter().flatten().next().map_or(Ok(()), |breach| Err(breach.error))
}

/// The first rule that a certificate would newly break by being issued again: about a new key, and names that came to it.
pub(super) fn check_reissued(spec: &CertificateSpec, specs: &[CertificateSpec]) -> Result<(), PlanError> {
    let has_new_key = spec.existing_key.is_none();
    let eddsa = eddsa(spec, spec.issuer_in(specs)).filter(|_| has_new_key);
    let breaches = [eddsa, name_constraints(spec, specs)];
    breaches.into_iter().flatten().next().map_or(Ok(()), |breach| Err(breach.error))
}

fn breaches(
    entry: &CertificateEntry,
    spec: &CertificateSpec,
    specs: &[CertificateSpec],
    now: OffsetDateTime,
) -> Vec<Breach> {
    let issuer = spec.issuer_in(specs);
    let names: Vec<String> = spec.subject.common_names().map(Cow::into_owned).collect();
    [
        common_name(spec, &names),
        role_name(spec, &names),
        wildcard(spec, &names),
        eddsa(spec, issuer),
        issuer_is_ca(spec, issuer),
        named_like_its_ca(spec, issuer),
        path_length(spec, specs),
        name_constraints(spec, specs),
        outlives(entry, spec, specs, issuer, now),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn breach(rule: Rule, spec: &CertificateSpec, fact: String, detail: Option<String>, hint: &str) -> Breach {
    let (certificate, hint) = (spec.stem.clone(), hint.to_owned());
    Breach { rule, error: PlanError::Broken { rule, certificate, fact, detail, hint, by_existing: false } }
}

fn common_name(spec: &CertificateSpec, names: &[String]) -> Option<Breach> {
    let long = names.iter().find(|name| name.chars().count() > COMMON_NAME_CHARACTERS)?;
    let fact = format!("the common name of \"{}\" is over {COMMON_NAME_CHARACTERS} characters", spec.stem);
    let detail = format!("\"{long}\" has {}.", long.chars().count());
    let hint = if spec.usage.is_ca() {
        "Give a shorter --domain."
    } else if spec.usage.serves() {
        "Put a shorter name first: the first alone is the common name, every one is a SAN."
    } else {
        "Use a shorter one."
    };
    Some(breach(Rule::CommonNameTooLong, spec, fact, Some(detail), hint))
}

fn role_name(spec: &CertificateSpec, names: &[String]) -> Option<Breach> {
    let name = names.first().filter(|name| name.len() > ROLE_NAME_BYTES)?;
    if spec.usage != Usage::Client {
        return None;
    }
    let fact = format!("the common name of \"{}\" is over {ROLE_NAME_BYTES} bytes", spec.stem);
    let detail = format!("\"{name}\" has {}; no PostgreSQL role has such a name.", name.len());
    Some(breach(
        Rule::RoleNameTooLong,
        spec,
        fact,
        Some(detail),
        "Use the name of the role that it logs in as.",
    ))
}

fn wildcard(spec: &CertificateSpec, names: &[String]) -> Option<Breach> {
    if !spec.usage.serves() {
        return None;
    }
    let sans = spec.extensions.subject_alt_names.iter().filter_map(|name| match name {
        GeneralName::Dns(text) => Some(text),
        _ => None,
    });
    let misplaced = |name: &&String| name.strip_prefix("*.").unwrap_or(name).contains('*');
    let name = sans.chain(names).find(misplaced)?;
    let fact = format!("\"{name}\" in certificate \"{}\" has a wildcard where none works", spec.stem);
    let detail =
        "PostgreSQL's clients take * only as the whole first label, for exactly one label.".to_owned();
    Some(breach(Rule::WildcardPlace, spec, fact, Some(detail), "Write it like *.example.com."))
}

fn eddsa(spec: &CertificateSpec, issuer: Option<&CertificateSpec>) -> Option<Breach> {
    let signer = issuer.unwrap_or(spec);
    if !spec.usage.serves() || signer.key_type != KeyType::Ed25519 {
        return None;
    }
    let fact = format!("certificate \"{}\" would bear an Ed25519 signature", spec.stem);
    let detail = "SCRAM cannot bind to it: every libpq login with a password fails.".to_owned();
    let existing = signer.kept.is_some();
    let hint = match issuer {
        Some(_) if existing => "Use another directory or CA; this one can issue clients.",
        Some(_) => "Leave the CA at ecdsa-p256 (--ca-key-type); an Ed25519 leaf under it works.",
        None => "Use --key-type ecdsa-p256.",
    };
    Some(breach(Rule::EddsaSignsServer, spec, fact, Some(detail), hint).because_of(signer))
}

fn issuer_is_ca(spec: &CertificateSpec, issuer: Option<&CertificateSpec>) -> Option<Breach> {
    let issuer =
        issuer.filter(|issuer| !issuer.extensions.basic_constraints.is_ca() && issuer.kept.is_none())?;
    let fact = format!("\"{}\" issues \"{}\", but is no CA", issuer.stem, spec.stem);
    Some(breach(
        Rule::IssuerIsNoCa,
        spec,
        fact,
        None,
        "Give the issuer the usage root-ca or intermediate-ca.",
    ))
}

fn named_like_its_ca(spec: &CertificateSpec, issuer: Option<&CertificateSpec>) -> Option<Breach> {
    let issuer = issuer.filter(|issuer| issuer.subject == spec.subject && !spec.subject.is_empty())?;
    let fact = format!("certificate \"{}\" would have the name of its CA, {}", spec.stem, spec.subject);
    let detail = "Whoever builds a chain by names would take it for self-signed.".to_owned();
    let hint = "Give the CAs another --domain, or the certificate another name.";
    Some(breach(Rule::NamedLikeItsCa, spec, fact, Some(detail), hint).because_of(issuer))
}

/// Counts the CAs from this one up; each authority above allows so many (RFC 5280 §4.2.1.9).
fn path_length(spec: &CertificateSpec, specs: &[CertificateSpec]) -> Option<Breach> {
    if !spec.extensions.basic_constraints.is_ca() {
        return None;
    }
    let (mut below, mut current) = (0_u32, spec);
    while let Some(issuer) = current.issuer_in(specs) {
        below += 1;
        let kept = issuer.kept.as_ref();
        let limit = match kept {
            Some(certificate) => certificate.path_length,
            None => issuer.extensions.basic_constraints.path_length().map(u32::from),
        };
        if limit.is_some_and(|limit| below > limit) {
            let fact =
                format!("the path length of \"{}\" leaves no room for the CA \"{}\"", issuer.stem, spec.stem);
            let detail = format!("It is {}; {below} would be needed.", limit.unwrap_or_default());
            let hint = format!(
                "Set path_length = {below} on \"{}\", or issue \"{}\" higher up.",
                issuer.stem, spec.stem
            );
            return Some(breach(Rule::PathLengthSpent, spec, fact, Some(detail), &hint).because_of(issuer));
        }
        current = issuer;
    }
    None
}

fn name_constraints(spec: &CertificateSpec, specs: &[CertificateSpec]) -> Option<Breach> {
    let constrained = constrained_names(spec);
    let mut current = spec;
    while let Some(issuer) = current.issuer_in(specs) {
        let (permitted, excluded) = match &issuer.kept {
            Some(kept) => (&kept.permitted, &kept.excluded),
            None => (&issuer.extensions.permitted, &issuer.extensions.excluded),
        };
        if let Some(name) = constrained.iter().find(|name| !keeps_constraints(name, permitted, excluded)) {
            let fact = format!("the name constraints of \"{}\" do not allow {name}", issuer.stem);
            let detail = format!("It is a name of certificate \"{}\"; no peer would accept it.", spec.stem);
            let hint = "Use a name that they allow, or another CA.";
            let breach = breach(Rule::OutsideNameConstraints, spec, fact, Some(detail), hint);
            return Some(breach.because_of(issuer));
        }
        current = issuer;
    }
    None
}

/// The names that constraints are about: OpenSSL takes a common name with a dot for a host where there is no dNSName
/// (NAME_CONSTRAINTS_check_CN), such as that of role `alice.smith`.
fn constrained_names(spec: &CertificateSpec) -> Vec<GeneralName> {
    let mut names = spec.extensions.subject_alt_names.clone();
    if spec.usage.is_end_entity() && !names.iter().any(|name| matches!(name, GeneralName::Dns(_))) {
        let host_like = |name: &String| {
            name.contains('.')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        };
        names
            .extend(spec.subject.common_names().map(Cow::into_owned).filter(host_like).map(GeneralName::Dns));
    }
    names
}

fn outlives(
    entry: &CertificateEntry,
    spec: &CertificateSpec,
    specs: &[CertificateSpec],
    issuer: Option<&CertificateSpec>,
    now: OffsetDateTime,
) -> Option<Breach> {
    let mut issuer = issuer?;
    let end_of =
        |ca: &CertificateSpec| ca.kept.as_ref().map_or(ca.window.not_after, |kept| kept.window.not_after);
    // An existing CA may live longer than the one above it, as nobody else asks; a new one has been asked itself.
    let mut above = issuer;
    while let Some(next) = above.issuer_in(specs) {
        if next.kept.is_some() && end_of(next) < end_of(issuer) {
            issuer = next;
        }
        above = next;
    }
    let end = end_of(issuer);
    // An existing CA that has ended signs nothing, whatever its length; that it has ended is the better answer.
    if spec.window.not_after <= end || (issuer.kept.is_some() && end < now) {
        return None;
    }
    let (own, ca) = (format_instant(spec.window.not_after), format_instant(end));
    let detail = format!("It would end at {own}; \"{}\" ends at {ca}.", issuer.stem);
    // A CA that a certificate under it stretched is not to blame; that certificate is.
    let by_own_wish = window::wished(entry, now).is_ok_and(|wished| wished.not_after > end);
    let flag = if spec.usage.is_ca() && by_own_wish { "--intermediate-lifetime" } else { "--lifetime" };
    let fits = Lifetime::fitting(end - window::counted_from(entry, now));
    let error = PlanError::outlives(&spec.stem, detail, flag, fits, issuer.kept.is_some());
    Some(Breach { rule: Rule::LeafOutlivesCa, error })
}
