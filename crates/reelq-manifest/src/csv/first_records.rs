//! The first records of a file, by which its header is told.

use reelq_forms::CsvRecord;

use crate::location::Layer;

/// The first records of a file, up to those that may be its header.
pub(super) struct Head {
    /// With the number of records before each, empty ones counted.
    pub(super) records: Vec<(usize, CsvRecord, Layer)>,
}
