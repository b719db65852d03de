//! Lists the largest crates, files and functions, so that they are seen before they are too large.

use std::fmt::Write as _;

use super::{functions, tree::Tree};

const SHOWN: usize = 15;

/// The three lists, in lines without tests.
pub(crate) fn text(tree: &Tree) -> String {
    let crates = tree.crates.iter().map(|it| (it.lines(), it.name.clone()));
    let files = tree.crates.iter().flat_map(|it| &it.product);
    let files = files.map(|(path, file)| (file.lines, path.display().to_string()));
    let functions = functions::all(tree).map(|(lines, path, at)| (lines, format!("{}:{at}", path.display())));
    list("crates", crates.collect()) + &list("files", files.collect()) + &list("functions", functions.collect())
}

fn list(what: &str, mut sizes: Vec<(usize, String)>) -> String {
    sizes.sort_by(|a, b| b.cmp(a));
    let mut text = format!("largest {what}, in lines without tests\n");
    for (lines, name) in sizes.into_iter().take(SHOWN) {
        _ = writeln!(text, "{lines:6}  {name}");
    }
    text
}
