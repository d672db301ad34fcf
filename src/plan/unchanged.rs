//! Whether what is there is what the plan wants: subject, SANs, usage, issuer, key type, lifetime and files.

use super::window::BACKDATED;
use super::{CertificateSpec, IssuerRef, PlanError, rotate::without_generation};
use crate::keys::{PublicKey, StoredKey};
use crate::pg::certificate_file;
use crate::profile::{CertificateEntry, Ending};
use crate::state::State;
use crate::x509::{Certificate, Usage, format_instant};
use time::{Duration, OffsetDateTime};

/// One field of a comparison, as people would name it.
struct Field {
    name: &'static str,
    found: String,
    expected: String,
}

/// Compares an existing certificate with its spec, and tells the first field that differs.
pub(super) fn compare(
    entry: &CertificateEntry,
    spec: &CertificateSpec,
    earlier: &[CertificateSpec],
    state: &State,
    now: OffsetDateTime,
) -> Result<(), PlanError> {
    let Some(found) = state.certificate(&spec.stem) else { return Ok(()) };
    let fields = [
        subject(found, spec),
        text(
            "subject alternative names",
            sans(&found.subject_alt_names),
            sans(&spec.extensions.subject_alt_names),
        ),
        text("usage", usage(found.usage()), usage(spec.usage)),
        issuer(found, spec, earlier),
        text("key type", PublicKey::from_spki_der(&found.public_key).to_string(), spec.key_type.to_string()),
        lifetime(entry, found, spec),
        in_window(found, now),
        key(found, state.key(&spec.stem)),
        appended(spec, earlier, state),
    ];
    match fields.into_iter().flatten().next() {
        None => Ok(()),
        Some(field) => Err(PlanError::Differs {
            file: state.shown_pair(spec.usage.is_ca(), &certificate_file(&spec.stem)),
            field: field.name,
            found: field.found,
            expected: field.expected,
        }),
    }
}

/// A CA that was rotated has the next generation of its name.
fn subject(found: &Certificate, spec: &CertificateSpec) -> Option<Field> {
    let is_rotated = spec.usage.is_ca() && without_generation(&found.subject) == spec.subject;
    text("subject", found.subject.to_string(), spec.subject.to_string()).filter(|_| !is_rotated)
}

fn text(name: &'static str, found: String, expected: String) -> Option<Field> {
    let shown = |text: String| if text.is_empty() { "empty".to_owned() } else { text };
    (found != expected).then(|| Field { name, found: shown(found), expected: shown(expected) })
}

fn sans(names: &[crate::x509::GeneralName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn usage(usage: Usage) -> String {
    usage.id().to_owned()
}

fn issuer(found: &Certificate, spec: &CertificateSpec, earlier: &[CertificateSpec]) -> Option<Field> {
    let (fits, expected) = match &spec.issuer {
        IssuerRef::Itself | IssuerRef::Elsewhere => (found.is_own_issuer(), spec.subject.to_string()),
        IssuerRef::Certificate(stem) => {
            let issuer = earlier.iter().find(|other| other.stem == *stem);
            let kept = issuer.and_then(|issuer| issuer.kept.as_ref());
            (
                kept.is_some_and(|kept| kept.may_have_issued(found)),
                issuer.map_or_else(String::new, |issuer| format!("{} in {stem}.crt", issuer.subject)),
            )
        }
    };
    // A CA made anew has the name of the old one, and another key.
    let same_name = expected.starts_with(&found.issuer.to_string());
    let other = if same_name { "another " } else { "" };
    (!fits).then(|| Field { name: "issuer", found: format!("{other}{}", found.issuer), expected })
}

/// Lengths are compared where a lifetime is asked for, up to the hour by which we begin earlier than others do.
fn lifetime(entry: &CertificateEntry, found: &Certificate, spec: &CertificateSpec) -> Option<Field> {
    match entry.validity.ending {
        Ending::At(_) => {
            text("end", format_instant(found.window.not_after), format_instant(spec.window.not_after))
        }
        Ending::After(_) => {
            let difference = found.window.length() - spec.window.length();
            // When it was made, a certificate under it that lives longer may have stretched it.
            if spec.usage.is_ca() && entry.validity.stretches && difference > Duration::ZERO {
                return None;
            }
            (difference.abs() > BACKDATED).then(|| Field {
                name: "lifetime",
                found: span(found.window.length()),
                expected: span(spec.window.length()),
            })
        }
    }
}

/// Whole days, or hours where there are few: the hour of backdating is not what was asked for.
fn span(length: Duration) -> String {
    match length.whole_days() {
        0..3 => format!("{}h", length.whole_hours()),
        days => format!("{days}d"),
    }
}

fn in_window(found: &Certificate, now: OffsetDateTime) -> Option<Field> {
    (!found.window.contains(now)).then(|| Field {
        name: "window",
        found: format!(
            "{} to {}",
            format_instant(found.window.not_before),
            format_instant(found.window.not_after)
        ),
        expected: format!("one that holds {}", format_instant(now)),
    })
}

/// A closed key cannot be compared; whoever signs with it will find out.
fn key(found: &Certificate, key: Option<&StoredKey>) -> Option<Field> {
    let Some(StoredKey::Plain(key)) = key else { return None };
    (key.public().spki_der() != found.public_key).then(|| Field {
        name: "key",
        found: "the key of another certificate".to_owned(),
        expected: "its own".to_owned(),
    })
}

fn appended(spec: &CertificateSpec, earlier: &[CertificateSpec], state: &State) -> Option<Field> {
    let file = state.certificates.get(&certificate_file(&spec.stem))?;
    let kept = |stem: &String| {
        earlier.iter().find(|other| other.stem == *stem).and_then(|other| other.kept.as_ref())
    };
    let expected: Vec<_> = spec.append.iter().map(kept).collect();
    let found: Vec<_> = file.iter().skip(1).map(Some).collect();
    (found != expected).then(|| Field {
        name: "appended certificates",
        found: subjects(&file[1..]),
        expected: if spec.append.is_empty() { "none".to_owned() } else { spec.append.join(", ") },
    })
}

fn subjects(certificates: &[Certificate]) -> String {
    match certificates {
        [] => "none".to_owned(),
        list => list.iter().map(|certificate| certificate.subject.to_string()).collect::<Vec<_>>().join(", "),
    }
}

/// Compares an existing bundle with what it should hold; while a CA is rotated, the other of the two may be there too.
pub(super) fn compare_bundle(
    file: &str,
    stems: &[String],
    specs: &[CertificateSpec],
    state: &State,
) -> Result<(), PlanError> {
    let found = state.certificates.get(file).map(Vec::as_slice).unwrap_or_default();
    let kept =
        |stem: &String| specs.iter().find(|spec| spec.stem == *stem).and_then(|spec| spec.kept.as_ref());
    let expected: Vec<_> = stems.iter().map(kept).collect();
    let is_beside = |it: &&Certificate| {
        let name = without_generation(&it.subject);
        let mut own = expected.iter().flatten();
        it.ca == Some(true) && own.any(|own| own.der != it.der && without_generation(&own.subject) == name)
    };
    let is_wanted = |it: &&Certificate| expected.contains(&Some(it));
    let counting = found.iter().filter(|it| is_wanted(it) || !is_beside(it));
    if counting.map(Some).collect::<Vec<_>>() == expected {
        return Ok(());
    }
    Err(PlanError::Differs {
        file: state.shown(file),
        field: "certificates",
        found: subjects(found),
        expected: stems.iter().map(|stem| certificate_file(stem)).collect::<Vec<_>>().join(", "),
    })
}
