//! Docs that the program writes about itself, so that they cannot drift.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::command::{capture, cargo, root, run as execute, say};

/// A generated file, and the arguments of `reelq` that print it.
const GENERATED: [(&str, &[&str]); 4] = [
    ("docs/generated/config.schema.json", &["schema", "config"]),
    ("docs/generated/cli.md", &["help-markdown"]),
    ("docs/generated/manifest.schema.json", &["schema"]),
    ("docs/generated/models.json", &["models", "--builtin", "--json"]),
];

/// A page of prose with generated tables, and the arguments of `reelq` that print the tables.
const TABLES: (&str, &[&str]) = ("docs/config.md", &["config-markdown"]);
/// Before a generated table stands its name, behind it the end.
const BEGIN: &str = "<!-- keys: ";
const END: &str = "<!-- end of keys -->";

/// Writes the generated docs, or with `check` fails where they are not current. Asks the program as it was last built.
pub(crate) fn run(check: bool) -> Result<()> {
    let reelq = program()?;
    let mut stale = Vec::new();
    for (path, arguments) in GENERATED {
        let text = capture(Command::new(&reelq).args(arguments))?;
        stale.extend(settle(path, &text, check)?);
    }
    let (path, arguments) = TABLES;
    let tables = capture(Command::new(&reelq).args(arguments))?;
    let page = fs::read_to_string(root().join(path)).with_context(|| format!("read {path}"))?;
    stale.extend(settle(path, &with_tables(page, &tables)?, check)?);
    ensure!(stale.is_empty(), "not current: {}; run `cargo xtask docs` and commit", stale.join(", "));
    Ok(())
}

/// Writes a file that is not current, or with `check` gives its name.
fn settle(path: &'static str, text: &str, check: bool) -> Result<Option<&'static str>> {
    let file = root().join(path);
    if fs::read_to_string(&file).unwrap_or_default() == text {
        return Ok(None);
    }
    if check {
        return Ok(Some(path));
    }
    fs::create_dir_all(root().join("docs/generated")).context("make docs/generated")?;
    fs::write(&file, text).with_context(|| format!("write {path}"))?;
    say(&format!("wrote {path}"));
    Ok(None)
}

/// The page with each of its tables as the program prints it.
fn with_tables(mut page: String, tables: &str) -> Result<String> {
    for table in tables.split_inclusive(END).map(str::trim_start).filter(|table| !table.is_empty()) {
        let mark = table.lines().next().unwrap_or_default();
        ensure!(mark.starts_with(BEGIN), "a table without its name: {mark}");
        let begin = page.find(mark).with_context(|| format!("find `{mark}` in {}", TABLES.0))?;
        let length = page[begin..].find(END).with_context(|| format!("find the end of `{mark}`"))? + END.len();
        page.replace_range(begin..begin + length, table);
    }
    Ok(page)
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
