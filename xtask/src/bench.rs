//! Measurements: builds the bench program for release and becomes it.

use std::os::unix::process::CommandExt as _;

use anyhow::Result;

use crate::command::{cargo, run};

/// Runs the bench program with `arguments`, in the place of this process: a signal reaches the one that can clean up.
pub(crate) fn run_bench(arguments: &[String]) -> Result<()> {
    run(cargo().args(["build", "--release", "--package", "reelq-cli", "--package", "reelq-bench"]))?;
    let mut bench = cargo();
    bench.args(["run", "--release", "--quiet", "--package", "reelq-bench", "--"]).args(arguments);
    Err(anyhow::Error::new(bench.exec()).context("start the bench program"))
}
