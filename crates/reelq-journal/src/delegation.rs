//! Schedules and notes of requests buy nothing by themselves: all of their verbs pass through.

use std::time::Duration;

use async_trait::async_trait;
use reelq_model::{BatchName, RequestKey, ScheduleName, Timestamp, WorkerId};

use super::Journaled;
use reelq_store::{
    BatchHold, ImportsSeen, NotedRequest, RequestNote, Requests, Result, Schedules, TickClaim, TickClaimed, TickLease,
    TickOutcome, TickSpan, TickView, Unnoted,
};

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Schedules for Journaled {
    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp> {
        self.inner.schedule(schedule).await
    }

    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed> {
        self.inner.tick(claim).await
    }

    async fn calendar(&self) -> Result<Timestamp> {
        self.inner.calendar().await
    }

    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool> {
        self.inner.extend_tick(lease, lasts).await
    }

    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
        self.inner.finish_tick(lease, outcome).await
    }

    async fn release_tick(&self, lease: &TickLease) -> Result<()> {
        self.inner.release_tick(lease).await
    }

    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
        self.inner.ticks(schedule, limit).await
    }

    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>> {
        self.inner.open_ticks(schedule).await
    }

    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>> {
        self.inner.ticks_over(schedule).await
    }

    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold> {
        self.inner.acquire_run_lock(batch, worker, lasts).await
    }

    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()> {
        self.inner.leave_batch(batch, worker).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Requests for Journaled {
    async fn unnoted(&self) -> Result<Vec<Unnoted>> {
        self.inner.unnoted().await
    }

    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
        self.inner.note_requests(batch, notes).await
    }

    async fn finish_noting(&self, noted: &Unnoted) -> Result<()> {
        self.inner.finish_noting(noted).await
    }

    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
        self.inner.noted(keys).await
    }

    async fn imports_seen(&self) -> Result<ImportsSeen> {
        self.inner.imports_seen().await
    }

    async fn trim_bought(&self, most: u64) -> Result<()> {
        self.inner.trim_bought(most).await
    }
}
