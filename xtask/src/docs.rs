//! Docs that the program writes about itself, so that they cannot drift.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::command::{capture, cargo, root, run as execute, say};

/// A generated file, and the arguments of `reelq` that print it.
const GENERATED: [(&str, &[&str]); 3] = [
    ("docs/generated/cli.md", &["help-markdown"]),
    ("docs/generated/manifest.schema.json", &["schema"]),
    ("docs/generated/models.json", &["models", "--builtin", "--json"]),
];

/// Writes the generated docs, or with `check` fails where they are not current. Asks the program as it was last built.
pub(crate) fn run(check: bool) -> Result<()> {
    let reelq = program()?;
    let mut stale = Vec::new();
    for (path, arguments) in GENERATED {
        let text = capture(Command::new(&reelq).args(arguments))?;
        let file = root().join(path);
        let current = fs::read_to_string(&file).unwrap_or_default();
        if current == text {
            continue;
        }
        if check {
            stale.push(path);
        } else {
            fs::create_dir_all(root().join("docs/generated")).context("make docs/generated")?;
            fs::write(&file, text).with_context(|| format!("write {path}"))?;
            say(&format!("wrote {path}"));
        }
    }
    ensure!(stale.is_empty(), "not current: {}; run `cargo xtask docs` and commit", stale.join(", "));
    Ok(())
}

/// Builds the program.
pub(crate) fn build() -> Result<()> {
    execute(cargo().args(["build", "--quiet", "--package", "reelq-cli"]))
}

/// The program, beside this one.
fn program() -> Result<PathBuf> {
    let this = std::env::current_exe().context("find this program")?;
    Ok(this.with_file_name(format!("reelq{}", std::env::consts::EXE_SUFFIX)))
}
