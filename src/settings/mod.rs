//! What a PostgreSQL server or a libpq client is set up to use, and where each setting was made.
//!
//! Reads the same files in the same order as PostgreSQL does: [`server`] is `postgresql.conf` with its includes and
//! `postgresql.auto.conf`, [`hba`] is `pg_hba.conf`, [`ident`] is `pg_ident.conf`, [`libpq`] is connection string, service file and environment.
//! Judges nothing, and touches neither disk nor environment: the caller gives both ([`Files`]).

mod conf;
mod error;
mod files;
pub mod hba;
pub mod ident;
mod include;
pub mod libpq;
pub mod server;
mod setting;

pub use error::SettingsError;
pub use files::{Cause, Files};
pub use setting::{Assignment, Origin, Place, Setting, TlsVersion};

#[cfg(test)]
mod memory;
