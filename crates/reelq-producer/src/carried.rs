//! The names that rows carry to the result manifest, in the order in which they came.

use std::collections::{BTreeMap, HashSet};

/// So many columns a result manifest may get from its rows; more are keys that are data.
pub(crate) const MOST_CARRIED: usize = 1_000;

/// The names so far.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) names: Vec<String>,
    known: HashSet<String>,
}

impl Carried {
    /// Begins with the names that are known before any row.
    pub(crate) fn of(names: &[String]) -> Self {
        Self { names: names.to_vec(), known: names.iter().cloned().collect() }
    }

    /// Notes what a row carries; the name that is one too many, told once.
    pub(crate) fn note(&mut self, carried: &BTreeMap<String, String>) -> Result<(), String> {
        for name in carried.keys() {
            if self.known.contains(name) || self.known.len() > MOST_CARRIED {
                continue;
            }
            self.known.insert(name.clone());
            if self.names.len() >= MOST_CARRIED {
                return Err(name.clone());
            }
            self.names.push(name.clone());
        }
        Ok(())
    }
}
