//! Why a job does not get on: the answers that brought nothing, and since when they have.
//!
//! Whatever ends a job for want of a good answer is judged by time, never by a count alone, so the time is kept with it.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What kind of answer brings nothing. A row of troubles is counted for as long as its kind stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// The paid request did not leave, or was left without a decision.
    Submit,
    /// The paid request was turned away before the provider.
    TurnedAway,
    /// A status request told nothing of the task: no reply, a gateway's page, another task's answer, a refusal.
    Status,
    /// The provider says that it does not know the task.
    NotFound,
    /// The provider says that the task succeeded, and names no output.
    NoOutput,
    /// The provider reports an error under a status word that it does not document.
    SaysFailed,
    /// The outputs of a task that succeeded cannot be fetched yet.
    Fetch,
}

/// One answer that brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What kind of answer it was.
    pub kind: TroubleKind,
    /// What it said, as a fragment for messages; never holds a secret.
    pub reason: String,
}

impl Trouble {
    /// A trouble of this kind.
    pub fn new(kind: TroubleKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Troubles of one kind in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Troubles {
    /// The last of them.
    #[serde(flatten)]
    pub last: Trouble,
    /// When the first was noted, by the store's time.
    pub since: Timestamp,
    /// When the last was noted, by the store's time.
    pub at: Timestamp,
    /// How many there were.
    pub count: u32,
}

impl Troubles {
    /// The row after `trouble`, noted at `at`; one of another kind begins anew.
    #[must_use]
    pub fn after(before: Option<&Self>, trouble: Trouble, at: Timestamp) -> Self {
        match before.filter(|before| before.last.kind == trouble.kind) {
            Some(before) => Self { last: trouble, since: before.since, at, count: before.count.saturating_add(1) },
            None => Self { last: trouble, since: at, at, count: 1 },
        }
    }

    /// How long the row had lasted when its last trouble was noted.
    pub fn lasted(&self) -> Duration {
        self.at.since(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn troubles_of_one_kind_are_one_row_and_another_kind_begins_anew() {
        let first = Troubles::after(None, Trouble::new(TroubleKind::NotFound, "404"), at(10));
        let second = Troubles::after(Some(&first), Trouble::new(TroubleKind::NotFound, "410"), at(70));
        assert_eq!((second.count, second.lasted(), second.last.reason.as_str()), (2, Duration::from_mins(1), "410"));
        let other = Troubles::after(Some(&second), Trouble::new(TroubleKind::NoOutput, "no files"), at(80));
        assert_eq!((other.count, other.lasted()), (1, Duration::ZERO));
    }
}
