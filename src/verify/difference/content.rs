//! What differs between two files that belong together: certificates, keys, revocation lists, and what is wrong with
//! the files themselves.

use super::pairing::{Content, Sheet, base, is_closed};
use super::{Difference, DifferenceKind as Kind, Field, RemarkKind, Remarks, certificate, index};
use crate::keys::{KeyEncryption, KeyFile, KeyForm, PublicKey};
use crate::verify::exhibit::Exhibit;
use crate::verify::rules::Rule;
use crate::verify::severity::Severity;
use crate::x509::{Certificate, RevocationList, format_date, format_instant, format_serial};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// Two files that belong together.
pub(super) struct Pair<'p, 'a> {
    pub(super) this: &'p Sheet<'a>,
    pub(super) one: usize,
    pub(super) against: &'p Sheet<'a>,
    pub(super) other: usize,
}

impl<'a> Pair<'_, 'a> {
    fn exhibits(&self) -> [&'a Exhibit; 2] {
        [&self.this.shelf.exhibits[self.one], &self.against.shelf.exhibits[self.other]]
    }

    fn bytes(&self) -> [Option<&'a [u8]>; 2] {
        [self.this.bytes(self.one), self.against.bytes(self.other)]
    }

    fn is_byte_for_byte(&self) -> bool {
        matches!(self.bytes(), [Some(one), Some(other)] if one == other)
    }
}

/// What differs between the two; empty: they are the same.
pub(super) fn differences(pair: &Pair<'_, '_>, remarks: &mut Remarks) -> Vec<Difference> {
    let [one, other] = pair.exhibits();
    let mut found = Vec::new();
    if !pair.is_byte_for_byte() && !are_key_and_certificate(pair, remarks, &mut found) {
        certificates(pair, &mut found);
        keys(pair, &mut found);
        lists(one, other, &mut found);
        found.extend(index::difference(one, other));
        faults(one, other, &mut found);
        if found.is_empty() {
            let sheets = [pair.this.content(pair.one), pair.against.content(pair.other)];
            let are_indexes = one.issued.is_some() && other.issued.is_some();
            if are_indexes || sheets.iter().all(|content| matches!(content, Some(Content::Read { .. }))) {
                if matches!(pair.bytes(), [Some(_), Some(_)]) {
                    remarks.add(RemarkKind::Written, "the same, written otherwise".to_owned(), &one.name);
                }
            } else {
                found.push(Difference::new(Kind::NotRead, "other bytes, and not all of them could be read"));
            }
        }
    }
    if found.is_empty() && base(&one.name) != base(&other.name) {
        remarks.add(RemarkKind::Name, format!("there it is {}", other.name), &one.name);
    }
    for difference in &mut found {
        difference.this_file = Some(one.name.clone());
        difference.against_file = Some(other.name.clone());
    }
    found
}

/// A key file on the one side and a certificate file on the other: whether they belong together.
fn are_key_and_certificate(pair: &Pair<'_, '_>, remarks: &mut Remarks, found: &mut Vec<Difference>) -> bool {
    let [one, other] = pair.exhibits();
    let is_asked = pair.this.shelf.exhibits.len() == 1
        && pair.against.shelf.exhibits.len() == 1
        && base(&one.name) != base(&other.name);
    if !is_asked {
        return false;
    }
    let (key, certificate) = match (lone_key(one), lone_key(other)) {
        (Some(key), None) => (key, other.certificates.first()),
        (None, Some(key)) => (key, one.certificates.first()),
        _ => return false,
    };
    let Some(certificate) = certificate else { return false };
    let public = PublicKey::from_spki_der(&certificate.public_key);
    match key.public() {
        Some(own) if own.is_same_key(&public) => {
            remarks.add(RemarkKind::KeyFits, "key and certificate belong together".to_owned(), &one.name);
        }
        Some(_) => found.push(Difference::new(Kind::KeyDoesNotFit, "the key is not that of the certificate")),
        None => found.push(not_compared()),
    }
    true
}

fn lone_key(exhibit: &Exhibit) -> Option<&KeyFile> {
    exhibit.keys.first().filter(|_| exhibit.certificates.is_empty())
}

/// Certificates: the leaves with each other, what stands behind them and what is trusted as sets.
fn certificates(pair: &Pair<'_, '_>, found: &mut Vec<Difference>) {
    let [one, other] = pair.exhibits().map(|exhibit| exhibit.certificates.as_slice());
    let [mut ours, mut theirs] = [lacking(one, other), lacking(other, one)];
    let is_leaf = |list: &[Arc<Certificate>]| list.first().is_some_and(|first| first.ca != Some(true));
    if ours.is_empty() && theirs.is_empty() {
        let firsts = [one.first(), other.first()].map(|first| first.map(|first| &first.der));
        if (is_leaf(one) || is_leaf(other)) && firsts[0] != firsts[1] {
            found.push(Difference::new(Kind::Order, "the same certificates, another one first"));
        }
        return;
    }
    let first = |list: &[&Certificate], all: &[Arc<Certificate>]| {
        list.first().zip(all.first()).is_some_and(|(left, first)| left.der == first.der)
    };
    // The leaves of two files that belong together are compared whatever they say; so are single CAs.
    let lead = (is_leaf(one) && is_leaf(other)) || (one.len() == 1 && other.len() == 1);
    if lead && first(&ours, one) && first(&theirs, other) {
        found.push(certificate::difference(ours.remove(0), theirs.remove(0)));
    }
    let related = [
        related(&mut ours, &mut theirs, |it| it.subject.as_der()),
        related(&mut ours, &mut theirs, |it| &it.public_key),
    ];
    found.extend(related.into_iter().flatten().map(|(one, other)| certificate::difference(one, other)));
    let lone = |kind: Kind, certificate: &Certificate| {
        let serial = format_serial(&certificate.serial);
        let until = format_date(certificate.window.not_after);
        let mut difference =
            Difference::new(kind, format!("{}, until {until}, serial {serial}", certificate.subject));
        difference.subject = Some(certificate.subject.clone());
        difference
    };
    found.extend(ours.iter().map(|it| lone(Kind::CertificateOnlyInThis, it)));
    found.extend(theirs.iter().map(|it| lone(Kind::CertificateOnlyInAgainst, it)));
}

/// Those of `own` that are not among `others`, each once.
fn lacking<'c>(own: &'c [Arc<Certificate>], others: &[Arc<Certificate>]) -> Vec<&'c Certificate> {
    let mut known: HashSet<&[u8]> = others.iter().map(|other| other.der.as_slice()).collect();
    own.iter().map(Arc::as_ref).filter(|certificate| known.insert(&certificate.der)).collect()
}

/// Takes out of both lists those that share a mark.
fn related<'c>(
    ours: &mut Vec<&'c Certificate>,
    theirs: &mut Vec<&'c Certificate>,
    mark: fn(&Certificate) -> &[u8],
) -> Vec<(&'c Certificate, &'c Certificate)> {
    let mut waiting: HashMap<&[u8], VecDeque<&Certificate>> = HashMap::new();
    theirs.iter().for_each(|it| waiting.entry(mark(it)).or_default().push_back(it));
    let mut pairs = Vec::new();
    ours.retain(|own| match waiting.get_mut(mark(own)).and_then(VecDeque::pop_front) {
        Some(other) => {
            pairs.push((*own, other));
            false
        }
        None => true,
    });
    let taken: HashSet<&[u8]> = pairs.iter().map(|(_, other)| other.der.as_slice()).collect();
    theirs.retain(|it| !taken.contains(it.der.as_slice()));
    pairs
}

fn not_compared() -> Difference {
    let fact = "whether it is the same key could not be told";
    let detail = "It is under a passphrase, or of a kind that is not read here; --passphrase-file opens it.";
    Difference { detail: Some(detail.to_owned()), ..Difference::new(Kind::KeyNotCompared, fact) }
}

fn keys(pair: &Pair<'_, '_>, found: &mut Vec<Difference>) {
    let [one, other] = pair.exhibits();
    for at in 0..one.keys.len().max(other.keys.len()) {
        let (own, others) = match (one.keys.get(at), other.keys.get(at)) {
            (Some(own), Some(others)) => (own, others),
            (None, _) => {
                found.push(Difference::new(Kind::KeyOnlyInAgainst, "it holds no such key"));
                continue;
            }
            (_, None) => {
                found.push(Difference::new(Kind::KeyOnlyInThis, "it holds a key"));
                continue;
            }
        };
        match (own.public(), others.public()) {
            (Some(public), Some(theirs)) if public.is_same_key(theirs) => found.extend(key_form(own, others)),
            (Some(public), Some(theirs)) => {
                let mut difference = Difference::new(Kind::KeyChanged, "another key");
                let value = |public: &PublicKey| certificate::key_value(public);
                let (this_value, against_value) = (value(public), value(theirs));
                difference.fields.push(Field { field: "key", this: this_value, against: against_value });
                difference.detail = Some(fits([pair.this, pair.against], [own, others]));
                found.push(difference);
            }
            // Closed on both sides, or on one: only the bytes could tell, and they differ.
            _ if is_closed(own) || is_closed(others) => found.push(not_compared()),
            _ => {}
        }
    }
}

/// One key in two forms, of which a server or libpq may read one alone. PKCS#8, PKCS#1 and SEC1 are read by both.
fn key_form(one: &KeyFile, other: &KeyFile) -> Option<Difference> {
    let form = |key: &KeyFile| {
        let form = if key.form == KeyForm::Der { "DER" } else { "PEM" };
        let lock = if key.encryption == KeyEncryption::None { "" } else { ", under a passphrase" };
        format!("{form}{lock}")
    };
    let fields = certificate::differing([("form", form(one), form(other))]);
    let differs = !fields.is_empty();
    differs.then(|| Difference { fields, ..Difference::new(Kind::KeyForm, "the same key, in another form") })
}

/// Which certificates two different keys belong to.
fn fits([this, against]: [&Sheet<'_>; 2], [own, others]: [&KeyFile; 2]) -> String {
    let fits = |key: &KeyFile| {
        let public = key.public().map(PublicKey::spki_der);
        [this, against].map(|sheet| public.is_some_and(|public| sheet.certified.contains_key(public)))
    };
    if (fits(own), fits(others)) == ([true, false], [false, true]) {
        return "Each fits a certificate of its own place.".to_owned();
    }
    let subject = |sheet: &Sheet<'_>| format!("The key in {}", sheet.shelf.place);
    let sentences =
        [fit(&subject(this), own, [this, against]), fit(&subject(against), others, [against, this])];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Which certificates a key belongs to, in its own place and in the other; `None` where the key could not be seen.
pub(super) fn fit(subject: &str, key: &KeyFile, [own, other]: [&Sheet<'_>; 2]) -> Option<String> {
    let public = key.public()?.spki_der();
    let place = |sheet: &Sheet<'_>| {
        let file = sheet.certified.get(public)?;
        Some(match file.contains('/') {
            true => (*file).to_owned(),
            false => format!("{file} in {}", sheet.shelf.place),
        })
    };
    Some(match (place(own), place(other)) {
        (Some(own), Some(other)) => format!("{subject} fits {own}, and {other}."),
        (Some(one), None) | (None, Some(one)) => format!("{subject} fits {one} alone."),
        (None, None) => format!("{subject} fits no certificate in either place."),
    })
}

fn lists(one: &Exhibit, other: &Exhibit, found: &mut Vec<Difference>) {
    let mut waiting: HashMap<&[u8], VecDeque<&RevocationList>> = HashMap::new();
    other.lists.iter().for_each(|list| waiting.entry(list.issuer.as_der()).or_default().push_back(list));
    let lone = |kind: Kind, list: &RevocationList| {
        Difference::new(kind, format!("a revocation list of {}", list.issuer))
    };
    for list in &one.lists {
        match waiting.get_mut(list.issuer.as_der()).and_then(VecDeque::pop_front) {
            None => found.push(lone(Kind::ListOnlyInThis, list)),
            Some(other) => found.extend(list_difference(list, other)),
        }
    }
    let mut left: Vec<&RevocationList> = waiting.into_values().flatten().collect();
    left.sort_by_key(|list| list.issuer.to_string());
    found.extend(left.into_iter().map(|list| lone(Kind::ListOnlyInAgainst, list)));
}

fn list_difference(one: &RevocationList, other: &RevocationList) -> Option<Difference> {
    if one.der == other.der {
        return None;
    }
    let number = |list: &RevocationList| list.number.as_deref().map(format_serial).unwrap_or_default();
    let next = |list: &RevocationList| list.next_update.map(format_instant).unwrap_or_default();
    let this_update = |list: &RevocationList| format_instant(list.this_update);
    let revoked = |list: &RevocationList| list.revocations().len().to_string();
    let fields = [
        ("number", number(one), number(other)),
        ("this_update", this_update(one), this_update(other)),
        ("next_update", next(one), next(other)),
        ("revoked", revoked(one), revoked(other)),
    ];
    let mut difference = Difference::new(Kind::ListChanged, format!("another list of {}", one.issuer));
    difference.fields = certificate::differing(fields);
    difference.revoked_only_in_this = revoked_alone(one, other);
    difference.revoked_only_in_against = revoked_alone(other, one);
    let is_shown = !difference.fields.is_empty()
        || !difference.revoked_only_in_this.is_empty()
        || !difference.revoked_only_in_against.is_empty();
    if !is_shown {
        difference.detail =
            Some("Its numbers and entries are the same; signature, reasons or extensions differ.".into());
    }
    Some(difference)
}

fn revoked_alone(own: &RevocationList, other: &RevocationList) -> Vec<String> {
    let alone = own.revocations().filter(|entry| other.find(entry.serial).is_none());
    alone.map(|entry| format_serial(entry.serial)).collect()
}

/// What is wrong with the one file and not with the other.
fn faults(one: &Exhibit, other: &Exhibit, found: &mut Vec<Difference>) {
    let grave = |exhibit: &'_ Exhibit| -> Vec<(Rule, String)> {
        let grave = exhibit.findings.iter().filter(|finding| finding.severity != Severity::Note);
        grave.map(|finding| (finding.rule, finding.fact.clone())).collect()
    };
    let (ours, theirs) = (grave(one), grave(other));
    let alone = |own: &[(Rule, String)], others: &[(Rule, String)], place: &str| -> Vec<Difference> {
        // By the rule: the line in which a fault stands may well be another one.
        let has = |rule: Rule| others.iter().any(|(other, _)| *other == rule);
        let lone = own.iter().filter(|(rule, _)| !has(*rule));
        lone.map(|(_, fact)| Difference::new(Kind::Fault, format!("{fact}; {place} alone"))).collect()
    };
    found.extend(alone(&ours, &theirs, "here"));
    found.extend(alone(&theirs, &ours, "there"));
}
