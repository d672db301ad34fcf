//! What lies beside the certificates of a directory: revocation lists, requests, and keys that fit nothing or could not
//! be read.

use super::life::end;
use super::tree::{LEAST, print_life};
use crate::cli::look::{Look, Tone, columns, wrapped};
use crate::cli::words::harmless;
use crate::show::{
    Holdings, KeyEntry, KeyState, Life, ListEntry, PublicKeyEntry, RequestEntry, SignatureWord,
};
use crate::x509::format_date;

/// All of it; nothing where there is none.
pub(super) fn text(holdings: &Holdings, look: &Look) -> String {
    let mut items: Vec<Item> = holdings.lists.iter().map(list).collect();
    items.extend(holdings.requests.iter().map(request));
    // The others are told with what they fit.
    items.extend(holdings.keys.iter().filter(|entry| entry.fits.is_empty()).map(key));
    items.extend(holdings.public_keys.iter().map(public_key));
    let heads = items.iter().map(|item| columns(&item.file)).max().unwrap_or_default();
    let mut out = String::new();
    items.iter().for_each(|item| item.print(heads, look, &mut out));
    out
}

/// Something beside the certificates.
struct Item {
    file: String,
    words: String,
    life: Option<(Life, String)>,
}

impl Item {
    fn new(file: &str, words: &str) -> Self {
        Self { file: harmless(file), words: harmless(words), life: None }
    }

    fn print(&self, heads: usize, look: &Look, out: &mut String) {
        let indent = heads + 4;
        let room = look.width().saturating_sub(indent).max(LEAST);
        for (at, line) in wrapped(self.words.split(' '), room).iter().enumerate() {
            let gap = " ".repeat(if at == 0 { heads - columns(&self.file) } else { heads });
            let file = if at == 0 { look.toned(Tone::Head, &self.file) } else { String::new() };
            out.push_str(&format!("  {file}{gap}  {}\n", look.cut(line, room)));
        }
        if let Some((life, words)) = &self.life {
            print_life(life, words, &" ".repeat(indent), look, out);
        }
    }
}

fn list(entry: &ListEntry) -> Item {
    let revoked = match entry.revoked_here.as_slice() {
        [] => format!("{} revoked", entry.facts.revoked),
        here => format!("{} revoked, of those here {}", entry.facts.revoked, here.join(" ")),
    };
    let kind = if entry.facts.is_delta { "delta CRL" } else { "CRL" };
    let ends = match &entry.facts.life {
        Some(life) => format!("until {}", end(life)),
        None => format!("of {}, without an end", format_date(entry.facts.this_update)),
    };
    let signature = match (&entry.signed_by, entry.signature) {
        (Some(file), _) => format!("signed by {file}"),
        (None, None) => "its issuer is not here".to_owned(),
        (None, Some(SignatureWord::NotChecked)) => "its signature could not be checked".to_owned(),
        (None, Some(_)) => "not signed by its issuer's key".to_owned(),
    };
    let words = format!("{kind} of {}, {ends}, {revoked}", entry.facts.issuer);
    match entry.facts.life {
        Some(life) => Item { life: Some((life, harmless(&signature))), ..Item::new(&entry.file, &words) },
        None => Item::new(&entry.file, &format!("{words}; {signature}")),
    }
}

fn request(entry: &RequestEntry) -> Item {
    let subject = entry.facts.subject.to_string();
    let subject = if subject.is_empty() { "an empty name" } else { subject.as_str() };
    let mut words = format!("request for {subject}, {}", entry.facts.key_name);
    if !entry.keys.is_empty() {
        words.push_str(&format!("; key {}", entry.keys.join(" ")));
    }
    if !entry.certificates.is_empty() {
        words.push_str(&format!("; certificate {}", entry.certificates.join(" ")));
    }
    if entry.facts.signature == SignatureWord::Bad {
        words.push_str("; its own signature is not good");
    }
    Item::new(&entry.file, &words)
}

fn public_key(entry: &PublicKeyEntry) -> Item {
    let fits = if entry.fits.is_empty() { "nothing here".to_owned() } else { entry.fits.join(" ") };
    Item::new(&entry.file, &format!("public key, {}, fits {fits}", entry.facts.key_name))
}

fn key(entry: &KeyEntry) -> Item {
    let kind = entry.facts.key_name.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
    let words = match entry.facts.state {
        KeyState::Read => format!("key{kind}, fits nothing here"),
        KeyState::Locked => "key under a passphrase".to_owned(),
        KeyState::WrongPassphrase => "key under another passphrase".to_owned(),
        KeyState::LockNotSupported => "key under a passphrase, in a way that is not opened here".to_owned(),
        KeyState::KindAlone => format!("key{kind}; what it fits is not known"),
        KeyState::Damaged => "key that cannot be read".to_owned(),
        KeyState::NotReadable => "key that you may not read".to_owned(),
    };
    Item::new(&entry.file, &words)
}
