//! What PostgreSQL has against a line of `pg_ident.conf`, in its words.

/// Why a line is refused; the server then starts without any map, and on a reload goes on with those that it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentProblem {
    /// A line that is too short.
    #[error("missing entry at end of line")]
    EndOfLine,
    /// A list where one word has to stand.
    #[error("multiple values in ident field")]
    Several,
}

impl IdentProblem {
    pub(in crate::settings) fn hint(self) -> &'static str {
        match self {
            Self::EndOfLine => "Write: MAP SYSTEM-USER ROLE.",
            Self::Several => "Put a name with a comma in it in double quotes.",
        }
    }
}
