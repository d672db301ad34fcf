//! Plan -> a POSIX shell script of `openssl` commands (OpenSSL 3.0) that makes the same files, so that an auditor can
//! see that nothing is hidden. Pure: it writes down what the plan says and decides nothing.
//!
//! What counts is what a plan wants, not what its profile is called: a plan that the commands cannot say is refused
//! by name ([`RecipeError`]), any other is written, the three documented layouts always among them.

mod config;
mod error;
mod expressible;
mod quote;
mod script;

pub use error::{Obstacle, RecipeError};
pub use quote::shell as shell_quoted;
pub use script::{RecipePassphrase, RecipeTarget, script};
