//! Further rows with a problem that was reported already: counted, and named by line as far as that helps.

use std::fmt;

use serde::Serialize;

use crate::Problem;

/// Lines that are named; the rest is a count.
const NAMED: usize = 8;

/// The rows beyond the first one that have the same problem.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GroupedProblems {
    /// How many they are.
    pub count: u64,
    /// The first of their lines; none where they all take the mistake from one location, such as a default.
    pub lines: Vec<u64>,
}

impl GroupedProblems {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Counts `other`, which is like `first`.
    pub(crate) fn note(&mut self, first: &Problem, other: &Problem) {
        self.count = self.count.saturating_add(1);
        let line = other.line.filter(|line| Some(*line) != first.line && self.lines.last() != Some(line));
        self.lines.extend(line.filter(|_| self.lines.len() < NAMED));
    }
}

/// Whether one message serves both: same rule, same field, same value, in the same file.
pub(crate) fn is_same(one: &Problem, other: &Problem) -> bool {
    one.rule == other.rule
        && one.field == other.field
        && one.value == other.value
        && one.severity == other.severity
        && one.file == other.file
        && one.field.is_some()
}

/// Whether two problems are of one kind: the same rule, but for what it quotes and counts, and the same field of the same file.
pub(crate) fn is_alike(one: &Problem, other: &Problem) -> bool {
    one.severity == other.severity
        && one.field == other.field
        && one.field.is_some()
        && one.file == other.file
        && pattern(&one.rule).eq(pattern(&other.rule))
}

/// A rule without the values that it names: neither what stands between backticks nor any digit.
fn pattern(rule: &str) -> impl Iterator<Item = char> {
    let mut quoted = false;
    rule.chars().filter(move |c| {
        quoted ^= *c == '`';
        !quoted && !c.is_ascii_digit()
    })
}

impl fmt::Display for GroupedProblems {
    /// Writes `and 3 more rows like it, on lines 3, 4, 5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "and {} more row{plural} like it", self.count)?;
        let lines: Vec<_> = self.lines.iter().map(u64::to_string).collect();
        let more = if self.count > self.lines.len() as u64 { ", …" } else { "" };
        match lines.as_slice() {
            [] => Ok(()),
            [line] if more.is_empty() => write!(f, ", on line {line}"),
            lines => write!(f, ", on lines {}{more}", lines.join(", ")),
        }
    }
}
