//! One verb, one file: each joins the steps of the road and calls the doors to the disk. No rule lives here.

mod change;
mod client;
mod compare;
mod csr;
mod evidence;
mod export;
mod generate;
mod import;
mod inspect;
mod inventory;
mod issue;
mod live;
mod logins;
mod material;
mod ownership;
mod recipe;
mod secret;
mod source;
mod stdin;
mod verify;

pub use client::ClientRequest;
pub use compare::{Compared, compare};
pub use csr::{CsrMade, CsrRequest, csr};
pub use export::{Destination, ExportRequest, Exported, export};
pub use generate::{GenerateRequest, Generated, generate};
pub use import::{ImportRequest, Imported, import};
pub use inspect::{InspectRequest, Inspection, Shown, Wanted, inspect};
pub use issue::{CaFiles, IssueRequest, issue};
pub use live::LiveSetting;
pub use ownership::caller_is_root;
pub use recipe::as_openssl;
pub use secret::Passphrase;
use secret::secret_line;
pub use source::{ProfileSource, profile_source};
pub use stdin::{DASH, is_dash, standard_input};
pub use verify::{Verified, VerifyRequest, verify};
