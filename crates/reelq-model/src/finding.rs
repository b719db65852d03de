//! What a check says of one field, before it is known where the field stands in a file.

use serde::{Deserialize, Serialize};

/// Whether a finding stops the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Breaks a rule that the provider states: nothing is enqueued.
    Error,
    /// Breaks later or upstream evidence, or is likely a slip: shown, and the run goes on.
    Warning,
}

/// One thing wrong, or likely wrong, with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether it stops the manifest.
    pub severity: Severity,
    /// The request field, dotted where nested (`extra.prompt_optimizer`); `None` where the row as a whole is meant.
    pub field: Option<String>,
    /// The offending value as text, cut to a readable length; `None` where it is missing.
    pub value: Option<String>,
    /// The rule, as a sentence without a full stop: ``duration must be 6 or 10``.
    pub rule: String,
    /// What to do about it, where more can be said than the rule says.
    pub hint: Option<String>,
}

impl Finding {
    fn new(severity: Severity, field: &str, value: Option<String>, rule: String) -> Self {
        Self { severity, field: Some(field.to_owned()), value, rule, hint: None }
    }

    /// A broken rule.
    pub fn error(field: &str, value: Option<String>, rule: impl Into<String>) -> Self {
        Self::new(Severity::Error, field, value, rule.into())
    }

    /// A likely slip.
    pub fn warning(field: &str, value: Option<String>, rule: impl Into<String>) -> Self {
        Self::new(Severity::Warning, field, value, rule.into())
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
