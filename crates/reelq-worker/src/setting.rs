//! What is wrong with one key of an account's configuration.

/// A setting that cannot be used. All of an account's are reported at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {rule}")]
pub struct InvalidSetting {
    /// The key, as it is written in the account's table.
    pub key: &'static str,
    /// The rule that its value breaks, as the end of a sentence.
    pub rule: String,
}

impl InvalidSetting {
    /// A broken rule.
    pub fn new(key: &'static str, rule: impl Into<String>) -> Self {
        Self { key, rule: rule.into() }
    }
}
