//! What was measured, as a table for people and as JSON for programs.

use std::{borrow::Cow, fs, path::Path};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// One measured figure.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    /// What was measured, in snake case with its unit last.
    pub(crate) name: Cow<'static, str>,
    /// The figure.
    pub(crate) value: f64,
    /// What it was taken from.
    pub(crate) of: String,
}

/// Every figure of one run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) fn add(&mut self, name: impl Into<Cow<'static, str>>, value: f64, of: impl Into<String>) {
        self.figures.push(Figure { name: name.into(), value, of: of.into() });
    }

    #[expect(clippy::print_stdout, reason = "the table is what the program is run for")]
    pub(crate) fn print(&self) {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::ASCII_MARKDOWN).set_header(["figure", "value", "of"]);
        for figure in &self.figures {
            table.add_row([figure.name.to_string(), rounded(figure.value), figure.of.clone()]);
        }
        println!("{table}");
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("write the figures as JSON")?;
        fs::write(path, text + "\n").with_context(|| format!("write {}", path.display()))
    }
}

fn rounded(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
