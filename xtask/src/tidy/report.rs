//! One measure, and how all of them are printed.

use std::fmt::Write as _;

/// What was measured, and what it may be.
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) limit: String,
    pub(crate) over: bool,
    /// What a reader should look at, one a line.
    pub(crate) findings: Vec<String>,
}

/// The table of all measures, and below it what each of them found.
pub(crate) fn text(measures: &[Measure]) -> String {
    let mut text = String::new();
    for measure in measures {
        let verdict = if measure.over { "OVER" } else { "ok" };
        _ = writeln!(text, "{:28} {:44} {:32} {verdict}", measure.name, measure.value, measure.limit);
    }
    for measure in measures.iter().filter(|measure| !measure.findings.is_empty()) {
        _ = writeln!(text, "\n{}", measure.name);
        for finding in &measure.findings {
            _ = writeln!(text, "  {finding}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_measure_has_one_line_and_its_findings_below() {
        let lines = Measure {
            name: "lines",
            value: "7 (a)".to_owned(),
            limit: "< 5".to_owned(),
            over: true,
            findings: vec!["7 a".to_owned()],
        };
        let text = text(&[lines]);
        let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words, [vec!["lines", "7", "(a)", "<", "5", "OVER"], vec![], vec!["lines"], vec!["7", "a"]]);
    }
}
