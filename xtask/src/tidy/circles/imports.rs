//! Which file imports which: by `use`, and by every other path in the code.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens as _;
use syn::{Item, Visibility};

use super::{
    super::modules::Module,
    Edges,
    names::{Import, leaves, paths_in, uses, words_of},
    scope::{End, Scopes},
};

/// The imports between the files of a target.
pub(super) fn of<'a>(modules: &[Module<'a>]) -> Edges<'a> {
    let imports: Vec<Vec<Import>> = modules.iter().map(imports_of).collect();
    let scopes = Scopes::new(modules, &imports);
    let mut edges: Edges<'a> = modules.iter().map(|module| (module.file, BTreeMap::new())).collect();
    for (index, module) in modules.iter().enumerate() {
        for path in paths_of(module) {
            for end in scopes.resolve(index, &path) {
                add(&mut edges, module, end, &path);
            }
        }
    }
    edges
}

fn add<'a>(edges: &mut Edges<'a>, module: &Module<'a>, end: End<'a>, path: &[String]) {
    if let End::Item(file) = end
        && file != module.file
    {
        edges.entry(module.file).or_default().entry(file).or_insert_with(|| path.join("::"));
    }
}

fn imports_of(module: &Module<'_>) -> Vec<Import> {
    let mut found = Vec::new();
    for import in uses(module) {
        leaves(&import.tree, &[], &mut found);
    }
    found
}

/// The paths that a module needs: those of its imports, and those in its code. A re-export that its own code does not
/// name is only handed on.
fn paths_of(module: &Module<'_>) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut words = BTreeSet::new();
    for item in module.items.iter().filter(|item| !matches!(item, Item::Use(_) | Item::Mod(_))) {
        let tokens = item.to_token_stream();
        words_of(tokens.clone(), &mut words);
        paths_in(tokens, &mut paths);
    }
    for import in uses(module) {
        let mut found = Vec::new();
        leaves(&import.tree, &[], &mut found);
        let private = matches!(import.vis, Visibility::Inherited);
        let needed =
            found.into_iter().filter(|it| private || it.name.as_ref().is_some_and(|name| words.contains(name)));
        paths.extend(needed.map(|it| it.path));
    }
    paths
}
