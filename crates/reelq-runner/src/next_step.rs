//! What a person is told to do next, and whether someone does it already.

use std::time::Duration;

use reelq_console::{CommandError, Out};
use reelq_model::BatchName;
use reelq_store::{Store, WorkerView};

use crate::{
    context::CommandContext,
    machine::{CRON, RUN},
};

impl CommandContext {
    /// Whether some process lives that buys whatever comes; a run buys its own batch only.
    async fn is_worked_on(&self, store: &dyn Store) -> Result<bool, CommandError> {
        Ok(alive(store).await?.iter().any(is_worker))
    }

    /// Whether some process lives that fires schedules.
    pub async fn is_watched(&self, store: &dyn Store) -> Result<bool, CommandError> {
        Ok(alive(store).await?.iter().any(|worker| is(worker, CRON)))
    }

    /// Says what it takes for new batches to be bought, unless it is there already.
    pub async fn say_who_buys(&self, store: &dyn Store, out: Out) -> Result<(), CommandError> {
        if !self.is_worked_on(store).await? {
            out.note(&format!("no worker is at work; to buy it: reelq worker{}", self.flags()));
        }
        Ok(())
    }

    /// Says how to let a change take effect that may buy what is queued.
    pub async fn say_work_on(&self, store: &dyn Store, name: &BatchName, out: Out) -> Result<(), CommandError> {
        self.say_next(store, &format!("to go on: {}", self.continue_command(name)), out).await
    }

    /// Says how to let a change take effect that buys nothing.
    pub async fn say_follow(&self, store: &dyn Store, name: &BatchName, out: Out) -> Result<(), CommandError> {
        self.say_next(store, &format!("to go on, free of charge: {}", self.follow_command(name)), out).await
    }

    /// Names the next step, unless a worker takes it by itself. A run does so for its own batch only.
    async fn say_next(&self, store: &dyn Store, step: &str, out: Out) -> Result<(), CommandError> {
        let alive = alive(store).await?;
        if alive.iter().any(is_worker) {
            out.note("a worker is at work and takes it up by itself");
            return Ok(());
        }
        if alive.iter().any(|worker| is(worker, RUN)) {
            out.note("a run is at work, which takes it up by itself if it is of this batch; otherwise:");
        }
        out.note(step);
        Ok(())
    }
}

/// The processes that were heard of a moment ago.
async fn alive(store: &dyn Store) -> Result<Vec<WorkerView>, CommandError> {
    const ALIVE: Duration = Duration::from_secs(20);
    let (mut workers, now) = (store.workers().await?, store.now().await?);
    workers.retain(|worker| now.since(worker.seen_at) < ALIVE);
    Ok(workers)
}

fn is_worker(worker: &WorkerView) -> bool {
    !is(worker, CRON) && !is(worker, RUN)
}

/// Whether it is a process of this kind.
fn is(worker: &WorkerView, kind: &str) -> bool {
    worker.id.as_str().split_once('-').is_some_and(|(found, _)| found == kind)
}
