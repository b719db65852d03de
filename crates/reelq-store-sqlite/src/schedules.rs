//! The schedules' verbs, each handed to the writer or to a reader.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};

use super::{SqliteStore, holds, spans, ticks};
use reelq_store::Result;
use reelq_store::{BatchHold, Schedules, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickView};

#[async_trait]
impl Schedules for SqliteStore {
    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp> {
        let schedule = schedule.clone();
        self.writer.run(move |tx| ticks::schedule(tx, &schedule)).await
    }

    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed> {
        self.announce(&claim.worker).await?;
        let (claim, worker_locks) = (claim.clone(), Arc::clone(&self.worker_locks));
        self.writer.run(move |tx| ticks::claim(tx, &claim, &worker_locks)).await
    }

    async fn calendar(&self) -> Result<Timestamp> {
        Ok(self.time.wall())
    }

    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool> {
        let lease = lease.clone();
        self.writer.run(move |tx| ticks::extend(tx, &lease, lasts)).await
    }

    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
        let (lease, outcome) = (lease.clone(), outcome.clone());
        self.writer.run(move |tx| ticks::finish(tx, &lease, &outcome)).await
    }

    async fn release_tick(&self, lease: &TickLease) -> Result<()> {
        let lease = lease.clone();
        self.writer.run(move |tx| ticks::release(tx, &lease)).await
    }

    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
        let schedule = schedule.clone();
        self.readers.run(move |conn| ticks::newest(conn, &schedule, limit)).await
    }

    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>> {
        let schedule = schedule.clone();
        self.readers.run(move |conn| ticks::open(conn, &schedule)).await
    }

    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>> {
        let schedule = schedule.clone();
        self.readers.run(move |conn| spans::named(conn, &schedule)).await
    }

    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold> {
        self.announce(worker).await?;
        let (batch, worker, worker_locks) = (batch.clone(), worker.clone(), Arc::clone(&self.worker_locks));
        self.writer.run(move |tx| holds::hold(tx, &batch, &worker, lasts, &worker_locks)).await
    }

    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()> {
        let (batch, worker) = (batch.clone(), worker.clone());
        self.writer.run(move |tx| holds::leave(tx, &batch, &worker)).await
    }
}
