//! What a path means in a module: modules, items, and imports that are followed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use syn::Item;

use super::{
    super::modules::Module,
    names::{Import, defined, words_of},
};

/// So many words of paths are followed; imports that need more follow each other in a circle.
const DEPTH: usize = 16;

/// Where a path ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End<'a> {
    Module(usize),
    Item(&'a Path),
}

/// The names that each module of a target knows.
pub(super) struct Scopes<'a> {
    index: BTreeMap<Vec<String>, usize>,
    paths: Vec<Vec<String>>,
    names: Vec<Names<'a>>,
}

#[derive(Default)]
struct Names<'a> {
    ends: BTreeMap<String, Vec<End<'a>>>,
    imports: BTreeMap<String, Vec<Vec<String>>>,
    globs: Vec<Vec<String>>,
    /// Words in calls of macros, which may define items of these names.
    macros: BTreeMap<String, &'a Path>,
}

impl<'a> Scopes<'a> {
    /// Reads the names of all modules; `imports` holds those of each, in the same order.
    pub(super) fn new(modules: &[Module<'a>], imports: &[Vec<Import>]) -> Self {
        let paths: Vec<_> = modules.iter().map(|module| module.path.clone()).collect();
        let index = paths.iter().cloned().zip(0..).collect();
        let mut it = Self { index, paths, names: Vec::new() };
        it.names = modules.iter().zip(imports).map(|(module, imports)| it.names_of(module, imports)).collect();
        it
    }

    fn names_of(&self, module: &Module<'a>, imports: &[Import]) -> Names<'a> {
        let mut names = Names::default();
        for item in module.items {
            self.add(item, module, &mut names);
        }
        for import in imports {
            match &import.name {
                Some(name) => names.imports.entry(name.clone()).or_default().push(import.path.clone()),
                None => names.globs.push(import.path.clone()),
            }
        }
        names
    }

    fn add(&self, item: &Item, module: &Module<'a>, names: &mut Names<'a>) {
        if let Item::Mod(child) = item {
            let path = [module.path.as_slice(), &[child.ident.to_string()]].concat();
            let end = self.index.get(&path).map(|&index| End::Module(index));
            names.ends.entry(child.ident.to_string()).or_default().extend(end);
        } else if let Some(name) = defined(item) {
            names.ends.entry(name.to_string()).or_default().push(End::Item(module.file));
        } else if let Item::Macro(call) = item {
            let mut words = BTreeSet::new();
            words_of(call.mac.tokens.clone(), &mut words);
            names.macros.extend(words.into_iter().map(|word| (word, module.file)));
        }
    }

    /// Everything that a path may mean in a module; nothing where it leads out of the crate.
    pub(super) fn resolve(&self, module: usize, path: &[String]) -> BTreeSet<End<'a>> {
        self.follow(module, path, DEPTH)
    }

    fn follow(&self, module: usize, path: &[String], depth: usize) -> BTreeSet<End<'a>> {
        let Some((first, rest)) = path.split_first() else { return [End::Module(module)].into() };
        let Some(depth) = depth.checked_sub(1) else { return BTreeSet::new() };
        let here = &self.paths[module];
        let start = match first.as_str() {
            "self" => Some(module),
            "crate" => self.index.get(&Vec::new()).copied(),
            "super" => self.index.get(&here[..here.len().saturating_sub(1)]).copied(),
            _ => return self.step(module, first, rest, depth),
        };
        start.map_or_else(BTreeSet::new, |start| self.follow(start, rest, depth))
    }

    fn step(&self, module: usize, name: &str, rest: &[String], depth: usize) -> BTreeSet<End<'a>> {
        let mut ends = BTreeSet::new();
        for end in self.named(module, name, depth) {
            match end {
                // What follows an item is its own: a variant, an associated function.
                End::Item(_) => _ = ends.insert(end),
                End::Module(module) => ends.extend(self.follow(module, rest, depth)),
            }
        }
        ends
    }

    fn named(&self, module: usize, name: &str, depth: usize) -> BTreeSet<End<'a>> {
        let names = &self.names[module];
        let mut ends: BTreeSet<_> = names.ends.get(name).into_iter().flatten().copied().collect();
        // `use name::name` imports from the module of that name, and must not ask for itself.
        for path in names.imports.get(name).into_iter().flatten() {
            let own = path.first().is_some_and(|first| first == name);
            match ends.iter().copied().find(|end| own && matches!(end, End::Module(_))) {
                Some(End::Module(child)) => ends.extend(self.follow(child, &path[1..], depth)),
                _ if own => {}
                _ => ends.extend(self.follow(module, path, depth)),
            }
        }
        if ends.is_empty() {
            ends.extend(names.macros.get(name).map(|file| End::Item(file)));
        }
        if ends.is_empty() {
            ends.extend(self.through_globs(module, name, depth));
        }
        ends
    }

    fn through_globs(&self, module: usize, name: &str, depth: usize) -> BTreeSet<End<'a>> {
        let Some(depth) = depth.checked_sub(1) else { return BTreeSet::new() };
        let opened = self.names[module].globs.iter().flat_map(|path| self.follow(module, path, depth));
        let modules = opened.filter_map(|end| if let End::Module(it) = end { Some(it) } else { None });
        modules.filter(|&it| it != module).flat_map(|it| self.named(it, name, depth)).collect()
    }
}
