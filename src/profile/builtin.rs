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
pub const BUILTINS: [Builtin; 9] = [
    Builtin { name: "intermediate", text: include_str!("../../profiles/intermediate.toml") },
    Builtin { name: "root-only", text: include_str!("../../profiles/root-only.toml") },
    Builtin { name: "self-signed", text: include_str!("../../profiles/self-signed.toml") },
    Builtin { name: "split-ca", text: include_str!("../../profiles/split-ca.toml") },
    Builtin { name: "pgo-v4", text: include_str!("../../profiles/pgo-v4.toml") },
    Builtin { name: "pgo-v5", text: include_str!("../../profiles/pgo-v5.toml") },
    Builtin { name: "cnpg", text: include_str!("../../profiles/cnpg.toml") },
    Builtin { name: "zalando", text: include_str!("../../profiles/zalando.toml") },
    Builtin { name: "patroni", text: include_str!("../../profiles/patroni.toml") },
];

/// The built-in profile of that name.
#[must_use]
pub fn builtin(name: &str) -> Option<Builtin> {
    BUILTINS.into_iter().find(|profile| profile.name == name)
}
