//! Makes the TLS certificates, keys and trust files of PostgreSQL servers and clients.

#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod diagnosis;
pub mod error;
pub mod fs;
pub mod keys;
pub mod layout;
pub mod ops;
pub mod pem;
pub mod pki;
pub mod plan;
pub mod profile;
pub mod recipe;
pub mod scratch;
pub mod state;
pub mod x509;
