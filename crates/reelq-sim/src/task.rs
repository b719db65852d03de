//! One accepted task. Where it stands is a pure function of the clock: nothing has to happen for it to end.

use reelq_model::{Digest, Money, Settlement, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Vendor, chance::Chance};

/// Everything that the vendor keeps of an accepted submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SimTask {
    pub(crate) id: String,
    pub(crate) vendor: Vendor,
    pub(crate) account: String,
    pub(crate) model: String,
    pub(crate) mode: String,
    pub(crate) prompt: String,
    pub(crate) body: Digest,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) amount: Money,
    pub(crate) accepted: Timestamp,
    pub(crate) started: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) ending: TaskEnd,
    pub(crate) cancelled: Option<Timestamp>,
    pub(crate) callback: Option<String>,
    /// Decides every variation of how the task is told.
    pub(crate) chance: Chance,
    #[serde(skip)]
    pub(crate) visits: Visits,
}

/// How often a task was asked about; decides the faults of the next time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Visits {
    pub(crate) replays: u32,
    pub(crate) polls: u32,
    /// Status replies that told links.
    pub(crate) links: u32,
    pub(crate) downloads: u32,
}

/// How a task ends unless it is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskEnd {
    Success,
    Transient,
    Permanent,
    Moderation,
    BadImage,
    /// Accepted, and only then found to be more than the account can pay.
    NoCredit,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Queued,
    Running { percent: u8 },
    Succeeded,
    Failed(TaskEnd),
    Cancelled,
}

impl SimTask {
    pub(crate) fn phase(&self, now: Timestamp) -> Phase {
        if self.cancelled.is_some() {
            Phase::Cancelled
        } else if now < self.started {
            Phase::Queued
        } else if now < self.ended {
            Phase::Running { percent: self.percent(now) }
        } else if self.ending == TaskEnd::Success {
            Phase::Succeeded
        } else {
            Phase::Failed(self.ending)
        }
    }

    fn percent(&self, now: Timestamp) -> u8 {
        let whole = self.ended.since(self.started).as_millis().max(1);
        u8::try_from(now.since(self.started).as_millis() * 100 / whole).unwrap_or(99).min(99)
    }

    pub(crate) fn settlement(&self, now: Timestamp) -> Settlement {
        match self.phase(now) {
            Phase::Queued | Phase::Running { .. } => Settlement::Open,
            Phase::Succeeded => Settlement::Charged,
            Phase::Cancelled | Phase::Failed(TaskEnd::NoCredit) => Settlement::Refunded,
            Phase::Failed(_) if self.vendor.refunds_failures() => Settlement::Refunded,
            Phase::Failed(_) => Settlement::Charged,
        }
    }

    /// What of its price came back.
    pub(crate) fn refund(&self, now: Timestamp) -> Money {
        if self.settlement(now) == Settlement::Refunded { self.amount } else { Money::ZERO }
    }
}
