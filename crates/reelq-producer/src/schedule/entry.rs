//! A schedule: what is run, when, and what happens when ticks meet or are missed.

use std::{path::PathBuf, time::Duration};

use reelq_model::{AccountName, BatchName, InvalidName, Money, ScheduleName, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Timetable;

/// What becomes of a tick while the batch of an earlier one is outstanding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It is left out, and recorded as skipped.
    #[default]
    Skip,
    /// Its batch is loaded and waits until the earlier one has ended.
    Queue,
}

/// What becomes of ticks that were missed because no one watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// The most recent one is fired, marked late.
    #[default]
    Latest,
    /// None is fired.
    None,
}

impl Overlap {
    /// Its word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
        }
    }
}

impl CatchUp {
    /// Its word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::None => "none",
        }
    }
}

/// A cron entry of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name.
    pub name: ScheduleName,
    /// When its ticks are.
    pub timetable: Timetable,
    /// The manifest that each tick runs.
    pub manifest: PathBuf,
    /// What becomes of a tick while an earlier batch is outstanding.
    pub overlap: Overlap,
    /// What becomes of missed ticks.
    pub catch_up: CatchUp,
    /// The longest that a tick is put off; by how much is the same in all processes.
    pub jitter: Duration,
    /// The budget of each tick's batch, instead of the manifest's.
    pub budget: Option<Money>,
    /// The account of rows that name none.
    pub account: Option<AccountName>,
    /// The place below which each tick has its own folder, instead of the manifest's.
    pub output: Option<String>,
}

impl Schedule {
    /// The name of a tick's batch.
    pub fn batch(&self, at: Timestamp) -> Result<BatchName, InvalidName> {
        BatchName::new(format!("{}@{at}", self.name))
    }

    /// When a tick is fired: its own time and its share of the jitter, but always before the next tick.
    pub fn due(&self, at: Timestamp) -> Timestamp {
        if self.jitter.is_zero() {
            return at;
        }
        let room = self.timetable.after(at).map_or(self.jitter, |next| next.since(at).min(self.jitter));
        let room = u64::try_from(room.as_millis()).unwrap_or(u64::MAX).max(1);
        at.after(Duration::from_millis(lot(&self.name, at) % room))
    }
}

/// The name of a tick's folder. No file system refuses it.
pub fn folder_of(at: Timestamp) -> String {
    at.to_string().replace(':', "-")
}

/// A number that is the same wherever it is asked for.
fn lot(name: &ScheduleName, at: Timestamp) -> u64 {
    let digest = Sha256::digest(format!("{name}@{at}"));
    digest.iter().take(8).fold(0, |lot, byte| (lot << 8) | u64::from(*byte))
}
