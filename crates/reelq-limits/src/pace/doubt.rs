//! What is held against a configured number by the share of requests that are refused.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::sample::Sample;

/// So many refusals within `DOUBTED`, which are this share of all, are too many for chance.
const DISBELIEF: u32 = 8;
const DISBELIEF_SHARE: f64 = 0.25;
const DOUBTED: Duration = Duration::from_secs(10);

/// Refusals since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Doubt {
    since: Sample,
    refused: u32,
}

impl Doubt {
    /// One refusal more; those of long ago are forgotten.
    pub(super) fn and_one(earlier: Option<Self>, now: Sample) -> Self {
        match earlier.filter(|doubt| doubt.since.age(now.at) < DOUBTED) {
            Some(doubt) => Self { refused: doubt.refused + 1, ..doubt },
            None => Self { since: now, refused: 1 },
        }
    }

    /// Whether the refusals are too many for chance: providers refuse now and then for reasons of their own.
    pub(super) fn is_grave(self, now: Sample) -> bool {
        let sent = now.since(self.since).sent + 1.0;
        self.refused >= DISBELIEF && f64::from(self.refused) >= DISBELIEF_SHARE * sent
    }
}
