//! [`Namespace`]: whose keys these are. Everything of one namespace lies in one hash slot, so that scripts may join it.

use std::{fmt, str::FromStr};

/// Longer names only make every key longer.
const MAX_LENGTH: usize = 64;

/// How the names of simulations' namespaces end.
const SIMULATED: &str = "-simulated";

/// The name that one installation's keys begin with, so that several may share a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespace {
    name: String,
    prefix: String,
}

/// A text that is no namespace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no namespace: 1 to {MAX_LENGTH} of the characters a-z, A-Z, 0-9, `-`, `_` and `.`")]
pub struct NamespaceError(String);

impl Namespace {
    /// The name itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace of simulations: beside this one, and never it.
    #[must_use]
    pub fn simulated(&self) -> Self {
        let room = self.name.len().min(MAX_LENGTH - SIMULATED.len());
        // A name holds ASCII only, so that every cut is one between characters.
        let name = format!("{}{SIMULATED}", self.name.get(..room).unwrap_or_default());
        Self { prefix: format!("reelq:{{{name}}}:"), name }
    }

    /// Whether it is one that simulations use beside another.
    pub fn is_simulated(&self) -> bool {
        self.name.ends_with(SIMULATED)
    }

    /// What every key begins with: `reelq:{NAME}:`. The braces are what Cluster takes as the hash tag.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl FromStr for Namespace {
    type Err = NamespaceError;

    fn from_str(text: &str) -> Result<Self, NamespaceError> {
        let fits = (1..=MAX_LENGTH).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !fits {
            return Err(NamespaceError(text.to_owned()));
        }
        Ok(Self { name: text.to_owned(), prefix: format!("reelq:{{{text}}}:") })
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_namespace_has_its_hash_tag() {
        let namespace: Namespace = "team-a".parse().unwrap();
        assert_eq!(namespace.prefix(), "reelq:{team-a}:");
        assert_eq!(namespace.to_string(), "team-a");
    }

    #[test]
    fn simulations_have_a_namespace_of_their_own() {
        for name in ["team-a", &"x".repeat(64)] {
            let namespace: Namespace = name.parse().unwrap();
            let simulated = namespace.simulated();
            assert!(simulated != namespace && simulated.is_simulated() && !namespace.is_simulated());
            assert_eq!(simulated.name().parse::<Namespace>().unwrap(), simulated);
        }
    }

    #[test]
    fn names_that_would_break_a_key_are_refused() {
        for name in ["", "a{b", "a}", "a:b", "a b", "é", &"x".repeat(65)] {
            assert!(name.parse::<Namespace>().is_err(), "{name}");
        }
    }
}
