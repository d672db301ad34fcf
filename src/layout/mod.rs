//! Which artefact lies in which file, in which order, with which mode; and back: what a set of files holds.

mod carry;
mod deployment;
pub mod export;
mod fill;
mod hash_names;
mod import;
mod outline;
mod read_lists;
mod request;
mod restore;
mod rewrite;
mod tree;

pub use carry::carry;
pub use deployment::{ClientFiles, Deployment, ServerFiles, deployment};
pub use fill::{Filled, LayoutError, fill};
pub use hash_names::{HashedList, hash_names, is_hash_name, part_lists};
pub use import::fill_import;
pub use outline::{Arrangement, Content, Outline, OutlineFile, Place, outline};
pub use request::{fill_request, outline_request};
pub use restore::{Found, read_certificates, restore};
pub use rewrite::{rewrite, rewritten};
pub use tree::{Tree, TreeNode};
