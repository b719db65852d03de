//! What an outcome says of the account, and not of the row.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// A class of outcomes that are no row's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The fate of the purchase is not known.
    Ambiguous,
    /// Something in front of the provider turned the purchase away.
    TurnedAway,
    /// The provider could not be reached.
    NotSent,
    /// The outputs of tasks that succeeded cannot be fetched.
    Unfetchable,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ambiguous => "purchases were left without an answer that decides",
            Self::TurnedAway => "purchases were turned away before the provider",
            Self::NotSent => "purchases did not reach the provider",
            Self::Unfetchable => "outputs could not be fetched",
        })
    }
}

/// What the outcome of one purchase says of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The provider lives: it took the row, or refused it in its own words.
    Good,
    /// Nothing: nothing was sent, or the provider wants it slower, or refuses the account.
    Neither,
    /// No row's fault, and no good sign.
    Bad {
        /// Its class.
        fault: Fault,
        /// What was seen, as a fragment for messages.
        reason: String,
        /// How long the provider wants to be left alone.
        wait: Option<Duration>,
    },
}
