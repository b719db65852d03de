//! What is wrong with the configuration, and where.

use serde::Serialize;

use super::origin::Origin;

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ConfigProblem {
    /// Where: a file with line and column, a variable or a flag.
    pub(crate) origin: Origin,
    /// The key, dotted.
    pub(crate) key: String,
    /// The offending value, where it may be shown.
    pub(crate) value: Option<String>,
    /// The rule that it breaks.
    pub(crate) rule: String,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// The run goes on all the same.
    pub(crate) warning: bool,
}

impl ConfigProblem {
    pub(crate) fn error(origin: &Origin, key: &str, rule: impl Into<String>) -> Self {
        Self { origin: origin.clone(), key: key.to_owned(), value: None, rule: rule.into(), hint: None, warning: false }
    }

    pub(crate) fn warning(origin: &Origin, key: &str, rule: impl Into<String>) -> Self {
        Self { warning: true, ..Self::error(origin, key, rule) }
    }

    #[must_use]
    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}
