//! Measurements: builds the bench program for release and runs it.

use anyhow::Result;

use crate::command::{cargo, run};

/// Runs the bench program with `arguments`.
pub(crate) fn run_bench(arguments: &[String]) -> Result<()> {
    run(cargo().args(["build", "--release", "--package", "reelq-cli", "--package", "reelq-bench"]))?;
    run(cargo().args(["run", "--release", "--quiet", "--package", "reelq-bench", "--"]).args(arguments))
}
