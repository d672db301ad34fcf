//! Showing: files -> what they say and who signed whom, as plain data. It judges nothing; that is `verify`'s work, whose
//! readers and index it uses, so that both see the same.
//!
//! Pure: the instant is an argument. How it looks on a terminal is decided by the command line.

mod certificate;
mod ending;
mod fits;
mod holdings;
mod issued;
mod keys;
mod life;
mod listing;
mod lists;
mod node;
mod promise;
mod signed;
mod things;
mod tree;

pub use certificate::CertificateFacts;
pub use ending::Ending;
pub use holdings::{CertificateEntry, Holdings};
pub use issued::{Issued, IssuedBy, IssuedSource, IssuedStatus, RevokedLine, issued};
pub use keys::{KeyEntry, PublicKeyEntry, RequestEntry};
pub use life::{Life, LifeState};
pub use listing::{FileFacts, Thing, listing};
pub use lists::{ListEntry, Revoked};
pub use node::Node;
pub use promise::{Unreadable, concerns, unreadable};
pub use signed::Signed;
pub use things::{KeyFacts, KeyState, ListFacts, PublicKeyFacts, RequestFacts, RevokedFacts, SignatureWord};
