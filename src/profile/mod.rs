//! Profiles: which certificates a directory holds, as TOML text -> typed wishes.
//!
//! Strict: an unknown key is an error that names the nearest known one, with line and column. Everything that can be
//! said about the text alone is said here; what depends on time or on the directory is `plan`'s.

mod builtin;
mod entry;
mod error;
mod fields;
mod overrides;
mod parse;
mod reader;
mod rule;

pub use builtin::{BUILTINS, Builtin, builtin};
pub use entry::{BundleEntry, CertificateEntry, Ending, PathLength, Profile, Validity};
pub use error::{Position, ProfileError, ProfileProblem, nearest};
pub use overrides::{Overrides, domain_of};
pub use parse::{parse, setting_names};
pub use rule::Rule;
