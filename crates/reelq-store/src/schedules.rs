//! Schedules' part of the contract: exactly one caller wins a tick, and one run at a time holds a batch.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};

use crate::{BatchHold, Result, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickView};

/// Finished ticks that are kept of each schedule: the last so many that were fired, and as many that were not. Their own, lest a
/// batch that is still outstanding is forgotten for all the ticks that were skipped because of it.
pub const TICKS_KEPT: usize = 100;

/// Spans of ticks without a record that are kept of each schedule. Where there are more, the two that lie nearest to each
/// other become one, with all between them: rather is a tick not fired than fired twice.
pub const TICK_SPANS_KEPT: usize = 32;

/// Keeps which ticks were fired, and who runs which batch. The store's time alone decides whose lease has ended.
#[async_trait]
pub trait Schedules: Send + Sync + fmt::Debug {
    /// A schedule's mark: ticks at or before it that have no record are over. A schedule that is new gets the present
    /// time, so that it fires nothing of the past. A mark that lies ahead of the calendar comes back to it: a clock that was
    /// ahead silences nobody. What was fired by that clock is over all the same, by its record or by its span.
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
    /// the last [`TICKS_KEPT`] of either kind are kept, by when they were finished, whatever their own times are. Of one that is
    /// dropped its span stays (see [`Schedules::ticks_over`]).
    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool>;

    /// Gives a won tick back unfinished: the next caller wins it at once. Does nothing where it has passed to another.
    async fn release_tick(&self, lease: &TickLease) -> Result<()>;

    /// A schedule's ticks, the one that was won or finished last first.
    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>>;

    /// A schedule's ticks that are being fired or wait, the oldest first.
    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>>;

    /// Where ticks are over that have no record any more, the oldest span first: they are never won again.
    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>>;

    /// Takes the right to run a batch, or renews one's own; tells who has it where that is another whose time has not
    /// ended and who is not known to be dead.
    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold>;

    /// Gives up the right to run a batch, where `worker` has it.
    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()>;
}
