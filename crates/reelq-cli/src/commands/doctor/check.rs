//! One thing that `reelq doctor` looked at.

use serde::Serialize;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Health {
    /// Good.
    Good,
    /// Not known, or worth a look.
    Doubtful,
    /// A run would fail.
    Bad,
}

/// One thing that was checked.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Check {
    /// What.
    pub(super) what: String,
    /// How it is.
    pub(super) health: Health,
    /// What was found.
    pub(super) found: String,
    /// How to fix it.
    pub(super) fix: Option<String>,
}

impl Check {
    pub(super) fn good(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), health: Health::Good, found: found.into(), fix: None }
    }

    pub(super) fn doubtful(what: impl Into<String>, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), health: Health::Doubtful, found: found.into(), fix: Some(fix.into()) }
    }

    pub(super) fn bad(what: impl Into<String>, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), health: Health::Bad, found: found.into(), fix: Some(fix.into()) }
    }
}
