//! How large files are.

use std::path::Path;

use super::{report::Measure, tree::Tree};

/// A file of the product with so many lines, or more, holds two things.
const PRODUCT: usize = 400;
/// The same of a file with tests, counted whole; those from [`PRODUCT`] on are listed.
const TESTS: usize = 500;

/// Lines of the product's largest file, tests cut off.
pub(crate) fn product(tree: &Tree) -> Measure {
    let files = tree.crates.iter().flat_map(|it| &it.product);
    judge("lines of a file", files.map(|(path, file)| (file.lines, path.as_path())).collect(), PRODUCT, PRODUCT)
}

/// Lines of the largest file with tests.
pub(crate) fn tests(tree: &Tree) -> Measure {
    let files = tree.crates.iter().flat_map(|it| &it.tests);
    judge("lines of a file with tests", files.map(|(path, lines)| (*lines, path.as_path())).collect(), PRODUCT, TESTS)
}

fn judge(name: &'static str, mut sizes: Vec<(usize, &Path)>, listed: usize, limit: usize) -> Measure {
    sizes.sort_by(|a, b| b.cmp(a));
    let (largest, path) = sizes.first().copied().unwrap_or((0, Path::new("")));
    let listed = sizes.iter().filter(|(lines, _)| *lines >= listed);
    Measure {
        name,
        value: format!("{largest} ({})", path.file_name().unwrap_or_default().to_string_lossy()),
        limit: format!("< {limit}"),
        over: largest >= limit,
        findings: listed.map(|(lines, path)| format!("{lines:6}  {}", path.display())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_before_they_are_over() {
        let measure = judge("", vec![(450, Path::new("a/b.rs")), (300, Path::new("c.rs"))], PRODUCT, TESTS);
        assert!(!measure.over);
        assert_eq!(measure.findings, ["   450  a/b.rs"]);
        assert!(judge("", vec![(400, Path::new("b.rs"))], PRODUCT, PRODUCT).over);
    }
}
