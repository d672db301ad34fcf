//! Two certificates, field by field.

use super::{Difference, DifferenceKind as Kind, Field};
use crate::keys::{PublicKey, SignatureAlgorithm};
use crate::x509::{Certificate, MalformedName, RawExtension, SubtreeName, format_instant, format_serial};
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
        // The fields, names and extensions are all there is in it but unique identifiers, which nobody uses.
        let is_signed_anew = one.signed().to_be_signed == other.signed().to_be_signed;
        let field = if is_signed_anew { "signature" } else { "encoding" };
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
    found.extend(other_extensions(one, other, &found));
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

/// The extensions whose content has a field of its own, by their object identifiers.
const SHOWN: [(&str, &[&str]); 7] = [
    ("2.5.29.14", &["subject_key_identifier", "key"]),
    ("2.5.29.15", &["key_usage"]),
    ("2.5.29.17", &["subject_alt_names"]),
    ("2.5.29.19", &["ca"]),
    ("2.5.29.30", &["name_constraints"]),
    ("2.5.29.35", &["authority_key_identifier"]),
    ("2.5.29.37", &["extended_key_usage"]),
];

/// What differs in extensions, and in no field: those that have none, and what is critical.
fn other_extensions(one: &Certificate, other: &Certificate, found: &[Field]) -> Option<Field> {
    let [ours, theirs] = [one, other].map(Certificate::extensions);
    let is_told = |own: &RawExtension, others: &[RawExtension]| {
        let twin = others.iter().find(|it| it.oid == own.oid);
        let fields = SHOWN.iter().find(|(oid, _)| *oid == own.oid).map_or(&[][..], |(_, fields)| fields);
        let has_field = found.iter().any(|field| fields.contains(&field.field));
        // The order of the names means nothing.
        let is_order = own.oid == "2.5.29.17" && sorted_names(one) == sorted_names(other);
        match twin {
            Some(twin) if twin.critical != own.critical => true,
            Some(twin) => twin.value != own.value && !has_field && !is_order,
            None => !has_field,
        }
    };
    let list = |own: &[RawExtension], others: &[RawExtension]| {
        let told = own.iter().filter(|it| is_told(it, others));
        joined(told.map(|it| if it.critical { format!("{} critical", it.oid) } else { it.oid.clone() }))
    };
    let (mut this, mut against) = (list(&ours, &theirs), list(&theirs, &ours));
    if this.is_empty() && against.is_empty() {
        return None;
    }
    if this == against {
        this.push_str(" with other content");
        against.push_str(" with other content");
    }
    Some(Field { field: "other_extensions", this, against })
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
    joined(sorted_names(certificate).iter())
}

fn sorted_names(certificate: &Certificate) -> Vec<String> {
    let known = certificate.subject_alt_names.iter().map(|name| name.short());
    let malformed = certificate.malformed_alt_names.iter().map(|name| match name {
        MalformedName::Dns(bytes) => format!("DNS:{}", hex(bytes)),
        MalformedName::Ip(bytes) => format!("IP:{}", hex(bytes)),
        MalformedName::Email(bytes) => format!("email:{}", hex(bytes)),
        MalformedName::Uri(bytes) => format!("URI:{}", hex(bytes)),
    });
    let others = (0..certificate.other_alt_names).map(|_| "of another type".to_owned());
    let mut names: Vec<String> = known.chain(malformed).chain(others).collect();
    names.sort_unstable();
    names
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
    let read = SignatureAlgorithm::from_der(certificate.signed().algorithm);
    read.map_or_else(|| hex(certificate.signed().algorithm), |algorithm| algorithm.to_string())
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
