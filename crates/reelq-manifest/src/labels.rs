//! Watches for labels that are used twice, in bounded memory.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use crate::{Problem, Row, limits, problem::readable};

/// Remembers a hash of each label and the row that first used it.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    first: HashMap<u64, u64>,
}

impl Labels {
    /// Warns of a label that an earlier row used; past a million distinct ones, new ones are not remembered.
    pub(crate) fn note(&mut self, row: &Row) -> Option<Problem> {
        let label = row.label.as_deref()?;
        let mut hasher = DefaultHasher::new();
        label.hash(&mut hasher);
        let hash = hasher.finish();
        if let Some(earlier) = self.first.get(&hash) {
            let rule = format!("id `{}` is already used by row {earlier}", readable(label));
            let hint = "both rows will run; give each its own id to tell their results apart";
            return Some(row.spans.problem(Some("id"), &rule).with_value(label).with_hint(hint).into_warning());
        }
        if self.first.len() < limits::WATCHED_LABELS {
            self.first.insert(hash, row.number);
        }
        None
    }
}
