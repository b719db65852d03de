//! Lists the largest files and functions, so that they are seen.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::command::{root, say};

const SHOWN: usize = 15;

/// Prints the largest Rust files and functions, tests left out.
pub(crate) fn run() -> Result<()> {
    let mut files = Vec::new();
    for folder in ["crates", "bench", "xtask"] {
        collect(&root().join(folder), &mut files)?;
    }
    let mut sizes = Vec::new();
    let mut functions = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let production = text.split("#[cfg(test)]").next().unwrap_or_default();
        let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        sizes.push((production.lines().count(), name.clone()));
        functions.extend(long_functions(production).map(|(lines, line)| (lines, format!("{name}:{line}"))));
    }
    print("files", sizes);
    print("functions", functions);
    Ok(())
}

fn print(what: &str, mut sizes: Vec<(usize, String)>) {
    sizes.sort_by(|a, b| b.cmp(a));
    say(&format!("largest {what}, in lines without tests"));
    for (lines, name) in sizes.into_iter().take(SHOWN) {
        say(&format!("{lines:6}  {name}"));
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "tests") {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Finds functions by indentation, which rustfmt guarantees: from the line with `fn` to the brace that closes it.
fn long_functions(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|&at| is_function(lines[at])).collect();
    starts.into_iter().filter_map(move |start| {
        let indent = lines[start].len() - lines[start].trim_start().len();
        let close = format!("{}}}", " ".repeat(indent));
        let length = lines[start..].iter().position(|line| *line == close)?;
        Some((length + 1, start + 1))
    })
}

fn is_function(line: &str) -> bool {
    let line = line.trim_start();
    let visible = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub(super) "));
    let line = visible.or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
    ["fn ", "async fn ", "const fn "].iter().any(|start| line.starts_with(start))
}
