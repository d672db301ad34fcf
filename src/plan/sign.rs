//! `sign`'s first step: somebody else's request, and a directory with a CA -> a plan. The request says the key, and the
//! names unless others are given; everything else is ours.

use super::build::nearest_type;
use super::issue::under;
use super::{LeafNames, Notice, Plan, PlanError, authorities, leaf};
use crate::keys::{PublicKey, SignatureCheck, StoredKey};
use crate::pg::{certificate_file, key_file};
use crate::profile::{CertificateEntry, Validity};
use crate::state::{State, signature_by};
use crate::x509::{CertificateRequest, Extensions, GeneralName, Name, Usage};
use std::borrow::Cow;
use time::OffsetDateTime;

/// OpenSSL's security level 2, the default of Debian and others (SSL_CTX_set_security_level(3)).
const LEAST_SECURITY_BITS: u32 = 112;

/// A request that is to be signed.
#[derive(Debug, Clone)]
pub struct SignWish {
    /// The request.
    pub request: CertificateRequest,
    /// [`Usage::Server`], [`Usage::Client`] or [`Usage::Node`].
    pub usage: Usage,
    /// Names in place of those of the request, as typed; empty: those of the request.
    pub names: Vec<String>,
    /// A common name in place of that of the request.
    pub common_name: Option<String>,
    /// When it is valid.
    pub validity: Validity,
    /// Whether the certificates of the CAs below the root follow it in its file.
    pub appends: bool,
}

/// Plans the certificate of a request under the lowest CA of a directory, or under the one whose stem is `ca`.
///
/// # Errors
/// [`PlanError::RefusedRequest`] for one that its key did not sign, or whose key is no use; else those of
/// [`issue`](super::issue).
pub fn sign(
    wish: &SignWish,
    ca: Option<&str>,
    state: &State,
    now: OffsetDateTime,
) -> Result<Plan, PlanError> {
    let key = checked_key(&wish.request)?;
    refuse_key_of_ca(&key, ca, state)?;
    let (subject, san) = names(wish)?;
    let stem = stem(wish, &subject, &san, &key, state)?;
    let file = certificate_file(&stem);
    if state.occupied.contains(&file) {
        return Err(PlanError::Issued { file: state.shown(&file), stem });
    }
    let mut plan = under(ca, state, now, |issuer, append| {
        let common_name = subject.common_names().next().map(Cow::into_owned).unwrap_or_default();
        let names = LeafNames { usage: wish.usage, common_name, san: san.clone(), stem: stem.clone() };
        Ok(vec![CertificateEntry {
            subject: subject.clone(),
            validity: wish.validity,
            append: if wish.appends { append.to_vec() } else { Vec::new() },
            ..names.entry(&stem, nearest_type(&key), Some(issuer.to_owned()))
        }])
    })?;
    plan.profile = "sign".to_owned();
    for spec in plan.certificates.iter_mut().filter(|spec| spec.kept.is_none()) {
        spec.existing_key = Some(wish.request.public_key.clone());
        let asked = not_granted(&wish.request, &spec.extensions);
        if !asked.is_empty() {
            plan.notices.push(Notice::NotGranted { certificate: spec.stem.clone(), asked });
        }
    }
    Ok(plan)
}

/// The key that is asked for: it signed the request, and is strong enough for those who will meet it.
fn checked_key(request: &CertificateRequest) -> Result<PublicKey, PlanError> {
    let refuse = |problem, hint| Err(refused(problem, hint));
    let key = PublicKey::from_spki_der(&request.public_key);
    match signature_by(&key, &request.signed()) {
        SignatureCheck::Good => {}
        SignatureCheck::Bad => {
            let problem = "its signature was not made by its own key".to_owned();
            return refuse(problem, "It was damaged or altered; ask for a new one.");
        }
        SignatureCheck::NotChecked { reason } => {
            let problem = format!("its signature could not be checked, for {reason}");
            return refuse(problem, "Ask for one with a usual key: ECDSA P-256, or RSA of 2,048 bits.");
        }
    }
    if key.security_bits().is_some_and(|bits| bits < LEAST_SECURITY_BITS) {
        let problem = format!("its key is too weak: {key}");
        return refuse(
            problem,
            "OpenSSL refuses such keys; ask for one of ECDSA P-256, or RSA of 2,048 bits.",
        );
    }
    Ok(key)
}

fn refused(problem: String, hint: &'static str) -> PlanError {
    PlanError::RefusedRequest { problem, hint }
}

/// Whoever is to have the certificate would have to be given the key of a CA.
fn refuse_key_of_ca(key: &PublicKey, ca: Option<&str>, state: &State) -> Result<(), PlanError> {
    let is_its = |public_key: &[u8]| PublicKey::from_spki_der(public_key).is_same_key(key);
    let found = authorities::of(state, ca);
    match found.iter().find(|authority| is_its(&authority.certificate.public_key)) {
        None => Ok(()),
        Some(ca) => {
            let problem = format!("its key is that of the CA {}", ca.certificate.subject);
            Err(refused(problem, "Ask for one with a key of its own."))
        }
    }
}

/// The subject and the subject alternative names: those of the request, or those that were given in their place.
fn names(wish: &SignWish) -> Result<(Name, Vec<GeneralName>), PlanError> {
    let given = match wish.names.as_slice() {
        [] => None,
        names => Some(LeafNames::parse(wish.usage, names, wish.common_name.as_deref())?),
    };
    if let Some(given) = given {
        return Ok((wish.request.subject.with_common_name(&given.common_name), given.san));
    }
    let subject = match &wish.common_name {
        Some(name) => wish.request.subject.with_common_name(name),
        None => wish.request.subject.clone(),
    };
    if !wish.usage.serves() {
        // A role is the common name; nobody looks at other names of a client.
        return Ok((subject, Vec::new()));
    }
    let mut san = readable_names(&wish.request)?;
    let is_host = |name: &GeneralName| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_));
    if !san.iter().any(is_host) {
        // Clients look at these alone.
        let own = subject.common_names().next().and_then(|name| name.parse::<GeneralName>().ok());
        san.push(own.filter(is_host).ok_or_else(|| {
            refused("it names no host".to_owned(), "Give host names and addresses behind the file.")
        })?);
    }
    Ok((subject, san))
}

/// The subject alternative names of a request, each of which could have been typed.
fn readable_names(request: &CertificateRequest) -> Result<Vec<GeneralName>, PlanError> {
    const HINT: &str = "Ask for a new one, or give the names behind the file.";
    let is_one = |name: &&GeneralName| name.to_string().parse::<GeneralName>().is_ok_and(|it| it == **name);
    let names = &request.subject_alt_names;
    if let Some(name) = names.iter().find(|name| !is_one(name)) {
        return Err(refused(
            format!("it asks for the name \"{}\", which is none", name.to_string().escape_debug()),
            HINT,
        ));
    }
    if !request.malformed_alt_names.is_empty() || !request.unreadable_extensions.is_empty() {
        return Err(refused("some of its names or extensions cannot be read".to_owned(), HINT));
    }
    Ok(names.clone())
}

/// The stem of the key where it is here, so that the pair is one; else that of its first name.
fn stem(
    wish: &SignWish,
    subject: &Name,
    san: &[GeneralName],
    key: &PublicKey,
    state: &State,
) -> Result<String, PlanError> {
    let is_its = |file: &&String| {
        let stored = state.keys.get(*file).and_then(|stored| stored.open(None).ok());
        stored.is_some_and(|stored| stored.public().is_same_key(key))
    };
    if let Some(stem) = state.keys.keys().find(is_its).and_then(|file| file.strip_suffix(".key")) {
        return Ok(stem.to_owned());
    }
    let first = subject.common_names().next().map(Cow::into_owned).filter(|name| !name.is_empty());
    let first = first.or_else(|| san.first().map(GeneralName::value)).ok_or(PlanError::Names {
        fact: "the request names nobody".to_owned(),
        hint: "Give its name behind the file.",
    })?;
    let stem = leaf::stem(wish.usage, &first)?;
    let file = key_file(&stem);
    if let Some(StoredKey::Encrypted(_)) = state.keys.get(&file) {
        let problem =
            format!("\"{}\" is encrypted, so nobody sees whether it is its key", state.shown(&file));
        return Err(refused(
            problem,
            "Give another directory with -D; pgtls import puts what is made there beside its key.",
        ));
    }
    if state.occupied.contains(&file) {
        return Err(PlanError::Issued { file: state.shown(&file), stem });
    }
    Ok(stem)
}

/// What was asked for, and is not in the certificate.
fn not_granted(request: &CertificateRequest, granted: &Extensions) -> Vec<String> {
    let mut asked = Vec::new();
    if request.ca == Some(true) {
        asked.push("to be a CA".to_owned());
    }
    let usages = request.key_usage.iter().flatten().filter(|usage| !granted.key_usage.contains(usage));
    asked.extend(usages.map(|usage| format!("the key usage {usage}")));
    let usages = request.extended_key_usage.iter().flatten();
    let usages = usages.filter(|usage| !granted.extended_key_usage.contains(usage));
    asked.extend(usages.map(|usage| format!("the extended key usage {usage}")));
    let names = request.subject_alt_names.iter().filter(|name| !granted.subject_alt_names.contains(name));
    asked.extend(names.map(|name| format!("the name {name}")));
    if !request.malformed_alt_names.is_empty() {
        asked.push("names that are malformed".to_owned());
    }
    if request.other_alt_names > 0 {
        asked.push(format!("{} names of other types", request.other_alt_names));
    }
    let others = request.other_extensions.iter().chain(&request.unreadable_extensions);
    asked.extend(others.map(|oid| format!("the extension {oid}")));
    asked
}
