//! The verbs of schedules, and who runs which batch.

use std::time::Duration;

use async_trait::async_trait;
use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};
use reelq_store::{BatchHold, Result, Schedules, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickView};

use super::{MemoryStore, state::State};

/// The right to run a batch.
#[derive(Debug)]
pub(super) struct RunLock {
    worker: WorkerId,
    since: Timestamp,
    until: Timestamp,
}

#[async_trait]
impl Schedules for MemoryStore {
    async fn schedule(&self, schedule: &ScheduleName) -> Result<Timestamp> {
        Ok(self.step(|state| state.schedule(schedule)))
    }

    async fn tick(&self, claim: &TickClaim) -> Result<TickClaimed> {
        Ok(self.step(|state| state.tick(claim)))
    }

    async fn calendar(&self) -> Result<Timestamp> {
        Ok(self.shared.clock.now())
    }

    async fn extend_tick(&self, lease: &TickLease, lasts: Duration) -> Result<bool> {
        Ok(self.step(|state| state.extend_tick(lease, lasts)))
    }

    async fn finish_tick(&self, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
        Ok(self.step(|state| state.finish_tick(lease, outcome)))
    }

    async fn release_tick(&self, lease: &TickLease) -> Result<()> {
        self.step(|state| state.release_tick(lease));
        Ok(())
    }

    async fn ticks(&self, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
        Ok(self.step(|state| state.ticks(schedule, limit)))
    }

    async fn open_ticks(&self, schedule: &ScheduleName) -> Result<Vec<TickView>> {
        Ok(self.step(|state| state.open_ticks(schedule)))
    }

    async fn ticks_over(&self, schedule: &ScheduleName) -> Result<Vec<TickSpan>> {
        Ok(self.step(|state| state.schedules.get(schedule).map_or_else(Vec::new, |schedule| schedule.over.clone())))
    }

    async fn acquire_run_lock(&self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> Result<BatchHold> {
        Ok(self.step(|state| state.acquire_run_lock(batch, worker, lasts)))
    }

    async fn leave_batch(&self, batch: &BatchName, worker: &WorkerId) -> Result<()> {
        self.step(|state| state.run_locks.retain(|name, lock| name != batch || lock.worker != *worker));
        Ok(())
    }
}

impl State {
    fn acquire_run_lock(&mut self, batch: &BatchName, worker: &WorkerId, lasts: Duration) -> BatchHold {
        let now = self.now;
        let mut since = now;
        if let Some(lock) = self.run_locks.get(batch) {
            if lock.worker == *worker {
                since = lock.since;
            } else if lock.until > now {
                let (worker, ends_in) = (lock.worker.clone(), lock.until.since(now));
                return BatchHold::Taken { worker, since: lock.since, ends_in };
            }
        }
        let lock = RunLock { worker: worker.clone(), since, until: now.after(lasts) };
        self.run_locks.insert(batch.clone(), lock);
        BatchHold::Held
    }
}
