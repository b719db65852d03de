//! Schedules and run locks: exactly one caller wins a tick, and one run at a time has a batch.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};

use crate::{BatchHold, Result, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickView};

/// How many finished ticks are kept of each schedule: this many that were fired, and this many that were not.
///
/// Each kind has its own, so that ticks that were skipped because of a batch do not push that batch's tick out.
pub const TICKS_KEPT: usize = 100;

/// How many spans of ticks without a record are kept of each schedule.
///
/// Spans that touch become one. Where there are more, the two that lie nearest to each other become one, with all between
/// them: a tick is rather not fired than fired twice.
pub const TICK_SPANS_KEPT: usize = 32;

/// Keeps which ticks were fired, and who runs which batch.
///
/// Two clocks are at work. The marks of schedules go by the calendar ([`Schedules::calendar`]), leases and
/// [`TickView::changed_at`] by the store's time ([`crate::Store::now`]), which alone decides whose lease has ended.
/// What [`crate::Store`] says of steps, errors and repeats holds here too; no verb has an error of its own.
#[async_trait]
pub trait Schedules: Send + Sync + fmt::Debug {
    /// Answers a schedule's mark: ticks at or before it that have no record are over.
    /// A new schedule gets the calendar's present time as its mark, so that it fires nothing of the past. A mark ahead of the
    /// calendar comes back to it, so that a clock that was ahead silences no one. What was fired by that clock is over all the
    /// same, by its record or by its span. May be repeated.
    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp>;

    /// Tries to win a tick: of all callers one wins.
    /// It loses the tick again once its lease has ended unfinished, or as soon as the store knows that its process has ended.
    /// A tick that waits is won by the next who asks. A new schedule gets its mark first. A mark rises only by
    /// [`TickClaim::passes`] of a winner. May be repeated: a worker that has the tick wins it again, under a new token, and its
    /// earlier token is worth nothing.
    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed>;

    /// Answers what the wall clock shows where the store is; the times of ticks go by it.
    /// It may be set back and ahead, which [`crate::Store::now`] never is.
    async fn calendar(&self) -> Result<Timestamp>;

    /// Lengthens a won tick's lease to `lasts` from now; `false` where it ended or passed to another.
    /// It never shortens one. May be repeated by the holder.
    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool>;

    /// Ends a won tick's lease and records what came of it; `false`, and nothing changes, where the tick passed to another.
    /// A lease that ended still finishes the tick, unless another caller won it. May be repeated by the holder: under the same
    /// token it answers the same and changes nothing.
    ///
    /// Of the schedule's finished ticks of either kind, the [`TICKS_KEPT`] that were finished last are kept, whatever their own
    /// times are. Of one that is dropped, its span stays ([`Schedules::ticks_over`]).
    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool>;

    /// Gives a won tick back unfinished: the next caller wins it at once.
    /// It does nothing where the tick passed to another. May be repeated.
    async fn release_tick(&self, lease: &TickLease) -> Result<()>;

    /// Answers a schedule's ticks, at most `limit`, the one that was won or finished last first.
    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>>;

    /// Answers a schedule's ticks that are being fired or wait, the oldest first.
    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>>;

    /// Answers the spans of a schedule whose ticks have no record any more, the oldest first.
    /// Ticks in them are over, and are never won again. At most [`TICK_SPANS_KEPT`] are kept.
    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>>;

    /// Takes the right to run a batch for `lasts` from now, or renews the worker's own.
    /// Where another worker has it, whose time has not ended and who is not known to be dead, it answers who. The batch need
    /// not exist. May be repeated by the worker.
    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold>;

    /// Gives up the right to run a batch, where `worker` has it; otherwise it does nothing.
    /// May be repeated.
    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()>;
}
