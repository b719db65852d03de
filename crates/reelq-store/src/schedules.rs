//! Schedules' part of the contract: exactly one caller wins a tick, and one run at a time holds a batch.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};

use crate::{BatchHold, Result, TickClaim, TickClaimed, TickLease, TickOutcome, TickView};

/// Finished ticks that are kept of each schedule: the newest.
pub const TICKS_KEPT: usize = 100;

/// Keeps which ticks were fired, and who runs which batch. The store's time alone decides whose lease has ended.
#[async_trait]
pub trait Schedules: Send + Sync + fmt::Debug {
    /// A schedule's mark: ticks at or before it that have no record are over. A schedule that is new gets the present
    /// time, so that it fires nothing of the past.
    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp>;

    /// Tries to win a tick. Of all callers one wins; it loses the tick again once its lease has ended unfinished, or as
    /// soon as the store knows that its process has ended. The caller that holds the tick already wins it again, under
    /// a new token. A schedule that is new gets its mark first.
    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed>;

    /// What the clock on the wall shows where the store is; the calendar of ticks goes by it. It may be set back and ahead,
    /// which [`crate::Store::now`] never is.
    async fn calendar(&self) -> Result<Timestamp>;

    /// Lengthens a won tick's lease from now on; `false` where it had ended or passed to another.
    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool>;

    /// Ends a won tick's lease and records what came of it; `false`, and nothing is changed, where the tick has passed
    /// to another. Repeated under the same token it answers the same and changes nothing.
    ///
    /// A lease that ended without another caller winning the tick still finishes it. Of the schedule's finished ticks
    /// the newest [`TICKS_KEPT`] are kept; the mark rises to the newest one that is dropped.
    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool>;

    /// Gives a won tick back unfinished: the next caller wins it at once. Does nothing where it has passed to another.
    async fn release_tick(&self, lease: &TickLease) -> Result<()>;

    /// A schedule's newest ticks, the newest first.
    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>>;

    /// A schedule's ticks that are being fired or wait, the oldest first.
    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>>;

    /// Takes the right to run a batch, or renews one's own; tells who has it where that is another whose time has not
    /// ended and who is not known to be dead.
    async fn hold_batch(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold>;

    /// Gives up the right to run a batch, where `worker` has it.
    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()>;
}
