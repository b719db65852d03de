//! Rows that ask for the same: each of them is bought, so they are named before.

use std::collections::HashMap;

use reelq_model::RequestKey;
use serde::{Deserialize, Serialize};

/// Rows that are named of one request.
const ROWS_MAX: usize = 10;
/// Requests that are named.
const REQUESTS_MAX: usize = 5;

/// The rows of a manifest whose requests are equal. Copies of one row are meant, and not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EqualRows {
    /// Rows that ask for what an earlier row asks for.
    pub rows: u64,
    /// Of the first requests that are asked for more than once, the first rows.
    pub first: Vec<Vec<u64>>,
}

impl EqualRows {
    /// Each named request in words.
    pub fn in_words(&self) -> Vec<String> {
        let one = |rows: &Vec<u64>| {
            let numbers: Vec<_> = rows.iter().map(u64::to_string).collect();
            let more = if rows.len() == ROWS_MAX { ", …" } else { "" };
            format!("rows {}{more} ask for the same clip", numbers.join(", "))
        };
        self.first.iter().map(one).collect()
    }
}

/// Names equal rows as they go by.
#[derive(Debug, Default)]
pub(crate) struct Equal {
    named: HashMap<RequestKey, usize>,
    found: EqualRows,
}

impl Equal {
    /// Notes that `row` asks for what the row `first` was the first to ask for.
    pub(crate) fn add(&mut self, row: u64, first: u64, request: RequestKey) {
        if first == row {
            return;
        }
        self.found.rows += 1;
        let index = match self.named.get(&request) {
            Some(index) => *index,
            None if self.found.first.len() < REQUESTS_MAX => {
                self.named.insert(request, self.found.first.len());
                self.found.first.push(vec![first]);
                self.found.first.len() - 1
            }
            None => return,
        };
        let rows = &mut self.found.first[index];
        if rows.len() < ROWS_MAX {
            rows.push(row);
        }
    }

    pub(crate) fn finish(self) -> EqualRows {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_ask_for_the_same_are_named_and_counted() {
        let mut equal = Equal::default();
        for (row, first, byte) in [(1, 1, 1), (2, 2, 2), (3, 3, 3), (5, 2, 2), (7, 3, 3), (9, 2, 2)] {
            equal.add(row, first, RequestKey::from_bytes([byte; 16]));
        }
        let found = equal.finish();
        assert_eq!((found.rows, &found.first), (3, &vec![vec![2, 5, 9], vec![3, 7]]));
        assert_eq!(found.in_words()[0], "rows 2, 5, 9 ask for the same clip");
    }
}
