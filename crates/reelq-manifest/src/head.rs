//! What a manifest says of the batch as a whole.

use reelq_model::Money;

/// What a manifest says of the batch as a whole; everything but the names to pass through stands only in TOML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManifestHead {
    /// The batch's name, where the manifest gives one.
    pub name: Option<String>,
    /// The output place, as written.
    pub output: Option<String>,
    /// The template of output file names, as written.
    pub file_name: Option<String>,
    /// The most that the batch may spend.
    pub budget: Option<Money>,
    /// Higher goes first; 0 is usual.
    pub priority: i32,
    /// The rules that hold the batch, as written.
    pub stop_if: Vec<String>,
    /// Columns that are carried to the result manifest, as far as the head tells; JSONL rows may bring more `x_` keys.
    pub passthrough: Vec<String>,
}
