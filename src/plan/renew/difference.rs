//! What changes in a certificate that is issued again: each field that is not the same after as before.

use crate::keys::PublicKey;
use crate::plan::{CertificateSpec, IssuerRef};
use crate::x509::{
    Certificate, ExtensionKind, GeneralName, Window, format_date, format_instant, format_serial,
};
use serde::Serialize;
use time::Duration;

/// A field that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which.
    pub field: &'static str,
    /// What it is.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

/// What is absent.
const NONE: &str = "none";

/// What changes; nothing for one that is not issued again. `serial` is the new serial number, once it is known.
#[must_use]
pub fn differences(spec: &CertificateSpec, serial: Option<&[u8]>) -> Vec<Difference> {
    let Some(reissue) = &spec.reissue else { return Vec::new() };
    let old = &reissue.of;
    let new_serial = serial.map_or_else(|| "new".to_owned(), format_serial);
    let fields = [
        windows(&old.window, &spec.window),
        differ("serial number", format_serial(&old.serial), new_serial),
        differ("version", format!("v{}", old.version), "v3".to_owned()),
        key(old, spec),
    ];
    // What is carried is the same to the byte, whatever is made of it here.
    let stays = |kind: ExtensionKind| reissue.carried.iter().any(|carried| carried.is(kind));
    let made = extensions(old, spec).into_iter().filter(|(kind, _)| !stays(*kind));
    fields.into_iter().chain(made.map(|(_, difference)| difference)).flatten().collect()
}

/// Each extension that this crate writes, with what changes in it.
fn extensions(old: &Certificate, spec: &CertificateSpec) -> [(ExtensionKind, Option<Difference>); 6] {
    let new = &spec.extensions;
    let length = new.basic_constraints.path_length().map(u32::from);
    let basic = constraints_text(new.basic_constraints.is_ca(), length);
    let short = |names: &[GeneralName]| list(names.iter().map(GeneralName::short));
    let purposes = (list(&old.extended_key_usage), list(&new.extended_key_usage));
    let usages = (list(old.key_usage.iter().flatten()), list(&new.key_usage));
    let names = (short(&old.subject_alt_names), short(&new.subject_alt_names));
    // That of a new key goes without saying.
    let own = differ("subject key identifier", NONE.to_owned(), "that of its key".to_owned());
    [
        (ExtensionKind::BasicConstraints, differ("basic constraints", constraints(old), basic)),
        (ExtensionKind::KeyUsage, differ("key usage", usages.0, usages.1)),
        (ExtensionKind::ExtendedKeyUsage, differ("extended key usage", purposes.0, purposes.1)),
        (ExtensionKind::SubjectAltName, differ("alternative names", names.0, names.1)),
        (ExtensionKind::SubjectKeyIdentifier, own.filter(|_| spec.existing_key.is_some())),
        (ExtensionKind::AuthorityKeyIdentifier, authority(old, spec)),
    ]
}

fn differ(field: &'static str, before: String, after: String) -> Option<Difference> {
    (before != after).then_some(Difference { field, before, after })
}

/// To the day, or to the second where the days are the same or the life is short.
fn windows(old: &Window, new: &Window) -> Option<Difference> {
    let short = old.length().min(new.length()) < Duration::days(3);
    let same_days = format_date(old.not_after) == format_date(new.not_after);
    let format = if short || same_days { format_instant } else { format_date };
    let text = |window: &Window| format!("{} to {}", format(window.not_before), format(window.not_after));
    if old == new { None } else { differ("valid", text(old), text(new)) }
}

fn key(old: &Certificate, spec: &CertificateSpec) -> Option<Difference> {
    let before = PublicKey::from_spki_der(&old.public_key).to_string();
    let after = format!("a new one, {}", spec.key_type);
    spec.existing_key.is_none().then_some(Difference { field: "key", before, after })
}

fn constraints(old: &Certificate) -> String {
    let Some(ca) = old.ca else { return NONE.to_owned() };
    let is_lax = ca && !old.basic_constraints_critical;
    constraints_text(ca, old.path_length) + if is_lax { ", not critical" } else { "" }
}

fn constraints_text(ca: bool, path_length: Option<u32>) -> String {
    match (ca, path_length) {
        (false, _) => "no CA".to_owned(),
        (true, None) => "CA".to_owned(),
        (true, Some(length)) => format!("CA, path length {length}"),
    }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { NONE.to_owned() } else { items.join(", ") }
}

/// The key of the issuer, and the serial number of its certificate where that was named: it is not any more.
fn authority(old: &Certificate, spec: &CertificateSpec) -> Option<Difference> {
    let before = match (&old.authority_key_identifier, &old.authority_serial) {
        (None, None) => NONE,
        (_, Some(_)) => "with the serial number of its CA",
        (Some(_), None) => "that of the key of its CA",
    };
    let after = match (&spec.issuer, spec.usage.is_ca()) {
        (IssuerRef::Itself, true) => NONE,
        (IssuerRef::Itself, false) => "that of its key",
        _ => "that of the key of its CA",
    };
    differ("authority key identifier", before.to_owned(), after.to_owned())
}
