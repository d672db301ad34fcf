//! `gen`'s first step: a profile and what exists -> a plan.

use super::{
    BundleSpec, CertificateSpec, Existing, IndexSpec, IssuerRef, Notice, Plan, PlanError, companions,
    issuers, rules, unchanged, window,
};
use crate::keys::{KeyType, PublicKey};
use crate::pg::{certificate_file, key_file};
use crate::profile::{CertificateEntry, Ending, PathLength, Profile};
use crate::state::State;
use crate::x509::{BasicConstraints, ExtendedKeyUsage, Extensions, KeyUsage, Name, Usage};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// Decides everything about a directory.
///
/// # Errors
/// [`PlanError`]: what stands in the way, what a rule forbids, what an existing CA cannot sign.
pub fn build(
    profile: &Profile,
    state: &State,
    existing: Existing,
    now: OffsetDateTime,
) -> Result<Plan, PlanError> {
    // To the second, as certificates count: what lives for ten days fits under what does.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let mut specs: Vec<CertificateSpec> = Vec::with_capacity(profile.certificates.len());
    let mut entries = Vec::with_capacity(profile.certificates.len());
    for entry in issuers_first(profile) {
        specs.push(wish(entry, now)?);
        entries.push(entry);
    }
    // The order matters: until `describe_kept` every spec says what is wished, which `stretch` and `compare` look at;
    // from there on a kept one says what is there, which the rules for its issuer look at.
    find_kept(&entries, &mut specs, state, existing)?;
    let mut notices = window::stretch(profile, &mut specs);
    if existing == Existing::Keep {
        for (at, entry) in entries.iter().enumerate().filter(|(at, _)| specs[*at].kept.is_some()) {
            unchanged::compare(entry, &specs[at], &specs[..at], state, now)?;
        }
    }
    describe_kept(&mut specs);
    rules::check(profile, &mut specs, now)?;
    issuers::check(&specs, state, now)?;
    let mut bundles: Vec<BundleSpec> = profile
        .bundles
        .iter()
        .map(|bundle| BundleSpec { file: bundle.file.clone(), certificates: bundle.certificates.clone() })
        .collect();
    let mut kept_files = kept_files(&specs, &bundles, state, existing)?;
    let indexes = indexes(&specs, state);
    notices.extend(specs.iter().filter_map(|spec| long_lived(spec, now)));
    notices.extend(specs.iter().filter_map(p384_client));
    notices.extend(example_names(&specs));
    let companions = companions::of(&specs, state);
    companions::join(&mut bundles, &companions);
    let files = companions.iter().map(|spec| certificate_file(&spec.stem));
    kept_files.extend(files.filter(|file| state.occupied.contains(file)));
    specs.extend(companions);
    Ok(Plan { certificates: specs, bundles, kept_files, indexes, notices, ..Plan::named(&profile.name) })
}

/// The entries so that each comes after its issuer, otherwise in their own order. `profile` has refused cycles.
fn issuers_first(profile: &Profile) -> Vec<&CertificateEntry> {
    let mut ready = BTreeSet::new();
    let mut waiting: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, entry) in profile.certificates.iter().enumerate() {
        match &entry.issuer {
            None => drop(ready.insert(at)),
            Some(issuer) => waiting.entry(issuer).or_default().push(at),
        }
    }
    let mut ordered = Vec::with_capacity(profile.certificates.len());
    while let Some(at) = ready.pop_first() {
        let entry = &profile.certificates[at];
        ordered.push(entry);
        ready.extend(waiting.remove(entry.name.as_str()).unwrap_or_default());
    }
    ordered
}

/// What an entry wishes for, at that instant.
pub(super) fn wish(entry: &CertificateEntry, now: OffsetDateTime) -> Result<CertificateSpec, PlanError> {
    Ok(CertificateSpec {
        stem: entry.name.clone(),
        usage: entry.usage,
        subject: entry.subject.clone(),
        issuer: entry.issuer.clone().map_or(IssuerRef::Itself, IssuerRef::Certificate),
        key_type: entry.key_type,
        window: window::wished(entry, now)?,
        fixed_end: matches!(entry.validity.ending, Ending::At(_)),
        serial: entry.serial.clone(),
        extensions: extensions(entry),
        append: entry.append.clone(),
        waived: Vec::new(),
        existing_key: None,
        reissue: None,
        kept: None,
    })
}

/// What an entry means in extensions.
fn extensions(entry: &CertificateEntry) -> Extensions {
    let mut usual = usual(entry.usage, entry.path_length, entry.key_type);
    for extra in &entry.extended_key_usages {
        if !usual.extended_key_usage.contains(extra) {
            usual.extended_key_usage.push(extra.clone());
        }
    }
    Extensions {
        subject_alt_names: entry.san.clone(),
        permitted: entry.permitted.clone(),
        excluded: entry.excluded.clone(),
        crl_distribution_points: entry.crl_distribution_points.clone(),
        criticality: entry.criticality.clone(),
        ..usual
    }
}

/// What a usage means in extensions (RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.12).
pub(super) fn usual(usage: Usage, path_length: PathLength, key_type: KeyType) -> Extensions {
    let basic_constraints = match (usage.is_ca(), path_length) {
        (false, _) => BasicConstraints::EndEntity,
        // An intermediate signs end-entities; without this its key could make further CAs.
        (true, PathLength::Usual) if usage == Usage::IntermediateCa => {
            BasicConstraints::Ca { path_length: Some(0) }
        }
        (true, PathLength::Usual | PathLength::Unlimited) => BasicConstraints::Ca { path_length: None },
        (true, PathLength::Limited(length)) => BasicConstraints::Ca { path_length: Some(length) },
    };
    let key_usage = match usage {
        Usage::RootCa | Usage::IntermediateCa => vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign],
        Usage::Bare => Vec::new(),
        // TLS 1.2 without forward secrecy encrypts to the server's RSA key.
        _ if usage.serves() && key_type.is_rsa() => {
            vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment]
        }
        _ => vec![KeyUsage::DigitalSignature],
    };
    let extended_key_usage = match usage {
        Usage::Server => vec![ExtendedKeyUsage::server_auth()],
        Usage::Client => vec![ExtendedKeyUsage::client_auth()],
        Usage::Node => vec![ExtendedKeyUsage::server_auth(), ExtendedKeyUsage::client_auth()],
        Usage::RootCa | Usage::IntermediateCa | Usage::Bare => Vec::new(),
    };
    Extensions { basic_constraints, key_usage, extended_key_usage, ..Extensions::default() }
}

/// The kind of key that comes nearest to one that exists, which decides what it may be used for.
pub(super) fn nearest_type(key: &PublicKey) -> KeyType {
    let rsa = key.to_string().starts_with("RSA ");
    key.key_type().unwrap_or(if rsa { KeyType::Rsa2048 } else { KeyType::default() })
}

/// Marks what exists and stays; refuses halves of pairs.
fn find_kept(
    entries: &[&CertificateEntry],
    specs: &mut [CertificateSpec],
    state: &State,
    existing: Existing,
) -> Result<(), PlanError> {
    for at in 0..entries.len() {
        let spec = &specs[at];
        let is_ca = spec.usage.is_ca();
        let holdings = state.holdings(is_ca);
        let stays = match existing {
            Existing::Refuse => is_ca && state.ca_occupied.is_some(),
            Existing::Keep => true,
            Existing::Replace => is_ca,
        };
        if !stays {
            continue;
        }
        let (certificate, key) = (certificate_file(&spec.stem), key_file(&spec.stem));
        let shown = |file: &str| state.shown_pair(is_ca, file);
        let half = |present: &str, absent: String| PlanError::HalfPair { present: shown(present), absent };
        match (holdings.contains(&certificate), holdings.contains(&key)) {
            (false, false) => continue,
            (false, true) => return Err(half(&key, shown(&certificate))),
            // A CA's key may be away, in a safe; only signing needs it.
            (true, false) if !is_ca => return Err(half(&certificate, shown(&key))),
            (true, _) => {}
        }
        if let IssuerRef::Certificate(issuer) = &spec.issuer {
            let issuer = specs[..at].iter().find(|other| other.stem == *issuer);
            if let Some(issuer) = issuer.filter(|issuer| issuer.kept.is_none()) {
                let absent = state.shown_pair(issuer.usage.is_ca(), &certificate_file(&issuer.stem));
                return Err(half(&certificate, absent));
            }
        }
        specs[at].kept = state.certificate(&entries[at].name).cloned();
    }
    Ok(())
}

/// A kept certificate is shown, and judged as an issuer, by what it is, not by what was wished.
fn describe_kept(specs: &mut [CertificateSpec]) {
    for spec in specs {
        let Some(kept) = &spec.kept else { continue };
        spec.subject = kept.subject.clone();
        spec.window = kept.window;
        spec.key_type = PublicKey::from_spki_der(&kept.public_key).key_type().unwrap_or(spec.key_type);
        spec.extensions.subject_alt_names = kept.subject_alt_names.clone();
    }
}

/// Which files stay as they are; refuses where one would be overwritten that must not be.
fn kept_files(
    specs: &[CertificateSpec],
    bundles: &[BundleSpec],
    state: &State,
    existing: Existing,
) -> Result<BTreeSet<String>, PlanError> {
    let mut kept = BTreeSet::new();
    if state.occupied.is_empty() {
        return Ok(kept);
    }
    let mut in_the_way = Vec::new();
    for spec in specs {
        for file in [certificate_file(&spec.stem), key_file(&spec.stem)] {
            match (state.occupied.contains(&file), spec.kept.is_some()) {
                (true, true) if existing != Existing::Refuse => drop(kept.insert(file)),
                (true, _) if existing != Existing::Replace || spec.usage.is_ca() => in_the_way.push(file),
                (true, _) if holds_ca(state, &spec.stem) => in_the_way.push(file),
                _ => {}
            }
        }
    }
    for bundle in bundles.iter().filter(|bundle| state.occupied.contains(&bundle.file)) {
        match existing {
            Existing::Refuse => in_the_way.push(bundle.file.clone()),
            Existing::Keep => {
                unchanged::compare_bundle(&bundle.file, &bundle.certificates, specs, state)?;
                kept.insert(bundle.file.clone());
            }
            // What holds no certificates is no bundle of ours, whatever its name.
            Existing::Replace if !state.certificates.contains_key(&bundle.file) => {
                in_the_way.push(bundle.file.clone());
            }
            Existing::Replace => {}
        }
    }
    match in_the_way.first() {
        None => Ok(kept),
        Some(first) => {
            let forced = existing == Existing::Replace;
            Err(PlanError::Exists { first: state.shown(first), more: in_the_way.len() - 1, forced })
        }
    }
}

/// Whether a CA lies where the profile has an end-entity. A self-signed certificate that may sign and never did (the
/// guide's own commands make such servers and clients) is none.
fn holds_ca(state: &State, stem: &str) -> bool {
    let Some(found) = state.certificate(stem).filter(|found| found.ca == Some(true)) else { return false };
    let signs = found.key_usage.as_ref().is_some_and(|usage| usage.contains(&KeyUsage::KeyCertSign));
    let mut others = state.certificates.values().flatten().filter(|other| other.der != found.der);
    signs || others.any(|other| found.may_have_issued(other))
}

/// The indexes of the CAs that sign something new, where the files by themselves do not tell all that was signed: an
/// existing CA may have signed what is not here any more, and one in a directory of its own signs for others.
fn indexes(specs: &[CertificateSpec], state: &State) -> Vec<IndexSpec> {
    let signs =
        |ca: &CertificateSpec| specs.iter().any(|spec| spec.kept.is_none() && spec.issuer.is(&ca.stem));
    let tells = |ca: &CertificateSpec| {
        ca.kept.is_some() || state.ca_occupied.is_some() || state.indexes.contains_key(&ca.stem)
    };
    let cas = specs.iter().filter(|spec| signs(spec) && tells(spec));
    cas.map(|ca| IndexSpec::of(&ca.stem, state, specs)).collect()
}

pub(super) fn long_lived(spec: &CertificateSpec, now: OffsetDateTime) -> Option<Notice> {
    let over = spec.kept.is_none() && spec.window.not_after - now > time::Duration::days(36_525);
    over.then(|| Notice::OverHundredYears {
        certificate: spec.stem.clone(),
        not_after: spec.window.not_after,
    })
}

pub(super) fn p384_client(spec: &CertificateSpec) -> Option<Notice> {
    let is_one = spec.usage == Usage::Client && spec.key_type == KeyType::EcdsaP384;
    is_one.then(|| Notice::P384Client { certificate: spec.stem.clone() })
}

fn example_names(specs: &[CertificateSpec]) -> Option<Notice> {
    const EXAMPLE: &str = "yourdomain.com";
    let in_domain = |name: Cow<'_, str>| {
        name.strip_suffix(EXAMPLE).is_some_and(|host| host.is_empty() || host.ends_with('.'))
    };
    let is_example = |name: &Name| name.common_names().any(in_domain);
    let server = specs.iter().find(|spec| spec.usage.serves() && spec.kept.is_none())?;
    is_example(&server.subject).then(|| Notice::ExampleNames { domain: EXAMPLE.to_owned() })
}
