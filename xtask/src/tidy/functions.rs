//! How long functions are.

use std::path::Path;

use syn::{
    Block, File, ImplItemFn, ItemFn, Signature, TraitItemFn,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use super::{report::Measure, tree::Tree};

/// Nine of ten functions are shorter than this.
const LIMIT: usize = 20;

/// The median and the 90th percentile of the lengths of all functions of the product.
pub(crate) fn measure(tree: &Tree) -> Measure {
    let mut lengths: Vec<usize> = all(tree).map(|(lines, _, _)| lines).collect();
    lengths.sort_unstable();
    let most = percentile(&lengths, 90);
    Measure {
        name: "lines of a function",
        value: format!("{} median, {most} 90th percentile", percentile(&lengths, 50)),
        limit: format!("90th percentile < {LIMIT}"),
        over: most >= LIMIT,
        findings: Vec::new(),
    }
}

/// All functions of the product: lines, file, first line.
pub(crate) fn all(tree: &Tree) -> impl Iterator<Item = (usize, &Path, usize)> {
    let files = tree.crates.iter().flat_map(|it| &it.product);
    files.flat_map(|(path, file)| of_file(&file.syntax).into_iter().map(|(lines, at)| (lines, path.as_path(), at)))
}

/// Lengths and first lines, from `fn` to the closing brace.
fn of_file(file: &File) -> Vec<(usize, usize)> {
    let mut functions = Functions(Vec::new());
    functions.visit_file(file);
    functions.0
}

fn percentile(sorted: &[usize], percent: usize) -> usize {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

struct Functions(Vec<(usize, usize)>);

impl Functions {
    fn add(&mut self, signature: &Signature, body: &Block) {
        let (first, last) = (signature.span().start().line, body.span().end().line);
        self.0.push((last - first + 1, first));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_their_signature_to_their_last_brace() {
        let text = "/// About.\n#[inline]\npub fn a(\n    b: u8,\n) -> u8 {\n    b\n}\nimpl C {\n    fn d() {}\n}\ntrait E {\n    fn f();\n}\n";
        assert_eq!(of_file(&syn::parse_file(text).unwrap()), [(5, 3), (1, 9)]);
    }

    #[test]
    fn percentiles_are_taken_of_the_sorted_lengths() {
        let lengths: Vec<usize> = (1..=10).collect();
        assert_eq!((percentile(&lengths, 50), percentile(&lengths, 90)), (6, 10));
        assert_eq!(percentile(&[], 50), 0);
    }
}
