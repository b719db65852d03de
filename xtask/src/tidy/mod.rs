//! Measures the shape of the code and of the texts, and fails where a limit is passed.

mod circles;
mod crate_lines;
mod file_lines;
mod functions;
mod largest;
mod markdown;
mod modules;
mod product;
mod report;
mod sentences;
mod tree;
mod type_names;

use anyhow::{Result, ensure};

use crate::command::{root, say};
use tree::Tree;

/// Prints one line a measure and what it found; with `all`, also the largest crates, files and functions.
pub(crate) fn run(all: bool) -> Result<()> {
    let tree = Tree::read(&root())?;
    let measures = [
        crate_lines::measure(&tree),
        file_lines::product(&tree),
        file_lines::tests(&tree),
        functions::measure(&tree),
        circles::measure(&tree),
        type_names::measure(&tree),
        sentences::measure(&tree),
    ];
    say(&report::text(&measures));
    if all {
        say(&largest::text(&tree));
    }
    let over: Vec<&str> = measures.iter().filter(|measure| measure.over).map(|measure| measure.name).collect();
    ensure!(over.is_empty(), "over their limits: {}", over.join(", "));
    Ok(())
}
