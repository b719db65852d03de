//! The name of a batch.

use std::path::Path;

use reelq_manifest::ManifestHead;
use reelq_model::{BatchName, Digest, InvalidName};

/// The batch's name: `given`, else the manifest's own, else the stem of its file with what no name may hold replaced.
pub fn batch_name(given: Option<&str>, head: &ManifestHead, path: &Path) -> Result<BatchName, InvalidName> {
    match given.or(head.name.as_deref()) {
        Some(name) => BatchName::new(name),
        None => BatchName::new(from_stem(path)),
    }
}

/// The name as an earlier version cut it, where this one names the file's batch otherwise.
pub fn cut_name(path: &Path) -> Option<BatchName> {
    let whole = plain(path);
    (whole.chars().count() > STEM_CHARS_MAX).then(|| BatchName::new(named(&cut(&whole, STEM_CHARS_MAX))).ok())?
}

/// A longer stem is cut, and ends in a digest of the whole: two long stems often begin alike.
const STEM_CHARS_MAX: usize = 60;
const DIGEST_CHARS: usize = 8;

fn from_stem(path: &Path) -> String {
    let whole = plain(path);
    if whole.chars().count() <= STEM_CHARS_MAX {
        return named(&whole);
    }
    let digest = Digest::of(whole.as_bytes()).to_string();
    let front = cut(&whole, STEM_CHARS_MAX - DIGEST_CHARS - 1);
    named(&format!("{front}-{}", &digest[..DIGEST_CHARS]))
}

fn plain(path: &Path) -> String {
    let path = reelq_manifest::Packing::plain_name(path);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    stem.chars().map(|c| if allowed(c) { c } else { '-' }).collect()
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

fn named(plain: &str) -> String {
    let plain = plain.trim_start_matches(['.', '-']);
    if plain.is_empty() { "batch".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(given: Option<&str>, own: Option<&str>, path: &str) -> String {
        let head = ManifestHead { name: own.map(str::to_owned), ..ManifestHead::default() };
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

    #[test]
    fn long_stems_that_begin_alike_have_names_of_their_own() {
        let long = |end: &str| format!("{}{end}.csv", "x".repeat(60));
        let (one, other) = (named(None, None, &long("-one")), named(None, None, &long("-other")));
        assert!(one != other && one.len() == 60 && other.len() == 60, "{one} {other}");
        assert_eq!(cut_name(Path::new(&long("-one"))).unwrap().as_str(), "x".repeat(60));
        assert_eq!(cut_name(Path::new("short.csv")), None);
    }
}
