//! A throw-away PostgreSQL server on given certificate files, for `pgtls try` and for our own tests.
//!
//! The server is real, the rest is borrowed: it serves *copies* of the files (so that it opens nothing in the
//! caller's directory), listens on loopback only, and is gone, with every file it made, when [`Scratch`] is dropped
//! or this process ends in any way. It judges nothing: what a login means is for the caller to say.
//!
//! ```no_run
//! use pgtls::scratch::{Scratch, Setup};
//!
//! let setup = Setup::new("pki/server.crt", "pki/server.key")
//!     .client_ca("pki/root.crt")
//!     .hba("hostssl all all all cert")
//!     .role("alice");
//! let server = Scratch::start(setup)?;
//! let outcome = server.psql(
//!     &[("user", "alice"), ("sslmode", "verify-full"), ("sslrootcert", "pki/root.crt")],
//!     "SELECT 1",
//! )?;
//! assert!(!outcome.ok, "no client certificate, no login");
//! # Ok::<(), pgtls::scratch::ScratchError>(())
//! ```

mod account;
mod client;
mod configuration;
mod error;
mod home;
mod ports;
mod postmaster;
mod programs;
mod server;
mod setup;

pub use client::ClientOutcome;
pub use error::ScratchError;
pub use programs::Programs;
pub use server::Scratch;
pub use setup::{Role, Setup};
