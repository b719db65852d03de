//! The bounds that keep a hostile or mistaken manifest from filling the memory.

pub(crate) use reelq_forms::ROW_BYTES;

/// Bytes of one text value, after templates.
pub(crate) const VALUE_BYTES: usize = 256 * 1024;
/// Rows that the matrices of one manifest may expand to.
pub(crate) const EXPANDED_ROWS: u64 = 10_000_000;
/// Copies of one row.
pub(crate) const COPIES: u32 = 10_000;
/// Bytes of a TOML manifest or a YAML file, which are held whole; sources are streamed and not counted.
pub(crate) const WHOLE_BYTES: u64 = 64 * 1024 * 1024;
/// Distinct labels that are watched for repeats.
pub(crate) const WATCHED_LABELS: usize = 1_000_000;
/// Steps that one template may take.
pub(crate) const TEMPLATE_FUEL: u64 = 100_000;
/// Operators in one template or filter: its compiler calls itself for each, so that more could overflow the stack.
pub(crate) const TEMPLATE_OPERATORS: usize = 150;
/// The highest priority that a row or a batch may have, and below zero the lowest: what is beyond is of held jobs.
pub(crate) use reelq_model::PRIORITY_MAX;

/// The priority that a number is.
pub(crate) fn within_priorities(number: i64) -> Option<i32> {
    i32::try_from(number).ok().filter(|priority| priority.unsigned_abs() <= PRIORITY_MAX.unsigned_abs())
}
/// Columns of a table.
pub(crate) const COLUMNS: usize = 2_000;
