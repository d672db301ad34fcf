//! The profiles that come with the binary.

/// A profile of ours: its name and its text, comments included, ready to be saved and edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// What `gen NAME` takes.
    pub name: &'static str,
    /// The TOML.
    pub text: &'static str,
}

/// Every built-in profile, in the order of `pgtls profiles`.
pub const BUILTINS: [Builtin; 3] = [
    Builtin { name: "intermediate", text: include_str!("../../profiles/intermediate.toml") },
    Builtin { name: "root-only", text: include_str!("../../profiles/root-only.toml") },
    Builtin { name: "self-signed", text: include_str!("../../profiles/self-signed.toml") },
];

/// The built-in profile of that name.
#[must_use]
pub fn builtin(name: &str) -> Option<Builtin> {
    BUILTINS.into_iter().find(|profile| profile.name == name)
}
