//! Plan -> certificates and keys, in memory. Decides nothing: keys, serial numbers and signatures are all that is new.

mod certificate;
mod error;
mod issue;
mod list;
mod request;
mod series;

pub use error::IssueError;
pub use issue::{Issued, IssuedCertificate, Secrets, issue, open, standing, unlock, unlock_ca};
pub use request::{Requested, request};
pub use series::{Made, Maker, Supplies};
