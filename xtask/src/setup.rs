//! Finds or installs the tools that the tests need.

use anyhow::Result;

use crate::command::{self, cargo, say, works};

/// Tools that are cargo subcommands, by the crate that installs them.
const CARGO_TOOLS: [(&str, &str); 2] = [("nextest", "cargo-nextest"), ("deny", "cargo-deny")];

/// Installs what is missing.
pub(crate) fn run() -> Result<()> {
    for (subcommand, package) in CARGO_TOOLS {
        if !works(cargo().args([subcommand, "--version"])) {
            command::run(cargo().args(["install", "--locked", package]))?;
        }
    }
    say("every tool that the tests need is here");
    Ok(())
}
