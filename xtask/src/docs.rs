//! Docs that the program writes about itself, so that they cannot drift.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::command::{capture, cargo, root, say};

/// A generated file, and the arguments of `reelq` that print it.
const GENERATED: [(&str, &[&str]); 3] = [
    ("docs/generated/cli.md", &["help-markdown"]),
    ("docs/generated/manifest.schema.json", &["schema"]),
    ("docs/generated/models.json", &["models", "--builtin", "--json"]),
];

/// Writes the generated docs, or with `check` fails where they are not current.
pub(crate) fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for (path, arguments) in GENERATED {
        let text = capture(cargo().args(["run", "--quiet", "--package", "reelq-cli", "--"]).args(arguments))?;
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
