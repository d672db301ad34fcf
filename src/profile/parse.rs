//! TOML text -> [`Profile`].

use super::entry::{BundleEntry, CertificateEntry, Profile};
use super::error::{ProfileError, ProfileProblem};
use super::fields::{criticality, distribution_point, one_of, path_length, serial, subtree, validity};
use super::overrides::Overrides;
use super::reader::{At, Source, Table};
use super::rule::Rule;
use crate::keys::KeyType;
use crate::pg::certificate_file;
use crate::x509::{ExtendedKeyUsage, ExtensionKind, GeneralName, Name, Usage};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::DeTable;

/// Parses a profile and lays the overrides over it. `origin` names the text in errors: a path, or a built-in's name.
///
/// # Errors
/// [`ProfileError`] with line and column, or, for an override that the profile has no use for, without.
pub fn parse(origin: &str, text: &str, overrides: &Overrides) -> Result<Profile, ProfileError> {
    let mut source = Source { origin, text, settings: BTreeMap::new() };
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        source.error(span, ProfileProblem::Syntax(error.message().replace('\n', ", ")))
    })?;
    source.settings = settings(&source, document.get_ref(), overrides)?;
    let mut top = Table::new(&source, document.get_ref(), 0..0, "the profile");
    let mut profile = Profile {
        name: top.required("name")?.value,
        summary: top.string("summary")?.map_or_else(String::new, |at| at.value),
        source: top.string("source")?.map_or_else(String::new, |at| at.value),
        certificates: Vec::new(),
        bundles: Vec::new(),
    };
    let certificates = top.tables("certificate", "[[certificate]]")?;
    let bundles = top.tables("bundle", "[[bundle]]")?;
    // Read by `settings` above.
    top.known("set");
    top.finish()?;
    let mut places = Vec::new();
    for table in certificates {
        let span = table.span.clone();
        let (entry, references) = certificate(table)?;
        profile.certificates.push(entry);
        places.push(Places { entry: span, references });
    }
    if profile.certificates.is_empty() {
        return Err(
            source.error(0..0, ProfileProblem::Missing { key: "[[certificate]]", table: "the profile" })
        );
    }
    check_references(&source, &profile, &places)?;
    check_cycles(&source, &profile, &places)?;
    for table in bundles {
        let entry = bundle(table, &source, &profile)?;
        profile.bundles.push(entry);
    }
    overrides.apply(origin, &mut profile)?;
    Ok(profile)
}

/// The keys of `[set]` of a profile; none where it cannot be read, which [`parse`] tells.
#[must_use]
pub fn setting_names(text: &str) -> Vec<String> {
    let document = DeTable::parse(text).ok();
    let set = document.as_ref().and_then(|document| document.get_ref().get("set")?.get_ref().as_table());
    set.into_iter().flat_map(|table| table.keys().map(|key| key.get_ref().to_string())).collect()
}

/// Where a certificate's table stands, and the names of other certificates in it.
struct Places {
    entry: Range<usize>,
    references: Vec<At<String>>,
}

/// `[set]` with `--set`, `--domain` and the domain of the first server name laid over it.
fn settings(
    source: &Source<'_>,
    document: &DeTable<'_>,
    overrides: &Overrides,
) -> Result<BTreeMap<String, String>, ProfileError> {
    let mut settings = BTreeMap::new();
    if let Some(value) = document.get("set") {
        let table = value.get_ref().as_table().ok_or_else(|| source.mistyped("set", value, "a table"))?;
        for (key, value) in table {
            let key = key.get_ref().as_ref();
            let text = value.get_ref().as_str().ok_or_else(|| source.mistyped(key, value, "a string"))?;
            settings.insert(key.to_owned(), text.to_owned());
        }
    }
    overrides.lay_over(source.origin, &mut settings)?;
    Ok(settings)
}

/// An entry, and the names of other certificates in it, which are looked up once all are known.
fn certificate(mut table: Table<'_, '_>) -> Result<(CertificateEntry, Vec<At<String>>), ProfileError> {
    let name = table.required("name")?;
    check_file_name(&table, &name)?;
    let usage = table.required("usage")?;
    let usage = one_of(&table, &usage, "usage", &Usage::ALL, Usage::id)?;
    let issuer = table.string("issuer")?;
    let subject = match table.string("subject")? {
        Some(at) => Name::parse(&at.value).map_err(|error| table.error(&at.span, error))?,
        None => Name::parse("").map_err(|error| table.error(&(0..0), error))?,
    };
    let key_type = match table.string("key_type")? {
        Some(at) => at.value.parse().map_err(|error: crate::keys::KeyError| table.error(&at.span, error))?,
        None => KeyType::EcdsaP256,
    };
    let append = table.strings("append")?;
    let entry = CertificateEntry {
        name: name.value,
        usage,
        issuer: issuer.as_ref().map(|at| at.value.clone()),
        subject,
        san: table.parsed("san", str::parse::<GeneralName>)?,
        validity: validity(&mut table, usage)?,
        serial: serial(&mut table)?,
        key_type,
        path_length: path_length(&mut table, usage)?,
        permitted: table.parsed("permitted_names", subtree)?,
        excluded: table.parsed("excluded_names", subtree)?,
        crl_distribution_points: table.parsed("crl_distribution_points", distribution_point)?,
        extended_key_usages: table.parsed("extended_key_usages", str::parse::<ExtendedKeyUsage>)?,
        criticality: criticality(&mut table)?,
        append: append.iter().map(|at| at.value.clone()).collect(),
        waive: {
            let rules = table.strings("waive")?;
            rules
                .iter()
                .map(|at| one_of(&table, at, "rule", &Rule::ALL, Rule::id))
                .collect::<Result<_, _>>()?
        },
    };
    table.finish()?;
    check_usage(&table, &entry)?;
    Ok((entry, issuer.into_iter().chain(append).collect()))
}

/// What one entry may not say together.
fn check_usage(table: &Table<'_, '_>, entry: &CertificateEntry) -> Result<(), ProfileError> {
    let conflict =
        |what: String, hint| Err(table.error(&table.span, ProfileProblem::Conflict { what, hint }));
    let name = &entry.name;
    match (entry.usage, &entry.issuer) {
        (Usage::RootCa, Some(issuer)) => {
            let what = format!("the root CA \"{name}\" names \"{issuer}\" as its issuer");
            return conflict(what, "Leave \"issuer\" out, or make its usage intermediate-ca.");
        }
        (Usage::IntermediateCa, None) => {
            let what = format!("the intermediate CA \"{name}\" names no issuer");
            return conflict(what, "Add issuer = \"NAME\", or make its usage root-ca.");
        }
        _ => {}
    }
    let no_extension_wished = entry.san.is_empty()
        && entry.permitted.is_empty()
        && entry.excluded.is_empty()
        && entry.crl_distribution_points.is_empty()
        && entry.extended_key_usages.is_empty()
        && entry.criticality.is_empty();
    if entry.usage == Usage::Bare && !no_extension_wished {
        let what = format!("\"{name}\" is of usage bare, X.509 v1, which has no extensions");
        return conflict(what, "Take the extensions out of it, or give it another usage.");
    }
    let constrains = !entry.permitted.is_empty() || !entry.excluded.is_empty();
    if constrains && !entry.usage.is_ca() {
        let what = format!("\"{name}\" has name constraints, but is no CA");
        return conflict(what, "Move permitted_names and excluded_names to a CA.");
    }
    if let Some((kind, _)) = entry.criticality.iter().find(|(kind, _)| !has_extension(entry, *kind)) {
        let what = format!("\"{name}\" has no extension {} that could be critical or not", kind.id());
        return conflict(what, "Add the extension, or leave it out of critical and not_critical.");
    }
    Ok(())
}

/// Whether an entry of a usage other than bare gets an extension.
fn has_extension(entry: &CertificateEntry, kind: ExtensionKind) -> bool {
    match kind {
        ExtensionKind::BasicConstraints | ExtensionKind::KeyUsage | ExtensionKind::SubjectKeyIdentifier => {
            true
        }
        ExtensionKind::AuthorityKeyIdentifier => entry.usage != Usage::RootCa,
        ExtensionKind::CrlDistributionPoints => !entry.crl_distribution_points.is_empty(),
        ExtensionKind::ExtendedKeyUsage => !entry.usage.is_ca() || !entry.extended_key_usages.is_empty(),
        ExtensionKind::NameConstraints => !entry.permitted.is_empty() || !entry.excluded.is_empty(),
        ExtensionKind::SubjectAltName => !entry.san.is_empty(),
    }
}

fn bundle(
    mut table: Table<'_, '_>,
    source: &Source<'_>,
    profile: &Profile,
) -> Result<BundleEntry, ProfileError> {
    let file = table.required("file")?;
    check_file_name(&table, &file)?;
    let certificates = table.strings("certificates")?;
    table.finish()?;
    for at in &certificates {
        if profile.certificate(&at.value).is_none() {
            return Err(source.error(at.span.clone(), unknown_certificate(profile, &at.value)));
        }
    }
    if certificates.is_empty() {
        let missing = ProfileProblem::Missing { key: "certificates", table: "[[bundle]]" };
        return Err(table.error(&table.span, missing));
    }
    if profile.makes(&file.value) {
        return Err(source.error(file.span, ProfileProblem::TwoForOneFile { file: file.value }));
    }
    if file.value.ends_with(".key") {
        let what = format!("the bundle \"{}\" holds certificates, but is called a key", file.value);
        return Err(
            table.error(&file.span, ProfileProblem::Conflict { what, hint: "Call it like chain.crt." })
        );
    }
    Ok(BundleEntry { file: file.value, certificates: certificates.into_iter().map(|at| at.value).collect() })
}

fn unknown_certificate(profile: &Profile, found: &str) -> ProfileProblem {
    let known = profile.certificates.iter().map(|entry| entry.name.clone()).collect();
    ProfileProblem::Unknown { what: "certificate", found: found.to_owned(), known }
}

/// Every issuer and appended certificate exists, and no two entries are of one name.
fn check_references(source: &Source<'_>, profile: &Profile, places: &[Places]) -> Result<(), ProfileError> {
    for (at, (entry, places)) in profile.certificates.iter().zip(places).enumerate() {
        if profile.certificates[..at].iter().any(|other| other.name == entry.name) {
            let file = certificate_file(&entry.name);
            return Err(source.error(places.entry.clone(), ProfileProblem::TwoForOneFile { file }));
        }
        if let Some(at) = places.references.iter().find(|at| profile.certificate(&at.value).is_none()) {
            return Err(source.error(at.span.clone(), unknown_certificate(profile, &at.value)));
        }
    }
    Ok(())
}

/// Following the issuers up ends at one that signs itself.
fn check_cycles(source: &Source<'_>, profile: &Profile, places: &[Places]) -> Result<(), ProfileError> {
    for (entry, places) in profile.certificates.iter().zip(places) {
        let mut path = vec![entry.name.as_str()];
        let mut current = entry;
        while let Some(issuer) = current.issuer.as_deref().and_then(|name| profile.certificate(name)) {
            path.push(&issuer.name);
            if issuer.name == entry.name {
                let problem = ProfileProblem::Cycle { path: path.join(" -> ") };
                return Err(source.error(places.entry.clone(), problem));
            }
            if path.len() > profile.certificates.len() {
                // A cycle further up, which its own members report.
                break;
            }
            current = issuer;
        }
    }
    Ok(())
}

fn check_file_name(table: &Table<'_, '_>, name: &At<String>) -> Result<(), ProfileError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let begins = name.value.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    // 200 leaves room for the endings of revoked pairs within the 255 bytes of a file name.
    if begins && name.value.bytes().all(allowed) && name.value.len() <= 200 {
        return Ok(());
    }
    Err(table.error(&name.span, ProfileProblem::FileName { found: name.value.clone() }))
}
