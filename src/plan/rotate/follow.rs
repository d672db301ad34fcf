//! A directory whose CA was replaced from another directory under the same CA: its own copy of the CA is an old one.

use super::footing;
use crate::pg::{certificate_file, previous_stem};
use crate::state::State;
use crate::x509::{Certificate, format_serial, significant};

/// The command with which a directory follows, where its copy of the CA of a stem is that of the CA before.
#[must_use]
pub fn following_command(stem: &str, state: &State) -> Option<String> {
    let before = state.certificate(&previous_stem(stem)).filter(|before| state.stale.contains(before));
    before.or_else(|| dropped(stem, state))?;
    Some(footing::command(stem, "switch --trust-is-distributed", state))
}

/// The copy of a CA that was dropped meanwhile, and lies with what was revoked.
pub(super) fn dropped<'s>(stem: &str, state: &'s State) -> Option<&'s Certificate> {
    let is_put_away = |copy: &&Certificate| {
        let serial = format_serial(significant(&copy.serial));
        state.revoked.contains(&certificate_file(&format!("{stem}-{serial}")))
    };
    state.stale.iter().filter(|copy| copy.ca == Some(true)).find(is_put_away)
}
