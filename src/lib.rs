//! Makes, judges, renews, rotates and revokes the TLS certificates of PostgreSQL servers and clients.
//!
//! Everything walks one road, and each step has one home. All but the last are in memory; all but `issue` are pure:
//!
//! ```
//! use pgtls::fs::{DirectoryAttributes, Mode, Target};
//! use pgtls::keys::SystemKeys;
//! use pgtls::layout::{self, Arrangement};
//! use pgtls::pki::{self, Secrets};
//! use pgtls::plan::{self, Existing};
//! use pgtls::profile::{self, Overrides};
//! use pgtls::state::State;
//!
//! let now = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
//! let text = profile::builtin("intermediate").expect("it is built in").text;
//!
//! // TOML -> what the user wishes, typed.
//! let profile = profile::parse("intermediate", text, &Overrides::default())?;
//! // -> every decision: issuers, names, usages, windows. What can be refused is refused here, before a key exists.
//! let plan = plan::build(&profile, &State::default(), Existing::Refuse, now)?;
//! // -> which artefact in which file, in which order, with which mode.
//! let outline = layout::outline(&plan, &Arrangement::default());
//! // -> keys, serial numbers, signatures.
//! let issued = pki::issue(&plan, &State::default(), &SystemKeys, &Secrets::default())?;
//! // -> file name -> bytes, mode, owner.
//! let filled = layout::fill(&outline, &issued)?;
//! assert!(filled.directory.names().eq([
//!     "chain.crt", "client.crt", "client.key", "intermediate.crt", "intermediate.key", "root.crt", "root.key",
//!     "server.crt", "server.key",
//! ]));
//!
//! // -> the disk: all of it, or nothing.
//! let scratch = tempfile::tempdir()?;
//! let target = Target::lock(scratch.path().join("pki"))?;
//! let attributes = DirectoryAttributes { mode: Mode::DIRECTORY, gid: None };
//! let receipt = target.stage(&filled.directory, attributes)?.commit()?;
//! assert!(receipt.created);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`ops`] joins the steps into the verbs of the command line: [`ops::generate`] is all of the above.
//!
//! | looking for | it is in |
//! |---|---|
//! | a verb | [`ops`], one file each |
//! | a rule that refuses to make | [`plan`], `rules.rs`; the ids in [`profile::Rule`] |
//! | a rule that finds fault | [`verify`], `rules.rs`; [`verify::check`] is the judge |
//! | a file's name, order, mode | [`layout`] |
//! | what a CA issued and revoked | [`index`] |
//! | what files say, and who signed whom | [`show`] |
//! | the only code that writes | [`fs`] |
//! | the X.509 crates | [`x509`] alone |
//! | the cryptography | [`keys`] alone |
//! | all exit codes | `cli/exit.rs` |

pub use error::Error;
pub use ops::{GenerateRequest, Generated, generate};
pub use profile::{Overrides, Profile};

#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
mod der;
pub mod diagnosis;
pub mod error;
pub mod fs;
pub mod index;
pub mod k8s;
pub mod keys;
pub mod layout;
pub mod list;
pub mod ops;
mod parallel;
pub mod pem;
pub mod pg;
pub mod pki;
pub mod plan;
pub mod profile;
pub mod recipe;
pub mod scratch;
pub mod settings;
pub mod show;
pub mod state;
pub mod verify;
pub mod x509;
