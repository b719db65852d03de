//! Showing what was measured: tables for people, JSON for programs.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde::Serialize;

use crate::{
    figure::{Report, rounded},
    goals::{Standing, standings},
    machine::Machine,
    scale::Step,
};

/// Everything that `--json` writes.
#[derive(Debug, Serialize)]
struct Everything<'a> {
    machine: &'a Machine,
    goals: Vec<Standing>,
    #[serde(flatten)]
    report: &'a Report,
}

/// Prints the tables; for a page, with headings, and without the goals that were not looked at.
#[expect(clippy::print_stdout, reason = "the tables are what the program is run for")]
pub(crate) fn print(machine: &Machine, report: &Report, markdown: bool) {
    let head = |text: &str| println!("\n{}{text}\n", if markdown { "## " } else { "" });
    println!("\n{}", machine.describe());
    let goals: Vec<_> = standings(report).iter().map(Standing::row).filter(|row| !row[3].is_empty()).collect();
    if !goals.is_empty() {
        head("Goals");
        println!("{}", table(["figure", "now", "goal", "", "of"], goals));
    }
    if !report.steps.is_empty() {
        head("Scale");
        println!("{}", table(Step::HEADER, report.steps.iter().map(Step::row)));
    }
    if !report.figures.is_empty() {
        head("Everything");
        let rows = report.figures.iter().map(|it| [it.name.to_string(), rounded(it.value), it.of.clone()]);
        println!("{}", table(["figure", "value", "of"], rows));
    }
    if !report.missing.is_empty() {
        head("Not measured");
        report.missing.iter().for_each(|why| println!("- {}", why.trim_end().replace('\n', "\n  ")));
    }
}

/// Writes all of it as JSON.
pub(crate) fn write(machine: &Machine, report: &Report, path: &Path) -> Result<()> {
    let everything = Everything { machine, goals: standings(report), report };
    let text = serde_json::to_string_pretty(&everything).context("write the figures as JSON")?;
    fs::write(path, text + "\n").with_context(|| format!("write {}", path.display()))
}

fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    table.add_rows(rows);
    table
}
