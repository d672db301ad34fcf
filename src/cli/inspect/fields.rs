//! Files field by field: what `openssl x509 -text` and its kin tell, in fewer words.

use super::life::{CELLS, bar, left, tone};
use crate::cli::look::{Look, Tone, columns};
use crate::cli::words::harmless;
use crate::show::{
    CertificateFacts, FileFacts, KeyFacts, KeyState, Life, ListFacts, PublicKeyFacts, RequestFacts,
    RevokedFacts, SignatureWord, Thing,
};
use crate::x509::{ExtensionKind, SubtreeName, format_instant};
use std::borrow::Cow;
use std::fmt::{Display, Write};

/// Where values begin.
const INDENT: usize = 21;
/// Where they go on where a terminal is too narrow for that.
const NARROW: usize = 4;
/// What a line of a value has at the least.
const LEAST: usize = 24;

/// All of it.
pub(super) fn text(files: &[FileFacts], look: &Look) -> String {
    let things: usize = files.iter().map(|file| file.holds.len()).sum();
    let mut sheet = Sheet { out: String::with_capacity(things * 1024), look };
    for file in files {
        for (at, thing) in file.holds.iter().enumerate() {
            let place = (file.holds.len() > 1).then(|| (at + 1, file.holds.len()));
            sheet.head(&file.file, place, thing);
            // What is odd about a file is told once.
            file.notes.iter().filter(|_| at == 0).for_each(|note| sheet.field("note", note));
            sheet.thing(thing);
        }
    }
    sheet.out
}

/// What is written on.
struct Sheet<'l> {
    out: String,
    look: &'l Look,
}

impl Sheet<'_> {
    fn head(&mut self, file: &str, place: Option<(usize, usize)>, thing: &Thing) {
        let kind = match thing {
            Thing::Certificate(_) => "certificate",
            Thing::RevocationList { .. } => "revocation list",
            Thing::Request { .. } => "certificate request",
            Thing::PrivateKey { .. } => "private key",
            Thing::PublicKey { .. } => "public key",
            Thing::Index { .. } => "index of a CA",
        };
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        let head = self.look.toned(Tone::Head, &harmless(file));
        let _ = match place {
            Some((at, all)) => writeln!(self.out, "{head}, {at} of {all}: {kind}"),
            None => writeln!(self.out, "{head}: {kind}"),
        };
    }

    fn thing(&mut self, thing: &Thing) {
        match thing {
            Thing::Certificate(facts) => self.certificate(facts),
            Thing::RevocationList { facts, entries } => self.list(facts, entries),
            Thing::Request { facts, keys } => self.request(facts, keys),
            Thing::PrivateKey { facts, fits } => self.private_key(facts, fits),
            Thing::PublicKey { facts, keys } => self.public_key(facts, keys),
            Thing::Index { certificates, revoked } => {
                let of_which = match revoked {
                    0 => String::new(),
                    1 => ", of which 1 is revoked".to_owned(),
                    revoked => format!(", of which {revoked} are revoked"),
                };
                let text = format!("{certificates}{of_which}; pgtls inspect --issued lists them");
                self.field("certificates", &text);
            }
        }
    }

    /// A line of a label and a value; on a terminal a long value goes on below.
    fn field(&mut self, label: &str, value: &str) {
        let value = clean(value);
        let _ = write!(self.out, "  {label:0$}", INDENT - 2);
        self.folded(&value, INDENT);
    }

    /// A value and the end of its line, from a column on. On a terminal in several lines, each as long as it can be, best
    /// ended behind a space, a comma or a colon.
    fn folded(&mut self, value: &str, from: usize) {
        let Some(width) = self.look.terminal.filter(|width| from + columns(value) > *width) else {
            self.out.push_str(value);
            self.out.push('\n');
            return;
        };
        let indent = if width < from + LEAST { NARROW } else { from };
        if indent < from {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            let _ = write!(self.out, "\n{:indent$}", "");
        }
        let mut rest = value;
        while let Some(end) = first_line(rest, width - indent) {
            self.out.push_str(rest[..end].trim_end());
            let _ = write!(self.out, "\n{:indent$}", "");
            rest = &rest[end..];
        }
        self.out.push_str(rest);
        self.out.push('\n');
    }

    fn list_field<T: Display>(&mut self, label: &str, values: &[T], critical: bool) {
        let lead = if critical { "critical: " } else { "" };
        let mut text = lead.to_owned();
        for (at, value) in values.iter().enumerate() {
            let _ = write!(text, "{}{value}", if at > 0 { ", " } else { "" });
        }
        self.field(label, &text);
    }

    fn life(&mut self, life: &Life) {
        let (from, to) = (life.window.not_before, life.window.not_after);
        self.field("valid", &format!("{} to {}", format_instant(from), format_instant(to)));
        let indent = if self.look.width() < INDENT + LEAST { NARROW } else { INDENT };
        let left = self.look.cut(&left(life), self.look.width().saturating_sub(indent + CELLS + 1));
        let left = self.look.toned(tone(life), &left);
        let _ = writeln!(self.out, "{:indent$}{} {left}", "", bar(life, self.look));
    }

    fn certificate(&mut self, facts: &CertificateFacts) {
        self.field("subject", named(&facts.subject.to_string()));
        // No authority logs in.
        if !facts.usage.is_ca() {
            self.field("clientname=DN", &facts.postgres_dn);
        }
        self.field("issuer", named(&facts.issuer.to_string()));
        self.names(&facts.subject_alt_names, &facts.malformed_alt_names, facts.other_alt_names, {
            facts.critical.contains(&ExtensionKind::SubjectAltName)
        });
        self.field("usage", facts.usage_word());
        self.life(&facts.life);
        self.field("serial number", &facts.serial);
        self.field("key", &facts.key_name);
        self.field("signature", &facts.signature_algorithm);
        if facts.version < 3 {
            self.field("version", "X.509 v1, without extensions");
        }
        self.extensions(facts);
        self.field("SHA-256", &facts.sha256);
        self.field("SHA-256 of key", &facts.key_sha256);
    }

    fn names(&mut self, known: &[String], malformed: &[String], others: usize, critical: bool) {
        let mut names: Vec<Cow<'_, str>> = known.iter().map(|name| Cow::Borrowed(name.as_str())).collect();
        if others > 0 {
            names.push(Cow::Owned(format!("{others} of another type")));
        }
        if !names.is_empty() {
            self.list_field("names", &names, critical);
        }
        if !malformed.is_empty() {
            self.list_field("malformed names", malformed, false);
        }
    }

    fn extensions(&mut self, facts: &CertificateFacts) {
        let critical = |kind| facts.critical.contains(&kind);
        if let Some(ca) = facts.ca {
            let ca = if ca { "CA:TRUE" } else { "CA:FALSE" };
            let length = facts.path_length.map(|length| format!("path length {length}"));
            let values: Vec<&str> = std::iter::once(ca).chain(length.as_deref()).collect();
            self.list_field("basic constraints", &values, critical(ExtensionKind::BasicConstraints));
        }
        if let Some(usage) = &facts.key_usage {
            self.list_field("key usage", usage, critical(ExtensionKind::KeyUsage));
        }
        if let Some(usage) = &facts.extended_key_usage {
            self.list_field("extended usage", usage, critical(ExtensionKind::ExtendedKeyUsage));
        }
        self.name_constraints(facts);
        if !facts.crl_distribution_points.is_empty() {
            let points = &facts.crl_distribution_points;
            self.list_field("CRL at", points, critical(ExtensionKind::CrlDistributionPoints));
        }
        if let Some(identifier) = &facts.subject_key_identifier {
            self.field("key identifier", identifier);
        }
        if let Some(identifier) = &facts.authority_key_identifier {
            self.field("issuer's key", identifier);
        }
        for other in &facts.other_extensions {
            let name = other.name.map(|name| format!(" ({name})")).unwrap_or_default();
            let lead = if other.critical { "critical: " } else { "" };
            self.field("extension", &format!("{lead}{}{name}", other.oid));
        }
        for oid in &facts.unreadable_extensions {
            self.field("unreadable", &format!("extension {oid}"));
        }
    }

    fn name_constraints(&mut self, facts: &CertificateFacts) {
        let critical = facts.critical.contains(&ExtensionKind::NameConstraints);
        let subtree = |subtree: &SubtreeName| match subtree {
            SubtreeName::Dns(name) => format!("DNS:{name}"),
            SubtreeName::Email(name) => format!("email:{name}"),
            SubtreeName::Network(address, bits) => format!("IP:{address}/{bits}"),
        };
        for (label, subtrees) in [("permitted names", &facts.permitted), ("excluded names", &facts.excluded)]
        {
            if !subtrees.is_empty() {
                let shown: Vec<String> = subtrees.iter().map(subtree).collect();
                self.list_field(label, &shown, critical);
            }
        }
        if facts.other_constraints {
            self.field("name constraints", "more than is shown here");
        }
    }

    fn list(&mut self, facts: &ListFacts, entries: &[RevokedFacts]) {
        self.field("issuer", named(&facts.issuer.to_string()));
        match &facts.life {
            Some(life) => self.life(life),
            None => {
                let from = format_instant(facts.this_update);
                self.field("valid", &format!("{from} on; it does not say when the next is due"));
            }
        }
        if let Some(number) = &facts.number {
            self.field("number", number);
        }
        self.field("signature", &facts.signature_algorithm);
        if facts.is_delta {
            self.field("delta", "it says what changed since another list alone");
        }
        self.field("SHA-256", &facts.sha256);
        self.field("revoked", &facts.revoked.to_string());
        for RevokedFacts { serial, since, reason } in entries {
            let reason = reason.as_deref().map(|reason| format!("  {reason}")).unwrap_or_default();
            let _ = write!(self.out, "{:NARROW$}", "");
            self.folded(&format!("{}  {serial}{reason}", format_instant(*since)), NARROW);
        }
    }

    fn request(&mut self, facts: &RequestFacts, keys: &[String]) {
        self.field("subject", named(&facts.subject.to_string()));
        self.field("clientname=DN", &facts.postgres_dn);
        self.names(&facts.subject_alt_names, &facts.malformed_alt_names, facts.other_alt_names, false);
        self.field("key", &facts.key_name);
        let signature = match facts.signature {
            SignatureWord::Good => "good: made with this key",
            SignatureWord::Bad => "not good: this key did not make it",
            SignatureWord::NotChecked => "not checked: pgtls cannot",
        };
        self.field("signature", &format!("{}, {signature}", facts.signature_algorithm));
        if let Some(ca) = facts.ca {
            self.field("basic constraints", if ca { "CA:TRUE" } else { "CA:FALSE" });
        }
        if let Some(usage) = &facts.key_usage {
            self.list_field("key usage", usage, false);
        }
        if let Some(usage) = &facts.extended_key_usage {
            self.list_field("extended usage", usage, false);
        }
        for oid in &facts.unreadable_extensions {
            self.field("unreadable", &format!("extension {oid}"));
        }
        self.field("SHA-256 of key", &facts.key_sha256);
        if !keys.is_empty() {
            self.list_field("private key", keys, false);
        }
    }

    fn private_key(&mut self, facts: &KeyFacts, fits: &[String]) {
        let state = match facts.state {
            KeyState::Read | KeyState::KindAlone => None,
            KeyState::Locked => Some("not known: it is under a passphrase (--passphrase-file)"),
            KeyState::WrongPassphrase => Some("not known: the passphrase does not open it"),
            KeyState::LockNotSupported => Some("not known: it is locked in a way that is not opened here"),
            KeyState::Damaged => Some("not known: it cannot be read"),
            KeyState::NotReadable => Some("not known: you may not read it"),
        };
        self.field("key", state.or(facts.key_name.as_deref()).unwrap_or_default());
        if let (Some(encoding), Some(form)) = (facts.encoding, facts.form) {
            let locked =
                if facts.encrypted == Some(true) { ", under a passphrase" } else { ", not encrypted" };
            self.field("written as", &format!("{encoding} {form}{locked}"));
        }
        if let Some(sha256) = &facts.key_sha256 {
            self.field("SHA-256 of key", sha256);
        }
        if !fits.is_empty() {
            self.list_field("fits", fits, false);
        }
    }

    fn public_key(&mut self, facts: &PublicKeyFacts, keys: &[String]) {
        self.field("key", &facts.key_name);
        self.field("SHA-256 of key", &facts.key_sha256);
        if !keys.is_empty() {
            self.list_field("private key", keys, false);
        }
    }
}

/// Where the first line of a text ends that has to fit into a room; `None`: all of it fits.
fn first_line(text: &str, room: usize) -> Option<usize> {
    if columns(text) <= room {
        return None;
    }
    let mut used = 0;
    let (end, _) = text.char_indices().find(|(_, c)| {
        used += columns(c.encode_utf8(&mut [0; 4]));
        used > room
    })?;
    // Between words where there are some, so that no instant and no name is torn.
    let seen = &text[..end];
    let best = seen.rfind(' ').or_else(|| seen.rfind([',', ':'])).map_or(end, |at| at + 1);
    // At least a character, or it would never end.
    Some(best.max(text.chars().next().map_or(1, char::len_utf8)))
}

/// A name, or that there is none.
fn named(name: &str) -> &str {
    if name.is_empty() { "(empty)" } else { name }
}

/// Harmless, without copying what is.
fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(harmless(text))
    }
}
