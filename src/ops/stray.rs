//! Files of certificates that cannot be read, and that belong to no pair and no CA: they are in nobody's way.

use crate::index::index_file;
use crate::pg::{CHAIN_FILE, key_file, list_file};
use crate::plan::{Notice, Plan};
use crate::state::{State, StateError};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

/// Those that were met.
#[derive(Debug, Default)]
pub(super) struct Strays {
    files: RefCell<BTreeSet<String>>,
}

impl Strays {
    /// Whether a problem is one of such a file, and no more.
    pub(super) fn forgive(&self, problem: &StateError, state: &State) -> bool {
        let (StateError::Certificate { path, .. }
        | StateError::Pem { path, .. }
        | StateError::Empty { path }
        | StateError::Trusted { path }
        | StateError::Der { path }) = problem
        else {
            return false;
        };
        let path = Path::new(path);
        let name = |part: Option<&std::ffi::OsStr>| {
            part.and_then(|part| part.to_str()).unwrap_or_default().to_owned()
        };
        let (file, stem) = (name(path.file_name()), name(path.file_stem()));
        // Beside one of these it is a pair, or a CA that somebody hangs from; and the other is what peers trust.
        let is_there = |name: &String| state.occupied.contains(name) || state.holdings(true).contains(name);
        if file == CHAIN_FILE || [key_file, index_file, list_file].iter().any(|of| is_there(&of(&stem))) {
            return false;
        }
        self.files.borrow_mut().insert(file);
        true
    }

    /// Tells of them.
    pub(super) fn tell(&self, plan: &mut Plan) {
        plan.notices.extend(self.files.borrow().iter().cloned().map(|file| Notice::NotRead { file }));
    }
}
