//! Plan -> certificates and keys, in memory. Decides nothing: keys, serial numbers and signatures are all that is new.

mod certificate;
mod error;
mod issue;
mod request;

pub use error::IssueError;
pub use issue::{Issued, IssuedCertificate, Secrets, issue, unlock};
pub use request::{Requested, request};
