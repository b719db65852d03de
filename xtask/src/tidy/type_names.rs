//! A public type's name is unique in the workspace: one word for one thing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use syn::{
    File, Ident, Item, Visibility,
    visit::{self, Visit},
};

use super::{report::Measure, tree::Tree};

/// Names that each crate may use once, and why.
const CONVENTIONS: [(&str, &str); 2] = [
    ("Error", "each crate may name its one error so, as the standard library's modules do"),
    ("Result", "each crate may name the result of its one error so, as the standard library's modules do"),
];

/// Where a name is defined: the crate and the file.
type Homes<'a> = BTreeMap<String, Vec<(&'a str, &'a Path)>>;

/// Public types (struct, enum, union, trait, alias; private modules too) whose name is defined twice.
pub(crate) fn measure(tree: &Tree) -> Measure {
    let mut homes = Homes::new();
    for it in &tree.crates {
        for (path, file) in &it.product {
            for name in public_types(&file.syntax) {
                homes.entry(name).or_default().push((&it.name, path));
            }
        }
    }
    homes.retain(|_, homes| homes.len() > 1);
    judge(&homes)
}

fn judge(homes: &Homes<'_>) -> Measure {
    let (allowed, twice): (Vec<_>, Vec<_>) = homes.iter().partition(|(name, homes)| reason(name, homes).is_some());
    let twice_named = twice.iter().map(|(name, homes)| format!("`{name}` in {}", places(homes)));
    let excepted = allowed.iter().map(|(name, homes)| {
        format!("allowed: `{name}` in {}: {}", places(homes), reason(name, homes).unwrap_or_default())
    });
    Measure {
        name: "public types of one name",
        value: twice.len().to_string(),
        limit: "0".to_owned(),
        over: !twice.is_empty(),
        findings: twice_named.chain(excepted).collect(),
    }
}

/// Why a name may stand in several crates; `None` where it may not, or stands twice in one of them.
fn reason(name: &str, homes: &[(&str, &Path)]) -> Option<&'static str> {
    let crates: BTreeSet<&str> = homes.iter().map(|(name, _)| *name).collect();
    let convention = CONVENTIONS.iter().find(|(it, _)| *it == name)?;
    (crates.len() == homes.len()).then_some(convention.1)
}

fn places(homes: &[(&str, &Path)]) -> String {
    homes.iter().map(|(_, path)| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn public_types(file: &File) -> Vec<String> {
    let mut types = Types(Vec::new());
    types.visit_file(file);
    types.0
}

struct Types(Vec<String>);

impl Types {
    fn add(&mut self, visibility: &Visibility, name: &Ident) {
        if matches!(visibility, Visibility::Public(_)) {
            self.0.push(name.to_string());
        }
    }
}

impl<'ast> Visit<'ast> for Types {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Struct(it) => self.add(&it.vis, &it.ident),
            Item::Enum(it) => self.add(&it.vis, &it.ident),
            Item::Union(it) => self.add(&it.vis, &it.ident),
            Item::Trait(it) => self.add(&it.vis, &it.ident),
            Item::Type(it) => self.add(&it.vis, &it.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::root;

    #[test]
    fn no_two_public_types_have_one_name() {
        let measure = measure(&Tree::read(&root()).unwrap());
        assert!(!measure.over, "give each its own name:\n{}", measure.findings.join("\n"));
    }

    #[test]
    fn public_types_are_found_in_private_modules_and_private_ones_are_not() {
        let text = "mod a { pub struct B; } struct C; pub(crate) enum D {} pub trait E { type F; } pub type G = u8; pub fn h() {}";
        assert_eq!(public_types(&syn::parse_file(text).unwrap()), ["B", "E", "G"]);
    }

    #[test]
    fn a_convention_holds_once_a_crate() {
        let (a, b, c) = (("x", Path::new("a.rs")), ("y", Path::new("b.rs")), ("x", Path::new("c.rs")));
        let measure = judge(&[("Error".to_owned(), vec![a, b])].into());
        assert!(!measure.over);
        assert_eq!(measure.findings.len(), 1);
        assert!(judge(&[("Error".to_owned(), vec![a, c])].into()).over);
        assert!(judge(&[("Plan".to_owned(), vec![a, b])].into()).over);
    }
}
