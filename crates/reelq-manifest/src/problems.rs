//! All problems of a manifest: every kind of them, the first ones of each whole, the rest as a count.

use std::fmt::{self, Write as _};

use reelq_model::Severity;
use serde::Serialize;

use crate::{
    Problem,
    grouped::{is_alike, is_same},
    render,
};

/// Different problems of one kind that are kept whole.
const EXAMPLES: usize = 3;
/// Kinds that are kept; no manifest that people write has more.
const KINDS: usize = 200;

/// All problems of a manifest: of each kind the first three different ones whole, the rest as counts.
///
/// A kind is a rule and the field that breaks it, whatever the values are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Problems {
    error_count: u64,
    warning_count: u64,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Problems {
    /// Adds one; one that is like an earlier one is only counted with it.
    pub fn push(&mut self, problem: Problem) {
        let (count, kept) = match problem.severity {
            Severity::Error => (&mut self.error_count, &mut self.errors),
            Severity::Warning => (&mut self.warning_count, &mut self.warnings),
        };
        *count = count.saturating_add(1);
        if let Some(index) = place(kept, &problem) {
            let first = &mut kept[index];
            let mut grouped = std::mem::take(&mut first.grouped);
            grouped.note(first, &problem);
            first.grouped = grouped;
        } else if let Some(last) = kept.iter().rposition(|other| is_alike(other, &problem)) {
            kept.insert(last + 1, problem);
        } else if kept.len() < KINDS {
            kept.push(problem);
        }
    }

    /// Whether there is an error, so that nothing may be enqueued.
    pub const fn is_fatal(&self) -> bool {
        self.error_count > 0
    }

    /// Whether there is neither error nor warning.
    pub const fn is_empty(&self) -> bool {
        self.error_count == 0 && self.warning_count == 0
    }

    /// How many errors there are, kept or not.
    pub const fn error_count(&self) -> u64 {
        self.error_count
    }

    /// How many warnings there are, kept or not.
    pub const fn warning_count(&self) -> u64 {
        self.warning_count
    }

    /// The errors that were kept.
    pub fn errors(&self) -> &[Problem] {
        &self.errors
    }

    /// The warnings that were kept.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Draws all that were kept in miette's style, errors first, each part ended by the count of the rest.
    pub fn render(&self, color: bool, width: usize) -> String {
        // Writing to a text cannot fail.
        let mut drawn = String::new();
        for (kept, count, word) in
            [(&self.errors, self.error_count, "error"), (&self.warnings, self.warning_count, "warning")]
        {
            for problem in kept {
                drawn.push_str(&render::draw(problem, color, width));
                if !problem.grouped.is_empty() {
                    writeln!(drawn, "  … {}", problem.grouped).unwrap_or_default();
                }
            }
            let rest = count.saturating_sub(shown(kept));
            if rest > 0 {
                let plural = if rest == 1 { "" } else { "s" };
                writeln!(drawn, "  … and {rest} more {word}{plural}").unwrap_or_default();
            }
        }
        drawn
    }
}

/// The kept problem that `problem` is counted with; nothing where it is kept itself.
fn place(kept: &[Problem], problem: &Problem) -> Option<usize> {
    kept.iter().position(|first| is_same(first, problem)).or_else(|| {
        let alike = || kept.iter().enumerate().filter(|(_, other)| is_alike(other, problem)).map(|(index, _)| index);
        (alike().count() >= EXAMPLES).then(|| alike().next_back()).flatten()
    })
}

/// How many problems the kept ones stand for.
fn shown(kept: &[Problem]) -> u64 {
    kept.iter().map(|problem| problem.grouped.count.saturating_add(1)).sum()
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        let mut problems = Self::default();
        problems.push(problem);
        problems
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, problems: I) {
        problems.into_iter().for_each(|problem| self.push(problem));
    }
}

impl fmt::Display for Problems {
    /// Writes one line a problem, and the count of the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.errors.iter().chain(&self.warnings) {
            match &problem.grouped {
                grouped if grouped.is_empty() => writeln!(f, "{problem}")?,
                grouped => writeln!(f, "{problem} … {grouped}")?,
            }
        }
        let all = self.error_count.saturating_add(self.warning_count);
        match all.saturating_sub(shown(&self.errors) + shown(&self.warnings)) {
            0 => Ok(()),
            rest => writeln!(f, "… and {rest} more"),
        }
    }
}

impl std::error::Error for Problems {}
