//! Numbers as the file holds them, and as callers want them.

use rusqlite::{RowIndex, types::ValueRef};

pub(super) use reelq_store::rules::{
    bounds::NO_PRICE,
    codes::{PAUSE_BLOCKED, PAUSE_BREAKER, pause, read_status, status},
};

/// A count as `SQLite` holds it.
pub(super) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as callers want it.
pub(super) fn count(int: i64) -> u64 {
    u64::try_from(int).unwrap_or(0)
}

/// A list's length as `SQLite` wants a limit.
pub(super) fn limit(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A column of whole numbers: `SQLite` turned sums that ran over into floats, and a hand may have written anything.
#[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
pub(super) fn whole(row: &rusqlite::Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) => Some(number as i64),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    })
}

/// The same for a sum, which counts as nothing where it says nothing.
pub(super) fn total(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<i64> {
    Ok(whole(row, column)?.unwrap_or(0))
}

/// A column of text; nothing where it is none.
pub(super) fn text(row: &rusqlite::Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).ok(),
        _ => None,
    })
}

/// Whether a column holds what no version writes in the place of a whole number. A float is a sum that ran over.
pub(super) fn is_no_number(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<bool> {
    Ok(matches!(row.get_ref(column)?, ValueRef::Text(_) | ValueRef::Blob(_)))
}
