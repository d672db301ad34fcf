//! Makes the TLS certificates, keys and trust files of PostgreSQL servers and clients.

pub mod diagnosis;
pub mod fs;
pub mod scratch;
