//! Makes the TLS certificates, keys and trust files of PostgreSQL servers and clients.

pub mod diagnosis;
pub mod fs;
pub mod keys;
pub mod pem;
pub mod plan;
pub mod profile;
pub mod state;
pub mod x509;
