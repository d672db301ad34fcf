//! Two certificates, field by field.

use super::{Difference, DifferenceKind as Kind, Field};
use crate::keys::{PublicKey, SignatureAlgorithm};
use crate::x509::{Certificate, SubtreeName, format_instant, format_serial};
use std::fmt::Display;

/// What a renewal changes.
const RENEWAL: [&str; 3] = ["serial", "not_before", "not_after"];
/// What follows from another key; `authority_key_identifier` in a certificate that signs itself.
const REKEYING: [&str; 4] =
    ["key", "subject_key_identifier", "signature_algorithm", "authority_key_identifier"];

/// How two different certificates differ.
pub(super) fn difference(one: &Certificate, other: &Certificate) -> Difference {
    let mut fields = fields(one, other);
    if fields.is_empty() {
        let is_signed_anew = one.to_be_signed() == other.to_be_signed();
        let field = if is_signed_anew { "signature" } else { "other_extensions" };
        let [this, against] = ["differs"; 2].map(str::to_owned);
        fields.push(Field { field, this, against });
    }
    let differs = |name: &str| fields.iter().any(|field| field.field == name);
    let within =
        |allowed: &[&[&str]]| fields.iter().all(|it| allowed.iter().any(|list| list.contains(&it.field)));
    let signs_itself = one.is_own_issuer() && other.is_own_issuer();
    let follows = if signs_itself { &REKEYING[..] } else { &REKEYING[..2] };
    let (kind, fact) = if within(&[&RENEWAL]) {
        (Kind::Renewed, "renewed, with the same key, names and usages")
    } else if differs("key") && within(&[&RENEWAL, follows]) {
        (Kind::Rekeyed, "another key, with the same names and usages")
    } else if !differs("key") {
        (Kind::Changed, "another certificate for the same key")
    } else {
        (Kind::Changed, "another certificate, and another key")
    };
    let mut difference = Difference::new(kind, fact);
    difference.subject = Some(one.subject.clone());
    difference.fields = fields;
    difference
}

/// A public key in words: its kind and its identifier.
pub(super) fn key_value(public: &PublicKey) -> String {
    format!("{public} {}", hex(&public.identifier()))
}

/// Those whose two values are not one.
pub(super) fn differing<const N: usize>(fields: [(&'static str, String, String); N]) -> Vec<Field> {
    let differ = fields.into_iter().filter(|(_, this, against)| this != against);
    differ.map(|(field, this, against)| Field { field, this, against }).collect()
}

fn fields(one: &Certificate, other: &Certificate) -> Vec<Field> {
    let both = |value: fn(&Certificate) -> String| (value(one), value(other));
    let field = |name: &'static str, (this, against): (String, String)| (name, this, against);
    let keys = [one, other].map(|it| PublicKey::from_spki_der(&it.public_key));
    let key = if keys[0].is_same_key(&keys[1]) {
        (String::new(), String::new())
    } else {
        (key_value(&keys[0]), key_value(&keys[1]))
    };
    let mut found = differing([
        field("subject", both(|it| it.subject.to_string())),
        field("subject_alt_names", both(names)),
        field("issuer", both(|it| it.issuer.to_string())),
        field("not_before", both(|it| format_instant(it.window.not_before))),
        field("not_after", both(|it| format_instant(it.window.not_after))),
        field("serial", both(|it| format_serial(&it.serial))),
        field("key", key),
        field("version", both(|it| it.version.to_string())),
        field("ca", both(authority)),
        field(
            "key_usage",
            both(|it| it.key_usage.as_ref().map(|bits| joined(bits.iter())).unwrap_or_default()),
        ),
        field("extended_key_usage", both(|it| joined(it.extended_key_usage.iter()))),
        field("name_constraints", both(constraints)),
        field("subject_key_identifier", both(|it| identifier(&it.subject_key_identifier))),
        field("authority_key_identifier", both(|it| identifier(&it.authority_key_identifier))),
        field("signature_algorithm", both(algorithm)),
    ]);
    // It follows from the key.
    let identifiers = [&one.subject_key_identifier, &other.subject_key_identifier];
    if found.iter().any(|it| it.field == "key") && identifiers.iter().all(|it| it.is_some()) {
        found.retain(|it| it.field != "subject_key_identifier");
    }
    // A name in another string type looks the same and chains to nobody.
    let names = [("subject", &one.subject, &other.subject), ("issuer", &one.issuer, &other.issuer)];
    for (field, this, against) in names {
        if this != against && !found.iter().any(|it| it.field == field) {
            let encoded = |name: &crate::x509::Name| format!("{name} ({})", hex(name.as_der()));
            found.push(Field { field, this: encoded(this), against: encoded(against) });
        }
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn identifier(identifier: &Option<Vec<u8>>) -> String {
    identifier.as_deref().map(hex).unwrap_or_default()
}

fn joined<T: Display>(list: impl Iterator<Item = T>) -> String {
    list.map(|it| it.to_string()).collect::<Vec<_>>().join(" ")
}

/// The names in an order of their own: theirs means nothing.
fn names(certificate: &Certificate) -> String {
    let mut names: Vec<String> = certificate.subject_alt_names.iter().map(|name| name.short()).collect();
    names.sort_unstable();
    joined(names.iter())
}

fn authority(certificate: &Certificate) -> String {
    match (certificate.ca, certificate.path_length) {
        (None, _) => String::new(),
        (Some(false), _) => "no".to_owned(),
        (Some(true), None) => "yes".to_owned(),
        (Some(true), Some(length)) => format!("yes, path length {length}"),
    }
}

fn algorithm(certificate: &Certificate) -> String {
    let read = SignatureAlgorithm::from_der(certificate.signature_algorithm());
    read.map_or_else(|| hex(certificate.signature_algorithm()), |algorithm| algorithm.to_string())
}

fn constraints(certificate: &Certificate) -> String {
    let subtree = |subtree: &SubtreeName| match subtree {
        SubtreeName::Dns(name) => format!("DNS:{name}"),
        SubtreeName::Email(name) => format!("email:{name}"),
        SubtreeName::Network(address, length) => format!("IP:{address}/{length}"),
    };
    let list = |word: &str, list: &[SubtreeName]| match list {
        [] => None,
        list => Some(format!("{word} {}", joined(list.iter().map(subtree)))),
    };
    let parts = [list("permitted", &certificate.permitted), list("excluded", &certificate.excluded)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
