//! The product's part of a Rust file: what is left when the tests are cut off.

use anyhow::{Context as _, Result};
use syn::{Attribute, File, ImplItem, Item, Meta};

/// A file without its tests.
pub(crate) struct Product {
    pub(crate) syntax: File,
    /// Lines of the file without those of its tests; blanks and comments count.
    pub(crate) lines: usize,
}

impl Product {
    /// Reads the text of one file.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut syntax = syn::parse_file(text).context("is no Rust")?;
        let cut = cut_tests(&mut syntax.items);
        Ok(Self { syntax, lines: text.lines().count() - cut })
    }
}

/// Removes the items that are for tests only, and returns how many lines they had.
fn cut_tests(items: &mut Vec<Item>) -> usize {
    let mut cut = 0;
    items.retain_mut(|item| {
        if attributes(item).iter().any(is_for_tests) {
            cut += lines(item);
            return false;
        }
        if let Item::Mod(module) = item
            && let Some((_, items)) = &mut module.content
        {
            cut += cut_tests(items);
        }
        if let Item::Impl(block) = item {
            block.items.retain(|item| {
                let test = matches!(item, ImplItem::Fn(function) if function.attrs.iter().any(is_for_tests));
                cut += if test { lines(item) } else { 0 };
                !test
            });
        }
        true
    });
    cut
}

/// How many lines something fills.
pub(crate) fn lines(part: &impl syn::spanned::Spanned) -> usize {
    let span = part.span();
    span.end().line - span.start().line + 1
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    let condition = list.tokens.to_string();
    list.path.is_ident("cfg") && (condition == "test" || condition.starts_with("all (test"))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_cut_off_wherever_they_stand() {
        let text = "fn kept() {}\n\n#[cfg(test)]\nfn cut() {\n}\nimpl A {\n    #[cfg(test)]\n    fn cut() {}\n}\n#[cfg(test)]\nmod tests {\n}\n";
        let product = Product::parse(text).unwrap();
        assert_eq!(product.syntax.items.len(), 2);
        assert_eq!(product.lines, 12 - 3 - 2 - 3);
    }

    #[test]
    fn blanks_and_comments_count() {
        assert_eq!(Product::parse("//! About.\n\n// Why.\nfn f() {}\n").unwrap().lines, 4);
    }
}
