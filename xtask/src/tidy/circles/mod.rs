//! Circles of files: those that import each other, directly or around several corners.

mod components;
mod imports;
mod names;
mod scope;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    modules,
    report::Measure,
    tree::{Crate, Tree},
};

/// So many files may import each other: a parent and its children.
const LIMIT: usize = 3;

/// Which file imports which, and one import that says so.
type Edges<'a> = BTreeMap<&'a Path, BTreeMap<&'a Path, String>>;

/// The largest circle of files inside a crate.
pub(crate) fn measure(tree: &Tree) -> Measure {
    let mut circles = Vec::new();
    for it in &tree.crates {
        for edges in it.roots.iter().map(|root| imports_of(it, root)) {
            let found = components::of(&edges).into_iter().filter(|files| files.len() > 1);
            circles.extend(found.map(|files| (files.len(), it.name.as_str(), describe(&files, &edges))));
        }
    }
    circles.sort();
    circles.reverse();
    let (largest, name) = circles.first().map_or((1, "none"), |(files, name, _)| (*files, name));
    let over = circles.iter().filter(|(files, _, _)| *files > LIMIT);
    Measure {
        name: "files in a circle",
        value: format!("{largest} ({name})"),
        limit: format!("<= {LIMIT}"),
        over: largest > LIMIT,
        findings: over.flat_map(|(files, name, lines)| circle(*files, name, lines)).collect(),
    }
}

fn imports_of<'a>(it: &'a Crate, root: &Path) -> Edges<'a> {
    let modules = modules::of_target(root, &it.product);
    imports::of(&modules)
}

fn circle(files: usize, name: &str, lines: &[String]) -> Vec<String> {
    let head = format!("{name}: {files} files import each other");
    std::iter::once(head).chain(lines.iter().map(|line| format!("  {line}"))).collect()
}

/// Each file of a circle, and what it imports from the others.
fn describe(files: &[&Path], edges: &Edges<'_>) -> Vec<String> {
    let imports = |file: &Path| {
        let inside = edges.get(file).into_iter().flatten().filter(|(to, _)| files.contains(to));
        inside.map(|(to, import)| format!("{} ({import})", name(to))).collect::<Vec<_>>().join(", ")
    };
    files.iter().map(|file| format!("{} uses {}", file.display(), imports(file))).collect()
}

fn name(file: &Path) -> String {
    file.components().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect::<PathBuf>().display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_of(texts: &[(&str, &str)]) -> Crate {
        let texts = texts.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
        Crate::of_texts("it".to_owned(), Path::new(""), &texts, BTreeMap::new()).unwrap()
    }

    /// Who imports whom, as `a > b`.
    fn edges(texts: &[(&str, &str)]) -> Vec<String> {
        let it = crate_of(texts);
        let edges = imports_of(&it, Path::new("lib.rs"));
        let pairs = edges.iter().flat_map(|(from, to)| to.keys().map(move |to| (from, to)));
        pairs.map(|(from, to)| format!("{} > {}", from.display(), to.display())).collect()
    }

    #[test]
    fn imports_are_followed_through_re_exports_to_the_file_that_defines() {
        let found = edges(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::Thing; use std::fmt;"),
            ("b.rs", "pub use crate::c::*;"),
            ("c.rs", "pub struct Thing;"),
        ]);
        assert_eq!(found, ["a.rs > c.rs"]);
    }

    #[test]
    fn declared_modules_are_no_imports_and_neither_are_re_exports_alone() {
        let found = edges(&[
            ("lib.rs", "mod a; pub use a::{Thing, b}; pub fn f() -> Thing { b() }"),
            ("a.rs", "pub struct Thing; pub fn b() {}"),
        ]);
        assert_eq!(found, ["lib.rs > a.rs"]);
        let found = edges(&[("lib.rs", "mod a; pub use a::Thing;"), ("a.rs", "pub struct Thing;")]);
        assert!(found.is_empty());
    }

    #[test]
    fn paths_count_wherever_they_stand() {
        let found = edges(&[
            ("lib.rs", "mod a; mod b; pub const LIMIT: u8 = 1;"),
            ("a.rs", "use super::b; fn f() -> u8 { assert!(b::g()); super::LIMIT }"),
            ("b.rs", "pub fn g() -> bool { use super::a::{self, f}; true } #[cfg(test)] mod t { use crate::LIMIT; }"),
        ]);
        assert_eq!(found, ["a.rs > b.rs", "a.rs > lib.rs", "b.rs > a.rs"]);
    }

    #[test]
    fn what_a_macro_defines_is_found_by_its_name() {
        let found = edges(&[
            ("lib.rs", "mod ids; use ids::BatchId; type A = BatchId;"),
            ("ids.rs", "macro_rules! name { ($it:ident) => { pub struct $it; } } name!(BatchId);"),
        ]);
        assert_eq!(found, ["lib.rs > ids.rs"]);
    }

    #[test]
    fn a_module_and_a_function_of_one_name_are_told_apart() {
        let found = edges(&[
            ("lib.rs", "mod plan; mod a;"),
            ("plan/mod.rs", "mod plan; mod rows; pub use plan::plan;"),
            ("plan/plan.rs", "pub fn plan() {}"),
            ("plan/rows.rs", "pub fn rows() {}"),
            ("a.rs", "use crate::plan::plan; fn f() { plan() }"),
        ]);
        assert_eq!(found, ["a.rs > plan/plan.rs"]);
    }

    #[test]
    fn circles_of_more_than_three_files_are_over() {
        let four = crate_of(&[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "use crate::c::C; pub struct B;"),
            ("c.rs", "use crate::d::D; pub struct C;"),
            ("d.rs", "use crate::a::A; pub struct D;"),
        ]);
        let measure = measure(&Tree { crates: vec![four], texts: BTreeMap::new() });
        assert!(measure.over);
        assert_eq!(measure.findings.len(), 5);
        assert_eq!(measure.findings[1], "  a.rs uses b.rs (crate::b::B)");
    }
}
