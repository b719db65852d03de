//! The workspace's crates, their files, and the texts beside them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{modules, product::Product};

/// Everything that is measured. Paths are relative to the workspace's root.
pub(crate) struct Tree {
    pub(crate) crates: Vec<Crate>,
    /// Markdown that people write, by its path.
    pub(crate) texts: BTreeMap<PathBuf, String>,
}

/// One crate of the workspace.
pub(crate) struct Crate {
    pub(crate) name: String,
    /// The files that its targets are built of, tests cut off.
    pub(crate) product: BTreeMap<PathBuf, Product>,
    /// The files that hold tests, and their lengths: whole files, and files with tests at their end.
    pub(crate) tests: BTreeMap<PathBuf, usize>,
    /// The files at which its targets begin.
    pub(crate) roots: Vec<PathBuf>,
}

impl Tree {
    /// Reads the workspace below `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut paths = Vec::new();
        walk(root, root, &mut paths)?;
        paths.sort();
        let members = paths.iter().filter(|path| path.ends_with("Cargo.toml")).filter_map(|path| path.parent());
        let members = members.filter(|folder| root.join(folder).join("src").is_dir());
        let crates = members.map(|folder| Crate::read(root, folder, &paths)).collect::<Result<_>>()?;
        let texts = paths.iter().filter(|path| is_written_text(path));
        let texts = texts.map(|path| Ok((path.clone(), read(root, path)?))).collect::<Result<_>>()?;
        Ok(Self { crates, texts })
    }
}

impl Crate {
    fn read(root: &Path, folder: &Path, paths: &[PathBuf]) -> Result<Self> {
        let (source, test) = (folder.join("src"), folder.join("tests"));
        let rust = |below: &Path| {
            let below = below.to_path_buf();
            paths.iter().filter(move |path| path.starts_with(&below) && path.extension().is_some_and(|it| it == "rs"))
        };
        let mut sources = BTreeMap::new();
        let mut tests = BTreeMap::new();
        for path in rust(&source) {
            sources.insert(path.clone(), read(root, path)?);
        }
        for path in rust(&test).filter(|path| !nested(root, &test, path)) {
            tests.insert(path.clone(), read(root, path)?.lines().count());
        }
        let name = root.join(folder).file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self::of_texts(name, &source, &sources, tests)
    }

    /// Builds a crate of the texts of the files below its `src`.
    pub(crate) fn of_texts(
        name: String,
        source: &Path,
        texts: &BTreeMap<PathBuf, String>,
        mut tests: BTreeMap<PathBuf, usize>,
    ) -> Result<Self> {
        let mut product = BTreeMap::new();
        for (path, text) in texts {
            let parsed = Product::parse(text).with_context(|| path.display().to_string())?;
            product.insert(path.clone(), parsed);
        }
        let roots = roots(source, &product);
        let used: BTreeSet<PathBuf> = roots
            .iter()
            .flat_map(|root| modules::of_target(root, &product))
            .map(|module| module.file.to_path_buf())
            .collect();
        for (path, text) in texts {
            let lines = text.lines().count();
            if !used.contains(path) || product.get(path).is_some_and(|product| product.lines < lines) {
                tests.insert(path.clone(), lines);
            }
        }
        product.retain(|path, _| used.contains(path));
        Ok(Self { name, product, tests, roots })
    }

    /// Lines of all files that its targets are built of, tests cut off.
    pub(crate) fn lines(&self) -> usize {
        self.product.values().map(|product| product.lines).sum()
    }
}

fn roots(source: &Path, files: &BTreeMap<PathBuf, Product>) -> Vec<PathBuf> {
    let programs = source.join("bin");
    let is_root = |path: &Path| {
        path == source.join("lib.rs") || path == source.join("main.rs") || path.parent() == Some(programs.as_path())
    };
    files.keys().filter(|path| is_root(path)).cloned().collect()
}

/// Whether a crate of its own lies between a folder of tests and a file in it.
fn nested(root: &Path, tests: &Path, path: &Path) -> bool {
    let above = path.ancestors().skip(1).take_while(|folder| *folder != tests);
    above.into_iter().any(|folder| root.join(folder).join("Cargo.toml").is_file())
}

fn is_written_text(path: &Path) -> bool {
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].iter().any(|name| path == Path::new(name));
    let docs = path.starts_with("docs") && !path.starts_with("docs/generated");
    top || docs && path.extension().is_some_and(|extension| extension == "md")
}

fn read(root: &Path, path: &Path) -> Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| format!("read {}", path.display()))
}

/// Lists all files, but for hidden folders and what was built.
fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            walk(root, &path, found)?;
        } else if let Ok(relative) = path.strip_prefix(root)
            && path.is_file()
        {
            found.push(relative.to_path_buf());
        }
    }
    Ok(())
}
