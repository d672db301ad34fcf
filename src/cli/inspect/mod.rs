//! What `inspect` found, as text: a directory as a tree, files field by field, or a line for each thing.

mod beside;
mod fields;
mod issued;
mod json;
mod life;
mod rows;
mod tree;

pub(super) use json::InspectionJson;

use super::look::Look;
use crate::ops::{Inspection, Shown};

/// How `inspect` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Form {
    /// A line for each thing.
    pub(super) short: bool,
    /// How it looks where it goes.
    pub(super) look: Look,
}

/// All of it.
pub(super) fn text(inspection: &Inspection, form: Form) -> String {
    match &inspection.shown {
        Shown::Tree(holdings) if form.short => rows::of_holdings(holdings, &form.look),
        Shown::Tree(holdings) => tree::text(inspection, holdings, &form.look),
        Shown::Files(files) if form.short => rows::of_files(files, &form.look),
        Shown::Files(files) => fields::text(files, &form.look),
        Shown::Pem(text) => text.clone(),
        Shown::Issued(lists) if form.short => issued::rows(lists, &form.look),
        Shown::Issued(lists) => issued::text(lists, &form.look),
        Shown::Endings(endings) if form.short => rows::of_endings(endings, &form.look),
        Shown::Endings(endings) => rows::with_bars(endings, &form.look),
    }
}
