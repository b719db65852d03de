//! How often each request was asked for so far, and by which row first. Memory is bounded: past a number of requests, others are
//! counted in a file.

use std::collections::HashMap;

use reelq_model::RequestKey;
use rusqlite::{Connection, params};

use crate::file::{self, Result};

/// So many requests are counted in memory, at some 35 bytes each.
const NEAR: usize = 200_000;
const TABLE: &str =
    "CREATE TABLE requests (key BLOB PRIMARY KEY, times INTEGER NOT NULL, first_row INTEGER NOT NULL) WITHOUT ROWID";
const COUNT: &str = "INSERT INTO requests (key, times, first_row) VALUES (?1, 1, ?2) \
    ON CONFLICT (key) DO UPDATE SET times = times + 1 RETURNING times, first_row";

/// What was counted of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestCount {
    /// How often it was asked for.
    pub times: u32,
    /// The row that asked first.
    pub first_row: u64,
}

/// Counts requests as they go by.
#[derive(Debug)]
pub struct RequestCounts {
    near: HashMap<RequestKey, RequestCount>,
    near_most: usize,
    far: Option<Connection>,
}

impl Default for RequestCounts {
    fn default() -> Self {
        Self::with(NEAR)
    }
}

impl RequestCounts {
    fn with(near_most: usize) -> Self {
        Self { near: HashMap::new(), near_most, far: None }
    }

    /// Counts one that `row` asks for.
    ///
    /// # Errors
    /// The file cannot be written; nothing was counted.
    pub fn count(&mut self, request: RequestKey, row: u64) -> Result<RequestCount> {
        let is_full = self.near.len() >= self.near_most;
        if let Some(count) = self.near.get_mut(&request) {
            count.times = count.times.saturating_add(1);
            return Ok(*count);
        }
        if !is_full {
            let count = RequestCount { times: 1, first_row: row };
            self.near.insert(request, count);
            return Ok(count);
        }
        let far = match self.far.take() {
            Some(far) => far,
            None => file::open(TABLE)?,
        };
        Ok(count_far(self.far.insert(far), request, row)?)
    }

    /// Whether it was asked for.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn has(&self, request: RequestKey) -> Result<bool> {
        let Some(far) = self.far.as_ref().filter(|_| !self.near.contains_key(&request)) else {
            return Ok(self.near.contains_key(&request));
        };
        Ok(far.prepare_cached("SELECT 1 FROM requests WHERE key = ?1")?.exists([request.as_bytes()])?)
    }

    /// Notes that it counts as asked for so often; nothing where it was not asked for at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&mut self, request: RequestKey, times: u32) -> Result<()> {
        if let Some(count) = self.near.get_mut(&request) {
            count.times = times;
        } else if let Some(far) = &self.far {
            let values = params![request.as_bytes(), times];
            far.prepare_cached("UPDATE requests SET times = ?2 WHERE key = ?1")?.execute(values)?;
        }
        Ok(())
    }
}

fn count_far(far: &Connection, request: RequestKey, row: u64) -> rusqlite::Result<RequestCount> {
    let row = i64::try_from(row).unwrap_or(i64::MAX);
    far.prepare_cached(COUNT)?.query_row(params![request.as_bytes(), row], |found| {
        Ok(RequestCount { times: found.get(0)?, first_row: found.get::<_, i64>(1)?.unsigned_abs() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_disk_is_full_nothing_is_counted() {
        let mut counts = RequestCounts::with(0);
        counts.count(RequestKey::from_bytes([0; 16]), 1).unwrap();
        counts.far.as_ref().unwrap().pragma_update(None, "max_page_count", 2).unwrap();
        let mut each = (1_u16..9_999).map(|number| {
            let mut key = [0; 16];
            key[..2].copy_from_slice(&number.to_be_bytes());
            counts.count(RequestKey::from_bytes(key), 1)
        });
        let error = each.find_map(std::result::Result::err).unwrap();
        assert!(error.to_string().contains("SQLITE_TMPDIR"), "{error}");
    }

    #[test]
    fn requests_are_counted_alike_in_memory_and_in_a_file() {
        let (mut near, mut far) = (RequestCounts::default(), RequestCounts::with(2));
        for (row, byte) in [(1, 1), (2, 2), (3, 3), (4, 3), (5, 1), (6, 4), (7, 3)] {
            let key = RequestKey::from_bytes([byte; 16]);
            let count = near.count(key, row).unwrap();
            assert_eq!(far.count(key, row).unwrap(), count);
            if row == 4 {
                assert_eq!(count, RequestCount { times: 2, first_row: 3 });
                near.set(key, 5).unwrap();
                far.set(key, 5).unwrap();
            }
        }
        for byte in 1..=9 {
            let key = RequestKey::from_bytes([byte; 16]);
            assert_eq!((near.has(key).unwrap(), far.has(key).unwrap()), (byte < 5, byte < 5));
        }
        assert_eq!(far.count(RequestKey::from_bytes([3; 16]), 8).unwrap(), RequestCount { times: 7, first_row: 3 });
    }
}
