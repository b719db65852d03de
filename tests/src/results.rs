//! Result manifests as tests read them.

use std::{collections::BTreeMap, path::Path};

use reelq_model::Money;

/// One line of a `results.csv`, by column name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultRow(BTreeMap<String, String>);

impl ResultRow {
    /// Reads every line of a file.
    pub fn read_all(path: &Path) -> Vec<Self> {
        let mut reader = csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = reader.deserialize::<BTreeMap<String, String>>();
        lines.map(|line| Self(line.expect("a result manifest is well-formed CSV"))).collect()
    }

    /// A column's text; empty where it has none.
    pub fn get(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("the result manifest has no column `{column}`"))
    }

    /// Its cost, where it is known.
    pub fn cost(&self) -> Option<Money> {
        let text = self.get("cost_usd");
        (!text.is_empty()).then(|| text.parse().expect("cost_usd is an amount"))
    }

    /// Its row and copy in the manifest.
    pub fn place(&self) -> (u64, u32) {
        (self.get("row").parse().expect("row is a number"), self.get("copy").parse().expect("copy is a number"))
    }
}
