//! How large each crate is.

use super::{report::Measure, tree::Tree};

/// A crate with so many lines, or more, holds two rooms.
const LIMIT: usize = 6_500;

/// Lines of `src` of the largest crate, tests cut off, blanks and comments counted.
pub(crate) fn measure(tree: &Tree) -> Measure {
    judge(tree.crates.iter().map(|it| (it.lines(), it.name.as_str())).collect())
}

fn judge(mut sizes: Vec<(usize, &str)>) -> Measure {
    sizes.sort_by(|a, b| b.cmp(a));
    let largest = sizes.first().copied().unwrap_or_default();
    let over = sizes.iter().filter(|(lines, _)| *lines >= LIMIT);
    Measure {
        name: "lines of a crate",
        value: format!("{} ({})", largest.0, largest.1),
        limit: format!("< {LIMIT}"),
        over: largest.0 >= LIMIT,
        findings: over.map(|(lines, name)| format!("{lines:6}  {name}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crates_at_the_limit_are_found() {
        let measure = judge(vec![(1, "small"), (LIMIT, "large"), (LIMIT - 1, "just")]);
        assert!(measure.over);
        assert_eq!(measure.findings, ["  6500  large"]);
        assert!(!judge(vec![(LIMIT - 1, "just")]).over);
    }
}
