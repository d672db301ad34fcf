//! TOML text -> [`Profile`].

use super::entry::{BundleEntry, CertificateEntry, Ending, PathLength, Profile, Validity};
use super::error::{ProfileError, ProfileProblem};
use super::overrides::Overrides;
use super::reader::{At, Source, Table};
use super::rule::Rule;
use crate::keys::KeyType;
use crate::pg::certificate_file;
use crate::x509::{
    ExtendedKeyUsage, ExtensionKind, GeneralName, Lifetime, Name, SerialNumber, SubtreeName, Usage,
    parse_instant,
};
use std::collections::BTreeMap;
use std::net::IpAddr;
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

fn one_of<T: Copy>(
    table: &Table<'_, '_>,
    at: &At<String>,
    what: &'static str,
    all: &[T],
    id: fn(T) -> &'static str,
) -> Result<T, ProfileError> {
    all.iter().copied().find(|item| id(*item) == at.value).ok_or_else(|| {
        let known = all.iter().map(|item| id(*item).to_owned()).collect();
        table.error(&at.span, ProfileProblem::Unknown { what, found: at.value.clone(), known })
    })
}

/// The guide's lifetimes where the entry names none.
fn validity(table: &mut Table<'_, '_>, usage: Usage) -> Result<Validity, ProfileError> {
    let instant = |table: &Table<'_, '_>, at: &At<String>| {
        parse_instant(&at.value).map_err(|error| table.error(&at.span, error))
    };
    let not_before = table.scalar("not_before", "an instant")?;
    let not_before = not_before.map(|at| instant(table, &at)).transpose()?;
    let not_after = table.scalar("not_after", "an instant")?;
    let lifetime = table.scalar("lifetime", "a span such as \"365d\"")?;
    match (not_after, lifetime) {
        (Some(_), Some(lifetime)) => {
            let what = "both \"not_after\" and \"lifetime\" are given".to_owned();
            let problem = ProfileProblem::Conflict { what, hint: "Leave one of them out." };
            Err(table.error(&lifetime.span, problem))
        }
        (Some(at), None) => {
            Ok(Validity { not_before, ending: Ending::At(instant(table, &at)?), stretches: false })
        }
        (None, Some(at)) => {
            let lifetime =
                at.value.parse().map_err(|error: crate::x509::X509Error| table.error(&at.span, error))?;
            Ok(Validity { not_before, ending: Ending::After(lifetime), stretches: true })
        }
        (None, None) => {
            let lifetime = match usage {
                Usage::RootCa => Lifetime::days(3650),
                Usage::IntermediateCa => Lifetime::days(1825),
                _ => Lifetime::days(365),
            };
            Ok(Validity { not_before, ending: Ending::After(lifetime), stretches: true })
        }
    }
}

fn serial(table: &mut Table<'_, '_>) -> Result<SerialNumber, ProfileError> {
    let given = table.scalar("serial", "a number")?;
    let bits = table.scalar("serial_bits", "a number")?;
    match (given, bits) {
        (Some(_), Some(bits)) => {
            let what = "both \"serial\" and \"serial_bits\" are given".to_owned();
            Err(table.error(&bits.span, ProfileProblem::Conflict { what, hint: "Leave one of them out." }))
        }
        (Some(at), None) => given_serial(&at.value).map(SerialNumber::Given).ok_or_else(|| {
            let expected =
                "a number above 0 of at most 20 bytes (RFC 5280 §4.1.2.2), in hexadecimal with 0x in front";
            table.error(&at.span, ProfileProblem::Range { key: "serial", found: at.value.clone(), expected })
        }),
        (None, Some(at)) => {
            let bits = at.value.parse().ok().filter(|bits| (8..=159).contains(bits));
            let bits = bits.ok_or_else(|| {
                let expected = "8 to 159";
                table.error(
                    &at.span,
                    ProfileProblem::Range { key: "serial_bits", found: at.value.clone(), expected },
                )
            })?;
            Ok(SerialNumber::Random { bits })
        }
        // Twice the 64 bits of the CA/Browser Forum, and still within 20 octets.
        (None, None) => Ok(SerialNumber::Random { bits: 128 }),
    }
}

/// Decimal up to 64 bits, or hexadecimal behind `0x`; big-endian bytes without leading zeros.
fn given_serial(text: &str) -> Option<Vec<u8>> {
    // The parsers below take a sign.
    if text.contains('+') {
        return None;
    }
    let digits = match text.strip_prefix("0x") {
        Some(digits) => digits.to_owned(),
        None => format!("{:x}", text.parse::<u64>().ok()?),
    };
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let pairs = (0..padded.len()).step_by(2).map(|at| padded.get(at..at + 2));
    let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<_>>()?;
    let bytes: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    // A 20-byte number with its top bit set would take a 21st byte for its sign.
    let fits = bytes.len() < 20 || (bytes.len() == 20 && bytes[0] < 0x80);
    (fits && !bytes.is_empty()).then_some(bytes)
}

fn path_length(table: &mut Table<'_, '_>, usage: Usage) -> Result<PathLength, ProfileError> {
    let Some(at) = table.scalar("path_length", "a number")? else { return Ok(PathLength::Usual) };
    if !usage.is_ca() {
        let what = "\"path_length\" is given on a certificate that is no CA".to_owned();
        return Err(table.error(&at.span, ProfileProblem::Conflict { what, hint: "Leave it out." }));
    }
    match at.value.as_str() {
        "none" => Ok(PathLength::Unlimited),
        text => text.parse().map(PathLength::Limited).map_err(|_| {
            let expected = "0 to 255, or \"none\"";
            table.error(
                &at.span,
                ProfileProblem::Range { key: "path_length", found: text.to_owned(), expected },
            )
        }),
    }
}

fn criticality(table: &mut Table<'_, '_>) -> Result<Vec<(ExtensionKind, bool)>, ProfileError> {
    let mut list: Vec<(ExtensionKind, bool)> = Vec::new();
    for (key, critical) in [("critical", true), ("not_critical", false)] {
        for at in table.strings(key)? {
            let kind = one_of(table, &at, "extension", &ExtensionKind::ALL, ExtensionKind::id)?;
            if list.iter().any(|(other, _)| *other == kind) {
                let what = format!("the criticality of {} is given twice", at.value);
                let problem = ProfileProblem::Conflict { what, hint: "Name it once." };
                return Err(table.error(&at.span, problem));
            }
            list.push((kind, critical));
        }
    }
    Ok(list)
}

fn distribution_point(text: &str) -> Result<String, crate::x509::X509Error> {
    format!("URI:{text}").parse::<GeneralName>().map(|uri| uri.value())
}

/// `DNS:example.com`, `email:example.com`, `IP:10.0.0.0/8`; a bare text is typed by its form.
fn subtree(text: &str) -> Result<SubtreeName, crate::x509::X509Error> {
    let fail = |problem| crate::x509::X509Error::GeneralName { text: text.to_owned(), problem };
    let forced = text.strip_prefix("IP:");
    if forced.is_some() || text.contains('/') || text.parse::<IpAddr>().is_ok() {
        let parts = forced.unwrap_or(text).split_once('/');
        let network = parts
            .and_then(|(address, bits)| Some((address.parse::<IpAddr>().ok()?, bits.parse::<u16>().ok()?)));
        let (address, bits) = network.ok_or_else(|| fail("it is not a network such as 10.0.0.0/8"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = u8::try_from(bits).ok().filter(|bits| *bits <= most);
        return Ok(SubtreeName::Network(address, bits.ok_or_else(|| fail("its prefix length is too long"))?));
    }
    if let Some(mail) = text.strip_prefix("email:") {
        // A mailbox, a host, or behind a dot a domain (RFC 5280 §4.2.1.10).
        let mailbox = || text.parse::<GeneralName>().map(|name| name.value());
        return Ok(SubtreeName::Email(if mail.contains('@') { mailbox()? } else { domain(mail)? }));
    }
    Ok(SubtreeName::Dns(domain(text.strip_prefix("DNS:").unwrap_or(text))?))
}

/// A domain in A-labels. A leading dot means subdomains alone (RFC 5280 §4.2.1.10 leaves it to URIs; OpenSSL and Go
/// take it).
fn domain(text: &str) -> Result<String, crate::x509::X509Error> {
    let (dot, rest) = text.strip_prefix('.').map_or(("", text), |rest| (".", rest));
    Ok(format!("{dot}{}", crate::x509::dns_name(rest)?))
}
