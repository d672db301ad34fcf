//! User maps: which role the holder of a name may take (`check_usermap`, `check_ident_usermap`, hba.c).

use super::fit::{Fit, is_role};
use super::pattern::{Pattern, Taken};
use super::{Login, patterns_count};
use crate::settings::Place;
use crate::settings::hba::Word;
use crate::settings::ident::{IdentFile, IdentLine};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// What is known of a server's user maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maps {
    /// Its `pg_ident.conf`.
    File(IdentFile),
    /// It has none, and knows no map.
    Absent,
    /// Whether it has one is not known.
    NotKnown,
}

/// Whether a name may take the role.
pub(super) enum Mapped {
    /// It may; by that line, or because it is the role's own.
    Yes(Option<Place>),
    /// It may not, and why.
    No(String),
    /// It cannot be said, and why.
    Unknown(Vec<String>),
}

/// What one line says.
enum Said {
    Fits,
    Not,
    /// The search ends without a role.
    Ends(String),
    Unknown(Vec<String>),
}

/// Whether the holder of `name`, which is what `whose` names, may take the login's role by that map. Without a map the name
/// has to be the role's.
pub(super) fn mapped(map: Option<&OsStr>, name: &str, whose: &str, maps: &Maps, login: &Login) -> Mapped {
    let Some(map) = map.filter(|map| !map.is_empty()) else {
        return match name == login.role {
            true => Mapped::Yes(None),
            false => {
                Mapped::No(format!("{whose} is \"{name}\", and has to be \"{}\" to the letter", login.role))
            }
        };
    };
    let shown = map.to_string_lossy();
    let file = match maps {
        Maps::File(file) => file,
        Maps::Absent => return Mapped::No(format!("there is no pg_ident.conf, so no map \"{shown}\"")),
        Maps::NotKnown => {
            return Mapped::Unknown(vec![format!("what the map \"{shown}\" of pg_ident.conf says")]);
        }
    };
    let mut doubts = Vec::new();
    let mut has_lines = false;
    for line in file.lines.iter().filter(|line| line.map == map) {
        has_lines = true;
        match said(line, name, login) {
            Said::Fits => return Mapped::Yes(Some(line.place.clone())),
            Said::Not => {}
            Said::Ends(why) if doubts.is_empty() => return Mapped::No(format!("{}: {why}", line.place)),
            Said::Ends(_) => return Mapped::Unknown(doubts),
            Said::Unknown(why) => doubts.extend(why.into_iter().map(|why| format!("{}: {why}", line.place))),
        }
    }
    match (doubts.is_empty(), has_lines) {
        (false, _) => Mapped::Unknown(doubts),
        (true, true) => {
            Mapped::No(format!("no line of the map \"{shown}\" leads from \"{name}\" to {}", login.role))
        }
        (true, false) => Mapped::No(format!("pg_ident.conf has no line of the map \"{shown}\"")),
    }
}

fn said(line: &IdentLine, name: &str, login: &Login) -> Said {
    let Some(pattern) = line.pattern() else {
        return match line.system_user.text.as_bytes() == name.as_bytes() {
            true => role(&line.role, login),
            false => Said::Not,
        };
    };
    let pattern = match Pattern::parse(pattern) {
        Ok(pattern) => pattern,
        Err(fault) => return Said::Unknown(vec![fault.to_string()]),
    };
    if !pattern.is_match(name.as_bytes()) {
        return Said::Not;
    }
    if !has_reference(&line.role, login) {
        return role(&line.role, login);
    }
    match pattern.first_group(name.as_bytes()) {
        Taken::Nothing => Said::Ends("the regular expression has nothing in brackets for \\1".to_owned()),
        Taken::NotTold => Said::Unknown(vec!["which part of the name \\1 stands for".to_owned()]),
        // What is put in has no meaning of its own.
        Taken::Bytes(taken) => {
            role(&Word { text: filled(&line.role.text, &taken, login), quoted: true }, login)
        }
    }
}

/// Whether `\1` stands for something in a role: from PostgreSQL 16 on not in what has a meaning of its own.
fn has_reference(word: &Word, login: &Login) -> bool {
    let text = word.text.as_bytes();
    let means_more = text.starts_with(b"/") || (text.starts_with(b"+") && !word.quoted);
    text.windows(2).any(|two| two == br"\1") && !(patterns_count(login.version) && means_more)
}

/// Puts what was taken in the place of the first `\1`, from PostgreSQL 19 on of each (commit 3c4e26a62c).
fn filled(role: &OsStr, taken: &[u8], login: &Login) -> OsString {
    let each = login.version.is_none_or(|version| version >= 19);
    let (mut out, mut rest) = (Vec::new(), role.as_bytes());
    while let Some(at) = rest.windows(2).position(|two| two == br"\1") {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(taken);
        rest = &rest[at + 2..];
        if !each {
            break;
        }
    }
    out.extend_from_slice(rest);
    OsString::from_vec(out)
}

/// Whether the role of a line is the login's: before PostgreSQL 16 to the letter.
fn role(word: &Word, login: &Login) -> Said {
    if !patterns_count(login.version) {
        return if word.text.as_bytes() == login.role.as_bytes() { Said::Fits } else { Said::Not };
    }
    match is_role(word, login) {
        Fit::Yes => Said::Fits,
        Fit::No => Said::Not,
        Fit::Unknown(why) => Said::Unknown(why),
    }
}
