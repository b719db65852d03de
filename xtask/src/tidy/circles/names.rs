//! What stands in the code of a module: imports, words, paths.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Ident, Item, ItemUse, UseTree,
    visit::{self, Visit},
};

use super::super::modules::Module;

/// One import: its path, and the name that it gives here (`None` for all names).
pub(super) struct Import {
    pub(super) path: Vec<String>,
    pub(super) name: Option<String>,
}

/// All `use` of a module, those inside its functions too.
pub(super) fn uses<'a>(module: &Module<'a>) -> Vec<&'a ItemUse> {
    let mut uses = Uses(Vec::new());
    for item in module.items.iter().filter(|item| !matches!(item, Item::Mod(_))) {
        uses.visit_item(item);
    }
    uses.0
}

struct Uses<'a>(Vec<&'a ItemUse>);

impl<'a> Visit<'a> for Uses<'a> {
    fn visit_item_use(&mut self, import: &'a ItemUse) {
        self.0.push(import);
        visit::visit_item_use(self, import);
    }
}

/// The leaves of a `use`.
pub(super) fn leaves(tree: &UseTree, above: &[String], found: &mut Vec<Import>) {
    let with = |name: &Ident| [above, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(part) => leaves(&part.tree, &with(&part.ident), found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, above, found)),
        UseTree::Glob(_) => found.push(Import { path: above.to_vec(), name: None }),
        UseTree::Name(leaf) if leaf.ident == "self" => {
            found.push(Import { path: above.to_vec(), name: above.last().cloned() });
        }
        UseTree::Name(leaf) => found.push(Import { path: with(&leaf.ident), name: Some(leaf.ident.to_string()) }),
        UseTree::Rename(leaf) if leaf.ident == "self" => {
            found.push(Import { path: above.to_vec(), name: Some(leaf.rename.to_string()) });
        }
        UseTree::Rename(leaf) => found.push(Import { path: with(&leaf.ident), name: Some(leaf.rename.to_string()) }),
    }
}

/// The name of the item that is defined here.
pub(super) fn defined(item: &Item) -> Option<&Ident> {
    match item {
        Item::Const(it) => Some(&it.ident),
        Item::Enum(it) => Some(&it.ident),
        Item::Fn(it) => Some(&it.sig.ident),
        Item::Macro(it) => it.ident.as_ref(),
        Item::Static(it) => Some(&it.ident),
        Item::Struct(it) => Some(&it.ident),
        Item::Trait(it) => Some(&it.ident),
        Item::Type(it) => Some(&it.ident),
        Item::Union(it) => Some(&it.ident),
        _ => None,
    }
}

/// All words in a stream of tokens, at any depth.
pub(super) fn words_of(tokens: TokenStream, words: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => _ = words.insert(word.to_string()),
            TokenTree::Group(group) => words_of(group.stream(), words),
            _ => {}
        }
    }
}

/// Paths of two words or more, also in calls of macros, which no parser can read.
pub(super) fn paths_in(tokens: TokenStream, paths: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            TokenTree::Ident(word) => {
                if colons != 2 {
                    paths.extend(Some(std::mem::take(&mut path)).filter(|path| path.len() > 1));
                }
                colons = 0;
                path.push(word.to_string());
            }
            other => {
                paths.extend(Some(std::mem::take(&mut path)).filter(|path| path.len() > 1));
                colons = 0;
                if let TokenTree::Group(group) = other {
                    paths_in(group.stream(), paths);
                }
            }
        }
    }
    paths.extend(Some(path).filter(|path| path.len() > 1));
}
