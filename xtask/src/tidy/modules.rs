//! The modules of one target: which file holds each, found as the compiler finds them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use syn::{Item, ItemMod};

use super::product::Product;

/// One module, inline or a file of its own.
pub(crate) struct Module<'a> {
    /// The names from the target's root down to here; empty for the root itself.
    pub(crate) path: Vec<String>,
    /// The file that holds it.
    pub(crate) file: &'a Path,
    pub(crate) items: &'a [Item],
}

/// All modules of the target whose root is `root`.
pub(crate) fn of_target<'a>(root: &Path, files: &'a BTreeMap<PathBuf, Product>) -> Vec<Module<'a>> {
    let mut found = Vec::new();
    if let Some((file, product)) = files.get_key_value(root) {
        let folder = file.parent().unwrap_or(file).to_path_buf();
        let module = Module { path: Vec::new(), file, items: &product.syntax.items };
        descend(module, &folder, files, &mut found);
    }
    found
}

/// Adds a module and those below it; files of its children are looked for in `folder`.
fn descend<'a>(module: Module<'a>, folder: &Path, files: &'a BTreeMap<PathBuf, Product>, found: &mut Vec<Module<'a>>) {
    for item in module.items {
        let Item::Mod(child) = item else { continue };
        let mut path = module.path.clone();
        path.push(child.ident.to_string());
        if let Some((file, items)) = contents(child, module.file, folder, files) {
            descend(Module { path, file, items }, &folder.join(child.ident.to_string()), files, found);
        }
    }
    found.push(module);
}

fn contents<'a>(
    child: &'a ItemMod,
    parent: &'a Path,
    folder: &Path,
    files: &'a BTreeMap<PathBuf, Product>,
) -> Option<(&'a Path, &'a [Item])> {
    if let Some((_, items)) = &child.content {
        return Some((parent, items));
    }
    let own = folder.join(format!("{}.rs", child.ident));
    let nested = folder.join(child.ident.to_string()).join("mod.rs");
    let (file, product) = files.get_key_value(&own).or_else(|| files.get_key_value(&nested))?;
    Some((file, &product.syntax.items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_in_their_own_file_in_a_folder_and_inline() {
        let texts = [
            ("src/lib.rs", "mod a; mod b { mod c; } #[cfg(test)] mod tests;"),
            ("src/a/mod.rs", "mod d;"),
            ("src/a/d.rs", ""),
            ("src/b/c.rs", ""),
            ("src/tests.rs", ""),
        ];
        let files = texts.map(|(path, text)| (PathBuf::from(path), Product::parse(text).unwrap())).into();
        let mut found: Vec<_> =
            of_target(Path::new("src/lib.rs"), &files).iter().map(|it| (it.path.join("::"), it.file)).collect();
        found.sort();
        let at = Path::new;
        assert_eq!(
            found,
            [
                (String::new(), at("src/lib.rs")),
                ("a".to_owned(), at("src/a/mod.rs")),
                ("a::d".to_owned(), at("src/a/d.rs")),
                ("b".to_owned(), at("src/lib.rs")),
                ("b::c".to_owned(), at("src/b/c.rs")),
            ]
        );
    }
}
