//! A value that breaks its key's rule.

use std::ops::Range;

/// A value that breaks its kind's rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub rule: String,
    pub hint: Option<String>,
    /// The part of a text that breaks it, where it is not all of it.
    pub part: Option<Range<usize>>,
}

/// A rule that is broken.
pub(crate) fn broken<T>(rule: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { rule: rule.into(), hint: None, part: None })
}

/// A rule that is broken, with what to do.
pub(crate) fn hinted<T>(rule: impl Into<String>, hint: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { rule: rule.into(), hint: Some(hint.into()), part: None })
}
