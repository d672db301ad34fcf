//! The road from a profile to files, in memory, as the tests of its steps walk it; and sources of keys for them.
#![allow(dead_code, reason = "each test binary that includes this file walks a part of the road")]
#![allow(unreachable_pub, reason = "shared by test binaries, exported by none")]

use pgtls::diagnosis::Diagnosis;
use pgtls::keys::{KeyError, KeySource, KeyType, PrivateKey, SystemKeys};
use pgtls::layout::{self, Arrangement, Filled, Found, Outline};
use pgtls::pki::{self, Issued, Secrets};
use pgtls::plan::{self, Existing, Plan};
use pgtls::profile::{self, Overrides, Profile};
use pgtls::state::State;
use std::collections::BTreeMap;
use std::sync::Mutex;
use time::OffsetDateTime;
use time::macros::datetime;

/// The present of every test.
pub const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

/// A profile from TOML.
pub fn read(text: &str) -> Profile {
    read_with(text, &Overrides::default())
}

/// A profile from TOML with flags laid over it.
pub fn read_with(text: &str, overrides: &Overrides) -> Profile {
    profile::parse("t.toml", text, overrides).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A built-in profile with flags laid over it.
pub fn built_in(name: &str, overrides: &Overrides) -> Profile {
    read_with(profile::builtin(name).unwrap_or_else(|| panic!("no profile {name}")).text, overrides)
}

/// The plan of a profile for an empty directory.
pub fn planned(profile: &Profile) -> Plan {
    plan::build(profile, &State::default(), Existing::Refuse, NOW).unwrap_or_else(|error| panic!("{error}"))
}

/// An error as a user sees it: fact, detail and hint, a line each.
pub fn told(error: &impl Diagnosis) -> String {
    let part = |name: &str, text: Option<String>| text.map(|text| format!("\n{name}: {text}"));
    let detail = part("detail", error.detail()).unwrap_or_default();
    format!("{error}{detail}{}", part("hint", error.hint()).unwrap_or_default())
}

/// Everything that one run makes.
pub struct Made {
    pub plan: Plan,
    pub outline: Outline,
    pub issued: Issued,
    pub filled: Filled,
}

/// Walks the road in memory, into an empty directory.
pub fn make(profile: &Profile, arrangement: &Arrangement, secrets: &Secrets, keys: &dyn KeySource) -> Made {
    let plan = planned(profile);
    let outline = layout::outline(&plan, arrangement);
    let issued =
        pki::issue(&plan, &State::default(), keys, secrets).unwrap_or_else(|error| panic!("{error}"));
    let filled = layout::fill(&outline, &issued).unwrap_or_else(|error| panic!("{error}"));
    Made { plan, outline, issued, filled }
}

/// What a directory `pki`, and a directory `ca` where there is one, would be read as.
pub fn restored(made: &Made, arrangement: &Arrangement) -> State {
    let found = |path: &str, files: &pgtls::fs::FileSet| Found {
        path: path.to_owned(),
        names: files.names().map(str::to_owned).collect(),
        files: files.clone(),
        ..Found::default()
    };
    let ca_directory = arrangement.separate_ca.then(|| found("ca", &made.filled.ca_directory));
    let (state, problems) = layout::restore(&found("pki", &made.filled.directory), ca_directory.as_ref());
    assert!(problems.is_empty(), "{problems:?}");
    state
}

/// A directory `pki` that holds what the profile makes.
pub fn existing(profile: &Profile) -> State {
    let arrangement = Arrangement::default();
    restored(&make(profile, &arrangement, &Secrets::default(), &SystemKeys), &arrangement)
}

/// SplitMix64: numbers that are well mixed and the same in every run.
#[derive(Debug, Clone)]
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number under `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Keys made once, and handed out in the same order to every run; random bytes from a seed.
pub struct FixedKeys<'p> {
    pool: &'p KeyPool,
    state: Mutex<(BTreeMap<&'static str, usize>, Numbers)>,
}

impl KeySource for FixedKeys<'_> {
    fn generate(&self, kind: KeyType) -> Result<PrivateKey, KeyError> {
        let mut state = self.state.lock().map_err(|_| KeyError::Generation)?;
        let count = state.0.entry(kind.id()).or_default();
        *count += 1;
        Ok(self.pool.key(kind, *count - 1))
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        let mut state = self.state.lock().map_err(|_| KeyError::Generation)?;
        bytes.copy_from_slice(&state.1.bytes(bytes.len()));
        Ok(())
    }
}

/// Real keys, each made when it is first asked for.
#[derive(Default)]
pub struct KeyPool {
    keys: Mutex<BTreeMap<&'static str, Vec<PrivateKey>>>,
}

impl KeyPool {
    /// A source that begins with the pool's first key of each kind.
    pub fn source(&self, seed: u64) -> FixedKeys<'_> {
        FixedKeys { pool: self, state: Mutex::new((BTreeMap::new(), Numbers(seed))) }
    }

    fn key(&self, kind: KeyType, at: usize) -> PrivateKey {
        // Large RSA keys take seconds to make: two must do.
        let at = if matches!(kind, KeyType::Rsa3072 | KeyType::Rsa4096) { at % 2 } else { at };
        let mut keys = self.keys.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let keys = keys.entry(kind.id()).or_default();
        while keys.len() <= at {
            keys.push(SystemKeys.generate(kind).unwrap_or_else(|error| panic!("{error}")));
        }
        keys[at].clone()
    }
}
