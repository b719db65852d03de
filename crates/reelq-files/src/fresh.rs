//! Numbers that no one else has: for names of files, of folders and of calls. Nothing is decided by them.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A number that differs in every process on every machine, and with every call: the system's own randomness.
pub fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}
