//! What was measured, and what could not be.

use std::borrow::Cow;

use serde::Serialize;

use crate::scale::Step;

/// One measured figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What was measured, in snake case with its unit last.
    pub(crate) name: Cow<'static, str>,
    /// The figure.
    pub(crate) value: f64,
    /// What it was taken from.
    pub(crate) of: String,
}

/// Every figure of one run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
    /// What `scale` did.
    pub(crate) steps: Vec<Step>,
    /// What was not measured here, and why.
    pub(crate) missing: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, name: impl Into<Cow<'static, str>>, value: f64, of: impl Into<String>) {
        self.figures.push(Figure { name: name.into(), value, of: of.into() });
    }

    /// Says that something was not measured, in the table and at once.
    #[expect(clippy::print_stderr, reason = "whoever waits for minutes is told at once")]
    pub(crate) fn miss(&mut self, why: impl Into<String>) {
        let why = why.into();
        eprintln!("not measured: {why}");
        self.missing.push(why);
    }

    /// The figure of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }
}

/// A figure as people read it.
pub(crate) fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        size if size < 0.01 => format!("{value:.5}"),
        _ => format!("{value:.3}"),
    }
}

/// The middle one, the upper one of the two where there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
