//! The name of a batch.

use std::path::Path;

use reelq_manifest::Head;
use reelq_model::{BatchName, InvalidName};

/// The batch's name: `given`, else the manifest's own, else the stem of its file with what no name may hold replaced.
pub fn batch_name(given: Option<&str>, head: &Head, path: &Path) -> Result<BatchName, InvalidName> {
    match given.or(head.name.as_deref()) {
        Some(name) => BatchName::new(name),
        None => BatchName::new(from_stem(path)),
    }
}

fn from_stem(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let plain: String = stem.chars().map(|c| if allowed(c) { c } else { '-' }).take(60).collect();
    let plain = plain.trim_start_matches(['.', '-']);
    if plain.is_empty() { "batch".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(given: Option<&str>, own: Option<&str>, path: &str) -> String {
        let head = Head { name: own.map(str::to_owned), ..Head::default() };
        batch_name(given, &head, Path::new(path)).unwrap().to_string()
    }

    #[test]
    fn flag_goes_before_manifest_before_file_stem() {
        assert_eq!(named(Some("a"), Some("b"), "c.csv"), "a");
        assert_eq!(named(None, Some("b"), "c.csv"), "b");
        assert_eq!(named(None, None, "dir/c.csv"), "c");
    }

    #[test]
    fn a_file_stem_always_gives_a_name() {
        assert_eq!(named(None, None, "my prompts (final).csv"), "my-prompts--final-");
        assert_eq!(named(None, None, ".hidden.csv"), "hidden");
        assert_eq!(named(None, None, "¿?.csv"), "batch");
        assert_eq!(named(None, None, "猫.csv"), "猫");
    }
}
