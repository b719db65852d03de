//! What a worker crate implements: one stage's work on one job.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{Event, Job, Timestamp};
use reelq_store::{ClaimStage, Line};

/// One stage's work. It does the I/O, and says what happened; the runtime commits that.
///
/// A handler never retries a paid request, never sleeps until a job is due, and holds nothing that a restart must know.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Which work it is for.
    fn stage(&self) -> ClaimStage;

    /// How much longer than the runtime's own leases this work's leases must last, for example a request's time-out.
    fn needs(&self) -> Duration {
        Duration::ZERO
    }

    /// Works on the job of `context` until there is something to report.
    async fn handle(&self, context: &mut dyn JobContext) -> Finish;
}

/// How a handler ends its work on a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Finish {
    /// This happened: commit it and end the lease.
    Event(Event),
    /// Nothing was begun: give the job back unchanged.
    GiveBack,
    /// The lease was lost on the way: whoever holds it now decides. Nothing is committed.
    Lost,
}

/// A step could not be committed: the job passed to another worker, or a person changed it. Stop, and send nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease on the job was lost")]
pub struct LeaseLost;

/// One leased job, as its handler sees it.
#[async_trait]
pub trait JobContext: Send {
    /// The job as of the last commit.
    fn job(&self) -> &Arc<Job>;

    /// The line of its manifest, where the job stands at `fetching` and has one ([`Lease::line`](reelq_store::Lease::line)).
    fn line(&self) -> Option<Arc<Line>>;

    /// A person asked for the job to be cancelled.
    fn cancel_requested(&self) -> bool;

    /// How long the lease certainly lasts, on this process's monotonic clock, extensions included. Zero once it may have ended.
    fn time_left(&self) -> Duration;

    /// The store's time, as well as this process can know it.
    fn now(&self) -> Timestamp;

    /// Commits a step and goes on under the same lease. When it returns the store has it, as durably as the store is set up.
    async fn step(&mut self, event: Event) -> Result<(), LeaseLost>;
}
