//! The next command of a user, in the words that a shell takes.

use crate::state::State;

/// The directory that is meant where none is named.
pub(super) const USUAL_DIRECTORY: &str = "pki";

/// A word as a shell takes it.
pub(super) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,".contains(c);
    match text.chars().all(is_plain) && !text.starts_with('-') {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// The command that renews CAs where their keys are.
pub(super) fn renewal(stems: &[&str], state: &State) -> String {
    let stems: Vec<String> = stems.iter().map(|stem| word(stem)).collect();
    let path = if state.ca_occupied.is_some() { &state.ca_path } else { &state.path };
    let place = match path.as_str() {
        USUAL_DIRECTORY => String::new(),
        path => format!(" -D {}", word(path)),
    };
    format!("pgtls renew {}{place}", stems.join(" "))
}
